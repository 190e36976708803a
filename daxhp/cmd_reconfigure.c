// SPDX-License-Identifier: GPL-2.0-or-later
/* daxhp reconfigure: change the mode of a device, or the zone of its memory. */
#include <string.h>

#include "daxhp.h"

static const struct option_row options[] = {
	{ 'm', "mode", "MODE", "change the device's mode to system-ram or devdax" },
	{ KEY_MOVABLE, "movable", NULL,
	  "online in ZONE_MOVABLE: can be unplugged again; the default" },
	{ KEY_KERNEL, "kernel", NULL,
	  "online in a zone for kernel memory: it may not come out before a reboot" },
	{ 'N', "no-online", NULL, "system-ram, but do not bring its memory online" },
	{ 'f', "force", NULL,
	  "go on even if processes use it, or its used memory does not fit elsewhere" },
	{ KEY_YES, "yes", NULL, "do not ask before daxhp reconfigures all devices" },
	ROW_TIMEOUT,
	ROW_RETRY,
	ROW_PATIENCE,
	ROW_WAIT,
	ROW_DRY_RUN,
	{ 0 },
};

static int check_settings(const struct settings *s)
{
	bool has_zone = s->movable || s->kernel;

	if (s->no_online && !s->mode)
		refuse_usage("--no-online needs --mode=system-ram.");
	else if (!s->mode && !has_zone)
		refuse_usage("say what to change: --mode=system-ram, --mode=devdax, --movable or "
			     "--kernel.");
	else if (s->no_online && has_zone)
		refuse_usage("--no-online and --%s contradict each other: give one of them.",
			     s->movable ? "movable" : "kernel");
	else if (s->mode && strcmp(s->mode, "devdax") == 0 && (has_zone || s->no_online))
		refuse_usage("--mode=devdax cannot be combined with --movable, --kernel or "
			     "--no-online.");
	else
		return EXIT_DONE;
	return EXIT_USAGE;
}

/* Only this command takes a device away from processes that use it. So it asks before "all". */
static const char *question(const struct settings *s)
{
	if (s->mode && strcmp(s->mode, "devdax") == 0)
		return "devdax";
	if (s->no_online)
		return "system RAM that is not online";
	if (s->movable)
		return "movable system RAM";
	return s->kernel ? "system RAM for the kernel" : "system RAM";
}

static struct wish wish_of(const struct settings *s)
{
	struct wish wish = {
		.action = cmd_reconfigure.name,
		.verb = "reconfigure",
		.question = question(s),
		.has_force = true,
		.mode = DAXHP_MODE_SYSTEM_RAM,
		.state = s->no_online ? DAXHP_OFFLINE : settings_zone(s),
		.may_move = true,
		.may_rebind = s->mode != NULL,
	};

	if (s->mode && strcmp(s->mode, "devdax") == 0) {
		wish.mode = DAXHP_MODE_DEVDAX;
		wish.state = DAXHP_STATE_NONE;
	}
	return wish;
}

static int run(struct daxhp_ctx *ctx, const struct settings *settings, int argc, char **argv)
{
	const struct wish wish = wish_of(settings);
	int r = check_settings(settings);

	return r == EXIT_DONE ? transition(ctx, settings, &wish, argc, argv) : r;
}

const struct command cmd_reconfigure = {
	.name = "reconfigure",
	.synopsis = "[--mode=system-ram|devdax] [--movable | --kernel | --no-online] [OPTIONS] "
		    "DEVICE...",
	.summary = "Change the mode of a device, or the zone of its memory.",
	.options = options,
	.run = run,
};
