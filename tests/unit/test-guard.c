// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The search for processes that have a block's file open, and the guard that denies others to open
 * it. The test has its own /proc and /sys, and the guard's real process if the user may start it.
 */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <sys/fanotify.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#include "namespace.h"
#include "syscalls.h"

#define MEMORY "/devices/system/memory"
#define OTHER "/mnt/other"
#define RIVAL 100
#define FIRST_PID_NAMESPACE 0xEFFFFFFCU

/* The files are not made in the order of the blocks, because inodes need not be in order. */
static struct memblock blocks[] = {
	{ .id = 7, .state = MEMBLOCK_OFFLINE },
	{ .id = 8, .state = MEMBLOCK_ONLINE },
	{ .id = 9, .state = MEMBLOCK_MISSING },
	{ .id = 70, .state = MEMBLOCK_OFFLINE },
};
static const int made[] = { 70, 7, 8 };

static struct kernel kernel; /* with its time running faster */
static struct daxhp_ctx ctx = { .kernel = &kernel };
static struct daxhp_request request;
static struct daxhp_session session = { .ctx = &ctx, .request = &request };
static int real_proc;

/* ---- system calls that the test answers ---- */

static ino_t pid_namespace;
static time_t later, tick; /* seconds: added to the time; and added for each look at the clock */
static int readdir_error;
static bool is_impatient; /* does not wait when no answer comes */

static double fast_now(void)
{
	double now = clock_now() + later;

	later += tick;
	return now;
}

static bool is_made_up_sysfs(dev_t dev)
{
	static const char *const tops[] = { "/sys", OTHER };
	struct stat st;

	for (size_t i = 0; i < ARRAY_SIZE(tops); i++)
		if (stat(tops[i], &st) == 0 && st.st_dev == dev)
			return true;
	return false;
}

/* The file stands for the PID namespace. */
static int64_t answer_stat(const struct call *call)
{
	struct stat st;

	if ((int)call->args[0] != AT_FDCWD || strcmp(call_string(call, 1), "/proc/1/ns/pid") != 0)
		return CALL_PASS;
	if (stat("/proc/1/ns/pid", &st) < 0)
		return -errno;
	st.st_ino = pid_namespace;
	call_write(call, 2, &st, sizeof(st));
	return 0;
}

/* Directories of a sysfs have no size. */
static int64_t answer_statx(const struct call *call)
{
	int dirfd = call_copy_fd(call, 0);
	struct statx stx;
	bool is_dir;

	is_dir = statx(dirfd, call_string(call, 1), call->args[2], call->args[3], &stx) == 0 &&
		 S_ISDIR(stx.stx_mode) &&
		 is_made_up_sysfs(makedev(stx.stx_dev_major, stx.stx_dev_minor));
	if (dirfd >= 0)
		close(dirfd);
	/* The kernel looks at the caller's rights, and not at those of this thread. */
	if (!is_dir)
		return CALL_PASS;
	stx.stx_size = 0;
	call_write(call, 4, &stx, sizeof(stx));
	return 0;
}

static int64_t answer_fstatfs(const struct call *call)
{
	int fd = call_copy_fd(call, 0);
	struct statfs fs;
	struct stat st;
	bool is_sysfs;

	is_sysfs = fstatfs(fd, &fs) == 0 && fstat(fd, &st) == 0 && is_made_up_sysfs(st.st_dev);
	close(fd);
	if (!is_sysfs)
		return CALL_PASS;
	fs.f_type = SYSFS_MAGIC;
	call_write(call, 1, &fs, sizeof(fs));
	return 0;
}

/* The list ends with an error. */
static int64_t answer_getdents(const struct call *call)
{
	char entries[4096];
	long n;

	if (!readdir_error || !call->is_own)
		return CALL_PASS;
	n = syscall(SYS_getdents64, (int)call->args[0], entries, sizeof(entries));
	if (n <= 0)
		return -readdir_error;
	call_write(call, 1, entries, n);
	return n;
}

static int64_t answer_poll(const struct call *call)
{
	struct pollfd fd;
	int r;

	if (!is_impatient || !call->is_own || call->args[1] != 1)
		return CALL_PASS;
	call_read(call, 0, &fd, sizeof(fd));
	r = poll(&fd, 1, 300);
	call_write(call, 0, &fd, sizeof(fd));
	return r;
}

static int64_t answer(const struct call *call)
{
	switch (call->number) {
	case SYS_newfstatat:
		return answer_stat(call);
	case SYS_statx:
		return answer_statx(call);
	case SYS_fstatfs:
		return answer_fstatfs(call);
	case SYS_getdents64:
		return answer_getdents(call);
	default:
		return answer_poll(call);
	}
}

/* ---- files ---- */

/* All directories of a path. */
static void make_dirs(const char *path)
{
	char part[256];

	for (const char *end = strchr(path + 1, '/'); end; end = strchr(end + 1, '/')) {
		snprintf(part, sizeof(part), "%.*s", (int)(end - path), path);
		if (mkdir(part, 0755) < 0)
			assert_int_equal(errno, EEXIST);
	}
}

static const char *format(const char *format, ...) __attribute__((format(printf, 1, 2)));
static const char *format(const char *format, ...)
{
	static char texts[4][256];
	static unsigned int next;
	char *text = texts[next++ % ARRAY_SIZE(texts)];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(texts[0]), format, args);
	va_end(args);
	return text;
}

static void make_blocks(const char *top)
{
	make_dirs(format("%s" MEMORY "/", top));
	for (size_t i = 0; i < ARRAY_SIZE(made); i++) {
		const char *block = format("%s" MEMORY "/memory%d/", top, made[i]);

		make_dirs(block);
		put(format("%sstate", block), "offline\n");
		put(format("%sonline", block), "0\n");
		put(format("%suevent", block), "");
	}
}

static void mount_tmpfs(const char *where)
{
	assert_int_equal(mount("none", where, "tmpfs", 0, "mode=755"), 0);
}

static void mount_other(void)
{
	make_dirs(OTHER "/");
	mount_tmpfs(OTHER);
	make_blocks(OTHER);
}

static unsigned int minor_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return minor(st.st_dev);
}

/* ---- processes ---- */

static const char *task_file(int pid, int tid, const char *name)
{
	return format("/proc/%d/task/%d/%s", pid, tid, name);
}

static void make_thread(int pid, int tid)
{
	make_dirs(task_file(pid, tid, "fd/"));
	make_dirs(task_file(pid, tid, "fdinfo/"));
	make_dirs(task_file(pid, tid, "ns/"));
	put(task_file(pid, tid, "ns/mnt"), "");
	put(task_file(pid, tid, "mountinfo"), "");
	assert_int_equal(symlink("/", task_file(pid, tid, "root")), 0);
	assert_int_equal(symlink("/", task_file(pid, tid, "cwd")), 0);
}

static void has_flags(int pid, unsigned int flags)
{
	put(format("/proc/%d/stat", pid),
	    format("%d (a) S 1 2) S 1 1 1 0 -1 %u 0 0\n", pid, flags));
}

static void make_process(int pid)
{
	make_thread(pid, pid);
	has_flags(pid, 0x00400140);
	make_dirs(format("/proc/%d/map_files/", pid));
	put(format("/proc/%d/comm", pid), "rival\n");
}

static void has_open(int pid, int tid, const char *path, int flags)
{
	assert_int_equal(symlink(path, task_file(pid, tid, "fd/5")), 0);
	put(task_file(pid, tid, "fdinfo/5"), format("pos:\t0\nflags:\t0%o\n", flags | O_CLOEXEC));
}

/* The process sees a sysfs at @where, with @root as its root. */
static void has_mounted(int pid, const char *where, const char *root, const char *options)
{
	put(task_file(pid, pid, "mountinfo"),
	    format("1 0 8:1 / / rw - ext4 none rw\n22 1 0:%u %s %s %s,nosuid - sysfs sysfs rw\n",
		   minor_of(where), root, where, options));
}

/* ---- rights ---- */

static void set_capability(unsigned int capability, bool on)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };
	uint32_t *set = &data[CAP_TO_INDEX(capability)].effective;

	assert_int_equal(syscall(SYS_capget, &header, data), 0);
	*set = on ? *set | CAP_TO_MASK(capability) : *set & ~CAP_TO_MASK(capability);
	assert_int_equal(syscall(SYS_capset, &header, data), 0);
}

/* A failed test may not have given back the capabilities. */
static void regain_capabilities(void)
{
	set_capability(CAP_SYS_PTRACE, true);
	set_capability(CAP_SYS_ADMIN, true);
	set_capability(CAP_DAC_OVERRIDE, true);
	set_capability(CAP_DAC_READ_SEARCH, true);
}

static int setup(void **state)
{
	(void)state;
	request = (struct daxhp_request){ 0 };
	pid_namespace = FIRST_PID_NAMESPACE;
	tick = 0;
	readdir_error = 0;
	is_impatient = false;
	mount_tmpfs("/mnt");
	mount_tmpfs("/sys");
	mount_tmpfs("/proc");
	make_blocks("/sys");
	make_dirs("/sys/bus/dax/devices/dax0.0/");
	/* The numbers of /dev/null. */
	put("/sys/bus/dax/devices/dax0.0/dev", "1:3\n");
	make_process(1);
	put("/proc/1/task/1/ns/pid", "");
	make_dirs("/proc/1/ns/");
	put("/proc/1/ns/pid", "");
	make_process(getpid());
	assert_int_equal(symlink(format("%d", (int)getpid()), "/proc/self"), 0);
	make_process(RIVAL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	regain_capabilities();
	umount2("/proc", MNT_DETACH);
	umount2("/sys", MNT_DETACH);
	return umount2("/mnt", MNT_DETACH);
}

/* ---- processes that have a block's file open ---- */

static size_t n_marked;
static void (*before_mark)(void);
static char unseen[UNSEEN_MAX];
static pid_t holder;

static int note_mark(void *data, int dirfd)
{
	(void)data;
	(void)dirfd;
	/* The first sysfs is our own. */
	if (n_marked++ && before_mark)
		before_mark();
	return 0;
}

static int drain_all(struct drain *drain, int dirfd)
{
	int r = drain_init(drain, dirfd, blocks, ARRAY_SIZE(blocks));

	if (r == 0)
		r = drain_mark_own(drain, dirfd);
	return r < 0 ? r : drain_wait(drain, &holder);
}

static int look(void)
{
	struct drain drain = { .session = &session, .mark = note_mark };
	int dirfd = memblock_open_dir(), r;

	n_marked = 0;
	holder = 0;
	/* No process closes its file here, so the clock may run fast. */
	tick = 1;
	r = drain_all(&drain, dirfd);
	tick = 0;
	strcpy(unseen, drain.unseen);
	drain_clear(&drain);
	close(dirfd);
	return r;
}

static void test_nobody(void **state)
{
	(void)state;
	assert_int_equal(look(), 0);
	assert_int_equal(holder, 0);
	assert_int_equal(n_marked, 1);
	assert_string_equal(unseen, "");
}

static void test_who_has_it_open(void **state)
{
	static const struct {
		const char *file;
		int flags, pid, tid;
		int r;
	} rows[] = {
		{ "/sys" MEMORY "/memory7/state", O_WRONLY, RIVAL, RIVAL, -EBUSY },
		{ "/sys" MEMORY "/memory70/state", O_RDWR, RIVAL, RIVAL, -EBUSY },
		{ "/sys" MEMORY "/memory8/online", O_WRONLY, RIVAL, RIVAL, -EBUSY },
		{ "/sys" MEMORY "/memory8/state", O_WRONLY, RIVAL, RIVAL + 1, -EBUSY },
		{ "/sys" MEMORY "/memory7/state", O_WRONLY, 1, 1, -EBUSY },
		/* This does not disturb a plan. */
		{ "/sys" MEMORY "/memory7/state", O_RDONLY, RIVAL, RIVAL, 0 },
		{ "/sys" MEMORY "/memory7/uevent", O_WRONLY, RIVAL, RIVAL, 0 },
		{ "/sys/gone", O_WRONLY, RIVAL, RIVAL, 0 },
		/* Our own process. */
		{ "/sys" MEMORY "/memory7/state", O_WRONLY, 0, 0, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int pid = rows[i].pid ? rows[i].pid : getpid(), tid = rows[i].tid;
		int r;

		make_thread(RIVAL, RIVAL + 1);
		has_open(pid, tid ? tid : pid, rows[i].file, rows[i].flags);
		r = look();
		assert_msg(r == rows[i].r, "row %zu: %d", i, r);
		assert_msg(holder == (r ? pid : 0), "row %zu: %d has it", i, (int)holder);
		teardown(state);
		setup(state);
	}
}

/* Another file system has files with the same numbers, but it is no sysfs. */
static void test_same_number_elsewhere(void **state)
{
	struct stat ours, theirs;

	(void)state;
	make_dirs("/mnt/copy/");
	mount_tmpfs("/mnt/copy");
	make_blocks("/mnt/copy");
	assert_int_equal(stat("/sys" MEMORY "/memory7/state", &ours), 0);
	assert_int_equal(stat("/mnt/copy" MEMORY "/memory7/state", &theirs), 0);
	assert_int_equal(ours.st_ino, theirs.st_ino);
	has_open(RIVAL, RIVAL, "/mnt/copy" MEMORY "/memory7/state", O_WRONLY);
	assert_int_equal(look(), 0);
	/* The same when a process has mounted it. */
	for (int i = 0; i < 2; i++) {
		int pid = i ? RIVAL : 1;

		put(task_file(pid, pid, "mountinfo"),
		    format("22 1 0:%u / /mnt/copy rw - tmpfs none rw\n", minor_of("/mnt/copy")));
	}
	assert_int_equal(look(), 0);
	/* A sysfs that no process has mounted. */
	mount_other();
	assert_int_equal(unlink(task_file(RIVAL, RIVAL, "fd/5")), 0);
	has_open(RIVAL, RIVAL, OTHER MEMORY "/memory7/state", O_WRONLY);
	assert_int_equal(look(), -EBUSY);
}

/* A process that closes the file in time does not disturb. */
static void test_waits(void **state)
{
	struct drain drain = { .session = &session, .mark = note_mark };
	int dirfd = memblock_open_dir();
	pid_t child;

	(void)state;
	has_open(RIVAL, RIVAL, "/sys" MEMORY "/memory7/state", O_WRONLY);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		usleep(50000);
		_exit(unlink(task_file(RIVAL, RIVAL, "fd/5")) < 0);
	}
	assert_int_equal(drain_all(&drain, dirfd), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	drain_clear(&drain);
	close(dirfd);
}

static void test_cancelled(void **state)
{
	(void)state;
	daxhp_request_cancel(&request);
	assert_int_equal(look(), -EINTR);
}

/* ---- files that cannot be seen ---- */

static void cannot_see(int r, const char *where)
{
	int got = look();

	assert_msg(got == r && strcmp(unseen, where) == 0, "%d at %s", got, unseen);
}

static void test_rights(void **state)
{
	(void)state;
	set_capability(CAP_SYS_PTRACE, false);
	cannot_see(-EPERM, "/proc/1/ns/pid");
	set_capability(CAP_SYS_PTRACE, true);
	pid_namespace++;
	cannot_see(-EXDEV, "/proc/1/ns/pid");
	pid_namespace--;
	assert_int_equal(unlink("/proc/1/ns/pid"), 0);
	cannot_see(-ENOENT, "/proc/1/ns/pid");
}

static void test_no_self(void **state)
{
	(void)state;
	assert_int_equal(unlink("/proc/self"), 0);
	cannot_see(-ENOENT, "/proc");
}

/* readdir() returns an error. That is not the end of the list. */
static void test_list_is_cut_short(void **state)
{
	(void)state;
	readdir_error = EIO;
	assert_int_equal(look(), -EIO);
	assert_int_equal(strncmp(unseen, "/proc/", 6), 0);
}

static void replace_by_link(const char *name)
{
	const char *path = task_file(RIVAL, RIVAL, name);

	assert_int_equal(rename(path, format("%s.away", path)), 0);
	assert_int_equal(symlink(format("%s.away", name), path), 0);
}

static void test_links_are_not_followed(void **state)
{
	const char *task = format("/proc/%d/task/%d", RIVAL, RIVAL);
	char where[64];

	(void)state;
	strcpy(where, task);
	replace_by_link("mountinfo");
	cannot_see(-ELOOP, where);
	assert_int_equal(unlink(task_file(RIVAL, RIVAL, "mountinfo")), 0);
	/* The process is gone meanwhile. That is no error. */
	assert_int_equal(look(), 0);
	put(task_file(RIVAL, RIVAL, "mountinfo"), "");
	replace_by_link("fd");
	strcat(where, "/fd");
	cannot_see(-ENOTDIR, where);
	assert_int_equal(unlink(task_file(RIVAL, RIVAL, "fd")), 0);
	assert_int_equal(look(), 0);
}

static void test_not_a_line(void **state)
{
	char where[64];

	(void)state;
	snprintf(where, sizeof(where), "/proc/%d/task/%d", RIVAL, RIVAL);
	put(task_file(RIVAL, RIVAL, "mountinfo"), "nonsense\n");
	cannot_see(-EBADMSG, where);
	assert_int_equal(unlink(task_file(RIVAL, RIVAL, "mountinfo")), 0);
	make_dirs(task_file(RIVAL, RIVAL, "mountinfo/"));
	cannot_see(-EISDIR, where);
}

/* A kernel thread has no files. That nothing is looked at shows only with a file that it has here. */
static void test_kernel_thread(void **state)
{
	char where[64];

	(void)state;
	snprintf(where, sizeof(where), "/proc/%d/stat", RIVAL);
	has_open(RIVAL, RIVAL, "/sys" MEMORY "/memory7/state", O_WRONLY);
	assert_int_equal(look(), -EBUSY);
	has_flags(RIVAL, 0x00208040);
	assert_int_equal(look(), 0);
	/* What it is cannot be seen. */
	put(where, "4711 (rival) S 1\n");
	cannot_see(-EBADMSG, where);
	put(where, "");
	cannot_see(-EBADMSG, where);
	assert_int_equal(unlink(where), 0);
	assert_int_equal(look(), 0);
}

/* A file that may not be looked at may be a block's file. */
static void test_file_without_rights(void **state)
{
	char where[64];

	(void)state;
	snprintf(where, sizeof(where), "/proc/%d/task/%d/fd", RIVAL, RIVAL);
	make_dirs("/mnt/locked/");
	put("/mnt/locked/file", "");
	assert_int_equal(chmod("/mnt/locked", 0), 0);
	has_open(RIVAL, RIVAL, "/mnt/locked/file", O_WRONLY);
	set_capability(CAP_DAC_OVERRIDE, false);
	set_capability(CAP_DAC_READ_SEARCH, false);
	cannot_see(-EACCES, where);
	set_capability(CAP_DAC_OVERRIDE, true);
	set_capability(CAP_DAC_READ_SEARCH, true);
	assert_int_equal(look(), 0);
}

static void test_no_flags(void **state)
{
	char where[64];

	(void)state;
	snprintf(where, sizeof(where), "/proc/%d/task/%d/fd", RIVAL, RIVAL);
	has_open(RIVAL, RIVAL, "/sys" MEMORY "/memory7/state", O_WRONLY);
	put(task_file(RIVAL, RIVAL, "fdinfo/5"), "pos:\t0\n");
	cannot_see(-ENODATA, where);
	/* Closed meanwhile. */
	assert_int_equal(unlink(task_file(RIVAL, RIVAL, "fdinfo/5")), 0);
	assert_int_equal(look(), 0);
}

static void test_block_cannot_be_seen(void **state)
{
	(void)state;
	assert_int_equal(unlink("/sys" MEMORY "/memory7/online"), 0);
	assert_int_equal(look(), 0);
	assert_int_equal(unlink("/sys" MEMORY "/memory7/state"), 0);
	assert_int_equal(unlink("/sys" MEMORY "/memory7/uevent"), 0);
	assert_int_equal(rmdir("/sys" MEMORY "/memory7"), 0);
	put("/sys" MEMORY "/memory7", "");
	assert_int_equal(look(), -ENOTDIR);
}

/* ---- another sysfs ---- */

static void test_other_sysfs(void **state)
{
	(void)state;
	mount_other();
	/* This sysfs is read-only. */
	has_mounted(RIVAL, OTHER, "/", "ro");
	assert_int_equal(look(), 0);
	assert_int_equal(n_marked, 1);
	has_mounted(RIVAL, OTHER, "/", "rw");
	assert_int_equal(look(), 0);
	assert_int_equal(n_marked, 2);
	/* This looks like a sysfs. */
	put(task_file(RIVAL, RIVAL, "mountinfo"),
	    format("22 1 0:%u / " OTHER " rw - tmpfs sysfs rw\n", minor_of(OTHER)));
	assert_int_equal(look(), 0);
	assert_int_equal(n_marked, 1);
	/* Our own sysfs, mounted once more. */
	has_mounted(RIVAL, "/sys", "/", "rw");
	assert_int_equal(look(), 0);
	assert_int_equal(n_marked, 1);
	/* A single block. No path leads from there to the others. */
	has_mounted(RIVAL, OTHER, MEMORY "/memory7", "rw");
	cannot_see(-EXDEV, format("/proc/%d/task/%d/root", RIVAL, RIVAL));
}

static int early_pid, late_pid;

/* Finds out which of the two processes the code looks at first. */
static void find_order(void)
{
	DIR *dir = opendir("/proc");
	struct dirent *de;

	assert_non_null(dir);
	early_pid = 0;
	while ((de = readdir(dir)))
		if (atoi(de->d_name) == RIVAL || atoi(de->d_name) == 1)
			*(early_pid ? &late_pid : &early_pid) = atoi(de->d_name);
	closedir(dir);
}

/* A process with another root sees other mounts, even in the same namespace. */
static void test_other_root(void **state)
{
	(void)state;
	find_order();
	mount_other();
	assert_int_equal(unlink(task_file(late_pid, late_pid, "root")), 0);
	assert_int_equal(symlink("/mnt", task_file(late_pid, late_pid, "root")), 0);
	assert_int_equal(unlink(task_file(early_pid, early_pid, "ns/mnt")), 0);
	assert_int_equal(link(task_file(late_pid, late_pid, "ns/mnt"),
			      task_file(early_pid, early_pid, "ns/mnt")),
			 0);
	put(task_file(late_pid, late_pid, "mountinfo"),
	    format("22 1 0:%u / /other rw - sysfs sysfs rw\n", minor_of(OTHER)));
	assert_int_equal(look(), 0);
	assert_int_equal(n_marked, 2);
}

/* No process has mounted this sysfs, but a process is in it. */
static void test_stray(void **state)
{
	static const char *const ways[] = { "cwd", "root", "fd/5" };

	(void)state;
	mount_other();
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		unlink(task_file(RIVAL, RIVAL, ways[i]));
		assert_int_equal(symlink(OTHER MEMORY, task_file(RIVAL, RIVAL, ways[i])), 0);
		cannot_see(-EXDEV, format("/proc/%d/task/%d/%s", RIVAL, RIVAL, ways[i]));
		assert_int_equal(unlink(task_file(RIVAL, RIVAL, ways[i])), 0);
		assert_int_equal(symlink("/", task_file(RIVAL, RIVAL, ways[i])), 0);
	}
	assert_int_equal(symlink(OTHER, task_file(RIVAL, RIVAL, "fd/6")), 0);
	assert_int_equal(look(), -EXDEV);
	/* Another process has mounted it. */
	has_mounted(1, OTHER, "/", "rw");
	assert_int_equal(look(), 0);
	put(task_file(1, 1, "mountinfo"), "");
	assert_int_equal(mount("none", OTHER, "tmpfs", MS_REMOUNT | MS_RDONLY, NULL), 0);
	assert_int_equal(look(), 0);
}

static void open_other(void)
{
	before_mark = NULL;
	has_open(early_pid, early_pid, OTHER MEMORY "/memory7/state", O_WRONLY);
}

/* Just before the new sysfs is marked, a process that was checked already opens a file there. */
static void test_looks_again_after_a_new_sysfs(void **state)
{
	(void)state;
	find_order();
	mount_other();
	has_mounted(late_pid, OTHER, "/", "rw");
	before_mark = open_other;
	assert_int_equal(look(), -EBUSY);
	assert_int_equal(holder, early_pid);
}

/* ---- the guard ---- */

static struct guard *guard;
static struct rivals rivals;

static void start_guard(void)
{
	int deny_error;

	guard = NULL;
	rivals = (struct rivals){ 0 };
	assert_int_equal(guard_start(&session, blocks, ARRAY_SIZE(blocks), &guard, &deny_error,
				     &rivals),
			 0);
	assert_int_equal(deny_error, 0);
}

static void stop_guard(void)
{
	guard_stop(guard, &rivals);
	guard = NULL;
}

static int teardown_guard(void **state)
{
	stop_guard();
	return teardown(state);
}

/* The errno for another process that opens the file @times times. */
static int open_by_other(const char *path, int times)
{
	int status = 0;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		for (int i = 0; i < times; i++)
			if (open(path, O_RDWR | O_CLOEXEC) >= 0)
				_exit(0);
		_exit(errno);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WEXITSTATUS(status);
}

static void test_denies(void **state)
{
	size_t denied = 0;

	(void)state;
	start_guard();
	for (size_t i = 0; i < ARRAY_SIZE(made); i++) {
		const char *block = format("/sys" MEMORY "/memory%d", made[i]);

		assert_int_equal(open_by_other(format("%s/state", block), 1), EPERM);
		assert_int_equal(open_by_other(format("%s/online", block), 1), EPERM);
		assert_int_equal(open_by_other(format("%s/uevent", block), 1), 0);
	}
	assert_int_equal(guard_check(guard, &rivals), 0);
	/* The guard's owner can open the files, by its descriptors and by name. */
	assert_int_equal(sysfs_write_word_fd(guard_get_fd(guard, 70), "online"), 0);
	put("/sys" MEMORY "/memory7/state", "offline\n");
	stop_guard();
	assert_int_equal(rivals.count, 6);
	for (size_t i = 0; i < rivals.count; i++)
		denied += rivals.list[i].denied;
	assert_int_equal(denied, 6);
	assert_int_equal(open_by_other("/sys" MEMORY "/memory7/state", 1), 0);
}

static void test_denies_elsewhere(void **state)
{
	(void)state;
	mount_other();
	has_mounted(RIVAL, OTHER, "/", "rw");
	/* A missing file needs no mark. */
	assert_int_equal(unlink(OTHER MEMORY "/memory7/online"), 0);
	start_guard();
	assert_int_equal(open_by_other(OTHER MEMORY "/memory70/online", 1), EPERM);
	stop_guard();
	assert_int_equal(open_by_other(OTHER MEMORY "/memory70/online", 1), 0);
}

/* A sysfs that cannot be marked is not guarded. */
static void test_cannot_deny(void **state)
{
	int deny_error;

	(void)state;
	mount_other();
	has_mounted(RIVAL, OTHER, "/", "rw");
	assert_int_equal(rename(OTHER MEMORY "/memory70", OTHER MEMORY "/away"), 0);
	put(OTHER MEMORY "/memory70", "");
	assert_int_equal(guard_start(&session, blocks, ARRAY_SIZE(blocks), &guard, &deny_error,
				     &rivals),
			 -ENOTDIR);
}

/* A sysfs that is mounted when the guard is already up. */
static void test_check_looks_again(void **state)
{
	(void)state;
	start_guard();
	mount_other();
	has_mounted(RIVAL, OTHER, "/", "rw");
	assert_int_equal(guard_check(guard, &rivals), 0);
	assert_int_equal(open_by_other(OTHER MEMORY "/memory7/state", 1), EPERM);
	has_open(RIVAL, RIVAL, "/sys" MEMORY "/memory7/state", O_WRONLY);
	tick = 1;
	assert_int_equal(guard_check(guard, &rivals), -EBUSY);
	tick = 0;
	assert_int_equal(rivals.list[0].pid, RIVAL);
	assert_string_equal(rivals.list[0].comm, "rival");
	assert_int_equal(rivals.list[0].denied, 0);
}

static void test_files_of_the_guard(void **state)
{
	struct stat st, st_fd;

	(void)state;
	start_guard();
	for (size_t i = 0; i < ARRAY_SIZE(made); i++) {
		const char *file = format("/sys" MEMORY "/memory%d/state", made[i]);
		int fd = guard_get_fd(guard, made[i]);

		assert_int_equal(fstat(fd, &st_fd), 0);
		assert_int_equal(stat(file, &st), 0);
		assert_int_equal(st_fd.st_ino, st.st_ino);
		assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	}
	assert_int_equal(guard_get_fd(guard, 9), -1);
	assert_int_equal(guard_get_fd(NULL, 7), -1);
}

/* A child of the owner is not a rival. */
static void test_child_has_no_files(void **state)
{
	int status = -1;
	pid_t child;

	(void)state;
	start_guard();
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		_exit(fcntl(guard_get_fd(guard, 7), F_GETFD) >= 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/* A link replaces a block's file. The guard must not deny the link's target. */
static void test_marks_no_link(void **state)
{
	(void)state;
	put("/mnt/victim", "");
	assert_int_equal(unlink("/sys" MEMORY "/memory7/online"), 0);
	assert_int_equal(symlink("/mnt/victim", "/sys" MEMORY "/memory7/online"), 0);
	start_guard();
	assert_int_equal(open_by_other("/mnt/victim", 1), 0);
}

/* Each open by another process costs the guard a descriptor, for a moment. */
static void test_denies_many(void **state)
{
	struct rlimit before, few;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = (struct rlimit){ 64, before.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	start_guard();
	assert_true(guard_get_fd(guard, 70) >= 0);
	assert_int_equal(open_by_other("/sys" MEMORY "/memory7/state", 300), EPERM);
	stop_guard();
	assert_int_equal(rivals.count, 1);
	assert_int_equal(rivals.list[0].denied, 300);
	/* The guard gives back its own descriptors as well. */
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &few), 0);
	assert_int_equal(few.rlim_cur, 64);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

/* With few descriptors, the guard opens few files, and leaves some descriptors free. */
static void few_descriptors(void)
{
	const struct rlimit few = { 64, 66 };
	int deny_error;

	if (setrlimit(RLIMIT_NOFILE, &few) < 0 ||
	    guard_start(&session, blocks, ARRAY_SIZE(blocks), &guard, &deny_error, &rivals) < 0)
		_exit(1);
	_exit(guard_get_fd(guard, 8) >= 0 && guard_get_fd(guard, 70) < 0 ? 0 : 2);
}

static void test_few_descriptors(void **state)
{
	int status = -1;
	pid_t child = fork();

	(void)state;
	assert_true(child >= 0);
	if (child == 0)
		few_descriptors();
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/* Without the right to deny, daxhp still looks for processes with open files. */
static void test_without_denying(void **state)
{
	int deny_error = 0;

	(void)state;
	set_capability(CAP_SYS_ADMIN, false);
	assert_int_equal(guard_start(&session, blocks, ARRAY_SIZE(blocks), &guard, &deny_error,
				     &rivals),
			 0);
	assert_int_equal(deny_error, -EPERM);
	assert_int_equal(guard_check(guard, &rivals), 0);
	stop_guard();
	assert_int_equal(waitpid(-1, NULL, __WALL), -1);
	has_open(RIVAL, RIVAL, "/sys" MEMORY "/memory7/state", O_WRONLY);
	tick = 1;
	assert_int_equal(guard_start(&session, blocks, ARRAY_SIZE(blocks), &guard, &deny_error,
				     &rivals),
			 -EBUSY);
	set_capability(CAP_SYS_ADMIN, true);
}

static void test_says_what_it_cannot_see(void **state)
{
	int deny_error;

	(void)state;
	assert_int_equal(unlink("/proc/1/ns/pid"), 0);
	assert_int_equal(guard_start(&session, blocks, ARRAY_SIZE(blocks), &guard, &deny_error,
				     &rivals),
			 -ENOENT);
	assert_string_equal(guard_get_unseen(guard), "/proc/1/ns/pid");
	assert_null(guard_get_unseen(NULL));
}

/* ---- the guard's process ---- */

static bool is_our_guard(int procfd, const char *pid)
{
	char file[64], line[64];
	int parent = 0;
	FILE *f;

	snprintf(file, sizeof(file), "%.10s/stat", pid);
	f = proc_open_file(procfd, file);
	if (!f)
		return false;
	if (!fgets(line, sizeof(line), f) || sscanf(line, "%*d (daxhp-guard) %*c %d", &parent) != 1)
		parent = 0;
	fclose(f);
	return parent == getpid();
}

/* The pid of the guard, by its name, from the machine's /proc. */
static pid_t find_guard(void)
{
	int fd = openat(real_proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fdopendir(fd);
	struct dirent *de;
	pid_t pid = 0;

	assert_non_null(dir);
	while (pid == 0 && (de = readdir(dir)))
		if (isdigit((unsigned char)de->d_name[0]) && is_our_guard(fd, de->d_name))
			pid = atoi(de->d_name);
	closedir(dir);
	return pid;
}

static void test_its_process(void **state)
{
	sigset_t before = { 0 }, after = { 0 }, child;
	int fds[2], fd;
	pid_t pid;
	char c;

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	pthread_sigmask(SIG_BLOCK, &child, NULL);
	pthread_sigmask(SIG_BLOCK, NULL, &before);
	start_guard();
	pthread_sigmask(SIG_BLOCK, NULL, &after);
	assert_memory_equal(&before, &after, sizeof(before));
	pid = find_guard();
	assert_true(pid > 0);
	/* No signals reach it, from a terminal or from elsewhere. */
	assert_int_equal(getsid(pid), pid);
	kill(pid, SIGTERM);
	kill(pid, SIGTSTP);
	usleep(20000);
	assert_int_equal(guard_check(guard, &rivals), 0);
	/* It has closed the descriptors of its owner. */
	close(fds[1]);
	fd = fds[0];
	assert_int_equal(poll(&(struct pollfd){ .fd = fd }, 1, 1000), 1);
	assert_int_equal(read(fd, &c, 1), 0);
	close(fd);
	stop_guard();
	assert_int_equal(find_guard(), 0);
	assert_int_equal(waitpid(-1, NULL, __WALL), -1);
	/* Its end sends no signal to its owner. */
	sigpending(&after);
	assert_false(sigismember(&after, SIGCHLD));
	pthread_sigmask(SIG_UNBLOCK, &child, NULL);
}

static void signal_guard(int sig)
{
	pid_t pid = find_guard();

	assert_true(pid > 0);
	assert_int_equal(kill(pid, sig), 0);
}

static void test_its_process_is_killed(void **state)
{
	(void)state;
	start_guard();
	signal_guard(SIGKILL);
	assert_int_equal(guard_check(guard, &rivals), -EPIPE);
	assert_int_equal(guard_check(guard, &rivals), -EPIPE);
}

static void test_its_process_is_stopped(void **state)
{
	(void)state;
	start_guard();
	signal_guard(SIGSTOP);
	is_impatient = true;
	assert_int_equal(guard_check(guard, &rivals), -ETIMEDOUT);
}

/* The guard ends with its owner. */
static void test_owner_is_killed(void **state)
{
	pid_t child;
	int status, deny_error;

	(void)state;
	start_guard();
	stop_guard();
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		guard_start(&session, blocks, ARRAY_SIZE(blocks), &guard, &deny_error, &rivals);
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	for (int i = 0; i < 100 && open_by_other("/sys" MEMORY "/memory7/state", 1); i++)
		usleep(10000);
	assert_int_equal(open_by_other("/sys" MEMORY "/memory7/state", 1), 0);
}

/* ---- processes that have the device open ---- */

static int find(struct rivals *found)
{
	struct daxhp_device device = { .ctx = &ctx, .name = "dax0.0" };
	int r;

	*found = (struct rivals){ 0 };
	session.device = &device;
	r = find_holders(&session, found, unseen);
	session.device = NULL;
	return r;
}

static void test_holders(void **state)
{
	struct rivals found;

	(void)state;
	assert_int_equal(find(&found), 0);
	assert_int_equal(found.count, 0);
	/* Another minor number. */
	has_open(1, 1, "/dev/zero", O_RDWR);
	assert_int_equal(find(&found), 0);
	assert_int_equal(found.count, 0);
	has_open(RIVAL, RIVAL, "/dev/null", O_RDONLY);
	assert_int_equal(find(&found), 0);
	assert_int_equal(found.count, 1);
	assert_int_equal(found.list[0].pid, RIVAL);
	assert_int_equal(unlink(task_file(RIVAL, RIVAL, "fd/5")), 0);
	/* The device is mapped, and its descriptor is closed. */
	assert_int_equal(symlink("/dev/null", format("/proc/%d/map_files/1-2", RIVAL)), 0);
	assert_int_equal(find(&found), 0);
	assert_int_equal(found.count, 1);
	assert_int_equal(unlink(format("/proc/%d/map_files/1-2", RIVAL)), 0);
	/* Our own process has it open as well. */
	has_open(getpid(), getpid(), "/dev/null", O_RDONLY);
	assert_int_equal(find(&found), 0);
	assert_int_equal(found.count, 1);
	assert_int_equal(found.list[0].pid, getpid());
}

static void test_holders_cannot_be_seen(void **state)
{
	struct rivals found;

	(void)state;
	assert_int_equal(rmdir(format("/proc/%d/map_files", RIVAL)), 0);
	assert_int_equal(find(&found), 0);
	assert_int_equal(symlink("/", format("/proc/%d/map_files", RIVAL)), 0);
	assert_int_equal(find(&found), -ENOTDIR);
	assert_string_equal(unseen, format("/proc/%d/map_files", RIVAL));
}

/* ---- namespaces for the test ---- */

static bool enter(void)
{
	if (!own_mounts())
		return false;
	real_proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return real_proc >= 0;
}

/* Not allowed in a user namespace. */
static bool may_deny(void)
{
	int fd = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC, O_RDONLY);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

#define TESTS_THAT_DENY 12
#define GUARD_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown_guard)

static int all_tests(void)
{
	static const int calls[] = { SYS_newfstatat, SYS_statx, SYS_fstatfs, SYS_getdents64,
				     SYS_poll };
	const struct CMUnitTest tests[] = {
		GUARD_TEST(test_nobody),
		GUARD_TEST(test_who_has_it_open),
		GUARD_TEST(test_same_number_elsewhere),
		GUARD_TEST(test_waits),
		GUARD_TEST(test_cancelled),
		GUARD_TEST(test_rights),
		GUARD_TEST(test_no_self),
		GUARD_TEST(test_list_is_cut_short),
		GUARD_TEST(test_links_are_not_followed),
		GUARD_TEST(test_not_a_line),
		GUARD_TEST(test_kernel_thread),
		GUARD_TEST(test_file_without_rights),
		GUARD_TEST(test_no_flags),
		GUARD_TEST(test_block_cannot_be_seen),
		GUARD_TEST(test_other_sysfs),
		GUARD_TEST(test_other_root),
		GUARD_TEST(test_stray),
		GUARD_TEST(test_looks_again_after_a_new_sysfs),
		GUARD_TEST(test_few_descriptors),
		GUARD_TEST(test_without_denying),
		GUARD_TEST(test_says_what_it_cannot_see),
		GUARD_TEST(test_holders),
		GUARD_TEST(test_holders_cannot_be_seen),
		/* The tests that deny. There are TESTS_THAT_DENY of them. */
		GUARD_TEST(test_denies),
		GUARD_TEST(test_denies_elsewhere),
		GUARD_TEST(test_cannot_deny),
		GUARD_TEST(test_check_looks_again),
		GUARD_TEST(test_files_of_the_guard),
		GUARD_TEST(test_marks_no_link),
		GUARD_TEST(test_child_has_no_files),
		GUARD_TEST(test_denies_many),
		GUARD_TEST(test_its_process),
		GUARD_TEST(test_its_process_is_killed),
		GUARD_TEST(test_its_process_is_stopped),
		GUARD_TEST(test_owner_is_killed),
	};

	size_t n = ARRAY_SIZE(tests);

	if (!syscalls_answer(calls, ARRAY_SIZE(calls), answer)) {
		puts("1..0 # SKIP this user may not make a mount namespace, or there are no "
		     "seccomp filters");
		return 0;
	}
	if (!may_deny()) {
		fputs("This user may not deny others to open files; root may\n", stderr);
		n -= TESTS_THAT_DENY;
	}
	return _cmocka_run_group_tests("guard", tests, n, NULL, NULL);
}

int main(void)
{
	kernel = kernel_linux;
	kernel.now = fast_now;
	if (!enter()) {
		puts("1..0 # SKIP this user may not make a mount namespace; root may");
		return 0;
	}
	return syscalls_run(all_tests);
}
