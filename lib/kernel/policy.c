// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The machine's words. auto_online_blocks says what the kernel does with new memory blocks.
 * drivers_autoprobe ("1" or "0") says whether a new driver takes the devices that fit it. And the flags
 * of one of the kernel's debug messages ("=_", "=p") say whether the kernel logs why memory did not go
 * offline.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

/* This is there also when debugfs is not mounted, and lockdown does not forbid it. */
#define DEBUG_FILE "/proc/dynamic_debug/control"
#define DEBUG_FORMAT "memory offlining"

static const char *const files[MACHINE_WORDS] = {
	[DAXHP_RECOVERED_POLICY] = "/sys/devices/system/memory/auto_online_blocks",
	[DAXHP_RECOVERED_AUTOPROBE] = "/sys/bus/dax/drivers_autoprobe",
	[DAXHP_RECOVERED_DEBUG] = DEBUG_FILE,
};

/* A line is: FILE:LINE [MODULE]FUNCTION =FLAGS "FORMAT" */
static int read_debug(char *ret_word, size_t size)
{
	FILE *f = proc_open_file(AT_FDCWD, DEBUG_FILE);
	char line[512], flags[16];
	int r = -ENODATA;

	if (!f)
		return -errno;
	while (r < 0 && fgets(line, sizeof(line), f)) {
		const char *at = strstr(line, " =");

		if (at && strstr(at, "\"" DEBUG_FORMAT " ") && sscanf(at, " %15s", flags) == 1)
			r = strlen(flags) < size ? 0 : -EFBIG;
	}
	if (r == 0)
		strcpy(ret_word, flags);
	fclose(f);
	return r;
}

static int write_debug(const char *flags)
{
	char query[64];

	snprintf(query, sizeof(query), "format \"" DEBUG_FORMAT "\" %.15s", flags);
	return sysfs_write_word(AT_FDCWD, DEBUG_FILE, query);
}

int policy_read(enum daxhp_recovered_kind kind, char *ret_word, size_t size)
{
	return kind == DAXHP_RECOVERED_DEBUG
		       ? read_debug(ret_word, size)
		       : sysfs_read_word(AT_FDCWD, files[kind], ret_word, size);
}

int policy_write(enum daxhp_recovered_kind kind, const char *word)
{
	return kind == DAXHP_RECOVERED_DEBUG ? write_debug(word)
					     : sysfs_write_word(AT_FDCWD, files[kind], word);
}
