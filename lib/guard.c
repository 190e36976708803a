// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Keep rivals off a device's memory blocks while a plan goes through them: deny, then drain.
 *
 * Deny: every open of a block's state file by another process waits for an answer, and gets a no.
 * The kernel asks through fanotify, and asks nobody any more once the descriptor is closed,
 * however this process ends: nothing is left to clean up.
 * Drain: who had a file open before is still inside, perhaps waiting in its write() for a lock;
 * see drain.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>
#include <sys/resource.h>

#include "libdaxhp-private.h"

#define SPARE_FILES 64 /* descriptors that are left for everything else */

/* A block's state file, opened before the others are kept out: going by the guard costs time. */
struct open_file {
	uint64_t id;
	int fd;
};

struct guard {
	struct daxhp_ctx *ctx;
	struct open_file *open_files; /* sorted by id */
	size_t n_open_files;
	struct rlimit limit; /* as it was before the files were opened */
	int fanotify_fd, stop_fd;
	pthread_t thread;
	bool is_running;
	pthread_mutex_t lock; /* for the rivals */
	struct daxhp_rival *rivals;
	size_t n_rivals;
};

/* ---- who it was ---- */

/* Under the lock: the guard's thread and the one that drains may both have something to note. */
static void note_rival(struct guard *g, pid_t pid, unsigned int denied)
{
	struct daxhp_rival *grown;
	size_t i;

	pthread_mutex_lock(&g->lock);
	for (i = 0; i < g->n_rivals && g->rivals[i].pid != pid; i++)
		;
	if (i < g->n_rivals) {
		g->rivals[i].denied += denied;
	} else {
		grown = reallocarray(g->rivals, g->n_rivals + 1, sizeof(*grown));
		if (grown) {
			g->rivals = grown;
			grown[i] = (struct daxhp_rival){ .pid = pid, .denied = denied };
			if (proc_read_comm(pid, grown[i].comm, sizeof(grown[i].comm)) < 0)
				strcpy(grown[i].comm, "?");
			g->n_rivals++;
		}
	}
	pthread_mutex_unlock(&g->lock);
}

/* ---- deny ---- */

/*
 * Noted before the answer, while the rival stands still: one that runs in a loop is gone a moment
 * later, and with it its name. Reading that waits for nobody.
 */
static void answer(struct guard *g, const struct fanotify_event_metadata *event)
{
	bool is_own = event->pid == getpid();
	struct fanotify_response response = {
		.fd = event->fd,
		.response = is_own ? FAN_ALLOW : FAN_DENY,
	};

	if (event->fd < 0)
		return;
	if (!is_own)
		note_rival(g, event->pid, 1);
	if (write(g->fanotify_fd, &response, sizeof(response)) < 0)
		log_debug(g->ctx, "cannot answer %d: %s", (int)event->pid, strerror(errno));
	close(event->fd);
}

static void answer_all(struct guard *g)
{
	struct fanotify_event_metadata buf[128], *event = buf;
	ssize_t len = read(g->fanotify_fd, buf, sizeof(buf));

	for (; len > 0 && FAN_EVENT_OK(event, len); event = FAN_EVENT_NEXT(event, len))
		answer(g, event);
}

static void *run(void *data)
{
	struct guard *g = data;
	struct pollfd fds[] = {
		{ .fd = g->fanotify_fd, .events = POLLIN },
		{ .fd = g->stop_fd, .events = POLLIN },
	};

	for (;;) {
		if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
			return NULL;
		if (fds[0].revents & POLLIN)
			answer_all(g);
		if (fds[1].revents)
			return NULL;
	}
}

static int mark_files(struct guard *g, int dirfd, const struct memblock *blocks, size_t n_blocks)
{
	for (size_t i = 0; i < n_blocks; i++) {
		char file[WORD_MAX];

		if (blocks[i].state == MEMBLOCK_MISSING)
			continue;
		memblock_file(file, blocks[i].id, "state");
		if (fanotify_mark(g->fanotify_fd, FAN_MARK_ADD | FAN_MARK_DONT_FOLLOW,
				  FAN_OPEN_PERM, dirfd, file) < 0 &&
		    errno != ENOENT)
			return -errno;
	}
	return 0;
}

static int deny(struct guard *g, int dirfd, const struct memblock *blocks, size_t n_blocks)
{
	int r;

	g->fanotify_fd = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC | FAN_NONBLOCK |
					       FAN_UNLIMITED_QUEUE | FAN_UNLIMITED_MARKS,
				       O_RDONLY | O_CLOEXEC);
	if (g->fanotify_fd < 0)
		return -errno;
	g->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (g->stop_fd < 0)
		return -errno;
	/* The thread first: once a file is marked somebody has to answer. */
	r = thread_start(&g->thread, run, g);
	if (r < 0)
		return r;
	g->is_running = true;
	return mark_files(g, dirfd, blocks, n_blocks);
}

static void stop_denying(struct guard *g)
{
	uint64_t one = 1;

	if (g->is_running) {
		if (write(g->stop_fd, &one, sizeof(one)) < 0)
			log_debug(g->ctx, "cannot stop the guard");
		pthread_join(g->thread, NULL);
	}
	if (g->fanotify_fd >= 0)
		close(g->fanotify_fd);
	if (g->stop_fd >= 0)
		close(g->stop_fd);
	g->fanotify_fd = g->stop_fd = -1;
	g->is_running = false;
}

/* ---- our own way to the files ---- */

/* How many files there may be then. */
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

/* What cannot be opened here is opened later, past the guard. */
static int open_files(struct guard *g, int dirfd, const struct memblock *blocks, size_t n_blocks)
{
	size_t most;

	g->open_files = calloc(n_blocks + 1, sizeof(*g->open_files));
	if (!g->open_files)
		return -ENOMEM;
	most = raise_limit(g, n_blocks + SPARE_FILES);
	for (size_t i = 0; i < n_blocks && g->n_open_files < most; i++) {
		char file[WORD_MAX];
		int fd;

		if (blocks[i].state == MEMBLOCK_MISSING)
			continue;
		memblock_file(file, blocks[i].id, "state");
		fd = sysfs_open_file(dirfd, file);
		if (fd >= 0)
			g->open_files[g->n_open_files++] = (struct open_file){ blocks[i].id, fd };
	}
	return 0;
}

static void close_files(struct guard *g)
{
	for (size_t i = 0; i < g->n_open_files; i++)
		close(g->open_files[i].fd);
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

int guard_start(struct daxhp_ctx *ctx, const struct memblock *blocks, size_t n_blocks,
		struct guard **ret_guard, int *ret_deny_error)
{
	_cleanup_close_ int dirfd = memblock_open_dir();
	struct guard *g;
	pid_t holder;
	int r;

	if (dirfd < 0)
		return dirfd;
	g = calloc(1, sizeof(*g));
	if (!g)
		return -ENOMEM;
	g->ctx = ctx;
	g->fanotify_fd = g->stop_fd = -1;
	pthread_mutex_init(&g->lock, NULL);
	*ret_guard = g;
	r = open_files(g, dirfd, blocks, n_blocks);
	if (r < 0)
		return r;
	*ret_deny_error = deny(g, dirfd, blocks, n_blocks);
	if (*ret_deny_error < 0)
		stop_denying(g);
	r = drain(ctx, dirfd, blocks, n_blocks, &holder);
	if (r == -EBUSY)
		note_rival(g, holder, 0);
	return r;
}

static void add_rivals(const struct guard *g, struct daxhp_rival **rivals, size_t *n_rivals)
{
	for (size_t i = 0; i < g->n_rivals; i++) {
		struct daxhp_rival *grown;
		size_t k;

		for (k = 0; k < *n_rivals && (*rivals)[k].pid != g->rivals[i].pid; k++)
			;
		if (k < *n_rivals) {
			(*rivals)[k].denied += g->rivals[i].denied;
			continue;
		}
		grown = reallocarray(*rivals, *n_rivals + 1, sizeof(*grown));
		if (!grown)
			return;
		grown[(*n_rivals)++] = g->rivals[i];
		*rivals = grown;
	}
}

void guard_stop(struct guard *g, struct daxhp_rival **rivals, size_t *n_rivals)
{
	if (!g)
		return;
	stop_denying(g);
	close_files(g);
	add_rivals(g, rivals, n_rivals);
	pthread_mutex_destroy(&g->lock);
	free(g->rivals);
	free(g);
}
