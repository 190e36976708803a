// SPDX-License-Identifier: GPL-2.0-or-later
/* A progress bar on stderr, if that is a terminal and the work takes longer than a second. */
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include "daxhp.h"

#define PATIENCE 1.0 /* seconds before anything is shown */
#define PAUSE 0.1    /* seconds between two updates */
#define BAR_MAX 40

struct progress {
	struct daxhp_request *request;
	const char *device;
	double start, last;
	bool shown;
};

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static const char *label(const struct daxhp_step *step)
{
	enum daxhp_state word = daxhp_step_get_word(step);

	switch (daxhp_step_get_type(step)) {
	case DAXHP_STEP_WRITE_ATTRIBUTE:
	case DAXHP_STEP_WRITE_BLOCKS:
		return word == DAXHP_OFFLINE || word == DAXHP_UNPLUGGED ? "going offline"
									: "coming online";
	case DAXHP_STEP_BIND:
		return "adding memory";
	case DAXHP_STEP_UNBIND:
		return "removing memory";
	default:
		return "checking";
	}
}

static int bar_width(void)
{
	struct winsize ws = { 0 };
	int width;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &ws) < 0 || ws.ws_col == 0)
		return BAR_MAX;
	/* The name, the label and two counts stand beside the bar. */
	width = ws.ws_col - 55;
	return width < 0 ? 0 : width > BAR_MAX ? BAR_MAX : width;
}

static void show(const struct daxhp_step *step, size_t done, size_t total, void *data)
{
	struct progress *p = data;
	double t = now();
	int width = bar_width();
	int full = total ? (int)((double)done / total * width) : 0;
	char bar[BAR_MAX + 1];

	if (t - p->start < PATIENCE || t - p->last < PAUSE)
		return;
	p->last = t;
	memset(bar, '#', full);
	memset(bar + full, '-', width - full);
	bar[width] = '\0';
	fprintf(stderr, "\r\033[K%s: %s [%s] %zu/%zu memory blocks", p->device, label(step), bar,
		done, total);
	if (daxhp_step_get_retry(step))
		fprintf(stderr, ", retry %u", daxhp_step_get_retry(step));
	fflush(stderr);
	p->shown = true;
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
	p->start = now();
	daxhp_request_set_progress_fn(request, show, p);
	return p;
}

struct progress *progress_free(struct progress *p)
{
	if (!p)
		return NULL;
	daxhp_request_set_progress_fn(p->request, NULL, NULL);
	if (p->shown)
		fputs("\r\033[K", stderr);
	free(p);
	return NULL;
}
