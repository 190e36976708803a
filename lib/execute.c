// SPDX-License-Identifier: LGPL-2.1-or-later
/* Carries out each kind of step. Nothing here decides: the step says what to do. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "libdaxhp-private.h"

/*
 * How often a step is begun anew after EINTR. Signals are held back by then, so only a faulty kernel
 * comes this far.
 */
#define DISTURBED_MAX 100
/* The directory, as messages name it. */
#define MEMORY_DIR "/sys/devices/system/memory"

static bool is_cancelled(const struct run *run)
{
	return session_is_cancelled(run->session);
}

/* A signal that was not meant to stop daxhp has interrupted the step. The step begins anew. */
static bool is_disturbed(const struct run *run, int errnum)
{
	return errnum == -EINTR && !is_cancelled(run) && run->n_disturbed < DISTURBED_MAX;
}

/* A step that begins anew has not failed. It must not overwrite an earlier failure. */
static int fail_with(struct run *run, int errnum, struct daxhp_failure *failure)
{
	failure->errnum = -errnum;
	failure->obstacle = run->inquiry.obstacle;
	if (!is_disturbed(run, errnum))
		failure_set(&run->result->failure, failure);
	return errnum;
}

static int fail(struct run *run, enum daxhp_failure_kind kind, int errnum)
{
	return fail_with(run, errnum, &(struct daxhp_failure){ .kind = kind, .block = -1 });
}

/* @word is NULL if the file was read. @block is -1 if the file is not a block's. */
static int fail_file(struct run *run, int errnum, const char *word, int64_t block, const char *dir,
		     const char *file)
{
	struct daxhp_failure failure = {
		.kind = word ? DAXHP_FAILED_WRITE : DAXHP_FAILED_READ,
		.block = block,
	};

	snprintf(failure.word, sizeof(failure.word), "%s", word ? word : "");
	snprintf(failure.file, sizeof(failure.file), "%s%s%s", dir, *file ? "/" : "", file);
	return fail_with(run, errnum, &failure);
}

static void report_progress(const struct run *run, const struct daxhp_step *step, size_t done,
			    size_t total)
{
	const struct daxhp_request *request = run->session->request;

	if (request->progress_fn)
		request->progress_fn(step, done, total, request->progress_data);
}

/* After a write that failed with @r: wait, and try again? Memory that is busy may soon be free. */
static bool try_again(const struct run *run, struct daxhp_step *step, int r)
{
	enum daxhp_state word = step->word;

	if (is_cancelled(run) || (word != DAXHP_OFFLINE && word != DAXHP_UNPLUGGED) ||
	    (r != -EBUSY && r != -EAGAIN) || step->retry >= run->session->request->retries)
		return false;
	/* 0.1 s, doubled each time up to 3.2 s. */
	run->kernel->pause(run->session, 100u << (step->retry < 5 ? step->retry : 5));
	step->retry++;
	report_progress(run, step, step->n_done, step->n_blocks);
	return !is_cancelled(run);
}

/* @block: the one that was on its way, or -1. */
static int fail_cancelled_at(struct run *run, int64_t block)
{
	struct daxhp_failure failure = {
		.kind = run->session->is_stuck ? DAXHP_FAILED_STUCK : DAXHP_FAILED_CANCELLED,
		.block = block,
	};

	return fail_with(run, -EINTR, &failure);
}

static bool takes_offline(const struct run *run, const struct daxhp_step *step)
{
	return (step->type == DAXHP_STEP_WRITE_BLOCKS ||
		step->type == DAXHP_STEP_WRITE_ATTRIBUTE) &&
	       (step->word == DAXHP_OFFLINE || step->word == DAXHP_UNPLUGGED) &&
	       !run->session->undoing;
}

/* Memory did not go offline: what is in the way? Not if the step begins anew. */
static void ask_why(struct run *run, const struct daxhp_step *step, int64_t block, int errnum)
{
	if (takes_offline(run, step) && !is_disturbed(run, errnum))
		inquiry_ask(run, block, -errnum);
}

static int fail_cancelled(struct run *run)
{
	return fail_cancelled_at(run, -1);
}

/* The step waited for a lock or for another process. A signal may have ended the wait. */
static int fail_waiting(struct run *run, enum daxhp_failure_kind kind, int errnum)
{
	return errnum == -EINTR && is_cancelled(run) ? fail_cancelled(run)
						     : fail(run, kind, errnum);
}

/* The guard's blocks are gone. New blocks have other files, and need another guard. */
void drop_guard(struct run *run)
{
	run->kernel->guard_stop(run->guard, &run->rivals);
	run->guard = NULL;
	run->guard_error = 0;
}

/*
 * The kernel says that a device would not go offline, not which of its blocks. It takes them in
 * the order of the ranges, ascending: the first that sent no event is the one.
 */
static int64_t find_silent_block(struct run *run, const bool *was_done)
{
	const struct daxhp_observation *obs = run->obs;

	for (size_t i = 0; was_done && i < run->device->n_ranges; i++) {
		_cleanup_free_ struct memblock *blocks = NULL;
		size_t n, k = 0;

		if (memblock_from_ranges(&run->device->ranges[i], 1, obs->block_size, &blocks, &n) <
		    0)
			return -1;
		while (n && k < obs->n_blocks && obs->blocks[k].id < blocks[0].id)
			k++;
		for (size_t j = 0; j < n && k < obs->n_blocks; j++, k++)
			if (obs->blocks[k].state == MEMBLOCK_ONLINE && !was_done[k])
				return obs->blocks[k].id;
	}
	return -1;
}

static int write_attribute(struct run *run, struct daxhp_step *step)
{
	const struct kernel *kernel = run->kernel;
	const struct daxhp_observation *obs = run->obs;
	_cleanup_close_ int dirfd = kernel->open_device(run->device->name);
	_cleanup_free_ bool *was_done = NULL;
	const char *wrote = daxhp_state_name(step->word), *file;
	enum daxhp_interface interface = obs->interface;
	struct monitor *monitor;
	int64_t block = -1;
	char dir[64];
	int r = dirfd;

	/* Bound just now. */
	if (interface == DAXHP_INTERFACE_NONE && dirfd >= 0)
		interface = kernel->find_attribute(dirfd);
	/* This kernel has none: there is nothing to write. */
	if (interface == DAXHP_INTERFACE_MEMORY_BLOCKS)
		return 0;
	while (dirfd >= 0) {
		monitor = kernel->monitor_start(run->session, step, obs->blocks, obs->n_blocks);
		r = kernel->write_attribute(dirfd, interface, step->word, &wrote);
		free(was_done);
		was_done = kernel->monitor_stop(monitor);
		if (r == 0 || !try_again(run, step, r))
			break;
	}
	if (r >= 0 && step->word == DAXHP_UNPLUGGED)
		drop_guard(run);
	if (r >= 0)
		return 0;
	if (step->word == DAXHP_UNPLUGGED)
		block = find_silent_block(run, was_done);
	ask_why(run, step, block, r);
	if (run->inquiry.obstacle.kind)
		block = run->inquiry.obstacle.block;
	if (is_cancelled(run))
		return fail_cancelled_at(run, block);
	snprintf(dir, sizeof(dir), "/sys/bus/dax/devices/%s", run->device->name);
	file = daxhp_interface_name(interface);
	return fail_file(run, r, wrote, block, dir, file ? file : "");
}

static int write_blocks(struct run *run, struct daxhp_step *step)
{
	_cleanup_close_ int dirfd = run->kernel->open_memory();
	char file[WORD_MAX];

	if (dirfd < 0)
		return fail_file(run, dirfd, NULL, -1, MEMORY_DIR, "");
	/* A step that was interrupted goes on where it was. */
	for (size_t i = step->n_done; i < step->n_blocks; i++) {
		uint64_t id = step->blocks[memblock_order(step->n_blocks, step->word, i)];
		int fd = run->kernel->guard_get_fd(run->guard, id), r;

		step->retry = 0;
		if (is_cancelled(run))
			return fail_cancelled(run);
		do
			r = run->kernel->write_block(dirfd, fd, id, step->word);
		while (r < 0 && try_again(run, step, r));
		if (r < 0)
			ask_why(run, step, id, r);
		if (r < 0 && is_cancelled(run))
			return fail_cancelled_at(run, id);
		if (r < 0) {
			memblock_file(file, id, "state");
			return fail_file(run, r, daxhp_state_name(step->word), id, MEMORY_DIR,
					 file);
		}
		step->n_done = i + 1;
		report_progress(run, step, step->n_done, step->n_blocks);
	}
	return 0;
}

static int fail_unseen(struct run *run, enum daxhp_failure_kind kind, int errnum, const char *file)
{
	struct daxhp_failure failure = { .kind = kind, .block = -1 };

	snprintf(failure.file, sizeof(failure.file), "%s", file ? file : "");
	return fail_with(run, errnum, &failure);
}

static int fail_guard(struct run *run, int errnum)
{
	if (errnum == -EBUSY || errnum == -EINTR)
		return fail_waiting(run, DAXHP_FAILED_HELD, errnum);
	if (errnum == -EPIPE || errnum == -ETIMEDOUT) {
		/* A guard that does not answer would also deny this process. */
		drop_guard(run);
		return fail(run, DAXHP_FAILED_UNGUARDED, errnum);
	}
	return fail_unseen(run, DAXHP_FAILED_UNSEEN, errnum,
			   run->kernel->guard_get_unseen(run->guard));
}

/* Without a guard, another process could bring a block online just before the device is unbound. */
static int check_guard(struct run *run)
{
	int r = run->guard_error;

	if (r == 0)
		r = run->kernel->guard_check(run->guard, &run->rivals);
	if (r < 0)
		return fail_guard(run, r);
	/* The kernel can deny others, but does not allow this process to ask for it. */
	if (run->result->guard_error == -EPERM)
		return fail(run, DAXHP_FAILED_UNGUARDED, -EPERM);
	return 0;
}

/* The data of check_blocks() for each block. */
struct check {
	struct run *run;
	int dirfd;
	bool any_present;
	bool is_told; /* why it failed */
};

static int check_block(struct memblock *listed, void *data)
{
	struct check *check = data;
	const struct kernel *kernel = check->run->kernel;
	struct memblock block = { .id = listed->id };
	char file[WORD_MAX];
	int fd = kernel->guard_get_fd(check->run->guard, block.id);
	int r = kernel->read_block_state(check->dirfd, fd, &block, file);

	check->is_told = true;
	/* A block that cannot be read may be online. Then the device must not be unbound. */
	if (r < 0)
		return fail_file(check->run, r, NULL, block.id, MEMORY_DIR, file);
	if (block.state == MEMBLOCK_ONLINE || block.state == MEMBLOCK_GOING_OFFLINE)
		return fail_with(check->run, -EBUSY,
				 &(struct daxhp_failure){ .kind = DAXHP_FAILED_STILL_ONLINE,
							  .block = block.id });
	check->is_told = false;
	check->any_present |= block.state != MEMBLOCK_MISSING;
	return 0;
}

static int check_blocks(struct run *run, bool *ret_any_present)
{
	_cleanup_close_ int dirfd = run->kernel->open_memory();
	const struct daxhp_observation *obs = run->obs;
	struct check check = { .run = run, .dirfd = dirfd };
	int r;

	if (dirfd < 0)
		return fail_file(run, dirfd, NULL, -1, MEMORY_DIR, "");
	r = run->kernel->each_block(obs->blocks, obs->n_blocks, check_block, &check);
	*ret_any_present = check.any_present;
	/* A block that could not be listed may be online, too. */
	if (r < 0 && !check.is_told)
		return fail_file(run, r, NULL, -1, MEMORY_DIR, "");
	return r;
}

static int check_offline(struct run *run, struct daxhp_step *step __attribute__((unused)))
{
	bool any_present = false;
	int r = run->guard ? check_guard(run) : 0;

	/* Look at the blocks last: nothing comes between this look and the unbinding. */
	if (r == 0)
		r = check_blocks(run, &any_present);
	if (r == 0 && any_present && !run->guard)
		return fail(run, DAXHP_FAILED_UNGUARDED, -EBUSY);
	return r < 0 ? r : 0;
}

/*
 * An undo goes on without a guard if there cannot be one: to stop an undo halfway is worse. But then
 * the device is not unbound.
 */
static void guard_blocks(struct run *run, const struct memblock *blocks)
{
	run->guard_error = run->kernel->guard_start(run->session, blocks, run->obs->n_blocks,
						    &run->guard, &run->result->guard_error,
						    &run->rivals);
}

static int start_guard(struct run *run, struct daxhp_step *step __attribute__((unused)))
{
	int r;

	if (run->guard && run->guard_error == 0)
		return 0;
	drop_guard(run);
	guard_blocks(run, run->obs->blocks);
	if (run->guard_error == 0 || run->session->undoing)
		return 0;
	r = fail_guard(run, run->guard_error);
	/* The guard may have so many files open that a look at the device cannot open its own. */
	drop_guard(run);
	return r;
}

/* Those that the plan's look has seen may not have been there. What the bind has added is. */
static int guard_added(struct run *run)
{
	const struct daxhp_observation *obs = run->obs;
	_cleanup_free_ struct memblock *blocks = calloc(obs->n_blocks + 1, sizeof(*blocks));

	if (!blocks)
		return fail(run, DAXHP_FAILED_OBSERVE, -ENOMEM);
	for (size_t i = 0; i < obs->n_blocks; i++)
		blocks[i] = (struct memblock){ .id = obs->blocks[i].id, .state = MEMBLOCK_OFFLINE };
	guard_blocks(run, blocks);
	return 0;
}

static int take_back(struct run *run, const struct daxhp_observation *now, struct daxhp_step *step)
{
	_cleanup_close_ int dirfd = run->kernel->open_memory();

	if (dirfd < 0)
		return fail_file(run, dirfd, NULL, -1, MEMORY_DIR, "");
	for (size_t i = 0; i < now->n_blocks; i++) {
		const struct memblock *block = &now->blocks[i];
		int fd = run->kernel->guard_get_fd(run->guard, block->id), r = 0;
		char file[WORD_MAX];

		if (is_cancelled(run))
			return fail_cancelled(run);
		if (block->state == MEMBLOCK_ONLINE && !zone_fits(block->zone, step->word))
			r = run->kernel->write_block(dirfd, fd, block->id, DAXHP_OFFLINE);
		memblock_file(file, block->id, "state");
		if (r < 0)
			return fail_file(run, r, daxhp_state_name(DAXHP_OFFLINE), block->id,
					 MEMORY_DIR, file);
	}
	return 0;
}

/*
 * It goes on without a guard if there cannot be one. Once all blocks are online, nobody changes their
 * zone by accident; and the look at the end tells.
 */
static int claim_blocks(struct run *run, struct daxhp_step *step)
{
	_cleanup_(cleanup_observation) struct daxhp_observation *now = NULL;
	int r;

	drop_guard(run);
	r = guard_added(run);
	if (r == 0) {
		r = run->kernel->observe(run->device, &now);
		if (r < 0)
			return fail(run, DAXHP_FAILED_OBSERVE, r);
	}
	return r < 0 ? r : take_back(run, now, step);
}

static int fail_word(struct run *run, enum daxhp_recovered_kind kind, int errnum, const char *word)
{
	return kind == DAXHP_RECOVERED_POLICY
		       ? fail_file(run, errnum, word, -1, MEMORY_DIR, "auto_online_blocks")
		       : fail_file(run, errnum, word, -1, "/sys/bus/dax", "drivers_autoprobe");
}

/* Until the words are given back, no other daxhp may take our word for the machine's. */
static int lock_words(struct run *run)
{
	int r = lock_is_mine(&run->policy_lock) ? 0 : policy_lock(run->session, &run->policy_lock);

	return r < 0 ? fail_waiting(run, DAXHP_FAILED_POLICY_LOCK, r) : 0;
}

static int set_policy(struct run *run, struct daxhp_step *step)
{
	const char *word = daxhp_state_name(step->word);
	char found[WORD_MAX];
	int r = lock_words(run);

	if (r < 0)
		return r;
	/* If restoring it failed, the file has our own word, not the machine's. */
	strcpy(found, run->saved_policy);
	if (!*found)
		r = run->kernel->read_word(DAXHP_RECOVERED_POLICY, found, sizeof(found));
	if (r < 0)
		return fail_word(run, DAXHP_RECOVERED_POLICY, r, NULL);
	r = borrow_put(run->kernel, DAXHP_RECOVERED_POLICY, found, word);
	if (r < 0)
		return fail(run, DAXHP_FAILED_JOURNAL, r);
	strcpy(run->saved_policy, found);
	strcpy(run->set_policy, word);
	signals_hold(run);
	r = run->kernel->write_word(DAXHP_RECOVERED_POLICY, word);
	return r < 0 ? fail_word(run, DAXHP_RECOVERED_POLICY, r, word) : 0;
}

static int restore_policy(struct run *run, struct daxhp_step *step __attribute__((unused)))
{
	int r = borrow_return(run->session, DAXHP_RECOVERED_POLICY, run->saved_policy,
			      run->set_policy);

	if (r < 0)
		return fail_word(run, DAXHP_RECOVERED_POLICY, r, run->saved_policy);
	run->saved_policy[0] = '\0';
	run->kernel->lock_drop(&run->policy_lock);
	signals_hold(run);
	return 0;
}

static int check_unused(struct run *run, struct daxhp_step *step __attribute__((unused)))
{
	char unseen[UNSEEN_MAX];
	int r;

	r = run->kernel->find_holders(run->session, &run->rivals, unseen);
	if (r == -EINTR)
		return fail_waiting(run, DAXHP_FAILED_USE_UNSEEN, r);
	if (r < 0)
		return fail_unseen(run, DAXHP_FAILED_USE_UNSEEN, r, unseen);
	return run->rivals.count ? fail(run, DAXHP_FAILED_IN_USE, -EBUSY) : 0;
}

/* @kind is the kernel side's. */
static int fail_driver(struct run *run, enum daxhp_failure_kind kind, int errnum,
		       enum daxhp_mode mode)
{
	struct daxhp_failure failure = { .kind = kind, .block = -1 };

	snprintf(failure.driver, sizeof(failure.driver), "%s", mode_driver(mode));
	return fail_with(run, errnum, &failure);
}

/* A new driver takes every device that fits it, if the bus is not told to let it be. */
static int load_without_probing(struct run *run, enum daxhp_mode mode)
{
	enum daxhp_failure_kind kind;
	int r = run->kernel->write_word(DAXHP_RECOVERED_AUTOPROBE, "0");

	if (r < 0)
		return fail_word(run, DAXHP_RECOVERED_AUTOPROBE, r, "0");
	r = run->kernel->load_module(run->session->ctx, mode, &kind);
	return r < 0 ? fail_driver(run, kind, r, mode) : 0;
}

static int load_under_lock(struct run *run, enum daxhp_mode mode)
{
	char found[WORD_MAX];
	int r = run->kernel->read_word(DAXHP_RECOVERED_AUTOPROBE, found, sizeof(found)), r2;

	if (r < 0)
		return fail_word(run, DAXHP_RECOVERED_AUTOPROBE, r, NULL);
	r = borrow_put(run->kernel, DAXHP_RECOVERED_AUTOPROBE, found, "0");
	if (r < 0)
		return fail(run, DAXHP_FAILED_JOURNAL, r);
	run->is_loading = true;
	signals_hold(run);
	r = load_without_probing(run, mode);
	r2 = borrow_return(run->session, DAXHP_RECOVERED_AUTOPROBE, found, "0");
	run->is_loading = false;
	signals_hold(run);
	if (r == 0 && r2 < 0)
		return fail_word(run, DAXHP_RECOVERED_AUTOPROBE, r2, found);
	return r;
}

static int load_driver(struct run *run, struct daxhp_step *step)
{
	int r = lock_words(run);

	if (r < 0)
		return r;
	r = load_under_lock(run, step->mode);
	/* A policy that could not be restored is still ours. */
	if (!*run->saved_policy)
		run->kernel->lock_drop(&run->policy_lock);
	if (r == -EINTR && is_cancelled(run))
		return fail_cancelled(run);
	return r;
}

static int bind_driver(struct run *run, struct daxhp_step *step)
{
	const struct daxhp_observation *obs = run->obs;
	enum daxhp_failure_kind kind;
	struct monitor *monitor;
	int r;

	monitor = run->kernel->monitor_start(run->session, step, obs->blocks, obs->n_blocks);
	r = run->kernel->bind(run->device, step->mode, &kind);
	free(run->kernel->monitor_stop(monitor));
	if (r < 0)
		return fail_driver(run, kind, r, step->mode);
	run->mode = step->mode;
	return 0;
}

static int unbind_driver(struct run *run, struct daxhp_step *step __attribute__((unused)))
{
	int r = run->kernel->unbind(run->device);

	if (r < 0)
		return fail(run, DAXHP_FAILED_UNBIND, r);
	run->mode = DAXHP_MODE_UNBOUND;
	drop_guard(run);
	return 0;
}

int step_run(struct run *run, struct daxhp_step *step)
{
	static int (*const run_step[])(struct run *, struct daxhp_step *) = {
		[DAXHP_STEP_GUARD] = start_guard,
		[DAXHP_STEP_WRITE_ATTRIBUTE] = write_attribute,
		[DAXHP_STEP_WRITE_BLOCKS] = write_blocks,
		[DAXHP_STEP_CHECK_OFFLINE] = check_offline,
		[DAXHP_STEP_SET_POLICY] = set_policy,
		[DAXHP_STEP_RESTORE_POLICY] = restore_policy,
		[DAXHP_STEP_CHECK_UNUSED] = check_unused,
		[DAXHP_STEP_LOAD] = load_driver,
		[DAXHP_STEP_BIND] = bind_driver,
		[DAXHP_STEP_UNBIND] = unbind_driver,
		[DAXHP_STEP_CLAIM] = claim_blocks,
	};
	size_t total = step->n_blocks ? step->n_blocks : run->obs->n_blocks;
	double start = run->kernel->now();
	int r;

	if (is_cancelled(run) && step->type != DAXHP_STEP_RESTORE_POLICY)
		return fail_cancelled(run);
	report_progress(run, step, 0, total);
	/*
	 * A signal that is not meant to stop daxhp can interrupt the step. Then the step begins anew, and
	 * such signals are held back.
	 */
	if (takes_offline(run, step))
		inquiry_begin(run);
	while ((r = run_step[step->type](run, step)) < 0 && is_disturbed(run, r)) {
		run->n_disturbed++;
		signals_hold(run);
	}
	/* The request was cancelled after is_disturbed() had looked. */
	if (r == -EINTR && is_cancelled(run) &&
	    run->result->failure.kind != DAXHP_FAILED_CANCELLED &&
	    run->result->failure.kind != DAXHP_FAILED_STUCK)
		fail_cancelled(run);
	if (takes_offline(run, step))
		inquiry_end(run);
	run->inquiry.obstacle = (struct daxhp_obstacle){ 0 };
	if (run->n_disturbed) {
		run->n_disturbed = 0;
		signals_hold(run);
	}
	step->seconds = run->kernel->now() - start;
	run->result->seconds += step->seconds;
	if (r == 0)
		report_progress(run, step, total, total);
	return r;
}
