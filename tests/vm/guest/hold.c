// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * hold open|map FILE
 *
 * Keeps a dax device's node open; or maps a part of it and closes it. Prints "held", then sleeps.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* The size of a huge page: a smaller part cannot be mapped. */
#define SIZE (2 << 20)

int main(int argc, char **argv)
{
	int fd;

	if (argc != 3)
		return 2;
	fd = open(argv[2], O_RDWR);
	if (fd < 0) {
		perror(argv[2]);
		return 1;
	}
	if (strcmp(argv[1], "map") == 0) {
		if (mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED) {
			perror("mmap");
			return 1;
		}
		close(fd);
	}
	puts("held");
	fflush(stdout);
	for (;;)
		pause();
}
