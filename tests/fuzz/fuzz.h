/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Each fuzz-*.c takes bytes from libFuzzer, and aborts when a rule is broken. In a normal test run,
 * runner.c calls them.
 */
#ifndef DAXHP_TESTS_FUZZ_H
#define DAXHP_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input as text, up to its first NUL; the caller frees it. */
static inline char *text_of(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);

	if (!text)
		abort();
	return text;
}

#define must(condition)                                                                         \
	do {                                                                                    \
		if (!(condition)) {                                                             \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
			abort();                                                                \
		}                                                                               \
	} while (0)

#endif
