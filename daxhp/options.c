// SPDX-License-Identifier: GPL-2.0-or-later
/* Options: tables in, settings out. Usage is printed from the same tables. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <string.h>

#include "daxhp.h"

const struct option_row options_common[] = {
	{ KEY_REGION, "region", "ID", "only devices of this region" },
	{ KEY_NODE, "node", "NODE", "only devices whose memory goes to this NUMA node" },
	{ 'j', "json", NULL, "print JSON" },
	{ 'u', "human", NULL, "sizes for people: 2.00 GiB instead of 2147483648" },
	{ 'v', "verbose", NULL, "say on stderr what is done; twice: every detail" },
	{ 'h', "help", NULL, "print this and exit" },
	{ 0 },
};

#define OPTIONS_MAX 32

/* @shorts: the string that getopt() wants; no short option takes an argument. */
static void append_rows(struct option *longs, char *shorts, const struct option_row *rows)
{
	size_t n = 0;

	while (longs[n].name)
		n++;
	shorts += strlen(shorts);
	for (; rows->name && n + 1 < OPTIONS_MAX; rows++, n++) {
		longs[n] = (struct option){ rows->name, rows->arg ? required_argument : no_argument,
					    NULL, rows->key };
		if (rows->key > ' ')
			*shorts++ = rows->key;
	}
}

static int parse_node(const char *arg, int *ret_node)
{
	char *end;
	long value;

	errno = 0;
	value = strtol(arg, &end, 10);
	if (errno || end == arg || *end || *arg == ' ' || value < 0 || value > INT_MAX)
		return -EINVAL;
	*ret_node = value;
	return 0;
}

static int take_option(const struct command *command, struct settings *s, int key)
{
	switch (key) {
	case KEY_REGION:
		s->region = optarg;
		return EXIT_DONE;
	case KEY_NODE:
		if (parse_node(optarg, &s->node) == 0)
			return EXIT_DONE;
		complain("'%.64s' is not the number of a NUMA node.", optarg);
		return EXIT_USAGE;
	case KEY_MOVABLE:
		s->movable = true;
		return EXIT_DONE;
	case KEY_KERNEL:
		s->kernel = true;
		return EXIT_DONE;
	case 'j':
		s->json = true;
		return EXIT_DONE;
	case 'u':
		s->human = true;
		return EXIT_DONE;
	case 'v':
		s->verbose++;
		return EXIT_DONE;
	case 'n':
		s->dry_run = true;
		return EXIT_DONE;
	case 'M':
		s->mappings = true;
		return EXIT_DONE;
	case 'h':
		usage_print(command, stdout);
		return -1;
	default:
		/* getopt_long() has said what is wrong. */
		fprintf(stderr, "Try 'daxhp %s --help'.\n", command->name);
		return EXIT_USAGE;
	}
}

int options_parse(const struct command *command, int argc, char **argv, struct settings *settings,
		  int *ret_first_arg)
{
	struct option longs[OPTIONS_MAX] = { 0 };
	char shorts[OPTIONS_MAX * 2] = "", name[64];
	int key;

	append_rows(longs, shorts, command->options);
	append_rows(longs, shorts, options_common);
	settings->node = -1;
	/* getopt_long() begins its own sentences with argv[0]. */
	snprintf(name, sizeof(name), "daxhp %s", command->name);
	argv[0] = name;
	optind = 1;
	while ((key = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		int r = take_option(command, settings, key);

		if (r != EXIT_DONE)
			return r;
	}
	if (settings->movable && settings->kernel) {
		complain("--movable and --kernel contradict each other: give one of them.");
		return EXIT_USAGE;
	}
	*ret_first_arg = optind;
	return EXIT_DONE;
}

static void print_rows(const struct option_row *rows, FILE *to)
{
	for (; rows->name; rows++) {
		char left[40];

		snprintf(left, sizeof(left), "%c%c%s--%s%s%s", rows->key > ' ' ? '-' : ' ',
			 rows->key > ' ' ? rows->key : ' ', rows->key > ' ' ? ", " : "  ",
			 rows->name, rows->arg ? "=" : "", rows->arg ? rows->arg : "");
		fprintf(to, "  %-24s%s\n", left, rows->help);
	}
}

void usage_print(const struct command *command, FILE *to)
{
	fprintf(to, "Usage: daxhp %s %s\n\n%s\n\n", command->name, command->synopsis,
		command->summary);
	print_rows(command->options, to);
	print_rows(options_common, to);
	fprintf(to,
		"\nDEVICE is a name (dax0.0), a path (/dev/dax0.0), or 'all'.\n"
		"See daxhp-%s(8).\n",
		command->name);
}
