// SPDX-License-Identifier: LGPL-2.1-or-later
/* The list of the machine's dax devices, and the values of each. */
#include <errno.h>
#include <string.h>

#include "libdaxhp-private.h"

EXPORT int daxhp_load_devices(struct daxhp_ctx *ctx)
{
	int r;

	if (ctx->devices_loaded)
		return ctx->n_unlisted;
	r = ctx->kernel->list_devices(ctx);
	if (r < 0)
		return r;
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
	for (device = ctx->devices; device && strcmp(device->name, name) != 0;)
		device = device->next;
	if (!device)
		return -ENODEV;
	*ret_device = device;
	return 0;
}

EXPORT int daxhp_device_refresh(struct daxhp_device *device)
{
	return device->ctx->kernel->read_device(device);
}

EXPORT int daxhp_device_find_worker(struct daxhp_device *device,
				    const struct daxhp_worker **ret_worker)
{
	int r = device->ctx->kernel->find_worker(device->name, &device->worker);

	if (r > 0)
		*ret_worker = &device->worker;
	return r;
}

EXPORT int daxhp_observe(struct daxhp_device *device, struct daxhp_observation **ret_observation)
{
	return device->ctx->kernel->observe(device, ret_observation);
}

int device_observe_to_plan(struct daxhp_device *device, struct daxhp_observation **ret_observation)
{
	_cleanup_(cleanup_observation) struct daxhp_observation *obs = NULL;
	const struct kernel *kernel = device->ctx->kernel;
	int r = kernel->observe(device, &obs);

	/* Only online memory moves elsewhere. */
	if (r == 0 && obs->mode == DAXHP_MODE_SYSTEM_RAM && obs->n_online > 0)
		r = kernel->read_memory(&obs->memory);
	if (r == 0)
		*ret_observation = steal_pointer(obs);
	return r;
}

GETTER(device, const char *, name)
GETTER(device, int, region_id)
GETTER(device, const char *, region_name)

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

GETTER(device, int, ranges_error)

/* Where one could not be read, those before it are there. */
EXPORT const struct daxhp_range *daxhp_device_get_range(const struct daxhp_device *device, size_t i)
{
	return device->ranges_error == 0 && i < device->n_ranges ? &device->ranges[i] : NULL;
}
