/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A model of a kernel: one dax device, its memory blocks, the attribute, the driver, the machine's
 * words, and the journal. It is another implementation of the library's table (see
 * lib/kernel/kernel.h), so everything above the table runs on it as it is.
 *
 * The model counts every call. At one of these calls something can go wrong.
 */
#ifndef DAXHP_TESTS_MODEL_H
#define DAXHP_TESTS_MODEL_H

#include "unit.h"

#define MODEL_BLOCKS_MAX 512

enum model_fault {
	FAULT_NONE,
	FAULT_ERROR,	  /* call @at fails */
	FAULT_SILENT,	  /* call @at succeeds, and does nothing */
	FAULT_CANCEL,	  /* a signal cancels at call @at; the kernel gives up if it can */
	FAULT_SIGNAL,	  /* the same with a signal that must not cancel */
	FAULT_RIVAL,	  /* at call @at a rival sets offline blocks online, if not denied */
	FAULT_KILL,	  /* the process is killed before its @at-th change */
	FAULT_NO_OFFLINE, /* block number @at never goes offline */
	FAULT_NO_ONLINE,  /* block number @at never comes online */
	FAULT_DEAF,	  /* block number @at returns EINTR each time, without a signal */
};

struct model {
	bool has_attribute;
	/*
	 * When an online write fails, this kernel reports it and rolls back; and its word follows
	 * the blocks. The patched kernels do so, and 7.3 does not.
	 */
	bool is_honest;
	enum daxhp_zone default_zone; /* the zone of plain `online` */
	bool is_held;		      /* a process has the blocks' files open: no guard starts */
	unsigned int held_times;      /* the same, but only for so many tries */
	unsigned int busy_times;      /* so often no block goes offline */
	unsigned int policy_sticks;   /* so many writes that restore the policy fail */
	/* How many processes have the device's node open; or the error of the search. */
	size_t n_holders;
	int holders_error;
	/* In the look before the unbinding, this block (from 1 on) has another state, or fails. */
	size_t odd;
	int odd_error;
	enum memblock_state odd_state;

	bool has_kmem;	/* the module is loaded */
	bool is_devdax; /* bound to device_dax */
	bool bound;
	enum daxhp_state attribute; /* the word that was written last, while it is bound */
	enum daxhp_state policy, first_policy;
	bool probes; /* the bus, when a new driver loads */
	/* The journal's entries for the policy, the bus and the device; empty: none. */
	char policy_note[JOURNAL_LINE_MAX], autoprobe_note[JOURNAL_LINE_MAX],
		note[JOURNAL_LINE_MAX];
	struct lock *policy_lock; /* its holder; NULL: none */
	bool was_given_back;	  /* the policy, since the lock was taken */
	struct memblock blocks[MODEL_BLOCKS_MAX];
	bool is_guard_up;
	bool guarded[MODEL_BLOCKS_MAX]; /* rivals are denied */
	size_t n_blocks;
	uint64_t block_size;

	enum model_fault fault;
	unsigned int at;
	int errnum;		 /* for FAULT_ERROR; 0: the usual one */
	unsigned int interrupts; /* so many times a signal interrupts an offline in the undo */
	bool was_interrupted;
	unsigned int calls;
	bool was_disturbed;  /* a signal has come that must not cancel */
	bool was_open;	     /* and the thread still took such signals */
	unsigned int deeds;  /* changes: the process can be killed before each */
	bool is_dead;	     /* the process was killed: its calls change nothing more */
	bool was_killed;     /* before: its entries may be found */
	uint64_t written[8]; /* the first blocks that were written to, in order */
	size_t n_written;
	unsigned int n_notes;		    /* entries of the device that were written */
	bool was_offline[MODEL_BLOCKS_MAX]; /* since a monitor was started */
	bool was_wedged;		    /* unbound with a block online */
	bool was_absurd;		    /* a write that no kernel accepts: a bug in a plan */
	struct daxhp_ctx ctx;
	struct daxhp_device device;
	struct daxhp_request request;
	struct daxhp_session session; /* on the device, which is locked */
};

/* The model on which the library works. */
extern struct model model;

/* The library lists the blocks that are there, as for a very large device. */
extern bool model_lists_blocks;

/* Set the model to the state in @obs, with no fault, and all counts at 0. */
void model_reset(const struct daxhp_observation *obs);
/* At the end of a group of tests: free the session's recovery. */
int model_teardown(void **state);
/* Can this kernel show this word with these blocks? */
bool model_can_show(const struct daxhp_observation *obs);

#endif
