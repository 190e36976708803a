// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the machine does by itself: auto_online_blocks says what becomes of memory blocks that are
 * new, drivers_autoprobe whether a driver that is new takes the devices it finds.
 */
#include <errno.h>
#include <fcntl.h>

#include "libdaxhp-private.h"

#define POLICY_FILE "auto_online_blocks"
#define DAX_BUS_DIR "/sys/bus/dax"
#define AUTOPROBE_FILE "drivers_autoprobe"

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

int autoprobe_read(char *ret_word, size_t size)
{
	_cleanup_close_ int dirfd = sysfs_open_dir(DAX_BUS_DIR);

	return dirfd < 0 ? dirfd : sysfs_read_word(dirfd, AUTOPROBE_FILE, ret_word, size);
}

int autoprobe_write(const char *word)
{
	_cleanup_close_ int dirfd = sysfs_open_dir(DAX_BUS_DIR);

	return dirfd < 0 ? dirfd : sysfs_write_word(dirfd, AUTOPROBE_FILE, word);
}

int policy_open_lock(void)
{
	_cleanup_close_ int dirfd = sysfs_open_dir(DAX_BUS_DIR);

	return dirfd < 0 ? dirfd : sysfs_open_lock(dirfd, "drivers_probe", O_WRONLY);
}
