// SPDX-License-Identifier: GPL-2.0-or-later
/* Finds the devices that the arguments name. */
#include <errno.h>
#include <string.h>

#include "daxhp.h"

/* Why libdaxctl does not list them. */
#define UNSEEN_WHY                                                                           \
	"they have no node in /dev (systemd's PrivateDevices= hides the nodes), or no size " \
	"that can be read."

void selection_clear(struct selection *selection)
{
	free(selection->devices);
}

/* A device without memory. daxctl create-device makes another one with memory; this one stays as it is. */
static bool is_seed(const struct daxhp_device *device)
{
	uint64_t size;

	return daxhp_device_get_size(device, &size) == 0 && size == 0;
}

static int add(struct selection *selection, struct daxhp_device *device)
{
	struct daxhp_device **grown;

	for (size_t i = 0; i < selection->count; i++)
		if (selection->devices[i] == device)
			return EXIT_DONE;
	grown = reallocarray(selection->devices, selection->count + 1, sizeof(*grown));
	if (!grown)
		return refuse(REFUSAL_OUT_OF_MEMORY, NULL, "out of memory.");
	grown[selection->count++] = device;
	selection->devices = grown;
	return EXIT_DONE;
}

static int add_all(struct daxhp_ctx *ctx, const struct settings *settings,
		   struct selection *selection)
{
	struct daxhp_device *device;

	selection->is_all = true;
	selection->n_unseen = daxhp_load_devices(ctx);
	if (selection->n_unseen > 0)
		complain("%d of the devices in /sys/bus/dax/devices cannot be looked "
			 "at: " UNSEEN_WHY,
			 selection->n_unseen);
	daxhp_device_foreach (ctx, device) {
		bool wanted = !is_seed(device) && settings_match(settings, device);
		int r = wanted ? add(selection, device) : EXIT_DONE;

		if (r != EXIT_DONE)
			return r;
	}
	return EXIT_DONE;
}

/* An argument may be very long, empty, or full of control characters for the terminal. */
static int refuse_name(const char *arg)
{
	bool printable = *arg && strlen(arg) <= 64;

	for (const char *c = arg; printable && *c; c++)
		printable = *c > ' ' && *c < 0x7f;
	if (printable)
		refuse_usage(
			"'%s' is not the name of a dax device: expected daxX.Y, /dev/daxX.Y or "
			"all.",
			arg);
	else
		refuse_usage("an argument is not the name of a dax device: expected daxX.Y, "
			     "/dev/daxX.Y or all.");
	return EXIT_USAGE;
}

int take_name(const char *arg, const char **ret_name)
{
	const char *name = strncmp(arg, "/dev/", 5) == 0 ? arg + 5 : arg;

	if (strcmp(arg, "all") != 0 && !daxhp_device_name_is_valid(name))
		return refuse_name(arg);
	*ret_name = name;
	return EXIT_DONE;
}

bool is_meant(const struct settings *settings, int argc, char **argv,
	      const struct daxhp_device *device)
{
	bool is_named = argc == 0;
	const char *name;

	for (int i = 0; i < argc; i++)
		if (take_name(argv[i], &name) == EXIT_DONE)
			is_named |= strcmp(name, "all") == 0 ||
				    strcmp(name, daxhp_device_get_name(device)) == 0;
	return is_named && !is_seed(device) && settings_match(settings, device);
}

static int refuse_unknown(struct daxhp_ctx *ctx, const char *name)
{
	int n_unseen = daxhp_load_devices(ctx);

	if (note_idle_regions(ctx) > 0)
		return refuse(REFUSAL_NO_SUCH_DEVICE, name, "%s: no such dax device.", name);
	if (n_unseen > 0)
		return refuse(REFUSAL_UNSEEN, name,
			      "%s: not found; %d of this machine's devices cannot be looked "
			      "at: " UNSEEN_WHY,
			      name, n_unseen);
	if (daxhp_device_get_first(ctx))
		return refuse(
			REFUSAL_NO_SUCH_DEVICE, name,
			"%s: no such dax device; 'daxhp status' lists the devices of this machine.",
			name);
	return refuse(REFUSAL_NO_SUCH_DEVICE, name,
		      "%s: no such dax device; this machine has none.", name);
}

static int add_named(struct daxhp_ctx *ctx, const struct settings *settings, const char *arg,
		     struct selection *selection)
{
	struct daxhp_device *device;
	const char *name;

	if (strcmp(arg, "all") == 0)
		return add_all(ctx, settings, selection);
	if (take_name(arg, &name) != EXIT_DONE)
		return EXIT_USAGE;
	daxhp_device_foreach (ctx, device) {
		if (strcmp(daxhp_device_get_name(device), name) != 0)
			continue;
		if (is_seed(device))
			return refuse(
				REFUSAL_NO_MEMORY_ON_DEVICE, name,
				"%s: the device has no memory: its size is 0. 'daxctl "
				"create-device -r %d' makes another one, if its region has free "
				"memory.",
				name, daxhp_device_get_region_id(device));
		return settings_match(settings, device) ? add(selection, device) : EXIT_DONE;
	}
	return refuse_unknown(ctx, name);
}

int select_devices(struct daxhp_ctx *ctx, const struct settings *settings, int argc, char **argv,
		   struct selection *ret_selection)
{
	int r = daxhp_load_devices(ctx);

	/* When the devices cannot be listed, the machine may still have some. */
	if (r < 0)
		return refuse(r == -ENOMEM ? REFUSAL_OUT_OF_MEMORY : REFUSAL_UNSEEN, NULL,
			      "the dax devices cannot be listed: %s.", strerror(-r));
	r = EXIT_DONE;
	if (argc == 0)
		r = add_all(ctx, settings, ret_selection);
	for (int i = 0; r == EXIT_DONE && i < argc; i++)
		r = add_named(ctx, settings, argv[i], ret_selection);
	return r;
}

enum exit_status refuse_unnamed(void)
{
	return refuse_usage("name a device, or 'all', or select devices with --node, --region, "
			    "--memdev, --serial, --pci or --namespace.");
}

enum exit_status refuse_nothing(const struct settings *settings)
{
	if (settings_select(settings))
		return refuse(REFUSAL_NO_MATCH, NULL,
			      "no dax device matches; 'daxhp status -j' shows their regions, "
			      "nodes, cards and namespaces.");
	return refuse(REFUSAL_NO_MATCH, NULL, "this machine has no dax device.");
}

/* More names than this nobody reads. */
#define NAMES_MAX 8

static void print_names(const struct selection *selection)
{
	size_t n = selection->count, shown = n > NAMES_MAX ? NAMES_MAX : n;

	for (size_t i = 0; i < shown; i++) {
		const char *separator = i == 0 ? "" : i + 1 == n ? " and " : ", ";

		fprintf(stderr, "%s%s", separator, daxhp_device_get_name(selection->devices[i]));
	}
	if (n > shown)
		fprintf(stderr, " and %zu more", n - shown);
}

enum exit_status selection_confirm(const struct selection *selection, const char *goal)
{
	char answer[8] = "";

	if (!selection->is_all)
		return EXIT_DONE;
	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
		return refuse_usage("'all' needs --yes when there is no terminal to ask on.");
	if (selection->count == 0)
		return EXIT_DONE;
	fputs("Make ", stderr);
	print_names(selection);
	fprintf(stderr, " %s? [y/N] ", goal);
	if (fgets(answer, sizeof(answer), stdin) && (answer[0] == 'y' || answer[0] == 'Y'))
		return EXIT_DONE;
	return refuse(REFUSAL_NOT_CONFIRMED, NULL, "nothing was changed.");
}
