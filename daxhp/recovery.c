// SPDX-License-Identifier: GPL-2.0-or-later
/* What a daxhp that was killed left behind: put right before anything else, or just mentioned. */
#include <errno.h>
#include <string.h>

#include "daxhp.h"

#define WAY_OUT "the next 'daxhp online', 'daxhp unplug' or 'daxhp reconfigure' restores it"

static void describe_device(const struct daxhp_recovered *r, char *buf, size_t size)
{
	const char *name = daxhp_recovered_get_name(r), *before = daxhp_recovered_get_before(r);
	const char *now = daxhp_recovered_get_found(r);
	const char *command = command_back(daxhp_recovered_get_mode(r),
					   daxhp_recovered_get_state(r));
	int pid = daxhp_recovered_get_pid(r);

	if (!now)
		now = "something else";
	switch (daxhp_recovered_get_outcome(r)) {
	case DAXHP_RECOVERED_FOUND:
		snprintf(buf, size,
			 "note: a daxhp that was killed (pid %d) left %s half reconfigured, it was "
			 "%s; " WAY_OUT ".",
			 pid, name, before);
		break;
	case DAXHP_RECOVERED_RESTORED:
		snprintf(buf, size,
			 "restored %s to %s: a daxhp that was killed (pid %d) had left it half "
			 "reconfigured.",
			 name, before, pid);
		break;
	case DAXHP_RECOVERED_FAILED:
		snprintf(buf, size,
			 "warning: %s: a daxhp that was killed (pid %d) left it half reconfigured, "
			 "and it could not be restored to %s: %s. It is %s now; 'daxhp %s %s' "
			 "tries again.",
			 name, pid, before,
			 daxhp_failure_get_sentence(daxhp_recovered_get_failure(r)), now, command,
			 name);
		break;
	default:
		snprintf(buf, size,
			 "note: %s: a daxhp that was killed (pid %d) was reconfiguring it; it was "
			 "%s, is %s now, and was left so. 'daxhp %s %s' changes that.",
			 name, pid, before, now, command, name);
		break;
	}
}

/* A word of the machine: the policy, or whether the bus probes. */
static void describe_word(const struct daxhp_recovered *r, char *buf, size_t size)
{
	const char *name = daxhp_recovered_get_name(r), *before = daxhp_recovered_get_before(r);
	const char *found = daxhp_recovered_get_found(r);
	int pid = daxhp_recovered_get_pid(r);

	switch (daxhp_recovered_get_outcome(r)) {
	case DAXHP_RECOVERED_FOUND:
		snprintf(buf, size,
			 "note: a daxhp that was killed (pid %d) left %s at '%s', it was "
			 "'%s'; " WAY_OUT ".",
			 pid, name, found, before);
		break;
	case DAXHP_RECOVERED_RESTORED:
		snprintf(buf, size,
			 "restored %s to '%s': a daxhp that was killed (pid %d) had left it at "
			 "'%s'.",
			 name, before, pid, found);
		break;
	case DAXHP_RECOVERED_FAILED:
		snprintf(buf, size,
			 "warning: cannot tell whether a daxhp that was killed left %s changed: "
			 "%s.",
			 name, strerror(-daxhp_failure_get_error(daxhp_recovered_get_failure(r))));
		break;
	default:
		snprintf(buf, size,
			 "note: another program wrote '%s' to %s while daxhp had it changed for a "
			 "moment; it stays so, before it was '%s'.",
			 found, name, before);
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
		char message[MESSAGE_MAX];

		if (has_failed(told, r))
			continue;
		if (daxhp_recovered_get_kind(r) == DAXHP_RECOVERED_DEVICE)
			describe_device(r, message, sizeof(message));
		else
			describe_word(r, message, sizeof(message));
		complain("%s", message);
		record_recovered(r, message);
	}
}

struct daxhp_recovery *recover_all(struct daxhp_ctx *ctx, struct daxhp_request *request)
{
	struct daxhp_recovery *recovery = NULL;

	if (daxhp_recover(ctx, request, &recovery) == 0)
		tell_of_recovery(recovery, 0, NULL);
	return recovery;
}

/* Changes nothing. NULL: out of memory. */
static struct daxhp_recovery *find_recoverable(struct daxhp_ctx *ctx)
{
	struct daxhp_recovery *recovery = NULL;
	struct daxhp_request *request;

	if (daxhp_request_new(&request) < 0)
		return NULL;
	daxhp_request_set_dry_run(request, true);
	if (daxhp_recover(ctx, request, &recovery) < 0)
		recovery = NULL;
	daxhp_request_free(request);
	return recovery;
}

int count_recoverable(struct daxhp_ctx *ctx)
{
	struct daxhp_recovery *recovery = find_recoverable(ctx);
	int n = recovery ? (int)daxhp_recovery_count(recovery) : -ENOMEM;

	daxhp_recovery_free(recovery);
	return n;
}

void note_recoverable(struct daxhp_ctx *ctx)
{
	struct daxhp_recovery *recovery = find_recoverable(ctx);

	if (recovery)
		tell_of_recovery(recovery, 0, NULL);
	daxhp_recovery_free(recovery);
}
