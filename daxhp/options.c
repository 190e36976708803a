// SPDX-License-Identifier: GPL-2.0-or-later
/* Turns the arguments into settings, by tables of options. The usage comes from them as well. */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <string.h>

#include "daxhp.h"

const struct option_row options_common[] = {
	{ 'r', "region", "ID", "select only devices of this region" },
	{ KEY_NODE, "node", "NODE", "select only devices whose memory goes to this NUMA node" },
	{ KEY_MEMDEV, "memdev", "NAME", "select only devices with memory of this CXL card" },
	{ KEY_SERIAL, "serial", "NUMBER",
	  "select only devices with memory of the card with this serial number" },
	{ KEY_PCI, "pci", "ADDRESS",
	  "select only devices with memory of the card at this PCI address" },
	{ KEY_NAMESPACE, "namespace", "NAME",
	  "select only the device of this namespace, or its uuid" },
	{ 'j', "json", NULL, "print JSON" },
	{ 'u', "human", NULL, "print sizes with both units: 2.00 GiB (2.15 GB)" },
	{ 'v', "verbose", NULL, "print on stderr what daxhp does; twice: every detail" },
	{ 'h', "help", NULL, "print this help and exit" },
	{ 0 },
};

#define OPTIONS_MAX 32
#define NODE_MAX 65535
#define TIMEOUT_MAX (365 * 24 * 3600)
#define RETRY_MAX 1000
#define PATIENCE_DEFAULT 30

/* @shorts: the string of short options for getopt(). */
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
		if (rows->key > ' ' && rows->arg)
			*shorts++ = ':';
	}
}

/* @what: how the message calls the option's value. */
static int take_number(const char *what, int least, int most, int *ret_value)
{
	char *end;
	long value;

	errno = 0;
	value = strtol(optarg, &end, 10);
	if (errno || *end || !isdigit((unsigned char)*optarg) || value < least || value > most) {
		return refuse_usage("'%.64s' is not %s: expected a number from %d to %d.", optarg,
				    what, least, most);
	}
	*ret_value = value;
	return EXIT_DONE;
}

static int take_serial(struct settings *s)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(optarg, &end, 0);
	if (errno || *end || !isdigit((unsigned char)*optarg)) {
		return refuse_usage(
			"'%.64s' is not a serial number: expected a number such as 0x1000.",
			optarg);
	}
	s->serial = value;
	s->has_serial = true;
	return EXIT_DONE;
}

static int take_mode(struct settings *s)
{
	if (strcmp(optarg, "system-ram") != 0 && strcmp(optarg, "devdax") != 0) {
		return refuse_usage("'%.64s' is not a mode: expected system-ram or devdax.",
				    optarg);
	}
	s->mode = optarg;
	return EXIT_DONE;
}

/* A word of @name_of(1), @name_of(2) ..., which has @n of them. */
static int take_word(const char *what, const char *(*name_of)(int i), int first, int n,
		     const char **ret_word)
{
	char words[256] = "";

	for (int i = first; i < n; i++) {
		size_t used = strlen(words);

		if (strcmp(optarg, name_of(i)) == 0) {
			*ret_word = optarg;
			return EXIT_DONE;
		}
		snprintf(words + used, sizeof(words) - used, "%s%s",
			 i == first   ? ""
			 : i + 1 == n ? " or "
				      : ", ",
			 name_of(i));
	}
	return refuse_usage("'%.64s' is not a %s: expected %s.", optarg, what, words);
}

static const char *state_word(int i)
{
	return daxhp_state_name(i);
}

static const char *mode_word(int i)
{
	return daxhp_mode_name(i);
}

static int take_option(const struct command *command, struct settings *s, int key)
{
	switch (key) {
	case 'r':
		s->region = optarg;
		return EXIT_DONE;
	case KEY_NODE:
		return take_number("a NUMA node", 0, NODE_MAX, &s->node);
	case KEY_MEMDEV:
		s->memdev = optarg;
		return EXIT_DONE;
	case KEY_SERIAL:
		return take_serial(s);
	case KEY_PCI:
		s->pci = optarg;
		return EXIT_DONE;
	case KEY_NAMESPACE:
		s->namespace = optarg;
		return EXIT_DONE;
	case KEY_TIMEOUT:
		return take_number("a time in seconds", 1, TIMEOUT_MAX, &s->timeout);
	case KEY_WAIT:
		return take_number("a time in seconds", 0, TIMEOUT_MAX, &s->wait);
	case KEY_RETRY:
		return take_number("a count of tries", 0, RETRY_MAX, &s->retries);
	case KEY_PATIENCE:
		return take_number("a time in seconds", 0, TIMEOUT_MAX, &s->patience);
	case KEY_ALL:
		s->all = true;
		return EXIT_DONE;
	case KEY_MOVABLE:
		s->movable = true;
		return EXIT_DONE;
	case KEY_KERNEL:
		s->kernel = true;
		return EXIT_DONE;
	case 'N':
		s->no_online = true;
		return EXIT_DONE;
	case 'f':
		s->force = true;
		return EXIT_DONE;
	case KEY_YES:
		s->yes = true;
		return EXIT_DONE;
	case KEY_CARDS:
		s->cards = true;
		return EXIT_DONE;
	case KEY_HAND_BACK:
		s->hand_back = true;
		return EXIT_DONE;
	case KEY_UNBIND:
		s->unbind = true;
		return EXIT_DONE;
	case 'm':
		return take_mode(s);
	case KEY_ANY_MODE:
		return take_word("mode", mode_word, 0, DAXHP_MODE_OTHER, &s->mode);
	case KEY_STATE:
		return take_word("state", state_word, DAXHP_UNPLUGGED, DAXHP_INCONSISTENT + 1,
				 &s->state);
	case KEY_TEXTFILE:
		s->textfile = optarg;
		return EXIT_DONE;
	case KEY_PRESENT:
		s->present = true;
		return EXIT_DONE;
	case KEY_GONE:
		s->gone = true;
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
	case KEY_CHECK:
		s->check = true;
		return EXIT_DONE;
	case 'q':
		s->quiet = true;
		return EXIT_DONE;
	case 'b':
		s->bytes = true;
		return EXIT_DONE;
	case 'o':
		s->columns = optarg;
		return EXIT_DONE;
	case KEY_NOHEADINGS:
		s->no_headings = true;
		return EXIT_DONE;
	case KEY_RAW:
		s->raw = true;
		return EXIT_DONE;
	case 'h':
		usage_print(command, stdout);
		return -1;
	default:
		return EXIT_USAGE;
	}
}

/* getopt_long() has two styles of messages, and neither is that of daxhp. */
static int complain_option(const struct command *command, const struct option *longs, int key,
			   const char *arg)
{
	bool is_long = strncmp(arg, "--", 2) == 0;
	char typed[64] = "", meant[96] = "";
	struct suggestion suggestion = { .typed = typed };

	if (is_long)
		snprintf(typed, sizeof(typed), "%.*s", (int)strcspn(arg + 2, "="), arg + 2);
	for (const struct option *o = longs; o->name; o++)
		suggest(&suggestion, o->name);
	/* As daxctl calls it. */
	if (strcmp(typed, "no-movable") == 0)
		suggestion.word = "kernel";
	if (suggestion.word)
		snprintf(meant, sizeof(meant), "; did you mean '--%s'?", suggestion.word);
	while (longs->name && (!optopt || longs->val != optopt))
		longs++;
	if (longs->name && key == ':')
		refuse_usage("--%s needs a value; see 'daxhp %s --help'.", longs->name,
			     command->name);
	else if (longs->name && is_long)
		refuse_usage("--%s takes no value; see 'daxhp %s --help'.", longs->name,
			     command->name);
	else if (optopt > ' ' && !is_long)
		refuse_usage("'-%c' is not an option of 'daxhp %s'; see 'daxhp %s --help'.", optopt,
			     command->name, command->name);
	else if (*meant)
		refuse_usage("'%.64s' is not an option of 'daxhp %s'%s", arg, command->name, meant);
	else
		refuse_usage("'%.64s' is not an option of 'daxhp %s'; see 'daxhp %s --help'.", arg,
			     command->name, command->name);
	return EXIT_USAGE;
}

/* After an error in the options: is it to be JSON? */
static void find_json(int argc, char **argv, const char *shorts, const struct option *longs,
		      struct settings *settings)
{
	int key;

	while ((key = getopt_long(argc, argv, shorts, longs, NULL)) != -1)
		settings->json |= key == 'j';
}

int options_parse(const struct command *command, int argc, char **argv, struct settings *settings,
		  int *ret_first_arg)
{
	struct option longs[OPTIONS_MAX] = { 0 };
	char shorts[OPTIONS_MAX * 2 + 2] = ":";
	int key;

	append_rows(longs, shorts, command->options);
	append_rows(longs, shorts, options_common);
	settings->node = -1;
	settings->patience = PATIENCE_DEFAULT;
	optind = 1;
	opterr = 0;
	while ((key = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		int r = key == '?' || key == ':'
				? complain_option(command, longs, key, argv[optind - 1])
				: take_option(command, settings, key);

		if (r != EXIT_DONE) {
			find_json(argc, argv, shorts, longs, settings);
			return r;
		}
	}
	if (settings->movable && settings->kernel) {
		return refuse_usage(
			"--movable and --kernel contradict each other: give one of them.");
	}
	*ret_first_arg = optind;
	return EXIT_DONE;
}

enum daxhp_state settings_zone(const struct settings *s)
{
	if (s->movable)
		return DAXHP_ONLINE_MOVABLE;
	return s->kernel ? DAXHP_ONLINE_KERNEL : DAXHP_ONLINE;
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
