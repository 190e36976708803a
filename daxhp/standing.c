// SPDX-License-Identifier: GPL-2.0-or-later
/* How things stand after a failure: what is not as before, what leads back, and who was in the way. */
#include <inttypes.h>
#include <string.h>

#include "daxhp.h"

/* "memory33, memory34 and 10 more" */
static char *list_blocks(const struct daxhp_result *result)
{
	const uint64_t *blocks;
	size_t n = daxhp_result_get_stuck_blocks(result, &blocks);
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	for (size_t i = 0; i < n && i < 4; i++)
		fprintf(f, "%smemory%" PRIu64, i ? ", " : "", blocks[i]);
	if (n > 4)
		fprintf(f, " and %zu more", n - 4);
	fclose(f);
	return text;
}

/* Loops start a program for each write: what counts is the name, not each of its processes. */
static void print_rivals_named(FILE *f, const struct daxhp_rival *rivals, size_t n, size_t first,
			       bool is_in_use)
{
	unsigned int denied = 0, processes = 0;

	for (size_t i = first; i < n; i++) {
		if (strcmp(rivals[i].comm, rivals[first].comm) == 0) {
			denied += rivals[i].denied;
			processes++;
		}
	}
	fprintf(f, "%s%s (pid %d", first ? ", " : "", rivals[first].comm, rivals[first].pid);
	if (processes > 1)
		fprintf(f, " and %u more", processes - 1);
	if (denied)
		fprintf(f, ") was kept off its memory blocks %u time%s", denied,
			denied == 1 ? "" : "s");
	else
		fprintf(f, ") has %s open", is_in_use ? "the device" : "one of its memory blocks");
}

/* As many names as a person reads; JSON has more. */
#define NAMES_MAX 4

char *message_for_rivals(const struct daxhp_result *result)
{
	const struct daxhp_rival *rivals;
	size_t n = daxhp_result_get_rivals(result, &rivals), k, n_named = 0;
	unsigned long left_out = daxhp_result_count_left_out(result);
	char *text = NULL;
	size_t size;
	FILE *f = n ? open_memstream(&text, &size) : NULL;

	if (!f)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		for (k = 0; k < i && strcmp(rivals[k].comm, rivals[i].comm); k++)
			;
		if (k < i)
			continue;
		if (n_named++ < NAMES_MAX)
			print_rivals_named(f, rivals, n, i,
					   daxhp_result_get_failure(result) == DAXHP_FAILED_IN_USE);
		else
			left_out += rivals[i].denied ? rivals[i].denied : 1;
	}
	if (left_out)
		fprintf(f, "; others were met %lu time%s", left_out, left_out == 1 ? "" : "s");
	fclose(f);
	return text;
}

const char *command_back(enum daxhp_mode mode, enum daxhp_state state)
{
	if (mode == DAXHP_MODE_DEVDAX)
		return "reconfigure --mode=devdax";
	if (mode != DAXHP_MODE_SYSTEM_RAM)
		return "unplug";
	switch (state) {
	case DAXHP_ONLINE:
	case DAXHP_ONLINE_KERNEL:
		return "reconfigure --mode=system-ram --kernel";
	case DAXHP_UNPLUGGED:
	case DAXHP_OFFLINE:
		return "reconfigure --mode=system-ram --no-online";
	default:
		return "reconfigure --mode=system-ram --movable";
	}
}

/* What others have done to the device is not for daxhp to take back. */
static bool is_by_others(const struct outcome *o)
{
	return daxhp_result_get_failure(o->result) == DAXHP_FAILED_DRIVER_CHANGED;
}

/* What the way back failed of may not last. */
static char *way_back_text(const struct outcome *o)
{
	const struct daxhp_observation *after = daxhp_result_get_after(o->result);
	char *text;
	int r;

	if (daxhp_observation_is_wedged(after) || is_by_others(o))
		return strdup("");
	r = asprintf(&text, "; 'daxhp %s %s' tries again to take it back",
		     command_back(daxhp_observation_get_mode(o->before),
				  daxhp_observation_get_state(o->before)),
		     daxhp_device_get_name(o->device));
	return r < 0 ? NULL : text;
}

/* How the device stands after a failure. */
char *message_for_standing(const struct outcome *o)
{
	const struct daxhp_observation *after = daxhp_result_get_after(o->result);
	_cleanup_free_ char *stuck = NULL, *way_back = NULL;
	const char *state;
	char *text;
	int r;

	if (daxhp_result_get_undone(o->result))
		return strdup("Nothing was changed.");
	if (!after || daxhp_observation_get_blocks_error(after) < 0)
		return strdup("How the device stands now cannot be seen.");
	state = daxhp_state_name(daxhp_observation_get_state(after));
	if (!state)
		state = daxhp_mode_name(daxhp_observation_get_mode(after));
	/* A driver that is none of ours. */
	if (!state)
		state = "in an unknown state";
	/* With its driver the blocks went as well; none of them is worth naming. */
	stuck = is_by_others(o) ? NULL : list_blocks(o->result);
	way_back = way_back_text(o);
	if (stuck && *stuck)
		r = asprintf(&text,
			     "What was done could not all be undone: %s %s not as before, the "
			     "device is %s now%s.",
			     stuck, strchr(stuck, ',') || strstr(stuck, " and ") ? "are" : "is",
			     state, way_back ? way_back : "");
	else
		r = asprintf(&text, "It is not as it was before: the device is %s now%s.", state,
			     way_back ? way_back : "");
	return r < 0 ? NULL : text;
}
