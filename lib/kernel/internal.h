/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of lib/kernel/ share. No other file includes it. */
#ifndef DAXHP_KERNEL_INTERNAL_H
#define DAXHP_KERNEL_INTERNAL_H

#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "kernel.h"

struct statx;

/* ---- clock.c ---- */

/* See struct kernel. */
double clock_now(void);
void clock_pause(const struct daxhp_session *session, unsigned int ms);

/* ---- devices.c ---- */

/* See struct kernel. */
int devices_open(struct daxhp_ctx *ctx);
void devices_close(struct daxhp_ctx *ctx);
int devices_list(struct daxhp_ctx *ctx);
int device_read(struct daxhp_device *device);
bool device_is_gone(const char *name);
/* The directory of the device of that name. */
int device_open_dir(const char *name);
/* The ranges of the device in @dirfd; needs its size for a kernel without mappingN. */
int device_read_ranges(struct daxhp_device *device, int dirfd);

/* ---- provider.c ---- */

/* Read where the memory of the device in @dirfd comes from, after its ranges. -ENOMEM only. */
int provider_read(struct daxhp_device *device, int dirfd);
void provider_clear(struct daxhp_device *device);

/* ---- cxl.c ---- */

/* See struct kernel. */
int cxl_list(struct daxhp_cxl *cxl);
/* The directory of all CXL devices. */
int cxl_open_dir(void);
/* What cannot be read is not known; see struct daxhp_memdev and struct daxhp_cxl_region. */
void cxl_read_memdev(int cxlfd, const char *name, struct daxhp_memdev *memdev);
/* The caller frees its memdevs. */
int cxl_read_region(int cxlfd, const char *name, struct daxhp_cxl_region *region);
/* The region that begins at the address. */
int cxl_find_region(int cxlfd, uint64_t start, char *ret_name, size_t size);

/* ---- sysfs.c ---- */

/*
 * Everything here takes the descriptor of a directory and a name below it, follows no link at the
 * name's end, reads a bounded amount, and returns a negative errno: -ENODATA for an empty file,
 * -EFBIG for one that is longer than asked for, -EBADMSG for contents that are not one printable
 * line or not the number they should be.
 */
int sysfs_open_dir(const char *path);
int sysfs_open_dir_at(int dirfd, const char *name);
int sysfs_list_dir(const char *path, DIR **ret_dir);
/* 1 with the next entry; 0: there are no more. */
int sysfs_next_entry(DIR *dir, struct dirent **ret_entry);
int sysfs_read_word(int dirfd, const char *name, char *ret_word, size_t size);
int sysfs_read_u64(int dirfd, const char *name, int base, uint64_t *ret_value);
int sysfs_read_int(int dirfd, const char *name, int *ret_value);
int sysfs_write_word(int dirfd, const char *name, const char *word);
int sysfs_open_file(int dirfd, const char *name);
int sysfs_read_word_fd(int fd, char *ret_word, size_t size);
int sysfs_write_word_fd(int fd, const char *word);
/* Open a file only to lock it. @access: O_RDONLY or O_WRONLY, as the file's mode allows root. */
int sysfs_open_lock(int dirfd, const char *name, int access);
/* The root of debugfs, to lock it: all namespaces share it. */
int sysfs_open_debugfs(void);
bool sysfs_exists(int dirfd, const char *name);
/* What the link @name says. */
int sysfs_read_link(int dirfd, const char *name, char *ret_text, size_t size);
/* The last component of what the link @name points to. */
int sysfs_read_link_name(int dirfd, const char *name, char *ret_name, size_t size);

/* ---- proc.c ---- */

/* NULL with errno when it cannot be opened. */
DIR *proc_open_dir_at(int dirfd, const char *name);
FILE *proc_open_file(int dirfd, const char *name);
/* Bytes of memory that are available without swapping: MemAvailable in /proc/meminfo. */
int proc_read_available(uint64_t *ret_bytes);
/* The flags with which the descriptor was opened, of fdinfo/FD. */
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

/* ---- mounts.c ---- */

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

/* Splits @line; @ret_mount points into it. -EBADMSG. */
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

/* ---- rivals.c ---- */

/* @denied: how often, this time; 0: it has something open. */
void rivals_note(struct rivals *rivals, pid_t pid, unsigned int denied);
void rivals_join(struct rivals *rivals, const struct rivals *others);

/* ---- thread.c ---- */

/* Start a thread that takes no signals: they must reach the thread that writes to the kernel. */
int thread_start(pthread_t *ret_thread, void *(*run)(void *data), void *data);

/* ---- fork.c ---- */

/*
 * Between the two no child is forked. A child that is forked between the open and fork_close_add() would
 * keep a copy of the descriptor.
 */
void fork_hold(void);
void fork_release(void);
/* A child that is forked from now on closes its copy of @fd. Call it after fork_hold(). -ENOMEM. */
int fork_close_add(int fd);
/* Close @fd. A child has closed it already, and the number may be another file's: nothing is closed. */
void fork_close(int fd);

/* ---- lock.c ---- */

/* Returns @fd, or a copy above the standard descriptors in its place. A negative @fd is returned. */
int above_stdio(int fd);
/* Open /run/daxhp, and make it if @create. -EPERM: another user may write there. */
int run_dir_open(bool create);
/* See struct kernel. */
int lock_take(const struct daxhp_session *session, const char *name, unsigned int seconds,
	      struct lock *lock, int *ret_holder);
void lock_drop(struct lock *lock);
bool lock_is_held(const char *name);

/* ---- journal.c ---- */

/* See struct kernel. */
int journal_put(const char *name, const char *words);
int journal_get(const char *name, char *ret_words, size_t size);
int journal_drop(const char *name);
void journal_each(void (*fn)(const char *name, void *data), void *data);
/* Pure. @ret_words points into @line. -EBADMSG, -ESTALE: see struct kernel. */
int journal_parse(const char *line, const char *boot, const char **ret_words);

/* ---- task.c ---- */

/* Open the calling thread's directory in /proc, for another thread to look at. */
int task_open_self(void);
/* The letter of the thread's state ('?': not known), and the kernel's function in which it sleeps. */
void task_look(int taskfd, char *ret_state, char *ret_where, size_t size);
bool task_is_stopped(int pid);

/* ---- watch.c ---- */

/* See struct kernel. */
struct watch *watch_start(const struct daxhp_session *session, const struct daxhp_observation *obs);
void watch_stop(struct watch *watch);

/* ---- memmap.c ---- */

/* See daxhp_observation_get_memmap_on_memory(). @dirfd: the device's directory. */
int memmap_read(int dirfd, uint64_t block_size);

/* ---- memblock.c ---- */

int memblock_open_dir(void);
int memblock_read_size(int dirfd, uint64_t *ret_bytes);
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
/* See struct kernel. */
int memblock_read_state(int dirfd, int fd, struct memblock *block, char *ret_file);
int memblock_write(int dirfd, int fd, uint64_t id, enum daxhp_state word);
int memblock_each(struct memblock *blocks, size_t n_blocks,
		  int (*fn)(struct memblock *block, void *data), void *data);

/* ---- meminfo.c ---- */

/*
 * Fill in @memory, cleared before; what cannot be read is left in its error. -ENOMEM is the only
 * one that is returned.
 */
int memory_read(struct memory *memory);
/* The files of /proc, each added to @memory. -EBADMSG, -ENODATA, -EFBIG, -EOVERFLOW: not what they
 * should be. */
int memory_parse_zones(struct memory *memory, FILE *f);
int memory_parse_buddies(struct memory *memory, FILE *f);
int memory_parse_swap(struct memory *memory, FILE *f);

/* ---- attribute.c ---- */

/* Which attribute the device in @dirfd has, if any. */
enum daxhp_interface attribute_find(int dirfd);
int attribute_read(int dirfd, enum daxhp_interface interface, char *ret_word, size_t size);
/* @ret_wrote: the word the kernel was given last. */
int attribute_write(int dirfd, enum daxhp_interface interface, enum daxhp_state word,
		    const char **ret_wrote);

/* ---- policy.c ---- */

/* See struct kernel. */
int policy_read(enum daxhp_recovered_kind kind, char *ret_word, size_t size);
int policy_write(enum daxhp_recovered_kind kind, const char *word);

/* ---- binding.c ---- */

/* @mode is that of the driver: DAXHP_MODE_SYSTEM_RAM or DAXHP_MODE_DEVDAX. */
bool binding_has_driver(enum daxhp_mode mode);
/* See struct kernel. */
int binding_load(struct daxhp_ctx *ctx, enum daxhp_mode mode, enum daxhp_failure_kind *ret_kind);
int binding_bind(struct daxhp_device *device, enum daxhp_mode mode,
		 enum daxhp_failure_kind *ret_kind);
int binding_unbind(struct daxhp_device *device);

/* ---- holders.c ---- */

/* See struct kernel. */
int find_holders(const struct daxhp_session *session, struct rivals *found, char *ret_unseen);

/* ---- observe.c ---- */

/* See struct kernel. */
int device_observe(struct daxhp_device *device, struct daxhp_observation **ret_observation);

/* ---- keeper.c ---- */

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
/* End it, and add the processes that it has denied. NULL is fine. */
void keeper_stop(struct keeper *keeper, struct rivals *rivals);

/* ---- drain.c ---- */

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

/* ---- guard.c ---- */

/* See struct kernel. */
int guard_start(const struct daxhp_session *session, const struct memblock *blocks, size_t n_blocks,
		struct guard **ret_guard, int *ret_deny_error, struct rivals *rivals);
int guard_check(struct guard *guard, struct rivals *rivals);
const char *guard_get_unseen(const struct guard *guard);
int guard_get_fd(const struct guard *guard, uint64_t id);
void guard_stop(struct guard *guard, struct rivals *rivals);

/* ---- monitor.c ---- */

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

/* See struct kernel. */
struct monitor *monitor_start(const struct daxhp_session *session, const struct daxhp_step *step,
			      const struct memblock *blocks, size_t n_blocks);
bool *monitor_stop(struct monitor *monitor);

#endif
