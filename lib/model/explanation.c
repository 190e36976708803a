// SPDX-License-Identifier: LGPL-2.1-or-later
/* What keeps a device from being unplugged, all together. Pure. */
#include <string.h>

#include "model.h"

void users_free(struct daxhp_user *users, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(users[i].cgroup);
	free(users);
}

static int compare_users(const void *a, const void *b)
{
	const struct daxhp_user *x = a, *y = b;

	if (x->bytes != y->bytes)
		return x->bytes < y->bytes ? 1 : -1;
	return (x->pid > y->pid) - (x->pid < y->pid);
}

void users_sort(struct daxhp_user *users, size_t n)
{
	if (n)
		qsort(users, n, sizeof(*users), compare_users);
}

void explanation_add_unseen(struct daxhp_explanation *e, const char *file, int error)
{
	struct daxhp_unseen *unseen = &e->unseen[e->n_unseen];

	if (e->n_unseen == ARRAY_SIZE(e->unseen))
		return;
	snprintf(unseen->file, sizeof(unseen->file), "%s", file);
	unseen->error = error;
	e->n_unseen++;
}

EXPORT struct daxhp_explanation *daxhp_explanation_free(struct daxhp_explanation *explanation)
{
	if (!explanation)
		return NULL;
	daxhp_observation_unref(explanation->obs);
	free((void *)explanation->room.nodes);
	free(explanation->obstacles);
	free(explanation->blocks);
	users_free(explanation->users, explanation->n_users);
	free(explanation);
	return NULL;
}

EXPORT struct daxhp_observation *
daxhp_explanation_get_observation(const struct daxhp_explanation *explanation)
{
	return explanation->obs;
}

EXPORT const struct daxhp_room *
daxhp_explanation_get_room(const struct daxhp_explanation *explanation)
{
	return explanation->has_room ? &explanation->room : NULL;
}

GETTER(explanation, enum daxhp_verdict, verdict)

ITEM_GETTER(explanation, struct daxhp_obstacle, obstacle, obstacles, n_obstacles)
ITEM_GETTER(explanation, struct daxhp_block_use, block_use, blocks, n_blocks)
ITEM_GETTER(explanation, struct daxhp_user, user, users, n_users)
ITEM_GETTER(explanation, struct daxhp_unseen, unseen, unseen, n_unseen)

GETTER(block_use, uint64_t, block)
GETTER(block_use, enum daxhp_zone, zone)
GETTER(block_use, uint64_t, used)

EXPORT uint64_t daxhp_block_use_get_bytes(const struct daxhp_block_use *block_use,
					  enum daxhp_use use)
{
	return (size_t)use < DAXHP_USE_MAX ? block_use->bytes[use] : 0;
}
