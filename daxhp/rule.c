// SPDX-License-Identifier: GPL-2.0-or-later
/* The rule of a policy file: its keys and values, and which devices it is for. */
#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "rule.h"

#define NODE_MAX 65535
#define UUID_LENGTH 36

/* ---- values ---- */

/* Decimal, or hexadecimal with 0x. Returns what stands behind the number; NULL: it is none. */
static const char *take_number(const char *text, uint64_t *ret_value)
{
	bool is_hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	unsigned int base = is_hex ? 16 : 10;
	const char *digits = is_hex ? text + 2 : text, *c;
	uint64_t value = 0;

	for (c = digits; is_hex ? isxdigit((unsigned char)*c) : isdigit((unsigned char)*c); c++) {
		unsigned int digit = isdigit((unsigned char)*c)
					     ? *c - '0'
					     : tolower((unsigned char)*c) - 'a' + 10;

		if (value > (UINT64_MAX - digit) / base)
			return NULL;
		value = value * base + digit;
	}
	if (c == digits)
		return NULL;
	*ret_value = value;
	return c;
}

static bool is_number(const char *text, uint64_t *ret_value)
{
	const char *end = take_number(text, ret_value);

	return end && !*end;
}

/* With a unit or without: 2G, 512M. */
static const char *take_size(const char *text, uint64_t *ret_bytes)
{
	static const char units[] = "KMGTP";
	uint64_t bytes;
	const char *end = take_number(text, &bytes),
		   *unit = end && *end ? strchr(units, *end) : NULL;

	for (const char *u = units; unit && u <= unit; u++) {
		if (bytes > UINT64_MAX / 1024)
			return NULL;
		bytes *= 1024;
	}
	if (!end)
		return NULL;
	*ret_bytes = bytes;
	return unit ? end + 1 : end;
}

static bool set_serial(struct rule *rule, const char *value)
{
	return is_number(value, &rule->serial);
}

static bool set_uuid(struct rule *rule, const char *value)
{
	if (strlen(value) != UUID_LENGTH)
		return false;
	for (size_t i = 0; i < UUID_LENGTH; i++) {
		bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (is_dash ? value[i] != '-' : !isxdigit((unsigned char)value[i]))
			return false;
		rule->uuid[i] = tolower((unsigned char)value[i]);
	}
	rule->uuid[UUID_LENGTH] = '\0';
	return true;
}

static bool set_kind(struct rule *rule, const char *value)
{
	for (enum daxhp_provider kind = DAXHP_PROVIDER_CXL; daxhp_provider_name(kind); kind++) {
		if (strcmp(daxhp_provider_name(kind), value) == 0) {
			rule->kind = kind;
			return true;
		}
	}
	return false;
}

static bool set_node(struct rule *rule, const char *value)
{
	uint64_t node;

	if (!is_number(value, &node) || node > NODE_MAX)
		return false;
	rule->node = node;
	return true;
}

static bool set_start(struct rule *rule, const char *value)
{
	return is_number(value, &rule->start);
}

/* 2G, 2G-8G, 2G- or -8G */
static bool set_size(struct rule *rule, const char *value)
{
	const char *dash = strchr(value, '-'), *end = "";
	bool has_min = dash != value, has_max = dash && dash[1];

	rule->size_min = 0;
	if (has_min && take_size(value, &rule->size_min) != (dash ? dash : strchr(value, '\0')))
		return false;
	rule->size_max = dash ? UINT64_MAX : rule->size_min;
	if (has_max)
		end = take_size(dash + 1, &rule->size_max);
	return (has_min || has_max) && end && !*end && rule->size_min <= rule->size_max;
}

/* A name that the kernel gives, or a pattern of one. */
static bool set_text(char *to, const char *value)
{
	if (strlen(value) >= RULE_TEXT_MAX)
		return false;
	for (const char *c = value; *c; c++)
		if (*c <= ' ' || *c >= 0x7f)
			return false;
	strcpy(to, value);
	return true;
}

static bool set_region(struct rule *rule, const char *value)
{
	return set_text(rule->region, value);
}

static bool set_name(struct rule *rule, const char *value)
{
	return set_text(rule->name, value);
}

static const char *const mode_words[] = { "system-ram", "devdax", "ignore" };

static bool set_mode(struct rule *rule, const char *value)
{
	for (size_t i = 0; i < ARRAY_SIZE(mode_words); i++) {
		if (strcmp(mode_words[i], value) == 0) {
			rule->mode = i;
			return true;
		}
	}
	return false;
}

/* One of two words. */
static bool set_choice(bool *to, const char *value, const char *no, const char *yes)
{
	*to = strcmp(value, yes) == 0;
	return *to || strcmp(value, no) == 0;
}

static bool set_zone(struct rule *rule, const char *value)
{
	return set_choice(&rule->is_kernel_zone, value, "movable", "kernel");
}

static bool set_memory(struct rule *rule, const char *value)
{
	return set_choice(&rule->is_unplugged, value, "online", "unplugged");
}

/* ---- keys ---- */

static const struct {
	const char *name;
	bool (*set)(struct rule *rule, const char *value);
	const char *expected;
} keys[RULE_KEYS] = {
	[RULE_SERIAL] = { "MemdevSerial", set_serial, "a number, such as 0x1000" },
	[RULE_UUID] = { "NamespaceUUID", set_uuid,
			"a uuid, such as 7ac3efc1-fdb3-4e2b-8a0d-9fb4ac7ab4b5" },
	[RULE_KIND] = { "Kind", set_kind, "cxl, pmem or hmem" },
	[RULE_NODE] = { "TargetNode", set_node, "a number from 0 to 65535" },
	[RULE_START] = { "Start", set_start, "an address, such as 0x100000000" },
	[RULE_SIZE] = { "Size", set_size, "a size or a range, such as 2G, 2G-8G, 2G- or -8G" },
	[RULE_REGION] = { "Region", set_region, "a number or a name, such as region0" },
	[RULE_NAME] = { "Name", set_name, "a name or a pattern, such as dax0.0 or dax*" },
	[RULE_MODE] = { "Mode", set_mode, "system-ram, devdax or ignore" },
	[RULE_ZONE] = { "Zone", set_zone, "movable or kernel" },
	[RULE_MEMORY] = { "Memory", set_memory, "online or unplugged" },
};

const char *rule_key_name(enum rule_key key)
{
	return key < RULE_KEYS ? keys[key].name : NULL;
}

static const char *section_of(enum rule_key key)
{
	return key < RULE_MATCHES ? "Match" : "Device";
}

static enum rule_key find_key(const char *section, const char *name)
{
	enum rule_key key = 0;

	while (key < RULE_KEYS &&
	       (strcmp(keys[key].name, name) != 0 || strcmp(section_of(key), section) != 0))
		key++;
	return key;
}

int rule_set(struct rule *rule, const char *section, const char *name, const char *value,
	     unsigned int line, char *why)
{
	enum rule_key key = find_key(section, name);

	if (key == RULE_KEYS) {
		snprintf(why, RULE_WHY_MAX, "'%.64s' is not a key of [%.64s]", name, section);
		return -EINVAL;
	}
	if (!value || !*value) {
		snprintf(why, RULE_WHY_MAX, "%s= has no value: expected %s", name,
			 keys[key].expected);
		return -EINVAL;
	}
	if (!keys[key].set(rule, value)) {
		snprintf(why, RULE_WHY_MAX, "'%.64s' is not a value of %s=: expected %s", value,
			 name, keys[key].expected);
		return -EINVAL;
	}
	rule->lines[key] = line;
	return 0;
}

int rule_check(const struct rule *rule, char *why, unsigned int *ret_line)
{
	bool has_match = false;

	for (enum rule_key key = 0; key < RULE_MATCHES; key++)
		has_match |= rule->lines[key] > 0;
	*ret_line = 0;
	if (!has_match) {
		snprintf(why, RULE_WHY_MAX,
			 "there is nothing in [Match]; Name=dax* is true of every device");
	} else if (!rule->lines[RULE_MODE]) {
		snprintf(why, RULE_WHY_MAX, "there is no Mode= in [Device]");
	} else if (rule->mode != RULE_SYSTEM_RAM &&
		   (rule->lines[RULE_ZONE] || rule->lines[RULE_MEMORY])) {
		enum rule_key key = rule->lines[RULE_ZONE] ? RULE_ZONE : RULE_MEMORY;

		*ret_line = rule->lines[key];
		snprintf(why, RULE_WHY_MAX, "%s= needs Mode=system-ram", keys[key].name);
	} else if (rule->is_unplugged && rule->lines[RULE_ZONE]) {
		*ret_line = rule->lines[RULE_ZONE];
		snprintf(why, RULE_WHY_MAX, "Zone= and Memory=unplugged contradict each other");
	} else {
		return 0;
	}
	return -EINVAL;
}

/* ---- matching ---- */

/* One of its cards has it. */
static bool has_serial(const struct subject *subject, uint64_t serial)
{
	for (size_t i = 0; i < subject->n_memdevs; i++)
		if (subject->memdevs[i]->has_serial && subject->memdevs[i]->serial == serial)
			return true;
	return false;
}

static bool is_in_region(const struct subject *subject, const char *name)
{
	return strcmp(subject->region_number, name) == 0 ||
	       strcmp(subject->region_name, name) == 0 ||
	       (subject->cxl_region && strcmp(subject->cxl_region, name) == 0);
}

static bool holds(const struct rule *rule, enum rule_key key, const struct subject *subject)
{
	switch (key) {
	case RULE_SERIAL:
		return has_serial(subject, rule->serial);
	case RULE_UUID:
		return subject->uuid && strcasecmp(rule->uuid, subject->uuid) == 0;
	case RULE_KIND:
		return rule->kind == subject->kind;
	case RULE_NODE:
		return rule->node == subject->node;
	case RULE_START:
		return subject->start != UINT64_MAX && rule->start == subject->start;
	case RULE_SIZE:
		return subject->size > 0 && rule->size_min <= subject->size &&
		       subject->size <= rule->size_max;
	case RULE_REGION:
		return is_in_region(subject, rule->region);
	case RULE_NAME:
		return fnmatch(rule->name, subject->name, 0) == 0;
	default:
		return true;
	}
}

enum rule_key rule_mismatch(const struct rule *rule, const struct subject *subject)
{
	for (enum rule_key key = 0; key < RULE_MATCHES; key++)
		if (rule->lines[key] && !holds(rule, key, subject))
			return key;
	return RULE_KEYS;
}

/* ---- text ---- */

/* As large a unit as leaves nothing over. */
static void print_size(uint64_t bytes, char *buf, size_t size)
{
	static const char units[] = { '\0', 'K', 'M', 'G', 'T', 'P' };
	size_t i = 0;

	while (bytes && bytes % 1024 == 0 && i + 1 < sizeof(units)) {
		bytes /= 1024;
		i++;
	}
	snprintf(buf, size, "%" PRIu64 "%.1s", bytes, &units[i]);
}

static void print_range(const struct rule *rule, char *buf, size_t size)
{
	char min[32], max[32];

	print_size(rule->size_min, min, sizeof(min));
	print_size(rule->size_max, max, sizeof(max));
	if (rule->size_min == rule->size_max)
		snprintf(buf, size, "%s", min);
	else
		snprintf(buf, size, "%s-%s", rule->size_min ? min : "",
			 rule->size_max == UINT64_MAX ? "" : max);
}

static const char *kind_word(enum daxhp_provider kind)
{
	const char *name = daxhp_provider_name(kind);

	return name ? name : "";
}

void rule_print(const struct rule *rule, enum rule_key key, char *buf, size_t size)
{
	*buf = '\0';
	if (key >= RULE_KEYS || !rule->lines[key])
		return;
	switch (key) {
	case RULE_SERIAL:
		snprintf(buf, size, "%#" PRIx64, rule->serial);
		break;
	case RULE_UUID:
		snprintf(buf, size, "%s", rule->uuid);
		break;
	case RULE_KIND:
		snprintf(buf, size, "%s", kind_word(rule->kind));
		break;
	case RULE_NODE:
		snprintf(buf, size, "%d", rule->node);
		break;
	case RULE_START:
		snprintf(buf, size, "%#" PRIx64, rule->start);
		break;
	case RULE_SIZE:
		print_range(rule, buf, size);
		break;
	case RULE_REGION:
		snprintf(buf, size, "%s", rule->region);
		break;
	case RULE_NAME:
		snprintf(buf, size, "%s", rule->name);
		break;
	case RULE_MODE:
		snprintf(buf, size, "%s", mode_words[rule->mode]);
		break;
	case RULE_ZONE:
		snprintf(buf, size, "%s", rule->is_kernel_zone ? "kernel" : "movable");
		break;
	default:
		snprintf(buf, size, "%s", rule->is_unplugged ? "unplugged" : "online");
		break;
	}
}

/* Several cards, which are interleaved, have several. */
static void print_serials(const struct subject *subject, char *buf, size_t size)
{
	size_t used = 0;

	for (size_t i = 0; i < subject->n_memdevs && used < size; i++)
		if (subject->memdevs[i]->has_serial)
			used += snprintf(buf + used, size - used, "%s%#" PRIx64, used ? " " : "",
					 subject->memdevs[i]->serial);
}

void subject_print(const struct subject *subject, enum rule_key key, char *buf, size_t size)
{
	*buf = '\0';
	switch (key) {
	case RULE_SERIAL:
		print_serials(subject, buf, size);
		break;
	case RULE_UUID:
		snprintf(buf, size, "%s", subject->uuid ? subject->uuid : "");
		break;
	case RULE_KIND:
		snprintf(buf, size, "%s", kind_word(subject->kind));
		break;
	case RULE_NODE:
		if (subject->node >= 0)
			snprintf(buf, size, "%d", subject->node);
		break;
	case RULE_START:
		if (subject->start != UINT64_MAX)
			snprintf(buf, size, "%#" PRIx64, subject->start);
		break;
	case RULE_SIZE:
		if (subject->size)
			print_size(subject->size, buf, size);
		break;
	case RULE_REGION:
		snprintf(buf, size, "%s",
			 subject->cxl_region ? subject->cxl_region : subject->region_name);
		break;
	case RULE_NAME:
		snprintf(buf, size, "%s", subject->name);
		break;
	default:
		break;
	}
}

/* ---- how a device is to be ---- */

bool rule_is_kept(const struct rule *rule, enum daxhp_mode mode, enum daxhp_state state)
{
	if (rule->mode == RULE_IGNORE)
		return true;
	if (rule->mode == RULE_DEVDAX)
		return mode == DAXHP_MODE_DEVDAX;
	if (rule->is_unplugged)
		return state == DAXHP_UNPLUGGED;
	return rule->is_kernel_zone ? state == DAXHP_ONLINE || state == DAXHP_ONLINE_KERNEL
				    : state == DAXHP_ONLINE_MOVABLE;
}

const char *rule_goal_word(const struct rule *rule)
{
	if (rule->mode != RULE_SYSTEM_RAM)
		return mode_words[rule->mode];
	if (rule->is_unplugged)
		return "unplugged";
	return rule->is_kernel_zone ? "online_kernel" : "online_movable";
}

/* ---- a key that is there twice ---- */

/* The key of a line; 0 when the line has none. */
static size_t key_length(const char *line, size_t len)
{
	const char *sign = memchr(line, '=', len);
	size_t n = sign && *line != '#' && *line != ';' && *line != '[' ? (size_t)(sign - line) : 0;

	while (n > 0 && isblank((unsigned char)line[n - 1]))
		n--;
	return n;
}

unsigned int rule_find_repeated(const char *text)
{
	unsigned int seen = 0, line = 1;

	while (*text) {
		size_t blanks = strspn(text, " \t"), len = strcspn(text + blanks, "\n");
		size_t n = key_length(text + blanks, len);

		for (enum rule_key key = 0; n && key < RULE_KEYS; key++) {
			if (strlen(keys[key].name) != n ||
			    strncmp(keys[key].name, text + blanks, n) != 0)
				continue;
			if (seen & (1u << key))
				return line;
			seen |= 1u << key;
		}
		text += blanks + len;
		line += *text == '\n';
		text += *text == '\n';
	}
	return 0;
}
