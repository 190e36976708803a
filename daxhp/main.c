// SPDX-License-Identifier: GPL-2.0-or-later
/* daxhp: the table of commands, and the options that can stand instead of a command. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "daxhp.h"

static const struct command *const commands[] = {
	&cmd_status, &cmd_explain, &cmd_online,	 &cmd_unplug, &cmd_reconfigure,
	&cmd_apply,  &cmd_policy,  &cmd_monitor, &cmd_wait,   &cmd_metrics,
};

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	/* As daxctl calls it. */
	return strcmp(name, "list") == 0 ? &cmd_status : NULL;
}

static void print_help(FILE *to)
{
	fputs("Usage: daxhp [OPTIONS]\n"
	      "       daxhp COMMAND [OPTIONS] [DEVICE...]\n\n"
	      "Bring all memory of a dax device online as system RAM, and take it away again.\n\n",
	      to);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(to, "  %-16s%s\n", commands[i]->name, commands[i]->summary);
	fputs("  help            Print this help, or the options of a command.\n"
	      "  version         Print the version.\n\n"
	      "  -V, --version       the same as version\n"
	      "  -h, --help          the same as help\n"
	      "      --list-commands the names of the commands, for completion\n\n"
	      "Without a command, daxhp does what 'daxhp status' does. For example:\n"
	      "    daxhp online dax0.0                       make its memory movable system RAM\n"
	      "    daxhp unplug dax0.0                       take its memory away again\n"
	      "    daxhp reconfigure --mode=devdax dax0.0    give it to an application\n\n"
	      "Exit status: 0 done; 1 failed, nothing was changed; 2 wrong usage; 64 done in\n"
	      "part. See daxhp(8).\n",
	      to);
}

/* @args: what stands after it, up to NULL. */
static int refuse_command(const char *name, char **args)
{
	struct suggestion suggestion = { .typed = name };
	char ours[512];

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		suggest(&suggestion, commands[i]->name);
	suggest(&suggestion, "list");
	suggest(&suggestion, "help");
	suggest(&suggestion, "version");
	if (suggest_for_daxctl(name, args, ours, sizeof(ours)))
		refuse_usage("'%s' is not a command of daxhp: %s.", name, ours);
	else if (suggestion.word)
		refuse_usage("'%.64s' is not a command; did you mean 'daxhp %s'?", name,
			     suggestion.word);
	else if (daxhp_device_name_is_valid(name))
		refuse_usage("'%.64s' is not a command; did you mean 'daxhp status %.64s'?", name,
			     name);
	else
		refuse_usage("'%.64s' is not a command of daxhp; 'daxhp help' lists them.", name);
	return EXIT_USAGE;
}

static bool is_help(const char *word)
{
	return strcmp(word, "help") == 0 || strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static int run_help(const char *topic)
{
	char *none = NULL;
	const struct command *command = topic ? find_command(topic) : NULL;
	bool is_own = topic && (strcmp(topic, "version") == 0 || is_help(topic));

	if (topic && !command && !is_own)
		return refuse_command(topic, &none);
	if (command)
		usage_print(command, stdout);
	else
		print_help(stdout);
	return EXIT_DONE;
}

static void log_to_stderr(struct daxhp_ctx *ctx __attribute__((unused)),
			  int priority __attribute__((unused)),
			  const char *file __attribute__((unused)),
			  int line __attribute__((unused)), const char *fn, const char *format,
			  va_list args, void *data __attribute__((unused)))
{
	size_t len = strlen(format);

	/* The library's threads log as well. Keep each message in one piece. */
	flockfile(stderr);
	fprintf(stderr, "debug: %s: ", fn);
	vfprintf(stderr, format, args);
	if (len == 0 || format[len - 1] != '\n')
		fputc('\n', stderr);
	funlockfile(stderr);
}

static int run_command(const struct command *command, int argc, char **argv)
{
	struct settings settings = { 0 };
	struct daxhp_ctx *ctx;
	int first, r = options_parse(command, argc, argv, &settings, &first);

	if (r < 0)
		return EXIT_DONE;
	if (r == EXIT_DONE && daxhp_new(&ctx) < 0) {
		r = refuse(REFUSAL_OUT_OF_MEMORY, NULL, "out of memory.");
	} else if (r == EXIT_DONE) {
		if (settings.verbose > 1)
			daxhp_set_log_fn(ctx, log_to_stderr, NULL);
		r = command->run(ctx, &settings, argc - first, argv + first);
		daxhp_unref(ctx);
	}
	if (settings.json && refusal_get()->kind != REFUSAL_NONE)
		report_refusal_json(command->name);
	return r;
}

/* A word or an option that stands instead of a command. False when @word is none of them. */
static bool serve_word(const char *word, const char *topic, int *ret_status)
{
	*ret_status = EXIT_DONE;
	if (is_help(word)) {
		*ret_status = run_help(topic);
	} else if (strcmp(word, "version") == 0 || strcmp(word, "--version") == 0 ||
		   strcmp(word, "-V") == 0) {
		puts("daxhp " DAXHP_VERSION);
	} else if (strcmp(word, "--list-commands") == 0) {
		for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
			puts(commands[i]->name);
		puts("help\nversion");
	} else {
		return false;
	}
	return true;
}

/*
 * If stdout is closed, the next open() gets its number, and the output would go into that file. So
 * fill the closed numbers with /dev/null. Open it only for reading: then a write still fails, and
 * daxhp notices that it could not print.
 */
static void fill_stdio(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

/* Options may stand before the command: move it to the front. No device has the name of a command. */
static void pull_command(int argc, char **argv)
{
	for (int i = 2; i < argc && *argv[1] == '-'; i++) {
		char *word = argv[i];

		if (!find_command(word))
			continue;
		memmove(&argv[2], &argv[1], (i - 1) * sizeof(*argv));
		argv[1] = word;
	}
}

/* Without a command, nobody knows its options. */
static bool asks_for_json(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "-j") == 0 || strcmp(argv[i], "--json") == 0)
			return true;
	return false;
}

int main(int argc, char **argv)
{
	const char *word;
	/* Options without a command are the options of status. */
	bool has_command;
	const struct command *command;
	int status = EXIT_USAGE, r;

	pull_command(argc, argv);
	word = argc > 1 ? argv[1] : "";
	has_command = argc > 1 && *word != '-';
	command = has_command ? find_command(word) : &cmd_status;
	fill_stdio();
	if (argc > 0 && !serve_word(word, argc > 2 ? argv[2] : NULL, &status))
		status = command ? run_command(command, argc - has_command, argv + has_command)
				 : refuse_command(word, argv + 2);
	if (!command && asks_for_json(argc, argv))
		report_refusal_json(NULL);
	r = output_flush();
	/* When the disk is full, or the reader went away, the exit status must say so. */
	if (r < 0)
		complain("cannot write to standard output: %s.", strerror(-r));
	return r < 0 && status == EXIT_DONE ? EXIT_FAILED : status;
}
