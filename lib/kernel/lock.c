// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * One daxhp at a time works on a device, and one at a time changes the machine's words. The locks are
 * flock()s: the kernel drops them when the process ends, however it ends.
 *
 * The first lock is on a file in /run/daxhp/, which has the pid. But a container has its own /run. So
 * the second lock is on a file in /sys, of the device or of the dax bus. A network namespace can have
 * its own /sys; so the machine's words have a third lock, on debugfs. Only root can open these files:
 * no other user can make daxhp wait.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "internal.h"

#define RUN_DIR "/run/daxhp"
#define WAIT_STEP_MS 50

/* Another user could have made the directory. Then it is not to be trusted. */
static int check_run_dir(int dirfd)
{
	struct stat st;

	if (fstat(dirfd, &st) < 0)
		return -errno;
	return st.st_uid == geteuid() && (st.st_mode & (S_IWGRP | S_IWOTH)) == 0 ? 0 : -EPERM;
}

int run_dir_open(bool create)
{
	_cleanup_close_ int fd = -1;
	int r;

	if (create && mkdir(RUN_DIR, 0700) < 0 && errno != EEXIST)
		return -errno;
	fd = open(RUN_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = check_run_dir(fd);
	if (r < 0)
		return r;
	r = fd;
	fd = -1;
	return r;
}

/* ---- descriptors ---- */

/*
 * If stdout or stderr is closed, the next file that is opened gets its number, and the output of the
 * program would go into that file.
 */
int above_stdio(int fd)
{
	int above;

	if (fd < 0 || fd > STDERR_FILENO)
		return fd;
	above = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (above < 0)
		above = -errno;
	close(fd);
	return above;
}

static int wait_for(const struct daxhp_session *session, int fd, double until)
{
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -errno;
		if (session_is_cancelled(session))
			return -EINTR;
		if (session->ctx->kernel->now() >= until)
			return -EWOULDBLOCK;
		clock_pause(session, WAIT_STEP_MS);
	}
	return 0;
}

/*
 * Open a file with @open, and add it to the lock. Returns its descriptor. A child that is forked shares
 * the open file, and with it the lock: so no child may be forked before the file is added.
 */
static int add_file(struct lock *lock, int (*open)(const void *what), const void *what)
{
	int fd, r;

	fork_hold();
	fd = above_stdio(open(what));
	r = fd < 0 ? fd : fork_close_add(fd);
	fork_release();
	if (r < 0) {
		if (fd >= 0)
			close(fd);
		return r;
	}
	lock->owner = getpid();
	lock->fds[lock->n_fds++] = fd;
	return fd;
}

void lock_drop(struct lock *lock)
{
	/* In a child the files are closed already, and other files may have their numbers. */
	for (size_t i = 0; i < lock->n_fds; i++)
		fork_close(lock->fds[i]);
	*lock = (struct lock){ 0 };
}

/* ---- the file in /run/daxhp/ ---- */

static void file_name(char *ret_file, const char *name)
{
	snprintf(ret_file, WORD_MAX, "%.32s.lock", name);
}

static int open_file(const void *name)
{
	_cleanup_close_ int dirfd = run_dir_open(true);
	char file[WORD_MAX];
	int fd;

	if (dirfd < 0)
		return dirfd;
	file_name(file, name);
	fd = openat(dirfd, file, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	return fd < 0 ? -errno : fd;
}

/* A program that cleans /run may have removed the file, and another daxhp may have made a new one. */
static bool is_in_place(const char *name, int fd)
{
	_cleanup_close_ int dirfd = run_dir_open(false);
	struct stat ours, theirs;
	char file[WORD_MAX];

	file_name(file, name);
	return dirfd >= 0 && fstat(fd, &ours) == 0 &&
	       fstatat(dirfd, file, &theirs, AT_SYMLINK_NOFOLLOW) == 0 &&
	       ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino;
}

/* The holder writes its pid into the file. 0: it has not yet written it. */
static int read_holder(int fd)
{
	char buf[16] = "";
	ssize_t n = pread(fd, buf, sizeof(buf) - 1, 0);

	return n > 0 ? atoi(buf) : 0;
}

static int write_holder(int fd)
{
	char buf[16];
	int len = snprintf(buf, sizeof(buf), "%d\n", (int)getpid());
	ssize_t n;

	if (ftruncate(fd, 0) < 0)
		return -errno;
	n = pwrite(fd, buf, len, 0);
	return n == len ? 0 : n < 0 ? -errno : -ENOSPC;
}

/* 1: the file was replaced; try again. */
static int try_file(const struct daxhp_session *session, const char *name, double until,
		    struct lock *lock, int *ret_holder)
{
	int fd = add_file(lock, open_file, name);
	int r = fd < 0 ? fd : wait_for(session, fd, until);

	if (r == -EWOULDBLOCK)
		*ret_holder = read_holder(fd);
	if (r == 0)
		r = is_in_place(name, fd) ? write_holder(fd) : 1;
	if (r)
		lock_drop(lock);
	return r;
}

/* To ask, the lock is taken for a moment. So ask only when there is an entry in the journal. */
static bool ask_whether_held(int dirfd, const char *file)
{
	_cleanup_close_ int fd = openat(dirfd, file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

bool lock_is_held(const char *name)
{
	_cleanup_close_ int dirfd = run_dir_open(false);
	char file[WORD_MAX];
	bool is_held;

	if (dirfd < 0)
		return false;
	file_name(file, name);
	fork_hold();
	is_held = ask_whether_held(dirfd, file);
	fork_release();
	return is_held;
}

/* ---- all of a lock ---- */

#define DEVICE_LOCK "resource"

static int open_policy(const void *what __attribute__((unused)))
{
	_cleanup_close_ int dirfd = sysfs_open_dir("/sys/bus/dax");

	return dirfd < 0 ? dirfd : sysfs_open_lock(dirfd, "drivers_probe", O_WRONLY);
}

static int open_debugfs(const void *what __attribute__((unused)))
{
	return sysfs_open_debugfs();
}

static int open_device(const void *name)
{
	_cleanup_close_ int dirfd = device_open_dir(name);

	return dirfd < 0 ? dirfd : sysfs_open_lock(dirfd, DEVICE_LOCK, O_RDONLY);
}

int lock_find_worker(const char *name, struct daxhp_worker *ret_worker)
{
	_cleanup_close_ int dirfd = device_open_dir(name);
	struct daxhp_worker worker = { 0 };
	int r = dirfd < 0 ? dirfd : proc_find_flock(dirfd, DEVICE_LOCK, &worker.pid);

	if (r <= 0 || worker.pid == getpid())
		return r < 0 ? r : 0;
	if (proc_read_comm(worker.pid, worker.comm, sizeof(worker.comm)) < 0)
		strcpy(worker.comm, "?");
	worker.stopped = task_is_stopped(worker.pid);
	*ret_worker = worker;
	return 1;
}

int lock_watch(const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%.32s/" DEVICE_LOCK, DAX_DEVICES_DIR, name);
	return sysfs_watch_closing(path);
}

/* A file that is not there is shared with nobody. */
static int take_also(const struct daxhp_session *session, struct lock *lock,
		     int (*open)(const void *what), const char *name, double until)
{
	int fd = add_file(lock, open, name);

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	return wait_for(session, fd, until);
}

static int take_policy(const struct daxhp_session *session, struct lock *lock, double until)
{
	int fd, r = take_also(session, lock, open_policy, NULL, until);

	if (r < 0)
		return r;
	fd = add_file(lock, open_debugfs, NULL);
	if (fd >= 0)
		return wait_for(session, fd, until);
	/* Most containers may not open it. Then there is no more to be done. */
	log_debug(session->ctx, "no debugfs: containers with another /sys are not waited for");
	return 0;
}

int lock_take(const struct daxhp_session *session, const char *name, unsigned int seconds,
	      struct lock *lock, int *ret_holder)
{
	double until = session->ctx->kernel->now() + seconds;
	int r;

	*lock = (struct lock){ 0 };
	*ret_holder = 0;
	do
		r = try_file(session, name, until, lock, ret_holder);
	while (r > 0);
	if (r == 0 && strcmp(name, POLICY_LOCK) == 0)
		r = take_policy(session, lock, until);
	else if (r == 0)
		r = take_also(session, lock, open_device, name, until);
	if (r < 0)
		lock_drop(lock);
	return r;
}
