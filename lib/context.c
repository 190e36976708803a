// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>

#include <daxctl/libdaxctl.h>

#include "libdaxhp-private.h"

EXPORT int daxhp_new(struct daxhp_ctx **ret_ctx)
{
	struct daxhp_ctx *ctx = calloc(1, sizeof(*ctx));
	int r = ctx ? ctx_renew_daxctl(ctx) : -ENOMEM;

	if (r < 0) {
		free(ctx);
		return r;
	}
	*ret_ctx = ctx;
	return 0;
}

EXPORT struct daxhp_ctx *daxhp_unref(struct daxhp_ctx *ctx)
{
	if (!ctx)
		return NULL;
	devices_free(ctx->devices);
	daxctl_unref(ctx->daxctl);
	free(ctx);
	return NULL;
}
