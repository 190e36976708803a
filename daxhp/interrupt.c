// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Signals and --timeout. Both make daxhp stop its work and undo it. Neither stops the undo.
 *
 * Ctrl-Z suspends daxhp like any other program. After "fg" daxhp repeats an interrupted system call.
 * When daxhp prints from the background, the terminal must not suspend it (SIGTTOU).
 */
#include <inttypes.h>
#include <signal.h>
#include <string.h>

#include "daxhp.h"

static struct daxhp_request *volatile to_cancel;
static volatile sig_atomic_t first_signal;

static void on_signal(int sig, siginfo_t *info, void *context __attribute__((unused)))
{
	static const char again[] = "\ndaxhp: stopping already, undoing what was done.\n";

	/* The library has sent it to this thread, to interrupt a write. It is not the end of the time. */
	if (sig == SIGALRM && info->si_code == SI_TKILL)
		return;
	if (!first_signal) {
		first_signal = sig;
		if (to_cancel)
			daxhp_request_cancel(to_cancel);
	} else if (sig != SIGALRM && write(STDERR_FILENO, again, sizeof(again) - 1) < 0) {
		return; /* the message cannot be printed, and that changes nothing */
	}
}

/* The kernel's functions that wait for I/O on a page have names that begin like this. */
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
	/* Erase the progress bar first. */
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
	if (wait->state == 'D' && is_io_wait(wait->where))
		complain("still waiting: the kernel waits for I/O on a page of %s, which cannot be "
			 "interrupted.",
			 what);
	else if (wait->state == 'D' && strcmp(wait->where, "reclaim_throttle") == 0)
		complain("still waiting: to move the memory of %s the kernel needs memory in one "
			 "piece, and finds none (reclaim_throttle). If this does not end, only "
			 "SIGKILL ends it; 'daxhp status' then shows how the device is.",
			 what);
	else if (wait->state == 'D' && *wait->where)
		complain("still waiting: the kernel waits in %s for %s, which cannot be "
			 "interrupted.",
			 wait->where, what);
	else if (wait->undoing)
		complain("still waiting: daxhp is undoing what it did.");
	else
		complain("still waiting: the kernel is at work on %s, and has not looked for "
			 "signals yet.",
			 what);
}

void interrupt_arm(struct daxhp_request *request, int timeout)
{
	/* No SA_RESTART: a signal must interrupt the write. */
	struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO };
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGALRM };
	sigset_t own;

	to_cancel = request;
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		struct sigaction old;

		/* nohup(1), or the shell of a background job, has set it to be ignored. */
		if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler == SIG_IGN &&
		    signals[i] != SIGALRM)
			continue;
		sigaction(signals[i], &action, NULL);
	}
	/* The parent process may have blocked SIGALRM, and daxhp has inherited that. */
	sigemptyset(&own);
	sigaddset(&own, SIGALRM);
	sigprocmask(SIG_UNBLOCK, &own, NULL);
	/* daxhp must not die or stop halfway through a device because a reader went away, or
	 * because the terminal does not let a background process write. */
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
