/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A device's state, straight from /sys: everything that a failed run must not change. */
#ifndef LOOK_H
#define LOOK_H

#include <stdbool.h>
#include <stddef.h>

#define MEMORY "/sys/devices/system/memory"
#define BUS "/sys/bus/dax"
#define BLOCKS_MAX 288

struct look {
	char policy[32], autoprobe[8], driver[16], attribute[32];
	struct block {
		char state[16], zone[16];
	} blocks[BLOCKS_MAX];
};

/* The device, and the numbers of its memory blocks. */
extern const char *device, *const *block_ids;
extern int n_blocks;

void look(struct look *l);
/* Only the values of the machine: the guard does not deny these. */
void look_policy(struct look *l);
void print_look(const char *when, const struct look *l);
bool write_word(const char *path, const char *word);

/* @zone is "" for blocks that are not online. @state is "" for absent blocks. */
bool all_blocks_are(const struct look *l, const char *state, const char *zone);
bool is_wedged(const struct look *l);
bool is_same_block(const struct look *a, const struct look *b, int i);
/* Does not compare the policy: the callers do that. */
bool is_same(const struct look *a, const struct look *b);
bool is_same_policy(const struct look *a, const struct look *b);

#endif
