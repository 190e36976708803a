// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Finds memory that is free as a whole, without a look at each page: to ask the kernel for the flags of a
 * page takes it 400 instructions. The kernel says how many free pieces of the largest order a zone has, but
 * not where they are. In such a piece every page is free. So those that could be one are looked at in
 * more and more places, until only as many are left as the kernel has.
 */
#include <errno.h>

#include "libdaxhp-private.h"

/* In so many places at most. After that, the look at all pages would be no dearer. */
#define PLACES_BITS 5
/* So many pages at a time. */
#define BATCH 512

/* The places go through the piece in ever smaller steps: the start, the half, the quarters. */
static uint64_t place(unsigned int k, uint64_t pages)
{
	uint64_t at = 0;

	for (unsigned int bit = 0; bit < PLACES_BITS; bit++)
		if (k & (1u << bit))
			at += pages >> (bit + 1);
	return at;
}

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

static int list_all(const struct daxhp_observation *obs, struct free_pieces *pieces)
{
	uint64_t in_block = obs->block_size / obs->memory.page_size / pieces->pages;

	pieces->pfns = calloc(obs->n_online * in_block + 1, sizeof(*pieces->pfns));
	if (!pieces->pfns)
		return -ENOMEM;
	for (size_t i = 0; i < obs->n_blocks; i++)
		for (uint64_t k = 0; k < in_block && obs->blocks[i].state == MEMBLOCK_ONLINE; k++)
			pieces->pfns[pieces->n++] = (obs->blocks[i].id * in_block + k) *
						    pieces->pages;
	return 0;
}

/* Drop those of which the page at the place is not free. */
static int drop_used(const struct kernel *kernel, uint64_t at, struct free_pieces *pieces)
{
	uint64_t flags[BATCH];
	size_t n_kept = 0;

	for (size_t done = 0; done < pieces->n; done += BATCH) {
		size_t n = pieces->n - done < BATCH ? pieces->n - done : BATCH;
		int r = kernel->read_page_flags(&pieces->pfns[done], n, at, flags);

		if (r < 0)
			return r;
		for (size_t i = 0; i < n; i++)
			if (page_is_free(flags[i]))
				pieces->pfns[n_kept++] = pieces->pfns[done + i];
	}
	pieces->n = n_kept;
	return 0;
}

static uint64_t count_free(const struct memory *memory, const struct room_device *device)
{
	const struct memory_zone *zone = memory->error == 0 && memory->n_orders
						 ? find_own_zone(memory, device)
						 : NULL;

	return zone ? zone->pieces[memory->n_orders - 1] : 0;
}

/* While programs took and freed memory, the number says nothing. */
static int check_again(const struct kernel *kernel, const struct room_device *device,
		       uint64_t free_bytes)
{
	struct memory now = { 0 };
	int r = kernel->read_memory(&now);

	if (r == 0)
		r = count_free(&now, device) == free_bytes;
	memory_clear(&now);
	return r;
}

int free_pieces_find(const struct kernel *kernel, const struct daxhp_request *request,
		     const struct daxhp_observation *obs, struct free_pieces *pieces)
{
	const struct room_device device = room_device_of(obs);
	uint64_t free_bytes = count_free(&obs->memory, &device), n_free;
	int r;

	if (free_bytes == 0)
		return 0;
	pieces->pages = UINT64_C(1) << (obs->memory.n_orders - 1);
	n_free = free_bytes / obs->memory.page_size / pieces->pages;
	if (obs->block_size % (pieces->pages * obs->memory.page_size))
		return 0;
	r = list_all(obs, pieces);
	for (unsigned int k = 0; r == 0 && k < 1u << PLACES_BITS && pieces->n > n_free; k++) {
		r = drop_used(kernel, place(k, pieces->pages), pieces);
		if (r == 0 && request && request->is_cancelled)
			r = -EINTR;
	}
	if (r == 0)
		r = pieces->n == n_free ? check_again(kernel, &device, free_bytes) : 0;
	if (r <= 0)
		pieces->n = 0;
	return r == -ENOMEM || r == -EINTR ? r : 0;
}
