// SPDX-License-Identifier: GPL-2.0-or-later
/* daxhp online: bring a device's memory online as system RAM, all of it or none. */
#include "daxhp.h"

static const struct option_row options[] = {
	{ KEY_MOVABLE, "movable", NULL,
	  "online in ZONE_MOVABLE: can be unplugged again; the default" },
	{ KEY_KERNEL, "kernel", NULL,
	  "online in a zone for kernel memory: it may not come out before a reboot" },
	ROW_WAIT,
	ROW_DRY_RUN,
	{ 0 },
};

static int run(struct daxhp_ctx *ctx, const struct settings *settings, int argc, char **argv)
{
	const struct wish wish = {
		.action = cmd_online.name,
		.verb = "bring online",
		.mode = DAXHP_MODE_SYSTEM_RAM,
		.state = settings_zone(settings),
	};

	return transition(ctx, settings, &wish, argc, argv);
}

const struct command cmd_online = {
	.name = "online",
	.synopsis = "[--movable | --kernel] [OPTIONS] DEVICE...",
	.summary = "Bring a device's memory online as system RAM: all of it, or none.",
	.options = options,
	.run = run,
};
