// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * While a plan runs, a second thread (the watch) waits for a cancelled request. Then it sends the signal
 * to the thread that writes to the kernel (the writer). If the writer goes on waiting, the watch tells
 * the request what the writer waits for.
 *
 * A signal that arrives just before the write does not interrupt it. So the watch sends the signal every
 * tenth of a second. There are waits in the kernel that no signal ends, above all for I/O on a page.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>

#include "internal.h"

#define TICK_MS 100
#define PATIENCE 2.0 /* seconds from the cancel to the first report */
#define PAUSE 60.0   /* from one report to the next */
/* A wait that is seen at each of so many looks is one long wait, and not many short ones. */
#define LOOKS 5
#define LOOK_MS 20

struct watch {
	struct daxhp_session *session;
	const struct daxhp_observation *obs; /* for the blocks' numbers */
	pthread_t writer, thread;
	int taskfd; /* the writer, in /proc */
	int stop_fd;
	int n_io_looks; /* so many times in a row the writer waited for I/O */
	/* which pages do not move, if the request has patience for some time only */
	struct kernel_log *log;
	struct clues clues;
	struct repeats repeats;
};

/* The kernel shows which block it is taking offline. */
static int64_t find_going_block(const struct daxhp_observation *obs)
{
	_cleanup_close_ int dirfd = memblock_open_dir();

	for (size_t i = 0; dirfd >= 0 && i < obs->n_blocks; i++) {
		struct memblock block = { .id = obs->blocks[i].id };
		char file[WORD_MAX];

		if (memblock_read_state(dirfd, -1, &block, file) == 0 &&
		    block.state == MEMBLOCK_GOING_OFFLINE)
			return block.id;
	}
	return -1;
}

static void look(const struct watch *w, struct daxhp_wait *wait)
{
	const struct timespec pause = { .tv_nsec = LOOK_MS * 1000000L };

	task_look(w->taskfd, &wait->state, wait->where, sizeof(wait->where));
	for (int i = 1; wait->state == 'D' && i < LOOKS; i++) {
		nanosleep(&pause, NULL);
		task_look(w->taskfd, &wait->state, wait->where, sizeof(wait->where));
	}
}

static void tell(const struct watch *w, double seconds)
{
	const struct daxhp_request *request = w->session->request;
	struct daxhp_wait wait = { .seconds = seconds, .undoing = w->session->undoing };

	if (!request->waiting_fn)
		return;
	look(w, &wait);
	wait.block = find_going_block(w->obs);
	request->waiting_fn(&wait, request->waiting_data);
}

/*
 * While the writer is in a wait that no signal ends, no signal handler runs, and nobody calls
 * daxhp_request_cancel(). But the signal is pending for the whole process. This thread blocks it, and
 * so it can see it.
 */
static bool is_asked_to_stop(const struct watch *w)
{
	int cancel_signal = w->session->request->cancel_signal;
	sigset_t pending;

	if (w->session->request->is_cancelled || w->session->is_stuck)
		return true;
	return sigpending(&pending) == 0 &&
	       (sigismember(&pending, SIGINT) || sigismember(&pending, SIGTERM) ||
		sigismember(&pending, SIGHUP) ||
		(cancel_signal && sigismember(&pending, cancel_signal)));
}

/* After a signal, only a wait for I/O on a page lasts from tick to tick. */
static void look_for_io(struct watch *w)
{
	char state, where[64];

	task_look(w->taskfd, &state, where, sizeof(where));
	w->n_io_looks = state == 'D' && strncmp(where, "folio_wait", 10) == 0 ? w->n_io_looks + 1
									      : 0;
	if (w->n_io_looks >= LOOKS)
		w->session->has_waited_for_io = true;
}

/* Has the same page failed for too long? Then it will fail for ever. */
static void look_at_log(struct watch *w, double now)
{
	struct daxhp_session *session = w->session;

	if (!w->log || session->undoing || session->is_stuck)
		return;
	w->repeats.now = now;
	w->clues.repeats = &w->repeats;
	kernel_log_read(w->log, &w->clues);
	if (w->repeats.is_over) {
		log_debug(session->ctx, "a page has not moved for %.0f s", w->repeats.patience);
		session->is_stuck = true;
	}
}

static void *run(void *data)
{
	struct watch *w = data;
	int cancel_signal = w->session->request->cancel_signal;
	struct pollfd stop = { .fd = w->stop_fd, .events = POLLIN };
	double asked = 0, next = 0;

	while (poll(&stop, 1, TICK_MS) <= 0) {
		double now = w->session->ctx->kernel->now();

		look_at_log(w, now);
		if (!is_asked_to_stop(w)) {
			asked = 0;
			continue;
		}
		look_for_io(w);
		if (asked == 0) {
			asked = now;
			next = asked + PATIENCE;
		}
		if (session_is_cancelled(w->session) && cancel_signal)
			pthread_kill(w->writer, cancel_signal);
		if (now >= next) {
			tell(w, now - asked);
			next = now + PAUSE;
		}
	}
	return NULL;
}

static void watch_free(struct watch *w)
{
	if (w->taskfd >= 0)
		close(w->taskfd);
	if (w->stop_fd >= 0)
		close(w->stop_fd);
	kernel_log_close(w->log);
	free(w);
}

struct watch *watch_start(struct daxhp_session *session, const struct daxhp_observation *obs)
{
	struct watch *w;

	if (!session->request->waiting_fn && !session->request->cancel_signal)
		return NULL;
	w = calloc(1, sizeof(*w));
	if (!w)
		return NULL;
	w->session = session;
	w->obs = obs;
	w->writer = pthread_self();
	w->taskfd = task_open_self();
	w->stop_fd = eventfd(0, EFD_CLOEXEC);
	w->repeats.patience = session->request->patience;
	if (session->request->patience && session->request->cancel_signal)
		w->log = kernel_log_open();
	if (w->stop_fd < 0 || thread_start(&w->thread, run, w) < 0) {
		log_debug(session->ctx, "no thread to wait for a cancelling");
		watch_free(w);
		return NULL;
	}
	return w;
}

void watch_stop(struct watch *w)
{
	uint64_t one = 1;

	if (!w)
		return;
	if (write(w->stop_fd, &one, sizeof(one)) < 0)
		log_debug(w->session->ctx, "cannot stop the watch");
	pthread_join(w->thread, NULL);
	watch_free(w);
}
