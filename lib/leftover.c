// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A device that is being reconfigured is neither what it was nor what it is to be. Whoever is
 * killed there cannot undo any more; so how the device was is written down first, and the next one
 * goes the rest of the way back. An entry has done its work when its plan is over, however it
 * ended: who asked for the plan has been told.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "libdaxhp-private.h"

/* "-" stands for what there is none of. */
#define NONE "-"

/* ---- writing ---- */

static uint64_t first_block(const struct daxhp_observation *obs)
{
	return obs->n_blocks ? obs->blocks[0].id : 0;
}

/* Without blocks and attribute there is nothing to tell a device with kmem from one without. */
static enum daxhp_mode mode_of(const struct daxhp_observation *obs)
{
	if (obs->mode == DAXHP_MODE_SYSTEM_RAM && obs->n_present == 0 &&
	    !observation_has_attribute(obs))
		return DAXHP_MODE_UNBOUND;
	return obs->mode;
}

static const char *or_none(const char *word)
{
	return word && *word ? word : NONE;
}

static void print_entry(char *ret_words, const struct leftover *e)
{
	snprintf(ret_words, JOURNAL_LINE_MAX, "%s %s %s %s %" PRIu64 " %zu %d",
		 daxhp_mode_name(e->told.mode), or_none(daxhp_state_name(e->told.state)),
		 or_none(e->attribute_word), goal_name(e->told.goal), e->first_block, e->n_blocks,
		 e->told.pid);
}

int leftover_note(const struct daxhp_device *device, const struct daxhp_plan *plan)
{
	const struct daxhp_observation *obs = plan->before;
	const char *word = daxhp_state_name(state_from_name(obs->attribute_word));
	struct leftover entry = {
		.told = { mode_of(obs), obs->state, plan->goal, getpid() },
		.first_block = first_block(obs),
		.n_blocks = obs->n_blocks,
	};
	char words[JOURNAL_LINE_MAX];
	int r;

	if (!plan_leads_between(plan) || journal_get(device->name, words, sizeof(words)) > 0)
		return 0;
	if (word)
		strcpy(entry.attribute_word, word);
	print_entry(words, &entry);
	r = journal_put(device->name, words);
	return r < 0 ? r : 1;
}

void leftover_strike(const struct daxhp_device *device)
{
	journal_drop(device->name);
}

/* ---- reading ---- */

int leftover_parse(const char *words, struct leftover *ret_entry)
{
	struct leftover e = { 0 };
	char mode[32], state[32], goal[32], again[JOURNAL_LINE_MAX];

	if (sscanf(words, "%31s %31s %63s %31s %" SCNu64 " %zu %d", mode, state, e.attribute_word,
		   goal, &e.first_block, &e.n_blocks, &e.told.pid) != 7)
		return -EBADMSG;
	if (!mode_from_name(mode, &e.told.mode) || !goal_from_name(goal, &e.told.goal))
		return -EBADMSG;
	e.told.state = strcmp(state, daxhp_state_name(DAXHP_INCONSISTENT)) == 0
			       ? DAXHP_INCONSISTENT
			       : state_from_name(state);
	if (strcmp(e.attribute_word, NONE) == 0)
		e.attribute_word[0] = '\0';
	else if (state_from_name(e.attribute_word) == DAXHP_STATE_NONE)
		return -EBADMSG;
	/* What would be written otherwise was not written here. */
	print_entry(again, &e);
	if (strcmp(again, words) != 0)
		return -EBADMSG;
	*ret_entry = e;
	return 0;
}

/* 1: there is an entry, 0: there is none. */
static int read_entry(const struct daxhp_device *device, struct leftover *ret_entry)
{
	char words[JOURNAL_LINE_MAX];
	int r = journal_get(device->name, words, sizeof(words));

	if (r <= 0)
		return r;
	r = leftover_parse(words, ret_entry);
	return r < 0 ? r : 1;
}

/* A process that is at work has an entry, too, but holds the lock. */
static bool is_at_work(const struct daxhp_device *device)
{
	return !lock_is_mine(&device->lock) && lock_is_held(device->name);
}

EXPORT int daxhp_device_find_leftover(struct daxhp_device *device,
				      struct daxhp_device_leftover *ret_leftover)
{
	struct leftover entry;
	int r = read_entry(device, &entry);

	if (r <= 0 || is_at_work(device))
		return r < 0 ? r : 0;
	/* It may have been at work until now. */
	r = read_entry(device, &entry);
	if (r > 0)
		*ret_leftover = entry.told;
	return r;
}

/* ---- the way back ---- */

static struct memblock block_before(const struct leftover *e, uint64_t id)
{
	struct memblock block = { .id = id, .zone = DAXHP_ZONE_UNKNOWN };

	if (state_is_online(e->told.state)) {
		block.state = MEMBLOCK_ONLINE;
		block.zone = e->told.state == DAXHP_ONLINE_MOVABLE ? DAXHP_ZONE_MOVABLE
								   : DAXHP_ZONE_NORMAL;
	} else if (e->told.state == DAXHP_OFFLINE) {
		block.state = MEMBLOCK_OFFLINE;
	}
	return block;
}

/* What the dead process saw; its word holds for every block. */
static struct daxhp_observation *as_before(const struct daxhp_observation *now,
					   const struct leftover *e)
{
	struct daxhp_observation *obs = calloc(1, sizeof(*obs));

	if (!obs)
		return NULL;
	obs->refcount = 1;
	obs->mode = e->told.mode;
	obs->hotremove = true;
	if (obs->mode == DAXHP_MODE_SYSTEM_RAM)
		obs->interface = *e->attribute_word ? DAXHP_INTERFACE_STATE
						    : DAXHP_INTERFACE_MEMORY_BLOCKS;
	strcpy(obs->attribute_word, e->attribute_word);
	obs->n_blocks = now->n_blocks;
	obs->blocks = calloc(now->n_blocks + 1, sizeof(*obs->blocks));
	if (!obs->blocks)
		return daxhp_observation_unref(obs);
	for (size_t i = 0; i < now->n_blocks; i++)
		obs->blocks[i] = block_before(e, now->blocks[i].id);
	observation_derive(obs);
	return obs;
}

/*
 * Can a reconfiguration have come this far and no further? What is whole again is somebody else's
 * doing since, and was meant.
 */
static bool is_between(const struct daxhp_observation *now)
{
	if (now->mode == DAXHP_MODE_UNBOUND)
		return now->state == DAXHP_UNPLUGGED;
	return now->mode == DAXHP_MODE_SYSTEM_RAM &&
	       (now->state == DAXHP_UNPLUGGED || now->state == DAXHP_OFFLINE ||
		now->state == DAXHP_INCONSISTENT);
}

/* 1: it is as it was; 0: it was so already, or is at the goal; -ESTALE: not for us to change. */
static int go_back(struct daxhp_device *device, const struct leftover *e,
		   struct daxhp_result **ret_result)
{
	_cleanup_(cleanup_observation) struct daxhp_observation *now = NULL, *before = NULL;
	int r = daxhp_observe(device, &now);

	if (r < 0)
		return r;
	if (now->blocks_error < 0)
		return now->blocks_error;
	if (now->n_blocks != e->n_blocks || first_block(now) != e->first_block ||
	    observation_meets(now, e->told.goal))
		return 0;
	before = as_before(now, e);
	if (!before)
		return -ENOMEM;
	if (observation_equal(now, before))
		return 0;
	if (e->told.state == DAXHP_INCONSISTENT || !is_between(now))
		return -ESTALE;
	r = apply_restore(device, now, before, ret_result);
	return r < 0 ? r : 1;
}

static int repair_locked(struct daxhp_device *device, struct daxhp_result **ret_result)
{
	struct leftover entry;
	int r = read_entry(device, &entry);

	if (r > 0) {
		r = go_back(device, &entry, ret_result);
	} else if (journal_is_void(r)) {
		log_debug(device->ctx, "%s: the note of it is struck out: %s", device->name,
			  strerror(-r));
		r = 0;
	} else {
		return r;
	}
	if (r >= 0 || r == -ESTALE)
		leftover_strike(device);
	return r;
}

EXPORT int daxhp_device_repair(struct daxhp_device *device, struct daxhp_result **ret_result)
{
	struct daxhp_device_leftover ignored;
	bool was_locked = lock_is_mine(&device->lock);
	int r = daxhp_device_find_leftover(device, &ignored), holder;

	*ret_result = NULL;
	if (r == 0)
		return 0;
	r = daxhp_device_lock(device, 0, &holder);
	if (r < 0)
		return r;
	r = repair_locked(device, ret_result);
	if (!was_locked)
		daxhp_device_unlock(device);
	return r;
}

/* ---- devices that are no more ---- */

/* "dax0.0.journal" to "dax0.0"; false for any other file. */
static bool device_of_file(const char *file, char *ret_name, size_t size)
{
	size_t len = strlen(file), ending = strlen(JOURNAL_ENDING);

	if (len <= ending || len - ending >= size ||
	    strcmp(file + len - ending, JOURNAL_ENDING) != 0)
		return false;
	memcpy(ret_name, file, len - ending);
	ret_name[len - ending] = '\0';
	return daxhp_device_name_is_valid(ret_name);
}

EXPORT int daxhp_forget_leftovers(struct daxhp_ctx *ctx)
{
	_cleanup_closedir_ DIR *dir = run_dir_list();
	struct dirent *de;
	char name[32];
	int n = 0;

	while (dir && (de = readdir(dir))) {
		struct lock lock;
		int holder;

		if (!device_of_file(de->d_name, name, sizeof(name)) || !device_is_gone(name))
			continue;
		if (lock_take(ctx, name, 0, &lock, &holder) < 0)
			continue;
		if (journal_drop(name) == 0)
			n++;
		lock_drop(&lock);
	}
	return n;
}
