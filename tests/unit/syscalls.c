// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <semaphore.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/uio.h>

#include "syscalls.h"

#define CALLS_MAX 16

bool can_answer;

static int64_t (*answer_fn)(const struct call *call);
static int listener = -1;
static pid_t caller;	   /* the thread that is filtered */
static sem_t has_listener; /* also posted if there can be none */

/* The kernel's structures may be longer than those that this was built with. */
union request {
	struct seccomp_notif notif;
	char room[512];
};
union response {
	struct seccomp_notif_resp resp;
	char room[512];
};

/* ---- for the test ---- */

int call_copy_fd(const struct call *call, size_t arg)
{
	int fd = (int)call->args[arg], pidfd, copy;

	if (fd == AT_FDCWD)
		return fd;
	if (call->is_own)
		return fcntl(fd, F_DUPFD_CLOEXEC, 3);
	pidfd = syscall(SYS_pidfd_open, call->pid, 0);
	copy = syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	close(pidfd);
	return copy;
}

void call_read(const struct call *call, size_t arg, void *ret_data, size_t size)
{
	struct iovec here = { ret_data, size },
		     there = { (void *)(uintptr_t)call->args[arg], size };

	memset(ret_data, 0, size);
	process_vm_readv(call->pid, &here, 1, &there, 1, 0);
}

void call_write(const struct call *call, size_t arg, const void *data, size_t size)
{
	struct iovec here = { (void *)(uintptr_t)data, size };
	struct iovec there = { (void *)(uintptr_t)call->args[arg], size };

	process_vm_writev(call->pid, &here, 1, &there, 1, 0);
}

const char *call_string(const struct call *call, size_t arg)
{
	static char text[256];

	memset(text, 0, sizeof(text));
	/* Byte by byte: the memory behind the string may not be there. */
	for (size_t i = 0; i + 1 < sizeof(text); i++) {
		struct iovec here = { text + i, 1 };
		struct iovec there = { (void *)(uintptr_t)(call->args[arg] + i), 1 };

		if (process_vm_readv(call->pid, &here, 1, &there, 1, 0) != 1 || !text[i])
			break;
	}
	return text;
}

/* ---- the thread that answers ---- */

static void answer(const struct seccomp_notif *notif)
{
	union response response = { .resp = { .id = notif->id } };
	struct call call = { .pid = notif->pid, .number = notif->data.nr };
	int64_t r;

	for (size_t i = 0; i < ARRAY_SIZE(call.args); i++)
		call.args[i] = notif->data.args[i];
	call.is_own = call.pid == caller;
	r = answer_fn(&call);
	if (r == CALL_PASS)
		response.resp.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	else if (r < 0)
		response.resp.error = (int)r;
	else
		response.resp.val = r;
	/* An error means that the caller has gone, or that a signal has ended its call. */
	ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

static void *run(void *data)
{
	(void)data;
	sem_wait(&has_listener);
	for (;;) {
		union request request = { 0 };

		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request) == 0)
			answer(&request.notif);
		else if (errno != EINTR && errno != ENOENT)
			return NULL;
	}
}

static int set_filter(const int *numbers, size_t count)
{
	struct sock_filter filter[2 * CALLS_MAX + 2] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	};
	struct sock_fprog program = { .filter = filter, .len = 1 };

	assert_true(count <= CALLS_MAX);
	for (size_t i = 0; i < count; i++) {
		filter[program.len++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
								     numbers[i], 0, 1);
		filter[program.len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
								     SECCOMP_RET_USER_NOTIF);
	}
	filter[program.len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
		       &program);
}

bool syscalls_answer(const int *numbers, size_t count, int64_t (*fn)(const struct call *call))
{
	pthread_t thread;

	answer_fn = fn;
	caller = gettid();
	/* Start the thread first: a thread that is started later has the filter, too. */
	if (sem_init(&has_listener, 0, 0) < 0 || thread_start(&thread, run, NULL) < 0)
		return false;
	pthread_detach(thread);
	listener = set_filter(numbers, count);
	sem_post(&has_listener);
	can_answer = listener >= 0;
	return can_answer;
}

static void *run_filtered(void *data)
{
	return (void *)(intptr_t)((int (*)(void))data)();
}

int syscalls_run(int (*tests)(void))
{
	pthread_t thread;
	void *failed;

	if (pthread_create(&thread, NULL, run_filtered, (void *)tests) != 0 ||
	    pthread_join(thread, &failed) != 0)
		return 1;
	return (int)(intptr_t)failed;
}
