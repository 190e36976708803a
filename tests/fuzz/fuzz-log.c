// SPDX-License-Identifier: LGPL-2.1-or-later
/* The reader of the kernel's log. Each line of the input is a line of the log; and the whole of it is a record. */
#include "fuzz.h"
#include "kernel/internal.h"
#include "libdaxhp-private.h"

static void check_page(const struct page_clue *page)
{
	must(memchr(page->file, '\0', sizeof(page->file)));
	must(memchr(page->filesystem, '\0', sizeof(page->filesystem)));
	must(page->order < 64);
}

static void check_obstacle(const struct clues *clues)
{
	struct memblock blocks[] = { { .id = 0, .state = MEMBLOCK_ONLINE }, { .id = 1 } };
	struct daxhp_observation obs = { .blocks = blocks, .n_blocks = 2, .block_size = 1 << 27 };
	struct offline_attempt attempt = { .obs = &obs, .block = -1, .clues = clues };
	struct daxhp_obstacle o;
	char text[512];

	obstacle_find(&attempt, &o);
	must(o.block < 2);
	must(o.kind == DAXHP_OBSTACLE_NONE || daxhp_obstacle_kind_name(o.kind));
	must(daxhp_obstacle_describe(&o, text, sizeof(text)) < sizeof(text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct repeats repeats = { .patience = 1e9 };
	struct clues clues = { .repeats = &repeats };
	char *text = text_of(data, size), *record = text_of(data, size), *at = text, *line;
	const char *found = clues_record_text(record);

	must(!found || !strchr(found, '\n'));
	while ((line = strsep(&at, "\n")))
		clues_take(&clues, line);
	must(clues.n_pages <= CLUES_MAX && repeats.n <= REPEATS_MAX);
	for (size_t i = 0; i < clues.n_pages; i++)
		check_page(&clues.pages[i]);
	check_obstacle(&clues);
	free(record);
	free(text);
	return 0;
}
