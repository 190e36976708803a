// SPDX-License-Identifier: LGPL-2.1-or-later
/* The thread that makes a cancel reach the writer, and its reports about a wait. */
#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "namespace.h"

/* Two looks of the thread take a fifth of this time. A busy machine may take longer. */
#define A_WHILE_US 900000

/* Seconds: added to the time; and added for each look at the time. */
static _Atomic time_t later, tick;

static double fast_now(void)
{
	double now = clock_now() + later;

	later += tick;
	return now;
}

/* ---- a /sys of the test's own ---- */

static bool has_blocks;

/* The second block is on its way. */
static void make_blocks(void)
{
	static const char *const dirs[] = {
		"/sys/devices",
		"/sys/devices/system",
		"/sys/devices/system/memory",
		"/sys/devices/system/memory/memory32",
		"/sys/devices/system/memory/memory33",
	};

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		assert_int_equal(mkdir(dirs[i], 0755), 0);
	put("/sys/devices/system/memory/memory32/state", "offline\n");
	put("/sys/devices/system/memory/memory33/state", "going-offline\n");
}

/* ---- a run ---- */

static struct kernel kernel; /* with its time running faster */
static struct daxhp_ctx ctx = { .kernel = &kernel };
static struct daxhp_request request;
static struct daxhp_session session = { .ctx = &ctx, .request = &request };
static struct memblock blocks[] = { { .id = FIRST_BLOCK }, { .id = FIRST_BLOCK + 1 } };
static const struct daxhp_observation obs = { .blocks = blocks, .n_blocks = 2 };
static volatile sig_atomic_t n_signals;
static struct daxhp_wait told;
static _Atomic unsigned int n_told;

static void count_signal(int sig)
{
	(void)sig;
	n_signals++;
}

static void take_wait(const struct daxhp_wait *wait, void *data)
{
	(void)data;
	told = *wait;
	n_told++;
}

static int setup(void **state)
{
	struct sigaction action = { .sa_handler = count_signal };

	(void)state;
	request = (struct daxhp_request){ .cancel_signal = SIGUSR1, .waiting_fn = take_wait };
	session.undoing = false;
	n_signals = 0;
	n_told = 0;
	tick = 0;
	told = (struct daxhp_wait){ 0 };
	return sigaction(SIGUSR1, &action, NULL);
}

/* Each signal wakes a thread that sleeps here. */
static void wait_a_while(void)
{
	struct timespec left = { .tv_nsec = A_WHILE_US * 1000L };

	while (nanosleep(&left, &left) < 0)
		;
}

static int lowest_fd(void)
{
	int fd = open("/", O_PATH | O_CLOEXEC);

	close(fd);
	return fd;
}

static void watch_a_while(void)
{
	int fd = lowest_fd();
	struct watch *w = watch_start(&session, &obs);

	assert_non_null(w);
	wait_a_while();
	watch_stop(w);
	assert_int_equal(lowest_fd(), fd);
}

static void test_nobody_wants_to_know(void **state)
{
	struct watch *w;

	(void)state;
	request = (struct daxhp_request){ 0 };
	assert_null(watch_start(&session, &obs));
	watch_stop(NULL);
	request.cancel_signal = SIGUSR1;
	w = watch_start(&session, &obs);
	assert_non_null(w);
	watch_stop(w);
}

static void test_not_cancelled(void **state)
{
	(void)state;
	tick = 100;
	watch_a_while();
	assert_int_equal(n_signals, 0);
	assert_int_equal(n_told, 0);
}

/* A signal that comes just before the write would not interrupt it. */
static void test_cancelled(void **state)
{
	(void)state;
	daxhp_request_cancel(&request);
	watch_a_while();
	assert_true(n_signals > 1);
	/* The thread may be about to stop. */
	assert_int_equal(n_told, 0);
}

static void test_undoing_is_not_disturbed(void **state)
{
	(void)state;
	daxhp_request_cancel(&request);
	session.undoing = true;
	tick = 3;
	watch_a_while();
	assert_int_equal(n_signals, 0);
	assert_int_equal(n_told, 1);
	assert_true(told.undoing);
}

/* Two seconds after the cancel, and a minute after that. */
static void test_tells(void **state)
{
	(void)state;
	daxhp_request_cancel(&request);
	tick = 3;
	watch_a_while();
	assert_int_equal(n_told, 1);
	assert_int_equal(told.block, has_blocks ? FIRST_BLOCK + 1 : -1);
	assert_true(told.seconds >= 2 && told.seconds < 60);
	assert_true(told.state == 'S' || told.state == 'R');
	tick = 61;
	watch_a_while();
	assert_true(n_told > 2);
}

/* The handler cannot run while the writer is in a wait that no signal ends. */
static void test_pending_signals(void **state)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		int expected = signals[i] == SIGUSR2 ? 0 : 1, sig;
		sigset_t set;

		n_told = 0;
		tick = 3;
		sigemptyset(&set);
		sigaddset(&set, signals[i]);
		pthread_sigmask(SIG_BLOCK, &set, NULL);
		kill(getpid(), signals[i]);
		watch_a_while();
		sigwait(&set, &sig);
		pthread_sigmask(SIG_UNBLOCK, &set, NULL);
		assert_msg(n_told == (unsigned int)expected, "signal %d: told %u times", signals[i],
			   n_told);
	}
}

/* ---- the state of a process ---- */

static int is_kernel_thread(pid_t pid)
{
	int procfd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;
	char name[16];

	snprintf(name, sizeof(name), "%d", (int)pid);
	r = task_is_kernel_thread(procfd, name);
	close(procfd);
	return r;
}

static void test_stopped_process(void **state)
{
	pid_t child = fork();

	(void)state;
	assert_true(child >= 0);
	if (child == 0) {
		prctl(PR_SET_NAME, "a) R (b");
		raise(SIGSTOP);
		for (;;)
			pause();
	}
	assert_int_equal(waitpid(child, NULL, WUNTRACED), child);
	assert_true(task_is_stopped(child));
	assert_int_equal(is_kernel_thread(child), 0);
	kill(child, SIGCONT);
	assert_int_equal(waitpid(child, NULL, WCONTINUED), child);
	assert_false(task_is_stopped(child));
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_false(task_is_stopped(child));
	assert_int_equal(is_kernel_thread(child), -ENOENT);
}

static void test_running_thread(void **state)
{
	int fd = task_open_self();
	char where[64] = "x", letter;

	(void)state;
	assert_true(fd >= 0);
	task_look(fd, &letter, where, sizeof(where));
	assert_int_equal(letter, 'R');
	assert_string_equal(where, "");
	close(fd);
	task_look(-1, &letter, where, sizeof(where));
	assert_int_equal(letter, '?');
	assert_string_equal(where, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_nobody_wants_to_know, setup),
		cmocka_unit_test_setup(test_not_cancelled, setup),
		cmocka_unit_test_setup(test_cancelled, setup),
		cmocka_unit_test_setup(test_undoing_is_not_disturbed, setup),
		cmocka_unit_test_setup(test_tells, setup),
		cmocka_unit_test_setup(test_pending_signals, setup),
		cmocka_unit_test(test_stopped_process),
		cmocka_unit_test(test_running_thread),
	};

	kernel = kernel_linux;
	kernel.now = fast_now;
	has_blocks = own_mounts() && mount("none", "/sys", "tmpfs", 0, "mode=755") == 0;
	if (has_blocks)
		make_blocks();
	else
		/* Not on standard output: in TAP the version comes first. */
		fputs("This user may not make a mount namespace: no block is named; root may\n",
		      stderr);
	return cmocka_run_group_tests_name("watch", tests, NULL, NULL);
}
