// SPDX-License-Identifier: LGPL-2.1-or-later
/* The memory blocks of a device, and the order to go through them. */
#include <inttypes.h>

#include "unit.h"

#define MIB (UINT64_C(1) << 20)
#define SIZE (128 * MIB)
#define TOP UINT64_MAX

/* The result, as "3,4,5"; or the error. */
static const char *blocks_of(const struct daxhp_range *ranges, size_t n, uint64_t size)
{
	static char text[256];
	_cleanup_free_ struct memblock *blocks = NULL;
	size_t count, used = 0;
	int r = memblock_from_ranges(ranges, n, size, &blocks, &count);

	text[0] = '\0';
	if (r < 0) {
		snprintf(text, sizeof(text), "%s", strerrorname_np(-r));
		return text;
	}
	for (size_t i = 0; i < count && used < sizeof(text); i++) {
		assert_int_equal(blocks[i].state, MEMBLOCK_MISSING);
		assert_int_equal(blocks[i].zone, DAXHP_ZONE_UNKNOWN);
		used += snprintf(text + used, sizeof(text) - used, "%s%" PRIu64, i ? "," : "",
				 (uint64_t)blocks[i].id);
	}
	return text;
}

static const struct {
	uint64_t start, end;
	const char *blocks;
} one_range[] = {
	{ 0, SIZE - 1, "0" },
	{ SIZE, 2 * SIZE - 1, "1" },
	{ 3 * SIZE, 6 * SIZE - 1, "3,4,5" },
	/* Rounds inwards at both ends, by one byte, by nearly a block. */
	{ 3 * SIZE + 1, 6 * SIZE - 1, "4,5" },
	{ 3 * SIZE, 6 * SIZE - 2, "3,4" },
	{ 3 * SIZE + 1, 6 * SIZE - 2, "4" },
	{ 4 * SIZE - 1, 6 * SIZE - 1, "4,5" },
	{ 3 * SIZE, 6 * SIZE, "3,4,5" },
	{ 3 * SIZE, 7 * SIZE - 2, "3,4,5" },
	/* Smaller than a block, or across the edge between two blocks. */
	{ SIZE, 2 * SIZE - 2, "" },
	{ SIZE + 1, 2 * SIZE - 1, "" },
	{ SIZE + MIB, SIZE + 2 * MIB - 1, "" },
	{ SIZE + 1, 3 * SIZE - 2, "" },
	{ 5, 5, "" },
	{ 0, 0, "" },
	/* A namespace that begins 2 MiB after a block's start. This is usual. */
	{ 0x100200000, 0x17fffffff, "33,34,35,36,37,38,39,40,41,42,43,44,45,46,47" },
	/* At the highest addresses nothing may wrap around. */
	{ TOP - SIZE + 1, TOP, "137438953471" },
	{ TOP - SIZE, TOP, "137438953471" },
	{ TOP - 2 * SIZE + 1, TOP, "137438953470,137438953471" },
	{ TOP - 2 * SIZE + 1, TOP - 1, "137438953470" },
	{ TOP - SIZE + 2, TOP, "" },
	{ TOP, TOP, "" },
	{ TOP - 1, TOP, "" },
	/* Nonsense. */
	{ 1, 0, "EOVERFLOW" },
	{ SIZE, SIZE - 1, "EOVERFLOW" },
	{ TOP, 0, "EOVERFLOW" },
	/* More than there can be. */
	{ 0, TOP, "EOVERFLOW" },
	{ SIZE, TOP, "EOVERFLOW" },
};

static void test_one_range(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(one_range); i++) {
		const struct daxhp_range range = { 0, one_range[i].start, one_range[i].end };

		assert_msg(strcmp(blocks_of(&range, 1, SIZE), one_range[i].blocks) == 0,
			   "%#" PRIx64 "-%#" PRIx64 ": %s", range.start, range.end,
			   blocks_of(&range, 1, SIZE));
	}
}

static void test_block_sizes(void **state)
{
	const struct daxhp_range range = { 0, UINT64_C(4) << 30, (UINT64_C(10) << 30) - 1 };

	(void)state;
	assert_string_equal(blocks_of(&range, 1, 2048 * MIB), "2,3,4");
	assert_string_equal(blocks_of(&range, 1, 1024 * MIB), "4,5,6,7,8,9");
	assert_string_equal(blocks_of(&range, 1, 4096 * MIB), "1");
	assert_string_equal(blocks_of(&range, 1, UINT64_C(1) << 63), "");
}

static void test_many_ranges(void **state)
{
	/* In reverse order, as in a device that was split and resized. */
	const struct daxhp_range reverse[] = {
		{ 0, 8 * SIZE, 10 * SIZE - 1 },
		{ 512, 2 * SIZE, 4 * SIZE - 1 },
	};
	/* The block on the edge belongs to neither range: kmem rounds each range separately. */
	const struct daxhp_range split[] = {
		{ 0, 2 * SIZE, 3 * SIZE + MIB - 1 },
		{ 512, 3 * SIZE + MIB, 5 * SIZE - 1 },
	};
	/* No kernel has such ranges. But each block must be in the list only once. */
	const struct daxhp_range overlapping[] = {
		{ 0, 2 * SIZE, 5 * SIZE - 1 },
		{ 0, 4 * SIZE, 6 * SIZE - 1 },
		{ 0, 2 * SIZE, 5 * SIZE - 1 },
	};
	const struct daxhp_range with_small[] = {
		{ 0, 2 * SIZE, 2 * SIZE + MIB - 1 },
		{ 0, 7 * SIZE, 8 * SIZE - 1 },
		{ 0, 9 * SIZE + 1, 9 * SIZE + 1 },
	};
	const struct daxhp_range with_bad[] = {
		{ 0, 2 * SIZE, 5 * SIZE - 1 },
		{ 0, 5, 4 },
	};

	(void)state;
	assert_string_equal(blocks_of(reverse, 2, SIZE), "2,3,8,9");
	assert_string_equal(blocks_of(split, 2, SIZE), "2,4");
	assert_string_equal(blocks_of(overlapping, 3, SIZE), "2,3,4,5");
	assert_string_equal(blocks_of(with_small, 3, SIZE), "7");
	assert_string_equal(blocks_of(with_bad, 2, SIZE), "EOVERFLOW");
	assert_string_equal(blocks_of(NULL, 0, SIZE), "");
}

static void test_untouched_on_failure(void **state)
{
	const struct daxhp_range bad = { 0, 1, 0 };
	struct memblock *blocks = (struct memblock *)&bad;
	size_t count = 77;

	(void)state;
	assert_int_equal(memblock_from_ranges(&bad, 1, SIZE, &blocks, &count), -EOVERFLOW);
	assert_ptr_equal(blocks, &bad);
	assert_int_equal(count, 77);
}

/* 2^25 blocks at most, in all ranges together. A sum that wraps around at 2^64 must not pass. */
static void test_count_limit(void **state)
{
	const uint64_t too_many = (UINT64_C(1) << 25) + 1;
	const struct daxhp_range one = { 0, 0, too_many * SIZE - 1 };
	const struct daxhp_range half[] = {
		{ 0, 0, (too_many / 2 + 1) * SIZE - 1 },
		{ 0, 0, (too_many / 2 + 1) * SIZE - 1 },
	};
	struct daxhp_range all[64];

	(void)state;
	assert_string_equal(blocks_of(&one, 1, SIZE), "EOVERFLOW");
	assert_string_equal(blocks_of(half, 2, SIZE), "EOVERFLOW");
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		all[i] = (struct daxhp_range){ 0, 0, TOP };
	assert_string_equal(blocks_of(all, ARRAY_SIZE(all), 4096), "EOVERFLOW");
}

/* ---- the order ---- */

static void check_order(size_t count, enum daxhp_state word)
{
	bool *seen = calloc(count, sizeof(*seen));

	assert_non_null(seen);
	for (size_t i = 0; i < count; i++) {
		size_t k = memblock_order(count, word, i);

		assert_true(k < count);
		assert_false(seen[k]);
		seen[k] = true;
		/* The first block, before the hole, comes online first and goes offline last. */
		assert_int_equal(k == 0, word == DAXHP_OFFLINE ? i == count - 1 : i == 0);
		/* Next to it is the hole, until only one more block is left. */
		if (k == 1)
			assert_int_equal(i, word == DAXHP_OFFLINE ? 0 : count - 1);
	}
	free(seen);
}

static void test_order_is_permutation(void **state)
{
	static const enum daxhp_state words[] = { DAXHP_OFFLINE, DAXHP_ONLINE, DAXHP_ONLINE_KERNEL,
						  DAXHP_ONLINE_MOVABLE };

	(void)state;
	for (size_t count = 1; count < 300; count++)
		for (size_t w = 0; w < ARRAY_SIZE(words); w++)
			check_order(count, words[w]);
	check_order(131072, DAXHP_ONLINE_MOVABLE);
	check_order(131072, DAXHP_OFFLINE);
}

static void test_orders_are_reverse(void **state)
{
	(void)state;
	for (size_t count = 1; count < 300; count++)
		for (size_t i = 0; i < count; i++)
			assert_int_equal(memblock_order(count, DAXHP_ONLINE, i),
					 memblock_order(count, DAXHP_OFFLINE, count - 1 - i));
}

/*
 * The reason for the order. After each block the kernel walks the zone from its first present block
 * to the first hole. All walks together must cost only a few steps per block.
 */
static size_t cost_of_walks(size_t count, enum daxhp_state word, bool in_order)
{
	bool *online = calloc(count, sizeof(*online));
	size_t cost = 0;

	assert_non_null(online);
	memset(online, word == DAXHP_OFFLINE, count);
	for (size_t i = 0; i < count; i++) {
		size_t first = 0;

		online[in_order ? memblock_order(count, word, i) : i] = word != DAXHP_OFFLINE;
		while (first < count && !online[first])
			first++;
		for (; first < count && online[first]; first++)
			cost++;
	}
	free(online);
	return cost;
}

static void test_order_is_cheap(void **state)
{
	const size_t n = 1000;

	(void)state;
	assert_true(cost_of_walks(n, DAXHP_ONLINE, false) > n * n / 3);
	assert_true(cost_of_walks(n, DAXHP_OFFLINE, false) > n * n / 3);
	assert_true(cost_of_walks(n, DAXHP_ONLINE, true) < 3 * n);
	assert_true(cost_of_walks(n, DAXHP_OFFLINE, true) < 3 * n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_range),
		cmocka_unit_test(test_block_sizes),
		cmocka_unit_test(test_many_ranges),
		cmocka_unit_test(test_untouched_on_failure),
		cmocka_unit_test(test_count_limit),
		cmocka_unit_test(test_order_is_permutation),
		cmocka_unit_test(test_orders_are_reverse),
		cmocka_unit_test(test_order_is_cheap),
	};

	return cmocka_run_group_tests_name("geometry", tests, NULL, NULL);
}
