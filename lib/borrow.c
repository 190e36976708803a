// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Two words are the machine's, and changed for a moment: its policy around a bind, and the dax
 * bus's autoprobe while a module is loaded. How they were is written down before, and they are
 * given back after. Whoever writes another word there meanwhile, or since a process was killed,
 * means it: that word is kept.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "libdaxhp-private.h"

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

/* ---- what is written down: "found set pid" ---- */

static void print_entry(char *ret_words, const struct daxhp_leftover *entry)
{
	snprintf(ret_words, JOURNAL_LINE_MAX, "%s %s %d", entry->before, entry->left, entry->pid);
}

int borrow_note(enum daxhp_leftover_kind kind, const char *found, const char *set)
{
	struct daxhp_leftover entry = { .pid = getpid() };
	char words[JOURNAL_LINE_MAX];

	snprintf(entry.before, sizeof(entry.before), "%s", found);
	snprintf(entry.left, sizeof(entry.left), "%s", set);
	print_entry(words, &entry);
	return journal_put(kinds[kind].name, words);
}

int borrow_parse(const char *words, enum daxhp_leftover_kind kind, struct daxhp_leftover *ret_entry)
{
	struct daxhp_leftover entry = { .kind = kind };
	char again[JOURNAL_LINE_MAX];

	if (sscanf(words, "%63s %63s %d", entry.before, entry.left, &entry.pid) != 3)
		return -EBADMSG;
	/* What would be written otherwise was not written here. */
	print_entry(again, &entry);
	if (strcmp(again, words) != 0)
		return -EBADMSG;
	*ret_entry = entry;
	return 0;
}

/* 1: there is an entry, 0: there is none. */
static int read_entry(enum daxhp_leftover_kind kind, struct daxhp_leftover *ret_entry)
{
	char words[JOURNAL_LINE_MAX];
	int r = journal_get(kinds[kind].name, words, sizeof(words));

	if (r <= 0)
		return r;
	r = borrow_parse(words, kind, ret_entry);
	return r < 0 ? r : 1;
}

EXPORT int daxhp_find_leftover(struct daxhp_ctx *ctx __attribute__((unused)),
			       enum daxhp_leftover_kind kind, struct daxhp_leftover *ret_leftover)
{
	return lock_is_held(POLICY_LOCK) ? 0 : read_entry(kind, ret_leftover);
}

/* ---- giving it back ---- */

/* 1: given back, 0: it is somebody else's by now, see @ret_now. */
static int give_back(enum daxhp_leftover_kind kind, const char *found, const char *set,
		     char *ret_now)
{
	int r = kinds[kind].read(ret_now, WORD_MAX), r2;
	bool is_ours = r == 0 && strcmp(ret_now, set) == 0;

	if (is_ours)
		r = kinds[kind].write(found);
	if (r < 0)
		return r;
	r2 = journal_drop(kinds[kind].name);
	return r2 < 0 ? r2 : is_ours;
}

int borrow_return(struct daxhp_ctx *ctx, enum daxhp_leftover_kind kind, const char *found,
		  const char *set)
{
	struct daxhp_leftover *kept = &ctx->kept[kind];
	char now[WORD_MAX];
	int r = give_back(kind, found, set, now);

	if (r < 0)
		return r;
	if (r == 0 && strcmp(now, found) != 0) {
		*kept = (struct daxhp_leftover){ .kind = kind };
		strcpy(kept->before, found);
		strcpy(kept->left, now);
		ctx->has_kept[kind] = true;
	}
	return 0;
}

/* Under the lock for the policy. 1: restored, 0: there was nothing to restore. */
static int repair_locked(struct daxhp_ctx *ctx, enum daxhp_leftover_kind kind,
			 struct daxhp_leftover *ret_entry)
{
	char now[WORD_MAX];
	int r = read_entry(kind, ret_entry);

	if (r > 0)
		return give_back(kind, ret_entry->before, ret_entry->left, now);
	if (!journal_is_void(r))
		return r;
	log_debug(ctx, "%s: the note of it is struck out: %s", kinds[kind].file, strerror(-r));
	return journal_drop(kinds[kind].name);
}

EXPORT int daxhp_repair(struct daxhp_ctx *ctx, enum daxhp_leftover_kind kind,
			struct daxhp_leftover *ret_leftover)
{
	int r = daxhp_find_leftover(ctx, kind, ret_leftover);
	struct lock lock;

	if (r == 0)
		return 0;
	r = lock_take_policy(ctx, &lock);
	if (r < 0)
		return r;
	r = repair_locked(ctx, kind, ret_leftover);
	lock_drop(&lock);
	return r;
}

static int take(struct daxhp_leftover *of, bool *has, enum daxhp_leftover_kind kind,
		struct daxhp_leftover *ret_leftover)
{
	if ((size_t)kind >= DAXHP_LEFTOVER_MAX || !has[kind])
		return 0;
	*ret_leftover = of[kind];
	has[kind] = false;
	return 1;
}

EXPORT int daxhp_take_restored(struct daxhp_ctx *ctx, enum daxhp_leftover_kind kind,
			       struct daxhp_leftover *ret_leftover)
{
	return take(ctx->restored, ctx->has_restored, kind, ret_leftover);
}

EXPORT int daxhp_take_kept(struct daxhp_ctx *ctx, enum daxhp_leftover_kind kind,
			   struct daxhp_leftover *ret_leftover)
{
	return take(ctx->kept, ctx->has_kept, kind, ret_leftover);
}

/* The one that was waited for may have been killed: its word is not the machine's. */
int policy_lock(struct daxhp_ctx *ctx, struct lock *lock)
{
	int r = lock_take_policy(ctx, lock);

	for (enum daxhp_leftover_kind kind = 0; r >= 0 && kind < DAXHP_LEFTOVER_MAX; kind++) {
		r = repair_locked(ctx, kind, &ctx->restored[kind]);
		ctx->has_restored[kind] |= r > 0;
	}
	if (r < 0)
		lock_drop(lock);
	return r < 0 ? r : 0;
}
