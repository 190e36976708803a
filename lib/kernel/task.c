// SPDX-License-Identifier: LGPL-2.1-or-later
/* What /proc says of one process or thread: is it running, and if not, what is it waiting for? */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

/* "PID (COMM) STATE ...": the state is after the name, which may have any characters. */
static char parse_state(const char *stat)
{
	const char *end = strrchr(stat, ')');

	return end && end[1] == ' ' && end[2] ? end[2] : '?';
}

static char read_state(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	char stat[512];
	ssize_t n = fd < 0 ? -1 : read(fd, stat, sizeof(stat) - 1);

	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return '?';
	stat[n] = '\0';
	return parse_state(stat);
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
