// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Where is the memory map of memory that is added? The kernel keeps it in that memory itself if the
 * device asks for it, the machine allows it, and a block's map fills whole pages of the page tables
 * (mm/memory_hotplug.c, mhp_supports_memmap_on_memory()). Linux 6.12 and 7.3 have the same condition.
 * In Linux 6.1, no dax device can ask for it.
 */
#include <string.h>

#include "model.h"

/* sizeof(struct page) on 64-bit kernels as distributions build them. */
#define MAP_PER_PAGE 64
/*
 * What a block costs beside its map: the objects in /sys and the page tables. Measured: 2 to 7 KiB
 * on Linux 6.12 and 7.3.
 */
#define MEMORY_PER_BLOCK (8 * 1024)

uint64_t memmap_size(uint64_t bytes, uint64_t page_size)
{
	return bytes / page_size * MAP_PER_PAGE;
}

bool memmap_is_on_memory(bool wanted, const char *allowed, uint64_t block_size, uint64_t page_size)
{
	bool is_forced = strcmp(allowed, "force") == 0;
	uint64_t map = memmap_size(block_size, page_size);
	/* Of a page table's lowest level. The kernel's page blocks have the same size. */
	uint64_t table = page_size * page_size / sizeof(uint64_t);

	if (!wanted || (!is_forced && strcmp(allowed, "Y") != 0))
		return false;
	return map > 0 && map < block_size && map % table == 0;
}

uint64_t memmap_room_needed(const struct daxhp_observation *obs, uint64_t page_size)
{
	uint64_t map = memmap_size(obs->n_blocks * obs->block_size, page_size);

	return (obs->memmap_on_memory == 1 ? 0 : map) + obs->n_blocks * MEMORY_PER_BLOCK;
}
