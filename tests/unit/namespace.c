// SPDX-License-Identifier: LGPL-2.1-or-later
#include <sched.h>
#include <sys/mount.h>

#include "namespace.h"

void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static void put_id(const char *path, unsigned int id)
{
	char map[32];

	snprintf(map, sizeof(map), "0 %u 1", id);
	put(path, map);
}

bool own_mounts(void)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();

	if (unshare(uid == 0 ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER) < 0)
		return false;
	if (uid) {
		put_id("/proc/self/uid_map", uid);
		put("/proc/self/setgroups", "deny");
		put_id("/proc/self/gid_map", gid);
	}
	return mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == 0;
}
