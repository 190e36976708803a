// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The list of rivals. It has a fixed length, because a loop that starts a program for each write
 * makes thousands of rivals. The others are only counted. The guard's own process adds to the list,
 * too: so nothing here allocates.
 */
#include <string.h>

#include "internal.h"

static struct daxhp_rival *find(struct rivals *rivals, pid_t pid)
{
	for (size_t i = 0; i < rivals->count; i++)
		if (rivals->list[i].pid == pid)
			return &rivals->list[i];
	return NULL;
}

static struct daxhp_rival *add(struct rivals *rivals, pid_t pid)
{
	if (rivals->count == RIVALS_MAX)
		return NULL;
	rivals->list[rivals->count] = (struct daxhp_rival){ .pid = pid };
	return &rivals->list[rivals->count++];
}

void rivals_note(struct rivals *rivals, pid_t pid, unsigned int denied)
{
	struct daxhp_rival *rival = find(rivals, pid);

	if (!rival) {
		rival = add(rivals, pid);
		if (!rival) {
			rivals->left_out++;
			return;
		}
		if (pid == 0 || proc_read_comm(pid, rival->comm, sizeof(rival->comm)) < 0)
			strcpy(rival->comm, "?");
	}
	rival->denied += denied;
}

void rivals_join(struct rivals *rivals, const struct rivals *others)
{
	for (size_t i = 0; i < others->count; i++) {
		struct daxhp_rival *rival = find(rivals, others->list[i].pid);

		if (rival)
			rival->denied += others->list[i].denied;
		else if ((rival = add(rivals, others->list[i].pid)))
			*rival = others->list[i];
		else
			rivals->left_out += others->list[i].denied ? others->list[i].denied : 1;
	}
	rivals->left_out += others->left_out;
}
