// SPDX-License-Identifier: LGPL-2.1-or-later
/* A goal, when it is reached, and its text in the journal. Pure. */
#include <stdio.h>
#include <string.h>

#include "model.h"

bool goal_is_valid(struct goal goal)
{
	bool may_all = goal.may_move && goal.may_rebind;

	if (goal.mode == DAXHP_MODE_DEVDAX)
		return goal.state == DAXHP_STATE_NONE && may_all;
	if (goal.mode == DAXHP_MODE_UNBOUND)
		return goal.state == DAXHP_UNPLUGGED && !goal.may_move;
	if (goal.mode != DAXHP_MODE_SYSTEM_RAM)
		return false;
	/* A device without a driver counts as unplugged, too: no need to rebind it. */
	if (goal.state == DAXHP_UNPLUGGED)
		return !goal.may_move && !goal.may_rebind;
	return state_is_online(goal.state) || (goal.state == DAXHP_OFFLINE && may_all);
}

bool goal_is_without_memory(struct goal goal)
{
	return goal.mode == DAXHP_MODE_DEVDAX || goal.state == DAXHP_UNPLUGGED;
}

enum memblock_state goal_block_state(struct goal goal, const struct daxhp_observation *obs)
{
	bool wants_off = goal.state == DAXHP_OFFLINE;

	if (goal_is_without_memory(goal) || (wants_off && observation_has_attribute(obs)))
		return MEMBLOCK_MISSING;
	return wants_off ? MEMBLOCK_OFFLINE : MEMBLOCK_ONLINE;
}

static bool is_off(const struct daxhp_observation *obs)
{
	if (obs->mode != DAXHP_MODE_SYSTEM_RAM)
		return false;
	return obs->state == (observation_has_attribute(obs) ? DAXHP_UNPLUGGED : DAXHP_OFFLINE);
}

bool observation_meets(const struct daxhp_observation *obs, struct goal goal)
{
	if (goal.mode != DAXHP_MODE_SYSTEM_RAM)
		return obs->mode == goal.mode && obs->n_present == 0;
	switch (goal.state) {
	case DAXHP_UNPLUGGED:
		return obs->state == DAXHP_UNPLUGGED;
	case DAXHP_OFFLINE:
		return is_off(obs);
	case DAXHP_ONLINE:
		return state_is_online(obs->state);
	case DAXHP_ONLINE_KERNEL:
		return obs->state == DAXHP_ONLINE || obs->state == DAXHP_ONLINE_KERNEL;
	default:
		return obs->state == DAXHP_ONLINE_MOVABLE;
	}
}

/* ---- text ---- */

static const char *const ways[] = { JOURNAL_NONE, "move", "rebind", "move,rebind" };

void goal_print(struct goal goal, char *ret_text)
{
	const char *state = daxhp_state_name(goal.state);

	snprintf(ret_text, GOAL_TEXT_MAX, "%s %s %s", daxhp_mode_name(goal.mode),
		 state ? state : JOURNAL_NONE, ways[goal.may_move + 2 * goal.may_rebind]);
}

bool goal_parse(const char *mode, const char *state, const char *way, struct goal *ret_goal)
{
	struct goal goal = { .state = state_from_name(state) };

	if (!mode_from_name(mode, &goal.mode) ||
	    (goal.state == DAXHP_STATE_NONE && strcmp(state, JOURNAL_NONE) != 0))
		return false;
	for (unsigned int i = 0; i < ARRAY_SIZE(ways); i++) {
		if (strcmp(way, ways[i]) != 0)
			continue;
		goal.may_move = i & 1;
		goal.may_rebind = i & 2;
		*ret_goal = goal;
		return goal_is_valid(goal);
	}
	return false;
}
