// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Runs daxhp many times while something goes wrong, and looks after each run, straight in /sys,
 * whether what it left and what it said are true. A shell would do the same twenty times slower.
 *
 *   trials cycle DEVICE TIMES BLOCK...         unplug and online: both succeed
 *   trials held DEVICE TIMES COMM BLOCK...     unplug fails, names COMM, changes nothing
 *   trials kill DEVICE FROM STEP BLOCK...      killed at every call, or each STEP-th
 *   trials fail DEVICE FROM STEP ERRNO BLOCK...  each call on /sys fails with ERRNO
 *   trials signal DEVICE TIMES SIGNAL SEED BLOCK...  a signal, by number, at random moments
 *   trials twice DEVICE TIMES SIGNAL SEED BLOCK...   and again while it undoes
 *
 * FROM is where each run starts: online, offline, unplugged or unbound; a kill takes one or two,
 * as in online,unplugged, which go hand in hand. Prints a line for every run that
 * broke the rule, and one with the figures; the exit status is 1 when a run did.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tracer.h"

#define MEMORY "/sys/devices/system/memory"
#define BUS "/sys/bus/dax"
#define OUT "/run/trial.out"
#define ERR "/run/trial.err"
#define BLOCKS_MAX 64
#define HANG_SECONDS 60
#define TELL_MAX 20

/* Everything that a run which fails must leave alone. */
struct look {
	char policy[32], autoprobe[8], driver[16], attribute[32];
	struct block {
		char state[16], zone[16];
	} blocks[BLOCKS_MAX];
};

static const char *device, *const *block_ids;
static int n_blocks;
static unsigned long n_runs, n_done, n_failed, n_partly, n_killed, n_wrong;
static char run_name[512]; /* for the lines about it */

/* ---- look ---- */

static void read_word(const char *path, char *ret_word, size_t size)
{
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, ret_word, size - 1);

	if (fd >= 0)
		close(fd);
	ret_word[n < 0 ? 0 : n] = '\0';
	ret_word[strcspn(ret_word, " \n")] = '\0';
}

static void read_driver(char *ret_driver, size_t size)
{
	char path[128], target[256];
	ssize_t n;

	snprintf(path, sizeof(path), BUS "/devices/%s/driver", device);
	n = readlink(path, target, sizeof(target) - 1);
	target[n < 0 ? 0 : n] = '\0';
	snprintf(ret_driver, size, "%.15s", n < 0 ? "none" : strrchr(target, '/') + 1);
}

static void look(struct look *l)
{
	char path[128];

	memset(l, 0, sizeof(*l));
	read_word(MEMORY "/auto_online_blocks", l->policy, sizeof(l->policy));
	read_word(BUS "/drivers_autoprobe", l->autoprobe, sizeof(l->autoprobe));
	read_driver(l->driver, sizeof(l->driver));
	snprintf(path, sizeof(path), BUS "/devices/%s/state", device);
	read_word(path, l->attribute, sizeof(l->attribute));
	if (!*l->attribute) {
		snprintf(path, sizeof(path), BUS "/devices/%s/hotplug", device);
		read_word(path, l->attribute, sizeof(l->attribute));
	}
	for (int i = 0; i < n_blocks; i++) {
		snprintf(path, sizeof(path), MEMORY "/memory%s/state", block_ids[i]);
		read_word(path, l->blocks[i].state, sizeof(l->blocks[i].state));
		if (strcmp(l->blocks[i].state, "online") != 0)
			continue;
		snprintf(path, sizeof(path), MEMORY "/memory%s/valid_zones", block_ids[i]);
		read_word(path, l->blocks[i].zone, sizeof(l->blocks[i].zone));
	}
}

static bool all_blocks_are(const struct look *l, const char *state, const char *zone)
{
	for (int i = 0; i < n_blocks; i++)
		if (strcmp(l->blocks[i].state, state) != 0 || strcmp(l->blocks[i].zone, zone) != 0)
			return false;
	return true;
}

static bool is_unplugged(const struct look *l)
{
	return all_blocks_are(l, "", "") &&
	       (!*l->attribute || strcmp(l->attribute, "unplugged") == 0);
}

static bool is_online(const struct look *l)
{
	return all_blocks_are(l, "online", "Movable") && strcmp(l->driver, "kmem") == 0 &&
	       (!*l->attribute || strncmp(l->attribute, "online", 6) == 0);
}

static bool is_wedged(const struct look *l)
{
	return strcmp(l->driver, "kmem") != 0 && !all_blocks_are(l, "", "");
}

static bool is_same_block(const struct look *a, const struct look *b, int i)
{
	return memcmp(&a->blocks[i], &b->blocks[i], sizeof(a->blocks[i])) == 0;
}

/* The policy apart: it is asked for by itself. */
static bool is_same(const struct look *a, const struct look *b)
{
	for (int i = 0; i < n_blocks; i++)
		if (!is_same_block(a, b, i))
			return false;
	return strcmp(a->driver, b->driver) == 0 && strcmp(a->attribute, b->attribute) == 0;
}

static bool is_same_policy(const struct look *a, const struct look *b)
{
	return strcmp(a->policy, b->policy) == 0 && strcmp(a->autoprobe, b->autoprobe) == 0;
}

/* ---- tell ---- */

static void print_look(const char *when, const struct look *l)
{
	printf("    %s: driver %s, attribute %s, policy %s, autoprobe %s, blocks", when, l->driver,
	       *l->attribute ? l->attribute : "-", l->policy, l->autoprobe);
	for (int i = 0; i < n_blocks; i++)
		printf(" %s%s%s", *l->blocks[i].state ? l->blocks[i].state : "absent",
		       *l->blocks[i].zone ? "/" : "", l->blocks[i].zone);
	putchar('\n');
}

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

/* On the console, for those who wait. */
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
	return n_wrong > 0;
}

/* ---- run, and hold what it said against what is ---- */

/* Exactly the blocks that are not as before are named as stuck. */
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

/* The rule: done and so, failed and as before, or partly and exactly told. */
static bool check(int status, const struct look *before, bool want_online)
{
	struct look after;
	bool reached;

	n_runs++;
	show_progress();
	look(&after);
	reached = want_online ? is_online(&after) : is_unplugged(&after);
	if (status == -1)
		return wrong(before, &after, "it hung");
	if (is_wedged(&after))
		return wrong(before, &after, "the memory is wedged");
	if (!WIFEXITED(status))
		return wrong(before, &after, "it died of signal %d", WTERMSIG(status));
	switch (WEXITSTATUS(status)) {
	case 0:
		n_done++;
		if (!reached)
			return wrong(before, &after, "it said that all is done");
		if (!is_same_policy(before, &after))
			return wrong(before, &after, "done, and the policy is another");
		return true;
	case 1:
		n_failed++;
		if (!is_same(before, &after) || !is_same_policy(before, &after))
			return wrong(before, &after, "failed, and not as before");
		return true;
	case 64:
		/* Allowed, but worth a look. */
		if (++n_partly <= TELL_MAX)
			printf("%s: partly\n", run_name);
		if (!names_the_stuck(before, &after))
			return wrong(before, &after, "the stuck blocks are others");
		return true;
	default:
		return wrong(before, &after, "exit status %d", WEXITSTATUS(status));
	}
}

static char *const *command(bool want_online)
{
	static const char *online[] = { "daxhp", "online", "--movable", "--json", NULL, NULL };
	static const char *unplug[] = { "daxhp", "unplug", "--json", NULL, NULL };

	online[4] = unplug[3] = device;
	return (char *const *)(want_online ? online : unplug);
}

/* A run that nothing disturbs. */
static bool must_do(bool want_online)
{
	struct look before, after;
	int status;

	look(&before);
	status = plain_run(command(want_online), OUT, ERR, HANG_SECONDS, NULL, NULL);
	look(&after);
	if (status == 0 && (want_online ? is_online(&after) : is_unplugged(&after)))
		return true;
	return wrong(&before, &after, "the undisturbed %s after it: status %#x",
		     want_online ? "online" : "unplug", status);
}

static bool write_word(const char *path, const char *word)
{
	int fd = open(path, O_WRONLY);
	bool ok = fd >= 0 && write(fd, word, strlen(word)) == (ssize_t)strlen(word);

	if (fd >= 0)
		close(fd);
	return ok;
}

/* Bound with all blocks offline, which daxhp itself would not leave behind. */
static bool bind_offline(void)
{
	struct look l;

	if (!must_do(false))
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

static bool is_at(const struct look *l, const char *from)
{
	if (strcmp(from, "online") == 0)
		return is_online(l);
	if (strcmp(from, "offline") == 0)
		return all_blocks_are(l, "offline", "") &&
		       (!*l->attribute || strcmp(l->attribute, "offline") == 0);
	if (strcmp(from, "unbound") == 0)
		return is_unplugged(l) && strcmp(l->driver, "none") == 0;
	return is_unplugged(l);
}

static bool go_to(const char *from, struct look *ret_look)
{
	bool ok;

	look(ret_look);
	if (is_at(ret_look, from))
		return true;
	if (strcmp(from, "offline") == 0)
		ok = bind_offline();
	else
		ok = must_do(strcmp(from, "online") == 0);
	look(ret_look);
	if (ok && strcmp(from, "unbound") == 0 && !is_at(ret_look, from))
		write_word(BUS "/drivers/kmem/unbind", device);
	look(ret_look);
	return ok && is_at(ret_look, from);
}

/* ---- the trials ---- */

static int cycle(long times)
{
	for (long i = 1; i <= 2 * times; i++) {
		bool want_online = i % 2 == 0;
		struct look before;
		int status;

		look(&before);
		snprintf(run_name, sizeof(run_name), "%s %ld", want_online ? "online" : "unplug",
			 (i + 1) / 2);
		status = plain_run(command(want_online), OUT, ERR, HANG_SECONDS, NULL, NULL);
		if (check(status, &before, want_online) && status != 0)
			wrong(&before, &before, "it failed");
		if (status != 0 && !go_to(want_online ? "online" : "unplugged", &before))
			break;
	}
	return finish("cycles");
}

static bool mentions(const char *file, const char *text)
{
	char content[8192] = "";
	int fd = open(file, O_RDONLY);
	bool found = fd >= 0 && read(fd, content, sizeof(content) - 1) > 0 && strstr(content, text);

	if (fd >= 0)
		close(fd);
	return found;
}

static int held(long times, const char *comm)
{
	struct look before;

	if (!go_to("online", &before))
		return finish("held");
	for (long i = 1; i <= times; i++) {
		int status;

		snprintf(run_name, sizeof(run_name), "unplug %ld", i);
		status = plain_run(command(false), OUT, ERR, HANG_SECONDS, NULL, NULL);
		if (!check(status, &before, false))
			break;
		if (!WIFEXITED(status) || WEXITSTATUS(status) != 1)
			wrong(&before, &before, "it did not fail");
		else if (!mentions(ERR, comm) || !mentions(OUT, comm))
			wrong(&before, &before, "it does not name %s", comm);
	}
	return finish("held");
}

/* False when there are no more calls. */
static bool kill_at(const char *from, unsigned long at, bool *ret_go_on)
{
	bool want_online = strcmp(from, "online") != 0;
	struct fault fault = { .at = at };
	struct look before, after;

	*ret_go_on = false;
	snprintf(run_name, sizeof(run_name), "before the kill at %lu", at);
	if (!go_to(from, &before))
		return wrong(NULL, &before, "cannot get to %s", from);
	tracer_run(command(want_online), OUT, ERR, HANG_SECONDS, &fault);
	if (!fault.fired)
		return false;
	n_runs++;
	show_progress();
	n_killed++;
	look(&after);
	snprintf(run_name, sizeof(run_name), "%s from %s killed at call %lu (%.200s)",
		 want_online ? "online" : "unplug", from, at, fault.call);
	if (is_wedged(&after))
		return wrong(&before, &after, "the memory is wedged");
	if (!must_do(want_online))
		return false;
	look(&after);
	if (!is_same_policy(&before, &after))
		return wrong(&before, &after, "the policy after the next run");
	*ret_go_on = true;
	return true;
}

static int kill_everywhere(char *from, long step)
{
	char what[64], *other = strchr(from, ',');
	bool go_on = true;

	snprintf(what, sizeof(what), "killed, from %s", from);
	if (other)
		*other++ = '\0';
	for (unsigned long at = 1; go_on; at += step) {
		bool other_goes_on = false;

		kill_at(from, at, &go_on);
		if (other)
			kill_at(other, at, &other_goes_on);
		go_on = (go_on || other_goes_on) && n_wrong < TELL_MAX;
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

static int fail_everywhere(const char *from, long step, const char *errno_name)
{
	bool want_online = strcmp(from, "online") != 0;
	char what[64];

	for (unsigned long at = 1;; at += step) {
		struct fault fault = { .at = at, .errnum = errno_from_name(errno_name) };
		struct look before;
		int status;

		snprintf(run_name, sizeof(run_name), "before %s at %lu", errno_name, at);
		if (!go_to(from, &before)) {
			wrong(NULL, &before, "cannot get to %s", from);
			break;
		}
		status = tracer_run(command(want_online), OUT, ERR, HANG_SECONDS, &fault);
		if (!fault.fired)
			break;
		snprintf(run_name, sizeof(run_name), "%s from %s, %s at call %lu (%.200s)",
			 want_online ? "online" : "unplug", from, errno_name, at, fault.call);
		check(status, &before, want_online);
	}
	snprintf(what, sizeof(what), "%s, from %s", errno_name, from);
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

/* How long a run takes that nobody disturbs, in microseconds; leaves the device online. */
static long measure(bool want_online)
{
	struct timespec a, b;

	clock_gettime(CLOCK_MONOTONIC, &a);
	must_do(want_online);
	clock_gettime(CLOCK_MONOTONIC, &b);
	return (b.tv_sec - a.tv_sec) * 1000000 + (b.tv_nsec - a.tv_nsec) / 1000;
}

/* Before daxhp has taken the signals over they end it; then it has not begun. */
static bool check_interrupted(int status, const struct look *before, bool want_online, int sig)
{
	struct look after;

	if (status == -1 || !WIFSIGNALED(status) || WTERMSIG(status) != sig)
		return check(status, before, want_online);
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

static int signal_at_random(long times, int sig, unsigned int seed, bool twice)
{
	long length[2];
	struct look before;
	unsigned long n_again = 0;

	if (!go_to("online", &before))
		return finish("signals");
	length[0] = measure(false);
	length[1] = measure(true);
	srandom(seed);
	for (long i = 1; i <= times; i++) {
		bool want_online;
		struct moment m = { .sig = sig, .twice = twice };
		int status;

		look(&before);
		want_online = !is_online(&before);
		m.first_us = random() % (length[want_online] + length[want_online] / 10);
		m.second_us = 1000 + random() % 50000;
		snprintf(run_name, sizeof(run_name), "%s %ld, signal %d after %ld us",
			 want_online ? "online" : "unplug", i, sig, m.first_us);
		status = plain_run(command(want_online), OUT, ERR, HANG_SECONDS, send_signals, &m);
		check_interrupted(status, &before, want_online, sig);
		n_again += mentions(ERR, "stopping already");
		/* Half of the time both ways, whichever way the signal ended it. */
		if ((status != 0 && i % 2 == 0) || sig == SIGKILL)
			must_do(want_online);
		look(&before);
		if (!is_online(&before) && !is_unplugged(&before))
			break;
	}
	if (twice)
		printf("the second signal was acknowledged in %lu runs\n", n_again);
	return finish("signals");
}

static int usage(void)
{
	fprintf(stderr, "usage: trials cycle|held|kill|fail|signal|twice DEVICE ARG... BLOCK...\n");
	return 2;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int n_args;
	} modes[] = { { "cycle", 1 }, { "held", 2 },   { "kill", 2 },
		      { "fail", 3 },  { "signal", 3 }, { "twice", 3 } };
	char **args = argv + 3;
	size_t mode = 0;

	for (; mode < 6 && (argc < 2 || strcmp(argv[1], modes[mode].name) != 0); mode++)
		;
	if (mode == 6 || argc < 4 + modes[mode].n_args)
		return usage();
	device = argv[2];
	block_ids = (const char *const *)args + modes[mode].n_args;
	n_blocks = argc - 3 - modes[mode].n_args;
	if (n_blocks > BLOCKS_MAX)
		return usage();
	switch (mode) {
	case 0:
		return cycle(atol(args[0]));
	case 1:
		return held(atol(args[0]), args[1]);
	case 2:
		return kill_everywhere(args[0], atol(args[1]));
	case 3:
		return fail_everywhere(args[0], atol(args[1]), args[2]);
	default:
		return signal_at_random(atol(args[0]), atoi(args[1]), atoi(args[2]), mode == 5);
	}
}
