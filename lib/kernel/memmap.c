// SPDX-License-Identifier: LGPL-2.1-or-later
/* Will the kernel keep the memory map of a device in the device's own memory? */
#include <errno.h>
#include <string.h>

#include "internal.h"

#define PARAMETERS_DIR "/sys/module/memory_hotplug/parameters"

/* What the machine allows: "Y", "N" or "force". "N" also for a kernel that cannot do it. */
static int read_parameter(char *ret_word, size_t size)
{
	_cleanup_close_ int dirfd = sysfs_open_dir(PARAMETERS_DIR);
	int r = dirfd < 0 ? dirfd : sysfs_read_word(dirfd, "memmap_on_memory", ret_word, size);

	if (r == -ENOENT)
		strcpy(ret_word, "N");
	return r == -ENOENT ? 0 : r;
}

int memmap_read(int dirfd, uint64_t block_size)
{
	char allowed[WORD_MAX];
	int wanted, r = sysfs_read_int(dirfd, "memmap_on_memory", &wanted);

	if (r == 0)
		r = wanted == 0 || wanted == 1 ? 0 : -EBADMSG;
	if (r == 0)
		r = read_parameter(allowed, sizeof(allowed));
	if (r < 0)
		return r;
	return memmap_is_on_memory(wanted, allowed, block_size, sysconf(_SC_PAGESIZE));
}
