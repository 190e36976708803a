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

static int add_step(struct daxhp_plan *plan, enum daxhp_step_type type, enum daxhp_state word)
{
	struct daxhp_step *grown;

	grown = reallocarray(plan->steps, plan->n_steps + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	plan->steps = grown;
	grown[plan->n_steps++] = (struct daxhp_step){ .type = type, .word = word };
	return 0;
}

typedef bool (*block_filter)(const struct memblock *now, const struct memblock *before);

static bool is_online(const struct memblock *now, const struct memblock *before)
{
	(void)before;
	return now->state == MEMBLOCK_ONLINE || now->state == MEMBLOCK_GOING_OFFLINE;
}

static bool is_offline(const struct memblock *now, const struct memblock *before)
{
	(void)before;
	return now->state == MEMBLOCK_OFFLINE;
}

/* A step for the blocks that @filter picks; no step when there are none. */
static int add_blocks(struct daxhp_plan *plan, enum daxhp_state word,
		      const struct daxhp_observation *now, const struct daxhp_observation *before,
		      block_filter filter)
{
	_cleanup_free_ uint64_t *ids = calloc(now->n_blocks + 1, sizeof(*ids));
	size_t n = 0;
	int r;

	if (!ids)
		return -ENOMEM;
	for (size_t i = 0; i < now->n_blocks; i++)
		if (filter(&now->blocks[i], before ? &before->blocks[i] : NULL))
			ids[n++] = now->blocks[i].id;
	if (n == 0)
		return 0;
	r = add_step(plan, DAXHP_STEP_WRITE_BLOCKS, word);
	if (r < 0)
		return r;
	plan->steps[plan->n_steps - 1].blocks = steal_pointer(ids);
	plan->steps[plan->n_steps - 1].n_blocks = n;
	return 0;
}

/* Blocks that are gone through one by one are anybody's meanwhile, unless they are guarded. */
static int add_guarded_blocks(struct daxhp_plan *plan, enum daxhp_state word, block_filter filter)
{
	int r = add_step(plan, DAXHP_STEP_GUARD, DAXHP_STATE_NONE);

	return r < 0 ? r : add_blocks(plan, word, plan->before, NULL, filter);
}

/* Unbinding with a block online loses the memory until reboot: never without the check before. */
static int add_unbind(struct daxhp_plan *plan)
{
	int r = add_step(plan, DAXHP_STEP_CHECK_OFFLINE, DAXHP_STATE_NONE);

	return r < 0 ? r : add_step(plan, DAXHP_STEP_UNBIND, DAXHP_STATE_NONE);
}

/*
 * The kernel brings memory that kmem adds to where the policy says, under its own lock, before
 * any rival can see a block offline. So the policy is how a zone is chosen at bind time.
 */
static int add_bind(struct daxhp_plan *plan, const char *policy, enum daxhp_state word)
{
	bool differs = state_from_name(policy) != word;
	int r = plan->before->has_kmem ? 0 : add_step(plan, DAXHP_STEP_LOAD, DAXHP_STATE_NONE);

	if (r == 0 && differs)
		r = add_step(plan, DAXHP_STEP_SET_POLICY, word);
	if (r == 0)
		r = add_step(plan, DAXHP_STEP_BIND, word);
	if (r == 0 && differs)
		r = add_step(plan, DAXHP_STEP_RESTORE_POLICY, DAXHP_STATE_NONE);
	return r;
}

static bool has_attribute(const struct daxhp_observation *obs)
{
	return obs->interface == DAXHP_INTERFACE_STATE || obs->interface == DAXHP_INTERFACE_HOTPLUG;
}

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
		if (is_online(&obs->blocks[i], NULL) && !zone_fits(obs->blocks[i].zone, word))
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
	int r = add_step(plan, DAXHP_STEP_WRITE_ATTRIBUTE, DAXHP_UNPLUGGED);

	return r < 0 ? r : add_step(plan, DAXHP_STEP_WRITE_ATTRIBUTE, word);
}

/* What kmem still has below the word `unplugged` goes only when kmem does. */
static int add_rebind(struct daxhp_plan *plan, enum daxhp_state word)
{
	int r = add_guarded_blocks(plan, DAXHP_OFFLINE, is_online);

	if (r == 0)
		r = add_unbind(plan);
	return r < 0 ? r : add_bind(plan, plan->before->policy, word);
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
		return add_bind(plan, obs->policy, word);
	if (obs->n_present > 0) {
		if (has_attribute(obs) && state_from_name(obs->attribute_word) == DAXHP_UNPLUGGED)
			return add_rebind(plan, word);
		if (has_attribute(obs) && !attribute_allows(obs, word))
			return add_write_anew(plan, word);
		return add_guarded_blocks(plan, word, is_offline);
	}
	if (has_attribute(obs))
		return state_from_name(obs->attribute_word) == DAXHP_UNPLUGGED
			       ? add_step(plan, DAXHP_STEP_WRITE_ATTRIBUTE, word)
			       : add_write_anew(plan, word);
	r = add_unbind(plan);
	return r < 0 ? r : add_bind(plan, obs->policy, word);
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
	if (has_attribute(obs) && state_from_name(obs->attribute_word) != DAXHP_UNPLUGGED) {
		r = obs->n_online >= LARGE_BLOCKS
			    ? add_guarded_blocks(plan, DAXHP_OFFLINE, is_online)
			    : 0;
		return r < 0 ? r : add_step(plan, DAXHP_STEP_WRITE_ATTRIBUTE, DAXHP_UNPLUGGED);
	}
	r = add_guarded_blocks(plan, DAXHP_OFFLINE, is_online);
	return r < 0 ? r : add_unbind(plan);
}

static int plan_alloc(struct daxhp_observation *before, struct daxhp_plan **ret_plan)
{
	struct daxhp_plan *plan = calloc(1, sizeof(*plan));

	if (!plan)
		return -ENOMEM;
	plan->before = observation_ref(before);
	*ret_plan = plan;
	return 0;
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

/* ---- the way back ---- */

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
	int r = add_step(plan, DAXHP_STEP_GUARD, DAXHP_STATE_NONE);

	if (r == 0)
		r = add_blocks(plan, DAXHP_OFFLINE, now, before, must_go_offline);
	if (r == 0)
		r = add_blocks(plan, DAXHP_ONLINE_KERNEL, now, before, must_go_kernel);
	if (r == 0)
		r = add_blocks(plan, DAXHP_ONLINE_MOVABLE, now, before, must_go_movable);
	return r;
}

/*
 * Has the device the same driver, the same word, and the blocks it had? Then the blocks can be put
 * right one by one; else it has to be taken down first and brought up anew. Blocks that were not
 * there and now are do not count, for they cannot be taken away alone; unless there were none.
 */
static bool has_frame_of(const struct daxhp_observation *now,
			 const struct daxhp_observation *before)
{
	if (now->mode != before->mode || strcmp(now->attribute_word, before->attribute_word) != 0 ||
	    (before->n_present == 0) != (now->n_present == 0))
		return false;
	for (size_t i = 0; i < now->n_blocks; i++)
		if (now->blocks[i].state == MEMBLOCK_MISSING &&
		    before->blocks[i].state != MEMBLOCK_MISSING)
			return false;
	return true;
}

/* The word under which kmem adds the memory as near to @before as one word can say. */
static enum daxhp_state word_to_add(const struct daxhp_observation *before)
{
	enum daxhp_state word = state_from_name(before->attribute_word);

	if (has_attribute(before))
		return state_is_online(word) ? word : DAXHP_OFFLINE;
	if (before->state == DAXHP_ONLINE)
		return DAXHP_ONLINE_KERNEL;
	return before->state == DAXHP_ONLINE_MOVABLE ? before->state : DAXHP_OFFLINE;
}

static int take_down(struct daxhp_plan *plan)
{
	const struct daxhp_observation *now = plan->before;
	int r;

	if (has_attribute(now) && state_from_name(now->attribute_word) != DAXHP_UNPLUGGED)
		return add_step(plan, DAXHP_STEP_WRITE_ATTRIBUTE, DAXHP_UNPLUGGED);
	/* The kernel takes `unplugged` as done: what is left goes only when kmem does. */
	r = add_guarded_blocks(plan, DAXHP_OFFLINE, is_online);
	return r < 0 ? r : add_unbind(plan);
}

/* There are no blocks, nor a word that claims some. */
static int bring_up(struct daxhp_plan *plan, const struct daxhp_observation *before)
{
	const struct daxhp_observation *now = plan->before;
	enum daxhp_state word = word_to_add(before);
	int r = 0;

	if (has_attribute(now) && before->mode == DAXHP_MODE_SYSTEM_RAM && state_is_online(word))
		return add_step(plan, DAXHP_STEP_WRITE_ATTRIBUTE, word);
	/* `offline` cannot be written: it is what a device is bound as. */
	if (now->mode == DAXHP_MODE_SYSTEM_RAM)
		r = add_unbind(plan);
	if (r < 0 || before->mode != DAXHP_MODE_SYSTEM_RAM)
		return r;
	return add_bind(plan, now->policy, word);
}

static bool is_down(const struct daxhp_observation *now)
{
	return now->n_present == 0 &&
	       (!has_attribute(now) || state_from_name(now->attribute_word) == DAXHP_UNPLUGGED);
}

int plan_restore(struct daxhp_observation *now, const struct daxhp_observation *before,
		 struct daxhp_plan **ret_plan)
{
	_cleanup_(cleanup_plan) struct daxhp_plan *plan = NULL;
	int r = plan_alloc(now, &plan);

	if (r < 0)
		return r;
	/* Another driver, or other ranges: whoever did that is at work, and not to be undone. */
	if (observation_equal(now, before) || now->n_blocks != before->n_blocks ||
	    daxhp_observation_is_wedged(now) ||
	    (now->mode != DAXHP_MODE_SYSTEM_RAM && now->mode != DAXHP_MODE_UNBOUND))
		r = 0;
	else if (has_frame_of(now, before))
		r = restore_blocks(plan, before);
	else if (is_down(now))
		r = bring_up(plan, before);
	else
		r = take_down(plan);
	if (r < 0)
		return r;
	*ret_plan = steal_pointer(plan);
	return 0;
}

/* ---- getters ---- */

EXPORT struct daxhp_plan *daxhp_plan_free(struct daxhp_plan *plan)
{
	if (!plan)
		return NULL;
	for (size_t i = 0; i < plan->n_steps; i++)
		free(plan->steps[i].blocks);
	free(plan->steps);
	daxhp_observation_unref(plan->before);
	free(plan);
	return NULL;
}

EXPORT enum daxhp_failure daxhp_plan_get_refusal(const struct daxhp_plan *plan)
{
	return plan->refusal;
}

EXPORT size_t daxhp_plan_count_steps(const struct daxhp_plan *plan)
{
	return plan->n_steps;
}

EXPORT const struct daxhp_step *daxhp_plan_get_step(const struct daxhp_plan *plan, size_t i)
{
	return i < plan->n_steps ? &plan->steps[i] : NULL;
}

EXPORT enum daxhp_step_type daxhp_step_get_type(const struct daxhp_step *step)
{
	return step->type;
}

EXPORT const char *daxhp_step_get_name(const struct daxhp_step *step)
{
	static const char *const names[] = {
		[DAXHP_STEP_GUARD] = "guard",
		[DAXHP_STEP_WRITE_ATTRIBUTE] = "write-attribute",
		[DAXHP_STEP_WRITE_BLOCKS] = "write-blocks",
		[DAXHP_STEP_CHECK_OFFLINE] = "check-offline",
		[DAXHP_STEP_SET_POLICY] = "set-policy",
		[DAXHP_STEP_RESTORE_POLICY] = "restore-policy",
		[DAXHP_STEP_LOAD] = "load-module",
		[DAXHP_STEP_BIND] = "bind",
		[DAXHP_STEP_UNBIND] = "unbind",
	};

	return names[step->type];
}

EXPORT enum daxhp_state daxhp_step_get_word(const struct daxhp_step *step)
{
	return step->type == DAXHP_STEP_BIND ? DAXHP_STATE_NONE : step->word;
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

EXPORT double daxhp_step_get_seconds(const struct daxhp_step *step)
{
	return step->seconds;
}
