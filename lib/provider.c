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

ITEM_GETTER(device, struct daxhp_memdev, memdev, cxl.memdevs, cxl.n_memdevs)

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

EXPORT size_t daxhp_cxl_count_cards(const struct daxhp_cxl *cxl)
{
	return cxl->n_cards;
}

ITEM_GETTER(cxl, struct daxhp_card, card, cards, n_cards)
ITEM_GETTER(cxl, struct daxhp_cxl_region, region, regions, n_regions)

EXPORT const struct daxhp_memdev *daxhp_card_get_memdev(const struct daxhp_card *card)
{
	return &card->memdev;
}

EXPORT const char *daxhp_card_get_slot(const struct daxhp_card *card)
{
	return text_or_null(card->slot);
}

GETTER(cxl_region, const char *, name)

EXPORT const char *daxhp_cxl_region_get_decoder(const struct daxhp_cxl_region *region)
{
	return text_or_null(region->decoder);
}

GETTER(cxl_region, uint64_t, start)
GETTER(cxl_region, uint64_t, size)
GETTER(cxl_region, uint64_t, dpa)
ITEM_GETTER(cxl_region, struct daxhp_memdev, memdev, memdevs, n_memdevs)

EXPORT bool daxhp_cxl_region_is_idle(const struct daxhp_cxl_region *region)
{
	return region->is_idle;
}

EXPORT bool daxhp_cxl_region_is_pmem(const struct daxhp_cxl_region *region)
{
	return region->is_pmem;
}

EXPORT bool daxhp_cxl_region_is_enabled(const struct daxhp_cxl_region *region)
{
	return region->is_enabled;
}

EXPORT int daxhp_find_orphans(struct daxhp_ctx *ctx, struct daxhp_orphans **ret_orphans)
{
	struct daxhp_orphans *orphans;
	int r = daxhp_load_devices(ctx);

	if (r < 0)
		return r;
	orphans = calloc(1, sizeof(*orphans));
	r = orphans ? ctx->kernel->find_orphans(ctx, orphans) : -ENOMEM;
	if (r < 0) {
		daxhp_orphans_free(orphans);
		return r;
	}
	*ret_orphans = orphans;
	return 0;
}

EXPORT struct daxhp_orphans *daxhp_orphans_free(struct daxhp_orphans *orphans)
{
	if (orphans)
		free(orphans->list);
	free(orphans);
	return NULL;
}

EXPORT size_t daxhp_orphans_count(const struct daxhp_orphans *orphans)
{
	return orphans->count;
}

EXPORT const struct daxhp_orphan *daxhp_orphans_get(const struct daxhp_orphans *orphans, size_t i)
{
	return i < orphans->count ? &orphans->list[i] : NULL;
}
