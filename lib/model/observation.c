// SPDX-License-Identifier: LGPL-2.1-or-later
/* An observation: the state of the device, computed from its blocks; and the getters. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "model.h"

static void count(struct daxhp_observation *obs)
{
	obs->n_present = obs->n_online = 0;
	memset(obs->n_zone, 0, sizeof(obs->n_zone));
	for (size_t i = 0; i < obs->n_blocks; i++) {
		const struct memblock *block = &obs->blocks[i];

		obs->n_present += block->state != MEMBLOCK_MISSING;
		/* Memory that is going offline is still in use. */
		if (block->state == MEMBLOCK_ONLINE || block->state == MEMBLOCK_GOING_OFFLINE) {
			obs->n_online++;
			obs->n_zone[block->zone]++;
		}
	}
}

static size_t count_going(const struct daxhp_observation *obs)
{
	size_t n = 0;

	for (size_t i = 0; i < obs->n_blocks; i++)
		n += obs->blocks[i].state == MEMBLOCK_GOING_OFFLINE;
	return n;
}

/* The state by the blocks alone, whatever the attribute claims. */
static enum daxhp_state state_of_blocks(const struct daxhp_observation *obs)
{
	size_t kernel = obs->n_zone[DAXHP_ZONE_DMA] + obs->n_zone[DAXHP_ZONE_DMA32] +
			obs->n_zone[DAXHP_ZONE_NORMAL];

	if (obs->n_present == 0)
		return DAXHP_UNPLUGGED;
	if (obs->n_present < obs->n_blocks || count_going(obs) > 0)
		return DAXHP_INCONSISTENT;
	if (obs->n_online == 0)
		return DAXHP_OFFLINE;
	if (obs->n_zone[DAXHP_ZONE_MOVABLE] == obs->n_blocks)
		return DAXHP_ONLINE_MOVABLE;
	/* A kernel without hot-remove shows no zones. But the blocks are online. */
	if (kernel == obs->n_blocks || (!obs->hotremove && obs->n_online == obs->n_blocks))
		return DAXHP_ONLINE;
	return DAXHP_INCONSISTENT;
}

static enum daxhp_state reconcile(enum daxhp_state blocks, enum daxhp_state attribute)
{
	if (attribute == blocks)
		return blocks;
	/* The word "online" is true in any zone; the other words claim one. */
	if (attribute == DAXHP_ONLINE && blocks == DAXHP_ONLINE_MOVABLE)
		return blocks;
	if (attribute == DAXHP_ONLINE_KERNEL && blocks == DAXHP_ONLINE)
		return DAXHP_ONLINE_KERNEL;
	return DAXHP_INCONSISTENT;
}

static enum daxhp_state state_of(const struct daxhp_observation *obs)
{
	enum daxhp_state blocks;

	if (obs->blocks_error < 0)
		return DAXHP_STATE_NONE;
	blocks = state_of_blocks(obs);
	if (obs->mode == DAXHP_MODE_UNBOUND)
		return blocks == DAXHP_UNPLUGGED ? blocks : DAXHP_INCONSISTENT;
	if (obs->mode != DAXHP_MODE_SYSTEM_RAM)
		return DAXHP_STATE_NONE;
	if (obs->interface == DAXHP_INTERFACE_MEMORY_BLOCKS)
		return blocks;
	return reconcile(blocks, state_from_name(obs->attribute_word));
}

void observation_derive(struct daxhp_observation *obs)
{
	count(obs);
	obs->state = state_of(obs);
}

bool zone_fits(enum daxhp_zone zone, enum daxhp_state word)
{
	switch (word) {
	case DAXHP_ONLINE:
		return true;
	case DAXHP_ONLINE_KERNEL:
		return zone <= DAXHP_ZONE_NORMAL;
	case DAXHP_ONLINE_MOVABLE:
		return zone == DAXHP_ZONE_MOVABLE;
	default:
		return false;
	}
}

enum daxhp_state observation_default_zone(const struct daxhp_observation *obs)
{
	return state_from_name(obs->policy) == DAXHP_ONLINE_KERNEL ? DAXHP_ONLINE_KERNEL
								   : DAXHP_ONLINE_MOVABLE;
}

bool memblock_equal(const struct memblock *a, const struct memblock *b)
{
	if (a->state != b->state)
		return false;
	return a->state != MEMBLOCK_ONLINE ||
	       (a->zone == DAXHP_ZONE_MOVABLE) == (b->zone == DAXHP_ZONE_MOVABLE);
}

bool observation_equal(const struct daxhp_observation *a, const struct daxhp_observation *b)
{
	if (a->is_gone != b->is_gone || a->mode != b->mode || a->n_blocks != b->n_blocks ||
	    a->blocks_error != b->blocks_error || strcmp(a->attribute_word, b->attribute_word) != 0)
		return false;
	for (size_t i = 0; i < a->n_blocks; i++)
		if (!memblock_equal(&a->blocks[i], &b->blocks[i]))
			return false;
	return true;
}

bool observation_has_attribute(const struct daxhp_observation *obs)
{
	return obs->interface == DAXHP_INTERFACE_STATE || obs->interface == DAXHP_INTERFACE_HOTPLUG;
}

const struct memblock *observation_find_block(const struct daxhp_observation *observation,
					      uint64_t id)
{
	for (size_t i = 0; i < observation->n_blocks; i++)
		if (observation->blocks[i].id == id)
			return &observation->blocks[i];
	return NULL;
}

bool observation_is_down(const struct daxhp_observation *now)
{
	return now->n_present == 0 && (!observation_has_attribute(now) ||
				       state_from_name(now->attribute_word) == DAXHP_UNPLUGGED);
}

/* ---- getters ---- */

EXPORT struct daxhp_observation *daxhp_observation_ref(struct daxhp_observation *obs)
{
	obs->refcount++;
	return obs;
}

EXPORT struct daxhp_observation *daxhp_observation_unref(struct daxhp_observation *obs)
{
	if (obs && --obs->refcount == 0) {
		free(obs->blocks);
		memory_clear(&obs->memory);
		free(obs);
	}
	return NULL;
}

GETTER(observation, enum daxhp_mode, mode)

EXPORT const char *daxhp_observation_get_driver(const struct daxhp_observation *obs)
{
	return *obs->driver ? obs->driver : NULL;
}

GETTER(observation, enum daxhp_interface, interface)
GETTER(observation, enum daxhp_state, state)

EXPORT const char *daxhp_observation_get_attribute_word(const struct daxhp_observation *obs)
{
	return *obs->attribute_word ? obs->attribute_word : NULL;
}

EXPORT const char *daxhp_observation_get_policy(const struct daxhp_observation *obs)
{
	return *obs->policy ? obs->policy : NULL;
}

GETTER(observation, int, memmap_on_memory)

EXPORT bool daxhp_observation_is_wedged(const struct daxhp_observation *obs)
{
	return obs->mode != DAXHP_MODE_SYSTEM_RAM && obs->n_present > 0;
}

GETTER(observation, int, blocks_error)

EXPORT const char *daxhp_observation_get_blocks_error_file(const struct daxhp_observation *obs)
{
	return obs->blocks_error < 0 && *obs->blocks_error_file ? obs->blocks_error_file : NULL;
}

GETTER(observation, uint64_t, block_size)

EXPORT uint64_t daxhp_observation_get_room_needed(const struct daxhp_observation *obs)
{
	return memmap_room_needed(obs, sysconf(_SC_PAGESIZE));
}

GETTER(observation, uint64_t, room)

EXPORT size_t daxhp_observation_count_blocks(const struct daxhp_observation *obs)
{
	return obs->n_blocks;
}

EXPORT size_t daxhp_observation_count_present(const struct daxhp_observation *obs)
{
	return obs->n_present;
}

EXPORT size_t daxhp_observation_count_online(const struct daxhp_observation *obs)
{
	return obs->n_online;
}

EXPORT int daxhp_observation_get_block(const struct daxhp_observation *obs, size_t i,
				       uint64_t *ret_id, enum daxhp_block_state *ret_state,
				       enum daxhp_zone *ret_zone)
{
	if (i >= obs->n_blocks)
		return -ERANGE;
	if (ret_id)
		*ret_id = obs->blocks[i].id;
	if (ret_state)
		*ret_state = (enum daxhp_block_state)obs->blocks[i].state;
	if (ret_zone)
		*ret_zone = obs->blocks[i].zone;
	return 0;
}

EXPORT size_t daxhp_observation_count_zone(const struct daxhp_observation *obs,
					   enum daxhp_zone zone)
{
	return (size_t)zone < DAXHP_ZONE_MAX ? obs->n_zone[zone] : 0;
}
