// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Before a change that a killed process would leave behind, daxhp writes an entry into /run/daxhp/, and
 * drops it after the change. There are entries for the machine's words (see borrow.c) and for a device
 * that is being reconfigured (see recovery.c). daxhp writes an entry under a lock, and the lock ends with
 * the process. So if there is an entry and the lock is free, the process is dead.
 *
 * An entry is one line: the id of the boot, and the words. /run may outlast a reboot, but the changes do
 * not: an entry of another boot does not count.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

#define ENDING ".journal"
/* What became of the last plan for a device. Nobody needs it to restore anything. */
#define LAST_ENDING ".last"
#define BOOT_ID_FILE "/proc/sys/kernel/random/boot_id"
#define BOOT_ID_LENGTH 36

static int read_boot_id(char *ret_id, size_t size)
{
	return sysfs_read_word(AT_FDCWD, BOOT_ID_FILE, ret_id, size);
}

static void entry_file(char *ret_file, const char *name, const char *ending, const char *rest)
{
	snprintf(ret_file, WORD_MAX, "%.32s%s%s", name, ending, rest);
}

static int create(int dirfd, const char *file)
{
	int fd = openat(dirfd, file, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

	return fd < 0 ? -errno : above_stdio(fd);
}

static int write_line(int dirfd, const char *file, const char *line)
{
	_cleanup_close_ int fd = create(dirfd, file);
	ssize_t n;

	if (fd < 0)
		return fd;
	n = write(fd, line, strlen(line));
	if (n != (ssize_t)strlen(line))
		return n < 0 ? -errno : -ENOSPC;
	return fsync(fd) < 0 ? -errno : 0;
}

static int replace(int dirfd, const char *name, const char *ending, const char *line)
{
	char file[WORD_MAX], file_new[WORD_MAX];
	int r;

	entry_file(file, name, ending, "");
	entry_file(file_new, name, ending, ".new");
	r = write_line(dirfd, file_new, line);
	/* The file gets its name when its contents are on the disk: the entry is there as a whole, or not. */
	if (r == 0 && renameat(dirfd, file_new, dirfd, file) < 0)
		r = -errno;
	if (r == 0 && fsync(dirfd) < 0)
		r = -errno;
	if (r < 0)
		unlinkat(dirfd, file_new, 0);
	return r;
}

static int put(const char *name, const char *ending, const char *words)
{
	_cleanup_close_ int dirfd = run_dir_open(true);
	char boot[WORD_MAX], line[JOURNAL_LINE_MAX];
	int r = dirfd < 0 ? dirfd : read_boot_id(boot, sizeof(boot));

	if (r < 0)
		return r;
	if (snprintf(line, sizeof(line), "%s %s\n", boot, words) >= (int)sizeof(line))
		return -EFBIG;
	return replace(dirfd, name, ending, line);
}

int journal_put(const char *name, const char *words)
{
	return put(name, ENDING, words);
}

int journal_put_last(const char *name, const char *words)
{
	return put(name, LAST_ENDING, words);
}

int journal_parse(const char *line, const char *boot, const char **ret_words)
{
	size_t len = strcspn(line, " ");

	if (len != BOOT_ID_LENGTH || strspn(line, "0123456789abcdef-") != len || !line[len] ||
	    !line[len + 1])
		return -EBADMSG;
	if (strncmp(line, boot, len) != 0)
		return -ESTALE;
	*ret_words = line + len + 1;
	return 0;
}

static int get(const char *name, const char *ending, char *ret_words, size_t size)
{
	_cleanup_close_ int dirfd = run_dir_open(false);
	char file[WORD_MAX], boot[WORD_MAX], line[JOURNAL_LINE_MAX];
	const char *words;
	int r;

	if (dirfd < 0)
		return dirfd == -ENOENT ? 0 : dirfd;
	entry_file(file, name, ending, "");
	r = sysfs_read_word(dirfd, file, line, sizeof(line));
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	r = read_boot_id(boot, sizeof(boot));
	if (r == 0)
		r = journal_parse(line, boot, &words);
	if (r < 0)
		return r;
	snprintf(ret_words, size, "%s", words);
	return 1;
}

int journal_get(const char *name, char *ret_words, size_t size)
{
	return get(name, ENDING, ret_words, size);
}

int journal_get_last(const char *name, char *ret_words, size_t size)
{
	return get(name, LAST_ENDING, ret_words, size);
}

int journal_drop(const char *name)
{
	_cleanup_close_ int dirfd = run_dir_open(false);
	char file[WORD_MAX];

	if (dirfd < 0)
		return dirfd;
	entry_file(file, name, ENDING, "");
	return unlinkat(dirfd, file, 0) < 0 && errno != ENOENT ? -errno : 0;
}

void journal_each(void (*fn)(const char *name, void *data), void *data)
{
	int fd = run_dir_open(false);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *de;

	if (!dir && fd >= 0)
		close(fd);
	while (dir && (de = readdir(dir))) {
		char *ending = strstr(de->d_name, ENDING);

		if (!ending || strcmp(ending, ENDING) != 0)
			continue;
		*ending = '\0';
		fn(de->d_name, data);
	}
	if (dir)
		closedir(dir);
}
