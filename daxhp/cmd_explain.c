// SPDX-License-Identifier: GPL-2.0-or-later
/* daxhp explain: can a device be unplugged now, and what is in the way? */
#include <errno.h>
#include <string.h>

#include "daxhp.h"

static const struct option_row options[] = {
	{ KEY_ALL, "all", NULL, "print every memory block, also those that are not in the way" },
	{ 0 },
};

static void show_scan(size_t done, size_t total, void *data)
{
	progress_count(data, "looking at its pages", done, total);
}

static int explain(struct explained *explained)
{
	const char *name = daxhp_device_get_name(explained->device);
	struct daxhp_request *request = NULL;
	struct progress *progress;
	int r = daxhp_request_new(&request);

	if (r < 0)
		return r;
	progress = progress_new(request, name);
	r = daxhp_explain(explained->device, request, show_scan, progress, &explained->explanation);
	progress_free(progress);
	daxhp_request_free(request);
	return r;
}

static enum exit_status explain_all(const struct settings *settings,
				    const struct selection *selection, struct explained *list)
{
	enum exit_status status = selection->n_unseen > 0 ? EXIT_FAILED : EXIT_DONE;
	size_t n = 0;

	for (size_t i = 0; i < selection->count; i++) {
		struct explained *explained = &list[n];
		int r;

		explained->device = selection->devices[i];
		r = explain(explained);
		if (r == 0 && !settings->json)
			r = report_explanation_text(settings, explained);
		if (r < 0) {
			complain("%s: cannot be looked at: %s.",
				 daxhp_device_get_name(explained->device), strerror(-r));
			status = EXIT_FAILED;
		}
		n += explained->explanation != NULL;
	}
	if (settings->json && report_explanations_json(settings, list, n) < 0) {
		complain("the JSON cannot be printed: %s.", strerror(ENOMEM));
		status = EXIT_FAILED;
	}
	for (size_t i = 0; i < n; i++)
		daxhp_explanation_free(list[i].explanation);
	return status;
}

static int run(struct daxhp_ctx *ctx, const struct settings *settings, int argc, char **argv)
{
	_cleanup_(selection_clear) struct selection selection = { 0 };
	_cleanup_free_ struct explained *list = NULL;
	enum exit_status status;

	if (argc == 0 && !settings_select(settings))
		return refuse_unnamed();
	status = select_devices(ctx, settings, argc, argv, &selection);
	if (status != EXIT_DONE)
		return status;
	if (selection.count == 0)
		return refuse_nothing(settings);
	list = calloc(selection.count, sizeof(*list));
	if (!list)
		return refuse(REFUSAL_OUT_OF_MEMORY, NULL, "out of memory.");
	return explain_all(settings, &selection, list);
}

const struct command cmd_explain = {
	.name = "explain",
	.synopsis = "[OPTIONS] DEVICE...",
	.summary = "Tell whether a device can be unplugged now, and what is in the way.",
	.options = options,
	.run = run,
};
