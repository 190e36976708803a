/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DAXHP_REPORT_H
#define DAXHP_REPORT_H

struct looked_at {
	struct daxhp_device *device;
	bool is_busy; /* another process is at work on it: what is seen may be halfway */
	struct daxhp_worker worker;
	struct daxhp_observation *observation; /* NULL when daxhp could not look at the device */
};

/* The state, or DAXHP_STATE_NONE while a process leads the device from one state to another. */
static inline enum daxhp_state look_state(const struct looked_at *look)
{
	enum daxhp_state state = daxhp_observation_get_state(look->observation);

	return look->is_busy && state == DAXHP_INCONSISTENT ? DAXHP_STATE_NONE : state;
}

/* Each returns 0, or a negative errno when memory ran out; then it has printed nothing. */
int report_status_json(const struct settings *settings, const struct looked_at *looks,
		       size_t count);
int report_status_table(const struct settings *settings, const struct looked_at *looks,
			size_t count);
int report_outcomes_json(const struct settings *settings, const struct outcome *outcomes,
			 size_t count);
void report_outcome_text(const struct settings *settings, const struct outcome *outcome);

/* False, with the sentence printed, where a name is none of a column of the table. */
bool table_has_columns(const char *names);

/* "2.00 GiB (2.15 GB)", in daxctl's format. */
void format_size(uint64_t bytes, char *buf, size_t size);
static inline const char *blocks_word(size_t count)
{
	return count == 1 ? "memory block" : "memory blocks";
}
/* A step in words: "write online_movable to the attribute state". */
#define STEP_TEXT_MAX 192
void describe_step(const struct outcome *outcome, const struct daxhp_step *step, char *buf,
		   size_t size);
/* Who was in the way, and what could not be done about it. */
void report_others(const struct settings *settings, const struct outcome *outcome);
/* Memory that went online, or would, where the kernel may keep it. */
void note_kernel_zone(const struct settings *settings, const struct outcome *outcome);
/* Memory that is offline, and that anybody may bring online. */
void note_fragile(const struct settings *settings, const struct outcome *outcome);
/* JSON, if it is asked for, and through to standard output. @status, or what has become of it. */
enum exit_status report_outcomes(const struct settings *settings, const struct outcome *outcomes,
				 size_t count, enum exit_status status);

#endif
