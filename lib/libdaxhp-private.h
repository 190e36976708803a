/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared by the files of lib/. docs/architecture.md says which file calls which. */
#ifndef LIBDAXHP_PRIVATE_H
#define LIBDAXHP_PRIVATE_H

#include <signal.h>

#include "kernel/kernel.h"

/* ---- context.c ---- */

/* Another context, with the same kernel side and the same log. */
int context_new(const struct daxhp_ctx *like, struct daxhp_ctx **ret_ctx);

/* ---- device.c ---- */

/* Like daxhp_observe(), and also with what other memory the machine has: for a plan, or for why one failed. */
int device_observe_to_plan(struct daxhp_device *device, struct daxhp_observation **ret_observation);

/* ---- apply.c ---- */

struct daxhp_result {
	bool changed;
	double seconds;
	struct daxhp_observation *after;
	struct daxhp_failure failure; /* its kind is NONE when all went well */
	bool undone;
	uint64_t *stuck; /* has room for all blocks */
	size_t n_stuck;
	void *reserve; /* memory that is set free for an undo */
	struct rivals rivals;
	int guard_error; /* negative: rivals could not be denied */
};

/* Takes all memory that an undo needs. NULL when there is none. */
struct daxhp_result *result_new(size_t n_blocks);
void result_fail(struct daxhp_result *result, enum daxhp_failure_kind kind, int errnum);
/* Carry @plan out, verify, and undo. The failure is in the result. */
void apply_plan(struct daxhp_session *session, struct daxhp_plan *plan,
		struct daxhp_result *result);
/*
 * Lead the session's device from @now to @before, as the undo of a plan does. 0, or a negative errno
 * with the failure in the result; like any plan, it can be cancelled.
 */
int apply_restore(struct daxhp_session *session, struct daxhp_observation *now,
		  const struct daxhp_observation *before, struct daxhp_result **ret_result);

/* ---- scan.c ---- */

/* Blocks of a device that are online, and what their pages are used for. */
struct scan {
	const struct kernel *kernel;
	const struct daxhp_request *request; /* NULL: nobody can cancel it */
	const struct daxhp_observation *obs; /* with the machine's memory */
	const struct daxhp_block_use *blocks;
	size_t n_blocks;
	daxhp_scan_fn fn; /* NULL: nobody waits */
	void *data;
	struct page_counts *counts; /* of each block */
};

/* Fill in the counts. -ENOMEM, -EINTR, or the error of a read. */
int scan_pages(const struct scan *scan);

/* ---- last.c ---- */

/* Note what became of a plan for the session's device. */
void last_put(const struct daxhp_session *session, const struct daxhp_result *result);
/* Pure. -EBADMSG. */
int last_parse(const char *words, struct daxhp_last *ret_last);

/* ---- execute.c ---- */

/* What the kernel says while memory goes offline. */
struct inquiry {
	struct kernel_log *log;
	struct lock lock;		/* for the kernel's debug message */
	char found[WORD_MAX];		/* its flags; empty unless they are changed */
	struct daxhp_obstacle obstacle; /* what the step at hand met */
};

/* The data that the steps of a plan share while it runs. */
struct run {
	struct daxhp_session *session;
	const struct kernel *kernel;	     /* the context's */
	struct daxhp_device *device;	     /* the session's */
	const struct daxhp_observation *obs; /* what the plan was made from */
	enum daxhp_mode mode;		     /* of the device, after the steps that have been run */
	struct daxhp_result *result;	     /* takes the failure */
	char saved_policy[WORD_MAX];	     /* empty unless the policy is changed */
	char set_policy[WORD_MAX];	     /* to this */
	struct lock policy_lock;
	struct guard *guard; /* up from its step until the blocks are gone, or the run is over */
	int guard_error;     /* negative: another process may still change the blocks */
	struct rivals rivals;
	bool has_begun; /* to change something */
	sigset_t mask;	/* the thread's own */
	unsigned int
		n_disturbed; /* how often the step at hand was interrupted by others' signals */
	bool is_loading;     /* the bus does not probe meanwhile */
	struct watch *watch;
	struct inquiry inquiry;
	const struct daxhp_room *room; /* the plan's; NULL: none */
};

/* 0, or a negative errno with the failure in the result. */
int step_run(struct run *run, struct daxhp_step *step);
/* End the guard. The processes that it has denied are among the run's rivals. */
void drop_guard(struct run *run);

/* ---- inquiry.c ---- */

/* Around the writes that take memory offline. */
void inquiry_begin(struct run *run);
void inquiry_end(struct run *run);
/* @block (-1: not known) did not go offline: find out why. The run's inquiry has the obstacle. */
void inquiry_ask(struct run *run, int64_t block, int errnum);
/* May this process use memory of the device's node only? Then its pages have nowhere to go. */
bool is_bound_to_node(const struct kernel *kernel, const struct daxhp_observation *obs);

/* ---- signals.c ---- */

/* Hold back the signals that must not disturb what the run does now. */
void signals_hold(const struct run *run);

/* ---- borrow.c ---- */

/* Write an entry: the word is about to be changed from @found to @set. Under policy_lock(). */
int borrow_put(const struct kernel *kernel, enum daxhp_recovered_kind kind, const char *found,
	       const char *set);
/*
 * Write @found again. If the file has another word than @set, the word is kept, and the session's
 * recovery says so.
 */
int borrow_return(struct daxhp_session *session, enum daxhp_recovered_kind kind, const char *found,
		  const char *set);
/*
 * 1 with the entry of a killed process; 0: there is none; -EACCES: the user may not read it.
 * -EBADMSG, -ESTALE and the like: see journal_is_void().
 */
int borrow_find(const struct kernel *kernel, enum daxhp_recovered_kind kind,
		struct daxhp_recovered *ret_found);
/* Write the old word again, and drop the entry. Under policy_lock(). 1: written; 0: not needed. */
int borrow_recover(struct daxhp_session *session, enum daxhp_recovered_kind kind);
/* Is it one of the machine's words? */
bool borrow_is_word(enum daxhp_recovered_kind kind);
/* Take the lock for a word. Another process may keep that of the policy for minutes. */
int word_lock(struct daxhp_session *session, enum daxhp_recovered_kind kind, struct lock *lock);
/* Take the lock for the policy and the bus, and recover what a killed process left of them. */
int policy_lock(struct daxhp_session *session, struct lock *lock);
/* Pure. -EBADMSG. */
int borrow_parse(const char *words, enum daxhp_recovered_kind kind,
		 struct daxhp_recovered *ret_entry);

/* ---- recovery.c ---- */

/* The journal's entry: a device at the start of its reconfiguration. */
struct device_entry {
	enum daxhp_mode mode;
	enum daxhp_state state;
	char attribute_word[WORD_MAX];
	struct goal goal;
	/* A device of the same name with other blocks is another device. */
	uint64_t first_block;
	size_t n_blocks;
	int pid;
};

/* Pure. -EBADMSG. */
int device_entry_parse(const char *words, struct device_entry *ret_entry);

/*
 * Write an entry for the session's device, if a process that is killed during @plan would leave the
 * device neither as before nor at the goal. 1: written; 0: not needed, or there is an entry of a killed
 * process already.
 */
int recovery_put(const struct daxhp_session *session, const struct daxhp_plan *plan);
/* Drop the entry of the session's device. */
void recovery_drop(const struct daxhp_session *session);
/* Recover the machine's words. The session's recovery has the outcome. */
void recover_words(struct daxhp_session *session);
/*
 * Lead the session's device back to its state in the entry. The session has the device's lock. 1: done.
 * 0: there is nothing to do: there is no entry; or the device is in that state, or at the goal; or another
 * device has its name. -ESTALE: another program has changed the device, and it is left as it is. In these
 * cases the entry is dropped. Other errors: it failed, and the next call tries again. The session's
 * recovery has the outcome.
 */
int recover_device(struct daxhp_session *session);

#endif
