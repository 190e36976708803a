// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Runs daxhp many times while something goes wrong. After each run it compares the report of daxhp
 * with /sys. A shell would do the same twenty times slower.
 *
 *   trials cycle DEVICE TIMES PLACES BLOCK...     from place to place, TIMES times: all succeed
 *   trials resist DEVICE TIMES PLACES BLOCK...    the same, but a run may fail and undo everything
 *   trials held DEVICE TIMES COMM BLOCK...        unplug fails, names COMM, changes nothing
 *   trials kill DEVICE STEP TRIPS BLOCK...        killed at every call, or each STEP-th
 *   trials fail DEVICE STEP TRIPS ERRNO BLOCK...  each call on /sys fails with ERRNO;
 *                                                 DIR:ERRNO: each call on DIR, which is /proc or below
 *   trials blind DEVICE STEP TRIPS ERRNO BLOCK... the same while a process holds the device or a
 *                                                 block's file: no run is done
 *   trials short DEVICE STEP TRIPS all|one BLOCK...  each allocation fails; with "all", every
 *                                                 later one fails, too
 *   trials signal DEVICE TIMES PLACES SIGNAL SEED BLOCK...  a signal, by number, at random moments
 *   trials twice DEVICE TIMES PLACES SIGNAL SEED BLOCK...   and again during the undo
 *   trials stop DEVICE TIMES PLACES SEED BLOCK...   Ctrl-Z at random moments, and fg: all succeed
 *
 * PLACES are names with commas between: online, unplugged, devdax, off, kernel, movable; and
 * offline and unbound, from which a trip can only start. TRIPS are pairs of places, such as
 * movable:devdax, also with commas between; each run does the next one. Prints a line for every run
 * that broke the rule, and one line with the figures. The exit status is 1 when a run broke it.
 */
#include <ctype.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "place.h"
#include "tracer.h"

/* Makes memory run out, see tests/failalloc/. */
#define FAILALLOC "/usr/local/lib/failalloc.so"
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define OUT "/run/trial.out"
#define ERR "/run/trial.err"
#define TOLD "/run/trial.told"
#define HANG_SECONDS 60
#define OTHERS_SECONDS 2.0 /* the longest wait of another process */
#define POLL_US 5000
#define TELL_MAX 20
#define PLACES_MAX 8

struct trip {
	const struct place *from, *to;
};

static unsigned long n_runs, n_done, n_failed, n_partly, n_killed, n_wrong;
static char run_name[512]; /* for its lines of output */

/* ---- output ---- */

static void print_file(const char *file)
{
	char line[512];
	FILE *f = fopen(file, "r");

	while (f && fgets(line, sizeof(line), f))
		printf("    %s: %.400s%s", strrchr(file, '/') + 1, line,
		       strchr(line, '\n') ? "" : "\n");
	if (f)
		fclose(f);
}

__attribute__((format(printf, 3, 4))) static bool
wrong(const struct look *before, const struct look *after, const char *format, ...)
{
	va_list args;

	if (++n_wrong > TELL_MAX)
		return false;
	printf("%s: ", run_name);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	if (before)
		print_look("before", before);
	print_look("after", after);
	print_file(ERR);
	fflush(stdout);
	return false;
}

/* Shows the progress on the console. */
static void show_progress(void)
{
	int fd = n_runs % 50 ? -1 : open("/dev/kmsg", O_WRONLY);

	if (fd < 0)
		return;
	dprintf(fd, "<3>trials: %lu runs, %lu broke the rule\n", n_runs, n_wrong);
	close(fd);
}

static int finish(const char *what)
{
	printf("%s: %lu runs: %lu done, %lu failed and undone, %lu partly, %lu killed; %lu broke "
	       "the rule\n",
	       what, n_runs, n_done, n_failed, n_partly, n_killed, n_wrong);
	if (n_runs == 0)
		printf("nothing was run, so nothing was tried\n");
	return n_wrong > 0 || n_runs == 0;
}

/* ---- run daxhp, and compare its report with /sys ---- */

static bool mentions(const char *file, const char *text)
{
	char content[8192] = "";
	int fd = open(file, O_RDONLY);
	bool found = fd >= 0 && read(fd, content, sizeof(content) - 1) > 0 && strstr(content, text);

	if (fd >= 0)
		close(fd);
	return found;
}

/* The report must name as stuck exactly the blocks that are not as before. */
static bool names_the_stuck(const struct look *before, const struct look *after)
{
	char text[8192] = "";
	int fd = open(OUT, O_RDONLY), i = 0;
	char *at;

	if (fd >= 0 && read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	if (fd >= 0)
		close(fd);
	at = strstr(text, "\"stuck_blocks\"");
	for (at = at ? strchr(at, '[') : NULL; at && *at != ']'; at++) {
		if (!isdigit((unsigned char)*at))
			continue;
		for (; i < n_blocks && is_same_block(before, after, i); i++)
			;
		if (i == n_blocks || strtoul(at, &at, 10) != strtoul(block_ids[i++], NULL, 10))
			return false;
		at--;
	}
	for (; at && i < n_blocks; i++)
		if (!is_same_block(before, after, i))
			return false;
	return at && (!is_same(before, after) || !is_same_policy(before, after));
}

static bool is_empty(const char *file)
{
	struct stat st;

	return stat(file, &st) < 0 || st.st_size == 0;
}

/* Without JSON: one line must say the device's state, or that it cannot be seen. */
static bool says_how_it_is(const struct look *l)
{
	const char *word = "inconsistent";

	if (all_blocks_are(l, "", ""))
		word = strcmp(l->driver, "device_dax") == 0 ? "devdax" : "unplugged";
	else if (all_blocks_are(l, "offline", ""))
		word = "offline";
	else if (all_blocks_are(l, "online", "Movable"))
		word = "online_movable";
	else if (all_blocks_are(l, "online", "Normal"))
		word = "online";
	return mentions(ERR, device) && (mentions(ERR, word) || mentions(ERR, "cannot be seen"));
}

/* The rule: done and at the goal, failed and as before, or partly done with an exact report. */
static bool check(int status, const struct look *before, const struct place *goal)
{
	struct look after;

	n_runs++;
	show_progress();
	look(&after);
	if (status == -1)
		return wrong(before, &after, "it hung");
	if (is_wedged(&after))
		return wrong(before, &after, "the memory is wedged");
	if (!WIFEXITED(status))
		return wrong(before, &after, "it died of signal %d", WTERMSIG(status));
	switch (WEXITSTATUS(status)) {
	case 0:
		n_done++;
		if (!goal->is_there(&after))
			return wrong(before, &after, "it said that all is done");
		if (!is_same_policy(before, &after))
			return wrong(before, &after, "done, and the policy is another");
		if (!mentions(OUT, "\"changed\""))
			return wrong(before, &after, "done, and not reported");
		return true;
	case 1:
		n_failed++;
		if (!is_same(before, &after) || !is_same_policy(before, &after))
			return wrong(before, &after, "failed, and not as before");
		if (is_empty(ERR))
			return wrong(before, &after, "failed, and nothing said");
		return true;
	case 64:
		/* This is allowed, but a developer should look at it. */
		if (++n_partly <= TELL_MAX)
			printf("%s: partly\n", run_name);
		if (is_empty(OUT) ? !says_how_it_is(&after) : !names_the_stuck(before, &after))
			return wrong(before, &after, "the stuck blocks are others");
		return true;
	default:
		return wrong(before, &after, "exit status %d", WEXITSTATUS(status));
	}
}

/* An undisturbed run. */
static bool must_do(const struct place *place)
{
	struct look before, after;
	int status;

	look(&before);
	status = plain_run(command_to(place), OUT, ERR, HANG_SECONDS, NULL, NULL);
	look(&after);
	if (status == 0 && place->is_there(&after))
		return true;
	return wrong(&before, &after, "the undisturbed way to %s after it: status %#x", place->name,
		     status);
}

static bool must_unplug(void)
{
	return must_do(find_place("unplugged", 9));
}

/* Binds the device with all blocks offline. daxhp has no command for this. */
static bool bind_offline(void)
{
	struct look l;

	if (!must_unplug())
		return false;
	look(&l);
	if (strcmp(l.driver, "kmem") == 0)
		write_word(BUS "/drivers/kmem/unbind", device);
	write_word(MEMORY "/auto_online_blocks", "offline");
	if (!write_word(BUS "/drivers/kmem/bind", device))
		write_word(BUS "/drivers/kmem/new_id", device);
	write_word(MEMORY "/auto_online_blocks", l.policy);
	look(&l);
	return all_blocks_are(&l, "offline", "");
}

static bool go_to(const struct place *place, struct look *ret_look)
{
	bool ok;

	look(ret_look);
	if (place->is_there(ret_look))
		return true;
	if (place->words[0])
		ok = must_do(place);
	else if (strcmp(place->name, "offline") == 0)
		ok = bind_offline();
	else
		ok = must_unplug();
	look(ret_look);
	if (ok && strcmp(place->name, "unbound") == 0 && !place->is_there(ret_look))
		write_word(BUS "/drivers/kmem/unbind", device);
	look(ret_look);
	return ok && place->is_there(ret_look);
}

/* ---- arguments ---- */

static bool parse_places(const char *text, char separator, const struct place **ret_places,
			 int *ret_count)
{
	int n = 0;

	while (n < PLACES_MAX) {
		size_t len = strcspn(text, (char[]){ separator, '\0' });

		ret_places[n] = find_place(text, len);
		if (!ret_places[n++])
			return false;
		if (!text[len])
			break;
		text += len + 1;
	}
	*ret_count = n;
	return true;
}

/* "a:b,c:d" */
static bool parse_trips(const char *text, struct trip *ret_trips, int *ret_count)
{
	const struct place *ends[PLACES_MAX];
	char copy[256], *at = copy, *one;
	int n = 0, n_ends;

	snprintf(copy, sizeof(copy), "%s", text);
	while (n < PLACES_MAX && (one = strsep(&at, ","))) {
		if (!parse_places(one, ':', ends, &n_ends) || n_ends != 2 || !ends[1]->words[0])
			return false;
		ret_trips[n++] = (struct trip){ ends[0], ends[1] };
	}
	*ret_count = n;
	return n > 0;
}

/* ---- the trials ---- */

static int cycle(long times, const char *names, bool may_fail)
{
	const struct place *places[PLACES_MAX];
	int n_places;

	if (!parse_places(names, ',', places, &n_places))
		return 2;
	for (long i = 0; i < n_places * times; i++) {
		const struct place *goal = places[i % n_places];
		struct look before;
		int status;
		bool ok;

		look(&before);
		snprintf(run_name, sizeof(run_name), "to %s, %ld", goal->name, i / n_places + 1);
		status = plain_run(command_to(goal), OUT, ERR, HANG_SECONDS, NULL, NULL);
		ok = check(status, &before, goal);
		if (may_fail && ok)
			continue;
		if (ok && status != 0)
			wrong(&before, &before, "it failed");
		if (status != 0 && !go_to(goal, &before))
			break;
	}
	return finish("cycles");
}

static int held(long times, const char *comm)
{
	const struct place *unplugged = find_place("unplugged", 9);
	struct look before;

	if (!go_to(find_place("online", 6), &before))
		return finish("held");
	for (long i = 1; i <= times; i++) {
		int status;

		snprintf(run_name, sizeof(run_name), "unplug %ld", i);
		status = plain_run(command_to(unplugged), OUT, ERR, HANG_SECONDS, NULL, NULL);
		if (!check(status, &before, unplugged))
			break;
		if (!WIFEXITED(status) || WEXITSTATUS(status) != 1)
			wrong(&before, &before, "it did not fail");
		else if (!mentions(ERR, comm) || !mentions(OUT, comm))
			wrong(&before, &before, "it does not name %s", comm);
	}
	return finish("held");
}

/*
 * After a kill, the same command completes the task. After a killed reconfigure, it must say that
 * it restored the device first. In half of the cases, the command that leads back runs instead. It
 * must say the same, and then has nothing left to do.
 */
static bool run_next(const struct trip *trip, const struct look *after_kill, bool goes_back)
{
	bool is_half = !trip->from->is_there(after_kill) && !trip->to->is_there(after_kill);
	bool is_reconfigured = strcmp(trip->to->words[0], "reconfigure") == 0;

	if (!must_do(goes_back && is_reconfigured ? trip->from : trip->to))
		return false;
	if (!is_reconfigured || !is_half)
		return true;
	if (!mentions(ERR, "had left it half reconfigured"))
		return wrong(NULL, after_kill, "the next run did not put it right");
	if (goes_back && !mentions(OUT, "\"changed\": false"))
		return wrong(NULL, after_kill, "the next run did not put it right first");
	return true;
}

/* False when there are no more calls. */
static bool kill_at(const struct trip *trip, unsigned long at, bool *ret_go_on)
{
	struct fault fault = { .at = at };
	struct look before, after;

	*ret_go_on = false;
	snprintf(run_name, sizeof(run_name), "before the kill at %lu", at);
	if (!go_to(trip->from, &before))
		return wrong(NULL, &before, "cannot get to %s", trip->from->name);
	tracer_run(command_to(trip->to), OUT, ERR, HANG_SECONDS, &fault);
	if (!fault.fired)
		return false;
	n_runs++;
	show_progress();
	n_killed++;
	look(&after);
	snprintf(run_name, sizeof(run_name), "%s to %s killed at call %lu (%.200s)",
		 trip->from->name, trip->to->name, at, fault.call);
	if (is_wedged(&after))
		return wrong(&before, &after, "the memory is wedged");
	if (!run_next(trip, &after, at % 2 == 0))
		return false;
	look(&after);
	if (!is_same_policy(&before, &after))
		return wrong(&before, &after, "the policy after the next run");
	*ret_go_on = true;
	return true;
}

static int kill_everywhere(long step, const char *text)
{
	struct trip trips[PLACES_MAX];
	bool go_on = true;
	char what[128];
	int n_trips;

	if (!parse_trips(text, trips, &n_trips))
		return 2;
	snprintf(what, sizeof(what), "killed, %s", text);
	for (unsigned long at = 1; go_on; at += step) {
		go_on = false;
		for (int i = 0; i < n_trips; i++) {
			bool goes_on;

			kill_at(&trips[i], at, &goes_on);
			go_on |= goes_on;
		}
		go_on &= n_wrong < TELL_MAX;
	}
	return finish(what);
}

static int errno_from_name(const char *name)
{
	for (int e = 1; e < 134; e++)
		if (strerrorname_np(e) && strcmp(strerrorname_np(e), name) == 0)
			return e;
	return 0;
}

/* "ERRNO", of files below /sys, or "DIR:ERRNO". */
static struct fault parse_fault(const char *text)
{
	struct fault fault = { .below = "/sys" };
	const char *colon = strchr(text, ':');

	if (colon)
		snprintf(fault.below, sizeof(fault.below), "%.*s", (int)(colon - text), text);
	fault.errnum = errno_from_name(colon ? colon + 1 : text);
	return fault;
}

/* False when there are no more calls. */
static bool fail_at(const struct trip *trip, unsigned long at, const char *errno_name, bool is_held)
{
	struct fault fault = parse_fault(errno_name);
	struct look before;
	int status;

	fault.at = at;
	/* While daxhp waits for the holder to close the file, it looks again and again. */
	fault.until_pause = is_held;
	snprintf(run_name, sizeof(run_name), "before %s at %lu", errno_name, at);
	if (!go_to(trip->from, &before))
		return wrong(NULL, &before, "cannot get to %s", trip->from->name);
	status = tracer_run(command_to(trip->to), OUT, ERR, HANG_SECONDS, &fault);
	if (!fault.fired)
		return false;
	snprintf(run_name, sizeof(run_name), "%s to %s, %s at call %lu (%.200s)", trip->from->name,
		 trip->to->name, errno_name, at, fault.call);
	if (check(status, &before, trip->to) && is_held && status == 0)
		wrong(&before, &before, "done, and somebody held what was changed");
	return true;
}

static int fail_everywhere(long step, const char *text, const char *errno_name, bool is_held)
{
	struct trip trips[PLACES_MAX];
	bool go_on = true;
	char what[128];
	int n_trips;

	if (!parse_trips(text, trips, &n_trips) || !parse_fault(errno_name).errnum)
		return 2;
	for (unsigned long at = 1; go_on; at += step) {
		go_on = false;
		for (int i = 0; i < n_trips; i++)
			go_on |= fail_at(&trips[i], at, errno_name, is_held);
		/* After a run that was done, the holder's file may no longer exist. */
		go_on &= n_wrong < (is_held ? 1 : TELL_MAX);
	}
	snprintf(what, sizeof(what), "%s, %s", errno_name, text);
	return finish(what);
}

/* False when there are no more allocations. */
static bool run_short(const struct trip *trip, unsigned long at, bool all)
{
	char number[24], told[256] = "";
	struct look before;
	int status, fd;

	snprintf(run_name, sizeof(run_name), "before allocation %lu", at);
	if (!go_to(trip->from, &before))
		return wrong(NULL, &before, "cannot get to %s", trip->from->name);
	snprintf(number, sizeof(number), "%lu", at);
	unlink(TOLD);
	setenv("FAILALLOC_AT", number, true);
	setenv("LD_PRELOAD", FAILALLOC, true);
	status = plain_run(command_to(trip->to), OUT, ERR, HANG_SECONDS, NULL, NULL);
	unsetenv("LD_PRELOAD");
	fd = open(TOLD, O_RDONLY);
	if (fd < 0)
		return false;
	if (read(fd, told, sizeof(told) - 1) < 0)
		told[0] = '\0';
	close(fd);
	told[strcspn(told, "\n")] = '\0';
	snprintf(run_name, sizeof(run_name), "%s to %s, short of memory%s (%s)", trip->from->name,
		 trip->to->name, all ? " from then on" : "", told);
	check(status, &before, trip->to);
	return true;
}

static int run_short_everywhere(long step, const char *text, const char *extent)
{
	bool go_on = true, all = strcmp(extent, "all") == 0;
	struct trip trips[PLACES_MAX];
	char what[128];
	int n_trips;

	if (!parse_trips(text, trips, &n_trips) || access(FAILALLOC, R_OK) < 0)
		return 2;
	setenv("FAILALLOC_AFTER", all ? "1" : "", true);
	setenv("FAILALLOC_FILE", TOLD, true);
	for (unsigned long at = 1; go_on; at += step) {
		go_on = false;
		for (int i = 0; i < n_trips; i++)
			go_on |= run_short(&trips[i], at, all);
		go_on &= n_wrong < TELL_MAX;
	}
	snprintf(what, sizeof(what), "short of memory, %s, %s", text, extent);
	return finish(what);
}

struct moment {
	long first_us, second_us;
	int sig;
	bool twice;
};

static void send_signals(pid_t pid, void *data)
{
	const struct moment *m = data;

	usleep(m->first_us);
	kill(pid, m->sig);
	if (m->twice) {
		usleep(m->second_us);
		kill(pid, m->sig);
	}
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* The time of an undisturbed run, in microseconds. */
static long measure(const struct place *place)
{
	double start = now();

	must_do(place);
	return (now() - start) * 1e6;
}

/* Before daxhp handles signals, a signal kills it. Then it has changed nothing. */
static bool check_interrupted(int status, const struct look *before, const struct place *goal,
			      int sig)
{
	struct look after;

	if (status == -1 || !WIFSIGNALED(status) || WTERMSIG(status) != sig)
		return check(status, before, goal);
	n_runs++;
	show_progress();
	n_killed++;
	look(&after);
	if (is_wedged(&after))
		return wrong(before, &after, "the memory is wedged");
	if (sig != SIGKILL && (!is_same(before, &after) || !is_same_policy(before, &after)))
		return wrong(before, &after, "it died of signal %d, and not as before", sig);
	return true;
}

/* Goes to the other place and back. */
static int signal_at_random(long times, const char *names, int sig, unsigned int seed, bool twice)
{
	const struct place *places[PLACES_MAX];
	unsigned long n_again = 0;
	struct look before;
	long length[2];
	int n_places;

	if (!parse_places(names, ',', places, &n_places) || n_places != 2)
		return 2;
	if (!go_to(places[1], &before))
		return finish("signals");
	for (int i = 0; i < 2; i++)
		length[i] = measure(places[i]);
	srandom(seed);
	for (long i = 1; i <= times; i++) {
		struct moment m = { .sig = sig, .twice = twice };
		const struct place *goal;
		int status, k;

		look(&before);
		k = !places[1]->is_there(&before);
		goal = places[k];
		m.first_us = random() % (length[k] + length[k] / 10);
		m.second_us = 1000 + random() % 50000;
		snprintf(run_name, sizeof(run_name), "to %s %ld, signal %d after %ld us",
			 goal->name, i, sig, m.first_us);
		status = plain_run(command_to(goal), OUT, ERR, HANG_SECONDS, send_signals, &m);
		check_interrupted(status, &before, goal, sig);
		n_again += mentions(ERR, "stopping already");
		/* Go to the goal after half of the failures, so that later runs go both ways. */
		if ((status != 0 && i % 2 == 0) || sig == SIGKILL)
			must_do(goal);
		look(&before);
		if (!places[0]->is_there(&before) && !places[1]->is_there(&before))
			break;
	}
	if (twice)
		printf("the second signal was acknowledged in %lu runs\n", n_again);
	return finish("signals");
}

/* ---- stopped, and continued ---- */

struct stop {
	long us;
	/* Results: */
	bool was_stopped;
	double seconds; /* in which another process read all blocks' states */
	struct look meanwhile;
};

/* False when the process has ended. */
static bool wait_for_stop(pid_t pid)
{
	double end = now() + HANG_SECONDS;
	siginfo_t info = { 0 };

	while (!info.si_pid && now() < end) {
		usleep(POLL_US);
		/* The caller of the program waits for its end. */
		if (waitid(P_PID, pid, &info, WSTOPPED | WEXITED | WNOWAIT | WNOHANG) < 0)
			return false;
	}
	return info.si_code == CLD_STOPPED;
}

static void read_states(void)
{
	char path[96], word[32];

	for (int i = 0; i < n_blocks; i++) {
		int fd;

		snprintf(path, sizeof(path), MEMORY "/memory%s/state", block_ids[i]);
		fd = open(path, O_RDONLY);
		if (fd >= 0 && read(fd, word, sizeof(word)) >= 0)
			close(fd);
	}
}

/* A process must not wait much longer than OTHERS_SECONDS. */
static double time_reading(void)
{
	double start = now();
	pid_t pid = fork();

	if (pid == 0) {
		read_states();
		_exit(0);
	}
	while (waitpid(pid, NULL, WNOHANG) == 0) {
		usleep(POLL_US);
		if (now() - start <= OTHERS_SECONDS)
			continue;
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		break;
	}
	return now() - start;
}

static void stop_and_continue(pid_t pid, void *data)
{
	struct stop *s = data;

	usleep(s->us);
	kill(pid, SIGTSTP);
	s->was_stopped = wait_for_stop(pid);
	if (s->was_stopped) {
		s->seconds = time_reading();
		look_policy(&s->meanwhile);
	}
	kill(pid, SIGCONT);
}

static void check_stopped(const struct look *before, const struct place *goal, int status,
			  const struct stop *s)
{
	if (check(status, before, goal) && status != 0)
		wrong(NULL, before, "continued, it failed");
	if (!s->was_stopped)
		return;
	if (s->seconds > OTHERS_SECONDS)
		wrong(NULL, before, "somebody else waited for longer than %.0f s", OTHERS_SECONDS);
	if (!is_same_policy(before, &s->meanwhile))
		wrong(NULL, before, "while it was stopped, the policy was '%s', autoprobe '%s'",
		      s->meanwhile.policy, s->meanwhile.autoprobe);
}

/* Goes to the other place and back, like signal_at_random(). But the signal must do no harm. */
static int stop_at_random(long times, const char *names, unsigned int seed)
{
	const struct place *places[PLACES_MAX];
	unsigned long n_stopped = 0;
	struct look before;
	double longest = 0;
	long length[2];
	int n_places;

	if (!parse_places(names, ',', places, &n_places) || n_places != 2)
		return 2;
	/* Ctrl-Z stops only a group that a shell can continue. This process is the shell. */
	setpgid(0, 0);
	if (!go_to(places[1], &before))
		return finish("stops");
	for (int i = 0; i < 2; i++)
		length[i] = measure(places[i]);
	srandom(seed);
	/* All of a few runs may end before the signal. Then do some more. */
	for (long i = 0; i < times || (n_stopped == 0 && i < 10 * times); i++) {
		const struct place *goal = places[i % 2];
		struct stop s = { .us = random() % length[i % 2] };
		int status;

		if (!go_to(places[(i + 1) % 2], &before))
			break;
		snprintf(run_name, sizeof(run_name), "to %s %ld, stopped after %ld us", goal->name,
			 i + 1, s.us);
		status = plain_run(command_to(goal), OUT, ERR, HANG_SECONDS, stop_and_continue, &s);
		check_stopped(&before, goal, status, &s);
		n_stopped += s.was_stopped;
		longest = s.seconds > longest ? s.seconds : longest;
	}
	if (n_stopped == 0)
		wrong(NULL, &before, "it was never stopped");
	printf("stopped in %lu runs, the longest wait of somebody else %.2f s\n", n_stopped,
	       longest);
	return finish("stops");
}

/* ---- the table of trials ---- */

static int run_cycle(char **args)
{
	return cycle(atol(args[0]), args[1], false);
}

static int run_resist(char **args)
{
	return cycle(atol(args[0]), args[1], true);
}

static int run_held(char **args)
{
	return held(atol(args[0]), args[1]);
}

static int run_kill(char **args)
{
	return kill_everywhere(atol(args[0]), args[1]);
}

static int run_fail(char **args)
{
	return fail_everywhere(atol(args[0]), args[1], args[2], false);
}

static int run_blind(char **args)
{
	return fail_everywhere(atol(args[0]), args[1], args[2], true);
}

static int run_signal(char **args)
{
	return signal_at_random(atol(args[0]), args[1], atoi(args[2]), atoi(args[3]), false);
}

static int run_twice(char **args)
{
	return signal_at_random(atol(args[0]), args[1], atoi(args[2]), atoi(args[3]), true);
}

static int run_short_of_memory(char **args)
{
	return run_short_everywhere(atol(args[0]), args[1], args[2]);
}

static int run_stop(char **args)
{
	return stop_at_random(atol(args[0]), args[1], atoi(args[2]));
}

static const struct mode {
	const char *name;
	int n_args;
	int (*run)(char **args);
} modes[] = {
	{ "cycle", 2, run_cycle },   { "resist", 2, run_resist },
	{ "held", 2, run_held },     { "kill", 2, run_kill },
	{ "fail", 3, run_fail },     { "blind", 3, run_blind },
	{ "signal", 4, run_signal }, { "twice", 4, run_twice },
	{ "stop", 3, run_stop },     { "short", 3, run_short_of_memory },
};

int main(int argc, char **argv)
{
	const struct mode *mode = NULL;
	char **args = argv + 3;

	for (size_t i = 0; argc > 1 && i < ARRAY_SIZE(modes); i++)
		if (strcmp(argv[1], modes[i].name) == 0)
			mode = &modes[i];
	if (!mode || argc < 4 + mode->n_args || argc - 3 - mode->n_args > BLOCKS_MAX ||
	    atol(args[0]) < 1) {
		fprintf(stderr, "usage: trials MODE DEVICE ARG... BLOCK..., see its source\n");
		return 2;
	}
	device = argv[2];
	block_ids = (const char *const *)args + mode->n_args;
	n_blocks = argc - 3 - mode->n_args;
	return mode->run(args);
}
