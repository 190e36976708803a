// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Counts what the pages of a device are used for. The kernel takes 400 instructions to tell the flags of
 * one page, and most pages are free. So memory that looks used is counted first. The kernel says how many used
 * pages a zone has, and how many free pieces of the largest size, but not where they are. When all used pages are
 * found, or only so many pieces look free, the rest is free.
 */
#include <errno.h>

#include "libdaxhp-private.h"

/* A piece looks free when its last page is, and 1 << PLACES_BITS others. These looks take a twentieth of a count. */
#define PLACES_BITS 4
#define BATCH 512

/* What the kernel says of the device's memory. */
struct figures {
	bool is_known;
	uint64_t used; /* pages */
	uint64_t free; /* whole pieces */
};

/* A piece is as large as the largest piece that the kernel has free. No use but gigantic pages is larger. */
struct work {
	const struct scan *scan;
	struct room_device device;
	struct figures figures;
	uint64_t pages;	 /* in a piece */
	size_t in_block; /* pieces in a block */
	size_t n, n_look_free, n_counted;
	bool *looks_used, *is_counted; /* of each piece */
	uint64_t found;		       /* used pages */
	bool is_rest_free;	       /* what does not look used */
};

/* The only zone that the device's online memory is in, if nothing else is in it. NULL: there is none. */
static const struct memory_zone *find_own_zone(const struct memory *memory,
					       const struct room_device *device)
{
	const struct memory_zone *found = NULL;
	uint64_t bytes = 0;

	for (enum daxhp_zone zone = 0; zone < DAXHP_ZONE_MAX; zone++)
		bytes += device->bytes[zone];
	for (size_t i = 0; i < memory->n_zones && bytes > 0; i++)
		if (memory->zones[i].node == device->node && memory->zones[i].managed == bytes &&
		    device->bytes[memory->zones[i].zone] == bytes)
			found = &memory->zones[i];
	return found;
}

/* Pages that a processor has set aside are free as well. */
static struct figures figures_of(const struct work *work, const struct memory *memory)
{
	const struct memory_zone *zone = memory->error ? NULL
						       : find_own_zone(memory, &work->device);
	struct figures figures = { 0 };

	if (!zone || zone->free > zone->managed || zone->cached > zone->managed - zone->free)
		return figures;
	figures.is_known = true;
	figures.used = (zone->managed - zone->free - zone->cached) / memory->page_size;
	for (size_t order = 0; order < memory->n_orders; order++)
		if (work->pages == UINT64_C(1) << order)
			figures.free = zone->pieces[order] / memory->page_size / work->pages;
	return figures;
}

static uint64_t first_pfn(const struct work *work, size_t piece)
{
	return (work->scan->blocks[piece / work->in_block].block * work->in_block +
		piece % work->in_block) *
	       work->pages;
}

static bool is_cancelled(const struct work *work)
{
	return work->scan->request && work->scan->request->is_cancelled;
}

/* ---- which pieces look used ---- */

/*
 * First both ends, because the kernel takes single pages from there. Then the places go through the piece in
 * ever smaller steps: the half, the quarters.
 */
static uint64_t place(unsigned int k, uint64_t pages)
{
	uint64_t at = 0;

	if (k == 1)
		return pages - 1;
	for (unsigned int bit = 0; k > 1 && bit < PLACES_BITS; bit++)
		if ((k - 1) & (1u << bit))
			at += pages >> (bit + 1);
	return at;
}

static int look_at_batch(struct work *work, const size_t *pieces, size_t n, uint64_t offset)
{
	uint64_t pfns[BATCH] = { 0 }, flags[BATCH];
	int r;

	for (size_t i = 0; i < n; i++)
		pfns[i] = first_pfn(work, pieces[i]);
	r = work->scan->kernel->read_page_flags(pfns, n, offset, flags);
	for (size_t i = 0; r == 0 && i < n; i++) {
		work->looks_used[pieces[i]] = !page_is_free(flags[i]);
		work->n_look_free -= work->looks_used[pieces[i]];
	}
	return r;
}

static int look_at_place(struct work *work, uint64_t offset)
{
	size_t pieces[BATCH], n = 0;
	int r = is_cancelled(work) ? -EINTR : 0;

	for (size_t i = 0; r == 0 && i < work->n; i++) {
		if (!work->looks_used[i])
			pieces[n++] = i;
		if (n == BATCH) {
			r = look_at_batch(work, pieces, n, offset);
			n = 0;
		}
	}
	return r == 0 && n ? look_at_batch(work, pieces, n, offset) : r;
}

static int find_used(struct work *work)
{
	int r = 0;

	for (unsigned int k = 0;
	     r == 0 && k <= 1u << PLACES_BITS && work->n_look_free > work->figures.free; k++)
		r = look_at_place(work, place(k, work->pages));
	return r;
}

/* ---- counting ---- */

static bool figures_agree(const struct work *work)
{
	return work->figures.is_known &&
	       (work->n_look_free == work->figures.free || work->found == work->figures.used);
}

/*
 * While programs take and free memory, the kernel's figures and what was seen are of two moments. So the figures must
 * hold before and after. They can be a second old: for this reason pieces that look used are counted in any case.
 */
static int check_rest(struct work *work)
{
	struct memory now = { 0 };
	int r = work->scan->kernel->read_memory(&now);

	if (r == 0) {
		work->figures = figures_of(work, &now);
		work->is_rest_free = figures_agree(work);
		work->figures.is_known = work->is_rest_free;
	}
	memory_clear(&now);
	return r;
}

static uint64_t count_found(const struct page_counts *counts)
{
	return pages_used(counts) + counts->pages[DAXHP_USE_POISONED];
}

static int count_piece(struct work *work, size_t piece)
{
	const struct scan *scan = work->scan;
	struct page_counts *counts = &scan->counts[piece / work->in_block];
	uint64_t before = count_found(counts);
	int r = is_cancelled(work) ? -EINTR : 0;

	if (r == 0)
		r = scan->kernel->count_pages(first_pfn(work, piece), work->pages, counts);
	if (r < 0)
		return r;
	work->found += count_found(counts) - before;
	work->is_counted[piece] = true;
	work->n_counted++;
	if (scan->fn && work->n_counted % work->in_block == 0)
		scan->fn(work->n_counted / work->in_block, scan->n_blocks, scan->data);
	return 0;
}

static int count_used(struct work *work)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < work->n; i++)
		if (work->looks_used[i])
			r = count_piece(work, i);
	return r;
}

/* The others, as long as something is missing. */
static int count_others(struct work *work)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < work->n; i++) {
		if (work->is_counted[i])
			continue;
		if (!work->is_rest_free && figures_agree(work))
			r = check_rest(work);
		if (r < 0 || work->is_rest_free)
			break;
		r = count_piece(work, i);
	}
	return r;
}

static void count_rest(const struct work *work)
{
	for (size_t i = 0; i < work->n; i++)
		if (!work->is_counted[i])
			work->scan->counts[i / work->in_block].pages[DAXHP_USE_FREE] += work->pages;
	if (work->scan->fn && work->n_counted < work->n)
		work->scan->fn(work->scan->n_blocks, work->scan->n_blocks, work->scan->data);
}

static int count_all(struct work *work)
{
	int r = 0;

	work->figures = figures_of(work, &work->scan->obs->memory);
	if (work->figures.is_known && work->figures.used > 0)
		r = find_used(work);
	/* At once: to count what is used takes long, and a piece may be taken meanwhile. */
	if (r == 0 && figures_agree(work))
		r = check_rest(work);
	if (r == 0)
		r = count_used(work);
	if (r == 0)
		r = count_others(work);
	if (r == 0)
		count_rest(work);
	return r;
}

int scan_pages(const struct scan *scan)
{
	const struct memory *memory = &scan->obs->memory;
	uint64_t in_block = scan->obs->block_size / memory->page_size;
	struct work work = {
		.scan = scan,
		.device = room_device_of(scan->obs),
		.pages = memory->n_orders ? UINT64_C(1) << (memory->n_orders - 1) : in_block,
	};
	int r = -ENOMEM;

	if (in_block % work.pages)
		work.pages = in_block;
	work.in_block = in_block / work.pages;
	work.n = work.n_look_free = scan->n_blocks * work.in_block;
	work.looks_used = calloc(work.n + 1, sizeof(*work.looks_used));
	work.is_counted = calloc(work.n + 1, sizeof(*work.is_counted));
	if (work.looks_used && work.is_counted)
		r = count_all(&work);
	free(work.looks_used);
	free(work.is_counted);
	return r;
}
