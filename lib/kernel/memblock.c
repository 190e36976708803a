// SPDX-License-Identifier: LGPL-2.1-or-later
/* Memory blocks: which ones are a device's, how one stands, the order to go through them. */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "libdaxhp-private.h"

#define MEMORY_DIR "/sys/devices/system/memory"

/* 4 PiB in the smallest blocks there are, 128 MiB, are 2^25: more than a machine can address. */
#define MEMBLOCK_COUNT_MAX (UINT64_C(1) << 25)
/* What struct memblock has room for. */
#define MEMBLOCK_ID_MAX (UINT64_C(1) << 56)
/* From how many blocks on those that are there are listed: 2 TiB in blocks of 128 MiB. */
#define LIST_MIN 16384

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

/* The blocks [first, past) lie wholly inside a range; none where past is not behind first. */
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

/* *ret_total: the blocks of all of them, each counted by itself. */
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
	/* Where two overlap, the second goes on where the first has ended. */
	for (size_t i = 0; i < n_ranges; i++)
		for (id = spans[i].first > id ? spans[i].first : id; id < spans[i].past; id++)
			blocks[n++] = (struct memblock){ .id = id, .zone = DAXHP_ZONE_UNKNOWN };
	*ret_count = n;
	*ret_blocks = blocks;
	return 0;
}

/* ---- which of them are there ---- */

bool memblock_is_to_be_listed(size_t n_blocks)
{
	return n_blocks >= LIST_MIN;
}

static int compare_id(const void *key, const void *member)
{
	uint64_t id = *(const uint64_t *)key;
	const struct memblock *block = member;

	return (id > block->id) - (id < block->id);
}

struct memblock *memblock_find(const struct memblock *blocks, size_t n_blocks, const char *name)
{
	const char *digits = name + strlen("memory");
	uint64_t id;
	char *end;

	/* Only as the kernel writes it: no sign, no zero before it, nothing behind. */
	if (strncmp(name, "memory", strlen("memory")) != 0 || !isdigit((unsigned char)*digits) ||
	    (digits[0] == '0' && digits[1]))
		return NULL;
	errno = 0;
	id = strtoull(digits, &end, 10);
	if (*end || errno)
		return NULL;
	return bsearch(&id, blocks, n_blocks, sizeof(*blocks), compare_id);
}

int memblock_list(struct memblock *blocks, size_t n_blocks,
		  int (*fn)(struct memblock *block, void *data), void *data)
{
	_cleanup_closedir_ DIR *dir = NULL;
	struct dirent *de;
	int r = sysfs_list_dir(MEMORY_DIR, &dir);

	if (r < 0)
		return r;
	while ((r = sysfs_next_entry(dir, &de)) > 0) {
		struct memblock *block = memblock_find(blocks, n_blocks, de->d_name);

		r = block ? fn(block, data) : 0;
		if (r != 0)
			return r;
	}
	return r;
}

/* ---- how one stands ---- */

static int parse_state(const char *word, struct memblock *block)
{
	if (strcmp(word, "online") == 0)
		block->state = MEMBLOCK_ONLINE;
	else if (strcmp(word, "offline") == 0)
		block->state = MEMBLOCK_OFFLINE;
	else if (strcmp(word, "going-offline") == 0)
		block->state = MEMBLOCK_GOING_OFFLINE;
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
	return r < 0 ? r : parse_state(word, block);
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
