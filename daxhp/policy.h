/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine's policy files: read, in their order, and which of them is for a device. */
#ifndef DAXHP_POLICY_H
#define DAXHP_POLICY_H

#include "rule.h"

/* The folder for the files of the administrator. */
#define POLICY_FOLDER "/etc/daxhp/policy.d"

enum policy_status {
	POLICY_GOOD,
	POLICY_BROKEN,	   /* see why */
	POLICY_MASKED,	   /* it is empty, or a link to /dev/null */
	POLICY_OVERRIDDEN, /* a file of the same name is in a folder that goes before */
};

struct policy_file {
	char *path;	  /* the file; a folder that cannot be read is here, too, as broken */
	const char *name; /* the last part of it */
	enum policy_status status;
	struct rule rule;
	char why[RULE_WHY_MAX]; /* what is wrong in it, or the file that overrides it */
	unsigned int line;	/* where; 0: not in a line */
};

struct policies {
	struct policy_file *files; /* in the order in which they are tried */
	size_t count;
	size_t n_broken;
};

/* Read the machine's policies. -ENOMEM; what else goes wrong is in the list. */
int policies_load(struct policies *ret_policies);
/* The same of other folders, the first goes before the second. */
int policies_load_from(const char *const *folders, size_t n_folders, struct policies *ret_policies);
void policies_clear(struct policies *policies);
/* The first one that is for the device; NULL: none is. */
const struct policy_file *policies_find(const struct policies *policies,
					const struct subject *subject);
/* What can be matched of a device. It lives as long as the device's next change. */
struct subject subject_of(const struct daxhp_device *device);
/* The file of the administrator's that "policy save" writes for a device. */
void policy_path_for(const struct subject *subject, char *buf, size_t size);
/* Say in one line each which files are broken. */
void complain_of_policies(const struct policies *policies);

/*
 * Read one file that is open, and nothing of it is trusted. @path is for the messages. 0; -EBADMSG with the
 * reason in file->why and file->line.
 */
int policy_file_read(int fd, struct policy_file *file);

#endif
