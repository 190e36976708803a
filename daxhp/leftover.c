// SPDX-License-Identifier: GPL-2.0-or-later
/* What a daxhp that was killed left behind: put right before anything else, or just mentioned. */
#include <errno.h>
#include <string.h>

#include "daxhp.h"

static void tell_restored(const struct daxhp_leftover *left)
{
	complain("restored %s to '%s': a daxhp that was killed (pid %d) had left it at '%s'.",
		 daxhp_leftover_name(left->kind), left->before, left->pid, left->left);
}

void tell_of_words(struct daxhp_ctx *ctx)
{
	struct daxhp_leftover left;

	for (enum daxhp_leftover_kind kind = 0; kind < DAXHP_LEFTOVER_MAX; kind++) {
		if (daxhp_take_restored(ctx, kind, &left) > 0)
			tell_restored(&left);
		if (daxhp_take_kept(ctx, kind, &left) > 0)
			complain("note: another program wrote '%s' to %s while daxhp had it "
				 "changed for a moment; it stays so, before it was '%s'.",
				 left.left, daxhp_leftover_name(kind), left.before);
	}
}

static void repair_kind(struct daxhp_ctx *ctx, enum daxhp_leftover_kind kind)
{
	struct daxhp_leftover left;
	int r = daxhp_repair(ctx, kind, &left);

	if (r > 0)
		tell_restored(&left);
	if (r < 0)
		complain(
			"warning: cannot tell whether a daxhp that was killed left %s changed: %s.",
			daxhp_leftover_name(kind), strerror(-r));
}

/* The word for how the device was; a device that has no state is in another mode. */
static const char *word_before(const struct daxhp_device_leftover *left)
{
	const char *state = daxhp_state_name(left->state);

	return state ? state : daxhp_mode_name(left->mode);
}

/* NULL when that cannot be seen. */
static const char *describe_now(struct daxhp_device *device)
{
	struct daxhp_observation *now;
	const char *word;

	if (daxhp_observe(device, &now) < 0)
		return NULL;
	word = standing_word(now);
	daxhp_observation_unref(now);
	return word;
}

static void tell_of_failure(struct daxhp_device *device, const struct daxhp_device_leftover *left,
			    struct daxhp_result *result, int r)
{
	const struct daxhp_failure *failure = result ? daxhp_result_get_failure(result) : NULL;
	const char *why = failure ? daxhp_failure_get_sentence(failure) : strerror(-r);
	const char *now = describe_now(device);
	const char *name = daxhp_device_get_name(device);

	if (r == -ESTALE)
		complain("note: %s: a daxhp that was killed (pid %d) was reconfiguring it; it was "
			 "%s, is %s now, and was left so. 'daxhp %s %s' changes that.",
			 name, left->pid, word_before(left), now ? now : "something else",
			 command_back(left->mode, left->state), name);
	else
		complain("warning: %s: a daxhp that was killed (pid %d) left it half "
			 "reconfigured, and it could not be restored to %s: %s. It is %s now; "
			 "'daxhp %s %s' tries again.",
			 name, left->pid, word_before(left), why, now ? now : "something else",
			 command_back(left->mode, left->state), name);
}

void repair_device(struct daxhp_device *device)
{
	struct daxhp_device_leftover left = { 0 };
	struct daxhp_result *result;
	int found = daxhp_device_find_leftover(device, &left), r;

	if (found == 0)
		return;
	r = daxhp_device_repair(device, &result);
	if (r > 0)
		complain("restored %s to %s: a daxhp that was killed (pid %d) had left it half "
			 "reconfigured.",
			 daxhp_device_get_name(device), word_before(&left), left.pid);
	/*
	 * Whoever is at work on it has seen to that first. And where nothing could be read there is
	 * nothing to tell; that /run/daxhp/ cannot be used has been said already.
	 */
	if (found > 0 && r < 0 && r != -EWOULDBLOCK)
		tell_of_failure(device, &left, result, r);
	daxhp_result_free(result);
}

void repair_all(struct daxhp_ctx *ctx)
{
	struct daxhp_device *device;

	/* Who may not read /run/daxhp/ may not change a device either; that is said elsewhere. */
	if (geteuid() != 0)
		return;
	for (enum daxhp_leftover_kind kind = 0; kind < DAXHP_LEFTOVER_MAX; kind++)
		repair_kind(ctx, kind);
	daxhp_device_foreach (ctx, device)
		repair_device(device);
	daxhp_forget_leftovers(ctx);
}

void note_leftovers(struct daxhp_ctx *ctx)
{
	static const char *const way_out =
		"the next 'daxhp online', 'daxhp unplug' or 'daxhp reconfigure' restores it";
	struct daxhp_device_leftover half;
	struct daxhp_device *device;
	struct daxhp_leftover left;

	for (enum daxhp_leftover_kind kind = 0; kind < DAXHP_LEFTOVER_MAX; kind++)
		if (daxhp_find_leftover(ctx, kind, &left) > 0)
			complain("note: a daxhp that was killed (pid %d) left %s at '%s', it was "
				 "'%s'; %s.",
				 left.pid, daxhp_leftover_name(kind), left.left, left.before,
				 way_out);
	daxhp_device_foreach (ctx, device)
		if (daxhp_device_find_leftover(device, &half) > 0)
			complain("note: a daxhp that was killed (pid %d) left %s half "
				 "reconfigured, it was %s; %s.",
				 half.pid, daxhp_device_get_name(device), word_before(&half),
				 way_out);
}
