// SPDX-License-Identifier: LGPL-2.1-or-later
/* The kernel's attribute for the whole device, under each of its names. */
#include <errno.h>

#include "internal.h"

enum daxhp_interface attribute_find(int dirfd)
{
	/* If a kernel has both, they are the same attribute: mainline's name comes first. */
	static const enum daxhp_interface known[] = { DAXHP_INTERFACE_STATE,
						      DAXHP_INTERFACE_HOTPLUG };

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (sysfs_exists(dirfd, daxhp_interface_name(known[i])))
			return known[i];
	return DAXHP_INTERFACE_MEMORY_BLOCKS;
}

int attribute_read(int dirfd, enum daxhp_interface interface, char *ret_word, size_t size)
{
	return sysfs_read_word(dirfd, daxhp_interface_name(interface), ret_word, size);
}

/* The first three postings of the series said "unplug" where all later kernels say "unplugged". */
int attribute_write(int dirfd, enum daxhp_interface interface, enum daxhp_state word,
		    const char **ret_wrote)
{
	const char *file = daxhp_interface_name(interface);
	int r;

	*ret_wrote = daxhp_state_name(word);
	r = sysfs_write_word(dirfd, file, *ret_wrote);
	if (r == -EINVAL && word == DAXHP_UNPLUGGED) {
		*ret_wrote = "unplug";
		r = sysfs_write_word(dirfd, file, *ret_wrote);
	}
	return r;
}
