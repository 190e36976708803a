// SPDX-License-Identifier: LGPL-2.1-or-later
/* Wait for those who had a memory block's state file open before the guard went up. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>

#include "libdaxhp-private.h"

#define DRAIN_SECONDS 2
#define DRAIN_STEP_MS 10

struct file_id {
	uint64_t dev, ino;
};

struct files {
	struct file_id *ids; /* sorted */
	size_t count;
};

static int compare_file(const void *a, const void *b)
{
	const struct file_id *x = a, *y = b;

	if (x->dev != y->dev)
		return x->dev < y->dev ? -1 : 1;
	return (x->ino > y->ino) - (x->ino < y->ino);
}

static int list_files(struct files *files, int dirfd, const struct memblock *blocks,
		      size_t n_blocks)
{
	files->ids = calloc(n_blocks + 1, sizeof(*files->ids));
	if (!files->ids)
		return -ENOMEM;
	for (size_t i = 0; i < n_blocks; i++) {
		char file[WORD_MAX];
		struct stat st;

		memblock_file(file, blocks[i].id, "state");
		if (fstatat(dirfd, file, &st, AT_SYMLINK_NOFOLLOW) == 0)
			files->ids[files->count++] = (struct file_id){ st.st_dev, st.st_ino };
	}
	qsort(files->ids, files->count, sizeof(*files->ids), compare_file);
	return 0;
}

static bool is_one_of(const struct files *files, int dirfd, const char *name)
{
	struct file_id id;
	struct statx stx;

	/* Cached values will do, and asking a dead file server would not return. */
	if (statx(dirfd, name, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_INO, &stx) < 0)
		return false;
	id.dev = makedev(stx.stx_dev_major, stx.stx_dev_minor);
	id.ino = stx.stx_ino;
	return bsearch(&id, files->ids, files->count, sizeof(id), compare_file);
}

/* Only who can write is in the way; to read is everybody's right, and stops nobody's plan. */
static bool is_for_writing(int procfd, const char *pid, const char *fd)
{
	unsigned int flags;
	char path[64];

	snprintf(path, sizeof(path), "%.10s/fdinfo/%.10s", pid, fd);
	return proc_read_fd_flags(procfd, path, &flags) < 0 || (flags & O_ACCMODE) != O_RDONLY;
}

static bool holds_one_of(const struct files *files, int procfd, const char *pid)
{
	_cleanup_closedir_ DIR *dir = NULL;
	char name[32];
	struct dirent *de;

	snprintf(name, sizeof(name), "%s/fd", pid);
	dir = proc_open_dir_at(procfd, name);
	if (!dir)
		return false;
	while ((de = readdir(dir)))
		if (isdigit((unsigned char)de->d_name[0]) &&
		    is_one_of(files, dirfd(dir), de->d_name) &&
		    is_for_writing(procfd, pid, de->d_name))
			return true;
	return false;
}

/* The first process found to hold a file; 0: nobody; negative: nobody can tell. */
static pid_t find_holder(const struct files *files)
{
	_cleanup_closedir_ DIR *dir = proc_open_dir_at(AT_FDCWD, "/proc");
	struct dirent *de;

	if (!dir)
		return -errno;
	while ((de = readdir(dir))) {
		if (!isdigit((unsigned char)de->d_name[0]) || strlen(de->d_name) > 10 ||
		    atoi(de->d_name) == getpid())
			continue;
		if (holds_one_of(files, dirfd(dir), de->d_name))
			return atoi(de->d_name);
	}
	return 0;
}

static int wait_for_holders(struct daxhp_ctx *ctx, const struct files *files, pid_t *ret_holder)
{
	const struct timespec pause = { .tv_nsec = DRAIN_STEP_MS * 1000000L };
	double end = clock_now() + DRAIN_SECONDS;

	for (;;) {
		pid_t holder = find_holder(files);

		if (holder <= 0)
			return holder;
		*ret_holder = holder;
		if (clock_now() >= end)
			return -EBUSY;
		nanosleep(&pause, NULL);
		if (ctx_is_cancelled(ctx))
			return -EINTR;
	}
}

int drain(struct daxhp_ctx *ctx, int dirfd, const struct memblock *blocks, size_t n_blocks,
	  pid_t *ret_holder)
{
	struct files files = { 0 };
	int r = list_files(&files, dirfd, blocks, n_blocks);

	if (r == 0)
		r = wait_for_holders(ctx, &files, ret_holder);
	free(files.ids);
	return r;
}
