// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Kills the process at any moment of a plan, on the model. The next process leads a device that is
 * half reconfigured back to its old state, also if it is killed or fails once itself. After that,
 * the same
 * goal is reached as if nothing had happened.
 */
#include "model.h"

static const char *const all_blocks[] = { "...", "---", "MMM", "NNN", "M-M", "N.N", "MN-" };
static const char *const words[] = { "unplugged",     "offline",	"online",
				     "online_kernel", "online_movable", "unknown" };

/* One start, one goal, and a kill before one change. */
struct trial {
	struct daxhp_observation *before;
	bool is_honest, gets_attribute;
	struct goal goal;
	unsigned int at;
	/* The fault during the recovery. */
	enum model_fault fault;
	unsigned int fault_at;

	struct daxhp_observation *after;
};

static const char *describe(const struct trial *t)
{
	static char text[1024];
	char before[16], after[16] = "?";

	snprintf(before, sizeof(before), "%s", format_blocks(t->before));
	if (t->after)
		snprintf(after, sizeof(after), "%s", format_blocks(t->after));
	snprintf(text, sizeof(text),
		 "from %s '%s' %s, goal %s, killed at %u, then fault %d at %u, %s kernel: %s '%s' "
		 "%s, note '%s'",
		 before, t->before->attribute_word, t->before->driver, format_goal(t->goal), t->at,
		 t->fault, t->fault_at, t->is_honest ? "honest" : "7.3", after,
		 t->after ? t->after->attribute_word : "?", t->after ? t->after->driver : "?",
		 model.note);
	return text;
}

static void look(struct trial *t)
{
	daxhp_observation_unref(t->after);
	assert_int_equal(daxhp_observe(&model.device, &t->after), 0);
}

static void set_fault(enum model_fault fault, unsigned int at)
{
	model.fault = fault;
	model.at = at;
	model.calls = model.deeds = 0;
	model.is_dead = false;
}

/* This comes first. */
static void recover_both_words(void)
{
	bool is_noted[] = { *model.policy_note, *model.autoprobe_note };
	const struct daxhp_recovered *r;

	recovery_clear(&model.session.recovery);
	/* The lock ends with the process. */
	model.policy_lock = NULL;
	recover_words(&model.session);
	for (size_t i = 0; (r = daxhp_recovery_get(&model.session.recovery, i)); i++) {
		assert_int_equal(daxhp_recovered_get_outcome(r), DAXHP_RECOVERED_RESTORED);
		assert_true(is_noted[daxhp_recovered_get_kind(r)]);
		is_noted[daxhp_recovered_get_kind(r)] = false;
	}
	assert_string_equal(model.policy_note, "");
	assert_string_equal(model.autoprobe_note, "");
}

static int apply(struct trial *t, struct daxhp_observation *obs,
		 enum daxhp_failure_kind *ret_refusal)
{
	struct daxhp_result *result;
	struct daxhp_plan *plan;
	int r;

	assert_int_equal(plan_new(obs, t->goal, false, &plan), 0);
	*ret_refusal = plan->refusal.kind;
	r = daxhp_apply(&model.session, plan, &result);
	daxhp_result_free(result);
	daxhp_plan_free(plan);
	return r;
}

/* False when the plan has no more changes. */
static bool kill_at(struct trial *t)
{
	enum daxhp_failure_kind refusal;
	bool was_killed;

	model.is_honest = t->is_honest;
	model.default_zone = t->is_honest ? DAXHP_ZONE_MOVABLE : DAXHP_ZONE_NORMAL;
	model_reset(t->before);
	if (!model.bound)
		model.has_attribute = t->gets_attribute;
	set_fault(FAULT_KILL, t->at);
	apply(t, t->before, &refusal);
	was_killed = model.is_dead;
	set_fault(FAULT_NONE, 0);
	recover_both_words();
	look(t);
	return was_killed;
}

static void check_world(const struct trial *t)
{
	assert_msg(!model.was_wedged, "wedged: %s", describe(t));
	assert_msg(!model.was_absurd, "told what no kernel takes: %s", describe(t));
	assert_msg(model.policy == model.first_policy, "policy: %s", describe(t));
	assert_msg(model.probes, "the bus does not probe: %s", describe(t));
}

/* If it was bound to kmem, without memory or attribute, no driver counts as before, too. */
static bool is_as_before(const struct trial *t)
{
	if (observation_equal(t->after, t->before))
		return true;
	return t->before->interface == DAXHP_INTERFACE_MEMORY_BLOCKS &&
	       t->before->state == DAXHP_UNPLUGGED && t->after->mode == DAXHP_MODE_UNBOUND &&
	       t->after->n_present == 0;
}

/* Checks that the return value and the session's recovery agree. */
static int recover(void)
{
	const struct daxhp_recovered *told;
	int r;

	recovery_clear(&model.session.recovery);
	r = recover_device(&model.session);
	told = daxhp_recovery_get(&model.session.recovery, 0);
	assert_int_equal(daxhp_recovery_count(&model.session.recovery), r != 0);
	if (!told)
		return r;
	assert_string_equal(daxhp_recovered_get_name(told), model.device.name);
	assert_int_equal(daxhp_recovered_get_pid(told), getpid());
	assert_int_equal(daxhp_recovered_get_outcome(told), r == 1 ? DAXHP_RECOVERED_RESTORED
							    : r == -ESTALE
								    ? DAXHP_RECOVERED_LEFT
								    : DAXHP_RECOVERED_FAILED);
	assert_true(!daxhp_recovered_get_failure(told) == (r == 1 || r == -ESTALE));
	if (r < 0 && r != -ESTALE)
		assert_int_equal(daxhp_failure_get_error(daxhp_recovered_get_failure(told)), r);
	return r;
}

/* The recovery is disturbed, too. */
static bool recover_with_fault(struct trial *t)
{
	bool goes_on;
	int r;

	set_fault(t->fault, t->fault_at);
	r = recover();
	goes_on = t->fault == FAULT_KILL ? model.is_dead : t->fault_at < model.calls;
	set_fault(FAULT_NONE, 0);
	recover_both_words();
	look(t);
	check_world(t);
	assert_msg(*model.note || r >= 0 || r == -ESTALE, "forgotten: %s", describe(t));
	return goes_on;
}

/*
 * No word leads back to its old state; or plain `online` has brought all blocks online, in the zone
 * that the kernel chose and not in the old one.
 */
static bool may_be_left_alone(const struct trial *t)
{
	return t->before->state == DAXHP_INCONSISTENT ||
	       (state_is_online(t->after->state) &&
		strcmp(t->before->attribute_word, "online") == 0);
}

static void check_recovery(struct trial *t)
{
	bool was_noted = *model.note;
	enum daxhp_failure_kind refusal;
	int r = recover();

	look(t);
	check_world(t);
	assert_msg(!*model.note, "note left: %s", describe(t));
	assert_msg(r >= 0 || (r == -ESTALE && may_be_left_alone(t)), "not recovered (%d): %s", r,
		   describe(t));
	assert_msg(r != 1 || is_as_before(t), "recovered, and not as before: %s", describe(t));
	if (was_noted && r >= 0)
		assert_msg(is_as_before(t) || observation_meets(t->after, t->goal),
			   "in between: %s", describe(t));
	r = apply(t, t->after, &refusal);
	assert_msg(r == 0 || refusal, "the next run fails: %s", describe(t));
	assert_msg(!*model.note, "note left by the next run: %s", describe(t));
}

typedef void (*trial_fn)(struct trial *t, unsigned long *count);

static void try_goals(struct trial *t, trial_fn fn, unsigned long *count)
{
	for (size_t g = 0; g < GOALS_COUNT; g++) {
		t->goal = all_goals[g];
		for (t->at = 1; kill_at(t); t->at++)
			fn(t, count);
	}
	daxhp_observation_unref(t->before);
	daxhp_observation_unref(t->after);
	t->after = NULL;
}

static unsigned long try_all(trial_fn fn)
{
	unsigned long count = 0;

	for (int kernel = 0; kernel < 2; kernel++) {
		struct trial t = { .is_honest = kernel };

		for (size_t b = 0; b < ARRAY_SIZE(all_blocks); b++) {
			t.before = make_observation(all_blocks[b]);
			try_goals(&t, fn, &count);
			for (size_t w = 0; w < ARRAY_SIZE(words); w++) {
				t.before = make_attribute_observation(all_blocks[b],
								      DAXHP_INTERFACE_STATE,
								      words[w]);
				model.is_honest = kernel;
				if (model_can_show(t.before))
					try_goals(&t, fn, &count);
				else
					daxhp_observation_unref(t.before);
			}
		}
		for (int i = 0; i < 4; i++) {
			t.gets_attribute = i & 1;
			t.before = make_mode_observation("...", i & 2 ? DAXHP_MODE_DEVDAX
								      : DAXHP_MODE_UNBOUND);
			try_goals(&t, fn, &count);
		}
	}
	return count;
}

static void try_recovery(struct trial *t, unsigned long *count)
{
	t->fault = FAULT_NONE;
	check_recovery(t);
	++*count;
}

static void test_recovers(void **state)
{
	(void)state;
	assert_true(try_all(try_recovery) > 1500);
}

static void try_faults(struct trial *t, enum model_fault fault, unsigned long *count)
{
	bool goes_on = *model.note;

	t->fault = fault;
	for (t->fault_at = 1; goes_on; t->fault_at++) {
		kill_at(t);
		goes_on = recover_with_fault(t);
		check_recovery(t);
		++*count;
	}
}

static void try_second_kill(struct trial *t, unsigned long *count)
{
	try_faults(t, FAULT_KILL, count);
}

static void try_errors(struct trial *t, unsigned long *count)
{
	try_faults(t, FAULT_ERROR, count);
}

static void test_recoverer_is_killed(void **state)
{
	(void)state;
	assert_true(try_all(try_second_kill) > 2000);
}

static void test_recovery_fails(void **state)
{
	(void)state;
	assert_true(try_all(try_errors) > 2000);
}

/* ---- devices that must not be recovered ---- */

/* Kills the process when one of MMM is offline, on the way to a zone for kernel memory. */
static void leave_half(struct trial *t)
{
	char note[JOURNAL_LINE_MAX];

	*t = (struct trial){ .is_honest = true, .goal = GOAL_MOVE_KERNEL, .at = 3 };
	t->before = make_observation("MMM");
	assert_true(kill_at(t));
	assert_string_equal(format_blocks(t->after), "M-M");
	snprintf(note, sizeof(note),
		 "system-ram online_movable - system-ram online_kernel move 32 3 %d",
		 (int)getpid());
	assert_string_equal(model.note, note);
}

static void leaves_alone(struct trial *t, int expected)
{
	look(t);
	assert_int_equal(recover(), expected);
	assert_string_equal(model.note, "");
	assert_int_equal(model.deeds, 0);
	daxhp_observation_unref(t->before);
	daxhp_observation_unref(t->after);
}

static void test_leaves_others_doing_alone(void **state)
{
	struct trial t;

	(void)state;
	/* Another program has put the device into devdax mode. */
	leave_half(&t);
	model.bound = false;
	model.is_devdax = true;
	for (size_t i = 0; i < model.n_blocks; i++)
		model.blocks[i].state = MEMBLOCK_MISSING;
	leaves_alone(&t, -ESTALE);
	/* The same, and one block has stayed. */
	leave_half(&t);
	model.bound = false;
	model.is_devdax = true;
	leaves_alone(&t, -ESTALE);
	/* Another program has brought all blocks online: at the goal, or in the old zone. */
	leave_half(&t);
	for (size_t i = 0; i < model.n_blocks; i++)
		model.blocks[i] = (struct memblock){ FIRST_BLOCK + i, MEMBLOCK_ONLINE,
						     DAXHP_ZONE_NORMAL };
	leaves_alone(&t, 0);
	leave_half(&t);
	model.blocks[1].state = MEMBLOCK_ONLINE;
	leaves_alone(&t, 0);
	/* The device is gone, and another device has its name. */
	leave_half(&t);
	model.n_blocks--;
	leaves_alone(&t, 0);
}

static void test_broken_note(void **state)
{
	static const char *const notes[] = {
		"system-ram",
		"system-ram online_movable - system-ram online_kernel move 32 3",
		"system-ram online_movable - system-ram nowhere move 32 3 1",
		"system-ram online_movable - system-ram online_kernel fly 32 3 1",
		/* No valid goal. */
		"system-ram online_movable - system-ram unplugged move 32 3 1",
		"else online_movable - system-ram online_kernel move 32 3 1",
		"system-ram online_movable - system-ram online_kernel move x 3 1",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(notes); i++) {
		struct trial t;

		leave_half(&t);
		snprintf(model.note, sizeof(model.note), "%s", notes[i]);
		leaves_alone(&t, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recovers),
		cmocka_unit_test(test_recoverer_is_killed),
		cmocka_unit_test(test_recovery_fails),
		cmocka_unit_test(test_leaves_others_doing_alone),
		cmocka_unit_test(test_broken_note),
	};

	return cmocka_run_group_tests_name("killed", tests, NULL, model_teardown);
}
