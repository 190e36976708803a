// SPDX-License-Identifier: GPL-2.0-or-later
/* Text about steps and their outcome, for people. */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "daxhp.h"

void describe_step(const struct outcome *outcome, const struct daxhp_step *step, char *buf,
		   size_t size)
{
	const char *word = daxhp_state_name(daxhp_step_get_word(step));
	const char *interface =
		daxhp_interface_name(daxhp_observation_get_interface(outcome->before));
	const char *driver = daxhp_observation_get_driver(outcome->before);
	const uint64_t *blocks;
	size_t n = daxhp_step_get_blocks(step, &blocks);

	switch (daxhp_step_get_type(step)) {
	case DAXHP_STEP_WRITE_ATTRIBUTE:
		snprintf(buf, size, "write %s to the attribute %s", word,
			 interface ? interface : "that it gets from the bind, if any");
		break;
	case DAXHP_STEP_GUARD:
		snprintf(buf, size, "keep other programs off the memory blocks");
		break;
	case DAXHP_STEP_CLAIM:
		snprintf(buf, size,
			 "keep other programs off the new memory blocks, and take back what they "
			 "changed");
		break;
	case DAXHP_STEP_WRITE_BLOCKS:
		if (n == 1)
			snprintf(buf, size, "write %s to memory%" PRIu64, word, blocks[0]);
		else
			snprintf(buf, size,
				 "write %s to %zu memory blocks from memory%" PRIu64
				 " to memory%" PRIu64,
				 word, n, blocks[0], blocks[n - 1]);
		break;
	case DAXHP_STEP_CHECK_OFFLINE:
		snprintf(buf, size, "check that no memory block is online");
		break;
	case DAXHP_STEP_SET_POLICY:
		snprintf(buf, size, "set the policy (auto_online_blocks) to %s", word);
		break;
	case DAXHP_STEP_RESTORE_POLICY:
		snprintf(buf, size, "restore the policy");
		break;
	case DAXHP_STEP_CHECK_UNUSED:
		snprintf(buf, size, "check that no process uses the device");
		break;
	case DAXHP_STEP_LOAD:
		snprintf(buf, size, "load the module %s", daxhp_step_get_driver(step));
		break;
	case DAXHP_STEP_BIND:
		snprintf(buf, size, "bind to %s", daxhp_step_get_driver(step));
		break;
	case DAXHP_STEP_UNBIND:
		/* A device that had no driver was bound to kmem before it is unbound. */
		snprintf(buf, size, "unbind from %s", driver ? driver : "kmem");
		break;
	}
}

static const char *state_text(const struct daxhp_observation *obs)
{
	const char *name = obs ? standing_word(obs) : NULL;

	return name ? name : "unknown";
}

/* After a failure, only the steps that were started. */
static void print_steps(const struct settings *settings, const struct outcome *outcome)
{
	const char *name = daxhp_device_get_name(outcome->device);

	for (size_t i = 0; i < daxhp_plan_count_steps(outcome->plan); i++) {
		const struct daxhp_step *step = daxhp_plan_get_step(outcome->plan, i);
		double seconds = daxhp_step_get_seconds(step);
		char text[STEP_TEXT_MAX] = "";

		describe_step(outcome, step, text, sizeof(text));
		if (settings->dry_run)
			output("%s: would %s\n", name, text);
		else if (seconds >= 0)
			fprintf(stderr, "%s: %s: %.3f s\n", name, text, seconds);
	}
}

static void print_outcome(const struct outcome *outcome)
{
	const char *name = daxhp_device_get_name(outcome->device);
	const char *from = state_text(outcome->before), *to;
	bool is_unbound = outcome->wish->mode == DAXHP_MODE_UNBOUND;
	size_t n_blocks = daxhp_observation_count_blocks(outcome->before);

	if (!outcome->result) {
		if (daxhp_plan_count_steps(outcome->plan) == 0)
			output("%s: is %s, nothing to do\n", name, from);
		return;
	}
	to = state_text(daxhp_result_get_after(outcome->result));
	if (!daxhp_result_get_changed(outcome->result))
		output("%s: is %s, nothing to do\n", name, from);
	else if (strcmp(from, to) == 0)
		output("%s: is %s, and %s now, %.2f s\n", name, to,
		       is_unbound ? "has no driver" : "is bound to kmem",
		       daxhp_result_get_seconds(outcome->result));
	else
		output("%s: %s -> %s%s, %zu %s, %.2f s\n", name, from, to,
		       is_unbound ? ", no driver" : "", n_blocks, blocks_word(n_blocks),
		       daxhp_result_get_seconds(outcome->result));
}

/* A failure already has its sentence on stderr. Nothing about it goes to stdout. */
void report_outcome_text(const struct settings *settings, const struct outcome *outcome)
{
	if (!outcome->plan || outcome->error < 0)
		return;
	if (settings->verbose || (settings->dry_run && !settings->json))
		print_steps(settings, outcome);
	if (outcome_is_good(outcome) && !settings->json)
		print_outcome(outcome);
	/* The user should see this before the next device, which may take long. */
	output_flush();
}

/* "2026-11-29T15:10:03.123+00:00" */
static void print_time(double seconds)
{
	time_t whole = (time_t)seconds;
	struct tm tm;
	char date[32] = "?", zone[16] = "";

	if (localtime_r(&whole, &tm)) {
		strftime(date, sizeof(date), "%FT%T", &tm);
		strftime(zone, sizeof(zone), "%z", &tm);
	}
	output("%s.%03d%s", date, (int)((seconds - (double)whole) * 1e3), zone);
}

/* A device's state, or its mode where the state says nothing. */
static const char *change_word(const struct daxhp_change *change,
			       const struct daxhp_observation *obs, bool is_by_mode)
{
	const char *word;

	if (daxhp_observation_is_wedged(obs))
		return "wedged";
	word = is_by_mode ? daxhp_mode_name(daxhp_observation_get_mode(obs)) : standing_word(obs);
	if (obs == daxhp_change_get_after(change) && daxhp_change_is_busy(change))
		word = "changing";
	return word ? word : daxhp_observation_get_driver(obs);
}

/* On Linux 6.x a device is unplugged by taking its driver away: then the mode is the news. */
static bool is_by_mode(const struct daxhp_observation *before,
		       const struct daxhp_observation *after)
{
	return before && after &&
	       daxhp_observation_get_state(before) == daxhp_observation_get_state(after) &&
	       !daxhp_observation_is_wedged(before) && !daxhp_observation_is_wedged(after);
}

static void print_blocks(const struct daxhp_observation *obs)
{
	if (!obs || daxhp_observation_get_state(obs) != DAXHP_INCONSISTENT)
		return;
	output(" (%zu of %zu memory blocks present, %zu online)",
	       daxhp_observation_count_present(obs), daxhp_observation_count_blocks(obs),
	       daxhp_observation_count_online(obs));
}

void report_change_text(const struct daxhp_change *change)
{
	const struct daxhp_observation *before = daxhp_change_get_before(change);
	const struct daxhp_observation *after = daxhp_change_get_after(change);
	const struct daxhp_worker *worker = daxhp_change_get_worker(change);
	bool by_mode = is_by_mode(before, after);

	print_time(daxhp_change_get_time(change));
	output(" %s: ", daxhp_device_get_name(daxhp_change_get_device(change)));
	if (daxhp_change_get_kind(change) == DAXHP_CHANGE_APPEARED)
		output("new: ");
	if (before)
		output("%s -> ", change_word(change, before, by_mode));
	output("%s", after ? change_word(change, after, by_mode) : "gone");
	print_blocks(after);
	if (worker)
		output(", by %s (pid %d)", worker->comm, worker->pid);
	output("\n");
}
