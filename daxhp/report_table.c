// SPDX-License-Identifier: GPL-2.0-or-later
/* The output of status for people: a table, and a note when something needs attention. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <libsmartcols.h>

#include "daxhp.h"

/* As daxctl does it: plain bytes below the first bound, and a unit only from two of it on. */
#define PLAIN_BELOW (5000 * 1024)
#define KEEP_UNIT 2

void format_size(uint64_t bytes, char *buf, size_t size)
{
	static const struct {
		const char *binary, *decimal;
		double binary_unit, decimal_unit;
	} units[] = {
		{ "MiB", "MB", 1ull << 20, 1e6 },
		{ "GiB", "GB", 1ull << 30, 1e9 },
		{ "TiB", "TB", 1ull << 40, 1e12 },
	};
	size_t i = 0;

	if (bytes < PLAIN_BELOW) {
		snprintf(buf, size, "%" PRIu64, bytes);
		return;
	}
	while (i + 1 < ARRAY_SIZE(units) && bytes >= KEEP_UNIT * units[i + 1].binary_unit)
		i++;
	snprintf(buf, size, "%.2f %s (%.2f %s)", bytes / units[i].binary_unit, units[i].binary,
		 bytes / units[i].decimal_unit, units[i].decimal);
}

typedef void (*cell_fn)(const struct settings *settings, const struct looked_at *look, char *buf,
			size_t size);

/* An unknown value is a dash: an empty cell would shift the columns for cut(1) and awk(1). */
static void set_cell(char *buf, size_t size, const char *value)
{
	snprintf(buf, size, "%s", value ? value : "-");
}

static void cell_device(const struct settings *settings, const struct looked_at *look, char *buf,
			size_t size)
{
	(void)settings;
	set_cell(buf, size, daxhp_device_get_name(look->device));
}

static void cell_size(const struct settings *settings, const struct looked_at *look, char *buf,
		      size_t size)
{
	uint64_t bytes;

	if (daxhp_device_get_size(look->device, &bytes) < 0)
		set_cell(buf, size, NULL);
	else if (settings->human)
		format_size(bytes, buf, size);
	else
		snprintf(buf, size, "%" PRIu64, bytes);
}

static void cell_node(const struct settings *settings, const struct looked_at *look, char *buf,
		      size_t size)
{
	int node;

	(void)settings;
	if (daxhp_device_get_target_node(look->device, &node) < 0 || node < 0)
		set_cell(buf, size, NULL);
	else
		snprintf(buf, size, "%d", node);
}

static void cell_mode(const struct settings *settings, const struct looked_at *look, char *buf,
		      size_t size)
{
	const struct daxhp_observation *obs = look->observation;
	const char *mode = obs ? daxhp_mode_name(daxhp_observation_get_mode(obs)) : NULL;

	(void)settings;
	set_cell(buf, size, !mode && obs ? daxhp_observation_get_driver(obs) : mode);
}

static void cell_state(const struct settings *settings, const struct looked_at *look, char *buf,
		       size_t size)
{
	const struct daxhp_observation *obs = look->observation;

	(void)settings;
	set_cell(buf, size, obs ? daxhp_state_name(daxhp_observation_get_state(obs)) : NULL);
}

static void cell_interface(const struct settings *settings, const struct looked_at *look, char *buf,
			   size_t size)
{
	const struct daxhp_observation *obs = look->observation;

	(void)settings;
	set_cell(buf, size,
		 obs ? daxhp_interface_name(daxhp_observation_get_interface(obs)) : NULL);
}

static void cell_blocks(const struct settings *settings, const struct looked_at *look, char *buf,
			size_t size)
{
	const struct daxhp_observation *obs = look->observation;

	(void)settings;
	if (!obs || daxhp_observation_get_blocks_error(obs) < 0)
		set_cell(buf, size, NULL);
	else
		snprintf(buf, size, "%zu/%zu", daxhp_observation_count_online(obs),
			 daxhp_observation_count_blocks(obs));
}

static void cell_zones(const struct settings *settings, const struct looked_at *look, char *buf,
		       size_t size)
{
	const struct daxhp_observation *obs = look->observation;
	size_t used = 0;

	(void)settings;
	set_cell(buf, size, NULL);
	for (enum daxhp_zone z = 0; obs && z < DAXHP_ZONE_MAX && used < size; z++) {
		size_t n = daxhp_observation_count_zone(obs, z);

		if (n)
			used += snprintf(buf + used, size - used, "%s%s:%zu", used ? "," : "",
					 daxhp_zone_name(z), n);
	}
}

static const struct {
	const char *name;
	int flags;
	cell_fn fill;
} columns[] = {
	{ "DEVICE", 0, cell_device },
	{ "SIZE", SCOLS_FL_RIGHT, cell_size },
	{ "NODE", SCOLS_FL_RIGHT, cell_node },
	{ "MODE", 0, cell_mode },
	{ "STATE", 0, cell_state },
	{ "INTERFACE", 0, cell_interface },
	{ "BLOCKS", SCOLS_FL_RIGHT, cell_blocks },
	{ "ZONES", 0, cell_zones },
};

static struct libscols_table *new_table(void)
{
	struct libscols_table *table;

	scols_init_debug(0);
	table = scols_new_table();
	/* libsmartcols prints into memory, and does not see that the output is a terminal. */
	if (table && isatty(STDOUT_FILENO)) {
		scols_table_enable_colors(table, 1);
		scols_table_set_termforce(table, SCOLS_TERMFORCE_ALWAYS);
	}
	return table;
}

/* Skips blanks, and the escape sequences that colour a line. */
static const char *skip_blanks(const char *text)
{
	while (*text == ' ' || *text == '\n' || *text == '\033') {
		if (*text == '\033')
			text += strcspn(text, "m");
		text += *text != '\0';
	}
	return text;
}

/* Returns the text after the cell; NULL when the cell is not there. */
static const char *skip_cell(const char *text, struct libscols_cell *cell)
{
	for (const char *c = scols_cell_get_data(cell); text && c && *c; c++) {
		if (*c == ' ')
			continue;
		text = skip_blanks(text);
		text = *text == *c ? text + 1 : NULL;
	}
	return text;
}

/* When memory runs out, libsmartcols leaves out a cell and reports no error. */
static bool is_whole(struct libscols_table *table, const char *text)
{
	size_t n_columns = scols_table_get_ncols(table);

	for (size_t i = 0; text && i < n_columns; i++)
		text = skip_cell(text, scols_column_get_header(scols_table_get_column(table, i)));
	for (size_t k = 0; text && k < scols_table_get_nlines(table); k++)
		for (size_t i = 0; text && i < n_columns; i++)
			text = skip_cell(text,
					 scols_line_get_cell(scols_table_get_line(table, k), i));
	return text && !*skip_blanks(text);
}

static int print_whole(struct libscols_table *table, char **ret_text)
{
	_cleanup_free_ char *text = NULL;
	int r = scols_print_table_to_string(table, &text);

	if (r == 0 && !is_whole(table, text))
		r = -ENOMEM;
	if (r == 0)
		*ret_text = steal_pointer(text);
	return r;
}

static bool needs_attention(const struct daxhp_observation *obs)
{
	return obs && (daxhp_observation_get_state(obs) == DAXHP_INCONSISTENT ||
		       daxhp_observation_is_wedged(obs));
}

static int add_line(struct libscols_table *table, const struct settings *settings,
		    const struct looked_at *look)
{
	struct libscols_line *line = scols_table_new_line(table, NULL);
	char buf[256];

	if (!line)
		return -ENOMEM;
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
		columns[i].fill(settings, look, buf, sizeof(buf));
		if (scols_line_set_data(line, i, buf) < 0)
			return -ENOMEM;
	}
	if (needs_attention(look->observation))
		scols_line_set_color(line, "red");
	return 0;
}

static int print_table(const struct settings *settings, const struct looked_at *looks, size_t count,
		       char **ret_text)
{
	struct libscols_table *table = new_table();
	int r = table ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(columns); i++)
		if (!scols_table_new_column(table, columns[i].name, 0, columns[i].flags))
			r = -ENOMEM;
	for (size_t i = 0; r == 0 && i < count; i++)
		r = add_line(table, settings, &looks[i]);
	if (r == 0)
		r = print_whole(table, ret_text);
	scols_unref_table(table);
	return r;
}

/* ---- ranges ---- */

static int add_range(struct libscols_table *table, const struct settings *settings,
		     const struct daxhp_device *device, const struct daxhp_range *range)
{
	struct libscols_line *line = scols_table_new_line(table, NULL);
	char start[32], end[32], size[64], offset[32];
	uint64_t bytes = range->end - range->start + 1;

	if (!line)
		return -ENOMEM;
	snprintf(offset, sizeof(offset), "%" PRIu64, range->page_offset);
	snprintf(start, sizeof(start), "%#" PRIx64, range->start);
	snprintf(end, sizeof(end), "%#" PRIx64, range->end);
	if (settings->human)
		format_size(bytes, size, sizeof(size));
	else
		snprintf(size, sizeof(size), "%" PRIu64, bytes);
	if (scols_line_set_data(line, 0, daxhp_device_get_name(device)) < 0 ||
	    scols_line_set_data(line, 1, offset) < 0 || scols_line_set_data(line, 2, start) < 0 ||
	    scols_line_set_data(line, 3, end) < 0 || scols_line_set_data(line, 4, size) < 0)
		return -ENOMEM;
	return 0;
}

static int add_ranges(struct libscols_table *table, const struct settings *settings,
		      const struct daxhp_device *device)
{
	const struct daxhp_range *ranges;
	size_t n;
	int r = daxhp_device_get_ranges(device, &ranges, &n);

	if (r < 0) {
		complain("%s: its physical ranges cannot be read: %s.",
			 daxhp_device_get_name(device), strerror(-r));
		return 0;
	}
	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_range(table, settings, device, &ranges[i]);
	return r;
}

static int print_mappings(const struct settings *settings, const struct looked_at *looks,
			  size_t count, char **ret_text)
{
	static const char *const names[] = { "DEVICE", "PAGE-OFFSET", "START", "END", "SIZE" };
	struct libscols_table *table = new_table();
	int r = table ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(names); i++)
		if (!scols_table_new_column(table, names[i], 0, i ? SCOLS_FL_RIGHT : 0))
			r = -ENOMEM;
	for (size_t i = 0; r == 0 && i < count; i++)
		r = add_ranges(table, settings, looks[i].device);
	if (r == 0)
		r = print_whole(table, ret_text);
	scols_unref_table(table);
	return r;
}

/* ---- notes ---- */

static bool has_mixed_zones(const struct daxhp_observation *obs)
{
	size_t n = daxhp_observation_count_zone(obs, DAXHP_ZONE_MOVABLE);

	return n > 0 && n < daxhp_observation_count_online(obs);
}

static void note_inconsistent(const struct looked_at *look)
{
	const struct daxhp_observation *obs = look->observation;
	const char *name = daxhp_device_get_name(look->device);
	const char *word = daxhp_observation_get_attribute_word(obs);
	size_t n_blocks = daxhp_observation_count_blocks(obs);
	bool can_go_on = daxhp_observation_count_present(obs) == n_blocks && !has_mixed_zones(obs);

	complain("note: %s: inconsistent: of %zu memory blocks %zu are present and %zu "
		 "online%s%s%s%s; run 'daxhp %s %s' to fix this.",
		 name, n_blocks, daxhp_observation_count_present(obs),
		 daxhp_observation_count_online(obs), has_mixed_zones(obs) ? " in mixed zones" : "",
		 word ? ", while the kernel's attribute says '" : "", word ? word : "",
		 word ? "'" : "", can_go_on ? "online" : "unplug", name);
}

/* The policy decides in which zone the memory will be after the next bind. */
static void note_policy(const struct looked_at *look)
{
	const struct daxhp_observation *obs = look->observation;
	const char *policy = daxhp_observation_get_policy(obs);
	enum daxhp_state state = daxhp_observation_get_state(obs);
	const char *name = daxhp_device_get_name(look->device);

	if (!policy)
		return;
	if (state == DAXHP_OFFLINE && strcmp(policy, "offline") == 0)
		complain("note: %s: offline, because the machine's policy (auto_online_blocks) is "
			 "to leave new memory offline; 'daxhp online --movable %s' brings it "
			 "online.",
			 name, name);
	if (state == DAXHP_ONLINE_MOVABLE && strcmp(policy, "online_kernel") == 0)
		complain("note: %s: the machine's policy (auto_online_blocks) is 'online_kernel': "
			 "after a new bind, its memory would not be movable.",
			 name);
}

static void print_notes(const struct looked_at *look)
{
	const struct daxhp_observation *obs = look->observation;

	if (!obs)
		return;
	if (daxhp_observation_is_wedged(obs))
		complain("note: %s: wedged: %zu memory blocks stayed when the device was unbound "
			 "from "
			 "kmem; only a reboot takes them away.",
			 daxhp_device_get_name(look->device), daxhp_observation_count_present(obs));
	else if (daxhp_observation_get_state(obs) == DAXHP_INCONSISTENT)
		note_inconsistent(look);
	note_policy(look);
}

int report_status_table(const struct settings *settings, const struct looked_at *looks,
			size_t count)
{
	_cleanup_free_ char *table = NULL, *mappings = NULL;
	int r;

	if (count == 0) {
		/* libsmartcols prints no heading when the table has no lines. */
		output("DEVICE SIZE NODE MODE STATE INTERFACE BLOCKS ZONES\n");
		return 0;
	}
	r = print_table(settings, looks, count, &table);
	if (r == 0 && settings->mappings)
		r = print_mappings(settings, looks, count, &mappings);
	if (r == 0)
		output("%s\n", table);
	if (r == 0 && mappings)
		output("\n%s\n", mappings);
	output_flush();
	for (size_t i = 0; i < count; i++)
		print_notes(&looks[i]);
	return r;
}
