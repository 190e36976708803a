/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A directory of files to read, in the place of /sys. */
#ifndef DAXHP_TESTS_TREE_H
#define DAXHP_TESTS_TREE_H

#include "unit.h"

/* cmocka's setup and teardown: an empty directory, its descriptor in tree_fd. */
int tree_setup(void **state);
int tree_teardown(void **state);

extern int tree_fd;

/* Make the file, and the directory it is in, with that text. */
void tree_write(const char *name, const char *text);
void tree_write_bytes(const char *name, const void *bytes, size_t size);
/* What is in the file now; static, good until the next call. */
const char *tree_read(const char *name);

#endif
