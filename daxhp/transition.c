// SPDX-License-Identifier: GPL-2.0-or-later
/* select -> observe -> plan -> apply -> verify -> report, for every selected device. */
#include <errno.h>
#include <string.h>

#include "daxhp.h"

/* Of the devices that "all" means, those of a driver other than kmem are not spoken of. */
static bool is_passed_over(const struct selection *selection, const struct outcome *outcome,
			   const struct settings *settings)
{
	const struct daxhp_failure *refusal = outcome_failure(outcome);
	enum daxhp_failure_kind kind = refusal ? daxhp_failure_get_kind(refusal)
					       : DAXHP_FAILURE_NONE;

	if (!selection->is_all || (kind != DAXHP_REFUSED_DEVDAX && kind != DAXHP_REFUSED_FAMFS &&
				   kind != DAXHP_REFUSED_OTHER_DRIVER))
		return false;
	if (settings->verbose)
		complain("%s: passed over: bound to %s.", daxhp_device_get_name(outcome->device),
			 daxhp_observation_get_driver(outcome->before));
	return true;
}

static void outcome_clear(struct outcome *outcome)
{
	daxhp_result_free(outcome->result);
	daxhp_plan_free(outcome->plan);
	daxhp_observation_unref(outcome->before);
	*outcome = (struct outcome){ 0 };
}

/* A plan is good for as long as nobody else works on the device: look when it is locked. */
static void make_plan(const struct settings *settings, struct outcome *outcome)
{
	/* Who may not write to /run may not change a device either; the plan will say so better. */
	if (!settings->dry_run && geteuid() == 0)
		outcome->error = daxhp_device_lock(outcome->device, settings->wait,
						   &outcome->holder);
	outcome->is_locked = outcome->error == 0;
	outcome->has_waited = settings->wait > 0;
	/* The one that was waited for may have been killed. */
	if (outcome->is_locked && settings->wait > 0 && !settings->dry_run && geteuid() == 0)
		repair_device(outcome->device);
	if (outcome->error == 0)
		outcome->error = daxhp_observe(outcome->device, &outcome->before);
	if (outcome->error == 0)
		outcome->error = daxhp_plan_new(outcome->before, outcome->goal, &outcome->plan);
}

static void apply_plan(struct daxhp_ctx *ctx, struct outcome *outcome)
{
	struct progress *progress = progress_new(ctx, daxhp_device_get_name(outcome->device));
	int r = daxhp_apply(outcome->device, outcome->plan, &outcome->result);

	progress_free(progress);
	tell_of_words(ctx);
	if (!outcome->result)
		outcome->error = r;
}

bool outcome_is_good(const struct outcome *outcome)
{
	return outcome->error == 0 && !outcome_failure(outcome);
}

static enum exit_status exit_status_of(const struct outcome *outcomes, size_t count,
				       size_t n_unseen)
{
	size_t good = 0;

	for (size_t i = 0; i < count; i++) {
		const struct daxhp_result *result = outcomes[i].result;

		if (result && daxhp_result_get_failure(result) && !daxhp_result_get_undone(result))
			return EXIT_PARTLY;
		good += outcome_is_good(&outcomes[i]);
	}
	if (good == count + n_unseen)
		return EXIT_DONE;
	return good ? EXIT_PARTLY : EXIT_FAILED;
}

static void tell_of_rivals(const struct settings *settings, const struct outcome *outcome)
{
	_cleanup_free_ char *rivals = NULL;

	if (!outcome->result || (outcome_is_good(outcome) && !settings->verbose))
		return;
	rivals = message_for_rivals(outcome->result);
	if (rivals)
		complain("%s: %s.", daxhp_device_get_name(outcome->device), rivals);
}

static void tell_of_guard(const struct outcome *outcome)
{
	static bool is_told;
	int r = outcome->result ? daxhp_result_get_guard_error(outcome->result) : 0;

	if (r == 0 || is_told || !outcome_is_good(outcome))
		return;
	is_told = true;
	complain("warning: other programs could not be kept off the memory blocks (fanotify: %s); "
		 "the blocks were checked instead.",
		 strerror(-r));
}

static void move_device(struct daxhp_ctx *ctx, const struct settings *settings,
			struct outcome *outcome)
{
	tell_of_room(settings, outcome);
	if (outcome->error == 0 && !settings->dry_run)
		apply_plan(ctx, outcome);
	if (!outcome_is_good(outcome))
		complain_of_outcome(outcome);
	tell_of_guard(outcome);
	tell_of_rivals(settings, outcome);
	if (!settings->json || settings->verbose)
		report_outcome_text(settings, outcome);
}

/* Device by device: each is all or nothing, and one that fails does not keep the next waiting. */
static size_t move_devices(struct daxhp_ctx *ctx, const struct settings *settings,
			   enum daxhp_goal goal, const struct selection *selection,
			   struct outcome *outcomes)
{
	size_t n = 0;

	for (size_t i = 0; i < selection->count; i++) {
		outcomes[n] = (struct outcome){ .device = selection->devices[i], .goal = goal };
		make_plan(settings, &outcomes[n]);
		if (is_passed_over(selection, &outcomes[n], settings))
			outcome_clear(&outcomes[n]);
		else
			move_device(ctx, settings, &outcomes[n++]);
		daxhp_device_unlock(selection->devices[i]);
	}
	return n;
}

static int refuse_nothing(const struct settings *settings)
{
	if (settings->region || settings->node >= 0)
		complain("no dax device matches; 'daxhp status' shows the nodes, and a region is "
			 "the X of daxX.Y.");
	else
		complain("no dax device that could be worked on; 'daxhp status' shows what there "
			 "is.");
	return EXIT_FAILED;
}

/*
 * The report did not get through. What was changed is told here then, for it cannot be taken back;
 * false when there was nothing of the kind.
 */
static bool tell_of_changes(const struct outcome *outcomes, size_t count, int error)
{
	bool any = false;

	for (size_t i = 0; i < count; i++) {
		const struct daxhp_result *result = outcomes[i].result;
		const struct daxhp_observation *after;
		const char *word;

		if (!result || !daxhp_result_get_changed(result))
			continue;
		after = daxhp_result_get_after(result);
		word = after ? standing_word(after) : NULL;
		complain("%s: is %s now, but that could not be written to standard output: %s.",
			 daxhp_device_get_name(outcomes[i].device), word ? word : "changed",
			 strerror(-error));
		any = true;
	}
	return any;
}

/* A change that was made is never "failed", whoever heard of it. */
static enum exit_status report(const struct settings *settings, const struct outcome *outcomes,
			       size_t count, enum exit_status status)
{
	int r = settings->json ? report_outcomes_json(settings, outcomes, count) : 0;
	int r2 = output_flush();
	bool is_told;

	if (r == 0 && r2 == 0)
		return status;
	is_told = tell_of_changes(outcomes, count, r < 0 ? r : r2);
	if (is_told)
		output_forget_error();
	else if (r < 0)
		complain("the JSON cannot be printed: %s.", strerror(-r));
	if (is_told)
		return EXIT_PARTLY;
	return status == EXIT_DONE ? EXIT_FAILED : status;
}

int transition(struct daxhp_ctx *ctx, const struct settings *settings, enum daxhp_goal goal,
	       int argc, char **argv)
{
	_cleanup_(selection_clear) struct selection selection = { 0 };
	_cleanup_free_ struct outcome *outcomes = NULL;
	enum exit_status status;
	size_t count;

	if (argc == 0) {
		complain("name a device, or 'all'.");
		return EXIT_USAGE;
	}
	status = select_devices(ctx, settings, argc, argv, &selection);
	if (status != EXIT_DONE)
		return status;
	outcomes = calloc(selection.count + 1, sizeof(*outcomes));
	if (!outcomes) {
		complain("out of memory.");
		return EXIT_FAILED;
	}
	if (!settings->dry_run) {
		interrupt_arm(ctx, settings->timeout);
		repair_all(ctx);
	}
	daxhp_set_retries(ctx, settings->retries);
	daxhp_set_force(ctx, settings->force);
	count = move_devices(ctx, settings, goal, &selection, outcomes);
	status = count ? exit_status_of(outcomes, count, selection.n_unseen)
		       : (enum exit_status)refuse_nothing(settings);
	status = report(settings, outcomes, count, status);
	for (size_t i = 0; i < count; i++)
		outcome_clear(&outcomes[i]);
	return status;
}
