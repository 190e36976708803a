// SPDX-License-Identifier: LGPL-2.1-or-later
/* The list of what was recovered. Pure. */
#include <errno.h>
#include <string.h>

#include "model.h"

/* More than one session needs: three words, each restored, kept and failed; and the device. */
#define RESERVED 12

int recovery_reserve(struct daxhp_recovery *recovery)
{
	recovery->list = calloc(RESERVED, sizeof(*recovery->list));
	recovery->size = recovery->list ? RESERVED : 0;
	return recovery->list ? 0 : -ENOMEM;
}

static bool is_same(const struct daxhp_recovered *a, const struct daxhp_recovered *b)
{
	return a->kind == b->kind && a->outcome == b->outcome && strcmp(a->name, b->name) == 0;
}

void recovery_add(struct daxhp_recovery *recovery, const struct daxhp_recovered *recovered)
{
	struct daxhp_recovered *grown;
	size_t i = 0;

	while (i < recovery->count && !is_same(&recovery->list[i], recovered))
		i++;
	if (i == recovery->size) {
		grown = reallocarray(recovery->list, i + RESERVED, sizeof(*grown));
		if (!grown)
			return;
		recovery->list = grown;
		recovery->size += RESERVED;
	}
	if (i == recovery->count)
		recovery->count++;
	recovery->list[i] = *recovered;
}

void recovery_clear(struct daxhp_recovery *recovery)
{
	free(recovery->list);
	*recovery = (struct daxhp_recovery){ 0 };
}

EXPORT struct daxhp_recovery *daxhp_recovery_free(struct daxhp_recovery *recovery)
{
	if (!recovery)
		return NULL;
	recovery_clear(recovery);
	free(recovery);
	return NULL;
}

EXPORT size_t daxhp_recovery_count(const struct daxhp_recovery *recovery)
{
	return recovery->count;
}

EXPORT const struct daxhp_recovered *daxhp_recovery_get(const struct daxhp_recovery *recovery,
							size_t i)
{
	return i < recovery->count ? &recovery->list[i] : NULL;
}

GETTER(recovered, enum daxhp_recovered_kind, kind)
GETTER(recovered, enum daxhp_recovered_outcome, outcome)
GETTER(recovered, const char *, name)

EXPORT const char *daxhp_recovered_get_before(const struct daxhp_recovered *recovered)
{
	return *recovered->before ? recovered->before : NULL;
}

EXPORT const char *daxhp_recovered_get_found(const struct daxhp_recovered *recovered)
{
	return *recovered->found ? recovered->found : NULL;
}

GETTER(recovered, enum daxhp_mode, mode)
GETTER(recovered, enum daxhp_state, state)
GETTER(recovered, int, pid)

EXPORT const struct daxhp_failure *
daxhp_recovered_get_failure(const struct daxhp_recovered *recovered)
{
	return recovered->failure.kind ? &recovered->failure : NULL;
}
