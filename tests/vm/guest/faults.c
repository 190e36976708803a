// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * faults nth FILE FROM WORD STEP BLOCK...
 * faults bind FILE DEVICE STEP BLOCK...
 * faults at FILE FROM WORD ACTION ERRNO NUMBER BLOCK...
 * faults often FILE FROM WORD ERRNO TIMES NODE OTHER BLOCK...
 *
 * Writes a word to a device's attribute, again and again, and makes the kernel fail:
 *   nth    at its n-th allocation of memory, for every STEP-th n, until the write has no more
 *   bind   the same, but binds DEVICE to kmem. Then the device must be bound with its attribute and
 *          with all blocks offline, or not be bound and have no block
 *   at     at the NUMBER-th block of the list, by the memory notifier's ACTION
 *   often  going online at the last block of the list, TIMES times. In every other write a signal
 *          is pending. A process without rights takes memory of NODE as soon as it has any, and
 *          pins it. The write must come back soon. Meanwhile another thread writes "online" to the
 *          file OTHER, the state of a block that is online, and must not wait for long
 * Before each write it brings the device into the state FROM. After a write that fails, blocks,
 * zones, reservations, the machine's memory and the attribute's word must be exactly as before.
 * Nobody else may change memory meanwhile.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MEMORY "/sys/devices/system/memory"
#define INJECT "/sys/kernel/debug/notifier-error-inject/memory/actions"
#define TELL_MAX 8
#define TRIES_MAX 40
/* What a write that is refused may take longer than one that is not. */
#define SOON_MS 1000
/* A write that is not back by then waits for a signal. */
#define HANGS_MS 30000
#define DRIVER "/sys/bus/dax/drivers/kmem"
/* A write that took a part of the text. No fault that is injected here has this error. */
#define TOOK_PART (-EIO)

static const char *attribute, *from, *word;
static char **blocks;
static int n_blocks, nth_fd;
static unsigned long n_runs, n_done, n_failed, n_wrong;
static int last_errno;

/* Everything that a failed write must not change. */
struct look {
	char text[64 * 1024];
	size_t length;
	ssize_t reach;
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

static long block_size_pages(void)
{
	struct look l = { .length = 0 };

	add_file(&l, MEMORY "/block_size_bytes", true);
	return strtol(l.text, NULL, 16) / sysconf(_SC_PAGESIZE);
}

/*
 * The kernel's highest page frame rises when memory is added, and never falls. It is seen in how
 * far this file can be read.
 */
static void add_reach(struct look *l)
{
	const char *last = blocks[n_blocks - 1];
	char entry[8];
	int fd = open("/proc/kpageflags", O_RDONLY);

	l->reach = -1;
	if (fd < 0)
		return;
	l->reach = pread(fd, entry, sizeof(entry),
			 atol(last) * block_size_pages() * (off_t)sizeof(entry));
	close(fd);
}

static void look(struct look *l)
{
	char path[128];

	l->length = 0;
	add_reach(l);
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

/* The attributes take all of a text or nothing: part of it is not a success. */
static int write_all(int fd, const char *text)
{
	ssize_t n = write(fd, text, strlen(text));

	if (n < 0)
		return -errno;
	return (size_t)n == strlen(text) ? 0 : TOOK_PART;
}

static int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY), r;

	if (fd < 0)
		return -errno;
	r = write_all(fd, text);
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

static bool same(const struct look *before, const struct look *after)
{
	return strcmp(before->text, after->text) == 0 && before->reach == after->reach;
}

static void tell_difference(const struct look *before, const struct look *after)
{
	const char *a = before->text, *b = after->text;
	const char *line_a = a, *line_b = b;

	if (before->reach != after->reach)
		printf("    the page frame of block %s: %zd bytes before, %zd after\n",
		       blocks[n_blocks - 1], before->reach, after->reach);
	for (; *a && *a == *b; a++, b++)
		if (*a == '\n') {
			line_a = a + 1;
			line_b = b + 1;
		}
	printf("    before: %.*s\n    after:  %.*s\n", (int)strcspn(line_a, "\n"), line_a,
	       (int)strcspn(line_b, "\n"), line_b);
}

/* The attribute says it, and it is true of each block. */
static bool is_done(void)
{
	const char *state = strcmp(word, "unplugged") == 0 ? "absent\n" : "online\n";
	char path[128];

	for (int i = 0; i < n_blocks; i++) {
		struct look l = { .length = 0 };

		snprintf(path, sizeof(path), MEMORY "/memory%s/state", blocks[i]);
		add_file(&l, path, false);
		if (strcmp(l.text, state) != 0)
			return false;
	}
	return holds(word);
}

static void check(const char *what, long number, int r, const struct look *before)
{
	static struct look after;

	n_runs++;
	look(&after);
	if (r == 0 && is_done()) {
		n_done++;
		return;
	}
	if (r < 0 && r != TOOK_PART && same(before, &after)) {
		n_failed++;
		last_errno = -r;
		return;
	}
	if (++n_wrong > TELL_MAX)
		return;
	if (r == TOOK_PART)
		printf("%s %ld: the write took a part of the word\n", what, number);
	else
		printf("%s %ld: %s, but %s\n", what, number, r < 0 ? strerror(-r) : "done",
		       r < 0 ? "not as before" : "not with all blocks");
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

static bool open_nth(void)
{
	nth_fd = open("/proc/thread-self/fail-nth", O_RDWR);
	if (nth_fd < 0)
		perror("fail-nth");
	return nth_fd >= 0;
}

/* One write that fails at its n-th allocation. False if it has fewer allocations. */
static bool write_failing_at(const char *path, const char *text, long n, int *ret_r)
{
	char left[24] = "";
	int fd = open(path, O_WRONLY);

	if (fd < 0)
		return false;
	set_nth(n);
	*ret_r = write_all(fd, text);
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

	if (!open_nth())
		return 2;
	for (long n = 1;; n += step) {
		if (!go_to(from)) {
			printf("before %ld: cannot get to %s\n", n, from);
			n_wrong++;
			break;
		}
		look(&before);
		if (!write_failing_at(attribute, word, n, &r))
			break;
		check("allocation", n, r, &before);
	}
	return finish("allocations");
}

/* The pages between the first and the last page of each zone, for all zones together. */
static long spanned_pages(void)
{
	FILE *file = fopen("/proc/zoneinfo", "re");
	char line[256];
	long sum = 0, pages;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, " spanned %ld", &pages) == 1)
			sum += pages;
	if (file)
		fclose(file);
	return sum;
}

/* How much the first NUMBER blocks of the list span. */
static long span_of(int number)
{
	long first = 0, last = -1;

	for (int i = 0; i < number; i++) {
		long n = atol(blocks[i]);

		first = i == 0 || n < first ? n : first;
		last = n > last ? n : last;
	}
	return (last - first + 1) * block_size_pages();
}

/*
 * Waits until it is the turn of the NUMBER-th block, and sets the fault. When a block goes online,
 * the kernel first makes room for it in the zone, then initializes its memory map, and then asks
 * the notifiers. When blocks go offline, the block before is offline.
 */
struct watch {
	char state_file[128], error_file[128];
	const char *error;
	long spanned; /* 0: watch the state file */
	atomic_bool stop;
	bool armed;
};

static bool is_its_turn(const struct watch *w)
{
	struct look l = { .length = 0 };

	if (w->spanned)
		return spanned_pages() >= w->spanned;
	add_file(&l, w->state_file, true);
	return strcmp(l.text, "offline\n") == 0;
}

static void *watch(void *data)
{
	struct watch *w = data;

	while (!w->stop && !w->armed)
		if (is_its_turn(w))
			w->armed = write_text(w->error_file, w->error) == 0;
	return NULL;
}

static int write_word(void)
{
	return write_text(attribute, word);
}

/* One write that fails at that block. */
static int write_refused_at(const char *action, const char *error, int number,
			    int (*write_it)(void))
{
	struct watch w = { .error = error };
	pthread_t thread;
	int r;

	snprintf(w.error_file, sizeof(w.error_file), INJECT "/%s/error", action);
	if (number > 1 && strcmp(action, "MEM_GOING_OFFLINE") == 0)
		snprintf(w.state_file, sizeof(w.state_file), MEMORY "/memory%s/state",
			 blocks[number - 2]);
	else
		w.spanned = spanned_pages() + span_of(number);
	if (number == 1)
		write_text(w.error_file, error);
	else if (pthread_create(&thread, NULL, watch, &w) != 0)
		return -EAGAIN;
	r = write_it();
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

	if (strcmp(action, "MEM_GOING_ONLINE") == 0 && number > 1 &&
	    span_of(number) == span_of(number - 1)) {
		printf("it cannot be seen when block %d of this list goes online\n", number);
		return 2;
	}
	snprintf(what, sizeof(what), "%s at block %d", action, number);
	/* The fault may come too late. Then the write succeeds. */
	for (int try = 0; try < TRIES_MAX && !n_failed && !n_wrong; try++) {
		if (!go_to(from)) {
			printf("cannot get to %s\n", from);
			n_wrong++;
			break;
		}
		look(&before);
		check(what, try, write_refused_at(action, error, number, write_word), &before);
	}
	if (!n_failed) {
		printf("no write failed\n");
		n_wrong++;
	}
	return finish(what);
}

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void ignore_signal(int number)
{
	(void)number;
}

/* Sends the writer a signal each millisecond if it is to have one, or if it does not come back. */
struct nudge {
	pthread_t writer;
	bool at_once;
	long start;
	atomic_bool stop;
};

static void *nudge(void *data)
{
	struct nudge *n = data;

	while (!n->stop) {
		if (n->at_once || now_ms() - n->start > HANGS_MS)
			pthread_kill(n->writer, SIGUSR1);
		usleep(1000);
	}
	return NULL;
}

static bool with_signal;
static long last_ms;

static int write_word_timed(void)
{
	struct nudge n = { .writer = pthread_self(), .at_once = with_signal, .start = now_ms() };
	pthread_t thread;
	int r;

	if (pthread_create(&thread, NULL, nudge, &n) != 0)
		return -EAGAIN;
	r = write_word();
	last_ms = now_ms() - n.start;
	n.stop = true;
	pthread_join(thread, NULL);
	return r;
}

/* A write that changes nothing. It takes the lock that all memory hotplug takes. */
struct other {
	const char *file;
	unsigned long writes;
	long longest_ms;
	atomic_bool stop;
};

static void *write_other(void *data)
{
	struct other *o = data;

	while (!o->stop) {
		long start = now_ms(), ms;

		write_text(o->file, "online");
		o->writes++;
		ms = now_ms() - start;
		o->longest_ms = ms > o->longest_ms ? ms : o->longest_ms;
		usleep(10000);
	}
	return NULL;
}

static pid_t start_pin(const char *node)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid != 0)
		return pid;
	if (freopen("/dev/null", "w", stdout) && setgid(65534) == 0 && setuid(65534) == 0)
		execlp("pin", "pin", node, (char *)NULL);
	_exit(127);
}

/* One write that is refused at the last block while somebody wants the memory. */
static int write_often(const char *error, const char *node)
{
	pid_t pid = start_pin(node);
	int r = write_refused_at("MEM_GOING_ONLINE", error, n_blocks, write_word_timed);

	if (pid > 0 && kill(pid, SIGKILL) == 0)
		waitpid(pid, NULL, 0);
	return r;
}

static int fail_often(const char *error, unsigned long times, const char *node, const char *file)
{
	static struct look before;
	struct sigaction action = { .sa_handler = ignore_signal };
	struct other other = { .file = file };
	long limit, longest = 0;
	pthread_t thread;

	sigaction(SIGUSR1, &action, NULL);
	if (!go_to(from) || write_word_timed() < 0) {
		printf("cannot get to %s\n", word);
		return 1;
	}
	limit = last_ms + SOON_MS;
	printf("%s takes %ld ms. A write may take %ld ms\n", word, last_ms, limit);
	if (pthread_create(&thread, NULL, write_other, &other) != 0)
		return 2;
	/* The fault may come too late. Then the write succeeds. */
	for (unsigned long try = 0; try < 10 * times && n_failed < times && n_wrong < 3; try++) {
		if (!go_to(from)) {
			printf("cannot get to %s\n", from);
			n_wrong++;
			break;
		}
		look(&before);
		with_signal = try % 2;
		check(with_signal ? "with a signal, write" : "without a signal, write", try,
		      write_often(error, node), &before);
		longest = last_ms > longest ? last_ms : longest;
		if (last_ms > limit) {
			printf("write %lu took %ld ms\n", try, last_ms);
			n_wrong++;
		}
	}
	other.stop = true;
	pthread_join(thread, NULL);
	if (n_failed < times && !n_wrong) {
		printf("only %lu writes were refused\n", n_failed);
		n_wrong++;
	}
	if (other.longest_ms > limit) {
		printf("another block's state was written in %ld ms\n", other.longest_ms);
		n_wrong++;
	}
	printf("the longest write took %ld ms; %lu writes to another block, the longest %ld ms\n",
	       longest, other.writes, other.longest_ms);
	return finish("refused at the last block");
}

static bool unbind(const char *device)
{
	if (access(attribute, F_OK) == 0 && write_text(attribute, "unplugged") < 0)
		return false;
	return access(attribute, F_OK) != 0 || write_text(DRIVER "/unbind", device) == 0;
}

static int fail_binds(const char *device, long step)
{
	static struct look before, after;
	int r = 0;

	if (!open_nth())
		return 2;
	if (!unbind(device)) {
		printf("%s cannot be unbound\n", device);
		return 1;
	}
	look(&before);
	for (long n = 1; n_wrong == 0; n += step) {
		bool failed_one = write_failing_at(DRIVER "/bind", device, n, &r);

		n_runs++;
		if (r == 0 && access(attribute, F_OK) != 0) {
			printf("allocation %ld: bound, and has no attribute\n", n);
			n_wrong++;
		}
		if (r < 0) {
			n_failed++;
			last_errno = -r;
		} else {
			n_done++;
		}
		/* After a bind that failed, everything is as before by itself. */
		if (r == 0 && !unbind(device)) {
			printf("allocation %ld: the device cannot be unplugged and unbound\n", n);
			n_wrong++;
		}
		look(&after);
		/* Memory that was added may have raised the highest page frame. */
		if (r == 0)
			before.reach = after.reach;
		if (!same(&before, &after)) {
			printf("allocation %ld: %s, and not as before\n", n,
			       r < 0 ? strerror(-r) : "bound and unbound");
			tell_difference(&before, &after);
			n_wrong++;
		}
		if (!failed_one)
			break;
	}
	return finish("allocations");
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
	if (strcmp(argv[1], "bind") == 0 && parse_blocks(argv + 5, argc - 5)) {
		word = "bind";
		return fail_binds(argv[3], atol(argv[4]));
	}
	from = argv[3];
	word = argv[4];
	if (strcmp(argv[1], "nth") == 0 && parse_blocks(argv + 6, argc - 6))
		return fail_allocations(atol(argv[5]));
	if (strcmp(argv[1], "at") == 0 && parse_blocks(argv + 8, argc - 8) && atoi(argv[7]) >= 1 &&
	    atoi(argv[7]) <= n_blocks)
		return fail_at_block(argv[5], argv[6], atoi(argv[7]));
	if (strcmp(argv[1], "often") == 0 && parse_blocks(argv + 9, argc - 9))
		return fail_often(argv[5], strtoul(argv[6], NULL, 10), argv[7], argv[8]);
usage:
	fprintf(stderr, "usage: faults nth FILE FROM WORD STEP BLOCK...\n"
			"       faults bind FILE DEVICE STEP BLOCK...\n"
			"       faults at FILE FROM WORD ACTION ERRNO NUMBER BLOCK...\n"
			"       faults often FILE FROM WORD ERRNO TIMES NODE OTHER BLOCK...\n");
	return 2;
}
