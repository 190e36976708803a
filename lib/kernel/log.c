// SPDX-License-Identifier: LGPL-2.1-or-later
/* The messages for the log function, if there is one. */
#include <stdio.h>

#include "internal.h"

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
