// SPDX-License-Identifier: GPL-2.0-or-later
/* daxhp reconfigure: change the mode of a device, or the zone of its memory. */
#include <string.h>

#include "daxhp.h"

static const struct option_row options[] = {
	{ 'm', "mode", "MODE", "change the device's mode to system-ram or devdax" },
	{ KEY_MOVABLE, "movable", NULL, "online in ZONE_MOVABLE: can be unplugged again" },
	{ KEY_KERNEL, "kernel", NULL,
	  "online in a zone for kernel memory: expect it to be permanent" },
	{ 'N', "no-online", NULL, "system-ram, but do not bring its memory online" },
	{ 'f', "force", NULL, "go on even if processes use it, or memory is short" },
	{ KEY_YES, "yes", NULL, "do not ask before daxhp reconfigures all devices" },
	ROW_TIMEOUT,
	ROW_RETRY,
	ROW_WAIT,
	ROW_DRY_RUN,
	{ 0 },
};

static int check_settings(const struct settings *s)
{
	bool has_zone = s->movable || s->kernel;

	if (!s->mode && !has_zone)
		complain("say what to change: --mode=system-ram, --mode=devdax, --movable or "
			 "--kernel.");
	else if (s->no_online && has_zone)
		complain("--no-online and --%s contradict each other: give one of them.",
			 s->movable ? "movable" : "kernel");
	else if (s->mode && strcmp(s->mode, "devdax") == 0 && (has_zone || s->no_online))
		complain("--mode=devdax cannot be combined with --movable, --kernel or "
			 "--no-online.");
	else if (s->no_online && !s->mode)
		complain("--no-online needs --mode=system-ram.");
	else
		return EXIT_DONE;
	return EXIT_USAGE;
}

static struct wish wish_of(const struct settings *s)
{
	struct wish wish = {
		.action = cmd_reconfigure.name,
		.verb = "reconfigure",
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

/* Only this command takes a device away from processes that use it. So it asks before "all". */
static int confirm(const struct settings *settings, int argc, char **argv)
{
	char answer[8] = "";
	bool is_all = argc == 0;

	for (int i = 0; i < argc; i++)
		is_all |= strcmp(argv[i], "all") == 0;
	if (!is_all || settings->yes || settings->dry_run)
		return EXIT_DONE;
	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) {
		complain("'all' needs --yes when there is no terminal to ask on.");
		return EXIT_USAGE;
	}
	fprintf(stderr, "Reconfigure all dax devices%s? [y/N] ",
		settings_select(settings) ? " that match" : "");
	if (fgets(answer, sizeof(answer), stdin) && (answer[0] == 'y' || answer[0] == 'Y'))
		return EXIT_DONE;
	complain("nothing was changed.");
	return EXIT_FAILED;
}

static int run(struct daxhp_ctx *ctx, const struct settings *settings, int argc, char **argv)
{
	const struct wish wish = wish_of(settings);
	int r = check_settings(settings);

	if (r == EXIT_DONE)
		r = confirm(settings, argc, argv);
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
