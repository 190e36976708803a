// SPDX-License-Identifier: LGPL-2.1-or-later
/* The state of an observation: every row of the table in docs/architecture.md. */
#include "unit.h"

/* The state of blocks without an attribute, and of the same blocks with each word. */
static const struct {
	const char *blocks;
	enum daxhp_state alone;
	const char *compatible; /* words, with blanks around each */
} rows[] = {
	{ ".", DAXHP_UNPLUGGED, " unplugged " },
	{ "...", DAXHP_UNPLUGGED, " unplugged " },
	{ "", DAXHP_UNPLUGGED, " unplugged " },
	{ "-", DAXHP_OFFLINE, " offline " },
	{ "---", DAXHP_OFFLINE, " offline " },
	{ "MMM", DAXHP_ONLINE_MOVABLE, " online online_movable " },
	{ "NNN", DAXHP_ONLINE, " online online_kernel " },
	{ "D3N", DAXHP_ONLINE, " online online_kernel " },
	{ "DDD", DAXHP_ONLINE, " online online_kernel " },
	/* anything else */
	{ "-.-", DAXHP_INCONSISTENT, "" },
	{ "M.M", DAXHP_INCONSISTENT, "" },
	{ "..N", DAXHP_INCONSISTENT, "" },
	{ "MM-", DAXHP_INCONSISTENT, "" },
	{ "-NN", DAXHP_INCONSISTENT, "" },
	{ "MNM", DAXHP_INCONSISTENT, "" },
	{ "3MM", DAXHP_INCONSISTENT, "" },
	{ "??", DAXHP_INCONSISTENT, "" },
	{ "N?", DAXHP_INCONSISTENT, "" },
	{ "M?", DAXHP_INCONSISTENT, "" },
	{ "m", DAXHP_INCONSISTENT, "" },
	{ "MmM", DAXHP_INCONSISTENT, "" },
	{ "-m-", DAXHP_INCONSISTENT, "" },
	{ "..m", DAXHP_INCONSISTENT, "" },
};

static void test_blocks_alone(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct daxhp_observation *obs = make_observation(rows[i].blocks);

		assert_msg(obs->state == rows[i].alone, "%s: %s", rows[i].blocks,
			   daxhp_state_name(obs->state));
		daxhp_observation_unref(obs);
	}
}

static enum daxhp_state expected_below(size_t row, const char *word)
{
	char needle[40];

	snprintf(needle, sizeof(needle), " %s ", word);
	if (!strstr(rows[row].compatible, needle))
		return DAXHP_INCONSISTENT;
	return strcmp(word, "online_kernel") == 0 ? DAXHP_ONLINE_KERNEL : rows[row].alone;
}

static void test_attribute(void **state)
{
	/* The last are not words of the kernel: the file was not readable, or has nonsense. */
	static const char *const words[] = {
		"unplugged", "offline", "online",	"online_kernel", "online_movable",
		"",	     "unplug",	"inconsistent", "online ",	 "ONLINE",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		for (size_t w = 0; w < ARRAY_SIZE(words); w++) {
			for (enum daxhp_interface f = DAXHP_INTERFACE_STATE;
			     f <= DAXHP_INTERFACE_HOTPLUG; f++) {
				struct daxhp_observation *obs =
					make_attribute_observation(rows[i].blocks, f, words[w]);

				assert_msg(obs->state == expected_below(i, words[w]), "%s '%s': %s",
					   rows[i].blocks, words[w], daxhp_state_name(obs->state));
				daxhp_observation_unref(obs);
			}
		}
	}
}

static void check_mode(const char *blocks, enum daxhp_mode mode, enum daxhp_state expected,
		       bool is_wedged)
{
	struct daxhp_observation *obs = make_mode_observation(blocks, mode);

	assert_msg(obs->state == expected, "%s mode %d: %d", blocks, mode, obs->state);
	assert_msg(daxhp_observation_is_wedged(obs) == is_wedged, "%s mode %d", blocks, mode);
	daxhp_observation_unref(obs);
}

static void test_modes(void **state)
{
	(void)state;
	check_mode("..", DAXHP_MODE_UNBOUND, DAXHP_UNPLUGGED, false);
	check_mode("", DAXHP_MODE_UNBOUND, DAXHP_UNPLUGGED, false);
	/* Memory without a driver: kmem has left it behind. */
	check_mode("MM", DAXHP_MODE_UNBOUND, DAXHP_INCONSISTENT, true);
	check_mode(".-", DAXHP_MODE_UNBOUND, DAXHP_INCONSISTENT, true);
	/* Another driver: no hotplug state. */
	check_mode("..", DAXHP_MODE_DEVDAX, DAXHP_STATE_NONE, false);
	check_mode("..", DAXHP_MODE_FAMFS, DAXHP_STATE_NONE, false);
	check_mode("..", DAXHP_MODE_OTHER, DAXHP_STATE_NONE, false);
	check_mode("N.", DAXHP_MODE_DEVDAX, DAXHP_STATE_NONE, true);
	assert_null(daxhp_state_name(DAXHP_STATE_NONE));
}

static void test_no_hotremove(void **state)
{
	/* A kernel that cannot remove memory shows no zones: the state can only be online. */
	struct daxhp_observation *obs = make_observation("??");

	(void)state;
	obs->hotremove = false;
	observation_derive(obs);
	assert_int_equal(obs->state, DAXHP_ONLINE);
	obs->blocks[1].state = MEMBLOCK_OFFLINE;
	observation_derive(obs);
	assert_int_equal(obs->state, DAXHP_INCONSISTENT);
	daxhp_observation_unref(obs);
}

static void test_unseen_blocks(void **state)
{
	struct daxhp_observation *obs = make_observation("");

	(void)state;
	/* When a block cannot be seen, this does not mean that it is absent. */
	obs->blocks_error = -EACCES;
	observation_derive(obs);
	assert_int_equal(obs->state, DAXHP_STATE_NONE);
	daxhp_observation_unref(obs);
}

static void test_counts(void **state)
{
	struct daxhp_observation *obs = make_observation(".-MMN3D?m");

	(void)state;
	assert_int_equal(daxhp_observation_count_blocks(obs), 9);
	assert_int_equal(daxhp_observation_count_present(obs), 8);
	/* Memory that is going offline is still in use. */
	assert_int_equal(daxhp_observation_count_online(obs), 7);
	assert_int_equal(daxhp_observation_count_zone(obs, DAXHP_ZONE_MOVABLE), 2);
	assert_int_equal(daxhp_observation_count_zone(obs, DAXHP_ZONE_NORMAL), 1);
	assert_int_equal(daxhp_observation_count_zone(obs, DAXHP_ZONE_DMA32), 1);
	assert_int_equal(daxhp_observation_count_zone(obs, DAXHP_ZONE_DMA), 1);
	assert_int_equal(daxhp_observation_count_zone(obs, DAXHP_ZONE_UNKNOWN), 2);
	assert_int_equal(daxhp_observation_count_zone(obs, DAXHP_ZONE_MAX), 0);
	/* Counting twice gives the same numbers. */
	observation_derive(obs);
	assert_int_equal(obs->n_online, 7);
	assert_int_equal(obs->n_zone[DAXHP_ZONE_MOVABLE], 2);
	daxhp_observation_unref(obs);
}

/* All in one zone, but one block is going offline: it is no longer in that zone. */
static void test_going_offline(void **state)
{
	struct daxhp_observation *obs = make_observation("MM");

	(void)state;
	obs->blocks[1].state = MEMBLOCK_GOING_OFFLINE;
	observation_derive(obs);
	assert_int_equal(obs->state, DAXHP_INCONSISTENT);
	daxhp_observation_unref(obs);
}

static void check_equal(const char *a, const char *b, bool expected)
{
	struct daxhp_observation *x = make_observation(a), *y = make_observation(b);

	assert_msg(observation_equal(x, y) == expected, "%s and %s", a, b);
	assert_msg(observation_equal(y, x) == expected, "%s and %s", b, a);
	daxhp_observation_unref(x);
	daxhp_observation_unref(y);
}

static void test_equal(void **state)
{
	struct daxhp_observation *a = make_attribute_observation("M", DAXHP_INTERFACE_STATE,
								 "online");
	struct daxhp_observation *b = make_attribute_observation("M", DAXHP_INTERFACE_STATE,
								 "online_movable");
	struct daxhp_observation *bound = make_observation(".");
	struct daxhp_observation *unbound = make_mode_observation(".", DAXHP_MODE_UNBOUND);
	struct daxhp_observation *seen;

	(void)state;
	check_equal("M-.", "M-.", true);
	check_equal("M-.", "M--", false);
	check_equal("M-", "N-", false);
	check_equal("M", "m", false);
	check_equal("M", "MM", false);
	/* When one block could not be seen, the state is not known. */
	unbound->blocks_error = -EIO;
	seen = make_mode_observation(".", DAXHP_MODE_UNBOUND);
	assert_false(observation_equal(seen, unbound));
	daxhp_observation_unref(seen);
	unbound->blocks_error = 0;
	/* The kernel chooses the zone for kernel memory. All these zones count the same. */
	check_equal("N", "3", true);
	check_equal("N", "D", true);
	assert_false(observation_equal(a, b));
	assert_false(observation_equal(bound, unbound));
	daxhp_observation_unref(a);
	daxhp_observation_unref(b);
	daxhp_observation_unref(bound);
	daxhp_observation_unref(unbound);
}

static void test_zone_fits(void **state)
{
	(void)state;
	for (enum daxhp_zone z = DAXHP_ZONE_DMA; z < DAXHP_ZONE_MAX; z++) {
		assert_true(zone_fits(z, DAXHP_ONLINE));
		assert_int_equal(zone_fits(z, DAXHP_ONLINE_MOVABLE), z == DAXHP_ZONE_MOVABLE);
		assert_int_equal(zone_fits(z, DAXHP_ONLINE_KERNEL), z == DAXHP_ZONE_DMA ||
									    z == DAXHP_ZONE_DMA32 ||
									    z == DAXHP_ZONE_NORMAL);
		assert_false(zone_fits(z, DAXHP_OFFLINE));
		assert_false(zone_fits(z, DAXHP_UNPLUGGED));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blocks_alone),  cmocka_unit_test(test_attribute),
		cmocka_unit_test(test_modes),	      cmocka_unit_test(test_no_hotremove),
		cmocka_unit_test(test_unseen_blocks), cmocka_unit_test(test_counts),
		cmocka_unit_test(test_going_offline), cmocka_unit_test(test_equal),
		cmocka_unit_test(test_zone_fits),
	};

	return cmocka_run_group_tests_name("derive", tests, NULL, NULL);
}
