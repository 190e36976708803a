// SPDX-License-Identifier: LGPL-2.1-or-later
/* Brings the memory of one dax device online in ZONE_MOVABLE. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <libdaxhp.h>

static struct daxhp_device *find_device(struct daxhp_ctx *ctx, const char *name)
{
	struct daxhp_device *device;

	daxhp_device_foreach (ctx, device)
		if (strcmp(daxhp_device_get_name(device), name) == 0)
			return device;
	return NULL;
}

static void print_result(struct daxhp_device *device, const struct daxhp_result *result)
{
	const struct daxhp_observation *after = daxhp_result_get_after(result);
	const char *state = NULL;

	if (after)
		state = daxhp_state_name(daxhp_observation_get_state(after));
	printf("%s: %s", daxhp_device_get_name(device), state ? state : "unknown");
	printf(daxhp_result_get_changed(result) ? ", changed\n" : ", not changed\n");
}

/* Observe, plan, apply: while the device is locked. */
static int bring_online(struct daxhp_device *device)
{
	struct daxhp_observation *before = NULL;
	struct daxhp_plan *plan = NULL;
	struct daxhp_result *result = NULL;
	int r = daxhp_observe(device, &before);

	if (r == 0)
		r = daxhp_plan_new(before, DAXHP_GOAL_ONLINE_MOVABLE, &plan);
	if (r == 0)
		r = daxhp_apply(device, plan, &result);
	if (result)
		print_result(device, result);
	daxhp_result_free(result);
	daxhp_plan_free(plan);
	daxhp_observation_unref(before);
	return r;
}

int main(int argc, char **argv)
{
	struct daxhp_device *device;
	struct daxhp_ctx *ctx;
	int r, holder;

	if (argc != 2) {
		fprintf(stderr, "usage: example DEVICE\n");
		return 2;
	}
	r = daxhp_new(&ctx);
	if (r < 0) {
		fprintf(stderr, "%s\n", strerror(-r));
		return 1;
	}
	device = find_device(ctx, argv[1]);
	r = device ? daxhp_device_lock(device, 10, &holder) : -ENODEV;
	if (r == 0) {
		r = bring_online(device);
		daxhp_device_unlock(device);
	}
	if (r < 0)
		fprintf(stderr, "%s: %s\n", argv[1], strerror(-r));
	daxhp_unref(ctx);
	return r < 0;
}
