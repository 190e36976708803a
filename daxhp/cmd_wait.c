// SPDX-License-Identifier: GPL-2.0-or-later
/* daxhp wait: until the devices are as the options say. */
#include <errno.h>
#include <string.h>

#include "daxhp.h"

static const struct option_row options[] = {
	{ KEY_STATE, "state", "STATE",
	  "wait until their memory is in this state, as status names it" },
	{ KEY_ANY_MODE, "mode", "MODE",
	  "wait until they are in this mode: system-ram, devdax, famfs or unbound" },
	{ KEY_PRESENT, "present", NULL, "wait until they are there" },
	{ KEY_GONE, "gone", NULL, "wait until none of them is there any more" },
	{ KEY_TIMEOUT, "timeout", "SECONDS", "give up after that long, with exit status 1" },
	{ 0 },
};

/* A device that is meant, and how it is. */
struct seen {
	struct seen *next;
	bool fits;
	char name[32], word[32];
};

struct waiting {
	struct follower follower;
	const struct settings *settings;
	int argc;
	char **argv;
	struct seen *seen; /* linked by next */
};

static void waiting_clear(struct waiting *w)
{
	while (w->seen) {
		struct seen *next = w->seen->next;

		free(w->seen);
		w->seen = next;
	}
}

/* The place in the list where it is, or would be. */
static struct seen **find(struct waiting *w, const char *name)
{
	struct seen **link = &w->seen;

	while (*link && strcmp((*link)->name, name) != 0)
		link = &(*link)->next;
	return link;
}

/* The word "online" means any zone, as for daxhp online. */
static bool has_state(const struct daxhp_observation *obs, const char *wanted)
{
	enum daxhp_state state = daxhp_observation_get_state(obs);
	const char *word = daxhp_state_name(state);
	bool is_in_kernel_zone = state == DAXHP_ONLINE || state == DAXHP_ONLINE_KERNEL;

	if (strcmp(wanted, daxhp_state_name(DAXHP_ONLINE)) == 0)
		return is_in_kernel_zone || state == DAXHP_ONLINE_MOVABLE;
	if (strcmp(wanted, daxhp_state_name(DAXHP_ONLINE_KERNEL)) == 0)
		return is_in_kernel_zone;
	return word && strcmp(word, wanted) == 0;
}

static bool fits(const struct settings *s, const struct daxhp_change *change)
{
	const struct daxhp_observation *obs = daxhp_change_get_after(change);
	const char *mode = daxhp_mode_name(daxhp_observation_get_mode(obs));

	if (!s->state && !s->mode)
		return true;
	/* What is halfway is not there yet. */
	if (daxhp_change_is_busy(change))
		return false;
	return (!s->mode || (mode && strcmp(mode, s->mode) == 0)) &&
	       (!s->state || has_state(obs, s->state));
}

static int refuse_unseen(const struct waiting *w, const struct daxhp_change *change)
{
	const struct daxhp_observation *obs = daxhp_change_get_after(change);
	const char *name = daxhp_device_get_name(daxhp_change_get_device(change));
	int r = daxhp_observation_get_blocks_error(obs);

	if (!w->settings->state || (r != -EACCES && r != -EPERM))
		return FOLLOW_ON;
	return refuse(REFUSAL_UNSEEN, name, "%s: only root may see the state of its memory.", name);
}

static int take(struct follower *follower, const struct daxhp_change *change)
{
	struct waiting *w = (struct waiting *)follower;
	struct daxhp_device *device = daxhp_change_get_device(change);
	const struct daxhp_observation *obs = daxhp_change_get_after(change);
	struct seen **link = find(w, daxhp_device_get_name(device)), *seen = *link;
	const char *word;

	if (!obs || !is_meant(w->settings, w->argc, w->argv, device)) {
		if (seen)
			*link = seen->next;
		free(seen);
		return FOLLOW_ON;
	}
	if (!seen)
		seen = *link = calloc(1, sizeof(*seen));
	if (!seen)
		return refuse(REFUSAL_OUT_OF_MEMORY, NULL, "out of memory.");
	word = daxhp_change_is_busy(change) ? "changing" : standing_word(obs);
	snprintf(seen->name, sizeof(seen->name), "%s", daxhp_device_get_name(device));
	snprintf(seen->word, sizeof(seen->word), "%s", word ? word : "in an unknown state");
	seen->fits = fits(w->settings, change);
	return refuse_unseen(w, change);
}

/* The first device that is not as it should be; "" when one is not there, NULL when all is well. */
static const struct seen *find_misfit(struct waiting *w)
{
	static const struct seen nothing;
	const char *name;

	for (const struct seen *seen = w->seen; seen; seen = seen->next)
		if (!seen->fits || w->settings->gone)
			return seen;
	for (int i = 0; i < w->argc && !w->settings->gone; i++)
		if (take_name(w->argv[i], &name) == EXIT_DONE && strcmp(name, "all") != 0 &&
		    !*find(w, name))
			return &nothing;
	return w->seen || w->settings->gone ? NULL : &nothing;
}

static int judge(struct follower *follower, const struct daxhp_monitor *monitor)
{
	struct waiting *w = (struct waiting *)follower;

	if (!daxhp_monitor_is_complete(monitor) || find_misfit(w))
		return FOLLOW_ON;
	return EXIT_DONE;
}

static enum exit_status refuse_late(struct waiting *w)
{
	const struct seen *misfit = find_misfit(w);
	int timeout = w->settings->timeout;
	const char *unit = timeout == 1 ? "second" : "seconds";

	if (misfit && *misfit->name)
		return refuse(REFUSAL_TIME_OVER, misfit->name, "%s: after %d %s it is %s.",
			      misfit->name, timeout, unit, misfit->word);
	return refuse(REFUSAL_TIME_OVER, NULL,
		      "after %d %s there is no device that was waited for.", timeout, unit);
}

static int check_settings(const struct settings *s, int argc, char **argv)
{
	const char *name;

	if (!s->state && !s->mode && !s->present && !s->gone)
		return refuse_usage("say what to wait for: --state, --mode, --present or --gone.");
	if (s->gone && (s->state || s->mode || s->present))
		return refuse_usage("--gone cannot be combined with --state, --mode or --present.");
	if (argc == 0 && !settings_select(s))
		return refuse_usage("name a device to wait for, or 'all'.");
	for (int i = 0; i < argc; i++)
		if (take_name(argv[i], &name) != EXIT_DONE)
			return EXIT_USAGE;
	return EXIT_DONE;
}

static int run(struct daxhp_ctx *ctx, const struct settings *settings, int argc, char **argv)
{
	_cleanup_(waiting_clear) struct waiting w = {
		.follower = { .take = take, .pause = judge, .timeout = settings->timeout },
		.settings = settings,
		.argc = argc,
		.argv = argv,
	};
	int r = check_settings(settings, argc, argv);

	if (r != EXIT_DONE)
		return r;
	r = follow(ctx, &w.follower);
	if (r == FOLLOW_TIME_OVER)
		return refuse_late(&w);
	if (r != EXIT_DONE || !settings->json)
		return r;
	return settings->gone ? report_status_json(settings, NULL, 0)
			      : cmd_status.run(ctx, settings, argc, argv);
}

const struct command cmd_wait = {
	.name = "wait",
	.synopsis = "[--state=STATE] [--mode=MODE] [--present] [--gone] [OPTIONS] DEVICE...",
	.summary = "Wait until devices are in a state or a mode, are there, or are gone.",
	.options = options,
	.run = run,
};
