// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * recorder DEVICE BLOCK...
 *
 * Looks at a device as fast as it can, and prints a line for each new picture: the time (seconds since
 * 1970), when that picture was seen for the last time, the driver, the attribute's word, and the state of
 * the blocks. It ends with SIGTERM. What the monitor of daxhp reports is compared with this.
 *
 * daxhp denies others to open the blocks' files while it works: then the state is "unseen".
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MEMORY "/sys/devices/system/memory"
#define DEVICES "/sys/bus/dax/devices"

struct picture {
	char driver[16], attribute[24], state[24];
};

static const char *device;
static char **blocks;
static int n_blocks;
static volatile sig_atomic_t is_enough;

static void on_signal(int sig)
{
	(void)sig;
	is_enough = 1;
}

/* 0, or a negative errno; the word is empty then. */
static int read_word(const char *path, char *ret_word, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, ret_word, size - 1);
	int r = n < 0 ? -errno : 0;

	if (fd >= 0)
		close(fd);
	ret_word[n < 0 ? 0 : n] = '\0';
	ret_word[strcspn(ret_word, " \n")] = '\0';
	return r;
}

/* The state of all blocks together, in the words of daxhp(8). */
static const char *state_of_blocks(void)
{
	int n_absent = 0, n_offline = 0, n_movable = 0, n_kernel = 0;

	for (int i = 0; i < n_blocks; i++) {
		char path[128], word[32], zone[32];
		int r;

		snprintf(path, sizeof(path), MEMORY "/memory%s/state", blocks[i]);
		r = read_word(path, word, sizeof(word));
		if (r == -EPERM)
			return "unseen";
		n_absent += r == -ENOENT || r == -ENODEV;
		n_offline += strcmp(word, "offline") == 0;
		if (strcmp(word, "online") != 0)
			continue;
		snprintf(path, sizeof(path), MEMORY "/memory%s/valid_zones", blocks[i]);
		read_word(path, zone, sizeof(zone));
		n_movable += strcmp(zone, "Movable") == 0;
		n_kernel += strncmp(zone, "DMA", 3) == 0 || strcmp(zone, "Normal") == 0;
	}
	if (n_absent == n_blocks)
		return "unplugged";
	if (n_offline == n_blocks)
		return "offline";
	if (n_movable == n_blocks)
		return "online_movable";
	return n_kernel == n_blocks ? "online_kernel" : "inconsistent";
}

static void look(struct picture *p)
{
	char path[128], target[256];
	ssize_t n;

	memset(p, 0, sizeof(*p));
	snprintf(path, sizeof(path), DEVICES "/%s/driver", device);
	n = readlink(path, target, sizeof(target) - 1);
	target[n < 0 ? 0 : n] = '\0';
	snprintf(p->driver, sizeof(p->driver), "%.15s", n < 0 ? "none" : strrchr(target, '/') + 1);
	snprintf(path, sizeof(path), DEVICES "/%s", device);
	if (access(path, F_OK) < 0)
		strcpy(p->driver, "gone");
	strcpy(p->attribute, "-");
	snprintf(path, sizeof(path), DEVICES "/%s/state", device);
	if (read_word(path, p->attribute, sizeof(p->attribute)) < 0)
		strcpy(p->attribute, "-");
	strcpy(p->state, state_of_blocks());
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct picture last = { 0 }, p;
	double first = 0, seen = 0;

	if (argc < 3) {
		fprintf(stderr, "usage: recorder DEVICE BLOCK...\n");
		return 2;
	}
	device = argv[1];
	blocks = argv + 2;
	n_blocks = argc - 2;
	sigaction(SIGTERM, &action, NULL);
	while (!is_enough) {
		look(&p);
		if (memcmp(&p, &last, sizeof(p)) != 0) {
			if (seen)
				printf("%.3f %.3f %s %s %s\n", first, seen, last.driver,
				       last.attribute, last.state);
			first = now();
			last = p;
		}
		seen = now();
		usleep(500);
	}
	printf("%.3f %.3f %s %s %s\n", first, seen, last.driver, last.attribute, last.state);
	return 0;
}
