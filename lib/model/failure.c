// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A failure, its name and its sentence. Pure.
 *
 * The sentence is made when the failure happens, in memory that the result already has: it must be
 * there also when memory runs out. It names the cause. The caller adds the device's name before it,
 * and what to do after it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "model.h"

static const char *const names[] = {
	[DAXHP_FAILURE_NONE] = NULL,
	[DAXHP_REFUSED_DEVDAX] = "devdax-mode",
	[DAXHP_REFUSED_FAMFS] = "famfs-mode",
	[DAXHP_REFUSED_OTHER_DRIVER] = "other-driver",
	[DAXHP_REFUSED_OTHER_ZONE] = "other-zone",
	[DAXHP_REFUSED_MISSING_BLOCKS] = "missing-blocks",
	[DAXHP_REFUSED_WEDGED] = "wedged",
	[DAXHP_REFUSED_NO_TARGET_NODE] = "no-target-node",
	[DAXHP_REFUSED_NO_ROOM] = "no-room-for-map",
	[DAXHP_REFUSED_NO_ROOM_ELSEWHERE] = "no-room-elsewhere",
	[DAXHP_REFUSED_TOO_SMALL] = "too-small",
	[DAXHP_REFUSED_NO_PERMISSION] = "no-permission",
	[DAXHP_REFUSED_NO_HOTPLUG] = "no-hotplug",
	[DAXHP_REFUSED_NO_HOTREMOVE] = "no-hotremove",
	[DAXHP_REFUSED_UNREADABLE] = "unreadable",
	[DAXHP_FAILED_WRITE] = "write-refused",
	[DAXHP_FAILED_READ] = "read-failed",
	[DAXHP_FAILED_NOT_LOCKED] = "not-locked",
	[DAXHP_FAILED_POLICY_LOCK] = "policy-locked",
	[DAXHP_FAILED_JOURNAL] = "not-noted",
	[DAXHP_FAILED_IN_USE] = "in-use",
	[DAXHP_FAILED_USE_UNSEEN] = "use-unseen",
	[DAXHP_FAILED_HELD] = "blocks-held",
	[DAXHP_FAILED_UNSEEN] = "holders-unseen",
	[DAXHP_FAILED_UNGUARDED] = "unguarded",
	[DAXHP_FAILED_STILL_ONLINE] = "still-online",
	[DAXHP_FAILED_MODULE_MISSING] = "module-missing",
	[DAXHP_FAILED_MODULE_BLACKLISTED] = "module-blacklisted",
	[DAXHP_FAILED_MODULE] = "module-refused",
	[DAXHP_FAILED_BIND] = "bind-refused",
	[DAXHP_FAILED_BIND_OTHERS] = "bind-takes-others",
	[DAXHP_FAILED_UNBIND] = "unbind-refused",
	[DAXHP_FAILED_DRIVER_CHANGED] = "driver-changed",
	[DAXHP_FAILED_NOT_SO] = "not-as-asked",
	[DAXHP_FAILED_OBSERVE] = "not-seen",
	[DAXHP_FAILED_CANCELLED] = "cancelled",
	[DAXHP_FAILED_AT_WORK] = "at-work",
	[DAXHP_FAILED_REQUEST] = "bad-request",
	[DAXHP_FAILED_RECOVERY] = "not-recovered",
	[DAXHP_FAILED_DEVICE_GONE] = "device-gone",
	[DAXHP_FAILED_STUCK] = "stuck",
};

/* ---- words ---- */

/* These allocate no memory; strerror() may. */
static const char *errno_word(int errnum)
{
	const char *name = strerrorname_np(errnum);

	return name ? name : "unknown error";
}

static const char *errno_text(int errnum)
{
	const char *text = strerrordesc_np(errnum);

	return text ? text : "unknown error";
}

/* The meaning of an errno when a memory block does not go offline. */
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
		return errno_text(errnum);
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
		return errno_text(errnum);
	}
}

static bool is_online_word(const char *word)
{
	return strncmp(word, "online", strlen("online")) == 0;
}

static const char *why_not(const char *word, int errnum)
{
	if (errnum == EACCES || errnum == EPERM)
		return "only root may do that, or something guards it";
	return is_online_word(word) ? why_not_online(errnum) : why_not_offline(errnum);
}

static const char *zone_words(struct goal goal)
{
	if (goal.state == DAXHP_ONLINE_MOVABLE)
		return "ZONE_MOVABLE";
	return goal.state == DAXHP_ONLINE_KERNEL ? "a zone for kernel memory" : "one kind of zone";
}

/* ---- room ---- */

static void put_verdict(struct text *text, const struct daxhp_room *room)
{
	if (room->verdict == DAXHP_VERDICT_YES)
		text_put(text, "it fits");
	else if (room->verdict == DAXHP_VERDICT_LIKELY)
		text_put(text, "it most likely fits");
	else if (room->verdict == DAXHP_VERDICT_MAYBE)
		text_put(text, "it may not fit");
	else if (room->huge_missing)
		text_put(text, "%" PRIu64 " huge page%s of %" PRIu64 " MiB ha%s nowhere to go",
			 room->huge_missing, room->huge_missing == 1 ? "" : "s",
			 room->huge_size >> 20, room->huge_missing == 1 ? "s" : "ve");
	else
		text_put(text, "it does not fit, %" PRIu64 " MiB too much", mib_up(room->missing));
}

static void put_room(struct text *text, const struct daxhp_room *room)
{
	if (room->error < 0) {
		text_put(text,
			 "whether what is in its memory fits elsewhere cannot be told (%s: %s)",
			 room->file ? room->file : "its node", errno_text(-room->error));
		return;
	}
	text_put(text, "%" PRIu64 " MiB to move, %" PRIu64 " MiB free on ", mib_up(room->to_move),
		 room->free >> 20);
	text_put_nodes(text, room);
	if (room->reclaimable >> 20)
		text_put(text, ", %" PRIu64 " MiB of clean cache", room->reclaimable >> 20);
	if (room->swap >> 20)
		text_put(text, ", %" PRIu64 " MiB of swap", room->swap >> 20);
	text_put(text, ": ");
	put_verdict(text, room);
}

EXPORT size_t daxhp_room_describe(const struct daxhp_room *room, char *buf, size_t size)
{
	struct text text = { buf, size, 0 };

	put_room(&text, room);
	return text.len;
}

/* ---- refusals ---- */

static int refusal_errno(enum daxhp_failure_kind kind)
{
	switch (kind) {
	case DAXHP_REFUSED_NO_PERMISSION:
		return EACCES;
	case DAXHP_REFUSED_OTHER_ZONE:
	case DAXHP_REFUSED_MISSING_BLOCKS:
	case DAXHP_REFUSED_WEDGED:
		return EBUSY;
	case DAXHP_REFUSED_NO_TARGET_NODE:
	case DAXHP_REFUSED_TOO_SMALL:
		return EINVAL;
	case DAXHP_REFUSED_NO_ROOM:
	case DAXHP_REFUSED_NO_ROOM_ELSEWHERE:
		return ENOMEM;
	case DAXHP_REFUSED_UNREADABLE:
		return EIO;
	default:
		return EOPNOTSUPP;
	}
}

static void put_refusal(struct text *text, const struct daxhp_failure *f,
			const struct daxhp_observation *obs, const struct daxhp_room *room)
{
	switch (f->kind) {
	case DAXHP_REFUSED_DEVDAX:
		text_put(text, "it is in devdax mode, its memory belongs to an application");
		break;
	case DAXHP_REFUSED_FAMFS:
		text_put(text, "it is in famfs mode, its memory is a file system's");
		break;
	case DAXHP_REFUSED_OTHER_DRIVER:
		text_put(text, "it is bound to the driver %s, which daxhp does not know",
			 obs->driver);
		break;
	case DAXHP_REFUSED_OTHER_ZONE:
		text_put(text, "%zu of its %zu memory blocks are online, and not all of them in %s",
			 obs->n_online, obs->n_blocks, zone_words(f->goal));
		break;
	case DAXHP_REFUSED_MISSING_BLOCKS:
		text_put(text, "only %zu of its %zu memory blocks are present", obs->n_present,
			 obs->n_blocks);
		break;
	case DAXHP_REFUSED_WEDGED:
		text_put(text, "%zu of its memory blocks stayed when it was unbound from kmem",
			 obs->n_present);
		break;
	case DAXHP_REFUSED_NO_TARGET_NODE:
		text_put(text,
			 "the firmware gave it no target node, and kmem takes no memory without "
			 "one");
		break;
	case DAXHP_REFUSED_NO_ROOM:
		text_put(text,
			 "adding its memory takes %" PRIu64
			 " MiB of the memory there is, and %" PRIu64 " MiB are available",
			 (daxhp_observation_get_room_needed(obs) + (1 << 20) - 1) >> 20,
			 obs->room >> 20);
		break;
	case DAXHP_REFUSED_NO_ROOM_ELSEWHERE:
		put_room(text, room);
		break;
	case DAXHP_REFUSED_TOO_SMALL:
		text_put(text, "none of its ranges holds a whole memory block of %" PRIu64 " MiB",
			 obs->block_size >> 20);
		break;
	case DAXHP_REFUSED_NO_PERMISSION:
		text_put(text, "only root may do that");
		break;
	case DAXHP_REFUSED_NO_HOTPLUG:
		text_put(text, "this kernel has no memory hotplug, it lacks CONFIG_MEMORY_HOTPLUG");
		break;
	case DAXHP_REFUSED_NO_HOTREMOVE:
		text_put(text,
			 "this kernel cannot take memory away, it lacks CONFIG_MEMORY_HOTREMOVE");
		break;
	default:
		text_put(text, "its memory blocks cannot be looked at (%s: %s)",
			 *f->file ? f->file : "its ranges", errno_text(-obs->blocks_error));
		break;
	}
}

/* ---- failures ---- */

/* What the kernel does not say with an errno. */
static void put_obstacle(struct text *text, const struct daxhp_failure *f)
{
	char what[384];

	daxhp_obstacle_describe(&f->obstacle, what, sizeof(what));
	text_put(text, "%s", what);
}

/* ": ..." after what has happened; nothing when nothing is known. */
static void put_obstacle_after(struct text *text, const struct daxhp_failure *f)
{
	if (!f->obstacle.kind)
		return;
	text_put(text, ": ");
	put_obstacle(text, f);
}

static void put_write(struct text *text, const struct daxhp_failure *f)
{
	bool is_about_blocks = state_from_name(f->word) != DAXHP_STATE_NONE;
	const char *why = is_about_blocks ? why_not(f->word, f->errnum) : errno_text(f->errnum);

	if (f->block >= 0 && f->obstacle.kind) {
		text_put(text, "memory%" PRId64 " would not go offline (%s): ", f->block,
			 errno_word(f->errnum));
		put_obstacle(text, f);
	} else if (f->block >= 0)
		text_put(text, "memory%" PRId64 " would not %s (%s: %s)", f->block,
			 is_online_word(f->word) ? "come online" : "go offline",
			 errno_word(f->errnum), why);
	else if (f->obstacle.kind) {
		text_put(text, "the kernel did not take '%s' in %s (%s): ", f->word, f->file,
			 errno_word(f->errnum));
		put_obstacle(text, f);
	} else
		text_put(text, "the kernel did not take '%s' in %s (%s: %s)", f->word, f->file,
			 errno_word(f->errnum), why);
}

static void put_not_so(struct text *text, const struct daxhp_failure *f)
{
	if (f->block < 0)
		text_put(text, "the kernel reported success, but its memory is not as asked for");
	else if (f->goal.state == DAXHP_OFFLINE)
		text_put(text,
			 "memory%" PRId64
			 " is not as asked for; does another program set memory blocks online?",
			 f->block);
	else if (goal_is_without_memory(f->goal))
		text_put(text,
			 "the kernel reported success, but memory%" PRId64 " is still present",
			 f->block);
	else
		text_put(text,
			 "the kernel reported success, but memory%" PRId64 " did not come online",
			 f->block);
}

/* Why something could not be seen, or programs not be denied; and what to do about it. */
static const char *why_not_seen(const struct daxhp_failure *f)
{
	switch (f->errnum) {
	case EPERM:
	case EACCES:
		if (f->kind == DAXHP_FAILED_UNGUARDED)
			return "CAP_SYS_ADMIN is missing";
		return "CAP_SYS_PTRACE is missing, or a security policy forbids it";
	case EXDEV:
		if (strcmp(f->file, "/proc/1/ns/pid") == 0)
			return "/proc shows a PID namespace only; run daxhp outside of it";
		return "it leads to a sysfs that has no mount; end that process";
	case ENOENT:
		if (strncmp(f->file, "/proc/", strlen("/proc/")) == 0)
			return "/proc is not mounted";
		return errno_text(f->errnum);
	case EAGAIN:
		return "some program mounts sysfs again and again";
	case EPIPE:
		return "the process daxhp-guard was killed";
	case ETIMEDOUT:
		return "the process daxhp-guard was stopped";
	default:
		return errno_text(f->errnum);
	}
}

static void put_not_seen(struct text *text, const struct daxhp_failure *f, const char *what)
{
	text_put(text, "%s (%s%s%s: %s)", what, f->file, *f->file ? ": " : "",
		 errno_word(f->errnum), why_not_seen(f));
}

static void put_at_work(struct text *text, const struct daxhp_failure *f)
{
	char pid[32] = "in another container";

	if (f->pid)
		snprintf(pid, sizeof(pid), "pid %d", f->pid);
	text_put(text, "another daxhp (%s) is %sat work on it%s", pid,
		 f->has_waited && !f->stopped ? "still " : "",
		 f->stopped ? ", and has been stopped (Ctrl-Z, SIGSTOP)" : "");
}

static void put_not_locked(struct text *text, const struct daxhp_failure *f)
{
	if (f->errnum == ENOLCK)
		text_put(text, "the device is not locked by this process (ENOLCK)");
	else if (f->errnum == EPERM)
		text_put(text,
			 "it cannot be locked in /run/daxhp/, which must belong to root and be "
			 "writable by nobody else (EPERM)");
	else
		text_put(text, "it cannot be locked in /run/daxhp/ (%s: %s)", errno_word(f->errnum),
			 errno_text(f->errnum));
}

static void put_not_looked(struct text *text, const struct daxhp_failure *f)
{
	if (!f->is_first_look)
		text_put(text,
			 "how it went cannot be seen: the device cannot be looked at any more");
	else if (f->errnum == ENODEV)
		text_put(text, "the device went away while it was looked at");
	else if (f->errnum == EAGAIN)
		text_put(text, "its driver keeps changing; somebody else is at work on it");
	else
		text_put(text, "the device cannot be looked at: %s", errno_text(f->errnum));
}

/* True if the sentence already has the errno, and explains it. */
static bool put_explained(struct text *text, const struct daxhp_failure *f)
{
	switch (f->kind) {
	case DAXHP_FAILED_WRITE:
		put_write(text, f);
		return true;
	case DAXHP_FAILED_READ:
		text_put(text, "%s cannot be read (%s: %s)", f->file, errno_word(f->errnum),
			 errno_text(f->errnum));
		return true;
	case DAXHP_FAILED_NOT_LOCKED:
		put_not_locked(text, f);
		return true;
	case DAXHP_FAILED_AT_WORK:
		put_at_work(text, f);
		return true;
	case DAXHP_FAILED_USE_UNSEEN:
		put_not_seen(text, f, "it cannot be seen whether a process uses the device");
		return true;
	case DAXHP_FAILED_UNSEEN:
		put_not_seen(text, f,
			     "it cannot be seen whether a program has a memory block's file open");
		return true;
	case DAXHP_FAILED_UNGUARDED:
		put_not_seen(text, f, "other programs could not be kept off the memory blocks");
		return true;
	default:
		return false;
	}
}

static void put_place(struct text *text, const struct daxhp_failure *f)
{
	if (f->block >= 0)
		text_put(text, " at memory%" PRId64, f->block);
	put_obstacle_after(text, f);
}

static void put_failure(struct text *text, const struct daxhp_failure *f)
{
	switch (f->kind) {
	case DAXHP_FAILED_POLICY_LOCK:
		if (f->errnum == EWOULDBLOCK)
			text_put(text, "another daxhp has been binding a device for ten minutes");
		else
			text_put(text,
				 "the lock for the machine's policy cannot be had in /run/daxhp/");
		break;
	case DAXHP_FAILED_JOURNAL:
		text_put(text,
			 "in /run/daxhp/ it cannot be written down what to restore, which takes "
			 "some room there, and /proc");
		break;
	case DAXHP_FAILED_IN_USE:
		text_put(text, "a process has the device open or mapped; the kernel may kill it");
		break;
	case DAXHP_FAILED_HELD:
		text_put(text, "another program keeps a memory block's file open for writing");
		break;
	case DAXHP_FAILED_STILL_ONLINE:
		text_put(text,
			 "another program set memory%" PRId64
			 " online again when the device was about to be unbound",
			 f->block);
		break;
	case DAXHP_FAILED_MODULE_MISSING:
		text_put(text,
			 "the kernel module %s is not there: is the package with this kernel's "
			 "modules installed?",
			 f->driver);
		break;
	case DAXHP_FAILED_MODULE_BLACKLISTED:
		text_put(text, "the kernel module %s is blacklisted in modprobe.d", f->driver);
		break;
	case DAXHP_FAILED_MODULE:
		text_put(text, "the kernel module %s would not load%s", f->driver,
			 f->errnum != EPERM
				 ? ""
				 : ": this process may not load any (CAP_SYS_MODULE is missing, "
				   "as with systemd's ProtectKernelModules=), or the kernel "
				   "takes none");
		break;
	case DAXHP_FAILED_BIND:
		text_put(text, "the driver %s would not take the device, see the kernel's log",
			 f->driver);
		break;
	case DAXHP_FAILED_BIND_OTHERS:
		text_put(text, "%s would take other devices as well, which have no driver now",
			 f->driver);
		break;
	case DAXHP_FAILED_UNBIND:
		text_put(text, "the device could not be unbound from its driver%s",
			 f->errnum == EROFS ? ", because /sys is mounted read-only" : "");
		break;
	case DAXHP_FAILED_DRIVER_CHANGED:
		text_put(text, "somebody else bound or unbound the device meanwhile");
		break;
	case DAXHP_FAILED_DEVICE_GONE:
		text_put(text, "the device went away meanwhile");
		break;
	case DAXHP_FAILED_NOT_SO:
		put_not_so(text, f);
		break;
	case DAXHP_FAILED_OBSERVE:
		put_not_looked(text, f);
		break;
	case DAXHP_FAILED_REQUEST:
		text_put(text, "what was asked for contradicts itself");
		break;
	case DAXHP_FAILED_RECOVERY:
		text_put(text, "it cannot be looked at or changed: %s", errno_text(f->errnum));
		break;
	case DAXHP_FAILED_STUCK:
		text_put(text, "the same pages kept failing for a while");
		put_place(text, f);
		break;
	default:
		text_put(text, "it was cancelled");
		put_place(text, f);
		break;
	}
}

void failure_set(struct daxhp_failure *failure, const struct daxhp_failure *what)
{
	struct text text = { failure->sentence, sizeof(failure->sentence), 0 };

	*failure = *what;
	failure->sentence[0] = '\0';
	if (failure->kind == DAXHP_FAILURE_NONE || put_explained(&text, failure))
		return;
	put_failure(&text, failure);
	text_put(&text, " (%s)", errno_word(failure->errnum));
}

void failure_refuse(struct daxhp_failure *failure, enum daxhp_failure_kind kind, struct goal goal,
		    const struct daxhp_observation *obs, const struct daxhp_room *room)
{
	struct text text = { failure->sentence, sizeof(failure->sentence), 0 };

	*failure = (struct daxhp_failure){
		.kind = kind,
		.errnum = refusal_errno(kind),
		.block = -1,
		.goal = goal,
	};
	snprintf(failure->driver, sizeof(failure->driver), "%s", obs->driver);
	if (kind == DAXHP_REFUSED_UNREADABLE)
		snprintf(failure->file, sizeof(failure->file), "%s", obs->blocks_error_file);
	put_refusal(&text, failure, obs, room);
	/* That sentence already has the errno of the read, which is another one. */
	if (kind != DAXHP_REFUSED_UNREADABLE)
		text_put(&text, " (%s)", errno_word(failure->errnum));
}

/* ---- getters ---- */

EXPORT const char *daxhp_failure_kind_name(enum daxhp_failure_kind kind)
{
	return (size_t)kind < ARRAY_SIZE(names) ? names[kind] : NULL;
}

GETTER(failure, enum daxhp_failure_kind, kind)

EXPORT const char *daxhp_failure_get_name(const struct daxhp_failure *failure)
{
	return names[failure->kind];
}

GETTER(failure, const char *, sentence)

EXPORT int daxhp_failure_get_error(const struct daxhp_failure *failure)
{
	return -failure->errnum;
}

static const char *or_null(const char *text)
{
	return *text ? text : NULL;
}

EXPORT const char *daxhp_failure_get_file(const struct daxhp_failure *failure)
{
	return or_null(failure->file);
}

EXPORT const char *daxhp_failure_get_word(const struct daxhp_failure *failure)
{
	return or_null(failure->word);
}

EXPORT const char *daxhp_failure_get_driver(const struct daxhp_failure *failure)
{
	return or_null(failure->driver);
}

GETTER(failure, int64_t, block)
GETTER(failure, int, pid)
GETTER(failure, bool, stopped)

EXPORT const struct daxhp_obstacle *daxhp_failure_get_obstacle(const struct daxhp_failure *failure)
{
	return failure->obstacle.kind ? &failure->obstacle : NULL;
}
