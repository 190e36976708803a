// SPDX-License-Identifier: LGPL-2.1-or-later
/* Memory blocks: which ones are a device's, how one stands, the order to go through them. */
#include <errno.h>
#include <string.h>

#include "libdaxhp-private.h"

#define MEMORY_DIR "/sys/devices/system/memory"

/* 4 PiB in the smallest blocks there are, 128 MiB, are 2^25: more than a machine can address. */
#define MEMBLOCK_COUNT_MAX (UINT64_C(1) << 25)

/* By hand: this is done twice a block, and printf() would be a tenth of what a look costs. */
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

int memblock_open_dir(void)
{
	return sysfs_open_dir(MEMORY_DIR);
}

/* The kernel writes it in hex, without 0x. */
int memblock_read_size(int dirfd, uint64_t *ret_bytes)
{
	uint64_t bytes;
	int r = sysfs_read_u64(dirfd, "block_size_bytes", 16, &bytes);

	if (r < 0)
		return r;
	if (bytes == 0 || (bytes & (bytes - 1)))
		return -EBADMSG;
	*ret_bytes = bytes;
	return 0;
}

/* Blocks [*ret_first, *ret_first + *ret_count) lie wholly inside the range. */
static int range_to_blocks(const struct daxhp_range *range, uint64_t block_size,
			   uint64_t *ret_first, uint64_t *ret_count)
{
	uint64_t first, past;

	if (range->end < range->start)
		return -EOVERFLOW;
	/* Neither start + size - 1 nor end + 1 is safe at the top of the address space. */
	first = range->start / block_size + (range->start % block_size != 0);
	past = range->end / block_size + (range->end % block_size == block_size - 1);
	*ret_first = first;
	*ret_count = past > first ? past - first : 0;
	return 0;
}

static int compare_ids(const void *a, const void *b)
{
	const struct memblock *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

static size_t sort_and_unite(struct memblock *blocks, size_t count)
{
	size_t kept = 0;

	qsort(blocks, count, sizeof(*blocks), compare_ids);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || blocks[i].id != blocks[kept - 1].id)
			blocks[kept++] = blocks[i];
	return kept;
}

static int count_blocks(const struct daxhp_range *ranges, size_t n_ranges, uint64_t block_size,
			uint64_t *ret_count)
{
	uint64_t total = 0, first = 0, count = 0;

	for (size_t i = 0; i < n_ranges; i++) {
		int r = range_to_blocks(&ranges[i], block_size, &first, &count);

		if (r < 0)
			return r;
		if (count > MEMBLOCK_COUNT_MAX - total)
			return -EOVERFLOW;
		total += count;
	}
	*ret_count = total;
	return 0;
}

int memblock_from_ranges(const struct daxhp_range *ranges, size_t n_ranges, uint64_t block_size,
			 struct memblock **ret_blocks, size_t *ret_count)
{
	struct memblock *blocks;
	uint64_t total, first = 0, count = 0;
	size_t n = 0;
	int r = count_blocks(ranges, n_ranges, block_size, &total);

	if (r < 0)
		return r;
	blocks = calloc(total ? total : 1, sizeof(*blocks));
	if (!blocks)
		return -ENOMEM;
	for (size_t i = 0; i < n_ranges; i++) {
		range_to_blocks(&ranges[i], block_size, &first, &count);
		for (uint64_t id = first; id < first + count; id++)
			blocks[n++] = (struct memblock){ .id = id, .zone = DAXHP_ZONE_UNKNOWN };
	}
	*ret_count = sort_and_unite(blocks, n);
	*ret_blocks = blocks;
	return 0;
}

static int parse_state(const char *word, enum memblock_state *ret_state)
{
	if (strcmp(word, "online") == 0)
		*ret_state = MEMBLOCK_ONLINE;
	else if (strcmp(word, "offline") == 0)
		*ret_state = MEMBLOCK_OFFLINE;
	else if (strcmp(word, "going-offline") == 0)
		*ret_state = MEMBLOCK_GOING_OFFLINE;
	else
		return -EBADMSG;
	return 0;
}

int memblock_read_state(int dirfd, int fd, struct memblock *block, char *ret_file)
{
	char word[WORD_MAX];
	int r;

	memblock_file(ret_file, block->id, "state");
	r = fd >= 0 ? sysfs_read_word_fd(fd, word, sizeof(word)) : -ENODEV;
	/* That file's block is gone; there may be another of the same name by now. */
	if (r == -ENODEV)
		r = sysfs_read_word(dirfd, ret_file, word, sizeof(word));
	/* ENODEV: the directory is there, the block behind it is not any more. */
	if (r == -ENOENT || r == -ENODEV) {
		block->state = MEMBLOCK_MISSING;
		return 0;
	}
	return r < 0 ? r : parse_state(word, &block->state);
}

int memblock_read(int dirfd, struct memblock *block, char *ret_file)
{
	char word[WORD_MAX];
	int r;

	block->zone = DAXHP_ZONE_UNKNOWN;
	r = memblock_read_state(dirfd, -1, block, ret_file);
	if (r < 0 || block->state != MEMBLOCK_ONLINE)
		return r;
	memblock_file(ret_file, block->id, "valid_zones");
	r = sysfs_read_word(dirfd, ret_file, word, sizeof(word));
	if (r == -ENOENT || r == -ENODEV) {
		/* Either the block went between the two reads, or no block has such a file. */
		r = memblock_read_state(dirfd, -1, block, ret_file);
		if (r < 0)
			return r;
		return block->state == MEMBLOCK_MISSING ? 0 : -ENOTSUP;
	}
	if (r < 0)
		return r;
	/* An online block has one zone. More than one word: it went offline between the reads. */
	block->zone = zone_from_name(word);
	if (strchr(word, ' '))
		return memblock_read_state(dirfd, -1, block, ret_file);
	return 0;
}

/* The kernel says EINVAL when the block is there already: a rival was faster, and that is fine. */
static bool is_already(int dirfd, uint64_t id, enum daxhp_state word)
{
	struct memblock block = { .id = id };
	char file[WORD_MAX];

	if (memblock_read(dirfd, &block, file) < 0)
		return false;
	if (word == DAXHP_OFFLINE)
		return block.state == MEMBLOCK_OFFLINE;
	return block.state == MEMBLOCK_ONLINE && zone_fits(block.zone, word);
}

int memblock_write(int dirfd, int fd, uint64_t id, enum daxhp_state word)
{
	char file[WORD_MAX];
	int r;

	memblock_file(file, id, "state");
	r = fd >= 0 ? sysfs_write_word_fd(fd, daxhp_state_name(word)) : -ENODEV;
	if (r == -ENODEV)
		r = sysfs_write_word(dirfd, file, daxhp_state_name(word));
	if (r == -EINVAL && is_already(dirfd, id, word))
		return 0;
	return r;
}

/*
 * After each block the kernel asks whether the zone is contiguous, and walks it from its start to
 * the first hole. Keeping that hole right behind the first block makes the walk short; without it
 * the cost of a device is the square of its size.
 */
size_t memblock_order(size_t count, enum daxhp_state word, size_t i)
{
	if (word == DAXHP_OFFLINE)
		return i + 1 < count ? i + 1 : 0;
	return i == 0 ? 0 : count - i;
}
