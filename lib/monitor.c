// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * How far the kernel has come while it does a whole device in one write: each block that goes
 * online or offline sends a uevent. Listening costs the blocks nothing, reading them would.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>

#include <libudev.h>

#include "libdaxhp-private.h"

/* Two thousand blocks report faster than a thread is woken. */
#define RECEIVE_BUFFER (16 * 1024 * 1024)

struct monitor {
	struct daxhp_ctx *ctx;
	const struct daxhp_step *step;
	const struct memblock *blocks;
	size_t n_blocks, done;
	bool *is_done;	/* now */
	bool *was_done; /* at any time: a roll-back does not clear it */
	bool has_lost;	/* an event: who sent none is not known then */
	struct udev *udev;
	struct udev_monitor *uevents;
	int stop_fd;
	pthread_t thread;
};

static int compare_id(const void *key, const void *member)
{
	uint64_t id = *(const uint64_t *)key;
	const struct memblock *block = member;

	return (id > block->id) - (id < block->id);
}

static const struct memblock *find_block(const struct monitor *m, const char *sysname)
{
	unsigned long long id;
	char *end;
	uint64_t key;

	if (strncmp(sysname, "memory", 6) != 0 || sysname[6] < '0' || sysname[6] > '9')
		return NULL;
	id = strtoull(sysname + 6, &end, 10);
	if (*end)
		return NULL;
	key = id;
	return bsearch(&key, m->blocks, m->n_blocks, sizeof(*m->blocks), compare_id);
}

static bool is_wanted(const struct monitor *m, const char *action)
{
	const char *wanted = state_is_online(m->step->word) ? "online" : "offline";

	if (m->step->word == DAXHP_OFFLINE && m->step->type == DAXHP_STEP_BIND)
		wanted = "add";
	return strcmp(action, wanted) == 0;
}

/* Online and offline again is a roll-back: the count goes down with it. */
static void take_event(struct monitor *m, const char *sysname, const char *action)
{
	const struct memblock *block = find_block(m, sysname);
	bool wanted;

	if (!block ||
	    (strcmp(action, "online") && strcmp(action, "offline") && strcmp(action, "add")))
		return;
	wanted = is_wanted(m, action);
	if (m->is_done[block - m->blocks] == wanted)
		return;
	m->is_done[block - m->blocks] = wanted;
	m->was_done[block - m->blocks] |= wanted;
	m->done += wanted ? 1 : -1;
	if (m->ctx->progress_fn)
		m->ctx->progress_fn(m->step, m->done, m->n_blocks, m->ctx->progress_data);
}

static void receive(struct monitor *m)
{
	struct udev_device *dev;
	const char *sysname, *action;

	errno = 0;
	dev = udev_monitor_receive_device(m->uevents);
	if (!dev) {
		m->has_lost |= errno == ENOMEM || errno == ENOBUFS;
		return;
	}
	sysname = udev_device_get_sysname(dev);
	action = udev_device_get_action(dev);
	if (sysname && action)
		take_event(m, sysname, action);
	udev_device_unref(dev);
}

static void *run(void *data)
{
	struct monitor *m = data;
	struct pollfd fds[] = {
		{ .fd = udev_monitor_get_fd(m->uevents), .events = POLLIN },
		{ .fd = m->stop_fd, .events = POLLIN },
	};

	for (;;) {
		if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
			return NULL;
		/* Events before the word to stop: what has been sent is to be counted. */
		if (fds[0].revents)
			receive(m);
		else if (fds[1].revents)
			return NULL;
	}
}

static int open_uevents(struct monitor *m)
{
	m->udev = udev_new();
	if (!m->udev)
		return -ENOMEM;
	/* The kernel's own events: there need not be a udevd. */
	m->uevents = udev_monitor_new_from_netlink(m->udev, "kernel");
	if (!m->uevents)
		return -errno;
	udev_monitor_set_receive_buffer_size(m->uevents, RECEIVE_BUFFER);
	udev_monitor_filter_add_match_subsystem_devtype(m->uevents, "memory", NULL);
	return udev_monitor_enable_receiving(m->uevents);
}

static void monitor_free(struct monitor *m)
{
	if (m->stop_fd >= 0)
		close(m->stop_fd);
	udev_monitor_unref(m->uevents);
	udev_unref(m->udev);
	free(m->is_done);
	free(m->was_done);
	free(m);
}

struct monitor *monitor_start(struct daxhp_ctx *ctx, const struct daxhp_step *step,
			      const struct memblock *blocks, size_t n_blocks)
{
	struct monitor *m;

	m = calloc(1, sizeof(*m));
	if (!m)
		return NULL;
	m->ctx = ctx;
	m->step = step;
	m->blocks = blocks;
	m->n_blocks = n_blocks;
	m->is_done = calloc(n_blocks + 1, sizeof(*m->is_done));
	m->was_done = calloc(n_blocks + 1, sizeof(*m->was_done));
	m->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (!m->is_done || !m->was_done || m->stop_fd < 0 || open_uevents(m) < 0 ||
	    thread_start(&m->thread, run, m) < 0) {
		log_debug(ctx, "no uevents to count memory blocks by");
		monitor_free(m);
		return NULL;
	}
	return m;
}

bool *monitor_stop(struct monitor *m)
{
	uint64_t one = 1;
	bool *was_done;

	if (!m)
		return NULL;
	if (write(m->stop_fd, &one, sizeof(one)) < 0)
		log_debug(m->ctx, "cannot stop the monitor");
	pthread_join(m->thread, NULL);
	was_done = m->has_lost ? NULL : steal_pointer(m->was_done);
	monitor_free(m);
	return was_done;
}
