// SPDX-License-Identifier: LGPL-2.1-or-later
/* What keeps memory from going offline: from what three kernels logged, and from flags of pages. */
#include "unit.h"

#define FLAG(bit) (UINT64_C(1) << (bit))
#define LOCKED FLAG(0)
#define FRESH FLAG(3)
#define LRU FLAG(5)
#define SLAB FLAG(7)
#define BUDDY FLAG(10)
#define MAPPED FLAG(11)
#define ANON FLAG(12)
#define SWAPCACHE FLAG(13)
#define SWAPBACKED FLAG(14)
#define HEAD FLAG(15)
#define TAIL FLAG(16)
#define HUGE FLAG(17)
#define POISONED FLAG(19)
#define ABSENT FLAG(20)
#define KSM FLAG(21)
#define TABLE FLAG(26)
#define RESERVED FLAG(32)

/* Blocks of 128 MiB from 4 GiB on, as in the machine that the lines are from. */
static struct daxhp_observation *make_blocks(const char *letters)
{
	struct daxhp_observation *obs = make_observation(letters);

	obs->block_size = 128 << 20;
	obs->target_node = 1;
	obs->memory.page_size = 4096;
	return obs;
}

static struct clues read_lines(const char *const *lines)
{
	struct clues clues = { 0 };

	for (; *lines; lines++)
		clues_take(&clues, *lines);
	return clues;
}

/* ---- the kernel's log ---- */

struct row {
	const char *name;
	const char *lines[10];
	const char *blocks; /* M: ZONE_MOVABLE, N: ZONE_NORMAL */
	int64_t block;
	int errnum;
	enum daxhp_obstacle_kind kind;
	int64_t found, pfn; /* the block, and the page */
	bool is_likely, is_bound;
	const char *file;
};

#define OFFLINING(why) "memory offlining [mem 0x100000000-0x107ffffff] failed due to " why

/* clang-format off */
static const struct row rows[] = {
	/* Linux 6.1 */
	{ "6.1: vmsplice", {
		"migrating pfn 100000 failed ret:256",
		"page:00000000741f099e refcount:3 mapcount:1 mapping:0000000000000000 index:0x7ffff7cdc pfn:0x100000",
		"memcg:ff2b4dd14119b000",
		"anon flags: 0x5fffffc00a000e(referenced|dirty|mappedtodisk|swapbacked|node=1|zone=3|lastcpupid=0x1fffff)",
		"raw: 005fffffc00a000e fff4b58e84000048 ff3a1e4140d2fa20 ff2b4dd14118d951",
		"page dumped because: migration failure",
		OFFLINING("signal backoff"),
	  }, .blocks = "MM", .block = 32, .errnum = EINTR, .kind = DAXHP_OBSTACLE_HELD, .found = 32, .pfn = 0x100000 },
	{ "6.1: a file", {
		"do_migrate_range: 6390 callbacks suppressed",
		"migrating pfn 100001 failed ret:16",
		"page:0000000038e83c69 refcount:3 mapcount:0 mapping:000000004e99c13c index:0x1 pfn:0x100001",
		"aops:ext4_da_aops [ext4] ino:d dentry name(?):\"movie.mkv\"",
		"flags: 0x5fffffc0020024(active|mappedtodisk|node=1|zone=3|lastcpupid=0x1fffff)",
		"page dumped because: migration failure",
	  }, .blocks = "MM", .block = 32, .errnum = EINTR, .kind = DAXHP_OBSTACLE_FILE_HELD, .found = 32, .pfn = 0x100001, .file = "movie.mkv" },
	{ "6.1: slab", {
		"page:00000000741f099e refcount:1 mapcount:0 mapping:0000000000000000 index:0xff2b4dd1400002a0 pfn:0x100000",
		"flags: 0x57ffffc0000200(slab|node=1|zone=2|lastcpupid=0x1fffff)",
		"page dumped because: unmovable page",
		OFFLINING("failure to isolate range"),
	  }, .blocks = "NN", .block = 32, .errnum = EBUSY, .kind = DAXHP_OBSTACLE_KERNEL_MEMORY, .found = 32, .pfn = 0x100000 },
	{ "6.1: a page table, its type in the place of the mapcount", {
		"page:00000000741f099e refcount:1 mapcount:-512 mapping:0000000000000000 index:0x0 pfn:0x100000",
		"flags: 0x57ffffc0000000(node=1|zone=2|lastcpupid=0x1fffff)",
		"page dumped because: unmovable page",
	  }, .blocks = "NN", .block = 32, .errnum = EBUSY, .kind = DAXHP_OBSTACLE_PAGE_TABLES, .found = 32, .pfn = 0x100000 },
	/* Linux 6.12 */
	{ "6.12: unmapped, in a pipe", {
		"migrating pfn 1000ff failed ret:256",
		"page: refcount:2 mapcount:0 mapping:0000000000000000 index:0x7ffff7ddb pfn:0x1000ff",
		"memcg:ff23d493c104d000",
		"anon flags: 0x5fffffc0020908(active|owner_2|swapbacked|node=1|zone=3|lastcpupid=0x1fffff)",
		"page dumped because: migration failure",
	  }, .blocks = "MM", .block = 32, .errnum = EINTR, .kind = DAXHP_OBSTACLE_HELD, .found = 32, .pfn = 0x1000ff },
	{ "6.12: O_DIRECT", {
		"migrating pfn 1007ff failed ret:2048",
		"page: refcount:1026 mapcount:1 mapping:0000000000000000 index:0x7ffff7bff pfn:0x1007ff",
		"anon flags: 0x5fffffc0020918(dirty|active|owner_2|swapbacked|node=1|zone=3|lastcpupid=0x1fffff)",
		"page dumped because: migration failure",
	  }, .blocks = "MM", .block = 32, .errnum = EINTR, .kind = DAXHP_OBSTACLE_PINNED, .found = 32, .pfn = 0x1007ff },
	{ "6.12: a page table", {
		"page: refcount:1 mapcount:0 mapping:0000000000000000 index:0x0 pfn:0x100000",
		"flags: 0x57ffffc0000000(node=1|zone=2|lastcpupid=0x1fffff)",
		"page_type: f2(table)",
		"page dumped because: unmovable page",
		OFFLINING("failure to isolate range"),
	  }, .blocks = "NN", .block = 32, .errnum = EBUSY, .kind = DAXHP_OBSTACLE_PAGE_TABLES, .found = 32, .pfn = 0x100000 },
	{ "6.12: slab, which it calls anonymous", {
		"page: refcount:1 mapcount:0 mapping:0000000000000000 index:0x0 pfn:0x100040",
		"anon flags: 0x57ffffc0000000(node=1|zone=2|lastcpupid=0x1fffff)",
		"page_type: f5(slab)",
		"page dumped because: unmovable page",
	  }, .blocks = "NN", .block = 32, .errnum = EBUSY, .kind = DAXHP_OBSTACLE_KERNEL_MEMORY, .found = 32, .pfn = 0x100040 },
	{ "6.12: a buffer", {
		"page: refcount:1 mapcount:0 mapping:0000000000000000 index:0x0 pfn:0x108040",
		"flags: 0x57ffffc0000000(node=1|zone=2|lastcpupid=0x1fffff)",
		"page dumped because: unmovable page",
	  }, .blocks = "NN", .block = 33, .errnum = EBUSY, .kind = DAXHP_OBSTACLE_KERNEL_BUFFERS, .found = 33, .pfn = 0x108040 },
	{ "6.12: huge pages", { OFFLINING("failure to dissolve huge pages") },
	  .blocks = "MM", .block = 32, .errnum = EBUSY, .kind = DAXHP_OBSTACLE_HUGE_RESERVED, .found = 32, .pfn = -1 },
	{ "6.12: a notifier", { "Injecting error (-16) to MEM_GOING_OFFLINE", OFFLINING("notifier failure") },
	  .blocks = "MM", .block = 32, .errnum = EBUSY, .kind = DAXHP_OBSTACLE_DRIVER, .found = 32, .pfn = -1 },
	{ "6.12: no room", {
		"migrating pfn 100123 failed ret:-12",
		"page: refcount:2 mapcount:1 mapping:0000000000000000 index:0x7ffff7ddb pfn:0x100123",
		"anon flags: 0x5fffffc0020908(active|swapbacked|node=1|zone=3)",
		"page dumped because: migration failure",
	  }, .blocks = "MM", .block = 32, .errnum = EINTR, .kind = DAXHP_OBSTACLE_NO_ROOM, .found = 32, .pfn = 0x100123 },
	{ "6.12: no room, because of the cpuset", {
		"migrating pfn 100123 failed ret:-12",
		"page: refcount:2 mapcount:1 mapping:0000000000000000 index:0x7ffff7ddb pfn:0x100123",
		"page dumped because: migration failure",
	  }, .blocks = "MM", .block = 32, .errnum = EINTR, .kind = DAXHP_OBSTACLE_CPUSET, .found = 32, .pfn = 0x100123, .is_bound = true },
	{ "6.12: no room for a huge page", {
		"migrating pfn 100200 failed ret:-12",
		"page: refcount:2 mapcount:0 mapping:ff23d493c17d5df8 index:0x0 pfn:0x100200",
		"head: order:9 mapcount:1 entire_mapcount:1 nr_pages_mapped:0 pincount:0",
		"flags: 0x5fffffc0000048(head|node=1|zone=3)",
		"page_type: f4(hugetlb)",
		"page dumped because: migration failure",
	  }, .blocks = "MM", .block = 32, .errnum = EINTR, .kind = DAXHP_OBSTACLE_HUGE_PAGES, .found = 32, .pfn = 0x100200 },
	/* Linux 7.3 */
	{ "7.3: a file, in a large folio", {
		"migrating pfn 100048 failed ret:7",
		"page: refcount:9 mapcount:0 mapping:00000000fd8f9fb6 index:0xc pfn:0x100048",
		"head: order:2 mapcount:0 entire_mapcount:0 nr_pages_mapped:0 pincount:0",
		"aops:ext4_da_aops [ext4] ino:d dentry name(?):\"movie.mkv\"",
		"flags: 0x5fffffc200084c(referenced|owner_2|head|node=1|zone=3|lastcpupid=0x1fffff)",
		"head: 005fffffc200084c ff72b09e04001108 ff2b79f380df38f8 ff1aedca41582b40",
		"page dumped because: migration failure",
	  }, .blocks = "MM", .block = -1, .errnum = EBUSY, .kind = DAXHP_OBSTACLE_FILE_HELD, .found = 32, .pfn = 0x100048, .file = "movie.mkv" },
	{ "7.3: pinned, in a large folio", {
		"migrating pfn 100200 failed ret:1",
		"page: refcount:1538 mapcount:0 mapping:0000000000000000 index:0x7ffff7a00 pfn:0x100200",
		"head: order:9 mapcount:512 entire_mapcount:0 nr_pages_mapped:512 pincount:1",
		"anon flags: 0x5fffffc0020948(head|swapbacked|node=1|zone=3)",
		"page dumped because: migration failure",
	  }, .blocks = "MM", .block = -1, .errnum = EINTR, .kind = DAXHP_OBSTACLE_PINNED, .found = 32, .pfn = 0x100200 },
	{ "7.3: a huge page of 1 GiB", {
		"migrating pfn 100000 failed ret:-12",
		"page: refcount:2 mapcount:0 mapping:ff23d493c17d5df8 index:0x0 pfn:0x100000",
		"head: order:18 mapcount:1 entire_mapcount:1 nr_pages_mapped:0 pincount:0",
		"page_type: f4(hugetlb)",
		"page dumped because: migration failure",
	  }, .blocks = "MM", .block = -1, .errnum = EINTR, .kind = DAXHP_OBSTACLE_GIGANTIC_PAGES, .found = 32, .pfn = 0x100000 },
	/* all */
	{ "a large folio of a file: each of its pages counts once", {
		"migrating pfn 100048 failed ret:7",
		"page: refcount:5 mapcount:0 mapping:00000000fd8f9fb6 index:0xc pfn:0x100048",
		"head: order:2 mapcount:0 entire_mapcount:0 nr_pages_mapped:0 pincount:0",
		"aops:ext4_da_aops [ext4] ino:d dentry name(?):\"movie.mkv\"",
		"page dumped because: migration failure",
	  }, .blocks = "MM", .block = 32, .errnum = EINTR, .kind = DAXHP_OBSTACLE_BUSY, .found = 32, .pfn = 0x100048, .is_likely = true, .file = "movie.mkv" },
	{ "a page that was busy for a moment", {
		"migrating pfn 100010 failed ret:1",
		"page: refcount:2 mapcount:1 mapping:0000000000000000 index:0x7ffff7ddb pfn:0x100010",
		"page dumped because: migration failure",
	  }, .blocks = "MM", .block = 32, .errnum = EINTR, .kind = DAXHP_OBSTACLE_BUSY, .found = 32, .pfn = 0x100010, .is_likely = true },
	{ "with buffers, which hold a page of a file", {
		"migrating pfn 100010 failed ret:1",
		"page: refcount:3 mapcount:0 mapping:00000000fd8f9fb6 index:0x1 pfn:0x100010",
		"aops:def_blk_aops ino:10300000",
		"flags: 0x5fffffc0002024(active|private|node=1|zone=3)",
		"page dumped because: migration failure",
	  }, .blocks = "MM", .block = 32, .errnum = EINTR, .kind = DAXHP_OBSTACLE_BUSY, .found = 32, .pfn = 0x100010, .is_likely = true },
	{ "what cannot move says more than what is busy", {
		"migrating pfn 100010 failed ret:1",
		"page: refcount:2 mapcount:1 mapping:0000000000000000 index:0x7ffff7ddb pfn:0x100010",
		"page dumped because: migration failure",
		"migrating pfn 100020 failed ret:1",
		"page: refcount:3 mapcount:1 mapping:0000000000000000 index:0x7ffff7ddb pfn:0x100020",
		"page dumped because: migration failure",
	  }, .blocks = "MM", .block = 32, .errnum = EINTR, .kind = DAXHP_OBSTACLE_HELD, .found = 32, .pfn = 0x100020 },
	{ "a page of another block", {
		"migrating pfn 108010 failed ret:1",
		"page: refcount:3 mapcount:1 mapping:0000000000000000 index:0x7ffff7ddb pfn:0x108010",
		"page dumped because: migration failure",
	  }, .blocks = "MM", .block = 32, .errnum = EINTR, .kind = DAXHP_OBSTACLE_NONE, .found = 32, .pfn = -1 },
	{ "the kernel names another block than the caller", { OFFLINING("notifier failure") },
	  .blocks = "MM", .block = 33, .errnum = EBUSY, .kind = DAXHP_OBSTACLE_DRIVER, .found = 32, .pfn = -1 },
	{ "a line about another device", {
		"memory offlining [mem 0x200000000-0x207ffffff] failed due to notifier failure",
	  }, .blocks = "MM", .block = 32, .errnum = EBUSY, .kind = DAXHP_OBSTACLE_NONE, .found = 32, .pfn = -1 },
	{ "the same, and the block is not known", {
		"memory offlining [mem 0x200000000-0x207ffffff] failed due to notifier failure",
	  }, .blocks = "MM", .block = -1, .errnum = EBUSY, .kind = DAXHP_OBSTACLE_NONE, .found = -1, .pfn = -1 },
	{ "a page of another device", {
		"migrating pfn 200010 failed ret:1",
		"page: refcount:3 mapcount:1 mapping:0000000000000000 index:0x7ffff7ddb pfn:0x200010",
		"page dumped because: migration failure",
	  }, .blocks = "MM", .block = -1, .errnum = EINTR, .kind = DAXHP_OBSTACLE_NONE, .found = -1, .pfn = -1 },
	{ "dumped for another reason", {
		"page: refcount:3 mapcount:1 mapping:0000000000000000 index:0x7ffff7ddb pfn:0x100010",
		"page dumped because: VM_BUG_ON_PAGE(1)",
	  }, .blocks = "MM", .block = 32, .errnum = EINTR, .kind = DAXHP_OBSTACLE_NONE, .found = 32, .pfn = -1 },
	{ "the beginning is lost", {
		"flags: 0x57ffffc0000200(slab|node=1|zone=2|lastcpupid=0x1fffff)",
		"page dumped because: unmovable page",
	  }, .blocks = "NN", .block = 32, .errnum = EBUSY, .kind = DAXHP_OBSTACLE_NONE, .found = 32, .pfn = -1 },
	{ "the end of a dump whose beginning is lost, after another one", {
		"migrating pfn 100010 failed ret:1",
		"page: refcount:3 mapcount:1 mapping:0000000000000000 index:0x7ffff7ddb pfn:0x100010",
		"page dumped because: migration failure",
		"page dumped because: unmovable page",
	  }, .blocks = "MM", .block = 32, .errnum = EINTR, .kind = DAXHP_OBSTACLE_HELD, .found = 32, .pfn = 0x100010 },
	{ "silence", { "Fallback order for Node 0: 0 2" }, .blocks = "MM", .block = 32, .errnum = EBUSY, .kind = DAXHP_OBSTACLE_NONE, .found = 32, .pfn = -1 },
};
/* clang-format on */

static void test_log(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *row = &rows[i];
		struct daxhp_observation *obs = make_blocks(row->blocks);
		struct clues clues = read_lines(row->lines);
		struct offline_attempt attempt = {
			.obs = obs,
			.block = row->block,
			.errnum = row->errnum,
			.clues = &clues,
			.is_bound_to_node = row->is_bound,
		};
		struct daxhp_obstacle o;

		/* Without a page that failed, a cpuset is all that is known. */
		obstacle_find(&attempt, &o);
		assert_msg(o.kind == row->kind, "%s: kind %d", row->name, o.kind);
		assert_msg(o.block == row->found, "%s: block %d", row->name, (int)o.block);
		assert_msg(o.pfn == row->pfn, "%s: page %#llx", row->name, (long long)o.pfn);
		assert_msg(o.kind == DAXHP_OBSTACLE_NONE || o.is_certain == !row->is_likely,
			   "%s: certain", row->name);
		assert_msg(strcmp(o.file, row->file ? row->file : "") == 0, "%s: file %s",
			   row->name, o.file);
		daxhp_observation_unref(obs);
	}
}

static void test_names_of_files(void **state)
{
	static const struct {
		const char *line, *file, *filesystem;
	} names[] = {
		{ "aops:ext4_da_aops [ext4] ino:d dentry name(?):\"a\"b\\x1b[31m\"",
		  "a\"b\\x1b[31m", "ext4" },
		{ "aops:xfs_address_space_operations [xfs] ino:83 dentry name:\"x\"", "x", "xfs" },
		{ "aops:shmem_aops ino:400 dentry name(?):\"memfd:a\"", "memfd:a", "shmem" },
		{ "aops:btrfs_aops ino:1", "", "btrfs" },
		{ "aops:ext4_da_aops ino:1 dentry name(?):\"", "", "ext4" },
		{ "aops:0xffffffffa0000000", "", "0xffffffffa0000000" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *const lines[] = {
			"page: refcount:3 mapcount:0 mapping:00000000fd8f9fb6 index:0x1 "
			"pfn:0x100010",
			names[i].line,
			"page dumped because: migration failure",
			NULL,
		};
		struct clues clues = read_lines(lines);

		assert_int_equal(clues.n_pages, 1);
		assert_string_equal(clues.pages[0].file, names[i].file);
		assert_string_equal(clues.pages[0].filesystem, names[i].filesystem);
	}
}

static void test_records(void **state)
{
	char record[] = "4,1234,98765,-;migrating pfn 1 failed ret:1\n SUBSYSTEM=x\n";
	char none[] = "no record";

	(void)state;
	assert_string_equal(clues_record_text(record), "migrating pfn 1 failed ret:1");
	assert_null(clues_record_text(none));
}

/* The dump that says that a page cannot move at all is kept, however many came before. */
static void test_many_pages(void **state)
{
	struct clues clues = { 0 };

	(void)state;
	for (unsigned int pfn = 0x100000; pfn < 0x100100; pfn++) {
		char line[128];

		snprintf(line, sizeof(line), "page: refcount:3 mapcount:1 mapping:0 pfn:%#x", pfn);
		clues_take(&clues, line);
		clues_take(&clues, pfn == 0x1000ff ? "page dumped because: unmovable page"
						   : "page dumped because: migration failure");
	}
	assert_int_equal(clues.n_pages, CLUES_MAX);
	assert_true(clues.pages[CLUES_MAX - 1].is_unmovable);
	assert_int_equal(clues.pages[CLUES_MAX - 1].pfn, 0x1000ff);
}

/* ---- the same page, again and again ---- */

static bool fails_at(struct repeats *repeats, double now, unsigned int pfn)
{
	struct clues clues = { .repeats = repeats };
	char line[64];

	snprintf(line, sizeof(line), "migrating pfn %x failed ret:1", pfn);
	repeats->now = now;
	clues_take(&clues, line);
	return repeats->is_over;
}

static void test_patience(void **state)
{
	struct repeats repeats = { .patience = 30 };

	(void)state;
	assert_false(fails_at(&repeats, 100, 1));
	assert_false(fails_at(&repeats, 110, 2));
	assert_false(fails_at(&repeats, 129.9, 1));
	assert_false(fails_at(&repeats, 135, 2));
	assert_true(fails_at(&repeats, 140, 2));
}

/* Pages that fail once each are progress, not a standstill. */
static void test_patience_with_many_pages(void **state)
{
	struct repeats repeats = { .patience = 30 };

	(void)state;
	for (unsigned int i = 1; i < 1000; i++)
		assert_false(fails_at(&repeats, i, i));
	/* But the one that is stuck is not forgotten among them. */
	for (unsigned int i = 1000; i < 1031; i++) {
		fails_at(&repeats, i, 0xffff);
		for (unsigned int k = 0; k < 40; k++)
			fails_at(&repeats, i, 0x10000 + i * 40 + k);
	}
	assert_true(repeats.is_over);
}

/* ---- the flags of pages ---- */

static void test_uses(void **state)
{
	static const struct {
		uint64_t flags;
		enum daxhp_use use;
	} uses[] = {
		{ BUDDY, DAXHP_USE_FREE },
		{ FRESH | LRU | MAPPED | ANON | SWAPBACKED | KSM, DAXHP_USE_ANON },
		{ FRESH | LRU | SWAPBACKED, DAXHP_USE_SHARED },
		{ FRESH | LRU, DAXHP_USE_FILE },
		{ HUGE | HEAD | MAPPED, DAXHP_USE_HUGE },
		{ SLAB, DAXHP_USE_SLAB },
		{ SLAB | ANON, DAXHP_USE_SLAB },
		{ TABLE | MAPPED, DAXHP_USE_PAGE_TABLES },
		{ RESERVED, DAXHP_USE_RESERVED },
		{ POISONED | ANON, DAXHP_USE_POISONED },
		{ 0, DAXHP_USE_OTHER },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(uses); i++) {
		struct page_counts counts = { 0 };

		pages_count(&counts, 0, &uses[i].flags, 1);
		for (enum daxhp_use use = 0; use < DAXHP_USE_MAX; use++)
			assert_msg(counts.pages[use] == (use == uses[i].use), "row %zu: %s", i,
				   daxhp_use_name(use));
		assert_non_null(daxhp_use_name(uses[i].use));
	}
	assert_null(daxhp_use_name(DAXHP_USE_MAX));
}

/* A tail does not have the flags of its head. It can be in the next piece that is read. */
static void test_large_pages(void **state)
{
	const uint64_t head[] = { BUDDY, SLAB | HEAD }, tails[] = { TAIL, TAIL, 0, ABSENT };
	struct page_counts counts = { 0 };

	(void)state;
	pages_count(&counts, 0, head, ARRAY_SIZE(head));
	pages_count(&counts, 2, tails, ARRAY_SIZE(tails));
	assert_int_equal(counts.pages[DAXHP_USE_SLAB], 3);
	assert_int_equal(counts.pages[DAXHP_USE_FREE], 1);
	assert_int_equal(counts.pages[DAXHP_USE_OTHER], 1);
	assert_int_equal(pages_used(&counts), 3);
}

static void test_suspects(void **state)
{
	const uint64_t flags[] = {
		ANON | MAPPED | LRU,
		ANON | LRU,
		ANON | LRU | SWAPCACHE,
		ANON | LRU | POISONED,
		ANON | LRU,
		LRU | LOCKED | FRESH,
		LOCKED,
	};
	struct page_counts counts = { 0 };

	(void)state;
	pages_count(&counts, 1000, flags, ARRAY_SIZE(flags));
	assert_int_equal(counts.orphans.count, 2);
	assert_int_equal(counts.orphans.pfn, 1001);
	assert_int_equal(counts.locked.count, 1);
	assert_int_equal(counts.locked.pfn, 1005);
	assert_true(page_is_suspect(flags[1], false));
	assert_false(page_is_suspect(flags[0], false));
	assert_true(page_is_suspect(flags[5], true));
	assert_false(page_is_suspect(flags[1], true));
}

/* ---- without the log ---- */

static void test_counts(void **state)
{
	static const struct {
		const char *blocks;
		int errnum;
		uint64_t slab, tables, huge, orphans, locked, huge_missing;
		bool has_waited;
		enum daxhp_obstacle_kind kind;
	} cases[] = {
		{ "N", EBUSY, .slab = 3, .kind = DAXHP_OBSTACLE_KERNEL_MEMORY },
		{ "N", EBUSY, .tables = 3, .kind = DAXHP_OBSTACLE_PAGE_TABLES },
		{ "M", EBUSY, .slab = 3, .kind = DAXHP_OBSTACLE_NONE },
		{ "N", EINTR, .slab = 3, .kind = DAXHP_OBSTACLE_NONE },
		{ "M", EINTR, .orphans = 3, .kind = DAXHP_OBSTACLE_HELD },
		{ "M", EBUSY, .orphans = 3, .kind = DAXHP_OBSTACLE_NONE },
		{ "M", EINTR, .locked = 3, .kind = DAXHP_OBSTACLE_IO },
		{ "M", EBUSY, .huge = 512, .huge_missing = 1,
		  .kind = DAXHP_OBSTACLE_HUGE_RESERVED },
		{ "M", EBUSY, .huge = 512, .kind = DAXHP_OBSTACLE_NONE },
		{ "M", EINTR, .has_waited = true, .kind = DAXHP_OBSTACLE_IO },
		{ "M", EINTR, .kind = DAXHP_OBSTACLE_NONE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct daxhp_observation *obs = make_blocks(cases[i].blocks);
		struct daxhp_room room = { .huge_missing = cases[i].huge_missing };
		struct page_counts counts = {
			.orphans.count = cases[i].orphans,
			.locked.count = cases[i].locked,
		};
		struct offline_attempt attempt = {
			.obs = obs,
			.room = &room,
			.block = FIRST_BLOCK,
			.errnum = cases[i].errnum,
			.counts = &counts,
			.has_waited_for_io = cases[i].has_waited,
		};
		struct daxhp_obstacle o;

		counts.pages[DAXHP_USE_SLAB] = cases[i].slab;
		counts.pages[DAXHP_USE_PAGE_TABLES] = cases[i].tables;
		counts.pages[DAXHP_USE_HUGE] = cases[i].huge;
		obstacle_find(&attempt, &o);
		assert_msg(o.kind == cases[i].kind, "row %zu: kind %d", i, o.kind);
		/* What no log has said is likely at best. */
		assert_msg(!o.is_certain || cases[i].has_waited, "row %zu: certain", i);
		daxhp_observation_unref(obs);
	}
}

static void test_a_page_in_io_seems_busy(void **state)
{
	const char *const lines[] = {
		"migrating pfn 100010 failed ret:1",
		"page: refcount:2 mapcount:1 mapping:0000000000000000 index:0x1 pfn:0x100010",
		"page dumped because: migration failure",
		NULL,
	};
	struct daxhp_observation *obs = make_blocks("M");
	struct clues clues = read_lines(lines);
	struct offline_attempt attempt = {
		.obs = obs,
		.block = FIRST_BLOCK,
		.errnum = EINTR,
		.clues = &clues,
		.has_waited_for_io = true,
	};
	struct daxhp_obstacle o;

	(void)state;
	obstacle_find(&attempt, &o);
	assert_int_equal(o.kind, DAXHP_OBSTACLE_IO);
	assert_int_equal(o.block, FIRST_BLOCK);
	daxhp_observation_unref(obs);
}

/* ---- before anything is tried ---- */

#define BLOCKS 4

struct before {
	struct daxhp_observation *obs;
	struct daxhp_room room;
	struct page_counts counts[BLOCKS];
	struct daxhp_block_use uses[BLOCKS];
	struct daxhp_obstacle *obstacles;
	size_t n;
	enum daxhp_verdict verdict;
};

static void list(struct before *b, bool is_bound)
{
	struct explanation_blocks blocks = { b->counts, b->uses, b->obs->n_blocks };

	for (size_t i = 0; i < blocks.n; i++)
		b->uses[i].block = b->obs->blocks[i].id;
	free(b->obstacles);
	assert_int_equal(obstacles_list(b->obs, &b->room, &blocks, is_bound, &b->obstacles, &b->n,
					&b->verdict),
			 0);
}

static void end(struct before *b)
{
	free(b->obstacles);
	daxhp_observation_unref(b->obs);
}

static void test_nothing(void **state)
{
	struct before b = { .obs = make_blocks("MMMM"), .room.verdict = DAXHP_VERDICT_LIKELY };

	(void)state;
	list(&b, false);
	assert_int_equal(b.n, 0);
	assert_int_equal(b.verdict, DAXHP_VERDICT_LIKELY);
	/* Its own memory is not in the way, and nor is memory that moves. */
	b.counts[1].pages[DAXHP_USE_ANON] = 100;
	b.counts[1].pages[DAXHP_USE_OTHER] = 100;
	b.room.verdict = DAXHP_VERDICT_YES;
	list(&b, false);
	assert_int_equal(b.n, 0);
	assert_int_equal(b.verdict, DAXHP_VERDICT_YES);
	end(&b);
}

static void test_kernel_zone(void **state)
{
	struct before b = { .obs = make_blocks("NNMM"), .room.verdict = DAXHP_VERDICT_YES };
	struct memory_zone zone = { .node = 1, .cached = 100 * 4096 };

	(void)state;
	b.obs->memory.zones = calloc(1, sizeof(zone));
	b.obs->memory.zones[0] = zone;
	b.obs->memory.n_zones = 1;
	/* The kernel may take some at any moment. */
	list(&b, false);
	assert_int_equal(b.verdict, DAXHP_VERDICT_LIKELY);
	b.counts[1].pages[DAXHP_USE_OTHER] = 100;
	list(&b, false);
	assert_int_equal(b.n, 0);
	b.counts[1].pages[DAXHP_USE_OTHER] = 103;
	list(&b, false);
	assert_int_equal(b.n, 1);
	assert_int_equal(b.obstacles[0].kind, DAXHP_OBSTACLE_KERNEL_BUFFERS);
	assert_int_equal(b.obstacles[0].pages, 3);
	assert_false(b.obstacles[0].is_certain);
	assert_int_equal(b.verdict, DAXHP_VERDICT_MAYBE);
	b.counts[0].pages[DAXHP_USE_SLAB] = 5;
	b.counts[0].pages[DAXHP_USE_PAGE_TABLES] = 6;
	list(&b, false);
	assert_int_equal(b.n, 3);
	assert_int_equal(b.obstacles[0].kind, DAXHP_OBSTACLE_KERNEL_MEMORY);
	assert_int_equal(b.obstacles[0].block, FIRST_BLOCK);
	assert_int_equal(b.obstacles[1].kind, DAXHP_OBSTACLE_PAGE_TABLES);
	assert_int_equal(b.verdict, DAXHP_VERDICT_NO);
	end(&b);
}

/* The kernel goes from the second block to the last, and then to the first. */
static void test_no_room(void **state)
{
	struct before b = { .obs = make_blocks("MMMM") };

	(void)state;
	b.room = (struct daxhp_room){
		.verdict = DAXHP_VERDICT_NO, .to_move = 400, .free = 250, .missing = 150
	};
	for (size_t i = 0; i < BLOCKS; i++)
		b.uses[i].used = 100;
	list(&b, false);
	assert_int_equal(b.n, 1);
	assert_int_equal(b.obstacles[0].kind, DAXHP_OBSTACLE_NO_ROOM);
	assert_int_equal(b.obstacles[0].block, FIRST_BLOCK + 3);
	assert_int_equal(b.obstacles[0].to_move, 400);
	b.room.free = 350;
	list(&b, false);
	assert_int_equal(b.obstacles[0].block, FIRST_BLOCK);
	/* The estimate is of the worst case. If all fits, it is the fullest. */
	b.room.free = 1000;
	b.uses[2].used = 200;
	list(&b, false);
	assert_int_equal(b.obstacles[0].block, FIRST_BLOCK + 2);
	end(&b);
}

static void test_huge_pages(void **state)
{
	struct before b = { .obs = make_blocks("MMMM") };

	(void)state;
	b.room = (struct daxhp_room){ .verdict = DAXHP_VERDICT_NO,
				      .huge_missing = 8,
				      .huge_size = 2 << 20 };
	b.uses[1].bytes[DAXHP_USE_HUGE] = 24 << 20;
	list(&b, false);
	assert_int_equal(b.n, 1);
	assert_int_equal(b.obstacles[0].kind, DAXHP_OBSTACLE_HUGE_RESERVED);
	assert_int_equal(b.obstacles[0].block, FIRST_BLOCK + 1);
	assert_int_equal(b.obstacles[0].pages, 8);
	b.room.huge_size = 1 << 30;
	list(&b, false);
	assert_int_equal(b.obstacles[0].kind, DAXHP_OBSTACLE_GIGANTIC_PAGES);
	end(&b);
}

static void test_others(void **state)
{
	struct before b = { .obs = make_blocks("MMMM") };

	(void)state;
	/* Broken pages are told, and are not in the way. */
	b.counts[2].pages[DAXHP_USE_POISONED] = 1;
	list(&b, false);
	assert_int_equal(b.n, 1);
	assert_int_equal(b.obstacles[0].kind, DAXHP_OBSTACLE_POISONED);
	assert_int_equal(b.verdict, DAXHP_VERDICT_YES);
	b.counts[2].orphans = (struct page_suspect){ 2, 77 };
	b.counts[3].locked = (struct page_suspect){ 1, 88 };
	list(&b, false);
	assert_int_equal(b.n, 3);
	assert_int_equal(b.obstacles[0].kind, DAXHP_OBSTACLE_HELD);
	assert_int_equal(b.obstacles[0].pfn, 77);
	assert_int_equal(b.obstacles[2].kind, DAXHP_OBSTACLE_IO);
	assert_int_equal(b.obstacles[2].pfn, 88);
	assert_int_equal(b.verdict, DAXHP_VERDICT_MAYBE);
	/* A cpuset matters if there is something to move, and another node. */
	memset(b.counts, 0, sizeof(b.counts));
	list(&b, true);
	assert_int_equal(b.n, 0);
	b.room.to_move = 1;
	list(&b, true);
	assert_int_equal(b.n, 1);
	assert_int_equal(b.obstacles[0].kind, DAXHP_OBSTACLE_CPUSET);
	b.room.is_alone = true;
	list(&b, true);
	assert_int_equal(b.n, 0);
	end(&b);
}

static void test_own_nodes(void **state)
{
	(void)state;
	assert_true(nodes_are_only("1", 1));
	assert_false(nodes_are_only("1", 0));
	assert_false(nodes_are_only("0-1", 1));
	assert_false(nodes_are_only("1,3", 1));
	assert_false(nodes_are_only("10", 1));
}

/* ---- words ---- */

static void test_sentences(void **state)
{
	static const struct {
		struct daxhp_obstacle o;
		const char *sentence, *advice;
	} sentences[] = {
		{ { .kind = DAXHP_OBSTACLE_HUGE_RESERVED,
		    .is_certain = true,
		    .pages = 8,
		    .page_size = 2 << 20,
		    .nodes = "nodes 0 and 2" },
		  "8 huge pages of 2 MiB are reserved, and none is spare elsewhere",
		  "Raise nr_hugepages on nodes 0 and 2, or end the program that reserved them." },
		{ { .kind = DAXHP_OBSTACLE_HUGE_PAGES, .pages = 1, .page_size = 2 << 20 },
		  "likely: 1 huge page of 2 MiB is in use, and elsewhere there is no free one and "
		  "no "
		  "memory in one piece",
		  "Raise nr_hugepages on other nodes, or end the program that uses them." },
		{ { .kind = DAXHP_OBSTACLE_GIGANTIC_PAGES,
		    .is_certain = true,
		    .page_size = 1 << 30 },
		  "huge pages of 1 GiB are in use, and the kernel cannot make such elsewhere",
		  "End the program that uses them, and make nr_hugepages smaller." },
		{ { .kind = DAXHP_OBSTACLE_NO_ROOM,
		    .is_certain = true,
		    .to_move = UINT64_C(200) << 20,
		    .free = UINT64_C(18) << 20,
		    .nodes = "node 0" },
		  "no room: 200 MiB to move, 18 MiB free on node 0",
		  "Free 182 MiB on node 0, or add swap." },
		{ { .kind = DAXHP_OBSTACLE_NO_ROOM, .is_certain = true },
		  "no room: its pages find no free memory",
		  "Free memory, or add swap." },
		{ { .kind = DAXHP_OBSTACLE_FILE_HELD,
		    .is_certain = true,
		    .file = "movie.mkv",
		    .filesystem = "ext4" },
		  "\"movie.mkv\" (ext4) is held by a pipe, a socket or I/O",
		  "End the program that has the pipe or the socket, or wait for it." },
		{ { .kind = DAXHP_OBSTACLE_PINNED, .is_certain = true, .pid = 12, .comm = "qemu" },
		  "a page of qemu (pid 12) is pinned by I/O to a device, such as O_DIRECT",
		  "Wait for the I/O, or end the program." },
		{ { .kind = DAXHP_OBSTACLE_KERNEL_MEMORY, .is_certain = true, .pages = 3 },
		  "3 pages of it are memory of the kernel's own (slab), which cannot be moved",
		  "Only a reboot may free it; then bring it online with --movable." },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sentences); i++) {
		char text[256];

		daxhp_obstacle_describe(&sentences[i].o, text, sizeof(text));
		assert_string_equal(text, sentences[i].sentence);
		daxhp_obstacle_advise(&sentences[i].o, text, sizeof(text));
		assert_string_equal(text, sentences[i].advice);
	}
}

static void test_every_kind(void **state)
{
	(void)state;
	assert_null(daxhp_obstacle_kind_name(DAXHP_OBSTACLE_NONE));
	assert_null(daxhp_obstacle_kind_name(DAXHP_OBSTACLE_POISONED + 1));
	assert_null(daxhp_evidence_name(DAXHP_EVIDENCE_NONE));
	assert_null(daxhp_evidence_name(DAXHP_EVIDENCE_PROCESS + 1));
	for (int kind = DAXHP_OBSTACLE_UNKNOWN; kind <= DAXHP_OBSTACLE_POISONED; kind++) {
		struct daxhp_obstacle o = { .kind = kind, .is_certain = true };
		char text[256], cut[8];

		assert_non_null(daxhp_obstacle_kind_name(kind));
		assert_true(daxhp_obstacle_describe(&o, text, sizeof(text)) < sizeof(text));
		assert_true(*text && text[strlen(text) - 1] != '.');
		assert_int_equal(daxhp_obstacle_describe(&o, cut, sizeof(cut)), strlen(text));
		assert_int_equal(strlen(cut), sizeof(cut) - 1);
		daxhp_obstacle_advise(&o, text, sizeof(text));
		assert_int_equal(text[strlen(text) - 1], '.');
	}
}

/* ---- /proc ---- */

static void test_numa_lines(void **state)
{
	uint64_t start = 0, pages = 0, size = 0;

	(void)state;
	assert_true(numa_line_parse("7ffff7cdc000 default anon=256 dirty=256 active=0 N1=256 "
				    "kernelpagesize_kB=4\n",
				    1, &start, &pages, &size));
	assert_int_equal(start, 0x7ffff7cdc000);
	assert_int_equal(pages, 256);
	assert_int_equal(size, 4096);
	assert_true(numa_line_parse("7ffff6c00000 bind:1 file=/anon_hugepage huge anon=2 dirty=2 "
				    "N1=2 kernelpagesize_kB=2048\n",
				    1, &start, &pages, &size));
	assert_int_equal(size, 2 << 20);
	assert_false(numa_line_parse("7ffff7cdc000 default anon=2 N0=2 N11=3\n", 1, &start, &pages,
				     &size));
	assert_false(numa_line_parse("7ffff7cdc000 default file=/tmp/N1=5 mapped=2 N0=2\n", 1,
				     &start, &pages, &size));
	assert_false(numa_line_parse("7ffff7cdc000 default\n", 1, &start, &pages, &size));
	assert_false(numa_line_parse(" N1=5\n", 1, &start, &pages, &size));
	assert_false(numa_line_parse("", 1, &start, &pages, &size));
}

static void test_users_are_sorted(void **state)
{
	struct daxhp_user users[] = {
		{ .pid = 1, .bytes = 10 },
		{ .pid = 3, .bytes = 30 },
		{ .pid = 2, .bytes = 30 },
	};

	(void)state;
	users_sort(users, ARRAY_SIZE(users));
	assert_int_equal(users[0].pid, 2);
	assert_int_equal(users[1].pid, 3);
	assert_int_equal(users[2].pid, 1);
	users_sort(NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_log),
		cmocka_unit_test(test_names_of_files),
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_many_pages),
		cmocka_unit_test(test_patience),
		cmocka_unit_test(test_patience_with_many_pages),
		cmocka_unit_test(test_uses),
		cmocka_unit_test(test_large_pages),
		cmocka_unit_test(test_suspects),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_a_page_in_io_seems_busy),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_kernel_zone),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_huge_pages),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_own_nodes),
		cmocka_unit_test(test_sentences),
		cmocka_unit_test(test_every_kind),
		cmocka_unit_test(test_numa_lines),
		cmocka_unit_test(test_users_are_sorted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
