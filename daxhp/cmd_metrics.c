// SPDX-License-Identifier: GPL-2.0-or-later
/* daxhp metrics: the state of the devices, for Prometheus. */
#include <errno.h>
#include <string.h>

#include "daxhp.h"

static const struct option_row options[] = {
	{ KEY_TEXTFILE, "textfile", "FILE",
	  "write to this file, as a whole, for node_exporter; print nothing" },
	{ 0 },
};

static int check_settings(const struct settings *settings)
{
	if (settings->json)
		return refuse_usage("metrics prints no JSON; 'daxhp status -j' does.");
	if (settings->textfile && !*settings->textfile)
		return refuse_usage("--textfile needs the name of a file.");
	return EXIT_DONE;
}

static size_t count_unseen(const struct selection *selection, const struct view *view)
{
	size_t n = selection->n_unseen > 0 ? selection->n_unseen : 0;

	for (size_t i = 0; i < view->count; i++)
		n += view->looks[i].device && !view->looks[i].is_busy &&
		     (!view->looks[i].observation ||
		      daxhp_observation_get_blocks_error(view->looks[i].observation) < 0);
	return n;
}

static int write_out(const struct settings *settings, const char *text, size_t len)
{
	int r;

	if (!settings->textfile) {
		output("%s", text);
		return EXIT_DONE;
	}
	r = textfile_write(settings->textfile, text, len, TEXTFILE_FILE);
	if (r < 0)
		complain("%s cannot be written: %s.", settings->textfile,
			 r == -EEXIST ? "it is something else than a file" : strerror(-r));
	return r < 0 ? EXIT_FAILED : EXIT_DONE;
}

static int print(struct daxhp_ctx *ctx, const struct settings *settings,
		 const struct selection *selection, const struct view *view)
{
	_cleanup_free_ char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	int n_left = count_recoverable(ctx), r;
	bool is_whole;

	if (!f)
		return refuse(REFUSAL_OUT_OF_MEMORY, NULL, "out of memory.");
	report_metrics(view, n_left, count_unseen(selection, view), f);
	is_whole = !ferror(f);
	if (fclose(f) != 0 || !is_whole || !text)
		return refuse(REFUSAL_OUT_OF_MEMORY, NULL, "out of memory.");
	r = write_out(settings, text, len);
	if (n_left >= 0)
		return r;
	complain("what a killed daxhp left changed cannot be looked for: %s.", strerror(-n_left));
	return EXIT_FAILED;
}

static int run(struct daxhp_ctx *ctx, const struct settings *settings, int argc, char **argv)
{
	_cleanup_(selection_clear) struct selection selection = { 0 };
	_cleanup_(view_clear) struct view view = { 0 };
	int status = check_settings(settings), more;

	if (status == EXIT_DONE)
		status = select_devices(ctx, settings, argc, argv, &selection);
	if (status != EXIT_DONE)
		return status;
	status = look_at_all(ctx, settings, &selection, &view);
	if (!view.looks)
		return status;
	if (view.count == 0 && settings_select(settings))
		return refuse_nothing(settings);
	more = print(ctx, settings, &selection, &view);
	return more != EXIT_DONE ? more : status;
}

const struct command cmd_metrics = {
	.name = "metrics",
	.synopsis = "[OPTIONS] [DEVICE...]",
	.summary = "Print the state of the devices as metrics, for Prometheus.",
	.options = options,
	.run = run,
};
