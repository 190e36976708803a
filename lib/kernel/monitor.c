// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The kernel's progress while it changes a whole device in one write: each block that goes online
 * or offline sends a uevent. Listening does not slow the kernel down; reading the blocks would.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>

#include "internal.h"

struct monitor {
	const struct daxhp_session *session;
	struct tally tally;
	bool has_lost; /* an event was lost: then it is not known which blocks sent none */
	struct uevents *uevents;
	int stop_fd;
	pthread_t thread;
};

/* ---- counting: pure ---- */

static bool is_wanted(const struct tally *t, const char *action)
{
	const char *wanted = state_is_online(t->step->word) ? "online" : "offline";

	if (t->step->word == DAXHP_OFFLINE && t->step->type == DAXHP_STEP_BIND)
		wanted = "add";
	return strcmp(action, wanted) == 0;
}

int tally_init(struct tally *t, const struct daxhp_step *step, const struct memblock *blocks,
	       size_t n_blocks)
{
	*t = (struct tally){ .step = step, .blocks = blocks, .n_blocks = n_blocks };
	t->is_done = calloc(n_blocks + 1, sizeof(*t->is_done));
	t->was_done = calloc(n_blocks + 1, sizeof(*t->was_done));
	return t->is_done && t->was_done ? 0 : -ENOMEM;
}

void tally_clear(struct tally *t)
{
	free(t->is_done);
	free(t->was_done);
}

bool tally_take(struct tally *t, const char *sysname, const char *action)
{
	const struct memblock *block = memblock_find(t->blocks, t->n_blocks, sysname);
	bool wanted;

	if (!block ||
	    (strcmp(action, "online") && strcmp(action, "offline") && strcmp(action, "add")))
		return false;
	wanted = is_wanted(t, action);
	if (t->is_done[block - t->blocks] == wanted)
		return false;
	t->is_done[block - t->blocks] = wanted;
	t->was_done[block - t->blocks] |= wanted;
	t->done += wanted ? 1 : -1;
	return true;
}

/* ---- listening ---- */

static void take_event(struct monitor *m, const char *sysname, const char *action)
{
	const struct daxhp_request *request = m->session->request;
	const struct tally *t = &m->tally;

	if (tally_take(&m->tally, sysname, action) && request->progress_fn)
		request->progress_fn(t->step, t->done, t->n_blocks, request->progress_data);
}

static void receive(struct monitor *m)
{
	struct uevent event;
	int r = uevents_next(m->uevents, &event);

	if (r > 0)
		take_event(m, event.sysname, event.action);
	m->has_lost |= r < 0;
}

static void *run(void *data)
{
	struct monitor *m = data;
	struct pollfd fds[] = {
		{ .fd = uevents_get_fd(m->uevents), .events = POLLIN },
		{ .fd = m->stop_fd, .events = POLLIN },
	};

	for (;;) {
		if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
			return NULL;
		/* Events come before the stop: all that were sent must be counted. */
		if (fds[0].revents)
			receive(m);
		else if (fds[1].revents)
			return NULL;
	}
}

static void monitor_free(struct monitor *m)
{
	if (m->stop_fd >= 0)
		close(m->stop_fd);
	uevents_close(m->uevents);
	tally_clear(&m->tally);
	free(m);
}

struct monitor *monitor_start(const struct daxhp_session *session, const struct daxhp_step *step,
			      const struct memblock *blocks, size_t n_blocks)
{
	struct monitor *m;

	m = calloc(1, sizeof(*m));
	if (!m)
		return NULL;
	m->session = session;
	m->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (tally_init(&m->tally, step, blocks, n_blocks) < 0 || m->stop_fd < 0 ||
	    uevents_open(false, &m->uevents) < 0 || thread_start(&m->thread, run, m) < 0) {
		log_debug(session->ctx, "no uevents to count memory blocks by");
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
		log_debug(m->session->ctx, "cannot stop the monitor");
	pthread_join(m->thread, NULL);
	was_done = m->has_lost ? NULL : steal_pointer(m->tally.was_done);
	monitor_free(m);
	return was_done;
}
