// SPDX-License-Identifier: GPL-2.0-or-later
/* What is said of the estimate whether the memory in use of a device fits elsewhere. */
#include <inttypes.h>
#include <string.h>

#include "daxhp.h"

static uint64_t mib_up(uint64_t bytes)
{
	return (bytes >> 20) + (bytes % (1 << 20) != 0);
}

/* "node 0", "nodes 0, 1 and 2" */
static void print_nodes(FILE *f, const struct daxhp_room *room)
{
	fprintf(f, "node%s", room->n_nodes == 1 ? "" : "s");
	for (size_t i = 0; i < room->n_nodes; i++)
		fprintf(f, "%s%d",
			i == 0			? " "
			: i + 1 < room->n_nodes ? ", "
						: " and ",
			room->nodes[i]);
}

static void print_verdict(FILE *f, const struct daxhp_room *room)
{
	switch (room->verdict) {
	case DAXHP_VERDICT_YES:
		fputs("it fits", f);
		break;
	case DAXHP_VERDICT_LIKELY:
		fputs("it most likely fits", f);
		break;
	case DAXHP_VERDICT_MAYBE:
		fputs("it may not fit", f);
		break;
	case DAXHP_VERDICT_NO:
		if (room->huge_missing) {
			fprintf(f, "%" PRIu64 " huge page%s of %" PRIu64 " MiB ha%s nowhere to go",
				room->huge_missing, room->huge_missing == 1 ? "" : "s",
				room->huge_size >> 20, room->huge_missing == 1 ? "s" : "ve");
			break;
		}
		fprintf(f, "it does not fit, %" PRIu64 " MiB too much", mib_up(room->missing));
		break;
	}
}

static void print_room(FILE *f, const struct daxhp_room *room)
{
	if (room->error < 0) {
		fprintf(f, "whether what is in its memory fits elsewhere cannot be told (%s: %s)",
			room->file ? room->file : "its node", strerror(-room->error));
		return;
	}
	fprintf(f, "%" PRIu64 " MiB to move, %" PRIu64 " MiB free on ", mib_up(room->to_move),
		room->free >> 20);
	print_nodes(f, room);
	if (room->reclaimable >> 20)
		fprintf(f, ", %" PRIu64 " MiB of clean cache", room->reclaimable >> 20);
	if (room->swap >> 20)
		fprintf(f, ", %" PRIu64 " MiB of swap", room->swap >> 20);
	fputs(": ", f);
	print_verdict(f, room);
}

char *describe_room(const struct daxhp_room *room)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	print_room(f, room);
	if (fclose(f) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

int print_room_refusal(FILE *f, const struct daxhp_room *room)
{
	print_room(f, room);
	fputs(" (ENOMEM). ", f);
	if (!room->huge_missing)
		return fputs("Free memory, add swap, ", f);
	fputs("Raise nr_hugepages on ", f);
	print_nodes(f, room);
	return fputs(", or end the programs that use them, ", f);
}

void tell_of_room(const struct settings *settings, const struct outcome *outcome)
{
	const struct daxhp_room *room = outcome->plan ? daxhp_plan_get_room(outcome->plan) : NULL;
	_cleanup_free_ char *text = NULL;
	bool is_doubtful;

	if (!room || daxhp_plan_get_refusal(outcome->plan))
		return;
	is_doubtful = room->verdict >= DAXHP_VERDICT_MAYBE;
	if (!settings->dry_run && !is_doubtful && !settings->verbose)
		return;
	/* A plan is printed as a whole, also when there is no memory for a text. */
	if (settings->dry_run && !settings->json) {
		printf("%s: ", daxhp_device_get_name(outcome->device));
		print_room(stdout, room);
		putchar('\n');
	}
	if (settings->dry_run)
		return;
	text = describe_room(room);
	if (!text)
		complain("out of memory.");
	else
		complain("%s%s: %s%s.", is_doubtful ? "note: " : "",
			 daxhp_device_get_name(outcome->device), text,
			 is_doubtful ? "; it is tried all the same" : "");
}
