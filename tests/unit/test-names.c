// SPDX-License-Identifier: LGPL-2.1-or-later
/* Words and names. The kernel has defined them, and scripts read them. */
#include "unit.h"

static void test_states(void **state)
{
	static const char *const words[] = { "unplugged",     "offline",	"online",
					     "online_kernel", "online_movable", "inconsistent" };

	(void)state;
	assert_null(daxhp_state_name(DAXHP_STATE_NONE));
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		assert_string_equal(daxhp_state_name(DAXHP_UNPLUGGED + i), words[i]);
	assert_null(daxhp_state_name(DAXHP_INCONSISTENT + 1));
	assert_null(daxhp_state_name((enum daxhp_state) - 1));
	for (enum daxhp_state s = DAXHP_UNPLUGGED; s < DAXHP_INCONSISTENT; s++)
		assert_int_equal(state_from_name(daxhp_state_name(s)), s);
	/* A word that only daxhp has. In a file of the kernel it has no meaning. */
	assert_int_equal(state_from_name("inconsistent"), DAXHP_STATE_NONE);
	assert_int_equal(state_from_name(""), DAXHP_STATE_NONE);
	assert_int_equal(state_from_name("unplug"), DAXHP_STATE_NONE);
	assert_int_equal(state_from_name("online_"), DAXHP_STATE_NONE);
	assert_int_equal(state_from_name("Online"), DAXHP_STATE_NONE);
}

static void test_online_states(void **state)
{
	(void)state;
	for (enum daxhp_state s = DAXHP_STATE_NONE; s <= DAXHP_INCONSISTENT; s++)
		assert_int_equal(state_is_online(s), s == DAXHP_ONLINE ||
							     s == DAXHP_ONLINE_KERNEL ||
							     s == DAXHP_ONLINE_MOVABLE);
}

static void test_zones(void **state)
{
	static const char *const words[] = { "DMA", "DMA32", "Normal", "Movable", "unknown" };

	(void)state;
	for (enum daxhp_zone z = DAXHP_ZONE_DMA; z < DAXHP_ZONE_MAX; z++) {
		assert_string_equal(daxhp_zone_name(z), words[z]);
		assert_int_equal(zone_from_name(words[z]), z);
	}
	assert_null(daxhp_zone_name(DAXHP_ZONE_MAX));
	assert_int_equal(zone_from_name("none"), DAXHP_ZONE_UNKNOWN);
	assert_int_equal(zone_from_name("Device"), DAXHP_ZONE_UNKNOWN);
	assert_int_equal(zone_from_name("Normal Movable"), DAXHP_ZONE_UNKNOWN);
	assert_int_equal(zone_from_name(""), DAXHP_ZONE_UNKNOWN);
}

static void test_interfaces_and_modes(void **state)
{
	(void)state;
	assert_null(daxhp_interface_name(DAXHP_INTERFACE_NONE));
	assert_string_equal(daxhp_interface_name(DAXHP_INTERFACE_STATE), "state");
	assert_string_equal(daxhp_interface_name(DAXHP_INTERFACE_HOTPLUG), "hotplug");
	assert_string_equal(daxhp_interface_name(DAXHP_INTERFACE_MEMORY_BLOCKS), "memory-blocks");
	assert_string_equal(daxhp_mode_name(DAXHP_MODE_UNBOUND), "unbound");
	assert_string_equal(daxhp_mode_name(DAXHP_MODE_SYSTEM_RAM), "system-ram");
	assert_string_equal(daxhp_mode_name(DAXHP_MODE_DEVDAX), "devdax");
	assert_string_equal(daxhp_mode_name(DAXHP_MODE_FAMFS), "famfs");
	assert_null(daxhp_mode_name(DAXHP_MODE_OTHER));
	assert_null(daxhp_mode_name(DAXHP_MODE_OTHER + 1));
}

static void test_device_names(void **state)
{
	static const char *const good[] = { "dax0.0", "dax1.23", "dax12.0", "dax4294967295.1",
					    "dax00.0" };
	static const char *const bad[] = {
		"",
		"dax",
		"dax0",
		"dax0.",
		"dax.0",
		"dax0.0.0",
		"dax0.0 ",
		" dax0.0",
		"Dax0.0",
		"dax0.0\n",
		"dax-1.0",
		"dax+1.0",
		"dax0.-1",
		"dax0x1.0",
		"../dax0.0",
		"dax0.0/",
		"dax0/..",
		"/dax0.0",
		"pmem0.0",
		"dax0,0",
		"dax\xc2\xb2.0",
		"dax12345678901.0",
		"dax0.12345678901",
		"all",
		"dax0.0a",
	};
	char long_name[4097];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_msg(daxhp_device_name_is_valid(good[i]), "%s", good[i]);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_msg(!daxhp_device_name_is_valid(bad[i]), "%s", bad[i]);
	memset(long_name, '1', sizeof(long_name));
	memcpy(long_name, "dax0.", 5);
	long_name[sizeof(long_name) - 1] = '\0';
	assert_false(daxhp_device_name_is_valid(long_name));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states),	     cmocka_unit_test(test_online_states),
		cmocka_unit_test(test_zones),	     cmocka_unit_test(test_interfaces_and_modes),
		cmocka_unit_test(test_device_names),
	};

	return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
