// SPDX-License-Identifier: GPL-2.0-or-later
/* daxhp unplug: take a device's memory away from the system, all of it or none. */
#include "daxhp.h"

static const struct option_row options[] = {
	{ KEY_UNBIND, "unbind", NULL,
	  "leave no driver on it, so that its CXL region can be disabled; implied by a card" },
	{ 'f', "force", NULL,
	  "go on even if processes use it, or its used memory does not fit elsewhere" },
	ROW_TIMEOUT,
	ROW_RETRY,
	ROW_PATIENCE,
	ROW_WAIT,
	ROW_DRY_RUN,
	{ 0 },
};

static int run(struct daxhp_ctx *ctx, const struct settings *settings, int argc, char **argv)
{
	/* The card is to go, so its regions are. */
	bool is_card = settings_name_card(settings);
	bool unbind = settings->unbind || is_card;
	const struct wish wish = {
		.action = cmd_unplug.name,
		.verb = "unplug",
		.has_force = true,
		.mode = unbind ? DAXHP_MODE_UNBOUND : DAXHP_MODE_SYSTEM_RAM,
		.state = DAXHP_UNPLUGGED,
		.may_rebind = unbind,
		.as_one = is_card,
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
