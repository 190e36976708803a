// SPDX-License-Identifier: LGPL-2.1-or-later
/* Brings the memory of one dax device online in ZONE_MOVABLE: all of it, or none. */
#include <stdio.h>
#include <string.h>

#include <libdaxhp.h>

static int bring_online(struct daxhp_session *session)
{
	struct daxhp_result *result = NULL;
	struct daxhp_plan *plan = NULL;
	const struct daxhp_failure *failure;
	int r = daxhp_plan(session, &plan);

	if (r == 0)
		r = daxhp_apply(session, plan, &result);
	failure = result ? daxhp_result_get_failure(result) : daxhp_session_get_failure(session);
	if (r == 0)
		puts(daxhp_result_get_changed(result) ? "brought online" : "is online already");
	else
		fprintf(stderr, "%s\n",
			failure ? daxhp_failure_get_sentence(failure) : strerror(-r));
	daxhp_result_free(result);
	daxhp_plan_free(plan);
	return r;
}

int main(int argc, char **argv)
{
	struct daxhp_ctx *ctx = NULL;
	struct daxhp_request *request = NULL;
	struct daxhp_session *session = NULL;
	struct daxhp_device *device;
	int r = argc == 2 ? daxhp_new(&ctx) : -1;

	if (r < 0) {
		fprintf(stderr, "usage: example DEVICE\n");
		return 2;
	}
	r = daxhp_request_new(&request);
	if (r == 0)
		r = daxhp_device_from_name(ctx, argv[1], &device);
	if (r == 0) {
		daxhp_request_set_state(request, DAXHP_ONLINE_MOVABLE);
		daxhp_request_set_wait(request, 10);
		r = daxhp_begin(device, request, &session);
	}
	if (session)
		r = bring_online(session);
	else
		fprintf(stderr, "%s: %s\n", argv[1], strerror(-r));
	daxhp_end(session);
	daxhp_request_free(request);
	daxhp_unref(ctx);
	return r < 0;
}
