// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The guard's own process, the keeper. It has the fanotify group: every open of a marked file by
 * another process waits for the keeper's answer, and is denied.
 *
 * A thread could not do this. When Ctrl-Z or SIGSTOP stops the process, its threads stop, too, and
 * every program that opens such a file would hang. The keeper has a session of its own, so that no
 * terminal's signal reaches it, and it blocks all signals. It ends when its owner ends, for
 * whatever reason. Then the kernel closes the group, and lets all opens through.
 *
 * The child of a process with threads may only call functions that are safe in a signal handler. So
 * the keeper makes system calls, and allocates nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "internal.h"

/* How long an answer of the child may take. The child has nothing else to do. */
#define ANSWER_MS 10000
/* After so many marks the child answers the opens that wait. */
#define MARKS_AT_ONCE 64
#define NAME "daxhp-guard"

/* The memory that owner and child share. */
struct board {
	struct rivals rivals;
	pid_t owner;
	int fanotify_fd; /* the child's, while it can answer */
	size_t n_ids;
	uint64_t ids[]; /* the numbers of the memory blocks */
};

const char *const guarded_files[GUARDED_FILES] = { "state", "online" };

struct keeper {
	pid_t pid;
	int socket;
	struct board *board;
	size_t board_size;
};

/* ---- the child ---- */

/*
 * Note the rival before the answer, while it waits: a short program may have ended a moment later,
 * and then its name is gone. Reading the name waits for no process.
 */
static void answer(struct board *board, const struct fanotify_event_metadata *event)
{
	bool is_own = event->pid == board->owner;
	struct fanotify_response response = {
		.fd = event->fd,
		.response = is_own ? FAN_ALLOW : FAN_DENY,
	};

	if (event->fd < 0)
		return;
	if (!is_own)
		rivals_note(&board->rivals, event->pid, 1);
	if (write(board->fanotify_fd, &response, sizeof(response)) < 0) {
		/* The rival does not wait any more. */
	}
	close(event->fd);
}

static void answer_all(struct board *board)
{
	struct fanotify_event_metadata buf[128], *event = buf;
	ssize_t len = read(board->fanotify_fd, buf, sizeof(buf));

	for (; len > 0 && FAN_EVENT_OK(event, len); event = FAN_EVENT_NEXT(event, len))
		answer(board, event);
}

/* @dirfd: the memory blocks' directory in one sysfs. Blocks that are not there have no files. */
static int mark_all(struct board *board, int dirfd)
{
	size_t n = 0;

	for (size_t i = 0; i < board->n_ids; i++) {
		for (size_t k = 0; k < GUARDED_FILES; k++) {
			char file[WORD_MAX];

			memblock_file(file, board->ids[i], guarded_files[k]);
			if (fanotify_mark(board->fanotify_fd, FAN_MARK_ADD | FAN_MARK_DONT_FOLLOW,
					  FAN_OPEN_PERM, dirfd, file) < 0 &&
			    errno != ENOENT)
				return -errno;
		}
		if (++n % MARKS_AT_ONCE == 0)
			answer_all(board);
	}
	return 0;
}

/*
 * A request is one byte, with the descriptor of a directory. Without a descriptor, the owner asks
 * only whether the child is alive.
 */
static int receive(int socket, int *ret_dirfd)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} control;
	char byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buf,
		.msg_controllen = sizeof(control.buf),
	};
	ssize_t n = recvmsg(socket, &msg, MSG_CMSG_CLOEXEC);
	struct cmsghdr *head = n > 0 ? CMSG_FIRSTHDR(&msg) : NULL;

	*ret_dirfd = -1;
	if (head && head->cmsg_type == SCM_RIGHTS)
		memcpy(ret_dirfd, CMSG_DATA(head), sizeof(int));
	return n < 0 ? -errno : (int)n;
}

static void serve(struct board *board, int socket)
{
	int dirfd, r = receive(socket, &dirfd);

	if (r <= 0)
		_exit(0);
	r = dirfd < 0 ? 0 : mark_all(board, dirfd);
	if (dirfd >= 0)
		close(dirfd);
	if (send(socket, &r, sizeof(r), MSG_NOSIGNAL) < 0)
		_exit(0);
}

static int open_group(struct board *board)
{
	board->fanotify_fd = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC | FAN_NONBLOCK |
						   FAN_UNLIMITED_QUEUE | FAN_UNLIMITED_MARKS,
					   O_RDONLY | O_CLOEXEC);
	return board->fanotify_fd < 0 ? -errno : 0;
}

/*
 * Close the copies of the owner's files: locks, pipes, the owner's end of the socket. This comes
 * first: as long as the child has the locks, no other process gets them, even if the owner is dead.
 */
static int keep_only(int *fd)
{
	if (*fd != 0 && dup2(*fd, 0) < 0)
		return -errno;
	*fd = 0;
	return syscall(SYS_close_range, 1, ~0U, 0) < 0 ? -errno : 0;
}

static _Noreturn void run(struct board *board, int socket)
{
	struct pollfd fds[2] = { { .events = POLLIN }, { .events = POLLIN } };
	int r = keep_only(&socket);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, NAME);
	setsid();
	if (r == 0)
		r = open_group(board);
	if (send(socket, &r, sizeof(r), MSG_NOSIGNAL) < 0 || r < 0)
		_exit(0);
	fds[0].fd = board->fanotify_fd;
	fds[1].fd = socket;
	/* The owner is the parent until it ends. */
	while (getppid() == board->owner) {
		if (poll(fds, ARRAY_SIZE(fds), -1) < 0)
			_exit(0);
		if (fds[0].revents)
			answer_all(board);
		if (fds[1].revents)
			serve(board, socket);
	}
	_exit(0);
}

/* ---- the owner ---- */

/* The child sends no signal when it ends: the owner's program would not expect a SIGCHLD. */
static pid_t start_child(struct board *board, int socket)
{
	sigset_t all, before;
	pid_t pid;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	pid = syscall(SYS_clone, 0, NULL, NULL, NULL, 0);
	if (pid == 0)
		run(board, socket);
	if (pid < 0)
		pid = -errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return pid;
}

/* The child's answer: 0, or a negative errno. -ETIMEDOUT: the child has been stopped. */
static int wait_for_answer(const struct keeper *k)
{
	struct pollfd fd = { .fd = k->socket, .events = POLLIN };
	double end = clock_now() + ANSWER_MS / 1000.0;
	int r, answer;

	do
		r = poll(&fd, 1, ANSWER_MS);
	while (r < 0 && errno == EINTR && clock_now() < end);
	if (r <= 0)
		return -ETIMEDOUT;
	if (recv(k->socket, &answer, sizeof(answer), MSG_DONTWAIT) != sizeof(answer))
		return -EPIPE;
	return answer;
}

int keeper_mark(struct keeper *k, int dirfd)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	char byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (dirfd >= 0) {
		msg.msg_control = control.buf;
		msg.msg_controllen = sizeof(control.buf);
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.align), &dirfd, sizeof(int));
	}
	if (sendmsg(k->socket, &msg, MSG_NOSIGNAL) < 0)
		return errno == ECONNRESET ? -EPIPE : -errno;
	return wait_for_answer(k);
}

static int make_board(struct keeper *k, const struct memblock *blocks, size_t n_blocks)
{
	k->board_size = sizeof(*k->board) + n_blocks * sizeof(k->board->ids[0]);
	k->board = mmap(NULL, k->board_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
			0);
	if (k->board == MAP_FAILED) {
		k->board = NULL;
		return -errno;
	}
	k->board->owner = getpid();
	for (size_t i = 0; i < n_blocks; i++)
		if (blocks[i].state != MEMBLOCK_MISSING)
			k->board->ids[k->board->n_ids++] = blocks[i].id;
	return 0;
}

int keeper_start(const struct memblock *blocks, size_t n_blocks, struct keeper **ret_keeper)
{
	struct keeper *k = calloc(1, sizeof(*k));
	int sockets[2] = { -1, -1 }, r;

	if (!k)
		return -ENOMEM;
	k->socket = -1;
	r = make_board(k, blocks, n_blocks);
	if (r == 0 && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
		r = -errno;
	if (r == 0) {
		k->socket = sockets[0];
		k->pid = start_child(k->board, sockets[1]);
		r = k->pid < 0 ? k->pid : 0;
		close(sockets[1]);
	}
	if (r == 0)
		r = wait_for_answer(k);
	if (r < 0) {
		keeper_stop(k, NULL);
		return r;
	}
	*ret_keeper = k;
	return 0;
}

void keeper_stop(struct keeper *k, struct rivals *rivals)
{
	if (!k)
		return;
	if (k->pid > 0) {
		kill(k->pid, SIGKILL);
		while (waitpid(k->pid, NULL, __WALL) < 0 && errno == EINTR)
			;
	}
	if (k->socket >= 0)
		close(k->socket);
	if (k->board && rivals)
		rivals_join(rivals, &k->board->rivals);
	if (k->board)
		munmap(k->board, k->board_size);
	free(k);
}
