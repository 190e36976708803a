// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdio.h>

#include <daxctl/libdaxctl.h>

#include "libdaxhp-private.h"

void ctx_log(struct daxhp_ctx *ctx, const char *file, int line, const char *fn, const char *format,
	     ...)
{
	va_list args;

	if (!ctx->log_fn)
		return;
	va_start(args, format);
	ctx->log_fn(ctx, LOG_DEBUG, file, line, fn, format, args, ctx->log_data);
	va_end(args);
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

EXPORT void daxhp_set_log_fn(struct daxhp_ctx *ctx, daxhp_log_fn fn, void *data)
{
	ctx->log_fn = fn;
	ctx->log_data = data;
}
