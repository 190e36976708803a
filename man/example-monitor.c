// SPDX-License-Identifier: LGPL-2.1-or-later
/* Prints the dax devices, and then each change of one. */
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include <libdaxhp.h>

/* A device has no state while an application uses it. */
static const char *word(const struct daxhp_observation *obs)
{
	const char *state = daxhp_state_name(daxhp_observation_get_state(obs));

	if (!state)
		state = daxhp_mode_name(daxhp_observation_get_mode(obs));
	return state ? state : "unknown";
}

static void print_change(const struct daxhp_change *change)
{
	const struct daxhp_observation *after = daxhp_change_get_after(change);

	printf("%s: %s\n", daxhp_device_get_name(daxhp_change_get_device(change)),
	       !after			      ? "gone"
	       : daxhp_change_is_busy(change) ? "changing"
					      : word(after));
	fflush(stdout);
}

int main(void)
{
	struct daxhp_ctx *ctx;
	struct daxhp_monitor *monitor = NULL;
	const struct daxhp_change *change;
	struct pollfd fd = { .events = POLLIN };
	int r = daxhp_new(&ctx);

	if (r < 0)
		return 1;
	r = daxhp_monitor_new(ctx, &monitor);
	if (r == 0)
		fd.fd = daxhp_monitor_get_fd(monitor);
	while (r == 0 && poll(&fd, 1, -1) > 0)
		while ((r = daxhp_monitor_read(monitor, &change)) > 0)
			print_change(change);
	fprintf(stderr, "example-monitor: %s\n", r < 0 ? strerror(-r) : "poll failed");
	daxhp_monitor_free(monitor);
	daxhp_unref(ctx);
	return 1;
}
