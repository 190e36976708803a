/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The places of a device, and the daxhp command that leads to each. */
#ifndef PLACE_H
#define PLACE_H

#include "look.h"

struct place {
	const char *name;
	const char *words[5]; /* daxhp's; none: no command leads there */
	bool (*is_there)(const struct look *l);
};

/* NULL when no place has that name. @len is the name's length. */
const struct place *find_place(const char *name, size_t len);
/* For execvp(); good until the next call. */
char *const *command_to(const struct place *place);

#endif
