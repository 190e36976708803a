// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "folder.h"

static int dir_fd = -1;
static char path[64];

static int remove_one(const char *name, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(name);
}

static void remove_all(void)
{
	nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

int folder_open(void)
{
	if (dir_fd >= 0)
		return dir_fd;
	/* If possible in memory, because the test writes to it thousands of times. */
	strcpy(path, "/dev/shm/daxhp-fuzz-XXXXXX");
	if (!mkdtemp(path)) {
		strcpy(path, "/tmp/daxhp-fuzz-XXXXXX");
		must(mkdtemp(path));
	}
	dir_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	must(dir_fd >= 0);
	atexit(remove_all);
	return dir_fd;
}

void folder_write(const char *name, const void *data, size_t size)
{
	const char *slash = strchr(name, '/');
	char parent[64];
	int fd;

	snprintf(parent, sizeof(parent), "%.*s", slash ? (int)(slash - name) : 0, name);
	must(!slash || mkdirat(folder_open(), parent, 0755) == 0 || errno == EEXIST);
	fd = openat(folder_open(), name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	must(fd >= 0);
	must(write(fd, data, size) == (ssize_t)size);
	close(fd);
}

void folder_remove(const char *name)
{
	must(unlinkat(folder_open(), name, 0) == 0 || errno == ENOENT);
}
