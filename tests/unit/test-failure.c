// SPDX-License-Identifier: LGPL-2.1-or-later
/* The sentence that a user reads, for each kind of failure. */
#include <ctype.h>
#include <errno.h>

#include "unit.h"

#define KINDS_END (DAXHP_FAILED_STUCK + 1)

static const char *sentence_of(const struct daxhp_failure *what)
{
	static struct daxhp_failure failure;

	failure_set(&failure, what);
	return daxhp_failure_get_sentence(&failure);
}

static void test_failures(void **state)
{
	static const struct {
		struct daxhp_failure failure;
		const char *sentence;
	} rows[] = {
		{ { .kind = DAXHP_FAILED_WRITE, .errnum = EBUSY, .word = "offline", .block = 34 },
		  "memory34 would not go offline (EBUSY: a page in it cannot be moved, or somebody "
		  "holds on to it)" },
		{ { .kind = DAXHP_FAILED_WRITE, .errnum = ENOMEM, .word = "online", .block = 34 },
		  "memory34 would not come online (ENOMEM: the kernel has no memory for it)" },
		{ { .kind = DAXHP_FAILED_WRITE,
		    .errnum = EBUSY,
		    .word = "unplugged",
		    .file = "/sys/bus/dax/devices/dax0.0/state",
		    .block = -1 },
		  "the kernel did not take 'unplugged' in /sys/bus/dax/devices/dax0.0/state "
		  "(EBUSY: "
		  "a page in it cannot be moved, or somebody holds on to it)" },
		{ { .kind = DAXHP_FAILED_WRITE,
		    .errnum = EROFS,
		    .word = "0",
		    .file = "/sys/bus/dax/drivers_autoprobe",
		    .block = -1 },
		  "the kernel did not take '0' in /sys/bus/dax/drivers_autoprobe (EROFS: Read-only "
		  "file system)" },
		{ { .kind = DAXHP_FAILED_WRITE,
		    .errnum = EACCES,
		    .word = "online_movable",
		    .file = "/sys/devices/system/memory/auto_online_blocks",
		    .block = -1 },
		  "the kernel did not take 'online_movable' in "
		  "/sys/devices/system/memory/auto_online_blocks (EACCES: only root may do that, "
		  "or "
		  "something guards it)" },
		{ { .kind = DAXHP_FAILED_READ,
		    .errnum = EIO,
		    .file = "/sys/devices/system/memory/memory34/state",
		    .block = 34 },
		  "/sys/devices/system/memory/memory34/state cannot be read (EIO: Input/output "
		  "error)" },
		{ { .kind = DAXHP_FAILED_NOT_LOCKED, .errnum = ENOLCK },
		  "the device is not locked by this process (ENOLCK)" },
		{ { .kind = DAXHP_FAILED_POLICY_LOCK, .errnum = EWOULDBLOCK },
		  "another daxhp has been binding a device for ten minutes (EAGAIN)" },
		{ { .kind = DAXHP_FAILED_POLICY_LOCK, .errnum = ENOSPC },
		  "the lock for the machine's policy cannot be had in /run/daxhp/ (ENOSPC)" },
		{ { .kind = DAXHP_FAILED_JOURNAL, .errnum = ENOSPC },
		  "in /run/daxhp/ it cannot be written down what to restore, which takes some room "
		  "there, and /proc (ENOSPC)" },
		{ { .kind = DAXHP_FAILED_IN_USE, .errnum = EBUSY },
		  "a process has the device open or mapped; the kernel may kill it (EBUSY)" },
		{ { .kind = DAXHP_FAILED_USE_UNSEEN, .errnum = EPERM, .file = "/proc/1/fd" },
		  "it cannot be seen whether a process uses the device (/proc/1/fd: EPERM: "
		  "CAP_SYS_PTRACE is missing, or a security policy forbids it)" },
		{ { .kind = DAXHP_FAILED_HELD, .errnum = EBUSY },
		  "another program keeps a memory block's file open for writing (EBUSY)" },
		{ { .kind = DAXHP_FAILED_UNSEEN, .errnum = EXDEV, .file = "/proc/1/ns/pid" },
		  "it cannot be seen whether a program has a memory block's file open "
		  "(/proc/1/ns/pid: EXDEV: /proc shows a PID namespace only; run daxhp outside of "
		  "it)" },
		{ { .kind = DAXHP_FAILED_UNSEEN, .errnum = EXDEV, .file = "/proc/7/cwd" },
		  "it cannot be seen whether a program has a memory block's file open "
		  "(/proc/7/cwd: "
		  "EXDEV: it leads to a sysfs that has no mount; end that process)" },
		{ { .kind = DAXHP_FAILED_UNSEEN, .errnum = ENOENT, .file = "/proc/1/ns/pid" },
		  "it cannot be seen whether a program has a memory block's file open "
		  "(/proc/1/ns/pid: ENOENT: /proc is not mounted)" },
		{ { .kind = DAXHP_FAILED_UNSEEN, .errnum = EAGAIN },
		  "it cannot be seen whether a program has a memory block's file open (EAGAIN: "
		  "some "
		  "program mounts sysfs again and again)" },
		{ { .kind = DAXHP_FAILED_UNGUARDED, .errnum = EPERM },
		  "other programs could not be kept off the memory blocks (EPERM: CAP_SYS_ADMIN is "
		  "missing)" },
		{ { .kind = DAXHP_FAILED_UNGUARDED, .errnum = EPIPE },
		  "other programs could not be kept off the memory blocks (EPIPE: the process "
		  "daxhp-guard was killed)" },
		{ { .kind = DAXHP_FAILED_UNGUARDED, .errnum = ETIMEDOUT },
		  "other programs could not be kept off the memory blocks (ETIMEDOUT: the process "
		  "daxhp-guard was stopped)" },
		{ { .kind = DAXHP_FAILED_STILL_ONLINE, .errnum = EBUSY, .block = 35 },
		  "another program set memory35 online again when the device was about to be "
		  "unbound (EBUSY)" },
		{ { .kind = DAXHP_FAILED_MODULE_MISSING, .errnum = ENOENT, .driver = "kmem" },
		  "the kernel module kmem is not there: is the package with this kernel's modules "
		  "installed? (ENOENT)" },
		{ { .kind = DAXHP_FAILED_MODULE_BLACKLISTED, .errnum = EPERM, .driver = "kmem" },
		  "the kernel module kmem is blacklisted in modprobe.d (EPERM)" },
		{ { .kind = DAXHP_FAILED_MODULE, .errnum = ENOEXEC, .driver = "device_dax" },
		  "the kernel module device_dax would not load (ENOEXEC)" },
		{ { .kind = DAXHP_FAILED_BIND, .errnum = ENOMEM, .driver = "kmem" },
		  "the driver kmem would not take the device, see the kernel's log (ENOMEM)" },
		{ { .kind = DAXHP_FAILED_BIND_OTHERS, .errnum = EBUSY, .driver = "kmem" },
		  "kmem would take other devices as well, which have no driver now (EBUSY)" },
		{ { .kind = DAXHP_FAILED_UNBIND, .errnum = EBUSY },
		  "the device could not be unbound from its driver (EBUSY)" },
		{ { .kind = DAXHP_FAILED_DEVICE_GONE, .errnum = ENODEV },
		  "the device went away meanwhile (ENODEV)" },
		{ { .kind = DAXHP_FAILED_DRIVER_CHANGED, .errnum = EBUSY },
		  "somebody else bound or unbound the device meanwhile (EBUSY)" },
		{ { .kind = DAXHP_FAILED_NOT_SO,
		    .errnum = EIO,
		    .goal = GOAL_UNPLUGGED,
		    .block = 32 },
		  "the kernel reported success, but memory32 is still present (EIO)" },
		{ { .kind = DAXHP_FAILED_NOT_SO, .errnum = EIO, .goal = GOAL_ONLINE, .block = 32 },
		  "the kernel reported success, but memory32 did not come online (EIO)" },
		{ { .kind = DAXHP_FAILED_NOT_SO,
		    .errnum = EIO,
		    .goal = GOAL_SYSTEM_RAM_OFF,
		    .block = 32 },
		  "memory32 is not as asked for; does another program set memory blocks online? "
		  "(EIO)" },
		{ { .kind = DAXHP_FAILED_NOT_SO, .errnum = EIO, .block = -1 },
		  "the kernel reported success, but its memory is not as asked for (EIO)" },
		{ { .kind = DAXHP_FAILED_OBSERVE, .errnum = EMFILE },
		  "how it went cannot be seen: the device cannot be looked at any more (EMFILE)" },
		{ { .kind = DAXHP_FAILED_OBSERVE, .errnum = ENODEV, .is_first_look = true },
		  "the device went away while it was looked at (ENODEV)" },
		{ { .kind = DAXHP_FAILED_OBSERVE, .errnum = EAGAIN, .is_first_look = true },
		  "its driver keeps changing; somebody else is at work on it (EAGAIN)" },
		{ { .kind = DAXHP_FAILED_OBSERVE, .errnum = EMFILE, .is_first_look = true },
		  "the device cannot be looked at: Too many open files (EMFILE)" },
		{ { .kind = DAXHP_FAILED_NOT_LOCKED, .errnum = EPERM },
		  "it cannot be locked in /run/daxhp/, which must belong to root and be writable "
		  "by nobody else (EPERM)" },
		{ { .kind = DAXHP_FAILED_NOT_LOCKED, .errnum = ENOSPC },
		  "it cannot be locked in /run/daxhp/ (ENOSPC: No space left on device)" },
		{ { .kind = DAXHP_FAILED_AT_WORK, .errnum = EWOULDBLOCK, .pid = 4711 },
		  "another daxhp (pid 4711) is at work on it" },
		{ { .kind = DAXHP_FAILED_AT_WORK, .errnum = EWOULDBLOCK, .has_waited = true },
		  "another daxhp (in another container) is still at work on it" },
		{ { .kind = DAXHP_FAILED_AT_WORK,
		    .errnum = EWOULDBLOCK,
		    .pid = 4711,
		    .has_waited = true,
		    .stopped = true },
		  "another daxhp (pid 4711) is at work on it, and has been stopped (Ctrl-Z, "
		  "SIGSTOP)" },
		{ { .kind = DAXHP_FAILED_REQUEST, .errnum = EINVAL },
		  "what was asked for contradicts itself (EINVAL)" },
		{ { .kind = DAXHP_FAILED_RECOVERY, .errnum = EIO },
		  "it cannot be looked at or changed: Input/output error (EIO)" },
		{ { .kind = DAXHP_FAILED_CANCELLED, .errnum = EINTR, .block = -1 },
		  "it was cancelled (EINTR)" },
		{ { .kind = DAXHP_FAILED_CANCELLED, .errnum = EINTR, .block = 37 },
		  "it was cancelled at memory37 (EINTR)" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_string_equal(sentence_of(&rows[i].failure), rows[i].sentence);
}

/* ---- refusals ---- */

/* Three blocks; "M" is a block that is present and online. */
static const char *refusal_of(enum daxhp_failure_kind kind, struct goal goal)
{
	static const int nodes[] = { 0, 2, 3 };
	static const struct daxhp_room room = {
		.verdict = DAXHP_VERDICT_NO,
		.to_move = 700 << 20,
		.free = 609 << 20,
		.missing = 91 << 20,
		.nodes = nodes,
		.n_nodes = ARRAY_SIZE(nodes),
	};
	static struct daxhp_failure failure;
	struct daxhp_observation *obs = make_observation("MM.");

	strcpy(obs->driver, "fsdev_dax");
	strcpy(obs->blocks_error_file, "memory33/state");
	obs->blocks_error = -EIO;
	obs->room = 1 << 20;
	failure_refuse(&failure, kind, goal, obs, &room);
	daxhp_observation_unref(obs);
	return daxhp_failure_get_sentence(&failure);
}

static void test_refusals(void **state)
{
	static const struct {
		enum daxhp_failure_kind kind;
		struct goal goal;
		const char *sentence;
	} rows[] = {
		{ DAXHP_REFUSED_DEVDAX, GOAL_ONLINE,
		  "it is in devdax mode, its memory belongs to an application (EOPNOTSUPP)" },
		{ DAXHP_REFUSED_FAMFS, GOAL_ONLINE,
		  "it is in famfs mode, its memory is a file system's (EOPNOTSUPP)" },
		{ DAXHP_REFUSED_OTHER_DRIVER, GOAL_ONLINE,
		  "it is bound to the driver fsdev_dax, which daxhp does not know (EOPNOTSUPP)" },
		{ DAXHP_REFUSED_OTHER_ZONE, GOAL_MOVE_KERNEL,
		  "2 of its 3 memory blocks are online, and not all of them in a zone for kernel "
		  "memory (EBUSY)" },
		{ DAXHP_REFUSED_OTHER_ZONE, GOAL_ONLINE_MOVABLE,
		  "2 of its 3 memory blocks are online, and not all of them in ZONE_MOVABLE "
		  "(EBUSY)" },
		{ DAXHP_REFUSED_OTHER_ZONE, GOAL_ONLINE,
		  "2 of its 3 memory blocks are online, and not all of them in one kind of zone "
		  "(EBUSY)" },
		{ DAXHP_REFUSED_MISSING_BLOCKS, GOAL_ONLINE,
		  "only 2 of its 3 memory blocks are present (EBUSY)" },
		{ DAXHP_REFUSED_WEDGED, GOAL_UNPLUGGED,
		  "2 of its memory blocks stayed when it was unbound from kmem (EBUSY)" },
		{ DAXHP_REFUSED_NO_TARGET_NODE, GOAL_ONLINE,
		  "the firmware gave it no target node, and kmem takes no memory without one "
		  "(EINVAL)" },
		{ DAXHP_REFUSED_NO_ROOM, GOAL_ONLINE,
		  "adding its memory takes 7 MiB of the memory there is, and 1 MiB are available "
		  "(ENOMEM)" },
		{ DAXHP_REFUSED_NO_ROOM_ELSEWHERE, GOAL_UNPLUGGED,
		  "700 MiB to move, 609 MiB free on nodes 0, 2 and 3: it does not fit, 91 MiB too "
		  "much (ENOMEM)" },
		{ DAXHP_REFUSED_TOO_SMALL, GOAL_ONLINE,
		  "none of its ranges holds a whole memory block of 128 MiB (EINVAL)" },
		{ DAXHP_REFUSED_NO_PERMISSION, GOAL_ONLINE, "only root may do that (EACCES)" },
		{ DAXHP_REFUSED_NO_HOTPLUG, GOAL_ONLINE,
		  "this kernel has no memory hotplug, it lacks CONFIG_MEMORY_HOTPLUG "
		  "(EOPNOTSUPP)" },
		{ DAXHP_REFUSED_NO_HOTREMOVE, GOAL_UNPLUGGED,
		  "this kernel cannot take memory away, it lacks CONFIG_MEMORY_HOTREMOVE "
		  "(EOPNOTSUPP)" },
		{ DAXHP_REFUSED_UNREADABLE, GOAL_UNPLUGGED,
		  "its memory blocks cannot be looked at (memory33/state: Input/output error)" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_string_equal(refusal_of(rows[i].kind, rows[i].goal), rows[i].sentence);
}

/* ---- any kind, errno and fields ---- */

static void check_sentence(const char *sentence, int kind, int errnum)
{
	size_t len = strlen(sentence);

	assert_msg(len > 10 && !strstr(sentence, "(null)") && !strstr(sentence, "  ") &&
			   sentence[len - 1] != '.' && !isupper((unsigned char)sentence[0]),
		   "kind %d, errno %d: %s", kind, errnum, sentence);
}

/* Also with errnos that have no name. */
static void test_any(void **state)
{
	(void)state;
	for (int kind = DAXHP_FAILED_WRITE; kind < KINDS_END; kind++) {
		for (int errnum = 0; errnum < 140; errnum++) {
			struct daxhp_failure f = { kind, errnum, "/f", "w", "d", .block = -1 };

			check_sentence(sentence_of(&f), kind, errnum);
		}
	}
	for (int kind = DAXHP_REFUSED_DEVDAX; kind <= DAXHP_REFUSED_UNREADABLE; kind++)
		for (size_t g = 0; g < GOALS_COUNT; g++)
			check_sentence(refusal_of(kind, all_goals[g]), kind, 0);
}

/* Each kind has its own name, of small letters and hyphens. */
static void test_names(void **state)
{
	(void)state;
	assert_null(daxhp_failure_kind_name(DAXHP_FAILURE_NONE));
	assert_null(daxhp_failure_kind_name(KINDS_END));
	for (int kind = 1; kind < KINDS_END; kind++) {
		const char *name = daxhp_failure_kind_name(kind);

		if (kind > DAXHP_REFUSED_UNREADABLE && kind < DAXHP_FAILED_WRITE) {
			assert_null(name);
			continue;
		}
		assert_non_null(name);
		assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz-"), strlen(name));
		for (int other = 1; other < kind; other++)
			assert_true(!daxhp_failure_kind_name(other) ||
				    strcmp(name, daxhp_failure_kind_name(other)) != 0);
	}
}

/* Scripts and callers depend on these names and numbers. */
static void test_errnos(void **state)
{
	static const struct {
		enum daxhp_failure_kind kind;
		int errnum;
	} rows[] = {
		{ DAXHP_REFUSED_NO_PERMISSION, EACCES },
		{ DAXHP_REFUSED_OTHER_ZONE, EBUSY },
		{ DAXHP_REFUSED_MISSING_BLOCKS, EBUSY },
		{ DAXHP_REFUSED_WEDGED, EBUSY },
		{ DAXHP_REFUSED_NO_TARGET_NODE, EINVAL },
		{ DAXHP_REFUSED_TOO_SMALL, EINVAL },
		{ DAXHP_REFUSED_NO_ROOM, ENOMEM },
		{ DAXHP_REFUSED_NO_ROOM_ELSEWHERE, ENOMEM },
		{ DAXHP_REFUSED_UNREADABLE, EIO },
		{ DAXHP_REFUSED_DEVDAX, EOPNOTSUPP },
		{ DAXHP_REFUSED_NO_HOTREMOVE, EOPNOTSUPP },
	};
	struct daxhp_observation *obs = make_observation("M");
	const struct daxhp_room room = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct daxhp_failure failure;

		failure_refuse(&failure, rows[i].kind, GOAL_ONLINE, obs, &room);
		assert_int_equal(daxhp_failure_get_error(&failure), -rows[i].errnum);
		assert_int_equal(daxhp_failure_get_kind(&failure), rows[i].kind);
	}
	daxhp_observation_unref(obs);
}

/* A sentence that does not fit is cut off. The function returns its full length. */
static void test_room_is_cut(void **state)
{
	int nodes[300];
	struct daxhp_room room = { .nodes = nodes, .n_nodes = ARRAY_SIZE(nodes) };
	char buf[64];
	size_t n;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(nodes); i++)
		nodes[i] = (int)i;
	n = daxhp_room_describe(&room, buf, sizeof(buf));
	assert_true(n > 1000);
	assert_int_equal(strlen(buf), sizeof(buf) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_failures), cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_any),	 cmocka_unit_test(test_names),
		cmocka_unit_test(test_errnos),	 cmocka_unit_test(test_room_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
