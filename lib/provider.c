// SPDX-License-Identifier: LGPL-2.1-or-later
/* Where a device's memory comes from, and the machine's CXL cards. */
#include <errno.h>

#include "libdaxhp-private.h"

GETTER(device, enum daxhp_provider, provider)

static const char *text_or_null(const char *text)
{
	return *text ? text : NULL;
}

EXPORT const char *daxhp_device_get_cxl_region(const struct daxhp_device *device)
{
	return text_or_null(device->cxl.name);
}

EXPORT const char *daxhp_device_get_cxl_decoder(const struct daxhp_device *device)
{
	return text_or_null(device->cxl.decoder);
}

EXPORT size_t daxhp_device_get_memdevs(const struct daxhp_device *device,
				       const struct daxhp_memdev **ret_memdevs)
{
	*ret_memdevs = device->cxl.memdevs;
	return device->cxl.n_memdevs;
}

EXPORT const char *daxhp_device_get_namespace(const struct daxhp_device *device)
{
	return text_or_null(device->namespace);
}

EXPORT const char *daxhp_device_get_uuid(const struct daxhp_device *device)
{
	return text_or_null(device->uuid);
}

GETTER(device, const char *, path)

EXPORT int daxhp_cxl_new(struct daxhp_ctx *ctx, struct daxhp_cxl **ret_cxl)
{
	struct daxhp_cxl *cxl = calloc(1, sizeof(*cxl));
	int r = cxl ? ctx->kernel->list_cxl(cxl) : -ENOMEM;

	if (r < 0) {
		daxhp_cxl_free(cxl);
		return r;
	}
	*ret_cxl = cxl;
	return 0;
}

EXPORT struct daxhp_cxl *daxhp_cxl_free(struct daxhp_cxl *cxl)
{
	if (!cxl)
		return NULL;
	for (size_t i = 0; i < cxl->n_regions; i++)
		free(cxl->regions[i].memdevs);
	free(cxl->regions);
	free(cxl->cards);
	free(cxl);
	return NULL;
}

EXPORT size_t daxhp_cxl_get_cards(const struct daxhp_cxl *cxl, const struct daxhp_card **ret_cards)
{
	*ret_cards = cxl->cards;
	return cxl->n_cards;
}

EXPORT size_t daxhp_cxl_get_regions(const struct daxhp_cxl *cxl,
				    const struct daxhp_cxl_region **ret_regions)
{
	*ret_regions = cxl->regions;
	return cxl->n_regions;
}
