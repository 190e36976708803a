/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A model of a kernel: one dax device, its memory blocks, the attribute, the driver, the machine's
 * words, and the journal. It is another implementation of the library's table (see
 * lib/kernel/kernel.h), so everything above the table runs on it as it is.
 *
 * Every time the model is asked for something it counts, and at one of these counts something can
 * go wrong.
 */
#ifndef DAXHP_TESTS_MODEL_H
#define DAXHP_TESTS_MODEL_H

#include "unit.h"

#define MODEL_BLOCKS_MAX 512

enum model_fault {
	FAULT_NONE,
	FAULT_ERROR,	  /* at @at the kernel says no */
	FAULT_SILENT,	  /* at @at it says yes and does nothing */
	FAULT_CANCEL,	  /* at @at a signal comes, and what can give up does */
	FAULT_SIGNAL,	  /* the same with a signal that is none of our business */
	FAULT_RIVAL,	  /* at @at a rival onlines what is offline, unless it is kept off */
	FAULT_KILL,	  /* before the @at-th thing that is done it is killed */
	FAULT_NO_OFFLINE, /* block number @at never goes offline */
	FAULT_NO_ONLINE,  /* block number @at never comes online */
	FAULT_DEAF,	  /* block number @at is interrupted each time, whatever is blocked */
};

struct model {
	bool has_attribute;
	/*
	 * Reports what fails inside an online write, and takes it back; and its word follows the
	 * blocks. So it is with ours, and not with 7.3.
	 */
	bool is_honest;
	enum daxhp_zone default_zone; /* where plain `online` leads */
	bool is_held;		      /* somebody has the blocks' files open: no guarding them */
	unsigned int held_times;      /* the same, but only at the first so many tries */
	unsigned int policy_sticks;   /* so often it cannot be made again what it was */
	/* Who has the device's node open: so many, or why it cannot be seen. */
	size_t n_holders;
	int holders_error;
	/* The look before the unbinding: the block of that number, from 1 on, is not what it was. */
	size_t odd;
	int odd_error;
	enum memblock_state odd_state;

	bool has_kmem;	/* the module is loaded */
	bool is_devdax; /* bound to device_dax */
	bool bound;
	enum daxhp_state attribute; /* what it was told last, while it is bound */
	enum daxhp_state policy, first_policy;
	bool probes; /* the bus, when a driver is new */
	/* Of the policy, of the bus, and of the device, in the journal; empty: none. */
	char policy_note[JOURNAL_LINE_MAX], autoprobe_note[JOURNAL_LINE_MAX],
		note[JOURNAL_LINE_MAX];
	struct lock *policy_lock; /* who has it; NULL: nobody */
	bool was_given_back;	  /* the policy, since */
	struct memblock blocks[MODEL_BLOCKS_MAX];
	bool is_guard_up;
	bool guarded[MODEL_BLOCKS_MAX]; /* rivals are kept off it */
	size_t n_blocks;
	uint64_t block_size;

	enum model_fault fault;
	unsigned int at;
	int errnum;		 /* of FAULT_ERROR, where it is to be another than usual */
	unsigned int interrupts; /* so often a signal interrupts an offline on the way back */
	bool was_interrupted;
	unsigned int calls;
	bool was_disturbed;  /* a signal has come that is for somebody else */
	bool was_open;	     /* and others like it would have got through again */
	unsigned int deeds;  /* what changes anything: a process can be killed before each */
	bool is_dead;	     /* killed: what it does from then on is not done */
	bool was_killed;     /* at some time: what it has left may be found */
	uint64_t written[8]; /* the first blocks that were written to, in their order */
	size_t n_written;
	unsigned int n_notes;		    /* of the device, that were written */
	bool was_offline[MODEL_BLOCKS_MAX]; /* since a monitor was started */
	bool was_wedged;		    /* unbound with a block online */
	bool was_absurd;		    /* told what no kernel takes: a bug in a plan */
	struct daxhp_ctx ctx;
	struct daxhp_device device;
	struct daxhp_request request;
	struct daxhp_session session; /* on the device, which is locked */
};

/* The one that the library works on. */
extern struct model model;

/* The blocks that are there are listed, as those of a very large device. */
extern bool model_lists_blocks;

/* Make it what @obs shows; no fault, nothing counted. */
void model_reset(const struct daxhp_observation *obs);
/* Of the session's recovery. */
void model_clear(void);
/* Can the kernel that it is now show this word with these blocks? */
bool model_can_show(const struct daxhp_observation *obs);

#endif
