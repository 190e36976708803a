// SPDX-License-Identifier: LGPL-2.1-or-later
/* What /proc says of one process or thread: is it running, and if not, what is it waiting for? */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

/* A kernel thread's bit among the flags in /proc/PID/stat: PF_KTHREAD. */
#define KERNEL_THREAD 0x00200000U

/*
 * "PID (COMM) STATE PPID ...": the state is after the name, which may have any characters. Returns
 * the text from the state on.
 */
static int read_stat(int dirfd, const char *name, char *stat, size_t size, const char **ret_state)
{
	_cleanup_close_ int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, stat, size - 1);
	const char *end;

	if (n < 0)
		return -errno;
	stat[n] = '\0';
	end = strrchr(stat, ')');
	if (!end || end[1] != ' ' || !end[2])
		return -EBADMSG;
	*ret_state = end + 2;
	return 0;
}

static char read_state(int dirfd, const char *name)
{
	const char *state;
	char stat[512];

	return read_stat(dirfd, name, stat, sizeof(stat), &state) < 0 ? '?' : *state;
}

int task_is_kernel_thread(int procfd, const char *pid)
{
	const char *state = NULL;
	char name[32], stat[512];
	unsigned int flags;
	int r;

	snprintf(name, sizeof(name), "%.10s/stat", pid);
	r = read_stat(procfd, name, stat, sizeof(stat), &state);
	if (r < 0)
		return r;
	if (sscanf(state, "%*c %*d %*d %*d %*d %*d %u", &flags) != 1)
		return -EBADMSG;
	return (flags & KERNEL_THREAD) != 0;
}

int task_open_self(void)
{
	return sysfs_open_dir("/proc/thread-self");
}

void task_look(int taskfd, char *ret_state, char *ret_where, size_t size)
{
	*ret_state = read_state(taskfd, "stat");
	/* "0": it does not sleep in a function. */
	if (sysfs_read_word(taskfd, "wchan", ret_where, size) < 0 || strcmp(ret_where, "0") == 0)
		ret_where[0] = '\0';
}

bool task_is_stopped(int pid)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	return read_state(AT_FDCWD, path) == 'T';
}
