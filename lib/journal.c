// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a process that is killed would leave behind is written down in /run/daxhp/ before the
 * change, and struck out after: the machine's policy, changed around a bind; the dax bus's
 * autoprobe, switched off while a module is loaded; and a device that is being reconfigured, of
 * which leftover.c knows more. Each is written under a lock that goes with the process, so an
 * entry that is there while the lock is free is a dead process's.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "libdaxhp-private.h"

#define POLICY_LOCK "policy"

static const struct {
	const char *file, *name;
	int (*read)(char *ret_word, size_t size);
	int (*write)(const char *word);
} kinds[] = {
	[DAXHP_LEFTOVER_POLICY] = { "auto_online_blocks", "policy", policy_read, policy_write },
	[DAXHP_LEFTOVER_AUTOPROBE] = { "drivers_autoprobe", "autoprobe", autoprobe_read,
				       autoprobe_write },
};

EXPORT const char *daxhp_leftover_name(enum daxhp_leftover_kind kind)
{
	return (size_t)kind < ARRAY_SIZE(kinds) ? kinds[kind].file : NULL;
}

/* ---- entries: one line each ---- */

static void entry_file(char *ret_file, const char *name, const char *ending)
{
	snprintf(ret_file, WORD_MAX, "%.32s" JOURNAL_ENDING "%s", name, ending);
}

static int write_line(int dirfd, const char *file, const char *line)
{
	_cleanup_close_ int fd =
		openat(dirfd, file, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = write(fd, line, strlen(line));
	if (n != (ssize_t)strlen(line))
		return n < 0 ? -errno : -EIO;
	return fsync(fd) < 0 ? -errno : 0;
}

int journal_put(const char *name, const char *line)
{
	_cleanup_close_ int dirfd = run_dir_open(true);
	char file[WORD_MAX], file_new[WORD_MAX];
	int r;

	if (dirfd < 0)
		return dirfd;
	entry_file(file, name, "");
	entry_file(file_new, name, ".new");
	r = write_line(dirfd, file_new, line);
	/* Whole or not at all: the name is given once the contents are there. */
	if (r == 0 && renameat(dirfd, file_new, dirfd, file) < 0)
		r = -errno;
	if (r == 0 && fsync(dirfd) < 0)
		r = -errno;
	return r;
}

int journal_get(const char *name, char *ret_line, size_t size)
{
	_cleanup_close_ int dirfd = run_dir_open(false);
	char file[WORD_MAX];
	int r;

	if (dirfd < 0)
		return dirfd == -ENOENT ? 0 : dirfd;
	entry_file(file, name, "");
	r = sysfs_read_word(dirfd, file, ret_line, size);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	return 1;
}

int journal_drop(const char *name)
{
	_cleanup_close_ int dirfd = run_dir_open(false);
	char file[WORD_MAX];

	if (dirfd < 0)
		return dirfd;
	entry_file(file, name, "");
	return unlinkat(dirfd, file, 0) < 0 && errno != ENOENT ? -errno : 0;
}

/* ---- the machine's words ---- */

int journal_write(enum daxhp_leftover_kind kind, const char *found, const char *set)
{
	char line[JOURNAL_LINE_MAX];

	snprintf(line, sizeof(line), "%s %s %d\n", found, set, (int)getpid());
	return journal_put(kinds[kind].name, line);
}

int journal_erase(enum daxhp_leftover_kind kind)
{
	return journal_drop(kinds[kind].name);
}

/* "found set pid", each of them bounded. 1: there is an entry, 0: there is none. */
static int read_entry(enum daxhp_leftover_kind kind, struct daxhp_leftover *ret_entry)
{
	struct daxhp_leftover entry = { .kind = kind };
	char line[JOURNAL_LINE_MAX];
	int r = journal_get(kinds[kind].name, line, sizeof(line));

	if (r <= 0)
		return r;
	if (sscanf(line, "%63s %63s %d", entry.before, entry.left, &entry.pid) != 3)
		return -EBADMSG;
	*ret_entry = entry;
	return 1;
}

EXPORT int daxhp_find_leftover(struct daxhp_ctx *ctx __attribute__((unused)),
			       enum daxhp_leftover_kind kind, struct daxhp_leftover *ret_leftover)
{
	return lock_is_held(POLICY_LOCK) ? 0 : read_entry(kind, ret_leftover);
}

/* Whoever changed the policy since then meant it: only what the dead process set is taken back. */
static int take_back(const struct daxhp_leftover *entry)
{
	char now[WORD_MAX];
	int r = kinds[entry->kind].read(now, sizeof(now)), r2;
	bool is_left = r == 0 && strcmp(now, entry->left) == 0;

	if (is_left)
		r = kinds[entry->kind].write(entry->before);
	if (r < 0)
		return r;
	r2 = journal_erase(entry->kind);
	return r2 < 0 ? r2 : is_left;
}

/* Under the lock for the policy. 1: restored, 0: there was nothing to restore. */
static int repair_locked(enum daxhp_leftover_kind kind, struct daxhp_leftover *ret_entry)
{
	int r = read_entry(kind, ret_entry);

	if (r > 0)
		return take_back(ret_entry);
	/* What cannot be read was never finished, and the policy not changed yet. */
	return r == -EBADMSG || r == -ENODATA || r == -EFBIG ? journal_erase(kind) : r;
}

static int lock_policy(struct daxhp_ctx *ctx)
{
	int holder;

	/* Held for as long as it takes to add a device's memory: minutes, for a very big one. */
	return lock_take(ctx, POLICY_LOCK, 600 * 1000, &holder);
}

EXPORT int daxhp_repair(struct daxhp_ctx *ctx, enum daxhp_leftover_kind kind,
			struct daxhp_leftover *ret_leftover)
{
	int r = daxhp_find_leftover(ctx, kind, ret_leftover), fd;

	if (r == 0)
		return 0;
	fd = lock_policy(ctx);
	if (fd < 0)
		return fd;
	r = repair_locked(kind, ret_leftover);
	close(fd);
	return r;
}

EXPORT int daxhp_take_restored(struct daxhp_ctx *ctx, enum daxhp_leftover_kind kind,
			       struct daxhp_leftover *ret_leftover)
{
	if ((size_t)kind >= ARRAY_SIZE(ctx->restored) || !ctx->has_restored[kind])
		return 0;
	*ret_leftover = ctx->restored[kind];
	ctx->has_restored[kind] = false;
	return 1;
}

/* The one that was waited for may have been killed: its word is not the machine's. */
int policy_lock(struct daxhp_ctx *ctx)
{
	int fd = lock_policy(ctx);

	for (enum daxhp_leftover_kind kind = 0; fd >= 0 && kind < DAXHP_LEFTOVER_MAX; kind++) {
		int r = repair_locked(kind, &ctx->restored[kind]);

		ctx->has_restored[kind] |= r > 0;
		if (r >= 0)
			continue;
		close(fd);
		fd = r;
	}
	return fd;
}
