/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A directory of files that replaces /sys. */
#ifndef DAXHP_TESTS_TREE_H
#define DAXHP_TESTS_TREE_H

#include "unit.h"

/* cmocka's setup and teardown: an empty directory, its descriptor in tree_fd. */
int tree_setup(void **state);
int tree_teardown(void **state);

extern int tree_fd;

/* Makes the file with that text, and its directory. */
void tree_write(const char *name, const char *text);
void tree_write_bytes(const char *name, const void *bytes, size_t size);
/* The file's content; static, valid until the next call. */
const char *tree_read(const char *name);

#endif
