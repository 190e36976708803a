// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the kernel logs while memory goes offline. Pure: lines in, clues out.
 *
 * A page that does not move gets some lines of its own. They begin with its reference count and end with
 * the reason of the dump:
 *   migrating pfn 10000f failed ret:16
 *   page: refcount:3 mapcount:0 mapping:0000000006d889e8 index:0xf pfn:0x10000f
 *   aops:ext4_da_aops [ext4] ino:d dentry name(?):"movie.mkv"
 *   flags: 0x5fffffc0000a0c(referenced|dirty|workingset|node=1|zone=3)
 *   page dumped because: migration failure
 * Linux 6.1 writes "page:ADDRESS refcount:3", and no page_type but in the mapcount. At the end comes,
 * if it was asked for,
 *   memory offlining [mem 0x100000000-0x107ffffff] failed due to signal backoff
 *
 * The lines of two processors can be mixed, and the kernel leaves out most pages. So what is not here
 * proves nothing. Names of files are what somebody chose: they come with \xNN for odd characters.
 */
#include <inttypes.h>
#include <stdint.h>
#include <string.h>

#include "model.h"

/* The value after "WORD:" in the line, in that base. */
static bool find_number(const char *line, const char *word, int base, int64_t *ret_value)
{
	const char *at = strstr(line, word);
	char *end;
	long long value;

	if (!at)
		return false;
	at += strlen(word);
	value = strtoll(at, &end, base);
	if (end == at)
		return false;
	*ret_value = value;
	return true;
}

/* The kernel's counts of references are ints. */
static bool find_count(const char *line, const char *word, int64_t *ret_value)
{
	int64_t value;

	if (!find_number(line, word, 10, &value) || value < INT32_MIN || value > INT32_MAX)
		return false;
	*ret_value = value;
	return true;
}

/* A line begins a dump when it has a reference count and the page's number. */
static bool begin_page(struct clues *clues, const char *line)
{
	struct page_clue page = { .ret = clues->next_ret };
	int64_t mapcount = 0, pfn;

	if (strncmp(line, "page:", 5) != 0 || !find_count(line, "refcount:", &page.refcount) ||
	    !find_number(line, "pfn:0x", 16, &pfn))
		return false;
	find_count(line, "mapcount:", &mapcount);
	page.pfn = pfn;
	page.has_file = !strstr(line, "mapping:0000000000000000");
	/* Linux 6.1 has the type of a page in place of the mapcount, as a number below -1. */
	page.is_table = mapcount == -512;
	page.mapcount = mapcount < 0 ? 0 : mapcount;
	clues->page = page;
	clues->is_inside = true;
	return true;
}

/* The flags' words are in brackets: "(lru|dirty|node=1)". */
static bool has_flag(const char *line, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = strchr(line, '('); at; at = strpbrk(at + 1, "|)"))
		if (strncmp(at + 1, word, len) == 0 && strchr("|)", at[1 + len]))
			return true;
	return false;
}

static void copy(char *to, size_t size, const char *from, size_t len)
{
	if (len >= size)
		len = size - 1;
	memcpy(to, from, len);
	to[len] = '\0';
}

/* The file system is the first word of "ext4_da_aops". The name may have quotation marks in it. */
static void take_file(struct page_clue *page, const char *line)
{
	const char *aops = line + strlen("aops:");
	const char *name = strchr(line, '"'), *end = strrchr(line, '"');

	copy(page->filesystem, sizeof(page->filesystem), aops, strcspn(aops, "_ "));
	if (name && end > name)
		copy(page->file, sizeof(page->file), name + 1, end - name - 1);
}

static void take_detail(struct page_clue *page, const char *line)
{
	int64_t value;

	if (strncmp(line, "aops:", 5) == 0) {
		take_file(page, line);
	} else if (strncmp(line, "head:", 5) == 0) {
		/* Of a large page: what counts is its head's. */
		if (find_number(line, "order:", 10, &value) && value >= 0 && value < 64)
			page->order = value;
		if (find_count(line, " pincount:", &value) && value > 0)
			page->pincount = value;
		page->is_huge |= strstr(line, "hugetlb") != NULL;
	} else if (strncmp(line, "page_type:", 10) == 0) {
		page->is_slab |= strstr(line, "(slab)") != NULL;
		page->is_table |= strstr(line, "(table)") != NULL;
		page->is_huge |= strstr(line, "(hugetlb)") != NULL;
	} else if (strstr(line, "flags: 0x")) {
		page->is_anon = strncmp(line, "anon ", 5) == 0;
		page->has_private = has_flag(line, "private");
		page->is_reserved = has_flag(line, "reserved");
		/* Before 6.12 a slab is a flag. Since then "slab" has no bit of its own here. */
		page->is_slab |= has_flag(line, "slab");
		page->is_swapcache = has_flag(line, "swapcache");
	}
}

static bool is_better(const struct page_clue *a, const struct page_clue *b)
{
	return a->is_unmovable && !b->is_unmovable;
}

/* The first ones, and the reason why a range cannot be isolated in any case. */
static void keep_page(struct clues *clues)
{
	struct page_clue *page = &clues->page;

	for (size_t i = 0; i < clues->n_pages; i++) {
		if (clues->pages[i].pfn != page->pfn)
			continue;
		clues->pages[i] = *page;
		return;
	}
	if (clues->n_pages < CLUES_MAX)
		clues->pages[clues->n_pages++] = *page;
	else if (is_better(page, &clues->pages[CLUES_MAX - 1]))
		clues->pages[CLUES_MAX - 1] = *page;
}

static void end_page(struct clues *clues, const char *why)
{
	clues->is_inside = false;
	clues->next_ret = 0;
	if (strncmp(why, "unmovable page", 14) == 0)
		clues->page.is_unmovable = true;
	else if (strncmp(why, "migration failure", 17) != 0)
		return;
	keep_page(clues);
}

static enum offline_reason reason_of(const char *text)
{
	static const struct {
		const char *text;
		enum offline_reason reason;
	} reasons[] = {
		{ "failure to isolate range", OFFLINE_NOT_ISOLATED },
		{ "failure to dissolve huge pages", OFFLINE_HUGE_PAGES },
		{ "notifier failure", OFFLINE_NOTIFIER },
		{ "signal backoff", OFFLINE_SIGNAL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
		if (strncmp(text, reasons[i].text, strlen(reasons[i].text)) == 0)
			return reasons[i].reason;
	return OFFLINE_OTHER;
}

static bool take_offlining(struct clues *clues, const char *line)
{
	uint64_t start, end;
	int n = 0;

	if (sscanf(line, "memory offlining [mem 0x%" SCNx64 "-0x%" SCNx64 "] failed due to %n",
		   &start, &end, &n) != 2 ||
	    n == 0)
		return false;
	clues->start = start;
	clues->reason = reason_of(line + n);
	return true;
}

/*
 * The kernel begins each round with the same page, so the first pages come again and again. Where there is no
 * more room, the page that was not seen for the longest time is forgotten: it has moved.
 */
static void repeats_take(struct repeats *repeats, uint64_t pfn)
{
	size_t i = 0, oldest = 0;

	while (i < repeats->n && repeats->seen[i].pfn != pfn) {
		if (repeats->seen[i].last < repeats->seen[oldest].last)
			oldest = i;
		i++;
	}
	if (i == REPEATS_MAX)
		i = oldest;
	else if (i == repeats->n)
		repeats->n++;
	if (repeats->seen[i].pfn != pfn || repeats->seen[i].last == 0)
		repeats->seen[i].since = repeats->now;
	repeats->seen[i].pfn = pfn;
	repeats->seen[i].last = repeats->now;
	if (repeats->now - repeats->seen[i].since >= repeats->patience)
		repeats->is_over = true;
}

void clues_take(struct clues *clues, const char *line)
{
	uint64_t pfn;
	int ret;

	if (sscanf(line, "migrating pfn %" SCNx64 " failed ret:%d", &pfn, &ret) == 2) {
		clues->next_ret = ret;
		if (clues->repeats)
			repeats_take(clues->repeats, pfn);
	} else if (begin_page(clues, line) || take_offlining(clues, line)) {
		return;
	} else if (strncmp(line, "page dumped because: ", 21) == 0) {
		if (clues->is_inside)
			end_page(clues, line + 21);
	} else if (clues->is_inside) {
		take_detail(&clues->page, line);
	}
}

/*
 * "PRIORITY,SEQUENCE,MICROSECONDS,FLAGS;TEXT", and then lines that begin with a blank.
 */
const char *clues_record_text(char *record)
{
	char *text = strchr(record, ';');

	if (!text)
		return NULL;
	text[1 + strcspn(text + 1, "\n")] = '\0';
	return text + 1;
}
