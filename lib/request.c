// SPDX-License-Identifier: LGPL-2.1-or-later
/* A request: the goal, the settings, and the cancel. */
#include <errno.h>

#include "libdaxhp-private.h"

EXPORT int daxhp_request_new(struct daxhp_request **ret_request)
{
	struct daxhp_request *request = calloc(1, sizeof(*request));

	if (!request)
		return -ENOMEM;
	request->goal.mode = DAXHP_MODE_SYSTEM_RAM;
	request->goal.state = DAXHP_ONLINE;
	*ret_request = request;
	return 0;
}

EXPORT struct daxhp_request *daxhp_request_free(struct daxhp_request *request)
{
	free(request);
	return NULL;
}

#define SETTER(name, type, field)                                                       \
	EXPORT void daxhp_request_set_##name(struct daxhp_request *request, type value) \
	{                                                                               \
		request->field = value;                                                 \
	}

SETTER(mode, enum daxhp_mode, goal.mode)
SETTER(state, enum daxhp_state, goal.state)
SETTER(may_move, bool, goal.may_move)
SETTER(may_rebind, bool, goal.may_rebind)
SETTER(dry_run, bool, dry_run)
SETTER(force, bool, force)
SETTER(retries, unsigned int, retries)
SETTER(wait, unsigned int, wait)
SETTER(patience, unsigned int, patience)

EXPORT void daxhp_request_set_progress_fn(struct daxhp_request *request, daxhp_progress_fn fn,
					  void *data)
{
	request->progress_fn = fn;
	request->progress_data = data;
}

EXPORT void daxhp_request_set_waiting_fn(struct daxhp_request *request, daxhp_waiting_fn fn,
					 void *data)
{
	request->waiting_fn = fn;
	request->waiting_data = data;
}

SETTER(cancel_signal, int, cancel_signal)

/* daxhp_request_cancel() runs in signal handlers, too: the flag must need no lock. */
_Static_assert(ATOMIC_BOOL_LOCK_FREE == 2, "a signal handler may set the flag");

EXPORT void daxhp_request_cancel(struct daxhp_request *request)
{
	request->is_cancelled = true;
}

EXPORT bool daxhp_request_is_cancelled(const struct daxhp_request *request)
{
	return request->is_cancelled;
}
