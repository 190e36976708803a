// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * obstruct KIND NODE [FILE|COUNT]
 *
 * Puts something into a node's memory that keeps it from going offline, and keeps it there:
 *   vmsplice         pages of the process that a pipe has, too
 *   orphans          the same, and the process has unmapped them
 *   splice FILE      pages of the file's cache that a pipe has, too
 *   direct FILE      a read past the page cache into pages of the process; the disk must be slow
 *   pipe COUNT       pages that the kernel has allocated for so many pipes
 *   tables COUNT     page tables for so many pages, each in a region of its own
 *   slab COUNT       small objects of the kernel, for so many files
 *   sockets COUNT    data that so many sockets have not delivered yet
 *   reserve COUNT    huge pages of 2 MiB that are promised, but not in use
 *   huge COUNT       huge pages of 2 MiB in use
 *   gigantic         a huge page of 1 GiB
 *   poison           a page that has "failed"
 *   anon MIB         no obstacle: memory in use
 *   mlock MIB        no obstacle: memory that must not be swapped out
 *   thp MIB          no obstacle: huge pages that the kernel can split
 *   memfd MIB        no obstacle: shared memory
 *   uring MIB        no obstacle: before it pins them for long, the kernel moves pages out of ZONE_MOVABLE
 *   read FILE        no obstacle of its own: reads the file into the cache, and ends
 * NODE can be several, with commas between. Prints "there", then sleeps.
 */
#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/mempolicy.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/mman.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define SIZE (256 * 4096)
#define MIB (1UL << 20)
#define HUGE (2 * MIB)
#define GIGANTIC_FLAG (30 << MAP_HUGE_SHIFT)
/* One page table spans so much. */
#define TABLE_SPAN (2UL << 20)

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void be_killed_first(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "1000", 4) != 4)
		perror("oom_score_adj");
	if (fd >= 0)
		close(fd);
}

/* From now on all memory comes from these nodes; NULL: from any. Preferred: the node may have too little of a zone. */
static void allocate_from(const char *nodes, int mode)
{
	unsigned long mask[16] = { 0 };

	for (const char *at = nodes; at; at = strchr(at, ',')) {
		at += *at == ',';
		mask[atoi(at) / 64] |= 1UL << atoi(at) % 64;
	}
	if (syscall(SYS_set_mempolicy, nodes ? mode : MPOL_DEFAULT, nodes ? mask : NULL,
		    nodes ? 1024 : 0) < 0)
		die("set_mempolicy");
}

static char *map(size_t size, int flags)
{
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1,
		       0);

	if (p == MAP_FAILED)
		die("mmap");
	return p;
}

static char *map_used(size_t size)
{
	char *p = map(size, 0);

	/* Small pages: one huge page would hide the others. */
	madvise(p, size, MADV_NOHUGEPAGE);
	memset(p, 1, size);
	return p;
}

static int make_pipe(void)
{
	int fds[2];

	if (pipe(fds) < 0 || fcntl(fds[1], F_SETPIPE_SZ, SIZE) < 0)
		die("pipe");
	return fds[1];
}

static char *give_to_pipe(void)
{
	struct iovec pages = { .iov_base = map_used(SIZE), .iov_len = SIZE };

	if (vmsplice(make_pipe(), &pages, 1, SPLICE_F_NONBLOCK) <= 0)
		die("vmsplice");
	return pages.iov_base;
}

static void have_and_give(const char *unused)
{
	(void)unused;
	give_to_pipe();
}

static void give_away(const char *unused)
{
	(void)unused;
	munmap(give_to_pipe(), SIZE);
}

static void splice_file(const char *name)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	char buf[4096];

	/* Read it first: the cache is to be of this node. */
	for (int i = 0; fd >= 0 && i < 16; i++)
		if (read(fd, buf, sizeof(buf)) <= 0)
			break;
	if (fd < 0 || lseek(fd, 0, SEEK_SET) < 0 ||
	    splice(fd, NULL, make_pipe(), NULL, 65536, 0) <= 0)
		die(name);
}

struct read_job {
	int fd;
	char *to;
};

static void *read_slowly(void *data)
{
	struct read_job *job = data;

	for (;;)
		if (pread(job->fd, job->to, SIZE * 8UL, 0) <= 0)
			break;
	return NULL;
}

static void read_directly(const char *name)
{
	static struct read_job job;
	pthread_t thread;

	job.fd = open(name, O_RDONLY | O_DIRECT | O_CLOEXEC);
	if (job.fd < 0)
		die(name);
	job.to = map_used(SIZE * 8UL);
	if (pthread_create(&thread, NULL, read_slowly, &job) != 0)
		die("pthread_create");
	sleep(1);
}

static void fill_pipes(const char *count)
{
	char page[4096] = { 1 };

	for (int i = 0; i < atoi(count); i++) {
		int fd = make_pipe();

		for (int k = 0; k < SIZE / 4096; k++)
			if (write(fd, page, sizeof(page)) < 0)
				die("write");
	}
}

static void allow_many_files(void)
{
	const struct rlimit limit = { 1 << 20, 1 << 20 };

	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		die("setrlimit");
}

static void make_slab(const char *count)
{
	allow_many_files();
	for (int i = 0; i < atoi(count); i++)
		if (eventfd(0, 0) < 0)
			die("eventfd");
}

static void fill_sockets(const char *count)
{
	char data[32768] = { 1 };

	allow_many_files();
	for (int i = 0; i < atoi(count); i++) {
		int fds[2];

		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) < 0 ||
		    write(fds[1], data, sizeof(data)) <= 0)
			die("socketpair");
	}
}

static void make_tables(const char *what)
{
	size_t count = atoi(what);
	char *p = mmap(NULL, count * TABLE_SPAN, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		die("mmap");
	madvise(p, count * TABLE_SPAN, MADV_NOHUGEPAGE);
	/* Reading is enough for a table. */
	for (size_t i = 0; i < count; i++)
		(void)*(volatile char *)(p + i * TABLE_SPAN);
}

static void read_file(const char *name)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	static char buf[1 << 20];

	while (fd >= 0 && read(fd, buf, sizeof(buf)) > 0)
		;
	exit(0);
}

static void poison_page(const char *unused)
{
	char *p = map_used(4096);
	int pid = fork();

	(void)unused;
	/* The kernel kills who has the page. */
	if (pid == 0 && madvise(p, 4096, MADV_HWPOISON) < 0)
		die("madvise");
	if (pid == 0)
		_exit(0);
	munmap(p, 4096);
}

static void reserve_huge(const char *count)
{
	map(atoi(count) * HUGE, MAP_HUGETLB);
}

static void use_huge(const char *count)
{
	memset(map(atoi(count) * HUGE, MAP_HUGETLB), 1, atoi(count) * HUGE);
}

static void use_gigantic(const char *unused)
{
	(void)unused;
	*map(1UL << 30, MAP_HUGETLB | GIGANTIC_FLAG) = 1;
}

static void use_memory(const char *mib)
{
	map_used(atoi(mib) * MIB);
}

static void lock_memory(const char *mib)
{
	if (mlock(map_used(atoi(mib) * MIB), atoi(mib) * MIB) < 0)
		die("mlock");
}

static void use_transparent_huge(const char *mib)
{
	size_t size = atoi(mib) * MIB;
	char *p = map(size + HUGE, 0);

	madvise(p, size + HUGE, MADV_HUGEPAGE);
	memset(p, 1, size + HUGE);
}

static void use_memfd(const char *mib)
{
	size_t size = atoi(mib) * MIB;
	int fd = memfd_create("obstruct", MFD_CLOEXEC);
	char *p = MAP_FAILED;

	if (fd >= 0 && ftruncate(fd, size) == 0)
		p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		die("memfd");
	memset(p, 1, size);
}

static void register_buffers(const char *mib)
{
	struct iovec buffer = { .iov_base = map_used(atoi(mib) * MIB), .iov_len = atoi(mib) * MIB };
	struct io_uring_params params = { 0 };
	int fd = syscall(SYS_io_uring_setup, 4, &params);

	if (fd < 0 || syscall(SYS_io_uring_register, fd, IORING_REGISTER_BUFFERS, &buffer, 1) < 0)
		die("io_uring");
}

static const struct {
	const char *kind;
	void (*obstruct)(const char *what);
	/* For the kernel's own memory, a node that has ZONE_MOVABLE only does what it can. */
	bool is_kernels;
} kinds[] = {
	{ "vmsplice", have_and_give, false }, { "orphans", give_away, false },
	{ "splice", splice_file, false },     { "direct", read_directly, false },
	{ "pipe", fill_pipes, true },	      { "tables", make_tables, true },
	{ "slab", make_slab, true },	      { "sockets", fill_sockets, true },
	{ "reserve", reserve_huge, false },   { "huge", use_huge, false },
	{ "gigantic", use_gigantic, false },  { "poison", poison_page, false },
	{ "read", read_file, false },	      { "anon", use_memory, false },
	{ "mlock", lock_memory, false },      { "thp", use_transparent_huge, false },
	{ "memfd", use_memfd, false },	      { "uring", register_buffers, false },
};

int main(int argc, char **argv)
{
	size_t i = 0, n = sizeof(kinds) / sizeof(kinds[0]);

	if (argc < 3)
		return 2;
	while (i < n && strcmp(argv[1], kinds[i].kind) != 0)
		i++;
	if (i == n)
		return 2;
	be_killed_first();
	allocate_from(argv[2], kinds[i].is_kernels ? MPOL_PREFERRED : MPOL_BIND);
	kinds[i].obstruct(argc > 3 ? argv[3] : "1");
	allocate_from(NULL, 0);
	puts("there");
	fflush(stdout);
	for (;;)
		pause();
}
