// SPDX-License-Identifier: GPL-2.0-or-later
/* daxhp status: show the dax devices and the state of their memory. */
#include <errno.h>
#include <string.h>

#include "daxhp.h"

static const struct option_row options[] = {
	{ 'M', "mappings", NULL, "also show the devices' physical ranges" },
	{ 'b', "bytes", NULL, "print the sizes of the table in bytes" },
	{ 'o', "output", "COLUMNS", "print these columns of the table, with commas between" },
	{ KEY_NOHEADINGS, "noheadings", NULL, "print the table without its headings" },
	{ KEY_RAW, "raw", NULL, "print the table with one blank between the cells" },
	{ 0 },
};

static void describe_look(const struct daxhp_device *device, int error, const char *file, char *buf,
			  size_t size)
{
	const char *name = daxhp_device_get_name(device);

	if (error == -ENODEV)
		snprintf(buf, size, "%s: the device went away while it was looked at.", name);
	else if (error == -EAGAIN)
		snprintf(buf, size,
			 "%s: its driver keeps changing; somebody else is at work on it.", name);
	else if (error == -EOVERFLOW)
		snprintf(buf, size, "%s: its physical ranges make no sense.", name);
	else if (error == -EBADMSG || error == -ENODATA || error == -EFBIG)
		snprintf(buf, size, "%s: %s does not say what it should (%s).", name,
			 file ? file : "a file about its ranges",
			 error == -ENODATA ? "it is empty"
			 : error == -EFBIG ? "it is too long"
					   : "its contents are not understood");
	else
		snprintf(buf, size, "%s: %s cannot be read: %s.", name, file ? file : "the device",
			 strerror(-error));
}

/* Something that the report would give advice about. */
static bool is_odd(const struct settings *settings, int error, const struct daxhp_observation *obs)
{
	enum daxhp_state state = error < 0 ? DAXHP_STATE_NONE : daxhp_observation_get_state(obs);

	return error < 0 || daxhp_observation_get_blocks_error(obs) < 0 ||
	       daxhp_observation_is_wedged(obs) || state == DAXHP_INCONSISTENT ||
	       (state == DAXHP_OFFLINE && !settings->json);
}

/*
 * A device that another process is at work on may be seen halfway. To ask for the process takes the kernel
 * ten milliseconds: so only where something is odd.
 */
static int observe(const struct settings *settings, struct looked_at *look)
{
	int r = daxhp_observe(look->device, &look->observation);

	if (is_odd(settings, r, look->observation))
		look->is_busy = daxhp_device_find_worker(look->device, &look->worker) > 0;
	return r;
}

/* If the user may not read something, the report leaves it out. Other errors get a message. */
static int look_at(const struct settings *settings, struct looked_at *look)
{
	const char *file = NULL;
	char message[MESSAGE_MAX];
	int r = observe(settings, look);

	if (r == 0) {
		r = daxhp_observation_get_blocks_error(look->observation);
		file = daxhp_observation_get_blocks_error_file(look->observation);
		if (r == -EPERM && geteuid() == 0 && !look->is_busy && !settings->json)
			complain("note: %s: its memory blocks cannot be read now: another program, "
				 "probably a daxhp in a container, denies it.",
				 daxhp_device_get_name(look->device));
		if (r == -EACCES || r == -EPERM || r == -ENOTSUP)
			return 0;
	}
	/* Its driver is being changed. */
	if (r == 0 || (r == -EAGAIN && look->is_busy))
		return 0;
	describe_look(look->device, r, file, message, sizeof(message));
	complain("%s", message);
	return r;
}

static int run(struct daxhp_ctx *ctx, const struct settings *settings, int argc, char **argv)
{
	_cleanup_(selection_clear) struct selection selection = { 0 };
	_cleanup_free_ struct looked_at *looks = NULL;
	int r, status;

	if (settings->columns && !table_has_columns(settings->columns))
		return EXIT_USAGE;
	status = select_devices(ctx, settings, argc, argv, &selection);
	if (status != EXIT_DONE)
		return status;
	looks = calloc(selection.count + 1, sizeof(*looks));
	if (!looks) {
		complain("out of memory.");
		return EXIT_FAILED;
	}
	for (size_t i = 0; i < selection.count; i++) {
		looks[i].device = selection.devices[i];
		if (look_at(settings, &looks[i]) < 0)
			status = EXIT_FAILED;
	}
	r = settings->json ? report_status_json(settings, looks, selection.count)
			   : report_status_table(settings, looks, selection.count);
	if (r < 0)
		complain("the devices cannot be printed: %s.", strerror(-r));
	if (!settings->json)
		note_recoverable(ctx);
	for (size_t i = 0; i < selection.count; i++)
		daxhp_observation_unref(looks[i].observation);
	return r < 0 || selection.n_unseen > 0 ? EXIT_FAILED : status;
}

const struct command cmd_status = {
	.name = "status",
	.synopsis = "[OPTIONS] [DEVICE...]",
	.summary = "Show the machine's dax devices and the state of their memory.",
	.options = options,
	.run = run,
};
