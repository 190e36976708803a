// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * One daxhp at a time: per device, and per machine for its policy. The locks are flock()s on files
 * in /run/daxhp/, so that they go with the process that holds them, however it ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "libdaxhp-private.h"

#define RUN_DIR "/run/daxhp"
#define WAIT_STEP_MS 50

/* What another user could have put there is not to be trusted. */
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

DIR *run_dir_list(void)
{
	int fd = run_dir_open(false);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir && fd >= 0)
		close(fd);
	return dir;
}

/* Who holds it has written its pid there; 0 when it has not come to that yet. */
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

	if (ftruncate(fd, 0) < 0)
		return -errno;
	return pwrite(fd, buf, len, 0) == len ? 0 : -EIO;
}

static int try_lock(int fd, int wait_ms, const struct daxhp_ctx *ctx)
{
	const struct timespec pause = { .tv_nsec = WAIT_STEP_MS * 1000000L };

	for (int ms = 0;; ms += WAIT_STEP_MS) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -errno;
		if (ctx_is_cancelled(ctx))
			return -EINTR;
		if (ms >= wait_ms)
			return -EWOULDBLOCK;
		nanosleep(&pause, NULL);
	}
}

int lock_take(struct daxhp_ctx *ctx, const char *name, int wait_ms, int *ret_holder)
{
	_cleanup_close_ int dirfd = run_dir_open(true);
	_cleanup_close_ int fd = -1;
	char file[64];
	int r;

	*ret_holder = 0;
	if (dirfd < 0)
		return dirfd;
	snprintf(file, sizeof(file), "%s.lock", name);
	fd = openat(dirfd, file, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	r = try_lock(fd, wait_ms, ctx);
	if (r == -EWOULDBLOCK)
		*ret_holder = read_holder(fd);
	if (r == 0)
		r = write_holder(fd);
	if (r < 0)
		return r;
	r = fd;
	fd = -1;
	return r;
}

/* To ask is to hold it for a moment, so ask only where somebody may well have died. */
bool lock_is_held(const char *name)
{
	_cleanup_close_ int dirfd = run_dir_open(false);
	_cleanup_close_ int fd = -1;
	char file[64];

	if (dirfd < 0)
		return false;
	snprintf(file, sizeof(file), "%s.lock", name);
	fd = openat(dirfd, file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

EXPORT int daxhp_device_lock(struct daxhp_device *device, int wait_seconds, int *ret_holder)
{
	int holder, wait_ms = wait_seconds > INT_MAX / 1000 ? INT_MAX : wait_seconds * 1000;
	int fd;

	if (device->lock_fd >= 0)
		return 0;
	fd = lock_take(device->ctx, device->name, wait_ms, &holder);
	if (fd == -EWOULDBLOCK)
		*ret_holder = holder;
	if (fd < 0)
		return fd;
	device->lock_fd = fd;
	device_read_again(device);
	return 0;
}

EXPORT void daxhp_device_unlock(struct daxhp_device *device)
{
	if (device->lock_fd >= 0)
		close(device->lock_fd);
	device->lock_fd = -1;
}
