// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pin [NODE]
 *
 * Gives some pages to a pipe, so that the kernel cannot move them. Until a signal comes, the kernel
 * tries to take their block offline. Prints "pinned", then sleeps. With NODE, the pages come from
 * that node: it waits until the node has memory.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define SIZE (256 * 4096)

/* linux/mempolicy.h */
#define MPOL_BIND 2

/* Fails while the node has no memory. */
static int bind_to_node(void *pages, int node)
{
	unsigned long mask = 1UL << node;

	return syscall(SYS_mbind, pages, SIZE, MPOL_BIND, &mask, 8 * sizeof(mask), 0);
}

/*
 * The kernel says that a node has memory before it has put the node into its lists. Who asks for the
 * node's memory in between meets the OOM killer. It must take this process, and no other.
 */
static void be_killed_first(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "1000", 4) != 4)
		perror("oom_score_adj");
	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv)
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
	be_killed_first();
	while (argc > 1 && bind_to_node(pages.iov_base, atoi(argv[1])) < 0)
		usleep(500);
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
