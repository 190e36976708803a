// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "look.h"

const char *device, *const *block_ids;
int n_blocks;

static void read_word(const char *path, char *ret_word, size_t size)
{
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, ret_word, size - 1);

	if (fd >= 0)
		close(fd);
	ret_word[n < 0 ? 0 : n] = '\0';
	ret_word[strcspn(ret_word, " \n")] = '\0';
}

static void read_driver(char *ret_driver, size_t size)
{
	char path[128], target[256];
	ssize_t n;

	snprintf(path, sizeof(path), BUS "/devices/%s/driver", device);
	n = readlink(path, target, sizeof(target) - 1);
	target[n < 0 ? 0 : n] = '\0';
	snprintf(ret_driver, size, "%.15s", n < 0 ? "none" : strrchr(target, '/') + 1);
}

void look_policy(struct look *l)
{
	read_word(MEMORY "/auto_online_blocks", l->policy, sizeof(l->policy));
	read_word(BUS "/drivers_autoprobe", l->autoprobe, sizeof(l->autoprobe));
}

void look(struct look *l)
{
	char path[128];

	memset(l, 0, sizeof(*l));
	look_policy(l);
	read_driver(l->driver, sizeof(l->driver));
	snprintf(path, sizeof(path), BUS "/devices/%s/state", device);
	read_word(path, l->attribute, sizeof(l->attribute));
	if (!*l->attribute) {
		snprintf(path, sizeof(path), BUS "/devices/%s/hotplug", device);
		read_word(path, l->attribute, sizeof(l->attribute));
	}
	for (int i = 0; i < n_blocks; i++) {
		snprintf(path, sizeof(path), MEMORY "/memory%s/state", block_ids[i]);
		read_word(path, l->blocks[i].state, sizeof(l->blocks[i].state));
		if (strcmp(l->blocks[i].state, "online") != 0)
			continue;
		snprintf(path, sizeof(path), MEMORY "/memory%s/valid_zones", block_ids[i]);
		read_word(path, l->blocks[i].zone, sizeof(l->blocks[i].zone));
	}
}

void print_look(const char *when, const struct look *l)
{
	printf("    %s: driver %s, attribute %s, policy %s, autoprobe %s, blocks", when, l->driver,
	       *l->attribute ? l->attribute : "-", l->policy, l->autoprobe);
	for (int i = 0; i < n_blocks; i++)
		printf(" %s%s%s", *l->blocks[i].state ? l->blocks[i].state : "absent",
		       *l->blocks[i].zone ? "/" : "", l->blocks[i].zone);
	putchar('\n');
}

bool write_word(const char *path, const char *word)
{
	int fd = open(path, O_WRONLY);
	bool ok = fd >= 0 && write(fd, word, strlen(word)) == (ssize_t)strlen(word);

	if (fd >= 0)
		close(fd);
	return ok;
}

bool all_blocks_are(const struct look *l, const char *state, const char *zone)
{
	for (int i = 0; i < n_blocks; i++)
		if (strcmp(l->blocks[i].state, state) != 0 || strcmp(l->blocks[i].zone, zone) != 0)
			return false;
	return true;
}

bool is_wedged(const struct look *l)
{
	return strcmp(l->driver, "kmem") != 0 && !all_blocks_are(l, "", "");
}

bool is_same_block(const struct look *a, const struct look *b, int i)
{
	return memcmp(&a->blocks[i], &b->blocks[i], sizeof(a->blocks[i])) == 0;
}

bool is_same(const struct look *a, const struct look *b)
{
	for (int i = 0; i < n_blocks; i++)
		if (!is_same_block(a, b, i))
			return false;
	return strcmp(a->driver, b->driver) == 0 && strcmp(a->attribute, b->attribute) == 0;
}

bool is_same_policy(const struct look *a, const struct look *b)
{
	return strcmp(a->policy, b->policy) == 0 && strcmp(a->autoprobe, b->autoprobe) == 0;
}
