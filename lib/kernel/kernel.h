/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The table through which the library reaches the world outside its process: the kernel's files, the
 * locks and the journal in /run/daxhp/, and the time. Linux is one implementation, see linux.c. The
 * unit tests have another one, a model of a kernel.
 *
 * The structures that the functions of the table take are here, too.
 */
#ifndef DAXHP_KERNEL_H
#define DAXHP_KERNEL_H

#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <syslog.h>
#include <sys/types.h>

#include "model/model.h"

struct daxctl_ctx;
struct daxctl_dev;
struct guard;
struct monitor;
struct watch;

/* ---- the objects that the functions take ---- */

struct daxhp_ctx {
	const struct kernel *kernel;
	daxhp_log_fn log_fn;
	void *log_data;
	struct daxctl_ctx *daxctl;
	struct daxhp_device *devices; /* sorted, linked by next */
	bool devices_loaded;
	int n_unlisted; /* devices that libdaxctl does not list */
};

void ctx_log(struct daxhp_ctx *ctx, const char *file, int line, const char *fn, const char *format,
	     ...) __attribute__((format(printf, 5, 6)));
#define log_debug(ctx, ...) ctx_log(ctx, __FILE__, __LINE__, __func__, __VA_ARGS__)

struct daxhp_device {
	struct daxhp_ctx *ctx;
	struct daxhp_device *next;
	struct daxctl_dev *daxctl; /* owned by ctx->daxctl */
	char name[32];
	unsigned int region_id, id;
	char *region_name;
	uint64_t size, align;
	int target_node;
	struct daxhp_range *ranges;
	size_t n_ranges;
	/* where the memory comes from; empty: not known, or not so */
	enum daxhp_provider provider;
	struct daxhp_cxl_region cxl;
	char namespace[WORD_MAX], uuid[WORD_MAX];
	char *path; /* NULL: not known */
	/* 0, or why the value is not known */
	int size_error, align_error, target_node_error, ranges_error;
};

/* The machine's CXL cards and regions. */
struct daxhp_cxl {
	struct daxhp_card *cards;
	size_t n_cards;
	struct daxhp_cxl_region *regions;
	size_t n_regions;
};

struct daxhp_request {
	struct goal goal;
	bool dry_run, force;
	unsigned int retries;
	unsigned int wait; /* seconds */
	daxhp_progress_fn progress_fn;
	void *progress_data;
	daxhp_waiting_fn waiting_fn;
	void *waiting_data;
	int cancel_signal; /* 0: none */
	atomic_bool is_cancelled;
};

struct lock {
	pid_t owner; /* 0: not locked */
	int fds[3];
	size_t n_fds;
};

/* Does this process hold it? A child that was forked has the structure, but not the lock. */
static inline bool lock_is_mine(const struct lock *lock)
{
	return lock->owner == getpid();
}

/* Work on one device, with all that the work needs. */
struct daxhp_session {
	struct daxhp_ctx *ctx;
	struct daxhp_request *request;
	struct daxhp_device *device; /* NULL for a session about the machine's words only */
	struct goal goal;
	struct lock lock;
	struct daxhp_observation *before;
	struct daxhp_failure failure; /* its kind is NONE when the session has begun */
	struct daxhp_recovery recovery;
	atomic_bool undoing; /* then a cancel has no effect */
};

static inline bool session_is_cancelled(const struct daxhp_session *session)
{
	return session->request->is_cancelled && !session->undoing;
}

#define RIVALS_MAX 32

struct rivals {
	struct daxhp_rival list[RIVALS_MAX];
	size_t count;
	unsigned long left_out; /* how often a rival was met that is not in the list */
};

/* Longest path below /proc that a message names. */
#define UNSEEN_MAX 80

/* The machine's two words: DAXHP_RECOVERED_POLICY and DAXHP_RECOVERED_AUTOPROBE. */
#define MACHINE_WORDS DAXHP_RECOVERED_DEVICE

/* The name of the lock for the machine's words. Any other lock has the name of a device. */
#define POLICY_LOCK "policy"

/* Longest entry of the journal, with its NUL. */
#define JOURNAL_LINE_MAX 240

/*
 * Does this error of journal_get() mean that there is nothing to restore? An entry that cannot be
 * understood was never finished, and then nothing was changed yet.
 */
static inline bool journal_is_void(int error)
{
	return error == -EBADMSG || error == -ENODATA || error == -EFBIG || error == -ESTALE;
}

/* ---- the table ---- */

/*
 * Functions that return an int return 0 or more, or a negative errno. What a function returns through
 * a pointer belongs to the caller, if nothing else is said.
 */
struct kernel {
	/* ---- devices ---- */

	/* Make what the kernel side keeps in a new context. */
	int (*open)(struct daxhp_ctx *ctx);
	/* Free it, and the context's devices. */
	void (*close)(struct daxhp_ctx *ctx);
	/*
	 * Make the context's list of devices. Returns how many devices are there and are not in the
	 * list. On errors the list is empty.
	 */
	int (*list_devices)(struct daxhp_ctx *ctx);
	/* Read the device's values again. -ENODEV: the device is gone. -ENOMEM. */
	int (*read_device)(struct daxhp_device *device);
	/* Is there surely no device of this name? False also when that cannot be seen. */
	bool (*device_is_gone)(const char *name);
	/* Fill in what is empty. On errors it may have a part. */
	int (*list_cxl)(struct daxhp_cxl *cxl);
	/* See daxhp_observe(). */
	int (*observe)(struct daxhp_device *device, struct daxhp_observation **ret_observation);
	/*
	 * Add the processes to @found that have the session's device open or mapped. On errors, not
	 * all processes could be looked at, and @ret_unseen (UNSEEN_MAX bytes) has the path below
	 * /proc that could not be seen. -EINTR: the session was cancelled.
	 */
	int (*find_holders)(const struct daxhp_session *session, struct rivals *found,
			    char *ret_unseen);

	/* ---- the attribute for the whole device ---- */

	/* Open the device's directory. The caller closes the descriptor. */
	int (*open_device)(const char *name);
	/* Which attribute has the device in @dirfd, if any? */
	enum daxhp_interface (*find_attribute)(int dirfd);
	/* @ret_wrote: the word that was written last. It is static. */
	int (*write_attribute)(int dirfd, enum daxhp_interface interface, enum daxhp_state word,
			       const char **ret_wrote);

	/* Will a device have one once it is bound to kmem? True also when that cannot be seen. */
	bool (*brings_attribute)(struct daxhp_ctx *ctx);

	/* ---- memory blocks ---- */

	/* Open their directory. The caller closes the descriptor. */
	int (*open_memory)(void);
	/*
	 * Read a block's state. @fd is the block's state file if it is open already, else -1.
	 * @ret_file (WORD_MAX bytes) takes the name of the file below the directory @dirfd.
	 */
	int (*read_block_state)(int dirfd, int fd, struct memblock *block, char *ret_file);
	/*
	 * Write a block's state: offline, online, online_kernel or online_movable. @fd as above.
	 * Returns 0 also when the block is in that state already.
	 */
	int (*write_block)(int dirfd, int fd, uint64_t id, enum daxhp_state word);
	/*
	 * Call @fn for each of @blocks (ascending) that may be there, in any order, until it returns
	 * something other than 0. That is returned.
	 */
	int (*each_block)(struct memblock *blocks, size_t n_blocks,
			  int (*fn)(struct memblock *block, void *data), void *data);

	/* ---- the machine's words ---- */

	int (*read_word)(enum daxhp_recovered_kind kind, char *ret_word, size_t size);
	int (*write_word)(enum daxhp_recovered_kind kind, const char *word);

	/* ---- drivers. @mode is the driver's: DAXHP_MODE_SYSTEM_RAM or DAXHP_MODE_DEVDAX ---- */

	/* Load the driver's module. On errors @ret_kind is the kind of the failure. */
	int (*load_module)(struct daxhp_ctx *ctx, enum daxhp_mode mode,
			   enum daxhp_failure_kind *ret_kind);
	/* Bind this device, and no other. On errors @ret_kind is the kind of the failure. */
	int (*bind)(struct daxhp_device *device, enum daxhp_mode mode,
		    enum daxhp_failure_kind *ret_kind);
	/* Unbind the device. The caller has seen that no block is online. */
	int (*unbind)(struct daxhp_device *device);

	/* ---- the guard ---- */

	/*
	 * Deny other processes to open the blocks' files, and wait until none of them has one open.
	 * -EBUSY: a process, which is added to @rivals, keeps one open; -EAGAIN: processes mount
	 * sysfs again and again; -EINTR: the session was cancelled; other errors: not everything
	 * could be seen, see guard_get_unseen(). If *ret_guard is set on errors, stop it.
	 * *ret_deny_error: 0, or why no process can be denied.
	 */
	int (*guard_start)(const struct daxhp_session *session, const struct memblock *blocks,
			   size_t n_blocks, struct guard **ret_guard, int *ret_deny_error,
			   struct rivals *rivals);
	/* Look again. Errors as above; -EPIPE, -ETIMEDOUT: the guard's process was killed, or stopped. */
	int (*guard_check)(struct guard *guard, struct rivals *rivals);
	/* The file below /proc that could not be seen, owned by the guard; NULL when there is none. */
	const char *(*guard_get_unseen)(const struct guard *guard);
	/* The guard's descriptor for the state file of block @id; -1 without a guard or such a block. */
	int (*guard_get_fd)(const struct guard *guard, uint64_t id);
	/* End it, and add the processes that it has denied to @rivals. @guard may be NULL. */
	void (*guard_stop)(struct guard *guard, struct rivals *rivals);

	/* ---- news from the kernel ---- */

	/*
	 * Count the blocks that the kernel reports to have reached the step's word, and pass the
	 * count to the request's progress function. NULL, which monitor_stop() takes: it cannot
	 * count.
	 */
	struct monitor *(*monitor_start)(const struct daxhp_session *session,
					 const struct daxhp_step *step,
					 const struct memblock *blocks, size_t n_blocks);
	/* Returns for each block whether it has reached the word, if only for a while. NULL: unknown. */
	bool *(*monitor_stop)(struct monitor *monitor);

	/* ---- waiting ---- */

	/* Seconds since some moment. */
	double (*now)(void);
	/* Sleep for @ms milliseconds, or until the session is cancelled. */
	void (*pause)(const struct daxhp_session *session, unsigned int ms);
	/*
	 * Start a thread that makes the kernel notice a cancelled request, and that tells the request
	 * what the calling thread waits for. NULL, which watch_stop() takes: the request
	 * needs no thread, or none could be started.
	 */
	struct watch *(*watch_start)(const struct daxhp_session *session,
				     const struct daxhp_observation *observation);
	void (*watch_stop)(struct watch *watch);

	/* ---- locks ---- */

	/*
	 * Take the lock of that name, and wait for it for so many seconds. *lock is overwritten.
	 * -EWOULDBLOCK: another process, *ret_holder, has it. The pid is 0 when it is not known.
	 * -EINTR: the session was cancelled.
	 */
	int (*lock_take)(const struct daxhp_session *session, const char *name,
			 unsigned int seconds, struct lock *lock, int *ret_holder);
	/* Nothing happens to a lock that is not taken. */
	void (*lock_drop)(struct lock *lock);
	/* Does any process hold it? */
	bool (*lock_is_held)(const char *name);
	/* See daxhp_device_find_worker(). */
	int (*find_worker)(const char *name, struct daxhp_worker *ret_worker);
	/* Was it stopped by SIGSTOP or Ctrl-Z? Then it is no use to wait for it. */
	bool (*process_is_stopped)(int pid);

	/* ---- the journal ---- */

	/* Write an entry: some words below a name. It is there as a whole, or not at all. */
	int (*journal_put)(const char *name, const char *words);
	/* 1 with the words; 0: no entry; -EBADMSG: not an entry; -ESTALE: written in another boot. */
	int (*journal_get)(const char *name, char *ret_words, size_t size);
	/* Returns 0 also when there is no entry. */
	int (*journal_drop)(const char *name);
	/* Call @fn with the name of each entry. */
	void (*journal_each)(void (*fn)(const char *name, void *data), void *data);
};

extern const struct kernel kernel_linux;

#endif
