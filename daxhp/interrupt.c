// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Signals and time. Either makes the work stop and be undone; neither stops the undoing.
 *
 * Ctrl-Z stops the process, as it does any other: what it interrupts is begun anew afterwards. But
 * what is said meanwhile must not stop it, although it may be in the background of its terminal.
 */
#include <inttypes.h>
#include <signal.h>
#include <string.h>

#include "daxhp.h"

static struct daxhp_request *volatile to_cancel;
static volatile sig_atomic_t first_signal;

static void on_signal(int sig)
{
	static const char again[] = "\ndaxhp: stopping already, undoing what was done.\n";

	if (!first_signal) {
		first_signal = sig;
		if (to_cancel)
			daxhp_request_cancel(to_cancel);
	} else if (sig != SIGALRM && write(STDERR_FILENO, again, sizeof(again) - 1) < 0) {
		return; /* nobody listens, and there is nothing to be done about it */
	}
}

/* The kernel's functions that wait for I/O on a page begin like this. */
static bool is_io_wait(const char *where)
{
	static const char *const begin[] = { "folio_wait", "wait_on_page", "__lock_buffer",
					     "__wait_on_buffer" };

	for (size_t i = 0; i < ARRAY_SIZE(begin); i++)
		if (strncmp(where, begin[i], strlen(begin[i])) == 0)
			return true;
	return false;
}

static void tell_of_waiting(const struct daxhp_wait *wait, void *data __attribute__((unused)))
{
	char what[32] = "the device";

	if (wait->block >= 0)
		snprintf(what, sizeof(what), "memory%" PRId64, wait->block);
	/* Over the picture of the progress. */
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
	if (wait->state == 'D' && is_io_wait(wait->where))
		complain("still waiting: the kernel waits for I/O on a page of %s, which cannot be "
			 "interrupted.",
			 what);
	else if (wait->state == 'D' && *wait->where)
		complain("still waiting: the kernel waits in %s for %s, which cannot be "
			 "interrupted.",
			 wait->where, what);
	else if (wait->undoing)
		complain("still waiting: what was done is being undone.");
	else
		complain("still waiting: the kernel is at work on %s, and has not looked for "
			 "signals yet.",
			 what);
}

void interrupt_arm(struct daxhp_request *request, int timeout)
{
	/* No SA_RESTART: the write is to return. */
	struct sigaction action = { .sa_handler = on_signal };
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGALRM };
	sigset_t own;

	to_cancel = request;
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		struct sigaction old;

		/* nohup(1), and a shell's background jobs, have asked not to hear of it. */
		if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler == SIG_IGN &&
		    signals[i] != SIGALRM)
			continue;
		sigaction(signals[i], &action, NULL);
	}
	/* Whoever started this may have blocked it for himself. */
	sigemptyset(&own);
	sigaddset(&own, SIGALRM);
	sigprocmask(SIG_UNBLOCK, &own, NULL);
	/* A reader that went away is no reason to leave a device half way, nor is a terminal that
	 * lets nobody write in the background. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGTTOU, SIG_IGN);
	daxhp_request_set_cancel_signal(request, SIGALRM);
	daxhp_request_set_waiting_fn(request, tell_of_waiting, NULL);
	if (timeout)
		alarm(timeout);
}

void interrupt_disarm(void)
{
	to_cancel = NULL;
	alarm(0);
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
