// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Find the processes that can still set a memory block online, because they have had one of its
 * files open since before the guard. Find every other sysfs in which such a file can be opened: the
 * guard marks it, too.
 *
 * This cannot see a file that is open only in the fixed table of an io_uring, or that is on its way
 * through a socket. No program does this by accident.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "internal.h"

#define DRAIN_SECONDS 2
#define DRAIN_STEP_MS 10

/* Processes with the same mount namespace and the same root can reach the same files. */
struct view {
	uint64_t namespace, root, mount;
};

/*
 * A directory that is open in a file system without a known mount: it may be a sysfs. Or a sysfs of
 * which only one block is mounted.
 */
struct stray {
	dev_t dev;
	bool is_sysfs;
	char path[UNSEEN_MAX];
};

/* One look at all processes. */
struct look {
	struct drain *drain;
	struct view *views;
	size_t n_views;
	struct stray *strays;
	size_t n_strays;
	bool has_new; /* a sysfs that was not marked before */
};

#define append(list, count, ...)                                                          \
	({                                                                                \
		__typeof__(list) _grown = reallocarray(list, (count) + 1, sizeof(*list)); \
                                                                                          \
		if (_grown) {                                                             \
			(list) = _grown;                                                  \
			(list)[(count)++] = (__VA_ARGS__);                                \
		}                                                                         \
		_grown ? 0 : -ENOMEM;                                                     \
	})

/* ---- the files of the blocks, by their inode numbers ---- */

static int compare_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

int drain_init(struct drain *drain, int dirfd, const struct memblock *blocks, size_t n_blocks)
{
	drain->inodes = calloc(2 * n_blocks + 1, sizeof(*drain->inodes));
	if (!drain->inodes)
		return -ENOMEM;
	for (size_t i = 0; i < n_blocks; i++) {
		for (size_t k = 0; k < GUARDED_FILES; k++) {
			char file[WORD_MAX];
			struct stat st;

			if (blocks[i].state == MEMBLOCK_MISSING)
				continue;
			memblock_file(file, blocks[i].id, guarded_files[k]);
			if (fstatat(dirfd, file, &st, AT_SYMLINK_NOFOLLOW) == 0)
				drain->inodes[drain->n_inodes++] = st.st_ino;
			else if (errno != ENOENT)
				return -errno;
		}
	}
	qsort(drain->inodes, drain->n_inodes, sizeof(*drain->inodes), compare_u64);
	return 0;
}

void drain_clear(struct drain *drain)
{
	for (size_t i = 0; i < drain->mounts.count; i++)
		if (drain->mounts.devs[i].is_marked)
			close(drain->mounts.devs[i].fd);
	free(drain->mounts.devs);
	free(drain->inodes);
}

/* ---- each sysfs ---- */

static int mark(struct look *look, struct mounted_dev *dev, int fd)
{
	int r = look->drain->mark(look->drain->mark_data, fd);

	if (r < 0) {
		close(fd);
		return r;
	}
	/*
	 * It stays open, so that the marks stay, and no other file system gets its device number.
	 */
	dev->fd = fd;
	dev->is_marked = true;
	look->has_new = true;
	return 0;
}

int drain_mark_own(struct drain *drain, int dirfd)
{
	struct look look = { .drain = drain };
	struct mounted_dev *dev;
	struct stat st;
	int fd, r;

	if (fstat(dirfd, &st) < 0)
		return -errno;
	r = mounts_add(&drain->mounts, st.st_dev, true, &dev);
	if (r < 0)
		return r;
	fd = fcntl(dirfd, F_DUPFD_CLOEXEC, 3);
	return fd < 0 ? -errno : mark(&look, dev, fd);
}

static int add_stray(struct look *look, dev_t dev, bool is_sysfs, const struct proc_task *task,
		     const char *name)
{
	struct stray stray = { .dev = dev, .is_sysfs = is_sysfs };

	for (size_t i = 0; i < look->n_strays; i++)
		if (look->strays[i].dev == dev && look->strays[i].is_sysfs == is_sysfs)
			return 0;
	snprintf(stray.path, sizeof(stray.path), "/proc/%s/%.20s", task->name, name);
	return append(look->strays, look->n_strays, stray);
}

static int see_mount(struct look *look, const struct proc_task *task, int rootfd,
		     const struct mount *mount)
{
	struct mounted_dev *dev;
	int r, fd;

	r = mounts_add(&look->drain->mounts, mount->dev, mount->is_sysfs, &dev);
	if (r < 0 || !mount->is_sysfs || !mount->is_writable || dev->is_marked)
		return r;
	r = mount_open_memory(mount, rootfd, &fd);
	if (r == -EXDEV)
		return add_stray(look, mount->dev, true, task, "root");
	return r <= 0 ? r : mark(look, dev, fd);
}

static int see_mounts(struct look *look, const struct proc_task *task)
{
	_cleanup_close_ int rootfd = openat(task->dirfd, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	_cleanup_free_ char *line = NULL;
	size_t size = 0;
	FILE *f;
	int r = 0;

	if (rootfd < 0)
		return -errno;
	f = proc_open_file(task->dirfd, "mountinfo");
	/* EINVAL: the thread is about to end, and has no mount namespace any more. */
	if (!f)
		return errno == EINVAL ? 0 : -errno;
	errno = 0;
	while (r == 0 && getline(&line, &size, f) > 0) {
		struct mount mount;

		r = mount_parse(line, &mount);
		if (r == 0)
			r = see_mount(look, task, rootfd, &mount);
		errno = 0;
	}
	if (r == 0 && errno && errno != EINVAL)
		r = -errno;
	fclose(f);
	return r;
}

/*
 * A process with an open directory of a sysfs can reach all of that sysfs. Directories of a sysfs
 * have no size, and its device number is no disk's.
 */
static int see_dir(struct look *look, const struct proc_task *task, const char *name,
		   const struct statx *stx)
{
	dev_t dev = makedev(stx->stx_dev_major, stx->stx_dev_minor);
	const struct mounted_dev *known = mounts_find(&look->drain->mounts, dev);

	if (stx->stx_dev_major != 0 || stx->stx_size != 0 || (known && known->is_marked))
		return 0;
	return add_stray(look, dev, false, task, name);
}

static int see_dir_of_task(struct look *look, const struct proc_task *task, const char *name)
{
	struct statx stx;
	int r = proc_stat_file(task->dirfd, name, STATX_TYPE | STATX_SIZE, &stx);

	return r <= 0 ? r : see_dir(look, task, name, &stx);
}

static int see_fs(struct proc_walk *walk, const struct proc_task *task)
{
	struct look *look = walk->data;
	struct view view = { 0 };
	struct statx stx;
	int r;

	r = proc_stat_file(task->dirfd, "ns/mnt", STATX_INO, &stx);
	if (r <= 0)
		return r;
	view.namespace = stx.stx_ino;
	r = proc_stat_file(task->dirfd, "root", STATX_INO | STATX_MNT_ID, &stx);
	if (r <= 0)
		return r;
	view.root = stx.stx_ino;
	view.mount = stx.stx_mnt_id;
	r = see_dir_of_task(look, task, "cwd");
	if (r == 0)
		r = see_dir_of_task(look, task, "root");
	for (size_t i = 0; r == 0 && i < look->n_views; i++)
		if (memcmp(&look->views[i], &view, sizeof(view)) == 0)
			return 0;
	if (r == 0)
		r = append(look->views, look->n_views, view);
	return r < 0 ? r : see_mounts(look, task);
}

/* ---- each open file ---- */

static int read_fs_type(int dirfd, const char *name, struct statfs *ret_fs)
{
	_cleanup_close_ int fd = openat(dirfd, name, O_PATH | O_CLOEXEC);

	return fd < 0 || fstatfs(fd, ret_fs) < 0 ? -errno : 0;
}

/* 1: yes; 0: no, or it is gone. Other file systems can have the same inode numbers as a sysfs. */
static int is_on_sysfs(const struct look *look, int dirfd, const char *name,
		       const struct statx *stx)
{
	dev_t dev = makedev(stx->stx_dev_major, stx->stx_dev_minor);
	const struct mounted_dev *known = mounts_find(&look->drain->mounts, dev);
	struct statfs fs;
	int r;

	if (known)
		return known->is_sysfs;
	r = read_fs_type(dirfd, name, &fs);
	return r < 0 ? (r == -ENOENT || r == -ESRCH ? 0 : r) : fs.f_type == SYSFS_MAGIC;
}

/* A process that can only read does not disturb a plan. Every user may read these files. */
static int is_for_writing(const struct proc_task *task, const char *fd)
{
	unsigned int flags;
	char path[32];
	int r;

	snprintf(path, sizeof(path), "fdinfo/%.10s", fd);
	r = proc_read_fd_flags(task->dirfd, path, &flags);
	if (r == -ENOENT || r == -ESRCH)
		return 0;
	return r < 0 ? r : (flags & O_ACCMODE) != O_RDONLY;
}

static int see_file(struct proc_walk *walk, const struct proc_task *task, int dirfd,
		    const char *name)
{
	struct look *look = walk->data;
	const struct drain *drain = look->drain;
	struct statx stx;
	char path[32];
	int r = proc_stat_file(dirfd, name, STATX_TYPE | STATX_INO | STATX_SIZE, &stx);

	if (r <= 0)
		return r;
	if (S_ISDIR(stx.stx_mode)) {
		snprintf(path, sizeof(path), "fd/%.10s", name);
		return see_dir(look, task, path, &stx);
	}
	if (!S_ISREG(stx.stx_mode) || !bsearch(&stx.stx_ino, drain->inodes, drain->n_inodes,
					       sizeof(stx.stx_ino), compare_u64))
		return 0;
	r = is_on_sysfs(look, dirfd, name, &stx);
	if (r > 0)
		r = is_for_writing(task, name);
	return r > 0 ? task->pid : r;
}

/* ---- the whole ---- */

/* A stray may lead to a sysfs that is not marked. There, rivals cannot be denied. */
static int check_stray(struct look *look, const struct stray *stray)
{
	const struct mounted_dev *known = mounts_find(&look->drain->mounts, stray->dev);
	struct statfs fs;

	if (known && (known->is_marked || !known->is_sysfs))
		return 0;
	/* Here the path leads to another file system: do not look at it. */
	if (stray->is_sysfs)
		return -EXDEV;
	if (read_fs_type(AT_FDCWD, stray->path, &fs) < 0)
		return errno == ENOENT || errno == ESRCH ? 0 : -errno;
	return fs.f_type == SYSFS_MAGIC && !(fs.f_flags & ST_RDONLY) ? -EXDEV : 0;
}

static int check_strays(struct look *look)
{
	for (size_t i = 0; i < look->n_strays; i++) {
		int r = check_stray(look, &look->strays[i]);

		if (r < 0) {
			strcpy(look->drain->unseen, look->strays[i].path);
			return r;
		}
	}
	return 0;
}

/* > 0: a process that has a file open; 0: there is none; negative: not everything could be seen. */
static int look_at_all(struct drain *drain, bool *ret_has_new)
{
	struct look look = { .drain = drain };
	struct proc_walk walk = {
		.session = drain->session,
		.see_fs = drain->mark ? see_fs : NULL,
		.see_file = see_file,
		.data = &look,
	};
	int r = proc_walk(&walk);

	if (r < 0)
		strcpy(drain->unseen, walk.unseen);
	if (r == 0 && drain->mark)
		r = check_strays(&look);
	*ret_has_new = look.has_new;
	free(look.views);
	free(look.strays);
	return r;
}

int drain_wait(struct drain *drain, pid_t *ret_holder)
{
	const struct kernel *kernel = drain->session->ctx->kernel;
	double end = kernel->now() + DRAIN_SECONDS;

	for (;;) {
		bool has_new;
		int r = look_at_all(drain, &has_new);

		/*
		 * Look again after a new sysfs: a rival may have opened a file before it was
		 * marked.
		 */
		if (r < 0 || (r == 0 && !has_new))
			return r;
		*ret_holder = r;
		if (kernel->now() >= end)
			return r > 0 ? -EBUSY : -EAGAIN;
		if (r > 0)
			clock_pause(drain->session, DRAIN_STEP_MS);
		if (session_is_cancelled(drain->session))
			return -EINTR;
	}
}
