// SPDX-License-Identifier: LGPL-2.1-or-later
/* The readers of the notes in /run/daxhp/: the boot, the machine's words, a device's old state. */
#include <errno.h>
#include <inttypes.h>

#include "fuzz.h"
#include "kernel/internal.h"
#include "libdaxhp-private.h"

static const char boot[] = "01234567-89ab-cdef-0123-456789abcdef";

static void check_words(const char *words)
{
	struct daxhp_recovered left = { .pid = 4711 };
	char again[JOURNAL_LINE_MAX];
	int r = borrow_parse(words, DAXHP_RECOVERED_AUTOPROBE, &left);

	if (r < 0) {
		must(r == -EBADMSG && left.pid == 4711 && !*left.before);
		return;
	}
	must(r == 0 && left.kind == DAXHP_RECOVERED_AUTOPROBE);
	must(*left.before && *left.found && !strchr(left.before, ' ') && !strchr(left.found, ' '));
	snprintf(again, sizeof(again), "%s %s %d", left.before, left.found, left.pid);
	must(strcmp(again, words) == 0);
}

static void check_device(const char *words)
{
	struct device_entry e = { .n_blocks = 4711 };
	char goal[GOAL_TEXT_MAX], again[JOURNAL_LINE_MAX];
	const char *state;
	int r = device_entry_parse(words, &e);

	if (r < 0) {
		must(r == -EBADMSG && e.n_blocks == 4711);
		return;
	}
	must(r == 0 && goal_is_valid(e.goal) && daxhp_mode_name(e.mode));
	must(!*e.attribute_word || state_from_name(e.attribute_word) != DAXHP_STATE_NONE);
	state = daxhp_state_name(e.state);
	goal_print(e.goal, goal);
	snprintf(again, sizeof(again), "%s %s %s %s %" PRIu64 " %zu %d", daxhp_mode_name(e.mode),
		 state ? state : "-", *e.attribute_word ? e.attribute_word : "-", goal,
		 e.first_block, e.n_blocks, e.pid);
	must(strcmp(again, words) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *line = text_of(data, size);
	const char *words = NULL;
	int r = journal_parse(line, boot, &words);

	must(r == 0 || r == -EBADMSG || r == -ESTALE);
	if (r == 0) {
		must(words == line + sizeof(boot) && *words);
		must(strncmp(line, boot, sizeof(boot) - 1) == 0);
	} else {
		must(!words);
		must(strncmp(line, boot, sizeof(boot) - 1) != 0 || strlen(line) <= sizeof(boot) ||
		     line[sizeof(boot) - 1] != ' ');
	}
	/* Also without the boot's id, because most inputs do not have the right one. */
	check_words(words ? words : line);
	check_device(words ? words : line);
	free(line);
	return 0;
}
