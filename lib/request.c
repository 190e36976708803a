// SPDX-License-Identifier: LGPL-2.1-or-later
/* What is wanted, and how; and the wish to stop. */
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

EXPORT void daxhp_request_set_mode(struct daxhp_request *request, enum daxhp_mode mode)
{
	request->goal.mode = mode;
}

EXPORT void daxhp_request_set_state(struct daxhp_request *request, enum daxhp_state state)
{
	request->goal.state = state;
}

EXPORT void daxhp_request_set_may_move(struct daxhp_request *request, bool may_move)
{
	request->goal.may_move = may_move;
}

EXPORT void daxhp_request_set_may_rebind(struct daxhp_request *request, bool may_rebind)
{
	request->goal.may_rebind = may_rebind;
}

EXPORT void daxhp_request_set_dry_run(struct daxhp_request *request, bool dry_run)
{
	request->dry_run = dry_run;
}

EXPORT void daxhp_request_set_force(struct daxhp_request *request, bool force)
{
	request->force = force;
}

EXPORT void daxhp_request_set_retries(struct daxhp_request *request, unsigned int retries)
{
	request->retries = retries;
}

EXPORT void daxhp_request_set_wait(struct daxhp_request *request, unsigned int seconds)
{
	request->wait = seconds;
}

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

EXPORT void daxhp_request_set_cancel_signal(struct daxhp_request *request, int signal)
{
	request->cancel_signal = signal;
}

/* In a signal handler, too: the flag has no lock. */
_Static_assert(ATOMIC_BOOL_LOCK_FREE == 2, "a signal handler may set the flag");

EXPORT void daxhp_request_cancel(struct daxhp_request *request)
{
	request->is_cancelled = true;
}

EXPORT bool daxhp_request_is_cancelled(const struct daxhp_request *request)
{
	return request->is_cancelled;
}
