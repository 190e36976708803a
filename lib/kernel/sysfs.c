// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The one door to /sys.
 *
 * A sysfs file is one short line. A longer, empty or binary file is an error here, so that no
 * caller has to check again. O_NOFOLLOW guards the last component: attributes are plain files, and
 * a link in their place could lead a root process to another file.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <linux/magic.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/statfs.h>

#include "internal.h"

int sysfs_open_dir(const char *path)
{
	return sysfs_open_dir_at(AT_FDCWD, path);
}

/* A link may lead to a directory: /sys/bus/dax/devices/ has nothing but links. */
int sysfs_open_dir_at(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int sysfs_list_dir(const char *path, DIR **ret_dir)
{
	DIR *dir = opendir(path);

	if (!dir)
		return -errno;
	*ret_dir = dir;
	return 0;
}

int sysfs_next_entry(DIR *dir, struct dirent **ret_entry)
{
	struct dirent *de;

	errno = 0;
	de = readdir(dir);
	if (!de)
		return -errno;
	*ret_entry = de;
	return 1;
}

/*
 * One read: sysfs returns everything at once. A second read, to see the end, would take a third of
 * the time of a look at a block.
 */
static ssize_t read_once(int fd, char *buf, size_t size)
{
	ssize_t n;

	do
		n = read(fd, buf, size);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

/* In ASCII, whatever the locale. isprint() would cost more than all else that is done with a word. */
static bool is_printable(const char *buf, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (buf[i] < ' ' || buf[i] > '~')
			return false;
	return true;
}

static int take_word(const char *buf, ssize_t len, size_t buf_size, char *ret_word, size_t size)
{
	bool is_full = len == (ssize_t)buf_size;

	if (len < 0)
		return len;
	if (len > 0 && buf[len - 1] == '\n')
		len--;
	if (len == 0)
		return -ENODATA;
	if ((size_t)len >= size || is_full)
		return -EFBIG;
	if (!is_printable(buf, len))
		return -EBADMSG;
	memcpy(ret_word, buf, len);
	ret_word[len] = '\0';
	return 0;
}

static int read_word(int fd, char *ret_word, size_t size)
{
	char buf[256];

	return take_word(buf, read_once(fd, buf, sizeof(buf)), sizeof(buf), ret_word, size);
}

int sysfs_read_word_fd(int fd, char *ret_word, size_t size)
{
	/* sysfs answers anew at position 0, whatever was read or written before. */
	return lseek(fd, 0, SEEK_SET) < 0 ? -errno : read_word(fd, ret_word, size);
}

int sysfs_read_word(int dirfd, const char *name, char *ret_word, size_t size)
{
	_cleanup_close_ int fd = openat(dirfd, name,
					O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);

	return fd < 0 ? -errno : read_word(fd, ret_word, size);
}

int sysfs_read_u64(int dirfd, const char *name, int base, uint64_t *ret_value)
{
	unsigned long long value;
	char buf[WORD_MAX], *end;
	int r = sysfs_read_word(dirfd, name, buf, sizeof(buf));

	if (r < 0)
		return r;
	/* strtoull() would accept blanks and signs, and turn negative numbers into large ones. */
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
 * One write for each word: sysfs takes each write() as a whole command. An interrupted write is not
 * repeated: a pending signal is what makes the kernel give up an offline.
 */
int sysfs_write_word_fd(int fd, const char *word)
{
	size_t len = strlen(word);
	ssize_t n = write(fd, word, len);

	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -EIO;
}

int sysfs_write_word(int dirfd, const char *name, const char *word)
{
	_cleanup_close_ int fd = openat(dirfd, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : sysfs_write_word_fd(fd, word);
}

/* Open a file to read and write its word, any number of times. */
int sysfs_open_file(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int sysfs_open_lock(int dirfd, const char *name, int access)
{
	int fd = openat(dirfd, name, access | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);

	return fd < 0 ? -errno : fd;
}

int sysfs_watch_closing(const char *path)
{
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK), r;

	if (fd < 0)
		return -errno;
	r = inotify_add_watch(fd, path, IN_CLOSE | IN_DONT_FOLLOW);
	if (r < 0) {
		r = -errno;
		close(fd);
		return r;
	}
	return fd;
}

/* A mount that no other process sees, and that goes away with its descriptors. */
static int mount_debugfs(void)
{
	_cleanup_close_ int fs = fsopen("debugfs", FSOPEN_CLOEXEC);
	_cleanup_close_ int mount_fd = -1;
	int fd;

	if (fs < 0 || fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	mount_fd = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	if (mount_fd < 0)
		return -errno;
	fd = openat(mount_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int sysfs_open_debugfs(void)
{
	int fd = open("/sys/kernel/debug", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct statfs st;

	if (fd >= 0 && fstatfs(fd, &st) == 0 && st.f_type == DEBUGFS_MAGIC)
		return fd;
	if (fd >= 0)
		close(fd);
	return mount_debugfs();
}

bool sysfs_exists(int dirfd, const char *name)
{
	return faccessat(dirfd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int sysfs_read_link(int dirfd, const char *name, char *ret_text, size_t size)
{
	ssize_t len = readlinkat(dirfd, name, ret_text, size);

	if (len < 0)
		return -errno;
	if ((size_t)len == size)
		return -ENAMETOOLONG;
	ret_text[len] = '\0';
	return is_printable(ret_text, len) ? 0 : -EBADMSG;
}

int sysfs_read_link_name(int dirfd, const char *name, char *ret_name, size_t size)
{
	char buf[PATH_MAX];
	const char *last;
	int r = sysfs_read_link(dirfd, name, buf, sizeof(buf));

	if (r < 0)
		return r;
	last = strrchr(buf, '/');
	last = last ? last + 1 : buf;
	if (!*last || strlen(last) >= size)
		return -EBADMSG;
	strcpy(ret_name, last);
	return 0;
}
