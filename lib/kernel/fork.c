// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A lock holds for as long as one of its descriptors is open anywhere, and who has a block's state
 * file open is taken for a rival. A child that the user of the library forks, and that runs no other
 * program, has copies of them: others would wait for that child when this process has long let go,
 * or has ended. So a child closes them before anything else.
 */
#include <errno.h>
#include <stdlib.h>

#include "internal.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int register_error;
static int *fds;
static size_t n_fds;

static void after_fork_in_child(void)
{
	for (size_t i = 0; i < n_fds; i++)
		close(fds[i]);
	n_fds = 0;
	pthread_mutex_unlock(&mutex);
}

/* The list is whole when it is copied, and the child's mutex is its own to unlock. */
static void register_handlers(void)
{
	register_error = -pthread_atfork(fork_hold, fork_release, after_fork_in_child);
}

void fork_hold(void)
{
	pthread_once(&once, register_handlers);
	pthread_mutex_lock(&mutex);
}

void fork_release(void)
{
	pthread_mutex_unlock(&mutex);
}

int fork_close_add(int fd)
{
	int *grown;

	if (register_error < 0)
		return register_error;
	grown = reallocarray(fds, n_fds + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	fds = grown;
	fds[n_fds++] = fd;
	return 0;
}

/*
 * Closed while it is on the list and no child can be forked: one that is forked in between would keep
 * its copy for as long as it lives.
 */
void fork_close(int fd)
{
	bool is_ours = false;

	pthread_mutex_lock(&mutex);
	/* From the end: of thousands of files the last that was opened is closed first. */
	for (size_t i = n_fds; i > 0 && !is_ours; i--) {
		is_ours = fds[i - 1] == fd;
		if (is_ours)
			fds[i - 1] = fds[--n_fds];
	}
	if (is_ours)
		close(fd);
	pthread_mutex_unlock(&mutex);
}
