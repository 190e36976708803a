// SPDX-License-Identifier: GPL-2.0-or-later
/* What a mistyped word was most likely meant to be. */
#include <string.h>

#include "daxhp.h"

#define WORD_LENGTH_MAX 32
/* With more than this wrong, it is another word. */
#define MISTAKES_MAX 2

static size_t least(size_t a, size_t b, size_t c)
{
	size_t ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* How many letters are missing, too many or wrong. */
static size_t distance(const char *a, const char *b)
{
	size_t row[WORD_LENGTH_MAX + 1], n = strlen(b);

	if (n > WORD_LENGTH_MAX || strlen(a) > WORD_LENGTH_MAX)
		return WORD_LENGTH_MAX;
	for (size_t k = 0; k <= n; k++)
		row[k] = k;
	for (size_t i = 1; a[i - 1]; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t k = 1; k <= n; k++) {
			size_t above = row[k];

			row[k] = least(row[k] + 1, row[k - 1] + 1,
				       diagonal + (a[i - 1] != b[k - 1]));
			diagonal = above;
		}
	}
	return row[n];
}

void suggest(struct suggestion *suggestion, const char *word)
{
	size_t mistakes = distance(suggestion->typed, word);

	/* Of a short word nothing would be left. */
	if (mistakes > MISTAKES_MAX || mistakes * 2 >= strlen(suggestion->typed) ||
	    (suggestion->word && mistakes >= suggestion->mistakes))
		return;
	suggestion->word = word;
	suggestion->mistakes = mistakes;
}

/* What daxctl and others call it, and what it is here. "@" is the device that the user typed. */
static const struct {
	const char *word, *ours;
} other_words[] = {
	{ "show", "'daxhp status' does it" },
	{ "offline", "'daxhp unplug @' takes the memory offline, and away" },
	{ "offline-memory", "'daxhp unplug @' takes the memory offline, and away" },
	{ "online-memory", "'daxhp online @' does it" },
	{ "reconfigure-device",
	  "'daxhp reconfigure --mode=MODE @' changes the mode, 'daxctl reconfigure-device' the "
	  "size" },
	{ "enable-device", "'daxhp reconfigure --mode=devdax @' does it" },
	{ "disable-device", "'daxhp unplug --unbind @' does it, and takes the memory away" },
	{ "create", "'daxctl create-device' makes a device from free memory" },
	{ "create-device", "'daxctl create-device' makes a device from free memory" },
	{ "destroy", "first 'daxhp unplug --unbind @', then 'daxctl destroy-device @'" },
	{ "destroy-device", "first 'daxhp unplug --unbind @', then 'daxctl destroy-device @'" },
	{ "split-acpi", "'daxctl split-acpi' does it" },
	{ "migrate-device-model", "'daxctl migrate-device-model' does it" },
};

/* Only a single device: "all" without the other options may be more than the user meant. */
static const char *typed_device(char **args)
{
	for (; *args; args++)
		if (daxhp_device_name_is_valid(*args))
			return *args;
	return "daxX.Y";
}

bool suggest_for_daxctl(const char *word, char **args, char *buf, size_t size)
{
	const char *ours = NULL;
	size_t used = 0;

	for (size_t i = 0; i < ARRAY_SIZE(other_words) && !ours; i++)
		if (strcmp(other_words[i].word, word) == 0)
			ours = other_words[i].ours;
	for (const char *c = ours; c && *c && used < size; c++)
		used += *c == '@' ? snprintf(buf + used, size - used, "%s", typed_device(args))
				  : snprintf(buf + used, size - used, "%c", *c);
	return ours;
}
