// SPDX-License-Identifier: GPL-2.0-or-later
/* daxhp policy: show the machine's policy files, which of them is for a device, and write one. */
#include <errno.h>
#include <string.h>

#include "daxhp.h"
#include "policy.h"

static const struct option_row options[] = {
	{ 'f', "force", NULL, "with save: replace the file that is there" },
	{ 'n', "dry-run", NULL, "with save: print the file, write nothing" },
	{ 0 },
};

/* ---- list ---- */

static int list(struct daxhp_ctx *ctx __attribute__((unused)), const struct settings *settings,
		const struct policies *policies,
		const struct selection *selection __attribute__((unused)))
{
	int r = 0;

	if (settings->json)
		r = report_policies_json(policies);
	for (size_t i = 0; !settings->json && i < policies->count; i++)
		print_policy_file(&policies->files[i]);
	if (!settings->json && policies->count == 0)
		complain("note: there is no policy file; the folder for yours is " POLICY_FOLDER
			 ".");
	if (r < 0)
		return refuse(REFUSAL_OUT_OF_MEMORY, NULL, "out of memory.");
	return policies->n_broken ? EXIT_FAILED : EXIT_DONE;
}

/* ---- match ---- */

static int match(struct daxhp_ctx *ctx __attribute__((unused)), const struct settings *settings,
		 const struct policies *policies, const struct selection *selection)
{
	bool has_all = true;

	for (size_t i = 0; i < selection->count; i++) {
		const struct subject subject = subject_of(selection->devices[i]);

		has_all &= policies_find(policies, &subject) != NULL;
		if (!settings->json)
			print_match(policies, &subject);
	}
	if (settings->json && report_match_json(policies, selection) < 0)
		return refuse(REFUSAL_OUT_OF_MEMORY, NULL, "out of memory.");
	return has_all ? EXIT_DONE : EXIT_FAILED;
}

/* ---- show ---- */

static int show(struct daxhp_ctx *ctx __attribute__((unused)), const struct settings *settings,
		const struct policies *policies __attribute__((unused)),
		const struct selection *selection)
{
	if (settings->json && report_subjects_json(selection) < 0)
		return refuse(REFUSAL_OUT_OF_MEMORY, NULL, "out of memory.");
	for (size_t i = 0; !settings->json && i < selection->count; i++) {
		const struct subject subject = subject_of(selection->devices[i]);

		output("%s# %s\n[Match]\n", i ? "\n" : "", subject.name);
		print_subject(&subject);
	}
	return EXIT_DONE;
}

/* ---- the command ---- */

static const struct action {
	const char *name;
	bool takes_devices;
	int (*run)(struct daxhp_ctx *ctx, const struct settings *settings,
		   const struct policies *policies, const struct selection *selection);
} actions[] = {
	{ "list", false, list },
	{ "match", true, match },
	{ "show", true, show },
	{ "save", true, policy_save },
};

static const struct action *find_action(const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++)
		if (strcmp(actions[i].name, word) == 0)
			return &actions[i];
	return NULL;
}

static int run_action(struct daxhp_ctx *ctx, const struct settings *settings,
		      const struct action *action, int argc, char **argv)
{
	_cleanup_(selection_clear) struct selection selection = { 0 };
	_cleanup_(policies_clear) struct policies policies = { 0 };
	enum exit_status status = EXIT_DONE;

	if (!action->takes_devices && argc > 0)
		return refuse_usage("'daxhp policy %s' takes no device.", action->name);
	if (action->takes_devices && argc == 0 && !settings_select(settings))
		return refuse_usage("'daxhp policy %s' needs a device, or 'all'.", action->name);
	if (action->takes_devices)
		status = select_devices(ctx, settings, argc, argv, &selection);
	if (status == EXIT_DONE && action->takes_devices && selection.count == 0)
		status = refuse_nothing(settings);
	if (status != EXIT_DONE)
		return status;
	if (policies_load(&policies) < 0)
		return refuse(REFUSAL_OUT_OF_MEMORY, NULL, "out of memory.");
	return action->run(ctx, settings, &policies, &selection);
}

static int run(struct daxhp_ctx *ctx, const struct settings *settings, int argc, char **argv)
{
	const struct action *action = argc > 0 ? find_action(argv[0]) : NULL;
	struct suggestion suggestion = { .typed = argc > 0 ? argv[0] : "" };

	if (action)
		return run_action(ctx, settings, action, argc - 1, argv + 1);
	for (size_t i = 0; argc > 0 && i < ARRAY_SIZE(actions); i++)
		suggest(&suggestion, actions[i].name);
	if (suggestion.word)
		return refuse_usage("'%.64s' is no word of 'daxhp policy'; did you mean '%s'?",
				    argv[0], suggestion.word);
	return refuse_usage("say what to do: 'daxhp policy list', 'match', 'show' or 'save'.");
}

const struct command cmd_policy = {
	.name = "policy",
	.synopsis = "list|match|show|save [OPTIONS] [DEVICE...]",
	.summary = "Show the policy files, which of them is for a device, or write one.",
	.options = options,
	.run = run,
};
