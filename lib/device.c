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
/* How often to look for devices when libdaxctl does not find all that there are. */
#define LISTS_MAX 3

int device_open_dir(const struct daxhp_device *device)
{
	char path[sizeof(DAX_DEVICES_DIR) + sizeof(device->name) + 1];

	snprintf(path, sizeof(path), DAX_DEVICES_DIR "/%s", device->name);
	return sysfs_open_dir(path);
}

bool device_is_gone(const char *name)
{
	char path[sizeof(DAX_DEVICES_DIR) + WORD_MAX];
	_cleanup_close_ int fd = -1;

	snprintf(path, sizeof(path), DAX_DEVICES_DIR "/%s", name);
	fd = sysfs_open_dir(path);
	return fd == -ENOENT;
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

static void read_values(struct daxhp_device *device, int dirfd)
{
	free(device->ranges);
	device->ranges = NULL;
	device->n_ranges = 0;
	device->size_error = sysfs_read_u64(dirfd, "size", 10, &device->size);
	device->align_error = sysfs_read_u64(dirfd, "align", 10, &device->align);
	device->target_node_error = sysfs_read_int(dirfd, "target_node", &device->target_node);
	device->ranges_error = device_read_ranges(device, dirfd);
}

static void device_free(struct daxhp_device *device)
{
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

EXPORT int daxhp_device_refresh(struct daxhp_device *device)
{
	_cleanup_close_ int dirfd = device_open_dir(device);

	if (dirfd < 0)
		return dirfd == -ENOENT ? -ENODEV : dirfd;
	read_values(device, dirfd);
	return device->ranges_error == -ENOMEM ? -ENOMEM : 0;
}

/* *ret_device is NULL for what is no dax device, or went away while it was looked at. */
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
	r = device->region_name ? daxhp_device_refresh(device) : -ENOMEM;
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

static int list_devices(struct daxhp_ctx *ctx)
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

/* libdaxctl passes over what it cannot look at, or has no memory for, and does not say so. */
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

/* libdaxctl would write to stderr; a library that sits on it must not. */
static void log_daxctl(struct daxctl_ctx *daxctl, int priority __attribute__((unused)),
		       const char *file, int line, const char *fn, const char *format, va_list args)
{
	struct daxhp_ctx *ctx = daxctl_get_userdata(daxctl);

	if (ctx && ctx->log_fn)
		ctx->log_fn(ctx, LOG_DEBUG, file, line, fn, format, args, ctx->log_data);
}

int ctx_renew_daxctl(struct daxhp_ctx *ctx)
{
	struct daxctl_ctx *daxctl;
	int r = daxctl_new(&daxctl);

	/* Its way to say that libkmod had no memory. */
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

/* Memory that was short for a moment, or a device that came meanwhile: it is looked for anew. */
static int list_all_devices(struct daxhp_ctx *ctx)
{
	int r = 1;

	for (int i = 0; r > 0 && i < LISTS_MAX; i++) {
		devices_free(steal_pointer(ctx->devices));
		r = i > 0 ? ctx_renew_daxctl(ctx) : 0;
		if (r == 0)
			r = list_devices(ctx);
		if (r == 0)
			r = count_unlisted(ctx);
	}
	return r;
}

EXPORT int daxhp_load_devices(struct daxhp_ctx *ctx)
{
	int r;

	if (ctx->devices_loaded)
		return ctx->n_unlisted;
	r = list_all_devices(ctx);
	if (r < 0) {
		devices_free(steal_pointer(ctx->devices));
		return r;
	}
	ctx->devices_loaded = true;
	ctx->n_unlisted = r;
	return r;
}

EXPORT struct daxhp_device *daxhp_device_get_first(struct daxhp_ctx *ctx)
{
	return daxhp_load_devices(ctx) < 0 ? NULL : ctx->devices;
}

EXPORT struct daxhp_device *daxhp_device_get_next(struct daxhp_device *device)
{
	return device->next;
}

EXPORT int daxhp_device_from_name(struct daxhp_ctx *ctx, const char *name,
				  struct daxhp_device **ret_device)
{
	struct daxhp_device *device;
	int r = daxhp_load_devices(ctx);

	if (r < 0)
		return r;
	device = find_listed(ctx, name);
	if (!device)
		return -ENODEV;
	*ret_device = device;
	return 0;
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
