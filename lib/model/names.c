// SPDX-License-Identifier: LGPL-2.1-or-later
/* The words for the enums of the public header. */
#include <ctype.h>
#include <string.h>

#include "model.h"

static const char *const state_names[] = {
	[DAXHP_UNPLUGGED] = "unplugged",
	[DAXHP_OFFLINE] = "offline",
	[DAXHP_ONLINE] = "online",
	[DAXHP_ONLINE_KERNEL] = "online_kernel",
	[DAXHP_ONLINE_MOVABLE] = "online_movable",
	[DAXHP_INCONSISTENT] = "inconsistent",
};

static const char *const interface_names[] = {
	[DAXHP_INTERFACE_STATE] = "state",
	[DAXHP_INTERFACE_HOTPLUG] = "hotplug",
	[DAXHP_INTERFACE_MEMORY_BLOCKS] = "memory-blocks",
};

static const char *const mode_names[] = {
	[DAXHP_MODE_UNBOUND] = "unbound", [DAXHP_MODE_SYSTEM_RAM] = "system-ram",
	[DAXHP_MODE_DEVDAX] = "devdax",	  [DAXHP_MODE_FAMFS] = "famfs",
	[DAXHP_MODE_OTHER] = NULL,
};

static const char *const zone_names[] = {
	[DAXHP_ZONE_DMA] = "DMA",	  [DAXHP_ZONE_DMA32] = "DMA32",
	[DAXHP_ZONE_NORMAL] = "Normal",	  [DAXHP_ZONE_MOVABLE] = "Movable",
	[DAXHP_ZONE_UNKNOWN] = "unknown",
};

static const char *const provider_names[] = {
	[DAXHP_PROVIDER_CXL] = "cxl",
	[DAXHP_PROVIDER_PMEM] = "pmem",
	[DAXHP_PROVIDER_HMEM] = "hmem",
};

#define NAME_OF(table, value) ((size_t)(value) < ARRAY_SIZE(table) ? (table)[value] : NULL)

EXPORT const char *daxhp_state_name(enum daxhp_state state)
{
	return NAME_OF(state_names, state);
}

EXPORT const char *daxhp_interface_name(enum daxhp_interface interface)
{
	return NAME_OF(interface_names, interface);
}

EXPORT const char *daxhp_mode_name(enum daxhp_mode mode)
{
	return NAME_OF(mode_names, mode);
}

EXPORT const char *daxhp_provider_name(enum daxhp_provider provider)
{
	return NAME_OF(provider_names, provider);
}

EXPORT const char *daxhp_zone_name(enum daxhp_zone zone)
{
	return NAME_OF(zone_names, zone);
}

/* The kernel's words only: "inconsistent" is daxhp's own word, and no file has it. */
enum daxhp_state state_from_name(const char *name)
{
	for (enum daxhp_state s = DAXHP_UNPLUGGED; s < DAXHP_INCONSISTENT; s++)
		if (strcmp(name, state_names[s]) == 0)
			return s;
	return DAXHP_STATE_NONE;
}

bool mode_from_name(const char *name, enum daxhp_mode *ret_mode)
{
	for (enum daxhp_mode m = 0; m < DAXHP_MODE_OTHER; m++) {
		if (strcmp(name, mode_names[m]) != 0)
			continue;
		*ret_mode = m;
		return true;
	}
	return false;
}

enum daxhp_zone zone_from_name(const char *name)
{
	for (enum daxhp_zone z = 0; z < DAXHP_ZONE_UNKNOWN; z++)
		if (strcmp(name, zone_names[z]) == 0)
			return z;
	return DAXHP_ZONE_UNKNOWN;
}

bool state_is_online(enum daxhp_state state)
{
	return state == DAXHP_ONLINE || state == DAXHP_ONLINE_KERNEL ||
	       state == DAXHP_ONLINE_MOVABLE;
}

const char *mode_driver(enum daxhp_mode mode)
{
	return mode == DAXHP_MODE_DEVDAX ? "device_dax" : "kmem";
}

static const char *skip_number(const char *s)
{
	const char *start = s;

	while (isdigit((unsigned char)*s))
		s++;
	/* Ten digits are enough for any int. */
	return s > start && s - start <= 10 ? s : NULL;
}

EXPORT bool daxhp_device_name_is_valid(const char *name)
{
	if (strncmp(name, "dax", 3) != 0)
		return false;
	name = skip_number(name + 3);
	if (!name || *name != '.')
		return false;
	name = skip_number(name + 1);
	return name && *name == '\0';
}
