// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Makes observations from the input, sensible or not. Plans from each of them to every goal. Also
 * plans the way back from one observation to another, and carries it out on a model of the kernel.
 */
#include <errno.h>

#include "fuzz.h"
#include "kernel/internal.h"
#include "libdaxhp-private.h"

#define BLOCKS_MAX 12
/* The same value as in apply.c. */
#define ROUNDS 6

static const char *const words[] = { "unplugged",      "offline", "online",   "online_kernel",
				     "online_movable", "unknown", "nonsense", "" };

/* The rest of the input. */
static const uint8_t *input;
static size_t input_size;
/* The interface of a device that is bound to kmem. */
static enum daxhp_interface kernel_interface;

static unsigned int pick(unsigned int below)
{
	if (input_size == 0)
		return 0;
	input_size--;
	return *input++ % below;
}

/* ---- observations ---- */

static void set_mode(struct daxhp_observation *obs, enum daxhp_mode mode)
{
	static const char *const drivers[] = { "", "kmem", "device_dax", "fsdev_dax", "other" };

	obs->mode = mode;
	strcpy(obs->driver, drivers[mode]);
	obs->interface = mode == DAXHP_MODE_SYSTEM_RAM ? kernel_interface : DAXHP_INTERFACE_NONE;
	obs->attribute_word[0] = '\0';
}

static void pick_blocks(struct daxhp_observation *obs, size_t n)
{
	obs->n_blocks = n;
	obs->blocks = calloc(n + 1, sizeof(*obs->blocks));
	must(obs->blocks);
	for (size_t i = 0; i < n; i++) {
		struct memblock *block = &obs->blocks[i];

		block->id = 32 + i;
		block->state = pick(4);
		block->zone = DAXHP_ZONE_UNKNOWN;
		if (block->state == MEMBLOCK_ONLINE)
			block->zone = pick(DAXHP_ZONE_MAX);
	}
}

static struct daxhp_observation *pick_observation(size_t n_blocks)
{
	struct daxhp_observation *obs = calloc(1, sizeof(*obs));
	static const int errors[] = { 0, 0, 0, 0, 0, 0, -EACCES, -ENOTSUP, -EIO };

	must(obs);
	obs->refcount = 1;
	set_mode(obs, pick(5));
	if (observation_has_attribute(obs))
		strcpy(obs->attribute_word, words[pick(ARRAY_SIZE(words))]);
	strcpy(obs->policy, words[1 + pick(4)]);
	obs->blocks_error = errors[pick(ARRAY_SIZE(errors))];
	obs->hotremove = pick(8) != 7;
	obs->has_kmem = pick(2);
	obs->has_device_dax = pick(2);
	obs->target_node = (int)pick(3) - 1;
	obs->memmap_on_memory = (int)pick(3) - 1;
	obs->room = pick(2) ? 0 : pick(256);
	obs->has_later_attribute = pick(2);
	obs->block_size = UINT64_C(128) << (pick(2) ? 20 : 33);
	pick_blocks(obs, obs->blocks_error ? 0 : n_blocks);
	observation_derive(obs);
	return obs;
}

/* ---- rules for every plan ---- */

static bool comes_before(const struct daxhp_plan *plan, size_t i, enum daxhp_step_type type)
{
	for (size_t k = 0; k < i; k++)
		if (plan->steps[k].type == type)
			return true;
	return false;
}

/* An unbind comes right after the check, and something must keep the result of the check true. */
static void check_unbind(const struct daxhp_plan *plan, size_t i)
{
	must(i > 0 && plan->steps[i - 1].type == DAXHP_STEP_CHECK_OFFLINE);
	must(comes_before(plan, i, DAXHP_STEP_GUARD) ||
	     comes_before(plan, i, DAXHP_STEP_WRITE_ATTRIBUTE) || plan->before->n_present == 0);
}

static void check_write_blocks(const struct daxhp_plan *plan, size_t i)
{
	const struct daxhp_step *step = &plan->steps[i];

	must(step->n_blocks > 0 &&
	     (comes_before(plan, i, DAXHP_STEP_GUARD) || comes_before(plan, i, DAXHP_STEP_CLAIM)));
	for (size_t k = 0; k < step->n_blocks; k++)
		must(step->blocks[k] >= 32 && step->blocks[k] < 32 + plan->before->n_blocks &&
		     (k == 0 || step->blocks[k] > step->blocks[k - 1]));
}

/* A plan changes the policy for one bind only, and then restores it. */
static void check_bind(const struct daxhp_plan *plan, size_t i)
{
	const struct daxhp_step *step = &plan->steps[i];
	bool has_driver = step->mode == DAXHP_MODE_DEVDAX ? plan->before->has_device_dax
							  : plan->before->has_kmem;

	must(has_driver || comes_before(plan, i, DAXHP_STEP_LOAD));
	must(plan->before->mode == DAXHP_MODE_UNBOUND || comes_before(plan, i, DAXHP_STEP_UNBIND));
	if (step->mode == DAXHP_MODE_SYSTEM_RAM)
		must(i > 0 && plan->steps[i - 1].type == DAXHP_STEP_SET_POLICY &&
		     i + 1 < plan->n_steps && plan->steps[i + 1].type == DAXHP_STEP_RESTORE_POLICY);
}

static void check_plan(const struct daxhp_plan *plan)
{
	must(!plan->refusal.kind || plan->n_steps == 0);
	must((plan->refusal.kind == 0) == (plan->refusal.errnum == 0));
	for (size_t i = 0; i < plan->n_steps; i++) {
		const struct daxhp_step *step = &plan->steps[i];

		must(daxhp_step_get_name(step));
		if (step->type == DAXHP_STEP_UNBIND)
			check_unbind(plan, i);
		if (step->type == DAXHP_STEP_WRITE_BLOCKS)
			check_write_blocks(plan, i);
		if (step->type == DAXHP_STEP_BIND)
			check_bind(plan, i);
		if (step->type == DAXHP_STEP_SET_POLICY)
			must(i + 1 < plan->n_steps && plan->steps[i + 1].type == DAXHP_STEP_BIND);
		if (step->type == DAXHP_STEP_WRITE_ATTRIBUTE)
			must(step->word == DAXHP_UNPLUGGED || state_is_online(step->word));
	}
}

static void check_goal(struct daxhp_observation *obs, struct goal goal)
{
	struct daxhp_plan *plan;

	must(plan_new(obs, goal, false, &plan) == 0);
	check_plan(plan);
	if (observation_meets(obs, goal))
		must(plan->n_steps == 0 && !plan->refusal.kind);
	else if (!plan->refusal.kind)
		must(plan->n_steps > 0);
	if (plan->n_steps)
		must(!daxhp_observation_is_wedged(obs));
	daxhp_plan_free(plan);
}

/* Whatever can be asked for. */
static void check_goals(struct daxhp_observation *obs)
{
	unsigned int n = 0;

	for (enum daxhp_mode mode = 0; mode <= DAXHP_MODE_OTHER; mode++)
		for (enum daxhp_state state = 0; state <= DAXHP_INCONSISTENT; state++)
			for (unsigned int may = 0; may < 4; may++) {
				const struct goal goal = { mode, state, may & 1, may & 2 };

				if (!goal_is_valid(goal))
					continue;
				check_goal(obs, goal);
				n++;
			}
	must(n == 17);
}

/* ---- a model of the kernel, like 7.3, in which every write succeeds ---- */

static void set_block(struct memblock *block, enum daxhp_state word)
{
	block->state = word == DAXHP_UNPLUGGED ? MEMBLOCK_MISSING
		       : word == DAXHP_OFFLINE ? MEMBLOCK_OFFLINE
					       : MEMBLOCK_ONLINE;
	block->zone = DAXHP_ZONE_UNKNOWN;
	if (block->state == MEMBLOCK_ONLINE)
		block->zone = word == DAXHP_ONLINE_MOVABLE ? DAXHP_ZONE_MOVABLE : DAXHP_ZONE_NORMAL;
}

static void set_blocks(struct daxhp_observation *obs, enum daxhp_state word, bool only_missing)
{
	for (size_t i = 0; i < obs->n_blocks; i++)
		if (!only_missing || obs->blocks[i].state == MEMBLOCK_MISSING)
			set_block(&obs->blocks[i], word);
}

static bool write_attribute(struct daxhp_observation *obs, enum daxhp_state word)
{
	enum daxhp_state now = state_from_name(obs->attribute_word);

	if (!observation_has_attribute(obs))
		return obs->interface == DAXHP_INTERFACE_MEMORY_BLOCKS;
	if (now == word)
		return true;
	if (word != DAXHP_UNPLUGGED && now != DAXHP_UNPLUGGED)
		return false;
	set_blocks(obs, word, word != DAXHP_UNPLUGGED);
	strcpy(obs->attribute_word, daxhp_state_name(word));
	return true;
}

static bool bind_driver(struct daxhp_observation *obs, const struct daxhp_step *step)
{
	must(obs->mode == DAXHP_MODE_UNBOUND);
	set_mode(obs, step->mode);
	if (step->mode != DAXHP_MODE_SYSTEM_RAM)
		return true;
	set_blocks(obs, step->word, true);
	if (observation_has_attribute(obs))
		strcpy(obs->attribute_word, daxhp_state_name(step->word));
	return true;
}

static bool carry_out(struct daxhp_observation *obs, const struct daxhp_step *step)
{
	switch (step->type) {
	case DAXHP_STEP_WRITE_BLOCKS:
		for (size_t k = 0; k < step->n_blocks; k++)
			set_block(&obs->blocks[step->blocks[k] - 32], step->word);
		return true;
	case DAXHP_STEP_WRITE_ATTRIBUTE:
		return write_attribute(obs, step->word);
	case DAXHP_STEP_CHECK_OFFLINE:
		return obs->n_online == 0;
	case DAXHP_STEP_UNBIND:
		/* The check was made. */
		must(obs->n_online == 0);
		set_blocks(obs, DAXHP_UNPLUGGED, false);
		set_mode(obs, DAXHP_MODE_UNBOUND);
		return true;
	case DAXHP_STEP_BIND:
		return bind_driver(obs, step);
	default:
		return true;
	}
}

static struct daxhp_observation *copy(const struct daxhp_observation *obs)
{
	struct daxhp_observation *c = malloc(sizeof(*c));

	must(c);
	*c = *obs;
	c->refcount = 1;
	c->blocks = calloc(obs->n_blocks + 1, sizeof(*c->blocks));
	must(c->blocks);
	memcpy(c->blocks, obs->blocks, obs->n_blocks * sizeof(*c->blocks));
	return c;
}

/* The device's state after the plan, or after the steps that succeeded. */
static struct daxhp_observation *after(const struct daxhp_plan *plan)
{
	struct daxhp_observation *obs = copy(plan->before);

	for (size_t i = 0; i < plan->n_steps && carry_out(obs, &plan->steps[i]); i++)
		observation_derive(obs);
	observation_derive(obs);
	return obs;
}

/* ---- the way back ---- */

/* Can this kernel reach that state? If not, only the limit of rounds ends the loop. */
static bool can_be_had_again(const struct daxhp_observation *obs)
{
	enum daxhp_state word = state_from_name(obs->attribute_word);
	bool is_unplugged = word == DAXHP_UNPLUGGED;

	if (obs->mode != DAXHP_MODE_SYSTEM_RAM)
		return true;
	if (observation_has_attribute(obs) && word == DAXHP_STATE_NONE)
		return false;
	if (is_unplugged || obs->n_present == 0)
		return is_unplugged && obs->n_present == 0;
	return obs->n_present == obs->n_blocks;
}

/* Restores round after round, until a round changes nothing. The kernel must then be at @before. */
static void check_restore(const struct daxhp_observation *from,
			  const struct daxhp_observation *before)
{
	struct daxhp_observation *now = copy(from), *next;
	struct daxhp_plan *plan;
	bool is_still = false;

	for (int round = 0; round <= ROUNDS && !is_still; round++) {
		must(plan_restore(now, before, &plan) == 0);
		check_plan(plan);
		next = after(plan);
		is_still = observation_equal(now, next);
		must(plan->n_steps == 0 || !daxhp_observation_is_wedged(now));
		daxhp_plan_free(plan);
		daxhp_observation_unref(now);
		now = next;
	}
	must(is_still || !can_be_had_again(before));
	daxhp_observation_unref(now);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum daxhp_interface interfaces[] = {
		DAXHP_INTERFACE_MEMORY_BLOCKS,
		DAXHP_INTERFACE_STATE,
		DAXHP_INTERFACE_HOTPLUG,
	};
	struct daxhp_observation *before, *now;
	size_t n_blocks;

	input = data;
	input_size = size;
	kernel_interface = interfaces[pick(ARRAY_SIZE(interfaces))];
	n_blocks = pick(BLOCKS_MAX);
	before = pick_observation(n_blocks);
	now = pick_observation(n_blocks);
	check_goals(before);
	check_goals(now);
	check_restore(now, before);
	check_restore(before, now);
	daxhp_observation_unref(before);
	daxhp_observation_unref(now);
	return 0;
}
