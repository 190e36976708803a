// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * runner NAME NAME.seeds: runs the seeds, then inputs that it makes from the seeds. The generator
 * starts with the same number each time, so a failure is repeatable. Prints one line of TAP. Writes
 * an input that aborts into NAME.crash; give that file instead of the seeds to run it again.
 */
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "fuzz.h"

#define INPUTS 5000
#define SIZE_MAX_INPUT 512
#define SEEDS_MAX 64

struct input {
	uint8_t data[SIZE_MAX_INPUT];
	size_t size;
};

static struct input seeds[SEEDS_MAX], current;
static size_t n_seeds;
static uint64_t seed = UINT64_C(0x9e3779b97f4a7c15);
static char crash_file[256];

/* xorshift64*: the same numbers on every machine. */
static uint32_t pick(uint32_t below)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return (uint32_t)(seed * UINT64_C(0x2545f4914f6cdd1d) >> 32) % below;
}

static void save_crash(int sig)
{
	int fd = open(crash_file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd >= 0 && write(fd, current.data, current.size) == (ssize_t)current.size)
		close(fd);
	signal(sig, SIG_DFL);
	raise(sig);
}

static void run(void)
{
	/* A copy of exactly that size, so that valgrind and the sanitizers see a read past its end. */
	uint8_t *copy = malloc(current.size + (current.size == 0));

	must(copy);
	memcpy(copy, current.data, current.size);
	LLVMFuzzerTestOneInput(copy, current.size);
	free(copy);
}

static void give_up(const char *what, const char *file)
{
	fprintf(stderr, "%s %s\n", what, file);
	exit(1);
}

/* "<text\x0a>": the text between the brackets, with each \xHH as a byte. */
static void load_line(const char *line, const char *file)
{
	const char *end = strrchr(line, '>');

	if (*line != '<' || !end)
		give_up("not a seed, in", file);
	current.size = 0;
	for (line++; line < end && current.size < sizeof(current.data); line++) {
		unsigned int byte = (unsigned char)*line;

		if (*line == '\\' && line[1] == '\\')
			line++;
		else if (*line == '\\' && sscanf(line, "\\x%2x", &byte) == 1)
			line += 3;
		current.data[current.size++] = byte;
	}
	if (n_seeds < SEEDS_MAX)
		seeds[n_seeds++] = current;
}

static void load(const char *file)
{
	FILE *f = fopen(file, "re");
	char line[4 * SIZE_MAX_INPUT];

	if (!f)
		give_up("cannot read", file);
	while (fgets(line, sizeof(line), f))
		if (*line != '#')
			load_line(line, file);
	fclose(f);
	if (n_seeds == 0)
		give_up("no seeds in", file);
}

static void insert(const uint8_t *data, size_t size)
{
	size_t at = pick(current.size + 1);

	if (current.size + size > sizeof(current.data))
		return;
	memmove(current.data + at + size, current.data + at, current.size - at);
	memcpy(current.data + at, data, size);
	current.size += size;
}

/* Pieces that often break a parser. */
static void insert_token(void)
{
	static const char *const tokens[] = {
		"-",
		"+",
		" ",
		"\n",
		"\t",
		"\r",
		"0x",
		"0",
		"1",
		".",
		"dax",
		"--",
		"=",
		"\x1b[",
		"%s%n",
		"18446744073709551615",
		"18446744073709551616",
		"ffffffffffffffff",
		"2147483648",
	};
	static const uint8_t bytes[] = { 0, 0x7f, 0x80, 0xff };
	uint32_t k = pick(sizeof(tokens) / sizeof(tokens[0]) + sizeof(bytes));

	if (k < sizeof(bytes))
		insert(&bytes[k], 1);
	else
		insert((const uint8_t *)tokens[k - sizeof(bytes)],
		       strlen(tokens[k - sizeof(bytes)]));
}

static void cut(void)
{
	size_t from, n;

	if (current.size == 0)
		return;
	from = pick(current.size);
	n = 1 + pick(current.size - from);
	memmove(current.data + from, current.data + from + n, current.size - from - n);
	current.size -= n;
}

static void add_other(void)
{
	const struct input *other = &seeds[pick(n_seeds)];

	if (other->size)
		insert(other->data, 1 + pick(other->size));
}

static void mutate(void)
{
	switch (pick(6)) {
	case 0:
		if (current.size)
			current.data[pick(current.size)] ^= 1u << pick(8);
		break;
	case 1:
		if (current.size)
			current.data[pick(current.size)] = pick(256);
		break;
	case 2:
		insert_token();
		break;
	case 3:
		cut();
		break;
	case 4:
		add_other();
		break;
	case 5:
		for (uint32_t n = pick(100); n > 0 && current.size < sizeof(current.data); n--)
			current.data[current.size++] = '1';
		break;
	}
}

static void make_up(void)
{
	current.size = 0;
	if (pick(8)) {
		current = seeds[pick(n_seeds)];
		for (uint32_t n = 1 + pick(5); n > 0; n--)
			mutate();
		return;
	}
	for (current.size = 0; current.size < pick(64); current.size++)
		current.data[current.size] = pick(256);
}

static void run_all(const char *file)
{
	load(file);
	for (size_t i = 0; i < n_seeds; i++) {
		current = seeds[i];
		run();
	}
	for (int i = 0; i < INPUTS; i++) {
		make_up();
		run();
	}
}

/* One input, from the file that an earlier run has written. */
static void run_crash(const char *file)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, current.data, sizeof(current.data));

	if (n < 0)
		give_up("cannot read", file);
	close(fd);
	current.size = n;
	run();
}

int main(int argc, char **argv)
{
	/* The code under test may print to stdout. */
	FILE *tap = fdopen(dup(STDOUT_FILENO), "w");

	if (argc != 3 || !tap) {
		fprintf(stderr, "usage: %s NAME NAME.seeds|NAME.crash\n", argv[0]);
		return 2;
	}
	if (strstr(argv[2], ".crash")) {
		run_crash(argv[2]);
		return 0;
	}
	snprintf(crash_file, sizeof(crash_file), "%s.crash", argv[1]);
	signal(SIGABRT, save_crash);
	run_all(argv[2]);
	fprintf(tap, "1..1\nok 1 - %s: %zu seeds, %d inputs made from them\n", argv[1], n_seeds,
		INPUTS);
	return fclose(tap) ? 1 : 0;
}
