// SPDX-License-Identifier: LGPL-2.1-or-later
/* The readers of sysfs words and numbers, on a file with any contents. */
#include <ctype.h>
#include <errno.h>

#include "folder.h"
#include "kernel/internal.h"
#include "libdaxhp-private.h"

static void check_word(const uint8_t *data, size_t size)
{
	char word[WORD_MAX] = "untouched";
	int r = sysfs_read_word(folder_open(), "file", word, sizeof(word));

	if (r < 0) {
		must(r == -ENODATA || r == -EFBIG || r == -EBADMSG);
		must(strcmp(word, "untouched") == 0);
		return;
	}
	must(r == 0);
	must(*word && strlen(word) < sizeof(word));
	for (const char *c = word; *c; c++)
		must((unsigned char)*c >= ' ' && (unsigned char)*c < 0x7f);
	must(strlen(word) == size || (strlen(word) + 1 == size && data[size - 1] == '\n'));
	must(memcmp(word, data, strlen(word)) == 0);
}

/* When the value is printed again, it equals the text, except for leading zeros and the case. */
static void check_same(const char *word, uint64_t value, int base)
{
	char again[40];

	if (base == 16 || strncasecmp(word, "0x", 2) == 0) {
		word += strncasecmp(word, "0x", 2) == 0 ? 2 : 0;
		snprintf(again, sizeof(again), "%llx", (unsigned long long)value);
	} else if (base == 0 && *word == '0') {
		snprintf(again, sizeof(again), "%llo", (unsigned long long)value);
	} else {
		snprintf(again, sizeof(again), "%llu", (unsigned long long)value);
	}
	while (word[0] == '0' && word[1])
		word++;
	must(strcasecmp(word, again) == 0);
}

static void check_numbers(void)
{
	static const int bases[] = { 0, 10, 16 };
	char word[WORD_MAX];
	int is_word = sysfs_read_word(folder_open(), "file", word, sizeof(word));
	int number = 4711;

	for (size_t i = 0; i < ARRAY_SIZE(bases); i++) {
		uint64_t value = 4711;
		int r = sysfs_read_u64(folder_open(), "file", bases[i], &value);

		must(r == 0 || value == 4711);
		must(is_word == 0 || r == is_word);
		if (r == 0)
			check_same(word, value, bases[i]);
		else if (is_word == 0)
			must(r == -EBADMSG);
	}
	if (sysfs_read_int(folder_open(), "file", &number) == 0) {
		must(is_word == 0 && (isdigit((unsigned char)*word) || *word == '-'));
		must(strtoll(word, NULL, 10) == number);
	} else {
		must(number == 4711);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	folder_write("file", data, size);
	check_word(data, size);
	check_numbers();
	return 0;
}
