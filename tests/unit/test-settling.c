// SPDX-License-Identifier: LGPL-2.1-or-later
/* When a device has settled, by events and looks at made-up times. */
#include <math.h>

#include "unit.h"

/* Of model/settling.c, as its comments say. */
#define QUIET 0.1
#define PATIENCE 1.0
#define AWAIT_MAX 10.0

static struct settling s;
static double now;

static int setup(void **state)
{
	(void)state;
	s = (struct settling){ 0 };
	now = 1000;
	return 0;
}

static bool near(double a, double b)
{
	return a == b || fabs(a - b) < 1e-9;
}

/* A look at the moment when one is due; @letters as in make_observation(), NULL: it failed. */
static bool look_when_due(const char *letters, double cost)
{
	struct daxhp_observation *obs = letters ? make_observation(letters) : NULL;
	double due = settling_due(&s);
	bool is_settled;

	assert_true(isfinite(due));
	now = due > now ? due : now;
	is_settled = settling_judge(&s, obs, now, now + cost);
	now += cost;
	daxhp_observation_unref(obs);
	return is_settled;
}

static void test_nothing_happens(void **state)
{
	(void)state;
	assert_true(isinf(settling_due(&s)));
	assert_false(s.is_restless);
}

/* A thousand events are one look. */
static void test_pause(void **state)
{
	(void)state;
	for (int i = 0; i < 1000; i++) {
		settling_note(&s, now);
		assert_true(near(settling_due(&s), now + QUIET));
		now += QUIET / 2;
	}
	assert_true(look_when_due("MM", 0.001));
	assert_true(isinf(settling_due(&s)));
}

static void test_event_during_look(void **state)
{
	struct daxhp_observation *obs = make_observation("--");

	(void)state;
	settling_note(&s, now);
	settling_note(&s, now + 0.15);
	assert_false(settling_judge(&s, obs, now + 0.1, now + 0.2));
	daxhp_observation_unref(obs);
	assert_true(look_when_due("MM", 0.001));
}

/* Half of the blocks: it may be the middle of something. */
static void test_odd(void **state)
{
	double start = now;

	(void)state;
	settling_note(&s, now);
	assert_false(look_when_due("M-", 0.001));
	assert_true(near(settling_due(&s), start + PATIENCE));
	assert_true(look_when_due("M-", 0.001));
	/* With an event the time begins anew. */
	settling_note(&s, now);
	assert_false(look_when_due("M-", 0.001));
	settling_note(&s, now);
	assert_true(near(settling_due(&s), now + QUIET));
	assert_false(look_when_due("M-", 0.001));
	assert_true(look_when_due("MM", 0.001));
}

/* A block that goes offline sends no event when the kernel gives it up. */
static void test_going_offline(void **state)
{
	(void)state;
	settling_note(&s, now);
	for (int i = 0; i < 5; i++)
		assert_false(look_when_due("Mm", 0.001));
	assert_true(look_when_due("MM", 0.001));
}

static void test_failed_look(void **state)
{
	(void)state;
	settling_note(&s, now);
	for (int i = 0; i < 5; i++)
		assert_false(look_when_due(NULL, 0.001));
	assert_true(look_when_due("MM", 0.001));
}

/* Wedged memory may still go away. */
static void test_wedged(void **state)
{
	struct daxhp_observation *obs = make_mode_observation("MM", DAXHP_MODE_DEVDAX);

	(void)state;
	settling_note(&s, now);
	assert_false(settling_judge(&s, obs, now + QUIET, now + QUIET));
	assert_true(settling_judge(&s, obs, now + PATIENCE, now + PATIENCE));
	daxhp_observation_unref(obs);
}

/* Looks that are dear are rare, when something happens during each of them. */
static void test_pace(void **state)
{
	struct daxhp_observation *obs = make_observation("M-");
	double spent = 0, start = now;

	(void)state;
	settling_note(&s, now);
	while (now < start + 1000) {
		now = settling_due(&s);
		settling_note(&s, now + 0.1);
		assert_false(settling_judge(&s, obs, now, now + 0.5));
		now += 0.5;
		spent += 0.5;
	}
	assert_true(spent < (now - start) * 0.05);
	daxhp_observation_unref(obs);
}

/* A process has it locked: no look until it is done, and then at once. */
static void test_awaited(void **state)
{
	(void)state;
	settling_note(&s, now);
	settling_await(&s, now);
	assert_true(near(settling_due(&s), now + AWAIT_MAX));
	settling_note(&s, now + 5);
	assert_true(near(settling_due(&s), now + AWAIT_MAX));
	settling_release(&s);
	assert_true(settling_due(&s) <= now);
	now += 5.001;
	assert_true(look_when_due("MM", 0.001));
}

static void test_event_after_release(void **state)
{
	(void)state;
	settling_note(&s, now);
	settling_await(&s, now);
	settling_release(&s);
	settling_note(&s, now + 1);
	assert_true(near(settling_due(&s), now + 1 + QUIET));
}

static void test_differs(void **state)
{
	static const struct {
		const char *a, *b;
		bool differs;
	} rows[] = {
		{ "MM", "MM", false }, { "MM", "--", true },  { "--", "..", true },
		{ "MM", "NN", true },  { "M-", "-M", false }, { "M-", "MM", true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct daxhp_observation *a = make_observation(rows[i].a);
		struct daxhp_observation *b = make_observation(rows[i].b);

		assert_msg(observation_differs(a, b) == rows[i].differs, "%s and %s", rows[i].a,
			   rows[i].b);
		b->mode = DAXHP_MODE_DEVDAX;
		assert_true(observation_differs(a, b));
		daxhp_observation_unref(a);
		daxhp_observation_unref(b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_nothing_happens, setup),
		cmocka_unit_test_setup(test_pause, setup),
		cmocka_unit_test_setup(test_event_during_look, setup),
		cmocka_unit_test_setup(test_odd, setup),
		cmocka_unit_test_setup(test_going_offline, setup),
		cmocka_unit_test_setup(test_failed_look, setup),
		cmocka_unit_test_setup(test_wedged, setup),
		cmocka_unit_test_setup(test_pace, setup),
		cmocka_unit_test_setup(test_awaited, setup),
		cmocka_unit_test_setup(test_event_after_release, setup),
		cmocka_unit_test_setup(test_differs, setup),
	};

	return cmocka_run_group_tests_name("settling", tests, NULL, NULL);
}
