// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Who uses a device: the processes that have its node open or mapped. It is known by its device
 * number, which is the same below every mount namespace and every name.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <daxctl/libdaxctl.h>

#include "libdaxhp-private.h"

static bool is_node(int dirfd, const char *name, const struct daxhp_device *device)
{
	struct statx stx;

	/* Cached values will do, and asking a dead file server would not return. */
	if (statx(dirfd, name, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_TYPE, &stx) < 0)
		return false;
	return S_ISCHR(stx.stx_mode) &&
	       (int)stx.stx_rdev_major == daxctl_dev_get_major(device->daxctl) &&
	       (int)stx.stx_rdev_minor == daxctl_dev_get_minor(device->daxctl);
}

/* @what: "fd", or "map_files". */
static bool has_node_in(int procfd, const char *pid, const char *what,
			const struct daxhp_device *device)
{
	_cleanup_closedir_ DIR *dir = NULL;
	struct dirent *de;
	char name[48];

	snprintf(name, sizeof(name), "%.10s/%s", pid, what);
	dir = proc_open_dir_at(procfd, name);
	while (dir && (de = readdir(dir)))
		if (de->d_name[0] != '.' && is_node(dirfd(dir), de->d_name, device))
			return true;
	return false;
}

static int add_holder(struct daxhp_rival **holders, size_t *count, pid_t pid)
{
	struct daxhp_rival *grown = reallocarray(*holders, *count + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	*holders = grown;
	grown[*count] = (struct daxhp_rival){ .pid = pid };
	if (proc_read_comm(pid, grown[*count].comm, sizeof(grown[*count].comm)) < 0)
		strcpy(grown[*count].comm, "?");
	(*count)++;
	return 0;
}

int find_holders(const struct daxhp_device *device, struct daxhp_rival **ret_holders,
		 size_t *ret_count)
{
	_cleanup_closedir_ DIR *dir = proc_open_dir_at(AT_FDCWD, "/proc");
	struct dirent *de;
	int r = dir ? 0 : -errno;

	while (r == 0 && (de = readdir(dir))) {
		if (!isdigit((unsigned char)de->d_name[0]))
			continue;
		if (has_node_in(dirfd(dir), de->d_name, "fd", device) ||
		    has_node_in(dirfd(dir), de->d_name, "map_files", device))
			r = add_holder(ret_holders, ret_count, atoi(de->d_name));
	}
	return r;
}
