/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Common to all unit tests. cmocka needs its headers in this order. */
#ifndef DAXHP_TESTS_UNIT_H
#define DAXHP_TESTS_UNIT_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/internal.h"
#include "libdaxhp-private.h"

/* An assertion with a message that says which row of a table, or which round, failed. */
#define assert_msg(condition, ...)             \
	do {                                   \
		if (!(condition))              \
			fail_msg(__VA_ARGS__); \
	} while (0)

/*
 * A test that goes through all starts takes minutes with the sanitizers. Their build tries every fifth,
 * the normal build tries all.
 */
#ifdef __SANITIZE_ADDRESS__
#define STARTS_STEP 5
#else
#define STARTS_STEP 1
#endif

/* ---- observation.c: observations and plans as text ---- */

/* The number of the first block. */
#define FIRST_BLOCK 32

/*
 * A derived observation. Each letter of @blocks is one block: . missing, - offline, M online in
 * Movable, N Normal, 3 DMA32, D DMA, ? online in an unknown zone, m going from Movable to offline.
 * The device is bound to kmem without an attribute, the policy is `offline`, and the module is
 * available. Free it with daxhp_observation_unref().
 */
struct daxhp_observation *make_observation(const char *blocks);
/* The same, with an attribute of that name and that word. */
struct daxhp_observation *
make_attribute_observation(const char *blocks, enum daxhp_interface interface, const char *word);
/* The same, with that mode and driver, and no interface. */
struct daxhp_observation *make_mode_observation(const char *blocks, enum daxhp_mode mode);
/* The letters of an observation's blocks; static, valid until the next call. */
const char *format_blocks(const struct daxhp_observation *obs);
/*
 * A plan's steps as "guard; write-blocks offline 32,33; check-offline; unbind", with the driver if
 * it is not kmem; static, valid until the next call.
 */
const char *format_plan(const struct daxhp_plan *plan);

/* ---- goals ---- */

#define GOAL(state_, may_move_, may_rebind_)                                               \
	(struct goal)                                                                      \
	{                                                                                  \
		.mode = DAXHP_MODE_SYSTEM_RAM, .state = (state_), .may_move = (may_move_), \
		.may_rebind = (may_rebind_)                                                \
	}
#define GOAL_UNPLUGGED GOAL(DAXHP_UNPLUGGED, false, false)
#define GOAL_ONLINE GOAL(DAXHP_ONLINE, false, false)
#define GOAL_ONLINE_KERNEL GOAL(DAXHP_ONLINE_KERNEL, false, false)
#define GOAL_ONLINE_MOVABLE GOAL(DAXHP_ONLINE_MOVABLE, false, false)
/* As the two above, and from the other zone. */
#define GOAL_MOVE_KERNEL GOAL(DAXHP_ONLINE_KERNEL, true, false)
#define GOAL_MOVE_MOVABLE GOAL(DAXHP_ONLINE_MOVABLE, true, false)
/* And from devdax mode. */
#define GOAL_SYSTEM_RAM GOAL(DAXHP_ONLINE, true, true)
#define GOAL_SYSTEM_RAM_KERNEL GOAL(DAXHP_ONLINE_KERNEL, true, true)
#define GOAL_SYSTEM_RAM_MOVABLE GOAL(DAXHP_ONLINE_MOVABLE, true, true)
#define GOAL_SYSTEM_RAM_OFF GOAL(DAXHP_OFFLINE, true, true)
#define GOAL_DEVDAX                                                             \
	(struct goal)                                                           \
	{                                                                       \
		.mode = DAXHP_MODE_DEVDAX, .may_move = true, .may_rebind = true \
	}

#define GOAL_UNBOUND(may)                                                                 \
	(struct goal)                                                                     \
	{                                                                                 \
		.mode = DAXHP_MODE_UNBOUND, .state = DAXHP_UNPLUGGED, .may_rebind = (may) \
	}

/* All that are valid. */
#define GOALS_COUNT 17
extern const struct goal all_goals[GOALS_COUNT];
/* Its text; static, good until the next call. */
const char *format_goal(struct goal goal);

#endif
