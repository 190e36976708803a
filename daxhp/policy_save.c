// SPDX-License-Identifier: GPL-2.0-or-later
/* policy save: writes a policy file for how a device is now. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "daxhp.h"
#include "policy.h"

#define TEXT_MAX 1024

/* ---- the rule ---- */

/* What stays the same after a reboot. */
static void choose_keys(const struct subject *subject, bool *ret_chosen)
{
	char serial[RULE_TEXT_MAX];

	subject_print(subject, RULE_SERIAL, serial, sizeof(serial));
	if (*serial) {
		ret_chosen[RULE_KIND] = ret_chosen[RULE_SERIAL] = true;
	} else if (subject->uuid) {
		ret_chosen[RULE_UUID] = true;
	} else {
		ret_chosen[RULE_KIND] = subject->kind != DAXHP_PROVIDER_UNKNOWN;
		ret_chosen[RULE_START] = true;
		ret_chosen[RULE_NODE] = subject->node >= 0;
	}
}

/* Several serial numbers are those of interleaved cards, and each is on one of them only. */
static void print_key(FILE *f, const struct subject *subject, enum rule_key key)
{
	char value[RULE_TEXT_MAX];

	subject_print(subject, key, value, sizeof(value));
	value[strcspn(value, " ")] = '\0';
	fprintf(f, "%s=%s\n", rule_key_name(key), value);
}

/* How it is now, as lines of [Device]. NULL: no policy says so. */
static const char *device_lines(const struct daxhp_observation *obs)
{
	switch (daxhp_observation_get_mode(obs)) {
	case DAXHP_MODE_DEVDAX:
		return "Mode=devdax\n";
	case DAXHP_MODE_SYSTEM_RAM:
	case DAXHP_MODE_UNBOUND:
		break;
	default:
		return NULL;
	}
	switch (daxhp_observation_get_state(obs)) {
	case DAXHP_ONLINE_MOVABLE:
		return "Mode=system-ram\nZone=movable\nMemory=online\n";
	case DAXHP_ONLINE:
	case DAXHP_ONLINE_KERNEL:
		return "Mode=system-ram\nZone=kernel\nMemory=online\n";
	case DAXHP_UNPLUGGED:
		return "Mode=system-ram\nMemory=unplugged\n";
	default:
		return NULL;
	}
}

static bool write_rule(const struct subject *subject, const struct daxhp_observation *obs,
		       char *text)
{
	const char *lines = daxhp_observation_is_wedged(obs) ? NULL : device_lines(obs);
	bool chosen[RULE_MATCHES] = { 0 };
	FILE *f = lines ? fmemopen(text, TEXT_MAX, "w") : NULL;

	if (!f)
		return false;
	choose_keys(subject, chosen);
	fprintf(f, "# See daxhp.policy(5).\n[Match]\n");
	for (enum rule_key key = 0; key < RULE_MATCHES; key++)
		if (chosen[key])
			print_key(f, subject, key);
	fprintf(f, "\n[Device]\n%s", lines);
	return fclose(f) == 0;
}

/* ---- the file ---- */

static int save_file(const char *path, const char *text, bool replace)
{
	if (mkdir("/etc/daxhp", 0755) < 0 && errno != EEXIST)
		return -errno;
	if (mkdir(POLICY_FOLDER, 0755) < 0 && errno != EEXIST)
		return -errno;
	return textfile_write(path, text, strlen(text), replace ? TEXTFILE_ANY : TEXTFILE_NEW);
}

/* ---- the command ---- */

/* Another file may come first, or another device may fit it, too. */
static void note_others(struct daxhp_ctx *ctx, const char *path, const struct subject *subject)
{
	_cleanup_(policies_clear) struct policies policies = { 0 };
	const struct policy_file *first;
	struct daxhp_device *device;

	if (policies_load(&policies) < 0)
		return;
	first = policies_find(&policies, subject);
	if (first && strcmp(first->path, path) != 0)
		complain("note: %s: another policy comes first: %s.", subject->name, first->path);
	daxhp_device_foreach (ctx, device) {
		const struct subject other = subject_of(device);
		const struct policy_file *its = policies_find(&policies, &other);

		if (its && strcmp(other.name, subject->name) != 0 && strcmp(its->path, path) == 0)
			complain("note: %s is for %s, too.", path, other.name);
	}
}

static enum exit_status refuse_save(const char *name, const char *path, int error)
{
	if (error == -EEXIST)
		return refuse(REFUSAL_POLICY, name, "%s: %s is there already; --force replaces it.",
			      name, path);
	return refuse(REFUSAL_POLICY, name, "%s: %s cannot be written: %s.", name, path,
		      strerror(-error));
}

/* What would be written. EXIT_DONE, or another status with the sentence printed. */
static enum exit_status make_text(struct daxhp_device *device, const struct subject *subject,
				  char *text)
{
	bool has_key = subject->uuid || subject->n_memdevs || subject->start != UINT64_MAX,
	     is_clear;
	struct daxhp_observation *obs;
	int r = daxhp_observe(device, &obs);

	if (r < 0)
		return refuse(REFUSAL_POLICY, subject->name, "%s: it cannot be looked at: %s.",
			      subject->name, strerror(-r));
	is_clear = has_key && write_rule(subject, obs, text);
	daxhp_observation_unref(obs);
	if (is_clear)
		return EXIT_DONE;
	return refuse(REFUSAL_POLICY, subject->name,
		      "%s: no policy can say how it is now; 'daxhp status %s' shows it.",
		      subject->name, subject->name);
}

static enum exit_status save_one(struct daxhp_ctx *ctx, const struct settings *settings,
				 struct daxhp_device *device)
{
	const struct subject subject = subject_of(device);
	char text[TEXT_MAX], path[160];
	enum exit_status status = make_text(device, &subject, text);
	int r;

	if (status != EXIT_DONE)
		return status;
	policy_path_for(&subject, path, sizeof(path));
	if (settings->dry_run) {
		output("# %s\n%s", path, text);
		return EXIT_DONE;
	}
	r = save_file(path, text, settings->force);
	if (r < 0)
		return refuse_save(subject.name, path, r);
	if (!settings->json)
		output("%s: %s\n", subject.name, path);
	note_others(ctx, path, &subject);
	return EXIT_DONE;
}

int policy_save(struct daxhp_ctx *ctx, const struct settings *settings,
		const struct policies *policies __attribute__((unused)),
		const struct selection *selection)
{
	size_t n_saved = 0;

	for (size_t i = 0; i < selection->count; i++)
		n_saved += save_one(ctx, settings, selection->devices[i]) == EXIT_DONE;
	/* With JSON, main() reports a refusal. */
	if (settings->json && n_saved == selection->count && report_saved_json(selection) < 0)
		return refuse(REFUSAL_OUT_OF_MEMORY, NULL, "out of memory.");
	if (n_saved == selection->count)
		return EXIT_DONE;
	return n_saved ? EXIT_PARTLY : EXIT_FAILED;
}
