// SPDX-License-Identifier: GPL-2.0-or-later
/* select -> begin -> plan -> apply -> report, for every selected device. */
#include <errno.h>
#include <string.h>

#include "daxhp.h"

/* What all selected devices have in common. */
struct work {
	struct daxhp_ctx *ctx;
	const struct settings *settings;
	const struct wish *wish;
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
	const struct wish *wish = work->wish;
	int r = daxhp_request_new(&work->request);

	if (r < 0)
		return r;
	daxhp_request_set_mode(work->request, wish->mode);
	daxhp_request_set_state(work->request, wish->state);
	daxhp_request_set_may_move(work->request, wish->may_move);
	daxhp_request_set_may_rebind(work->request, wish->may_rebind);
	daxhp_request_set_dry_run(work->request, only_looks(settings));
	daxhp_request_set_force(work->request, settings->force);
	daxhp_request_set_retries(work->request, settings->retries);
	daxhp_request_set_wait(work->request, settings->wait);
	if (!settings->dry_run)
		interrupt_arm(work->request, settings->timeout);
	if (!only_looks(settings))
		work->recovered = recover_all(work->ctx, work->request);
	return 0;
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
	struct daxhp_worker worker;
	struct progress *progress = NULL;
	char what[64];
	int r;

	if (work->settings->wait && daxhp_device_find_worker(outcome->device, &worker) > 0) {
		snprintf(what, sizeof(what), "waiting for another daxhp (pid %d)", worker.pid);
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
	int r = begin(work, outcome);

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
	report_others(settings, outcome);
	if (!settings->json || settings->verbose)
		report_outcome_text(settings, outcome);
	note_kernel_zone(settings, outcome);
	note_fragile(settings, outcome);
	if (outcome->session)
		daxhp_session_unlock(outcome->session);
}

static enum exit_status refuse_nothing(const struct settings *settings)
{
	if (settings_select(settings))
		complain("no dax device matches; 'daxhp status -j' shows their regions, nodes, "
			 "cards and namespaces.");
	else
		complain("no dax device that could be worked on; 'daxhp status' shows what there "
			 "is.");
	return EXIT_FAILED;
}

int transition(struct daxhp_ctx *ctx, const struct settings *settings, const struct wish *wish,
	       int argc, char **argv)
{
	_cleanup_(selection_clear) struct selection selection = { 0 };
	_cleanup_free_ struct outcome *outcomes = NULL;
	struct work work = { .ctx = ctx, .settings = settings, .wish = wish };
	size_t n = 0;
	int status;

	if (argc == 0 && !settings_select(settings)) {
		complain("name a device, or 'all', or give --node or --region.");
		return EXIT_USAGE;
	}
	status = select_devices(ctx, settings, argc, argv, &selection);
	if (status != EXIT_DONE)
		return status;
	outcomes = calloc(selection.count + 1, sizeof(*outcomes));
	if (!outcomes || start(&work) < 0) {
		complain("out of memory.");
		return EXIT_FAILED;
	}
	/* Device by device: if one fails, daxhp goes on with the next. */
	for (size_t i = 0; i < selection.count; i++) {
		outcomes[n] = (struct outcome){ .device = selection.devices[i], .wish = wish };
		begin_and_plan(&work, &outcomes[n]);
		if (is_passed_over(&work, &selection, &outcomes[n]))
			outcome_clear(&outcomes[n]);
		else
			apply_and_report(&work, &outcomes[n++]);
	}
	status = n ? outcomes_status(outcomes, n, selection.n_unseen) : refuse_nothing(settings);
	status = report_outcomes(settings, outcomes, n, status);
	if (work.passed_over && !settings->json)
		complain("passed over: %s.", work.passed_over);
	free(work.passed_over);
	while (n > 0)
		outcome_clear(&outcomes[--n]);
	interrupt_disarm();
	daxhp_recovery_free(work.recovered);
	daxhp_request_free(work.request);
	return status;
}
