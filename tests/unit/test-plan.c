// SPDX-License-Identifier: LGPL-2.1-or-later
/* The planner: every row of "Plans" in docs/architecture.md, and the rules for every plan. */
#include "unit.h"

struct row {
	const char *blocks;
	enum daxhp_interface interface;
	const char *word; /* the attribute's */
	const char *policy;
	struct goal goal;
	enum daxhp_failure_kind refusal;
	const char *steps;
};

#define UNPLUGGED GOAL_UNPLUGGED
#define ONLINE GOAL_ONLINE
#define KERNEL GOAL_ONLINE_KERNEL
#define MOVABLE GOAL_ONLINE_MOVABLE
#define BLOCKS DAXHP_INTERFACE_MEMORY_BLOCKS
#define STATE DAXHP_INTERFACE_STATE
#define HOTPLUG DAXHP_INTERFACE_HOTPLUG
#define NONE DAXHP_INTERFACE_NONE
#define NO_REFUSAL DAXHP_FAILURE_NONE

/* clang-format off */
static const struct row rows[] = {
	/* Goal online: already there. Plain `online` accepts any online word. */
	{ "MM", BLOCKS, "", "offline", ONLINE, NO_REFUSAL, "" },
	{ "NN", BLOCKS, "", "offline", ONLINE, NO_REFUSAL, "" },
	{ "MM", BLOCKS, "", "offline", MOVABLE, NO_REFUSAL, "" },
	{ "N3", BLOCKS, "", "offline", KERNEL, NO_REFUSAL, "" },
	{ "MM", STATE, "online_movable", "offline", MOVABLE, NO_REFUSAL, "" },
	{ "MM", STATE, "online", "offline", ONLINE, NO_REFUSAL, "" },
	{ "NN", HOTPLUG, "online_kernel", "offline", KERNEL, NO_REFUSAL, "" },
	{ "NN", HOTPLUG, "online_kernel", "offline", ONLINE, NO_REFUSAL, "" },
	/* Unplugged, attribute: write the word. */
	{ "..", STATE, "unplugged", "offline", ONLINE, NO_REFUSAL, "write-attribute online_movable" },
	{ "..", STATE, "unplugged", "online_kernel", ONLINE, NO_REFUSAL, "write-attribute online_kernel" },
	{ "..", STATE, "unplugged", "online", KERNEL, NO_REFUSAL, "write-attribute online_kernel" },
	{ "..", STATE, "unplugged", "offline", MOVABLE, NO_REFUSAL, "write-attribute online_movable" },
	{ "..", HOTPLUG, "unplugged", "offline", MOVABLE, NO_REFUSAL, "write-attribute online_movable" },
	/* Unplugged, no driver: the policy chooses the zone. It is set
	 * whatever was seen there: that may have been another daxhp's. */
	{ "..", NONE, "", "offline", ONLINE, NO_REFUSAL, "set-policy online_movable; bind; restore-policy" },
	{ "..", NONE, "", "online_kernel", ONLINE, NO_REFUSAL, "set-policy online_kernel; bind; restore-policy" },
	{ "..", NONE, "", "online_movable", ONLINE, NO_REFUSAL, "set-policy online_movable; bind; restore-policy" },
	{ "..", NONE, "", "offline", KERNEL, NO_REFUSAL, "set-policy online_kernel; bind; restore-policy" },
	{ "..", NONE, "", "online", MOVABLE, NO_REFUSAL, "set-policy online_movable; bind; restore-policy" },
	{ "..", NONE, "", "online_movable", MOVABLE, NO_REFUSAL, "set-policy online_movable; bind; restore-policy" },
	{ "..", NONE, "", "online", ONLINE, NO_REFUSAL, "set-policy online_movable; bind; restore-policy" },
	{ "..", NONE, "", "", MOVABLE, NO_REFUSAL, "set-policy online_movable; bind; restore-policy" },
	{ "..", NONE, "", "who knows", ONLINE, NO_REFUSAL, "set-policy online_movable; bind; restore-policy" },
	/* Offline, attribute: the kernel requires `unplugged` first. */
	{ "--", STATE, "offline", "offline", MOVABLE, NO_REFUSAL,
	  "write-attribute unplugged; write-attribute online_movable" },
	{ "--", HOTPLUG, "offline", "online_kernel", ONLINE, NO_REFUSAL,
	  "write-attribute unplugged; write-attribute online_kernel" },
	/* Offline, memory-blocks: under the guard, block by block. */
	{ "--", BLOCKS, "", "offline", ONLINE, NO_REFUSAL, "guard; write-blocks online_movable 32,33" },
	{ "--", BLOCKS, "", "offline", KERNEL, NO_REFUSAL, "guard; write-blocks online_kernel 32,33" },
	{ "--", BLOCKS, "", "offline", MOVABLE, NO_REFUSAL, "guard; write-blocks online_movable 32,33" },
	/* Inconsistent, and the online blocks fit: bring the others online, with any interface. */
	{ "M-M", BLOCKS, "", "offline", MOVABLE, NO_REFUSAL, "guard; write-blocks online_movable 33" },
	{ "M-M", STATE, "online_movable", "offline", MOVABLE, NO_REFUSAL, "guard; write-blocks online_movable 33" },
	{ "-N-", STATE, "online_kernel", "offline", KERNEL, NO_REFUSAL, "guard; write-blocks online_kernel 32,34" },
	{ "-3-", BLOCKS, "", "offline", KERNEL, NO_REFUSAL, "guard; write-blocks online_kernel 32,34" },
	{ "MmM", BLOCKS, "", "offline", UNPLUGGED, NO_REFUSAL,
	  "guard; write-blocks offline 32,33,34; check-offline; unbind" },
	/* Plain `online` uses the zone of the other blocks, not the kernel's choice. */
	{ "M-M", BLOCKS, "", "offline", ONLINE, NO_REFUSAL, "guard; write-blocks online_movable 33" },
	{ "N-N", BLOCKS, "", "offline", ONLINE, NO_REFUSAL, "guard; write-blocks online_kernel 33" },
	{ "M-M", STATE, "online", "offline", ONLINE, NO_REFUSAL, "guard; write-blocks online_movable 33" },
	/* A kernel whose word follows the blocks says that no word fits. */
	{ "M-M", HOTPLUG, "unknown", "offline", MOVABLE, NO_REFUSAL, "guard; write-blocks online_movable 33" },
	{ "M-M", STATE, "unknown", "offline", ONLINE, NO_REFUSAL, "guard; write-blocks online_movable 33" },
	{ "MN", HOTPLUG, "unknown", "offline", MOVABLE, DAXHP_REFUSED_OTHER_ZONE, "" },
	{ "M-", HOTPLUG, "unknown", "offline", UNPLUGGED, NO_REFUSAL, "write-attribute unplugged" },
	/* A word that would be false with all blocks online must be written again. */
	{ "M-M", STATE, "online_kernel", "offline", MOVABLE, NO_REFUSAL,
	  "write-attribute unplugged; write-attribute online_movable" },
	{ "MM", STATE, "offline", "offline", MOVABLE, NO_REFUSAL,
	  "write-attribute unplugged; write-attribute online_movable" },
	/* The word is `unplugged` and is not true. To write it again would do nothing. */
	{ "--", STATE, "unplugged", "offline", MOVABLE, NO_REFUSAL,
	  "guard; check-offline; unbind; set-policy online_movable; bind; restore-policy" },
	{ "M-", STATE, "unplugged", "online_movable", ONLINE, NO_REFUSAL,
	  "guard; write-blocks offline 32; check-offline; unbind; set-policy online_movable; bind; restore-policy" },
	{ "-.", STATE, "unplugged", "offline", UNPLUGGED, NO_REFUSAL, "guard; check-offline; unbind" },
	{ "M-", STATE, "unplugged", "offline", UNPLUGGED, NO_REFUSAL,
	  "guard; write-blocks offline 32; check-offline; unbind" },
	/* The word says that there is memory, but there is none. */
	{ "..", STATE, "online_movable", "offline", ONLINE, NO_REFUSAL,
	  "write-attribute unplugged; write-attribute online_movable" },
	/* Plain `online` goes where it would go without the present word, and makes it true. */
	{ "--", STATE, "online_movable", "offline", ONLINE, NO_REFUSAL,
	  "guard; write-blocks online_movable 32,33" },
	{ "--", STATE, "online_kernel", "offline", ONLINE, NO_REFUSAL,
	  "write-attribute unplugged; write-attribute online_movable" },
	{ "--", STATE, "online_kernel", "online_kernel", ONLINE, NO_REFUSAL,
	  "guard; write-blocks online_kernel 32,33" },
	{ "--", STATE, "online", "online", ONLINE, NO_REFUSAL, "guard; write-blocks online_movable 32,33" },
	/* Online in another zone. */
	{ "MM", BLOCKS, "", "offline", KERNEL, DAXHP_REFUSED_OTHER_ZONE, "" },
	{ "NN", BLOCKS, "", "offline", MOVABLE, DAXHP_REFUSED_OTHER_ZONE, "" },
	{ "NN", STATE, "online", "offline", MOVABLE, DAXHP_REFUSED_OTHER_ZONE, "" },
	{ "MM", HOTPLUG, "online_movable", "offline", KERNEL, DAXHP_REFUSED_OTHER_ZONE, "" },
	{ "MN", BLOCKS, "", "offline", MOVABLE, DAXHP_REFUSED_OTHER_ZONE, "" },
	{ "MN", BLOCKS, "", "offline", KERNEL, DAXHP_REFUSED_OTHER_ZONE, "" },
	{ "MN", BLOCKS, "", "offline", ONLINE, DAXHP_REFUSED_OTHER_ZONE, "" },
	{ "-?", BLOCKS, "", "offline", MOVABLE, DAXHP_REFUSED_OTHER_ZONE, "" },
	{ "-?", BLOCKS, "", "offline", KERNEL, DAXHP_REFUSED_OTHER_ZONE, "" },
	/* Some blocks are present and some are not. A single block cannot be added. */
	{ "M.M", BLOCKS, "", "offline", MOVABLE, DAXHP_REFUSED_MISSING_BLOCKS, "" },
	{ "-.", STATE, "online_movable", "offline", ONLINE, DAXHP_REFUSED_MISSING_BLOCKS, "" },
	/* No block at all. */
	{ "", BLOCKS, "", "offline", ONLINE, DAXHP_REFUSED_TOO_SMALL, "" },
	{ "", NONE, "", "offline", MOVABLE, DAXHP_REFUSED_TOO_SMALL, "" },
	{ "", NONE, "", "offline", UNPLUGGED, NO_REFUSAL, "" },

	/* Goal unplugged: none present. */
	{ "..", STATE, "unplugged", "offline", UNPLUGGED, NO_REFUSAL, "" },
	{ "..", NONE, "", "offline", UNPLUGGED, NO_REFUSAL, "" },
	{ "..", BLOCKS, "", "offline", UNPLUGGED, NO_REFUSAL, "" },
	/* Attribute: write `unplugged`. */
	{ "MM", STATE, "online_movable", "offline", UNPLUGGED, NO_REFUSAL, "write-attribute unplugged" },
	{ "NN", HOTPLUG, "online", "offline", UNPLUGGED, NO_REFUSAL, "write-attribute unplugged" },
	{ "--", STATE, "offline", "offline", UNPLUGGED, NO_REFUSAL, "write-attribute unplugged" },
	{ "M-.", STATE, "online_movable", "offline", UNPLUGGED, NO_REFUSAL, "write-attribute unplugged" },
	{ "..", STATE, "online", "offline", UNPLUGGED, NO_REFUSAL, "write-attribute unplugged" },
	/* Memory-blocks: the online blocks, guarded, and the check right before the unbind. */
	{ "MM", BLOCKS, "", "offline", UNPLUGGED, NO_REFUSAL,
	  "guard; write-blocks offline 32,33; check-offline; unbind" },
	{ "M-N", BLOCKS, "", "online", UNPLUGGED, NO_REFUSAL,
	  "guard; write-blocks offline 32,34; check-offline; unbind" },
	{ "M.-", BLOCKS, "", "offline", UNPLUGGED, NO_REFUSAL,
	  "guard; write-blocks offline 32; check-offline; unbind" },
	{ "--", BLOCKS, "", "offline", UNPLUGGED, NO_REFUSAL, "guard; check-offline; unbind" },
	/* Wedged: nothing helps. */
	{ "M.", NONE, "", "offline", UNPLUGGED, DAXHP_REFUSED_WEDGED, "" },
	{ "MM", NONE, "", "offline", ONLINE, DAXHP_REFUSED_WEDGED, "" },
	{ "-.", NONE, "", "offline", MOVABLE, DAXHP_REFUSED_WEDGED, "" },
};

/* The kernel would bring a device of this size online in the dear order. */
static const struct row large_rows[] = {
	{ "...", NONE, "", "offline", MOVABLE, NO_REFUSAL,
	  "set-policy offline; bind; restore-policy; claim online_movable; write-blocks online_movable 32,33,34" },
	{ "...", NONE, "", "online_movable", KERNEL, NO_REFUSAL,
	  "set-policy offline; bind; restore-policy; claim online_kernel; write-blocks online_kernel 32,33,34" },
	{ "...", BLOCKS, "", "offline", MOVABLE, NO_REFUSAL,
	  "check-offline; unbind; set-policy offline; bind; restore-policy; claim online_movable; "
	  "write-blocks online_movable 32,33,34" },
	{ "---", BLOCKS, "", "offline", MOVABLE, NO_REFUSAL, "guard; write-blocks online_movable 32,33,34" },
	/* An attribute does it in one write. */
	{ "...", STATE, "unplugged", "offline", MOVABLE, NO_REFUSAL, "write-attribute online_movable" },
	{ "-..", STATE, "unplugged", "offline", UNPLUGGED, NO_REFUSAL, "guard; check-offline; unbind" },
	{ "---", STATE, "unplugged", "offline", MOVABLE, NO_REFUSAL,
	  "guard; check-offline; unbind; set-policy online_movable; bind; restore-policy" },
};
/* clang-format on */

/* For the plans that are made from here on. */
static bool is_forced;

static struct daxhp_observation *make_from_row(const struct row *row)
{
	struct daxhp_observation *obs;

	if (row->interface == BLOCKS)
		obs = make_observation(row->blocks);
	else if (row->interface == NONE)
		obs = make_mode_observation(row->blocks, DAXHP_MODE_UNBOUND);
	else
		obs = make_attribute_observation(row->blocks, row->interface, row->word);
	strcpy(obs->policy, row->policy);
	return obs;
}

static void check_plan(struct daxhp_observation *obs, const struct row *row, size_t i)
{
	struct daxhp_plan *plan;

	assert_int_equal(plan_new(obs, row->goal, is_forced, &plan), 0);
	assert_msg(plan->refusal.kind == row->refusal, "row %zu, %s '%s': refusal %d", i,
		   row->blocks, row->word, plan->refusal.kind);
	assert_msg(strcmp(format_plan(plan), row->steps) == 0, "row %zu, %s '%s': %s", i,
		   row->blocks, row->word, format_plan(plan));
	daxhp_plan_free(plan);
}

static void test_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct daxhp_observation *obs = make_from_row(&rows[i]);

		check_plan(obs, &rows[i], i);
		daxhp_observation_unref(obs);
	}
}

static struct daxhp_observation *make_large(const struct row *row)
{
	struct daxhp_observation *obs = make_from_row(row);

	obs->block_size = UINT64_C(1) << 40;
	return obs;
}

static void test_large_bind(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(large_rows); i++) {
		struct daxhp_observation *obs = make_large(&large_rows[i]);

		check_plan(obs, &large_rows[i], i);
		daxhp_observation_unref(obs);
	}
}

/* The kernel has to bring it online itself. */
static void check_by_policy(struct daxhp_observation *obs)
{
	static const struct row by_policy = {
		.blocks = "...",
		.word = "",
		.goal = MOVABLE,
		.steps = "set-policy online_movable; bind; restore-policy",
	};

	check_plan(obs, &by_policy, 0);
	daxhp_observation_unref(obs);
}

static void test_large_bind_by_policy(void **state)
{
	const struct row row = { .blocks = "...", .interface = NONE, .policy = "offline" };
	struct daxhp_observation *obs;
	struct daxhp_plan *plan;

	(void)state;
	/* With an attribute, the word would not be true. */
	obs = make_large(&row);
	obs->has_later_attribute = true;
	check_by_policy(obs);
	/* What fails halfway could not be undone. */
	obs = make_large(&row);
	obs->hotremove = false;
	check_by_policy(obs);
	/* One byte less, as it were. */
	obs = make_large(&row);
	obs->block_size /= 2;
	check_by_policy(obs);
	/* The first try has failed. */
	obs = make_large(&row);
	assert_int_equal(plan_new(obs, MOVABLE, is_forced, &plan), 0);
	assert_true(plan->is_by_blocks);
	assert_int_equal(plan_use_policy(plan), 0);
	assert_false(plan->is_by_blocks);
	assert_string_equal(format_plan(plan), "set-policy online_movable; bind; restore-policy");
	daxhp_plan_free(plan);
	daxhp_observation_unref(obs);
}

/* ---- reconfigure ---- */

#define SYSTEM_RAM DAXHP_MODE_SYSTEM_RAM
#define UNBOUND DAXHP_MODE_UNBOUND
#define DEVDAX DAXHP_MODE_DEVDAX
#define FAMFS DAXHP_MODE_FAMFS
#define TO_KERNEL GOAL_MOVE_KERNEL
#define TO_MOVABLE GOAL_MOVE_MOVABLE
#define RAM GOAL_SYSTEM_RAM
#define RAM_KERNEL GOAL_SYSTEM_RAM_KERNEL
#define RAM_MOVABLE GOAL_SYSTEM_RAM_MOVABLE
#define RAM_OFF GOAL_SYSTEM_RAM_OFF
#define TO_DEVDAX GOAL_DEVDAX
#define TO_NONE GOAL_UNBOUND(true)

struct side {
	const char *blocks;
	enum daxhp_mode mode;
	const char *word; /* the attribute's; NULL: there is none */
};

static struct daxhp_observation *make_side(const struct side *side)
{
	if (side->mode != SYSTEM_RAM)
		return make_mode_observation(side->blocks, side->mode);
	return side->word ? make_attribute_observation(side->blocks, STATE, side->word)
			  : make_observation(side->blocks);
}

/* clang-format off */
static const struct {
	struct side before;
	struct goal goal;
	enum daxhp_failure_kind refusal;
	const char *steps;
	bool leads_between; /* if it is killed in the middle, the device is in neither state */
} moves[] = {
	/* Between the zones: unplugged, then online again, as a whole. */
	{ { "MM", SYSTEM_RAM, NULL }, TO_MOVABLE, NO_REFUSAL, "", false },
	{ { "MM", SYSTEM_RAM, NULL }, TO_KERNEL, NO_REFUSAL,
	  "guard; write-blocks offline 32,33; check-offline; unbind; set-policy online_kernel; bind; restore-policy", true },
	{ { "MM", SYSTEM_RAM, "online_movable" }, TO_KERNEL, NO_REFUSAL,
	  "write-attribute unplugged; write-attribute online_kernel", true },
	{ { "M.", SYSTEM_RAM, NULL }, TO_MOVABLE, NO_REFUSAL,
	  "guard; write-blocks offline 32; check-offline; unbind; set-policy online_movable; bind; restore-policy", true },
	/* Memory in no zone goes to the requested zone. */
	{ { "--", SYSTEM_RAM, NULL }, TO_KERNEL, NO_REFUSAL, "guard; write-blocks online_kernel 32,33", true },
	{ { "M-", SYSTEM_RAM, NULL }, TO_MOVABLE, NO_REFUSAL, "guard; write-blocks online_movable 33", false },
	{ { "..", SYSTEM_RAM, "unplugged" }, TO_MOVABLE, NO_REFUSAL, "write-attribute online_movable", false },
	{ { "..", UNBOUND, NULL }, TO_MOVABLE, NO_REFUSAL, "set-policy online_movable; bind; restore-policy", false },
	{ { "..", DEVDAX, NULL }, TO_KERNEL, DAXHP_REFUSED_DEVDAX, "", false },
	/* From devdax: always with a check whether a process has it open. */
	{ { "..", DEVDAX, NULL }, RAM_MOVABLE, NO_REFUSAL,
	  "check-unused; check-offline; unbind; set-policy online_movable; bind; restore-policy", true },
	{ { "..", DEVDAX, NULL }, RAM_OFF, NO_REFUSAL,
	  "check-unused; check-offline; unbind; set-policy offline; bind; restore-policy; write-attribute unplugged", true },
	{ { "", DEVDAX, NULL }, RAM, DAXHP_REFUSED_TOO_SMALL, "", false },
	{ { "..", FAMFS, NULL }, RAM, DAXHP_REFUSED_FAMFS, "", false },
	{ { "..", UNBOUND, NULL }, RAM, NO_REFUSAL, "set-policy online_movable; bind; restore-policy", false },
	{ { "..", DEVDAX, NULL }, RAM, NO_REFUSAL,
	  "check-unused; check-offline; unbind; set-policy online_movable; bind; restore-policy", true },
	{ { "..", SYSTEM_RAM, "unplugged" }, RAM, NO_REFUSAL, "write-attribute online_movable", false },
	/* What is taken down because it is in no one zone comes up in the one for new memory. */
	{ { "NM", SYSTEM_RAM, "online" }, RAM, NO_REFUSAL,
	  "write-attribute unplugged; write-attribute online_movable", true },
	{ { "N.", SYSTEM_RAM, NULL }, RAM, NO_REFUSAL,
	  "guard; write-blocks offline 32; check-offline; unbind; set-policy online_movable; bind; restore-policy", true },
	{ { "NN", SYSTEM_RAM, NULL }, RAM, NO_REFUSAL, "", false },
	{ { "NN", SYSTEM_RAM, "online_kernel" }, RAM_MOVABLE, NO_REFUSAL,
	  "write-attribute unplugged; write-attribute online_movable", true },
	/* Bound, and not online. Only after the bind daxhp knows whether it has an attribute. */
	{ { "..", UNBOUND, NULL }, RAM_OFF, NO_REFUSAL,
	  "set-policy offline; bind; restore-policy; write-attribute unplugged", true },
	{ { "--", SYSTEM_RAM, NULL }, RAM_OFF, NO_REFUSAL, "", false },
	{ { "MM", SYSTEM_RAM, NULL }, RAM_OFF, NO_REFUSAL, "guard; write-blocks offline 32,33", true },
	{ { "M.", SYSTEM_RAM, NULL }, RAM_OFF, NO_REFUSAL,
	  "guard; write-blocks offline 32; check-offline; unbind; set-policy offline; bind; restore-policy", true },
	{ { "MM", SYSTEM_RAM, "online_movable" }, RAM_OFF, NO_REFUSAL, "write-attribute unplugged", false },
	{ { "..", SYSTEM_RAM, "unplugged" }, RAM_OFF, NO_REFUSAL, "", false },
	{ { "--", SYSTEM_RAM, "offline" }, RAM_OFF, NO_REFUSAL, "write-attribute unplugged", false },
	/* To devdax. */
	{ { "MM", SYSTEM_RAM, NULL }, TO_DEVDAX, NO_REFUSAL,
	  "guard; write-blocks offline 32,33; check-offline; unbind; bind device_dax", true },
	{ { "MM", SYSTEM_RAM, "online" }, TO_DEVDAX, NO_REFUSAL,
	  "write-attribute unplugged; check-offline; unbind; bind device_dax", true },
	{ { "..", SYSTEM_RAM, "unplugged" }, TO_DEVDAX, NO_REFUSAL, "check-offline; unbind; bind device_dax", true },
	{ { "..", SYSTEM_RAM, NULL }, TO_DEVDAX, NO_REFUSAL, "check-offline; unbind; bind device_dax", true },
	{ { "..", UNBOUND, NULL }, TO_DEVDAX, NO_REFUSAL, "bind device_dax", false },
	{ { "..", DEVDAX, NULL }, TO_DEVDAX, NO_REFUSAL, "", false },
	{ { "M.", DEVDAX, NULL }, TO_DEVDAX, DAXHP_REFUSED_WEDGED, "", false },
	{ { "M.", UNBOUND, NULL }, TO_DEVDAX, DAXHP_REFUSED_WEDGED, "", false },
	{ { "..", FAMFS, NULL }, TO_DEVDAX, DAXHP_REFUSED_FAMFS, "", false },
	/* To no driver. Halfway there, the device is unplugged, and stays so. */
	{ { "MM", SYSTEM_RAM, NULL }, TO_NONE, NO_REFUSAL,
	  "guard; write-blocks offline 32,33; check-offline; unbind", false },
	{ { "MM", SYSTEM_RAM, "online_movable" }, TO_NONE, NO_REFUSAL,
	  "write-attribute unplugged; check-offline; unbind", false },
	{ { "..", SYSTEM_RAM, "unplugged" }, TO_NONE, NO_REFUSAL, "check-offline; unbind", false },
	{ { "..", UNBOUND, NULL }, TO_NONE, NO_REFUSAL, "", false },
	{ { "M.", UNBOUND, NULL }, TO_NONE, DAXHP_REFUSED_WEDGED, "", false },
	{ { "..", DEVDAX, NULL }, TO_NONE, NO_REFUSAL, "check-unused; check-offline; unbind", false },
	{ { "..", DEVDAX, NULL }, GOAL_UNBOUND(false), DAXHP_REFUSED_DEVDAX, "", false },
	{ { "..", FAMFS, NULL }, TO_NONE, DAXHP_REFUSED_FAMFS, "", false },
};
/* clang-format on */

static void test_moves(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(moves); i++) {
		struct daxhp_observation *obs = make_side(&moves[i].before);
		const struct row row = {
			.blocks = moves[i].before.blocks,
			.word = obs->attribute_word,
			.goal = moves[i].goal,
			.refusal = moves[i].refusal,
			.steps = moves[i].steps,
		};
		struct daxhp_plan *plan;

		check_plan(obs, &row, i);
		assert_int_equal(plan_new(obs, row.goal, is_forced, &plan), 0);
		assert_msg(plan_leads_between(plan) == moves[i].leads_between, "row %zu: %s", i,
			   format_plan(plan));
		daxhp_plan_free(plan);
		daxhp_observation_unref(obs);
	}
}

static void check_refusal(struct daxhp_observation *obs, struct goal goal,
			  enum daxhp_failure_kind refusal)
{
	const struct row row = {
		.blocks = "", .word = "", .goal = goal, .refusal = refusal, .steps = ""
	};

	check_plan(obs, &row, 0);
}

/* For any goal. A device that is at its goal is not refused: there is nothing to do. */
static void check_refused_always(struct daxhp_observation *obs, enum daxhp_failure_kind refusal)
{
	for (size_t i = 0; i < GOALS_COUNT; i++)
		if (!all_goals[i].may_move && !all_goals[i].may_rebind)
			check_refusal(obs, all_goals[i], refusal);
	daxhp_observation_unref(obs);
}

static void test_other_drivers(void **state)
{
	(void)state;
	check_refused_always(make_mode_observation("..", DAXHP_MODE_DEVDAX), DAXHP_REFUSED_DEVDAX);
	check_refused_always(make_mode_observation("..", DAXHP_MODE_FAMFS), DAXHP_REFUSED_FAMFS);
	check_refused_always(make_mode_observation("..", DAXHP_MODE_OTHER),
			     DAXHP_REFUSED_OTHER_DRIVER);
	/* Memory from an earlier bind, with a new driver. */
	check_refused_always(make_mode_observation("M.", DAXHP_MODE_DEVDAX), DAXHP_REFUSED_WEDGED);
}

static struct daxhp_observation *make_unseen(int error)
{
	struct daxhp_observation *obs = make_observation("");

	obs->blocks_error = error;
	observation_derive(obs);
	return obs;
}

static void test_unseen_blocks(void **state)
{
	(void)state;
	check_refused_always(make_unseen(-EACCES), DAXHP_REFUSED_NO_PERMISSION);
	check_refused_always(make_unseen(-EPERM), DAXHP_REFUSED_NO_PERMISSION);
	check_refused_always(make_unseen(-ENOTSUP), DAXHP_REFUSED_NO_HOTPLUG);
	check_refused_always(make_unseen(-EBADMSG), DAXHP_REFUSED_UNREADABLE);
	check_refused_always(make_unseen(-EOVERFLOW), DAXHP_REFUSED_UNREADABLE);
	check_refused_always(make_unseen(-EIO), DAXHP_REFUSED_UNREADABLE);
}

static void test_no_target_node(void **state)
{
	struct daxhp_observation *obs = make_mode_observation("..", DAXHP_MODE_UNBOUND);

	(void)state;
	obs->target_node = -1;
	check_refusal(obs, MOVABLE, DAXHP_REFUSED_NO_TARGET_NODE);
	check_refusal(obs, UNPLUGGED, NO_REFUSAL);
	daxhp_observation_unref(obs);
	/* kmem has taken the device, so the device had a node. */
	obs = make_attribute_observation("..", STATE, "unplugged");
	obs->target_node = -1;
	check_plan(obs,
		   &(struct row){ .blocks = "",
				  .word = "",
				  .goal = MOVABLE,
				  .steps = "write-attribute online_movable" },
		   0);
	daxhp_observation_unref(obs);
}

/* Two blocks of 128 MiB need 4 MiB of memory map, and 8 KiB each. */
static void test_room_for_map(void **state)
{
	static const struct {
		const char *blocks;
		uint64_t room;
		int memmap_on_memory;
		enum daxhp_failure_kind refusal;
		const char *steps;
	} table[] = {
		{ "..", (4 << 20) + (16 << 10) - 1, 0, DAXHP_REFUSED_NO_ROOM, "" },
		{ "..", (4 << 20) + (16 << 10) - 1, -ENOENT, DAXHP_REFUSED_NO_ROOM, "" },
		{ "..", (4 << 20) + (16 << 10), 0, NO_REFUSAL, "write-attribute online_movable" },
		{ "..", (16 << 10) - 1, 1, DAXHP_REFUSED_NO_ROOM, "" },
		{ "..", 16 << 10, 1, NO_REFUSAL, "write-attribute online_movable" },
		/* Not known. */
		{ "..", 0, 0, NO_REFUSAL, "write-attribute online_movable" },
		/* The memory is present already, and so is its memory map. */
		{ "M-", 1, 0, NO_REFUSAL, "guard; write-blocks online_movable 33" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct row row = { .blocks = "", .word = "", .goal = MOVABLE };
		bool is_there = table[i].blocks[0] != '.';
		struct daxhp_observation *obs =
			make_attribute_observation(table[i].blocks, STATE,
						   is_there ? "online_movable" : "unplugged");

		obs->room = table[i].room;
		obs->memmap_on_memory = table[i].memmap_on_memory;
		row.refusal = table[i].refusal;
		row.steps = table[i].steps;
		check_plan(obs, &row, i);
		/* Then the check does not apply. */
		is_forced = true;
		row.refusal = NO_REFUSAL;
		if (table[i].refusal)
			row.steps = "write-attribute online_movable";
		check_plan(obs, &row, i);
		is_forced = false;
		daxhp_observation_unref(obs);
	}
}

static void test_no_hotremove(void **state)
{
	struct daxhp_observation *obs = make_observation("??");

	(void)state;
	obs->hotremove = false;
	observation_derive(obs);
	assert_int_equal(obs->state, DAXHP_ONLINE);
	check_refusal(obs, UNPLUGGED, DAXHP_REFUSED_NO_HOTREMOVE);
	/* It is online, and the zone cannot be seen. But plain `online` needs no zone. */
	check_refusal(obs, ONLINE, NO_REFUSAL);
	daxhp_observation_unref(obs);
}

static void test_loads_module(void **state)
{
	struct daxhp_observation *obs = make_mode_observation("..", DAXHP_MODE_UNBOUND);
	struct row row = { .blocks = "", .word = "", .goal = MOVABLE };

	(void)state;
	/* Load before the policy is changed, because loading may take long, and may fail. */
	obs->has_kmem = false;
	row.steps = "load-module; set-policy online_movable; bind; restore-policy";
	check_plan(obs, &row, 0);
	obs->has_device_dax = false;
	row.goal = TO_DEVDAX;
	row.steps = "load-module device_dax; bind device_dax";
	check_plan(obs, &row, 0);
	daxhp_observation_unref(obs);
}

/* ---- large devices ---- */

static void check_many(size_t n, const char *word, const char *steps)
{
	struct row row = { .blocks = "many", .word = "", .goal = UNPLUGGED, .steps = steps };
	struct daxhp_observation *obs;
	char *blocks = calloc(n + 1, 1);

	assert_non_null(blocks);
	memset(blocks, 'M', n);
	obs = make_attribute_observation(blocks, STATE, word);
	check_plan(obs, &row, n);
	daxhp_observation_unref(obs);
	free(blocks);
}

static void test_large_device(void **state)
{
	(void)state;
	check_many(127, "online_movable", "write-attribute unplugged");
	check_many(128, "online_movable",
		   "guard; write-blocks offline 32,33,34,35..159; write-attribute unplugged");
	check_many(2000, "online_movable",
		   "guard; write-blocks offline 32,33,34,35..2031; write-attribute unplugged");
}

/* ---- rules for every plan ---- */

static const char letters[] = ".-MN3?m";
#define N_LETTERS (sizeof(letters) - 1)

static bool is_step(const struct daxhp_plan *plan, size_t i, enum daxhp_step_type type)
{
	const struct daxhp_step *step = daxhp_plan_get_step(plan, i);

	return step && daxhp_step_get_type(step) == type;
}

static size_t count_steps(const struct daxhp_plan *plan, enum daxhp_step_type type)
{
	size_t n = 0;

	for (size_t i = 0; i < daxhp_plan_count_steps(plan); i++)
		n += is_step(plan, i, type);
	return n;
}

/* Is one of the first @n steps of that type? */
static bool has_step(const struct daxhp_plan *plan, enum daxhp_step_type type, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (is_step(plan, i, type))
			return true;
	return false;
}

/*
 * Single blocks change only under the guard. Their ids ascend, and belong to the device. A block that
 * was not there before has been added by the plan.
 */
static void check_blocks(const struct daxhp_plan *plan, const struct daxhp_step *step, bool guarded)
{
	const uint64_t *ids;
	size_t n = daxhp_step_get_blocks(step, &ids);

	assert_msg(guarded && n > 0, "%s", format_plan(plan));
	for (size_t i = 0; i < n; i++) {
		assert_in_range(ids[i], FIRST_BLOCK, FIRST_BLOCK + plan->before->n_blocks - 1);
		assert_true(i == 0 || ids[i] > ids[i - 1]);
		assert_true(plan->before->blocks[ids[i] - FIRST_BLOCK].state != MEMBLOCK_MISSING ||
			    has_step(plan, DAXHP_STEP_CLAIM, plan->n_steps));
	}
}

static void check_step(const struct daxhp_plan *plan, size_t i, bool *guarded)
{
	const struct daxhp_step *step = daxhp_plan_get_step(plan, i);
	enum daxhp_state word = daxhp_step_get_word(step);

	switch (daxhp_step_get_type(step)) {
	case DAXHP_STEP_GUARD:
	case DAXHP_STEP_CLAIM:
		*guarded = true;
		break;
	case DAXHP_STEP_WRITE_BLOCKS:
		assert_true(state_is_online(word) || word == DAXHP_OFFLINE);
		check_blocks(plan, step, *guarded);
		break;
	case DAXHP_STEP_WRITE_ATTRIBUTE:
		/* No kernel accepts `offline`. */
		assert_true(state_is_online(word) || word == DAXHP_UNPLUGGED);
		/* After the bind it may have an attribute, which must then say `unplugged`. */
		assert_msg(plan->before->interface == STATE || plan->before->interface == HOTPLUG ||
				   (word == DAXHP_UNPLUGGED && has_step(plan, DAXHP_STEP_BIND, i)),
			   "no attribute: %s %s: %s", format_blocks(plan->before),
			   plan->before->driver, format_plan(plan));
		break;
	case DAXHP_STEP_BIND:
		/* What the kernel adds has other files than what was there before. */
		*guarded = false;
		break;
	case DAXHP_STEP_UNBIND:
		assert_msg(i > 0 && is_step(plan, i - 1, DAXHP_STEP_CHECK_OFFLINE),
			   "unbinds without a check: %s", format_plan(plan));
		break;
	case DAXHP_STEP_SET_POLICY:
		assert_true(state_is_online(word) || word == DAXHP_OFFLINE);
		assert_msg(is_step(plan, i + 1, DAXHP_STEP_BIND) &&
				   is_step(plan, i + 2, DAXHP_STEP_RESTORE_POLICY),
			   "the policy stays: %s", format_plan(plan));
		break;
	default:
		break;
	}
}

static void check_properties(const struct daxhp_plan *plan)
{
	bool guarded = false;

	if (plan->refusal.kind)
		assert_int_equal(daxhp_plan_count_steps(plan), 0);
	for (size_t i = 0; i < daxhp_plan_count_steps(plan); i++)
		check_step(plan, i, &guarded);
	assert_int_equal(count_steps(plan, DAXHP_STEP_SET_POLICY),
			 count_steps(plan, DAXHP_STEP_RESTORE_POLICY));
	assert_null(daxhp_plan_get_step(plan, daxhp_plan_count_steps(plan)));
}

static struct daxhp_observation *copy_of(const struct daxhp_observation *obs)
{
	struct daxhp_observation *copy = malloc(sizeof(*copy));
	size_t size = obs->n_blocks * sizeof(*obs->blocks);

	assert_non_null(copy);
	*copy = *obs;
	copy->blocks = malloc(size + 1);
	assert_non_null(copy->blocks);
	memcpy(copy->blocks, obs->blocks, size);
	return copy;
}

static void check_untouched(const struct daxhp_observation *obs,
			    const struct daxhp_observation *copy)
{
	assert_memory_equal(obs->blocks, copy->blocks, obs->n_blocks * sizeof(*obs->blocks));
	assert_string_equal(obs->attribute_word, copy->attribute_word);
	assert_string_equal(obs->policy, copy->policy);
	assert_int_equal(obs->state, copy->state);
	assert_int_equal(obs->refcount, copy->refcount);
	assert_int_equal(obs->mode, copy->mode);
}

static void check_goal(struct daxhp_observation *obs, struct goal goal)
{
	struct daxhp_observation *copy = copy_of(obs);
	struct daxhp_plan *plan, *again;
	char first[512];

	assert_int_equal(plan_new(obs, goal, is_forced, &plan), 0);
	check_properties(plan);
	/* No steps and no refusal mean that the device is at its goal. */
	assert_msg((daxhp_plan_count_steps(plan) == 0 && !plan->refusal.kind) ==
			   observation_meets(obs, goal),
		   "%s '%s' goal %s: %s", format_blocks(obs), obs->attribute_word,
		   format_goal(goal), format_plan(plan));
	snprintf(first, sizeof(first), "%s", format_plan(plan));
	assert_int_equal(plan_new(obs, goal, is_forced, &again), 0);
	assert_string_equal(first, format_plan(again));
	assert_int_equal(plan->refusal.kind, again->refusal.kind);
	daxhp_plan_free(again);
	daxhp_plan_free(plan);
	check_untouched(obs, copy);
	free(copy->blocks);
	free(copy);
}

static void check_restore(struct daxhp_observation *obs)
{
	struct daxhp_observation *same = copy_of(obs);
	struct daxhp_plan *plan;

	assert_int_equal(plan_restore(obs, same, &plan), 0);
	assert_int_equal(daxhp_plan_count_steps(plan), 0);
	daxhp_plan_free(plan);
	free(same->blocks);
	free(same);
}

static unsigned long check_all_goals(struct daxhp_observation *obs)
{
	static const char *const policies[] = { "offline", "online", "online_kernel",
						"online_movable", "" };
	unsigned long n = 0;

	for (size_t p = 0; p < ARRAY_SIZE(policies); p++) {
		strcpy(obs->policy, policies[p]);
		obs->has_kmem = p % 2;
		for (size_t g = 0; g < GOALS_COUNT; g++, n++)
			check_goal(obs, all_goals[g]);
	}
	check_restore(obs);
	daxhp_observation_unref(obs);
	return n;
}

static unsigned long check_all_of(const char *blocks)
{
	/* With words that no kernel has, and without a word, as from an unreadable file. */
	static const char *const words[] = { "unplugged",      "offline", "online", "online_kernel",
					     "online_movable", "unknown", "" };
	unsigned long n = check_all_goals(make_observation(blocks));

	for (size_t w = 0; w < ARRAY_SIZE(words); w++) {
		n += check_all_goals(make_attribute_observation(blocks, STATE, words[w]));
		n += check_all_goals(make_attribute_observation(blocks, HOTPLUG, words[w]));
	}
	for (enum daxhp_mode mode = DAXHP_MODE_UNBOUND; mode <= DAXHP_MODE_OTHER; mode++)
		if (mode != DAXHP_MODE_SYSTEM_RAM)
			n += check_all_goals(make_mode_observation(blocks, mode));
	return n;
}

static void test_properties(void **state)
{
	unsigned long n = 0;

	(void)state;
	for (size_t c = 0; c < N_LETTERS * N_LETTERS * N_LETTERS; c += STARTS_STEP) {
		char blocks[4] = { letters[c % N_LETTERS], letters[c / N_LETTERS % N_LETTERS],
				   letters[c / N_LETTERS / N_LETTERS] };

		n += check_all_of(blocks);
	}
	assert_true(n > 100000 / STARTS_STEP);
}

static unsigned long check_way_back(const char *now_blocks, const char *before_blocks)
{
	static const char *const words[] = { "", "unplugged", "offline", "online_movable" };
	unsigned long n = 0;

	for (size_t w = 0; w < ARRAY_SIZE(words) * ARRAY_SIZE(words); w++) {
		const char *word = words[w % ARRAY_SIZE(words)];
		const char *word_before = words[w / ARRAY_SIZE(words)];
		struct daxhp_observation *now, *before;
		struct daxhp_plan *plan;

		now = *word ? make_attribute_observation(now_blocks, STATE, word)
			    : make_observation(now_blocks);
		before = *word_before
				 ? make_attribute_observation(before_blocks, STATE, word_before)
				 : make_mode_observation(before_blocks, DAXHP_MODE_UNBOUND);
		assert_int_equal(plan_restore(now, before, &plan), 0);
		check_properties(plan);
		daxhp_plan_free(plan);
		daxhp_observation_unref(now);
		daxhp_observation_unref(before);
		n++;
	}
	return n;
}

/* clang-format off */
static const struct {
	struct side now, before;
	const char *steps;
} ways_back[] = {
	/* Each block goes back to its state and its zone. */
	{ { "M-M", SYSTEM_RAM, NULL }, { "MMM", SYSTEM_RAM, NULL }, "guard; write-blocks online_movable 33" },
	{ { "N-N", SYSTEM_RAM, NULL }, { "NNN", SYSTEM_RAM, NULL }, "guard; write-blocks online_kernel 33" },
	{ { "-M", SYSTEM_RAM, NULL }, { "M-", SYSTEM_RAM, NULL },
	  "guard; write-blocks offline 33; write-blocks online_movable 32" },
	{ { "MNM", SYSTEM_RAM, NULL }, { "MMM", SYSTEM_RAM, NULL }, "guard; write-blocks offline 33" },
	/* A word that follows the blocks is right when the blocks are. */
	{ { "M-", SYSTEM_RAM, "unknown" }, { "MM", SYSTEM_RAM, "online_movable" },
	  "guard; write-blocks online_movable 33" },
	{ { "--", SYSTEM_RAM, "offline" }, { "MM", SYSTEM_RAM, "online_movable" },
	  "guard; write-blocks online_movable 32,33" },
	{ { "MM", SYSTEM_RAM, "online_movable" }, { "M-", SYSTEM_RAM, "unknown" }, "guard; write-blocks offline 33" },
	{ { "MM", SYSTEM_RAM, "unknown" }, { "MM", SYSTEM_RAM, "online_movable" }, "write-attribute unplugged" },
	/* There was no block. */
	{ { "M-", SYSTEM_RAM, "online_movable" }, { "..", SYSTEM_RAM, "unplugged" }, "write-attribute unplugged" },
	{ { "M-", SYSTEM_RAM, NULL }, { "..", UNBOUND, NULL }, "guard; write-blocks offline 32; check-offline; unbind" },
	{ { "MM", SYSTEM_RAM, "unplugged" }, { "..", UNBOUND, NULL },
	  "guard; write-blocks offline 32,33; check-offline; unbind" },
	{ { "..", SYSTEM_RAM, NULL }, { "..", UNBOUND, NULL }, "check-offline; unbind" },
	/* All blocks were present. */
	{ { "..", UNBOUND, NULL }, { "MM", SYSTEM_RAM, NULL }, "set-policy online_movable; bind; restore-policy" },
	{ { "..", UNBOUND, NULL }, { "NN", SYSTEM_RAM, NULL }, "set-policy online_kernel; bind; restore-policy" },
	{ { "..", UNBOUND, NULL }, { "--", SYSTEM_RAM, NULL }, "set-policy offline; bind; restore-policy" },
	{ { "..", UNBOUND, NULL }, { "..", SYSTEM_RAM, "unplugged" }, "set-policy offline; bind; restore-policy" },
	{ { "..", UNBOUND, NULL }, { "MM", SYSTEM_RAM, "online" }, "set-policy online; bind; restore-policy" },
	{ { "..", SYSTEM_RAM, "unplugged" }, { "MM", SYSTEM_RAM, "online_movable" }, "write-attribute online_movable" },
	/* `offline` cannot be written. */
	{ { "..", SYSTEM_RAM, "unplugged" }, { "--", SYSTEM_RAM, "offline" },
	  "check-offline; unbind; set-policy offline; bind; restore-policy" },
	/* It was in devdax mode. */
	{ { "..", UNBOUND, NULL }, { "..", DEVDAX, NULL }, "bind device_dax" },
	{ { "..", SYSTEM_RAM, "unplugged" }, { "..", DEVDAX, NULL }, "check-offline; unbind; bind device_dax" },
};
/* clang-format on */

static void test_ways_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ways_back); i++) {
		struct daxhp_observation *now = make_side(&ways_back[i].now);
		struct daxhp_observation *before = make_side(&ways_back[i].before);
		struct daxhp_plan *plan;

		assert_int_equal(plan_restore(now, before, &plan), 0);
		assert_msg(strcmp(format_plan(plan), ways_back[i].steps) == 0, "row %zu: %s", i,
			   format_plan(plan));
		daxhp_plan_free(plan);
		daxhp_observation_unref(now);
		daxhp_observation_unref(before);
	}
}

/* Plans of the way back follow the same rules, from every state to every state. */
static void test_way_back_properties(void **state)
{
	unsigned long n = 0;

	(void)state;
	for (size_t c = 0; c < N_LETTERS * N_LETTERS * N_LETTERS * N_LETTERS; c += STARTS_STEP) {
		size_t k = N_LETTERS * N_LETTERS;
		char now[3] = { letters[c % N_LETTERS], letters[c / N_LETTERS % N_LETTERS] };
		char before[3] = { letters[c / k % N_LETTERS], letters[c / k / N_LETTERS] };

		n += check_way_back(now, before);
	}
	assert_true(n > 30000 / STARTS_STEP);
}

/* Another driver, or other ranges: somebody else did that, and daxhp must not undo it. */
static void test_way_back_leaves_others_alone(void **state)
{
	struct daxhp_observation *before = make_observation("MM");
	struct daxhp_observation *now[] = {
		make_mode_observation("..", DAXHP_MODE_DEVDAX),
		make_mode_observation("..", DAXHP_MODE_FAMFS),
		make_mode_observation("M-", DAXHP_MODE_UNBOUND), /* wedged */
		make_observation("MM-"),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(now); i++) {
		struct daxhp_plan *plan;

		assert_int_equal(plan_restore(now[i], before, &plan), 0);
		assert_string_equal(format_plan(plan), "");
		daxhp_plan_free(plan);
		daxhp_observation_unref(now[i]);
	}
	daxhp_observation_unref(before);
}

/* A step that was not done has no time. This is different from a time of 0. */
static void test_seconds(void **state)
{
	struct daxhp_observation *obs = make_observation("MM");
	struct daxhp_plan *plan;

	(void)state;
	assert_int_equal(plan_new(obs, UNPLUGGED, is_forced, &plan), 0);
	assert_true(daxhp_step_get_seconds(daxhp_plan_get_step(plan, 0)) < 0);
	daxhp_plan_free(plan);
	daxhp_observation_unref(obs);
}

static void test_step_names(void **state)
{
	(void)state;
	for (int type = DAXHP_STEP_GUARD; type <= DAXHP_STEP_CLAIM; type++) {
		struct daxhp_step step = { .type = type };

		assert_non_null(daxhp_step_get_name(&step));
	}
}

/* ---- does the used memory fit elsewhere? ---- */

#define MIB (UINT64_C(1) << 20)

/* The device is on node 1, and 100 MiB of its memory are used. Node 0 has @free MiB. */
static void furnish(struct daxhp_observation *obs, uint64_t free)
{
	obs->target_node = 1;
	obs->memory.page_size = 4096;
	obs->memory.n_zones = 2;
	obs->memory.zones = calloc(2, sizeof(*obs->memory.zones));
	assert_non_null(obs->memory.zones);
	obs->memory.zones[0] = (struct memory_zone){
		.node = 0, .zone = DAXHP_ZONE_NORMAL, .managed = 1000 * MIB, .free = free * MIB
	};
	obs->memory.zones[1] = (struct memory_zone){ .node = 1,
						     .zone = DAXHP_ZONE_MOVABLE,
						     .managed = 256 * MIB,
						     .free = 156 * MIB,
						     .anon = 100 * MIB };
}

static void check_room(struct daxhp_observation *obs, struct goal goal, bool is_asked,
		       bool is_refused)
{
	struct daxhp_plan *plan;

	assert_int_equal(plan_new(obs, goal, is_forced, &plan), 0);
	assert_msg(!daxhp_plan_get_room(plan) == !is_asked, "goal %s: asked: %d", format_goal(goal),
		   !is_asked);
	assert_msg((plan->refusal.kind == DAXHP_REFUSED_NO_ROOM_ELSEWHERE) == is_refused,
		   "goal %s: refusal %d", format_goal(goal), plan->refusal.kind);
	if (is_asked)
		assert_int_equal(daxhp_plan_get_room(plan)->to_move, 100 * MIB);
	if (is_refused) {
		assert_int_equal(plan->refusal.errnum, ENOMEM);
		assert_int_equal(daxhp_plan_count_steps(plan), 0);
	}
	daxhp_plan_free(plan);
}

static const struct goal offline_goals[] = {
	UNPLUGGED, GOAL_DEVDAX, GOAL_MOVE_KERNEL, GOAL_SYSTEM_RAM_KERNEL, GOAL_SYSTEM_RAM_OFF,
};

static void test_room(void **state)
{
	struct daxhp_observation *obs[] = {
		make_observation("MM"),
		make_attribute_observation("MM", STATE, "online_movable"),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(obs); i++) {
		furnish(obs[i], 100);
		for (size_t k = 0; k < ARRAY_SIZE(offline_goals); k++)
			check_room(obs[i], offline_goals[k], true, false);
		obs[i]->memory.zones[0].free--;
		for (size_t k = 0; k < ARRAY_SIZE(offline_goals); k++)
			check_room(obs[i], offline_goals[k], true, true);
		/* Nothing goes offline. */
		check_room(obs[i], ONLINE, false, false);
		check_room(obs[i], MOVABLE, false, false);
		check_room(obs[i], KERNEL, false, false);
		is_forced = true;
		for (size_t k = 0; k < ARRAY_SIZE(offline_goals); k++)
			check_room(obs[i], offline_goals[k], true, false);
		is_forced = false;
		daxhp_observation_unref(obs[i]);
	}
}

/* No block is online, so no memory has to fit. */
static void test_no_room_needed(void **state)
{
	struct daxhp_observation *obs = make_observation("--");

	(void)state;
	furnish(obs, 0);
	check_room(obs, UNPLUGGED, false, false);
	check_room(obs, GOAL_DEVDAX, false, false);
	check_room(obs, MOVABLE, false, false);
	daxhp_observation_unref(obs);
}

/* Only online blocks count. And when the word is not true, the plan goes through `unplugged`. */
static void test_room_of_a_part(void **state)
{
	struct daxhp_observation *obs = make_attribute_observation("M-", STATE, "online_kernel");
	struct daxhp_plan *plan;

	(void)state;
	furnish(obs, 20);
	obs->memory.zones[1].managed = 128 * MIB;
	obs->memory.zones[1].free = 28 * MIB;
	check_room(obs, MOVABLE, true, true);
	obs->memory.zones[1].managed = 1024 * MIB;
	obs->memory.zones[1].anon = 1024 * MIB;
	assert_int_equal(plan_new(obs, UNPLUGGED, is_forced, &plan), 0);
	assert_int_equal(daxhp_plan_get_room(plan)->to_move, 128 * MIB);
	daxhp_plan_free(plan);
	daxhp_observation_unref(obs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_large_bind),
		cmocka_unit_test(test_large_bind_by_policy),
		cmocka_unit_test(test_moves),
		cmocka_unit_test(test_other_drivers),
		cmocka_unit_test(test_unseen_blocks),
		cmocka_unit_test(test_no_target_node),
		cmocka_unit_test(test_room_for_map),
		cmocka_unit_test(test_no_hotremove),
		cmocka_unit_test(test_loads_module),
		cmocka_unit_test(test_large_device),
		cmocka_unit_test(test_properties),
		cmocka_unit_test(test_ways_back),
		cmocka_unit_test(test_way_back_properties),
		cmocka_unit_test(test_way_back_leaves_others_alone),
		cmocka_unit_test(test_seconds),
		cmocka_unit_test(test_step_names),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_no_room_needed),
		cmocka_unit_test(test_room_of_a_part),
	};

	return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
