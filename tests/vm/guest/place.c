// SPDX-License-Identifier: LGPL-2.1-or-later
#include <string.h>

#include "place.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static bool has_driver(const struct look *l, const char *driver)
{
	return strcmp(l->driver, driver) == 0;
}

static bool is_online_in(const struct look *l, const char *zone)
{
	return all_blocks_are(l, "online", zone) && has_driver(l, "kmem") &&
	       (!*l->attribute || strncmp(l->attribute, "online", 6) == 0);
}

static bool is_movable(const struct look *l)
{
	return is_online_in(l, "Movable");
}

static bool is_kernel(const struct look *l)
{
	return is_online_in(l, "Normal") || is_online_in(l, "DMA32");
}

static bool is_unplugged(const struct look *l)
{
	return all_blocks_are(l, "", "") &&
	       (!*l->attribute || strcmp(l->attribute, "unplugged") == 0);
}

static bool is_offline(const struct look *l)
{
	return all_blocks_are(l, "offline", "") &&
	       (!*l->attribute || strcmp(l->attribute, "offline") == 0);
}

static bool is_unbound(const struct look *l)
{
	return is_unplugged(l) && has_driver(l, "none");
}

static bool is_devdax(const struct look *l)
{
	return is_unplugged(l) && has_driver(l, "device_dax");
}

/* The result of --no-online: unplugged if the kernel has an attribute, else offline. */
static bool is_off(const struct look *l)
{
	return has_driver(l, "kmem") && (*l->attribute ? is_unplugged(l) : is_offline(l));
}

#define RAM "reconfigure", "--json", "--mode=system-ram"

static const struct place places[] = {
	{ "online", { "online", "--json", "--movable" }, is_movable },
	{ "unplugged", { "unplug", "--json" }, is_unplugged },
	{ "offline", { NULL }, is_offline },
	{ "unbound", { NULL }, is_unbound },
	{ "devdax", { "reconfigure", "--json", "--mode=devdax" }, is_devdax },
	{ "off", { RAM, "--no-online" }, is_off },
	{ "kernel", { RAM, "--kernel" }, is_kernel },
	{ "movable", { RAM, "--movable" }, is_movable },
};

const struct place *find_place(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (strlen(places[i].name) == len && strncmp(places[i].name, name, len) == 0)
			return &places[i];
	return NULL;
}

char *const *command_to(const struct place *place)
{
	static const char *argv[ARRAY_SIZE(place->words) + 3];
	size_t n = 0;

	argv[n++] = "daxhp";
	for (size_t i = 0; i < ARRAY_SIZE(place->words) && place->words[i]; i++)
		argv[n++] = place->words[i];
	argv[n++] = device;
	argv[n] = NULL;
	return (char *const *)argv;
}
