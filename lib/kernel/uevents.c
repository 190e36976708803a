// SPDX-License-Identifier: LGPL-2.1-or-later
/* The kernel's events of memory blocks and dax devices. */
#include <errno.h>
#include <string.h>

#include <libudev.h>

#include "internal.h"

/* The kernel can send two thousand events before a thread wakes up. */
#define RECEIVE_BUFFER (16 * 1024 * 1024)

struct uevents {
	struct udev *udev;
	struct udev_monitor *monitor;
};

static int listen_to(struct uevents *u, bool with_dax)
{
	int r;

	u->udev = udev_new();
	if (!u->udev)
		return -ENOMEM;
	/* The kernel's own events, and not udevd's: there may be no udevd. */
	u->monitor = udev_monitor_new_from_netlink(u->udev, "kernel");
	if (!u->monitor)
		return -errno;
	/* A user without rights gets a smaller buffer, and learns of what is lost. */
	udev_monitor_set_receive_buffer_size(u->monitor, RECEIVE_BUFFER);
	r = udev_monitor_filter_add_match_subsystem_devtype(u->monitor, "memory", NULL);
	if (r >= 0 && with_dax)
		r = udev_monitor_filter_add_match_subsystem_devtype(u->monitor, "dax", NULL);
	return r < 0 ? r : udev_monitor_enable_receiving(u->monitor);
}

int uevents_open(bool with_dax, struct uevents **ret_uevents)
{
	struct uevents *u = calloc(1, sizeof(*u));
	int r = u ? listen_to(u, with_dax) : -ENOMEM;

	if (r < 0) {
		uevents_close(u);
		return r;
	}
	*ret_uevents = u;
	return 0;
}

void uevents_close(struct uevents *u)
{
	if (!u)
		return;
	udev_monitor_unref(u->monitor);
	udev_unref(u->udev);
	free(u);
}

int uevents_get_fd(const struct uevents *u)
{
	return udev_monitor_get_fd(u->monitor);
}

/* False for a name that is longer than any of ours. */
static bool take(struct udev_device *dev, struct uevent *event)
{
	const char *subsystem = udev_device_get_subsystem(dev);
	const char *sysname = udev_device_get_sysname(dev);
	const char *action = udev_device_get_action(dev);

	if (!subsystem || !sysname || !action || strlen(sysname) >= sizeof(event->sysname) ||
	    strlen(action) >= sizeof(event->action))
		return false;
	event->is_dax = strcmp(subsystem, "dax") == 0;
	strcpy(event->sysname, sysname);
	strcpy(event->action, action);
	return true;
}

int uevents_next(struct uevents *u, struct uevent *ret_event)
{
	struct udev_device *dev;
	bool is_ours;

	errno = 0;
	dev = udev_monitor_receive_device(u->monitor);
	if (!dev)
		return errno == ENOMEM || errno == ENOBUFS ? -errno : 0;
	is_ours = take(dev, ret_event);
	udev_device_unref(dev);
	return is_ours;
}
