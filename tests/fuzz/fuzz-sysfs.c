// SPDX-License-Identifier: LGPL-2.1-or-later
/* The readers of sysfs words and numbers, on a file with any contents. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "fuzz.h"
#include "libdaxhp-private.h"

static int dir_fd = -1, fd = -1;

static void make_file(void)
{
	/* In memory, if it can be: it is written thousands of times. */
	char in_memory[] = "/dev/shm/daxhp-fuzz-XXXXXX", elsewhere[] = "/tmp/daxhp-fuzz-XXXXXX";
	const char *path = mkdtemp(in_memory);

	if (!path)
		path = mkdtemp(elsewhere);
	must(path);
	dir_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	must(dir_fd >= 0);
	fd = openat(dir_fd, "file", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	must(fd >= 0);
}

static void remove_file(void)
{
	char link[64], path[256];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", dir_fd);
	n = readlink(link, path, sizeof(path) - 1);
	unlinkat(dir_fd, "file", 0);
	if (n > 0) {
		path[n] = '\0';
		rmdir(path);
	}
}

static void check_word(const uint8_t *data, size_t size)
{
	char word[WORD_MAX] = "untouched";
	int r = sysfs_read_word(dir_fd, "file", word, sizeof(word));

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

/* What was read, written again, is what stands there, but for leading zeros and the case. */
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
	int is_word = sysfs_read_word(dir_fd, "file", word, sizeof(word));
	int number = 4711;

	for (size_t i = 0; i < ARRAY_SIZE(bases); i++) {
		uint64_t value = 4711;
		int r = sysfs_read_u64(dir_fd, "file", bases[i], &value);

		must(r == 0 || value == 4711);
		must(is_word == 0 || r == is_word);
		if (r == 0)
			check_same(word, value, bases[i]);
		else if (is_word == 0)
			must(r == -EBADMSG);
	}
	if (sysfs_read_int(dir_fd, "file", &number) == 0) {
		must(is_word == 0 && (isdigit((unsigned char)*word) || *word == '-'));
		must(strtoll(word, NULL, 10) == number);
	} else {
		must(number == 4711);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (dir_fd < 0) {
		make_file();
		atexit(remove_file);
	}
	must(ftruncate(fd, 0) == 0);
	must(pwrite(fd, data, size, 0) == (ssize_t)size);
	check_word(data, size);
	check_numbers();
	return 0;
}
