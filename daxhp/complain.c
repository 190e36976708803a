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

static void say(const char *format, va_list args)
{
	char plain[PLAIN_TEXT_MAX], *text = plain;
	_cleanup_free_ char *longer = NULL;
	va_list again;

	va_copy(again, args);
	if (vsnprintf(plain, sizeof(plain), format, args) >= (int)sizeof(plain) &&
	    vasprintf(&longer, format, again) >= 0)
		text = longer;
	va_end(again);
	/* Names and arguments are anybody's: a terminal is not to act on them. */
	for (char *c = text; *c; c++) {
		size_t n = control_length(c);

		memset(c, '?', n);
		c += n ? n - 1 : 0;
	}
	fprintf(stderr, "daxhp: %s\n", text);
}

void complain(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
}

static struct refusal refusal;

/* An argument may be cut off in the middle of a character, and JSON must be UTF-8. */
static void keep(enum refusal_kind kind, const char *device, const char *format, va_list args)
{
	refusal.kind = kind;
	snprintf(refusal.device, sizeof(refusal.device), "%s", device ? device : "");
	vsnprintf(refusal.message, sizeof(refusal.message), format, args);
	for (char *c = refusal.message; *c; c++)
		if (!isascii((unsigned char)*c) || iscntrl((unsigned char)*c))
			*c = '?';
}

enum exit_status refuse(enum refusal_kind kind, const char *device, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
	va_start(args, format);
	keep(kind, device, format, args);
	va_end(args);
	return kind == REFUSAL_USAGE ? EXIT_USAGE : EXIT_FAILED;
}

const struct refusal *refusal_get(void)
{
	return &refusal;
}
