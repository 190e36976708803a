// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A lock holds as long as any process has one of its descriptors open. And a process that has a block's
 * state file open counts as a rival. If the user of the library forks a child, the child has copies of
 * these descriptors. Other processes would wait for that child even when this process has ended. So a
 * child closes these descriptors first.
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

/* The mutex is held at a fork: so the child gets a complete list, and can unlock its own mutex. */
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
 * The descriptor is closed while no child can be forked. A child that is forked between the removal from
 * the list and close() would keep its copy as long as it lives.
 */
void fork_close(int fd)
{
	bool is_ours = false;

	pthread_mutex_lock(&mutex);
	/* From the end: the guard has thousands of files, and closes the last one first. */
	for (size_t i = n_fds; i > 0 && !is_ours; i--) {
		is_ours = fds[i - 1] == fd;
		if (is_ours)
			fds[i - 1] = fds[--n_fds];
	}
	if (is_ours)
		close(fd);
	pthread_mutex_unlock(&mutex);
}
