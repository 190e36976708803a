/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The model: what a device is, what is wanted, and the plan from one to the other. It is pure: no
 * input, no output, no clock.
 */
#ifndef DAXHP_MODEL_H
#define DAXHP_MODEL_H

#include <stdio.h>

#include "cleanup.h"
#include "libdaxhp.h"

/* Everything else is hidden, see the build's gnu_symbol_visibility. */
#define EXPORT __attribute__((visibility("default")))

/* A public getter that returns a field as it is. */
#define GETTER(object, type, field)                                              \
	EXPORT type daxhp_##object##_get_##field(const struct daxhp_##object *o) \
	{                                                                        \
		return o->field;                                                 \
	}

/* A public getter of the i-th item of an array; NULL after the last one. */
#define ITEM_GETTER(object, type, item, array, count)                                            \
	EXPORT const type *daxhp_##object##_get_##item(const struct daxhp_##object *o, size_t i) \
	{                                                                                        \
		return i < o->count ? &o->array[i] : NULL;                                       \
	}

/* Longest word that is taken from a sysfs file, with its NUL. */
#define WORD_MAX 64
/* Stands in a journal entry where a word is missing. */
#define JOURNAL_NONE "-"

/* ---- text.c ---- */

struct text {
	char *buf;
	size_t size, len; /* @len: of the whole text, also of what was cut off */
};

void text_put(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* "node 0", "nodes 0, 1 and 2": where the memory can go. */
void text_put_nodes(struct text *text, const struct daxhp_room *room);
static inline uint64_t mib_up(uint64_t bytes)
{
	return (bytes >> 20) + (bytes % (1 << 20) != 0);
}

/* ---- names.c ---- */

enum daxhp_state state_from_name(const char *name);
enum daxhp_zone zone_from_name(const char *name);
bool state_is_online(enum daxhp_state state);
/* The driver for DAXHP_MODE_SYSTEM_RAM, or for DAXHP_MODE_DEVDAX. */
const char *mode_driver(enum daxhp_mode mode);
bool mode_from_name(const char *name, enum daxhp_mode *ret_mode);

/* ---- blocks.c ---- */

enum memblock_state {
	MEMBLOCK_MISSING = DAXHP_BLOCK_ABSENT,
	MEMBLOCK_OFFLINE = DAXHP_BLOCK_OFFLINE,
	MEMBLOCK_ONLINE = DAXHP_BLOCK_ONLINE,
	MEMBLOCK_GOING_OFFLINE = DAXHP_BLOCK_GOING_OFFLINE,
};

/* Kept small: a device can have millions of blocks that are not there. */
struct memblock {
	uint64_t id : 56;
	enum memblock_state state : 4;
	enum daxhp_zone zone : 4; /* DAXHP_ZONE_UNKNOWN unless the block is online */
};

/* "memoryN/NAME", into WORD_MAX bytes. @name is one of the kernel's, and short. */
void memblock_file(char *ret_file, uint64_t id, const char *name);
/*
 * The ids of the blocks that lie wholly inside one of @ranges, ascending, each once. Fills in id
 * only. Errors: -EOVERFLOW for a range that ends before it starts, or for more blocks than any
 * machine has; -ENOMEM.
 */
int memblock_from_ranges(const struct daxhp_range *ranges, size_t n_ranges, uint64_t block_size,
			 struct memblock **ret_blocks, size_t *ret_count);
/* The block of that id, or of that directory name; NULL when it is none of @blocks (ascending). */
struct memblock *memblock_find_id(const struct memblock *blocks, size_t n_blocks, uint64_t id);
struct memblock *memblock_find(const struct memblock *blocks, size_t n_blocks, const char *name);
/*
 * The cheap order for @count blocks: the index of the i-th to write to. Online begins with the
 * first block, then goes from the last down to the second. Offline goes from the second up to the
 * last, and ends with the first.
 */
size_t memblock_order(size_t count, enum daxhp_state word, size_t i);

/* ---- room.c ---- */

#define MEMORY_KINDS_MAX 8
#define MEMORY_ORDERS_MAX 16

/* A zone of a node. All sizes are in bytes. */
struct memory_zone {
	int node;
	enum daxhp_zone zone;
	unsigned int
		kind;	  /* the number of its kind, in the kernel's order of the zones of a node */
	uint64_t managed; /* the memory that the kernel hands out, free or in use */
	uint64_t free, cached;		    /* cached: free, too, but set aside for a processor */
	uint64_t boost, min, high;	    /* watermarks; boost is added to the other two */
	uint64_t reserve[MEMORY_KINDS_MAX]; /* kept from allocations for a zone of that kind */
	uint64_t anon, file, unevictable, zspages; /* shared memory counts as anonymous */
	uint64_t pending;			   /* part of file: dirty, or under writeback */
	uint64_t pieces[MEMORY_ORDERS_MAX];	   /* of free: in pieces of each order */
};

/* The huge pages of one size on one node. */
struct memory_pool {
	int node;
	uint64_t page_size;
	uint64_t total, free;
	uint64_t reserved; /* free pages that are promised, on all nodes together */
};

struct memory {
	int error; /* 0, or the negative errno of a read that failed */
	const char *error_file;
	uint64_t page_size;
	struct memory_zone *zones; /* node by node, also zones without memory */
	size_t n_zones;
	struct memory_pool *pools; /* none if there are no huge pages */
	size_t n_pools;
	size_t n_orders; /* 0: not known; never where there are pools */
	uint64_t swap;	 /* free swap that can take memory */
	bool has_swap;	 /* swap has been read */
};

void memory_clear(struct memory *memory);

struct daxhp_observation;

/* The memory of a device that is to go offline. */
struct room_device {
	int node;
	uint64_t bytes[DAXHP_ZONE_MAX]; /* its online memory, by zone */
};

/* The online memory of the observed device. */
struct room_device room_device_of(const struct daxhp_observation *obs);
/* -ENOMEM only. The caller frees ret_room->nodes. */
int room_estimate(const struct memory *memory, const struct room_device *device,
		  struct daxhp_room *ret_room);

/* ---- pages.c ---- */

/* Pages that nothing should keep for long: how many, and one of them. */
struct page_suspect {
	uint64_t count, pfn;
};

/* The use of a memory block's pages. */
struct page_counts {
	uint64_t pages[DAXHP_USE_MAX];
	struct page_suspect orphans; /* anonymous, and mapped by nobody */
	struct page_suspect locked;  /* mostly for I/O */
	enum daxhp_use last;	     /* of the large page that is being counted */
};

/* Add @n pages from @pfn on. @flags: their words of /proc/kpageflags. */
void pages_count(struct page_counts *counts, uint64_t pfn, const uint64_t *flags, size_t n);
/* Those that have to move, or are in the way. */
uint64_t pages_used(const struct page_counts *counts);
/* Is it in a piece that the kernel has free? */
bool page_is_free(uint64_t flags);
/* Is the page still one? @is_about_io: locked; else an orphan. */
bool page_is_suspect(uint64_t flags, bool is_about_io);

/* ---- clues.c ---- */

#define CLUES_MAX 16

/* A page that did not move, as the kernel's log shows it. */
struct page_clue {
	uint64_t pfn;
	int ret; /* of the kernel's migrate_pages(): below 0 there is no room, above 0 it is busy */
	int64_t refcount, mapcount, pincount;
	unsigned int order; /* of a large page */
	bool is_unmovable;  /* else it could not be moved just now */
	bool is_anon, has_file, has_private, is_swapcache;
	bool is_slab, is_table, is_huge, is_reserved;
	char file[128], filesystem[32];
};

/* Why the kernel says that memory did not go offline. */
enum offline_reason {
	OFFLINE_UNKNOWN = 0,
	OFFLINE_NOT_ISOLATED,
	OFFLINE_HUGE_PAGES,
	OFFLINE_NOTIFIER,
	OFFLINE_SIGNAL,
	OFFLINE_OTHER,
};

#define REPEATS_MAX 64

/* The pages that did not move, and since when. Times are in seconds. */
struct repeats {
	struct {
		uint64_t pfn;
		double since, last;
	} seen[REPEATS_MAX];
	size_t n;
	double now, patience;
	bool is_over; /* a page has not moved for that long */
};

struct clues {
	struct repeats *repeats; /* NULL: not asked */
	struct page_clue pages[CLUES_MAX];
	size_t n_pages;
	enum offline_reason reason; /* the last one */
	uint64_t start;		    /* of the memory that it is about */
	/* the dump that is being read */
	struct page_clue page;
	bool is_inside;
	int next_ret;
};

/* Add a line of the kernel's log. */
void clues_take(struct clues *clues, const char *line);
/* The text in a record of /dev/kmsg, which is cut after it. NULL: it is none. */
const char *clues_record_text(char *record);

/* ---- observation.c ---- */

struct daxhp_observation {
	unsigned int refcount;
	enum daxhp_mode mode;
	char driver[WORD_MAX];
	enum daxhp_interface interface;
	char attribute_word[WORD_MAX];
	char policy[WORD_MAX];
	int memmap_on_memory; /* what the kernel does, not what the device asks for */
	int target_node;      /* -1: none, or not known */
	bool is_gone;	      /* the device is; its blocks may not be */
	int blocks_error;
	char blocks_error_file[WORD_MAX];
	bool hotremove;		       /* false only if the kernel surely has none */
	bool has_later_attribute;      /* it has an attribute, or will once it is bound to kmem */
	bool has_kmem, has_device_dax; /* the drivers are there: loaded, or built in */
	uint64_t room;	      /* bytes that are available for a memory map; 0 when not known */
	struct memory memory; /* the machine's; only read when a block is online */
	uint64_t block_size;
	struct memblock *blocks; /* ascending */
	size_t n_blocks;
	/* derived by observation_derive() */
	size_t n_present, n_online, n_zone[DAXHP_ZONE_MAX];
	enum daxhp_state state;
};

/* Is @zone one in which @word puts a block? */
bool zone_fits(enum daxhp_zone zone, enum daxhp_state word);
/*
 * Where memory goes online when nobody names a zone: where the policy says, else into ZONE_MOVABLE. The
 * policy `online` lets the kernel choose, and it chooses a zone from which memory may never come out.
 */
enum daxhp_state observation_default_zone(const struct daxhp_observation *observation);
/* Set the counts and the state from the other fields. */
void observation_derive(struct daxhp_observation *observation);
/* Are both in the same state, block by block, with the same driver and the same word? */
bool observation_equal(const struct daxhp_observation *a, const struct daxhp_observation *b);
/* Does the device have an attribute? */
bool observation_has_attribute(const struct daxhp_observation *observation);
/* The block of that number; NULL when it is none of the device's. */
const struct memblock *observation_find_block(const struct daxhp_observation *observation,
					      uint64_t id);
/* Is no block present, and does the attribute's word claim none? */
bool observation_is_down(const struct daxhp_observation *observation);
/* The same for one block. Zones for kernel memory count as one. */
bool memblock_equal(const struct memblock *a, const struct memblock *b);

/* ---- settling.c ---- */

/*
 * When has a device settled? While programs change it, its blocks pass through states that nobody wants.
 * All times are seconds of one clock; a new one is all zeros.
 */
struct settling {
	bool is_restless; /* something has happened, and no look since has found the device settled */
	bool is_awaited; /* a process has it locked: a look before it is done is no use */
	bool is_ready;	 /* that process is done: no need to wait for a pause */
	bool was_odd;	 /* so the last look found it */
	double last;	 /* the last event */
	double rested;	 /* when the last look ended, in this unrest */
	double cost;	 /* how long that look took */
};

/* Something has happened to the device. */
void settling_note(struct settling *s, double now);
/* A process has it locked, and has been asked to be waited for. */
void settling_await(struct settling *s, double now);
/* The process may be done. */
void settling_release(struct settling *s);
/* When to look at it; INFINITY: not before the next event. */
double settling_due(const struct settling *s);
/*
 * A look, from @begun to @ended, has found @obs; NULL: the device could not be looked at. All events
 * until @ended have been noted. Is it settled?
 */
bool settling_judge(struct settling *s, const struct daxhp_observation *obs, double begun,
		    double ended);
/* Would one who watches the device call it a change? */
bool observation_differs(const struct daxhp_observation *a, const struct daxhp_observation *b);
/* ---- obstacle.c ---- */

/* What is known after an offline that did not succeed. */
struct offline_attempt {
	const struct daxhp_observation *obs; /* before it */
	const struct daxhp_room *room;	     /* NULL: not known */
	int64_t block;			     /* that did not go offline; -1: not known */
	int errnum;			     /* positive */
	const struct clues *clues;	     /* NULL: the log could not be read */
	const struct page_counts *counts;    /* of the block; NULL: not known */
	bool has_waited_for_io;
	bool is_bound_to_node; /* this process may use memory of the device's node only */
};

/* Its kind is DAXHP_OBSTACLE_NONE when nothing is known. */
void obstacle_find(const struct offline_attempt *attempt, struct daxhp_obstacle *ret_obstacle);
/* Are these nodes (as "0-1,3") no other than @node? */
bool nodes_are_only(const char *nodes, int node);

struct explanation_blocks {
	const struct page_counts *counts; /* of the online blocks, ascending; NULL: not seen */
	const struct daxhp_block_use *uses;
	size_t n;
};

/*
 * All that is in the way before anything is tried, by block. -ENOMEM. The caller frees
 * *ret_obstacles. @ret_verdict: of the room, and of the obstacles.
 */
int obstacles_list(const struct daxhp_observation *obs, const struct daxhp_room *room,
		   const struct explanation_blocks *blocks, bool is_bound_to_node,
		   struct daxhp_obstacle **ret_obstacles, size_t *ret_count,
		   enum daxhp_verdict *ret_verdict);

/* ---- memmap.c ---- */

/* The size of the memory map of so many bytes. */
uint64_t memmap_size(uint64_t bytes, uint64_t page_size);
/*
 * Does the kernel keep the map in the memory itself? @wanted: the device's memmap_on_memory; @allowed:
 * the parameter of that name: "Y", "N" or "force".
 */
bool memmap_is_on_memory(bool wanted, const char *allowed, uint64_t block_size, uint64_t page_size);
/* See daxhp_observation_get_room_needed(). */
uint64_t memmap_room_needed(const struct daxhp_observation *observation, uint64_t page_size);

/* ---- goal.c ---- */

struct goal {
	enum daxhp_mode mode;
	enum daxhp_state state;	   /* DAXHP_STATE_NONE in devdax mode */
	bool may_move, may_rebind; /* see daxhp_request_set_may_move() */
};

bool goal_is_valid(struct goal goal);
/* Does the goal want no memory block? */
bool goal_is_without_memory(struct goal goal);
/* The state that the goal wants for each of the device's blocks. */
enum memblock_state goal_block_state(struct goal goal, const struct daxhp_observation *observation);
bool observation_meets(const struct daxhp_observation *observation, struct goal goal);
/* Longest text of a goal, with its NUL: three words, as "system-ram online_movable move,rebind". */
#define GOAL_TEXT_MAX 64
void goal_print(struct goal goal, char *ret_text);
/* False when the words are not those of a valid goal. */
bool goal_parse(const char *mode, const char *state, const char *ways, struct goal *ret_goal);

/* ---- failure.c ---- */

struct daxhp_failure {
	enum daxhp_failure_kind kind;
	int errnum; /* positive */
	/* empty if the failure has none */
	char file[128], word[WORD_MAX], driver[WORD_MAX];
	int64_t block; /* -1: none */
	int pid;       /* 0: none, or not known */
	struct goal goal;
	bool is_first_look;		/* for OBSERVE: nothing has been tried yet */
	bool has_waited;		/* for AT_WORK */
	bool stopped;			/* for AT_WORK: the process is stopped */
	struct daxhp_obstacle obstacle; /* its kind is NONE when it is not known */
	char sentence[768];
};

/* Copy @what, and make its sentence. A sentence in @what is not used. */
void failure_set(struct daxhp_failure *failure, const struct daxhp_failure *what);
/* @room is used for DAXHP_REFUSED_NO_ROOM_ELSEWHERE only. */
void failure_refuse(struct daxhp_failure *failure, enum daxhp_failure_kind kind, struct goal goal,
		    const struct daxhp_observation *obs, const struct daxhp_room *room);

/* ---- recovered.c ---- */

/* A word or a device that was recovered, or was not; see the getters. */
struct daxhp_recovered {
	enum daxhp_recovered_kind kind;
	enum daxhp_recovered_outcome outcome;
	char name[32], before[WORD_MAX], found[WORD_MAX]; /* empty: not known */
	enum daxhp_mode mode;
	enum daxhp_state state;
	int pid;
	struct daxhp_failure failure; /* its kind is NONE unless the recovery failed */
};

struct daxhp_recovery {
	struct daxhp_recovered *list;
	size_t count, size;
};

/*
 * Take the memory for the list of one session: a recovery during an undo must not be lost because
 * memory runs out.
 */
int recovery_reserve(struct daxhp_recovery *recovery);
/* The same kind, name and outcome is in the list once. It is lost when there is no memory. */
void recovery_add(struct daxhp_recovery *recovery, const struct daxhp_recovered *recovered);
void recovery_clear(struct daxhp_recovery *recovery);

/* ---- plan.c ---- */

struct daxhp_step {
	enum daxhp_step_type type;
	enum daxhp_state word;
	enum daxhp_mode mode; /* for LOAD and BIND: the driver's */
	uint64_t *blocks;     /* ascending */
	size_t n_blocks;
	size_t n_done; /* of the blocks, so far */
	unsigned int retry;
	double seconds;
};

struct daxhp_plan {
	struct daxhp_observation *before;
	struct goal goal;
	bool is_forced;		      /* leave out the checks that protect other programs */
	bool is_by_policy;	      /* the kernel brings new memory online, however large */
	bool is_by_blocks;	      /* the plan brings new memory online, block by block */
	struct daxhp_failure refusal; /* its kind is NONE when there is none */
	struct daxhp_step *steps;
	size_t n_steps;
	struct daxhp_room room;
	bool has_room; /* the plan takes memory offline */
};

/*
 * The steps from @observation to @goal. A plan without steps and without a refusal means that the
 * goal is reached already. -ENOMEM. Free it with daxhp_plan_free().
 */
int plan_new(struct daxhp_observation *observation, struct goal goal, bool is_forced,
	     struct daxhp_plan **ret_plan);
/* Make the plan again: the kernel is to bring new memory online by the policy. -ENOMEM. */
int plan_use_policy(struct daxhp_plan *plan);
/*
 * Does it reconfigure the device in more than one change? A process that is killed between two
 * changes leaves the device in a state that nobody asked for.
 */
bool plan_leads_between(const struct daxhp_plan *plan);

/* ---- step.c ---- */

int plan_alloc(struct daxhp_observation *before, struct daxhp_plan **ret_plan);
void plan_drop_steps(struct daxhp_plan *plan);
int plan_add_step(struct daxhp_plan *plan, enum daxhp_step_type type, enum daxhp_state word);

/* @before is NULL if there is nothing to compare with. */
typedef bool (*block_filter)(const struct memblock *now, const struct memblock *before);
bool block_is_online(const struct memblock *now, const struct memblock *before);
bool block_is_offline(const struct memblock *now, const struct memblock *before);
/* Write @word to the blocks of @now that @filter picks. */
int plan_add_blocks(struct daxhp_plan *plan, enum daxhp_state word,
		    const struct daxhp_observation *now, const struct daxhp_observation *before,
		    block_filter filter);
/* The same for the plan's own observation, under the guard. */
int plan_add_guarded_blocks(struct daxhp_plan *plan, enum daxhp_state word, block_filter filter);
/* The check that no block is online, then the unbinding. */
int plan_add_unbind(struct daxhp_plan *plan);
/* Bind to kmem, so that the memory comes up as @word. */
int plan_add_bind(struct daxhp_plan *plan, enum daxhp_state word);
/* The same, and the memory comes online block by block: online_kernel or online_movable. */
int plan_add_bind_and_blocks(struct daxhp_plan *plan, enum daxhp_state word);
int plan_add_bind_devdax(struct daxhp_plan *plan);

/* ---- restore.c ---- */

/*
 * The steps that bring the device from @now nearer to @before. When they are done, look and call it
 * again, until the plan has no steps: then the device is at @before, or no step leads nearer. Pure.
 */
int plan_restore(struct daxhp_observation *now, const struct daxhp_observation *before,
		 struct daxhp_plan **ret_plan);

/* ---- explanation.c ---- */

struct daxhp_block_use {
	uint64_t block;
	enum daxhp_zone zone;
	uint64_t bytes[DAXHP_USE_MAX];
	uint64_t used;
};

struct daxhp_explanation {
	struct daxhp_observation *obs;
	struct daxhp_room room; /* its nodes are freed with it */
	bool has_room;
	enum daxhp_verdict verdict;
	struct daxhp_obstacle *obstacles;
	size_t n_obstacles;
	struct daxhp_block_use *blocks;
	size_t n_blocks;
	struct daxhp_user *users;
	size_t n_users;
	struct daxhp_unseen unseen[8];
	size_t n_unseen;
};

void users_free(struct daxhp_user *users, size_t n);
void users_sort(struct daxhp_user *users, size_t n);
void explanation_add_unseen(struct daxhp_explanation *e, const char *file, int error);

static inline void cleanup_plan(struct daxhp_plan **plan)
{
	daxhp_plan_free(*plan);
}

static inline void cleanup_observation(struct daxhp_observation **observation)
{
	daxhp_observation_unref(*observation);
}

#endif
