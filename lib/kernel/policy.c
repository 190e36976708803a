// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The machine's words. auto_online_blocks says what the kernel does with new memory blocks.
 * drivers_autoprobe ("1" or "0") says whether a new driver takes the devices that fit it.
 */
#include "internal.h"

static const struct {
	const char *dir, *name;
} files[MACHINE_WORDS] = {
	[DAXHP_RECOVERED_POLICY] = { "/sys/devices/system/memory", "auto_online_blocks" },
	[DAXHP_RECOVERED_AUTOPROBE] = { "/sys/bus/dax", "drivers_autoprobe" },
};

int policy_read(enum daxhp_recovered_kind kind, char *ret_word, size_t size)
{
	_cleanup_close_ int dirfd = sysfs_open_dir(files[kind].dir);

	return dirfd < 0 ? dirfd : sysfs_read_word(dirfd, files[kind].name, ret_word, size);
}

int policy_write(enum daxhp_recovered_kind kind, const char *word)
{
	_cleanup_close_ int dirfd = sysfs_open_dir(files[kind].dir);

	return dirfd < 0 ? dirfd : sysfs_write_word(dirfd, files[kind].name, word);
}
