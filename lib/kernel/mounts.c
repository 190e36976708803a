// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The places where sysfs is mounted. Each network namespace can have a sysfs of its own: with the
 * same directories and inode numbers, but with other inodes, and the guard marks inodes. A
 * process's mountinfo lists the mounts that it can reach by a path, see proc_pid_mountinfo(5).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "internal.h"

#define MEMORY_DIR "/devices/system/memory"

/* ---- one line of mountinfo ---- */

/* The kernel writes blanks and control characters as a backslash and three octal digits. */
static void unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from; to++) {
		unsigned int c;

		if (from[0] == '\\' && strnlen(from, 4) == 4 && sscanf(from + 1, "%3o", &c) == 1) {
			*to = (char)c;
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
}

static bool is_writable(const char *options)
{
	return strncmp(options, "rw", 2) == 0 && (options[2] == ',' || !options[2]);
}

/* "36 35 0:22 /root /dir rw,nosuid shared:7 - sysfs sysfs rw" */
int mount_parse(char *line, struct mount *ret_mount)
{
	enum { ID, PARENT, DEV, ROOT, DIR, OPTIONS, N_FIELDS };
	char *fields[N_FIELDS], *rest = strstr(line, " - "), *type, *super;
	unsigned int major, minor;

	if (!rest)
		return -EBADMSG;
	*rest = '\0';
	rest += strlen(" - ");
	for (int i = 0; i < N_FIELDS; i++)
		fields[i] = strsep(&line, " ");
	type = strsep(&rest, " ");
	/* The options come after the source, which may be empty. */
	super = strsep(&rest, " ") ? strsep(&rest, " \n") : NULL;
	if (!fields[OPTIONS] || !super || sscanf(fields[DEV], "%u:%u", &major, &minor) != 2)
		return -EBADMSG;
	unescape(fields[ROOT]);
	unescape(fields[DIR]);
	*ret_mount = (struct mount){
		.dev = makedev(major, minor),
		.root = fields[ROOT],
		.dir = fields[DIR],
		.is_sysfs = strcmp(type, "sysfs") == 0,
		.is_writable = is_writable(fields[OPTIONS]) && is_writable(super),
	};
	return 0;
}

/* ---- from there to the memory blocks ---- */

static bool is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return strncmp(path, dir, len) == 0 && (path[len] == '/' || !path[len]);
}

/*
 * A mount can show a part of the file system only, from the directory @root on. Returns the path
 * from there to the memory blocks, "" if @root is their directory; NULL if there is no path.
 */
static const char *path_to_memory(const char *root)
{
	if (strcmp(root, "/") == 0)
		return MEMORY_DIR;
	return is_below(MEMORY_DIR, root) ? MEMORY_DIR + strlen(root) : NULL;
}

int mount_open_memory(const struct mount *mount, int rootfd, int *ret_fd)
{
	/* Another program's tree: do not follow its links. */
	struct open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	const char *rest = path_to_memory(mount->root);
	_cleanup_free_ char *path = NULL;
	struct stat st;
	int fd;

	/* A single block, or a single file: no path leads from it to the other blocks. */
	if (!rest)
		return is_below(mount->root, MEMORY_DIR) ? -EXDEV : 0;
	if (asprintf(&path, "%s%s", mount->dir, rest) < 0)
		return -ENOMEM;
	fd = syscall(SYS_openat2, rootfd, path, &how, sizeof(how));
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	/* Another file system is mounted over it: its path leads to that one. */
	if (fstat(fd, &st) < 0 || st.st_dev != mount->dev) {
		close(fd);
		return 0;
	}
	*ret_fd = fd;
	return 1;
}

/* ---- the file systems that were seen ---- */

struct mounted_dev *mounts_find(const struct mounts *mounts, dev_t dev)
{
	for (size_t i = 0; i < mounts->count; i++)
		if (mounts->devs[i].dev == dev)
			return &mounts->devs[i];
	return NULL;
}

int mounts_add(struct mounts *mounts, dev_t dev, bool is_sysfs, struct mounted_dev **ret_dev)
{
	struct mounted_dev *found = mounts_find(mounts, dev), *grown;

	if (!found) {
		grown = reallocarray(mounts->devs, mounts->count + 1, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		mounts->devs = grown;
		found = &grown[mounts->count++];
		*found = (struct mounted_dev){ .dev = dev };
	}
	/* The kernel gives a free device number to the next file system. */
	if (found->is_sysfs != is_sysfs)
		*found = (struct mounted_dev){ .dev = dev, .is_sysfs = is_sysfs };
	*ret_dev = found;
	return 0;
}
