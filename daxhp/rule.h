/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rule of a policy file: which devices it is for, and how they are to be. Pure: no input, no
 * output, no clock; tests/cli/layers.sh checks it. It is in the tool and not in the library, because
 * the library does what it is told, and reads no configuration of the machine.
 */
#ifndef DAXHP_RULE_H
#define DAXHP_RULE_H

#include <stdbool.h>
#include <stddef.h>

#include "libdaxhp.h"

/* The keys of a file: those of [Match], then those of [Device]. */
enum rule_key {
	RULE_SERIAL,
	RULE_UUID,
	RULE_KIND,
	RULE_NODE,
	RULE_START,
	RULE_SIZE,
	RULE_REGION,
	RULE_NAME,
	RULE_MATCHES, /* how many there are in [Match] */
	RULE_MODE = RULE_MATCHES,
	RULE_ZONE,
	RULE_MEMORY,
	RULE_KEYS,
};

enum rule_mode {
	RULE_SYSTEM_RAM,
	RULE_DEVDAX,
	RULE_IGNORE,
};

/* Longest text of a value, with its NUL. */
#define RULE_TEXT_MAX 64
/* Longest sentence about a file, with its NUL. */
#define RULE_WHY_MAX 256

struct rule {
	unsigned int lines[RULE_KEYS]; /* where each key is; 0: it is not given */
	uint64_t serial, start, size_min, size_max;
	char uuid[RULE_TEXT_MAX];
	enum daxhp_provider kind;
	int node;
	char region[RULE_TEXT_MAX], name[RULE_TEXT_MAX];
	enum rule_mode mode;
	bool is_kernel_zone, is_unplugged;
};

/* What can be matched of a device. */
struct subject {
	const char *name;
	enum daxhp_provider kind;
	const char *uuid;			/* NULL: it has none */
	const struct daxhp_memdev *memdevs[16]; /* CXL interleaves no more */
	size_t n_memdevs;
	char region_number[16];
	const char *region_name;
	const char *cxl_region; /* NULL: it is in none */
	int node;		/* -1: not known */
	uint64_t start;		/* the lowest address; UINT64_MAX: not known */
	uint64_t size;		/* 0: not known */
};

/* "MemdevSerial" */
const char *rule_key_name(enum rule_key key);
/*
 * Enter the value of a key into the rule. @line: where it is, from 1 on. 0, or -EINVAL with the reason in
 * @why (RULE_WHY_MAX bytes): "'fast' is no Mode: expected system-ram, devdax or ignore".
 */
int rule_set(struct rule *rule, const char *section, const char *key, const char *value,
	     unsigned int line, char *why);
/* Is it a whole rule? As above. *ret_line: the line that the reason is about; 0: none. */
int rule_check(const struct rule *rule, char *why, unsigned int *ret_line);
/* The first key that does not hold, or RULE_KEYS: all that are given hold. */
enum rule_key rule_mismatch(const struct rule *rule, const struct subject *subject);
/* The value of a key in the rule, as in a file; empty when it is not given. */
void rule_print(const struct rule *rule, enum rule_key key, char *buf, size_t size);
/* The value of one of the keys of [Match] for a device, as in a file; empty when it has none. */
void subject_print(const struct subject *subject, enum rule_key key, char *buf, size_t size);
/* Is a device in this mode and state as the rule says? */
bool rule_is_kept(const struct rule *rule, enum daxhp_mode mode, enum daxhp_state state);
/* "online_movable": how the device is to be, in one word of daxhp's. */
const char *rule_goal_word(const struct rule *rule);

/*
 * The line of a key that is in the same section twice, from 1 on; 0: there is none. libeconf drops one of
 * them, and which one depends on its version.
 */
unsigned int rule_find_repeated(const char *text);

#endif
