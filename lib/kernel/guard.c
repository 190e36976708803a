// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Keep rivals off a device's memory blocks while a plan changes them: deny, then drain.
 *
 * Deny: another process that opens a block's file gets EPERM; see keeper.c.
 * Drain: a process may have a file open from before, and may wait in its write() for a lock. And another
 * sysfs has other files for the same blocks. Wait for the process, and deny there, too; see drain.c.
 *
 * How a memory block can be changed, and what the guard does about it:
 * - memoryN/state and memoryN/online: marked. The directories of nodes and of the bus lead to the
 *   same files by links.
 * - memoryN/uevent: makes udevd run its rules once more; they write to one of the two.
 * - probe adds memory that is not there yet; soft_offline_page and hard_offline_page take single
 *   pages; auto_online_blocks is about blocks that are new. None of them sets a block online.
 *  * - The kernel itself (ACPI, virtio-mem, balloons) sets online only what it has added itself.
 * - Unbinding kmem: the guard cannot prevent this; a look at the driver shows it.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>

#include "internal.h"

#define SPARE_FILES 64 /* descriptors that are left for everything else */

/* A block's state file, opened before others are denied: an open under the guard takes time. */
struct open_file {
	uint64_t id;
	int fd;
};

struct guard {
	struct open_file *open_files; /* sorted by id */
	size_t n_open_files;
	struct rlimit limit; /* as it was before the files were opened */
	struct keeper *keeper;
	struct drain drain;
};

/* ---- our own way to the files ---- */

/* Returns how many files may be opened. */
static size_t raise_limit(struct guard *g, size_t n_files)
{
	struct rlimit raised;

	if (getrlimit(RLIMIT_NOFILE, &g->limit) < 0)
		return 0;
	raised = g->limit;
	raised.rlim_cur += n_files;
	if (raised.rlim_max != RLIM_INFINITY && raised.rlim_cur > raised.rlim_max)
		raised.rlim_cur = raised.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &raised) < 0)
		raised = g->limit;
	return raised.rlim_cur > SPARE_FILES ? raised.rlim_cur - SPARE_FILES : 0;
}

static int open_file(int dirfd, uint64_t id)
{
	char file[WORD_MAX];
	int fd;

	memblock_file(file, id, "state");
	fd = sysfs_open_file(dirfd, file);
	if (fd >= 0 && fork_close_add(fd) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* A file that cannot be opened here is opened later, under the guard. */
static int open_files(struct guard *g, int dirfd, const struct memblock *blocks, size_t n_blocks)
{
	size_t most;

	g->open_files = calloc(n_blocks + 1, sizeof(*g->open_files));
	if (!g->open_files)
		return -ENOMEM;
	most = raise_limit(g, n_blocks + SPARE_FILES);
	fork_hold();
	for (size_t i = 0; i < n_blocks && g->n_open_files < most; i++) {
		int fd = blocks[i].state == MEMBLOCK_MISSING ? -1 : open_file(dirfd, blocks[i].id);

		if (fd >= 0)
			g->open_files[g->n_open_files++] = (struct open_file){ blocks[i].id, fd };
	}
	fork_release();
	return 0;
}

static void close_files(struct guard *g)
{
	for (size_t i = g->n_open_files; i > 0; i--)
		fork_close(g->open_files[i - 1].fd);
	if (g->open_files && g->limit.rlim_cur)
		setrlimit(RLIMIT_NOFILE, &g->limit);
	free(g->open_files);
}

static int compare_id(const void *key, const void *member)
{
	uint64_t id = *(const uint64_t *)key;
	const struct open_file *file = member;

	return (id > file->id) - (id < file->id);
}

int guard_get_fd(const struct guard *g, uint64_t id)
{
	const struct open_file *file = NULL;

	if (g && g->open_files)
		file = bsearch(&id, g->open_files, g->n_open_files, sizeof(*file), compare_id);
	return file ? file->fd : -1;
}

/* ---- the whole ---- */

static int mark(void *data, int dirfd)
{
	struct guard *g = data;

	return keeper_mark(g->keeper, dirfd);
}

static int deny(struct guard *g, int dirfd, const struct memblock *blocks, size_t n_blocks)
{
	int r = keeper_start(blocks, n_blocks, &g->keeper);

	if (r < 0)
		return r;
	g->drain.mark = mark;
	g->drain.mark_data = g;
	r = drain_mark_own(&g->drain, dirfd);
	if (r < 0) {
		keeper_stop(g->keeper, NULL);
		g->keeper = NULL;
		g->drain.mark = NULL;
	}
	return r;
}

static int wait_for_drain(struct guard *g, struct rivals *rivals)
{
	pid_t holder = 0;
	int r = drain_wait(&g->drain, &holder);

	if (r == -EBUSY)
		rivals_note(rivals, holder, 0);
	return r;
}

int guard_start(const struct daxhp_session *session, const struct memblock *blocks, size_t n_blocks,
		struct guard **ret_guard, int *ret_deny_error, struct rivals *rivals)
{
	_cleanup_close_ int dirfd = memblock_open_dir();
	struct guard *g;
	int r;

	if (dirfd < 0)
		return dirfd;
	g = calloc(1, sizeof(*g));
	if (!g)
		return -ENOMEM;
	g->drain.session = session;
	*ret_guard = g;
	r = open_files(g, dirfd, blocks, n_blocks);
	if (r == 0)
		r = drain_init(&g->drain, dirfd, blocks, n_blocks);
	if (r < 0)
		return r;
	*ret_deny_error = deny(g, dirfd, blocks, n_blocks);
	return wait_for_drain(g, rivals);
}

/*
 * Since the last look, a process may have mounted a sysfs. And a process that passes a file to another
 * one during a look may not be seen at that look.
 */
int guard_check(struct guard *g, struct rivals *rivals)
{
	/* Somebody may have killed the guard's process. */
	int r = g->keeper ? keeper_mark(g->keeper, -1) : 0;

	return r < 0 ? r : wait_for_drain(g, rivals);
}

const char *guard_get_unseen(const struct guard *g)
{
	return g && *g->drain.unseen ? g->drain.unseen : NULL;
}

void guard_stop(struct guard *g, struct rivals *rivals)
{
	if (!g)
		return;
	keeper_stop(g->keeper, rivals);
	drain_clear(&g->drain);
	close_files(g);
	free(g);
}
