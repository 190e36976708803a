// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One line on stderr, if that is a terminal: the step that runs, how far it is, and the time. A thread
 * draws it anew each second: nothing may complete for a long time, and the operator must see that daxhp
 * is at work, and at what.
 */
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include "daxhp.h"

#define PAUSE 0.1 /* seconds between two updates, unless another step begins */
#define BAR_MAX 40
#define LINE_MAX_BYTES 256

struct progress {
	struct daxhp_request *request;
	const char *device;
	pthread_t thread;
	pthread_mutex_t mutex; /* of all that follows */
	pthread_cond_t ended;
	bool has_ended;
	double start, last;
	char label[96];
	size_t done, total; /* memory blocks; 0 of 0: the step does not count any */
	unsigned int retry;
};

double seconds_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static bool is_counted(const struct daxhp_step *step)
{
	enum daxhp_step_type type = daxhp_step_get_type(step);

	return type == DAXHP_STEP_WRITE_ATTRIBUTE || type == DAXHP_STEP_WRITE_BLOCKS ||
	       type == DAXHP_STEP_BIND;
}

static const char *label(const struct daxhp_step *step)
{
	enum daxhp_state word = daxhp_step_get_word(step);

	switch (daxhp_step_get_type(step)) {
	case DAXHP_STEP_WRITE_ATTRIBUTE:
	case DAXHP_STEP_WRITE_BLOCKS:
		return word == DAXHP_OFFLINE || word == DAXHP_UNPLUGGED ? "going offline"
									: "coming online";
	case DAXHP_STEP_GUARD:
		return "waiting for other programs to let go of the memory blocks";
	case DAXHP_STEP_CHECK_OFFLINE:
		return "checking that no memory block is online";
	case DAXHP_STEP_SET_POLICY:
		return "setting the policy";
	case DAXHP_STEP_RESTORE_POLICY:
		return "restoring the policy";
	case DAXHP_STEP_CHECK_UNUSED:
		return "looking for processes that use the device";
	case DAXHP_STEP_LOAD:
		return "loading the driver";
	case DAXHP_STEP_BIND:
		return "binding";
	case DAXHP_STEP_UNBIND:
		return "unbinding, which removes the memory";
	default:
		return "working";
	}
}

static int terminal_width(void)
{
	struct winsize ws = { 0 };

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &ws) < 0 || ws.ws_col == 0 ? 80 : ws.ws_col;
}

/* "[####----] ", as wide as @room allows; empty where that is too little for one. */
static void make_bar(const struct progress *p, int room, char *ret_bar)
{
	int width = room - 3 > BAR_MAX ? BAR_MAX : room - 3;
	int full = p->total && width > 0 ? (int)((double)p->done / p->total * width) : 0;

	ret_bar[0] = '\0';
	if (width < 4)
		return;
	ret_bar[0] = '[';
	memset(ret_bar + 1, '#', full);
	memset(ret_bar + 1 + full, '-', width - full);
	strcpy(ret_bar + 1 + width, "] ");
}

/* Longer than the terminal is wide, it could not be erased. */
static void draw(struct progress *p)
{
	char line[LINE_MAX_BYTES], bar[BAR_MAX + 4] = "", count[64] = "", retry[32] = "";
	int width = terminal_width() - 1;

	if (p->total)
		snprintf(count, sizeof(count), "%zu/%zu %s", p->done, p->total,
			 blocks_word(p->total));
	if (p->retry)
		snprintf(retry, sizeof(retry), ", retry %u", p->retry);
	snprintf(line, sizeof(line), "%s, %.0f s", retry, seconds_now() - p->start);
	if (p->total)
		make_bar(p,
			 width - (int)(strlen(p->device) + strlen(p->label) + strlen(count) +
				       strlen(line) + strlen(": ") + strlen(" ")),
			 bar);
	snprintf(line, sizeof(line), "%s: %s%s%s%s%s, %.0f s", p->device, p->label,
		 p->total ? " " : "", bar, count, retry, seconds_now() - p->start);
	fprintf(stderr, "\r\033[K%.*s", width, line);
	fflush(stderr);
	p->last = seconds_now();
}

static void show(const struct daxhp_step *step, size_t done, size_t total, void *data)
{
	struct progress *p = data;
	bool is_new;

	pthread_mutex_lock(&p->mutex);
	is_new = strcmp(p->label, label(step)) != 0;
	snprintf(p->label, sizeof(p->label), "%s", label(step));
	p->done = is_counted(step) ? done : 0;
	p->total = is_counted(step) ? total : 0;
	p->retry = daxhp_step_get_retry(step);
	if (is_new || seconds_now() - p->last >= PAUSE)
		draw(p);
	pthread_mutex_unlock(&p->mutex);
}

static void *tick(void *data)
{
	struct progress *p = data;

	pthread_mutex_lock(&p->mutex);
	while (!p->has_ended) {
		struct timespec until;

		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_sec++;
		pthread_cond_timedwait(&p->ended, &p->mutex, &until);
		if (!p->has_ended && *p->label)
			draw(p);
	}
	pthread_mutex_unlock(&p->mutex);
	return NULL;
}

/* Signals are for the thread that works. */
static int start_thread(struct progress *p)
{
	pthread_condattr_t clock;
	sigset_t all, before;
	int r;

	pthread_mutex_init(&p->mutex, NULL);
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_cond_init(&p->ended, &clock);
	pthread_condattr_destroy(&clock);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&p->thread, NULL, tick, p);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return r;
}

struct progress *progress_new(struct daxhp_request *request, const char *device)
{
	struct progress *p;

	if (!isatty(STDERR_FILENO))
		return NULL;
	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->request = request;
	p->device = device;
	p->start = seconds_now();
	if (start_thread(p) != 0) {
		free(p);
		return NULL;
	}
	daxhp_request_set_progress_fn(request, show, p);
	return p;
}

void progress_say(struct progress *p, const char *what)
{
	if (!p)
		return;
	pthread_mutex_lock(&p->mutex);
	snprintf(p->label, sizeof(p->label), "%s", what);
	draw(p);
	pthread_mutex_unlock(&p->mutex);
}

void progress_count(struct progress *p, const char *what, size_t done, size_t total)
{
	if (!p)
		return;
	pthread_mutex_lock(&p->mutex);
	snprintf(p->label, sizeof(p->label), "%s", what);
	p->done = done;
	p->total = total;
	if (seconds_now() - p->last >= PAUSE)
		draw(p);
	pthread_mutex_unlock(&p->mutex);
}

struct progress *progress_free(struct progress *p)
{
	if (!p)
		return NULL;
	daxhp_request_set_progress_fn(p->request, NULL, NULL);
	pthread_mutex_lock(&p->mutex);
	p->has_ended = true;
	pthread_cond_signal(&p->ended);
	pthread_mutex_unlock(&p->mutex);
	pthread_join(p->thread, NULL);
	if (*p->label)
		fputs("\r\033[K", stderr);
	pthread_cond_destroy(&p->ended);
	pthread_mutex_destroy(&p->mutex);
	free(p);
	return NULL;
}
