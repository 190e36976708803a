// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pin
 *
 * Gives some pages to a pipe, so that the kernel cannot move them. Until a signal comes, the kernel
 * tries to take their block offline. Prints "pinned", then sleeps.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#define SIZE (256 * 4096)

int main(void)
{
	struct iovec pages = { .iov_len = SIZE };
	int pipefd[2];

	pages.iov_base = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			      0);
	if (pages.iov_base == MAP_FAILED || pipe(pipefd) < 0 ||
	    fcntl(pipefd[1], F_SETPIPE_SZ, SIZE) < 0) {
		perror("pin");
		return 1;
	}
	memset(pages.iov_base, 1, SIZE);
	if (vmsplice(pipefd[1], &pages, 1, SPLICE_F_NONBLOCK) <= 0) {
		perror("vmsplice");
		return 1;
	}
	puts("pinned");
	fflush(stdout);
	for (;;)
		pause();
}
