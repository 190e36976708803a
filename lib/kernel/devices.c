// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The machine's dax devices.
 *
 * libdaxctl finds them, and knows their regions. Their values are read here: libdaxctl returns 0 for a
 * value that cannot be read, and daxhp must tell 0 from "not known".
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <daxctl/libdaxctl.h>

#include "internal.h"

/* No kernel splits a device into more. */
#define RANGES_MAX 65536
/* How often to look for devices when libdaxctl does not find all. */
#define LISTS_MAX 3

int device_open_dir(const char *name)
{
	char path[sizeof(DAX_DEVICES_DIR) + WORD_MAX];

	snprintf(path, sizeof(path), DAX_DEVICES_DIR "/%s", name);
	return sysfs_open_dir(path);
}

bool device_is_gone(const char *name)
{
	_cleanup_close_ int fd = device_open_dir(name);

	return fd == -ENOENT;
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

int device_read_ranges(struct daxhp_device *device, int dirfd)
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

int device_read(struct daxhp_device *device)
{
	_cleanup_close_ int dirfd = device_open_dir(device->name);

	if (dirfd < 0)
		return dirfd == -ENOENT ? -ENODEV : dirfd;
	free(device->ranges);
	device->ranges = NULL;
	device->n_ranges = 0;
	device->size_error = sysfs_read_u64(dirfd, "size", 10, &device->size);
	device->align_error = sysfs_read_u64(dirfd, "align", 10, &device->align);
	device->target_node_error = sysfs_read_int(dirfd, "target_node", &device->target_node);
	device->ranges_error = device_read_ranges(device, dirfd);
	return device->ranges_error == -ENOMEM ? -ENOMEM : provider_read(device, dirfd);
}

static void device_free(struct daxhp_device *device)
{
	provider_clear(device);
	free(device->region_name);
	free(device->ranges);
	free(device);
}

static void free_list(struct daxhp_ctx *ctx)
{
	while (ctx->devices) {
		struct daxhp_device *device = ctx->devices;

		ctx->devices = device->next;
		device_free(device);
	}
}

/* *ret_device is NULL if it is no dax device, or has gone away meanwhile. */
static int device_new(struct daxhp_ctx *ctx, struct daxctl_region *region, struct daxctl_dev *dev,
		      struct daxhp_device **ret_device)
{
	const char *name = daxctl_dev_get_devname(dev);
	struct daxhp_device *device;
	int r;

	*ret_device = NULL;
	if (!daxhp_device_name_is_valid(name) || strlen(name) >= sizeof(device->name))
		return 0;
	device = calloc(1, sizeof(*device));
	if (!device)
		return -ENOMEM;
	device->ctx = ctx;
	device->daxctl = dev;
	strcpy(device->name, name);
	device->region_id = daxctl_region_get_id(region);
	device->id = daxctl_dev_get_id(dev);
	device->region_name = strdup(daxctl_region_get_devname(region));
	r = device->region_name ? device_read(device) : -ENOMEM;
	if (r < 0) {
		device_free(device);
		return r == -ENOMEM ? r : 0;
	}
	*ret_device = device;
	return 0;
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

static int list_once(struct daxhp_ctx *ctx)
{
	struct daxctl_region *region;
	struct daxctl_dev *dev;

	daxctl_region_foreach(ctx->daxctl, region)
	{
		daxctl_dev_foreach(region, dev)
		{
			struct daxhp_device *device;
			int r = device_new(ctx, region, dev, &device);

			if (r < 0)
				return r;
			if (device)
				insert_sorted(&ctx->devices, device);
		}
	}
	return 0;
}

static struct daxhp_device *find_listed(const struct daxhp_ctx *ctx, const char *name)
{
	struct daxhp_device *device = ctx->devices;

	while (device && strcmp(device->name, name) != 0)
		device = device->next;
	return device;
}

/* libdaxctl leaves out a device that it cannot read, or has no memory for, and does not report it. */
static int count_unlisted(struct daxhp_ctx *ctx)
{
	_cleanup_closedir_ DIR *dir = NULL;
	struct dirent *de;
	int n = 0, r = sysfs_list_dir(DAX_DEVICES_DIR, &dir);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	while ((r = sysfs_next_entry(dir, &de)) > 0) {
		if (!daxhp_device_name_is_valid(de->d_name) || find_listed(ctx, de->d_name))
			continue;
		log_debug(ctx, "%s is not listed", de->d_name);
		n++;
	}
	return r < 0 ? r : n;
}

/* Without a log function, libdaxctl writes to stderr. A library must not do this. */
static void log_daxctl(struct daxctl_ctx *daxctl, int priority __attribute__((unused)),
		       const char *file, int line, const char *fn, const char *format, va_list args)
{
	struct daxhp_ctx *ctx = daxctl_get_userdata(daxctl);

	if (ctx && ctx->log_fn)
		ctx->log_fn(ctx, LOG_DEBUG, file, line, fn, format, args, ctx->log_data);
}

/* Another libdaxctl context, which has found no device yet. */
int devices_open(struct daxhp_ctx *ctx)
{
	struct daxctl_ctx *daxctl;
	int r = daxctl_new(&daxctl);

	/* libdaxctl returns this when libkmod has no memory. */
	if (r == -ENXIO)
		r = -ENOMEM;
	if (r < 0)
		return r;
	daxctl_set_userdata(daxctl, ctx);
	daxctl_set_log_fn(daxctl, log_daxctl);
	daxctl_unref(ctx->daxctl);
	ctx->daxctl = daxctl;
	return 0;
}

/* A device is missing in the list: memory was short for a moment, or the device is new. Look again. */
int devices_list(struct daxhp_ctx *ctx)
{
	int r = 1;

	for (int i = 0; r > 0 && i < LISTS_MAX; i++) {
		free_list(ctx);
		r = i > 0 ? devices_open(ctx) : 0;
		if (r == 0)
			r = list_once(ctx);
		if (r == 0)
			r = count_unlisted(ctx);
	}
	if (r < 0)
		free_list(ctx);
	return r;
}

void devices_close(struct daxhp_ctx *ctx)
{
	free_list(ctx);
	daxctl_unref(ctx->daxctl);
}
