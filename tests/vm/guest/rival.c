// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * rival [--keep] [--online] [--kernel] [--thread] MICROSECONDS BLOCK...
 *
 * Sets every offline block to online_movable, again and again, with a pause between the rounds. With
 * --kernel the word is online_kernel. After its first round it prints "running", or
 * "held" with --keep. By then it has set every block that was offline at its start.
 * With --keep it opens the files once, at its start, and keeps them open. With --online it writes 1
 * to the file `online` of each block, instead of a word to `state`. With --thread the files belong
 * to a second thread, which does not share them, and the first thread has ended.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct {
	const char *file, *found, *wanted;
} by_state = { "state", "offline", "online_movable" },
  by_kernel = { "state", "offline", "online_kernel" }, by_online = { "online", "0", "1" };

static const __typeof__(by_state) *way = &by_state;

static int open_file(const char *block)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/devices/system/memory/memory%s/%s", block, way->file);
	return open(path, O_RDWR | O_CLOEXEC);
}

static void set_online(int fd)
{
	char found[32] = "";

	if (pread(fd, found, sizeof(found) - 1, 0) > 0 &&
	    strncmp(found, way->found, strlen(way->found)) == 0 &&
	    pwrite(fd, way->wanted, strlen(way->wanted), 0) < 0)
		return; /* another program was faster, or the block is gone */
}

static bool keep;
static char **blocks;
static int n_blocks;
static useconds_t between;

static void *run(void *data)
{
	int *fds = calloc(n_blocks, sizeof(*fds));

	if (!fds || (data && unshare(CLONE_FILES) < 0))
		exit(1);
	for (int i = 0; keep && i < n_blocks; i++)
		fds[i] = open_file(blocks[i]);
	for (bool is_first = true;; is_first = false) {
		for (int i = 0; i < n_blocks; i++) {
			int fd = keep ? fds[i] : open_file(blocks[i]);

			if (fd < 0)
				continue;
			set_online(fd);
			if (!keep)
				close(fd);
		}
		if (is_first) {
			puts(keep ? "held" : "running");
			fflush(stdout);
		}
		usleep(between);
	}
}

int main(int argc, char **argv)
{
	bool is_thread = false;
	pthread_t thread;

	for (; argc > 1 && strncmp(argv[1], "--", 2) == 0; argv++, argc--) {
		keep |= strcmp(argv[1], "--keep") == 0;
		is_thread |= strcmp(argv[1], "--thread") == 0;
		if (strcmp(argv[1], "--online") == 0)
			way = &by_online;
		if (strcmp(argv[1], "--kernel") == 0)
			way = &by_kernel;
	}
	if (argc < 3) {
		fprintf(stderr,
			"usage: rival [--keep] [--online] [--kernel] [--thread] MICROSECONDS "
			"BLOCK...\n");
		return 2;
	}
	between = atoi(argv[1]);
	blocks = argv + 2;
	n_blocks = argc - 2;
	if (!is_thread)
		run(NULL);
	if (pthread_create(&thread, NULL, run, blocks) != 0)
		return 1;
	/* Ends this thread only. pthread_exit() needs a library that the guest does not have. */
	syscall(SYS_exit, 0);
}
