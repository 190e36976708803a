// SPDX-License-Identifier: LGPL-2.1-or-later
/* What became of the last plan for a device: for those who watch over many machines. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "libdaxhp-private.h"

static const char *const names[] = { "done", "undone", "stuck" };

EXPORT const char *daxhp_last_result_name(enum daxhp_last_result result)
{
	return (size_t)result < ARRAY_SIZE(names) ? names[result] : NULL;
}

static enum daxhp_last_result result_of(const struct daxhp_result *result)
{
	if (!result->failure.kind)
		return DAXHP_LAST_DONE;
	return result->undone ? DAXHP_LAST_UNDONE : DAXHP_LAST_STUCK;
}

/* Without it nothing fails. */
void last_put(const struct daxhp_session *session, const struct daxhp_result *result)
{
	const struct kernel *kernel = session->ctx->kernel;
	char words[WORD_MAX];
	int r;

	snprintf(words, sizeof(words), "%.3f %s", kernel->wall_now(), names[result_of(result)]);
	r = kernel->journal_put_last(session->device->name, words);
	if (r < 0)
		log_debug(session->ctx, "cannot note what became of the plan: %s", strerror(-r));
}

int last_parse(const char *words, struct daxhp_last *ret_last)
{
	struct daxhp_last last;
	char name[WORD_MAX], rest;

	if (sscanf(words, "%lf %63s%c", &last.time, name, &rest) != 2 || !(last.time >= 0))
		return -EBADMSG;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(name, names[i]) != 0)
			continue;
		last.result = i;
		*ret_last = last;
		return 0;
	}
	return -EBADMSG;
}

EXPORT int daxhp_device_read_last(struct daxhp_device *device, const struct daxhp_last **ret_last)
{
	char words[JOURNAL_LINE_MAX];
	int r = device->ctx->kernel->journal_get_last(device->name, words, sizeof(words));

	/* A line of another boot is about another device. */
	if (r <= 0)
		return r == -ESTALE ? 0 : r;
	r = last_parse(words, &device->last);
	if (r < 0)
		return r;
	*ret_last = &device->last;
	return 1;
}
