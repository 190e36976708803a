// SPDX-License-Identifier: GPL-2.0-or-later
/* The report on devices that were worked on: who was in the way, and that it got through. */
#include <string.h>

#include "daxhp.h"

void report_others(const struct settings *settings, const struct outcome *outcome)
{
	static bool is_guard_told;
	_cleanup_free_ char *rivals = NULL;
	bool is_good = outcome_is_good(outcome);
	int r;

	if (!outcome->result)
		return;
	r = daxhp_result_get_guard_error(outcome->result);
	if (r < 0 && is_good && !is_guard_told) {
		is_guard_told = true;
		complain("warning: other programs could not be kept off the memory blocks "
			 "(fanotify: %s); the blocks were checked instead.",
			 strerror(-r));
	}
	if (!is_good || settings->verbose)
		rivals = message_for_rivals(outcome->result);
	if (rivals)
		complain("%s: %s.", daxhp_device_get_name(outcome->device), rivals);
}

static bool is_in_kernel_zone(enum daxhp_state state)
{
	return state == DAXHP_ONLINE || state == DAXHP_ONLINE_KERNEL;
}

/* The state that the last word of the plan leads to. */
static enum daxhp_state planned_state(const struct daxhp_plan *plan)
{
	enum daxhp_state word = DAXHP_STATE_NONE;

	for (size_t i = 0; plan && i < daxhp_plan_count_steps(plan); i++) {
		enum daxhp_state next = daxhp_step_get_word(daxhp_plan_get_step(plan, i));

		word = next ? next : word;
	}
	return word;
}

void note_kernel_zone(const struct settings *settings, const struct outcome *outcome)
{
	const char *name = daxhp_device_get_name(outcome->device);
	const struct daxhp_observation *after = NULL;

	if (settings->json || !outcome_is_good(outcome))
		return;
	if (outcome->result && daxhp_result_get_changed(outcome->result))
		after = daxhp_result_get_after(outcome->result);
	if (after && is_in_kernel_zone(daxhp_observation_get_state(after)))
		complain("note: %s: its memory is in a zone for kernel memory: it may not come out "
			 "again before a reboot.",
			 name);
	if (settings->dry_run && is_in_kernel_zone(planned_state(outcome->plan)))
		complain("note: %s: its memory would be in a zone for kernel memory: it may not "
			 "come out again before a reboot.",
			 name);
}

/* The kernel places new memory before anybody is asked, and what it has in its own zones stays there. */
void note_too_late(const struct settings *settings, const struct outcome *outcome)
{
	const struct daxhp_observation *before = outcome->before;
	const char *name = daxhp_device_get_name(outcome->device), *policy;

	if (settings->json || !outcome->wish->is_policy || !before || outcome_is_good(outcome) ||
	    daxhp_observation_count_zone(before, DAXHP_ZONE_MOVABLE) ==
		    daxhp_observation_count_online(before))
		return;
	policy = daxhp_observation_get_policy(before);
	complain("note: %s: the kernel had put its memory into a zone for kernel memory before the "
		 "policy was applied%s%s%s. After a reboot the policy comes first, if it is in "
		 "place "
		 "by then; memhp_default_state=offline on the kernel's command line keeps all new "
		 "memory offline.",
		 name, policy ? ", as auto_online_blocks says ('" : "", policy ? policy : "",
		 policy ? "')" : "");
}

/* Where the driver stays, a card's region cannot be disabled. On Linux 6.12 the driver goes with the memory. */
void note_card(const struct settings *settings, const struct outcome *outcome)
{
	const struct daxhp_observation *now = outcome_now(outcome);
	const struct daxhp_memdev *memdev = daxhp_device_get_memdev(outcome->device, 0);
	const char *name = daxhp_device_get_name(outcome->device);

	if (settings->json || settings->dry_run || !outcome_is_good(outcome) ||
	    outcome->wish->state != DAXHP_UNPLUGGED || outcome->wish->mode == DAXHP_MODE_UNBOUND ||
	    daxhp_observation_get_mode(now) != DAXHP_MODE_SYSTEM_RAM || !memdev)
		return;
	complain("note: %s: it stays bound to kmem. To remove the card %s, type 'daxhp unplug "
		 "--memdev=%s'.",
		 name, memdev->name, memdev->name);
}

/* Memory that is present can be brought online by anybody, and a udev rule does it within a second. */
void note_fragile(const struct settings *settings, const struct outcome *outcome)
{
	const char *name = daxhp_device_get_name(outcome->device);
	const struct daxhp_observation *now = outcome_now(outcome);
	bool is_planned = !outcome->result && outcome->plan &&
			  daxhp_plan_count_steps(outcome->plan) > 0;

	if (settings->json || !outcome_is_good(outcome) || outcome->wish->state != DAXHP_OFFLINE)
		return;
	if (is_planned ? daxhp_observation_get_interface(now) != DAXHP_INTERFACE_MEMORY_BLOCKS
		       : daxhp_observation_get_state(now) != DAXHP_OFFLINE)
		return;
	complain("note: %s: its memory %s present and offline: another program, such as a udev "
		 "rule, can bring it online at any time. After 'daxhp unplug %s' no program can.",
		 name, is_planned ? "would be" : "is", name);
}

/*
 * The report could not be written. A change cannot be taken back, so print it on stderr. False if
 * nothing was changed.
 */
static bool tell_of_changes(const struct outcome *outcomes, size_t count, int error)
{
	bool any = false;

	for (size_t i = 0; i < count; i++) {
		const struct daxhp_result *result = outcomes[i].result;
		const struct daxhp_observation *after;
		const char *word;

		if (!result || !daxhp_result_get_changed(result))
			continue;
		after = daxhp_result_get_after(result);
		word = after ? standing_word(after) : NULL;
		complain("%s: is %s now, but that could not be written to standard output: %s.",
			 daxhp_device_get_name(outcomes[i].device), word ? word : "changed",
			 strerror(-error));
		any = true;
	}
	return any;
}

/* After a change the status is never "failed", even if the report was not written. */
enum exit_status report_outcomes(const struct settings *settings, const struct outcome *outcomes,
				 size_t count, enum exit_status status)
{
	int r = settings->json ? report_outcomes_json(settings, outcomes, count) : 0;
	int r2 = output_flush();
	bool is_told;

	if (r == 0 && r2 == 0)
		return status;
	is_told = tell_of_changes(outcomes, count, r < 0 ? r : r2);
	if (is_told)
		output_forget_error();
	else if (r < 0)
		complain("the JSON cannot be printed: %s.", strerror(-r));
	if (is_told)
		return EXIT_PARTLY;
	return status == EXIT_DONE ? EXIT_FAILED : status;
}
