// SPDX-License-Identifier: GPL-2.0-or-later
/* The output of status for people: a table, and a note when something needs attention. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/ioctl.h>

#include "daxhp.h"
#include "policy.h"
#include "smartcols.h"

/* As in daxctl, a unit is used only from two of it on; but there is always one. */
#define KEEP_UNIT 2

void format_size(uint64_t bytes, char *buf, size_t size)
{
	static const struct {
		const char *binary, *decimal;
		double binary_unit, decimal_unit;
	} units[] = {
		{ "KiB", "kB", 1ull << 10, 1e3 },
		{ "MiB", "MB", 1ull << 20, 1e6 },
		{ "GiB", "GB", 1ull << 30, 1e9 },
		{ "TiB", "TB", 1ull << 40, 1e12 },
	};
	size_t i = 0;

	if (bytes < KEEP_UNIT * units[0].binary_unit) {
		snprintf(buf, size, "%" PRIu64 " B", bytes);
		return;
	}
	while (i + 1 < ARRAY_SIZE(units) && bytes >= KEEP_UNIT * units[i + 1].binary_unit)
		i++;
	snprintf(buf, size, "%.2f %s (%.2f %s)", bytes / units[i].binary_unit, units[i].binary,
		 bytes / units[i].decimal_unit, units[i].decimal);
}

/* Longest text of a cell, with its NUL. */
#define CELL_MAX 256

/* A table's columns, and how one device is entered: as one line, or as several. */
struct layout {
	const struct column {
		const char *name;
		int flags;
		bool is_rare; /* only with -v, or with -o */
	} columns[9];	      /* ends with one that has no name, if there are fewer */
	int (*add)(struct libscols_table *table, const struct settings *settings,
		   const struct looked_at *look);
	bool has_choice; /* -o and -v choose columns */
};

static int column_find(const struct layout *layout, const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(layout->columns) && layout->columns[i].name; i++)
		if (strlen(layout->columns[i].name) == len &&
		    strncasecmp(layout->columns[i].name, name, len) == 0)
			return i;
	return -1;
}

/* An unknown value is a dash: an empty cell would shift the columns for cut(1) and awk(1). */
static void set_cell(char *cell, const char *value)
{
	snprintf(cell, CELL_MAX, "%s", value ? value : "-");
}

/* "1.5G": as lsmem prints it, cut off and not rounded up: more than there is would be a lie. */
void format_short_size(uint64_t bytes, char *buf, size_t size)
{
	static const char letters[] = "BKMGTPE";
	size_t i = 0;
	uint64_t tenths;

	while (i + 2 < sizeof(letters) && bytes >> (10 * (i + 1)))
		i++;
	tenths = (bytes & ((UINT64_C(1) << (10 * i)) - 1)) * (i < 6 ? 10 : 1) >> (10 * i);
	if (tenths && i < 6)
		snprintf(buf, size, "%" PRIu64 ".%" PRIu64 "%c", bytes >> (10 * i), tenths,
			 letters[i]);
	else
		snprintf(buf, size, "%" PRIu64 "%c", bytes >> (10 * i), letters[i]);
}

static void set_size(char *cell, const struct settings *settings, uint64_t bytes)
{
	if (settings->bytes)
		snprintf(cell, CELL_MAX, "%" PRIu64, bytes);
	else if (settings->human && !settings->raw) /* it has blanks */
		format_size(bytes, cell, CELL_MAX);
	else
		format_short_size(bytes, cell, CELL_MAX);
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
	for (const char *c = scols.cell_get_data(cell); text && c && *c; c++) {
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
	size_t n_columns = scols.table_get_ncols(table);

	for (size_t i = 0; text && i < n_columns && !scols.table_is_noheadings(table); i++)
		text = skip_cell(text, scols.column_get_header(scols.table_get_column(table, i)));
	for (size_t k = 0; text && k < scols.table_get_nlines(table); k++)
		for (size_t i = 0; text && i < n_columns; i++)
			text = skip_cell(text,
					 scols.line_get_cell(scols.table_get_line(table, k), i));
	return text && !*skip_blanks(text);
}

/* @cells has all columns of the layout, and the table may have some of them. */
static int add_line(struct libscols_table *table, const struct layout *layout,
		    char cells[][CELL_MAX], bool needs_attention)
{
	struct libscols_line *line = scols.table_new_line(table, NULL);
	int r = line ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < scols.table_get_ncols(table); i++) {
		struct libscols_column *column = scols.table_get_column(table, i);
		const char *name = scols.cell_get_data(scols.column_get_header(column));

		r = scols.line_set_data(line, i, cells[column_find(layout, name, strlen(name))]);
	}
	if (r == 0 && needs_attention)
		scols.line_set_color(line, "red");
	return r;
}

static int add_column(struct libscols_table *table, const struct column *column)
{
	return scols.table_new_column(table, column->name, 0, column->flags) ? 0 : -ENOMEM;
}

/* Those of -o, or the usual ones; with -v all. */
static int add_columns(struct libscols_table *table, const struct layout *layout,
		       const struct settings *settings)
{
	const char *name = layout->has_choice ? settings->columns : NULL;
	int r = 0;

	for (size_t i = 0; r == 0 && !name && i < ARRAY_SIZE(layout->columns); i++)
		if (layout->columns[i].name && (!layout->columns[i].is_rare || settings->verbose))
			r = add_column(table, &layout->columns[i]);
	while (r == 0 && name && *name) {
		size_t len = strcspn(name, ",");

		r = add_column(table, &layout->columns[column_find(layout, name, len)]);
		name += len + (name[len] == ',');
	}
	return r;
}

/* libsmartcols prints into memory, and does not see that the output is a terminal. */
static void set_terminal(struct libscols_table *table)
{
	const char *no_color = getenv("NO_COLOR");
	struct winsize ws = { 0 };

	if (!isatty(STDOUT_FILENO))
		return;
	if (!(no_color && *no_color))
		scols.table_enable_colors(table, 1);
	scols.table_set_termforce(table, SCOLS_TERMFORCE_ALWAYS);
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) == 0 && ws.ws_col > 0)
		scols.table_set_termwidth(table, ws.ws_col);
}

int table_to_text(struct libscols_table *table, char **ret_text)
{
	_cleanup_free_ char *text = NULL;
	int r = scols.print_table_to_string(table, &text);

	if (r == 0 && !is_whole(table, text))
		r = -ENOMEM;
	if (r == 0)
		*ret_text = steal_pointer(text);
	return r;
}

struct smartcols scols;

int table_new(struct libscols_table **ret_table)
{
	static const char *const names[] = { SMARTCOLS(LIBRARY_NAME) };

	if (!scols.new_table &&
	    !library_load("libsmartcols.so.1", names, ARRAY_SIZE(names), &scols))
		return -ELIBACC;
	scols.init_debug(0);
	*ret_table = scols.new_table();
	if (!*ret_table)
		return -ENOMEM;
	set_terminal(*ret_table);
	return 0;
}

void table_free(struct libscols_table *table)
{
	if (table)
		scols.unref_table(table);
}

static int print_table(const struct layout *layout, const struct settings *settings,
		       const struct looked_at *looks, size_t count, char **ret_text)
{
	struct libscols_table *table = NULL;
	int r = table_new(&table);

	if (r == 0)
		r = add_columns(table, layout, settings);
	if (r == 0 && settings->no_headings)
		scols.table_enable_noheadings(table, 1);
	if (r == 0 && settings->raw)
		scols.table_enable_raw(table, 1);
	for (size_t i = 0; r == 0 && i < count; i++)
		r = layout->add(table, settings, &looks[i]);
	if (r == 0)
		r = table_to_text(table, ret_text);
	table_free(table);
	return r;
}

static const struct layout devices_layout, ranges_layout;

const char *orphan_state(const struct daxhp_orphan *orphan)
{
	if (orphan->n_online == 0)
		return daxhp_state_name(DAXHP_OFFLINE);
	if (orphan->n_online < orphan->n_blocks ||
	    (orphan->n_movable > 0 && orphan->n_movable < orphan->n_online))
		return daxhp_state_name(DAXHP_INCONSISTENT);
	return daxhp_state_name(orphan->n_movable ? DAXHP_ONLINE_MOVABLE : DAXHP_ONLINE);
}

/* The cells of a line of devices_layout. */
enum { DEVICE, SIZE, USABLE, NODE, MODE, STATE, INTERFACE, BLOCKS, ZONES, N_CELLS };

static int add_orphan(struct libscols_table *table, const struct settings *settings,
		      const struct daxhp_orphan *orphan, char cells[][CELL_MAX])
{
	set_size(cells[SIZE], settings, orphan->size);
	if (orphan->node >= 0)
		snprintf(cells[NODE], CELL_MAX, "%d", orphan->node);
	set_cell(cells[MODE], "orphaned");
	set_cell(cells[STATE], orphan_state(orphan));
	snprintf(cells[BLOCKS], CELL_MAX, "%zu/%zu", orphan->n_online, orphan->n_blocks);
	return add_line(table, &devices_layout, cells, true);
}

static int add_device(struct libscols_table *table, const struct settings *settings,
		      const struct looked_at *look)
{
	const struct daxhp_observation *obs = look->observation;
	char cells[N_CELLS][CELL_MAX];
	const char *mode;
	uint64_t bytes;
	size_t used = 0;
	int node;

	for (size_t i = 0; i < N_CELLS; i++)
		set_cell(cells[i], NULL);
	if (look->orphan)
		return add_orphan(table, settings, look->orphan, cells);
	set_cell(cells[DEVICE], daxhp_device_get_name(look->device));
	if (daxhp_device_get_size(look->device, &bytes) == 0)
		set_size(cells[SIZE], settings, bytes);
	if (daxhp_device_get_target_node(look->device, &node) == 0 && node >= 0)
		snprintf(cells[NODE], CELL_MAX, "%d", node);
	if (!obs)
		return add_line(table, &devices_layout, cells, false);
	mode = daxhp_mode_name(daxhp_observation_get_mode(obs));
	set_cell(cells[MODE], mode ? mode : daxhp_observation_get_driver(obs));
	set_cell(cells[STATE], daxhp_state_name(look_state(look)));
	set_cell(cells[INTERFACE], daxhp_interface_name(daxhp_observation_get_interface(obs)));
	if (daxhp_observation_get_blocks_error(obs) == 0)
		set_size(cells[USABLE], settings,
			 daxhp_observation_count_blocks(obs) *
				 daxhp_observation_get_block_size(obs));
	if (daxhp_observation_get_blocks_error(obs) == 0)
		snprintf(cells[BLOCKS], CELL_MAX, "%zu/%zu", daxhp_observation_count_online(obs),
			 daxhp_observation_count_blocks(obs));
	for (enum daxhp_zone z = 0; z < DAXHP_ZONE_MAX && used < CELL_MAX; z++) {
		size_t n = daxhp_observation_count_zone(obs, z);

		if (n)
			used += snprintf(cells[ZONES] + used, CELL_MAX - used, "%s%s:%zu",
					 used ? "," : "", daxhp_zone_name(z), n);
	}
	return add_line(table, &devices_layout, cells,
			look_state(look) == DAXHP_INCONSISTENT ||
				(daxhp_observation_is_wedged(obs) && !look->is_busy));
}

static const struct layout devices_layout = {
	.columns = {
		{ "DEVICE", 0 },
		{ "SIZE", SCOLS_FL_RIGHT },
		{ "USABLE", SCOLS_FL_RIGHT },
		{ "NODE", SCOLS_FL_RIGHT },
		{ "MODE", 0 },
		{ "STATE", 0 },
		{ "INTERFACE", 0, .is_rare = true },
		{ "BLOCKS", SCOLS_FL_RIGHT },
		/* The last one, and the only one that may be long. */
		{ "ZONES", SCOLS_FL_WRAP },
	},
	.has_choice = true,
	.add = add_device,
};

static int add_ranges(struct libscols_table *table, const struct settings *settings,
		      const struct looked_at *look)
{
	enum { RANGE_DEVICE, PAGE_OFFSET, START, END, RANGE_SIZE, N_RANGE_CELLS };
	char cells[N_RANGE_CELLS][CELL_MAX];
	const struct daxhp_range *range;
	int r;

	if (look->orphan)
		return 0;
	r = daxhp_device_get_ranges_error(look->device);
	set_cell(cells[RANGE_DEVICE], daxhp_device_get_name(look->device));
	if (r < 0) {
		complain("%s: its physical ranges cannot be read: %s.", cells[RANGE_DEVICE],
			 strerror(-r));
		return 0;
	}
	for (size_t i = 0; r == 0 && (range = daxhp_device_get_range(look->device, i)); i++) {
		snprintf(cells[PAGE_OFFSET], CELL_MAX, "%" PRIu64, range->page_offset);
		snprintf(cells[START], CELL_MAX, "%#" PRIx64, range->start);
		snprintf(cells[END], CELL_MAX, "%#" PRIx64, range->end);
		set_size(cells[RANGE_SIZE], settings, range->end - range->start + 1);
		r = add_line(table, &ranges_layout, cells, false);
	}
	return r;
}

static const struct layout ranges_layout = {
	.columns = {
		{ "DEVICE", 0 },
		{ "PAGE-OFFSET", SCOLS_FL_RIGHT },
		{ "START", SCOLS_FL_RIGHT },
		{ "END", SCOLS_FL_RIGHT },
		{ "SIZE", SCOLS_FL_RIGHT },
	},
	.add = add_ranges,
};

/* ---- notes ---- */

static void note_inconsistent(const struct looked_at *look)
{
	const struct daxhp_observation *obs = look->observation;
	const char *name = daxhp_device_get_name(look->device);
	const char *word = daxhp_observation_get_attribute_word(obs);
	size_t n_blocks = daxhp_observation_count_blocks(obs);
	size_t n_present = daxhp_observation_count_present(obs);
	size_t n_online = daxhp_observation_count_online(obs);
	size_t n_movable = daxhp_observation_count_zone(obs, DAXHP_ZONE_MOVABLE);
	bool is_mixed = n_movable > 0 && n_movable < n_online;
	char online[64] = "";

	if (n_present == n_blocks && !is_mixed)
		snprintf(online, sizeof(online), "'daxhp online %s' or ", name);
	complain("note: %s: inconsistent: of %zu %s %zu %s present and %zu online%s%s%s%s; run "
		 "%s'daxhp unplug %s' to fix this.",
		 name, n_blocks, blocks_word(n_blocks), n_present, n_present == 1 ? "is" : "are",
		 n_online, is_mixed ? " in mixed zones" : "",
		 word ? ", while the kernel's attribute says '" : "", word ? word : "",
		 word ? "'" : "", online, name);
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
	/* `online` lets the kernel choose, and its choice is a zone for kernel memory. */
	if ((state == DAXHP_ONLINE || state == DAXHP_ONLINE_KERNEL) &&
	    (strcmp(policy, "online") == 0 || strcmp(policy, "online_kernel") == 0))
		complain(
			"note: %s: its memory is in a zone for kernel memory, where the machine's "
			"policy (auto_online_blocks), '%s', puts new memory; it may not come out "
			"again before a reboot. 'daxhp reconfigure --movable %s' "
			"tries to move it; with memhp_default_state=online_movable on the kernel's "
			"command line it is movable from the next boot on.",
			name, policy, name);
	if (state == DAXHP_ONLINE_MOVABLE && strcmp(policy, "online_kernel") == 0)
		complain("note: %s: the machine's policy (auto_online_blocks) is 'online_kernel': "
			 "after a new bind, its memory would not be movable.",
			 name);
}

int look_keeps_policy(const struct looked_at *look)
{
	const struct daxhp_observation *obs = look->observation;

	if (!look->policy || !obs || look->is_busy || daxhp_observation_get_blocks_error(obs) < 0)
		return -1;
	return rule_is_kept(&look->policy->rule, daxhp_observation_get_mode(obs),
			    daxhp_observation_get_state(obs));
}

/* True when the device is not as its policy says. */
static bool note_stored_policy(const struct looked_at *look)
{
	const char *name = daxhp_device_get_name(look->device), *now;
	enum daxhp_state state;
	bool is_stuck;

	if (look_keeps_policy(look) != 0)
		return false;
	state = daxhp_observation_get_state(look->observation);
	is_stuck = state == DAXHP_ONLINE || state == DAXHP_ONLINE_KERNEL;
	now = standing_word(look->observation);
	complain("note: %s: it is %s, and its policy (%s) says %s; 'daxhp apply %s' %s.", name,
		 now ? now : "in an unknown state", look->policy->path,
		 rule_goal_word(&look->policy->rule), name,
		 is_stuck ? "tries to bring it there. The kernel may keep what it has in a zone of "
			    "its own until a reboot; then the policy comes first"
			  : "brings it there");
	return true;
}

/* Whatever is not as it should be, that process is about to change it. */
static void note_busy(const struct looked_at *look)
{
	const struct daxhp_worker *worker = look->worker;
	char way_out[96] = "";

	if (worker->stopped)
		snprintf(way_out, sizeof(way_out),
			 ", and has been stopped (Ctrl-Z, SIGSTOP). 'kill -CONT %d' lets it go on",
			 worker->pid);
	complain("note: %s: another daxhp (pid %d) is at work on it%s.",
		 daxhp_device_get_name(look->device), worker->pid, way_out);
}

static void print_notes(const struct looked_at *look)
{
	const struct daxhp_observation *obs = look->observation;
	size_t n_present;

	if (look->orphan)
		complain("note: %" PRIu64 " MiB at %#" PRIx64 " belong to no dax device: it went "
			 "away while they were online. Only a reboot takes them away.",
			 look->orphan->size >> 20, look->orphan->start);
	if (look->is_busy)
		note_busy(look);
	if (!obs || look->is_busy)
		return;
	n_present = daxhp_observation_count_present(obs);
	if (daxhp_observation_is_wedged(obs))
		complain("note: %s: wedged: %zu %s stayed when the device was unbound from kmem; "
			 "only a reboot takes %s away.",
			 daxhp_device_get_name(look->device), n_present, blocks_word(n_present),
			 n_present == 1 ? "it" : "them");
	else if (daxhp_observation_get_state(obs) == DAXHP_INCONSISTENT)
		note_inconsistent(look);
	if (!note_stored_policy(look))
		note_policy(look);
}

bool table_has_columns(const char *names)
{
	const char *name = names;

	do {
		size_t len = strcspn(name, ",");

		if (column_find(&devices_layout, name, len) < 0) {
			refuse_usage("'%.*s' is not a column; expected DEVICE, SIZE, USABLE, NODE, "
				     "MODE, STATE, INTERFACE, BLOCKS or ZONES.",
				     len > 64 ? 64 : (int)len, name);
			return false;
		}
		name += len + (name[len] == ',');
	} while (*name);
	return true;
}

/* libsmartcols prints no heading when the table has no lines. */
static int print_headings(const struct settings *settings)
{
	struct libscols_table *table = NULL;
	int r = table_new(&table);

	if (r == 0)
		r = add_columns(table, &devices_layout, settings);
	for (size_t i = 0; r == 0 && i < scols.table_get_ncols(table); i++)
		output("%s%s", i ? " " : "",
		       (const char *)scols.cell_get_data(
			       scols.column_get_header(scols.table_get_column(table, i))));
	if (r == 0)
		output("\n");
	table_free(table);
	return r;
}

int report_status_table(const struct settings *settings, const struct looked_at *looks,
			size_t count)
{
	_cleanup_free_ char *table = NULL, *mappings = NULL;
	int r;

	if (count == 0)
		return settings->no_headings ? 0 : print_headings(settings);
	r = print_table(&devices_layout, settings, looks, count, &table);
	if (r == 0 && settings->mappings)
		r = print_table(&ranges_layout, settings, looks, count, &mappings);
	if (r == 0)
		output("%s\n", table);
	if (r == 0 && mappings)
		output("\n%s\n", mappings);
	output_flush();
	for (size_t i = 0; i < count; i++)
		print_notes(&looks[i]);
	return r;
}
