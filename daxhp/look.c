// SPDX-License-Identifier: GPL-2.0-or-later
/* A look at the selected devices, for the commands that show them. */
#include <errno.h>
#include <string.h>

#include "daxhp.h"

static void describe_look(const struct daxhp_device *device, int error, const char *file, char *buf,
			  size_t size)
{
	const char *name = daxhp_device_get_name(device);

	if (error == -ENODEV)
		snprintf(buf, size, "%s: the device went away while it was looked at.", name);
	else if (error == -EAGAIN)
		snprintf(buf, size,
			 "%s: its driver keeps changing; somebody else is at work on it.", name);
	else if (error == -EOVERFLOW)
		snprintf(buf, size, "%s: its physical ranges make no sense.", name);
	else if (error == -EBADMSG || error == -ENODATA || error == -EFBIG)
		snprintf(buf, size, "%s: %s does not say what it should (%s).", name,
			 file ? file : "a file about its ranges",
			 error == -ENODATA ? "it is empty"
			 : error == -EFBIG ? "it is too long"
					   : "its contents are not understood");
	else
		snprintf(buf, size, "%s: %s cannot be read: %s.", name, file ? file : "the device",
			 strerror(-error));
}

/* Something that the report would give advice about. */
static bool is_odd(const struct settings *settings, int error, const struct daxhp_observation *obs)
{
	enum daxhp_state state = error < 0 ? DAXHP_STATE_NONE : daxhp_observation_get_state(obs);

	return error < 0 || daxhp_observation_get_blocks_error(obs) < 0 ||
	       daxhp_observation_is_wedged(obs) || state == DAXHP_INCONSISTENT ||
	       (state == DAXHP_OFFLINE && !settings->json);
}

/*
 * A device that another process is at work on may be seen halfway. To ask for the process takes the kernel
 * ten milliseconds: so only where something is odd.
 */
static int observe(const struct settings *settings, struct looked_at *look)
{
	int r = daxhp_observe(look->device, &look->observation);

	if (is_odd(settings, r, look->observation))
		look->is_busy = daxhp_device_find_worker(look->device, &look->worker) > 0;
	return r;
}

/* If the user may not read something, the report leaves it out. Other errors get a message. */
static int look_at(const struct settings *settings, struct looked_at *look)
{
	const char *file = NULL;
	char message[MESSAGE_MAX];
	int r = observe(settings, look);

	if (r == 0) {
		r = daxhp_observation_get_blocks_error(look->observation);
		file = daxhp_observation_get_blocks_error_file(look->observation);
		if (r == -EPERM && geteuid() == 0 && !look->is_busy && !settings->json)
			complain("note: %s: its memory blocks cannot be read now: another program, "
				 "probably a daxhp in a container, denies it.",
				 daxhp_device_get_name(look->device));
		if (r == -EACCES || r == -EPERM || r == -ENOTSUP)
			return 0;
	}
	/* Its driver is being changed. */
	if (r == 0 || (r == -EAGAIN && look->is_busy))
		return 0;
	describe_look(look->device, r, file, message, sizeof(message));
	complain("%s", message);
	return r;
}

void view_clear(struct view *view)
{
	for (size_t i = 0; i < view->count; i++)
		daxhp_observation_unref(view->looks[i].observation);
	free(view->looks);
	daxhp_orphans_free(view->orphans);
	policies_clear(&view->policies);
}

static bool means_orphans(const struct settings *s, const struct selection *selection)
{
	return selection->is_all && !s->region && !s->namespace && !settings_name_card(s);
}

/* Memory without a device belongs to all, and to its node. */
static int add_orphans(struct daxhp_ctx *ctx, const struct settings *settings, struct view *view)
{
	const struct daxhp_orphan *orphan;
	struct looked_at *grown;
	int r = daxhp_find_orphans(ctx, &view->orphans);

	/* Only root can see the addresses. */
	if (r < 0)
		return r == -EACCES && !settings->check ? 0 : r;
	grown = reallocarray(view->looks, view->count + daxhp_orphans_count(view->orphans) + 1,
			     sizeof(*grown));
	if (!grown) {
		view->orphans = daxhp_orphans_free(view->orphans);
		return -ENOMEM;
	}
	view->looks = grown;
	for (size_t i = 0; (orphan = daxhp_orphans_get(view->orphans, i)); i++)
		if (settings->node < 0 || settings->node == orphan->node)
			grown[view->count++] = (struct looked_at){ .orphan = orphan };
	return 0;
}

static const struct policy_file *find_policy(const struct policies *policies,
					     const struct daxhp_device *device)
{
	struct subject subject;

	/* Most machines have no policy: then nobody needs to know what could be matched. */
	if (policies->count == 0)
		return NULL;
	subject = subject_of(device);
	return policies_find(policies, &subject);
}

enum exit_status look_at_all(struct daxhp_ctx *ctx, const struct settings *settings,
			     const struct selection *selection, struct view *view)
{
	enum exit_status status = selection->n_unseen > 0 ? EXIT_FAILED : EXIT_DONE;
	int r = 0;

	if (policies_load(&view->policies) == 0)
		view->looks = calloc(selection->count + 1, sizeof(*view->looks));
	if (!view->looks)
		return refuse(REFUSAL_OUT_OF_MEMORY, NULL, "out of memory.");
	for (; view->count < selection->count; view->count++) {
		struct looked_at *look = &view->looks[view->count];

		look->device = selection->devices[view->count];
		look->policy = find_policy(&view->policies, look->device);
		if (look_at(settings, look) < 0)
			status = EXIT_FAILED;
	}
	if (means_orphans(settings, selection))
		r = add_orphans(ctx, settings, view);
	if (r < 0) {
		complain("memory without a device cannot be looked for: %s.", strerror(-r));
		status = EXIT_FAILED;
	}
	return status;
}
