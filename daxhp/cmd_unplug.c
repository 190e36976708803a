// SPDX-License-Identifier: GPL-2.0-or-later
/* daxhp unplug: take a device's memory away from the system, all of it or none. */
#include "daxhp.h"

static const struct option_row options[] = {
	{ KEY_UNBIND, "unbind", NULL, "leave no driver on the device, so that its region can go" },
	{ 'f', "force", NULL, "go on even if its used memory does not fit elsewhere" },
	ROW_TIMEOUT,
	ROW_RETRY,
	ROW_WAIT,
	ROW_DRY_RUN,
	{ 0 },
};

static int run(struct daxhp_ctx *ctx, const struct settings *settings, int argc, char **argv)
{
	const struct wish wish = {
		.action = cmd_unplug.name,
		.verb = "unplug",
		.has_force = true,
		.mode = settings->unbind ? DAXHP_MODE_UNBOUND : DAXHP_MODE_SYSTEM_RAM,
		.state = DAXHP_UNPLUGGED,
		.may_rebind = settings->unbind,
	};

	return transition(ctx, settings, &wish, argc, argv);
}

const struct command cmd_unplug = {
	.name = "unplug",
	.synopsis = "[OPTIONS] DEVICE...",
	.summary = "Take a device's memory away from the system: all of it, or none.",
	.options = options,
	.run = run,
};
