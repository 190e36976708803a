// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the pages of a memory block are used for, from the words of /proc/kpageflags (see the kernel's
 * Documentation/admin-guide/mm/pagemap.rst). Pure.
 *
 * Linux 6.12 sets KSM on all anonymous pages, so that flag is not read.
 */
#include "model.h"

#define FLAG(bit) (UINT64_C(1) << (bit))
#define FLAG_LOCKED FLAG(0)
#define FLAG_LRU FLAG(5)
#define FLAG_SLAB FLAG(7)
#define FLAG_WRITEBACK FLAG(8)
#define FLAG_BUDDY FLAG(10)
#define FLAG_MAPPED FLAG(11)
#define FLAG_ANON FLAG(12)
#define FLAG_SWAPCACHE FLAG(13)
#define FLAG_SWAPBACKED FLAG(14)
#define FLAG_TAIL FLAG(16)
#define FLAG_HUGE FLAG(17)
#define FLAG_UNEVICTABLE FLAG(18)
#define FLAG_POISONED FLAG(19)
#define FLAG_ABSENT FLAG(20)
#define FLAG_TABLE FLAG(26)
#define FLAG_RESERVED FLAG(32)
/* Any of these: referenced, up to date, dirty. */
#define FLAGS_CACHE (FLAG(2) | FLAG(3) | FLAG(4))

/* The first that fits is the use. */
static const struct {
	uint64_t flags; /* one of them is set */
	enum daxhp_use use;
} uses[] = {
	{ FLAG_POISONED, DAXHP_USE_POISONED },
	{ FLAG_BUDDY, DAXHP_USE_FREE },
	{ FLAG_HUGE, DAXHP_USE_HUGE },
	{ FLAG_SLAB, DAXHP_USE_SLAB },
	{ FLAG_TABLE, DAXHP_USE_PAGE_TABLES },
	{ FLAG_RESERVED, DAXHP_USE_RESERVED },
	{ FLAG_ANON, DAXHP_USE_ANON },
	{ FLAG_SWAPBACKED, DAXHP_USE_SHARED },
	{ FLAG_LRU | FLAG_UNEVICTABLE | FLAG_MAPPED | FLAGS_CACHE, DAXHP_USE_FILE },
};

static enum daxhp_use use_of(uint64_t flags)
{
	for (size_t i = 0; i < ARRAY_SIZE(uses); i++)
		if (flags & uses[i].flags)
			return uses[i].use;
	return DAXHP_USE_OTHER;
}

static void note_suspect(struct page_suspect *suspect, uint64_t pfn)
{
	if (suspect->count++ == 0)
		suspect->pfn = pfn;
}

/* A page that belongs to a program, that no program has mapped, and that is not in swap: who has it? */
static bool is_orphan(uint64_t flags)
{
	return (flags & FLAG_ANON) &&
	       !(flags & (FLAG_MAPPED | FLAG_SWAPCACHE | FLAG_HUGE | FLAG_POISONED));
}

static bool is_locked(uint64_t flags)
{
	return (flags & FLAG_LOCKED) && (flags & (FLAG_LRU | FLAG_WRITEBACK | FLAGS_CACHE));
}

bool page_is_free(uint64_t flags)
{
	return flags & FLAG_BUDDY;
}

bool page_is_suspect(uint64_t flags, bool is_about_io)
{
	return is_about_io ? is_locked(flags) : is_orphan(flags);
}

void pages_count(struct page_counts *counts, uint64_t pfn, const uint64_t *flags, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bool is_tail = (flags[i] & FLAG_TAIL) && !(flags[i] & (FLAG_HUGE | FLAG_POISONED));

		if (flags[i] & FLAG_ABSENT)
			continue;
		/* Not all flags of a large page are on its tails. */
		if (!is_tail)
			counts->last = use_of(flags[i]);
		counts->pages[counts->last]++;
		if (!is_tail && is_orphan(flags[i]))
			note_suspect(&counts->orphans, pfn + i);
		if (!is_tail && is_locked(flags[i]))
			note_suspect(&counts->locked, pfn + i);
	}
}

uint64_t pages_used(const struct page_counts *counts)
{
	uint64_t n = 0;

	for (enum daxhp_use use = 0; use < DAXHP_USE_MAX; use++)
		if (use != DAXHP_USE_FREE && use != DAXHP_USE_POISONED && use != DAXHP_USE_OTHER)
			n += counts->pages[use];
	return n;
}

EXPORT const char *daxhp_use_name(enum daxhp_use use)
{
	static const char *const use_names[] = {
		[DAXHP_USE_FREE] = "free",
		[DAXHP_USE_ANON] = "anon",
		[DAXHP_USE_SHARED] = "shared",
		[DAXHP_USE_FILE] = "file",
		[DAXHP_USE_HUGE] = "huge",
		[DAXHP_USE_SLAB] = "slab",
		[DAXHP_USE_PAGE_TABLES] = "page_tables",
		[DAXHP_USE_RESERVED] = "reserved",
		[DAXHP_USE_POISONED] = "poisoned",
		[DAXHP_USE_OTHER] = "other",
	};

	return (size_t)use < ARRAY_SIZE(use_names) ? use_names[use] : NULL;
}
