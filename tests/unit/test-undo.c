// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Carries out plans on the model. When the kernel works, every device reaches its goal. When
 * anything goes wrong, at any step and block, the device goes back to its old state, or the result
 * names the blocks that are not as before. execute.c and apply.c are the library's own.
 */
#include "model.h"

#define BLOCKS 3
/* 4 letters, BLOCKS of them */
#define COMBINATIONS 64
/* With so many blocks, the blocks of a device go offline before the attribute is written. */
#define MANY 130
/* With BLOCKS of this size, new memory comes online block by block. */
#define LARGE_BLOCK (UINT64_C(1) << 40)

static const char *const words[] = { "unplugged",     "offline",	"online",
				     "online_kernel", "online_movable", "unknown" };
/* Starts of large devices. */
static const char *const large[] = { "---", "MMM", "NNN", "M.-" };
/* The first two differ most. They are enough for the failures, and save half of the time. */
static const char *const policies[] = { "offline", "online_movable", "online", "online_kernel" };
static size_t n_policies = 2;

/* One start, one goal, one fault. */
struct trial {
	struct daxhp_observation *before;
	bool is_honest;
	bool gets_attribute; /* if it is unbound before */
	bool is_held;
	struct goal goal;
	enum model_fault fault;
	unsigned int at;
	int errnum;

	struct daxhp_plan *plan;
	struct daxhp_result *result;
	struct daxhp_observation *after;
	int r;
	unsigned int calls;
};

static const char *describe(const struct trial *t)
{
	static const char *const faults[] = {
		[FAULT_NONE] = "nothing wrong",
		[FAULT_ERROR] = "an error",
		[FAULT_SILENT] = "a lie",
		[FAULT_CANCEL] = "a signal",
		[FAULT_SIGNAL] = "a signal for somebody else",
		[FAULT_RIVAL] = "a rival",
		[FAULT_KILL] = "killed",
		[FAULT_NO_OFFLINE] = "a block that will not go offline",
		[FAULT_NO_ONLINE] = "a block that will not come online",
		[FAULT_DEAF] = "a block that is always interrupted",
	};
	static char text[1024];
	char before[16], after[16];

	snprintf(before, sizeof(before), "%s", format_blocks(t->before));
	snprintf(after, sizeof(after), "%s", format_blocks(t->after));
	snprintf(text, sizeof(text),
		 "from %s '%s' %s, policy %s, goal %s, %s at %u, %s kernel: [%s] leads to %s '%s' "
		 "%s, result %d",
		 before, t->before->attribute_word, t->before->driver, t->before->policy,
		 format_goal(t->goal), faults[t->fault], t->at, t->is_honest ? "honest" : "7.3",
		 format_plan(t->plan), after, t->after->attribute_word, t->after->driver, t->r);
	return text;
}

/* ---- rules after every trial ---- */

static void check_world(const struct trial *t)
{
	assert_msg(!model.was_wedged, "wedged: %s", describe(t));
	assert_msg(!model.was_absurd, "told what no kernel takes: %s", describe(t));
	assert_msg(model.policy == model.first_policy, "policy not restored: %s", describe(t));
	assert_msg(model.probes, "the bus does not probe: %s", describe(t));
	assert_msg(!*model.policy_note && !*model.autoprobe_note && !*model.note,
		   "journal left: %s", describe(t));
	/* Otherwise the next run could not be cancelled. */
	assert_msg(!model.session.undoing, "undoing for ever: %s", describe(t));
}

static void check_truth(const struct trial *t)
{
	const struct daxhp_observation *told = daxhp_result_get_after(t->result);
	bool is_as_before = observation_equal(t->after, t->before);
	const uint64_t *stuck;
	size_t n_stuck = daxhp_result_get_stuck_blocks(t->result, &stuck);

	assert_msg(told && observation_equal(told, t->after), "the look is old: %s", describe(t));
	assert_msg(daxhp_result_get_changed(t->result) != is_as_before, "changed: %s", describe(t));
	assert_msg(t->r == -t->result->failure.errnum, "errno: %s", describe(t));
	if (t->r == 0) {
		assert_msg(observation_meets(t->after, t->goal), "no success: %s", describe(t));
		assert_int_equal(t->result->failure.kind, DAXHP_FAILURE_NONE);
		return;
	}
	assert_int_not_equal(t->result->failure.kind, DAXHP_FAILURE_NONE);
	assert_msg(daxhp_result_get_undone(t->result) == is_as_before, "undone: %s", describe(t));
	for (size_t i = 0, k = 0; i < BLOCKS; i++) {
		if (memblock_equal(&t->after->blocks[i], &t->before->blocks[i]))
			continue;
		assert_msg(k < n_stuck && stuck[k++] == t->after->blocks[i].id, "stuck: %s",
			   describe(t));
	}
}

static void check_refusal(const struct trial *t)
{
	if (!t->plan->refusal.kind)
		return;
	assert_msg(daxhp_plan_count_steps(t->plan) == 0 && t->r < 0 &&
			   observation_equal(t->after, t->before),
		   "refused, and yet: %s", describe(t));
}

/* ---- states that cannot be restored ---- */

static size_t count_missing(const struct daxhp_observation *obs)
{
	return obs->n_blocks - obs->n_present;
}

/* Some states cannot be reached again, because no write to the kernel leads to them. */
static bool can_be_had_again(const struct daxhp_observation *obs)
{
	bool is_unplugged = state_from_name(obs->attribute_word) == DAXHP_UNPLUGGED;

	if (obs->mode != DAXHP_MODE_SYSTEM_RAM)
		return true;
	/* Memory is present but the word is `unplugged`; or no memory and another word. */
	if (is_unplugged || count_missing(obs) == obs->n_blocks)
		return is_unplugged && count_missing(obs) == obs->n_blocks;
	/* Missing blocks would come back together with the others. */
	return count_missing(obs) == 0;
}

static bool can_be_undone(const struct trial *t)
{
	const struct daxhp_observation *before = t->before;

	if (!can_be_had_again(before) || t->fault == FAULT_RIVAL || t->is_held)
		return false;
	/*
	 * Only after the bind it shows that the kernel has an attribute, with a word that does not follow
	 * the blocks. The memory is online then, but the word is not true.
	 */
	if (t->fault == FAULT_NO_OFFLINE && t->plan->is_by_blocks && t->gets_attribute)
		return false;
	if (t->fault != FAULT_NO_ONLINE)
		return true;
	/* This block was online, and with this fault it cannot come online again. */
	if (before->blocks[t->at].state == MEMBLOCK_ONLINE)
		return false;
	/* Only an online write of the whole device sets this word, and that write fails. */
	return !(t->is_honest && state_is_online(state_from_name(before->attribute_word)));
}

/* ---- trials ---- */

static void run_trial(struct trial *t)
{
	model.is_honest = t->is_honest;
	/* One kernel of each kind is enough: the meaning of plain `online` does not depend on it. */
	model.default_zone = t->is_honest ? DAXHP_ZONE_MOVABLE : DAXHP_ZONE_NORMAL;
	model_reset(t->before);
	if (!model.bound)
		model.has_attribute = t->gets_attribute;
	model.fault = t->fault;
	model.at = t->at;
	model.errnum = t->errnum;
	model.is_held = t->is_held;
	assert_int_equal(plan_new(t->before, t->goal, model.request.force, &t->plan), 0);
	t->r = daxhp_apply(&model.session, t->plan, &t->result);
	t->calls = model.calls;
	model.fault = FAULT_NONE;
	assert_int_equal(daxhp_observe(&model.device, &t->after), 0);
	check_world(t);
	check_truth(t);
	check_refusal(t);
}

static void end_trial(struct trial *t)
{
	daxhp_result_free(t->result);
	daxhp_plan_free(t->plan);
	daxhp_observation_unref(t->after);
}

typedef void (*trial_fn)(struct trial *t, unsigned long *count);

static void try_goals(struct trial *t, trial_fn fn, unsigned long *count)
{
	for (size_t p = 0; p < n_policies; p++) {
		strcpy(t->before->policy, policies[p]);
		for (size_t g = 0; g < GOALS_COUNT; g++) {
			t->goal = all_goals[g];
			fn(t, count);
		}
	}
	daxhp_observation_unref(t->before);
}

static void try_blocks(const char *blocks, bool is_honest, trial_fn fn, unsigned long *count)
{
	struct trial t = { .is_honest = is_honest };

	t.before = make_observation(blocks);
	try_goals(&t, fn, count);
	for (size_t w = 0; w < ARRAY_SIZE(words); w++) {
		t.before = make_attribute_observation(blocks, DAXHP_INTERFACE_STATE, words[w]);
		model.is_honest = is_honest;
		if (model_can_show(t.before))
			try_goals(&t, fn, count);
		else
			daxhp_observation_unref(t.before);
	}
}

/* Every start, every policy, every goal. */
static unsigned long try_all(trial_fn fn)
{
	unsigned long count = 0;

	for (int kernel = 0; kernel < 2; kernel++) {
		for (unsigned int c = 0; c < COMBINATIONS; c += STARTS_STEP) {
			char blocks[BLOCKS + 1] = "";

			for (size_t i = 0; i < BLOCKS; i++)
				blocks[i] = ".-MN"[c >> 2 * i & 3];
			try_blocks(blocks, kernel, fn, &count);
		}
		for (unsigned int c = 0; c < 16; c++) {
			struct trial t = { .is_honest = kernel, .gets_attribute = c & 1 };

			t.before = make_mode_observation("...", c & 4 ? DAXHP_MODE_DEVDAX
								      : DAXHP_MODE_UNBOUND);
			t.before->has_device_dax = true;
			t.before->has_kmem = c & 2;
			t.before->block_size = c & 8 ? LARGE_BLOCK : t.before->block_size;
			try_goals(&t, fn, &count);
		}
		for (size_t i = 0; i < ARRAY_SIZE(large); i++) {
			struct trial t = { .is_honest = kernel };

			t.before = make_observation(large[i]);
			t.before->block_size = LARGE_BLOCK;
			try_goals(&t, fn, &count);
		}
	}
	return count;
}

/* ---- tests ---- */

static void try_without_fault(struct trial *t, unsigned long *count)
{
	t->fault = FAULT_NONE;
	run_trial(t);
	assert_msg(t->r == 0 || t->plan->refusal.kind, "fails: %s", describe(t));
	end_trial(t);
	++*count;
}

static void test_reaches_goal(void **state)
{
	(void)state;
	n_policies = ARRAY_SIZE(policies);
	assert_true(try_all(try_without_fault) > 10000 / STARTS_STEP);
	n_policies = 2;
}

static void try_fault(struct trial *t, unsigned int at, bool *ret_goes_on, unsigned long *count)
{
	t->at = at;
	run_trial(t);
	if (t->r < 0 && can_be_undone(t))
		assert_msg(daxhp_result_get_undone(t->result), "not undone: %s", describe(t));
	*ret_goes_on = at < t->calls;
	end_trial(t);
	++*count;
}

static void try_everywhere(struct trial *t, enum model_fault fault, unsigned long *count)
{
	bool goes_on = true;

	t->fault = fault;
	for (unsigned int at = 1; goes_on; at++)
		try_fault(t, at, &goes_on, count);
}

static void try_errors(struct trial *t, unsigned long *count)
{
	try_everywhere(t, FAULT_ERROR, count);
}

static void try_lies(struct trial *t, unsigned long *count)
{
	try_everywhere(t, FAULT_SILENT, count);
}

static void try_signals(struct trial *t, unsigned long *count)
{
	try_everywhere(t, FAULT_CANCEL, count);
}

/* A call that is interrupted but not cancelled starts again. The result must be the same. */
static void try_other_signals(struct trial *t, unsigned long *count)
{
	bool goes_on = true;

	t->fault = FAULT_SIGNAL;
	for (t->at = 1; goes_on; t->at++) {
		run_trial(t);
		assert_msg(t->r == 0 || t->plan->refusal.kind, "fails: %s", describe(t));
		assert_msg(!model.was_open, "others get through again: %s", describe(t));
		goes_on = t->at < t->calls;
		end_trial(t);
		++*count;
	}
}

static void try_rivals(struct trial *t, unsigned long *count)
{
	try_everywhere(t, FAULT_RIVAL, count);
}

static void try_stubborn_blocks(struct trial *t, unsigned long *count)
{
	bool ignored;

	for (unsigned int i = 0; i < BLOCKS; i++) {
		t->fault = FAULT_NO_OFFLINE;
		try_fault(t, i, &ignored, count);
		t->fault = FAULT_NO_ONLINE;
		try_fault(t, i, &ignored, count);
	}
}

static void test_undoes_error(void **state)
{
	(void)state;
	assert_true(try_all(try_errors) > 20000 / STARTS_STEP);
}

static void test_undoes_lie(void **state)
{
	(void)state;
	assert_true(try_all(try_lies) > 30000 / STARTS_STEP);
}

static void test_undoes_signal(void **state)
{
	(void)state;
	assert_true(try_all(try_signals) > 20000 / STARTS_STEP);
}

static void test_outlasts_other_signals(void **state)
{
	sigset_t before = { 0 }, after = { 0 };

	(void)state;
	pthread_sigmask(SIG_BLOCK, NULL, &before);
	assert_true(try_all(try_other_signals) > 20000 / STARTS_STEP);
	pthread_sigmask(SIG_BLOCK, NULL, &after);
	assert_memory_equal(&before, &after, sizeof(before));
}

/* But not for ever: a kernel could return EINTR without a signal, again and again. */
static void test_gives_interrupted_block_up(void **state)
{
	struct trial t = { .goal = GOAL_UNPLUGGED, .fault = FAULT_DEAF, .at = 1 };

	(void)state;
	t.before = make_observation("MMM");
	run_trial(&t);
	assert_int_equal(t.r, -EINTR);
	assert_int_equal(t.result->failure.kind, DAXHP_FAILED_WRITE);
	assert_int_equal(t.result->failure.block, FIRST_BLOCK + 1);
	assert_true(daxhp_result_get_undone(t.result));
	end_trial(&t);
	daxhp_observation_unref(t.before);
}

static void test_undoes_stubborn_block(void **state)
{
	(void)state;
	assert_true(try_all(try_stubborn_blocks) > 30000 / STARTS_STEP);
}

/* With a rival, an undo may be impossible. But no memory is wedged, and the report is true. */
static void test_survives_rival(void **state)
{
	(void)state;
	assert_true(try_all(try_rivals) > 30000 / STARTS_STEP);
}

static void try_held(struct trial *t, unsigned long *count)
{
	t->is_held = true;
	try_everywhere(t, FAULT_SILENT, count);
}

/* The same without a guard: the undo does not unbind a device that it cannot guard. */
static void test_survives_holder(void **state)
{
	(void)state;
	assert_true(try_all(try_held) > 10000 / STARTS_STEP);
}

/* Runs once, with the values that the caller has set in the model after model_reset(). */
static void apply(struct trial *t, int expected)
{
	assert_int_equal(plan_new(t->before, t->goal, model.request.force, &t->plan), 0);
	t->r = daxhp_apply(&model.session, t->plan, &t->result);
	assert_int_equal(t->r, expected);
	model.odd = 0;
	assert_int_equal(daxhp_observe(&model.device, &t->after), 0);
	check_world(t);
}

/*
 * During the undo, a process holds the blocks' files. The blocks still go offline, but the device
 * stays bound.
 */
static void test_goes_back_without_guard(void **state)
{
	struct trial t = {
		.goal = GOAL_ONLINE_MOVABLE, .fault = FAULT_NO_ONLINE, .at = 1, .is_held = true
	};

	(void)state;
	t.before = make_mode_observation("...", DAXHP_MODE_UNBOUND);
	run_trial(&t);
	assert_int_equal(t.r, -EIO);
	assert_string_equal(format_blocks(t.after), "---");
	assert_true(model.bound);
	end_trial(&t);
	daxhp_observation_unref(t.before);
}

/* The same, but the process closes the files in time. */
static void test_goes_back_with_another_guard(void **state)
{
	struct trial t = { .goal = GOAL_ONLINE_MOVABLE };

	(void)state;
	t.before = make_mode_observation("...", DAXHP_MODE_UNBOUND);
	model.is_honest = false;
	model_reset(t.before);
	model.fault = FAULT_NO_ONLINE;
	model.at = 1;
	model.held_times = 1;
	apply(&t, -EIO);
	assert_true(daxhp_result_get_undone(t.result));
	end_trial(&t);
	daxhp_observation_unref(t.before);
}

/*
 * New memory of a large device comes online block by block. What another program sets online in the
 * other zone before the guard is up, is taken back.
 */
static void test_takes_back(void **state)
{
	struct trial t = { .goal = GOAL_ONLINE_KERNEL, .fault = FAULT_RIVAL, .calls = 1 };
	unsigned int n_taken_back = 0;

	(void)state;
	t.before = make_mode_observation("...", DAXHP_MODE_UNBOUND);
	t.before->block_size = LARGE_BLOCK;
	for (t.at = 1; t.at <= t.calls; t.at++) {
		run_trial(&t);
		assert_msg(t.r == 0 && t.plan->is_by_blocks, "%s", describe(&t));
		n_taken_back += model.was_offline[0];
		end_trial(&t);
	}
	assert_true(n_taken_back > 0);
	daxhp_observation_unref(t.before);
}

/* One does not go offline again at first. All is undone, and the kernel does it by the policy. */
static void test_takes_back_by_policy(void **state)
{
	struct trial t = { .goal = GOAL_ONLINE_KERNEL };
	bool was_by_policy = false;

	(void)state;
	t.before = make_mode_observation("...", DAXHP_MODE_UNBOUND);
	t.before->block_size = LARGE_BLOCK;
	for (unsigned int at = 1; !was_by_policy; at++) {
		model_reset(t.before);
		model.fault = FAULT_RIVAL;
		model.at = at;
		model.busy_times = 1;
		apply(&t, 0);
		was_by_policy = t.plan->is_by_policy;
		assert_msg(at < model.calls, "never by policy: %s", describe(&t));
		end_trial(&t);
	}
	daxhp_observation_unref(t.before);
}

/* A process with an open file could change the blocks meanwhile. So the run does not start. */
static void does_not_begin(const char *blocks, struct goal goal)
{
	struct trial t = { .goal = goal };

	t.before = make_observation(blocks);
	model_reset(t.before);
	model.is_held = true;
	apply(&t, -EBUSY);
	assert_int_equal(t.result->failure.kind, DAXHP_FAILED_HELD);
	assert_int_equal(model.n_written, 0);
	end_trial(&t);
	daxhp_observation_unref(t.before);
}

static void test_holder_keeps_it_from_beginning(void **state)
{
	(void)state;
	does_not_begin("MMM", GOAL_UNPLUGGED);
	does_not_begin("---", GOAL_ONLINE_MOVABLE);
}

/* The policy's file then has daxhp's word, and not the machine's. */
static void test_policy_that_sticks(void **state)
{
	struct trial t = { .goal = GOAL_MOVE_KERNEL };
	sigset_t before = { 0 }, after = { 0 };

	(void)state;
	pthread_sigmask(SIG_BLOCK, NULL, &before);
	t.before = make_observation("MMM");
	model_reset(t.before);
	model.policy_sticks = 2;
	apply(&t, -EIO);
	assert_true(daxhp_result_get_undone(t.result));
	end_trial(&t);
	/* It fails for good: the result says so, and the journal keeps the word for later. */
	model_reset(t.before);
	model.policy_sticks = 100;
	assert_int_equal(plan_new(t.before, t.goal, model.request.force, &t.plan), 0);
	assert_int_equal(daxhp_apply(&model.session, t.plan, &t.result), -EIO);
	assert_false(daxhp_result_get_undone(t.result));
	assert_true(*model.policy_note);
	pthread_sigmask(SIG_BLOCK, NULL, &after);
	assert_memory_equal(&before, &after, sizeof(before));
	daxhp_result_free(t.result);
	daxhp_plan_free(t.plan);
	daxhp_observation_unref(t.before);
}

static void test_needs_the_lock(void **state)
{
	struct trial t = { .goal = GOAL_UNPLUGGED };

	(void)state;
	t.before = make_observation("MMM");
	model_reset(t.before);
	model.session.lock.owner = 0;
	apply(&t, -ENOLCK);
	assert_int_equal(t.result->failure.kind, DAXHP_FAILED_NOT_LOCKED);
	assert_string_equal(format_blocks(t.after), "MMM");
	end_trial(&t);
	daxhp_observation_unref(t.before);
}

/* Only if a kill would leave the device between two states. */
static void test_notes_what_leads_between(void **state)
{
	static const char old[] = "system-ram online_movable - devdax - move,rebind 32 3 4711";
	struct daxhp_observation *starts[] = {
		make_attribute_observation("MMM", DAXHP_INTERFACE_STATE, "online_movable"),
		make_observation("MMM"),
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(starts); i++) {
		struct trial t = { .before = starts[i],
				   .goal = i ? GOAL_MOVE_KERNEL : GOAL_UNPLUGGED };

		model_reset(t.before);
		apply(&t, 0);
		assert_int_equal(model.n_notes, i);
		end_trial(&t);
		/* The note of a killed daxhp has the device's old state. */
		model_reset(t.before);
		strcpy(model.note, old);
		model.fault = FAULT_NO_OFFLINE;
		assert_int_equal(plan_new(t.before, t.goal, model.request.force, &t.plan), 0);
		assert_int_equal(daxhp_apply(&model.session, t.plan, &t.result), -EBUSY);
		assert_string_equal(model.note, old);
		assert_int_equal(model.n_notes, 0);
		daxhp_result_free(t.result);
		daxhp_plan_free(t.plan);
		daxhp_observation_unref(t.before);
	}
}

/* Without an entry in the journal, a kill would leave the device between two states. */
static void test_needs_the_journal(void **state)
{
	struct trial t = { .goal = GOAL_MOVE_KERNEL };

	(void)state;
	t.before = make_observation("MMM");
	model_reset(t.before);
	/* The first thing that is asked for is the entry. */
	model.fault = FAULT_ERROR;
	model.at = 1;
	apply(&t, -ENOSPC);
	assert_int_equal(t.result->failure.kind, DAXHP_FAILED_JOURNAL);
	assert_false(daxhp_result_get_changed(t.result));
	assert_int_equal(model.n_written, 0);
	assert_string_equal(format_blocks(t.after), "MMM");
	end_trial(&t);
	daxhp_observation_unref(t.before);
}

/* After a cancel, no step starts. */
static void test_cancelled_before(void **state)
{
	struct daxhp_observation *starts[] = {
		make_attribute_observation("MMM", DAXHP_INTERFACE_STATE, "online_movable"),
		make_observation("MMM"),
		make_mode_observation("...", DAXHP_MODE_DEVDAX),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
		struct trial t = { .before = starts[i], .goal = GOAL_SYSTEM_RAM_KERNEL };

		model_reset(t.before);
		daxhp_request_cancel(&model.request);
		apply(&t, -EINTR);
		assert_int_equal(t.result->failure.kind, DAXHP_FAILED_CANCELLED);
		assert_false(daxhp_result_get_changed(t.result));
		end_trial(&t);
		daxhp_observation_unref(t.before);
	}
}

/* Returns the result with so many retries. */
static void try_tries(struct trial *t, unsigned int retries, int expected)
{
	run_trial(t);
	end_trial(t);
	model_reset(t->before);
	model.request.retries = retries;
	model.fault = t->fault;
	model.at = t->at;
	model.errnum = t->errnum;
	assert_int_equal(plan_new(t->before, t->goal, model.request.force, &t->plan), 0);
	assert_int_equal(daxhp_apply(&model.session, t->plan, &t->result), expected);
	daxhp_result_free(t->result);
	daxhp_plan_free(t->plan);
}

static void test_retries_busy_memory(void **state)
{
	struct trial t = { .goal = GOAL_UNPLUGGED, .fault = FAULT_ERROR, .at = 2 };

	(void)state;
	/* The first block: busy once. */
	t.before = make_observation("MMM");
	try_tries(&t, 0, -EBUSY);
	try_tries(&t, 1, 0);
	t.errnum = EAGAIN;
	try_tries(&t, 0, -EAGAIN);
	try_tries(&t, 1, 0);
	/* An error that does not go away is not tried again. */
	t.errnum = EINVAL;
	try_tries(&t, 1, -EINVAL);
	t.errnum = 0;
	/* Busy for ever. */
	t.fault = FAULT_NO_OFFLINE;
	t.at = 1;
	try_tries(&t, 2, -EBUSY);
	daxhp_observation_unref(t.before);
	/* Online is never tried twice: its errors do not go away. */
	t = (struct trial){ .goal = GOAL_ONLINE, .fault = FAULT_ERROR, .at = 1 };
	t.before = make_observation("---");
	try_tries(&t, 5, -ENOMEM);
	t.errnum = EBUSY;
	try_tries(&t, 5, -EBUSY);
	daxhp_observation_unref(t.before);
}

/* A signal makes the kernel give up an offline. In the undo, daxhp starts it again. */
static void test_undo_is_not_interrupted(void **state)
{
	struct trial t = { .goal = GOAL_ONLINE_MOVABLE };

	(void)state;
	t.before = make_observation("---");
	model_reset(t.before);
	model.fault = FAULT_NO_ONLINE;
	model.at = 1;
	model.interrupts = 3;
	assert_int_equal(plan_new(t.before, t.goal, model.request.force, &t.plan), 0);
	assert_int_equal(daxhp_apply(&model.session, t.plan, &t.result), -ENOMEM);
	assert_int_equal(model.interrupts, 0);
	assert_false(model.was_absurd);
	assert_true(daxhp_result_get_undone(t.result));
	end_trial(&t);
	daxhp_observation_unref(t.before);
}

/* A signal that the caller blocks stays blocked, even while daxhp unblocks others. */
static void look_at_mask(const struct daxhp_step *step, size_t done, size_t total, void *data)
{
	sigset_t mask;

	(void)step;
	(void)done;
	(void)total;
	pthread_sigmask(SIG_BLOCK, NULL, &mask);
	*(bool *)data &= sigismember(&mask, SIGHUP);
}

static void test_callers_signals(void **state)
{
	struct trial t = { .goal = GOAL_MOVE_KERNEL };
	bool is_blocked = true;
	sigset_t hup;

	(void)state;
	sigemptyset(&hup);
	sigaddset(&hup, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &hup, NULL);
	t.before = make_observation("MMM");
	model_reset(t.before);
	daxhp_request_set_progress_fn(&model.request, look_at_mask, &is_blocked);
	apply(&t, 0);
	assert_true(is_blocked);
	pthread_sigmask(SIG_UNBLOCK, &hup, NULL);
	end_trial(&t);
	daxhp_observation_unref(t.before);
}

/* A large device's blocks go offline one by one, before the write to the attribute. */
static void undo_in_large_device(bool is_honest, struct goal goal, enum model_fault fault)
{
	struct trial t = {
		.goal = goal,
		.fault = fault,
		.is_honest = is_honest,
	};
	char blocks[MANY + 1] = "";
	unsigned long count = 0;
	bool goes_on = true;

	memset(blocks, 'M', MANY);
	t.before = make_attribute_observation(blocks, DAXHP_INTERFACE_STATE, "online_movable");
	for (unsigned int at = fault == FAULT_ERROR; goes_on && at < MODEL_BLOCKS_MAX; at++) {
		try_fault(&t, at, &goes_on, &count);
		goes_on = fault == FAULT_ERROR ? goes_on : at + 1 < MANY;
	}
	assert_true(count >= MANY);
	daxhp_observation_unref(t.before);
}

static void test_undoes_in_large_device(void **state)
{
	(void)state;
	for (int kernel = 0; kernel < 2; kernel++) {
		undo_in_large_device(kernel, GOAL_UNPLUGGED, FAULT_ERROR);
		undo_in_large_device(kernel, GOAL_UNPLUGGED, FAULT_NO_OFFLINE);
		undo_in_large_device(kernel, GOAL_MOVE_KERNEL, FAULT_NO_ONLINE);
	}
}

static void test_names_block(void **state)
{
	struct trial t = { .goal = GOAL_UNPLUGGED, .fault = FAULT_NO_OFFLINE, .at = 1 };

	(void)state;
	t.before = make_observation("MMM");
	run_trial(&t);
	assert_int_equal(t.result->failure.errnum, EBUSY);
	assert_int_equal(t.result->failure.kind, DAXHP_FAILED_WRITE);
	assert_int_equal(t.result->failure.block, FIRST_BLOCK + 1);
	assert_string_equal(t.result->failure.word, "offline");
	assert_string_equal(t.result->failure.file, "/sys/devices/system/memory/memory33/state");
	end_trial(&t);
	daxhp_observation_unref(t.before);
}

/* A kernel that returns success, and does nothing. */
static void test_names_block_that_stays(void **state)
{
	struct trial t = { .goal = GOAL_UNPLUGGED,
			   .fault = FAULT_SILENT,
			   .at = 2 }; /* the first call opens the device */

	(void)state;
	t.before = make_attribute_observation("MMM", DAXHP_INTERFACE_STATE, "online_movable");
	run_trial(&t);
	assert_int_equal(t.result->failure.kind, DAXHP_FAILED_NOT_SO);
	assert_int_equal(t.result->failure.block, FIRST_BLOCK);
	end_trial(&t);
	daxhp_observation_unref(t.before);
}

/* A device with so many blocks that daxhp lists the present ones. */
static void test_listed_blocks(void **state)
{
	model_lists_blocks = true;
	test_reaches_goal(state);
	test_undoes_error(state);
	test_survives_rival(state);
	model_lists_blocks = false;
}

/* Blocks that could not be listed may be online: the device is not unbound then. */
static void test_listing_fails(void **state)
{
	struct trial t = { .goal = GOAL_UNPLUGGED, .fault = FAULT_ERROR };
	bool has_failed = false;

	(void)state;
	model_lists_blocks = true;
	t.before = make_observation("MMM");
	for (t.at = 1; t.at <= 12; t.at++) {
		run_trial(&t);
		if (t.result->failure.kind == DAXHP_FAILED_READ) {
			assert_int_equal(t.r, -ENOMEM);
			assert_string_equal(t.result->failure.file, "/sys/devices/system/memory");
			assert_true(daxhp_result_get_undone(t.result));
			has_failed = true;
		}
		end_trial(&t);
	}
	assert_true(has_failed);
	daxhp_observation_unref(t.before);
	model_lists_blocks = false;
}

/* The attribute does not say which block failed. It is the first one without an event. */
static void test_names_silent_block(void **state)
{
	struct trial t = { .goal = GOAL_UNPLUGGED, .fault = FAULT_NO_OFFLINE, .at = 1 };
	struct daxhp_range range = { .start = FIRST_BLOCK * (UINT64_C(128) << 20) };

	(void)state;
	range.end = range.start + 3 * (UINT64_C(128) << 20) - 1;
	t.before = make_attribute_observation("MMM", DAXHP_INTERFACE_STATE, "online_movable");
	model_reset(t.before);
	model.device.ranges = &range;
	model.device.n_ranges = 1;
	model.fault = FAULT_NO_OFFLINE;
	model.at = 1;
	assert_int_equal(plan_new(t.before, t.goal, model.request.force, &t.plan), 0);
	assert_int_equal(daxhp_apply(&model.session, t.plan, &t.result), -EBUSY);
	assert_int_equal(t.result->failure.block, FIRST_BLOCK + 1);
	end_trial(&t);
	daxhp_observation_unref(t.before);
}

/* Add to @ids the block that a cancel at call number @at finds on its way. */
static void add_cancelled_block(struct trial *t, unsigned int at, char *ids, size_t size)
{
	struct daxhp_range range = { .start = FIRST_BLOCK * (UINT64_C(128) << 20) };
	const struct daxhp_failure *f;
	char text[64];
	int id;

	range.end = range.start + 3 * (UINT64_C(128) << 20) - 1;
	model_reset(t->before);
	model.device.ranges = &range;
	model.device.n_ranges = 1;
	model.fault = FAULT_CANCEL;
	model.at = at;
	assert_int_equal(plan_new(t->before, t->goal, model.request.force, &t->plan), 0);
	daxhp_apply(&model.session, t->plan, &t->result);
	f = daxhp_result_get_failure(t->result);
	id = f ? (int)daxhp_failure_get_block(f) : -1;
	if (id >= 0 && daxhp_failure_get_kind(f) == DAXHP_FAILED_CANCELLED) {
		snprintf(text, sizeof(text), "it was cancelled at memory%d (EINTR)", id);
		assert_string_equal(daxhp_failure_get_sentence(f), text);
		snprintf(ids + strlen(ids), size - strlen(ids), "%d ", id);
	}
	end_trial(t);
}

/* A cancel names the block that was on its way. */
static void test_cancelled_at_a_block(void **state)
{
	struct daxhp_observation *starts[] = {
		make_observation("MMM"),
		make_attribute_observation("MMM", DAXHP_INTERFACE_STATE, "online_movable"),
	};
	/* The cheap order; and before the first one, at the first and so on. */
	static const char *const named[] = { "33 34 32 ", "32 32 33 34 " };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
		struct trial t = { .before = starts[i], .goal = GOAL_UNPLUGGED };
		char ids[64] = "";

		for (unsigned int at = 1; at < 16; at++)
			add_cancelled_block(&t, at, ids, sizeof(ids));
		assert_string_equal(ids, named[i]);
		daxhp_observation_unref(starts[i]);
	}
}

/* ---- the look before the unbinding ---- */

static void refuses_to_unbind(enum memblock_state state, int error, int expected,
			      enum daxhp_failure_kind failure)
{
	struct trial t = { .goal = GOAL_UNPLUGGED };

	t.before = make_observation("MMM");
	model_reset(t.before);
	model.odd = 2;
	model.odd_state = state;
	model.odd_error = error;
	apply(&t, expected);
	assert_true(model.bound);
	assert_int_equal(t.result->failure.kind, failure);
	assert_int_equal(t.result->failure.block, FIRST_BLOCK + 1);
	assert_true(daxhp_result_get_undone(t.result));
	end_trial(&t);
	daxhp_observation_unref(t.before);
}

static void test_unbinds_nothing_that_may_be_online(void **state)
{
	(void)state;
	refuses_to_unbind(MEMBLOCK_ONLINE, 0, -EBUSY, DAXHP_FAILED_STILL_ONLINE);
	refuses_to_unbind(MEMBLOCK_GOING_OFFLINE, 0, -EBUSY, DAXHP_FAILED_STILL_ONLINE);
	refuses_to_unbind(MEMBLOCK_MISSING, -EIO, -EIO, DAXHP_FAILED_READ);
}

/* ---- processes that have the device open ---- */

static void from_devdax(size_t n_holders, int error, bool force, int expected)
{
	struct trial t = { .goal = GOAL_SYSTEM_RAM_MOVABLE };

	t.before = make_mode_observation("...", DAXHP_MODE_DEVDAX);
	model_reset(t.before);
	model.request.force = force;
	model.n_holders = n_holders;
	model.holders_error = error;
	apply(&t, expected);
	assert_int_equal(model.is_devdax, expected < 0);
	if (expected < 0)
		assert_int_equal(t.result->failure.kind, expected == -EBUSY
								 ? DAXHP_FAILED_IN_USE
								 : DAXHP_FAILED_USE_UNSEEN);
	end_trial(&t);
	daxhp_observation_unref(t.before);
}

static void test_asks_who_has_it_open(void **state)
{
	(void)state;
	from_devdax(0, 0, false, 0);
	from_devdax(1, 0, false, -EBUSY);
	from_devdax(0, -EACCES, false, -EACCES);
	from_devdax(1, 0, true, 0);
}

/* ---- block by block ---- */

struct told {
	size_t done[16], total, count;
};

static void take_progress(const struct daxhp_step *step, size_t done, size_t total, void *data)
{
	struct told *told = data;

	if (daxhp_step_get_type(step) != DAXHP_STEP_WRITE_BLOCKS ||
	    told->count == ARRAY_SIZE(told->done))
		return;
	told->done[told->count++] = done;
	told->total = total;
}

/* In the order that is cheap for the kernel, with a progress report for each block. */
static void goes_through_blocks(const char *blocks, struct goal goal, const uint64_t *order)
{
	static const size_t done[] = { 0, 1, 2, 3, 3 };
	struct trial t = { .goal = goal };
	struct told told = { 0 };

	t.before = make_observation(blocks);
	model_reset(t.before);
	daxhp_request_set_progress_fn(&model.request, take_progress, &told);
	apply(&t, 0);
	assert_int_equal(model.n_written, 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(model.written[i], FIRST_BLOCK + order[i]);
	assert_int_equal(told.count, ARRAY_SIZE(done));
	assert_memory_equal(told.done, done, sizeof(done));
	assert_int_equal(told.total, 3);
	end_trial(&t);
	daxhp_observation_unref(t.before);
}

static void test_goes_through_blocks(void **state)
{
	(void)state;
	goes_through_blocks("MMM", GOAL_UNPLUGGED, (const uint64_t[]){ 1, 2, 0 });
	goes_through_blocks("---", GOAL_ONLINE_MOVABLE, (const uint64_t[]){ 0, 2, 1 });
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reaches_goal),
		cmocka_unit_test(test_undoes_error),
		cmocka_unit_test(test_undoes_lie),
		cmocka_unit_test(test_undoes_signal),
		cmocka_unit_test(test_outlasts_other_signals),
		cmocka_unit_test(test_gives_interrupted_block_up),
		cmocka_unit_test(test_undoes_stubborn_block),
		cmocka_unit_test(test_survives_rival),
		cmocka_unit_test(test_survives_holder),
		cmocka_unit_test(test_goes_back_without_guard),
		cmocka_unit_test(test_goes_back_with_another_guard),
		cmocka_unit_test(test_takes_back),
		cmocka_unit_test(test_takes_back_by_policy),
		cmocka_unit_test(test_holder_keeps_it_from_beginning),
		cmocka_unit_test(test_policy_that_sticks),
		cmocka_unit_test(test_needs_the_lock),
		cmocka_unit_test(test_needs_the_journal),
		cmocka_unit_test(test_notes_what_leads_between),
		cmocka_unit_test(test_cancelled_before),
		cmocka_unit_test(test_cancelled_at_a_block),
		cmocka_unit_test(test_retries_busy_memory),
		cmocka_unit_test(test_undo_is_not_interrupted),
		cmocka_unit_test(test_callers_signals),
		cmocka_unit_test(test_undoes_in_large_device),
		cmocka_unit_test(test_names_block),
		cmocka_unit_test(test_names_block_that_stays),
		cmocka_unit_test(test_listed_blocks),
		cmocka_unit_test(test_listing_fails),
		cmocka_unit_test(test_names_silent_block),
		cmocka_unit_test(test_unbinds_nothing_that_may_be_online),
		cmocka_unit_test(test_asks_who_has_it_open),
		cmocka_unit_test(test_goes_through_blocks),
	};

	return cmocka_run_group_tests_name("undo", tests, NULL, model_teardown);
}
