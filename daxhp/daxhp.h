/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tool's files share. */
#ifndef DAXHP_H
#define DAXHP_H

#include <stdbool.h>
#include <stdio.h>

#include "cleanup.h"
#include "libdaxhp.h"

/* Exit status; the man page daxhp(8) has the same table. */
enum exit_status {
	EXIT_DONE = 0,
	EXIT_FAILED = 1, /* the device is as it was */
	EXIT_USAGE = 2,
	/* of status --check: what is wrong, the worst of it */
	EXIT_INCONSISTENT = 3,
	EXIT_WEDGED = 4,
	EXIT_LEFTOVER = 5,
	EXIT_ORPHANED = 6,
	/* some devices done and some not, an undo that did not complete, or done and not reported */
	EXIT_PARTLY = 64,
};

/* ---- options.c ---- */

/* Keys of the options that have no short form. */
enum {
	KEY_NODE = 1,
	KEY_MEMDEV,
	KEY_SERIAL,
	KEY_PCI,
	KEY_NAMESPACE,
	KEY_MOVABLE,
	KEY_KERNEL,
	KEY_TIMEOUT,
	KEY_RETRY,
	KEY_WAIT,
	KEY_YES,
	KEY_CHECK,
	KEY_NOHEADINGS,
	KEY_RAW,
	KEY_UNBIND,
	KEY_CARDS,
	KEY_HAND_BACK,
	KEY_STATE,
	KEY_ANY_MODE,
	KEY_PRESENT,
	KEY_GONE,
	KEY_TEXTFILE,
	KEY_ALL,
	KEY_PATIENCE,
};

struct settings {
	bool json, human, dry_run, mappings;
	bool check, quiet;
	bool all;		      /* every memory block */
	bool bytes, no_headings, raw; /* of the table */
	const char *columns; /* of the table: names with commas between; NULL: the usual ones */
	int verbose;	     /* how often it was given */
	bool movable, kernel, no_online;
	bool force, yes, unbind, cards, hand_back;
	const char *mode;  /* to reconfigure to or to wait for: "system-ram", "devdax"; NULL: any */
	const char *state; /* to wait for; NULL: any */
	bool present, gone;   /* to wait for */
	const char *textfile; /* for metrics; NULL: standard output */
	const char *region;   /* narrow the devices to one region: its number or one of its names */
	const char *memdev, *pci, *namespace; /* narrow them to a CXL card, or a namespace */
	uint64_t serial;		      /* of a CXL card */
	bool has_serial;
	int node;    /* narrow them to one node; -1: any */
	int timeout; /* seconds; 0: none */
	int retries;
	int patience; /* seconds for pages that do not move; 0: for ever */
	int wait;     /* seconds for another daxhp to be done with the device */
};

/* One row per option: the parser, the usage and the completion all come from it. */
struct option_row {
	char key;
	const char *name;
	const char *arg; /* NULL: takes none */
	const char *help;
};

struct command {
	const char *name;
	const char *synopsis;
	const char *summary;
	const struct option_row *options; /* ends with a row without name */
	int (*run)(struct daxhp_ctx *ctx, const struct settings *settings, int argc, char **argv);
};

extern const struct option_row options_common[];
/* What several commands have. */
#define ROW_TIMEOUT                                                       \
	{                                                                 \
		KEY_TIMEOUT, "timeout", "SECONDS",                        \
			"give up after that long, and undo what was done" \
	}
#define ROW_RETRY                                                                   \
	{                                                                           \
		KEY_RETRY, "retry", "N",                                            \
			"try busy memory again, up to N times, with growing pauses" \
	}
#define ROW_PATIENCE                                                                \
	{                                                                           \
		KEY_PATIENCE, "patience", "SECONDS",                                \
			"give up when the same pages do not move for that long: 30" \
	}
#define ROW_WAIT                                                                                 \
	{                                                                                        \
		KEY_WAIT, "wait", "SECONDS", "wait for another daxhp to be done with the device" \
	}
#define ROW_DRY_RUN                                                            \
	{                                                                      \
		'n', "dry-run", NULL, "print the plan's steps, change nothing" \
	}

/*
 * Parse @argv, argv[0] being the command's name. EXIT_DONE with *ret_first_arg set, EXIT_USAGE
 * with the sentence printed, or -1 when --help has been served.
 */
int options_parse(const struct command *command, int argc, char **argv, struct settings *settings,
		  int *ret_first_arg);
/* Where the memory is to be online. */
enum daxhp_state settings_zone(const struct settings *settings);
void usage_print(const struct command *command, FILE *to);

/* ---- suggest.c ---- */

struct suggestion {
	const char *typed;
	const char *word; /* the nearest so far; NULL: none is near */
	size_t mistakes;
};

/* @word is another one that could have been meant. */
void suggest(struct suggestion *suggestion, const char *word);
/* False when @word is not a command of daxctl. @args: what stands after it, up to NULL. */
bool suggest_for_daxctl(const char *word, char **args, char *buf, size_t size);

/* ---- commands, one file each ---- */

extern const struct command cmd_status, cmd_explain, cmd_online, cmd_unplug, cmd_reconfigure,
	cmd_apply, cmd_policy, cmd_monitor, cmd_wait, cmd_metrics;

/* ---- source.c ---- */

/* Is there an option that selects devices? */
bool settings_select(const struct settings *settings);
/* Is one of them about a CXL card? */
static inline bool settings_name_card(const struct settings *settings)
{
	return settings->memdev || settings->pci || settings->has_serial;
}
/* Is the device one that the options select? */
bool settings_match(const struct settings *settings, const struct daxhp_device *device);
/* Is the card one that the options name? */
bool memdev_matches(const struct daxhp_memdev *memdev, const struct settings *settings);

/* ---- cards.c ---- */

/* Say of the cards that the options name, or of all, whether they can be removed. */
enum exit_status report_cards(struct daxhp_ctx *ctx, const struct settings *settings,
			      bool is_status);
/* Say which CXL regions have no dax device because a driver is missing. Returns how many. */
size_t note_idle_regions(struct daxhp_ctx *ctx);

/* ---- select.c ---- */

struct selection {
	struct daxhp_device **devices;
	size_t count;
	bool is_all;  /* no device was named */
	int n_unseen; /* devices that belong to all, but cannot be looked at */
};

void selection_clear(struct selection *selection);
/* EXIT_DONE, or another status with the sentence printed. No name, or "all", selects all. */
int select_devices(struct daxhp_ctx *ctx, const struct settings *settings, int argc, char **argv,
		   struct selection *ret_selection);

/* No device was named. */
enum exit_status refuse_unnamed(void);
/* The name in an argument: EXIT_DONE, or EXIT_USAGE with the sentence printed. "all" is a name. */
int take_name(const char *arg, const char **ret_name);
/* Is it a device that the arguments and the options mean? Without an argument all are meant. */
bool is_meant(const struct settings *settings, int argc, char **argv,
	      const struct daxhp_device *device);
/* No device is as the options say, or none is left. */
enum exit_status refuse_nothing(const struct settings *settings);
/*
 * Where no device was named, ask on the terminal whether to make the devices @goal. EXIT_DONE, or
 * another status with the sentence printed.
 */
enum exit_status selection_confirm(const struct selection *selection, const char *goal);

/* ---- follow.c ---- */

/* What a command does with the changes of devices. */
struct follower {
	/* A change, and later that there are no more for now. EXIT_DONE and others end it; FOLLOW_ON. */
	int (*take)(struct follower *follower, const struct daxhp_change *change);
	int (*pause)(struct follower *follower, const struct daxhp_monitor *monitor);
	bool watches_output; /* its end ends it, and so does a signal */
	int timeout;	     /* seconds; 0: none */
};

#define FOLLOW_ON (-1)
#define FOLLOW_TIME_OVER (-2)

/*
 * Returns what a function of @follower returned; EXIT_DONE where it watches the output, and that or a signal
 * has ended it; FOLLOW_TIME_OVER; or another status, with the sentence printed.
 */
int follow(struct daxhp_ctx *ctx, struct follower *follower);

/* ---- transition.c ---- */

/* The goal of a command, see daxhp_request_set_mode() and the setters after it. */
struct wish {
	const char *action;   /* the command */
	const char *verb;     /* what it does, in a sentence */
	const char *question; /* what it makes of devices, to ask before "all"; NULL: do not ask */
	bool has_force;	      /* the command has an option --force */
	enum daxhp_mode mode;
	enum daxhp_state state;
	bool may_move, may_rebind;
	bool as_one;	/* all devices or none; then say whether their card can be removed */
	bool is_policy; /* it comes from a policy file, and not from the user */
};

int transition(struct daxhp_ctx *ctx, const struct settings *settings, const struct wish *wish,
	       int argc, char **argv);
/* The same for devices that are selected already, with a wish for each of them. */
int transition_each(struct daxhp_ctx *ctx, const struct settings *settings,
		    const struct selection *selection, const struct wish *const *wishes);

/* ---- policy_save.c ---- */

struct policies;
/* Write a policy file for how each device is now. */
int policy_save(struct daxhp_ctx *ctx, const struct settings *settings,
		const struct policies *policies, const struct selection *selection);

/* ---- outcome.c ---- */

/* What became of one device. */
struct outcome {
	struct daxhp_device *device;
	const struct wish *wish;
	struct daxhp_session *session;		/* NULL when there was no memory for one */
	const struct daxhp_observation *before; /* the session's; NULL when it did not begin */
	struct daxhp_plan *plan;		/* NULL when it did not begin */
	struct daxhp_result *result; /* NULL after a dry run, or when nothing could be planned */
	int error;		     /* negative: memory ran out, and nothing was changed */
	bool has_waited;	     /* for another daxhp */
	bool was_taken_back;	     /* it was done, and undone because another device failed */
};

void outcome_clear(struct outcome *outcome);
bool outcome_is_good(const struct outcome *outcome);
/* The last look at the device; NULL when there was none, or when it failed. */
const struct daxhp_observation *outcome_now(const struct outcome *outcome);
/* Why it did not begin, why it was refused, or what went wrong; NULL when all went well, or memory
 * ran out. */
const struct daxhp_failure *outcome_failure(const struct outcome *outcome);
/* Of all of them; @n_unseen devices more could not be looked at. */
enum exit_status outcomes_status(const struct outcome *outcomes, size_t count, size_t n_unseen);

/* ---- recovery.c ---- */

/* Recover what killed processes left changed, on all devices, and say so. NULL: out of memory. */
struct daxhp_recovery *recover_all(struct daxhp_ctx *ctx, struct daxhp_request *request);
/* Print @recovery from its @first entry on, except failures that are in @told. */
void tell_of_recovery(const struct daxhp_recovery *recovery, size_t first,
		      const struct daxhp_recovery *told);
/* Only look for entries of killed processes, and mention them. */
void note_recoverable(struct daxhp_ctx *ctx);
/* How many things a killed process has left changed; a negative errno when this cannot be seen. */
int count_recoverable(struct daxhp_ctx *ctx);

#include "policy.h"
#include "report.h"

/* ---- look.c ---- */

/* What is shown: devices, and memory without a device. */
struct view {
	struct looked_at *looks;
	size_t count;
	struct daxhp_orphans *orphans; /* NULL: they were not looked for, or cannot be seen */
	struct policies policies;
};

void view_clear(struct view *view);
/*
 * EXIT_FAILED when not all could be looked at; then the sentence is printed, and the view has the rest, or
 * looks is NULL and there is nothing to print.
 */
enum exit_status look_at_all(struct daxhp_ctx *ctx, const struct settings *settings,
			     const struct selection *selection, struct view *view);

/* ---- check.c ---- */

/* One line for monitoring, unless it is to be quiet. @look_status: could all be looked at? Returns what is wrong. */
enum exit_status check_devices(struct daxhp_ctx *ctx, const struct settings *settings,
			       const struct looked_at *looks, size_t count,
			       enum exit_status look_status);

/* ---- textfile.c ---- */

/* What may be at the path already. */
enum textfile_target {
	TEXTFILE_NEW,  /* nothing */
	TEXTFILE_FILE, /* a file, but no device and no link */
	TEXTFILE_ANY,  /* anything */
};

/*
 * Write a file with this text to @path as a whole: a reader sees the old one or the new one. 0, or a negative
 * errno; -EEXIST: there is what may not be there. After an error the old one is as it was.
 */
int textfile_write(const char *path, const char *text, size_t len, enum textfile_target target);

/* ---- output.c ---- */

/* To standard output. */
void output(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Write the buffer to standard output. 0, or the negative errno of the first error so far. */
int output_flush(void);
/* It has been told. */
void output_forget_error(void);

/* ---- report_json.c, report_table.c: all that goes to stdout: see report.h ---- */

/* Longest sentence for an outcome, with its NUL. */
#define MESSAGE_MAX 1536

/* ---- complain.c ---- */

/* Say something on stderr, with the program's name before it and a newline behind. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Why a command ended before it reached a device. */
enum refusal_kind {
	REFUSAL_NONE,
	REFUSAL_USAGE,
	REFUSAL_NO_SUCH_DEVICE,
	REFUSAL_NO_MATCH,	     /* no device, or no card, is as the options say */
	REFUSAL_NO_MEMORY_ON_DEVICE, /* its size is 0 */
	REFUSAL_NOT_CONFIRMED,	     /* the user did not answer yes */
	REFUSAL_UNSEEN,	   /* the devices cannot be listed, or their state cannot be seen */
	REFUSAL_TIME_OVER, /* it was not so in time */
	REFUSAL_OUT_OF_MEMORY,
	REFUSAL_POLICY, /* a policy file cannot be made, or not be written */
};

struct refusal {
	enum refusal_kind kind;
	char device[64]; /* empty where it is about no device */
	char message[MESSAGE_MAX];
};

/* Complain, keep the sentence for JSON, and return the exit status. @device may be NULL. */
enum exit_status refuse(enum refusal_kind kind, const char *device, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
#define refuse_usage(...) refuse(REFUSAL_USAGE, NULL, __VA_ARGS__)
/* The last one. */
const struct refusal *refusal_get(void);

/* ---- message.c ---- */

/* The sentence for a failed outcome. */
void describe_outcome(const struct outcome *outcome, char *buf, size_t size);
void complain_of_outcome(const struct outcome *outcome);
/* ---- room.c ---- */

/* Print the estimate: in a dry run, when it is "maybe" or "no", and with --verbose. */
void tell_of_room(const struct settings *settings, const struct outcome *outcome);

/* ---- standing.c ---- */

/* The state of the device now, after a failure. */
void describe_standing(const struct outcome *outcome, char *buf, size_t size);
/* The word for a device's state, or for its mode where it has no state. */
const char *standing_word(const struct daxhp_observation *observation);
/*
 * The command, without the device's name, that leads back to a device's state; if no command leads
 * there, one that brings all its blocks into one state.
 */
const char *command_back(enum daxhp_mode mode, enum daxhp_state state);
/* The rivals, and how often they were denied; NULL when there were none. */
char *message_for_rivals(const struct daxhp_result *result);

/* ---- record.c ---- */

/* Write to the system's journal what was changed, or changed and undone. Dry runs change nothing. */
void record_outcome(const struct outcome *outcome);
/* The same for what a killed process left; @message is the sentence about it. */
void record_recovered(const struct daxhp_recovered *recovered, const char *message);

/* ---- interrupt.c ---- */

/* From now on a signal, or the end of @timeout seconds (0: none), cancels @request. */
void interrupt_arm(struct daxhp_request *request, int timeout);
/* Call it before the request is freed. */
void interrupt_disarm(void);
/* Why it was cancelled: "SIGINT", or that the time ran out. */
const char *interrupt_reason(void);

/* ---- progress.c ---- */

struct progress;

/* Since some moment. */
double seconds_now(void);
/* NULL, which is fine, unless stderr is a terminal. */
struct progress *progress_new(struct daxhp_request *request, const char *device);
/* What is waited for, where no step of a plan runs. */
void progress_say(struct progress *progress, const char *what);
/* The same, with a count of memory blocks. */
void progress_count(struct progress *progress, const char *what, size_t done, size_t total);
struct progress *progress_free(struct progress *progress);

#endif
