/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mounts that only the test sees. */
#ifndef DAXHP_TESTS_NAMESPACE_H
#define DAXHP_TESTS_NAMESPACE_H

#include "unit.h"

/* Enter a mount namespace, as root or in a user namespace. False: this user may not. */
bool own_mounts(void);
/* Make the file with that text. */
void put(const char *path, const char *text);

#endif
