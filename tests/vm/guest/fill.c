// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * fill KIND NODE MIB [FILE]
 *
 * Uses that much memory of a kind on a NUMA node (-1: any node), and keeps it. The kinds are anon
 * (private), shared (like memfd and tmpfs), file (FILE's page cache, mapped), and huge (pages of
 * 2 MiB). Prints "filled". Then it reads commands from standard input, and answers each of them:
 *   check      "right", or the number of pages that do not have their old content
 *   free MIB   frees that much at the end: "freed"
 * It ends at the end of the input.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 4096
#define STEP 512 /* one different word per so many bytes */

static unsigned char *memory;
static size_t size;
static int fd = -1;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static uint64_t word_at(size_t offset)
{
	return (offset / STEP + 1) * 0x9e3779b97f4a7c15;
}

static void write_words(unsigned char *to, size_t begin, size_t length)
{
	for (size_t i = 0; i < length; i += STEP)
		*(uint64_t *)(to + i) = word_at(begin + i);
}

/* From now on, all memory comes from this node; -1: from any node. */
static void allocate_from(int node)
{
	unsigned long mask[16] = { 0 };
	int mode = node < 0 ? MPOL_DEFAULT : MPOL_BIND;

	if (node >= 0)
		mask[node / 64] = 1UL << node % 64;
	if (syscall(SYS_set_mempolicy, mode, node < 0 ? NULL : mask, node < 0 ? 0 : 1024) < 0)
		die("set_mempolicy");
}

/* Write past the page cache first. So the cache is clean later, and its pages are on the node. */
static void make_file(const char *name)
{
	unsigned char *chunk = NULL;
	const size_t length = 1 << 20;

	fd = open(name, O_RDWR | O_CREAT | O_TRUNC | O_DIRECT | O_CLOEXEC, 0600);
	if (fd < 0 || posix_memalign((void **)&chunk, PAGE, length) != 0)
		die(name);
	memset(chunk, 0, length);
	for (size_t at = 0; at < size; at += length) {
		write_words(chunk, at, length);
		if (pwrite(fd, chunk, length, at) != (ssize_t)length)
			die(name);
	}
	free(chunk);
	close(fd);
	fd = open(name, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		die(name);
}

static void map(int flags, int prot)
{
	memory = mmap(NULL, size, prot, flags, fd, 0);
	if (memory == MAP_FAILED)
		die("mmap");
}

static size_t count_wrong(void)
{
	size_t wrong = 0;

	for (size_t page = 0; page < size; page += PAGE) {
		bool is_right = true;

		for (size_t i = page; i < page + PAGE; i += STEP)
			is_right &= *(uint64_t *)(memory + i) == word_at(i);
		wrong += !is_right;
	}
	return wrong;
}

static void fill(const char *kind, int node, const char *file)
{
	const int rw = PROT_READ | PROT_WRITE;
	bool is_file = strcmp(kind, "file") == 0;

	if (is_file)
		make_file(file);
	allocate_from(node);
	if (is_file)
		map(MAP_SHARED, PROT_READ);
	else if (strcmp(kind, "shared") == 0)
		map(MAP_SHARED | MAP_ANONYMOUS, rw);
	else if (strcmp(kind, "huge") == 0)
		map(MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, rw);
	else
		map(MAP_PRIVATE | MAP_ANONYMOUS, rw);
	if (is_file)
		count_wrong();
	else
		write_words(memory, 0, size);
	/* The node's memory may go away. */
	allocate_from(-1);
}

static void give_back(size_t bytes)
{
	bytes = bytes < size ? bytes : size;
	size -= bytes;
	if (fd >= 0 && posix_fadvise(fd, size, bytes, POSIX_FADV_NORMAL) != 0)
		die("fadvise");
	/* A shared page is free when no process has it mapped, and the file has a hole there. */
	if (madvise(memory + size, bytes, MADV_REMOVE) < 0 && errno != EINVAL && errno != EACCES)
		die("madvise");
	if (munmap(memory + size, bytes) < 0)
		die("munmap");
	if (fd >= 0 && posix_fadvise(fd, size, bytes, POSIX_FADV_DONTNEED) != 0)
		die("fadvise");
}

static void say(const char *answer)
{
	puts(answer);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	unsigned long mib;
	char line[64];

	if (argc < 4)
		return 2;
	size = strtoul(argv[3], NULL, 10) << 20;
	fill(argv[1], atoi(argv[2]), argv[4]);
	say("filled");
	while (fgets(line, sizeof(line), stdin)) {
		if (sscanf(line, "free %lu", &mib) == 1) {
			give_back(mib << 20);
			say("freed");
		} else {
			size_t wrong = count_wrong();

			snprintf(line, sizeof(line), wrong ? "%zu wrong" : "right", wrong);
			say(line);
		}
	}
	return 0;
}
