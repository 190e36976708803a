// SPDX-License-Identifier: LGPL-2.1-or-later
/* Lines of mountinfo in the kernel's format; and the list of rivals. */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "unit.h"

static int parse(const char *line, char *buf, struct mount *mount)
{
	strcpy(buf, line);
	return mount_parse(buf, mount);
}

static void test_lines(void **state)
{
	static const struct {
		const char *line;
		unsigned int minor;
		const char *root, *dir;
		bool is_sysfs, is_writable;
	} rows[] = {
		{ "22 28 0:21 / /sys rw,nosuid,nodev,noexec,relatime shared:7 - sysfs sysfs rw\n",
		  21, "/", "/sys", true, true },
		/* In a container: without propagation, and read-only. */
		{ "731 700 0:54 / /sys ro,nosuid - sysfs sysfs ro\n", 54, "/", "/sys", true,
		  false },
		{ "731 700 0:54 / /sys rw - sysfs sysfs ro\n", 54, "/", "/sys", true, false },
		{ "731 700 0:54 / /sys ro - sysfs sysfs rw\n", 54, "/", "/sys", true, false },
		{ "731 700 0:54 / /sys rwx - sysfs sysfs rw\n", 54, "/", "/sys", true, false },
		{ "40 22 0:7 /firmware /a\\040b\\011c\\134d rw master:3 propagate_from:2 - sysfs "
		  "none rw",
		  7, "/firmware", "/a b\tc\\d", true, true },
		/* Too short to be an escape. */
		{ "40 22 0:7 / /a\\04 rw - sysfs none rw\n", 7, "/", "/a\\04", true, true },
		/* The mount has no source. */
		{ "40 22 0:7 / /a rw - tmpfs  rw,size=4k\n", 7, "/", "/a", false, true },
		{ "40 22 0:7 / /sysfs rw - ext4 sysfs rw\n", 7, "/", "/sysfs", false, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct mount m = { 0 };
		char buf[256];

		assert_msg(parse(rows[i].line, buf, &m) == 0, "row %zu: not understood", i);
		assert_msg(m.dev == makedev(0, rows[i].minor), "row %zu: device", i);
		assert_msg(strcmp(m.root, rows[i].root) == 0, "row %zu: root %s", i, m.root);
		assert_msg(strcmp(m.dir, rows[i].dir) == 0, "row %zu: dir %s", i, m.dir);
		assert_msg(m.is_sysfs == rows[i].is_sysfs, "row %zu: sysfs", i);
		assert_msg(m.is_writable == rows[i].is_writable, "row %zu: writable", i);
	}
}

static void test_not_lines(void **state)
{
	static const char *const lines[] = {
		"",
		"\n",
		"22",
		"22 28 0:21 / /sys rw shared:7",
		" - ",
		"22 28 0:21 / /sys - sysfs sysfs rw",
		"a b c d e f - g",
		"22 28 0:21 / /sys rw - sysfs",
		"22 28 0:21 / /sys rw - sysfs sysfs",
		"22 28 zero / /sys rw - sysfs sysfs rw",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct mount m;
		char buf[64];

		assert_msg(parse(lines[i], buf, &m) == -EBADMSG, "line %zu is taken", i);
	}
}

/* A directory stands for the sysfs of another namespace. */
static void test_way_to_the_blocks(void **state)
{
	static const struct {
		const char *root, *dir;
		int r;
	} rows[] = {
		{ "/", "/", 1 },
		{ "/devices", "/devices", 1 },
		{ "/devices/system", "/devices/system", 1 },
		{ "/devices/system/memory", "/devices/system/memory", 1 },
		/* A bind mount of only one block, or of one file. */
		{ "/devices/system/memory/memory7", "/", -EXDEV },
		{ "/devices/system/memory/memory7/online", "/", -EXDEV },
		/* No path leads from there to a block. */
		{ "/firmware", "/", 0 },
		{ "/devices/system/memoryX", "/", 0 },
		{ "/dev", "/", 0 },
		/* Something else is mounted over it. */
		{ "/", "/devices", 0 },
		{ "/", "/nowhere", 0 },
		/* Their links lead to nothing. */
		{ "/", "/link", -ELOOP },
	};
	char top[] = "/tmp/daxhp-mounts-XXXXXX", path[64];
	int rootfd;

	(void)state;
	assert_non_null(mkdtemp(top));
	rootfd = open(top, O_PATH | O_DIRECTORY);
	assert_true(rootfd >= 0);
	assert_int_equal(mkdirat(rootfd, "devices", 0700), 0);
	assert_int_equal(mkdirat(rootfd, "devices/system", 0700), 0);
	assert_int_equal(mkdirat(rootfd, "devices/system/memory", 0700), 0);
	assert_int_equal(symlinkat("/", rootfd, "link"), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct mount m = { .root = (char *)rows[i].root, .dir = (char *)rows[i].dir };
		struct stat st;
		int fd = -1, r;

		assert_int_equal(fstat(rootfd, &st), 0);
		m.dev = st.st_dev;
		r = mount_open_memory(&m, rootfd, &fd);
		assert_msg(r == rows[i].r, "row %zu: %d", i, r);
		assert_msg((fd >= 0) == (r == 1), "row %zu: descriptor %d", i, fd);
		if (fd < 0)
			continue;
		close(fd);
		/* The file system there is not the one in the line. */
		m.dev++;
		assert_int_equal(mount_open_memory(&m, rootfd, &fd), 0);
	}
	close(rootfd);
	for (const char *const *name = (const char *[]){ "/link", "/devices/system/memory",
							 "/devices/system", "/devices", "", NULL };
	     *name; name++) {
		snprintf(path, sizeof(path), "%s%s", top, *name);
		assert_int_equal(remove(path), 0);
	}
}

static void test_devices_are_remembered(void **state)
{
	struct mounts mounts = { 0 };
	struct mounted_dev *dev;

	(void)state;
	assert_null(mounts_find(&mounts, 7));
	assert_int_equal(mounts_add(&mounts, 7, true, &dev), 0);
	dev->is_marked = true;
	assert_int_equal(mounts_add(&mounts, 8, false, &dev), 0);
	assert_false(dev->is_marked);
	assert_int_equal(mounts_add(&mounts, 7, true, &dev), 0);
	assert_true(dev->is_marked);
	assert_int_equal(mounts.count, 2);
	/* The number of a file system that is gone. */
	assert_int_equal(mounts_add(&mounts, 8, true, &dev), 0);
	assert_true(dev->is_sysfs && !dev->is_marked);
	assert_true(mounts_find(&mounts, 8)->is_sysfs);
	free(mounts.devs);
}

static void test_rivals(void **state)
{
	struct rivals a = { 0 }, b = { 0 };

	(void)state;
	rivals_note(&a, getpid(), 1);
	rivals_note(&a, getpid(), 2);
	assert_int_equal(a.count, 1);
	assert_int_equal(a.list[0].denied, 3);
	assert_string_not_equal(a.list[0].comm, "?");
	/* A process outside of this PID namespace has neither number nor name here. */
	rivals_note(&a, 0, 1);
	assert_string_equal(a.list[1].comm, "?");
	for (int pid = 0; pid < 100; pid++)
		rivals_note(&b, 5000000 + pid, 1);
	assert_int_equal(b.count, RIVALS_MAX);
	assert_int_equal(b.left_out, 100 - RIVALS_MAX);
	rivals_note(&b, 5000000, 4);
	rivals_join(&a, &b);
	assert_int_equal(a.count, RIVALS_MAX);
	assert_int_equal(a.list[2].denied, 5);
	/* Two old entries of a replace two entries of b. */
	assert_int_equal(a.left_out, 100 - RIVALS_MAX + 2);
	rivals_join(&a, &b);
	assert_int_equal(a.list[2].denied, 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_not_lines),
		cmocka_unit_test(test_way_to_the_blocks),
		cmocka_unit_test(test_devices_are_remembered),
		cmocka_unit_test(test_rivals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
