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
struct news;
struct await;
struct watch;
struct kernel_log;

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

struct daxhp_cxl_region {
	char name[32], decoder[32]; /* empty: not known */
	uint64_t start, size, dpa;
	struct daxhp_memdev *memdevs;
	size_t n_memdevs;
	bool is_idle, is_pmem, is_enabled;
};

struct daxhp_card {
	struct daxhp_memdev memdev;
	char slot[32]; /* empty: none */
};

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
	/* what was returned last */
	struct daxhp_worker worker;
	struct daxhp_last last;
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

struct daxhp_orphans {
	struct daxhp_orphan *list;
	size_t count;
};

struct daxhp_request {
	struct goal goal;
	bool dry_run, force;
	unsigned int retries;
	unsigned int wait, patience; /* seconds; 0: none */
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
	atomic_bool undoing;	       /* then a cancel has no effect */
	atomic_bool is_stuck;	       /* the same page has failed for the request's patience */
	atomic_bool has_waited_for_io; /* the kernel has, on a page */
};

/* Also true when it gives up by itself. */
static inline bool session_is_cancelled(const struct daxhp_session *session)
{
	return (session->request->is_cancelled || session->is_stuck) && !session->undoing;
}

/* An event of the kernel, about a memory block or a dax device. */
struct uevent {
	bool is_dax;
	char sysname[32]; /* "memory32", "dax0.0" */
	char action[16];  /* "add", "online", "bind" ... */
};

enum news_kind {
	NEWS_NONE, /* only a wake-up */
	NEWS_UEVENT,
	NEWS_LOST, /* events were lost */
	NEWS_DONE, /* what an await waits for may have come */
};

struct news_item {
	enum news_kind kind;
	struct uevent event; /* of NEWS_UEVENT */
	void *data;	     /* of NEWS_DONE: the await's */
};

#define RIVALS_MAX 32

struct rivals {
	struct daxhp_rival list[RIVALS_MAX];
	size_t count;
	unsigned long left_out; /* how often a rival was met that is not in the list */
};

/* Longest path below /proc that a message names. */
#define UNSEEN_MAX 80

/* The machine's words are the kinds below this, but for DAXHP_RECOVERED_DEVICE. */
#define MACHINE_WORDS (DAXHP_RECOVERED_DEBUG + 1)

/* The names of the locks for the machine's words. Any other lock has the name of a device. */
#define POLICY_LOCK "policy"
#define DEBUG_LOCK "debug"

/* A search for the processes that have pages of a device mapped. */
struct user_search {
	const struct daxhp_request *request; /* may cancel it: -EINTR */
	const struct daxhp_observation *obs; /* the device's blocks, and its node */
	uint64_t page_size;
	int64_t pfn;  /* -1: all pages; else it ends with the first process that has this one */
	double until; /* then it ends, with -ETIMEDOUT; 0: never */
	struct daxhp_user *users; /* found; the caller frees them with users_free() */
	size_t n_users;
	char unseen[UNSEEN_MAX]; /* on errors */
};

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
	/* As above; see daxhp_find_orphans(). The devices are listed. */
	int (*find_orphans)(const struct daxhp_ctx *ctx, struct daxhp_orphans *orphans);
	/* Like observe(), but memory without a driver is reported at once: it may be about to go. */
	int (*look)(struct daxhp_device *device, struct daxhp_observation **ret_observation);
	/*
	 * The machine's memory, zone by zone; other errors than -ENOMEM are in @ret_memory, which was
	 * empty. It takes as many instructions as the look at 60 blocks.
	 */
	int (*read_memory)(struct memory *ret_memory);
	/* See daxhp_observe(). */
	int (*observe)(struct daxhp_device *device, struct daxhp_observation **ret_observation);
	/* The device has gone away: the look has only its blocks, where its ranges were. */
	int (*observe_gone)(struct daxhp_device *device,
			    struct daxhp_observation **ret_observation);
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

	/* ---- what is in the way ---- */

	/* Read the kernel's log from now on. NULL, which the others take: it cannot be read. */
	struct kernel_log *(*log_open)(void);
	/* Add what was logged since then. False: some of it was lost. */
	bool (*log_read)(struct kernel_log *log, struct clues *clues);
	void (*log_close)(struct kernel_log *log);
	/* Count the uses of @n pages from @pfn on. -EACCES, -EPERM, -ENOENT: nobody may see them. */
	int (*count_pages)(uint64_t pfn, uint64_t n, struct page_counts *counts);
	/* The flags of the @n pages that are @offset behind these. */
	int (*read_page_flags)(const uint64_t *pfns, size_t n, uint64_t offset,
			       uint64_t *ret_flags);
	/* On errors it may have found some. -EPERM: CAP_SYS_PTRACE or CAP_SYS_ADMIN is missing. */
	int (*find_users)(struct user_search *search);
	/* The nodes whose memory this process may use, as "0-1". */
	int (*read_own_nodes)(char *ret_nodes, size_t size);

	/* ---- drivers. @mode is the driver's: DAXHP_MODE_SYSTEM_RAM or DAXHP_MODE_DEVDAX ---- */

	/* Load the driver's module. On errors @ret_kind is the kind of the failure. */
	int (*load_module)(struct daxhp_ctx *ctx, enum daxhp_mode mode,
			   enum daxhp_failure_kind *ret_kind);
	/* Bind this device, and no other. On errors @ret_kind is the kind of the failure. */
	int (*bind)(struct daxhp_device *device, enum daxhp_mode mode,
		    enum daxhp_failure_kind *ret_kind);
	/* Unbind the device. The caller has seen that no block is online. */
	int (*unbind)(struct daxhp_device *device);
	/* Let the bus find a driver for the device. 1: it has one now; 0: none took it. */
	int (*probe)(struct daxhp_device *device);

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

	/* Listen to the events of memory blocks and dax devices. */
	int (*news_open)(struct news **ret_news);
	/* NULL is fine. */
	void (*news_close)(struct news *news);
	/* Ready for reading when there is news. */
	int (*news_get_fd)(const struct news *news);
	/* 1 with the next; 0: there is none now. */
	int (*news_next)(struct news *news, struct news_item *ret_item);
	/* Be ready at @when, a time of now(); INFINITY: never. */
	int (*news_set_alarm)(const struct news *news, double when);
	/*
	 * Be ready when process @pid may have dropped the lock of a device. @data comes back with the
	 * news, until the await is freed. It may never come: the process can be in another PID
	 * namespace, and the user without rights.
	 */
	int (*await_new)(const struct news *news, const char *device, int pid, void *data,
			 struct await **ret_await);
	/* NULL is fine. */
	void (*await_free)(struct await *await);

	/* ---- waiting ---- */

	/* Seconds since some moment. */
	double (*now)(void);
	/* Seconds since the beginning of 1970. */
	double (*wall_now)(void);
	/* Sleep for @ms milliseconds, or until the session is cancelled. */
	void (*pause)(const struct daxhp_session *session, unsigned int ms);
	/*
	 * Start a thread that makes the kernel notice a cancelled request, and that tells the request
	 * what the calling thread waits for. NULL, which watch_stop() takes: the request
	 * needs no thread, or none could be started.
	 */
	struct watch *(*watch_start)(struct daxhp_session *session,
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
	/* The same for what became of the last plan for a device, which nobody restores or drops. */
	int (*journal_put_last)(const char *name, const char *words);
	int (*journal_get_last)(const char *name, char *ret_words, size_t size);
};

extern const struct kernel kernel_linux;

#endif
