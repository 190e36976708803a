// SPDX-License-Identifier: LGPL-2.1-or-later
/* Does used memory fit elsewhere? The model, and the parsers with text from kernels. */
#include "unit.h"

#define MIB (UINT64_C(1) << 20)
#define YES DAXHP_VERDICT_YES
#define LIKELY DAXHP_VERDICT_LIKELY
#define MAYBE DAXHP_VERDICT_MAYBE
#define NO DAXHP_VERDICT_NO

/* ---- the model ---- */

/* In MiB. */
struct zone {
	int node;
	enum daxhp_zone zone;
	unsigned int managed, free, min, high, anon, file, pending, reserve, boost, locked;
};

struct pool {
	int node;
	unsigned int size, total, free, reserved; /* the first in MiB */
};

struct row {
	const char *name;
	struct zone zones[5];
	struct pool pools[4];
	unsigned int swap;
	int node;
	unsigned int movable, normal; /* of the device, online, in MiB */
	enum daxhp_verdict verdict;
	unsigned int to_move, free, reclaimable, missing, huge_missing;
};

#define DMA DAXHP_ZONE_DMA
#define DMA32 DAXHP_ZONE_DMA32
#define NORMAL DAXHP_ZONE_NORMAL
#define MOVABLE DAXHP_ZONE_MOVABLE

/* The low watermark is half way between the lowest and the high one. */
#define ZONE(the_node, the_zone, the_managed, the_free, the_low, the_high, ...)               \
	{                                                                                     \
		.node = the_node, .zone = the_zone, .managed = the_managed, .free = the_free, \
		.min = 2 * the_low - the_high, .high = the_high, ##__VA_ARGS__                \
	}
#define POOL(the_node, the_size, the_total, the_free, the_reserved)   \
	{                                                             \
		the_node, the_size, the_total, the_free, the_reserved \
	}

/* clang-format off */
static const struct row rows[] = {
	/* The device has its own node. */
	{ "nothing in use", { ZONE(0, NORMAL, 1000, 100, 10, 20), ZONE(1, MOVABLE, 2048, 2048, 0, 0) },
	  .node = 1, .movable = 2048, .verdict = YES, .to_move = 0, .free = 90 },
	{ "just above the high watermark", { ZONE(0, NORMAL, 1000, 220, 10, 20), ZONE(1, MOVABLE, 2048, 1848, 0, 0, .anon = 200) },
	  .node = 1, .movable = 2048, .verdict = YES, .to_move = 200, .free = 210 },
	{ "just below it", { ZONE(0, NORMAL, 1000, 219, 10, 20), ZONE(1, MOVABLE, 2048, 1848, 0, 0, .anon = 200) },
	  .node = 1, .movable = 2048, .verdict = LIKELY, .to_move = 200, .free = 209 },
	{ "just above the low watermark", { ZONE(0, NORMAL, 1000, 210, 10, 20), ZONE(1, MOVABLE, 2048, 1848, 0, 0, .anon = 200) },
	  .node = 1, .movable = 2048, .verdict = LIKELY, .to_move = 200, .free = 200 },
	{ "just below that", { ZONE(0, NORMAL, 1000, 209, 10, 20), ZONE(1, MOVABLE, 2048, 1848, 0, 0, .anon = 200) },
	  .node = 1, .movable = 2048, .verdict = NO, .to_move = 200, .free = 199, .missing = 1 },
	{ "with the cache there", { ZONE(0, NORMAL, 1000, 110, 10, 20, .file = 150, .pending = 50), ZONE(1, MOVABLE, 2048, 1848, 0, 0, .anon = 200) },
	  .node = 1, .movable = 2048, .verdict = LIKELY, .to_move = 200, .free = 100, .reclaimable = 100 },
	{ "what is dirty does not count", { ZONE(0, NORMAL, 1000, 110, 10, 20, .file = 150, .pending = 51), ZONE(1, MOVABLE, 2048, 1848, 0, 0, .anon = 200) },
	  .node = 1, .movable = 2048, .verdict = NO, .to_move = 200, .free = 100, .reclaimable = 99, .missing = 1 },
	{ "its own cache, once it has moved", { ZONE(0, NORMAL, 1000, 110, 10, 20), ZONE(1, MOVABLE, 2048, 1748, 0, 0, .anon = 100, .file = 200) },
	  .node = 1, .movable = 2048, .verdict = LIKELY, .to_move = 300, .free = 100, .reclaimable = 200 },
	{ "with swap", { ZONE(0, NORMAL, 1000, 110, 10, 20), ZONE(1, MOVABLE, 2048, 1848, 0, 0, .anon = 200) },
	  .swap = 115, .node = 1, .movable = 2048, .verdict = MAYBE, .to_move = 200, .free = 100 },
	{ "with too little of it, as an eighth does not count", { ZONE(0, NORMAL, 1000, 110, 10, 20), ZONE(1, MOVABLE, 2048, 1848, 0, 0, .anon = 200) },
	  .swap = 112, .node = 1, .movable = 2048, .verdict = NO, .to_move = 200, .free = 100, .missing = 2 },
	{ "no swap on the only node", { ZONE(0, NORMAL, 1000, 110, 10, 20, .anon = 500), ZONE(0, MOVABLE, 2048, 1848, 0, 0, .anon = 200) },
	  .swap = 1000, .node = 0, .movable = 2048, .verdict = NO, .to_move = 200, .free = 100, .missing = 100 },
	{ "what is locked is not swapped", { ZONE(0, NORMAL, 1000, 110, 10, 20), ZONE(1, MOVABLE, 2048, 1848, 0, 0, .anon = 20, .locked = 180) },
	  .swap = 1000, .node = 1, .movable = 2048, .verdict = NO, .to_move = 200, .free = 100, .missing = 80 },
	{ "and nothing that it could take", { ZONE(0, NORMAL, 1000, 110, 10, 20, .anon = 30), ZONE(1, MOVABLE, 2048, 1828, 0, 0, .anon = 20) },
	  .pools = { POOL(0, 2, 0, 0, 0), POOL(1, 2, 100, 0, 0) }, .swap = 1000, .node = 1, .movable = 2048, .verdict = NO, .to_move = 220, .free = 100, .missing = 70 },
	{ "its own node does not count", { ZONE(0, NORMAL, 1000, 110, 10, 20), ZONE(1, NORMAL, 1000, 900, 10, 20), ZONE(1, MOVABLE, 2048, 1848, 0, 0, .anon = 200) },
	  .node = 1, .movable = 2048, .verdict = NO, .to_move = 200, .free = 100, .missing = 100 },
	{ "a node without memory is none", { ZONE(0, NORMAL, 0, 0, 0, 0), ZONE(1, NORMAL, 1000, 900, 10, 20), ZONE(1, MOVABLE, 2048, 1848, 0, 0, .anon = 200) },
	  .node = 1, .movable = 2048, .verdict = YES, .to_move = 200, .free = 890 },
	{ "a boost goes on top", { ZONE(0, NORMAL, 1000, 211, 10, 20, .boost = 1), ZONE(1, MOVABLE, 2048, 1847, 0, 0, .anon = 201) },
	  .node = 1, .movable = 2048, .verdict = NO, .to_move = 201, .free = 200, .missing = 1 },
	{ "what a zone keeps from the higher ones", { ZONE(0, DMA32, 1000, 160, 10, 20, .reserve = 50), ZONE(1, MOVABLE, 2048, 1947, 0, 0, .anon = 101) },
	  .node = 1, .movable = 2048, .verdict = NO, .to_move = 101, .free = 100, .missing = 1 },
	{ "another node's ZONE_MOVABLE", { ZONE(0, NORMAL, 1000, 10, 10, 20), ZONE(1, MOVABLE, 2048, 1848, 0, 0, .anon = 200), ZONE(2, MOVABLE, 2048, 1000, 1, 2) },
	  .node = 1, .movable = 2048, .verdict = YES, .to_move = 200, .free = 999 },
	{ "is for nothing from a kernel zone", { ZONE(0, NORMAL, 1000, 10, 10, 20), ZONE(1, NORMAL, 2048, 1848, 0, 0, .anon = 200), ZONE(2, MOVABLE, 2048, 1000, 1, 2) },
	  .node = 1, .normal = 2048, .verdict = NO, .to_move = 200, .free = 0, .missing = 200 },

	/* The device shares a zone: assume that the largest possible amount is in it. */
	{ "a third of a node", { ZONE(0, NORMAL, 1000, 600, 10, 20), ZONE(1, MOVABLE, 3000, 2500, 0, 0, .anon = 400, .file = 100) },
	  .node = 1, .movable = 1000, .verdict = YES, .to_move = 500, .free = 590, .reclaimable = 100 },
	{ "a third of a node that is full", { ZONE(0, NORMAL, 1000, 600, 10, 20), ZONE(1, MOVABLE, 3000, 500, 0, 0, .anon = 2500) },
	  .node = 1, .movable = 1000, .verdict = NO, .to_move = 1000, .free = 590, .missing = 410 },
	{ "cache, whatever part of it", { ZONE(0, NORMAL, 1000, 10, 10, 20), ZONE(1, MOVABLE, 3000, 900, 0, 0, .file = 2100) },
	  .node = 1, .movable = 1000, .verdict = LIKELY, .to_move = 1000, .free = 0, .reclaimable = 1000 },
	{ "cache that may be in the rest", { ZONE(0, NORMAL, 1000, 10, 10, 20), ZONE(1, MOVABLE, 3000, 900, 0, 0, .anon = 400, .file = 1700) },
	  .node = 1, .movable = 1000, .verdict = NO, .to_move = 1000, .free = 0, .reclaimable = 600, .missing = 400 },
	{ "the same with swap", { ZONE(0, NORMAL, 1000, 10, 10, 20), ZONE(1, MOVABLE, 3000, 900, 0, 0, .anon = 400, .file = 1700) },
	  .swap = 500, .node = 1, .movable = 1000, .verdict = MAYBE, .to_move = 1000, .free = 0, .reclaimable = 600 },

	/* Everything on one node. */
	{ "one node", { ZONE(0, DMA32, 2000, 300, 10, 20), ZONE(0, NORMAL, 1000, 100, 10, 20), ZONE(0, MOVABLE, 2000, 1700, 1, 2, .anon = 300) },
	  .node = 0, .movable = 2000, .verdict = YES, .to_move = 300, .free = 380 },
	{ "what is free in the device is no room", { ZONE(0, NORMAL, 1000, 100, 10, 20), ZONE(0, MOVABLE, 2000, 1700, 1, 2, .anon = 300) },
	  .node = 0, .movable = 2000, .verdict = NO, .to_move = 300, .free = 90, .missing = 210 },
	{ "what is free beside it is", { ZONE(0, NORMAL, 1000, 100, 10, 20), ZONE(0, MOVABLE, 4000, 3700, 1, 2, .anon = 300) },
	  .node = 0, .movable = 2000, .verdict = YES, .to_move = 300, .free = 90 + 1999 },
	{ "its cache counts once", { ZONE(0, NORMAL, 1000, 100, 10, 20), ZONE(0, MOVABLE, 2000, 1700, 1, 2, .file = 300) },
	  .node = 0, .movable = 2000, .verdict = LIKELY, .to_move = 300, .free = 90, .reclaimable = 300 },

	/* A block that cannot be seen counts as used. */
	{ "its watermark goes to the other zones", { ZONE(0, NORMAL, 1000, 220, 10, 14), ZONE(1, MOVABLE, 2048, 1848, 100, 160, .anon = 200) },
	  .node = 1, .movable = 2048, .verdict = NO, .to_move = 200, .free = 160, .missing = 40 },
	{ "a zone that is not there", { ZONE(0, NORMAL, 1000, 100, 10, 20) },
	  .node = 1, .movable = 2048, .verdict = NO, .to_move = 2048, .free = 90, .missing = 1958 },

	/* Huge pages. */
	{ "huge pages, and free ones elsewhere", { ZONE(0, NORMAL, 1000, 10, 10, 20), ZONE(1, MOVABLE, 2048, 2028, 0, 0) },
	  .pools = { POOL(0, 2, 10, 10, 0), POOL(1, 2, 10, 0, 0) },
	  .node = 1, .movable = 2048, .verdict = YES, .to_move = 20, .free = 20 },
	{ "huge pages, and none elsewhere", { ZONE(0, NORMAL, 1000, 10, 10, 20), ZONE(1, MOVABLE, 2048, 2028, 0, 0) },
	  .pools = { POOL(0, 2, 0, 0, 0), POOL(1, 2, 10, 0, 0) },
	  .node = 1, .movable = 2048, .verdict = NO, .to_move = 20, .free = 0, .missing = 20 },
	{ "made of what is free elsewhere", { ZONE(0, NORMAL, 1000, 110, 10, 20), ZONE(1, MOVABLE, 2048, 2028, 0, 0) },
	  .pools = { POOL(0, 2, 0, 0, 0), POOL(1, 2, 10, 0, 0) },
	  .node = 1, .movable = 2048, .verdict = LIKELY, .to_move = 20, .free = 100 },
	{ "promised ones are not for the taking", { ZONE(0, NORMAL, 1000, 10, 10, 20), ZONE(1, MOVABLE, 2048, 2028, 0, 0) },
	  .pools = { POOL(0, 2, 10, 10, 4), POOL(1, 2, 10, 0, 4) },
	  .node = 1, .movable = 2048, .verdict = NO, .to_move = 20, .free = 12, .missing = 8 },
	{ "promised, and free only in the device", { ZONE(0, NORMAL, 1000, 500, 10, 20), ZONE(1, MOVABLE, 2048, 2028, 0, 0) },
	  .pools = { POOL(0, 2, 0, 0, 4), POOL(1, 2, 10, 10, 4) },
	  .node = 1, .movable = 2048, .verdict = NO, .to_move = 0, .free = 490, .huge_missing = 4 },
	{ "free ones go", { ZONE(0, NORMAL, 1000, 500, 10, 20), ZONE(1, MOVABLE, 2048, 2028, 0, 0) },
	  .pools = { POOL(0, 2, 0, 0, 0), POOL(1, 2, 10, 10, 0) },
	  .node = 1, .movable = 2048, .verdict = YES, .to_move = 0, .free = 490 },
	{ "too large to be made", { ZONE(0, NORMAL, 9000, 8000, 10, 20), ZONE(1, MOVABLE, 2048, 1024, 0, 0) },
	  .pools = { POOL(0, 1024, 0, 0, 0), POOL(1, 1024, 1, 0, 0) },
	  .node = 1, .movable = 2048, .verdict = NO, .to_move = 1024, .free = 7990, .huge_missing = 1 },
	{ "what a zone keeps from others is not for huge pages",
	  { ZONE(0, DMA32, 1000, 20, 0, 0, .reserve = 20), ZONE(0, NORMAL, 1000, 30, 10, 20, .file = 10), ZONE(1, MOVABLE, 2048, 2024, 0, 0) },
	  .pools = { POOL(1, 2, 12, 0, 0) },
	  .node = 1, .movable = 2048, .verdict = MAYBE, .to_move = 24, .free = 20, .reclaimable = 10 },
	{ "the only node, and all in use", { ZONE(0, NORMAL, 9000, 8000, 10, 20), ZONE(0, MOVABLE, 2048, 2018, 0, 0) },
	  .pools = { POOL(0, 2, 15, 0, 0) },
	  .node = 0, .movable = 2048, .verdict = LIKELY, .to_move = 30, .free = 7990 },
	{ "the only node, and some are free", { ZONE(0, NORMAL, 9000, 8000, 10, 20), ZONE(0, MOVABLE, 2048, 2008, 0, 0) },
	  .pools = { POOL(0, 2, 20, 5, 0) },
	  .node = 0, .movable = 2048, .verdict = MAYBE, .to_move = 30, .free = 7990 },
	{ "on the node, but not in the device", { ZONE(0, NORMAL, 9000, 8000, 10, 20), ZONE(0, MOVABLE, 2048, 2048, 0, 0) },
	  .pools = { POOL(0, 1024, 1, 0, 0) },
	  .node = 0, .movable = 2048, .verdict = YES, .to_move = 0, .free = 7990 },
};
/* clang-format on */

static void fill_zone(struct memory_zone *to, const struct zone *from)
{
	*to = (struct memory_zone){
		.node = from->node,
		.zone = from->zone,
		.kind = from->zone,
		.managed = from->managed * MIB,
		.free = from->free * MIB,
		.min = from->min * MIB,
		.high = from->high * MIB,
		.anon = from->anon * MIB,
		.file = from->file * MIB,
		.pending = from->pending * MIB,
		.boost = from->boost * MIB,
		.unevictable = from->locked * MIB,
	};
	to->reserve[DAXHP_ZONE_MOVABLE] = from->reserve * MIB;
	/* All free memory is in one piece. */
	to->pieces[10] = to->free;
}

static void check_row(const struct row *row)
{
	struct memory_zone zones[ARRAY_SIZE(row->zones)];
	struct memory_pool pools[ARRAY_SIZE(row->pools)];
	struct memory memory = {
		.page_size = 4096,
		.zones = zones,
		.pools = pools,
		.n_orders = 11,
		.swap = row->swap * MIB,
	};
	struct room_device device = { .node = row->node };
	struct daxhp_room room;

	for (size_t i = 0; i < ARRAY_SIZE(row->zones) && row->zones[i].zone; i++)
		fill_zone(&zones[memory.n_zones++], &row->zones[i]);
	for (size_t i = 0; i < ARRAY_SIZE(row->pools) && row->pools[i].size; i++)
		pools[memory.n_pools++] =
			(struct memory_pool){ row->pools[i].node, row->pools[i].size * MIB,
					      row->pools[i].total, row->pools[i].free,
					      row->pools[i].reserved };
	device.bytes[DAXHP_ZONE_MOVABLE] = row->movable * MIB;
	device.bytes[DAXHP_ZONE_NORMAL] = row->normal * MIB;
	assert_int_equal(room_estimate(&memory, &device, &room), 0);
	assert_msg(room.error == 0 && room.verdict == row->verdict &&
			   room.to_move == row->to_move * MIB && room.free == row->free * MIB &&
			   room.reclaimable == row->reclaimable * MIB &&
			   room.missing == row->missing * MIB &&
			   room.huge_missing == row->huge_missing,
		   "%s: %s, %llu to move, %llu free, %llu reclaimable, %llu and %llu missing",
		   row->name, daxhp_verdict_name(room.verdict),
		   (unsigned long long)(room.to_move / MIB), (unsigned long long)(room.free / MIB),
		   (unsigned long long)(room.reclaimable / MIB),
		   (unsigned long long)(room.missing / MIB), (unsigned long long)room.huge_missing);
	free((int *)room.nodes);
}

static void test_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		check_row(&rows[i]);
}

/* The kernel must first make large pieces: it may succeed, or not. */
static void test_pieces(void **state)
{
	struct memory_zone zones[] = {
		{ .node = 0,
		  .zone = NORMAL,
		  .managed = 900 * MIB,
		  .free = 100 * MIB,
		  .pieces = { [8] = 80 * MIB, [9] = 6 * MIB, [10] = 12 * MIB } },
		{ .node = 1, .zone = MOVABLE, .managed = 900 * MIB, .free = 880 * MIB },
	};
	struct memory_pool pool = { .node = 1, .page_size = 2 * MIB, .total = 9 };
	struct memory memory = { .page_size = 4096,
				 .zones = zones,
				 .n_zones = 2,
				 .pools = &pool,
				 .n_pools = 1,
				 .n_orders = 11 };
	struct room_device device = { .node = 1, .bytes = { [MOVABLE] = 900 * MIB } };
	struct daxhp_room room;

	(void)state;
	assert_int_equal(room_estimate(&memory, &device, &room), 0);
	assert_int_equal(room.verdict, LIKELY);
	free((int *)room.nodes);
	pool.total = 10;
	assert_int_equal(room_estimate(&memory, &device, &room), 0);
	assert_int_equal(room.verdict, MAYBE);
	free((int *)room.nodes);
}

/* Even if very little is missing. */
static void test_one_page(void **state)
{
	struct memory_zone zones[] = {
		{ .node = 0, .zone = NORMAL, .managed = 900 * MIB, .free = 100 * MIB },
		{ .node = 1, .zone = MOVABLE, .managed = 900 * MIB, .anon = 100 * MIB + 4096 },
	};
	struct memory memory = { .page_size = 4096, .zones = zones, .n_zones = 2 };
	struct room_device device = { .node = 1, .bytes = { [MOVABLE] = 900 * MIB } };
	struct daxhp_room room;

	(void)state;
	zones[1].free = zones[1].managed - zones[1].anon;
	assert_int_equal(room_estimate(&memory, &device, &room), 0);
	assert_int_equal(room.verdict, NO);
	assert_int_equal(room.missing, 4096);
	free((int *)room.nodes);
}

static void test_nodes(void **state)
{
	struct memory_zone zones[] = {
		{ .node = 0, .zone = DMA32, .managed = MIB },
		{ .node = 0, .zone = NORMAL, .managed = MIB },
		{ .node = 1, .zone = MOVABLE, .managed = MIB },
		{ .node = 3, .zone = NORMAL, .managed = 0 },
		{ .node = 3, .zone = MOVABLE, .managed = MIB },
		{ .node = 4, .zone = NORMAL, .managed = 0 },
	};
	struct memory memory = { .page_size = 4096, .zones = zones, .n_zones = ARRAY_SIZE(zones) };
	struct room_device device = { .node = 1, .bytes = { [MOVABLE] = MIB } };
	struct daxhp_room room;

	(void)state;
	assert_int_equal(room_estimate(&memory, &device, &room), 0);
	assert_int_equal(room.n_nodes, 2);
	assert_int_equal(room.nodes[0], 0);
	assert_int_equal(room.nodes[1], 3);
	free((int *)room.nodes);
}

static void test_unknown(void **state)
{
	struct memory_zone zone = { .node = 0, .zone = NORMAL, .managed = MIB, .free = MIB };
	struct memory memory = { .page_size = 4096, .zones = &zone, .n_zones = 1 };
	struct room_device device = { .node = -1 };
	struct daxhp_room room;

	(void)state;
	assert_int_equal(room_estimate(&memory, &device, &room), 0);
	assert_int_equal(room.verdict, MAYBE);
	assert_int_equal(room.error, -ENODATA);
	device.node = 0;
	memory.error = -EACCES;
	memory.error_file = "/proc/zoneinfo";
	assert_int_equal(room_estimate(&memory, &device, &room), 0);
	assert_int_equal(room.verdict, MAYBE);
	assert_int_equal(room.error, -EACCES);
	assert_string_equal(room.file, "/proc/zoneinfo");
	memory = (struct memory){ 0 };
	assert_int_equal(room_estimate(&memory, &device, &room), 0);
	assert_int_equal(room.verdict, MAYBE);
	assert_null(room.nodes);
}

/* Figures that no machine has: no sum of them may wrap around to a small one. */
static void test_huge_figures(void **state)
{
	const uint64_t most = UINT64_MAX;
	struct memory_zone zones[] = {
		{ .node = 0,
		  .zone = NORMAL,
		  .managed = most,
		  .free = most,
		  .min = most,
		  .high = most,
		  .boost = most,
		  .file = most,
		  .pieces = { most, most } },
		{ .node = 1,
		  .zone = MOVABLE,
		  .managed = most,
		  .anon = most,
		  .file = most,
		  .unevictable = most,
		  .zspages = most,
		  .pending = most,
		  .cached = most },
	};
	struct memory_pool pool = { 1, most, most, 0, most };
	struct memory memory = { .page_size = 4096,
				 .zones = zones,
				 .n_zones = 2,
				 .pools = &pool,
				 .n_pools = 1,
				 .n_orders = 16 };
	struct room_device device = { .node = 1, .bytes = { [MOVABLE] = most } };
	struct daxhp_room room;

	(void)state;
	assert_int_equal(room_estimate(&memory, &device, &room), 0);
	assert_true(room.to_move == most);
	free((int *)room.nodes);
}

/* ---- the parsers ---- */

/* Linux 6.12, shortened where lines repeat. */
static const char zoneinfo[] = "Node 0, zone      DMA\n"
			       "  per-node stats\n"
			       "      nr_inactive_anon 0\n"
			       "      nr_active_anon 7948\n"
			       "      nr_file_pages 7643\n"
			       "  pages free     3712\n"
			       "        boost    0\n"
			       "        min      64\n"
			       "        low      80\n"
			       "        high     96\n"
			       "        promo    112\n"
			       "        spanned  4095\n"
			       "        present  3998\n"
			       "        managed  3840\n"
			       "        cma      0\n"
			       "        protection: (0, 1897, 1897, 1897, 1897)\n"
			       "      nr_free_pages 3712\n"
			       "      nr_zone_active_anon 0\n"
			       "  pagesets\n"
			       "    cpu: 0\n"
			       "              count: 0\n"
			       "              high:  0\n"
			       "              batch: 1\n"
			       "  vm stats threshold: 4\n"
			       "  node_unreclaimable:  0\n"
			       "  start_pfn:           1\n"
			       "Node 0, zone    DMA32\n"
			       "  pages free     465742\n"
			       "        boost    100\n"
			       "        min      8168\n"
			       "        low      10210\n"
			       "        high     12252\n"
			       "        managed  485850\n"
			       "        protection: (0, 0, 7, 8, 9)\n"
			       "      nr_free_pages 465742\n"
			       "      nr_zone_inactive_anon 20\n"
			       "      nr_zone_active_anon 7948\n"
			       "      nr_zone_inactive_file 3\n"
			       "      nr_zone_active_file 4\n"
			       "      nr_zone_unevictable 5\n"
			       "      nr_zone_write_pending 6\n"
			       "      nr_zspages   2\n"
			       "  pagesets\n"
			       "    cpu: 0\n"
			       "              count: 366\n"
			       "              high:  1021\n"
			       "              batch: 63\n"
			       "              high_min: 1021\n"
			       "  vm stats threshold: 24\n"
			       "    cpu: 1\n"
			       "              count: 34\n"
			       "              high:  1021\n"
			       "Node 0, zone   Normal\n"
			       "  pages free     0\n"
			       "        boost    0\n"
			       "        min      0\n"
			       "        high     0\n"
			       "        managed  0\n"
			       "        protection: (0, 0, 0, 0, 0)\n"
			       "Node 0, zone  Movable\n"
			       "  pages free     0\n"
			       "        min      32\n"
			       "        managed  0\n"
			       "        protection: (0, 0, 0, 0, 0)\n"
			       "Node 0, zone   Device\n"
			       "  pages free     0\n"
			       "        managed  0\n"
			       "        protection: (0, 0, 0, 0, 0)\n"
			       "Node 1, zone      DMA\n"
			       "  pages free     0\n"
			       "        managed  0\n"
			       "Node 1, zone  Movable\n"
			       "  pages free     524288\n"
			       "        min      128\n"
			       "        high     4534\n"
			       "        managed  524288\n";

static int parse(struct memory *memory, int (*parser)(struct memory *, FILE *), const char *text)
{
	FILE *f = fmemopen((char *)text, strlen(text), "r");
	int r;

	assert_non_null(f);
	if (parser == memory_parse_zones)
		memory_clear(memory);
	memory->page_size = 4096;
	r = parser(memory, f);
	fclose(f);
	return r;
}

static void test_zones(void **state)
{
	struct memory memory = { 0 };
	const struct memory_zone *z;

	(void)state;
	assert_int_equal(parse(&memory, memory_parse_zones, zoneinfo), 0);
	assert_int_equal(memory.n_zones, 7);
	z = &memory.zones[0];
	assert_int_equal(z->zone, DMA);
	assert_int_equal(z->free, 3712 * 4096);
	assert_int_equal(z->min, 64 * 4096);
	assert_int_equal(z->high, 96 * 4096);
	assert_int_equal(z->managed, 3840 * 4096);
	assert_int_equal(z->reserve[0], 0);
	assert_int_equal(z->reserve[3], 1897 * 4096);
	/* These figures belong to the node, not to the zone. */
	assert_int_equal(z->anon, 0);
	z = &memory.zones[1];
	assert_int_equal(z->zone, DMA32);
	assert_int_equal(z->boost, 100 * 4096);
	assert_int_equal(z->high, 12252 * 4096);
	assert_int_equal(z->anon, 7968 * 4096);
	assert_int_equal(z->file, 7 * 4096);
	assert_int_equal(z->unevictable, 5 * 4096);
	assert_int_equal(z->pending, 6 * 4096);
	assert_int_equal(z->zspages, 2 * 4096);
	assert_int_equal(z->cached, 400 * 4096);
	assert_int_equal(z->reserve[4], 9 * 4096);
	z = &memory.zones[3];
	assert_int_equal(z->zone, MOVABLE);
	assert_int_equal(z->kind, 3);
	assert_int_equal(memory.zones[4].zone, DAXHP_ZONE_UNKNOWN);
	z = &memory.zones[6];
	assert_int_equal(z->node, 1);
	assert_int_equal(z->managed, UINT64_C(2048) * MIB);
	memory_clear(&memory);
}

static void test_buddies(void **state)
{
	static const char text[] = "Node 0, zone      DMA      0      0      0      0      0      "
				   "0      0      1      0      1      3 \n"
				   "Node 0, zone    DMA32      1      2      0      2      0      "
				   "1      4      2      4      3    452 \n"
				   "Node 2, zone   Normal      2      2      0      0      1      "
				   "1      3      2      2      2    490 \n";
	struct memory memory = { 0 };

	(void)state;
	assert_int_equal(parse(&memory, memory_parse_zones, zoneinfo), 0);
	assert_int_equal(parse(&memory, memory_parse_buddies, text), 0);
	assert_int_equal(memory.n_orders, 11);
	assert_int_equal(memory.zones[0].pieces[9], 2 * MIB);
	assert_int_equal(memory.zones[1].pieces[10], 452 * 4 * MIB);
	assert_int_equal(memory.zones[1].pieces[1], 4 * 4096);
	assert_int_equal(memory.zones[6].pieces[10], 0);
	assert_int_equal(parse(&memory, memory_parse_buddies, "Node 0, zone DMA x\n"), -EBADMSG);
	memory_clear(&memory);
	assert_int_equal(parse(&memory, memory_parse_buddies, ""), -ENODATA);
}

static void test_swap(void **state)
{
	struct memory memory = { 0 };

	(void)state;
	assert_int_equal(parse(&memory, memory_parse_swap, "SwapTotal: 9 kB\nSwapFree:  7 kB\n"),
			 0);
	assert_int_equal(memory.swap, 7 * 1024);
	memory_clear(&memory);
	assert_int_equal(parse(&memory, memory_parse_swap, "SwapCached: 2 kB\nSwapFree: 7 kB\n"),
			 0);
	assert_int_equal(memory.swap, 9 * 1024);
	memory_clear(&memory);
	assert_int_equal(parse(&memory, memory_parse_swap, "SwapFree: 0 kB\n"), 0);
	memory_clear(&memory);
	assert_int_equal(parse(&memory, memory_parse_swap, "SwapTotal: 9 kB\n"), -ENODATA);
	assert_int_equal(parse(&memory, memory_parse_swap, "SwapCached: 9 kB\n"), -ENODATA);
	assert_int_equal(parse(&memory, memory_parse_swap, "SwapFree: 99999999999999999999 kB\n"),
			 -EBADMSG);
}

static void test_bad_zones(void **state)
{
	static const struct {
		const char *text;
		int r;
	} bad[] = {
		{ "\n", -ENODATA },
		{ "Node 0, zone Normal\n", -ENODATA },
		{ "Node 0, zone Normal\n  pages free 7\n", -ENODATA },
		{ "Node 0, zone Normal\n managed x\n", -EBADMSG },
		{ "Node 0, zone Normal\n managed 99999999999999999999\n", -EBADMSG },
		{ "Node 0, zone Normal\n managed 1125899906842625\n", -EBADMSG },
		{ "Node 0, zone Normal\n managed 8\n protection: 1\n", -EBADMSG },
		{ "Node 0, zone Normal\n managed 8\n protection: (1\n", -EBADMSG },
		{ "Node 0, zone Normal\n managed 8\n protection: (1, x)\n", -EBADMSG },
		{ "Node 0, zone Normal\n managed 8\n protection: (1, 2, 3, 4, 5, 6, 7, 8, 9)\n",
		  -EBADMSG },
		{ "Node 0, zone A\nNode 0, zone A\nNode 0, zone A\nNode 0, zone A\nNode 0, zone A\n"
		  "Node 0, zone A\nNode 0, zone A\nNode 0, zone A\nNode 0, zone A\n",
		  -EOVERFLOW },
	};
	struct memory memory = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		int r = parse(&memory, memory_parse_zones, bad[i].text);

		assert_msg(r == bad[i].r, "bad[%zu]: %d", i, r);
	}
	memory_clear(&memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),	     cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_nodes),	     cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_huge_figures), cmocka_unit_test(test_zones),
		cmocka_unit_test(test_buddies),	     cmocka_unit_test(test_swap),
		cmocka_unit_test(test_bad_zones),    cmocka_unit_test(test_one_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
