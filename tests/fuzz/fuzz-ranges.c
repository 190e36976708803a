// SPDX-License-Identifier: LGPL-2.1-or-later
/* Compares the blocks of a device's ranges with sums that cannot overflow. */
#include <errno.h>

#include "fuzz.h"
#include "kernel/internal.h"
#include "libdaxhp-private.h"

#define RANGES_MAX 8

__extension__ typedef unsigned __int128 wide;

/* A loop over so many blocks is fast, and so many are enough to compare. */
#define BLOCKS_MAX 4096

static bool is_inside(const struct daxhp_range *ranges, size_t n, uint64_t id, uint64_t block_size)
{
	wide start = (wide)id * block_size, last = start + block_size - 1;

	for (size_t i = 0; i < n; i++)
		if (start >= ranges[i].start && last <= ranges[i].end)
			return true;
	return false;
}

/* The number of blocks in the ranges. It counts each range separately. */
static wide count_blocks(const struct daxhp_range *ranges, size_t n, uint64_t block_size)
{
	wide total = 0;

	for (size_t i = 0; i < n; i++) {
		wide first = ((wide)ranges[i].start + block_size - 1) / block_size;
		wide past = ((wide)ranges[i].end + 1) / block_size;

		if (past > first)
			total += past - first;
	}
	return total;
}

static bool is_backwards(const struct daxhp_range *ranges, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (ranges[i].end < ranges[i].start)
			return true;
	return false;
}

static void check_blocks(const struct daxhp_range *ranges, size_t n, uint64_t block_size)
{
	struct memblock *blocks = NULL;
	size_t count = 4711, distinct = 0;
	wide total = count_blocks(ranges, n, block_size);
	int r;

	/* A list of millions of blocks takes long, and finds no other mistakes. */
	if (!is_backwards(ranges, n) && total > BLOCKS_MAX && total <= UINT64_C(1) << 25)
		return;
	r = memblock_from_ranges(ranges, n, block_size, &blocks, &count);
	if (is_backwards(ranges, n) || total > UINT64_C(1) << 25) {
		must(r == -EOVERFLOW && !blocks && count == 4711);
		return;
	}
	must(r == 0 && blocks && count <= total);
	for (size_t i = 0; i < count; i++) {
		must(i == 0 || blocks[i].id > blocks[i - 1].id);
		must(is_inside(ranges, n, blocks[i].id, block_size));
	}
	/* No range is left out: the first block of each range is in the list. */
	for (size_t i = 0; i < n; i++) {
		wide first = ((wide)ranges[i].start + block_size - 1) / block_size;

		for (size_t k = 0; k < count && first <= UINT64_MAX; k++)
			distinct += blocks[k].id == (uint64_t)first;
		if (first <= UINT64_MAX && is_inside(ranges, n, first, block_size))
			must(distinct > 0);
		distinct = 0;
	}
	if (n == 1)
		must(count == total);
	free(blocks);
}

/* The first byte is the size of a block. Then come two numbers for each range. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct daxhp_range ranges[RANGES_MAX] = { 0 };
	uint64_t block_size;
	size_t n = 0;

	if (size == 0)
		return 0;
	block_size = UINT64_C(1) << (12 + *data % 36);
	for (data++, size--; size >= 16 && n < RANGES_MAX; data += 16, size -= 16, n++) {
		memcpy(&ranges[n].start, data, 8);
		memcpy(&ranges[n].end, data + 8, 8);
	}
	check_blocks(ranges, n, block_size);
	return 0;
}
