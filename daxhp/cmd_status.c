// SPDX-License-Identifier: GPL-2.0-or-later
/* daxhp status: show the dax devices and the state of their memory. */
#include <errno.h>
#include <string.h>

#include "daxhp.h"

static const struct option_row options[] = {
	{ KEY_CARDS, "cards", NULL, "show the CXL cards, and whether they can be removed" },
	{ 'M', "mappings", NULL, "also show the devices' physical ranges" },
	{ KEY_CHECK, "check", NULL,
	  "only tell whether all is well, in one line; see daxhp-status(8)" },
	{ 'q', "quiet", NULL, "with --check: print nothing" },
	{ 'b', "bytes", NULL, "print the sizes of the table in bytes" },
	{ 'o', "output", "COLUMNS", "print these columns of the table, with commas between" },
	{ KEY_NOHEADINGS, "noheadings", NULL, "print the table without its headings" },
	{ KEY_RAW, "raw", NULL, "print the table with one blank between the cells" },
	{ 0 },
};

static void note_only_root(const struct view *view)
{
	for (size_t i = 0; i < view->count; i++) {
		const struct daxhp_observation *obs = view->looks[i].observation;

		/* Memory without a device has none, and a device that went away. */
		if (!obs || daxhp_observation_get_blocks_error(obs) != -EACCES)
			continue;
		complain("note: only root may see which memory is a device's: as root, daxhp also "
			 "shows its state, its memory blocks, and memory without a device.");
		return;
	}
}

static enum exit_status print(struct daxhp_ctx *ctx, const struct settings *settings,
			      const struct selection *selection, const struct view *view)
{
	int r = settings->json ? report_status_json(settings, view->looks, view->count)
			       : report_status_table(settings, view->looks, view->count);

	if (r < 0)
		complain("the devices cannot be printed: %s.", strerror(-r));
	if (!settings->json) {
		note_only_root(view);
		note_recoverable(ctx);
		if (selection->is_all && note_idle_regions(ctx) == 0 && view->count == 0)
			complain("note: this machine has no dax device; 'daxhp status --cards' "
				 "shows "
				 "its CXL cards, if it has any.");
	}
	return r < 0 ? EXIT_FAILED : EXIT_DONE;
}

static bool options_agree(const struct settings *settings)
{
	if (settings->quiet && !settings->check)
		refuse_usage("--quiet needs --check.");
	else if (settings->check && settings->json)
		refuse_usage("--check prints no JSON; the exit status says what is wrong.");
	else if (settings->check && settings->cards)
		refuse_usage("give either --check or --cards.");
	else
		return !settings->columns || table_has_columns(settings->columns);
	return false;
}

static int run(struct daxhp_ctx *ctx, const struct settings *settings, int argc, char **argv)
{
	_cleanup_(selection_clear) struct selection selection = { 0 };
	_cleanup_(view_clear) struct view view = { 0 };
	enum exit_status status, more;

	if (!options_agree(settings))
		return EXIT_USAGE;
	status = select_devices(ctx, settings, argc, argv, &selection);
	if (status != EXIT_DONE)
		return status;
	if (settings->cards)
		return report_cards(ctx, settings, true);
	status = look_at_all(ctx, settings, &selection, &view);
	if (!view.looks)
		return status;
	/* A machine without devices is no error. A node or a region that no device has is one. */
	if (view.count == 0 && settings_select(settings))
		return refuse_nothing(settings);
	more = settings->check ? check_devices(ctx, settings, view.looks, view.count, status)
			       : print(ctx, settings, &selection, &view);
	return more != EXIT_DONE ? more : status;
}

const struct command cmd_status = {
	.name = "status",
	.synopsis = "[OPTIONS] [DEVICE...]",
	.summary = "Show the machine's dax devices and the state of their memory (also: list).",
	.options = options,
	.run = run,
};
