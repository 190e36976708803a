// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The machine's dax devices.
 *
 * libdaxctl finds them and knows their regions. Their values are read here instead: libdaxctl says
 * 0 for what cannot be read or understood, and daxhp must tell 0 from "may not be known".
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include <daxctl/libdaxctl.h>

#include "libdaxhp-private.h"

#define DAX_DEVICES_DIR "/sys/bus/dax/devices"

/* No kernel splits a device further; a directory that never ends is not a kernel's. */
#define RANGES_MAX 65536

int device_open_dir(const struct daxhp_device *device)
{
	char path[sizeof(DAX_DEVICES_DIR) + sizeof(device->name) + 1];

	snprintf(path, sizeof(path), DAX_DEVICES_DIR "/%s", device->name);
	return sysfs_open_dir(path);
}

int device_open_lock(const struct daxhp_device *device)
{
	_cleanup_close_ int dirfd = device_open_dir(device);

	return dirfd < 0 ? dirfd : sysfs_open_lock(dirfd, "resource", O_RDONLY);
}

static const char *skip_number(const char *s)
{
	const char *start = s;

	while (isdigit((unsigned char)*s))
		s++;
	/* Ten digits hold any int; more could not be parsed. */
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

static int read_range(int dirfd, size_t i, struct daxhp_range *ret_range)
{
	char file[WORD_MAX];
	int r;

	snprintf(file, sizeof(file), "mapping%zu/start", i);
	r = sysfs_read_u64(dirfd, file, 0, &ret_range->start);
	if (r < 0)
		return r;
	snprintf(file, sizeof(file), "mapping%zu/end", i);
	r = sysfs_read_u64(dirfd, file, 0, &ret_range->end);
	if (r < 0)
		return r == -ENOENT ? -EBADMSG : r;
	snprintf(file, sizeof(file), "mapping%zu/page_offset", i);
	r = sysfs_read_u64(dirfd, file, 0, &ret_range->page_offset);
	return r == -ENOENT ? -EBADMSG : r;
}

static int append_range(struct daxhp_device *device, const struct daxhp_range *range)
{
	struct daxhp_range *grown;

	grown = reallocarray(device->ranges, device->n_ranges + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	grown[device->n_ranges++] = *range;
	device->ranges = grown;
	return 0;
}

/* A kernel without mappingN (before 5.10) has devices of one range. */
static int read_single_range(struct daxhp_device *device, int dirfd)
{
	struct daxhp_range range = { 0 };
	int r = sysfs_read_u64(dirfd, "resource", 0, &range.start);

	if (r < 0 || device->size_error < 0)
		return r < 0 ? r : device->size_error;
	if (device->size == 0)
		return 0;
	if (__builtin_add_overflow(range.start, device->size - 1, &range.end))
		return -EBADMSG;
	return append_range(device, &range);
}

static int read_ranges(struct daxhp_device *device, int dirfd)
{
	struct daxhp_range range;
	int r;

	for (size_t i = 0; i < RANGES_MAX; i++) {
		r = read_range(dirfd, i, &range);
		if (r == -ENOENT)
			return i ? 0 : read_single_range(device, dirfd);
		if (r < 0)
			return r;
		r = append_range(device, &range);
		if (r < 0)
			return r;
	}
	return -EOVERFLOW;
}

static void read_values(struct daxhp_device *device, int dirfd)
{
	free(device->ranges);
	device->ranges = NULL;
	device->n_ranges = 0;
	device->size_error = sysfs_read_u64(dirfd, "size", 10, &device->size);
	device->align_error = sysfs_read_u64(dirfd, "align", 10, &device->align);
	device->target_node_error = sysfs_read_int(dirfd, "target_node", &device->target_node);
	device->ranges_error = read_ranges(device, dirfd);
}

/* Unbound, a device can be given another size, and other ranges. */
void device_read_again(struct daxhp_device *device)
{
	_cleanup_close_ int dirfd = device_open_dir(device);

	if (dirfd >= 0)
		read_values(device, dirfd);
}

static void device_free(struct daxhp_device *device)
{
	daxhp_device_unlock(device);
	free(device->region_name);
	free(device->ranges);
	free(device);
}

void devices_free(struct daxhp_device *devices)
{
	while (devices) {
		struct daxhp_device *next = devices->next;

		device_free(devices);
		devices = next;
	}
}

/* NULL for what is no dax device, or went away while it was looked at. */
static struct daxhp_device *device_new(struct daxhp_ctx *ctx, struct daxctl_region *region,
				       struct daxctl_dev *dev)
{
	const char *name = daxctl_dev_get_devname(dev);
	struct daxhp_device *device;
	_cleanup_close_ int dirfd = -1;

	if (!daxhp_device_name_is_valid(name) || strlen(name) >= sizeof(device->name))
		return NULL;
	device = calloc(1, sizeof(*device));
	if (!device)
		return NULL;
	device->ctx = ctx;
	device->daxctl = dev;
	strcpy(device->name, name);
	device->region_id = daxctl_region_get_id(region);
	device->id = daxctl_dev_get_id(dev);
	device->region_name = strdup(daxctl_region_get_devname(region));
	dirfd = device_open_dir(device);
	if (!device->region_name || dirfd < 0) {
		device_free(device);
		return NULL;
	}
	read_values(device, dirfd);
	return device;
}

static bool comes_before(const struct daxhp_device *a, const struct daxhp_device *b)
{
	return a->region_id != b->region_id ? a->region_id < b->region_id : a->id < b->id;
}

static void insert_sorted(struct daxhp_device **list, struct daxhp_device *device)
{
	while (*list && comes_before(*list, device))
		list = &(*list)->next;
	device->next = *list;
	*list = device;
}

static void load_devices(struct daxhp_ctx *ctx)
{
	struct daxctl_region *region;
	struct daxctl_dev *dev;

	daxctl_region_foreach(ctx->daxctl, region)
	{
		daxctl_dev_foreach(region, dev)
		{
			struct daxhp_device *device = device_new(ctx, region, dev);

			if (device)
				insert_sorted(&ctx->devices, device);
		}
	}
	ctx->devices_loaded = true;
}

EXPORT struct daxhp_device *daxhp_device_get_first(struct daxhp_ctx *ctx)
{
	if (!ctx->devices_loaded)
		load_devices(ctx);
	return ctx->devices;
}

EXPORT struct daxhp_device *daxhp_device_get_next(struct daxhp_device *device)
{
	return device->next;
}

EXPORT const char *daxhp_device_get_name(const struct daxhp_device *device)
{
	return device->name;
}

EXPORT int daxhp_device_get_region_id(const struct daxhp_device *device)
{
	return device->region_id;
}

EXPORT const char *daxhp_device_get_region_name(const struct daxhp_device *device)
{
	return device->region_name;
}

EXPORT int daxhp_device_get_size(const struct daxhp_device *device, uint64_t *ret_bytes)
{
	if (device->size_error == 0)
		*ret_bytes = device->size;
	return device->size_error;
}

EXPORT int daxhp_device_get_align(const struct daxhp_device *device, uint64_t *ret_bytes)
{
	if (device->align_error == 0)
		*ret_bytes = device->align;
	return device->align_error;
}

EXPORT int daxhp_device_get_target_node(const struct daxhp_device *device, int *ret_node)
{
	if (device->target_node_error == 0)
		*ret_node = device->target_node;
	return device->target_node_error;
}

EXPORT int daxhp_device_get_ranges(const struct daxhp_device *device,
				   const struct daxhp_range **ret_ranges, size_t *ret_count)
{
	if (device->ranges_error < 0)
		return device->ranges_error;
	*ret_ranges = device->ranges;
	*ret_count = device->n_ranges;
	return 0;
}
