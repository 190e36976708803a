/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The test answers system calls in place of the kernel. A seccomp filter stops the calls of the
 * test's thread and of its children, and another thread of the test answers each call: see
 * seccomp_unotify(2).
 */
#ifndef DAXHP_TESTS_SYSCALLS_H
#define DAXHP_TESTS_SYSCALLS_H

#include <stdint.h>
#include <sys/syscall.h>

#include "unit.h"

struct call {
	pid_t pid; /* of the thread that called */
	int number;
	uint64_t args[6];
	bool is_own; /* of this process, and not of a child's */
};

/* The answer to let the kernel carry the call out. */
#define CALL_PASS INT64_MIN

/*
 * From now on @answer is called for each of those system calls. It returns CALL_PASS, or the call's
 * return value, or a negative errno. It runs in a thread of its own, whose calls are not stopped.
 * Call this once. False if there can be no such filter, as with valgrind.
 */
bool syscalls_answer(const int *numbers, size_t count, int64_t (*answer)(const struct call *call));
/*
 * Run the tests in a thread, which calls syscalls_answer(). The first thread stays without the filter: at
 * the end of the process, the leak sanitizer stops the thread that answers, and goes on calling.
 */
int syscalls_run(int (*tests)(void));
/* A copy of the caller's descriptor in this process; close it. AT_FDCWD stays as it is. */
int call_copy_fd(const struct call *call, size_t arg);
/* Read and write the caller's memory at the address in the argument. */
void call_read(const struct call *call, size_t arg, void *ret_data, size_t size);
void call_write(const struct call *call, size_t arg, const void *data, size_t size);
/* The string that the argument points to; static, valid until the next call. */
const char *call_string(const struct call *call, size_t arg);

/* Skips a test if the calls cannot be answered. */
extern bool can_answer;
#define NEEDS_ANSWERS()          \
	do {                     \
		if (!can_answer) \
			skip();  \
	} while (0)

#endif
