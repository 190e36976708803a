// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Who uses a device: the processes that have its node open or mapped. A node is known by its device
 * number. That is the same in every mount namespace, and for every name.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "internal.h"

struct search {
	unsigned int major, minor; /* of the device */
	struct rivals *found;
};

static int see_file(struct proc_walk *walk, const struct proc_task *task, int dirfd,
		    const char *name)
{
	const struct search *search = walk->data;
	struct statx stx;
	int r = proc_stat_file(dirfd, name, STATX_TYPE, &stx);

	if (r <= 0)
		return r;
	if (S_ISCHR(stx.stx_mode) && stx.stx_rdev_major == search->major &&
	    stx.stx_rdev_minor == search->minor)
		rivals_note(search->found, task->pid, 0);
	return 0;
}

static int read_number(const struct daxhp_device *device, struct search *search)
{
	_cleanup_close_ int dirfd = device_open_dir(device->name);
	char word[WORD_MAX];
	int r = dirfd < 0 ? dirfd : sysfs_read_word(dirfd, "dev", word, sizeof(word));

	if (r == 0 && sscanf(word, "%u:%u", &search->major, &search->minor) != 2)
		r = -EBADMSG;
	return r;
}

int find_holders(const struct daxhp_session *session, struct rivals *found, char *ret_unseen)
{
	struct search search = { .found = found };
	struct proc_walk walk = {
		.session = session,
		.see_file = see_file,
		.sees_maps = true,
		.sees_self = true,
		.data = &search,
	};
	int r = read_number(session->device, &search);

	snprintf(walk.unseen, sizeof(walk.unseen), "/sys/bus/dax/devices/%.32s/dev",
		 session->device->name);
	if (r == 0)
		r = proc_walk(&walk);
	if (r < 0)
		strcpy(ret_unseen, walk.unseen);
	return r;
}
