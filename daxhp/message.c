// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One sentence per failure: what failed, on which file, with which word, why the kernel said no;
 * then how things stand, and what to do now.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "daxhp.h"

/* The second set of them is two bytes each in UTF-8: c2, and 80 to 9f. */
static size_t control_length(const char *c)
{
	if ((unsigned char)c[0] == 0xc2 && ((unsigned char)c[1] & 0xe0) == 0x80)
		return 2;
	return iscntrl((unsigned char)c[0]) ? 1 : 0;
}

/* What is longer than this needs memory, or is cut off. */
#define PLAIN_TEXT_MAX 2048

void complain(const char *format, ...)
{
	char plain[PLAIN_TEXT_MAX], *text = plain;
	_cleanup_free_ char *longer = NULL;
	va_list args, again;

	va_start(args, format);
	va_copy(again, args);
	if (vsnprintf(plain, sizeof(plain), format, args) >= (int)sizeof(plain) &&
	    vasprintf(&longer, format, again) >= 0)
		text = longer;
	va_end(again);
	va_end(args);
	/* Names and arguments are anybody's: a terminal is not to act on them. */
	for (char *c = text; *c; c++) {
		size_t n = control_length(c);

		memset(c, '?', n);
		c += n ? n - 1 : 0;
	}
	fprintf(stderr, "daxhp: %s\n", text);
}

static const char *errno_word(int errnum)
{
	const char *name = strerrorname_np(errnum);

	return name ? name : "unknown error";
}

static const char *verb(enum daxhp_goal goal)
{
	if (goal >= DAXHP_GOAL_MOVE_KERNEL)
		return "reconfigure";
	return goal == DAXHP_GOAL_UNPLUGGED ? "unplug" : "bring online";
}

/* With a blank before it; empty where the kernel is to choose. */
static const char *zone_option(enum daxhp_goal goal)
{
	switch (goal) {
	case DAXHP_GOAL_ONLINE_MOVABLE:
	case DAXHP_GOAL_MOVE_MOVABLE:
	case DAXHP_GOAL_SYSTEM_RAM_MOVABLE:
		return " --movable";
	case DAXHP_GOAL_ONLINE_KERNEL:
	case DAXHP_GOAL_MOVE_KERNEL:
	case DAXHP_GOAL_SYSTEM_RAM_KERNEL:
		return " --kernel";
	case DAXHP_GOAL_SYSTEM_RAM_OFF:
		return " --no-online";
	default:
		return "";
	}
}

const struct daxhp_failure *outcome_failure(const struct outcome *o)
{
	if (o->result)
		return daxhp_result_get_failure(o->result);
	return o->plan ? daxhp_plan_get_refusal(o->plan) : NULL;
}

/* What was cancelled was cancelled by a signal, or because the time was over. */
static void describe_failure(const struct daxhp_failure *failure, char *buf, size_t size)
{
	if (daxhp_failure_get_kind(failure) == DAXHP_FAILED_CANCELLED)
		snprintf(buf, size, "%s (EINTR)", interrupt_reason());
	else
		snprintf(buf, size, "%s", daxhp_failure_get_sentence(failure));
}

/* `online` has no option to go on all the same. */
static void print_room_way_out(const struct outcome *o, char *buf, size_t size)
{
	const struct daxhp_room *room = daxhp_plan_get_room(o->plan);
	const char *relief = room->huge_missing ? "Raise nr_hugepages there, or end the programs "
						  "that use them,"
						: "Free memory, add swap,";

	if (o->goal == DAXHP_GOAL_UNPLUGGED || o->goal >= DAXHP_GOAL_MOVE_KERNEL)
		snprintf(buf, size, " %s or give --force to try all the same.", relief);
	else
		snprintf(buf, size,
			 " %s or let 'daxhp reconfigure --mode=system-ram%s --force %s' try all "
			 "the same.",
			 relief, zone_option(o->goal), daxhp_device_get_name(o->device));
}

static void print_mode_way_out(const struct outcome *o, const struct daxhp_failure *failure,
			       char *buf, size_t size)
{
	const char *name = daxhp_device_get_name(o->device);

	if (o->goal == DAXHP_GOAL_UNPLUGGED)
		snprintf(buf, size, " There is none to unplug.");
	else if (daxhp_failure_get_kind(failure) == DAXHP_REFUSED_DEVDAX)
		snprintf(buf, size,
			 " 'daxhp reconfigure --mode=system-ram%s %s' makes it system RAM.",
			 zone_option(o->goal), name);
	else
		/* Only who mounted it knows when it may go. */
		snprintf(buf, size,
			 " daxhp leaves it alone. Once that is unmounted and the device unbound "
			 "from %s, try 'daxhp reconfigure --mode=%s%s %s'.",
			 daxhp_failure_get_driver(failure),
			 o->goal == DAXHP_GOAL_DEVDAX ? "devdax" : "system-ram",
			 zone_option(o->goal), name);
}

/* With a blank before it; empty where there is nothing to advise. */
static void describe_way_out(const struct outcome *o, const struct daxhp_failure *failure,
			     char *buf, size_t size)
{
	const char *name = daxhp_device_get_name(o->device), *zone = zone_option(o->goal);

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
static const char *advice(const struct outcome *o)
{
	const struct daxhp_failure *failure = daxhp_result_get_failure(o->result);
	int errnum = daxhp_failure_get_errno(failure);

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

/* It did not come to a plan. */
static void describe_start(const struct outcome *o, char *buf, size_t size)
{
	const char *name = daxhp_device_get_name(o->device);
	const char *way_out = "Nothing was changed.";
	char pid[32] = "in another container";

	if (o->holder)
		snprintf(pid, sizeof(pid), "pid %d", o->holder);
	if (!o->is_locked && o->error == -EWOULDBLOCK && o->holder &&
	    daxhp_process_is_stopped(o->holder))
		snprintf(buf, size,
			 "%s: cannot %s: another daxhp (pid %d) is at work on it, and has been "
			 "stopped (Ctrl-Z, SIGSTOP). %s 'kill -CONT %d' lets it go on.",
			 name, verb(o->goal), o->holder, way_out, o->holder);
	else if (!o->is_locked && o->error == -EWOULDBLOCK)
		snprintf(buf, size, "%s: cannot %s: another daxhp (%s) is %sat work on it. %s%s",
			 name, verb(o->goal), pid, o->has_waited ? "still " : "", way_out,
			 o->has_waited ? "" : " --wait=SECONDS waits for it.");
	else if (!o->is_locked && o->error == -EINTR)
		snprintf(buf, size, "%s: cannot %s: %s. %s", name, verb(o->goal),
			 interrupt_reason(), way_out);
	else if (!o->is_locked && o->error == -EPERM)
		snprintf(buf, size,
			 "%s: cannot %s: it cannot be locked in /run/daxhp/, which must belong "
			 "to root and be writable by nobody else (EPERM). %s",
			 name, verb(o->goal), way_out);
	else if (!o->is_locked)
		snprintf(buf, size,
			 "%s: cannot %s: it cannot be locked in /run/daxhp/ (%s: %s). %s", name,
			 verb(o->goal), errno_word(-o->error), strerror(-o->error), way_out);
	else if (o->before)
		snprintf(buf, size, "%s: cannot %s: %s (%s). %s", name, verb(o->goal),
			 strerror(-o->error), errno_word(-o->error), way_out);
	else
		describe_look(o->device, o->error, NULL, buf, size);
}

void describe_outcome(const struct outcome *o, char *buf, size_t size)
{
	const struct daxhp_failure *failure = outcome_failure(o);
	char why[512], way_out[256], standing[512];

	if (!failure) {
		describe_start(o, buf, size);
		return;
	}
	describe_failure(failure, why, sizeof(why));
	describe_way_out(o, failure, way_out, sizeof(way_out));
	describe_standing(o, standing, sizeof(standing));
	snprintf(buf, size, "%s: cannot %s: %s.%s %s%s", daxhp_device_get_name(o->device),
		 verb(o->goal), why, way_out, standing, o->result ? advice(o) : "");
}

int outcome_errno(const struct outcome *o)
{
	const struct daxhp_failure *failure = outcome_failure(o);

	return failure ? daxhp_failure_get_errno(failure) : -o->error;
}

/* Of what kept it from a plan, and of any failure. */
const char *outcome_kind(const struct outcome *o)
{
	const struct daxhp_failure *failure = outcome_failure(o);

	if (failure)
		return daxhp_failure_get_name(failure);
	if (o->error == -EINTR)
		return daxhp_failure_kind_name(DAXHP_FAILED_CANCELLED);
	if (o->is_locked)
		return daxhp_failure_kind_name(DAXHP_FAILED_OBSERVE);
	return o->error == -EWOULDBLOCK ? "at-work"
					: daxhp_failure_kind_name(DAXHP_FAILED_NOT_LOCKED);
}

void complain_of_outcome(const struct outcome *o)
{
	char message[MESSAGE_MAX];

	describe_outcome(o, message, sizeof(message));
	complain("%s", message);
}

void describe_look(const struct daxhp_device *device, int error, const char *file, char *buf,
		   size_t size)
{
	const char *name = daxhp_device_get_name(device);

	if (error == -ENODEV)
		snprintf(buf, size, "%s: the device went away while it was looked at.", name);
	else if (error == -EAGAIN)
		snprintf(buf, size,
			 "%s: its driver keeps changing; somebody else is at work on it.", name);
	else if (error == -EOVERFLOW)
		snprintf(buf, size, "%s: its physical ranges make no sense.", name);
	else if (error == -EBADMSG || error == -ENODATA || error == -EFBIG)
		snprintf(buf, size, "%s: %s does not say what it should (%s).", name,
			 file ? file : "a file about its ranges",
			 error == -ENODATA ? "it is empty"
			 : error == -EFBIG ? "it is too long"
					   : "its contents are not understood");
	else
		snprintf(buf, size, "%s: %s cannot be read: %s.", name, file ? file : "the device",
			 strerror(-error));
}
