/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DAXHP_REPORT_H
#define DAXHP_REPORT_H

struct view;

struct looked_at {
	struct daxhp_device *device;
	bool is_busy; /* another process is at work on it: what is seen may be halfway */
	const struct daxhp_worker *worker;     /* that process */
	struct daxhp_observation *observation; /* NULL when daxhp could not look at the device */
	const struct daxhp_orphan *orphan;     /* memory without a device: the others are NULL */
	const struct policy_file *policy;      /* the one that is for it; NULL: none is */
};

/* Is the device as its policy says? 1: it is; 0: it is not; -1: not known, or it has none. */
int look_keeps_policy(const struct looked_at *look);

/* The state, or DAXHP_STATE_NONE while a process leads the device from one state to another. */
static inline enum daxhp_state look_state(const struct looked_at *look)
{
	enum daxhp_state state = daxhp_observation_get_state(look->observation);

	return look->is_busy && state == DAXHP_INCONSISTENT ? DAXHP_STATE_NONE : state;
}

/* The word for the state of memory without a device. */
const char *orphan_state(const struct daxhp_orphan *orphan);

/* Each returns 0, or a negative errno when memory ran out; then it has printed nothing. */
int report_status_json(const struct settings *settings, const struct looked_at *looks,
		       size_t count);
int report_status_table(const struct settings *settings, const struct looked_at *looks,
			size_t count);
/* @n_left: things that a killed daxhp left changed; negative: not known. @n_unseen: devices. */
void report_metrics(const struct view *view, int n_left, size_t n_unseen, FILE *to);
/* A line each. */
int report_change_json(const struct settings *settings, const struct daxhp_change *change);
void report_change_text(const struct daxhp_change *change);
struct texts {
	char **list;
	size_t count;
	bool is_short; /* there was no memory for all of them */
};

/* A CXL card, and what is behind it. */
struct card_view {
	const struct daxhp_card *card;
	struct texts regions, devices;
	struct texts obstacles; /* why the card cannot be removed */
	struct texts commands;	/* what to type when there are none */
};

int report_cards_json(const struct card_view *views, size_t count);
struct policies;
int report_policies_json(const struct policies *policies);
int report_match_json(const struct policies *policies, const struct selection *selection);
int report_subjects_json(const struct selection *selection);
int report_saved_json(const struct selection *selection);
/* Why the command ended before it reached a device. @action is NULL when there is no such command. */
int report_refusal_json(const char *action);
int report_outcomes_json(const struct settings *settings, const struct outcome *outcomes,
			 size_t count);
void report_outcome_text(const struct settings *settings, const struct outcome *outcome);

/* False, with the sentence printed, where a name is none of a column of the table. */
bool table_has_columns(const char *names);

/*
 * A table for the terminal, and its text; the caller frees them. 0, or a negative errno; -ELIBACC: libsmartcols
 * cannot be loaded.
 */
struct libscols_table;
int table_new(struct libscols_table **ret_table);
void table_free(struct libscols_table *table);
int table_to_text(struct libscols_table *table, char **ret_text);

/* What keeps a device from being unplugged. */
struct explained {
	struct daxhp_device *device;
	struct daxhp_explanation *explanation;
};

/* Each returns 0, or a negative errno when memory ran out; then it has printed nothing. */
int report_explanations_json(const struct settings *settings, const struct explained *list,
			     size_t count);
int report_explanation_text(const struct settings *settings, const struct explained *explained);

/* "1.5G" */
void format_short_size(uint64_t bytes, char *buf, size_t size);
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
struct policy_file;
struct subject;
/* A file, and what is in it or wrong in it. */
void print_policy_file(const struct policy_file *file);
/* Each file, and whether it is for the device. */
void print_match(const struct policies *policies, const struct subject *subject);
/* What can be matched, as lines of [Match]. */
void print_subject(const struct subject *subject);

/* Who was in the way, and what could not be done about it. */
void report_others(const struct settings *settings, const struct outcome *outcome);
/* Memory that went online, or would, where the kernel may keep it. */
void note_kernel_zone(const struct settings *settings, const struct outcome *outcome);
/* The card of memory that was unplugged, when its driver stays. */
void note_card(const struct settings *settings, const struct outcome *outcome);
/* Memory that the kernel had placed before its policy could be applied. */
void note_too_late(const struct settings *settings, const struct outcome *outcome);
/* Memory that is offline, and that anybody may bring online. */
void note_fragile(const struct settings *settings, const struct outcome *outcome);
/* JSON, if it is asked for, and through to standard output. @status, or what has become of it. */
enum exit_status report_outcomes(const struct settings *settings, const struct outcome *outcomes,
				 size_t count, enum exit_status status);

#endif
