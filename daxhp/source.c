// SPDX-License-Identifier: GPL-2.0-or-later
/* Selects devices by where their memory comes from. */
#include <string.h>

#include "daxhp.h"

bool settings_select(const struct settings *s)
{
	return s->region || s->node >= 0 || s->memdev || s->has_serial || s->pci || s->namespace;
}

static bool is_region(const struct daxhp_device *device, const char *name)
{
	const char *cxl_region = daxhp_device_get_cxl_region(device);
	char number[16];

	snprintf(number, sizeof(number), "%d", daxhp_device_get_region_id(device));
	return strcmp(name, number) == 0 ||
	       strcmp(name, daxhp_device_get_region_name(device)) == 0 ||
	       (cxl_region && strcmp(name, cxl_region) == 0);
}

bool memdev_matches(const struct daxhp_memdev *memdev, const struct settings *s)
{
	return (!s->memdev || strcmp(s->memdev, memdev->name) == 0) &&
	       (!s->pci || strcmp(s->pci, memdev->pci) == 0) &&
	       (!s->has_serial || (memdev->has_serial && s->serial == memdev->serial));
}

/* One of its cards is meant. */
static bool is_on_card(const struct daxhp_device *device, const struct settings *s)
{
	const struct daxhp_memdev *memdev;

	for (size_t i = 0; (memdev = daxhp_device_get_memdev(device, i)); i++)
		if (memdev_matches(memdev, s))
			return true;
	return false;
}

static bool is_namespace(const struct daxhp_device *device, const char *name)
{
	const char *namespace = daxhp_device_get_namespace(device);
	const char *uuid = daxhp_device_get_uuid(device);

	return (namespace && strcmp(name, namespace) == 0) || (uuid && strcasecmp(name, uuid) == 0);
}

bool settings_match(const struct settings *s, const struct daxhp_device *device)
{
	int node;

	if (s->region && !is_region(device, s->region))
		return false;
	if (settings_name_card(s) && !is_on_card(device, s))
		return false;
	if (s->namespace && !is_namespace(device, s->namespace))
		return false;
	return s->node < 0 || (daxhp_device_get_target_node(device, &node) == 0 && node == s->node);
}
