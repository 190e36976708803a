// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The door to /proc: the processes, and their open files.
 *
 * A search for the users of a file must tell "no user" from "no user that can be seen". So only
 * ENOENT and ESRCH count as nothing: the process or the file went away meanwhile. Every other error
 * ends the search, and names the file.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include <linux/capability.h>

#include "internal.h"

/* The inode number of the first PID namespace, fixed in the kernel: PROC_PID_INIT_INO. */
#define FIRST_PID_NAMESPACE 0xEFFFFFFCU

bool proc_is_gone(int r)
{
	return r == -ENOENT || r == -ESRCH;
}

/* ---- one file ---- */

DIR *proc_open_dir_at(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir && fd >= 0)
		close(fd);
	return dir;
}

int proc_open_numbers(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	return fd < 0 ? -errno : fd;
}

FILE *proc_open_file(int dirfd, const char *name)
{
	int fd = proc_open_numbers(dirfd, name);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "re");

	if (!f && fd >= 0)
		close(fd);
	return f;
}

int proc_read_comm(pid_t pid, char *ret_comm, size_t size)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	return sysfs_read_word(AT_FDCWD, path, ret_comm, size);
}

int proc_read_fd_flags(int dirfd, const char *name, unsigned int *ret_flags)
{
	FILE *f = proc_open_file(dirfd, name);
	char line[128];
	int r = -ENODATA;

	if (!f)
		return -errno;
	errno = 0;
	while (r < 0 && fgets(line, sizeof(line), f))
		if (sscanf(line, "flags: %o", ret_flags) == 1)
			r = 0;
	if (r < 0 && errno)
		r = -errno;
	fclose(f);
	return r;
}

/* A line is "1: FLOCK  ADVISORY  WRITE 123 00:16:4711 0 EOF"; with "->" behind the number, it waits. */
static bool is_flock_on(const char *line, const struct stat *st, int *ret_pid)
{
	unsigned int dev_major, dev_minor;
	unsigned long long inode;

	return sscanf(line, "%*d: FLOCK %*s %*s %d %x:%x:%llu", ret_pid, &dev_major, &dev_minor,
		      &inode) == 4 &&
	       inode == st->st_ino && dev_major == major(st->st_dev) &&
	       dev_minor == minor(st->st_dev);
}

int proc_find_flock(int dirfd, const char *name, int *ret_pid)
{
	struct stat st;
	char line[128];
	int r = 0, pid;
	FILE *f;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	f = proc_open_file(AT_FDCWD, "/proc/locks");
	if (!f)
		return -errno;
	while (r == 0 && fgets(line, sizeof(line), f))
		r = is_flock_on(line, &st, &pid);
	fclose(f);
	if (r > 0)
		*ret_pid = pid;
	return r;
}

int proc_read_available(uint64_t *ret_bytes)
{
	FILE *f = proc_open_file(AT_FDCWD, "/proc/meminfo");
	unsigned long long kib = 0;
	char line[128];
	int r = -ENODATA;

	if (!f)
		return -errno;
	while (r < 0 && fgets(line, sizeof(line), f))
		if (sscanf(line, "MemAvailable: %llu kB", &kib) == 1)
			r = 0;
	fclose(f);
	if (r == 0)
		*ret_bytes = (uint64_t)kib * 1024;
	return r;
}

int proc_read_own_nodes(char *ret_nodes, size_t size)
{
	FILE *f = proc_open_file(AT_FDCWD, "/proc/self/status");
	char line[512], nodes[256];
	int r = -ENODATA;

	if (!f)
		return -errno;
	while (r < 0 && fgets(line, sizeof(line), f))
		if (sscanf(line, "Mems_allowed_list: %255[0-9,-]", nodes) == 1)
			r = strlen(nodes) < size ? 0 : -EFBIG;
	fclose(f);
	if (r == 0)
		strcpy(ret_nodes, nodes);
	return r;
}

/* A FUSE file system can be visible to its owner only, and not even to root. */
static bool is_private_to_owner(int dirfd, const char *name)
{
	_cleanup_close_ int fd = openat(dirfd, name, O_PATH | O_CLOEXEC);
	struct statfs fs;

	return fd >= 0 && fstatfs(fd, &fs) == 0 && fs.f_type == FUSE_SUPER_MAGIC;
}

int proc_stat_file(int dirfd, const char *name, unsigned int mask, struct statx *ret_stx)
{
	/* Cached values are enough, and a call to a dead file server would not return. */
	if (statx(dirfd, name, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, mask, ret_stx) == 0)
		return 1;
	if (proc_is_gone(-errno))
		return 0;
	if (errno == EACCES && is_private_to_owner(dirfd, name))
		return 0;
	return -errno;
}

/* ---- does this /proc show everything? ---- */

bool proc_has_capability(unsigned int capability)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	return syscall(SYS_capget, &header, data) == 0 &&
	       data[CAP_TO_INDEX(capability)].effective & CAP_TO_MASK(capability);
}

/*
 * The /proc of a PID namespace shows only the processes in that namespace. Without CAP_SYS_PTRACE,
 * /proc hides the processes of other users (hidepid), or their open files. A process in a user
 * namespace can have the capability, but not for the first process of the machine.
 */
static int check_sees_all(struct proc_walk *walk)
{
	struct stat st;

	strcpy(walk->unseen, "/proc/1/ns/pid");
	if (!proc_has_capability(CAP_SYS_PTRACE))
		return -EPERM;
	/* There is always a process 1. */
	if (stat(walk->unseen, &st) < 0)
		return -errno;
	return st.st_ino == FIRST_PID_NAMESPACE ? 0 : -EXDEV;
}

/* ---- all processes ---- */

/* The place of the walk, from the outside in. */
struct place {
	struct proc_walk *walk;
	pid_t self; /* this process's number in this /proc */
	bool has_own_numbers;
	pid_t with_files, with_fs; /* the last thread whose files and root were looked at */
};

static int fail_at(struct proc_walk *walk, int r, const char *a, const char *b)
{
	if (proc_is_gone(r))
		return 0;
	snprintf(walk->unseen, sizeof(walk->unseen), "/proc/%.40s%s%.20s", a, *b ? "/" : "", b);
	return r;
}

/* Most threads share their files and their root with the rest of their process. */
static bool shares(const struct place *p, int what, pid_t with, pid_t tid)
{
	return p->has_own_numbers && with && syscall(SYS_kcmp, with, tid, what, 0, 0) == 0;
}

/* 1: a name; 0: no more; negative: it could not be read. */
static int next_entry(DIR *dir, const char **ret_name)
{
	struct dirent *de;

	do {
		errno = 0;
		de = readdir(dir);
	} while (de && de->d_name[0] == '.');
	if (!de)
		return -errno;
	*ret_name = de->d_name;
	return 1;
}

/* @what: "fd", or "map_files". */
static int walk_files(struct place *p, const struct proc_task *task, const char *what)
{
	_cleanup_closedir_ DIR *dir = proc_open_dir_at(task->dirfd, what);
	const char *name = NULL;
	int r;

	if (!dir)
		return fail_at(p->walk, -errno, task->name, what);
	while ((r = next_entry(dir, &name)) > 0) {
		if (session_is_cancelled(p->walk->session))
			return -EINTR;
		r = p->walk->see_file(p->walk, task, dirfd(dir), name);
		if (r > 0)
			return r;
		r = fail_at(p->walk, r, task->name, what);
		if (r < 0)
			return r;
	}
	return fail_at(p->walk, r, task->name, what);
}

static int walk_task(struct place *p, struct proc_task *task, pid_t tid)
{
	bool has_fs = p->walk->see_fs && !shares(p, KCMP_FS, p->with_fs, tid);
	bool has_files = p->walk->see_file && !shares(p, KCMP_FILES, p->with_files, tid);
	int r = 0;

	if (has_fs) {
		r = fail_at(p->walk, p->walk->see_fs(p->walk, task), task->name, "");
		p->with_fs = tid;
	}
	if (r == 0 && has_files) {
		r = walk_files(p, task, "fd");
		p->with_files = tid;
	}
	return r;
}

static int walk_tasks(struct place *p, int procfd, const char *pid)
{
	_cleanup_closedir_ DIR *dir = NULL;
	char path[32];
	const char *tid = NULL;
	int r;

	snprintf(path, sizeof(path), "%.10s/task", pid);
	dir = proc_open_dir_at(procfd, path);
	if (!dir)
		return fail_at(p->walk, -errno, pid, "task");
	p->with_files = p->with_fs = 0;
	while ((r = next_entry(dir, &tid)) > 0) {
		_cleanup_close_ int fd = openat(dirfd(dir), tid, O_PATH | O_DIRECTORY | O_CLOEXEC);
		struct proc_task task = { .pid = atoi(pid), .dirfd = fd };

		snprintf(task.name, sizeof(task.name), "%.10s/task/%.10s", pid, tid);
		r = fd < 0 ? fail_at(p->walk, -errno, task.name, "")
			   : walk_task(p, &task, atoi(tid));
		if (r != 0)
			return r;
	}
	return fail_at(p->walk, r, pid, "task");
}

static int walk_maps(struct place *p, int procfd, const char *pid)
{
	_cleanup_close_ int fd = openat(procfd, pid, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct proc_task task = { .pid = atoi(pid), .dirfd = fd };

	snprintf(task.name, sizeof(task.name), "%.10s", pid);
	return fd < 0 ? fail_at(p->walk, -errno, pid, "") : walk_files(p, &task, "map_files");
}

/*
 * A kernel thread has no files and maps none, and no program acts through it. There are some ten
 * of them for each processor.
 */
static int walk_process(struct place *p, int procfd, const char *pid)
{
	int r = task_is_kernel_thread(procfd, pid);

	if (r != 0)
		return r > 0 ? 0 : fail_at(p->walk, r, pid, "stat");
	r = walk_tasks(p, procfd, pid);
	if (r == 0 && p->walk->sees_maps)
		r = walk_maps(p, procfd, pid);
	return r;
}

static int read_self(int procfd, pid_t *ret_pid)
{
	char name[16];
	int r = sysfs_read_link_name(procfd, "self", name, sizeof(name));

	if (r == 0)
		*ret_pid = atoi(name);
	return r;
}

int proc_walk(struct proc_walk *walk)
{
	_cleanup_closedir_ DIR *dir = NULL;
	struct place p = { .walk = walk };
	const char *pid = NULL;
	int r = check_sees_all(walk);

	if (r < 0)
		return r;
	strcpy(walk->unseen, "/proc");
	dir = proc_open_dir_at(AT_FDCWD, "/proc");
	r = dir ? read_self(dirfd(dir), &p.self) : -errno;
	if (r < 0)
		return r;
	p.has_own_numbers = p.self == getpid();
	while ((r = next_entry(dir, &pid)) > 0) {
		if (!isdigit((unsigned char)pid[0]) || (atoi(pid) == p.self && !walk->sees_self))
			continue;
		if (session_is_cancelled(walk->session))
			return -EINTR;
		r = walk_process(&p, dirfd(dir), pid);
		if (r != 0)
			return r;
	}
	return r;
}
