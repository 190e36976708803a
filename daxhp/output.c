// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Standard output, with the first error that it gave: stdio writes when its buffer is full, and has
 * forgotten by the end which error that was.
 */
#include <errno.h>
#include <stdarg.h>

#include "daxhp.h"

static int first_error;

static void note_error(void)
{
	if (!first_error)
		first_error = -errno;
}

void output(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (vprintf(format, args) < 0)
		note_error();
	va_end(args);
}

int output_flush(void)
{
	if (fflush(stdout) != 0)
		note_error();
	/* Written past output(), as the help texts are. */
	if (ferror(stdout) && !first_error)
		first_error = -EIO;
	return first_error;
}

void output_forget_error(void)
{
	clearerr(stdout);
	first_error = 0;
}
