/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LIBDAXHP_PRIVATE_H
#define LIBDAXHP_PRIVATE_H

#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <syslog.h>
#include <sys/types.h>
#include <time.h>

#include "cleanup.h"
#include "libdaxhp.h"

/* Everything else is hidden, see the build's gnu_symbol_visibility. */
#define EXPORT __attribute__((visibility("default")))

struct daxctl_ctx;
struct daxctl_dev;
struct statx;

/* Longest word that is taken from a sysfs file, with its NUL. */
#define WORD_MAX 64

/* ---- context.c ---- */

struct daxhp_ctx {
	daxhp_log_fn log_fn;
	void *log_data;
	struct daxctl_ctx *daxctl;
	struct daxhp_device *devices; /* sorted, linked by next */
	bool devices_loaded;
	int n_unlisted; /* devices that libdaxctl does not list */
};

/* ---- log.c ---- */

void ctx_log(struct daxhp_ctx *ctx, const char *file, int line, const char *fn, const char *format,
	     ...) __attribute__((format(printf, 5, 6)));
#define log_debug(ctx, ...) ctx_log(ctx, __FILE__, __LINE__, __func__, __VA_ARGS__)

/* ---- model/names.c ---- */

enum daxhp_state state_from_name(const char *name);
enum daxhp_zone zone_from_name(const char *name);
bool state_is_online(enum daxhp_state state);
/* The driver for DAXHP_MODE_SYSTEM_RAM, or for DAXHP_MODE_DEVDAX. */
const char *mode_driver(enum daxhp_mode mode);
bool mode_from_name(const char *name, enum daxhp_mode *ret_mode);

/* ---- kernel/sysfs.c ---- */

/*
 * Everything here takes the descriptor of a directory and a name below it, follows no link at the
 * name's end, reads a bounded amount, and returns a negative errno: -ENODATA for an empty file,
 * -EFBIG for one that is longer than asked for, -EBADMSG for contents that are not one printable
 * line or not the number they should be.
 */
int sysfs_open_dir(const char *path);
int sysfs_open_dir_at(int dirfd, const char *name);
int sysfs_list_dir(const char *path, DIR **ret_dir);
/* 1 with the next entry, 0 at the end; the end is not taken for one when there was an error. */
int sysfs_next_entry(DIR *dir, struct dirent **ret_entry);
int sysfs_read_word(int dirfd, const char *name, char *ret_word, size_t size);
int sysfs_read_u64(int dirfd, const char *name, int base, uint64_t *ret_value);
int sysfs_read_int(int dirfd, const char *name, int *ret_value);
int sysfs_write_word(int dirfd, const char *name, const char *word);
int sysfs_open_file(int dirfd, const char *name);
int sysfs_read_word_fd(int fd, char *ret_word, size_t size);
int sysfs_write_word_fd(int fd, const char *word);
/* To be locked only. @access: what the kernel lets root do with it, O_RDONLY or O_WRONLY. */
int sysfs_open_lock(int dirfd, const char *name, int access);
/* The root of debugfs, for the same: all namespaces share it. Errors: it cannot be had. */
int sysfs_open_debugfs(void);
bool sysfs_exists(int dirfd, const char *name);
/* The last component of what the link @name points to. */
int sysfs_read_link_name(int dirfd, const char *name, char *ret_name, size_t size);

/* ---- kernel/proc.c ---- */

/* Longest path below /proc that a message names. */
#define UNSEEN_MAX 80

/* NULL with errno when it cannot be opened. */
DIR *proc_open_dir_at(int dirfd, const char *name);
FILE *proc_open_file(int dirfd, const char *name);
/* Bytes of memory that could be had without swapping, MemAvailable in /proc/meminfo. */
int proc_read_available(uint64_t *ret_bytes);
/* What the descriptor was opened with, of fdinfo/FD. */
int proc_read_fd_flags(int dirfd, const char *name, unsigned int *ret_flags);
int proc_read_comm(pid_t pid, char *ret_comm, size_t size);
/*
 * What the link @name leads to, with statx()'s @mask. 1: *ret_stx is filled in; 0: it is gone, or
 * shown to its owner only and so on no file system of the machine's.
 */
int proc_stat_file(int dirfd, const char *name, unsigned int mask, struct statx *ret_stx);

struct proc_task {
	pid_t pid; /* of its process */
	int dirfd;
	char name[40]; /* of its directory, below /proc */
};

/*
 * A look at all threads of all processes but this one. What is asked returns 0 to go on, more than 0
 * to end the look with that, or a negative errno; -ENOENT and -ESRCH mean that the thread, or what it
 * had open, is gone.
 */
struct proc_walk {
	const struct daxhp_session *session; /* may cancel it: -EINTR */
	/* For each thread that has a root and a mount namespace of its own; may be NULL. */
	int (*see_fs)(struct proc_walk *walk, const struct proc_task *task);
	/* For each file that is open, @name in @dirfd; may be NULL. */
	int (*see_file)(struct proc_walk *walk, const struct proc_task *task, int dirfd,
			const char *name);
	bool sees_maps; /* mapped files as well */
	bool sees_self; /* this process as well */
	void *data;
	char unseen[UNSEEN_MAX]; /* on errors: what could not be looked at */
};

/*
 * Errors are what keeps from seeing all there is: -EPERM without CAP_SYS_PTRACE; -EXDEV where this
 * /proc is that of a PID namespace; -ENOENT where there is none; and whatever a look at a file brings.
 */
int proc_walk(struct proc_walk *walk);

/* ---- kernel/mounts.c ---- */

/* A line of mountinfo. */
struct mount {
	dev_t dev;
	char *root; /* the directory of the file system that is mounted */
	char *dir;  /* where */
	bool is_sysfs, is_writable;
};

/* A file system that is mounted somewhere. */
struct mounted_dev {
	dev_t dev;
	bool is_sysfs;
	bool is_marked; /* by the guard, which has it open */
	int fd;
};

struct mounts {
	struct mounted_dev *devs;
	size_t count;
};

/* Takes @line to pieces, which @ret_mount points to. -EBADMSG. */
int mount_parse(char *line, struct mount *ret_mount);
/*
 * The directory of the memory blocks, below the mount that a process with the root @rootfd sees. 1
 * with the descriptor; 0: nothing leads there; -EXDEV: something leads to one of the blocks only.
 */
int mount_open_memory(const struct mount *mount, int rootfd, int *ret_fd);
/* NULL when it has not been seen. */
struct mounted_dev *mounts_find(const struct mounts *mounts, dev_t dev);
/* -ENOMEM. *ret_dev is valid until the next call. */
int mounts_add(struct mounts *mounts, dev_t dev, bool is_sysfs, struct mounted_dev **ret_dev);

/* ---- kernel/rivals.c ---- */

#define RIVALS_MAX 32

struct rivals {
	struct daxhp_rival list[RIVALS_MAX];
	size_t count;
	unsigned long left_out; /* times that one was met who is not in the list */
};

/* @denied: how often, this time; 0: it has something open. */
void rivals_note(struct rivals *rivals, pid_t pid, unsigned int denied);
void rivals_join(struct rivals *rivals, const struct rivals *others);

/* ---- time ---- */

/* In seconds, from some moment on. */
static inline double clock_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* ---- thread.c ---- */

/* A thread that takes no signals: those are for the thread that writes to the kernel. */
int thread_start(pthread_t *ret_thread, void *(*run)(void *data), void *data);

/* ---- fork.c ---- */

/* Between the two no child is forked: one that is forked between opening and adding has a copy. */
void fork_hold(void);
void fork_release(void);
/* From here on a child that is forked closes its copy of @fd. To be called held. Errors: -ENOMEM. */
int fork_close_add(int fd);
/* Close @fd. In such a child nothing is closed: the number is another file's by now, or none's. */
void fork_close(int fd);

/* ---- lock.c ---- */

struct lock {
	pid_t owner; /* 0: not locked */
	int fds[3];
	size_t n_fds;
};

/* @fd, or a copy of it in its place, which is none of the standard ones. Errors are passed on. */
int above_stdio(int fd);
/* /run/daxhp, made if need be; -EPERM when it is not ours alone. */
int run_dir_open(bool create);
/* NULL when it cannot be opened. */
DIR *run_dir_list(void);
/*
 * Lock @name in /run/daxhp/, waiting until then at most (see clock_now()); *lock is overwritten.
 * -EWOULDBLOCK: *ret_holder has it.
 */
int lock_take(const struct daxhp_session *session, const char *name, double until,
	      struct lock *lock, int *ret_holder);
/* All of the lock for a device; the holder is 0 when it is not known. */
int lock_take_device(const struct daxhp_session *session, const struct daxhp_device *device,
		     double until, struct lock *lock, int *ret_holder);
/* The name of the lock for the machine's policy, and all of it. */
#define POLICY_LOCK "policy"
int lock_take_policy(const struct daxhp_session *session, struct lock *lock);
/* Nothing happens to one that is not locked. */
void lock_drop(struct lock *lock);
/* Does this process hold it? A child that was forked has the structure, but not the lock. */
bool lock_is_mine(const struct lock *lock);
bool lock_is_held(const char *name);

/* ---- device.c ---- */

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
	/* 0, or why the value is not known */
	int size_error, align_error, target_node_error, ranges_error;
};

/* Another libdaxctl context, which has found no device yet. No device may be left of the old one. */
int ctx_renew_daxctl(struct daxhp_ctx *ctx);
int device_open_dir(const struct daxhp_device *device);
/* Seen not to be there, whether libdaxctl would list it or not. */
bool device_is_gone(const char *name);
/* The ranges of the device in @dirfd; needs its size for a kernel without mappingN. */
int device_read_ranges(struct daxhp_device *device, int dirfd);
/* A file of its own that only root can open. */
int device_open_lock(const struct daxhp_device *device);
void devices_free(struct daxhp_device *devices);

/* ---- kernel/memblock.c ---- */

enum memblock_state {
	MEMBLOCK_MISSING = DAXHP_BLOCK_ABSENT,
	MEMBLOCK_OFFLINE = DAXHP_BLOCK_OFFLINE,
	MEMBLOCK_ONLINE = DAXHP_BLOCK_ONLINE,
	MEMBLOCK_GOING_OFFLINE = DAXHP_BLOCK_GOING_OFFLINE,
};

/* Small, for a device can have millions of them that are not there. */
struct memblock {
	uint64_t id : 56;
	enum memblock_state state : 4;
	enum daxhp_zone zone : 4; /* where it is online; DAXHP_ZONE_UNKNOWN else */
};

int memblock_open_dir(void);
/* "memoryN/NAME", into WORD_MAX bytes. @name is one of the kernel's, and short. */
void memblock_file(char *ret_file, uint64_t id, const char *name);
int memblock_read_size(int dirfd, uint64_t *ret_bytes);
/*
 * The ids of the blocks that lie wholly inside one of @ranges, ascending, each once. Fills in id
 * only. Errors: -EOVERFLOW for a range that ends before it starts, or for more blocks than any
 * machine has; -ENOMEM.
 */
int memblock_from_ranges(const struct daxhp_range *ranges, size_t n_ranges, uint64_t block_size,
			 struct memblock **ret_blocks, size_t *ret_count);
/* The one that a directory or an event is about; NULL when it is none of @blocks (ascending). */
struct memblock *memblock_find(const struct memblock *blocks, size_t n_blocks, const char *name);
/*
 * Of a device with very many blocks most are not there, and to open the files of each would take a
 * minute: then it pays to list those that are.
 */
bool memblock_is_to_be_listed(size_t n_blocks);
/*
 * Call @fn for each of @blocks (ascending) that has a directory, in any order, until it returns
 * something other than 0, which is passed on. Reads /sys/devices/system/memory once.
 */
int memblock_list(struct memblock *blocks, size_t n_blocks,
		  int (*fn)(struct memblock *block, void *data), void *data);
/*
 * State and zone of one block. @ret_file, of WORD_MAX bytes, takes the name of the file at hand.
 * -ENOTSUP: the kernel cannot remove memory (it has no valid_zones). The block is filled in as far
 * as it could be seen.
 */
int memblock_read(int dirfd, struct memblock *block, char *ret_file);
/* State only. @fd: the block's state file, if it is open already; else -1. */
int memblock_read_state(int dirfd, int fd, struct memblock *block, char *ret_file);
/* @word: offline, online, online_kernel or online_movable. 0 also if it is there already. */
int memblock_write(int dirfd, int fd, uint64_t id, enum daxhp_state word);
/*
 * The cheap order to go through @ids (ascending) in: the i-th to take. Online takes the first
 * block, then the last down to the second; offline the second up to the last, then the first.
 */
size_t memblock_order(size_t count, enum daxhp_state word, size_t i);

/* ---- kernel/attribute.c ---- */

/* Which attribute the device in @dirfd has, if any. */
enum daxhp_interface attribute_find(int dirfd);
int attribute_read(int dirfd, enum daxhp_interface interface, char *ret_word, size_t size);
/* @ret_wrote: the word the kernel was given last. */
int attribute_write(int dirfd, enum daxhp_interface interface, enum daxhp_state word,
		    const char **ret_wrote);

/* ---- kernel/policy.c ---- */

int policy_read(char *ret_word, size_t size);
int policy_write(const char *word);
/* Does the kernel look for devices when a driver of the dax bus comes? "1" or "0". */
int autoprobe_read(char *ret_word, size_t size);
int autoprobe_write(const char *word);
/* A file of the machine's that only root can open. */
int policy_open_lock(void);

/* ---- kernel/meminfo.c ---- */

#define MEMORY_KINDS_MAX 8
#define MEMORY_ORDERS_MAX 16

/* A zone of a node. All sizes are in bytes. */
struct memory_zone {
	int node;
	enum daxhp_zone zone;
	unsigned int
		kind;	  /* the number of its kind, in the kernel's order of the zones of a node */
	uint64_t managed; /* the memory that the kernel hands out, free or in use */
	uint64_t free, cached;		    /* cached: free, too, but set aside for a processor */
	uint64_t boost, min, high;	    /* watermarks; the first goes on top of the others */
	uint64_t reserve[MEMORY_KINDS_MAX]; /* kept from those who ask for a zone of that kind */
	uint64_t anon, file, unevictable, zspages; /* shared memory counts as anonymous */
	uint64_t pending;			   /* of file: dirty, or on its way to the disk */
	uint64_t pieces[MEMORY_ORDERS_MAX];	   /* of free: in pieces of each order */
};

/* The huge pages of one size on one node. */
struct memory_pool {
	int node;
	uint64_t page_size;
	uint64_t total, free;
	uint64_t reserved; /* free ones that are promised, on all nodes together */
};

struct memory {
	int error; /* 0, or why it is not known; negative */
	const char *error_file;
	uint64_t page_size;
	struct memory_zone *zones; /* node by node, those without memory, too */
	size_t n_zones;
	struct memory_pool *pools; /* none where there are no huge pages */
	size_t n_pools;
	size_t n_orders; /* only read where there are pools */
	uint64_t swap;	 /* that can take memory */
	bool has_swap;	 /* it has been read */
};

/*
 * Fill in @memory, cleared before; what cannot be read is left in its error. -ENOMEM is the only
 * one that is returned.
 */
int memory_read(struct memory *memory);
void memory_clear(struct memory *memory);
/* The files of /proc, each added to @memory. -EBADMSG, -ENODATA, -EFBIG, -EOVERFLOW: not what they
 * should be. */
int memory_parse_zones(struct memory *memory, FILE *f);
int memory_parse_buddies(struct memory *memory, FILE *f);
int memory_parse_swap(struct memory *memory, FILE *f);

/* ---- model/room.c ---- */

/* The memory of a device that is to go offline. */
struct room_device {
	int node;
	uint64_t bytes[DAXHP_ZONE_MAX]; /* what of it is online, by zone */
};

/* -ENOMEM only. The caller frees ret_room->nodes. */
int room_estimate(const struct memory *memory, const struct room_device *device,
		  struct daxhp_room *ret_room);

/* ---- kernel/observe.c ---- */

struct daxhp_observation {
	unsigned int refcount;
	enum daxhp_mode mode;
	char driver[WORD_MAX];
	enum daxhp_interface interface;
	char attribute_word[WORD_MAX];
	char policy[WORD_MAX];
	int memmap_on_memory;
	int target_node; /* -1 when unknown, too */
	int blocks_error;
	char blocks_error_file[WORD_MAX];
	bool hotremove;		       /* false only when seen to be missing */
	bool has_kmem, has_device_dax; /* the drivers are there: loaded, or built in */
	uint64_t room;	      /* bytes that are available for a memory map; 0 when not known */
	struct memory memory; /* the machine's; only read when a block is online */
	uint64_t block_size;
	struct memblock *blocks; /* ascending */
	size_t n_blocks;
	/* derived by observation_derive() */
	size_t n_present, n_online, n_zone[DAXHP_ZONE_MAX];
	enum daxhp_state state;
};

/* Does an online block in @zone have what @word asks for? */
bool zone_fits(enum daxhp_zone zone, enum daxhp_state word);
/* Counts and state word from the fields above them. */
void observation_derive(struct daxhp_observation *observation);
/* Are both in the same state, block by block, with the same driver and the same word? */
bool observation_equal(const struct daxhp_observation *a, const struct daxhp_observation *b);
/* Is it worked through a whole-device attribute? */
bool observation_has_attribute(const struct daxhp_observation *observation);
/* Is nothing there: neither a block, nor a word that claims one? */
bool observation_is_down(const struct daxhp_observation *observation);
/* The same for one block. Zones for kernel memory count as one. */
bool memblock_equal(const struct memblock *a, const struct memblock *b);

/* ---- model/goal.c ---- */

struct goal {
	enum daxhp_mode mode;
	enum daxhp_state state;	   /* DAXHP_STATE_NONE in devdax mode */
	bool may_move, may_rebind; /* see daxhp_request_set_may_move() */
};

bool goal_is_valid(struct goal goal);
/* Is the memory to be gone? */
bool goal_is_without_memory(struct goal goal);
/* Where all is well: the state of each of the device's blocks. */
enum memblock_state goal_block_state(struct goal goal, const struct daxhp_observation *observation);
bool observation_meets(const struct daxhp_observation *observation, struct goal goal);
/* Longest text of one, with its NUL: three words, as "system-ram online_movable move,rebind". */
#define GOAL_TEXT_MAX 64
void goal_print(struct goal goal, char *ret_text);
/* False when the words are none of a valid goal. */
bool goal_parse(const char *mode, const char *state, const char *ways, struct goal *ret_goal);

/* ---- model/failure.c ---- */

struct daxhp_failure {
	enum daxhp_failure_kind kind;
	int errnum; /* positive */
	/* empty where it is about none */
	char file[128], word[WORD_MAX], driver[WORD_MAX];
	int64_t block; /* -1: about none */
	int pid;       /* 0: about none, or not known */
	struct goal goal;
	bool is_first_look; /* of OBSERVE: nothing has been tried yet */
	bool has_waited;    /* of AT_WORK */
	bool is_stopped;    /* of AT_WORK: the process */
	char sentence[512];
};

/* Makes the sentence for @what, whose own is not looked at. */
void failure_set(struct daxhp_failure *failure, const struct daxhp_failure *what);
/* @room is looked at for DAXHP_REFUSED_NO_ROOM_ELSEWHERE only. */
void failure_refuse(struct daxhp_failure *failure, enum daxhp_failure_kind kind, struct goal goal,
		    const struct daxhp_observation *obs, const struct daxhp_room *room);

/* ---- model/recovered.c ---- */

/* One thing that was recovered, or that nobody recovers; see the getters. */
struct daxhp_recovered {
	enum daxhp_recovered_kind kind;
	enum daxhp_recovered_outcome outcome;
	char name[32], before[WORD_MAX], found[WORD_MAX]; /* empty: not known */
	enum daxhp_mode mode;
	enum daxhp_state state;
	int pid;
	struct daxhp_failure failure; /* its kind is NONE where there is none */
};

struct daxhp_recovery {
	struct daxhp_recovered *list;
	size_t count, size;
};

/*
 * As much room as one session takes: what is put right in an undo must not be lost for want of
 * memory.
 */
int recovery_reserve(struct daxhp_recovery *recovery);
/* The same thing with the same outcome stands there once. Lost when there is no memory. */
void recovery_add(struct daxhp_recovery *recovery, const struct daxhp_recovered *recovered);
void recovery_clear(struct daxhp_recovery *recovery);

/* ---- request.c ---- */

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

/* ---- session.c ---- */

/* What all work on a device shares, and all who wait on its behalf. */
struct daxhp_session {
	struct daxhp_ctx *ctx;
	struct daxhp_request *request;
	struct daxhp_device *device; /* NULL while it is about the machine's words only */
	struct goal goal;
	struct lock lock;
	struct daxhp_observation *before;
	struct daxhp_failure failure; /* its kind is NONE when it has begun */
	struct daxhp_recovery recovery;
	atomic_bool undoing; /* nothing is cancelled then */
};

static inline bool session_is_cancelled(const struct daxhp_session *session)
{
	return session->request->is_cancelled && !session->undoing;
}

/* ---- model/plan.c ---- */

struct daxhp_step {
	enum daxhp_step_type type;
	enum daxhp_state word;
	enum daxhp_mode mode; /* of LOAD and BIND: the driver's */
	uint64_t *blocks;     /* ascending */
	size_t n_blocks;
	size_t n_done; /* of the blocks, so far */
	unsigned int retry;
	double seconds;
};

struct daxhp_plan {
	struct daxhp_observation *before;
	struct goal goal;
	bool is_forced;		      /* what others would suffer is no reason to refuse */
	struct daxhp_failure refusal; /* its kind is NONE when there is none */
	struct daxhp_step *steps;
	size_t n_steps;
	struct daxhp_room room;
	bool has_room; /* the plan takes memory offline */
};

/*
 * The steps from @observation to @goal. A plan without steps and without a refusal means that the
 * goal is reached already. -ENOMEM. Free it with daxhp_plan_free().
 */
int plan_new(struct daxhp_observation *observation, struct goal goal, bool is_forced,
	     struct daxhp_plan **ret_plan);
/*
 * Does it reconfigure the device in more than one change? A process that is killed between two of
 * them leaves a device that nobody asked for.
 */
bool plan_leads_between(const struct daxhp_plan *plan);

/* ---- model/step.c ---- */

int plan_alloc(struct daxhp_observation *before, struct daxhp_plan **ret_plan);
void plan_drop_steps(struct daxhp_plan *plan);
int plan_add_step(struct daxhp_plan *plan, enum daxhp_step_type type, enum daxhp_state word);

/* @before is NULL where there is nothing to compare with. */
typedef bool (*block_filter)(const struct memblock *now, const struct memblock *before);
bool block_is_online(const struct memblock *now, const struct memblock *before);
bool block_is_offline(const struct memblock *now, const struct memblock *before);
/* Write @word to the blocks of @now that @filter picks. */
int plan_add_blocks(struct daxhp_plan *plan, enum daxhp_state word,
		    const struct daxhp_observation *now, const struct daxhp_observation *before,
		    block_filter filter);
/* The same for the plan's own observation, under the guard. */
int plan_add_guarded_blocks(struct daxhp_plan *plan, enum daxhp_state word, block_filter filter);
/* With the check before. */
int plan_add_unbind(struct daxhp_plan *plan);
/* Bind to kmem, so that the memory comes up as @word. */
int plan_add_bind(struct daxhp_plan *plan, enum daxhp_state word);
int plan_add_bind_devdax(struct daxhp_plan *plan);

/* ---- model/restore.c ---- */

/*
 * The steps that bring the device from @now nearer to @before; none when there is nothing to do,
 * or nothing that can be done. Look and ask again until then. Pure.
 */
int plan_restore(struct daxhp_observation *now, const struct daxhp_observation *before,
		 struct daxhp_plan **ret_plan);

static inline void cleanup_plan(struct daxhp_plan **plan)
{
	daxhp_plan_free(*plan);
}

static inline void cleanup_observation(struct daxhp_observation **observation)
{
	daxhp_observation_unref(*observation);
}

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

/* With all that an undo takes. NULL without memory. */
struct daxhp_result *result_new(size_t n_blocks);
void result_fail(struct daxhp_result *result, enum daxhp_failure_kind kind, int errnum);
/* Carry @plan out, verify, and undo. What went wrong is in the result. */
void apply_plan(struct daxhp_session *session, struct daxhp_plan *plan,
		struct daxhp_result *result);
/*
 * Lead the session's device from @now to @before, as the undo of a plan does. 0, or a negative errno
 * with the failure in the result; like any plan, it can be cancelled.
 */
int apply_restore(struct daxhp_session *session, struct daxhp_observation *now,
		  const struct daxhp_observation *before, struct daxhp_result **ret_result);

/* ---- execute.c ---- */

/* What a plan's steps share while they are carried out. */
struct run {
	struct daxhp_session *session;
	struct daxhp_device *device;	     /* the session's */
	const struct daxhp_observation *obs; /* what the plan was made from */
	struct daxhp_result *result;	     /* takes the failure */
	char saved_policy[WORD_MAX];	     /* empty unless the policy is changed */
	char set_policy[WORD_MAX];	     /* to this */
	struct lock policy_lock;
	struct guard *guard; /* up from its step until the blocks are gone, or the run is over */
	int guard_error;     /* negative: somebody may be inside all the same */
	struct rivals rivals;
	bool has_begun; /* to change something */
	sigset_t mask;	/* the thread's own */
	unsigned int
		n_disturbed; /* how often the step at hand was interrupted by others' signals */
	bool is_loading;     /* the bus does not probe meanwhile */
	struct watch *watch;
};

/* 0, or a negative errno with the failure in the result. */
int step_run(struct run *run, struct daxhp_step *step);
/* Whoever was kept off is among the run's rivals. */
void drop_guard(struct run *run);

/* ---- signals.c ---- */

/* Hold back the signals that what the run is at now is not to be disturbed by. */
void signals_hold(const struct run *run);

/* ---- watch.c ---- */

struct watch;

/*
 * Start a thread that does not let the calling one miss daxhp_request_cancel(), and tells what it
 * waits for. NULL, which is fine, when nobody wants to know, or it cannot be had.
 */
struct watch *watch_start(const struct daxhp_session *session, const struct daxhp_observation *obs);
void watch_stop(struct watch *watch);

/* ---- task.c ---- */

/* The calling thread, for another to look at; a negative errno. */
int task_open_self(void);
/* The letter of its state ('?': not to be seen), and the kernel's function that it sleeps in. */
void task_look(int taskfd, char *ret_state, char *ret_where, size_t size);

/* ---- journal.c ---- */

#define JOURNAL_ENDING ".journal"
/* It stands in an entry for a word of which there is none. */
#define JOURNAL_NONE "-"
/* Longest entry, with its NUL. */
#define JOURNAL_LINE_MAX 240

/* An entry is some words below a name, there as a whole or not at all. */
int journal_put(const char *name, const char *words);
/* 1 with the words, 0 when there is none, -EBADMSG for what is none, -ESTALE: of another boot. */
int journal_get(const char *name, char *ret_words, size_t size);
int journal_drop(const char *name);
/* The part of it that is pure. @ret_words points into @line. */
int journal_parse(const char *line, const char *boot, const char **ret_words);
/*
 * Is there nothing to restore behind this error? What cannot be understood was never finished, and
 * nothing changed yet.
 */
bool journal_is_void(int error);

/* ---- borrow.c ---- */

/* What the file said is about to be changed from @found to @set. Under policy_lock(). */
int borrow_put(enum daxhp_recovered_kind kind, const char *found, const char *set);
/*
 * Write @found again, unless what stands there is not @set any more; then the session's recovery
 * tells of it.
 */
int borrow_return(struct daxhp_session *session, enum daxhp_recovered_kind kind, const char *found,
		  const char *set);
/*
 * 1 with what a dead process has left, 0 when there is none, -EACCES when the user may not know.
 * -EBADMSG, -ESTALE and the like: see journal_is_void().
 */
int borrow_find(enum daxhp_recovered_kind kind, struct daxhp_recovered *ret_found);
/* Put it right. Under the lock for the policy. 1: so it was, 0: there was nothing to put right. */
int borrow_recover(struct daxhp_session *session, enum daxhp_recovered_kind kind);
/* Like lock_take_policy(); what a dead process left of the machine's words is put right first. */
int policy_lock(struct daxhp_session *session, struct lock *lock);
/* Pure. -EBADMSG. */
int borrow_parse(const char *words, enum daxhp_recovered_kind kind,
		 struct daxhp_recovered *ret_entry);

/* ---- recovery.c ---- */

/* How a device was when its reconfiguration began, as it is written down. */
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
 * Write down how @device was before @plan, if a process that is killed in the middle would leave
 * it neither so nor at the goal. 1: written, 0: no need, or it is written down already that it is
 * left over from another.
 */
int recovery_put(const struct daxhp_device *device, const struct daxhp_plan *plan);
/* It is over, one way or the other. */
void recovery_drop(const struct daxhp_device *device);
/* The machine's words. What comes of it is in the session's recovery. */
void recover_words(struct daxhp_session *session);
/*
 * Lead the session's device, which is locked, back to how it was. 1: done. 0: there was nothing to do,
 * or no more: the device is as it was, or at the goal, or another one has its name. -ESTALE: it is
 * neither, and was left as it is. Then, too, it will not be found any more. Other errors: it is not
 * yet as it was, and the next call tries again. What comes of it is in the session's recovery.
 */
int recover_device(struct daxhp_session *session);

/* ---- kernel/binding.c ---- */

/* @mode is that of the driver: DAXHP_MODE_SYSTEM_RAM or DAXHP_MODE_DEVDAX. */
bool binding_has_driver(enum daxhp_mode mode);
/* Load its module, without letting it take devices. On errors *ret_failure says what they are about. */
int binding_load(struct daxhp_session *session, enum daxhp_mode mode,
		 struct daxhp_failure *ret_failure);
/* Bind this device, and no other. */
int binding_bind(struct daxhp_device *device, enum daxhp_mode mode,
		 struct daxhp_failure *ret_failure);
/* The caller has looked: no block of the device is online. */
int binding_unbind(struct daxhp_device *device);

/* ---- kernel/holders.c ---- */

/* Note the processes that have the session's device's node open or mapped. Errors as of proc_walk(). */
int find_holders(const struct daxhp_session *session, struct rivals *found, char *ret_unseen);

/* ---- kernel/keeper.c ---- */

/* The files of a memory block that can set it online. */
#define GUARDED_FILES 2
extern const char *const guarded_files[GUARDED_FILES];

struct keeper;

/*
 * Start the process that denies others to open the files of @blocks. The caller's thread must live
 * for as long as it does. -EPERM without CAP_SYS_ADMIN; -EINVAL, -ENOSYS: the kernel has no
 * permission events.
 */
int keeper_start(const struct memblock *blocks, size_t n_blocks, struct keeper **ret_keeper);
/* Deny it also below @dirfd, the directory of the memory blocks. -1: just say whether it is alive. */
int keeper_mark(struct keeper *keeper, int dirfd);
/* NULL is fine. Adds whom it has denied. */
void keeper_stop(struct keeper *keeper, struct rivals *rivals);

/* ---- kernel/drain.c ---- */

struct drain {
	const struct daxhp_session *session;
	/* Deny it below another sysfs; NULL where nobody can be denied. */
	int (*mark)(void *data, int dirfd);
	void *mark_data;
	struct mounts mounts;
	uint64_t *inodes; /* of the blocks' files, sorted */
	size_t n_inodes;
	char unseen[UNSEEN_MAX];
};

int drain_init(struct drain *drain, int dirfd, const struct memblock *blocks, size_t n_blocks);
void drain_clear(struct drain *drain);
/* @dirfd: the directory of the memory blocks. */
int drain_mark_own(struct drain *drain, int dirfd);
/*
 * Mark every sysfs, and wait until no other process has a file of the blocks open for writing.
 * -EBUSY: *ret_holder would not let go; -EAGAIN: somebody keeps mounting sysfs anew; -EINTR when
 * cancelled; another errno: it cannot be seen, at @drain->unseen.
 */
int drain_wait(struct drain *drain, pid_t *ret_holder);

/* ---- kernel/guard.c ---- */

struct guard;

/*
 * Deny other processes to open the blocks' files, and wait until none of them has one open. Errors
 * are those of drain_wait(); who would not let go is among the rivals. *ret_guard may be set on
 * errors, too, and is to be stopped then. *ret_deny_error: why there is no denying, only draining.
 */
int guard_start(const struct daxhp_session *session, const struct memblock *blocks, size_t n_blocks,
		struct guard **ret_guard, int *ret_deny_error, struct rivals *rivals);
/* Is it so still? Also -EPIPE and -ETIMEDOUT: the guard's process was killed, or stopped. */
int guard_check(struct guard *guard, struct rivals *rivals);
/* The file below /proc at which it could not be seen; NULL when there is none. */
const char *guard_get_unseen(const struct guard *guard);
/* The state file of block @id, open for both; -1 when there is no guard or no such block. */
int guard_get_fd(const struct guard *guard, uint64_t id);
/* NULL is fine. Adds whom it has denied. */
void guard_stop(struct guard *guard, struct rivals *rivals);

/* ---- kernel/monitor.c ---- */

struct monitor;

/* Which blocks have reached the word of a step, by the kernel's events. Pure. */
struct tally {
	const struct daxhp_step *step;
	const struct memblock *blocks; /* ascending */
	size_t n_blocks, done;
	bool *is_done;	/* now */
	bool *was_done; /* at any time: a roll-back does not clear it */
};

/* -ENOMEM; to be cleared in that case, too. */
int tally_init(struct tally *t, const struct daxhp_step *step, const struct memblock *blocks,
	       size_t n_blocks);
void tally_clear(struct tally *t);
/* Online and offline again is a roll-back: the count goes down with it. False: nothing new. */
bool tally_take(struct tally *t, const char *sysname, const char *action);

/*
 * Count, in a thread of its own, the blocks that the kernel reports to have reached @step's word,
 * and pass the count to the request's progress function. No monitor, no counting: NULL is fine.
 */
struct monitor *monitor_start(const struct daxhp_session *session, const struct daxhp_step *step,
			      const struct memblock *blocks, size_t n_blocks);
/* For each block: did it reach the word, if only for a while? The caller frees it. NULL: unknown. */
bool *monitor_stop(struct monitor *monitor);

#endif
