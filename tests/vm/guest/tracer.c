// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * strace -e inject counts each kind of system call separately, and in each thread separately. It
 * cannot find "the K-th call of any kind", or "the K-th on a file below /sys". This counts both. A
 * seccomp filter stops the traced process only at calls that count, which is many times faster.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tracer.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define NO_ARG (-1)

/* The calls on files, with the positions of descriptor and path; and the call that pauses. */
static const struct call {
	long number;
	const char *name;
	int fd_arg, path_arg;
} calls[] = {
	{ SYS_openat, "openat", 0, 1 },
	{ SYS_open, "open", NO_ARG, 0 },
	{ SYS_read, "read", 0, NO_ARG },
	{ SYS_pread64, "pread64", 0, NO_ARG },
	{ SYS_write, "write", 0, NO_ARG },
	{ SYS_pwrite64, "pwrite64", 0, NO_ARG },
	{ SYS_readlinkat, "readlinkat", 0, 1 },
	{ SYS_readlink, "readlink", NO_ARG, 0 },
	{ SYS_getdents64, "getdents64", 0, NO_ARG },
	{ SYS_newfstatat, "newfstatat", 0, 1 },
	{ SYS_statx, "statx", 0, 1 },
	{ SYS_fanotify_init, "fanotify_init", NO_ARG, NO_ARG },
	{ SYS_fanotify_mark, "fanotify_mark", 3, 4 },
	{ SYS_clock_nanosleep, "clock_nanosleep", NO_ARG, NO_ARG },
};

static bool install_filter(bool everything)
{
	struct sock_filter code[ARRAY_SIZE(calls) + 4];
	struct sock_fprog prog = { .filter = code };
	size_t n = 0;

	if (!everything) {
		code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
							 offsetof(struct seccomp_data, nr));
		for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
			code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
								 calls[i].number,
								 ARRAY_SIZE(calls) - i, 0);
		code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	}
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE);
	prog.len = n;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) == 0;
}

static void redirect(const char *file, int to)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd >= 0) {
		dup2(fd, to);
		close(fd);
	}
}

/* ---- which call, on what ---- */

/* The next page may not be readable. So do not read past the end of this page. */
static void read_string(pid_t pid, unsigned long address, char *ret_text, size_t size)
{
	size_t n = 0;

	while (n + 1 < size) {
		size_t in_page = 4096 - (address + n) % 4096;
		size_t most = size - 1 - n < in_page ? size - 1 - n : in_page;
		struct iovec to = { ret_text + n, most }, from = { (void *)(address + n), most };

		if (process_vm_readv(pid, &to, 1, &from, 1, 0) != (ssize_t)most)
			break;
		n += most;
		if (memchr(to.iov_base, '\0', most))
			break;
	}
	ret_text[n] = '\0';
}

static void read_fd_path(pid_t pid, int fd, char *ret_path, size_t size)
{
	char link[64];
	ssize_t len;

	if (fd == AT_FDCWD)
		snprintf(link, sizeof(link), "/proc/%d/cwd", (int)pid);
	else
		snprintf(link, sizeof(link), "/proc/%d/fd/%d", (int)pid, fd);
	len = readlink(link, ret_path, size - 1);
	ret_path[len < 0 ? 0 : len] = '\0';
}

static bool is_below(const char *file, const char *dir)
{
	size_t len = strlen(dir);

	return strncmp(file, dir, len) == 0 && (file[len] == '/' || !file[len]);
}

/* @ret_text: the call's name and its file. True when the file is below @dir. */
static bool describe_call(pid_t pid, const struct user_regs_struct *regs, const char *dir,
			  char *ret_text, size_t size)
{
	const unsigned long args[] = { regs->rdi, regs->rsi, regs->rdx,
				       regs->r10, regs->r8,  regs->r9 };
	const struct call *call = NULL;
	char start[128] = "", path[128] = "", file[260];
	bool is_absolute;

	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		if (calls[i].number == (long)regs->orig_rax)
			call = &calls[i];
	if (!call) {
		snprintf(ret_text, size, "system call %ld", (long)regs->orig_rax);
		return false;
	}
	if (call->path_arg != NO_ARG)
		read_string(pid, args[call->path_arg], path, sizeof(path));
	is_absolute = path[0] == '/';
	if (call->fd_arg != NO_ARG && !is_absolute)
		read_fd_path(pid, (int)args[call->fd_arg], start, sizeof(start));
	snprintf(file, sizeof(file), "%s%s%s", start, *start && *path ? "/" : "", path);
	snprintf(ret_text, size, "%s %s", call->name, file);
	/* fanotify_init has no path, but its files are those below /sys. */
	return is_below(call->number == SYS_fanotify_init ? "/sys" : file, dir);
}

static void at_call(pid_t pid, struct fault *fault)
{
	struct user_regs_struct regs;
	char text[sizeof(fault->call)];
	bool is_kill = !fault->errnum, counts;

	/* For a kill, every call counts. To look at each would take longer than the run. */
	if (is_kill && ++fault->seen != fault->at)
		return;
	if (ptrace(PTRACE_GETREGS, pid, 0, &regs) < 0)
		return;
	fault->has_paused |= regs.orig_rax == SYS_clock_nanosleep;
	if (fault->until_pause && fault->has_paused)
		return;
	counts = describe_call(pid, &regs, fault->below, text, sizeof(text));
	if (!is_kill && (!counts || ++fault->seen != fault->at))
		return;
	fault->fired = true;
	strcpy(fault->call, text);
	if (is_kill)
		return;
	regs.orig_rax = -1;
	regs.rax = -fault->errnum;
	ptrace(PTRACE_SETREGS, pid, 0, &regs);
}

/* ---- run ---- */

static volatile sig_atomic_t is_late;

static void on_alarm(int sig)
{
	(void)sig;
	is_late = 1;
}

static void set_alarm(unsigned int seconds)
{
	struct sigaction action = { .sa_handler = on_alarm }; /* no SA_RESTART */

	is_late = 0;
	sigaction(SIGALRM, &action, NULL);
	alarm(seconds);
}

static pid_t start(char *const argv[], const char *out, const char *err, const int *go,
		   bool everything)
{
	pid_t pid = fork();
	char c;

	if (pid)
		return pid;
	redirect(out, STDOUT_FILENO);
	redirect(err, STDERR_FILENO);
	/* Wait for the tracer first: without a tracer the filter refuses every call. */
	if (go) {
		close(go[1]);
		if (read(go[0], &c, 1) != 1 || !install_filter(everything))
			_exit(126);
	}
	execvp(argv[0], argv);
	_exit(127);
}

/* Continues a thread that has stopped, unless this is the call at which the process is killed. */
static void go_on(pid_t pid, pid_t leader, int status, struct fault *fault)
{
	int event = status >> 16, sig = WSTOPSIG(status);

	if (event == PTRACE_EVENT_SECCOMP) {
		bool was_fired = fault->fired;

		at_call(pid, fault);
		if (fault->fired && !was_fired && !fault->errnum) {
			kill(leader, SIGKILL);
			if (pid == leader)
				return;
		}
	}
	ptrace(PTRACE_CONT, pid, 0, event ? 0 : sig);
}

static void give_up(pid_t leader)
{
	fprintf(stderr, "cannot trace: %s\n", strerror(errno));
	if (leader > 0)
		kill(leader, SIGKILL);
	exit(1);
}

int tracer_run(char *const argv[], const char *out, const char *err, unsigned int seconds,
	       struct fault *fault)
{
	const long options = PTRACE_O_TRACESECCOMP | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK |
			     PTRACE_O_TRACEVFORK | PTRACE_O_EXITKILL;
	int go[2], status, result = -1;
	bool is_hung = false;
	pid_t leader, pid;

	fault->seen = 0;
	fault->fired = fault->has_paused = false;
	if (pipe2(go, O_CLOEXEC) < 0)
		give_up(-1);
	leader = start(argv, out, err, go, !fault->errnum);
	/* Without tracing, the process would run undisturbed, and pass. */
	if (leader < 0 || ptrace(PTRACE_SEIZE, leader, 0, options) < 0 || write(go[1], "x", 1) != 1)
		give_up(leader);
	close(go[0]);
	close(go[1]);
	set_alarm(seconds);
	/*
	 * To the end of all of them, and not only of the first. A child that is left stopped at a call
	 * would keep what it has of its parent: the lock on the device.
	 */
	while ((pid = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR) {
		if (pid < 0 && is_late) {
			if (is_hung)
				break;
			is_hung = true;
			kill(leader, SIGKILL);
			set_alarm(seconds);
		} else if (pid > 0 && WIFSTOPPED(status)) {
			go_on(pid, leader, status, fault);
		} else if (pid == leader) {
			result = status;
		}
	}
	alarm(0);
	return is_hung ? -1 : result;
}

int plain_run(char *const argv[], const char *out, const char *err, unsigned int seconds,
	      void (*act)(pid_t pid, void *data), void *data)
{
	pid_t pid = start(argv, out, err, NULL, false);
	int status;

	if (pid < 0)
		return -1;
	if (act)
		act(pid, data);
	set_alarm(seconds);
	while (waitpid(pid, &status, 0) < 0) {
		if (!is_late)
			continue;
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		status = -1;
		break;
	}
	alarm(0);
	return status;
}
