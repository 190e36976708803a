// SPDX-License-Identifier: GPL-2.0-or-later
/* select -> begin -> plan -> apply -> report, for every selected device. */
#include <errno.h>
#include <string.h>

#include "daxhp.h"

/* What all selected devices have in common. */
struct work {
	struct daxhp_ctx *ctx;
	const struct settings *settings;
	struct daxhp_request *request;
	struct daxhp_recovery *recovered; /* at the start */
	char *passed_over;		  /* names and reasons; NULL: none */
};

/* A user who may not write to /run may not change a device. The plan's refusal says so better. */
static bool only_looks(const struct settings *settings)
{
	return settings->dry_run || geteuid() != 0;
}

static int start(struct work *work)
{
	const struct settings *settings = work->settings;
	int r = daxhp_request_new(&work->request);

	if (r < 0)
		return r;
	daxhp_request_set_dry_run(work->request, only_looks(settings));
	daxhp_request_set_force(work->request, settings->force);
	daxhp_request_set_retries(work->request, settings->retries);
	daxhp_request_set_wait(work->request, settings->wait);
	daxhp_request_set_patience(work->request, settings->patience);
	if (!settings->dry_run)
		interrupt_arm(work->request, settings->timeout);
	if (!only_looks(settings))
		work->recovered = recover_all(work->ctx, work->request);
	return 0;
}

static void set_goal(struct daxhp_request *request, const struct wish *wish)
{
	daxhp_request_set_mode(request, wish->mode);
	daxhp_request_set_state(request, wish->state);
	daxhp_request_set_may_move(request, wish->may_move);
	daxhp_request_set_may_rebind(request, wish->may_rebind);
}

/* What a device is keeps it from being worked on, today and tomorrow; NULL where nothing does. */
static const char *unfit_reason(const struct outcome *outcome)
{
	const struct daxhp_failure *refusal = outcome_failure(outcome);

	switch (refusal ? daxhp_failure_get_kind(refusal) : DAXHP_FAILURE_NONE) {
	case DAXHP_REFUSED_DEVDAX:
		return "devdax";
	case DAXHP_REFUSED_FAMFS:
		return "famfs";
	case DAXHP_REFUSED_OTHER_DRIVER:
		return daxhp_observation_get_driver(outcome->before);
	case DAXHP_REFUSED_TOO_SMALL:
		return "smaller than a memory block";
	case DAXHP_REFUSED_NO_TARGET_NODE:
		return "no target node";
	default:
		return NULL;
	}
}

/* "all" means the devices that can be worked on. The others are named in one line at the end. */
static bool is_passed_over(struct work *work, const struct selection *selection,
			   const struct outcome *outcome)
{
	const char *why = selection->is_all ? unfit_reason(outcome) : NULL;
	char *old = work->passed_over, *names;

	if (!why)
		return false;
	if (asprintf(&names, "%s%s%s (%s)", old ? old : "", old ? ", " : "",
		     daxhp_device_get_name(outcome->device), why) >= 0) {
		free(old);
		work->passed_over = names;
	}
	return true;
}

/* Another daxhp may be at work on the device for long. */
static int begin(const struct work *work, struct outcome *outcome)
{
	const struct daxhp_worker *worker;
	struct progress *progress = NULL;
	char what[64];
	int r;

	if (work->settings->wait && daxhp_device_find_worker(outcome->device, &worker) > 0) {
		snprintf(what, sizeof(what), "waiting for another daxhp (pid %d)", worker->pid);
		progress = progress_new(work->request, daxhp_device_get_name(outcome->device));
		progress_say(progress, what);
	}
	r = daxhp_begin(outcome->device, work->request, &outcome->session);
	progress_free(progress);
	return r;
}

/* A failure of the session's own is asked for later, see outcome_failure(). */
static void begin_and_plan(const struct work *work, struct outcome *outcome)
{
	int r;

	set_goal(work->request, outcome->wish);
	r = begin(work, outcome);
	outcome->has_waited = work->settings->wait > 0;
	if (outcome->session)
		tell_of_recovery(daxhp_session_get_recovery(outcome->session), 0, work->recovered);
	if (r == 0) {
		outcome->before = daxhp_session_get_before(outcome->session);
		r = daxhp_plan(outcome->session, &outcome->plan);
	}
	if (!outcome_failure(outcome))
		outcome->error = r;
}

/* All or nothing. The session ends after the report, but other programs may have the device now. */
static void apply_and_report(const struct work *work, struct outcome *outcome)
{
	const struct settings *settings = work->settings;

	tell_of_room(settings, outcome);
	if (outcome->plan && !settings->dry_run) {
		const struct daxhp_recovery *recovery =
			daxhp_session_get_recovery(outcome->session);
		size_t n_told = daxhp_recovery_count(recovery);
		struct progress *progress = progress_new(work->request,
							 daxhp_device_get_name(outcome->device));
		int r = daxhp_apply(outcome->session, outcome->plan, &outcome->result);

		progress_free(progress);
		tell_of_recovery(recovery, n_told, work->recovered);
		if (!outcome->result)
			outcome->error = r;
	}
	if (!outcome_is_good(outcome))
		complain_of_outcome(outcome);
	note_too_late(settings, outcome);
	report_others(settings, outcome);
	if (!settings->json || settings->verbose)
		report_outcome_text(settings, outcome);
	note_kernel_zone(settings, outcome);
	note_fragile(settings, outcome);
	note_card(settings, outcome);
	/* Of devices that go together, all stay locked until the last is done. */
	if (outcome->session && !outcome->wish->as_one)
		daxhp_session_unlock(outcome->session);
	record_outcome(outcome);
}

static void take_one_back(struct outcome *outcome)
{
	const char *name = daxhp_device_get_name(outcome->device);
	struct daxhp_result *result;
	int r;

	if (!outcome->result || !daxhp_result_get_changed(outcome->result) ||
	    !outcome_is_good(outcome))
		return;
	r = daxhp_restore(outcome->session, &result);
	if (result) {
		daxhp_result_free(outcome->result);
		outcome->result = result;
	}
	outcome->was_taken_back = r == 0;
	outcome->error = r;
	if (r == 0)
		complain_of_outcome(outcome);
	else
		complain("%s: cannot be led back to how it was: %s. 'daxhp status %s' shows how it "
			 "is.",
			 name, strerror(-r), name);
	record_outcome(outcome);
}

/* All or nothing: one has failed, so the others go back to how they were, the last one first. */
static void take_back(struct outcome *outcomes, size_t count)
{
	while (count-- > 0)
		take_one_back(&outcomes[count]);
}

static bool all_are_good(const struct outcome *outcomes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!outcome_is_good(&outcomes[i]))
			return false;
	return true;
}

/* All selected devices were. */
static enum exit_status refuse_passed_over(const struct work *work)
{
	return refuse(REFUSAL_NO_MATCH, NULL, "no dax device could be worked on; passed over: %s.",
		      work->passed_over ? work->passed_over : "all of them");
}

/* Device by device: if one fails, daxhp goes on with the next. Returns how many have an outcome. */
static size_t work_on_all(struct work *work, const struct selection *selection,
			  const struct wish *const *wishes, struct outcome *outcomes)
{
	size_t n = 0;

	for (size_t i = 0; i < selection->count; i++) {
		bool as_one = wishes[i]->as_one;

		outcomes[n] = (struct outcome){ .device = selection->devices[i],
						.wish = wishes[i] };
		begin_and_plan(work, &outcomes[n]);
		if (!as_one && is_passed_over(work, selection, &outcomes[n]))
			outcome_clear(&outcomes[n]);
		else
			apply_and_report(work, &outcomes[n++]);
		if (as_one && !all_are_good(outcomes, n))
			break;
	}
	return n;
}

static enum exit_status report_all(const struct work *work, const struct outcome *outcomes,
				   size_t n, enum exit_status status)
{
	/* With JSON, main() reports a refusal. */
	if (n > 0 || refusal_get()->kind == REFUSAL_NONE)
		status = report_outcomes(work->settings, outcomes, n, status);
	if (work->passed_over && n > 0 && !work->settings->json)
		complain("passed over: %s.", work->passed_over);
	return status;
}

static void finish(struct work *work, struct outcome *outcomes, size_t n)
{
	free(work->passed_over);
	while (n > 0)
		outcome_clear(&outcomes[--n]);
	interrupt_disarm();
	daxhp_recovery_free(work->recovered);
	daxhp_request_free(work->request);
}

/* @as_one: the devices are those of a card, and there may be none. */
static int transition_selected(struct daxhp_ctx *ctx, const struct settings *settings,
			       const struct selection *selection, const struct wish *const *wishes,
			       bool as_one)
{
	_cleanup_free_ struct outcome *outcomes = calloc(selection->count + 1, sizeof(*outcomes));
	struct work work = { .ctx = ctx, .settings = settings };
	enum exit_status status;
	size_t n;

	if (!outcomes || start(&work) < 0)
		return refuse(REFUSAL_OUT_OF_MEMORY, NULL, "out of memory.");
	n = work_on_all(&work, selection, wishes, outcomes);
	if (as_one && !all_are_good(outcomes, n) && !settings->dry_run)
		take_back(outcomes, n);
	status = n || as_one || selection->count == 0
			 ? outcomes_status(outcomes, n, selection->n_unseen)
			 : refuse_passed_over(&work);
	if (as_one && (n == 0 || !settings->dry_run) &&
	    report_cards(ctx, settings, false) != EXIT_DONE && status == EXIT_DONE)
		status = EXIT_FAILED;
	status = report_all(&work, outcomes, n, status);
	finish(&work, outcomes, n);
	return status;
}

int transition_each(struct daxhp_ctx *ctx, const struct settings *settings,
		    const struct selection *selection, const struct wish *const *wishes)
{
	return transition_selected(ctx, settings, selection, wishes, false);
}

int transition(struct daxhp_ctx *ctx, const struct settings *settings, const struct wish *wish,
	       int argc, char **argv)
{
	_cleanup_(selection_clear) struct selection selection = { 0 };
	_cleanup_free_ const struct wish **wishes = NULL;
	int status;

	if (argc == 0 && !settings_select(settings))
		return refuse_unnamed();
	status = select_devices(ctx, settings, argc, argv, &selection);
	/* A card may have no device. */
	if (status == EXIT_DONE && selection.count == 0 && !wish->as_one)
		status = refuse_nothing(settings);
	if (status == EXIT_DONE && wish->question && !settings->yes && !settings->dry_run)
		status = selection_confirm(&selection, wish->question);
	if (status != EXIT_DONE)
		return status;
	wishes = calloc(selection.count + 1, sizeof(*wishes));
	if (!wishes)
		return refuse(REFUSAL_OUT_OF_MEMORY, NULL, "out of memory.");
	for (size_t i = 0; i < selection.count; i++)
		wishes[i] = wish;
	return transition_selected(ctx, settings, &selection, wishes, wish->as_one);
}
