// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Locks and journal entries in the test's own /run, with the test's own /sys. To make something
 * fail, the test answers system calls.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#include "namespace.h"
#include "syscalls.h"

#define DIR_RUN "/run/daxhp"
#define POLICY "/sys/devices/system/memory/auto_online_blocks"
#define AUTOPROBE "/sys/bus/dax/drivers_autoprobe"
#define DEVICE "/sys/bus/dax/devices/dax0.0"
#define BOOT_LENGTH 36

static struct daxhp_ctx ctx;
static struct daxhp_request request;
static struct daxhp_session session = { .ctx = &ctx, .request = &request };
static char boot[64];

/* ---- system calls that the test answers ---- */

static uid_t other_uid;
static bool has_debugfs;
static int lowest_fd;	/* that was synced */
static char order[128]; /* the order in which files were synced and renamed */
static void (*before_flock)(void);
static void (*before_close)(void);
static bool keeps_hook; /* call before_close each time, and not only once */

static void note_order(const char *what)
{
	strncat(order, what, sizeof(order) - strlen(order) - 1);
}

static int64_t note_sync(const struct call *call)
{
	int fd = call_copy_fd(call, 0);
	bool is_dir;
	struct stat st;

	is_dir = fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
	close(fd);
	if (!is_dir && (int)call->args[0] < lowest_fd)
		lowest_fd = (int)call->args[0];
	note_order(is_dir ? "sync folder; " : "sync file; ");
	return CALL_PASS;
}

static int64_t note_rename(const struct call *call)
{
	note_order(call_string(call, 1));
	note_order(" to ");
	note_order(call_string(call, 3));
	note_order("; ");
	return CALL_PASS;
}

static int64_t call_hook(const struct call *call, void (**hook)(void), bool keeps)
{
	void (*fn)(void) = *hook;

	if (!fn || !call->is_own)
		return CALL_PASS;
	if (!keeps)
		*hook = NULL;
	fn();
	return CALL_PASS;
}

/* All tests on the machine share its debugfs. So a directory stands for it. */
static int64_t answer_fstatfs(const struct call *call)
{
	struct statfs fs = { .f_type = DEBUGFS_MAGIC };

	call_hook(call, &before_close, keeps_hook);
	if (!has_debugfs)
		return CALL_PASS;
	call_write(call, 1, &fs, sizeof(fs));
	return 0;
}

static int64_t answer(const struct call *call)
{
	switch (call->number) {
	case SYS_geteuid:
		return other_uid ? other_uid : CALL_PASS;
	case SYS_fsync:
		return note_sync(call);
	case SYS_renameat:
		return note_rename(call);
	case SYS_flock:
		return call_hook(call, &before_flock, false);
	case SYS_close:
		return call_hook(call, &before_close, keeps_hook);
	case SYS_fstatfs:
		return answer_fstatfs(call);
	default:
		/* fsopen() would lead to the machine's debugfs. */
		return -EPERM;
	}
}

/* ---- files ---- */

static const char *get(const char *path)
{
	static char text[256];
	FILE *f = fopen(path, "re");
	size_t n;

	if (!f)
		return NULL;
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	fclose(f);
	return text;
}

/* Compares the beginning only: the code does not truncate a file before it writes, as in /sys. */
static bool begins(const char *path, const char *word)
{
	return strncmp(get(path), word, strlen(word)) == 0;
}

static bool is_there(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static void new_run(void)
{
	assert_int_equal(mount("none", "/run", "tmpfs", 0, "mode=755"), 0);
}

static int setup(void **state)
{
	(void)state;
	ctx = (struct daxhp_ctx){ .kernel = &kernel_linux };
	request = (struct daxhp_request){ 0 };
	recovery_clear(&session.recovery);
	other_uid = 0;
	has_debugfs = true;
	lowest_fd = INT_MAX;
	before_flock = NULL;
	before_close = NULL;
	keeps_hook = false;
	order[0] = '\0';
	new_run();
	put(POLICY, "offline\n");
	put(AUTOPROBE, "1\n");
	return 0;
}

static pid_t idler;	   /* that runs */
static struct lock policy; /* that is held */

/* Starts a child that only waits; returns its pid. */
static pid_t start_idler(void (*first)(void))
{
	int fds[2];
	pid_t pid;
	char c;

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (first)
			first();
		if (write(fds[1], "", 1) == 1)
			for (;;)
				pause();
		_exit(1);
	}
	close(fds[1]);
	idler = pid;
	assert_int_equal(read(fds[0], &c, 1), 1);
	close(fds[0]);
	return pid;
}

static void end(pid_t pid)
{
	if (pid == idler)
		idler = 0;
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static struct daxhp_device device = { .ctx = &ctx, .name = "dax0.0" };

static int lock_device(int *ret_holder)
{
	session.device = &device;
	return lock_take(&session, "dax0.0", 0, &session.lock, ret_holder);
}

static int lock_policy(struct lock *lock)
{
	int holder;

	return lock_take(&session, POLICY_LOCK, 0, lock, &holder);
}

/* A child that a failed test has left would still have its lock in the next test. */
static int teardown(void **state)
{
	(void)state;
	lock_drop(&session.lock);
	lock_drop(&policy);
	recovery_clear(&session.recovery);
	if (idler)
		end(idler);
	return umount2("/run", MNT_DETACH);
}

/* ---- the folder ---- */

static int open_and_close(bool create)
{
	int fd = run_dir_open(create);

	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

static void test_folder(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(open_and_close(false), -ENOENT);
	assert_int_equal(open_and_close(true), 0);
	assert_int_equal(stat(DIR_RUN, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(open_and_close(true), 0);
	chmod(DIR_RUN, 0770);
	assert_int_equal(open_and_close(true), -EPERM);
	chmod(DIR_RUN, 0707);
	assert_int_equal(open_and_close(true), -EPERM);
	chmod(DIR_RUN, 0755);
	assert_int_equal(open_and_close(true), 0);
	if (!can_answer)
		return;
	other_uid = 1;
	assert_int_equal(open_and_close(true), -EPERM);
}

static void test_folder_is_no_link(void **state)
{
	(void)state;
	assert_int_equal(mkdir("/run/other", 0700), 0);
	assert_int_equal(symlink("other", DIR_RUN), 0);
	assert_true(open_and_close(true) < 0);
}

/* ---- locks ---- */

static void test_lock(void **state)
{
	struct lock lock, second;
	char pid[32];
	int holder;

	(void)state;
	assert_false(lock_is_held("dax0.0"));
	assert_int_equal(lock_take(&session, "dax0.0", 0, &lock, &holder), 0);
	assert_true(lock_is_mine(&lock));
	snprintf(pid, sizeof(pid), "%d\n", (int)getpid());
	assert_string_equal(get(DIR_RUN "/dax0.0.lock"), pid);
	assert_true(lock_is_held("dax0.0"));
	assert_false(lock_is_held("dax0.1"));
	assert_int_equal(lock_take(&session, "dax0.0", 0, &second, &holder), -EWOULDBLOCK);
	assert_int_equal(holder, getpid());
	assert_false(lock_is_mine(&second));
	lock_drop(&lock);
	assert_false(lock_is_mine(&lock));
	assert_false(lock_is_held("dax0.0"));
	assert_int_equal(lock_take(&session, "dax0.0", 0, &second, &holder), 0);
	lock_drop(&second);
	lock_drop(&second);
}

/* Two processes that ask at the same moment do not disturb each other. */
static void test_asking_is_shared(void **state)
{
	int fd;

	(void)state;
	assert_int_equal(mkdir(DIR_RUN, 0700), 0);
	fd = open(DIR_RUN "/dax0.0.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(flock(fd, LOCK_SH), 0);
	assert_false(lock_is_held("dax0.0"));
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_true(lock_is_held("dax0.0"));
	close(fd);
}

static void test_lock_is_no_link(void **state)
{
	struct lock lock;
	int holder, fd;

	(void)state;
	assert_int_equal(mkdir(DIR_RUN, 0700), 0);
	put("/run/victim", "precious");
	assert_int_equal(symlink("/run/victim", DIR_RUN "/dax0.0.lock"), 0);
	assert_int_equal(lock_take(&session, "dax0.0", 0, &lock, &holder), -ELOOP);
	assert_string_equal(get("/run/victim"), "precious");
	fd = open("/run/victim", O_RDONLY | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_false(lock_is_held("dax0.0"));
	close(fd);
}

static void remove_file(void)
{
	assert_int_equal(unlink(DIR_RUN "/dax0.0.lock"), 0);
}

static void replace_file(void)
{
	remove_file();
	put(DIR_RUN "/dax0.0.lock", "");
}

static void remove_folder(void)
{
	remove_file();
	assert_int_equal(rmdir(DIR_RUN), 0);
}

static void test_lock_is_taken_away(void **state)
{
	static void (*const ways[])(void) = { remove_file, replace_file, remove_folder };
	struct lock lock, second;
	int holder;

	(void)state;
	NEEDS_ANSWERS();
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		before_flock = ways[i];
		assert_int_equal(lock_take(&session, "dax0.0", 0, &lock, &holder), 0);
		assert_null(before_flock);
		assert_msg(lock_take(&session, "dax0.0", 0, &second, &holder) == -EWOULDBLOCK,
			   "two have it, %zu", i);
		assert_int_equal(holder, getpid());
		lock_drop(&lock);
	}
}

/* Each file takes only so many bytes. */
static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void test_run_is_full(void **state)
{
	int holder, taken, put_again;
	struct lock lock;

	(void)state;
	limit_files(1);
	taken = lock_take(&session, "dax0.0", 0, &lock, &holder);
	limit_files(RLIM_INFINITY);
	assert_int_equal(taken, -ENOSPC);
	assert_false(lock_is_mine(&lock));
	assert_int_equal(journal_put("dax0.0", "first"), 0);
	limit_files(41);
	put_again = journal_put("dax0.0", "second");
	limit_files(RLIM_INFINITY);
	assert_int_equal(put_again, -ENOSPC);
	assert_false(is_there(DIR_RUN "/dax0.0.journal.new"));
	assert_string_equal(get(DIR_RUN "/dax0.0.journal") + BOOT_LENGTH, " first\n");
}

static void test_child_does_not_keep_lock(void **state)
{
	struct lock lock, second;
	int holder;
	pid_t pid;

	(void)state;
	NEEDS_ANSWERS();
	assert_int_equal(lock_device(&holder), 0);
	assert_int_equal(lock_policy(&lock), 0);
	pid = start_idler(NULL);
	assert_true(lock_is_held("dax0.0"));
	lock_drop(&session.lock);
	lock_drop(&lock);
	assert_false(lock_is_held("dax0.0"));
	request.is_cancelled = true; /* no waiting */
	assert_int_equal(lock_device(&holder), 0);
	assert_int_equal(lock_policy(&second), 0);
	lock_drop(&session.lock);
	lock_drop(&second);
	end(pid);
}

/* Children that threads fork while the lock is taken or dropped. */
static struct {
	pthread_t thread;
	pid_t pid;
} forked[8];
static size_t n_forked;

static void *fork_idler(void *data)
{
	*(pid_t *)data = start_idler(NULL);
	return NULL;
}

/* Long enough to fork the child, if nothing keeps the thread from it. */
static void fork_in_thread(void)
{
	if (n_forked == ARRAY_SIZE(forked))
		return;
	pthread_create(&forked[n_forked].thread, NULL, fork_idler, &forked[n_forked].pid);
	n_forked++;
	usleep(100000);
}

static void wait_for_forks(void)
{
	before_close = NULL;
	for (size_t i = 0; i < n_forked; i++)
		assert_int_equal(pthread_join(forked[i].thread, NULL), 0);
}

static void end_forks(void)
{
	while (n_forked > 0)
		end(forked[--n_forked].pid);
}

/*
 * The code opens each file of the lock, and then closes its directory or looks at the file system.
 * A child that could be forked at that moment would have the file.
 */
static void test_child_is_forked_as_lock_is_taken(void **state)
{
	struct lock lock;
	int holder;

	(void)state;
	NEEDS_ANSWERS();
	n_forked = 0;
	before_close = fork_in_thread;
	keeps_hook = true;
	assert_int_equal(lock_device(&holder), 0);
	assert_int_equal(lock_policy(&lock), 0);
	wait_for_forks();
	/* Five files, and two looks at whether the first file is in its place. */
	assert_int_equal(n_forked, 7);
	lock_drop(&session.lock);
	lock_drop(&lock);
	request.is_cancelled = true; /* no waiting */
	assert_int_equal(lock_device(&holder), 0);
	assert_int_equal(lock_policy(&policy), 0);
	end_forks();
}

static void test_child_is_forked_as_lock_is_dropped(void **state)
{
	int holder;

	(void)state;
	NEEDS_ANSWERS();
	n_forked = 0;
	assert_int_equal(lock_device(&holder), 0);
	before_close = fork_in_thread;
	lock_drop(&session.lock);
	wait_for_forks();
	assert_int_equal(n_forked, 1);
	assert_false(lock_is_held("dax0.0"));
	end_forks();
}

static void test_child_is_forked_as_lock_is_asked_for(void **state)
{
	int holder;

	(void)state;
	NEEDS_ANSWERS();
	n_forked = 0;
	assert_int_equal(lock_device(&holder), 0);
	lock_drop(&session.lock);
	before_close = fork_in_thread;
	assert_false(lock_is_held("dax0.0"));
	wait_for_forks();
	assert_int_equal(n_forked, 1);
	request.is_cancelled = true; /* no waiting */
	assert_int_equal(lock_device(&holder), 0);
	end_forks();
}

/* The child has closed these descriptors. Other files may have their numbers now. */
static void use_in_child(void)
{
	int fds[8];

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (lock_is_mine(&session.lock))
		_exit(1);
	lock_drop(&session.lock);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		if (fds[i] < 0 || fcntl(fds[i], F_GETFD) < 0)
			_exit(1);
}

static void test_child_has_no_lock(void **state)
{
	int holder;
	pid_t pid;

	(void)state;
	assert_int_equal(lock_device(&holder), 0);
	pid = start_idler(use_in_child);
	assert_true(lock_is_held("dax0.0"));
	end(pid);
	lock_drop(&session.lock);
}

/* If a program has closed its outputs, its text must not go into these files. */
static void print_into_nowhere(void)
{
	struct lock lock;
	char pid[32];
	int holder;

	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		close(fd);
	if (lock_take(&session, "dax0.0", 0, &lock, &holder) < 0 || fcntl(1, F_GETFD) >= 0 ||
	    fcntl(2, F_GETFD) >= 0)
		_exit(1);
	/* The folder takes one of the numbers, and is closed again before the program prints. */
	if (journal_put("dax0.0", "words") < 0)
		_exit(1);
	snprintf(pid, sizeof(pid), "%d\n", (int)getpid());
	if (write(1, "talk", 4) >= 0 || write(2, "talk", 4) >= 0 ||
	    strcmp(get(DIR_RUN "/dax0.0.lock"), pid) != 0)
		_exit(1);
}

static void test_stdio_is_closed(void **state)
{
	(void)state;
	NEEDS_ANSWERS();
	end(start_idler(print_into_nowhere));
	assert_true(lowest_fd > STDERR_FILENO && lowest_fd < INT_MAX);
}

/* ---- the lock of a process with another /run ---- */

static void move_elsewhere(void)
{
	if (unshare(CLONE_NEWNS) < 0)
		_exit(1);
	new_run();
}

static void lock_elsewhere(void)
{
	int holder;

	move_elsewhere();
	if (lock_device(&holder) < 0)
		_exit(1);
}

static void lock_here(void)
{
	int holder;

	if (lock_device(&holder) < 0)
		_exit(1);
}

static void lock_policy_elsewhere(void)
{
	struct lock lock;

	move_elsewhere();
	if (lock_policy(&lock) < 0)
		_exit(1);
}

static void test_device_lock_without_common_run(void **state)
{
	pid_t pid = start_idler(lock_elsewhere);
	int holder = -1;

	(void)state;
	assert_int_equal(lock_device(&holder), -EWOULDBLOCK);
	assert_int_equal(holder, 0);
	assert_false(lock_is_mine(&session.lock));
	assert_false(lock_is_held("dax0.0"));
	end(pid);
	assert_int_equal(lock_device(&holder), 0);
	lock_drop(&session.lock);
}

static void refuses_policy(pid_t other)
{
	request.is_cancelled = true; /* no waiting */
	assert_int_equal(lock_policy(&policy), -EINTR);
	assert_false(lock_is_held("policy"));
	end(other);
	assert_int_equal(lock_policy(&policy), 0);
	lock_drop(&policy);
}

static void test_policy_lock_without_common_run(void **state)
{
	(void)state;
	NEEDS_ANSWERS();
	has_debugfs = false;
	refuses_policy(start_idler(lock_policy_elsewhere));
}

/* The other process has locked a file in another /sys. */
static void test_policy_lock_without_common_sys(void **state)
{
	pid_t other;

	(void)state;
	NEEDS_ANSWERS();
	other = start_idler(lock_policy_elsewhere);
	assert_int_equal(unlink("/sys/bus/dax/drivers_probe"), 0);
	put("/sys/bus/dax/drivers_probe", "");
	refuses_policy(other);
}

/* ---- notes ---- */

static void test_note(void **state)
{
	char words[JOURNAL_LINE_MAX] = "untouched", line[JOURNAL_LINE_MAX];

	(void)state;
	NEEDS_ANSWERS();
	assert_int_equal(journal_get("dax0.0", words, sizeof(words)), 0);
	assert_int_equal(journal_put("dax0.0", "one two 3"), 0);
	snprintf(line, sizeof(line), "%s one two 3\n", boot);
	assert_string_equal(get(DIR_RUN "/dax0.0.journal"), line);
	/* The contents are on the disk before the file gets its name; then the name is. */
	assert_string_equal(order,
			    "sync file; dax0.0.journal.new to dax0.0.journal; sync folder; ");
	assert_int_equal(journal_get("dax0.0", words, sizeof(words)), 1);
	assert_string_equal(words, "one two 3");
	assert_int_equal(journal_put("dax0.0", "four"), 0);
	assert_int_equal(journal_get("dax0.0", words, sizeof(words)), 1);
	assert_string_equal(words, "four");
	assert_int_equal(journal_drop("dax0.0"), 0);
	assert_int_equal(journal_get("dax0.0", words, sizeof(words)), 0);
	assert_int_equal(journal_drop("dax0.0"), 0);
}

static void test_note_is_no_link(void **state)
{
	char words[JOURNAL_LINE_MAX];

	(void)state;
	assert_int_equal(mkdir(DIR_RUN, 0700), 0);
	put("/run/victim", "precious");
	assert_int_equal(symlink("/run/victim", DIR_RUN "/dax0.0.journal.new"), 0);
	assert_int_equal(journal_put("dax0.0", "one"), -ELOOP);
	assert_string_equal(get("/run/victim"), "precious");
	assert_int_equal(symlink("/run/victim", DIR_RUN "/dax0.0.journal"), 0);
	assert_int_equal(journal_get("dax0.0", words, sizeof(words)), -ELOOP);
}

static void test_parse(void **state)
{
	static const char here[] = "01234567-89ab-cdef-0123-456789abcdef";
	static const struct {
		const char *line;
		int r;
	} rows[] = {
		{ "01234567-89ab-cdef-0123-456789abcdef one two", 0 },
		{ "01234567-89ab-cdef-0123-456789abcdee one two", -ESTALE },
		{ "01234567-89ab-cdef-0123-456789abcdef ", -EBADMSG },
		{ "01234567-89ab-cdef-0123-456789abcdef", -EBADMSG },
		{ "01234567-89ab-cdef-0123-456789abcdef0 one", -EBADMSG },
		{ "01234567-89ab-cdef-0123-456789abcde one", -EBADMSG },
		{ "01234567 89ab-cdef-0123-456789abcdef one", -EBADMSG },
		{ "01234567-89ab-cdef-0123-456789abcdeX one", -EBADMSG },
		{ "offline online_movable 1", -EBADMSG },
		{ "", -EBADMSG },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *words = NULL;

		assert_msg(journal_parse(rows[i].line, here, &words) == rows[i].r, "row %zu", i);
		assert_true(rows[i].r ? !words : strcmp(words, "one two") == 0);
	}
}

/* ---- the machine's words ---- */

/* Recovers one word alone. NULL when there was nothing to recover. */
static const struct daxhp_recovered *recover(void)
{
	recovery_clear(&session.recovery);
	recover_words(&session);
	assert_true(session.recovery.count <= 1);
	return daxhp_recovery_get(&session.recovery, 0);
}

static void test_borrow(void **state)
{
	const struct daxhp_recovered *told;
	struct daxhp_recovered left = { 0 };
	char line[JOURNAL_LINE_MAX];

	(void)state;
	NEEDS_ANSWERS();
	assert_int_equal(borrow_put(&kernel_linux, DAXHP_RECOVERED_POLICY, "offline",
				    "online_movable"),
			 0);
	snprintf(line, sizeof(line), "%s offline online_movable %d\n", boot, (int)getpid());
	assert_string_equal(get(DIR_RUN "/policy.journal"), line);
	put(POLICY, "online_movable\n");
	assert_int_equal(borrow_find(&kernel_linux, DAXHP_RECOVERED_POLICY, &left), 1);
	assert_string_equal(left.before, "offline");
	assert_string_equal(left.found, "online_movable");
	assert_int_equal(left.pid, getpid());
	assert_int_equal(left.outcome, DAXHP_RECOVERED_FOUND);
	told = recover();
	assert_non_null(told);
	assert_int_equal(daxhp_recovered_get_outcome(told), DAXHP_RECOVERED_RESTORED);
	assert_string_equal(daxhp_recovered_get_name(told), "auto_online_blocks");
	assert_string_equal(daxhp_recovered_get_before(told), "offline");
	assert_null(daxhp_recovered_get_failure(told));
	assert_true(begins(POLICY, "offline"));
	assert_false(is_there(DIR_RUN "/policy.journal"));
	assert_null(recover());
}

static void test_borrow_of_another_boot(void **state)
{
	struct daxhp_recovered left = { 0 };

	(void)state;
	NEEDS_ANSWERS();
	assert_int_equal(mkdir(DIR_RUN, 0700), 0);
	put(POLICY, "online_movable\n");
	put(DIR_RUN "/policy.journal",
	    "01234567-89ab-cdef-0123-456789abcdef offline online_movable 1\n");
	assert_int_equal(borrow_find(&kernel_linux, DAXHP_RECOVERED_POLICY, &left), -ESTALE);
	assert_null(recover());
	assert_string_equal(get(POLICY), "online_movable\n");
	assert_false(is_there(DIR_RUN "/policy.journal"));
	put(DIR_RUN "/policy.journal", "offline online_movable 1\n");
	assert_null(recover());
	assert_string_equal(get(POLICY), "online_movable\n");
	assert_false(is_there(DIR_RUN "/policy.journal"));
}

static void test_give_back(void **state)
{
	static const struct {
		enum daxhp_recovered_kind kind;
		const char *file, *found, *set, *now, *after;
		bool kept;
	} rows[] = {
		{ DAXHP_RECOVERED_POLICY, POLICY, "offline", "online_movable", "online_movable",
		  "offline", false },
		{ DAXHP_RECOVERED_POLICY, POLICY, "offline", "online_movable", "online_kernel",
		  "online_kernel", true },
		{ DAXHP_RECOVERED_POLICY, POLICY, "offline", "online_movable", "offline", "offline",
		  false },
		{ DAXHP_RECOVERED_AUTOPROBE, AUTOPROBE, "1", "0", "0", "1", false },
		{ DAXHP_RECOVERED_AUTOPROBE, AUTOPROBE, "0", "0", "1", "1", true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		enum daxhp_recovered_kind kind = rows[i].kind;
		struct daxhp_recovered left = { 0 };
		const struct daxhp_recovered *told;

		recovery_clear(&session.recovery);
		assert_int_equal(borrow_put(&kernel_linux, kind, rows[i].found, rows[i].set), 0);
		put(rows[i].file, rows[i].now);
		assert_int_equal(borrow_return(&session, kind, rows[i].found, rows[i].set), 0);
		assert_msg(begins(rows[i].file, rows[i].after), "row %zu: %s", i,
			   get(rows[i].file));
		told = daxhp_recovery_get(&session.recovery, 0);
		assert_int_equal(daxhp_recovery_count(&session.recovery), rows[i].kept);
		if (told) {
			assert_int_equal(daxhp_recovered_get_outcome(told), DAXHP_RECOVERED_KEPT);
			assert_int_equal(daxhp_recovered_get_kind(told), kind);
			assert_string_equal(daxhp_recovered_get_before(told), rows[i].found);
			assert_string_equal(daxhp_recovered_get_found(told), rows[i].now);
			assert_int_equal(daxhp_recovered_get_pid(told), 0);
		}
		assert_int_equal(borrow_find(&kernel_linux, kind, &left), 0);
	}
}

/* A word that cannot be read is not overwritten, and its entry stays. */
static void test_give_back_unread(void **state)
{
	const struct daxhp_recovered *told;

	(void)state;
	NEEDS_ANSWERS();
	assert_int_equal(borrow_put(&kernel_linux, DAXHP_RECOVERED_POLICY, "offline", "online"), 0);
	put(POLICY, "");
	assert_int_equal(borrow_return(&session, DAXHP_RECOVERED_POLICY, "offline", "online"),
			 -ENODATA);
	assert_string_equal(get(POLICY), "");
	told = recover();
	assert_non_null(told);
	assert_int_equal(daxhp_recovered_get_outcome(told), DAXHP_RECOVERED_FAILED);
	assert_int_equal(daxhp_failure_get_kind(daxhp_recovered_get_failure(told)),
			 DAXHP_FAILED_RECOVERY);
	assert_int_equal(daxhp_failure_get_error(daxhp_recovered_get_failure(told)), -ENODATA);
	assert_true(is_there(DIR_RUN "/policy.journal"));
}

static void die_with_policy(void)
{
	struct lock lock;

	if (lock_policy(&lock) < 0 ||
	    borrow_put(&kernel_linux, DAXHP_RECOVERED_POLICY, "offline", "online_movable") < 0)
		_exit(1);
	put(POLICY, "online_movable\n");
}

/* The process that has the lock is killed, with the policy changed. */
static void test_recovers_after_waiting(void **state)
{
	const struct daxhp_recovered *told;
	struct daxhp_recovered left = { 0 };
	struct lock lock;
	pid_t pid, killer;

	(void)state;
	NEEDS_ANSWERS();
	pid = start_idler(die_with_policy);
	assert_int_equal(borrow_find(&kernel_linux, DAXHP_RECOVERED_POLICY, &left), 0);
	killer = fork();
	assert_true(killer >= 0);
	if (killer == 0) {
		usleep(200000);
		kill(pid, SIGKILL);
		_exit(0);
	}
	assert_int_equal(policy_lock(&session, &lock), 0);
	assert_true(begins(POLICY, "offline"));
	assert_false(is_there(DIR_RUN "/policy.journal"));
	told = daxhp_recovery_get(&session.recovery, 0);
	assert_non_null(told);
	assert_int_equal(daxhp_recovered_get_outcome(told), DAXHP_RECOVERED_RESTORED);
	assert_string_equal(daxhp_recovered_get_before(told), "offline");
	lock_drop(&lock);
	end(killer);
	end(pid);
}

/* Each word or device is in the list once, with its last values; and the list grows. */
static void test_recovery_list(void **state)
{
	struct daxhp_recovered r = { .kind = DAXHP_RECOVERED_DEVICE };
	struct daxhp_recovery *list = calloc(1, sizeof(*list));

	(void)state;
	assert_non_null(list);
	assert_int_equal(recovery_reserve(list), 0);
	for (int i = 0; i < 20; i++) {
		snprintf(r.name, sizeof(r.name), "dax%d.0", i);
		recovery_add(list, &r);
	}
	r.pid = 4711;
	recovery_add(list, &r);
	r.outcome = DAXHP_RECOVERED_RESTORED;
	recovery_add(list, &r);
	assert_int_equal(daxhp_recovery_count(list), 21);
	for (size_t i = 0; i < 20; i++) {
		const struct daxhp_recovered *told = daxhp_recovery_get(list, i);

		snprintf(r.name, sizeof(r.name), "dax%zu.0", i);
		assert_string_equal(daxhp_recovered_get_name(told), r.name);
		assert_int_equal(daxhp_recovered_get_pid(told), i == 19 ? 4711 : 0);
	}
	assert_null(daxhp_recovery_get(list, 21));
	assert_null(daxhp_recovery_free(list));
}

/* ---- the entry of a device ---- */

#define HALF "system-ram online_movable - system-ram online_kernel move 32 3 4711"

/* Finds dax0.0; the context has no other device. */
static struct daxhp_recovery *find(void)
{
	struct daxhp_recovery *recovery;

	request.dry_run = true;
	ctx.devices = &device;
	ctx.devices_loaded = true;
	assert_int_equal(daxhp_recover(&ctx, &request, &recovery), 0);
	ctx.devices = NULL;
	return recovery;
}

static void test_finds_device(void **state)
{
	const struct daxhp_recovered *told;
	struct daxhp_recovery *found;
	int holder;
	pid_t pid;

	(void)state;
	found = find();
	assert_int_equal(daxhp_recovery_count(found), 0);
	daxhp_recovery_free(found);
	assert_int_equal(journal_put("dax0.0", HALF), 0);
	found = find();
	told = daxhp_recovery_get(found, 0);
	assert_non_null(told);
	assert_int_equal(daxhp_recovered_get_kind(told), DAXHP_RECOVERED_DEVICE);
	assert_int_equal(daxhp_recovered_get_outcome(told), DAXHP_RECOVERED_FOUND);
	assert_int_equal(daxhp_recovered_get_pid(told), 4711);
	assert_int_equal(daxhp_recovered_get_mode(told), DAXHP_MODE_SYSTEM_RAM);
	assert_int_equal(daxhp_recovered_get_state(told), DAXHP_ONLINE_MOVABLE);
	assert_string_equal(daxhp_recovered_get_before(told), "online_movable");
	assert_null(daxhp_recovered_get_found(told));
	daxhp_recovery_free(found);
	/* Only looked for. */
	assert_true(is_there(DIR_RUN "/dax0.0.journal"));
	/* A process that has the lock is at work. */
	pid = start_idler(lock_here);
	found = find();
	assert_int_equal(daxhp_recovery_count(found), 0);
	daxhp_recovery_free(found);
	end(pid);
	/* The holder of the lock finds the entry of the process before. Here it has no blocks. */
	assert_int_equal(lock_device(&holder), 0);
	assert_true(recover_device(&session) < 0);
	assert_int_equal(daxhp_recovery_count(&session.recovery), 1);
	assert_true(is_there(DIR_RUN "/dax0.0.journal"));
}

/* ---- a device that gets another size ---- */

static void test_refresh(void **state)
{
	struct daxhp_device fresh = { .ctx = &ctx, .name = "dax0.0" };
	struct daxhp_device gone = { .ctx = &ctx, .name = "dax0.1", .size = 1 };
	const struct daxhp_range *range;
	uint64_t size;

	(void)state;
	put(DEVICE "/size", "4096\n");
	assert_int_equal(daxhp_device_refresh(&fresh), 0);
	assert_int_equal(daxhp_device_get_size(&fresh, &size), 0);
	assert_int_equal(size, 4096);
	put(DEVICE "/size", "8192\n");
	assert_int_equal(daxhp_device_get_size(&fresh, &size), 0);
	assert_int_equal(size, 4096);
	assert_int_equal(daxhp_device_refresh(&fresh), 0);
	assert_int_equal(daxhp_device_get_size(&fresh, &size), 0);
	assert_int_equal(size, 8192);
	assert_int_equal(daxhp_device_get_ranges_error(&fresh), 0);
	range = daxhp_device_get_range(&fresh, 0);
	assert_non_null(range);
	assert_int_equal(range->end - range->start, 8191);
	assert_null(daxhp_device_get_range(&fresh, 1));
	fresh.ranges_error = -EIO;
	assert_null(daxhp_device_get_range(&fresh, 0));
	assert_int_equal(daxhp_device_refresh(&gone), -ENODEV);
	assert_int_equal(daxhp_device_get_size(&gone, &size), 0);
	assert_int_equal(size, 1);
	assert_int_equal(unlink(DEVICE "/size"), 0);
	free(fresh.ranges);
}

/* ---- sessions ---- */

static void begins_with(enum daxhp_failure_kind kind, int r)
{
	const struct daxhp_failure *failure;
	struct daxhp_session *s = NULL;
	struct daxhp_plan *plan = NULL;

	assert_int_equal(daxhp_begin(&device, &request, &s), r);
	assert_non_null(s);
	failure = daxhp_session_get_failure(s);
	assert_non_null(failure);
	assert_int_equal(daxhp_failure_get_kind(failure), kind);
	assert_int_equal(daxhp_failure_get_error(failure), r);
	assert_null(daxhp_session_get_before(s));
	assert_int_equal(daxhp_plan(s, &plan), r);
	assert_null(plan);
	assert_null(daxhp_end(s));
}

static void test_begin_fails(void **state)
{
	pid_t pid;

	(void)state;
	request.goal = GOAL_ONLINE;
	/* The test's /sys has no device directory for the look. */
	begins_with(DAXHP_FAILED_OBSERVE, -ENODEV);
	assert_false(lock_is_held("dax0.0"));
	pid = start_idler(lock_here);
	begins_with(DAXHP_FAILED_AT_WORK, -EWOULDBLOCK);
	end(pid);
	chmod(DIR_RUN, 0777);
	begins_with(DAXHP_FAILED_NOT_LOCKED, -EPERM);
	request.goal = (struct goal){ .mode = DAXHP_MODE_DEVDAX, .state = DAXHP_ONLINE };
	begins_with(DAXHP_FAILED_REQUEST, -EINVAL);
	request.goal = GOAL_ONLINE;
	daxhp_request_cancel(&request);
	/* And the next one, and the one after that. */
	begins_with(DAXHP_FAILED_CANCELLED, -EINTR);
	begins_with(DAXHP_FAILED_CANCELLED, -EINTR);
	assert_true(daxhp_request_is_cancelled(&request));
}

static void cancel_later(int sig)
{
	(void)sig;
	daxhp_request_cancel(&request);
}

/* In the middle of the wait for the lock, from a signal handler. */
static void test_cancel_while_it_begins(void **state)
{
	struct sigaction action = { .sa_handler = cancel_later };
	pid_t pid = start_idler(lock_here);
	double start = clock_now();

	(void)state;
	sigaction(SIGALRM, &action, NULL);
	request.goal = GOAL_ONLINE;
	daxhp_request_set_wait(&request, 60);
	alarm(1);
	begins_with(DAXHP_FAILED_CANCELLED, -EINTR);
	assert_true(clock_now() - start < 30);
	end(pid);
}

/* ---- namespaces for the test ---- */

static bool enter(void)
{
	return own_mounts() && mount("none", "/sys", "tmpfs", 0, "mode=755") == 0;
}

static void make_sys(void)
{
	static const char *const dirs[] = {
		"/sys/kernel",
		"/sys/kernel/debug",
		"/sys/bus",
		"/sys/bus/dax",
		"/sys/devices",
		"/sys/devices/system",
		"/sys/devices/system/memory",
		"/sys/bus/dax/devices",
		"/sys/bus/dax/devices/dax0.0",
	};

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		assert_int_equal(mkdir(dirs[i], 0755), 0);
	put("/sys/bus/dax/drivers_probe", "");
	put("/sys/bus/dax/devices/dax0.0/resource", "0x100000000\n");
}

#define RUN_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

static int all_tests(void)
{
	static const int calls[] = { SYS_geteuid, SYS_fsync,   SYS_renameat, SYS_flock,
				     SYS_close,	  SYS_fstatfs, SYS_fsopen };
	const struct CMUnitTest tests[] = {
		RUN_TEST(test_folder),
		RUN_TEST(test_folder_is_no_link),
		RUN_TEST(test_lock),
		RUN_TEST(test_asking_is_shared),
		RUN_TEST(test_lock_is_no_link),
		RUN_TEST(test_lock_is_taken_away),
		RUN_TEST(test_run_is_full),
		RUN_TEST(test_child_does_not_keep_lock),
		RUN_TEST(test_child_is_forked_as_lock_is_taken),
		RUN_TEST(test_child_is_forked_as_lock_is_dropped),
		RUN_TEST(test_child_is_forked_as_lock_is_asked_for),
		RUN_TEST(test_child_has_no_lock),
		RUN_TEST(test_stdio_is_closed),
		RUN_TEST(test_device_lock_without_common_run),
		RUN_TEST(test_policy_lock_without_common_run),
		RUN_TEST(test_policy_lock_without_common_sys),
		RUN_TEST(test_note),
		RUN_TEST(test_note_is_no_link),
		RUN_TEST(test_parse),
		RUN_TEST(test_borrow),
		RUN_TEST(test_borrow_of_another_boot),
		RUN_TEST(test_give_back),
		RUN_TEST(test_give_back_unread),
		RUN_TEST(test_recovers_after_waiting),
		RUN_TEST(test_recovery_list),
		RUN_TEST(test_finds_device),
		RUN_TEST(test_refresh),
		RUN_TEST(test_begin_fails),
		RUN_TEST(test_cancel_while_it_begins),
	};

	syscalls_answer(calls, ARRAY_SIZE(calls), answer);
	/* The signal that a write past the limit sends. */
	signal(SIGXFSZ, SIG_IGN);
	return cmocka_run_group_tests_name("run", tests, NULL, NULL);
}

int main(void)
{
	FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");

	if (!f || fscanf(f, "%63s", boot) != 1 || !enter()) {
		puts("1..0 # SKIP no mount namespace can be had here: root could");
		return 0;
	}
	fclose(f);
	make_sys();
	return syscalls_run(all_tests);
}
