// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages about the estimate: does the device's used memory fit elsewhere? */
#include <inttypes.h>
#include <string.h>

#include "daxhp.h"

void tell_of_room(const struct settings *settings, const struct outcome *outcome)
{
	const struct daxhp_room *room = outcome->plan ? daxhp_plan_get_room(outcome->plan) : NULL;
	char text[512];
	bool is_doubtful;

	if (!room || daxhp_plan_get_refusal(outcome->plan))
		return;
	daxhp_room_describe(room, text, sizeof(text));
	is_doubtful = room->verdict >= DAXHP_VERDICT_MAYBE;
	if (!settings->dry_run && !is_doubtful && !settings->verbose)
		return;
	if (settings->dry_run && !settings->json)
		printf("%s: %s\n", daxhp_device_get_name(outcome->device), text);
	/* The JSON has it. */
	if (!settings->dry_run && (!settings->json || settings->verbose))
		complain("%s%s: %s%s.", is_doubtful ? "note: " : "",
			 daxhp_device_get_name(outcome->device), text,
			 is_doubtful ? "; daxhp tries it anyway" : "");
}
