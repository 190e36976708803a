// SPDX-License-Identifier: LGPL-2.1-or-later
/* The way back: from the device's state now to its state before. Pure, as plan.c is. */
#include <errno.h>
#include <string.h>

#include "model.h"

static bool must_go_offline(const struct memblock *now, const struct memblock *before)
{
	return now->state == MEMBLOCK_ONLINE && !memblock_equal(now, before);
}

static bool must_go_movable(const struct memblock *now, const struct memblock *before)
{
	return now->state == MEMBLOCK_OFFLINE && before->state == MEMBLOCK_ONLINE &&
	       before->zone == DAXHP_ZONE_MOVABLE;
}

static bool must_go_kernel(const struct memblock *now, const struct memblock *before)
{
	return now->state == MEMBLOCK_OFFLINE && before->state == MEMBLOCK_ONLINE &&
	       before->zone != DAXHP_ZONE_MOVABLE;
}

static int restore_blocks(struct daxhp_plan *plan, const struct daxhp_observation *before)
{
	const struct daxhp_observation *now = plan->before;
	int r = plan_add_step(plan, DAXHP_STEP_GUARD, DAXHP_STATE_NONE);

	if (r == 0)
		r = plan_add_blocks(plan, DAXHP_OFFLINE, now, before, must_go_offline);
	if (r == 0)
		r = plan_add_blocks(plan, DAXHP_ONLINE_KERNEL, now, before, must_go_kernel);
	if (r == 0)
		r = plan_add_blocks(plan, DAXHP_ONLINE_MOVABLE, now, before, must_go_movable);
	return r;
}

static bool have_equal_blocks(const struct daxhp_observation *a, const struct daxhp_observation *b)
{
	for (size_t i = 0; i < a->n_blocks; i++)
		if (!memblock_equal(&a->blocks[i], &b->blocks[i]))
			return false;
	return true;
}

/*
 * Has the attribute the word from before, or will it have the word when the blocks are as before?
 * A kernel whose word follows the blocks shows `unknown` or `offline`. Neither can be written.
 */
static bool has_word_of(const struct daxhp_observation *now, const struct daxhp_observation *before)
{
	if (strcmp(now->attribute_word, before->attribute_word) == 0)
		return true;
	return (strcmp(now->attribute_word, "unknown") == 0 ||
		strcmp(now->attribute_word, "offline") == 0 ||
		strcmp(before->attribute_word, "unknown") == 0) &&
	       !have_equal_blocks(now, before);
}

/*
 * Has the device the same driver, the same word, and all blocks from before? Then the blocks can be
 * restored one by one. Otherwise all its memory goes away first, and is added anew. New blocks do
 * not count, because no single block can be taken away; but they count if there was none before.
 */
static bool has_frame_of(const struct daxhp_observation *now,
			 const struct daxhp_observation *before)
{
	if (now->mode != before->mode || !has_word_of(now, before) ||
	    (before->n_present == 0) != (now->n_present == 0))
		return false;
	for (size_t i = 0; i < now->n_blocks; i++)
		if (now->blocks[i].state == MEMBLOCK_MISSING &&
		    before->blocks[i].state != MEMBLOCK_MISSING)
			return false;
	return true;
}

/* The word with which kmem adds the memory: the one that leads nearest to @before. */
static enum daxhp_state word_to_add(const struct daxhp_observation *before)
{
	enum daxhp_state word = state_from_name(before->attribute_word);

	if (observation_has_attribute(before))
		return state_is_online(word) ? word : DAXHP_OFFLINE;
	if (before->state == DAXHP_ONLINE)
		return DAXHP_ONLINE_KERNEL;
	return before->state == DAXHP_ONLINE_MOVABLE ? before->state : DAXHP_OFFLINE;
}

static int take_down(struct daxhp_plan *plan)
{
	const struct daxhp_observation *now = plan->before;
	int r;

	if (observation_has_attribute(now) &&
	    state_from_name(now->attribute_word) != DAXHP_UNPLUGGED)
		return plan_add_step(plan, DAXHP_STEP_WRITE_ATTRIBUTE, DAXHP_UNPLUGGED);
	/* The word is `unplugged` already: the blocks go away only when kmem is unbound. */
	r = plan_add_guarded_blocks(plan, DAXHP_OFFLINE, block_is_online);
	return r < 0 ? r : plan_add_unbind(plan);
}

/* No block is present, and no word claims one. */
static int bring_up(struct daxhp_plan *plan, const struct daxhp_observation *before)
{
	const struct daxhp_observation *now = plan->before;
	enum daxhp_state word = word_to_add(before);
	int r = 0;

	if (observation_has_attribute(now) && before->mode == DAXHP_MODE_SYSTEM_RAM &&
	    state_is_online(word))
		return plan_add_step(plan, DAXHP_STEP_WRITE_ATTRIBUTE, word);
	/* `offline` cannot be written. A device gets it when it is bound. */
	if (now->mode == DAXHP_MODE_SYSTEM_RAM)
		r = plan_add_unbind(plan);
	if (r == 0 && before->mode == DAXHP_MODE_DEVDAX)
		r = plan_add_bind_devdax(plan);
	if (r < 0 || before->mode != DAXHP_MODE_SYSTEM_RAM)
		return r;
	return plan_add_bind(plan, word);
}

int plan_restore(struct daxhp_observation *now, const struct daxhp_observation *before,
		 struct daxhp_plan **ret_plan)
{
	_cleanup_(cleanup_plan) struct daxhp_plan *plan = NULL;
	int r = plan_alloc(now, &plan);

	if (r < 0)
		return r;
	/* Another driver, or other ranges: another program is at work, and that is not undone. */
	if (observation_equal(now, before) || now->n_blocks != before->n_blocks ||
	    daxhp_observation_is_wedged(now) ||
	    (now->mode != DAXHP_MODE_SYSTEM_RAM && now->mode != DAXHP_MODE_UNBOUND))
		r = 0;
	else if (has_frame_of(now, before))
		r = restore_blocks(plan, before);
	else if (observation_is_down(now))
		r = bring_up(plan, before);
	else
		r = take_down(plan);
	if (r < 0)
		return r;
	*ret_plan = steal_pointer(plan);
	return 0;
}
