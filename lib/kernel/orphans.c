// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Memory that kmem has added and that belongs to no dax device any more: its device went away while the
 * memory was online. /proc/iomem still has it, below the name of the device.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

#define ORPHANS_MAX 4096

static bool is_in(const struct daxhp_device *device, const struct daxhp_range *range)
{
	for (size_t i = 0; i < device->n_ranges; i++)
		if (range->start >= device->ranges[i].start && range->end <= device->ranges[i].end)
			return true;
	return false;
}

static bool has_owner(const struct daxhp_ctx *ctx, const struct daxhp_range *range,
		      const char *owner)
{
	struct daxhp_device *device;

	for (device = ctx->devices; device; device = device->next)
		/* Of one whose ranges cannot be read, only the name is known. */
		if (is_in(device, range) ||
		    (device->ranges_error < 0 && strcmp(device->name, owner) == 0))
			return true;
	return false;
}

/* A device that has come since the devices were listed. */
static bool is_new(const struct daxhp_ctx *ctx, const char *owner)
{
	struct daxhp_device *device;

	for (device = ctx->devices; device; device = device->next)
		if (strcmp(device->name, owner) == 0)
			return false;
	return daxhp_device_name_is_valid(owner) && !device_is_gone(owner);
}

/* The node that the block's directory has a link to. */
static int read_node(uint64_t block)
{
	_cleanup_closedir_ DIR *dir = NULL;
	struct dirent *de;
	char path[96];
	int node;

	snprintf(path, sizeof(path), "/sys/devices/system/memory/memory%llu",
		 (unsigned long long)block);
	if (sysfs_list_dir(path, &dir) < 0)
		return -1;
	while (sysfs_next_entry(dir, &de) > 0)
		if (sscanf(de->d_name, "node%d", &node) == 1)
			return node;
	return -1;
}

static int look_at_blocks(const struct daxhp_range *range, struct daxhp_orphan *orphan)
{
	_cleanup_close_ int dirfd = memblock_open_dir();
	_cleanup_free_ struct memblock *blocks = NULL;
	char file[WORD_MAX];
	size_t n = 0;
	int r = dirfd < 0 ? dirfd : memblock_read_size(dirfd, &orphan->block_size);

	if (r == 0)
		r = memblock_from_ranges(range, 1, orphan->block_size, &blocks, &n);
	orphan->node = -1;
	for (size_t i = 0; r == 0 && i < n; i++) {
		r = memblock_read(dirfd, &blocks[i], file);
		if (r == -ENOTSUP)
			r = 0;
		if (r < 0 || blocks[i].state == MEMBLOCK_MISSING)
			continue;
		if (orphan->node < 0)
			orphan->node = read_node(blocks[i].id);
		orphan->n_blocks++;
		orphan->n_online += blocks[i].state != MEMBLOCK_OFFLINE;
		orphan->n_movable += blocks[i].zone == DAXHP_ZONE_MOVABLE;
	}
	return r;
}

static int add_orphan(struct daxhp_orphans *orphans, const struct daxhp_range *range)
{
	struct daxhp_orphan *grown;

	if (orphans->count == ORPHANS_MAX)
		return -EOVERFLOW;
	grown = reallocarray(orphans->list, orphans->count + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	orphans->list = grown;
	grown += orphans->count++;
	*grown = (struct daxhp_orphan){ .start = range->start,
					.size = range->end - range->start + 1 };
	return look_at_blocks(range, grown);
}

/* "  240000000-2bfffffff : System RAM (kmem)", below "240000000-2bfffffff : dax0.0". */
static int take_lines(const struct daxhp_ctx *ctx, FILE *f, struct daxhp_orphans *orphans)
{
	char line[256], owner[64] = "";
	int r = 0;

	while (r == 0 && fgets(line, sizeof(line), f)) {
		char *name = strstr(line, " : ");
		struct daxhp_range range;

		if (!name)
			continue;
		name += strlen(" : ");
		name[strcspn(name, "\n")] = '\0';
		if (strlen(name) < sizeof(owner) && daxhp_device_name_is_valid(name))
			strcpy(owner, name);
		if (strcmp(name, "System RAM (kmem)") != 0)
			continue;
		if (sscanf(line, " %" SCNx64 "-%" SCNx64, &range.start, &range.end) != 2)
			return -EBADMSG;
		/* Who may not see addresses sees zeros. */
		if (range.end == 0)
			return -EACCES;
		if (!has_owner(ctx, &range, owner) && !is_new(ctx, owner))
			r = add_orphan(orphans, &range);
	}
	return r == 0 && ferror(f) ? -EIO : r;
}

int orphans_find(const struct daxhp_ctx *ctx, struct daxhp_orphans *orphans)
{
	FILE *f = proc_open_file(AT_FDCWD, "/proc/iomem");
	char buf[4096];
	int r;

	if (!f)
		return -errno;
	/* As much as the kernel gives at once. Without this, stdio reads a quarter of it. */
	setvbuf(f, buf, _IOFBF, sizeof(buf));
	r = take_lines(ctx, f, orphans);
	fclose(f);
	return r;
}
