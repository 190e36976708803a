// SPDX-License-Identifier: LGPL-2.1-or-later
/* The parser of the tool's options. Each line of the input is one word. */
#include <getopt.h>
#include <stdarg.h>

#include "fuzz.h"
#include "daxhp.h"

#define WORDS_MAX 32

static unsigned int complaints;

/* Replaces the tool's refuse(). A message must be one sentence without control characters. */
enum exit_status refuse(enum refusal_kind kind, const char *device, const char *format, ...)
{
	char text[1024];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	must(n > 0 && (size_t)n < sizeof(text));
	must(kind == REFUSAL_USAGE && !device);
	complaints++;
	return EXIT_USAGE;
}

static int run_nothing(struct daxhp_ctx *ctx, const struct settings *settings, int argc,
		       char **argv)
{
	(void)ctx;
	(void)settings;
	(void)argc;
	(void)argv;
	return EXIT_DONE;
}

/* All kinds of options that a command can have. */
static const struct option_row rows[] = {
	{ KEY_MOVABLE, "movable", NULL, "" },
	{ KEY_KERNEL, "kernel", NULL, "" },
	{ KEY_TIMEOUT, "timeout", "N", "" },
	{ KEY_RETRY, "retry", "N", "" },
	{ 'M', "mappings", NULL, "" },
	ROW_DRY_RUN,
	{ 0 },
};

static const struct command command = {
	.name = "fuzz",
	.synopsis = "",
	.summary = "",
	.options = rows,
	.run = run_nothing,
};

static int split(char *text, char **argv)
{
	static char name[] = "fuzz";
	int argc = 0;

	argv[argc++] = name;
	while (text && argc < WORDS_MAX)
		argv[argc++] = strsep(&text, "\n");
	argv[argc] = NULL;
	return argc;
}

static void check_settings(const struct settings *s, int first, int argc)
{
	must(first >= 1 && first <= argc);
	must(!(s->movable && s->kernel));
	must(s->node >= -1 && s->node <= 65535);
	must(s->timeout >= 0 && s->retries >= 0 && s->retries <= 1000);
}

static void forget_last_time(void)
{
	static bool is_silent;
	static char name[] = "";
	char *nothing[] = { name, NULL };

	/* The test does not need the usage texts, and there would be many. */
	if (!is_silent)
		must(freopen("/dev/null", "w", stdout));
	is_silent = true;
	/* After the j of "-jx", getopt() keeps the rest until it is reset. */
	optind = 0;
	must(getopt(1, nothing, "") == -1);
	complaints = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct settings settings = { 0 };
	char *text = text_of(data, size), *argv[WORDS_MAX + 1];
	int argc, first = -1, r;

	argc = split(text, argv);
	forget_last_time();
	r = options_parse(&command, argc, argv, &settings, &first);
	must(r == EXIT_DONE || r == EXIT_USAGE || r == -1);
	/* There is a sentence for each refusal, and only for a refusal. */
	must(complaints == (r == EXIT_USAGE));
	if (r == EXIT_DONE)
		check_settings(&settings, first, argc);
	free(text);
	return 0;
}
