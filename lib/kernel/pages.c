// SPDX-License-Identifier: LGPL-2.1-or-later
/* /proc/kpageflags: a word of 64 bits for each page of the machine. Only root may read it. */
#include <errno.h>
#include <fcntl.h>

#include "internal.h"

#define FLAGS_FILE "/proc/kpageflags"
/* So many pages at a time: 128 MiB of memory, in 256 KiB. */
#define PIECE 32768

/* -EIO: the file ends before. The kernel has no page there. */
static int read_all(int fd, uint64_t pfn, uint64_t *flags, size_t n)
{
	char *to = (char *)flags;
	size_t size = n * sizeof(*flags), done = 0;

	while (done < size) {
		ssize_t got = pread(fd, to + done, size - done, pfn * sizeof(*flags) + done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : -EIO;
		done += got;
	}
	return 0;
}

int pages_read(uint64_t pfn, uint64_t n, struct page_counts *counts)
{
	_cleanup_close_ int fd = proc_open_numbers(AT_FDCWD, FLAGS_FILE);
	_cleanup_free_ uint64_t *flags = NULL;
	int r = fd < 0 ? fd : 0;

	if (r == 0) {
		flags = malloc(PIECE * sizeof(*flags));
		r = flags ? 0 : -ENOMEM;
	}
	for (uint64_t done = 0; r == 0 && done < n; done += PIECE) {
		size_t piece = n - done < PIECE ? n - done : PIECE;

		r = read_all(fd, pfn + done, flags, piece);
		if (r == 0)
			pages_count(counts, pfn + done, flags, piece);
	}
	return r;
}

int pages_read_flags(const uint64_t *pfns, size_t n, uint64_t offset, uint64_t *ret_flags)
{
	_cleanup_close_ int fd = proc_open_numbers(AT_FDCWD, FLAGS_FILE);
	int r = fd < 0 ? fd : 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = read_all(fd, pfns[i] + offset, &ret_flags[i], 1);
	return r;
}
