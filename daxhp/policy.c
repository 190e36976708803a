// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reads the machine's policy files: *.policy in four folders, as systemd reads its .link files. libeconf
 * parses a file. The folders are listed here, because libeconf merges the files of all of them.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <libeconf.h>
#include <libeconf_ext.h>

#include "daxhp.h"
#include "library.h"
#include "policy.h"

#define SUFFIX ".policy"
/* A rule has eleven lines. */
#define FILE_MAX 16384

/* ---- libeconf ---- */

#define ECONF(X)                \
	X(econf_, errLocation)  \
	X(econf_, errString)    \
	X(econf_, freeArray)    \
	X(econf_, freeExtValue) \
	X(econf_, freeFile)     \
	X(econf_, getExtValue)  \
	X(econf_, getGroups)    \
	X(econf_, getKeys)      \
	X(econf_, readFile)

/* It is loaded when there is a policy. */
static struct {
	ECONF(LIBRARY_POINTER)
} econf;

static bool load_econf(void)
{
	static const char *const names[] = { ECONF(LIBRARY_NAME) };

	return econf.readFile || library_load("libeconf.so.0", names, ARRAY_SIZE(names), &econf);
}

/* ---- one file ---- */

__attribute__((format(printf, 3, 4))) static int reject(struct policy_file *file, unsigned int line,
							const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(file->why, sizeof(file->why), format, args);
	va_end(args);
	file->line = line;
	file->status = POLICY_BROKEN;
	return -EBADMSG;
}

/* libeconf knows no comments behind a value that is not there, and joins lines. */
static int enter_value(struct policy_file *file, const char *section, const char *key,
		       const econf_ext_value *value)
{
	const char *text = value->values ? value->values[0] : NULL;
	char why[RULE_WHY_MAX];

	if (text && value->values[1])
		return reject(file, value->line_number, "%.64s= goes on in a second line", key);
	if (rule_set(&file->rule, section, key, text, value->line_number, why) < 0)
		return reject(file, value->line_number, "%s", why);
	return 0;
}

static int enter_key(struct policy_file *file, econf_file *parsed, const char *section,
		     const char *key)
{
	econf_ext_value *value = NULL;
	econf_err error = econf.getExtValue(parsed, section, key, &value);
	int r;

	if (error != ECONF_SUCCESS)
		return reject(file, 0, "%.64s=: %s", key, econf.errString(error));
	r = enter_value(file, section ? section : "", key, value);
	econf.freeExtValue(value);
	return r;
}

/* It has no keys or no sections, which is no error here: the rule's own check says what is missing. */
static bool has_none(econf_err error)
{
	return error == ECONF_NOKEY || error == ECONF_NOGROUP;
}

/* @section: NULL for what stands before the first one. */
static int enter_section(struct policy_file *file, econf_file *parsed, const char *section)
{
	char **keys = NULL;
	size_t n = 0;
	econf_err error = econf.getKeys(parsed, section, &n, &keys);
	int r = 0;

	if (error != ECONF_SUCCESS)
		return has_none(error) ? 0 : reject(file, 0, "%s", econf.errString(error));
	for (size_t i = 0; r == 0 && i < n; i++)
		r = enter_key(file, parsed, section, keys[i]);
	econf.freeArray(keys);
	return r;
}

static int enter_all(struct policy_file *file, econf_file *parsed)
{
	char **sections = NULL;
	size_t n = 0;
	econf_err error = econf.getGroups(parsed, &n, &sections);
	int r = enter_section(file, parsed, NULL);

	if (error != ECONF_SUCCESS)
		return r < 0 || has_none(error) ? r : reject(file, 0, "%s", econf.errString(error));
	for (size_t i = 0; r == 0 && i < n; i++)
		r = enter_section(file, parsed, sections[i]);
	econf.freeArray(sections);
	return r;
}

static int parse(struct policy_file *file, int fd)
{
	econf_file *parsed = NULL;
	char path[32];
	econf_err error;
	uint64_t line = 0;
	char *place = NULL;
	int r;

	/* Of the file that was looked at, and not of what is at its path by now. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	error = econf.readFile(&parsed, path, "=", "#;");
	if (error != ECONF_SUCCESS) {
		econf.errLocation(&place, &line);
		r = reject(file, line, "%s", econf.errString(error));
		free(place);
		return r;
	}
	r = enter_all(file, parsed);
	econf.freeFile(parsed);
	return r;
}

/* The text of it, and nothing that libeconf could stumble over. */
static int check_text(struct policy_file *file, int fd)
{
	char text[FILE_MAX + 1];
	ssize_t n = pread(fd, text, FILE_MAX, 0);
	unsigned int line;

	if (n < 0)
		return reject(file, 0, "it cannot be read: %s", strerror(errno));
	text[n] = '\0';
	if (memchr(text, '\0', n))
		return reject(file, 0, "it is no text");
	line = rule_find_repeated(text);
	return line ? reject(file, line, "the key is there already, in a line before") : 0;
}

/* What is not root's, or what others may write to, is not the administrator's word. */
static const char *who_else_writes(const struct stat *st)
{
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return "it does not belong to root";
	return st->st_mode & (S_IWGRP | S_IWOTH) ? "others than its owner may write to it" : NULL;
}

int policy_file_read(int fd, struct policy_file *file)
{
	struct stat st;
	const char *why;
	unsigned int line;
	char reason[RULE_WHY_MAX];
	int r;

	if (fstat(fd, &st) < 0)
		return reject(file, 0, "it cannot be looked at: %s", strerror(errno));
	if ((S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3)) ||
	    (S_ISREG(st.st_mode) && st.st_size == 0)) {
		file->status = POLICY_MASKED;
		return 0;
	}
	why = who_else_writes(&st);
	if (!S_ISREG(st.st_mode))
		return reject(file, 0, "it is no file");
	if (why)
		return reject(file, 0, "%s", why);
	if (st.st_size > FILE_MAX)
		return reject(file, 0, "it is longer than %d bytes", FILE_MAX);
	if (!load_econf())
		return reject(file, 0, "libeconf cannot be loaded, which daxhp reads it with");
	r = check_text(file, fd);
	if (r == 0)
		r = parse(file, fd);
	if (r == 0 && rule_check(&file->rule, reason, &line) < 0)
		r = reject(file, line, "%s", reason);
	return r;
}

/* ---- the folders ---- */

static const char *const machine_folders[] = {
	POLICY_FOLDER,
	"/run/daxhp/policy.d",
	"/usr/local/lib/daxhp/policy.d",
	"/usr/lib/daxhp/policy.d",
};

void policies_clear(struct policies *policies)
{
	for (size_t i = 0; i < policies->count; i++)
		free(policies->files[i].path);
	free(policies->files);
	*policies = (struct policies){ 0 };
}

/* @name: NULL for the folder itself. */
static struct policy_file *add_file(struct policies *policies, const char *folder, const char *name)
{
	struct policy_file *grown = reallocarray(policies->files, policies->count + 1,
						 sizeof(*grown));
	struct policy_file *file;

	if (!grown)
		return NULL;
	policies->files = grown;
	file = &grown[policies->count];
	*file = (struct policy_file){ 0 };
	if (asprintf(&file->path, "%s%s%s", folder, name ? "/" : "", name ? name : "") < 0)
		return NULL;
	file->name = strrchr(file->path, '/') + 1;
	policies->count++;
	return file;
}

static const struct policy_file *find_name(const struct policies *policies, const char *name)
{
	for (size_t i = 0; i < policies->count; i++)
		if (strcmp(policies->files[i].name, name) == 0)
			return &policies->files[i];
	return NULL;
}

static int read_file(struct policies *policies, int dirfd, const char *folder, const char *name)
{
	const struct policy_file *other = find_name(policies, name);
	struct policy_file *file;
	_cleanup_close_ int fd = -1;

	/* It has a path of its own, which is not moved with the list. */
	const char *by = other ? other->path : NULL;

	file = add_file(policies, folder, name);
	if (!file)
		return -ENOMEM;
	if (by) {
		file->status = POLICY_OVERRIDDEN;
		snprintf(file->why, sizeof(file->why), "%s", by);
		return 0;
	}
	/* It could be a pipe. */
	fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		reject(file, 0, "it cannot be opened: %s", strerror(errno));
	else
		policy_file_read(fd, file);
	return 0;
}

static bool is_policy_name(const char *name)
{
	size_t len = strlen(name);

	return *name != '.' && len > strlen(SUFFIX) &&
	       strcmp(name + len - strlen(SUFFIX), SUFFIX) == 0;
}

static int reject_folder(struct policies *policies, const char *folder, const char *why)
{
	struct policy_file *file = add_file(policies, folder, NULL);

	if (!file)
		return -ENOMEM;
	reject(file, 0, "%s", why);
	return 0;
}

static int read_folder(struct policies *policies, const char *folder)
{
	_cleanup_closedir_ DIR *dir = NULL;
	struct dirent *entry;
	struct stat st;
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (fd < 0)
		return reject_folder(policies, folder, strerror(errno));
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return -ENOMEM;
	}
	if (fstat(fd, &st) < 0)
		return reject_folder(policies, folder, strerror(errno));
	if (who_else_writes(&st))
		return reject_folder(policies, folder, who_else_writes(&st));
	while (r == 0 && (entry = readdir(dir)))
		if (is_policy_name(entry->d_name))
			r = read_file(policies, fd, folder, entry->d_name);
	return r;
}

/* By name, wherever they are. Where the name is the same, in the order of the folders. */
static int compare_files(const void *a, const void *b)
{
	const struct policy_file *one = a, *two = b;
	int r = strcmp(one->name, two->name);

	return r ? r : (one->status == POLICY_OVERRIDDEN) - (two->status == POLICY_OVERRIDDEN);
}

int policies_load_from(const char *const *folders, size_t n_folders, struct policies *ret_policies)
{
	struct policies policies = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < n_folders; i++)
		r = read_folder(&policies, folders[i]);
	if (r < 0) {
		policies_clear(&policies);
		return r;
	}
	if (policies.count > 1)
		qsort(policies.files, policies.count, sizeof(*policies.files), compare_files);
	for (size_t i = 0; i < policies.count; i++)
		policies.n_broken += policies.files[i].status == POLICY_BROKEN;
	*ret_policies = policies;
	return 0;
}

int policies_load(struct policies *ret_policies)
{
	return policies_load_from(machine_folders, ARRAY_SIZE(machine_folders), ret_policies);
}

/* ---- devices ---- */

static uint64_t find_start(const struct daxhp_device *device)
{
	const struct daxhp_range *range;
	uint64_t start = UINT64_MAX;

	for (size_t i = 0; (range = daxhp_device_get_range(device, i)); i++)
		if (range->start < start)
			start = range->start;
	return start;
}

struct subject subject_of(const struct daxhp_device *device)
{
	struct subject subject = {
		.name = daxhp_device_get_name(device),
		.kind = daxhp_device_get_provider(device),
		.uuid = daxhp_device_get_uuid(device),
		.region_name = daxhp_device_get_region_name(device),
		.cxl_region = daxhp_device_get_cxl_region(device),
		.node = -1,
		.start = find_start(device),
	};
	const struct daxhp_memdev *memdev;

	while (subject.n_memdevs < ARRAY_SIZE(subject.memdevs) &&
	       (memdev = daxhp_device_get_memdev(device, subject.n_memdevs)))
		subject.memdevs[subject.n_memdevs++] = memdev;
	snprintf(subject.region_number, sizeof(subject.region_number), "%d",
		 daxhp_device_get_region_id(device));
	daxhp_device_get_target_node(device, &subject.node);
	daxhp_device_get_size(device, &subject.size);
	return subject;
}

const struct policy_file *policies_find(const struct policies *policies,
					const struct subject *subject)
{
	for (size_t i = 0; i < policies->count; i++)
		if (policies->files[i].status == POLICY_GOOD &&
		    rule_mismatch(&policies->files[i].rule, subject) == RULE_KEYS)
			return &policies->files[i];
	return NULL;
}

/* "/etc/daxhp/policy.d/50-cxl-0x1000.policy" */
void policy_path_for(const struct subject *subject, char *buf, size_t size)
{
	const char *kind = daxhp_provider_name(subject->kind);
	char value[RULE_TEXT_MAX];

	subject_print(subject, RULE_SERIAL, value, sizeof(value));
	value[strcspn(value, " ")] = '\0';
	if (!*value)
		subject_print(subject, subject->uuid ? RULE_UUID : RULE_START, value,
			      sizeof(value));
	snprintf(buf, size, POLICY_FOLDER "/50-%s-%s.policy", kind ? kind : "dax", value);
}

void complain_of_policies(const struct policies *policies)
{
	for (size_t i = 0; i < policies->count; i++) {
		const struct policy_file *file = &policies->files[i];
		char line[16] = "";

		if (file->status != POLICY_BROKEN)
			continue;
		if (file->line)
			snprintf(line, sizeof(line), ":%u", file->line);
		complain("%s%s: the policy is not used: %s.", file->path, line, file->why);
	}
}
