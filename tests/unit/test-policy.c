// SPDX-License-Identifier: LGPL-2.1-or-later
/* Policy files: what a rule means, and which files count. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"
#include "daxhp.h"
#include "policy.h"

/* The tool's files need these functions to link. */
void complain(const char *format, ...)
{
	fail_msg("complains: %s", format);
}

/* ---- one value ---- */

static void test_values(void **state)
{
	static const struct {
		const char *key, *value, *again; /* as rule_print() prints it; NULL: refused */
	} rows[] = {
		{ "MemdevSerial", "0x1000", "0x1000" },
		{ "MemdevSerial", "4096", "0x1000" },
		{ "MemdevSerial", "0xffffffffffffffff", "0xffffffffffffffff" },
		{ "MemdevSerial", "0x10000000000000000", NULL },
		{ "MemdevSerial", "18446744073709551616", NULL },
		{ "MemdevSerial", "0x", NULL },
		{ "MemdevSerial", "-1", NULL },
		{ "MemdevSerial", "+1", NULL },
		{ "MemdevSerial", " 1", NULL },
		{ "MemdevSerial", "1x", NULL },
		{ "MemdevSerial", "1,2", NULL },
		{ "NamespaceUUID", "7AC3EFC1-fdb3-4e2b-8a0d-9fb4ac7ab4b5",
		  "7ac3efc1-fdb3-4e2b-8a0d-9fb4ac7ab4b5" },
		{ "NamespaceUUID", "7ac3efc1fdb3-4e2b-8a0d-9fb4ac7ab4b5-", NULL },
		{ "NamespaceUUID", "7ac3efc1-fdb3-4e2b-8a0d-9fb4ac7ab4b", NULL },
		{ "NamespaceUUID", "7ac3efc1-fdb3-4e2b-8a0d-9fb4ac7ab4bg", NULL },
		{ "Kind", "cxl", "cxl" },
		{ "Kind", "pmem", "pmem" },
		{ "Kind", "hmem", "hmem" },
		{ "Kind", "CXL", NULL },
		{ "Kind", "dram", NULL },
		{ "TargetNode", "0", "0" },
		{ "TargetNode", "65535", "65535" },
		{ "TargetNode", "65536", NULL },
		{ "TargetNode", "-1", NULL },
		{ "Start", "0x100000000", "0x100000000" },
		{ "Start", "4294967296", "0x100000000" },
		{ "Start", "4G", NULL },
		{ "Size", "2G", "2G" },
		{ "Size", "2048M", "2G" },
		{ "Size", "2147483648", "2G" },
		{ "Size", "2G-8G", "2G-8G" },
		{ "Size", "2G-", "2G-" },
		{ "Size", "-8G", "-8G" },
		{ "Size", "1P", "1P" },
		{ "Size", "16384P", NULL },
		{ "Size", "8G-2G", NULL },
		{ "Size", "-", NULL },
		{ "Size", "2G-8G-", NULL },
		{ "Size", "--8G", NULL },
		{ "Size", "2GB", NULL },
		{ "Size", "2g", NULL },
		{ "Size", "G", NULL },
		{ "Size", "2G 8G", NULL },
		{ "Region", "region0", "region0" },
		{ "Region", "0", "0" },
		{ "Region", "a b", NULL },
		{ "Region", "\x1b[2J", NULL },
		{ "Region", "0123456789012345678901234567890123456789012345678901234567890123",
		  NULL },
		{ "Name", "dax*", "dax*" },
		{ "Name", "d\xc3\xa4x0.0", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct rule rule = { 0 };
		char why[RULE_WHY_MAX] = "", text[RULE_TEXT_MAX] = "";
		int r = rule_set(&rule, "Match", rows[i].key, rows[i].value, 7, why);

		assert_msg((r == 0) == (rows[i].again != NULL), "%s=%s: %d %s", rows[i].key,
			   rows[i].value, r, why);
		for (enum rule_key key = 0; r == 0 && key < RULE_KEYS; key++) {
			if (!rule.lines[key])
				continue;
			assert_string_equal(rule_key_name(key), rows[i].key);
			assert_int_equal(rule.lines[key], 7);
			rule_print(&rule, key, text, sizeof(text));
		}
		if (r == 0)
			assert_string_equal(text, rows[i].again);
		else
			assert_non_null(strstr(why, "expected"));
	}
}

static void test_keys(void **state)
{
	static const struct {
		const char *section, *key, *value;
		bool is_good;
	} rows[] = {
		{ "Device", "Mode", "system-ram", true },
		{ "Device", "Mode", "devdax", true },
		{ "Device", "Mode", "ignore", true },
		{ "Device", "Mode", "famfs", false },
		{ "Device", "Zone", "movable", true },
		{ "Device", "Zone", "kernel", true },
		{ "Device", "Zone", "normal", false },
		{ "Device", "Memory", "online", true },
		{ "Device", "Memory", "unplugged", true },
		{ "Device", "Memory", "offline", false },
		{ "Match", "Mode", "devdax", false },
		{ "Device", "Kind", "cxl", false },
		{ "", "Kind", "cxl", false },
		{ "match", "Kind", "cxl", false },
		{ "Match", "kind", "cxl", false },
		{ "Match", "Speed", "fast", false },
		{ "Match", "Kind", "", false },
		{ "Match", "Kind", NULL, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct rule rule = { 0 };
		char why[RULE_WHY_MAX] = "";
		int r = rule_set(&rule, rows[i].section, rows[i].key, rows[i].value, 1, why);

		assert_msg((r == 0) == rows[i].is_good, "[%s] %s=%s", rows[i].section, rows[i].key,
			   rows[i].value);
		assert_msg((*why == '\0') == rows[i].is_good, "[%s] %s: %s", rows[i].section,
			   rows[i].key, why);
	}
}

/* Text of "KEY=VALUE KEY=VALUE" as a rule; each word is a line, from 1 on. */
static struct rule make_rule(const char *text)
{
	struct rule rule = { 0 };
	char copy[256], why[RULE_WHY_MAX], *rest = copy, *word;
	unsigned int line = 0;

	snprintf(copy, sizeof(copy), "%s", text);
	while ((word = strsep(&rest, " "))) {
		char *value = strchr(word, '=');
		const char *section = "Match";

		if (!value)
			continue;
		*value++ = '\0';
		if (strcmp(word, "Mode") == 0 || strcmp(word, "Zone") == 0 ||
		    strcmp(word, "Memory") == 0)
			section = "Device";
		assert_int_equal(rule_set(&rule, section, word, value, ++line, why), 0);
	}
	return rule;
}

static void test_whole_rules(void **state)
{
	static const struct {
		const char *text;
		unsigned int line; /* of the error */
		const char *why;   /* NULL: it is a whole rule */
	} rows[] = {
		{ "Kind=cxl Mode=devdax", 0, NULL },
		{ "Kind=cxl Mode=system-ram", 0, NULL },
		{ "Kind=cxl Mode=system-ram Zone=kernel Memory=online", 0, NULL },
		{ "Kind=cxl Mode=system-ram Memory=unplugged", 0, NULL },
		{ "Kind=cxl Mode=ignore", 0, NULL },
		{ "", 0, "[Match]" },
		{ "Mode=devdax", 0, "[Match]" },
		{ "Kind=cxl", 0, "no Mode=" },
		{ "Kind=cxl Zone=movable", 0, "no Mode=" },
		{ "Kind=cxl Mode=devdax Zone=movable", 3, "Zone= needs Mode=system-ram" },
		{ "Kind=cxl Mode=devdax Memory=online", 3, "Memory= needs Mode=system-ram" },
		{ "Kind=cxl Mode=ignore Memory=unplugged", 3, "Memory= needs Mode=system-ram" },
		{ "Kind=cxl Mode=system-ram Zone=movable Memory=unplugged", 3, "contradict" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct rule rule = make_rule(rows[i].text);
		char why[RULE_WHY_MAX] = "";
		unsigned int line = 99;
		int r = rule_check(&rule, why, &line);

		assert_msg((r == 0) == !rows[i].why, "%s: %s", rows[i].text, why);
		assert_msg(line == rows[i].line, "%s: line %u", rows[i].text, line);
		if (rows[i].why)
			assert_msg(strstr(why, rows[i].why), "%s: %s", rows[i].text, why);
	}
}

/* ---- matching ---- */

static const struct daxhp_memdev cards[] = {
	{ .name = "mem0", .serial = 0x1000, .has_serial = true },
	{ .name = "mem1", .serial = 0x2000, .has_serial = true },
	{ .name = "mem2", .serial = 0x3000, .has_serial = false },
};
static const struct subject cxl = {
	.name = "dax1.0",
	.kind = DAXHP_PROVIDER_CXL,
	.memdevs = { &cards[0], &cards[1], &cards[2] },
	.n_memdevs = ARRAY_SIZE(cards),
	.region_number = "1",
	.region_name = "dax_region0",
	.cxl_region = "region0",
	.node = 2,
	.start = 0x490000000,
	.size = 4ull << 30,
};
static const struct subject pmem = {
	.name = "dax0.0",
	.kind = DAXHP_PROVIDER_PMEM,
	.uuid = "7ac3efc1-fdb3-4e2b-8a0d-9fb4ac7ab4b5",
	.region_number = "0",
	.region_name = "dax0.0",
	.node = 0,
	.start = UINT64_MAX,
	.size = 0,
};

static void test_matching(void **state)
{
	static const struct {
		const struct subject *subject;
		const char *rule;
		const char *mismatch; /* NULL: it is for the device */
	} rows[] = {
		{ &cxl, "MemdevSerial=0x1000", NULL },
		{ &cxl, "MemdevSerial=0x2000", NULL },
		{ &cxl, "MemdevSerial=0x3000", "MemdevSerial" }, /* not known */
		{ &cxl, "MemdevSerial=1", "MemdevSerial" },
		{ &pmem, "MemdevSerial=0x1000", "MemdevSerial" },
		{ &pmem, "NamespaceUUID=7AC3EFC1-FDB3-4E2B-8A0D-9FB4AC7AB4B5", NULL },
		{ &pmem, "NamespaceUUID=7ac3efc1-fdb3-4e2b-8a0d-9fb4ac7ab4b6", "NamespaceUUID" },
		{ &cxl, "NamespaceUUID=7ac3efc1-fdb3-4e2b-8a0d-9fb4ac7ab4b5", "NamespaceUUID" },
		{ &cxl, "Kind=cxl", NULL },
		{ &cxl, "Kind=hmem", "Kind" },
		{ &cxl, "TargetNode=2", NULL },
		{ &cxl, "TargetNode=0", "TargetNode" },
		{ &pmem, "TargetNode=0", NULL },
		{ &cxl, "Start=0x490000000", NULL },
		{ &cxl, "Start=0x490000001", "Start" },
		{ &pmem, "Start=0xffffffffffffffff", "Start" }, /* not known */
		{ &cxl, "Size=4G", NULL },
		{ &cxl, "Size=4G-", NULL },
		{ &cxl, "Size=-4G", NULL },
		{ &cxl, "Size=4095M-4097M", NULL },
		{ &cxl, "Size=5G-", "Size" },
		{ &cxl, "Size=-3G", "Size" },
		{ &pmem, "Size=-3G", "Size" }, /* not known */
		{ &cxl, "Region=1", NULL },
		{ &cxl, "Region=dax_region0", NULL },
		{ &cxl, "Region=region0", NULL },
		{ &cxl, "Region=region1", "Region" },
		{ &pmem, "Region=region0", "Region" },
		{ &cxl, "Name=dax1.0", NULL },
		{ &cxl, "Name=dax*", NULL },
		{ &cxl, "Name=dax[0-9].?", NULL },
		{ &cxl, "Name=dax1", "Name" },
		{ &cxl, "Kind=cxl MemdevSerial=0x1000 Size=2G-8G Name=dax*", NULL },
		{ &cxl, "Kind=cxl MemdevSerial=0x1000 Size=2G-8G Name=dax0*", "Name" },
		{ &cxl, "Kind=pmem MemdevSerial=1", "MemdevSerial" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct rule rule = make_rule(rows[i].rule);
		const char *got = rule_key_name(rule_mismatch(&rule, rows[i].subject));

		assert_msg(got == rows[i].mismatch ||
				   (got && rows[i].mismatch && strcmp(got, rows[i].mismatch) == 0),
			   "%s: %s: %s", rows[i].subject->name, rows[i].rule, got);
	}
}

/* What 'policy show' prints of a device is true of it. */
static void test_show_and_match(void **state)
{
	static const struct subject *const subjects[] = { &cxl, &pmem };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(subjects); i++) {
		for (enum rule_key key = 0; key < RULE_MATCHES; key++) {
			char value[RULE_TEXT_MAX], why[RULE_WHY_MAX];
			struct rule rule = { 0 };

			subject_print(subjects[i], key, value, sizeof(value));
			/* Of several cards, each is enough. */
			value[strcspn(value, " ")] = '\0';
			if (!*value)
				continue;
			assert_int_equal(rule_set(&rule, "Match", rule_key_name(key), value, 1,
						  why),
					 0);
			assert_int_equal(rule_mismatch(&rule, subjects[i]), RULE_KEYS);
		}
	}
}

static void test_kept(void **state)
{
	static const struct {
		const char *rule;
		enum daxhp_mode mode;
		enum daxhp_state state;
		bool is_kept;
	} rows[] = {
		{ "Mode=ignore", DAXHP_MODE_OTHER, DAXHP_STATE_NONE, true },
		{ "Mode=devdax", DAXHP_MODE_DEVDAX, DAXHP_STATE_NONE, true },
		{ "Mode=devdax", DAXHP_MODE_UNBOUND, DAXHP_UNPLUGGED, false },
		{ "Mode=system-ram", DAXHP_MODE_SYSTEM_RAM, DAXHP_ONLINE_MOVABLE, true },
		{ "Mode=system-ram", DAXHP_MODE_SYSTEM_RAM, DAXHP_ONLINE, false },
		{ "Mode=system-ram", DAXHP_MODE_DEVDAX, DAXHP_STATE_NONE, false },
		{ "Mode=system-ram", DAXHP_MODE_SYSTEM_RAM, DAXHP_INCONSISTENT, false },
		{ "Mode=system-ram", DAXHP_MODE_SYSTEM_RAM, DAXHP_OFFLINE, false },
		{ "Mode=system-ram Zone=kernel", DAXHP_MODE_SYSTEM_RAM, DAXHP_ONLINE, true },
		{ "Mode=system-ram Zone=kernel", DAXHP_MODE_SYSTEM_RAM, DAXHP_ONLINE_KERNEL, true },
		{ "Mode=system-ram Zone=kernel", DAXHP_MODE_SYSTEM_RAM, DAXHP_ONLINE_MOVABLE,
		  false },
		{ "Mode=system-ram Memory=unplugged", DAXHP_MODE_UNBOUND, DAXHP_UNPLUGGED, true },
		{ "Mode=system-ram Memory=unplugged", DAXHP_MODE_SYSTEM_RAM, DAXHP_UNPLUGGED,
		  true },
		{ "Mode=system-ram Memory=unplugged", DAXHP_MODE_DEVDAX, DAXHP_STATE_NONE, false },
		{ "Mode=system-ram Memory=unplugged", DAXHP_MODE_SYSTEM_RAM, DAXHP_OFFLINE, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct rule rule = make_rule(rows[i].rule);

		assert_msg(rule_is_kept(&rule, rows[i].mode, rows[i].state) == rows[i].is_kept,
			   "%s: mode %d, state %d", rows[i].rule, rows[i].mode, rows[i].state);
	}
}

static void test_repeated(void **state)
{
	static const struct {
		const char *text;
		unsigned int line;
	} rows[] = {
		{ "", 0 },
		{ "Kind=cxl", 0 },
		{ "[Match]\nKind=cxl\nName=x\n", 0 },
		{ "[Match]\nKind=cxl\nKind=cxl\n", 3 },
		{ "[Match]\nKind=cxl\n[Device]\n  Kind = cxl", 4 },
		{ "[Match]\nKind=cxl\n#Kind=cxl\n ;Kind=pmem\n[Kind=x]\nKindred=1\n", 0 },
		{ "\n\nMode=\n\tMode\t=x", 4 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_msg(rule_find_repeated(rows[i].text) == rows[i].line, "%s: %u", rows[i].text,
			   rule_find_repeated(rows[i].text));
}

/* ---- files ---- */

static char root[] = "/tmp/daxhp-test-policy.XXXXXX";
static char one[64], two[64];

static int make_folders(void **state)
{
	(void)state;
	if (!mkdtemp(root))
		return -1;
	snprintf(one, sizeof(one), "%s/one", root);
	snprintf(two, sizeof(two), "%s/two", root);
	return mkdir(one, 0755) || mkdir(two, 0755);
}

static int remove_folders(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", root);
	return system(command);
}

static void write_file(const char *folder, const char *name, const char *text, mode_t mode)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	unlink(path);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	assert_int_equal(chmod(path, mode), 0);
}

#define GOOD "[Match]\nKind=cxl # of any card\n\n[Device]\n; give it away\nMode = devdax\n"

static struct policies load(void)
{
	const char *const folders[] = { one, two, "/nonexistent/policy.d" };
	struct policies policies;

	assert_int_equal(policies_load_from(folders, ARRAY_SIZE(folders), &policies), 0);
	return policies;
}

/* The files in their order: "a.policy good, b.policy broken:3". */
static void check_files(const struct policies *policies, const char *expected)
{
	static const char *const words[] = { "good", "broken", "masked", "overridden" };
	char text[1024] = "";

	for (size_t i = 0; i < policies->count; i++) {
		const struct policy_file *file = &policies->files[i];
		size_t used = strlen(text);

		snprintf(text + used, sizeof(text) - used, "%s%s %s", i ? ", " : "", file->name,
			 words[file->status]);
		used = strlen(text);
		if (file->line)
			snprintf(text + used, sizeof(text) - used, ":%u", file->line);
	}
	assert_string_equal(text, expected);
}

static void test_order(void **state)
{
	struct policies policies;
	const struct policy_file *first;

	(void)state;
	write_file(one, "50-b.policy", GOOD, 0644);
	write_file(two, "10-a.policy", GOOD, 0644);
	write_file(two, "50-b.policy", GOOD, 0644);
	write_file(two, "60-c.policy", GOOD, 0600);
	write_file(two, "70-not.policy.bak", GOOD, 0644);
	write_file(two, ".80-hidden.policy", GOOD, 0644);
	policies = load();
	check_files(&policies, "10-a.policy good, 50-b.policy good, 50-b.policy overridden, "
			       "60-c.policy good");
	assert_int_equal(policies.n_broken, 0);
	first = policies_find(&policies, &cxl);
	assert_non_null(first);
	assert_string_equal(first->name, "10-a.policy");
	assert_int_equal(first->rule.mode, RULE_DEVDAX);
	assert_null(policies_find(&policies, &pmem));
	assert_ptr_equal(strstr(policies.files[1].path, "/one/"),
			 policies.files[1].path + strlen(root));
	policies_clear(&policies);
}

static void test_masks(void **state)
{
	char path[128];
	struct policies policies;

	(void)state;
	snprintf(path, sizeof(path), "%s/10-a.policy", one);
	assert_int_equal(symlink("/dev/null", path), 0);
	write_file(one, "60-c.policy", "", 0644);
	policies = load();
	check_files(&policies,
		    "10-a.policy masked, 10-a.policy overridden, 50-b.policy good, "
		    "50-b.policy overridden, 60-c.policy masked, 60-c.policy overridden");
	assert_string_equal(policies_find(&policies, &cxl)->name, "50-b.policy");
	policies_clear(&policies);
	/* What is broken does not count, and what it overrides neither. */
	write_file(one, "50-b.policy", "[Match]\nKind=cxl\n[Device]\nMode=fast\n", 0644);
	policies = load();
	assert_int_equal(policies.n_broken, 1);
	assert_null(policies_find(&policies, &cxl));
	policies_clear(&policies);
}

static void test_broken(void **state)
{
	static const struct {
		const char *text;
		mode_t mode;
		unsigned int line;
		const char *why;
	} rows[] = {
		{ "[Match\nKind=cxl\n", 0644, 1, "" },
		{ "[Match]\nKind\n[Device]\nMode=devdax\n", 0644, 2, "Kind= has no value" },
		{ "[Match]\nKind=cxl\n[Device]\nMode=fast\n", 0644, 4,
		  "'fast' is not a value of Mode=" },
		{ "[Match]\nKind=cxl\nColour=red\n[Device]\nMode=devdax\n", 0644, 3,
		  "'Colour' is not a key of [Match]" },
		{ "Kind=cxl\n[Device]\nMode=devdax\n", 0644, 1, "'Kind' is not a key of []" },
		{ "[Match]\nKind=cxl\nKind=pmem\n[Device]\nMode=devdax\n", 0644, 3,
		  "there already" },
		{ "[Match]\nKind=cxl\n  pmem\n[Device]\nMode=devdax\n", 0644, 3, "second line" },
		{ "[Match]\nKind=cxl\n[Device]\nMode=devdax\nZone=movable\n", 0644, 5,
		  "Zone= needs" },
		{ "[Device]\nMode=devdax\n", 0644, 0, "nothing in [Match]" },
		{ "# nothing\n", 0644, 0, "nothing in [Match]" },
		{ "just words\n", 0644, 1, "" },
		{ GOOD, 0664, 0, "may write" },
		{ GOOD, 0646, 0, "may write" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct policies policies;
		const struct policy_file *file;

		write_file(one, "00-x.policy", rows[i].text, rows[i].mode);
		policies = load();
		file = &policies.files[0];
		assert_string_equal(file->name, "00-x.policy");
		assert_msg(file->status == POLICY_BROKEN, "%s: status %d", rows[i].text,
			   file->status);
		assert_msg(file->line == rows[i].line, "%s: line %u", rows[i].text, file->line);
		assert_msg(*file->why && strstr(file->why, rows[i].why), "%s: %s", rows[i].text,
			   file->why);
		policies_clear(&policies);
	}
	write_file(one, "00-x.policy", GOOD, 0644);
}

static void check_why(const char *why)
{
	struct policies policies = load();

	assert_int_equal(policies.files[0].status, POLICY_BROKEN);
	assert_msg(strstr(policies.files[0].why, why), "%s", policies.files[0].why);
	policies_clear(&policies);
}

/* Nothing of it is opened for long, and nothing is waited for. */
static void test_no_files(void **state)
{
	char path[128];
	FILE *f;

	(void)state;
	snprintf(path, sizeof(path), "%s/00-x.policy", one);
	unlink(path);
	assert_int_equal(mkfifo(path, 0644), 0);
	check_why("it is no file");
	unlink(path);
	assert_int_equal(mkdir(path, 0755), 0);
	check_why("it is no file");
	rmdir(path);
	assert_int_equal(symlink("/nonexistent", path), 0);
	check_why("cannot be opened");
	unlink(path);
	assert_int_equal(symlink(path, path), 0);
	check_why("cannot be opened");
	unlink(path);
	f = fopen(path, "w");
	assert_non_null(f);
	fwrite("[Match]\0Kind", 1, 12, f);
	fclose(f);
	check_why("it is no text");
	f = fopen(path, "w");
	assert_non_null(f);
	for (int i = 0; i < 20000; i++)
		fputs("#\n", f);
	fclose(f);
	check_why("longer than");
	unlink(path);
}

static void test_folder_of_others(void **state)
{
	struct policies policies;

	(void)state;
	assert_int_equal(chmod(one, 0777), 0);
	policies = load();
	assert_int_equal(policies.n_broken, 1);
	/* The files in it are not used, and mask nothing. */
	assert_string_equal(policies_find(&policies, &cxl)->name, "10-a.policy");
	policies_clear(&policies);
	assert_int_equal(chmod(one, 0755), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),	       cmocka_unit_test(test_keys),
		cmocka_unit_test(test_whole_rules),    cmocka_unit_test(test_matching),
		cmocka_unit_test(test_show_and_match), cmocka_unit_test(test_kept),
		cmocka_unit_test(test_repeated),       cmocka_unit_test(test_order),
		cmocka_unit_test(test_masks),	       cmocka_unit_test(test_broken),
		cmocka_unit_test(test_no_files),       cmocka_unit_test(test_folder_of_others),
	};

	return cmocka_run_group_tests_name("policy", tests, make_folders, remove_folders);
}
