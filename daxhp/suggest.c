// SPDX-License-Identifier: GPL-2.0-or-later
/* What a mistyped word was most likely meant to be. */
#include <string.h>

#include "daxhp.h"

#define WORD_LENGTH_MAX 32
/* With more than this wrong, it is another word. */
#define MISTAKES_MAX 2

static size_t least(size_t a, size_t b, size_t c)
{
	size_t ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* How many letters are missing, too many or wrong. */
static size_t distance(const char *a, const char *b)
{
	size_t row[WORD_LENGTH_MAX + 1], n = strlen(b);

	if (n > WORD_LENGTH_MAX || strlen(a) > WORD_LENGTH_MAX)
		return WORD_LENGTH_MAX;
	for (size_t k = 0; k <= n; k++)
		row[k] = k;
	for (size_t i = 1; a[i - 1]; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t k = 1; k <= n; k++) {
			size_t above = row[k];

			row[k] = least(row[k] + 1, row[k - 1] + 1,
				       diagonal + (a[i - 1] != b[k - 1]));
			diagonal = above;
		}
	}
	return row[n];
}

void suggest(struct suggestion *suggestion, const char *word)
{
	size_t mistakes = distance(suggestion->typed, word);

	/* Of a short word nothing would be left. */
	if (mistakes > MISTAKES_MAX || mistakes * 2 >= strlen(suggestion->typed) ||
	    (suggestion->word && mistakes >= suggestion->mistakes))
		return;
	suggestion->word = word;
	suggestion->mistakes = mistakes;
}
