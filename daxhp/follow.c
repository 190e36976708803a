// SPDX-License-Identifier: GPL-2.0-or-later
/* Follows the changes of devices, until the command has enough, a signal comes, or the time is over. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

#include "daxhp.h"

static volatile sig_atomic_t is_signalled;

static void on_signal(int sig __attribute__((unused)))
{
	is_signalled = 1;
}

/* They come only while daxhp waits: a line is never torn. */
static void arm(sigset_t *ret_mask)
{
	struct sigaction action = { .sa_handler = on_signal };
	static const int signals[] = { SIGINT, SIGTERM };
	sigset_t ours;

	sigemptyset(&ours);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		struct sigaction old;

		/* nohup(1), or the shell of a background job, has set it to be ignored. */
		if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler == SIG_IGN)
			continue;
		sigaction(signals[i], &action, NULL);
		sigaddset(&ours, signals[i]);
	}
	/* A reader that went away is no reason to die from. */
	signal(SIGPIPE, SIG_IGN);
	sigprocmask(SIG_BLOCK, &ours, ret_mask);
	/* The parent process may have blocked them, and daxhp has inherited that. */
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		sigdelset(ret_mask, signals[i]);
}

/* @end: 0: none. FOLLOW_ON, or why it has ended. */
static int wait_for_news(const struct daxhp_monitor *monitor, const struct follower *follower,
			 double end, const sigset_t *mask)
{
	struct pollfd fds[] = {
		{ .fd = daxhp_monitor_get_fd(monitor), .events = POLLIN },
		/* Nothing to wait for, but an error is always told. */
		{ .fd = STDOUT_FILENO },
	};
	double left = end ? end - seconds_now() : 0;
	struct timespec timeout = { 0 };
	int n;

	if (left > 0)
		timeout = (struct timespec){ (time_t)left,
					     (long)((left - (double)(time_t)left) * 1e9) };
	n = ppoll(fds, follower->watches_output ? 2 : 1, end ? &timeout : NULL, mask);
	if (is_signalled ||
	    (n > 0 && follower->watches_output && (fds[1].revents & (POLLERR | POLLHUP))))
		return EXIT_DONE;
	if (n < 0 && errno != EINTR)
		return refuse(REFUSAL_UNSEEN, NULL, "cannot wait for changes: %s.",
			      strerror(errno));
	return n == 0 && end ? FOLLOW_TIME_OVER : FOLLOW_ON;
}

/* All changes that there are. */
static int take_changes(struct daxhp_monitor *monitor, struct follower *follower)
{
	const struct daxhp_change *change;
	int r, status = FOLLOW_ON;

	while (status == FOLLOW_ON && (r = daxhp_monitor_read(monitor, &change)) > 0)
		status = follower->take(follower, change);
	if (status != FOLLOW_ON)
		return status;
	if (r < 0)
		return refuse(r == -ENOMEM ? REFUSAL_OUT_OF_MEMORY : REFUSAL_UNSEEN, NULL,
			      "the dax devices cannot be listed: %s.", strerror(-r));
	return follower->pause(follower, monitor);
}

int follow(struct daxhp_ctx *ctx, struct follower *follower)
{
	double end = follower->timeout ? seconds_now() + follower->timeout : 0;
	struct daxhp_monitor *monitor;
	int r = daxhp_monitor_new(ctx, &monitor), status = FOLLOW_ON;
	sigset_t mask;

	if (r < 0)
		return refuse(r == -ENOMEM ? REFUSAL_OUT_OF_MEMORY : REFUSAL_UNSEEN, NULL,
			      "the dax devices cannot be watched: %s.", strerror(-r));
	sigprocmask(SIG_BLOCK, NULL, &mask);
	if (follower->watches_output)
		arm(&mask);
	while (status == FOLLOW_ON) {
		status = wait_for_news(monitor, follower, end, &mask);
		if (status == FOLLOW_ON)
			status = take_changes(monitor, follower);
	}
	daxhp_monitor_free(monitor);
	return status;
}
