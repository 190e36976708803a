// SPDX-License-Identifier: LGPL-2.1-or-later
/* Which memory blocks are a device's, their names, and the order to go through them. */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "model.h"

/* 4 PiB in the smallest blocks there are, 128 MiB, are 2^25: more than a machine can address. */
#define MEMBLOCK_COUNT_MAX (UINT64_C(1) << 25)
/* The largest number in struct memblock, plus one. */
#define MEMBLOCK_ID_MAX (UINT64_C(1) << 56)

/* By hand: this runs twice for each block, and printf() would take a tenth of a look's time. */
void memblock_file(char *ret_file, uint64_t id, const char *name)
{
	char digits[20], *first = digits + sizeof(digits);

	do {
		*--first = '0' + id % 10;
		id /= 10;
	} while (id);
	ret_file = mempcpy(ret_file, "memory", strlen("memory"));
	ret_file = mempcpy(ret_file, first, digits + sizeof(digits) - first);
	*ret_file++ = '/';
	strcpy(ret_file, name);
}

/* The blocks [first, past) that lie wholly inside a range; none unless first < past. */
struct span {
	uint64_t first, past;
};

static int span_from_range(const struct daxhp_range *range, uint64_t block_size,
			   struct span *ret_span)
{
	if (range->end < range->start)
		return -EOVERFLOW;
	/* Neither start + size - 1 nor end + 1 is safe at the top of the address space. */
	ret_span->first = range->start / block_size + (range->start % block_size != 0);
	ret_span->past = range->end / block_size + (range->end % block_size == block_size - 1);
	return ret_span->past > MEMBLOCK_ID_MAX ? -EOVERFLOW : 0;
}

static int compare_spans(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

static uint64_t count_blocks(const struct span *span)
{
	return span->past > span->first ? span->past - span->first : 0;
}

/* *ret_total: the sum of the spans' blocks. A block in two spans counts twice. */
static int ranges_to_spans(const struct daxhp_range *ranges, size_t n_ranges, uint64_t block_size,
			   struct span **ret_spans, uint64_t *ret_total)
{
	_cleanup_free_ struct span *spans = calloc(n_ranges + 1, sizeof(*spans));
	uint64_t total = 0;

	if (!spans)
		return -ENOMEM;
	for (size_t i = 0; i < n_ranges; i++) {
		int r = span_from_range(&ranges[i], block_size, &spans[i]);

		if (r < 0)
			return r;
		if (count_blocks(&spans[i]) > MEMBLOCK_COUNT_MAX - total)
			return -EOVERFLOW;
		total += count_blocks(&spans[i]);
	}
	qsort(spans, n_ranges, sizeof(*spans), compare_spans);
	*ret_spans = steal_pointer(spans);
	*ret_total = total;
	return 0;
}

int memblock_from_ranges(const struct daxhp_range *ranges, size_t n_ranges, uint64_t block_size,
			 struct memblock **ret_blocks, size_t *ret_count)
{
	_cleanup_free_ struct span *spans = NULL;
	struct memblock *blocks;
	uint64_t total, id = 0;
	size_t n = 0;
	int r = ranges_to_spans(ranges, n_ranges, block_size, &spans, &total);

	if (r < 0)
		return r;
	blocks = calloc(total + 1, sizeof(*blocks));
	if (!blocks)
		return -ENOMEM;
	/* If two spans overlap, the second begins where the first has ended. */
	for (size_t i = 0; i < n_ranges; i++)
		for (id = spans[i].first > id ? spans[i].first : id; id < spans[i].past; id++)
			blocks[n++] = (struct memblock){ .id = id, .zone = DAXHP_ZONE_UNKNOWN };
	*ret_count = n;
	*ret_blocks = blocks;
	return 0;
}

/* ---- by its id, or its name ---- */

static int compare_id(const void *key, const void *member)
{
	uint64_t id = *(const uint64_t *)key;
	const struct memblock *block = member;

	return (id > block->id) - (id < block->id);
}

struct memblock *memblock_find_id(const struct memblock *blocks, size_t n_blocks, uint64_t id)
{
	return bsearch(&id, blocks, n_blocks, sizeof(*blocks), compare_id);
}

struct memblock *memblock_find(const struct memblock *blocks, size_t n_blocks, const char *name)
{
	const char *digits = name + strlen("memory");
	uint64_t id;
	char *end;

	/* Only as the kernel writes it: no sign, no leading zero, nothing after it. */
	if (strncmp(name, "memory", strlen("memory")) != 0 || !isdigit((unsigned char)*digits) ||
	    (digits[0] == '0' && digits[1]))
		return NULL;
	/* strtoull() returns the largest number for one that is too large. No block has it. */
	id = strtoull(digits, &end, 10);
	if (*end)
		return NULL;
	return memblock_find_id(blocks, n_blocks, id);
}

/* ---- the order ---- */

/*
 * After each block the kernel checks whether the zone is contiguous: it walks the zone from its
 * start to the first hole. With a hole right behind the first block the walk is short. Without it,
 * the time for a device grows with the square of its size.
 */
size_t memblock_order(size_t count, enum daxhp_state word, size_t i)
{
	if (word == DAXHP_OFFLINE)
		return i + 1 < count ? i + 1 : 0;
	return i == 0 ? 0 : count - i;
}
