// SPDX-License-Identifier: GPL-2.0-or-later
/* daxhp monitor: show the state of the devices, and then each change. */
#include <errno.h>
#include <string.h>

#include "daxhp.h"

static const struct option_row options[] = { { 0 } };

struct monitor {
	struct follower follower;
	const struct settings *settings;
	int argc;
	char **argv;
};

static int take(struct follower *follower, const struct daxhp_change *change)
{
	const struct monitor *m = (const struct monitor *)follower;

	if (!is_meant(m->settings, m->argc, m->argv, daxhp_change_get_device(change)))
		return FOLLOW_ON;
	if (!m->settings->json)
		report_change_text(change);
	else if (report_change_json(m->settings, change) < 0)
		return refuse(REFUSAL_OUT_OF_MEMORY, NULL, "out of memory.");
	return FOLLOW_ON;
}

/* Who reads a pipe wants the line now. A reader that went away has seen enough. */
static int flush(struct follower *follower __attribute__((unused)),
		 const struct daxhp_monitor *monitor __attribute__((unused)))
{
	int r = output_flush();

	if (r == -EPIPE)
		output_forget_error();
	return r == 0 ? FOLLOW_ON : r == -EPIPE ? EXIT_DONE : EXIT_FAILED;
}

static int run(struct daxhp_ctx *ctx, const struct settings *settings, int argc, char **argv)
{
	_cleanup_(selection_clear) struct selection selection = { 0 };
	struct monitor m = {
		.follower = { .take = take, .pause = flush, .watches_output = true },
		.settings = settings,
		.argc = argc,
		.argv = argv,
	};
	int r = select_devices(ctx, settings, argc, argv, &selection);

	return r == EXIT_DONE ? follow(ctx, &m.follower) : r;
}

const struct command cmd_monitor = {
	.name = "monitor",
	.synopsis = "[OPTIONS] [DEVICE...]",
	.summary = "Show the state of the devices, and then each change, whoever makes it.",
	.options = options,
	.run = run,
};
