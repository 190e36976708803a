// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Which processes have pages of a device mapped? numa_maps says which of a process's mappings have memory of
 * the device's node, and how many pages. Only there the page numbers are read, from pagemap: it has 8 bytes
 * for each page of a mapping, used or not, and outside of mappings it can be endless.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

#define PAGE_PRESENT (UINT64_C(1) << 63)
#define PAGE_NUMBER ((UINT64_C(1) << 55) - 1)
/* So many words of pagemap at a time. */
#define PIECE 16384
/* A line can have the path of a file, and more behind it. */
#define LINE_SIZE 8192

/* One process. */
struct visit {
	struct user_search *search;
	uint64_t *words; /* PIECE of them */
	int dirfd, pagemap_fd;
	int pid;
	uint64_t bytes;
};

bool numa_line_parse(const char *line, int node, uint64_t *ret_start, uint64_t *ret_pages,
		     uint64_t *ret_page_size)
{
	char word[24];
	const char *at, *size = strstr(line, " kernelpagesize_kB=");
	char *end;
	uint64_t start;

	if (!isxdigit((unsigned char)*line))
		return false;
	start = strtoull(line, &end, 16);
	snprintf(word, sizeof(word), " N%d=", node);
	at = strstr(end, word);
	if (*end != ' ' || !at)
		return false;
	*ret_start = start;
	*ret_pages = strtoull(at + strlen(word), NULL, 10);
	*ret_page_size = size ? strtoull(size + strlen(" kernelpagesize_kB="), NULL, 10) * 1024 : 0;
	return true;
}

static bool is_the_devices(const struct user_search *search, uint64_t pfn)
{
	const struct daxhp_observation *obs = search->obs;
	uint64_t id = pfn * search->page_size / obs->block_size;

	return memblock_find_id(obs->blocks, obs->n_blocks, id);
}

static bool is_cancelled(const struct user_search *search)
{
	return search->request && search->request->is_cancelled;
}

/* 1: enough. The pages of a huge page are counted one by one. */
static int take_words(struct visit *v, size_t n, uint64_t *left)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t pfn = v->words[i] & PAGE_NUMBER;

		if (!(v->words[i] & PAGE_PRESENT) || pfn == 0)
			continue;
		if (v->search->pfn >= 0) {
			if (pfn == (uint64_t)v->search->pfn) {
				v->bytes = v->search->page_size;
				return 1;
			}
		} else if (is_the_devices(v->search, pfn)) {
			v->bytes += v->search->page_size;
			/* All that is on this node has been seen. */
			if (*left && --*left == 0)
				return 1;
		}
	}
	return 0;
}

static int read_mapping(struct visit *v, uint64_t start, uint64_t end, uint64_t n_pages)
{
	uint64_t page_size = v->search->page_size, at = start / page_size, last = end / page_size;
	int r = 0;

	while (r == 0 && at < last) {
		size_t piece = last - at < PIECE ? last - at : PIECE;
		ssize_t got = pread(v->pagemap_fd, v->words, piece * sizeof(*v->words),
				    at * sizeof(*v->words));

		if (is_cancelled(v->search))
			return -EINTR;
		if (v->search->until > 0 && clock_now() >= v->search->until)
			return -ETIMEDOUT;
		if (got < 0 && errno == EINTR)
			continue;
		/* The process is gone, or has unmapped it. */
		if (got <= 0)
			return 0;
		r = take_words(v, got / sizeof(*v->words), &n_pages);
		at += got / sizeof(*v->words);
	}
	return r < 0 ? r : 0;
}

/* The next mapping that begins at @start. Both files are in the order of the addresses. */
static bool find_end(FILE *maps, uint64_t start, uint64_t *ret_end)
{
	char line[LINE_SIZE];
	uint64_t begin, end;

	while (fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%" SCNx64 "-%" SCNx64, &begin, &end) != 2 || begin < start)
			continue;
		*ret_end = end;
		return begin == start;
	}
	return false;
}

static int read_mappings(struct visit *v)
{
	FILE *numa = proc_open_file(v->dirfd, "numa_maps");
	FILE *maps = numa ? proc_open_file(v->dirfd, "maps") : NULL;
	int r = maps ? 0 : -errno;
	char line[LINE_SIZE];

	while (r == 0 && fgets(line, sizeof(line), numa)) {
		uint64_t start, end, n, size;

		if (!numa_line_parse(line, v->search->obs->target_node, &start, &n, &size))
			continue;
		if (!find_end(maps, start, &end))
			continue;
		/* numa_maps counts pages of their own size. */
		if (size > v->search->page_size)
			n *= size / v->search->page_size;
		r = read_mapping(v, start, end, n);
	}
	if (numa)
		fclose(numa);
	if (maps)
		fclose(maps);
	return r;
}

/* "0::/machine.slice/a" is the one of cgroup v2; else the first. */
static char *read_cgroup(int dirfd)
{
	FILE *f = proc_open_file(dirfd, "cgroup");
	char line[LINE_SIZE], *path = NULL;

	while (f && fgets(line, sizeof(line), f)) {
		char *colon = strchr(line, ':');

		colon = colon ? strchr(colon + 1, ':') : NULL;
		if (!colon || (path && strncmp(line, "0::", 3) != 0))
			continue;
		colon[1 + strcspn(colon + 1, "\n")] = '\0';
		free(path);
		path = strdup(colon + 1);
	}
	if (f)
		fclose(f);
	return path;
}

static int add_user(struct visit *v)
{
	struct user_search *search = v->search;
	struct daxhp_user *grown = reallocarray(search->users, search->n_users + 1, sizeof(*grown));
	struct daxhp_user *user;

	if (!grown)
		return -ENOMEM;
	search->users = grown;
	user = &grown[search->n_users++];
	*user = (struct daxhp_user){ .pid = v->pid, .bytes = v->bytes };
	if (proc_read_comm(v->pid, user->comm, sizeof(user->comm)) < 0)
		strcpy(user->comm, "?");
	user->cgroup = read_cgroup(v->dirfd);
	return 0;
}

static int visit(struct user_search *search, uint64_t *words, int procfd, const char *pid)
{
	_cleanup_close_ int dirfd = openat(procfd, pid, O_PATH | O_DIRECTORY | O_CLOEXEC);
	_cleanup_close_ int pagemap_fd = dirfd < 0 ? -1 : proc_open_numbers(dirfd, "pagemap");
	struct visit v = { search, words, dirfd, pagemap_fd, atoi(pid), 0 };
	int r = dirfd < 0 ? -errno : pagemap_fd < 0 ? pagemap_fd : read_mappings(&v);

	if (r == 0 && v.bytes)
		r = add_user(&v);
	if (r < 0 && !proc_is_gone(r))
		snprintf(search->unseen, sizeof(search->unseen), "/proc/%.10s/pagemap", pid);
	return proc_is_gone(r) ? 0 : r;
}

/* One that may not be looked at does not hide the others. */
static bool ends_the_search(int r)
{
	return r == -ENOMEM || r == -EINTR || r == -ETIMEDOUT;
}

static int visit_all(struct user_search *search, uint64_t *words)
{
	_cleanup_closedir_ DIR *dir = proc_open_dir_at(AT_FDCWD, "/proc");
	struct dirent *de;
	int r = dir ? 0 : -errno;

	while (dir && !ends_the_search(r) && (de = readdir(dir))) {
		int r2;

		if (is_cancelled(search))
			return -EINTR;
		if (!isdigit((unsigned char)de->d_name[0]) ||
		    task_is_kernel_thread(dirfd(dir), de->d_name) != 0)
			continue;
		r2 = visit(search, words, dirfd(dir), de->d_name);
		r = r2 < 0 ? r2 : r;
		if (search->pfn >= 0 && search->n_users)
			break;
	}
	return r;
}

int users_find(struct user_search *search)
{
	_cleanup_free_ uint64_t *words = NULL;

	strcpy(search->unseen, "/proc/PID/pagemap");
	/* Without the second, all page numbers are 0. */
	if (!proc_has_capability(CAP_SYS_PTRACE) || !proc_has_capability(CAP_SYS_ADMIN))
		return -EPERM;
	if (search->page_size == 0 || search->obs->block_size == 0)
		return -ENODATA;
	words = malloc(PIECE * sizeof(*words));
	return words ? visit_all(search, words) : -ENOMEM;
}
