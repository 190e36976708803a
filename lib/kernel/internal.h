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
double clock_wall(void);
void clock_pause(const struct daxhp_session *session, unsigned int ms);

/* ---- devices.c ---- */

#define DAX_DEVICES_DIR "/sys/bus/dax/devices"

/* See struct kernel. */
int devices_open(struct daxhp_ctx *ctx);
void devices_close(struct daxhp_ctx *ctx);
int devices_list(struct daxhp_ctx *ctx);
int device_read(struct daxhp_device *device);
bool device_is_gone(const char *name);
/* The directory of the device of that name. */
int device_open_dir(const char *name);
/* Read the ranges of the device in @dirfd. A kernel without mappingN: its size must be known. */
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
/* What cannot be read is not known; see libdaxhp.h. */
void cxl_read_memdev(int cxlfd, const char *name, struct daxhp_memdev *memdev);
/* The caller frees its memdevs. */
int cxl_read_region(int cxlfd, const char *name, struct daxhp_cxl_region *region);
/* The region that begins at the address. */
int cxl_find_region(int cxlfd, uint64_t start, char *ret_name, size_t size);

/* ---- orphans.c ---- */

/* See daxhp_find_orphans(). On errors it may have a part. */
int orphans_find(const struct daxhp_ctx *ctx, struct daxhp_orphans *orphans);

/* ---- sysfs.c ---- */

/*
 * These functions take the descriptor of a directory and a name below it. They follow no link in
 * the last component, and read a bounded amount. Errors: -ENODATA: the file is empty; -EFBIG: it is
 * longer than the buffer; -EBADMSG: it is not one printable line, or not a number of that kind.
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
/* A descriptor that is ready once a process has closed the file. */
int sysfs_watch_closing(const char *path);
/* The root of debugfs, to lock it: all namespaces share it. */
int sysfs_open_debugfs(void);
bool sysfs_exists(int dirfd, const char *name);
/* The path to which the link @name points. */
int sysfs_read_link(int dirfd, const char *name, char *ret_text, size_t size);
/* The last component of the path to which the link @name points. */
int sysfs_read_link_name(int dirfd, const char *name, char *ret_name, size_t size);

/* ---- proc.c ---- */

/* Does this error only mean that the process, or its file, went away meanwhile? */
bool proc_is_gone(int r);
/* NULL with errno when it cannot be opened. */
DIR *proc_open_dir_at(int dirfd, const char *name);
FILE *proc_open_file(int dirfd, const char *name);
/* See struct kernel. */
int proc_read_own_nodes(char *ret_nodes, size_t size);
/* A file of numbers. A negative errno when it cannot be opened. */
int proc_open_numbers(int dirfd, const char *name);
/* Bytes of memory that are available without swapping: MemAvailable in /proc/meminfo. */
int proc_read_available(uint64_t *ret_bytes);
/* Has this process the capability now? */
bool proc_has_capability(unsigned int capability);
/* The flags with which the descriptor was opened, from fdinfo/FD. */
int proc_read_fd_flags(int dirfd, const char *name, unsigned int *ret_flags);
/*
 * Who has a flock() on the file @name in @dirfd? 1 with the process; 0: nobody, or a process that this
 * /proc does not show. It takes no lock, so nobody is kept from taking one. The file is not opened.
 */
int proc_find_flock(int dirfd, const char *name, int *ret_pid);
int proc_read_comm(pid_t pid, char *ret_comm, size_t size);
/*
 * Call statx() with @mask on the file to which the link @name leads. 1: *ret_stx is filled in; 0:
 * the file is gone, or only the owner of its file system may see it: then it is in no sysfs.
 */
int proc_stat_file(int dirfd, const char *name, unsigned int mask, struct statx *ret_stx);

struct proc_task {
	pid_t pid; /* of its process */
	int dirfd;
	char name[40]; /* the thread's directory, below /proc */
};

/*
 * A look at all threads of all processes but this one and the kernel's. The functions return 0 to go on, more than 0
 * to end the look with that value, or a negative errno. -ENOENT and -ESRCH mean that the thread or
 * its file is gone.
 */
struct proc_walk {
	const struct daxhp_session *session; /* may cancel it: -EINTR */
	/* Called for each thread with its own root and mount namespace; may be NULL. */
	int (*see_fs)(struct proc_walk *walk, const struct proc_task *task);
	/* Called for each open file, @name in @dirfd; may be NULL. */
	int (*see_file)(struct proc_walk *walk, const struct proc_task *task, int dirfd,
			const char *name);
	bool sees_maps; /* mapped files as well */
	bool sees_self; /* this process as well */
	void *data;
	char unseen[UNSEEN_MAX]; /* on errors: the path that could not be looked at */
};

/*
 * An error means that not everything could be seen. -EPERM: CAP_SYS_PTRACE is missing; -EXDEV: this
 * /proc shows a PID namespace only; -ENOENT: /proc is not mounted; others: the look at a file
 * failed.
 */
int proc_walk(struct proc_walk *walk);

/* ---- mounts.c ---- */

/* A line of mountinfo. */
struct mount {
	dev_t dev;
	char *root; /* the directory of the file system that is mounted */
	char *dir;  /* the directory on which it is mounted */
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
 * Open the directory of the memory blocks in a mount that a process with the root @rootfd sees. 1
 * with the descriptor; 0: no path leads there; -EXDEV: a path leads to one of the blocks only.
 */
int mount_open_memory(const struct mount *mount, int rootfd, int *ret_fd);
/* NULL if no mount with @dev has been seen. */
struct mounted_dev *mounts_find(const struct mounts *mounts, dev_t dev);
/* -ENOMEM. *ret_dev is valid until the next call. */
int mounts_add(struct mounts *mounts, dev_t dev, bool is_sysfs, struct mounted_dev **ret_dev);

/* ---- rivals.c ---- */

/* @denied: how often it was denied this time; 0: it has a file open. */
void rivals_note(struct rivals *rivals, pid_t pid, unsigned int denied);
void rivals_join(struct rivals *rivals, const struct rivals *others);

/* ---- thread.c ---- */

/* Start a thread that takes no signals: they must reach the thread that writes to the kernel. */
int thread_start(pthread_t *ret_thread, void *(*run)(void *data), void *data);

/* ---- fork.c ---- */

/*
 * Between the two calls no child is forked. A child that is forked between the open and
 * fork_close_add() would keep a copy of the descriptor.
 */
void fork_hold(void);
void fork_release(void);
/* A child that is forked from now on closes its copy of @fd. Call it after fork_hold(). -ENOMEM. */
int fork_close_add(int fd);
/*
 * Close @fd. A child has closed it already, and the number may be another file's: nothing is
 * closed.
 */
void fork_close(int fd);

/* ---- lock.c ---- */

/*
 * Returns @fd, or a copy above the standard descriptors in its place. A negative @fd is returned.
 */
int above_stdio(int fd);
/* Open /run/daxhp, and make it if @create. -EPERM: another user may write there. */
int run_dir_open(bool create);
/* See struct kernel. */
int lock_take(const struct daxhp_session *session, const char *name, unsigned int seconds,
	      struct lock *lock, int *ret_holder);
void lock_drop(struct lock *lock);
bool lock_is_held(const char *name);
/* A descriptor that is ready once a process may have dropped the lock of the device: it needs root. */
int lock_watch(const char *name);
int lock_find_worker(const char *name, struct daxhp_worker *ret_worker);

/* ---- journal.c ---- */

/* See struct kernel. */
int journal_put(const char *name, const char *words);
int journal_get(const char *name, char *ret_words, size_t size);
int journal_drop(const char *name);
int journal_put_last(const char *name, const char *words);
int journal_get_last(const char *name, char *ret_words, size_t size);
void journal_each(void (*fn)(const char *name, void *data), void *data);
/* Pure. @ret_words points into @line. -EBADMSG, -ESTALE: see struct kernel. */
int journal_parse(const char *line, const char *boot, const char **ret_words);

/* ---- task.c ---- */

/* Open the calling thread's directory in /proc, for another thread to look at. */
int task_open_self(void);
/*
 * The letter of the thread's state ('?': not known), and the kernel's function in which it sleeps.
 */
void task_look(int taskfd, char *ret_state, char *ret_where, size_t size);
bool task_is_stopped(int pid);
/* 1: a thread of the kernel; 0: of a program. */
int task_is_kernel_thread(int procfd, const char *pid);

/* ---- kernel_log.c ---- */

/* See struct kernel. */
struct kernel_log *kernel_log_open(void);
bool kernel_log_read(struct kernel_log *log, struct clues *clues);
void kernel_log_close(struct kernel_log *log);

/* ---- pages.c ---- */

/* See struct kernel. */
int pages_read(uint64_t pfn, uint64_t n, struct page_counts *counts);
int pages_read_flags(const uint64_t *pfns, size_t n, uint64_t offset, uint64_t *ret_flags);

/* ---- users.c ---- */

/* See struct kernel. */
int users_find(struct user_search *search);
/* The start of a line of numa_maps whose memory is on the node, and how many pages. False: it has none there. */
bool numa_line_parse(const char *line, int node, uint64_t *ret_start, uint64_t *ret_pages,
		     uint64_t *ret_page_size);

/* ---- watch.c ---- */

/* See struct kernel. */
struct watch *watch_start(struct daxhp_session *session, const struct daxhp_observation *obs);
void watch_stop(struct watch *watch);

/* ---- memmap.c ---- */

/* See daxhp_observation_get_memmap_on_memory(). @dirfd: the device's directory. */
int memmap_read(int dirfd, uint64_t block_size);

/* ---- memblock.c ---- */

int memblock_open_dir(void);
int memblock_read_size(int dirfd, uint64_t *ret_bytes);
/*
 * Is it faster to list the blocks that are there? Yes, for a device with very many blocks: most of
 * them are not there, and to open the files of each would take a minute.
 */
bool memblock_is_to_be_listed(size_t n_blocks);
/*
 * Call @fn for each of @blocks (ascending) that has a directory, in any order, until it returns
 * something other than 0. That is returned. Reads /sys/devices/system/memory once.
 */
int memblock_list(struct memblock *blocks, size_t n_blocks,
		  int (*fn)(struct memblock *block, void *data), void *data);
/*
 * Read state and zone of one block. @ret_file (WORD_MAX bytes) takes the name of the last file.
 * -ENOTSUP: the kernel cannot remove memory (it has no valid_zones). Also on errors, @block has
 * what could be read.
 */
int memblock_read(int dirfd, struct memblock *block, char *ret_file);
/* See struct kernel. */
int memblock_read_state(int dirfd, int fd, struct memblock *block, char *ret_file);
int memblock_write(int dirfd, int fd, uint64_t id, enum daxhp_state word);
int memblock_each(struct memblock *blocks, size_t n_blocks,
		  int (*fn)(struct memblock *block, void *data), void *data);

/* ---- meminfo.c ---- */

/*
 * Fill in @memory, which must be empty. If a file cannot be read, @memory has the error, and the
 * call returns 0. Errors: -ENOMEM.
 */
int memory_read(struct memory *memory);
/*
 * Each adds a file of /proc to @memory. -EBADMSG, -ENODATA, -EFBIG, -EOVERFLOW: the file does not
 * have the form that it should have.
 */
int memory_parse_zones(struct memory *memory, FILE *f);
int memory_parse_buddies(struct memory *memory, FILE *f);
int memory_parse_swap(struct memory *memory, FILE *f);

/* ---- attribute.c ---- */

/* Which attribute the device in @dirfd has, if any. */
enum daxhp_interface attribute_find(int dirfd);
int attribute_read(int dirfd, enum daxhp_interface interface, char *ret_word, size_t size);
/* @ret_wrote: the word that was written last. */
int attribute_write(int dirfd, enum daxhp_interface interface, enum daxhp_state word,
		    const char **ret_wrote);

/* ---- policy.c ---- */

/* See struct kernel. */
int policy_read(enum daxhp_recovered_kind kind, char *ret_word, size_t size);
int policy_write(enum daxhp_recovered_kind kind, const char *word);

/* ---- binding.c ---- */

/* @mode is the driver's: DAXHP_MODE_SYSTEM_RAM or DAXHP_MODE_DEVDAX. */
bool binding_has_driver(enum daxhp_mode mode);
/* See struct kernel. */
bool binding_brings_attribute(struct daxhp_ctx *ctx);
/* See struct kernel. */
int binding_load(struct daxhp_ctx *ctx, enum daxhp_mode mode, enum daxhp_failure_kind *ret_kind);
int binding_bind(struct daxhp_device *device, enum daxhp_mode mode,
		 enum daxhp_failure_kind *ret_kind);
int binding_unbind(struct daxhp_device *device);
int binding_probe(struct daxhp_device *device);

/* ---- holders.c ---- */

/* See struct kernel. */
int find_holders(const struct daxhp_session *session, struct rivals *found, char *ret_unseen);

/* ---- observe.c ---- */

/* See struct kernel. */
int device_look(struct daxhp_device *device, struct daxhp_observation **ret_observation);
int device_observe(struct daxhp_device *device, struct daxhp_observation **ret_observation);
int device_observe_gone(struct daxhp_device *device, struct daxhp_observation **ret_observation);

/* ---- keeper.c ---- */

/* The files of a memory block that can set it online. */
#define GUARDED_FILES 2
extern const char *const guarded_files[GUARDED_FILES];

struct keeper;

/*
 * Start the process that denies other programs to open the files of @blocks. The calling thread
 * must live longer than this process. -EPERM: CAP_SYS_ADMIN is missing; -EINVAL, -ENOSYS: the
 * kernel has no permission events.
 */
int keeper_start(const struct memblock *blocks, size_t n_blocks, struct keeper **ret_keeper);
/*
 * Deny it also below @dirfd, the directory of the memory blocks in another sysfs. @dirfd -1: only
 * check that the process is alive.
 */
int keeper_mark(struct keeper *keeper, int dirfd);
/* End the process, and add the rivals that it has denied to @rivals. @keeper may be NULL. */
void keeper_stop(struct keeper *keeper, struct rivals *rivals);

/* ---- drain.c ---- */

struct drain {
	const struct daxhp_session *session;
	/* Deny rivals in another sysfs, too. NULL if rivals cannot be denied. */
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
 * -EBUSY: *ret_holder keeps a file open; -EAGAIN: a program mounts sysfs again and again; -EINTR:
 * cancelled; other errors: @drain->unseen is the path that could not be looked at.
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

/* ---- uevents.c ---- */

struct uevents;

/* Listen to the events of memory blocks; @with_dax also to those of dax devices. */
int uevents_open(bool with_dax, struct uevents **ret_uevents);
/* NULL is fine. */
void uevents_close(struct uevents *uevents);
/* To poll it for POLLIN. */
int uevents_get_fd(const struct uevents *uevents);
/* 1 with the next event; 0: there is none now; -ENOBUFS, -ENOMEM: events were lost. */
int uevents_next(struct uevents *uevents, struct uevent *ret_event);

/* ---- news.c ---- */

/* See struct kernel. */
int news_open(struct news **ret_news);
void news_close(struct news *news);
int news_get_fd(const struct news *news);
int news_next(struct news *news, struct news_item *ret_item);
int news_set_alarm(const struct news *news, double when);
int await_new(const struct news *news, const char *device, int pid, void *data,
	      struct await **ret_await);
void await_free(struct await *await);

/* ---- monitor.c ---- */

/* The blocks that have reached the state of a step, by the kernel's events. Pure. */
struct tally {
	const struct daxhp_step *step;
	const struct memblock *blocks; /* ascending */
	size_t n_blocks, done;
	bool *is_done;	/* now */
	bool *was_done; /* at any time: a roll-back does not clear it */
};

/* -ENOMEM: call tally_clear() in that case, too. */
int tally_init(struct tally *t, const struct daxhp_step *step, const struct memblock *blocks,
	       size_t n_blocks);
void tally_clear(struct tally *t);
/*
 * When the kernel rolls back, a block goes online and offline again, and the count goes down again.
 * False: nothing is new.
 */
bool tally_take(struct tally *t, const char *sysname, const char *action);

/* See struct kernel. */
struct monitor *monitor_start(const struct daxhp_session *session, const struct daxhp_step *step,
			      const struct memblock *blocks, size_t n_blocks);
bool *monitor_stop(struct monitor *monitor);

#endif
