// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sentences for after a failure: what is not as before, the command that leads back, and the
 * programs that were in the way.
 */
#include <inttypes.h>
#include <string.h>

#include "daxhp.h"

/* "memory33, memory34, memory35, memory36 and 10 more". Returns the number of blocks. */
static size_t list_blocks(const struct daxhp_result *result, char *buf, size_t size)
{
	const uint64_t *blocks;
	size_t n = daxhp_result_get_stuck_blocks(result, &blocks), used = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < n && i < 4 && used < size; i++)
		used += snprintf(buf + used, size - used, "%smemory%" PRIu64, i ? ", " : "",
				 blocks[i]);
	if (n > 4 && used < size)
		snprintf(buf + used, size - used, " and %zu more", n - 4);
	return n;
}

/* A shell loop starts a process for each write. So count by name, not by process. */
static void print_rivals_named(FILE *f, const struct daxhp_result *result,
			       const struct daxhp_rival *first, bool is_in_use)
{
	const struct daxhp_rival *rival;
	unsigned int denied = 0, processes = 0;

	for (size_t i = 0; (rival = daxhp_result_get_rival(result, i)); i++) {
		if (strcmp(rival->comm, first->comm) == 0) {
			denied += rival->denied;
			processes++;
		}
	}
	fprintf(f, "%s%s (pid %d", first == daxhp_result_get_rival(result, 0) ? "" : ", ",
		first->comm, first->pid);
	if (processes > 1)
		fprintf(f, " and %u more", processes - 1);
	if (denied)
		fprintf(f, ") was kept off its memory blocks %u time%s", denied,
			denied == 1 ? "" : "s");
	else
		fprintf(f, ") has %s open", is_in_use ? "the device" : "one of its memory blocks");
}

/* A person reads no more names than this; the JSON has more. */
#define NAMES_MAX 4

/* There is one of that name. */
static const struct daxhp_rival *first_named(const struct daxhp_result *result, const char *comm)
{
	const struct daxhp_rival *rival;
	size_t i = 0;

	do
		rival = daxhp_result_get_rival(result, i++);
	while (strcmp(rival->comm, comm) != 0);
	return rival;
}

char *message_for_rivals(const struct daxhp_result *result)
{
	const struct daxhp_rival *rival = daxhp_result_get_rival(result, 0);
	size_t n_named = 0;
	unsigned long left_out = daxhp_result_count_left_out(result);
	char *text = NULL;
	size_t size;
	FILE *f = rival ? open_memstream(&text, &size) : NULL;
	const struct daxhp_failure *failure = daxhp_result_get_failure(result);
	bool is_in_use = failure && daxhp_failure_get_kind(failure) == DAXHP_FAILED_IN_USE;

	if (!f)
		return NULL;
	for (size_t i = 0; (rival = daxhp_result_get_rival(result, i)); i++) {
		if (first_named(result, rival->comm) != rival)
			continue;
		if (n_named++ < NAMES_MAX)
			print_rivals_named(f, result, rival, is_in_use);
		else
			left_out += rival->denied ? rival->denied : 1;
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

const char *standing_word(const struct daxhp_observation *obs)
{
	const char *state = daxhp_state_name(daxhp_observation_get_state(obs));

	return state ? state : daxhp_mode_name(daxhp_observation_get_mode(obs));
}

/* Without the device nothing can be undone. */
static void describe_rest(const struct daxhp_observation *after, char *buf, size_t size)
{
	size_t n = daxhp_observation_count_present(after);

	if (n == 0)
		snprintf(buf, size, "None of its memory is left.");
	else
		snprintf(buf, size,
			 "%zu of its %zu memory blocks are left, %zu of them online; only a reboot "
			 "takes them away.",
			 n, daxhp_observation_count_blocks(after),
			 daxhp_observation_count_online(after));
}

static void describe_not_undone(const struct outcome *o, char *buf, size_t size)
{
	const struct daxhp_observation *after = daxhp_result_get_after(o->result);
	const char *state = standing_word(after);
	char stuck[192], way_back[128] = "";
	size_t n = list_blocks(o->result, stuck, sizeof(stuck));
	bool is_wedged = daxhp_observation_is_wedged(after);
	/* daxhp does not undo what another program did to the device. */
	bool is_by_others = daxhp_failure_get_kind(daxhp_result_get_failure(o->result)) ==
			    DAXHP_FAILED_DRIVER_CHANGED;

	if (is_wedged)
		state = "wedged";
	else if (!state)
		state = "in an unknown state"; /* a driver that daxhp does not know */
	/* The reason why the undo failed may be gone later. So name the command to try again. */
	if (is_wedged)
		snprintf(way_back, sizeof(way_back), "; only a reboot takes its memory away");
	else if (!is_by_others)
		snprintf(way_back, sizeof(way_back), "; 'daxhp %s %s' tries again to restore it",
			 command_back(daxhp_observation_get_mode(o->before),
				      daxhp_observation_get_state(o->before)),
			 daxhp_device_get_name(o->device));
	/* Blocks that went away together with the driver: to name them would not help. */
	if (n > 0 && (!is_by_others || is_wedged))
		snprintf(buf, size,
			 "daxhp could not undo everything: %s %s not as before. The device is %s "
			 "now%s.",
			 stuck, n > 1 ? "are" : "is", state, way_back);
	else
		snprintf(buf, size, "The device is not as it was before: it is %s now%s.", state,
			 way_back);
}

/* Allocates nothing: this must be said even when memory has run out. */
void describe_standing(const struct outcome *o, char *buf, size_t size)
{
	const struct daxhp_observation *after = o->result ? daxhp_result_get_after(o->result)
							  : NULL;

	if (!o->result || daxhp_result_get_undone(o->result))
		snprintf(buf, size, "Nothing was changed.");
	else if (!after || daxhp_observation_get_blocks_error(after) < 0)
		snprintf(buf, size, "The device's state now cannot be seen.");
	else if (daxhp_failure_get_kind(daxhp_result_get_failure(o->result)) ==
		 DAXHP_FAILED_DEVICE_GONE)
		describe_rest(after, buf, size);
	else
		describe_not_undone(o, buf, size);
}
