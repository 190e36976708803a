// SPDX-License-Identifier: LGPL-2.1-or-later
/* A policy file with any text in it; what is read of a good one says the same when it is written again. */
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"
#include "daxhp.h"
#include "policy.h"

/* The tool's files need this function to link. */
void complain(const char *format, ...)
{
	(void)format;
	abort();
}

static int read_text(const void *text, size_t size, struct policy_file *ret_file)
{
	int fd = memfd_create("policy", MFD_CLOEXEC), r;

	must(fd >= 0 && fchmod(fd, 0600) == 0);
	must(write(fd, text, size) == (ssize_t)size);
	*ret_file = (struct policy_file){ 0 };
	r = policy_file_read(fd, ret_file);
	close(fd);
	return r;
}

static void check_refusal(const struct policy_file *file, const uint8_t *data, size_t size)
{
	unsigned int lines = 1;

	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n';
	must(file->status == POLICY_BROKEN);
	must(*file->why && memchr(file->why, '\0', sizeof(file->why)));
	must(file->line <= lines);
}

static size_t print_rule(const struct rule *rule, char *text, size_t size)
{
	size_t used = 0;

	for (enum rule_key key = 0; key < RULE_KEYS; key++) {
		char value[RULE_TEXT_MAX * 2];

		if (key == 0 || key == RULE_MATCHES)
			used += snprintf(text + used, size - used, "[%s]\n",
					 key ? "Device" : "Match");
		rule_print(rule, key, value, sizeof(value));
		must((*value != '\0') == (rule->lines[key] > 0));
		/* In quotation marks, a value may begin like a comment. */
		if (*value)
			used += snprintf(text + used, size - used, "%s=\"%s\"\n",
					 rule_key_name(key), value);
	}
	return used;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct policy_file file, again;
	char text[4096], first[RULE_TEXT_MAX * 2], second[RULE_TEXT_MAX * 2];
	size_t n;

	if (read_text(data, size, &file) < 0) {
		check_refusal(&file, data, size);
		return 0;
	}
	must(!*file.why);
	must(file.status == (size ? POLICY_GOOD : POLICY_MASKED));
	if (size == 0)
		return 0;
	n = print_rule(&file.rule, text, sizeof(text));
	/* libeconf knows no way to write these. */
	if (strpbrk(file.rule.region, "\"#;") || strpbrk(file.rule.name, "\"#;"))
		return 0;
	must(read_text(text, n, &again) == 0);
	for (enum rule_key key = 0; key < RULE_KEYS; key++) {
		rule_print(&file.rule, key, first, sizeof(first));
		rule_print(&again.rule, key, second, sizeof(second));
		must(strcmp(first, second) == 0);
	}
	return 0;
}
