// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A program that uses the library and has its own signals: a timer's signal without SA_RESTART, and
 * a signal with SA_RESTART, as a runtime uses it to wake its threads. None of them must cancel.
 *
 *   storm DEVICE TIMES MICROSECONDS   unplug and bring online TIMES times, with a signal of each
 *                                     kind every MICROSECONDS
 *   storm DEVICE cancel               unplug memory that cannot be moved; another thread cancels
 *   storm DEVICE children TIMES       unplug and bring online TIMES times; another thread forks
 *                                     children that run no program and do not end
 *
 * Prints the failures and the figures. The exit status is 1 after a failure.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <libdaxhp.h>

#define CANCEL_AFTER 1 /* seconds */
#define CHILD_EVERY_US 2000
#define CHILDREN_MAX 500

static volatile sig_atomic_t n_signals;

static void on_signal(int sig)
{
	(void)sig;
	n_signals++;
}

static void handle(int sig, int flags)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = flags };

	sigaction(sig, &action, NULL);
}

static pid_t start_storm(long us)
{
	struct itimerval timer = { .it_value.tv_usec = us, .it_interval.tv_usec = us };
	pid_t parent = getpid(), pid = fork();

	if (pid) {
		setitimer(ITIMER_REAL, &timer, NULL);
		return pid;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (kill(parent, SIGURG) == 0)
		usleep(us);
	_exit(0);
}

static struct daxhp_request *request;

/* 0, or a negative errno. */
static int move_device(struct daxhp_device *device, enum daxhp_state state, bool *ret_undone)
{
	struct daxhp_session *session = NULL;
	struct daxhp_result *result = NULL;
	struct daxhp_plan *plan = NULL;
	int r;

	daxhp_request_set_state(request, state);
	daxhp_request_set_wait(request, 10);
	r = daxhp_begin(device, request, &session);
	if (r == 0)
		r = daxhp_plan(session, &plan);
	if (r == 0)
		r = daxhp_apply(session, plan, &result);
	*ret_undone = result && daxhp_result_get_undone(result);
	daxhp_result_free(result);
	daxhp_plan_free(plan);
	daxhp_end(session);
	return r;
}

/* ---- signals that must not cancel ---- */

static long there_and_back(struct daxhp_device *device, long times)
{
	static const enum daxhp_state states[] = { DAXHP_UNPLUGGED, DAXHP_ONLINE_MOVABLE };
	long n_failed = 0;
	bool undone;

	for (long i = 0; i < 2 * times; i++) {
		int r = move_device(device, states[i % 2], &undone);

		n_failed += r < 0;
		if (r < 0)
			printf("%s %ld: %s\n", i % 2 ? "online" : "unplug", i / 2 + 1,
			       strerrorname_np(-r));
	}
	return n_failed;
}

static int weather(struct daxhp_device *device, long times, long us)
{
	long n_failed;
	pid_t pid;

	handle(SIGALRM, 0);
	handle(SIGURG, SA_RESTART);
	pid = start_storm(us);
	n_failed = there_and_back(device, times);
	kill(pid, SIGKILL);
	printf("%ld times unplugged and online, %ld failed, %d signals\n", times, n_failed,
	       (int)n_signals);
	return n_failed > 0;
}

/* ---- children with copies of all descriptors ---- */

static volatile sig_atomic_t is_enough;

static void *fork_on(void *data)
{
	long *n_children = data;

	for (; !is_enough && *n_children < CHILDREN_MAX; usleep(CHILD_EVERY_US)) {
		pid_t pid = fork();

		if (pid == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			for (;;)
				pause();
		}
		*n_children += pid > 0;
	}
	/* They die with the thread. */
	while (!is_enough)
		usleep(CHILD_EVERY_US);
	return NULL;
}

static int children(struct daxhp_device *device, long times)
{
	long n_children = 0, n_failed;
	pthread_t thread;

	if (pthread_create(&thread, NULL, fork_on, &n_children) != 0)
		return 2;
	n_failed = there_and_back(device, times);
	is_enough = 1;
	pthread_join(thread, NULL);
	printf("%ld times unplugged and online, %ld failed, %ld children\n", times, n_failed,
	       n_children);
	return n_failed > 0 || n_children < times;
}

/* ---- another thread cancels ---- */

static void *cancel_later(void *data)
{
	sleep(CANCEL_AFTER);
	daxhp_request_cancel(data);
	return NULL;
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static int cancel(struct daxhp_device *device)
{
	double start = now();
	pthread_t thread;
	bool undone;
	int r;

	handle(SIGUSR1, SA_RESTART);
	daxhp_request_set_cancel_signal(request, SIGUSR1);
	if (pthread_create(&thread, NULL, cancel_later, request) != 0)
		return 2;
	r = move_device(device, DAXHP_UNPLUGGED, &undone);
	pthread_join(thread, NULL);
	printf("%s, %s, after %.1f s\n", r ? strerrorname_np(-r) : "done",
	       undone ? "undone" : "not undone", now() - start);
	return r != -EINTR || !undone;
}

int main(int argc, char **argv)
{
	bool is_cancel = argc == 3 && strcmp(argv[2], "cancel") == 0;
	bool is_children = argc == 4 && strcmp(argv[2], "children") == 0;
	struct daxhp_device *device;
	struct daxhp_ctx *ctx;
	int r;

	if ((argc != 4 && !is_cancel) || daxhp_new(&ctx) < 0 || daxhp_request_new(&request) < 0)
		return 2;
	if (daxhp_device_from_name(ctx, argv[1], &device) < 0)
		r = 2;
	else if (is_cancel)
		r = cancel(device);
	else if (is_children)
		r = children(device, atol(argv[3]));
	else
		r = weather(device, atol(argv[2]), atol(argv[3]));
	daxhp_request_free(request);
	daxhp_unref(ctx);
	return r;
}
