// SPDX-License-Identifier: LGPL-2.1-or-later
/* The reader of PID/fdinfo/FD, in which the kernel describes a file descriptor. */
#include <errno.h>

#include "folder.h"
#include "kernel/internal.h"
#include "libdaxhp-private.h"

/* The kernel's format: "pos:", then "flags:" with an octal number, then the rest. */
static bool is_plain(const char *text, unsigned int *ret_flags)
{
	char again[64];
	int pos;

	if (sscanf(text, "pos:\t%d\nflags:\t0%o\n", &pos, ret_flags) != 2)
		return false;
	snprintf(again, sizeof(again), "pos:\t%d\nflags:\t0%o\n", pos, *ret_flags);
	return strncmp(again, text, strlen(again)) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned int flags = 4711, plain;
	char *text = text_of(data, size);
	int r;

	folder_write("file", data, size);
	r = proc_read_fd_flags(folder_open(), "file", &flags);
	must(r == 0 || r == -ENODATA);
	must(r == 0 || flags == 4711);
	must(r < 0 || memmem(data, size, "flags:", 6));
	if (is_plain(text, &plain))
		must(r == 0 && flags == plain);
	free(text);
	return 0;
}
