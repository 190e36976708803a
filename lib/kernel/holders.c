// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Who uses a device: the processes that have its node open or mapped. It is known by its device
 * number, which is the same below every mount namespace and every name.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include <daxctl/libdaxctl.h>

#include "libdaxhp-private.h"

struct search {
	const struct daxhp_device *device;
	struct rivals *found;
};

static int see_file(struct proc_walk *walk, const struct proc_task *task, int dirfd,
		    const char *name)
{
	const struct search *search = walk->data;
	struct daxctl_dev *node = search->device->daxctl;
	struct statx stx;
	int r = proc_stat_file(dirfd, name, STATX_TYPE, &stx);

	if (r <= 0)
		return r;
	if (S_ISCHR(stx.stx_mode) && (int)stx.stx_rdev_major == daxctl_dev_get_major(node) &&
	    (int)stx.stx_rdev_minor == daxctl_dev_get_minor(node))
		rivals_note(search->found, task->pid, 0);
	return 0;
}

int find_holders(const struct daxhp_session *session, struct rivals *found, char *ret_unseen)
{
	struct search search = { session->device, found };
	struct proc_walk walk = {
		.session = session,
		.see_file = see_file,
		.sees_maps = true,
		.sees_self = true,
		.data = &search,
	};
	int r = proc_walk(&walk);

	if (r < 0)
		strcpy(ret_unseen, walk.unseen);
	return r;
}
