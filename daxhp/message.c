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

/* What these numbers mean when a memory block is told to go. */
static const char *why_not_offline(int errnum)
{
	switch (errnum) {
	case EBUSY:
		return "a page in it cannot be moved, or somebody holds on to it";
	case EAGAIN:
		return "a page in it could not be moved just now";
	case EINTR:
		return "a signal interrupted it";
	case ENOMEM:
		return "there is no room to move its contents to";
	case EINVAL:
		return "the kernel does not allow it for this memory";
	default:
		return strerror(errnum);
	}
}

static const char *why_not_online(int errnum)
{
	switch (errnum) {
	case ENOMEM:
		return "the kernel has no memory for it";
	case EBUSY:
		return "something else uses it, or it is online in another zone";
	case EINVAL:
		return "it cannot go into that zone";
	case EINTR:
		return "a signal interrupted it";
	case EIO:
		return "the kernel said yes, but it is not so";
	default:
		return strerror(errnum);
	}
}

static const char *why_not(const char *wrote, int errnum)
{
	if (errnum == EACCES || errnum == EPERM)
		return "only root may do that, or something guards it";
	return strncmp(wrote, "online", 6) == 0 ? why_not_online(errnum) : why_not_offline(errnum);
}

static const char *verb(enum daxhp_goal goal)
{
	if (goal >= DAXHP_GOAL_MOVE_KERNEL)
		return "reconfigure";
	return goal == DAXHP_GOAL_UNPLUGGED ? "unplug" : "bring online";
}

static const char *zone_words(enum daxhp_goal goal)
{
	switch (goal) {
	case DAXHP_GOAL_ONLINE_MOVABLE:
	case DAXHP_GOAL_MOVE_MOVABLE:
	case DAXHP_GOAL_SYSTEM_RAM_MOVABLE:
		return "ZONE_MOVABLE";
	case DAXHP_GOAL_ONLINE_KERNEL:
	case DAXHP_GOAL_MOVE_KERNEL:
	case DAXHP_GOAL_SYSTEM_RAM_KERNEL:
		return "a zone for kernel memory";
	default:
		return "one kind of zone";
	}
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

/* What can be said in the same words each time. */
static const char *const fixed_texts[] = {
	[DAXHP_REFUSED_NO_TARGET_NODE] =
		"the firmware gave it no target node, and kmem takes no memory without one",
	[DAXHP_REFUSED_NO_PERMISSION] =
		"only root may (CAP_SYS_ADMIN). Run it as root or with sudo",
	[DAXHP_REFUSED_NO_HOTPLUG] = "this kernel has no memory hotplug (CONFIG_MEMORY_HOTPLUG)",
	[DAXHP_REFUSED_NO_HOTREMOVE] =
		"this kernel cannot take memory away (CONFIG_MEMORY_HOTREMOVE)",
	[DAXHP_FAILED_LOCK] = "in /run/daxhp/ it cannot be written down what to restore, which "
			      "takes some room there, and /proc",
	[DAXHP_FAILED_HELD] = "another program keeps a memory block's file open for writing",
	[DAXHP_FAILED_IN_USE] =
		"a process has the device open or mapped and would be killed; end it, or "
		"give --force",
	[DAXHP_FAILED_UNBIND] = "the device could not be unbound from its driver",
	[DAXHP_FAILED_DRIVER_CHANGED] = "somebody else bound or unbound the device meanwhile",
	[DAXHP_FAILED_OBSERVE] =
		"how it went cannot be seen: the device cannot be looked at any more",
};

static const char *fixed_text(enum daxhp_failure failure)
{
	if (failure == DAXHP_FAILED_CANCELLED)
		return interrupt_reason();
	return (size_t)failure < ARRAY_SIZE(fixed_texts) ? fixed_texts[failure] : NULL;
}

/* How many of the blocks, and which command helps. */
static int print_blocks_refusal(FILE *f, const struct outcome *o, enum daxhp_failure refusal)
{
	const char *name = daxhp_device_get_name(o->device);
	const struct daxhp_observation *obs = o->before;
	size_t present = daxhp_observation_count_present(obs);
	size_t total = daxhp_observation_count_blocks(obs);

	switch (refusal) {
	case DAXHP_REFUSED_OTHER_ZONE:
		return fprintf(f,
			       "%zu of its %zu memory blocks are online, and not all of them in %s "
			       "(EBUSY). 'daxhp reconfigure%s %s' moves it there",
			       daxhp_observation_count_online(obs), total, zone_words(o->goal),
			       *zone_option(o->goal) ? zone_option(o->goal) : " --movable", name);
	case DAXHP_REFUSED_MISSING_BLOCKS:
		return fprintf(
			f,
			"only %zu of its %zu memory blocks are present (EBUSY). 'daxhp unplug %s' "
			"takes them away, then it can be brought online as a whole",
			present, total, name);
	case DAXHP_REFUSED_WEDGED:
		return fprintf(
			f,
			"%zu of its memory blocks stayed when it was unbound from kmem (EBUSY). "
			"Only a reboot takes them away",
			present);
	case DAXHP_REFUSED_NO_ROOM:
		return fprintf(f,
			       "its memory map takes %" PRIu64
			       " MiB of the memory there is, and %" PRIu64
			       " MiB are available (ENOMEM). 'daxhp reconfigure "
			       "--mode=system-ram%s --force %s' tries all the same",
			       daxhp_observation_get_room_needed(obs) >> 20,
			       daxhp_observation_get_room(obs) >> 20, zone_option(o->goal), name);
	case DAXHP_REFUSED_TOO_SMALL:
		return fprintf(f,
			       "none of its ranges holds a whole memory block of %" PRIu64 " MiB",
			       daxhp_observation_get_block_size(obs) >> 20);
	default:
		return 0;
	}
}

/* `online` has no option to go on all the same. */
static int print_no_room_elsewhere(FILE *f, const struct outcome *o)
{
	print_room_refusal(f, daxhp_plan_get_room(o->plan));
	if (o->goal == DAXHP_GOAL_UNPLUGGED || o->goal >= DAXHP_GOAL_MOVE_KERNEL)
		return fputs("or give --force to try all the same", f) < 0 ? -1 : 1;
	return fprintf(f,
		       "or let 'daxhp reconfigure --mode=system-ram%s --force %s' try all the same",
		       zone_option(o->goal), daxhp_device_get_name(o->device));
}

static int print_other_refusal(FILE *f, const struct outcome *o, enum daxhp_failure refusal)
{
	const char *name = daxhp_device_get_name(o->device);
	const struct daxhp_observation *obs = o->before;
	const char *file = daxhp_observation_get_blocks_error_file(obs);

	switch (refusal) {
	case DAXHP_REFUSED_DEVDAX:
		if (o->goal == DAXHP_GOAL_UNPLUGGED)
			return fprintf(
				f, "it is in devdax mode, its memory is an application's: there is "
				   "none to unplug (EOPNOTSUPP)");
		return fprintf(f,
			       "it is in devdax mode, its memory is an application's "
			       "(EOPNOTSUPP). 'daxhp reconfigure --mode=system-ram%s %s' makes it "
			       "system RAM",
			       zone_option(o->goal), name);
	case DAXHP_REFUSED_FAMFS:
		if (o->goal == DAXHP_GOAL_UNPLUGGED)
			return fprintf(
				f, "it is in famfs mode, its memory is a file system's: there is "
				   "none to unplug (EOPNOTSUPP)");
		/* Only who mounted it knows when it may go. */
		return fprintf(
			f,
			"it is in famfs mode, its memory is a file system's, and daxhp "
			"leaves it alone (EOPNOTSUPP). Once that is unmounted and the device "
			"unbound from %s, try 'daxhp reconfigure --mode=%s%s %s'",
			daxhp_observation_get_driver(obs),
			o->goal == DAXHP_GOAL_DEVDAX ? "devdax" : "system-ram",
			zone_option(o->goal), name);
	case DAXHP_REFUSED_OTHER_DRIVER:
		return fprintf(f, "it is bound to the driver %s, which daxhp does not know",
			       daxhp_observation_get_driver(obs));
	case DAXHP_REFUSED_NO_ROOM_ELSEWHERE:
		return print_no_room_elsewhere(f, o);
	case DAXHP_REFUSED_UNREADABLE:
		return fprintf(f, "its memory blocks cannot be looked at (%s: %s)",
			       file ? file : "its ranges",
			       strerror(-daxhp_observation_get_blocks_error(obs)));
	default:
		return print_blocks_refusal(f, o, refusal);
	}
}

/* NULL when @refusal is none. */
static char *refusal_text(const struct outcome *o, enum daxhp_failure refusal)
{
	char *text = NULL;
	size_t size;
	FILE *f;
	int n;

	if (refusal == DAXHP_FAILURE_NONE || refusal >= DAXHP_FAILED_WRITE)
		return NULL;
	if (fixed_text(refusal))
		return strdup(fixed_text(refusal));
	f = open_memstream(&text, &size);
	if (!f)
		return NULL;
	n = print_other_refusal(f, o, refusal);
	if (fclose(f) != 0 || n <= 0) {
		free(text);
		return NULL;
	}
	return text;
}

static char *write_text(const struct daxhp_result *result)
{
	const char *wrote = daxhp_result_get_wrote(result);
	const char *file = daxhp_result_get_file(result);
	int64_t block = daxhp_result_get_block(result);
	int errnum = daxhp_result_get_errno(result);
	char *text;
	int r;

	if (!wrote)
		r = asprintf(&text, "%s cannot be used (%s: %s)", file ? file : "a file",
			     errno_word(errnum), strerror(errnum));
	else if (block >= 0)
		r = asprintf(&text, "memory%" PRId64 " would not %s (%s: %s)", block,
			     strncmp(wrote, "online", 6) == 0 ? "come online" : "go offline",
			     errno_word(errnum), why_not(wrote, errnum));
	else
		r = asprintf(&text, "the kernel did not take '%s' in %s (%s: %s)", wrote,
			     file ? file : "its file", errno_word(errnum), why_not(wrote, errnum));
	return r < 0 ? NULL : text;
}

static char *not_so_text(const struct outcome *o)
{
	int64_t block = daxhp_result_get_block(o->result);
	char *text;
	int r;

	if (block < 0)
		r = asprintf(&text,
			     "the kernel reported success, but its memory is not as asked for "
			     "(EIO)");
	else if (o->goal == DAXHP_GOAL_SYSTEM_RAM_OFF)
		r = asprintf(&text,
			     "memory%" PRId64
			     " is not as asked for; does another program set memory blocks online? "
			     "(EIO)",
			     block);
	else if (o->goal == DAXHP_GOAL_UNPLUGGED || o->goal == DAXHP_GOAL_DEVDAX)
		r = asprintf(&text,
			     "the kernel reported success, but memory%" PRId64
			     " is still present (EIO)",
			     block);
	else
		r = asprintf(&text,
			     "the kernel reported success, but memory%" PRId64
			     " did not come online (EIO)",
			     block);
	return r < 0 ? NULL : text;
}

/* About a driver's module, or the driver; the result has its name where words have theirs. */
static char *driver_text(const struct daxhp_result *result, enum daxhp_failure failure)
{
	const char *driver = daxhp_result_get_wrote(result);
	const char *name = errno_word(daxhp_result_get_errno(result));
	char *text;
	int r;

	switch (failure) {
	case DAXHP_FAILED_MODULE_MISSING:
		r = asprintf(&text,
			     "the kernel module %s is not there: is the package with this "
			     "kernel's modules installed? (%s)",
			     driver, name);
		break;
	case DAXHP_FAILED_MODULE_BLACKLISTED:
		r = asprintf(&text, "the kernel module %s is blacklisted in modprobe.d (%s)",
			     driver, name);
		break;
	case DAXHP_FAILED_MODULE:
		r = asprintf(&text, "the kernel module %s would not load (%s)", driver, name);
		break;
	case DAXHP_FAILED_BIND_OTHERS:
		r = asprintf(&text,
			     "%s would take other devices as well, which have no driver now; "
			     "give them one first (%s)",
			     driver, name);
		break;
	default:
		r = asprintf(&text,
			     "the driver %s would not take the device, see the kernel's log (%s)",
			     driver, name);
		break;
	}
	return r < 0 ? NULL : text;
}

/* What keeps daxhp from seeing, or from denying, and what to do about it. */
static const char *why_not_seen(enum daxhp_failure failure, int errnum, const char *file)
{
	bool is_proc = file && strncmp(file, "/proc/", 6) == 0;

	switch (errnum) {
	case EPERM:
	case EACCES:
		if (failure == DAXHP_FAILED_UNGUARDED)
			return "CAP_SYS_ADMIN is missing";
		return "CAP_SYS_PTRACE is missing, or a security policy forbids it";
	case EXDEV:
		if (strcmp(file ? file : "", "/proc/1/ns/pid") == 0)
			return "/proc shows a PID namespace only; run daxhp outside of it";
		return "it leads to a sysfs that has no mount; end that process";
	case ENOENT:
		return is_proc ? "/proc is not mounted" : strerror(errnum);
	case EAGAIN:
		return "some program mounts sysfs again and again";
	case EPIPE:
		return "the process daxhp-guard was killed";
	case ETIMEDOUT:
		return "the process daxhp-guard was stopped";
	default:
		return strerror(errnum);
	}
}

static char *unseen_text(const struct daxhp_result *result, enum daxhp_failure failure)
{
	const char *file = daxhp_result_get_file(result);
	int errnum = daxhp_result_get_errno(result);
	const char *what = "it cannot be seen whether a program has a memory block's file open";
	char *text;
	int r;

	if (failure == DAXHP_FAILED_UNGUARDED)
		what = "other programs could not be kept off the memory blocks";
	if (failure == DAXHP_FAILED_IN_USE)
		what = "it cannot be seen whether a process uses the device";
	r = asprintf(&text, "%s (%s%s%s: %s)%s", what, file ? file : "", file ? ": " : "",
		     errno_word(errnum), why_not_seen(failure, errnum, file),
		     failure == DAXHP_FAILED_IN_USE ? "; --force does not ask" : "");
	return r < 0 ? NULL : text;
}

static char *failure_text(const struct outcome *o, enum daxhp_failure failure)
{
	int64_t block = daxhp_result_get_block(o->result);
	const char *name = errno_word(daxhp_result_get_errno(o->result));
	char *text;
	int r;

	if (failure == DAXHP_FAILED_WRITE || failure == DAXHP_FAILED_POLICY)
		return write_text(o->result);
	if (failure == DAXHP_FAILED_NOT_SO)
		return not_so_text(o);
	if (failure >= DAXHP_FAILED_MODULE_MISSING && failure <= DAXHP_FAILED_BIND_OTHERS)
		return driver_text(o->result, failure);
	if (failure == DAXHP_FAILED_LOCK && daxhp_result_get_errno(o->result) == EWOULDBLOCK)
		return strdup("another daxhp has been binding a device for ten minutes; try again "
			      "when it is done (EWOULDBLOCK)");
	if (failure == DAXHP_FAILED_UNSEEN || failure == DAXHP_FAILED_UNGUARDED ||
	    (failure == DAXHP_FAILED_IN_USE && daxhp_result_get_errno(o->result) != EBUSY))
		return unseen_text(o->result, failure);
	if (failure == DAXHP_FAILED_STILL_ONLINE)
		r = asprintf(&text,
			     "memory%" PRId64 " was online again when the device was about to be "
			     "unbound (%s): some other program sets memory blocks online",
			     block, name);
	else
		r = asprintf(&text, "%s (%s)", fixed_text(failure), name);
	return r < 0 ? NULL : text;
}

char *message_for_failure(const struct outcome *o)
{
	return failure_text(o, daxhp_result_get_failure(o->result));
}

/* What the kernel put into a zone of its own it may never move again. */
static const char *advice(const struct outcome *o)
{
	const char *wrote = daxhp_result_get_wrote(o->result);
	int errnum = daxhp_result_get_errno(o->result);

	if (daxhp_result_get_failure(o->result) != DAXHP_FAILED_WRITE || !wrote ||
	    strncmp(wrote, "online", 6) == 0 || (errnum != EBUSY && errnum != EAGAIN))
		return "";
	if (daxhp_observation_count_zone(o->before, DAXHP_ZONE_MOVABLE) <
	    daxhp_observation_count_online(o->before))
		return " Try again when less of it is in use; where the kernel uses it, only a "
		       "reboot may free it.";
	return " Try again when less of it is in use.";
}

/* It did not come to a plan. */
static char *message_for_start(const struct outcome *o)
{
	const char *name = daxhp_device_get_name(o->device);
	const char *way_out = "Nothing was changed.";
	char *text, pid[32] = "in another container";
	int r;

	if (o->holder)
		snprintf(pid, sizeof(pid), "pid %d", o->holder);
	if (!o->is_locked && o->error == -EWOULDBLOCK && o->holder &&
	    daxhp_process_is_stopped(o->holder))
		r = asprintf(&text,
			     "%s: cannot %s: another daxhp (pid %d) is at work on it, and has been "
			     "stopped (Ctrl-Z, SIGSTOP). %s 'kill -CONT %d' lets it go on.",
			     name, verb(o->goal), o->holder, way_out, o->holder);
	else if (!o->is_locked && o->error == -EWOULDBLOCK)
		r = asprintf(&text, "%s: cannot %s: another daxhp (%s) is %sat work on it. %s%s",
			     name, verb(o->goal), pid, o->has_waited ? "still " : "", way_out,
			     o->has_waited ? "" : " --wait=SECONDS waits for it.");
	else if (!o->is_locked && o->error == -EINTR)
		r = asprintf(&text, "%s: cannot %s: %s. %s", name, verb(o->goal),
			     interrupt_reason(), way_out);
	else if (!o->is_locked && o->error == -EPERM)
		r = asprintf(&text,
			     "%s: cannot %s: it cannot be locked in /run/daxhp/, which must belong "
			     "to root and be writable by nobody else (EPERM). %s",
			     name, verb(o->goal), way_out);
	else if (!o->is_locked)
		r = asprintf(&text,
			     "%s: cannot %s: it cannot be locked in /run/daxhp/ (%s: %s). %s", name,
			     verb(o->goal), errno_word(-o->error), strerror(-o->error), way_out);
	else if (o->before)
		r = asprintf(&text, "%s: cannot %s: %s (%s). %s", name, verb(o->goal),
			     strerror(-o->error), errno_word(-o->error), way_out);
	else
		return message_for_look(o->device, o->error, NULL);
	return r < 0 ? NULL : text;
}

char *message_for_outcome(const struct outcome *o)
{
	const char *name = daxhp_device_get_name(o->device);
	_cleanup_free_ char *why = NULL;
	enum daxhp_failure failure;
	char standing[512], *text;
	int r;

	if (o->error < 0)
		return message_for_start(o);
	failure = o->result ? daxhp_result_get_failure(o->result) : daxhp_plan_get_refusal(o->plan);
	why = refusal_text(o, failure);
	if (why) {
		r = asprintf(&text, "%s: cannot %s: %s. Nothing was changed.", name, verb(o->goal),
			     why);
		return r < 0 ? NULL : text;
	}
	why = o->result ? failure_text(o, failure) : NULL;
	if (!why)
		return NULL;
	describe_standing(o, standing, sizeof(standing));
	r = asprintf(&text, "%s: cannot %s: %s. %s%s", name, verb(o->goal), why, standing,
		     advice(o));
	return r < 0 ? NULL : text;
}

int outcome_errno(const struct outcome *o)
{
	if (o->result)
		return daxhp_result_get_errno(o->result);
	return o->plan ? daxhp_plan_get_errno(o->plan) : -o->error;
}

void complain_of_outcome(const struct outcome *o)
{
	_cleanup_free_ char *message = message_for_outcome(o);
	char standing[512];

	if (message) {
		complain("%s", message);
		return;
	}
	describe_standing(o, standing, sizeof(standing));
	complain("%s: cannot %s: %s, and there is no memory to say more. %s",
		 daxhp_device_get_name(o->device), verb(o->goal), errno_word(outcome_errno(o)),
		 standing);
}

char *message_for_look(const struct daxhp_device *device, int error, const char *file)
{
	const char *name = daxhp_device_get_name(device);
	char *text;
	int r;

	if (error == -ENODEV)
		r = asprintf(&text, "%s: the device went away while it was looked at.", name);
	else if (error == -EAGAIN)
		r = asprintf(&text,
			     "%s: its driver keeps changing; somebody else is at work on it.",
			     name);
	else if (error == -EOVERFLOW)
		r = asprintf(&text, "%s: its physical ranges make no sense.", name);
	else if (error == -EBADMSG || error == -ENODATA || error == -EFBIG)
		r = asprintf(&text, "%s: %s does not say what it should (%s).", name,
			     file ? file : "a file about its ranges",
			     error == -ENODATA ? "it is empty"
			     : error == -EFBIG ? "it is too long"
					       : "its contents are not understood");
	else
		r = asprintf(&text, "%s: %s cannot be read: %s.", name, file ? file : "the device",
			     strerror(-error));
	return r < 0 ? NULL : text;
}
