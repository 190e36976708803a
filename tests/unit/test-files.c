// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Reads and writes memory blocks and the attribute in a directory of files. Plain files accept any
 * word, so the test answers the calls of write() with the kernel's errors.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "syscalls.h"
#include "tree.h"

/* From the second read on, the block is gone, although its files are there; or it has changed. */
static unsigned int n_reads;
static bool goes_away;
static const char *becomes;

/* The word that is refused, and the error. NULL: all words are accepted. */
static const char *refused_word;
static int refusal;
static char written[256]; /* all words, a blank behind each */

static int64_t answer_read(void)
{
	if (++n_reads == 2 && becomes)
		tree_write("memory7/state", becomes);
	return n_reads > 1 && goes_away ? -ENODEV : CALL_PASS;
}

/* Words have no newline. What the test writes itself has one, or is empty. */
static int64_t answer_write(const struct call *call)
{
	size_t size = call->args[2], n = strlen(written);
	char word[WORD_MAX] = "";

	if (size == 0 || size >= sizeof(word))
		return CALL_PASS;
	call_read(call, 1, word, size);
	if (strchr(word, '\n'))
		return CALL_PASS;
	snprintf(written + n, sizeof(written) - n, "%s ", word);
	return refused_word && strcmp(word, refused_word) == 0 ? refusal : CALL_PASS;
}

static int64_t answer(const struct call *call)
{
	return call->number == SYS_read ? answer_read() : answer_write(call);
}

static void refuse(const char *word, int r)
{
	refused_word = word;
	refusal = r;
	written[0] = '\0';
}

static int setup(void **state)
{
	refuse(NULL, 0);
	goes_away = false;
	becomes = NULL;
	return tree_setup(state);
}

/* ---- reading a block ---- */

/* NULL for a file that does not exist. */
static int read_block(const char *state, const char *zones, struct memblock *block)
{
	char file[WORD_MAX];

	unlinkat(tree_fd, "memory7/state", 0);
	unlinkat(tree_fd, "memory7/valid_zones", 0);
	if (state)
		tree_write("memory7/state", state);
	if (zones)
		tree_write("memory7/valid_zones", zones);
	*block = (struct memblock){ .id = 7, .zone = DAXHP_ZONE_DMA };
	return memblock_read(tree_fd, block, file);
}

static void test_blocks(void **state)
{
	static const struct {
		const char *state, *zones;
		int r;
		enum memblock_state block_state;
		enum daxhp_zone zone;
	} rows[] = {
		{ "online\n", "Movable\n", 0, MEMBLOCK_ONLINE, DAXHP_ZONE_MOVABLE },
		{ "online\n", "Normal\n", 0, MEMBLOCK_ONLINE, DAXHP_ZONE_NORMAL },
		{ "online\n", "DMA32\n", 0, MEMBLOCK_ONLINE, DAXHP_ZONE_DMA32 },
		{ "online\n", "DMA\n", 0, MEMBLOCK_ONLINE, DAXHP_ZONE_DMA },
		/* The block spans zones, or may not be taken away. */
		{ "online\n", "none\n", 0, MEMBLOCK_ONLINE, DAXHP_ZONE_UNKNOWN },
		{ "online\n", "Device\n", 0, MEMBLOCK_ONLINE, DAXHP_ZONE_UNKNOWN },
		{ "online\n", "Normal Movable\n", 0, MEMBLOCK_ONLINE, DAXHP_ZONE_UNKNOWN },
		/* The zones of an offline block are only the zones where it could go. */
		{ "offline\n", "Normal Movable\n", 0, MEMBLOCK_OFFLINE, DAXHP_ZONE_UNKNOWN },
		{ "offline\n", "Movable\n", 0, MEMBLOCK_OFFLINE, DAXHP_ZONE_UNKNOWN },
		{ "offline\n", NULL, 0, MEMBLOCK_OFFLINE, DAXHP_ZONE_UNKNOWN },
		{ "going-offline\n", "Movable\n", 0, MEMBLOCK_GOING_OFFLINE, DAXHP_ZONE_UNKNOWN },
		{ NULL, NULL, 0, MEMBLOCK_MISSING, DAXHP_ZONE_UNKNOWN },
		{ NULL, "Movable\n", 0, MEMBLOCK_MISSING, DAXHP_ZONE_UNKNOWN },
		/* Online without zones: a kernel without hot-remove. */
		{ "online\n", NULL, -ENOTSUP, MEMBLOCK_ONLINE, DAXHP_ZONE_UNKNOWN },
		/* The code does not guess at a word that no kernel has. */
		{ "", "Movable\n", -ENODATA, MEMBLOCK_MISSING, DAXHP_ZONE_UNKNOWN },
		{ "onlin\n", "Movable\n", -EBADMSG, MEMBLOCK_MISSING, DAXHP_ZONE_UNKNOWN },
		{ "online \n", "Movable\n", -EBADMSG, MEMBLOCK_MISSING, DAXHP_ZONE_UNKNOWN },
		{ "ONLINE\n", "Movable\n", -EBADMSG, MEMBLOCK_MISSING, DAXHP_ZONE_UNKNOWN },
		{ "\x01\x02\n", "Movable\n", -EBADMSG, MEMBLOCK_MISSING, DAXHP_ZONE_UNKNOWN },
		{ "online\n", "", -ENODATA, MEMBLOCK_ONLINE, DAXHP_ZONE_UNKNOWN },
		{ "online\n", "\x80\n", -EBADMSG, MEMBLOCK_ONLINE, DAXHP_ZONE_UNKNOWN },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct memblock block;

		assert_msg(read_block(rows[i].state, rows[i].zones, &block) == rows[i].r, "row %zu",
			   i);
		assert_msg(block.state == rows[i].block_state, "row %zu: %d", i, block.state);
		assert_msg(block.zone == rows[i].zone, "row %zu: zone %d", i, block.zone);
		assert_int_equal(block.id, 7);
	}
}

/* The block changes between the read of its state and the read of its zones. */
static void test_block_changes(void **state)
{
	struct memblock block;

	(void)state;
	NEEDS_ANSWERS();
	n_reads = 0;
	goes_away = true;
	assert_int_equal(read_block("online\n", "Movable\n", &block), 0);
	assert_int_equal(block.state, MEMBLOCK_MISSING);
	n_reads = 0;
	goes_away = false;
	becomes = "offline\n";
	assert_int_equal(read_block("online\n", "Normal Movable\n", &block), 0);
	assert_int_equal(block.state, MEMBLOCK_OFFLINE);
}

static void test_file_is_named(void **state)
{
	struct memblock block = { .id = (UINT64_C(1) << 56) - 1 };
	char file[WORD_MAX];

	(void)state;
	tree_write("memory72057594037927935/state", "online\n");
	tree_write("memory72057594037927935/valid_zones", "");
	assert_int_equal(memblock_read(tree_fd, &block, file), -ENODATA);
	assert_string_equal(file, "memory72057594037927935/valid_zones");
	tree_write("memory72057594037927935/state", "?\n");
	assert_int_equal(memblock_read(tree_fd, &block, file), -EBADMSG);
	assert_string_equal(file, "memory72057594037927935/state");
}

static void test_open_state_file(void **state)
{
	struct memblock block = { .id = 7 };
	char file[WORD_MAX];
	int fd;

	(void)state;
	/* It reads the open file, even if the name now leads to another file. */
	tree_write("other", "offline\n");
	tree_write("memory7/state", "online\n");
	fd = openat(tree_fd, "other", O_RDWR | O_CLOEXEC);
	assert_int_equal(memblock_read_state(tree_fd, fd, &block, file), 0);
	assert_int_equal(block.state, MEMBLOCK_OFFLINE);
	assert_int_equal(memblock_read_state(tree_fd, -1, &block, file), 0);
	assert_int_equal(block.state, MEMBLOCK_ONLINE);
	assert_int_equal(memblock_write(tree_fd, fd, 7, DAXHP_ONLINE), 0);
	assert_non_null(strstr(tree_read("other"), "online"));
	assert_string_equal(tree_read("memory7/state"), "online\n");
	close(fd);
}

static void test_block_size(void **state)
{
	static const struct {
		const char *text;
		int r;
		uint64_t bytes;
	} rows[] = {
		{ "8000000\n", 0, UINT64_C(128) << 20 },
		{ "80000000\n", 0, UINT64_C(2) << 30 },
		{ "0\n", -EBADMSG, 0 },
		{ "8000001\n", -EBADMSG, 0 },
		{ "3000000\n", -EBADMSG, 0 },
		{ "-8000000\n", -EBADMSG, 0 },
		{ "128M\n", -EBADMSG, 0 },
		{ "", -ENODATA, 0 },
	};
	uint64_t bytes;

	(void)state;
	assert_int_equal(memblock_read_size(tree_fd, &bytes), -ENOENT);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		bytes = 4711;
		tree_write("block_size_bytes", rows[i].text);
		assert_msg(memblock_read_size(tree_fd, &bytes) == rows[i].r, "%s", rows[i].text);
		assert_true(bytes == (rows[i].r ? 4711 : rows[i].bytes));
	}
}

/* ---- writing a block ---- */

static void test_write_block(void **state)
{
	(void)state;
	NEEDS_ANSWERS();
	tree_write("memory7/state", "");
	assert_int_equal(memblock_write(tree_fd, -1, 7, DAXHP_ONLINE_MOVABLE), 0);
	assert_string_equal(tree_read("memory7/state"), "online_movable");
	assert_int_equal(memblock_write(tree_fd, -1, 8, DAXHP_OFFLINE), -ENOENT);
	refuse("offline", -EBUSY);
	assert_int_equal(memblock_write(tree_fd, -1, 7, DAXHP_OFFLINE), -EBUSY);
	assert_string_equal(written, "offline ");
}

/* The kernel returns EINVAL for a block that is in that state already, or that may not go there. */
static void test_already_there(void **state)
{
	static const struct {
		const char *state, *zones;
		enum daxhp_state word;
		int r;
	} rows[] = {
		{ "offline\n", NULL, DAXHP_OFFLINE, 0 },
		{ "online\n", "Movable\n", DAXHP_OFFLINE, -EINVAL },
		{ "going-offline\n", NULL, DAXHP_OFFLINE, -EINVAL },
		{ "online\n", "Movable\n", DAXHP_ONLINE, 0 },
		{ "online\n", "Movable\n", DAXHP_ONLINE_MOVABLE, 0 },
		{ "online\n", "Normal\n", DAXHP_ONLINE_MOVABLE, -EINVAL },
		{ "online\n", "Normal\n", DAXHP_ONLINE_KERNEL, 0 },
		{ "online\n", "Movable\n", DAXHP_ONLINE_KERNEL, -EINVAL },
		{ "online\n", "none\n", DAXHP_ONLINE_MOVABLE, -EINVAL },
		{ "offline\n", NULL, DAXHP_ONLINE, -EINVAL },
		{ "nonsense\n", NULL, DAXHP_OFFLINE, -EINVAL },
	};

	(void)state;
	NEEDS_ANSWERS();
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct memblock ignored;

		read_block(rows[i].state, rows[i].zones, &ignored);
		refuse(daxhp_state_name(rows[i].word), -EINVAL);
		assert_msg(memblock_write(tree_fd, -1, 7, rows[i].word) == rows[i].r, "row %zu", i);
		/* Any other error is a failure, in any state of the block. */
		refuse(daxhp_state_name(rows[i].word), -EBUSY);
		assert_int_equal(memblock_write(tree_fd, -1, 7, rows[i].word), -EBUSY);
	}
}

/* ---- the attribute ---- */

static void test_find_attribute(void **state)
{
	char word[WORD_MAX];

	(void)state;
	assert_int_equal(attribute_find(tree_fd), DAXHP_INTERFACE_MEMORY_BLOCKS);
	tree_write("hotplug", "unplugged\n");
	assert_int_equal(attribute_find(tree_fd), DAXHP_INTERFACE_HOTPLUG);
	/* Mainline's name first, where a kernel has both. */
	tree_write("state", "online_movable\n");
	assert_int_equal(attribute_find(tree_fd), DAXHP_INTERFACE_STATE);
	assert_int_equal(attribute_read(tree_fd, DAXHP_INTERFACE_STATE, word, sizeof(word)), 0);
	assert_string_equal(word, "online_movable");
	assert_int_equal(attribute_read(tree_fd, DAXHP_INTERFACE_HOTPLUG, word, sizeof(word)), 0);
	assert_string_equal(word, "unplugged");
}

static int write_attribute(enum daxhp_state word, const char **wrote)
{
	return attribute_write(tree_fd, DAXHP_INTERFACE_HOTPLUG, word, wrote);
}

static void test_write_attribute(void **state)
{
	const char *wrote;

	(void)state;
	NEEDS_ANSWERS();
	tree_write("hotplug", "");
	assert_int_equal(write_attribute(DAXHP_ONLINE_MOVABLE, &wrote), 0);
	assert_string_equal(tree_read("hotplug"), "online_movable");
	assert_string_equal(wrote, "online_movable");
	assert_int_equal(write_attribute(DAXHP_UNPLUGGED, &wrote), 0);
	assert_string_equal(wrote, "unplugged");
	assert_string_equal(written, "online_movable unplugged ");
}

/* The first versions of the attribute had "unplug". The code tries it once, only after EINVAL. */
static void test_old_word(void **state)
{
	const char *wrote;

	(void)state;
	NEEDS_ANSWERS();
	tree_write("hotplug", "");
	refuse("unplugged", -EINVAL);
	assert_int_equal(write_attribute(DAXHP_UNPLUGGED, &wrote), 0);
	assert_string_equal(written, "unplugged unplug ");
	assert_string_equal(wrote, "unplug");
	refuse("unplugged", -EBUSY);
	assert_int_equal(write_attribute(DAXHP_UNPLUGGED, &wrote), -EBUSY);
	assert_string_equal(written, "unplugged ");
	assert_string_equal(wrote, "unplugged");
	refuse("online", -EINVAL);
	assert_int_equal(write_attribute(DAXHP_ONLINE, &wrote), -EINVAL);
	assert_string_equal(written, "online ");
}

#define TREE_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, tree_teardown)

static int all_tests(void)
{
	const struct CMUnitTest tests[] = {
		TREE_TEST(test_blocks),		 TREE_TEST(test_file_is_named),
		TREE_TEST(test_open_state_file), TREE_TEST(test_block_size),
		TREE_TEST(test_write_block),	 TREE_TEST(test_already_there),
		TREE_TEST(test_find_attribute),	 TREE_TEST(test_write_attribute),
		TREE_TEST(test_old_word),	 TREE_TEST(test_block_changes),
	};

	syscalls_answer((const int[]){ SYS_read, SYS_write }, 2, answer);
	return cmocka_run_group_tests_name("files", tests, NULL, NULL);
}

int main(void)
{
	return syscalls_run(all_tests);
}
