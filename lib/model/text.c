// SPDX-License-Identifier: LGPL-2.1-or-later
/* A text that grows in a buffer. It is cut off at the buffer's end, and no memory is allocated. */
#include <stdarg.h>
#include <stdio.h>

#include "model.h"

void text_put(struct text *text, const char *format, ...)
{
	size_t used = text->len < text->size ? text->len : text->size;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text->buf + used, text->size - used, format, args);
	va_end(args);
	text->len += n > 0 ? (size_t)n : 0;
}

/* "node 0", "nodes 0, 1 and 2" */
void text_put_nodes(struct text *text, const struct daxhp_room *room)
{
	text_put(text, "node%s", room->n_nodes == 1 ? "" : "s");
	for (size_t i = 0; i < room->n_nodes; i++)
		text_put(text, "%s%d",
			 i == 0			 ? " "
			 : i + 1 < room->n_nodes ? ", "
						 : " and ",
			 room->nodes[i]);
}
