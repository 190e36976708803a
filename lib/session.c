// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Work on one device: lock, recover, look; plan; apply; end. Before a plan is applied, an entry of
 * the device's state goes into the journal, for the case that this process is killed. Afterwards it
 * is dropped.
 */
#include <errno.h>

#include "libdaxhp-private.h"

static int fail(struct daxhp_session *session, struct daxhp_failure failure, int errnum)
{
	failure.errnum = -errnum;
	failure.block = -1;
	failure_set(&session->failure, &failure);
	return errnum;
}

static int fail_cancelled(struct daxhp_session *session)
{
	return fail(session, (struct daxhp_failure){ .kind = DAXHP_FAILED_CANCELLED }, -EINTR);
}

static int lock(struct daxhp_session *session)
{
	const struct kernel *kernel = session->ctx->kernel;
	unsigned int wait = session->request->wait;
	struct daxhp_failure at_work = {
		.kind = DAXHP_FAILED_AT_WORK,
		.has_waited = wait > 0,
	};
	int r = kernel->lock_take(session, session->device->name, wait, &session->lock,
				  &at_work.pid);

	if (r == -EWOULDBLOCK) {
		at_work.stopped = at_work.pid && kernel->process_is_stopped(at_work.pid);
		return fail(session, at_work, r);
	}
	if (r == -EINTR)
		return fail_cancelled(session);
	if (r < 0)
		return fail(session, (struct daxhp_failure){ .kind = DAXHP_FAILED_NOT_LOCKED }, r);
	/* If the device is gone, the look says so. */
	kernel->read_device(session->device);
	return 0;
}

static int look(struct daxhp_session *session)
{
	const struct daxhp_failure unseen = {
		.kind = DAXHP_FAILED_OBSERVE,
		.is_first_look = true,
	};
	const struct kernel *kernel = session->ctx->kernel;
	int r = device_observe_to_plan(session->device, &session->before);

	if (r < 0)
		return fail(session, unseen, r);
	if (session->before->mode != DAXHP_MODE_SYSTEM_RAM)
		session->before->has_later_attribute = kernel->brings_attribute(session->ctx);
	return 0;
}

static int begin(struct daxhp_session *session)
{
	int r;

	if (!goal_is_valid(session->goal))
		return fail(session, (struct daxhp_failure){ .kind = DAXHP_FAILED_REQUEST },
			    -EINVAL);
	if (session_is_cancelled(session))
		return fail_cancelled(session);
	if (session->request->dry_run)
		return look(session);
	r = lock(session);
	if (r < 0)
		return r;
	/* A recovery that fails does not stop the session. The failure is in the session's recovery. */
	recover_words(session);
	recover_device(session);
	return look(session);
}

EXPORT int daxhp_begin(struct daxhp_device *device, struct daxhp_request *request,
		       struct daxhp_session **ret_session)
{
	struct daxhp_session *session = calloc(1, sizeof(*session));

	*ret_session = NULL;
	if (!session || recovery_reserve(&session->recovery) < 0) {
		free(session);
		return -ENOMEM;
	}
	session->ctx = device->ctx;
	session->request = request;
	session->device = device;
	session->goal = request->goal;
	*ret_session = session;
	return begin(session);
}

EXPORT const struct daxhp_failure *daxhp_session_get_failure(const struct daxhp_session *session)
{
	return session->failure.kind ? &session->failure : NULL;
}

GETTER(session, struct daxhp_observation *, before)

EXPORT const struct daxhp_recovery *daxhp_session_get_recovery(const struct daxhp_session *session)
{
	return &session->recovery;
}

EXPORT int daxhp_plan(struct daxhp_session *session, struct daxhp_plan **ret_plan)
{
	if (session->failure.kind)
		return -session->failure.errnum;
	return plan_new(session->before, session->goal, session->request->force, ret_plan);
}

EXPORT int daxhp_apply(struct daxhp_session *session, struct daxhp_plan *plan,
		       struct daxhp_result **ret_result)
{
	struct daxhp_result *result = result_new(plan->before->n_blocks);
	bool is_locked = lock_is_mine(&session->lock);
	int r = 0;

	*ret_result = result;
	if (!result)
		return -ENOMEM;
	result->failure = plan->refusal;
	/* If this process is killed meanwhile, the next one finds the entry, and recovers the device. */
	if (plan->n_steps) {
		r = is_locked ? recovery_put(session, plan) : -ENOLCK;
		if (r < 0)
			result_fail(result,
				    is_locked ? DAXHP_FAILED_JOURNAL : DAXHP_FAILED_NOT_LOCKED, r);
	}
	if (plan->n_steps && r >= 0) {
		apply_plan(session, plan, result);
		last_put(session, result);
	} else {
		result->after = daxhp_observation_ref(plan->before);
	}
	/* The device is as the user wants it: an entry of a killed process has no more use. */
	if (r > 0 || (!result->failure.kind && is_locked))
		recovery_drop(session);
	return -result->failure.errnum;
}

EXPORT int daxhp_restore(struct daxhp_session *session, struct daxhp_result **ret_result)
{
	_cleanup_(cleanup_observation) struct daxhp_observation *now = NULL;
	int r;

	*ret_result = NULL;
	if (!lock_is_mine(&session->lock))
		return -ENOLCK;
	r = device_observe_to_plan(session->device, &now);
	if (r < 0)
		return r;
	/* Who cancels the request wants the device as it was. */
	session->undoing = true;
	r = apply_restore(session, now, session->before, ret_result);
	session->undoing = false;
	return r;
}

EXPORT int daxhp_hand_back(struct daxhp_session *session)
{
	const struct kernel *kernel = session->ctx->kernel;
	struct lock lock;
	int r;

	if (!lock_is_mine(&session->lock))
		return -ENOLCK;
	if (session->before->mode != DAXHP_MODE_UNBOUND)
		return 1;
	if (session->before->n_present > 0)
		return -EBUSY;
	/* Another process may have changed the machine's policy for a bind of its own. */
	r = policy_lock(session, &lock);
	if (r < 0)
		return r;
	r = kernel->probe(session->device);
	kernel->lock_drop(&lock);
	return r;
}

EXPORT void daxhp_session_unlock(struct daxhp_session *session)
{
	session->ctx->kernel->lock_drop(&session->lock);
}

EXPORT struct daxhp_session *daxhp_end(struct daxhp_session *session)
{
	if (!session)
		return NULL;
	session->ctx->kernel->lock_drop(&session->lock);
	daxhp_observation_unref(session->before);
	recovery_clear(&session->recovery);
	free(session);
	return NULL;
}
