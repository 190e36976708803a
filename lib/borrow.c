// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * daxhp changes three words of the machine for a moment: the policy around a bind, the dax bus's
 * autoprobe while a module is loaded, and whether the kernel logs why memory does not go offline. Before the change daxhp writes the old word into the journal,
 * and after it daxhp writes the old word back. If another program has written another word
 * meanwhile, that word is kept.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "libdaxhp-private.h"

#define POLICY_WAIT_SECONDS 600

static const struct {
	const char *file, *name, *lock;
} kinds[MACHINE_WORDS] = {
	[DAXHP_RECOVERED_POLICY] = { "auto_online_blocks", "policy", POLICY_LOCK },
	[DAXHP_RECOVERED_AUTOPROBE] = { "drivers_autoprobe", "autoprobe", POLICY_LOCK },
	/* While an offline lasts, others may bind devices. So it has a lock of its own. */
	[DAXHP_RECOVERED_DEBUG] = { "dynamic_debug/control", "debug", DEBUG_LOCK },
};

bool borrow_is_word(enum daxhp_recovered_kind kind)
{
	return kind < MACHINE_WORDS && kinds[kind].name;
}

static void set_name(struct daxhp_recovered *entry, enum daxhp_recovered_kind kind)
{
	entry->kind = kind;
	strcpy(entry->name, kinds[kind].file);
}

/* ---- what is written down: "found set pid" ---- */

static void print_entry(char *ret_words, const struct daxhp_recovered *entry)
{
	snprintf(ret_words, JOURNAL_LINE_MAX, "%s %s %d", entry->before, entry->found, entry->pid);
}

int borrow_put(const struct kernel *kernel, enum daxhp_recovered_kind kind, const char *found,
	       const char *set)
{
	struct daxhp_recovered entry = { .pid = getpid() };
	char words[JOURNAL_LINE_MAX];

	snprintf(entry.before, sizeof(entry.before), "%s", found);
	snprintf(entry.found, sizeof(entry.found), "%s", set);
	print_entry(words, &entry);
	return kernel->journal_put(kinds[kind].name, words);
}

int borrow_parse(const char *words, enum daxhp_recovered_kind kind,
		 struct daxhp_recovered *ret_entry)
{
	struct daxhp_recovered entry = { 0 };
	char again[JOURNAL_LINE_MAX];

	if (sscanf(words, "%63s %63s %d", entry.before, entry.found, &entry.pid) != 3)
		return -EBADMSG;
	/* An entry that daxhp would write in another way is not daxhp's. */
	print_entry(again, &entry);
	if (strcmp(again, words) != 0)
		return -EBADMSG;
	set_name(&entry, kind);
	*ret_entry = entry;
	return 0;
}

/* 1: there is an entry, 0: there is none. */
static int read_entry(const struct kernel *kernel, enum daxhp_recovered_kind kind,
		      struct daxhp_recovered *ret_entry)
{
	char words[JOURNAL_LINE_MAX];
	int r = kernel->journal_get(kinds[kind].name, words, sizeof(words));

	if (r <= 0)
		return r;
	r = borrow_parse(words, kind, ret_entry);
	return r < 0 ? r : 1;
}

/* While a process holds the lock it is at work, and the entry is its own. */
int borrow_find(const struct kernel *kernel, enum daxhp_recovered_kind kind,
		struct daxhp_recovered *ret_found)
{
	set_name(ret_found, kind);
	return kernel->lock_is_held(kinds[kind].lock) ? 0 : read_entry(kernel, kind, ret_found);
}

/* ---- giving it back ---- */

/* 1: written back; 0: another program has written the word @ret_now. */
static int give_back(const struct kernel *kernel, enum daxhp_recovered_kind kind, const char *found,
		     const char *set, char *ret_now)
{
	int r = kernel->read_word(kind, ret_now, WORD_MAX), r2;
	bool is_ours = r == 0 && strcmp(ret_now, set) == 0;

	if (is_ours)
		r = kernel->write_word(kind, found);
	if (r < 0)
		return r;
	r2 = kernel->journal_drop(kinds[kind].name);
	return r2 < 0 ? r2 : is_ours;
}

int borrow_return(struct daxhp_session *session, enum daxhp_recovered_kind kind, const char *found,
		  const char *set)
{
	struct daxhp_recovered kept = { .outcome = DAXHP_RECOVERED_KEPT };
	int r = give_back(session->ctx->kernel, kind, found, set, kept.found);

	if (r < 0)
		return r;
	if (r == 0 && strcmp(kept.found, found) != 0) {
		set_name(&kept, kind);
		strcpy(kept.before, found);
		recovery_add(&session->recovery, &kept);
	}
	return 0;
}

int borrow_recover(struct daxhp_session *session, enum daxhp_recovered_kind kind)
{
	const struct kernel *kernel = session->ctx->kernel;
	struct daxhp_recovered entry;
	char now[WORD_MAX];
	int r = read_entry(kernel, kind, &entry);

	if (r > 0) {
		r = give_back(kernel, kind, entry.before, entry.found, now);
		entry.outcome = DAXHP_RECOVERED_RESTORED;
		if (r > 0)
			recovery_add(&session->recovery, &entry);
		return r;
	}
	if (!journal_is_void(r))
		return r;
	log_debug(session->ctx, "%s: its entry in the journal is dropped: %s", kinds[kind].file,
		  strerror(-r));
	return kernel->journal_drop(kinds[kind].name);
}

/* Another process holds it while it adds a device's memory: minutes, for a very big device. */
int word_lock(struct daxhp_session *session, enum daxhp_recovered_kind kind, struct lock *lock)
{
	bool is_policy = strcmp(kinds[kind].lock, POLICY_LOCK) == 0;
	int holder;

	return session->ctx->kernel->lock_take(session, kinds[kind].lock,
					       is_policy ? POLICY_WAIT_SECONDS : 0, lock, &holder);
}

/* The process that held the lock may have been killed. Then its word is still there. */
int policy_lock(struct daxhp_session *session, struct lock *lock)
{
	int r = word_lock(session, DAXHP_RECOVERED_POLICY, lock);

	for (enum daxhp_recovered_kind kind = 0; r >= 0 && kind < MACHINE_WORDS; kind++)
		if (borrow_is_word(kind) && strcmp(kinds[kind].lock, POLICY_LOCK) == 0)
			r = borrow_recover(session, kind);
	if (r < 0)
		session->ctx->kernel->lock_drop(lock);
	return r < 0 ? r : 0;
}
