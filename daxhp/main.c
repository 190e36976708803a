// SPDX-License-Identifier: GPL-2.0-or-later
/* daxhp: the table of commands, and the options that can stand instead of a command. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "daxhp.h"

static const struct command *const commands[] = { &cmd_status, &cmd_online, &cmd_unplug,
						  &cmd_reconfigure };

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	/* As daxctl calls it. */
	return strcmp(name, "list") == 0 ? &cmd_status : NULL;
}

/* What daxctl and others call it, and what it is here. */
static const struct {
	const char *word, *ours;
} other_words[] = {
	{ "offline", "'daxhp unplug' takes memory offline, and away" },
	{ "offline-memory", "'daxhp unplug' takes memory offline, and away" },
	{ "online-memory", "'daxhp online' does it" },
	{ "reconfigure-device", "'daxhp reconfigure' does it" },
	{ "enable-device", "'daxhp reconfigure' binds a device to a driver" },
	{ "disable-device",
	  "'daxhp unplug' takes the memory away; 'daxctl disable-device' unbinds" },
	{ "create", "'daxctl create-device' makes devices" },
	{ "create-device", "'daxctl create-device' makes devices" },
	{ "destroy",
	  "'daxctl destroy-device' takes devices away, once 'daxhp unplug' has unplugged them" },
	{ "destroy-device",
	  "'daxctl destroy-device' takes devices away, once 'daxhp unplug' has unplugged them" },
};

static const char *other_word(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(other_words); i++)
		if (strcmp(other_words[i].word, name) == 0)
			return other_words[i].ours;
	return NULL;
}

static void print_help(FILE *to)
{
	fputs("Usage: daxhp [OPTIONS]\n"
	      "       daxhp COMMAND [OPTIONS] [DEVICE...]\n\n"
	      "Move a whole dax device's memory between \"unplugged\" and \"online\".\n\n",
	      to);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(to, "  %-16s%s\n", commands[i]->name, commands[i]->summary);
	fputs("  help            Print this help, or the options of a command.\n"
	      "  version         Print the version.\n\n"
	      "  -V, --version       the same as version\n"
	      "  -h, --help          the same as help\n"
	      "      --list-commands the names of the commands, for completion\n\n"
	      "Without a command, daxhp does what 'daxhp status' does. See daxhp(8).\n",
	      to);
}

static int refuse_command(const char *name)
{
	struct suggestion suggestion = { .typed = name };

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		suggest(&suggestion, commands[i]->name);
	suggest(&suggestion, "list");
	suggest(&suggestion, "help");
	suggest(&suggestion, "version");
	if (other_word(name))
		complain("'%s' is not a command of daxhp: %s.", name, other_word(name));
	else if (suggestion.word)
		complain("'%.64s' is not a command; did you mean 'daxhp %s'?", name,
			 suggestion.word);
	else if (daxhp_device_name_is_valid(name))
		complain("'%.64s' is not a command; did you mean 'daxhp status %.64s'?", name,
			 name);
	else
		complain("'%.64s' is not a command of daxhp; 'daxhp help' lists them.", name);
	return EXIT_USAGE;
}

static bool is_help(const char *word)
{
	return strcmp(word, "help") == 0 || strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static int run_help(const char *topic)
{
	const struct command *command = topic ? find_command(topic) : NULL;
	bool is_own = topic && (strcmp(topic, "version") == 0 || is_help(topic));

	if (topic && !command && !is_own)
		return refuse_command(topic);
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

	if (r != EXIT_DONE)
		return r < 0 ? EXIT_DONE : r;
	r = daxhp_new(&ctx);
	if (r < 0) {
		complain("%s.", strerror(-r));
		return EXIT_FAILED;
	}
	if (settings.verbose > 1)
		daxhp_set_log_fn(ctx, log_to_stderr, NULL);
	r = command->run(ctx, &settings, argc - first, argv + first);
	daxhp_unref(ctx);
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
				 : refuse_command(word);
	r = output_flush();
	/* When the disk is full, or the reader went away, the exit status must say so. */
	if (r < 0)
		complain("cannot write to standard output: %s.", strerror(-r));
	return r < 0 && status == EXIT_DONE ? EXIT_FAILED : status;
}
