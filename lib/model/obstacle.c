// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What keeps memory from going offline: from the clues to a kind. Pure.
 *
 * There are two times to ask. Before an offline, there are the estimate of the room and the flags of the
 * pages. They show no pins: a page that I/O or a pipe holds looks like any other. After an offline that
 * did not succeed, the kernel's log shows the reason, and some of the pages with their references.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "model.h"

/* A reference for direct I/O or another device counts as so many (the kernel's GUP_PIN_COUNTING_BIAS). */
#define PIN 1024
/* Linux 6.1 to 7.3 make pieces of up to this order; more is read if there are huge pages. */
#define ORDERS 11

/* ---- after an offline that did not succeed ---- */

static uint64_t page_size_of(const struct daxhp_observation *obs)
{
	return obs->memory.page_size ? obs->memory.page_size : 4096;
}

static struct daxhp_obstacle obstacle_at(const struct daxhp_observation *obs, int64_t block)
{
	return (struct daxhp_obstacle){
		.block = block,
		.pfn = -1,
		.page_size = page_size_of(obs),
		.node = obs->target_node,
	};
}

/* -1: it is none of the device's. */
static int64_t block_of(const struct daxhp_observation *obs, uint64_t address)
{
	uint64_t id = obs->block_size ? address / obs->block_size : 0;

	return observation_find_block(obs, id) ? (int64_t)id : -1;
}

/* The references that neither page tables nor the page cache have, nor the kernel that moves the page. */
static int64_t extra_references(const struct page_clue *page)
{
	int64_t usual = 1 + page->mapcount;

	if (page->has_file && !page->is_anon)
		usual += (INT64_C(1) << page->order) + page->has_private;
	if (page->is_swapcache)
		usual += INT64_C(1) << page->order;
	return page->refcount - usual;
}

static enum daxhp_obstacle_kind kind_of_unmovable(const struct page_clue *page)
{
	if (page->is_table)
		return DAXHP_OBSTACLE_PAGE_TABLES;
	if (page->is_slab || page->is_reserved)
		return DAXHP_OBSTACLE_KERNEL_MEMORY;
	return DAXHP_OBSTACLE_KERNEL_BUFFERS;
}

static bool is_gigantic(const struct daxhp_observation *obs, unsigned int order)
{
	size_t n_orders = obs->memory.n_orders ? obs->memory.n_orders : ORDERS;

	return order >= n_orders;
}

static enum daxhp_obstacle_kind kind_of_no_room(const struct offline_attempt *a,
						const struct page_clue *page)
{
	if (page->is_huge)
		return is_gigantic(a->obs, page->order) ? DAXHP_OBSTACLE_GIGANTIC_PAGES
							: DAXHP_OBSTACLE_HUGE_PAGES;
	return a->is_bound_to_node ? DAXHP_OBSTACLE_CPUSET : DAXHP_OBSTACLE_NO_ROOM;
}

static enum daxhp_obstacle_kind kind_of_page(const struct offline_attempt *a,
					     const struct page_clue *page)
{
	int64_t extra = extra_references(page);

	if (page->is_unmovable)
		return kind_of_unmovable(page);
	if (page->ret < 0)
		return kind_of_no_room(a, page);
	if (page->pincount > 0 || extra >= PIN)
		return DAXHP_OBSTACLE_PINNED;
	if (extra > 0)
		return *page->file ? DAXHP_OBSTACLE_FILE_HELD : DAXHP_OBSTACLE_HELD;
	return DAXHP_OBSTACLE_BUSY;
}

/* What cannot move at all explains more than what is busy; and any of them more than a passing page. */
static int weight(enum daxhp_obstacle_kind kind)
{
	switch (kind) {
	case DAXHP_OBSTACLE_KERNEL_MEMORY:
	case DAXHP_OBSTACLE_PAGE_TABLES:
	case DAXHP_OBSTACLE_KERNEL_BUFFERS:
		return 3;
	case DAXHP_OBSTACLE_BUSY:
		return 1;
	default:
		return 2;
	}
}

static void take_page(struct daxhp_obstacle *o, const struct page_clue *page,
		      enum daxhp_obstacle_kind kind)
{
	o->kind = kind;
	o->pfn = page->pfn;
	o->is_certain = kind != DAXHP_OBSTACLE_BUSY;
	o->pages = 0;
	o->page_size <<= page->is_huge ? page->order : 0;
	strcpy(o->file, page->file);
	strcpy(o->filesystem, page->filesystem);
}

static bool find_in_pages(const struct offline_attempt *a, struct daxhp_obstacle *o)
{
	uint64_t page_size = o->page_size;
	int best = 0;

	for (size_t i = 0; a->clues && i < a->clues->n_pages; i++) {
		const struct page_clue *page = &a->clues->pages[i];
		int64_t block = block_of(a->obs, page->pfn * page_size);
		enum daxhp_obstacle_kind kind = kind_of_page(a, page);

		if (block < 0 || (a->block >= 0 && block != a->block) || weight(kind) <= best)
			continue;
		best = weight(kind);
		o->page_size = page_size;
		take_page(o, page, kind);
		o->block = block;
		o->evidence = DAXHP_EVIDENCE_KERNEL_LOG;
	}
	return best > 0;
}

static void set_reserved(const struct offline_attempt *a, struct daxhp_obstacle *o)
{
	o->kind = DAXHP_OBSTACLE_HUGE_RESERVED;
	if (a->room && a->room->huge_missing) {
		o->pages = a->room->huge_missing;
		o->page_size = a->room->huge_size;
	}
}

/* The kernel gives a reason. "signal backoff" and "failure to isolate" need more. */
static bool find_in_reason(const struct offline_attempt *a, struct daxhp_obstacle *o)
{
	enum offline_reason reason = a->clues ? a->clues->reason : OFFLINE_UNKNOWN;

	/* A line about memory of another device. */
	if (reason == OFFLINE_UNKNOWN || a->block < 0 ||
	    block_of(a->obs, a->clues->start) != a->block)
		return false;
	if (reason == OFFLINE_NOTIFIER) {
		o->kind = DAXHP_OBSTACLE_DRIVER;
		o->errnum = a->errnum;
	} else if (reason == OFFLINE_HUGE_PAGES) {
		set_reserved(a, o);
	} else {
		return false;
	}
	o->evidence = DAXHP_EVIDENCE_KERNEL_LOG;
	o->is_certain = true;
	return true;
}

static uint64_t kernel_pages(const struct page_counts *c)
{
	return c->pages[DAXHP_USE_SLAB] + c->pages[DAXHP_USE_RESERVED];
}

static bool is_in_kernel_zone(const struct daxhp_observation *obs, int64_t id)
{
	const struct memblock *block = observation_find_block(obs, id);

	return block && block->state == MEMBLOCK_ONLINE && block->zone != DAXHP_ZONE_MOVABLE &&
	       block->zone != DAXHP_ZONE_UNKNOWN;
}

static bool set_if(struct daxhp_obstacle *o, enum daxhp_obstacle_kind kind, uint64_t pages,
		   const struct page_suspect *suspect)
{
	if (pages == 0)
		return false;
	o->kind = kind;
	o->pages = pages;
	o->pfn = suspect ? (int64_t)suspect->pfn : -1;
	o->evidence = DAXHP_EVIDENCE_PAGE_FLAGS;
	return true;
}

/* The log has nothing: it leaves out most, or may not be read. Then it is likely at best. */
static bool find_in_counts(const struct offline_attempt *a, struct daxhp_obstacle *o)
{
	const struct page_counts *c = a->counts;
	bool is_kernels = is_in_kernel_zone(a->obs, a->block);

	if (!c)
		return false;
	if (is_kernels && a->errnum == EBUSY &&
	    (set_if(o, DAXHP_OBSTACLE_KERNEL_MEMORY, kernel_pages(c), NULL) ||
	     set_if(o, DAXHP_OBSTACLE_PAGE_TABLES, c->pages[DAXHP_USE_PAGE_TABLES], NULL)))
		return true;
	if (a->errnum == EBUSY && c->pages[DAXHP_USE_HUGE] && a->room && a->room->huge_missing) {
		set_reserved(a, o);
		o->evidence = DAXHP_EVIDENCE_ESTIMATE;
		return true;
	}
	/* At once, and not after a wait. */
	if (a->errnum == EBUSY)
		return false;
	return set_if(o, DAXHP_OBSTACLE_HELD, c->orphans.count, &c->orphans) ||
	       set_if(o, DAXHP_OBSTACLE_IO, c->locked.count, &c->locked);
}

/* While one page is locked for I/O, others only seem busy. */
static bool find_wait(const struct offline_attempt *a, struct daxhp_obstacle *o)
{
	if (!a->has_waited_for_io || (o->kind && o->kind != DAXHP_OBSTACLE_BUSY))
		return false;
	*o = obstacle_at(a->obs, a->block);
	o->kind = DAXHP_OBSTACLE_IO;
	o->evidence = DAXHP_EVIDENCE_PROCESS;
	o->is_certain = true;
	return true;
}

static bool find_in_errno(const struct offline_attempt *a, struct daxhp_obstacle *o)
{
	if (a->errnum == EINTR && a->is_bound_to_node) {
		o->kind = DAXHP_OBSTACLE_CPUSET;
		o->evidence = DAXHP_EVIDENCE_PROCESS;
	} else if (a->errnum == EINTR && a->room && a->room->error == 0 &&
		   a->room->verdict == DAXHP_VERDICT_NO && a->room->missing) {
		o->kind = DAXHP_OBSTACLE_NO_ROOM;
		o->evidence = DAXHP_EVIDENCE_ESTIMATE;
	} else {
		return false;
	}
	return true;
}

static void set_nodes(struct daxhp_obstacle *o, const struct daxhp_room *room)
{
	struct text text = { o->nodes, sizeof(o->nodes), 0 };

	if (room && room->n_nodes)
		text_put_nodes(&text, room);
}

static void set_room(struct daxhp_obstacle *o, const struct daxhp_room *room)
{
	set_nodes(o, room);
	if (o->kind != DAXHP_OBSTACLE_NO_ROOM || !room || room->error < 0)
		return;
	o->to_move = room->to_move;
	o->free = room->free + room->reclaimable + room->swap;
}

/*
 * The kernel's own line names the block for certain. Where it takes the whole device offline in one go,
 * the caller has only guessed.
 */
static struct offline_attempt at_the_block(const struct offline_attempt *attempt)
{
	struct offline_attempt a = *attempt;
	int64_t block = -1;

	if (a.clues && a.clues->reason)
		block = block_of(a.obs, a.clues->start);
	if (block >= 0 && block != a.block) {
		a.block = block;
		a.counts = NULL;
	}
	return a;
}

void obstacle_find(const struct offline_attempt *attempt, struct daxhp_obstacle *ret_obstacle)
{
	const struct offline_attempt a = at_the_block(attempt);
	struct daxhp_obstacle o = obstacle_at(a.obs, a.block);
	bool is_found = find_in_reason(&a, &o) || find_in_pages(&a, &o);

	if (find_wait(&a, &o) || is_found || find_in_counts(&a, &o) || find_in_errno(&a, &o))
		set_room(&o, a.room);
	*ret_obstacle = o;
}

/* ---- before ---- */

struct list {
	struct daxhp_obstacle *items;
	size_t n, size;
};

/* There is room for all: see obstacles_list(). */
static void append(struct list *list, const struct daxhp_obstacle *o)
{
	if (list->n < list->size)
		list->items[list->n++] = *o;
}

static void append_pages(struct list *list, const struct daxhp_observation *obs, int64_t block,
			 enum daxhp_obstacle_kind kind, uint64_t pages, bool is_certain)
{
	struct daxhp_obstacle o = obstacle_at(obs, block);

	if (!set_if(&o, kind, pages, NULL))
		return;
	o.is_certain = is_certain;
	append(list, &o);
}

static void append_suspect(struct list *list, const struct daxhp_observation *obs, int64_t block,
			   enum daxhp_obstacle_kind kind, const struct page_suspect *suspect)
{
	struct daxhp_obstacle o = obstacle_at(obs, block);

	if (set_if(&o, kind, suspect->count, suspect))
		append(list, &o);
}

/*
 * Pages without a flag are mostly free, and set aside for a processor. Only as many as there are more
 * than those can be the kernel's.
 */
static uint64_t unexplained(const struct daxhp_observation *obs,
			    const struct explanation_blocks *blocks)
{
	uint64_t cached = 0, other = 0;

	for (size_t i = 0; i < obs->memory.n_zones; i++)
		if (obs->memory.zones[i].node == obs->target_node)
			cached += obs->memory.zones[i].cached / page_size_of(obs);
	for (size_t i = 0; i < blocks->n; i++)
		other += blocks->counts[i].pages[DAXHP_USE_OTHER];
	return other > cached ? other - cached : 0;
}

static void list_block(struct list *list, const struct daxhp_observation *obs,
		       const struct page_counts *c, uint64_t id, uint64_t n_unexplained)
{
	if (is_in_kernel_zone(obs, id)) {
		uint64_t others = c->pages[DAXHP_USE_OTHER];

		append_pages(list, obs, id, DAXHP_OBSTACLE_KERNEL_MEMORY, kernel_pages(c), true);
		append_pages(list, obs, id, DAXHP_OBSTACLE_PAGE_TABLES,
			     c->pages[DAXHP_USE_PAGE_TABLES], true);
		append_pages(list, obs, id, DAXHP_OBSTACLE_KERNEL_BUFFERS,
			     others < n_unexplained ? others : n_unexplained, false);
	}
	append_suspect(list, obs, id, DAXHP_OBSTACLE_HELD, &c->orphans);
	append_suspect(list, obs, id, DAXHP_OBSTACLE_IO, &c->locked);
	append_pages(list, obs, id, DAXHP_OBSTACLE_POISONED, c->pages[DAXHP_USE_POISONED], true);
}

/* The block at which the room is used up: the kernel goes from the second to the last, then the first. */
static int64_t last_straw(const struct daxhp_room *room, const struct explanation_blocks *blocks)
{
	uint64_t left = room->free + room->reclaimable + room->swap, most = 0;
	int64_t fullest = -1;

	for (size_t i = 0; i < blocks->n; i++) {
		const struct daxhp_block_use *use =
			&blocks->uses[memblock_order(blocks->n, DAXHP_OFFLINE, i)];

		if (use->used > left)
			return use->block;
		left -= use->used;
		if (use->used > most) {
			most = use->used;
			fullest = use->block;
		}
	}
	return fullest;
}

static int64_t first_with_huge_pages(const struct explanation_blocks *blocks)
{
	for (size_t i = 0; i < blocks->n; i++)
		if (blocks->uses[i].bytes[DAXHP_USE_HUGE])
			return blocks->uses[i].block;
	return -1;
}

static unsigned int order_of(const struct daxhp_observation *obs, uint64_t size)
{
	unsigned int order = 0;

	while (order < 63 && page_size_of(obs) << order < size)
		order++;
	return order;
}

static void list_room(struct list *list, const struct daxhp_observation *obs,
		      const struct daxhp_room *room, const struct explanation_blocks *blocks)
{
	struct daxhp_obstacle o = obstacle_at(obs, -1);

	if (room->error < 0)
		return;
	o.evidence = DAXHP_EVIDENCE_ESTIMATE;
	o.is_certain = true;
	if (room->huge_missing) {
		o.kind = is_gigantic(obs, order_of(obs, room->huge_size))
				 ? DAXHP_OBSTACLE_GIGANTIC_PAGES
				 : DAXHP_OBSTACLE_HUGE_RESERVED;
		o.pages = room->huge_missing;
		o.page_size = room->huge_size;
		o.block = first_with_huge_pages(blocks);
		set_room(&o, room);
		append(list, &o);
	}
	if (room->missing) {
		o.kind = DAXHP_OBSTACLE_NO_ROOM;
		o.pages = 0;
		o.page_size = page_size_of(obs);
		o.block = last_straw(room, blocks);
		set_room(&o, room);
		append(list, &o);
	}
}

static enum daxhp_verdict judge(enum daxhp_verdict room, const struct list *list)
{
	enum daxhp_verdict verdict = room;

	for (size_t i = 0; i < list->n; i++) {
		const struct daxhp_obstacle *o = &list->items[i];
		enum daxhp_verdict own = o->is_certain ? DAXHP_VERDICT_NO : DAXHP_VERDICT_MAYBE;

		if (o->kind != DAXHP_OBSTACLE_POISONED && own > verdict)
			verdict = own;
	}
	return verdict;
}

/* The kernel can take memory there at any moment. */
static bool has_kernel_zone(const struct daxhp_observation *obs)
{
	return obs->n_online > obs->n_zone[DAXHP_ZONE_MOVABLE];
}

int obstacles_list(const struct daxhp_observation *obs, const struct daxhp_room *room,
		   const struct explanation_blocks *blocks, bool is_bound_to_node,
		   struct daxhp_obstacle **ret_obstacles, size_t *ret_count,
		   enum daxhp_verdict *ret_verdict)
{
	struct list list = { .size = 6 * blocks->n + 4 };
	uint64_t n_unexplained = blocks->counts ? unexplained(obs, blocks) : 0;

	list.items = calloc(list.size, sizeof(*list.items));
	if (!list.items)
		return -ENOMEM;
	list_room(&list, obs, room, blocks);
	if (is_bound_to_node && !room->is_alone && room->to_move) {
		struct daxhp_obstacle o = obstacle_at(obs, -1);

		o.kind = DAXHP_OBSTACLE_CPUSET;
		o.evidence = DAXHP_EVIDENCE_PROCESS;
		append(&list, &o);
	}
	for (size_t i = 0; blocks->counts && i < blocks->n; i++)
		list_block(&list, obs, &blocks->counts[i], blocks->uses[i].block, n_unexplained);
	*ret_verdict = judge(room->verdict, &list);
	if (has_kernel_zone(obs) && *ret_verdict < DAXHP_VERDICT_LIKELY)
		*ret_verdict = blocks->counts ? DAXHP_VERDICT_LIKELY : DAXHP_VERDICT_MAYBE;
	*ret_obstacles = list.items;
	*ret_count = list.n;
	return 0;
}

bool nodes_are_only(const char *nodes, int node)
{
	char only[16];

	snprintf(only, sizeof(only), "%d", node);
	return strcmp(nodes, only) == 0;
}

/* ---- words ---- */

EXPORT const char *daxhp_obstacle_kind_name(enum daxhp_obstacle_kind kind)
{
	static const char *const obstacle_names[] = {
		[DAXHP_OBSTACLE_NONE] = NULL,
		[DAXHP_OBSTACLE_UNKNOWN] = "unknown",
		[DAXHP_OBSTACLE_KERNEL_MEMORY] = "kernel-memory",
		[DAXHP_OBSTACLE_PAGE_TABLES] = "page-tables",
		[DAXHP_OBSTACLE_KERNEL_BUFFERS] = "kernel-buffers",
		[DAXHP_OBSTACLE_NO_ROOM] = "no-room",
		[DAXHP_OBSTACLE_CPUSET] = "cpuset",
		[DAXHP_OBSTACLE_HUGE_PAGES] = "huge-pages",
		[DAXHP_OBSTACLE_HUGE_RESERVED] = "huge-reserved",
		[DAXHP_OBSTACLE_GIGANTIC_PAGES] = "gigantic-pages",
		[DAXHP_OBSTACLE_PINNED] = "pinned",
		[DAXHP_OBSTACLE_HELD] = "held",
		[DAXHP_OBSTACLE_FILE_HELD] = "file-held",
		[DAXHP_OBSTACLE_IO] = "io",
		[DAXHP_OBSTACLE_DRIVER] = "driver",
		[DAXHP_OBSTACLE_BUSY] = "busy",
		[DAXHP_OBSTACLE_POISONED] = "poisoned",
	};

	return (size_t)kind < ARRAY_SIZE(obstacle_names) ? obstacle_names[kind] : NULL;
}

EXPORT const char *daxhp_evidence_name(enum daxhp_evidence evidence)
{
	static const char *const evidence_names[] = {
		[DAXHP_EVIDENCE_NONE] = NULL,
		[DAXHP_EVIDENCE_ESTIMATE] = "estimate",
		[DAXHP_EVIDENCE_PAGE_FLAGS] = "page-flags",
		[DAXHP_EVIDENCE_KERNEL_LOG] = "kernel-log",
		[DAXHP_EVIDENCE_PROCESS] = "process",
	};

	return (size_t)evidence < ARRAY_SIZE(evidence_names) ? evidence_names[evidence] : NULL;
}

/* "8 huge pages of 2 MiB are", "huge pages are" */
static void put_huge_pages(struct text *text, const struct daxhp_obstacle *o)
{
	if (o->pages)
		text_put(text, "%" PRIu64 " ", o->pages);
	text_put(text, "huge page%s", o->pages == 1 ? "" : "s");
	if (o->page_size >> 30)
		text_put(text, " of %" PRIu64 " GiB", o->page_size >> 30);
	else if (o->page_size >> 20)
		text_put(text, " of %" PRIu64 " MiB", o->page_size >> 20);
	text_put(text, " %s", o->pages == 1 ? "is" : "are");
}

/* "12 of its pages are", "a page of it is" */
static void put_pages(struct text *text, const struct daxhp_obstacle *o)
{
	if (o->pages > 1)
		text_put(text, "%" PRIu64 " pages of it are", o->pages);
	else
		text_put(text, "a page of it is");
}

/* "a page of qemu (pid 182) is" */
static void put_pages_of_process(struct text *text, const struct daxhp_obstacle *o)
{
	if (o->pid)
		text_put(text, "a page of %s (pid %d) is", o->comm, o->pid);
	else
		put_pages(text, o);
}

static void put_no_room(struct text *text, const struct daxhp_obstacle *o)
{
	text_put(text, "no room: ");
	if (o->to_move == 0)
		text_put(text, "its pages find no free memory%s%s", *o->nodes ? " on " : "",
			 o->nodes);
	else
		text_put(text, "%" PRIu64 " MiB to move, %" PRIu64 " MiB free on %s",
			 mib_up(o->to_move), o->free >> 20, o->nodes);
}

static void put_obstacle(struct text *text, const struct daxhp_obstacle *o)
{
	switch (o->kind) {
	case DAXHP_OBSTACLE_KERNEL_MEMORY:
		put_pages(text, o);
		text_put(text, " memory of the kernel's own (slab), which cannot be moved");
		break;
	case DAXHP_OBSTACLE_PAGE_TABLES:
		put_pages(text, o);
		text_put(text, " %s, which cannot be moved",
			 o->pages > 1 ? "page tables of programs" : "a page table of a program");
		break;
	case DAXHP_OBSTACLE_KERNEL_BUFFERS:
		put_pages(text, o);
		text_put(text, " memory that the kernel has allocated (a pipe, a socket, a stack "
			       "or the like), which cannot be moved");
		break;
	case DAXHP_OBSTACLE_NO_ROOM:
		put_no_room(text, o);
		break;
	case DAXHP_OBSTACLE_CPUSET:
		text_put(text,
			 "daxhp runs in a cpuset that allows memory of node %d only, and the "
			 "pages have to go to other nodes",
			 o->node);
		break;
	case DAXHP_OBSTACLE_HUGE_PAGES:
		put_huge_pages(text, o);
		text_put(text, " in use, and elsewhere there is no free one and no memory in one "
			       "piece");
		break;
	case DAXHP_OBSTACLE_HUGE_RESERVED:
		put_huge_pages(text, o);
		text_put(text, " reserved, and none is spare elsewhere");
		break;
	case DAXHP_OBSTACLE_GIGANTIC_PAGES:
		put_huge_pages(text, o);
		text_put(text, " in use, and the kernel cannot make such elsewhere");
		break;
	case DAXHP_OBSTACLE_PINNED:
		put_pages_of_process(text, o);
		text_put(text, " pinned by I/O to a device, such as O_DIRECT");
		break;
	case DAXHP_OBSTACLE_HELD:
		put_pages_of_process(text, o);
		text_put(text, " held by a pipe, a socket or I/O");
		break;
	case DAXHP_OBSTACLE_FILE_HELD:
		text_put(text, "\"%s\" (%s) is held by a pipe, a socket or I/O", o->file,
			 o->filesystem);
		break;
	case DAXHP_OBSTACLE_IO:
		put_pages(text, o);
		text_put(text, " locked for I/O");
		break;
	case DAXHP_OBSTACLE_DRIVER:
		text_put(text, "a driver of the kernel refused");
		break;
	case DAXHP_OBSTACLE_BUSY:
		text_put(text, "a page of it was busy just now");
		break;
	case DAXHP_OBSTACLE_POISONED:
		put_pages(text, o);
		text_put(text, " broken (hwpoison), which does not matter here");
		break;
	default:
		text_put(text, "something is in the way");
		break;
	}
}

EXPORT size_t daxhp_obstacle_describe(const struct daxhp_obstacle *obstacle, char *buf, size_t size)
{
	struct text text = { buf, size, 0 };

	if (!obstacle->is_certain)
		text_put(&text, "likely: ");
	put_obstacle(&text, obstacle);
	return text.len;
}

static void put_huge_advice(struct text *text, const struct daxhp_obstacle *o)
{
	text_put(text, "Raise nr_hugepages on %s, or end the program that %s them.",
		 *o->nodes ? o->nodes : "other nodes",
		 o->kind == DAXHP_OBSTACLE_HUGE_RESERVED ? "reserved" : "uses");
}

static void put_room_advice(struct text *text, const struct daxhp_obstacle *o)
{
	if (o->to_move > o->free)
		text_put(text, "Free %" PRIu64 " MiB on %s, or add swap.",
			 mib_up(o->to_move - o->free), o->nodes);
	else
		text_put(text, "Free memory%s%s, or add swap.", *o->nodes ? " on " : "", o->nodes);
}

static void put_advice(struct text *text, const struct daxhp_obstacle *o)
{
	switch (o->kind) {
	case DAXHP_OBSTACLE_KERNEL_MEMORY:
	case DAXHP_OBSTACLE_PAGE_TABLES:
	case DAXHP_OBSTACLE_KERNEL_BUFFERS:
		text_put(text, "Only a reboot may free it; then bring it online with --movable.");
		break;
	case DAXHP_OBSTACLE_NO_ROOM:
		put_room_advice(text, o);
		break;
	case DAXHP_OBSTACLE_CPUSET:
		text_put(text, "Run daxhp outside of the cpuset.");
		break;
	case DAXHP_OBSTACLE_HUGE_PAGES:
	case DAXHP_OBSTACLE_HUGE_RESERVED:
		put_huge_advice(text, o);
		break;
	case DAXHP_OBSTACLE_GIGANTIC_PAGES:
		text_put(text, "End the program that uses them, and make nr_hugepages smaller.");
		break;
	case DAXHP_OBSTACLE_PINNED:
		text_put(text, "Wait for the I/O, or end the program.");
		break;
	case DAXHP_OBSTACLE_HELD:
	case DAXHP_OBSTACLE_FILE_HELD:
		text_put(text, "End the program that has the pipe or the socket, or wait for it.");
		break;
	case DAXHP_OBSTACLE_IO:
		text_put(text, "Wait for the I/O; look for a disk or a file server that does not "
			       "answer.");
		break;
	case DAXHP_OBSTACLE_DRIVER:
		text_put(text, "See the kernel's log.");
		break;
	case DAXHP_OBSTACLE_POISONED:
		text_put(text, "Unplug works; then replace the module.");
		break;
	default:
		text_put(text, "Try again when less of it is in use.");
		break;
	}
}

EXPORT size_t daxhp_obstacle_advise(const struct daxhp_obstacle *obstacle, char *buf, size_t size)
{
	struct text text = { buf, size, 0 };

	put_advice(&text, obstacle);
	return text.len;
}
