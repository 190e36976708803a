// SPDX-License-Identifier: LGPL-2.1-or-later
/* Where the memory map is, and how much memory it takes to add memory. */
#include <errno.h>

#include "model.h"
#include "unit.h"

#define KIB UINT64_C(1024)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

static void test_on_memory(void **state)
{
	static const struct {
		bool wanted;
		const char *allowed;
		uint64_t block_size, page_size;
		bool expected;
	} table[] = {
		{ true, "Y", 128 * MIB, 4 * KIB, true },
		{ true, "Y", 2 * GIB, 4 * KIB, true },
		{ true, "force", 128 * MIB, 4 * KIB, true },
		/* dax_cxl asks for it, but the machine does not allow it. */
		{ true, "N", 128 * MIB, 4 * KIB, false },
		{ true, "", 128 * MIB, 4 * KIB, false },
		{ false, "Y", 128 * MIB, 4 * KIB, false },
		{ false, "force", 128 * MIB, 4 * KIB, false },
		/* A block's map is 1 MiB, which is half of what one entry of a page table maps. */
		{ true, "Y", 64 * MIB, 4 * KIB, false },
		{ true, "force", 64 * MIB, 4 * KIB, false },
		{ true, "Y", 192 * MIB, 4 * KIB, false },
		/* With pages of 64 KiB, one entry maps 512 MiB. */
		{ true, "Y", 2 * GIB, 64 * KIB, false },
		/* The block size is not known. */
		{ true, "Y", 0, 4 * KIB, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (memmap_is_on_memory(table[i].wanted, table[i].allowed, table[i].block_size,
					table[i].page_size) != table[i].expected)
			fail_msg("row %zu", i);
}

static void test_room_needed(void **state)
{
	struct daxhp_observation *obs = make_observation("...");

	(void)state;
	obs->memmap_on_memory = 0;
	assert_int_equal(memmap_room_needed(obs, 4 * KIB), 6 * MIB + 24 * KIB);
	obs->memmap_on_memory = -ENOENT;
	assert_int_equal(memmap_room_needed(obs, 4 * KIB), 6 * MIB + 24 * KIB);
	obs->memmap_on_memory = 1;
	assert_int_equal(memmap_room_needed(obs, 4 * KIB), 24 * KIB);
	daxhp_observation_unref(obs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_on_memory),
		cmocka_unit_test(test_room_needed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
