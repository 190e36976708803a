// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Does a device's used memory fit elsewhere? Pure: figures in, verdict out.
 *
 * When a memory block goes offline, the kernel moves its pages to the other nodes that have memory,
 * and to the block's own node only when there is no other. When there is no room it does not give
 * up: it tries again and again, until the OOM killer has made room. So this check comes before the
 * first block.
 *
 * If a figure is not known, the worst case counts. The device may share a zone with other memory,
 * and it would be slow to find out which part of the zone a page is in. So as many of the zone's
 * used pages as possible count as the device's.
 */
#include <errno.h>
#include <string.h>

#include "model.h"

/* A device, and the memory of the machine. */
struct scene {
	const struct memory *memory;
	const struct room_device *device;
	bool is_movable; /* all of the device's memory is in ZONE_MOVABLE */
	bool is_alone;	 /* no other node has memory */
};

struct sums {
	uint64_t to_move;    /* ordinary pages in the device's memory, at most */
	uint64_t other;	     /* other used pages in it, at most: huge pages */
	uint64_t clean;	     /* cache that can be dropped, elsewhere or once it has moved */
	uint64_t swappable;  /* pages that can be swapped out, elsewhere or once they have moved */
	uint64_t spare_high; /* free elsewhere, above the high watermarks */
	uint64_t spare_low;  /* free elsewhere, above the low watermarks */
	uint64_t min;	     /* lowest watermarks of the zones that the device's memory is in */
	uint64_t pieces[MEMORY_ORDERS_MAX]; /* free elsewhere in pieces of this order or more */
};

static uint64_t minus(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t plus(uint64_t a, uint64_t b)
{
	uint64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

static uint64_t times(uint64_t a, uint64_t b)
{
	uint64_t product;

	return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

static enum daxhp_verdict worst(enum daxhp_verdict a, enum daxhp_verdict b)
{
	return a > b ? a : b;
}

/* ---- from where memory goes, and to where ---- */

static struct scene look_around(const struct memory *memory, const struct room_device *device)
{
	struct scene scene = { memory, device, .is_movable = true, .is_alone = true };

	for (enum daxhp_zone z = 0; z < DAXHP_ZONE_MAX; z++)
		scene.is_movable &= z == DAXHP_ZONE_MOVABLE || device->bytes[z] == 0;
	for (size_t i = 0; i < memory->n_zones; i++)
		scene.is_alone &= memory->zones[i].node == device->node ||
				  memory->zones[i].managed == 0;
	return scene;
}

static bool is_target_node(const struct scene *scene, int node)
{
	return (node == scene->device->node) == scene->is_alone;
}

/* Pages from a zone for kernel memory are not moved to ZONE_MOVABLE. */
static bool is_target(const struct scene *scene, const struct memory_zone *zone)
{
	return is_target_node(scene, zone->node) && zone->zone != DAXHP_ZONE_UNKNOWN &&
	       (zone->zone != DAXHP_ZONE_MOVABLE || scene->is_movable);
}

/* Each zone keeps a reserve from allocations that a zone of a higher kind could serve. */
static uint64_t reserve_of(const struct scene *scene, const struct memory_zone *zone)
{
	enum daxhp_zone wanted = scene->is_movable ? DAXHP_ZONE_MOVABLE : DAXHP_ZONE_NORMAL;

	for (size_t i = 0; i < scene->memory->n_zones; i++)
		if (scene->memory->zones[i].zone == wanted)
			return zone->reserve[scene->memory->zones[i].kind];
	return 0;
}

/* How much of the zone is the device's. */
static uint64_t own_part(const struct scene *scene, const struct memory_zone *zone)
{
	if (zone->node != scene->device->node)
		return 0;
	return least(scene->device->bytes[zone->zone], zone->managed);
}

static uint64_t ordinary_pages(const struct memory_zone *zone)
{
	return plus(plus(zone->anon, zone->file), plus(zone->unevictable, zone->zspages));
}

static uint64_t clean_cache(const struct memory_zone *zone)
{
	return minus(zone->file, zone->pending);
}

static void add_source(struct sums *sums, const struct memory_zone *zone, uint64_t own)
{
	uint64_t ordinary = ordinary_pages(zone);
	uint64_t in_use = minus(minus(zone->managed, zone->free), zone->cached);

	sums->min = plus(sums->min, zone->min);
	sums->to_move = plus(sums->to_move, least(own, ordinary));
	sums->other = plus(sums->other, least(own, minus(in_use, ordinary)));
}

static void add_target(struct sums *sums, const struct memory_zone *zone, uint64_t own,
		       uint64_t reserve)
{
	uint64_t free = zone->free, more = 0, spare;

	/*
	 * The device's part of the zone goes away, with its free pages. It does not matter how many
	 * used pages are in that part: the more there are to move, the more is free in the rest.
	 */
	if (own > 0)
		free = minus(plus(free, least(own, ordinary_pages(zone))), own);
	reserve = plus(reserve, zone->boost);
	/*
	 * The low watermark is half way between the minimum and the high one. If all zones were
	 * down to the minimum, the next small allocation of any program would call the OOM killer.
	 */
	spare = minus(free, plus(zone->min + minus(zone->high, zone->min) / 2, reserve));
	sums->spare_high = plus(sums->spare_high, minus(free, plus(zone->high, reserve)));
	sums->spare_low = plus(sums->spare_low, spare);
	sums->clean = plus(sums->clean, clean_cache(zone));
	sums->swappable = plus(sums->swappable, zone->anon);
	for (size_t order = MEMORY_ORDERS_MAX; order-- > 0;) {
		more = plus(more, zone->pieces[order]);
		sums->pieces[order] = plus(sums->pieces[order], least(more, spare));
	}
}

/*
 * The pages of the device's part that can be dropped or swapped out once they have moved. If the
 * zone's used pages do not all fit into that part, those that cannot be dropped count as in it
 * first.
 */
static void add_moved(struct sums *sums, const struct memory_zone *zone, uint64_t own)
{
	uint64_t ordinary = ordinary_pages(zone);
	uint64_t kept = minus(ordinary, clean_cache(zone));
	uint64_t in_memory = least(own, minus(kept, zone->anon));

	kept = least(own, kept);
	sums->clean = plus(sums->clean, least(own, ordinary) - kept);
	sums->swappable = plus(sums->swappable, kept - in_memory);
}

static void sum_up(struct sums *sums, const struct scene *scene)
{
	uint64_t unseen[DAXHP_ZONE_MAX];

	memcpy(unseen, scene->device->bytes, sizeof(unseen));
	for (size_t i = 0; i < scene->memory->n_zones; i++) {
		const struct memory_zone *zone = &scene->memory->zones[i];
		uint64_t own = own_part(scene, zone);

		if (own > 0) {
			add_source(sums, zone, own);
			unseen[zone->zone] = 0;
		}
		if (is_target(scene, zone))
			add_target(sums, zone, own, reserve_of(scene, zone));
		else if (own > 0)
			add_moved(sums, zone, own);
	}
	for (enum daxhp_zone z = 0; z < DAXHP_ZONE_MAX; z++)
		sums->to_move = plus(sums->to_move, unseen[z]);
	/*
	 * The kernel divides one sum of minimum watermarks among the zones, by their sizes. Linux
	 * 6.1 does so for ZONE_MOVABLE, too. So the share of the device's zones goes to the other
	 * zones. Their low watermarks rise by 5/4 of that share, and their high ones by 3/2.
	 */
	sums->spare_low = minus(sums->spare_low, plus(sums->min, sums->min / 4));
	sums->spare_high = minus(sums->spare_high, plus(sums->min, sums->min / 2));
}

/* ---- huge pages ---- */

/* The huge pages of one size. */
struct huge {
	uint64_t page_size;
	uint64_t in_use, free; /* in the device's memory, at most */
	uint64_t elsewhere;    /* free elsewhere */
	uint64_t reserved;     /* promised, of the free ones on all nodes */
};

static struct huge count_huge(const struct scene *scene, const struct sums *sums,
			      uint64_t page_size)
{
	struct huge huge = { .page_size = page_size };
	uint64_t at_most = sums->other / page_size;

	for (size_t i = 0; i < scene->memory->n_pools; i++) {
		const struct memory_pool *pool = &scene->memory->pools[i];

		if (pool->page_size != page_size)
			continue;
		huge.reserved = pool->reserved;
		if (pool->node == scene->device->node) {
			huge.in_use = least(minus(pool->total, pool->free), at_most);
			huge.free = least(pool->free, at_most);
		}
		if (is_target_node(scene, pool->node))
			huge.elsewhere = plus(huge.elsewhere, pool->free);
	}
	if (scene->is_alone)
		huge.elsewhere = minus(huge.elsewhere, huge.free);
	return huge;
}

/* The order of a piece of @size. n_orders or more if the kernel has no pieces so large. */
static size_t order_of(const struct memory *memory, uint64_t size)
{
	size_t order = 0;

	while (order < MEMORY_ORDERS_MAX && (memory->page_size << order) < size)
		order++;
	return order;
}

/*
 * A used huge page moves to a huge page elsewhere that is free and not promised; or the kernel
 * makes one there, from memory in one piece. A huge page that is free but promised cannot go away.
 */
static enum daxhp_verdict judge_huge(struct daxhp_room *room, const struct scene *scene,
				     const struct sums *sums, const struct huge *huge)
{
	uint64_t available = minus(huge->elsewhere, huge->reserved);
	uint64_t owed = least(minus(huge->reserved, huge->elsewhere), huge->free);
	uint64_t to_make = minus(huge->in_use, available);
	size_t order = order_of(scene->memory, huge->page_size);
	bool is_too_large = order >= scene->memory->n_orders;

	room->to_move = plus(room->to_move, times(huge->in_use, huge->page_size));
	room->free = plus(room->free, times(least(huge->in_use, available), huge->page_size));
	if (owed > 0 || (to_make > 0 && is_too_large)) {
		room->huge_size = huge->page_size;
		room->huge_missing = plus(owed, is_too_large ? to_make : 0);
		return DAXHP_VERDICT_NO;
	}
	/*
	 * On the only node with memory, Linux 6.1 and 6.12 can move a huge page into a free one
	 * of the same memory block, again and again, without an end.
	 */
	if (scene->is_alone && huge->in_use > 0 && huge->free > 0)
		return DAXHP_VERDICT_MAYBE;
	if (to_make == 0)
		return DAXHP_VERDICT_YES;
	return times(to_make, huge->page_size) <= sums->pieces[order] ? DAXHP_VERDICT_LIKELY
								      : DAXHP_VERDICT_MAYBE;
}

static enum daxhp_verdict judge_all_huge(struct daxhp_room *room, const struct scene *scene,
					 const struct sums *sums)
{
	enum daxhp_verdict verdict = DAXHP_VERDICT_YES;

	for (size_t i = 0; i < scene->memory->n_pools; i++) {
		const struct memory_pool *pool = &scene->memory->pools[i];
		struct huge huge;

		if (pool->node != scene->device->node)
			continue;
		huge = count_huge(scene, sums, pool->page_size);
		verdict = worst(verdict, judge_huge(room, scene, sums, &huge));
	}
	return verdict;
}

/* ---- the verdict ---- */

static int list_nodes(struct daxhp_room *room, const struct scene *scene)
{
	const struct memory *memory = scene->memory;
	int *nodes = calloc(memory->n_zones + 1, sizeof(*nodes));

	if (!nodes)
		return -ENOMEM;
	room->nodes = nodes;
	/* The zones of a node are next to each other. */
	for (size_t i = 0; i < memory->n_zones; i++) {
		int node = memory->zones[i].node;

		if (memory->zones[i].managed > 0 && is_target_node(scene, node) &&
		    (room->n_nodes == 0 || nodes[room->n_nodes - 1] != node))
			nodes[room->n_nodes++] = node;
	}
	return 0;
}

/* Each processor takes swap in clusters, and keeps some: not all free swap is free for all. */
static uint64_t usable_swap(uint64_t swap)
{
	return swap - swap / 8;
}

static enum daxhp_verdict judge(struct daxhp_room *room, const struct sums *sums)
{
	uint64_t comfortable = plus(room->free - sums->spare_low, sums->spare_high);
	uint64_t without_swap = plus(room->free, room->reclaimable);

	room->missing = minus(room->to_move, plus(without_swap, room->swap));
	if (room->to_move <= comfortable)
		return DAXHP_VERDICT_YES;
	if (room->to_move <= without_swap)
		return DAXHP_VERDICT_LIKELY;
	/* Also if only little is missing: the OOM killer would kill a process for it. */
	return room->missing > 0 ? DAXHP_VERDICT_NO : DAXHP_VERDICT_MAYBE;
}

struct room_device room_device_of(const struct daxhp_observation *obs)
{
	struct room_device device = { .node = obs->target_node };

	for (enum daxhp_zone z = 0; z < DAXHP_ZONE_MAX; z++)
		device.bytes[z] = obs->n_zone[z] * obs->block_size;
	return device;
}

int room_estimate(const struct memory *memory, const struct room_device *device,
		  struct daxhp_room *ret_room)
{
	struct daxhp_room room = { .verdict = DAXHP_VERDICT_MAYBE,
				   .error = memory->error,
				   .file = memory->error_file };
	struct scene scene = look_around(memory, device);
	struct sums sums = { 0 };
	enum daxhp_verdict huge;
	int r;

	if ((memory->n_zones == 0 || device->node < 0) && room.error == 0)
		room.error = -ENODATA;
	if (room.error < 0) {
		*ret_room = room;
		return 0;
	}
	r = list_nodes(&room, &scene);
	if (r < 0)
		return r;
	sum_up(&sums, &scene);
	room.to_move = sums.to_move;
	room.free = sums.spare_low;
	room.reclaimable = sums.clean;
	/*
	 * On the only node, swap does not help. When the node's memory is used up, compaction waits
	 * until fewer of its pages are isolated. But it waits in the thread that has isolated them.
	 */
	room.is_alone = scene.is_alone;
	if (!scene.is_alone)
		room.swap = least(usable_swap(memory->swap), sums.swappable);
	huge = judge_all_huge(&room, &scene, &sums);
	room.verdict = worst(judge(&room, &sums), huge);
	*ret_room = room;
	return 0;
}

EXPORT const char *daxhp_verdict_name(enum daxhp_verdict verdict)
{
	static const char *const names[] = {
		[DAXHP_VERDICT_YES] = "yes",
		[DAXHP_VERDICT_LIKELY] = "likely",
		[DAXHP_VERDICT_MAYBE] = "maybe",
		[DAXHP_VERDICT_NO] = "no",
	};

	return (size_t)verdict < ARRAY_SIZE(names) ? names[verdict] : NULL;
}

void memory_clear(struct memory *memory)
{
	free(memory->zones);
	free(memory->pools);
	*memory = (struct memory){ 0 };
}
