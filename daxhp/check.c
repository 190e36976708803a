// SPDX-License-Identifier: GPL-2.0-or-later
/* status --check: is all well? For monitoring: an exit status, and one line as Nagios plugins print it. */
#include <inttypes.h>
#include <string.h>

#include "daxhp.h"

#define LIST_MAX 512

struct findings {
	size_t n_wedged, n_orphaned, n_inconsistent;
	char list[LIST_MAX]; /* "dax2.0 wedged, dax2.1 inconsistent" */
};

static void add_finding(struct findings *f, const char *name, const char *what)
{
	size_t used = strlen(f->list);

	snprintf(f->list + used, sizeof(f->list) - used, "%s%s %s", used ? ", " : "", name, what);
}

static void add_orphan(struct findings *f, const struct daxhp_orphan *orphan)
{
	char name[64];

	snprintf(name, sizeof(name), "%" PRIu64 " MiB at %#" PRIx64, orphan->size >> 20,
		 orphan->start);
	add_finding(f, name, "without a device");
	f->n_orphaned++;
}

/* What another process is about to change is not wrong. False if it cannot be seen. */
static bool check_device(struct findings *f, const struct looked_at *look)
{
	const char *name = daxhp_device_get_name(look->device);
	const struct daxhp_observation *obs = look->observation;

	if (look->is_busy)
		return true;
	if (!obs || daxhp_observation_get_blocks_error(obs) < 0) {
		add_finding(f, name, "cannot be seen");
		return false;
	}
	if (daxhp_observation_is_wedged(obs)) {
		f->n_wedged++;
		add_finding(f, name, "wedged");
	} else if (daxhp_observation_get_state(obs) == DAXHP_INCONSISTENT) {
		f->n_inconsistent++;
		add_finding(f, name, "inconsistent");
	}
	return true;
}

/* The worst decides. */
static enum exit_status judge(const struct findings *f, bool is_blind, int n_left,
			      const char **ret_word)
{
	*ret_word = "CRITICAL";
	if (f->n_wedged)
		return EXIT_WEDGED;
	if (f->n_orphaned)
		return EXIT_ORPHANED;
	if (f->n_inconsistent)
		return EXIT_INCONSISTENT;
	*ret_word = is_blind ? "UNKNOWN" : n_left > 0 ? "WARNING" : "OK";
	return is_blind ? EXIT_FAILED : n_left > 0 ? EXIT_LEFTOVER : EXIT_DONE;
}

enum exit_status check_devices(struct daxhp_ctx *ctx, const struct settings *settings,
			       const struct looked_at *looks, size_t count,
			       enum exit_status look_status)
{
	struct findings found = { 0 };
	int n_left = count_recoverable(ctx);
	bool is_blind = look_status != EXIT_DONE || n_left < 0;
	enum exit_status status;
	const char *word;

	for (size_t i = 0; i < count; i++)
		if (looks[i].orphan)
			add_orphan(&found, looks[i].orphan);
		else
			is_blind |= !check_device(&found, &looks[i]);
	if (n_left > 0)
		add_finding(&found, "a killed daxhp", "left something changed");
	status = judge(&found, is_blind, n_left, &word);
	if (settings->quiet)
		return status;
	if (*found.list)
		output("DAXHP %s - %s\n", word, found.list);
	else if (is_blind)
		output("DAXHP %s - not everything can be seen\n", word);
	else
		output("DAXHP %s - %zu device%s\n", word, count, count == 1 ? "" : "s");
	return status;
}
