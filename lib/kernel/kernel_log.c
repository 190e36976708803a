// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The kernel's log, from a moment on. Each read() of /dev/kmsg returns one record. In a record, the kernel
 * writes what is not printable as \xNN.
 */
#include <errno.h>
#include <fcntl.h>

#include "internal.h"

/* CONSOLE_EXT_LOG_MAX in the kernel: no record is longer. */
#define RECORD_MAX 8192
/* So many at a time: a machine that logs without end must not keep daxhp. */
#define RECORDS_MAX 100000

struct kernel_log {
	int fd;
};

struct kernel_log *kernel_log_open(void)
{
	int fd = openat(AT_FDCWD, "/dev/kmsg", O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	struct kernel_log *log = fd < 0 ? NULL : calloc(1, sizeof(*log));

	fd = above_stdio(fd);
	if (!log || fd < 0 || lseek(fd, 0, SEEK_END) < 0) {
		if (fd >= 0)
			close(fd);
		free(log);
		return NULL;
	}
	log->fd = fd;
	return log;
}

bool kernel_log_read(struct kernel_log *log, struct clues *clues)
{
	char record[RECORD_MAX + 1];
	bool is_whole = true;

	for (int i = 0; log && i < RECORDS_MAX; i++) {
		ssize_t n = read(log->fd, record, RECORD_MAX);
		const char *text;

		if (n < 0 && errno == EINTR)
			continue;
		/* Some were overwritten before they could be read. */
		if (n < 0 && errno == EPIPE) {
			is_whole = false;
			continue;
		}
		if (n <= 0)
			break;
		record[n] = '\0';
		text = clues_record_text(record);
		if (text)
			clues_take(clues, text);
	}
	return is_whole;
}

void kernel_log_close(struct kernel_log *log)
{
	if (!log)
		return;
	close(log->fd);
	free(log);
}
