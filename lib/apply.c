// SPDX-License-Identifier: LGPL-2.1-or-later
/* Carry out a plan, and check the result. If it failed, lead the device back. */
#include <errno.h>
#include <string.h>

#include "libdaxhp-private.h"

/* An undo takes at most this many plans: blocks offline, blocks online, unbind, bind, blocks again. */
#define RESTORE_ROUNDS 6
/* How often a look is tried when memory runs out. */
#define LOOKS_MAX 3
/* Memory for an undo: so much for itself, and so much for each block of its looks and plans. */
#define RESERVE_BYTES 65536
#define RESERVE_PER_BLOCK (2 * sizeof(struct memblock) + 2 * sizeof(uint64_t))

void result_fail(struct daxhp_result *result, enum daxhp_failure_kind kind, int errnum)
{
	failure_set(&result->failure,
		    &(struct daxhp_failure){ .kind = kind, .errnum = -errnum, .block = -1 });
}

static bool only_looks(const struct daxhp_step *step)
{
	return step->type == DAXHP_STEP_GUARD || step->type == DAXHP_STEP_CHECK_OFFLINE ||
	       step->type == DAXHP_STEP_CHECK_UNUSED;
}

static int run_steps(struct run *run, struct daxhp_plan *plan)
{
	run->obs = plan->before;
	run->room = plan->has_room ? &plan->room : NULL;
	run->mode = plan->before->mode;
	for (size_t i = 0; i < plan->n_steps; i++) {
		int r;

		run->has_begun |= !only_looks(&plan->steps[i]);
		r = step_run(run, &plan->steps[i]);

		log_debug(run->session->ctx, "%s: %s: %d", run->device->name,
			  daxhp_step_get_name(&plan->steps[i]), r);
		if (r < 0)
			return r;
	}
	return 0;
}

/* However a plan ends, the machine's policy must be as before. */
static int put_policy_back(struct run *run)
{
	struct daxhp_step step = { .type = DAXHP_STEP_RESTORE_POLICY };

	return *run->saved_policy ? step_run(run, &step) : 0;
}

/* The first block that is not as the goal wants it; -1 when all are. */
static int64_t find_culprit(const struct daxhp_observation *obs, struct goal goal)
{
	enum memblock_state wanted = goal_block_state(goal, obs);

	for (size_t i = 0; i < obs->n_blocks; i++)
		if (obs->blocks[i].state != wanted)
			return obs->blocks[i].id;
	return -1;
}

/*
 * Look at the device, for the result. If the look fails, the result has no observation: readers would
 * take an older one for the present state. When memory is short for a moment, the look is tried again.
 */
static int look_again(struct run *run)
{
	struct daxhp_observation *now = NULL;
	int r = -ENOMEM;

	for (int i = 0; r == -ENOMEM && i < LOOKS_MAX; i++) {
		r = device_observe_to_plan(run->device, &now);
		if (r == -ENODEV)
			r = run->kernel->observe_gone(run->device, &now);
	}
	daxhp_observation_unref(run->result->after);
	run->result->after = now;
	return r;
}

static int verify(struct run *run, const struct daxhp_plan *plan)
{
	struct daxhp_result *result = run->result;
	int r = look_again(run);

	if (r == 0 && result->after->is_gone) {
		result_fail(result, DAXHP_FAILED_DEVICE_GONE, -ENODEV);
		return -ENODEV;
	}
	/* Blocks that cannot be read: that is another failure than a missed goal. */
	if (r == 0)
		r = result->after->blocks_error;
	if (r < 0) {
		result_fail(result, DAXHP_FAILED_OBSERVE, r);
		return r;
	}
	if (observation_meets(result->after, plan->goal))
		return 0;
	if (result->after->mode != DAXHP_MODE_SYSTEM_RAM &&
	    result->after->mode != DAXHP_MODE_UNBOUND && plan->goal.mode != DAXHP_MODE_DEVDAX) {
		result_fail(result, DAXHP_FAILED_DRIVER_CHANGED, -EBUSY);
		return -EBUSY;
	}
	failure_set(&result->failure, &(struct daxhp_failure){
					      .kind = DAXHP_FAILED_NOT_SO,
					      .errnum = EIO,
					      .block = find_culprit(result->after, plan->goal),
					      .goal = plan->goal,
				      });
	return -EIO;
}

/*
 * A block or an attribute that is gone because another process changed the driver, or the device went
 * away: the failure is that, and not the write.
 */
static void note_change_by_others(const struct run *run)
{
	struct daxhp_result *result = run->result;
	const struct daxhp_failure *f = &result->failure;

	if (result->after && result->after->is_gone) {
		result_fail(result, DAXHP_FAILED_DEVICE_GONE, -ENODEV);
		return;
	}
	if ((f->kind == DAXHP_FAILED_WRITE || f->kind == DAXHP_FAILED_READ) &&
	    (f->errnum == ENOENT || f->errnum == ENODEV) && result->after &&
	    result->after->mode != run->mode)
		result_fail(result, DAXHP_FAILED_DRIVER_CHANGED, -f->errnum);
}

/* Lead the device back to @before, plan by plan, until it is there or no plan leads nearer. */
static void go_back(struct run *run, const struct daxhp_observation *before)
{
	for (int round = 0; round < RESTORE_ROUNDS; round++) {
		_cleanup_(cleanup_plan) struct daxhp_plan *back = NULL;
		bool is_locked_out;

		/* There was no memory for a plan. The next round tries again. */
		if (plan_restore(run->result->after, before, &back) < 0)
			continue;
		if (back->n_steps == 0)
			break;
		is_locked_out = run_steps(run, back) < 0 &&
				run->result->failure.kind == DAXHP_FAILED_POLICY_LOCK &&
				run->result->failure.errnum == EWOULDBLOCK;
		put_policy_back(run);
		/* Another process has kept the policy's lock for ten minutes. Do not wait again. */
		if (look_again(run) < 0 || run->result->after->is_gone || is_locked_out)
			break;
	}
	/* The last plan is freed, and its observation with it. */
	run->obs = before;
}

static void drop_reserve(struct daxhp_result *result)
{
	free(result->reserve);
	result->reserve = NULL;
}

/* The first failure is the one that is reported. What fails in the undo is seen in the blocks. */
static void undo(struct run *run, struct daxhp_observation *before)
{
	struct daxhp_result *result = run->result;
	struct daxhp_result ignored = { 0 };

	drop_reserve(result);
	look_again(run);
	/* Nothing was changed. What stopped the plan, as too few descriptors, may stop the look, too. */
	if (!run->has_begun && (!result->after || result->after->blocks_error < 0)) {
		daxhp_observation_unref(result->after);
		result->after = daxhp_observation_ref(before);
	}
	if (!result->after)
		return;
	note_change_by_others(run);
	if (result->failure.kind == DAXHP_FAILED_DRIVER_CHANGED ||
	    result->failure.kind == DAXHP_FAILED_DEVICE_GONE)
		return;
	ignored.after = result->after;
	run->result = &ignored;
	run->session->undoing = true;
	signals_hold(run);
	go_back(run, before);
	run->session->undoing = false;
	signals_hold(run);
	run->result = result;
	result->after = ignored.after;
}

static void note_stuck(struct daxhp_result *result, const struct daxhp_observation *before)
{
	const struct daxhp_observation *after = result->after;

	result->undone = after && observation_equal(after, before);
	if (result->undone || !after || after->n_blocks != before->n_blocks)
		return;
	for (size_t i = 0; i < after->n_blocks; i++)
		if (!memblock_equal(&after->blocks[i], &before->blocks[i]))
			result->stuck[result->n_stuck++] = after->blocks[i].id;
}

static void start_run(struct run *run, struct daxhp_session *session,
		      const struct daxhp_observation *before, struct daxhp_result *result)
{
	*run = (struct run){
		.session = session,
		.kernel = session->ctx->kernel,
		.device = session->device,
		.result = result,
	};
	pthread_sigmask(SIG_BLOCK, NULL, &run->mask);
	run->watch = run->kernel->watch_start(session, before);
}

static void end_run(struct run *run)
{
	run->kernel->watch_stop(run->watch);
	pthread_sigmask(SIG_SETMASK, &run->mask, NULL);
	run->kernel->lock_drop(&run->policy_lock);
	drop_guard(run);
	run->result->rivals = run->rivals;
}

/* Take all memory for an undo now: an undo must not fail because memory runs out. */
static int take_reserve(struct daxhp_result *result, size_t n_blocks)
{
	result->reserve = malloc(RESERVE_BYTES + n_blocks * RESERVE_PER_BLOCK);
	return result->reserve ? 0 : -ENOMEM;
}

static int carry_out(struct run *run, struct daxhp_plan *plan)
{
	struct daxhp_result *result = run->result;
	int r = run_steps(run, plan);
	int r2 = put_policy_back(run);

	if (r == 0)
		r = r2;
	if (r == 0)
		r = verify(run, plan);
	if (r == 0)
		return 0;
	undo(run, plan->before);
	/* Try once more: our word must not stay as the machine's policy. */
	put_policy_back(run);
	note_stuck(result, plan->before);
	if (*run->saved_policy)
		result->undone = false;
	return r;
}

/*
 * Block by block it failed, for others were faster, or the attribute's word is not true of the blocks. The
 * kernel can do it in one go, with nobody in between.
 */
static bool is_worth_another_try(const struct run *run, const struct daxhp_plan *plan)
{
	const struct daxhp_failure *f = &run->result->failure;
	bool is_still_in_other_zone = f->kind == DAXHP_FAILED_WRITE &&
				      state_from_name(f->word) == DAXHP_OFFLINE;

	return plan->is_by_blocks && run->result->undone && !session_is_cancelled(run->session) &&
	       (f->kind == DAXHP_FAILED_NOT_SO || is_still_in_other_zone);
}

static void try_by_policy(struct run *run, struct daxhp_plan *plan)
{
	struct daxhp_result *result = run->result;

	log_debug(run->session->ctx, "%s: block by block it failed: %s", run->device->name,
		  result->failure.sentence);
	drop_guard(run);
	/* The first failure stays, where there is no memory for a second try. */
	if (take_reserve(result, plan->before->n_blocks) < 0 || plan_use_policy(plan) < 0)
		return;
	result->failure = (struct daxhp_failure){ 0 };
	carry_out(run, plan);
}

void apply_plan(struct daxhp_session *session, struct daxhp_plan *plan, struct daxhp_result *result)
{
	struct run run;

	start_run(&run, session, plan->before, result);
	if (carry_out(&run, plan) < 0 && is_worth_another_try(&run, plan))
		try_by_policy(&run, plan);
	end_run(&run);
	drop_reserve(result);
	result->changed = !result->after || !observation_equal(plan->before, result->after);
}

struct daxhp_result *result_new(size_t n_blocks)
{
	struct daxhp_result *result = calloc(1, sizeof(*result));

	if (!result)
		return NULL;
	result->undone = true;
	result->stuck = calloc(n_blocks + 1, sizeof(*result->stuck));
	if (!result->stuck || take_reserve(result, n_blocks) < 0)
		return daxhp_result_free(result);
	return result;
}

int apply_restore(struct daxhp_session *session, struct daxhp_observation *now,
		  const struct daxhp_observation *before, struct daxhp_result **ret_result)
{
	struct daxhp_result *result = result_new(before->n_blocks);
	struct run run;

	if (!result)
		return -ENOMEM;
	start_run(&run, session, now, result);
	drop_reserve(result);
	result->after = daxhp_observation_ref(now);
	go_back(&run, before);
	put_policy_back(&run);
	end_run(&run);
	note_stuck(result, before);
	if (result->undone)
		result_fail(result, DAXHP_FAILURE_NONE, 0);
	else if (!result->failure.kind)
		result_fail(result, DAXHP_FAILED_NOT_SO, -EIO);
	result->changed = !result->after || !observation_equal(now, result->after);
	*ret_result = result;
	return -result->failure.errnum;
}

EXPORT struct daxhp_result *daxhp_result_free(struct daxhp_result *result)
{
	if (!result)
		return NULL;
	daxhp_observation_unref(result->after);
	free(result->stuck);
	free(result->reserve);
	free(result);
	return NULL;
}

GETTER(result, bool, changed)
GETTER(result, double, seconds)
GETTER(result, const struct daxhp_observation *, after)

EXPORT const struct daxhp_failure *daxhp_result_get_failure(const struct daxhp_result *result)
{
	return result->failure.kind ? &result->failure : NULL;
}

GETTER(result, bool, undone)

EXPORT size_t daxhp_result_get_stuck_blocks(const struct daxhp_result *result,
					    const uint64_t **ret_blocks)
{
	*ret_blocks = result->stuck;
	return result->n_stuck;
}

ITEM_GETTER(result, struct daxhp_rival, rival, rivals.list, rivals.count)

EXPORT unsigned long daxhp_result_count_left_out(const struct daxhp_result *result)
{
	return result->rivals.left_out;
}

GETTER(result, int, guard_error)
