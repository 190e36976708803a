// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The counter of the kernel's events of memory blocks. Each line of the input is one event: name
 * and action, with a blank between. The first byte selects the blocks to count.
 */
#include <inttypes.h>

#include "fuzz.h"
#include "kernel/internal.h"
#include "libdaxhp-private.h"

static const struct memblock blocks[] = {
	{ .id = 0 }, { .id = 7 }, { .id = 32 }, { .id = 33 }, { .id = (UINT64_C(1) << 56) - 1 },
};

static const struct daxhp_step steps[] = {
	{ .type = DAXHP_STEP_WRITE_ATTRIBUTE, .word = DAXHP_ONLINE_MOVABLE },
	{ .type = DAXHP_STEP_WRITE_ATTRIBUTE, .word = DAXHP_UNPLUGGED },
	{ .type = DAXHP_STEP_BIND, .word = DAXHP_OFFLINE },
	{ .type = DAXHP_STEP_BIND, .word = DAXHP_ONLINE },
};

static const char *const wanted[] = { "online", "offline", "add", "online" };

/* Another way to count, to compare: by names, one event after the other. */
static size_t find(const char *name)
{
	char text[32];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(blocks); i++) {
		snprintf(text, sizeof(text), "memory%" PRIu64, (uint64_t)blocks[i].id);
		if (strcmp(text, name) == 0)
			break;
	}
	return i;
}

static void check_event(struct tally *t, const char *name, const char *action,
			const char *wanted_action)
{
	size_t at = find(name), before = t->done, count = 0;
	bool is_action = strcmp(action, "online") == 0 || strcmp(action, "offline") == 0 ||
			 strcmp(action, "add") == 0;
	bool is_wanted = strcmp(action, wanted_action) == 0;
	bool was = at < ARRAY_SIZE(blocks) && t->is_done[at];
	bool is_new = at < ARRAY_SIZE(blocks) && is_action && was != is_wanted;

	must(tally_take(t, name, action) == is_new);
	must(t->done == before + (is_new ? (is_wanted ? 1 : -1) : 0));
	for (size_t i = 0; i < ARRAY_SIZE(blocks); i++) {
		count += t->is_done[i];
		must(t->was_done[i] || !t->is_done[i]);
	}
	must(count == t->done);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t kind = size ? data[0] % ARRAY_SIZE(steps) : 0;
	char *text = text_of(size ? data + 1 : data, size ? size - 1 : 0), *rest = text, *line;
	struct tally tally;

	must(tally_init(&tally, &steps[kind], blocks, ARRAY_SIZE(blocks)) == 0);
	while ((line = strsep(&rest, "\n"))) {
		const char *name = strsep(&line, " ");

		check_event(&tally, name, line ? line : "", wanted[kind]);
	}
	tally_clear(&tally);
	free(text);
	return 0;
}
