// SPDX-License-Identifier: LGPL-2.1-or-later
/* Makes observations from text, and text from observations and plans, for readable tables. */
#include <inttypes.h>

#include "unit.h"

static const struct {
	char letter;
	enum memblock_state state;
	enum daxhp_zone zone;
} letters[] = {
	{ '.', MEMBLOCK_MISSING, DAXHP_ZONE_UNKNOWN },
	{ '-', MEMBLOCK_OFFLINE, DAXHP_ZONE_UNKNOWN },
	{ 'M', MEMBLOCK_ONLINE, DAXHP_ZONE_MOVABLE },
	{ 'N', MEMBLOCK_ONLINE, DAXHP_ZONE_NORMAL },
	{ '3', MEMBLOCK_ONLINE, DAXHP_ZONE_DMA32 },
	{ 'D', MEMBLOCK_ONLINE, DAXHP_ZONE_DMA },
	{ '?', MEMBLOCK_ONLINE, DAXHP_ZONE_UNKNOWN },
	/* memblock_read() reads the zone only of an online block. */
	{ 'm', MEMBLOCK_GOING_OFFLINE, DAXHP_ZONE_UNKNOWN },
};

static void fill_block(struct memblock *block, size_t i, char letter)
{
	block->id = FIRST_BLOCK + i;
	for (size_t k = 0; k < ARRAY_SIZE(letters); k++) {
		if (letters[k].letter != letter)
			continue;
		block->state = letters[k].state;
		block->zone = letters[k].zone;
		return;
	}
	fail_msg("no block has the letter '%c'", letter);
}

static char letter_of(const struct memblock *block)
{
	for (size_t k = 0; k < ARRAY_SIZE(letters); k++)
		if (letters[k].state == block->state &&
		    (block->state != MEMBLOCK_ONLINE || letters[k].zone == block->zone))
			return letters[k].letter;
	return '!';
}

static struct daxhp_observation *make_underived(const char *blocks)
{
	struct daxhp_observation *obs = calloc(1, sizeof(*obs));

	assert_non_null(obs);
	obs->refcount = 1;
	obs->mode = DAXHP_MODE_SYSTEM_RAM;
	obs->interface = DAXHP_INTERFACE_MEMORY_BLOCKS;
	obs->hotremove = true;
	obs->has_kmem = true;
	obs->has_device_dax = true;
	obs->block_size = UINT64_C(128) << 20;
	obs->memmap_on_memory = -ENOENT;
	strcpy(obs->driver, "kmem");
	strcpy(obs->policy, "offline");
	obs->n_blocks = strlen(blocks);
	obs->blocks = calloc(obs->n_blocks + 1, sizeof(*obs->blocks));
	assert_non_null(obs->blocks);
	for (size_t i = 0; i < obs->n_blocks; i++)
		fill_block(&obs->blocks[i], i, blocks[i]);
	return obs;
}

struct daxhp_observation *make_observation(const char *blocks)
{
	struct daxhp_observation *obs = make_underived(blocks);

	observation_derive(obs);
	return obs;
}

struct daxhp_observation *
make_attribute_observation(const char *blocks, enum daxhp_interface interface, const char *word)
{
	struct daxhp_observation *obs = make_underived(blocks);

	obs->interface = interface;
	obs->has_later_attribute = true;
	snprintf(obs->attribute_word, sizeof(obs->attribute_word), "%s", word);
	observation_derive(obs);
	return obs;
}

struct daxhp_observation *make_mode_observation(const char *blocks, enum daxhp_mode mode)
{
	static const char *const drivers[] = {
		[DAXHP_MODE_UNBOUND] = "",	    [DAXHP_MODE_SYSTEM_RAM] = "kmem",
		[DAXHP_MODE_DEVDAX] = "device_dax", [DAXHP_MODE_FAMFS] = "fsdev_dax",
		[DAXHP_MODE_OTHER] = "else_dax",
	};
	struct daxhp_observation *obs = make_underived(blocks);

	obs->mode = mode;
	obs->interface = DAXHP_INTERFACE_NONE;
	strcpy(obs->driver, drivers[mode]);
	observation_derive(obs);
	return obs;
}

const char *format_blocks(const struct daxhp_observation *obs)
{
	static char text[64];
	size_t i;

	for (i = 0; i < obs->n_blocks && i + 1 < sizeof(text); i++)
		text[i] = letter_of(&obs->blocks[i]);
	text[i] = '\0';
	return text;
}

static void format_step(FILE *f, const struct daxhp_step *step)
{
	const char *word = daxhp_state_name(daxhp_step_get_word(step));
	const char *driver = daxhp_step_get_driver(step);
	const uint64_t *ids;
	size_t n = daxhp_step_get_blocks(step, &ids);

	fputs(daxhp_step_get_name(step), f);
	if (word)
		fprintf(f, " %s", word);
	if (driver && strcmp(driver, "kmem") != 0)
		fprintf(f, " %s", driver);
	for (size_t i = 0; i < n && i < 4; i++)
		fprintf(f, "%c%" PRIu64, i ? ',' : ' ', ids[i]);
	if (n > 4)
		fprintf(f, "..%" PRIu64, ids[n - 1]);
}

const char *format_plan(const struct daxhp_plan *plan)
{
	static char text[512];
	FILE *f = fmemopen(text, sizeof(text), "w");

	assert_non_null(f);
	text[0] = '\0';
	for (size_t i = 0; i < daxhp_plan_count_steps(plan); i++) {
		fputs(i ? "; " : "", f);
		format_step(f, daxhp_plan_get_step(plan, i));
	}
	fclose(f);
	return text;
}

const struct goal all_goals[GOALS_COUNT] = {
	GOAL_UNPLUGGED,
	GOAL_ONLINE,
	GOAL_ONLINE_KERNEL,
	GOAL_ONLINE_MOVABLE,
	GOAL(DAXHP_ONLINE, true, false),
	GOAL_MOVE_KERNEL,
	GOAL_MOVE_MOVABLE,
	GOAL(DAXHP_ONLINE, false, true),
	GOAL(DAXHP_ONLINE_KERNEL, false, true),
	GOAL(DAXHP_ONLINE_MOVABLE, false, true),
	GOAL_SYSTEM_RAM,
	GOAL_SYSTEM_RAM_KERNEL,
	GOAL_SYSTEM_RAM_MOVABLE,
	GOAL_SYSTEM_RAM_OFF,
	GOAL_DEVDAX,
	GOAL_UNBOUND(false),
	GOAL_UNBOUND(true),
};

const char *format_goal(struct goal goal)
{
	static char text[GOAL_TEXT_MAX];

	goal_print(goal, text);
	return text;
}
