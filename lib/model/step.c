// SPDX-License-Identifier: LGPL-2.1-or-later
/* A plan and its steps: how to add steps, and the getters. Pure. */
#include <errno.h>
#include <string.h>

#include "model.h"

int plan_alloc(struct daxhp_observation *before, struct daxhp_plan **ret_plan)
{
	struct daxhp_plan *plan = calloc(1, sizeof(*plan));

	if (!plan)
		return -ENOMEM;
	plan->before = daxhp_observation_ref(before);
	*ret_plan = plan;
	return 0;
}

int plan_add_step(struct daxhp_plan *plan, enum daxhp_step_type type, enum daxhp_state word)
{
	struct daxhp_step *grown;

	grown = reallocarray(plan->steps, plan->n_steps + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	plan->steps = grown;
	grown[plan->n_steps++] = (struct daxhp_step){ .type = type, .word = word, .seconds = -1 };
	return 0;
}

bool block_is_online(const struct memblock *now, const struct memblock *before)
{
	(void)before;
	return now->state == MEMBLOCK_ONLINE || now->state == MEMBLOCK_GOING_OFFLINE;
}

bool block_is_offline(const struct memblock *now, const struct memblock *before)
{
	(void)before;
	return now->state == MEMBLOCK_OFFLINE;
}

/* Returns how many blocks @filter picks. @ids, unless it is NULL, gets their numbers. */
static size_t pick_blocks(const struct daxhp_observation *now,
			  const struct daxhp_observation *before, block_filter filter,
			  uint64_t *ids)
{
	size_t n = 0;

	for (size_t i = 0; i < now->n_blocks; i++) {
		if (!filter(&now->blocks[i], before ? &before->blocks[i] : NULL))
			continue;
		if (ids)
			ids[n] = now->blocks[i].id;
		n++;
	}
	return n;
}

/* A step for the blocks that @filter picks; no step when there are none. */
int plan_add_blocks(struct daxhp_plan *plan, enum daxhp_state word,
		    const struct daxhp_observation *now, const struct daxhp_observation *before,
		    block_filter filter)
{
	_cleanup_free_ uint64_t *ids = NULL;
	size_t n = pick_blocks(now, before, filter, NULL);
	int r;

	if (n == 0)
		return 0;
	ids = calloc(n, sizeof(*ids));
	if (!ids)
		return -ENOMEM;
	pick_blocks(now, before, filter, ids);
	r = plan_add_step(plan, DAXHP_STEP_WRITE_BLOCKS, word);
	if (r < 0)
		return r;
	plan->steps[plan->n_steps - 1].blocks = steal_pointer(ids);
	plan->steps[plan->n_steps - 1].n_blocks = n;
	return 0;
}

/* While blocks change one by one, other programs could change them, too. So guard them. */
int plan_add_guarded_blocks(struct daxhp_plan *plan, enum daxhp_state word, block_filter filter)
{
	int r = plan_add_step(plan, DAXHP_STEP_GUARD, DAXHP_STATE_NONE);

	return r < 0 ? r : plan_add_blocks(plan, word, plan->before, NULL, filter);
}

/* Unbinding with a block online loses the memory until reboot. So the check always comes first. */
int plan_add_unbind(struct daxhp_plan *plan)
{
	int r = plan_add_step(plan, DAXHP_STEP_CHECK_OFFLINE, DAXHP_STATE_NONE);

	return r < 0 ? r : plan_add_step(plan, DAXHP_STEP_UNBIND, DAXHP_STATE_NONE);
}

static int add_driver_step(struct daxhp_plan *plan, enum daxhp_step_type type,
			   enum daxhp_state word, enum daxhp_mode mode)
{
	int r = plan_add_step(plan, type, word);

	if (r == 0)
		plan->steps[plan->n_steps - 1].mode = mode;
	return r;
}

/*
 * When kmem adds memory, the kernel brings it online as the policy says, under its own lock, before
 * any rival can see a block offline. So the policy chooses the zone when the device is bound.
 */
int plan_add_bind(struct daxhp_plan *plan, enum daxhp_state word)
{
	int r = 0;

	if (!plan->before->has_kmem)
		r = add_driver_step(plan, DAXHP_STEP_LOAD, DAXHP_STATE_NONE, DAXHP_MODE_SYSTEM_RAM);
	/* Also if the policy has the word already: another daxhp may be about to restore it. */
	if (r == 0)
		r = plan_add_step(plan, DAXHP_STEP_SET_POLICY, word);
	if (r == 0)
		r = add_driver_step(plan, DAXHP_STEP_BIND, word, DAXHP_MODE_SYSTEM_RAM);
	if (r == 0)
		r = plan_add_step(plan, DAXHP_STEP_RESTORE_POLICY, DAXHP_STATE_NONE);
	return r;
}

static bool is_any(const struct memblock *now, const struct memblock *before)
{
	(void)now;
	(void)before;
	return true;
}

/*
 * The kernel brings new blocks online in ascending order, the dear one: see memblock_order(). So it is
 * told to add them only. Between that and the guard others can set some of them online.
 */
int plan_add_bind_and_blocks(struct daxhp_plan *plan, enum daxhp_state word)
{
	int r = plan_add_bind(plan, DAXHP_OFFLINE);

	if (r == 0)
		r = plan_add_step(plan, DAXHP_STEP_CLAIM, word);
	if (r == 0)
		r = plan_add_blocks(plan, word, plan->before, NULL, is_any);
	plan->is_by_blocks = true;
	return r;
}

int plan_add_bind_devdax(struct daxhp_plan *plan)
{
	int r = 0;

	if (!plan->before->has_device_dax)
		r = add_driver_step(plan, DAXHP_STEP_LOAD, DAXHP_STATE_NONE, DAXHP_MODE_DEVDAX);
	if (r == 0)
		r = add_driver_step(plan, DAXHP_STEP_BIND, DAXHP_STATE_NONE, DAXHP_MODE_DEVDAX);
	return r;
}

void plan_drop_steps(struct daxhp_plan *plan)
{
	for (size_t i = 0; i < plan->n_steps; i++)
		free(plan->steps[i].blocks);
	free(plan->steps);
	plan->steps = NULL;
	plan->n_steps = 0;
}

EXPORT struct daxhp_plan *daxhp_plan_free(struct daxhp_plan *plan)
{
	if (!plan)
		return NULL;
	plan_drop_steps(plan);
	free((int *)plan->room.nodes);
	daxhp_observation_unref(plan->before);
	free(plan);
	return NULL;
}

EXPORT const struct daxhp_failure *daxhp_plan_get_refusal(const struct daxhp_plan *plan)
{
	return plan->refusal.kind ? &plan->refusal : NULL;
}

EXPORT const struct daxhp_room *daxhp_plan_get_room(const struct daxhp_plan *plan)
{
	return plan->has_room ? &plan->room : NULL;
}

EXPORT size_t daxhp_plan_count_steps(const struct daxhp_plan *plan)
{
	return plan->n_steps;
}

EXPORT const struct daxhp_step *daxhp_plan_get_step(const struct daxhp_plan *plan, size_t i)
{
	return i < plan->n_steps ? &plan->steps[i] : NULL;
}

GETTER(step, enum daxhp_step_type, type)

EXPORT const char *daxhp_step_get_name(const struct daxhp_step *step)
{
	static const char *const names[] = {
		[DAXHP_STEP_GUARD] = "guard",
		[DAXHP_STEP_WRITE_ATTRIBUTE] = "write-attribute",
		[DAXHP_STEP_WRITE_BLOCKS] = "write-blocks",
		[DAXHP_STEP_CHECK_OFFLINE] = "check-offline",
		[DAXHP_STEP_SET_POLICY] = "set-policy",
		[DAXHP_STEP_RESTORE_POLICY] = "restore-policy",
		[DAXHP_STEP_CHECK_UNUSED] = "check-unused",
		[DAXHP_STEP_LOAD] = "load-module",
		[DAXHP_STEP_BIND] = "bind",
		[DAXHP_STEP_UNBIND] = "unbind",
		[DAXHP_STEP_CLAIM] = "claim",
	};

	return names[step->type];
}

EXPORT enum daxhp_state daxhp_step_get_word(const struct daxhp_step *step)
{
	return step->type == DAXHP_STEP_BIND ? DAXHP_STATE_NONE : step->word;
}

EXPORT const char *daxhp_step_get_driver(const struct daxhp_step *step)
{
	bool is_about_driver = step->type == DAXHP_STEP_LOAD || step->type == DAXHP_STEP_BIND;

	return is_about_driver ? mode_driver(step->mode) : NULL;
}

EXPORT size_t daxhp_step_get_blocks(const struct daxhp_step *step, const uint64_t **ret_blocks)
{
	*ret_blocks = step->blocks;
	return step->n_blocks;
}

EXPORT unsigned int daxhp_step_get_retry(const struct daxhp_step *step)
{
	return step->retry;
}

GETTER(step, double, seconds)
