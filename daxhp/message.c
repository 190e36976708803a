// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One sentence per failure: what failed, on which file, with which word, why the kernel said no;
 * then how things stand, and what to do now.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "daxhp.h"

/* With a blank before it; empty where the kernel is to choose. */
static const char *zone_option(const struct wish *wish)
{
	switch (wish->state) {
	case DAXHP_ONLINE_MOVABLE:
		return " --movable";
	case DAXHP_ONLINE_KERNEL:
		return " --kernel";
	case DAXHP_OFFLINE:
		return " --no-online";
	default:
		return "";
	}
}

/* `online` has no option to go on all the same. */
static void print_room_way_out(const struct outcome *o, char *buf, size_t size)
{
	const struct daxhp_room *room = daxhp_plan_get_room(o->plan);
	const char *relief = room->huge_missing ? "Raise nr_hugepages there, or end the programs "
						  "that use them,"
			     : room->is_alone	? "Free memory there,"
						: "Free memory, add swap,";

	if (o->wish->has_force)
		snprintf(buf, size, " %s or give --force to try all the same.", relief);
	else
		snprintf(buf, size,
			 " %s or let 'daxhp reconfigure --mode=system-ram%s --force %s' try all "
			 "the same.",
			 relief, zone_option(o->wish), daxhp_device_get_name(o->device));
}

static void print_mode_way_out(const struct outcome *o, const struct daxhp_failure *failure,
			       char *buf, size_t size)
{
	const char *name = daxhp_device_get_name(o->device);

	if (o->wish->state == DAXHP_UNPLUGGED)
		snprintf(buf, size, " It is no system RAM, so there is nothing to unplug.");
	else if (daxhp_failure_get_kind(failure) == DAXHP_REFUSED_DEVDAX)
		snprintf(buf, size,
			 " 'daxhp reconfigure --mode=system-ram%s %s' makes it system RAM.",
			 zone_option(o->wish), name);
	else
		/* Only who mounted it knows when it may go. */
		snprintf(buf, size,
			 " daxhp leaves it alone. Once that is unmounted and the device unbound "
			 "from %s, try 'daxhp reconfigure --mode=%s%s %s'.",
			 daxhp_failure_get_driver(failure),
			 o->wish->mode == DAXHP_MODE_DEVDAX ? "devdax" : "system-ram",
			 zone_option(o->wish), name);
}

/* One that was stopped is not worth waiting for. */
static void print_wait_way_out(const struct outcome *o, const struct daxhp_failure *failure,
			       char *buf, size_t size)
{
	if (daxhp_failure_get_stopped(failure))
		snprintf(buf, size, " 'kill -CONT %d' lets it go on.",
			 daxhp_failure_get_pid(failure));
	else if (!o->has_waited)
		snprintf(buf, size, " --wait=SECONDS waits for it.");
}

/* With a blank before it; empty where there is nothing to advise. */
static void describe_way_out(const struct outcome *o, const struct daxhp_failure *failure,
			     char *buf, size_t size)
{
	const char *name = daxhp_device_get_name(o->device), *zone = zone_option(o->wish);

	buf[0] = '\0';
	switch (daxhp_failure_get_kind(failure)) {
	case DAXHP_REFUSED_DEVDAX:
	case DAXHP_REFUSED_FAMFS:
		print_mode_way_out(o, failure, buf, size);
		break;
	case DAXHP_REFUSED_OTHER_ZONE:
		snprintf(buf, size, " 'daxhp reconfigure%s %s' moves it there.",
			 *zone ? zone : " --movable", name);
		break;
	case DAXHP_REFUSED_MISSING_BLOCKS:
		snprintf(buf, size,
			 " 'daxhp unplug %s' takes them away, then it can be brought online as a "
			 "whole.",
			 name);
		break;
	case DAXHP_REFUSED_WEDGED:
		snprintf(buf, size, " Only a reboot takes them away.");
		break;
	case DAXHP_REFUSED_NO_ROOM:
		snprintf(buf, size,
			 " 'daxhp reconfigure --mode=system-ram%s --force %s' tries all the same.",
			 zone, name);
		break;
	case DAXHP_REFUSED_NO_ROOM_ELSEWHERE:
		print_room_way_out(o, buf, size);
		break;
	case DAXHP_REFUSED_NO_PERMISSION:
		snprintf(buf, size, " Run it as root or with sudo.");
		break;
	case DAXHP_FAILED_AT_WORK:
		print_wait_way_out(o, failure, buf, size);
		break;
	case DAXHP_FAILED_POLICY_LOCK:
		snprintf(buf, size, " Try again when it is done.");
		break;
	case DAXHP_FAILED_IN_USE:
		snprintf(buf, size, " End it, or give --force.");
		break;
	case DAXHP_FAILED_USE_UNSEEN:
		snprintf(buf, size, " --force does not ask.");
		break;
	case DAXHP_FAILED_BIND_OTHERS:
		snprintf(buf, size, " Give them one first.");
		break;
	default:
		break;
	}
}

/* What the kernel put into a zone of its own it may never move again. */
static const char *general_advice(const struct outcome *o)
{
	const struct daxhp_failure *failure = daxhp_result_get_failure(o->result);
	int errnum = -daxhp_failure_get_error(failure);

	if (daxhp_failure_get_kind(failure) != DAXHP_FAILED_WRITE ||
	    strncmp(daxhp_failure_get_word(failure), "online", 6) == 0 ||
	    (errnum != EBUSY && errnum != EAGAIN))
		return "";
	if (daxhp_observation_count_zone(o->before, DAXHP_ZONE_MOVABLE) <
	    daxhp_observation_count_online(o->before))
		return " Try again when less of it is in use; where the kernel uses it, only a "
		       "reboot may free it.";
	return " Try again when less of it is in use.";
}

/* With a blank before it. The best advice is about what is in the way, if that is known. */
static void describe_advice(const struct outcome *o, char *buf, size_t size)
{
	const struct daxhp_obstacle *obstacle = NULL;

	buf[0] = '\0';
	if (!o->result)
		return;
	obstacle = daxhp_failure_get_obstacle(daxhp_result_get_failure(o->result));
	if (!obstacle) {
		snprintf(buf, size, "%s", general_advice(o));
		return;
	}
	buf[0] = ' ';
	daxhp_obstacle_advise(obstacle, buf + 1, size - 1);
}

/* Only the tool knows whether a signal cancelled it, or the end of --timeout. */
static void describe_cancel(const struct daxhp_failure *failure, char *buf, size_t size)
{
	int64_t block = daxhp_failure_get_block(failure);
	char where[32] = "";
	const struct daxhp_obstacle *obstacle = daxhp_failure_get_obstacle(failure);
	char what[384] = "";

	if (block >= 0)
		snprintf(where, sizeof(where), " at memory%" PRId64, block);
	if (obstacle)
		daxhp_obstacle_describe(obstacle, what, sizeof(what));
	snprintf(buf, size, "%s%s%s%s (EINTR)", interrupt_reason(), where, obstacle ? ": " : "",
		 what);
}

void describe_outcome(const struct outcome *o, char *buf, size_t size)
{
	const struct daxhp_failure *failure = outcome_failure(o);
	const char *name = daxhp_device_get_name(o->device), *errno_name, *word;
	char why[768], way_out[256], standing[512], advice[256];

	if (o->was_taken_back) {
		word = standing_word(daxhp_result_get_after(o->result));
		snprintf(buf, size,
			 "%s: is %s again, because not all of the card's devices could be "
			 "unplugged.",
			 name, word ? word : "as it was");
		return;
	}
	if (!failure) {
		errno_name = strerrorname_np(-o->error);
		snprintf(buf, size, "%s: cannot %s: %s (%s). Nothing was changed.", name,
			 o->wish->verb, strerror(-o->error),
			 errno_name ? errno_name : "unknown error");
		return;
	}
	if (daxhp_failure_get_kind(failure) == DAXHP_FAILED_CANCELLED)
		describe_cancel(failure, why, sizeof(why));
	else
		snprintf(why, sizeof(why), "%s", daxhp_failure_get_sentence(failure));
	describe_way_out(o, failure, way_out, sizeof(way_out));
	describe_standing(o, standing, sizeof(standing));
	describe_advice(o, advice, sizeof(advice));
	snprintf(buf, size, "%s: cannot %s: %s.%s %s%s", name, o->wish->verb, why, way_out,
		 standing, advice);
}

void complain_of_outcome(const struct outcome *o)
{
	char message[MESSAGE_MAX];

	describe_outcome(o, message, sizeof(message));
	complain("%s", message);
}
