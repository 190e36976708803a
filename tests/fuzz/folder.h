/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A folder for readers that need files. It is removed at the end. */
#ifndef DAXHP_TESTS_FOLDER_H
#define DAXHP_TESTS_FOLDER_H

#include "fuzz.h"

int folder_open(void);
/* For a name like "mapping0/start", this also makes the folder "mapping0". */
void folder_write(const char *name, const void *data, size_t size);
void folder_remove(const char *name);

#endif
