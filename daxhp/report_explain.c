// SPDX-License-Identifier: GPL-2.0-or-later
/* The output of explain for people: a sentence, a table of memory blocks, who uses them, and what to do. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "daxhp.h"
#include "smartcols.h"

/* A person reads no more processes than this; the JSON has all. */
#define USERS_MAX 8

static const char *verdict_text(enum daxhp_verdict verdict)
{
	switch (verdict) {
	case DAXHP_VERDICT_YES:
		return "can be unplugged";
	case DAXHP_VERDICT_LIKELY:
		return "can most likely be unplugged";
	case DAXHP_VERDICT_MAYBE:
		return "may not unplug";
	default:
		return "unlikely to unplug";
	}
}

/* Those that are broken do not keep the device from being unplugged. */
static bool is_in_the_way(const struct daxhp_obstacle *o)
{
	return o->kind != DAXHP_OBSTACLE_POISONED;
}

/* There is one. */
static const struct daxhp_obstacle *first_in_the_way(const struct daxhp_explanation *e,
						     int64_t block)
{
	const struct daxhp_obstacle *o;
	size_t i = 0;

	do
		o = daxhp_explanation_get_obstacle(e, i++);
	while (o->block != block || !is_in_the_way(o));
	return o;
}

static size_t count_blocks_in_the_way(const struct daxhp_explanation *e)
{
	const struct daxhp_obstacle *o;
	size_t count = 0;

	for (size_t i = 0; (o = daxhp_explanation_get_obstacle(e, i)); i++)
		if (o->block >= 0 && is_in_the_way(o) && first_in_the_way(e, o->block) == o)
			count++;
	return count;
}

static void print_verdict(const struct explained *explained)
{
	const struct daxhp_explanation *e = explained->explanation;
	const struct daxhp_observation *obs = daxhp_explanation_get_observation(e);
	const struct daxhp_room *room = daxhp_explanation_get_room(e);
	const char *name = daxhp_device_get_name(explained->device);
	const char *verdict = verdict_text(daxhp_explanation_get_verdict(e));
	size_t n_online = daxhp_observation_count_online(obs);
	size_t n_in_the_way = count_blocks_in_the_way(e);
	char text[512] = "";

	if (room)
		daxhp_room_describe(room, text, sizeof(text));
	if (daxhp_observation_get_blocks_error(obs) < 0)
		output("%s: %s: its memory cannot be seen\n", name, verdict);
	else if (!room)
		output("%s: none of its memory blocks is online, nothing is in the way\n", name);
	else if (n_in_the_way)
		output("%s: %s: %zu of %zu %s %s in the way\n", name, verdict, n_in_the_way,
		       n_online, blocks_word(n_online), n_in_the_way == 1 ? "is" : "are");
	else
		output("%s: %s: %s\n", name, verdict, text);
}

/* ---- the table ---- */

static int add_line(struct libscols_table *table, const struct daxhp_block_use *use, int64_t block,
		    const char *what)
{
	struct libscols_line *line = scols.table_new_line(table, NULL);
	char name[32] = "-", used[32] = "-";
	const char *zone = use ? daxhp_zone_name(daxhp_block_use_get_zone(use)) : NULL;

	if (!line)
		return -ENOMEM;
	if (block >= 0)
		snprintf(name, sizeof(name), "memory%" PRId64, block);
	if (use)
		format_short_size(daxhp_block_use_get_used(use), used, sizeof(used));
	if (scols.line_set_data(line, 0, name) || scols.line_set_data(line, 1, zone ? zone : "-") ||
	    scols.line_set_data(line, 2, used) || scols.line_set_data(line, 3, what))
		return -ENOMEM;
	return 0;
}

static int add_obstacle(struct libscols_table *table, const struct daxhp_block_use *use,
			const struct daxhp_obstacle *o)
{
	char text[512];

	daxhp_obstacle_describe(o, text, sizeof(text));
	return add_line(table, use, o->block, text);
}

static bool has_use(const struct daxhp_explanation *e, int64_t block)
{
	const struct daxhp_block_use *use;

	for (size_t i = 0; (use = daxhp_explanation_get_block_use(e, i)); i++)
		if ((int64_t)daxhp_block_use_get_block(use) == block)
			return true;
	return false;
}

/* All obstacles of a block, and with --all the blocks that have none. */
static int add_block(struct libscols_table *table, const struct settings *settings,
		     const struct daxhp_explanation *e, const struct daxhp_block_use *use)
{
	int64_t block = daxhp_block_use_get_block(use);
	const struct daxhp_obstacle *o;
	bool is_listed = false;
	int r = 0;

	for (size_t i = 0; r == 0 && (o = daxhp_explanation_get_obstacle(e, i)); i++) {
		if (o->block != block)
			continue;
		is_listed = true;
		r = add_obstacle(table, use, o);
	}
	return r == 0 && !is_listed && settings->all ? add_line(table, use, block, "-") : r;
}

static int fill_table(struct libscols_table *table, const struct settings *settings,
		      const struct daxhp_explanation *e)
{
	static const struct {
		const char *name;
		int flags;
	} columns[] = {
		{ "BLOCK", 0 },
		{ "ZONE", 0 },
		{ "USED", SCOLS_FL_RIGHT },
		{ "OBSTACLE", SCOLS_FL_WRAP },
	};
	const struct daxhp_obstacle *o;
	const struct daxhp_block_use *use;
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(columns); i++)
		r = scols.table_new_column(table, columns[i].name, 0, columns[i].flags) ? 0
											: -ENOMEM;
	for (size_t i = 0; r == 0 && (o = daxhp_explanation_get_obstacle(e, i)); i++)
		if (!has_use(e, o->block))
			r = add_obstacle(table, NULL, o);
	for (size_t i = 0; r == 0 && (use = daxhp_explanation_get_block_use(e, i)); i++)
		r = add_block(table, settings, e, use);
	return r;
}

static int print_blocks(const struct settings *settings, const struct daxhp_explanation *e)
{
	struct libscols_table *table = NULL;
	_cleanup_free_ char *text = NULL;
	int r = table_new(&table);

	if (r == 0)
		r = fill_table(table, settings, e);
	if (r == 0 && scols.table_get_nlines(table) > 0) {
		r = table_to_text(table, &text);
		if (r == 0)
			output("%s\n", text);
	}
	table_free(table);
	return r;
}

/* ---- the rest ---- */

/* A name can have anything in it, and a terminal must not act on it. */
static void output_plainly(const char *text)
{
	for (; *text; text++)
		output("%c", *text < ' ' || *text > '~' ? '?' : *text);
}

static void print_users(const struct daxhp_explanation *e)
{
	const struct daxhp_user *user;
	char size[32];
	size_t n = 0;

	for (; (user = daxhp_explanation_get_user(e, n)); n++) {
		if (n >= USERS_MAX)
			continue;
		format_short_size(user->bytes, size, sizeof(size));
		output("%s%s ", n ? ", " : "USED BY: ", size);
		output_plainly(user->comm);
		output(" (pid %d%s", user->pid, user->cgroup ? ", " : "");
		if (user->cgroup)
			output_plainly(user->cgroup);
		output(")");
	}
	if (n > USERS_MAX)
		output(" and %zu more", n - USERS_MAX);
	if (n)
		output("\n");
}

/* What several obstacles have in common is said once. */
static void print_advice(const struct daxhp_explanation *e)
{
	const struct daxhp_obstacle *o;
	bool any = false;

	for (size_t i = 0; (o = daxhp_explanation_get_obstacle(e, i)); i++) {
		char advice[256], earlier[256] = "";

		daxhp_obstacle_advise(o, advice, sizeof(advice));
		for (size_t k = 0; k < i && strcmp(earlier, advice) != 0; k++)
			daxhp_obstacle_advise(daxhp_explanation_get_obstacle(e, k), earlier,
					      sizeof(earlier));
		if (i && strcmp(earlier, advice) == 0)
			continue;
		output("%s%s", any ? " " : "", advice);
		any = true;
	}
	if (any)
		output("\n");
}

static const char *why_unseen(int error)
{
	if (error == -EPERM || error == -EACCES)
		return "only root may read it, or a security policy forbids it";
	if (error == -ENOENT)
		return "this kernel does not have it";
	return strerror(-error);
}

static const char *what_unseen(const char *file)
{
	if (strcmp(file, "/proc/kpageflags") == 0)
		return "what is in its pages";
	if (strstr(file, "/pagemap"))
		return "which processes use it";
	return "all of it";
}

static void note_unseen(const struct explained *explained)
{
	const struct daxhp_unseen *unseen;

	for (size_t i = 0; (unseen = daxhp_explanation_get_unseen(explained->explanation, i)); i++)
		complain("note: %s: %s cannot be seen (%s: %s).",
			 daxhp_device_get_name(explained->device), what_unseen(unseen->file),
			 unseen->file, why_unseen(unseen->error));
}

int report_explanation_text(const struct settings *settings, const struct explained *explained)
{
	int r;

	print_verdict(explained);
	r = print_blocks(settings, explained->explanation);
	print_users(explained->explanation);
	print_advice(explained->explanation);
	output_flush();
	note_unseen(explained);
	return r;
}
