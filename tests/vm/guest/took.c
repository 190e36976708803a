// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * took TIMES COMMAND [ARG...]: runs the command TIMES times, and prints the
 * seconds of the fastest run, from the start of the program to its end. The time
 * command of a shell would add the cost of the shell's fork.
 */
#include <err.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static double run(char *argv[], posix_spawn_file_actions_t *actions)
{
	double start = now();
	int r, status;
	pid_t pid;

	r = posix_spawnp(&pid, argv[0], actions, NULL, argv, environ);
	if (r)
		errx(1, "%s: %d", argv[0], r);
	if (waitpid(pid, &status, 0) < 0)
		err(1, "waitpid");
	if (status)
		errx(1, "%s failed: %d", argv[0], status);
	return now() - start;
}

int main(int argc, char *argv[])
{
	posix_spawn_file_actions_t actions;
	double least = 0;

	if (argc < 3 || atoi(argv[1]) < 1)
		errx(2, "usage: took TIMES COMMAND [ARG...]");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	for (int i = atoi(argv[1]); i > 0; i--) {
		double seconds = run(argv + 2, &actions);

		if (least == 0 || seconds < least)
			least = seconds;
	}
	printf("%.6f\n", least);
	return 0;
}
