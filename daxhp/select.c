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

/* A device without memory. daxctl create-device gives it some. */
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
	if (!grown) {
		complain("out of memory.");
		return EXIT_FAILED;
	}
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
		complain("'%s' is not the name of a dax device: expected daxX.Y, /dev/daxX.Y or "
			 "all.",
			 arg);
	else
		complain("an argument is not the name of a dax device: expected daxX.Y, "
			 "/dev/daxX.Y or all.");
	return EXIT_USAGE;
}

static int refuse_unknown(struct daxhp_ctx *ctx, const char *name)
{
	int n_unseen = daxhp_load_devices(ctx);

	if (n_unseen > 0)
		complain("%s: not found; %d of this machine's devices cannot be looked "
			 "at: " UNSEEN_WHY,
			 name, n_unseen);
	else if (daxhp_device_get_first(ctx))
		complain(
			"%s: no such dax device; 'daxhp status' lists the devices of this machine.",
			name);
	else
		complain("%s: no such dax device; this machine has none.", name);
	return EXIT_FAILED;
}

static int add_named(struct daxhp_ctx *ctx, const struct settings *settings, const char *arg,
		     struct selection *selection)
{
	const char *name = strncmp(arg, "/dev/", 5) == 0 ? arg + 5 : arg;
	struct daxhp_device *device;

	if (strcmp(arg, "all") == 0)
		return add_all(ctx, settings, selection);
	if (!daxhp_device_name_is_valid(name))
		return refuse_name(arg);
	daxhp_device_foreach (ctx, device) {
		if (strcmp(daxhp_device_get_name(device), name) != 0)
			continue;
		if (is_seed(device)) {
			complain("%s: the device has no memory: its size is 0. 'daxctl "
				 "create-device' gives it some.",
				 name);
			return EXIT_FAILED;
		}
		return settings_match(settings, device) ? add(selection, device) : EXIT_DONE;
	}
	return refuse_unknown(ctx, name);
}

int select_devices(struct daxhp_ctx *ctx, const struct settings *settings, int argc, char **argv,
		   struct selection *ret_selection)
{
	int r = daxhp_load_devices(ctx);

	/* When the devices cannot be listed, the machine may still have some. */
	if (r < 0) {
		complain("the dax devices cannot be listed: %s.", strerror(-r));
		return EXIT_FAILED;
	}
	r = EXIT_DONE;
	if (argc == 0)
		r = add_all(ctx, settings, ret_selection);
	for (int i = 0; r == EXIT_DONE && i < argc; i++)
		r = add_named(ctx, settings, argv[i], ret_selection);
	/* A machine without devices is no error. A node or a region that no device has is one. */
	if (r == EXIT_DONE && ret_selection->count == 0 &&
	    (settings->region || settings->node >= 0)) {
		complain("no dax device matches; 'daxhp status' shows the nodes, and a region is "
			 "the X of daxX.Y.");
		r = EXIT_FAILED;
	}
	return r;
}
