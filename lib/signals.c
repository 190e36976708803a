// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Which signals the thread that writes to the kernel takes.
 *
 * A pending signal is what makes the kernel give up an offline, whatever the signal is for. A write
 * that was interrupted, and not cancelled, is begun anew; one that some timer interrupts every tenth
 * of a second may never end that way. So from then on only those signals are let through that are
 * sent to this process to stop it, which do not come that often.
 */
#include "libdaxhp-private.h"

/* Stopped now, it would leave the whole machine with a word that is not the machine's. */
static bool must_not_stop(const struct run *run)
{
	return *run->saved_policy || run->is_loading;
}

/* From persons and service managers, who want to see that they are heard. */
static void let_through(sigset_t *held, const struct run *run)
{
	const struct daxhp_session *session = run->session;
	int cancel_signal = session->request->cancel_signal;

	sigdelset(held, SIGTSTP);
	/* One that interrupts the way back as well is heard when the step is done. */
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
