// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * From an observation and a goal to steps. Pure: no I/O, no clock, tested with tables; the tables
 * it follows are in the design, one function a table.
 */
#include <errno.h>
#include <string.h>

#include "libdaxhp-private.h"

/*
 * From how many blocks on it pays to take them offline one by one, in the cheap order, before the
 * attribute is told. Below, the kernel's own way costs no more, and stays one operation.
 */
#define LARGE_BLOCKS 128

static enum daxhp_state goal_word(enum daxhp_goal goal)
{
	static const enum daxhp_state words[] = {
		[DAXHP_GOAL_UNPLUGGED] = DAXHP_UNPLUGGED,
		[DAXHP_GOAL_ONLINE] = DAXHP_ONLINE,
		[DAXHP_GOAL_ONLINE_KERNEL] = DAXHP_ONLINE_KERNEL,
		[DAXHP_GOAL_ONLINE_MOVABLE] = DAXHP_ONLINE_MOVABLE,
	};

	return words[goal];
}

bool observation_meets(const struct daxhp_observation *obs, enum daxhp_goal goal)
{
	switch (goal) {
	case DAXHP_GOAL_UNPLUGGED:
		return obs->state == DAXHP_UNPLUGGED;
	case DAXHP_GOAL_ONLINE:
		return state_is_online(obs->state);
	case DAXHP_GOAL_ONLINE_KERNEL:
		return obs->state == DAXHP_ONLINE || obs->state == DAXHP_ONLINE_KERNEL;
	case DAXHP_GOAL_ONLINE_MOVABLE:
		return obs->state == DAXHP_ONLINE_MOVABLE;
	}
	return false;
}

/* What no goal can be reached from. */
static enum daxhp_failure refuse_always(const struct daxhp_observation *obs)
{
	if (daxhp_observation_is_wedged(obs))
		return DAXHP_REFUSED_WEDGED;
	if (obs->mode == DAXHP_MODE_DEVDAX)
		return DAXHP_REFUSED_DEVDAX;
	if (obs->mode == DAXHP_MODE_FAMFS)
		return DAXHP_REFUSED_FAMFS;
	if (obs->mode == DAXHP_MODE_OTHER)
		return DAXHP_REFUSED_OTHER_DRIVER;
	if (obs->blocks_error == -EACCES || obs->blocks_error == -EPERM)
		return DAXHP_REFUSED_NO_PERMISSION;
	if (obs->blocks_error == -ENOTSUP)
		return DAXHP_REFUSED_NO_HOTPLUG;
	return obs->blocks_error < 0 ? DAXHP_REFUSED_UNREADABLE : DAXHP_FAILURE_NONE;
}

static bool online_blocks_fit(const struct daxhp_observation *obs, enum daxhp_state word)
{
	for (size_t i = 0; i < obs->n_blocks; i++)
		if (block_is_online(&obs->blocks[i], NULL) && !zone_fits(obs->blocks[i].zone, word))
			return false;
	return true;
}

/* Plain "online" is content with any zone, but all blocks are to be in the same kind of it. */
static enum daxhp_state narrow_word(const struct daxhp_observation *obs, enum daxhp_state word)
{
	enum daxhp_state attribute = state_from_name(obs->attribute_word);

	if (word != DAXHP_ONLINE)
		return word;
	/* Written to the blocks, plain `online` could lead where the attribute's word is a lie. */
	if (obs->n_online == 0)
		return obs->n_present > 0 && state_is_online(attribute) ? attribute : word;
	if (online_blocks_fit(obs, DAXHP_ONLINE_MOVABLE))
		return DAXHP_ONLINE_MOVABLE;
	return DAXHP_ONLINE_KERNEL;
}

/* Would the attribute's word be true with all blocks online in the zone that @word asks for? */
static bool attribute_allows(const struct daxhp_observation *obs, enum daxhp_state word)
{
	enum daxhp_state attribute = state_from_name(obs->attribute_word);

	return attribute == DAXHP_ONLINE || (attribute == word && state_is_online(word)) ||
	       (word == DAXHP_ONLINE && state_is_online(attribute));
}

static enum daxhp_failure refuse_online(const struct daxhp_observation *obs, enum daxhp_state word)
{
	enum daxhp_failure refusal = refuse_always(obs);

	if (refusal)
		return refusal;
	if (obs->n_blocks == 0)
		return DAXHP_REFUSED_TOO_SMALL;
	if (obs->mode == DAXHP_MODE_UNBOUND && obs->target_node < 0)
		return DAXHP_REFUSED_NO_TARGET_NODE;
	if (!online_blocks_fit(obs, word))
		return DAXHP_REFUSED_OTHER_ZONE;
	if (obs->n_present > 0 && obs->n_present < obs->n_blocks)
		return DAXHP_REFUSED_MISSING_BLOCKS;
	return DAXHP_FAILURE_NONE;
}

/* The kernel onlines a device from `unplugged` only. */
static int add_write_anew(struct daxhp_plan *plan, enum daxhp_state word)
{
	int r = plan_add_step(plan, DAXHP_STEP_WRITE_ATTRIBUTE, DAXHP_UNPLUGGED);

	return r < 0 ? r : plan_add_step(plan, DAXHP_STEP_WRITE_ATTRIBUTE, word);
}

/* What kmem still has below the word `unplugged` goes only when kmem does. */
static int add_rebind(struct daxhp_plan *plan, enum daxhp_state word)
{
	int r = plan_add_guarded_blocks(plan, DAXHP_OFFLINE, block_is_online);

	if (r == 0)
		r = plan_add_unbind(plan);
	return r < 0 ? r : plan_add_bind(plan, plan->before->policy, word);
}

static int plan_online(struct daxhp_plan *plan)
{
	const struct daxhp_observation *obs = plan->before;
	enum daxhp_state word = narrow_word(obs, goal_word(plan->goal));
	int r;

	plan->refusal = refuse_online(obs, word);
	if (plan->refusal)
		return 0;
	if (obs->mode == DAXHP_MODE_UNBOUND)
		return plan_add_bind(plan, obs->policy, word);
	if (obs->n_present > 0) {
		if (observation_has_attribute(obs) &&
		    state_from_name(obs->attribute_word) == DAXHP_UNPLUGGED)
			return add_rebind(plan, word);
		if (observation_has_attribute(obs) && !attribute_allows(obs, word))
			return add_write_anew(plan, word);
		return plan_add_guarded_blocks(plan, word, block_is_offline);
	}
	if (observation_has_attribute(obs))
		return state_from_name(obs->attribute_word) == DAXHP_UNPLUGGED
			       ? plan_add_step(plan, DAXHP_STEP_WRITE_ATTRIBUTE, word)
			       : add_write_anew(plan, word);
	r = plan_add_unbind(plan);
	return r < 0 ? r : plan_add_bind(plan, obs->policy, word);
}

static int plan_unplug(struct daxhp_plan *plan)
{
	const struct daxhp_observation *obs = plan->before;
	int r;

	plan->refusal = refuse_always(obs);
	if (!plan->refusal && !obs->hotremove)
		plan->refusal = DAXHP_REFUSED_NO_HOTREMOVE;
	if (plan->refusal)
		return 0;
	/* Told `unplugged` already, the kernel does nothing when it is told again. */
	if (observation_has_attribute(obs) &&
	    state_from_name(obs->attribute_word) != DAXHP_UNPLUGGED) {
		r = obs->n_online >= LARGE_BLOCKS
			    ? plan_add_guarded_blocks(plan, DAXHP_OFFLINE, block_is_online)
			    : 0;
		return r < 0 ? r : plan_add_step(plan, DAXHP_STEP_WRITE_ATTRIBUTE, DAXHP_UNPLUGGED);
	}
	r = plan_add_guarded_blocks(plan, DAXHP_OFFLINE, block_is_online);
	return r < 0 ? r : plan_add_unbind(plan);
}

EXPORT int daxhp_plan_new(struct daxhp_observation *observation, enum daxhp_goal goal,
			  struct daxhp_plan **ret_plan)
{
	_cleanup_(cleanup_plan) struct daxhp_plan *plan = NULL;
	int r = plan_alloc(observation, &plan);

	if (r < 0)
		return r;
	plan->goal = goal;
	if (!observation_meets(observation, goal))
		r = goal == DAXHP_GOAL_UNPLUGGED ? plan_unplug(plan) : plan_online(plan);
	if (r < 0)
		return r;
	*ret_plan = steal_pointer(plan);
	return 0;
}
