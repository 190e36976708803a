// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A library for LD_PRELOAD that makes memory run out. The K-th call of the allocator gets NULL and
 * ENOMEM. It counts from the start of main(), over all threads. The calls of glibc and of other
 * libraries count as well: strdup(), asprintf() and opendir() call the allocator, too.
 *
 *   FAILALLOC_AT=K      the call that fails, from 1 on
 *   FAILALLOC_AFTER=1   if not empty: every call after it fails, too
 *   FAILALLOC_FILE=F    gets one line when a call has failed: the caller, and the size
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* glibc's own functions, by names that no other library replaces. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

typedef int (*main_fn)(int argc, char **argv, char **envp);
typedef int (*start_fn)(main_fn, int, char **, void (*)(void), void (*)(void), void (*)(void),
			void *);
int __libc_start_main(main_fn main, int argc, char **argv, void (*init)(void), void (*fini)(void),
		      void (*rtld_fini)(void), void *stack_end);

static main_fn real_main;
static unsigned long fail_at, n_calls; /* fail_at is 0 until main() begins */
static bool fails_after;
static const char *told_file;

static void tell(size_t size, void *caller)
{
	char line[256];
	Dl_info info = { 0 };
	int fd = told_file ? open(told_file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;
	int len;

	if (fd < 0)
		return;
	dladdr(caller, &info);
	len = snprintf(line, sizeof(line), "call %lu, %zu bytes, for %s+%#tx\n", fail_at, size,
		       info.dli_fname ? info.dli_fname : "?",
		       (char *)caller - (char *)info.dli_fbase);
	if (write(fd, line, len) != len)
		abort();
	close(fd);
}

static bool fails(size_t size, void *caller)
{
	unsigned long n, at = __atomic_load_n(&fail_at, __ATOMIC_RELAXED);

	if (!at)
		return false;
	n = __atomic_add_fetch(&n_calls, 1, __ATOMIC_RELAXED);
	if (n < at || (n > at && !fails_after))
		return false;
	if (n == at)
		tell(size, caller);
	errno = ENOMEM;
	return true;
}

#define FAILS(size) fails(size, __builtin_return_address(0))

void *malloc(size_t size)
{
	return FAILS(size) ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return FAILS(count * size) ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
	return FAILS(size) ? NULL : __libc_realloc(old, size);
}

void *reallocarray(void *old, size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return FAILS(bytes) ? NULL : __libc_realloc(old, bytes);
}

void *memalign(size_t alignment, size_t size)
{
	return FAILS(size) ? NULL : __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
	return FAILS(size) ? NULL : __libc_memalign(alignment, size);
}

int posix_memalign(void **ret_memory, size_t alignment, size_t size)
{
	void *memory = FAILS(size) ? NULL : __libc_memalign(alignment, size);

	if (!memory)
		return ENOMEM;
	*ret_memory = memory;
	return 0;
}

static int armed_main(int argc, char **argv, char **envp)
{
	const char *at = getenv("FAILALLOC_AT");

	const char *after = getenv("FAILALLOC_AFTER");

	fails_after = after && *after;
	told_file = getenv("FAILALLOC_FILE");
	fail_at = at ? strtoul(at, NULL, 10) : 0;
	return real_main(argc, argv, envp);
}

/* Do not count the allocations of the loader and of the libraries' constructors before main(). */
int __libc_start_main(main_fn main, int argc, char **argv, void (*init)(void), void (*fini)(void),
		      void (*rtld_fini)(void), void *stack_end)
{
	start_fn start = (start_fn)dlsym(RTLD_NEXT, "__libc_start_main");

	real_main = main;
	return start(armed_main, argc, argv, init, fini, rtld_fini, stack_end);
}
