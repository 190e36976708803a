// SPDX-License-Identifier: LGPL-2.1-or-later
/* Memory blocks: which of them are there, and the state of each. */
#include <errno.h>
#include <string.h>

#include "internal.h"

#define MEMORY_DIR "/sys/devices/system/memory"

/* From this number of blocks on, list the blocks that are there: 2 TiB in blocks of 128 MiB. */
#define LIST_MIN 16384

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

/* ---- which of them are there ---- */

bool memblock_is_to_be_listed(size_t n_blocks)
{
	return n_blocks >= LIST_MIN;
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

int memblock_each(struct memblock *blocks, size_t n_blocks,
		  int (*fn)(struct memblock *block, void *data), void *data)
{
	int r = 0;

	if (memblock_is_to_be_listed(n_blocks))
		return memblock_list(blocks, n_blocks, fn, data);
	for (size_t i = 0; r == 0 && i < n_blocks; i++)
		r = fn(&blocks[i], data);
	return r;
}

/* ---- the state of one ---- */

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
	/* The block of this open file is gone. There may be a new block of the same name. */
	if (r == -ENODEV)
		r = sysfs_read_word(dirfd, ret_file, word, sizeof(word));
	/* ENODEV: the directory is still there, but the block is gone. */
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
		/* Either the block has gone between the two reads, or no block has such a file. */
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
