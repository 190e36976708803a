// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a process that is killed would leave behind: the machine's policy, changed around a bind,
 * and the dax bus's autoprobe, switched off while kmem is loaded. It is written down before the change and struck out after, under the lock for the policy; so an
 * entry that is there while the lock is free is a dead process's.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>

#include "libdaxhp-private.h"

#define POLICY_LOCK "policy"

static const struct {
	const char *file, *journal, *journal_new;
	int (*read)(char *ret_word, size_t size);
	int (*write)(const char *word);
} kinds[] = {
	[DAXHP_LEFTOVER_POLICY] = { "auto_online_blocks", "policy.journal", "policy.journal.new",
				    policy_read, policy_write },
	[DAXHP_LEFTOVER_AUTOPROBE] = { "drivers_autoprobe", "autoprobe.journal",
				       "autoprobe.journal.new", autoprobe_read, autoprobe_write },
};

EXPORT const char *daxhp_leftover_name(enum daxhp_leftover_kind kind)
{
	return (size_t)kind < ARRAY_SIZE(kinds) ? kinds[kind].file : NULL;
}

static int write_entry(int dirfd, const char *name, const char *found, const char *set)
{
	_cleanup_close_ int fd =
		openat(dirfd, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	char buf[2 * WORD_MAX + 32];
	int len = snprintf(buf, sizeof(buf), "%s %s %d\n", found, set, (int)getpid());

	ssize_t n;

	if (fd < 0)
		return -errno;
	n = write(fd, buf, len);
	if (n != len)
		return n < 0 ? -errno : -EIO;
	return fsync(fd) < 0 ? -errno : 0;
}

int journal_write(enum daxhp_leftover_kind kind, const char *found, const char *set)
{
	_cleanup_close_ int dirfd = run_dir_open(true);
	int r;

	if (dirfd < 0)
		return dirfd;
	r = write_entry(dirfd, kinds[kind].journal_new, found, set);
	/* Whole or not at all: the name is given once the contents are there. */
	if (r == 0 && renameat(dirfd, kinds[kind].journal_new, dirfd, kinds[kind].journal) < 0)
		r = -errno;
	if (r == 0 && fsync(dirfd) < 0)
		r = -errno;
	return r;
}

int journal_erase(enum daxhp_leftover_kind kind)
{
	_cleanup_close_ int dirfd = run_dir_open(false);

	if (dirfd < 0)
		return dirfd;
	return unlinkat(dirfd, kinds[kind].journal, 0) < 0 && errno != ENOENT ? -errno : 0;
}

/* "found set pid", each of them bounded. 1: there is an entry, 0: there is none. */
static int read_entry(int dirfd, enum daxhp_leftover_kind kind, struct daxhp_leftover *ret_entry)
{
	struct daxhp_leftover entry = { .kind = kind };
	char line[2 * WORD_MAX + 32];
	int r = sysfs_read_word(dirfd, kinds[kind].journal, line, sizeof(line));

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (sscanf(line, "%63s %63s %d", entry.before, entry.left, &entry.pid) != 3)
		return -EBADMSG;
	*ret_entry = entry;
	return 1;
}

static bool is_locked(int dirfd)
{
	_cleanup_close_ int fd = openat(dirfd, POLICY_LOCK ".lock",
					O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

EXPORT int daxhp_find_leftover(struct daxhp_ctx *ctx __attribute__((unused)),
			       enum daxhp_leftover_kind kind, struct daxhp_leftover *ret_leftover)
{
	_cleanup_close_ int dirfd = run_dir_open(false);

	if (dirfd < 0)
		return dirfd == -ENOENT ? 0 : dirfd;
	return is_locked(dirfd) ? 0 : read_entry(dirfd, kind, ret_leftover);
}

/* Whoever changed the policy since then meant it: only what the dead process set is taken back. */
static int take_back(const struct daxhp_leftover *entry)
{
	char now[WORD_MAX];
	int r = kinds[entry->kind].read(now, sizeof(now));

	if (r == 0 && strcmp(now, entry->left) == 0)
		r = kinds[entry->kind].write(entry->before);
	return r < 0 ? r : journal_erase(entry->kind);
}

/* Under the lock for the policy. */
static int repair_locked(enum daxhp_leftover_kind kind, struct daxhp_leftover *ret_entry)
{
	_cleanup_close_ int dirfd = run_dir_open(false);
	struct daxhp_leftover entry;
	int r = dirfd < 0 ? dirfd : read_entry(dirfd, kind, &entry);

	if (r > 0) {
		r = take_back(&entry);
		if (r < 0)
			return r;
		*ret_entry = entry;
		return 1;
	}
	/* What cannot be read was never finished, and the policy not changed yet. */
	return r == -EBADMSG || r == -ENODATA ? journal_erase(kind) : r;
}

EXPORT int daxhp_repair(struct daxhp_ctx *ctx, enum daxhp_leftover_kind kind,
			struct daxhp_leftover *ret_leftover)
{
	int r = daxhp_find_leftover(ctx, kind, ret_leftover), fd;

	if (r == 0)
		return 0;
	fd = policy_lock(ctx);
	if (fd < 0)
		return fd;
	r = repair_locked(kind, ret_leftover);
	close(fd);
	return r;
}

int policy_lock(struct daxhp_ctx *ctx)
{
	int holder;

	/* Held for as long as it takes to add a device's memory: minutes, for a very big one. */
	return lock_take(ctx, POLICY_LOCK, 600 * 1000, &holder);
}
