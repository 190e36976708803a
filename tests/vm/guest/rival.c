// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * rival [--keep] MICROSECONDS BLOCK...
 *
 * Sets every block that it finds offline to online_movable, again and again, with a pause between
 * the rounds. With --keep it opens the state files once, at its start, and stays in them.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int open_state(const char *block)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/devices/system/memory/memory%s/state", block);
	return open(path, O_RDWR | O_CLOEXEC);
}

static void set_online(int fd)
{
	static const char word[] = "online_movable";
	char state[32] = "";

	if (pread(fd, state, sizeof(state) - 1, 0) > 0 && strncmp(state, "offline", 7) == 0 &&
	    pwrite(fd, word, sizeof(word) - 1, 0) < 0)
		return; /* somebody was faster, or the block is gone */
}

int main(int argc, char **argv)
{
	bool keep = argc > 1 && strcmp(argv[1], "--keep") == 0;
	char **blocks = argv + 2 + keep;
	int n = argc - 2 - keep, *fds;
	useconds_t pause;

	if (n < 1) {
		fprintf(stderr, "usage: rival [--keep] MICROSECONDS BLOCK...\n");
		return 2;
	}
	pause = atoi(argv[1 + keep]);
	fds = calloc(n, sizeof(*fds));
	if (!fds)
		return 1;
	for (int i = 0; keep && i < n; i++)
		fds[i] = open_state(blocks[i]);
	for (;;) {
		for (int i = 0; i < n; i++) {
			int fd = keep ? fds[i] : open_state(blocks[i]);

			if (fd < 0)
				continue;
			set_online(fd);
			if (!keep)
				close(fd);
		}
		usleep(pause);
	}
}
