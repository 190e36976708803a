// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>

#include "tree.h"

int tree_fd = -1;

static char path[4096];

static int remove_one(const char *name, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(name);
}

int tree_setup(void **state)
{
	const char *parent = getenv("TMPDIR");

	(void)state;
	snprintf(path, sizeof(path), "%s/daxhp-test-XXXXXX", parent ? parent : "/tmp");
	if (!mkdtemp(path))
		return -1;
	/* Another user must be able to reach the files that it may not read. */
	chmod(path, 0755);
	tree_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return tree_fd < 0 ? -1 : 0;
}

int tree_teardown(void **state)
{
	(void)state;
	close(tree_fd);
	tree_fd = -1;
	return nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void make_parent(const char *name)
{
	const char *slash = strrchr(name, '/');
	char parent[256];

	if (!slash)
		return;
	snprintf(parent, sizeof(parent), "%.*s", (int)(slash - name), name);
	if (mkdirat(tree_fd, parent, 0755) < 0)
		assert_int_equal(errno, EEXIST);
}

void tree_write_bytes(const char *name, const void *bytes, size_t size)
{
	int fd;

	make_parent(name);
	fd = openat(tree_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
	close(fd);
}

void tree_write(const char *name, const char *text)
{
	tree_write_bytes(name, text, strlen(text));
}

const char *tree_read(const char *name)
{
	static char text[256];
	int fd = openat(tree_fd, name, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	assert_true(fd >= 0);
	n = read(fd, text, sizeof(text) - 1);
	assert_true(n >= 0);
	close(fd);
	text[n] = '\0';
	return text;
}
