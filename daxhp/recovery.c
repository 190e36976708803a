// SPDX-License-Identifier: GPL-2.0-or-later
/* What a daxhp that was killed left behind: put right before anything else, or just mentioned. */
#include <string.h>

#include "daxhp.h"

static void tell_found(const struct daxhp_recovered *r)
{
	static const char *const way_out =
		"the next 'daxhp online', 'daxhp unplug' or 'daxhp reconfigure' restores it";
	const char *name = daxhp_recovered_get_name(r), *before = daxhp_recovered_get_before(r);
	int pid = daxhp_recovered_get_pid(r);

	if (daxhp_recovered_get_kind(r) == DAXHP_RECOVERED_DEVICE)
		complain("note: a daxhp that was killed (pid %d) left %s half reconfigured, it was "
			 "%s; %s.",
			 pid, name, before, way_out);
	else
		complain("note: a daxhp that was killed (pid %d) left %s at '%s', it was '%s'; %s.",
			 pid, name, daxhp_recovered_get_found(r), before, way_out);
}

static void tell_restored(const struct daxhp_recovered *r)
{
	const char *name = daxhp_recovered_get_name(r), *before = daxhp_recovered_get_before(r);
	int pid = daxhp_recovered_get_pid(r);

	if (daxhp_recovered_get_kind(r) == DAXHP_RECOVERED_DEVICE)
		complain("restored %s to %s: a daxhp that was killed (pid %d) had left it half "
			 "reconfigured.",
			 name, before, pid);
	else
		complain("restored %s to '%s': a daxhp that was killed (pid %d) had left it at "
			 "'%s'.",
			 name, before, pid, daxhp_recovered_get_found(r));
}

static const char *command_for(const struct daxhp_recovered *r)
{
	return command_back(daxhp_recovered_get_mode(r), daxhp_recovered_get_state(r));
}

static const char *found_word(const struct daxhp_recovered *r)
{
	const char *found = daxhp_recovered_get_found(r);

	return found ? found : "something else";
}

static void tell_left(const struct daxhp_recovered *r)
{
	const char *name = daxhp_recovered_get_name(r);

	complain(
		"note: %s: a daxhp that was killed (pid %d) was reconfiguring it; it was %s, is %s "
		"now, and was left so. 'daxhp %s %s' changes that.",
		name, daxhp_recovered_get_pid(r), daxhp_recovered_get_before(r), found_word(r),
		command_for(r), name);
}

static void tell_failed(const struct daxhp_recovered *r)
{
	const struct daxhp_failure *failure = daxhp_recovered_get_failure(r);
	const char *name = daxhp_recovered_get_name(r);

	if (daxhp_recovered_get_kind(r) == DAXHP_RECOVERED_DEVICE)
		complain("warning: %s: a daxhp that was killed (pid %d) left it half reconfigured, "
			 "and it could not be restored to %s: %s. It is %s now; 'daxhp %s %s' "
			 "tries again.",
			 name, daxhp_recovered_get_pid(r), daxhp_recovered_get_before(r),
			 daxhp_failure_get_sentence(failure), found_word(r), command_for(r), name);
	else
		complain("warning: cannot tell whether a daxhp that was killed left %s changed: "
			 "%s.",
			 name, strerror(-daxhp_failure_get_error(failure)));
}

static void tell(const struct daxhp_recovered *r)
{
	switch (daxhp_recovered_get_outcome(r)) {
	case DAXHP_RECOVERED_FOUND:
		tell_found(r);
		break;
	case DAXHP_RECOVERED_RESTORED:
		tell_restored(r);
		break;
	case DAXHP_RECOVERED_KEPT:
		complain("note: another program wrote '%s' to %s while daxhp had it changed for a "
			 "moment; it stays so, before it was '%s'.",
			 daxhp_recovered_get_found(r), daxhp_recovered_get_name(r),
			 daxhp_recovered_get_before(r));
		break;
	case DAXHP_RECOVERED_LEFT:
		tell_left(r);
		break;
	case DAXHP_RECOVERED_FAILED:
		tell_failed(r);
		break;
	}
}

/* What failed at the start fails again for the device itself, in most cases. */
static bool has_failed(const struct daxhp_recovery *told, const struct daxhp_recovered *r)
{
	for (size_t i = 0; told && i < daxhp_recovery_count(told); i++) {
		const struct daxhp_recovered *old = daxhp_recovery_get(told, i);

		if (daxhp_recovered_get_failure(old) && daxhp_recovered_get_failure(r) &&
		    strcmp(daxhp_recovered_get_name(old), daxhp_recovered_get_name(r)) == 0)
			return true;
	}
	return false;
}

void tell_of_recovery(const struct daxhp_recovery *recovery, size_t first,
		      const struct daxhp_recovery *told)
{
	for (size_t i = first; i < daxhp_recovery_count(recovery); i++) {
		const struct daxhp_recovered *r = daxhp_recovery_get(recovery, i);

		if (!has_failed(told, r))
			tell(r);
	}
}

struct daxhp_recovery *recover_all(struct daxhp_ctx *ctx, struct daxhp_request *request)
{
	struct daxhp_recovery *recovery = NULL;

	if (daxhp_recover(ctx, request, &recovery) == 0)
		tell_of_recovery(recovery, 0, NULL);
	return recovery;
}

void note_recoverable(struct daxhp_ctx *ctx)
{
	struct daxhp_request *request;

	if (daxhp_request_new(&request) < 0)
		return;
	daxhp_request_set_dry_run(request, true);
	daxhp_recovery_free(recover_all(ctx, request));
	daxhp_request_free(request);
}
