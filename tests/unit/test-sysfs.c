// SPDX-License-Identifier: LGPL-2.1-or-later
/* The functions that read and write /sys, with every kind of file. */
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "syscalls.h"
#include "tree.h"

#define NOBODY 65534

static unsigned int n_interrupts; /* that will come */

static int64_t answer(const struct call *call)
{
	(void)call;
	if (n_interrupts == 0)
		return CALL_PASS;
	n_interrupts--;
	return -EINTR;
}

/* ---- words ---- */

static int read_file(char *word, size_t size)
{
	return sysfs_read_word(tree_fd, "file", word, size);
}

static void check_word(const char *bytes, size_t size, int expected_r, const char *expected)
{
	char word[WORD_MAX] = "untouched";
	int r;

	tree_write_bytes("file", bytes, size);
	r = read_file(word, sizeof(word));
	assert_msg(r == expected_r, "'%s': %d, not %d", bytes, r, expected_r);
	assert_string_equal(word, r < 0 ? "untouched" : expected);
}

static void test_words(void **state)
{
	(void)state;
	check_word("online\n", 7, 0, "online");
	check_word("online", 6, 0, "online");
	check_word("Normal Movable\n", 15, 0, "Normal Movable");
	check_word(" x ", 3, 0, " x ");
	check_word("", 0, -ENODATA, NULL);
	check_word("\n", 1, -ENODATA, NULL);
	check_word("\0", 1, -EBADMSG, NULL);
	check_word("online\0\n", 8, -EBADMSG, NULL);
	check_word("on\0line\n", 8, -EBADMSG, NULL);
	check_word("online\n\n", 8, -EBADMSG, NULL);
	check_word("on\nline\n", 8, -EBADMSG, NULL);
	check_word("online\r\n", 8, -EBADMSG, NULL);
	check_word("on\tline\n", 8, -EBADMSG, NULL);
	check_word("\x1b[31mred\n", 9, -EBADMSG, NULL);
	check_word("\x7f\n", 2, -EBADMSG, NULL);
	check_word("\xff\xfe\n", 3, -EBADMSG, NULL);
	check_word("\xc3\xa4\n", 3, -EBADMSG, NULL);
}

/* A word that just fits, one longer by one byte, one longer than any buffer. */
static void test_lengths(void **state)
{
	char bytes[70000], word[WORD_MAX], large[4096];

	(void)state;
	memset(bytes, 'x', sizeof(bytes));
	bytes[WORD_MAX - 1] = '\n';
	tree_write_bytes("file", bytes, WORD_MAX);
	assert_int_equal(read_file(word, sizeof(word)), 0);
	assert_int_equal(strlen(word), WORD_MAX - 1);
	tree_write_bytes("file", bytes, WORD_MAX - 1);
	assert_int_equal(read_file(word, sizeof(word)), 0);
	/* The word is one byte too long, or only the newline does not fit. */
	bytes[WORD_MAX - 1] = 'x';
	for (size_t n = WORD_MAX; n <= 1024; n++) {
		tree_write_bytes("file", bytes, n);
		assert_int_equal(read_file(word, sizeof(word)), -EFBIG);
	}
	tree_write_bytes("file", bytes, sizeof(bytes));
	assert_int_equal(read_file(word, sizeof(word)), -EFBIG);
	/* The buffer is larger than one read. The code must not assume that one read gets all. */
	assert_int_equal(read_file(large, sizeof(large)), -EFBIG);
	tree_write("file", "ab\n");
	assert_int_equal(read_file(word, 3), 0);
	assert_int_equal(read_file(word, 2), -EFBIG);
	assert_int_equal(read_file(word, 1), -EFBIG);
}

static void test_no_plain_file(void **state)
{
	char word[WORD_MAX];

	(void)state;
	tree_write("real", "online\n");
	assert_int_equal(symlinkat("real", tree_fd, "link"), 0);
	assert_int_equal(symlinkat("nowhere", tree_fd, "dangling"), 0);
	assert_int_equal(mkdirat(tree_fd, "dir", 0755), 0);
	assert_int_equal(mkfifoat(tree_fd, "fifo", 0644), 0);
	assert_int_equal(sysfs_read_word(tree_fd, "missing", word, sizeof(word)), -ENOENT);
	assert_int_equal(sysfs_read_word(tree_fd, "real/below", word, sizeof(word)), -ENOTDIR);
	assert_int_equal(sysfs_read_word(tree_fd, "link", word, sizeof(word)), -ELOOP);
	assert_int_equal(sysfs_read_word(tree_fd, "dangling", word, sizeof(word)), -ELOOP);
	assert_int_equal(sysfs_read_word(tree_fd, "dir", word, sizeof(word)), -EISDIR);
	/* It must not wait for a writer of the fifo. */
	assert_true(sysfs_read_word(tree_fd, "fifo", word, sizeof(word)) < 0);
	assert_int_equal(sysfs_write_word(tree_fd, "link", "x"), -ELOOP);
	assert_string_equal(tree_read("real"), "online\n");
}

static void test_unreadable(void **state)
{
	char word[WORD_MAX];
	uid_t uid = geteuid();

	(void)state;
	tree_write("file", "online\n");
	assert_int_equal(fchmodat(tree_fd, "file", 0200, 0), 0);
	if (uid == 0)
		assert_int_equal(seteuid(NOBODY), 0);
	assert_int_equal(read_file(word, sizeof(word)), -EACCES);
	assert_int_equal(seteuid(uid), 0);
}

/* A signal must not make a read fail. */
static void test_interrupted_read(void **state)
{
	char word[WORD_MAX];

	(void)state;
	NEEDS_ANSWERS();
	tree_write("file", "online\n");
	n_interrupts = 3;
	assert_int_equal(read_file(word, sizeof(word)), 0);
	assert_string_equal(word, "online");
	assert_int_equal(n_interrupts, 0);
}

static void test_open_file(void **state)
{
	char word[WORD_MAX];
	int fd, fds[2];

	(void)state;
	tree_write("file", "offline\n");
	fd = sysfs_open_file(tree_fd, "file");
	assert_true(fd >= 0);
	/* It reads again and again, each time from the start. */
	assert_int_equal(sysfs_read_word_fd(fd, word, sizeof(word)), 0);
	assert_int_equal(sysfs_read_word_fd(fd, word, sizeof(word)), 0);
	assert_string_equal(word, "offline");
	/* The position in the plain file does not matter: sysfs has no positions. */
	assert_int_equal(sysfs_write_word_fd(fd, "online"), 0);
	assert_non_null(strstr(tree_read("file"), "online"));
	close(fd);
	assert_int_equal(sysfs_open_file(tree_fd, "missing"), -ENOENT);
	assert_int_equal(symlinkat("file", tree_fd, "link"), 0);
	assert_int_equal(sysfs_open_file(tree_fd, "link"), -ELOOP);
	assert_int_equal(sysfs_read_word_fd(fd, word, sizeof(word)), -EBADF);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(write(fds[1], "x", 1), 1);
	assert_int_equal(sysfs_read_word_fd(fds[0], word, sizeof(word)), -ESPIPE);
	close(fds[0]);
	close(fds[1]);
	assert_int_equal(sysfs_write_word_fd(fd, "online"), -EBADF);
}

/* ---- numbers ---- */

static void test_u64(void **state)
{
	static const struct {
		const char *text;
		int base, r;
		uint64_t value;
	} rows[] = {
		{ "0\n", 10, 0, 0 },
		{ "1\n", 10, 0, 1 },
		{ "2147483648\n", 10, 0, 2147483648 },
		{ "18446744073709551615\n", 10, 0, UINT64_MAX },
		{ "18446744073709551616\n", 10, -EBADMSG, 0 },
		{ "99999999999999999999999999\n", 10, -EBADMSG, 0 },
		{ "0x140000000\n", 0, 0, 0x140000000 },
		{ "0xffffffffffffffff", 0, 0, UINT64_MAX },
		{ "0x10000000000000000", 0, -EBADMSG, 0 },
		{ "12", 0, 0, 12 },
		{ "0x", 0, -EBADMSG, 0 },
		{ "0xg", 0, -EBADMSG, 0 },
		{ "8000000\n", 16, 0, 0x8000000 },
		{ "80000000\n", 16, 0, 0x80000000 },
		{ "ABCdef", 16, 0, 0xabcdef },
		{ "ffffffffffffffff", 16, 0, UINT64_MAX },
		{ "10000000000000000", 16, -EBADMSG, 0 },
		{ "fg", 16, -EBADMSG, 0 },
		/* Hex numbers where they are not allowed. */
		{ "0x10", 10, -EBADMSG, 0 },
		{ "a", 10, -EBADMSG, 0 },
		{ "a", 0, -EBADMSG, 0 },
		/* Signs, blanks, junk. */
		{ "-1", 10, -EBADMSG, 0 },
		{ "+1", 10, -EBADMSG, 0 },
		{ "-1", 0, -EBADMSG, 0 },
		{ "-1", 16, -EBADMSG, 0 },
		{ " 1", 10, -EBADMSG, 0 },
		{ "1 ", 10, -EBADMSG, 0 },
		{ "1 2", 10, -EBADMSG, 0 },
		{ "1.5", 10, -EBADMSG, 0 },
		{ "1k", 10, -EBADMSG, 0 },
		{ "x", 16, -EBADMSG, 0 },
		{ "one", 10, -EBADMSG, 0 },
		{ "", 10, -ENODATA, 0 },
		{ "\n", 10, -ENODATA, 0 },
		{ "1\n\n", 10, -EBADMSG, 0 },
		{ "0000000000000000000000000000000000000000000000000000000000000000001", 10, -EFBIG,
		  0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t value = 4711;
		int r;

		tree_write("file", rows[i].text);
		r = sysfs_read_u64(tree_fd, "file", rows[i].base, &value);
		assert_msg(r == rows[i].r, "'%s' base %d: %d", rows[i].text, rows[i].base, r);
		assert_msg(value == (r < 0 ? 4711 : rows[i].value), "'%s' base %d: %llu",
			   rows[i].text, rows[i].base, (unsigned long long)value);
	}
}

static void test_int(void **state)
{
	static const struct {
		const char *text;
		int r, value;
	} rows[] = {
		{ "0\n", 0, 0 },
		{ "-1\n", 0, -1 },
		{ "1023", 0, 1023 },
		{ "2147483647", 0, INT_MAX },
		{ "-2147483648", 0, INT_MIN },
		{ "2147483648", -EBADMSG, 0 },
		{ "-2147483649", -EBADMSG, 0 },
		{ "9223372036854775808", -EBADMSG, 0 },
		{ "-", -EBADMSG, 0 },
		{ "--1", -EBADMSG, 0 },
		{ "-x", -EBADMSG, 0 },
		{ "- 1", -EBADMSG, 0 },
		{ "+1", -EBADMSG, 0 },
		{ "1x", -EBADMSG, 0 },
		{ "0x1", -EBADMSG, 0 },
		{ " 1", -EBADMSG, 0 },
		{ "", -ENODATA, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int value = 4711, r;

		tree_write("file", rows[i].text);
		r = sysfs_read_int(tree_fd, "file", &value);
		assert_msg(r == rows[i].r, "'%s': %d", rows[i].text, r);
		assert_msg(value == (r < 0 ? 4711 : rows[i].value), "'%s': %d", rows[i].text,
			   value);
	}
}

/* ---- writing ---- */

static void test_write(void **state)
{
	int dev = open("/dev", O_PATH | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	tree_write("file", "");
	assert_int_equal(sysfs_write_word(tree_fd, "file", "online_movable"), 0);
	assert_string_equal(tree_read("file"), "online_movable");
	/* It must not create a file that does not exist. */
	assert_int_equal(sysfs_write_word(tree_fd, "missing", "x"), -ENOENT);
	assert_false(sysfs_exists(tree_fd, "missing"));
	assert_true(dev >= 0);
	assert_int_equal(sysfs_write_word(dev, "full", "offline"), -ENOSPC);
	close(dev);
}

static void test_read_only(void **state)
{
	uid_t uid = geteuid();

	(void)state;
	tree_write("file", "offline\n");
	assert_int_equal(fchmodat(tree_fd, "file", 0444, 0), 0);
	if (uid == 0)
		assert_int_equal(seteuid(NOBODY), 0);
	assert_int_equal(sysfs_write_word(tree_fd, "file", "online"), -EACCES);
	assert_int_equal(seteuid(uid), 0);
	assert_string_equal(tree_read("file"), "offline\n");
}

/* A part of a word is another word. A short write must not look like success. */
static void test_short_write(void **state)
{
	struct rlimit old, limit;
	int r;

	(void)state;
	tree_write("file", "");
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	limit = (struct rlimit){ .rlim_cur = 2, .rlim_max = old.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	r = sysfs_write_word(tree_fd, "file", "online");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(r, -EIO);
	assert_string_equal(tree_read("file"), "on");
}

/* ---- links and directories ---- */

static void test_link_name(void **state)
{
	static const struct {
		const char *target;
		int r;
		const char *name;
	} rows[] = {
		{ "../../../bus/dax/drivers/kmem", 0, "kmem" },
		{ "kmem", 0, "kmem" },
		{ "/kmem", 0, "kmem" },
		{ "a/", -EBADMSG, NULL },
		{ "a/k\x1bm", -EBADMSG, NULL },
		{ "a/12345678901234567890123456789012345678901234567890123456789012345", -EBADMSG,
		  NULL },
		/* Without room for its end. */
		{ "a/1234567890123456789012345678901234567890123456789012345678901234", -EBADMSG,
		  NULL },
		{ "a/123456789012345678901234567890123456789012345678901234567890123", 0,
		  "123456789012345678901234567890123456789012345678901234567890123" },
	};
	char name[WORD_MAX] = "untouched";

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		unlinkat(tree_fd, "driver", 0);
		assert_int_equal(symlinkat(rows[i].target, tree_fd, "driver"), 0);
		assert_int_equal(sysfs_read_link_name(tree_fd, "driver", name, sizeof(name)),
				 rows[i].r);
		if (rows[i].r == 0)
			assert_string_equal(name, rows[i].name);
	}
	tree_write("file", "x");
	assert_int_equal(sysfs_read_link_name(tree_fd, "missing", name, sizeof(name)), -ENOENT);
	assert_int_equal(sysfs_read_link_name(tree_fd, "file", name, sizeof(name)), -EINVAL);
}

static void test_directories(void **state)
{
	int fd;

	(void)state;
	tree_write("dir/file", "x\n");
	assert_int_equal(symlinkat("dir", tree_fd, "link"), 0);
	assert_int_equal(symlinkat("nowhere", tree_fd, "dangling"), 0);
	/* /sys/bus/dax/devices/ holds nothing but links. */
	fd = sysfs_open_dir_at(tree_fd, "link");
	assert_true(fd >= 0);
	assert_true(sysfs_exists(fd, "file"));
	close(fd);
	assert_int_equal(sysfs_open_dir_at(tree_fd, "dir/file"), -ENOTDIR);
	assert_int_equal(sysfs_open_dir_at(tree_fd, "missing"), -ENOENT);
	assert_int_equal(sysfs_open_dir("/nonexistent/daxhp"), -ENOENT);
	/* A link exists, even if its target does not. */
	assert_true(sysfs_exists(tree_fd, "dangling"));
	assert_false(sysfs_exists(tree_fd, "missing"));
}

#define TREE_TEST(fn) cmocka_unit_test_setup_teardown(fn, tree_setup, tree_teardown)

static int all_tests(void)
{
	const struct CMUnitTest tests[] = {
		TREE_TEST(test_words),
		TREE_TEST(test_lengths),
		TREE_TEST(test_no_plain_file),
		TREE_TEST(test_unreadable),
		TREE_TEST(test_interrupted_read),
		TREE_TEST(test_open_file),
		TREE_TEST(test_u64),
		TREE_TEST(test_int),
		TREE_TEST(test_write),
		TREE_TEST(test_read_only),
		TREE_TEST(test_short_write),
		TREE_TEST(test_link_name),
		TREE_TEST(test_directories),
	};

	syscalls_answer((const int[]){ SYS_read }, 1, answer);
	/* The signal that a write past the limit sends. */
	signal(SIGXFSZ, SIG_IGN);
	return cmocka_run_group_tests_name("sysfs", tests, NULL, NULL);
}

int main(void)
{
	return syscalls_run(all_tests);
}
