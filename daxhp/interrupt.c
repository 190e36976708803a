// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Signals and time. Either makes the work stop and be undone; neither stops the undoing.
 *
 * A pending signal is what makes the kernel give up an offline that blocks. One that arrives just
 * before the write would be gone by then, so it is followed by a tick every 100 ms, until there is
 * nothing left to interrupt.
 */
#include <signal.h>
#include <string.h>
#include <sys/time.h>

#include "daxhp.h"

static struct daxhp_ctx *volatile to_cancel;
static volatile sig_atomic_t first_signal;

static void start_ticking(long seconds)
{
	struct itimerval timer = {
		.it_value = { .tv_sec = seconds, .tv_usec = seconds ? 0 : 100000 },
		.it_interval = { .tv_usec = 100000 },
	};

	setitimer(ITIMER_REAL, &timer, NULL);
}

static void on_signal(int sig)
{
	static const char again[] = "\ndaxhp: stopping already, undoing what was done.\n";

	if (!first_signal) {
		first_signal = sig;
		if (to_cancel)
			daxhp_cancel(to_cancel);
		if (sig != SIGALRM)
			start_ticking(0);
	} else if (sig != SIGALRM && write(STDERR_FILENO, again, sizeof(again) - 1) < 0) {
		return; /* nobody listens, and there is nothing to be done about it */
	}
}

void interrupt_arm(struct daxhp_ctx *ctx, int timeout)
{
	/* No SA_RESTART: the write is to return. */
	struct sigaction action = { .sa_handler = on_signal };
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGALRM };

	to_cancel = ctx;
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		struct sigaction old;

		/* nohup(1), and a shell's background jobs, have asked not to hear of it. */
		if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler == SIG_IGN &&
		    signals[i] != SIGALRM)
			continue;
		sigaction(signals[i], &action, NULL);
	}
	/* A reader that went away is no reason to leave a device half way. */
	signal(SIGPIPE, SIG_IGN);
	if (timeout)
		start_ticking(timeout);
}

void interrupt_disarm(void)
{
	const struct itimerval never = { 0 };

	to_cancel = NULL;
	setitimer(ITIMER_REAL, &never, NULL);
}

const char *interrupt_reason(void)
{
	switch (first_signal) {
	case SIGALRM:
		return "the time allowed ran out";
	case SIGTERM:
		return "stopped by SIGTERM";
	case SIGHUP:
		return "stopped by SIGHUP";
	default:
		return "stopped by SIGINT";
	}
}
