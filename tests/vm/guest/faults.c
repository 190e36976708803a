// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * faults nth FILE FROM WORD STEP BLOCK...
 * faults at FILE FROM WORD ACTION ERRNO NUMBER BLOCK...
 *
 * Writes a word to a device's attribute, again and again, and makes the kernel fail:
 *   nth  at its n-th allocation of memory, for every STEP-th n, until the write has no more
 *   at   at the NUMBER-th block of the list, by the memory notifier's ACTION
 * Before each write it brings the device into the state FROM. After a write that fails, blocks,
 * zones, reservations, the machine's memory and the attribute's word must be exactly as before.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MEMORY "/sys/devices/system/memory"
#define INJECT "/sys/kernel/debug/notifier-error-inject/memory/actions"
#define TELL_MAX 8
#define TRIES_MAX 40

static const char *attribute, *from, *word;
static char **blocks;
static int n_blocks, nth_fd;
static unsigned long n_runs, n_done, n_failed, n_wrong;
static int last_errno;

/* Everything that a failed write must not change. */
struct look {
	char text[64 * 1024];
	size_t length;
};

static void add_file(struct look *l, const char *path, bool first_line)
{
	char *start = l->text + l->length, *end;
	ssize_t n = 0;
	int fd = open(path, O_RDONLY);

	while (fd >= 0 && l->length + 1 < sizeof(l->text)) {
		n = read(fd, l->text + l->length, sizeof(l->text) - 1 - l->length);
		if (n <= 0)
			break;
		l->length += n;
	}
	if (fd >= 0)
		close(fd);
	else
		l->length += sprintf(l->text + l->length, "absent\n");
	l->text[l->length] = '\0';
	end = first_line ? strchr(start, '\n') : NULL;
	if (end) {
		end[1] = '\0';
		l->length = end + 1 - l->text;
	}
}

static void look(struct look *l)
{
	char path[128];

	l->length = 0;
	add_file(l, attribute, false);
	add_file(l, "/proc/meminfo", true);
	for (int i = 0; i < n_blocks; i++) {
		snprintf(path, sizeof(path), MEMORY "/memory%s/state", blocks[i]);
		add_file(l, path, false);
		snprintf(path, sizeof(path), MEMORY "/memory%s/valid_zones", blocks[i]);
		add_file(l, path, false);
	}
	add_file(l, "/proc/iomem", false);
}

static bool holds(const char *state)
{
	struct look l = { .length = 0 };

	add_file(&l, attribute, false);
	return strncmp(l.text, state, strlen(state)) == 0 && l.text[strlen(state)] == '\n';
}

static int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY), r = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		r = -errno;
	close(fd);
	return r;
}

static bool go_to(const char *state)
{
	for (int try = 0; try < TRIES_MAX && !holds(state); try++) {
		if (try > 0)
			usleep(50000);
		if (write_text(attribute, "unplugged") == 0)
			write_text(attribute, state);
	}
	return holds(state);
}

static void tell_difference(const struct look *before, const struct look *after)
{
	const char *a = before->text, *b = after->text;
	const char *line_a = a, *line_b = b;

	for (; *a && *a == *b; a++, b++)
		if (*a == '\n') {
			line_a = a + 1;
			line_b = b + 1;
		}
	printf("    before: %.*s\n    after:  %.*s\n", (int)strcspn(line_a, "\n"), line_a,
	       (int)strcspn(line_b, "\n"), line_b);
}

static void check(const char *what, long number, int r, const struct look *before)
{
	static struct look after;

	n_runs++;
	look(&after);
	if (r == 0 && holds(word)) {
		n_done++;
		return;
	}
	if (r < 0 && strcmp(before->text, after.text) == 0) {
		n_failed++;
		last_errno = -r;
		return;
	}
	if (++n_wrong > TELL_MAX)
		return;
	printf("%s %ld: %s, and not %s\n", what, number, r < 0 ? strerror(-r) : "done",
	       r < 0 ? "as before" : word);
	tell_difference(before, &after);
}

static int finish(const char *what)
{
	printf("%s, %s: %lu runs: %lu done, %lu failed and undone (the last with %s), "
	       "%lu broke the rule\n",
	       what, word, n_runs, n_done, n_failed,
	       n_failed ? strerrorname_np(last_errno) : "none", n_wrong);
	return n_wrong > 0;
}

static void set_nth(long n)
{
	char text[24];

	snprintf(text, sizeof(text), "%ld", n);
	if (pwrite(nth_fd, text, strlen(text), 0) < 0)
		perror("fail-nth");
}

/* One write that fails at its n-th allocation. False if it has fewer allocations. */
static bool write_failing_at(long n, int *ret_r)
{
	char left[24] = "";
	int fd = open(attribute, O_WRONLY);

	if (fd < 0)
		return false;
	set_nth(n);
	*ret_r = write(fd, word, strlen(word)) < 0 ? -errno : 0;
	if (pread(nth_fd, left, sizeof(left) - 1, 0) < 0)
		perror("fail-nth");
	set_nth(0);
	close(fd);
	return atol(left) == 0;
}

static int fail_allocations(long step)
{
	static struct look before;
	int r = 0;

	nth_fd = open("/proc/thread-self/fail-nth", O_RDWR);
	if (nth_fd < 0) {
		perror("fail-nth");
		return 2;
	}
	for (long n = 1;; n += step) {
		if (!go_to(from)) {
			printf("before %ld: cannot get to %s\n", n, from);
			n_wrong++;
			break;
		}
		look(&before);
		if (!write_failing_at(n, &r))
			break;
		check("allocation", n, r, &before);
	}
	return finish("allocations");
}

struct watch {
	char state_file[128], error_file[128];
	const char *until, *error;
	atomic_bool stop;
	bool armed;
};

static void *watch(void *data)
{
	struct watch *w = data;
	size_t length = strlen(w->until);

	while (!w->stop && !w->armed) {
		char state[32] = "";
		int fd = open(w->state_file, O_RDONLY);

		if (fd < 0)
			continue;
		if (read(fd, state, sizeof(state) - 1) > 0 &&
		    strncmp(state, w->until, length) == 0 && state[length] == '\n')
			w->armed = write_text(w->error_file, w->error) == 0;
		close(fd);
	}
	return NULL;
}

/* One write that fails at that block. The fault is set when the block before it is done. */
static int write_refused_at(const char *action, const char *error, int number)
{
	struct watch w = {
		.until = strcmp(action, "MEM_GOING_OFFLINE") == 0 ? "offline" : "online",
		.error = error,
	};
	pthread_t thread;
	int r;

	snprintf(w.error_file, sizeof(w.error_file), INJECT "/%s/error", action);
	if (number == 1) {
		write_text(w.error_file, error);
	} else {
		snprintf(w.state_file, sizeof(w.state_file), MEMORY "/memory%s/state",
			 blocks[number - 2]);
		if (pthread_create(&thread, NULL, watch, &w) != 0)
			return -EAGAIN;
	}
	r = write_text(attribute, word);
	w.stop = true;
	if (number > 1)
		pthread_join(thread, NULL);
	write_text(w.error_file, "0");
	return r;
}

static int fail_at_block(const char *action, const char *error, int number)
{
	static struct look before;
	char what[64];

	snprintf(what, sizeof(what), "%s at block %d", action, number);
	/* The fault may come too late. Then the write succeeds. */
	for (int try = 0; try < TRIES_MAX && !n_failed && !n_wrong; try++) {
		if (!go_to(from)) {
			printf("cannot get to %s\n", from);
			n_wrong++;
			break;
		}
		look(&before);
		check(what, try, write_refused_at(action, error, number), &before);
	}
	if (!n_failed) {
		printf("no write failed\n");
		n_wrong++;
	}
	return finish(what);
}

static bool parse_blocks(char **words, int n)
{
	blocks = words;
	n_blocks = n;
	return n > 0;
}

int main(int argc, char **argv)
{
	if (argc < 6)
		goto usage;
	attribute = argv[2];
	from = argv[3];
	word = argv[4];
	if (strcmp(argv[1], "nth") == 0 && parse_blocks(argv + 6, argc - 6))
		return fail_allocations(atol(argv[5]));
	if (strcmp(argv[1], "at") == 0 && parse_blocks(argv + 8, argc - 8) && atoi(argv[7]) >= 1 &&
	    atoi(argv[7]) <= n_blocks)
		return fail_at_block(argv[5], argv[6], atoi(argv[7]));
usage:
	fprintf(stderr, "usage: faults nth FILE FROM WORD STEP BLOCK...\n"
			"       faults at FILE FROM WORD ACTION ERRNO NUMBER BLOCK...\n");
	return 2;
}
