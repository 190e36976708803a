// SPDX-License-Identifier: GPL-2.0-or-later
/* Replaces a file as a whole, for readers that may read at any time. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "daxhp.h"

/* Everybody may read it: an exporter is no root, and a policy is no secret. */
#define FILE_MODE 0644

static int write_all(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno != EINTR)
			return -errno;
		text += n < 0 ? 0 : n;
		len -= n < 0 ? 0 : n;
	}
	return fchmod(fd, FILE_MODE) < 0 || fsync(fd) < 0 ? -errno : 0;
}

/* Nobody reads a file with this name, and no link is followed: mkostemp() makes a new file. */
static int write_beside(int dirfd, const char *dir, const char *name, const char *text, size_t len,
			unsigned int rename_flags)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_close_ int fd = -1;
	int r;

	if (asprintf(&path, "%s/.%s.XXXXXX", dir, name) < 0)
		return -ENOMEM;
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = write_all(fd, text, len);
	if (r == 0 && renameat2(AT_FDCWD, path, dirfd, name, rename_flags) < 0)
		r = -errno;
	if (r < 0)
		unlink(path);
	return r == 0 && fsync(dirfd) < 0 ? -errno : r;
}

/* In the place of a device or a link, such as /dev/stdout, a file would do harm. */
static int check_target(int dirfd, const char *name)
{
	struct stat st;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	return S_ISREG(st.st_mode) ? 0 : -EEXIST;
}

int textfile_write(const char *path, const char *text, size_t len, enum textfile_target target)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	_cleanup_free_ char *dir = slash ? strndup(path, slash - path) : strdup(".");
	_cleanup_close_ int dirfd = -1;
	int r = 0;

	if (!dir)
		return -ENOMEM;
	if (!*name)
		return -EISDIR;
	dirfd = open(*dir ? dir : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0)
		return -errno;
	if (target == TEXTFILE_FILE)
		r = check_target(dirfd, name);
	return r < 0 ? r
		     : write_beside(dirfd, dir, name, text, len,
				    target == TEXTFILE_NEW ? RENAME_NOREPLACE : 0);
}
