// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * One descriptor for all that a monitor waits for: the kernel's events, a moment in time, and the end of
 * another process's work on a device.
 */
#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/timerfd.h>

#include "internal.h"

struct news {
	struct uevents *uevents;
	int epoll_fd, timer_fd;
};

/* Ready when a process has ended, or has closed the file that it had locked. */
struct await {
	int process_fd, file_fd; /* -1: there is none */
	void *data;
};

static int add_source(const struct news *news, int fd, void *source)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = source };

	return epoll_ctl(news->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static int open_sources(struct news *news)
{
	int r;

	news->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	news->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (news->epoll_fd < 0 || news->timer_fd < 0)
		return -errno;
	r = uevents_open(true, &news->uevents);
	if (r == 0)
		r = add_source(news, uevents_get_fd(news->uevents), news->uevents);
	return r < 0 ? r : add_source(news, news->timer_fd, &news->timer_fd);
}

int news_open(struct news **ret_news)
{
	struct news *news = calloc(1, sizeof(*news));
	int r;

	if (!news)
		return -ENOMEM;
	news->epoll_fd = news->timer_fd = -1;
	r = open_sources(news);
	if (r < 0) {
		news_close(news);
		return r;
	}
	*ret_news = news;
	return 0;
}

void news_close(struct news *news)
{
	if (!news)
		return;
	uevents_close(news->uevents);
	if (news->timer_fd >= 0)
		close(news->timer_fd);
	if (news->epoll_fd >= 0)
		close(news->epoll_fd);
	free(news);
}

int news_get_fd(const struct news *news)
{
	return news->epoll_fd;
}

int news_set_alarm(const struct news *news, double when)
{
	struct itimerspec timer = { 0 };

	/* A time of zero would switch it off. */
	if (isfinite(when)) {
		when = when < 0 ? 0 : when;
		timer.it_value.tv_sec = (time_t)when;
		timer.it_value.tv_nsec = (long)((when - (double)timer.it_value.tv_sec) * 1e9) | 1;
	}
	return timerfd_settime(news->timer_fd, TFD_TIMER_ABSTIME, &timer, NULL) < 0 ? -errno : 0;
}

static int take_uevent(struct news *news, struct news_item *ret_item)
{
	int r = uevents_next(news->uevents, &ret_item->event);

	ret_item->kind = r > 0 ? NEWS_UEVENT : r < 0 ? NEWS_LOST : NEWS_NONE;
	return 1;
}

int news_next(struct news *news, struct news_item *ret_item)
{
	struct epoll_event event;
	const struct await *await;
	uint64_t n_expired;
	int n = epoll_wait(news->epoll_fd, &event, 1, 0);

	if (n <= 0)
		return n < 0 && errno != EINTR ? -errno : 0;
	if (event.data.ptr == news->uevents)
		return take_uevent(news, ret_item);
	ret_item->kind = NEWS_NONE;
	if (event.data.ptr == &news->timer_fd)
		return read(news->timer_fd, &n_expired, sizeof(n_expired)) < 0 && errno != EAGAIN
			       ? -errno
			       : 1;
	await = event.data.ptr;
	ret_item->kind = NEWS_DONE;
	ret_item->data = await->data;
	return 1;
}

void await_free(struct await *await)
{
	if (!await)
		return;
	if (await->process_fd >= 0)
		close(await->process_fd);
	if (await->file_fd >= 0)
		close(await->file_fd);
	free(await);
}

/* One of the two is enough: a process of another PID namespace has no descriptor. */
int await_new(const struct news *news, const char *device, int pid, void *data,
	      struct await **ret_await)
{
	struct await *await = calloc(1, sizeof(*await));
	int r = 0;

	if (!await)
		return -ENOMEM;
	await->data = data;
	await->process_fd = pidfd_open(pid, 0);
	await->file_fd = lock_watch(device);
	if (await->process_fd >= 0)
		r = add_source(news, await->process_fd, await);
	if (r == 0 && await->file_fd >= 0)
		r = add_source(news, await->file_fd, await);
	if (r < 0) {
		await_free(await);
		return r;
	}
	*ret_await = await;
	return 0;
}
