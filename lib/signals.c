// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Which signals the thread that writes to the kernel takes.
 *
 * A pending signal makes the kernel give up an offline, whatever the signal is for. If the signal does
 * not cancel the request, the write begins anew. A timer could interrupt it every tenth of a second, and
 * then it would never end. So after the first interruption, only the signals that stop a process are let
 * through. They do not come that often.
 */
#include "libdaxhp-private.h"

/* If this process were stopped now, the machine would keep our word. */
static bool must_not_stop(const struct run *run)
{
	return *run->saved_policy || run->is_loading;
}

/* Users and service managers send these, and expect an answer at once. */
static void let_through(sigset_t *held, const struct run *run)
{
	const struct daxhp_session *session = run->session;
	int cancel_signal = session->request->cancel_signal;

	sigdelset(held, SIGTSTP);
	/* In an undo, the second signal waits until the step is done. */
	if (session->undoing && run->n_disturbed)
		return;
	sigdelset(held, SIGINT);
	sigdelset(held, SIGTERM);
	sigdelset(held, SIGHUP);
	if (cancel_signal && !session->undoing)
		sigdelset(held, cancel_signal);
}

void signals_hold(const struct run *run)
{
	sigset_t held;

	sigemptyset(&held);
	if (run->session->undoing || run->n_disturbed) {
		sigfillset(&held);
		let_through(&held, run);
	}
	if (must_not_stop(run)) {
		sigaddset(&held, SIGTSTP);
		sigaddset(&held, SIGTTIN);
		sigaddset(&held, SIGTTOU);
	}
	sigorset(&held, &held, &run->mask);
	pthread_sigmask(SIG_SETMASK, &held, NULL);
}
