// SPDX-License-Identifier: GPL-2.0-or-later
/* Text about policy files, for people. */
#include <string.h>

#include "daxhp.h"
#include "policy.h"

/* "system-ram, movable, online" */
static void describe_rule(const struct rule *rule, char *buf, size_t size)
{
	char mode[RULE_TEXT_MAX];

	rule_print(rule, RULE_MODE, mode, sizeof(mode));
	if (rule->mode != RULE_SYSTEM_RAM)
		snprintf(buf, size, "%s", mode);
	else
		snprintf(buf, size, "%s, %s", mode, rule_goal_word(rule));
}

void print_policy_file(const struct policy_file *file)
{
	char text[RULE_TEXT_MAX * 2], line[16] = "";

	if (file->line)
		snprintf(line, sizeof(line), ":%u", file->line);
	switch (file->status) {
	case POLICY_GOOD:
		describe_rule(&file->rule, text, sizeof(text));
		output("%s: %s\n", file->path, text);
		break;
	case POLICY_BROKEN:
		output("%s%s: not used: %s\n", file->path, line, file->why);
		break;
	case POLICY_MASKED:
		output("%s: masks every file of this name\n", file->path);
		break;
	case POLICY_OVERRIDDEN:
		output("%s: overridden by %s\n", file->path, file->why);
		break;
	}
}

/* "Kind=cxl does not hold: it is pmem" */
static void print_mismatch(const struct policy_file *file, enum rule_key key,
			   const struct subject *subject)
{
	char wanted[RULE_TEXT_MAX], found[RULE_TEXT_MAX * 2];

	rule_print(&file->rule, key, wanted, sizeof(wanted));
	subject_print(subject, key, found, sizeof(found));
	output("%s: no: %s=%s, and of %s it is %s\n", file->path, rule_key_name(key), wanted,
	       subject->name, *found ? found : "not known, or it has none");
}

void print_match(const struct policies *policies, const struct subject *subject)
{
	const struct policy_file *winner = policies_find(policies, subject);

	for (size_t i = 0; i < policies->count; i++) {
		const struct policy_file *file = &policies->files[i];
		enum rule_key key = file->status == POLICY_GOOD
					    ? rule_mismatch(&file->rule, subject)
					    : RULE_KEYS;

		if (file == winner)
			output("%s: yes: it is for %s\n", file->path, subject->name);
		else if (file->status != POLICY_GOOD)
			print_policy_file(file);
		else if (key != RULE_KEYS)
			print_mismatch(file, key, subject);
		else
			output("%s: no: it would be for %s, but comes after %s\n", file->path,
			       subject->name, winner->path);
	}
	if (!winner)
		output("no policy is for %s\n", subject->name);
}

void print_subject(const struct subject *subject)
{
	for (enum rule_key key = 0; key < RULE_MATCHES; key++) {
		char value[RULE_TEXT_MAX * 2];

		subject_print(subject, key, value, sizeof(value));
		if (*value)
			output("%s=%s\n", rule_key_name(key), value);
		else
			output("# %s: not known, or it has none\n", rule_key_name(key));
	}
}
