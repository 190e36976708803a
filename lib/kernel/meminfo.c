// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The use of the machine's memory, zone by zone: /proc/zoneinfo and /proc/buddyinfo, the swap in
 * /proc/meminfo, and the pools of huge pages.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

/* No kernel has more nodes. */
#define NODES_MAX 1024
/* Even with so many nodes and thousands of processors, the files have fewer lines. */
#define LINES_MAX (64 << 20)
/* 4 EiB in the smallest pages: more than a machine can address. */
#define PAGES_MAX (UINT64_C(1) << 50)

#define HUGE_DIR "/sys/kernel/mm/hugepages"
#define NODE_DIR "/sys/devices/system/node"

/* The words of /proc/zoneinfo that are used. A field that is here twice gets the sum. */
static const struct {
	const char *word;
	size_t offset;
} zone_words[] = {
	{ "free", offsetof(struct memory_zone, free) },
	{ "boost", offsetof(struct memory_zone, boost) },
	{ "min", offsetof(struct memory_zone, min) },
	{ "high", offsetof(struct memory_zone, high) },
	{ "managed", offsetof(struct memory_zone, managed) },
	{ "nr_zone_inactive_anon", offsetof(struct memory_zone, anon) },
	{ "nr_zone_active_anon", offsetof(struct memory_zone, anon) },
	{ "nr_zone_inactive_file", offsetof(struct memory_zone, file) },
	{ "nr_zone_active_file", offsetof(struct memory_zone, file) },
	{ "nr_zone_unevictable", offsetof(struct memory_zone, unevictable) },
	{ "nr_zone_write_pending", offsetof(struct memory_zone, pending) },
	{ "nr_zspages", offsetof(struct memory_zone, zspages) },
	{ "count:", offsetof(struct memory_zone, cached) },
};

/* ---- /proc ---- */

typedef int (*take_line_fn)(struct memory *memory, char *line);

/* Call @take for each line, until the end or an error. A longer line comes in parts. */
static int take_lines(struct memory *memory, FILE *f, take_line_fn take)
{
	char line[256];
	int r = 0;

	for (int n = 0; r == 0 && fgets(line, sizeof(line), f); n++)
		r = n < LINES_MAX ? take(memory, line) : -EFBIG;
	return r == 0 && ferror(f) ? -EIO : r;
}

static int take_number(const char **text, uint64_t most, uint64_t *ret_value)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(*text, &end, 10);
	if (errno || end == *text || value > most)
		return -EBADMSG;
	*text = end;
	*ret_value = value;
	return 0;
}

/* "Node 0, zone   Normal ...". Returns the text after it; NULL for another line. */
static const char *take_zone_name(const char *line, int *ret_node, enum daxhp_zone *ret_zone)
{
	char name[32];
	int n = 0;

	if (sscanf(line, "Node %d, zone %31s%n", ret_node, name, &n) != 2)
		return NULL;
	*ret_zone = zone_from_name(name);
	return line + n;
}

static int begin_zone(struct memory *memory, int node, enum daxhp_zone zone)
{
	struct memory_zone *last = memory->n_zones ? &memory->zones[memory->n_zones - 1] : NULL;
	struct memory_zone *grown;
	unsigned int kind = last && last->node == node ? last->kind + 1 : 0;

	if (kind == MEMORY_KINDS_MAX || memory->n_zones == (size_t)NODES_MAX * MEMORY_KINDS_MAX)
		return -EOVERFLOW;
	grown = reallocarray(memory->zones, memory->n_zones + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	memory->zones = grown;
	grown[memory->n_zones++] = (struct memory_zone){ .node = node, .zone = zone, .kind = kind };
	return 0;
}

/* "        protection: (0, 1897, 1897)", by kind of zone. */
static int take_protection(const struct memory *memory, struct memory_zone *zone, const char *text)
{
	for (size_t kind = 0; kind < MEMORY_KINDS_MAX && (*text == '(' || *text == ','); kind++) {
		uint64_t pages;
		int r;

		text++;
		r = take_number(&text, PAGES_MAX, &pages);
		if (r < 0)
			return r;
		zone->reserve[kind] = pages * memory->page_size;
	}
	return *text == ')' ? 0 : -EBADMSG;
}

static int take_zone_line(struct memory *memory, char *line)
{
	struct memory_zone *zone;
	const char *value;
	uint64_t pages;
	int node, n = 0;
	enum daxhp_zone name;
	char word[32];

	if (take_zone_name(line, &node, &name))
		return begin_zone(memory, node, name);
	if (sscanf(line, " pages%n", &n) == 0 && n > 0)
		line += n;
	if (memory->n_zones == 0 || sscanf(line, " %31s %n", word, &n) != 1)
		return 0;
	zone = &memory->zones[memory->n_zones - 1];
	value = line + n;
	if (strcmp(word, "protection:") == 0)
		return take_protection(memory, zone, value);
	for (size_t i = 0; i < ARRAY_SIZE(zone_words); i++) {
		if (strcmp(word, zone_words[i].word) != 0)
			continue;
		if (take_number(&value, PAGES_MAX, &pages) < 0)
			return -EBADMSG;
		*(uint64_t *)((char *)zone + zone_words[i].offset) += pages * memory->page_size;
	}
	return 0;
}

int memory_parse_zones(struct memory *memory, FILE *f)
{
	int r = take_lines(memory, f, take_zone_line);
	bool has_memory = false;

	for (size_t i = 0; i < memory->n_zones; i++)
		has_memory |= memory->zones[i].managed > 0;
	return r == 0 && !has_memory ? -ENODATA : r;
}

/* "Node 0, zone   Normal  2  2  0 ...": how many free pieces there are of each order. */
static int take_buddies(struct memory *memory, char *line)
{
	struct memory_zone *zone = NULL;
	int node;
	enum daxhp_zone name;
	const char *text = take_zone_name(line, &node, &name);

	for (size_t i = 0; text && i < memory->n_zones; i++)
		if (memory->zones[i].node == node && memory->zones[i].zone == name)
			zone = &memory->zones[i];
	for (size_t order = 0; zone && order < MEMORY_ORDERS_MAX; order++) {
		uint64_t pieces;

		if (take_number(&text, PAGES_MAX >> order, &pieces) < 0)
			return order ? 0 : -EBADMSG;
		zone->pieces[order] = pieces * (memory->page_size << order);
		if (memory->n_orders <= order)
			memory->n_orders = order + 1;
	}
	return 0;
}

int memory_parse_buddies(struct memory *memory, FILE *f)
{
	int r = take_lines(memory, f, take_buddies);

	return r == 0 && memory->n_orders == 0 ? -ENODATA : r;
}

/* Pages that are in memory and in swap can leave memory without taking more swap. */
static int take_swap(struct memory *memory, char *line)
{
	unsigned long long kib;
	bool is_free = sscanf(line, "SwapFree: %llu kB", &kib) == 1;

	if (!is_free && sscanf(line, "SwapCached: %llu kB", &kib) != 1)
		return 0;
	if (kib > PAGES_MAX)
		return -EBADMSG;
	memory->swap += kib * 1024;
	memory->has_swap |= is_free;
	return 0;
}

int memory_parse_swap(struct memory *memory, FILE *f)
{
	int r = take_lines(memory, f, take_swap);

	return r == 0 && !memory->has_swap ? -ENODATA : r;
}

/* ---- huge pages ---- */

static int append_pool(struct memory *memory, const struct memory_pool *pool)
{
	struct memory_pool *grown;

	grown = reallocarray(memory->pools, memory->n_pools + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	memory->pools = grown;
	grown[memory->n_pools++] = *pool;
	return 0;
}

static int read_pool(struct memory *memory, int nodesfd, const char *name, struct memory_pool *pool)
{
	_cleanup_close_ int dirfd = -1;
	char path[80];
	int r;

	snprintf(path, sizeof(path), "node%d/hugepages/%.40s", pool->node, name);
	dirfd = sysfs_open_dir_at(nodesfd, path);
	/* A node without memory has none. */
	if (dirfd == -ENOENT)
		return 0;
	r = dirfd < 0 ? dirfd : sysfs_read_u64(dirfd, "nr_hugepages", 10, &pool->total);
	if (r == 0)
		r = sysfs_read_u64(dirfd, "free_hugepages", 10, &pool->free);
	return r < 0 ? r : append_pool(memory, pool);
}

/* The huge pages of one size, node by node. If there are none, nothing more is read. */
static int read_pools_of_size(struct memory *memory, int hugefd, int nodesfd, const char *name)
{
	_cleanup_close_ int dirfd = sysfs_open_dir_at(hugefd, name);
	struct memory_pool pool = { 0 };
	unsigned long long kib;
	uint64_t total;
	int r;

	if (sscanf(name, "hugepages-%llukB", &kib) != 1 || kib == 0 || kib > PAGES_MAX)
		return -EBADMSG;
	pool.page_size = kib * 1024;
	r = dirfd < 0 ? dirfd : sysfs_read_u64(dirfd, "nr_hugepages", 10, &total);
	if (r < 0 || total == 0)
		return r;
	r = sysfs_read_u64(dirfd, "resv_hugepages", 10, &pool.reserved);
	for (size_t i = 0; r == 0 && i < memory->n_zones; i++) {
		pool.node = memory->zones[i].node;
		if (i == 0 || pool.node != memory->zones[i - 1].node)
			r = read_pool(memory, nodesfd, name, &pool);
	}
	return r;
}

static int read_pools(struct memory *memory)
{
	_cleanup_close_ int hugefd = sysfs_open_dir(HUGE_DIR);
	_cleanup_close_ int nodesfd = sysfs_open_dir(NODE_DIR);
	_cleanup_closedir_ DIR *dir = NULL;
	struct dirent *de;
	int r = hugefd < 0 ? hugefd : sysfs_list_dir(HUGE_DIR, &dir);

	/* This kernel has no huge pages. */
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	while ((r = sysfs_next_entry(dir, &de)) > 0) {
		r = de->d_name[0] == '.' ? 0
					 : read_pools_of_size(memory, hugefd, nodesfd, de->d_name);
		if (r < 0)
			return r;
	}
	return r;
}

/* ---- all of it ---- */

static int read_file(struct memory *memory, const char *path,
		     int (*parse)(struct memory *memory, FILE *f))
{
	FILE *f = proc_open_file(AT_FDCWD, path);
	int r = f ? parse(memory, f) : -errno;

	if (f)
		fclose(f);
	if (r < 0)
		memory->error_file = path;
	return r;
}

int memory_read(struct memory *memory)
{
	int r;

	memory_clear(memory);
	memory->page_size = sysconf(_SC_PAGESIZE);
	r = read_file(memory, "/proc/zoneinfo", memory_parse_zones);
	if (r == 0)
		r = read_file(memory, "/proc/meminfo", memory_parse_swap);
	if (r == 0) {
		r = read_pools(memory);
		if (r < 0)
			memory->error_file = HUGE_DIR;
	}
	if (r == 0) {
		r = read_file(memory, "/proc/buddyinfo", memory_parse_buddies);
		/* Only huge pages need it. */
		if (r < 0 && r != -ENOMEM && memory->n_pools == 0)
			r = memory->n_orders = 0;
	}
	memory->error = r;
	return r == -ENOMEM ? r : 0;
}
