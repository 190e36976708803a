// SPDX-License-Identifier: LGPL-2.1-or-later
/* Sizes with units, in daxctl's format. */
#include <stdarg.h>

#include "unit.h"
#include "daxhp.h"

/* The tool's reports need these functions to link. The tests of sizes do not call them. */
void complain(const char *format, ...)
{
	fail_msg("complains: %s", format);
}

enum exit_status refuse(enum refusal_kind kind, const char *device, const char *format, ...)
{
	(void)kind;
	(void)device;
	fail_msg("refuses: %s", format);
	return EXIT_FAILED;
}

bool outcome_is_good(const struct outcome *outcome)
{
	(void)outcome;
	return true;
}

static void check_size(uint64_t bytes, const char *expected)
{
	char text[64];

	format_size(bytes, text, sizeof(text));
	assert_string_equal(text, expected);
}

static void test_sizes(void **state)
{
	const uint64_t kib = 1024, mib = 1024 * kib, gib = 1024 * mib, tib = 1024 * gib;

	(void)state;
	/* A size has a unit, also a small one. */
	check_size(0, "0 B");
	check_size(1, "1 B");
	check_size(2 * kib - 1, "2047 B");
	check_size(4096, "4.00 KiB (4.10 kB)");
	check_size(2 * mib - 1, "2048.00 KiB (2097.15 kB)");
	check_size(2 * mib, "2.00 MiB (2.10 MB)");
	check_size(5000 * kib, "4.88 MiB (5.12 MB)");
	check_size(128 * mib, "128.00 MiB (134.22 MB)");
	/* Below two of the next unit, the size has the smaller unit. */
	check_size(gib, "1024.00 MiB (1073.74 MB)");
	check_size(2 * gib - mib, "2047.00 MiB (2146.44 MB)");
	check_size(2 * gib, "2.00 GiB (2.15 GB)");
	check_size(2 * tib - gib, "2047.00 GiB (2197.95 GB)");
	check_size(2 * tib, "2.00 TiB (2.20 TB)");
	check_size(UINT64_MAX, "16777216.00 TiB (18446744.07 TB)");
}

static void test_short_buffer(void **state)
{
	char text[8] = "xxxxxxx";

	(void)state;
	format_size(UINT64_MAX, text, 4);
	assert_string_equal(text, "167");
	assert_string_equal(text + 4, "xxx");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_short_buffer),
	};

	return cmocka_run_group_tests_name("format", tests, NULL, NULL);
}
