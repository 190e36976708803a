// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Standard output, and its first error. stdio writes whenever its buffer is full. At the end it no
 * longer knows which error there was. So this file remembers it.
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
	/* The help texts do not go through output(). */
	if (ferror(stdout) && !first_error)
		first_error = -EIO;
	return first_error;
}

void output_forget_error(void)
{
	clearerr(stdout);
	first_error = 0;
}
