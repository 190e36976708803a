// SPDX-License-Identifier: LGPL-2.1-or-later
/* The machine's policy: what the kernel does with memory blocks that are new. */
#include <errno.h>

#include "libdaxhp-private.h"

#define POLICY_FILE "auto_online_blocks"

int policy_read(char *ret_word, size_t size)
{
	_cleanup_close_ int dirfd = memblock_open_dir();

	return dirfd < 0 ? dirfd : sysfs_read_word(dirfd, POLICY_FILE, ret_word, size);
}

int policy_write(const char *word)
{
	_cleanup_close_ int dirfd = memblock_open_dir();

	return dirfd < 0 ? dirfd : sysfs_write_word(dirfd, POLICY_FILE, word);
}
