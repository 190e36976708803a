// SPDX-License-Identifier: LGPL-2.1-or-later
/* The door to /proc: who is there, and what it has open. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "libdaxhp-private.h"

DIR *proc_open_dir_at(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir && fd >= 0)
		close(fd);
	return dir;
}

int proc_read_comm(pid_t pid, char *ret_comm, size_t size)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	return sysfs_read_word(AT_FDCWD, path, ret_comm, size);
}

int proc_read_fd_flags(int dirfd, const char *name, unsigned int *ret_flags)
{
	int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "re");
	char line[128];
	int r = -ENODATA;

	if (!f) {
		if (fd >= 0)
			close(fd);
		return -errno;
	}
	while (r < 0 && fgets(line, sizeof(line), f))
		if (sscanf(line, "flags: %o", ret_flags) == 1)
			r = 0;
	fclose(f);
	return r;
}

int proc_read_available(uint64_t *ret_bytes)
{
	FILE *f = fopen("/proc/meminfo", "re");
	unsigned long long kib = 0;
	char line[128];
	int r = -ENODATA;

	if (!f)
		return -errno;
	while (r < 0 && fgets(line, sizeof(line), f))
		if (sscanf(line, "MemAvailable: %llu kB", &kib) == 1)
			r = 0;
	fclose(f);
	if (r == 0)
		*ret_bytes = (uint64_t)kib * 1024;
	return r;
}
