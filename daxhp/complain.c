// SPDX-License-Identifier: GPL-2.0-or-later
/* One sentence on stderr, whatever is in it. */
#include <ctype.h>
#include <stdarg.h>
#include <string.h>

#include "daxhp.h"

/* The second set of them is two bytes each in UTF-8: c2, and 80 to 9f. */
static size_t control_length(const char *c)
{
	if ((unsigned char)c[0] == 0xc2 && ((unsigned char)c[1] & 0xe0) == 0x80)
		return 2;
	return iscntrl((unsigned char)c[0]) ? 1 : 0;
}

/* What is longer than this needs memory, or is cut off. */
#define PLAIN_TEXT_MAX 2048

void complain(const char *format, ...)
{
	char plain[PLAIN_TEXT_MAX], *text = plain;
	_cleanup_free_ char *longer = NULL;
	va_list args, again;

	va_start(args, format);
	va_copy(again, args);
	if (vsnprintf(plain, sizeof(plain), format, args) >= (int)sizeof(plain) &&
	    vasprintf(&longer, format, again) >= 0)
		text = longer;
	va_end(again);
	va_end(args);
	/* Names and arguments are anybody's: a terminal is not to act on them. */
	for (char *c = text; *c; c++) {
		size_t n = control_length(c);

		memset(c, '?', n);
		c += n ? n - 1 : 0;
	}
	fprintf(stderr, "daxhp: %s\n", text);
}
