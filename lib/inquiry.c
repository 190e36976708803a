// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Why did memory not go offline? The kernel returns an errno, and logs the rest. So while a step takes memory
 * offline, daxhp reads the kernel's log. It also makes the kernel log the reason, with a debug
 * message that is off by default. This is a word of the machine: see borrow.c.
 *
 * Nothing of this is needed for the step itself. If the log cannot be read, or the message not be turned
 * on, less is known when the step fails.
 */
#include <errno.h>
#include <string.h>

#include "libdaxhp-private.h"

/* The debug message's flags while daxhp uses it. */
#define FLAGS_ON "=p"
/* A search through all processes can take long. It must not keep the undo waiting. */
#define SEARCH_SECONDS 3

static void turn_message_on(struct run *run)
{
	const struct kernel *kernel = run->kernel;
	struct inquiry *inquiry = &run->inquiry;
	char found[WORD_MAX];

	/* Another daxhp uses it now, and it is on. */
	if (word_lock(run->session, DAXHP_RECOVERED_DEBUG, &inquiry->lock) < 0)
		return;
	if (borrow_recover(run->session, DAXHP_RECOVERED_DEBUG) < 0 ||
	    kernel->read_word(DAXHP_RECOVERED_DEBUG, found, sizeof(found)) < 0 ||
	    strchr(found, 'p') || borrow_put(kernel, DAXHP_RECOVERED_DEBUG, found, FLAGS_ON) < 0) {
		kernel->lock_drop(&inquiry->lock);
		return;
	}
	strcpy(inquiry->found, found);
	if (kernel->write_word(DAXHP_RECOVERED_DEBUG, FLAGS_ON) < 0)
		log_debug(run->session->ctx, "the kernel's debug message cannot be turned on");
}

static void turn_message_off(struct run *run)
{
	struct inquiry *inquiry = &run->inquiry;

	if (*inquiry->found &&
	    borrow_return(run->session, DAXHP_RECOVERED_DEBUG, inquiry->found, FLAGS_ON) < 0)
		log_debug(run->session->ctx, "the kernel's debug message stays on");
	inquiry->found[0] = '\0';
	run->kernel->lock_drop(&inquiry->lock);
}

void inquiry_begin(struct run *run)
{
	run->inquiry = (struct inquiry){ .log = run->kernel->log_open() };
	run->session->has_waited_for_io = false;
	if (run->inquiry.log)
		turn_message_on(run);
}

void inquiry_end(struct run *run)
{
	turn_message_off(run);
	run->kernel->log_close(run->inquiry.log);
	run->inquiry.log = NULL;
}

bool is_bound_to_node(const struct kernel *kernel, const struct daxhp_observation *obs)
{
	char nodes[WORD_MAX];

	return kernel->read_own_nodes(nodes, sizeof(nodes)) == 0 &&
	       nodes_are_only(nodes, obs->target_node);
}

/* Only the block that did not go offline. */
static bool count_block(const struct run *run, int64_t block, struct page_counts *counts)
{
	uint64_t page_size = run->obs->memory.page_size;
	uint64_t n = page_size ? run->obs->block_size / page_size : 0;

	return block >= 0 && n && run->kernel->count_pages(block * n, n, counts) == 0;
}

static bool can_have_process(const struct daxhp_obstacle *o)
{
	return o->pfn >= 0 && (o->kind == DAXHP_OBSTACLE_PINNED || o->kind == DAXHP_OBSTACLE_HELD ||
			       o->kind == DAXHP_OBSTACLE_BUSY);
}

static void find_process(const struct run *run, struct daxhp_obstacle *o)
{
	struct user_search search = {
		.request = NULL,
		.obs = run->obs,
		.page_size = run->obs->memory.page_size,
		.pfn = o->pfn,
		.until = run->kernel->now() + SEARCH_SECONDS,
	};

	run->kernel->find_users(&search);
	if (search.n_users) {
		o->pid = search.users[0].pid;
		strcpy(o->comm, search.users[0].comm);
	}
	users_free(search.users, search.n_users);
}

void inquiry_ask(struct run *run, int64_t block, int errnum)
{
	struct inquiry *inquiry = &run->inquiry;
	struct page_counts counts = { 0 };
	struct clues clues = { 0 };
	struct offline_attempt attempt = {
		.obs = run->obs,
		.room = run->room,
		.block = block,
		.errnum = errnum,
		.has_waited_for_io = run->session->has_waited_for_io,
		.is_bound_to_node = is_bound_to_node(run->kernel, run->obs),
	};

	if (inquiry->log) {
		run->kernel->log_read(inquiry->log, &clues);
		attempt.clues = &clues;
	}
	if (count_block(run, block, &counts))
		attempt.counts = &counts;
	obstacle_find(&attempt, &inquiry->obstacle);
	if (can_have_process(&inquiry->obstacle))
		find_process(run, &inquiry->obstacle);
}
