/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A folder for readers that want files; it is removed at the end. */
#ifndef DAXHP_TESTS_FOLDER_H
#define DAXHP_TESTS_FOLDER_H

#include "fuzz.h"

int folder_open(void);
/* Made, too, is the folder that a name like "mapping0/start" is in. */
void folder_write(const char *name, const void *data, size_t size);
void folder_remove(const char *name);

#endif
