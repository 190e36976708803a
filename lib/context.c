// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>

#include "libdaxhp-private.h"

int context_new(const struct daxhp_ctx *like, struct daxhp_ctx **ret_ctx)
{
	struct daxhp_ctx *ctx = calloc(1, sizeof(*ctx));
	int r;

	if (!ctx)
		return -ENOMEM;
	ctx->kernel = like->kernel;
	ctx->log_fn = like->log_fn;
	ctx->log_data = like->log_data;
	r = ctx->kernel->open(ctx);
	if (r < 0) {
		free(ctx);
		return r;
	}
	*ret_ctx = ctx;
	return 0;
}

EXPORT int daxhp_new(struct daxhp_ctx **ret_ctx)
{
	const struct daxhp_ctx like = { .kernel = &kernel_linux };

	return context_new(&like, ret_ctx);
}

EXPORT struct daxhp_ctx *daxhp_unref(struct daxhp_ctx *ctx)
{
	if (!ctx)
		return NULL;
	ctx->kernel->close(ctx);
	free(ctx);
	return NULL;
}

EXPORT void daxhp_set_log_fn(struct daxhp_ctx *ctx, daxhp_log_fn fn, void *data)
{
	ctx->log_fn = fn;
	ctx->log_data = data;
}
