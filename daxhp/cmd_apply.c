// SPDX-License-Identifier: GPL-2.0-or-later
/* daxhp apply: bring devices to where their policy files say. */
#include <errno.h>
#include <string.h>

#include "daxhp.h"
#include "policy.h"

/* At boot, two of them meet at the lock of a device: for as long as it takes to add a very big one. */
#define WAIT_SECONDS 600

static const struct option_row options[] = {
	{ KEY_HAND_BACK, "hand-back", NULL,
	  "let the kernel bind devices that no policy is for; for the units" },
	ROW_TIMEOUT,
	ROW_RETRY,
	ROW_PATIENCE,
	ROW_DRY_RUN,
	{ 0 },
};

/* The devices that a policy is for, with a wish for each. */
struct job {
	struct selection selection;
	struct wish *wishes;
	const struct wish **wish_list;
};

static void job_clear(struct job *job)
{
	selection_clear(&job->selection);
	free(job->wishes);
	free(job->wish_list);
}

static int job_reserve(struct job *job, size_t count)
{
	job->selection.devices = calloc(count + 1, sizeof(*job->selection.devices));
	job->wishes = calloc(count + 1, sizeof(*job->wishes));
	job->wish_list = calloc(count + 1, sizeof(*job->wish_list));
	return job->selection.devices && job->wishes && job->wish_list ? 0 : -ENOMEM;
}

static enum daxhp_mode mode_of(struct daxhp_device *device)
{
	struct daxhp_observation *obs;
	enum daxhp_mode mode = DAXHP_MODE_OTHER;

	if (daxhp_observe(device, &obs) == 0) {
		mode = daxhp_observation_get_mode(obs);
		daxhp_observation_unref(obs);
	}
	return mode;
}

/* Memory that is unplugged has no mode of its own: who unplugs a device in devdax mode takes the driver away. */
static struct wish wish_of(const struct rule *rule, struct daxhp_device *device)
{
	struct wish wish = {
		.action = cmd_apply.name,
		.verb = "apply its policy",
		.mode = DAXHP_MODE_SYSTEM_RAM,
		.may_move = true,
		.may_rebind = true,
		.is_policy = true,
	};

	if (rule->mode == RULE_DEVDAX) {
		wish.mode = DAXHP_MODE_DEVDAX;
	} else if (rule->is_unplugged) {
		wish.state = DAXHP_UNPLUGGED;
		wish.may_move = false;
		wish.may_rebind = mode_of(device) == DAXHP_MODE_DEVDAX;
		if (wish.may_rebind)
			wish.mode = DAXHP_MODE_UNBOUND;
	} else {
		wish.state = rule->is_kernel_zone ? DAXHP_ONLINE_KERNEL : DAXHP_ONLINE_MOVABLE;
	}
	return wish;
}

static void job_add(struct job *job, const struct rule *rule, struct daxhp_device *device)
{
	size_t n = job->selection.count++;

	job->selection.devices[n] = device;
	job->wishes[n] = wish_of(rule, device);
	job->wish_list[n] = &job->wishes[n];
}

/* ---- devices that no policy is for ---- */

static int hand_back_locked(struct daxhp_device *device, struct daxhp_request *request)
{
	struct daxhp_session *session = NULL;
	int r = daxhp_begin(device, request, &session);

	if (r == 0)
		r = daxhp_hand_back(session);
	daxhp_end(session);
	return r;
}

static enum exit_status hand_back(struct daxhp_device *device)
{
	const char *name = daxhp_device_get_name(device);
	struct daxhp_request *request;
	int r = daxhp_request_new(&request);

	if (r == 0) {
		daxhp_request_set_wait(request, WAIT_SECONDS);
		r = hand_back_locked(device, request);
		daxhp_request_free(request);
	}
	if (r < 0)
		complain("%s: no policy is for it, and it could not be left to the kernel: %s.",
			 name, strerror(-r));
	return r < 0 ? EXIT_FAILED : EXIT_DONE;
}

/* @policy: one that says to ignore the device; NULL: there is none. */
static void say_why_not(const struct policies *policies, const struct policy_file *policy,
			const char *name)
{
	char broken[64] = "";

	if (policies->n_broken)
		snprintf(broken, sizeof(broken), "; 'daxhp policy list' shows %zu with an error",
			 policies->n_broken);
	if (policy)
		output("%s: left to the kernel: %s says Mode=ignore\n", name, policy->path);
	else
		output("%s: no policy is for it%s\n", name, broken);
}

static enum exit_status leave(const struct settings *settings, const struct policies *policies,
			      const struct policy_file *policy, struct daxhp_device *device,
			      bool was_named)
{
	if (!settings->json && (was_named || settings->verbose))
		say_why_not(policies, policy, daxhp_device_get_name(device));
	return settings->hand_back && !settings->dry_run ? hand_back(device) : EXIT_DONE;
}

/* ---- all of it ---- */

/* Of two parts. When only one of them failed, the whole is done in part. */
static enum exit_status join(enum exit_status one, enum exit_status two)
{
	return one == two ? one : EXIT_PARTLY;
}

/* Sort the devices: those that a policy is for become jobs, the others are left alone. */
static enum exit_status sort_devices(const struct settings *settings,
				     const struct selection *selection,
				     const struct policies *policies, struct job *job)
{
	enum exit_status status = EXIT_DONE;

	for (size_t i = 0; i < selection->count; i++) {
		struct daxhp_device *device = selection->devices[i];
		const struct subject subject = subject_of(device);
		const struct policy_file *policy = policies_find(policies, &subject);

		if (policy && policy->rule.mode != RULE_IGNORE)
			job_add(job, &policy->rule, device);
		else if (leave(settings, policies, policy, device, !selection->is_all) != EXIT_DONE)
			status = EXIT_FAILED;
	}
	job->selection.n_unseen = selection->n_unseen;
	return status;
}

static enum exit_status apply_to(struct daxhp_ctx *ctx, const struct settings *settings,
				 const struct selection *selection, const struct policies *policies)
{
	_cleanup_(job_clear) struct job job = { 0 };
	enum exit_status status, left;

	if (job_reserve(&job, selection->count) < 0)
		return refuse(REFUSAL_OUT_OF_MEMORY, NULL, "out of memory.");
	left = sort_devices(settings, selection, policies, &job);
	/* Who names a device is not told of files that may be about others. */
	if (selection->is_all && policies->n_broken) {
		complain_of_policies(policies);
		left = EXIT_FAILED;
	}
	if (job.selection.count == 0 && !settings->json)
		return selection->n_unseen ? EXIT_FAILED : left;
	status = transition_each(ctx, settings, &job.selection, job.wish_list);
	return job.selection.count || left == EXIT_DONE ? join(status, left) : left;
}

static int run(struct daxhp_ctx *ctx, const struct settings *settings, int argc, char **argv)
{
	_cleanup_(selection_clear) struct selection selection = { 0 };
	_cleanup_(policies_clear) struct policies policies = { 0 };
	struct settings ours = *settings;
	enum exit_status status = select_devices(ctx, settings, argc, argv, &selection);

	if (status != EXIT_DONE)
		return status;
	if (selection.count == 0 && settings_select(settings))
		return refuse_nothing(settings);
	if (policies_load(&policies) < 0)
		return refuse(REFUSAL_OUT_OF_MEMORY, NULL, "out of memory.");
	ours.wait = WAIT_SECONDS;
	return apply_to(ctx, &ours, &selection, &policies);
}

const struct command cmd_apply = {
	.name = "apply",
	.synopsis = "[OPTIONS] [DEVICE...]",
	.summary = "Bring devices to where their policies say.",
	.options = options,
	.run = run,
};
