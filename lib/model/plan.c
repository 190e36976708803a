// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * From an observation and a goal to steps. Pure: no I/O, no clock. It follows the tables of
 * docs/architecture.md, with one function for each table.
 */
#include <errno.h>
#include <string.h>

#include "model.h"

/*
 * From this number of blocks on it is faster to take them offline one by one, in the cheap order,
 * before the write to the attribute. With fewer blocks the kernel's own way takes no longer, and is
 * one operation.
 */
#define LARGE_BLOCKS 128

/*
 * From how many blocks times bytes on it pays to bring new memory online block by block. The kernel's walks
 * over the zone cost so much: one for each block, over all the memory before it. Below, the guard and
 * the looks cost more. With blocks of 128 MiB this is a device of 32 GiB, with blocks of 2 GiB one of
 * 128 GiB. docs/bench.md has the measured figures. A build for the tests has a smaller number: on a large
 * device, thousands of runs would take days.
 */
#ifndef LARGE_WALKS
#define LARGE_WALKS (UINT64_C(8192) << 30)
#endif

/* The refusals that hold for every goal. */
static enum daxhp_failure_kind refuse_always(const struct daxhp_observation *obs, struct goal goal)
{
	if (daxhp_observation_is_wedged(obs))
		return DAXHP_REFUSED_WEDGED;
	if (obs->mode == DAXHP_MODE_DEVDAX && !goal.may_rebind)
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

/* The word for memory of which no block is online. */
static enum daxhp_state word_for_new(const struct daxhp_observation *obs, enum daxhp_state word)
{
	return word == DAXHP_ONLINE ? observation_default_zone(obs) : word;
}

/* Plain "online" allows any zone, but wants all blocks in the same kind of zone. */
static enum daxhp_state narrow_word(const struct daxhp_observation *obs, enum daxhp_state word)
{
	if (word != DAXHP_ONLINE || obs->n_online == 0)
		return word_for_new(obs, word);
	if (online_blocks_fit(obs, DAXHP_ONLINE_MOVABLE))
		return DAXHP_ONLINE_MOVABLE;
	return DAXHP_ONLINE_KERNEL;
}

/* Would the attribute's word be true if all blocks were online in the zone of @word? */
static bool attribute_allows(const struct daxhp_observation *obs, enum daxhp_state word)
{
	enum daxhp_state attribute = state_from_name(obs->attribute_word);

	/* A kernel with this word has looked at the blocks, and will look again. */
	if (strcmp(obs->attribute_word, "unknown") == 0)
		return true;
	return attribute == DAXHP_ONLINE || attribute == word;
}

/* The memory map of added memory takes memory that the machine already has. */
static bool has_room(const struct daxhp_observation *obs)
{
	return obs->n_present > 0 || obs->room == 0 ||
	       obs->room >= daxhp_observation_get_room_needed(obs);
}

/* Reasons why the device cannot become system RAM. */
static enum daxhp_failure_kind refuse_memory(const struct daxhp_plan *plan)
{
	const struct daxhp_observation *obs = plan->before;
	enum daxhp_failure_kind refusal = refuse_always(obs, plan->goal);

	if (refusal)
		return refusal;
	if (obs->n_blocks == 0)
		return DAXHP_REFUSED_TOO_SMALL;
	if (obs->mode != DAXHP_MODE_SYSTEM_RAM && obs->target_node < 0)
		return DAXHP_REFUSED_NO_TARGET_NODE;
	return plan->is_forced || has_room(obs) ? DAXHP_FAILURE_NONE : DAXHP_REFUSED_NO_ROOM;
}

/* Reasons why the blocks cannot go online without going offline first. */
static enum daxhp_failure_kind refuse_blocks(const struct daxhp_observation *obs,
					     enum daxhp_state word)
{
	if (!online_blocks_fit(obs, word))
		return DAXHP_REFUSED_OTHER_ZONE;
	if (obs->n_present > 0 && obs->n_present < obs->n_blocks)
		return DAXHP_REFUSED_MISSING_BLOCKS;
	return DAXHP_FAILURE_NONE;
}

/* Sets the plan's refusal to @kind; false if there is none. */
static bool is_refused(struct daxhp_plan *plan, enum daxhp_failure_kind kind)
{
	if (kind != DAXHP_FAILURE_NONE)
		failure_refuse(&plan->refusal, kind, plan->goal, plan->before, &plan->room);
	return kind != DAXHP_FAILURE_NONE;
}

/*
 * Is it cheaper to bring new memory online block by block? With an attribute, the word that the kernel
 * remembers would not be true after that. Without hot-remove, a failure halfway could not be undone.
 */
static bool is_by_blocks(const struct daxhp_plan *plan)
{
	const struct daxhp_observation *obs = plan->before;

	return !plan->is_by_policy && !obs->has_later_attribute && obs->hotremove &&
	       obs->n_blocks >= LARGE_WALKS / (obs->n_blocks * obs->block_size);
}

static int add_bind(struct daxhp_plan *plan, enum daxhp_state word)
{
	return is_by_blocks(plan) ? plan_add_bind_and_blocks(plan, word)
				  : plan_add_bind(plan, word);
}

/* The kernel brings a device online from `unplugged` only. */
static int add_write_anew(struct daxhp_plan *plan, enum daxhp_state word)
{
	int r = plan_add_step(plan, DAXHP_STEP_WRITE_ATTRIBUTE, DAXHP_UNPLUGGED);

	return r < 0 ? r : plan_add_step(plan, DAXHP_STEP_WRITE_ATTRIBUTE, word);
}

/* Blocks that are present although the word is `unplugged` go away only when kmem is unbound. */
static int add_rebind(struct daxhp_plan *plan, enum daxhp_state word)
{
	int r = plan_add_guarded_blocks(plan, DAXHP_OFFLINE, block_is_online);

	if (r == 0)
		r = plan_add_unbind(plan);
	return r < 0 ? r : add_bind(plan, word);
}

static int plan_online(struct daxhp_plan *plan)
{
	const struct daxhp_observation *obs = plan->before;
	enum daxhp_state word = narrow_word(obs, plan->goal.state);
	int r;

	if (is_refused(plan, refuse_memory(plan)) || is_refused(plan, refuse_blocks(obs, word)))
		return 0;
	if (obs->mode == DAXHP_MODE_UNBOUND)
		return add_bind(plan, word);
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
	return r < 0 ? r : add_bind(plan, word);
}

static int plan_unplug(struct daxhp_plan *plan)
{
	const struct daxhp_observation *obs = plan->before;
	int r;

	if (is_refused(plan, refuse_always(obs, plan->goal)) ||
	    is_refused(plan, obs->hotremove ? DAXHP_FAILURE_NONE : DAXHP_REFUSED_NO_HOTREMOVE))
		return 0;
	/* If the word is `unplugged` already, the kernel does nothing when it is written again. */
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

static bool is_unbound_after(const struct daxhp_plan *plan)
{
	return plan->n_steps > 0 && plan->steps[plan->n_steps - 1].type == DAXHP_STEP_UNBIND;
}

/*
 * If the blocks are in another zone, or some are missing: unplug the device, then bring it online.
 */
static int plan_move(struct daxhp_plan *plan)
{
	const struct daxhp_observation *obs = plan->before;
	enum daxhp_state word = word_for_new(obs, plan->goal.state);
	int r;

	if (is_refused(plan, refuse_memory(plan)))
		return 0;
	if (!refuse_blocks(obs, narrow_word(obs, plan->goal.state)))
		return plan_online(plan);
	r = plan_unplug(plan);
	if (r < 0 || plan->refusal.kind)
		return r;
	return is_unbound_after(plan) ? add_bind(plan, word)
				      : plan_add_step(plan, DAXHP_STEP_WRITE_ATTRIBUTE, word);
}

/*
 * An unbound device does not show whether it will have an attribute. If it has one, `unplugged` is
 * better than `offline`: then no other program can bring a block online.
 */
static int add_bind_to_off(struct daxhp_plan *plan)
{
	int r = plan_add_bind(plan, DAXHP_OFFLINE);

	if (r == 0 && plan->before->interface != DAXHP_INTERFACE_MEMORY_BLOCKS)
		r = plan_add_step(plan, DAXHP_STEP_WRITE_ATTRIBUTE, DAXHP_UNPLUGGED);
	return r;
}

/* The unbinding would kill the processes that have the device open or mapped. */
static int plan_from_devdax(struct daxhp_plan *plan)
{
	const struct daxhp_observation *obs = plan->before;
	enum daxhp_state word = word_for_new(obs, plan->goal.state);
	int r = 0;

	if (is_refused(plan, refuse_memory(plan)))
		return 0;
	if (obs->mode == DAXHP_MODE_DEVDAX && !plan->is_forced)
		r = plan_add_step(plan, DAXHP_STEP_CHECK_UNUSED, DAXHP_STATE_NONE);
	if (r == 0 && obs->mode == DAXHP_MODE_DEVDAX)
		r = plan_add_unbind(plan);
	if (r < 0)
		return r;
	return word == DAXHP_OFFLINE ? add_bind_to_off(plan) : add_bind(plan, word);
}

static int plan_off(struct daxhp_plan *plan)
{
	const struct daxhp_observation *obs = plan->before;
	int r;

	if (observation_has_attribute(obs) || obs->n_present < obs->n_blocks) {
		r = plan_unplug(plan);
		return r == 0 && is_unbound_after(plan) ? add_bind_to_off(plan) : r;
	}
	if (is_refused(plan, refuse_always(obs, plan->goal)))
		return 0;
	return plan_add_guarded_blocks(plan, DAXHP_OFFLINE, block_is_online);
}

/* From whatever driver it has to none. kmem goes when its memory has gone. */
static int plan_no_driver(struct daxhp_plan *plan)
{
	const struct daxhp_observation *obs = plan->before;
	int r = 0;

	if (is_refused(plan, refuse_always(obs, plan->goal)))
		return 0;
	if (obs->mode == DAXHP_MODE_SYSTEM_RAM && !observation_is_down(obs))
		r = plan_unplug(plan);
	if (r < 0 || plan->refusal.kind)
		return r;
	if (obs->mode == DAXHP_MODE_DEVDAX && !plan->is_forced)
		r = plan_add_step(plan, DAXHP_STEP_CHECK_UNUSED, DAXHP_STATE_NONE);
	if (r == 0 && obs->mode != DAXHP_MODE_UNBOUND && !is_unbound_after(plan))
		r = plan_add_unbind(plan);
	return r;
}

static int plan_devdax(struct daxhp_plan *plan)
{
	int r = plan_no_driver(plan);

	return r < 0 || plan->refusal.kind ? r : plan_add_bind_devdax(plan);
}

static int plan_for_goal(struct daxhp_plan *plan)
{
	const struct daxhp_observation *obs = plan->before;

	if (plan->goal.mode == DAXHP_MODE_DEVDAX)
		return plan_devdax(plan);
	if (plan->goal.mode == DAXHP_MODE_UNBOUND)
		return plan_no_driver(plan);
	if (plan->goal.state == DAXHP_UNPLUGGED)
		return plan_unplug(plan);
	if (plan->goal.may_rebind && obs->mode != DAXHP_MODE_SYSTEM_RAM)
		return plan_from_devdax(plan);
	if (plan->goal.state == DAXHP_OFFLINE)
		return plan_off(plan);
	return plan->goal.may_move ? plan_move(plan) : plan_online(plan);
}

bool plan_leads_between(const struct daxhp_plan *plan)
{
	size_t changes = 0;

	for (size_t i = 0; i < plan->n_steps; i++) {
		const struct daxhp_step *step = &plan->steps[i];

		if (step->type == DAXHP_STEP_WRITE_BLOCKS)
			changes += step->n_blocks;
		if (step->type == DAXHP_STEP_WRITE_ATTRIBUTE || step->type == DAXHP_STEP_BIND ||
		    step->type == DAXHP_STEP_UNBIND)
			changes++;
	}
	/* On the way to no driver, the device is unplugged: nobody has to lead it back. */
	return plan->goal.mode != DAXHP_MODE_UNBOUND &&
	       (plan->goal.may_move || plan->goal.may_rebind) && changes > 1;
}

static bool takes_offline(const struct daxhp_plan *plan)
{
	for (size_t i = 0; plan->before->n_online > 0 && i < plan->n_steps; i++)
		if (plan->steps[i].word == DAXHP_OFFLINE || plan->steps[i].word == DAXHP_UNPLUGGED)
			return true;
	return false;
}

/* Before the first block: the kernel does not give up a block because there is no room. */
static int check_room(struct daxhp_plan *plan)
{
	const struct daxhp_observation *obs = plan->before;
	struct room_device device = room_device_of(obs);
	int r = room_estimate(&obs->memory, &device, &plan->room);

	if (r < 0)
		return r;
	plan->has_room = true;
	if (plan->room.verdict == DAXHP_VERDICT_NO && !plan->is_forced) {
		plan_drop_steps(plan);
		is_refused(plan, DAXHP_REFUSED_NO_ROOM_ELSEWHERE);
	}
	return 0;
}

static int fill_plan(struct daxhp_plan *plan)
{
	int r = 0;

	if (!observation_meets(plan->before, plan->goal))
		r = plan_for_goal(plan);
	return r == 0 && takes_offline(plan) ? check_room(plan) : r;
}

int plan_new(struct daxhp_observation *observation, struct goal goal, bool is_forced,
	     struct daxhp_plan **ret_plan)
{
	_cleanup_(cleanup_plan) struct daxhp_plan *plan = NULL;
	int r = plan_alloc(observation, &plan);

	if (r < 0)
		return r;
	plan->goal = goal;
	plan->is_forced = is_forced;
	r = fill_plan(plan);
	if (r < 0)
		return r;
	*ret_plan = steal_pointer(plan);
	return 0;
}

int plan_use_policy(struct daxhp_plan *plan)
{
	plan_drop_steps(plan);
	free((int *)plan->room.nodes);
	plan->room = (struct daxhp_room){ 0 };
	plan->is_by_policy = true;
	plan->is_by_blocks = false;
	return fill_plan(plan);
}
