// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The one door to /sys.
 *
 * A sysfs file is one short line; whatever is longer, empty or binary is not what it should be,
 * and is refused here so that nobody above has to ask again. O_NOFOLLOW guards the last component:
 * attributes are plain files, and a link in their place would lead a root process elsewhere.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "libdaxhp-private.h"

int sysfs_open_dir(const char *path)
{
	return sysfs_open_dir_at(AT_FDCWD, path);
}

/* Directories may be reached by link: /sys/bus/dax/devices/ holds nothing else. */
int sysfs_open_dir_at(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static ssize_t read_all(int fd, char *buf, size_t size)
{
	size_t have = 0;

	while (have < size) {
		ssize_t n = read(fd, buf + have, size - have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		have += n;
	}
	return have;
}

static bool is_printable(const char *buf, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!isprint((unsigned char)buf[i]))
			return false;
	return true;
}

int sysfs_read_word(int dirfd, const char *name, char *ret_word, size_t size)
{
	_cleanup_close_ int fd = openat(dirfd, name,
					O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	char buf[256];
	ssize_t len;

	if (fd < 0)
		return -errno;
	len = read_all(fd, buf, sizeof(buf));
	if (len < 0)
		return len;
	if (len > 0 && buf[len - 1] == '\n')
		len--;
	if (len == 0)
		return -ENODATA;
	if ((size_t)len >= size || len == (ssize_t)sizeof(buf))
		return -EFBIG;
	if (!is_printable(buf, len))
		return -EBADMSG;
	memcpy(ret_word, buf, len);
	ret_word[len] = '\0';
	return 0;
}

int sysfs_read_u64(int dirfd, const char *name, int base, uint64_t *ret_value)
{
	unsigned long long value;
	char buf[WORD_MAX], *end;
	int r = sysfs_read_word(dirfd, name, buf, sizeof(buf));

	if (r < 0)
		return r;
	/* strtoull() would take blanks, signs, and wrap negative numbers around. */
	if (!isxdigit((unsigned char)buf[0]))
		return -EBADMSG;
	errno = 0;
	value = strtoull(buf, &end, base);
	if (errno || *end || value > UINT64_MAX)
		return -EBADMSG;
	*ret_value = value;
	return 0;
}

int sysfs_read_int(int dirfd, const char *name, int *ret_value)
{
	char buf[WORD_MAX], *end;
	int r = sysfs_read_word(dirfd, name, buf, sizeof(buf));
	long value;

	if (r < 0)
		return r;
	if (!isdigit((unsigned char)buf[0]) && buf[0] != '-')
		return -EBADMSG;
	errno = 0;
	value = strtol(buf, &end, 10);
	if (errno || end == buf || *end || value < INT_MIN || value > INT_MAX)
		return -EBADMSG;
	*ret_value = value;
	return 0;
}

/*
 * One write a word: sysfs takes each write() as a whole command. An interrupted one is not
 * repeated, for a pending signal is how an offline is made to give up.
 */
int sysfs_write_word(int dirfd, const char *name, const char *word)
{
	_cleanup_close_ int fd = openat(dirfd, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	size_t len = strlen(word);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = write(fd, word, len);
	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -EIO;
}

bool sysfs_exists(int dirfd, const char *name)
{
	return faccessat(dirfd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int sysfs_read_link_name(int dirfd, const char *name, char *ret_name, size_t size)
{
	char buf[PATH_MAX];
	const char *last;
	ssize_t len = readlinkat(dirfd, name, buf, sizeof(buf));

	if (len < 0)
		return -errno;
	if ((size_t)len == sizeof(buf))
		return -ENAMETOOLONG;
	buf[len] = '\0';
	last = strrchr(buf, '/');
	last = last ? last + 1 : buf;
	if (!*last || strlen(last) >= size || !is_printable(last, strlen(last)))
		return -EBADMSG;
	strcpy(ret_name, last);
	return 0;
}
