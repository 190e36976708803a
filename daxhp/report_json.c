// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * JSON for scripts. Keys are never renamed or removed. A value that the user may not know is null,
 * never 0. A key that daxctl list also prints has the same meaning there.
 */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include <json-c/json.h>

#include "daxhp.h"

/* Every string in a report is shorter than this. The longest ones are paths. */
#define PIECE_MAX 8192

/*
 * When memory runs out, json-c leaves out a key, or returns NULL for an object and aborts when that
 * is passed to it later. So call json-c only through these functions. When one of them fails, the
 * report is incomplete (is_short), and is not printed.
 */
static bool is_short;

static struct json_object *made(struct json_object *value)
{
	is_short |= !value;
	return value;
}

static struct json_object *new_object(void)
{
	return made(json_object_new_object());
}

static struct json_object *new_array(void)
{
	return made(json_object_new_array());
}

/* @s must not be NULL. When memory runs out, the report must fail instead of showing null. */
static struct json_object *new_string(const char *s)
{
	return made(s ? json_object_new_string(s) : NULL);
}

static struct json_object *new_number(uint64_t value)
{
	return made(json_object_new_uint64(value));
}

static struct json_object *new_bool(bool value)
{
	return made(json_object_new_boolean(value));
}

/* Takes over @value. NULL becomes null. */
static void add(struct json_object *object, const char *key, struct json_object *value)
{
	if (object && json_object_object_add(object, key, value) == 0)
		return;
	is_short = true;
	json_object_put(value);
}

static void append(struct json_object *array, struct json_object *value)
{
	if (array && json_object_array_add(array, value) == 0)
		return;
	is_short = true;
	json_object_put(value);
}

static struct json_object *string_or_null(const char *s)
{
	return s ? new_string(s) : NULL;
}

static struct json_object *size_json(const struct settings *settings, uint64_t bytes)
{
	char buf[64];

	if (!settings->human)
		return new_number(bytes);
	format_size(bytes, buf, sizeof(buf));
	return new_string(buf);
}

static struct json_object *address_json(const struct settings *settings, uint64_t value)
{
	char buf[32];

	if (!settings->human)
		return new_number(value);
	snprintf(buf, sizeof(buf), "%#llx", (unsigned long long)value);
	return new_string(buf);
}

static struct json_object *seconds_json(double seconds)
{
	char buf[32];

	snprintf(buf, sizeof(buf), "%.3f", seconds);
	return made(json_object_new_double_s(seconds, buf));
}

static struct json_object *mappings_json(const struct settings *settings,
					 const struct daxhp_device *device)
{
	const struct daxhp_range *ranges;
	struct json_object *array;
	size_t n;

	if (daxhp_device_get_ranges(device, &ranges, &n) < 0)
		return NULL;
	array = new_array();
	for (size_t i = 0; i < n; i++) {
		struct json_object *o = new_object();

		add(o, "page_offset", address_json(settings, ranges[i].page_offset));
		add(o, "start", address_json(settings, ranges[i].start));
		add(o, "end", address_json(settings, ranges[i].end));
		add(o, "size", size_json(settings, ranges[i].end - ranges[i].start + 1));
		append(array, o);
	}
	return array;
}

static struct json_object *zones_json(const struct daxhp_observation *obs)
{
	struct json_object *o = new_object();

	for (enum daxhp_zone z = 0; z < DAXHP_ZONE_MAX; z++) {
		size_t n = daxhp_observation_count_zone(obs, z);

		if (n)
			add(o, daxhp_zone_name(z), new_number(n));
	}
	return o;
}

/* As in daxctl: null while a block is offline, and false when there are no blocks. */
static struct json_object *movable_json(const struct daxhp_observation *obs)
{
	size_t online = daxhp_observation_count_online(obs);

	if (online != daxhp_observation_count_present(obs))
		return NULL;
	return new_bool(online > 0 &&
			daxhp_observation_count_zone(obs, DAXHP_ZONE_MOVABLE) == online);
}

static struct json_object *count_json(bool is_known, size_t count)
{
	return is_known ? new_number(count) : NULL;
}

static void add_counts(struct json_object *o, const struct settings *settings,
		       const struct daxhp_observation *obs)
{
	bool is_seen = daxhp_observation_get_blocks_error(obs) == 0;
	/* As daxctl does, count only the blocks of system RAM; but also those that are wedged. */
	bool counts = is_seen && (daxhp_observation_get_state(obs) != DAXHP_STATE_NONE ||
				  daxhp_observation_is_wedged(obs));
	uint64_t block_size = daxhp_observation_get_block_size(obs);

	add(o, "online_memblocks", count_json(counts, daxhp_observation_count_online(obs)));
	add(o, "total_memblocks", count_json(counts, daxhp_observation_count_present(obs)));
	add(o, "possible_memblocks", count_json(is_seen, daxhp_observation_count_blocks(obs)));
	add(o, "memblock_size", block_size ? size_json(settings, block_size) : NULL);
	add(o, "movable", counts ? movable_json(obs) : NULL);
	add(o, "zones", counts ? zones_json(obs) : NULL);
	add(o, "wedged", is_seen ? new_bool(daxhp_observation_is_wedged(obs)) : NULL);
}

static struct json_object *memdevs_json(const struct daxhp_device *device)
{
	struct json_object *array = new_array();
	const struct daxhp_memdev *memdevs;
	size_t n = daxhp_device_get_memdevs(device, &memdevs);

	for (size_t i = 0; i < n; i++) {
		struct json_object *o = new_object();

		add(o, "name", new_string(memdevs[i].name));
		add(o, "serial", memdevs[i].has_serial ? new_number(memdevs[i].serial) : NULL);
		add(o, "pci", memdevs[i].pci[0] ? new_string(memdevs[i].pci) : NULL);
		append(array, o);
	}
	return array;
}

static void add_source(struct json_object *o, const struct daxhp_device *device)
{
	const char *region = daxhp_device_get_cxl_region(device);
	struct json_object *cxl = region ? new_object() : NULL;

	if (cxl) {
		add(cxl, "region", new_string(region));
		add(cxl, "memdevs", memdevs_json(device));
		add(cxl, "decoder", string_or_null(daxhp_device_get_cxl_decoder(device)));
	}
	add(o, "provider", string_or_null(daxhp_provider_name(daxhp_device_get_provider(device))));
	add(o, "cxl", cxl);
	add(o, "namespace", string_or_null(daxhp_device_get_namespace(device)));
	add(o, "uuid", string_or_null(daxhp_device_get_uuid(device)));
	add(o, "path", string_or_null(daxhp_device_get_path(device)));
}

static void add_identity(struct json_object *o, const struct settings *settings,
			 const struct daxhp_device *device)
{
	uint64_t value;
	int node;

	add(o, "chardev", new_string(daxhp_device_get_name(device)));
	add(o, "region", new_number(daxhp_device_get_region_id(device)));
	add(o, "size",
	    daxhp_device_get_size(device, &value) == 0 ? size_json(settings, value) : NULL);
	add(o, "target_node",
	    daxhp_device_get_target_node(device, &node) == 0 && node >= 0 ? new_number(node)
									  : NULL);
	add(o, "align",
	    daxhp_device_get_align(device, &value) == 0 ? size_json(settings, value) : NULL);
	add_source(o, device);
}

static void add_observation(struct json_object *o, const struct settings *settings,
			    const struct looked_at *look)
{
	const struct daxhp_observation *obs = look->observation;
	enum daxhp_interface interface = daxhp_observation_get_interface(obs);
	int memmap = daxhp_observation_get_memmap_on_memory(obs);

#define ADD_STRING(key, value) add(o, key, string_or_null(value))
	ADD_STRING("mode", daxhp_mode_name(daxhp_observation_get_mode(obs)));
	ADD_STRING("driver", daxhp_observation_get_driver(obs));
	ADD_STRING("hotplug_state", daxhp_state_name(look_state(look)));
	ADD_STRING("hotplug_interface", daxhp_interface_name(interface));
	ADD_STRING("attribute_state", daxhp_observation_get_attribute_word(obs));
	add_counts(o, settings, obs);
	add(o, "memmap_on_memory", memmap < 0 ? NULL : new_bool(memmap));
	ADD_STRING("auto_online_blocks", daxhp_observation_get_policy(obs));
#undef ADD_STRING
}

/* The keys are there even when the device went away while daxhp looked at it. */
static void add_nothing(struct json_object *o)
{
	static const char *const keys[] = {
		"mode",
		"driver",
		"hotplug_state",
		"hotplug_interface",
		"attribute_state",
		"online_memblocks",
		"total_memblocks",
		"possible_memblocks",
		"memblock_size",
		"movable",
		"zones",
		"wedged",
		"memmap_on_memory",
		"auto_online_blocks",
	};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		add(o, keys[i], NULL);
}

static struct json_object *worker_json(const struct daxhp_worker *worker)
{
	struct json_object *o = new_object();

	add(o, "pid", new_number(worker->pid));
	add(o, "comm", new_string(worker->comm));
	return o;
}

static struct json_object *status_json(const struct settings *settings,
				       const struct looked_at *look)
{
	struct json_object *o = new_object();

	add_identity(o, settings, look->device);
	if (look->observation)
		add_observation(o, settings, look);
	else
		add_nothing(o);
	add(o, "busy", look->is_busy ? worker_json(&look->worker) : NULL);
	if (settings->mappings)
		add(o, "mappings", mappings_json(settings, look->device));
	return o;
}

static struct json_object *blocks_json(const uint64_t *blocks, size_t n)
{
	struct json_object *array = new_array();

	for (size_t i = 0; i < n; i++)
		append(array, new_number(blocks[i]));
	return array;
}

static struct json_object *rivals_json(const struct daxhp_result *result)
{
	struct json_object *array = new_array();
	const struct daxhp_rival *rivals = NULL;
	size_t n = result ? daxhp_result_get_rivals(result, &rivals) : 0;

	for (size_t i = 0; i < n; i++) {
		struct json_object *o = new_object();

		add(o, "pid", new_number(rivals[i].pid));
		add(o, "comm", new_string(rivals[i].comm));
		add(o, "denied", new_number(rivals[i].denied));
		append(array, o);
	}
	return array;
}

static struct json_object *error_json(const struct outcome *outcome)
{
	const struct daxhp_result *result = outcome->result;
	const struct daxhp_failure *f = outcome_failure(outcome);
	char message[MESSAGE_MAX];
	struct json_object *o = new_object();
	int64_t block = f ? daxhp_failure_get_block(f) : -1;
	const uint64_t *stuck = NULL;
	size_t n_stuck = result ? daxhp_result_get_stuck_blocks(result, &stuck) : 0;
	int errnum = f ? -daxhp_failure_get_error(f) : -outcome->error;

	describe_outcome(outcome, message, sizeof(message));
	add(o, "kind",
	    new_string(f ? daxhp_failure_get_name(f)
			 : daxhp_failure_kind_name(DAXHP_FAILED_OBSERVE)));
	add(o, "errno", string_or_null(errnum ? strerrorname_np(errnum) : NULL));
	add(o, "message", new_string(message));
	add(o, "file", f ? string_or_null(daxhp_failure_get_file(f)) : NULL);
	add(o, "wrote", f ? string_or_null(daxhp_failure_get_word(f)) : NULL);
	add(o, "driver", f ? string_or_null(daxhp_failure_get_driver(f)) : NULL);
	add(o, "block", block < 0 ? NULL : new_number(block));
	add(o, "undone", new_bool(!result || daxhp_result_get_undone(result)));
	add(o, "stuck_blocks", blocks_json(stuck, n_stuck));
	add(o, "rivals", rivals_json(result));
	return o;
}

static struct json_object *step_json(const struct outcome *outcome, const struct daxhp_step *step)
{
	struct json_object *o = new_object();
	char text[STEP_TEXT_MAX] = "";
	const char *driver = daxhp_step_get_driver(step);
	const uint64_t *blocks;
	size_t n = daxhp_step_get_blocks(step, &blocks);

	describe_step(outcome, step, text, sizeof(text));
	add(o, "step", new_string(daxhp_step_get_name(step)));
	add(o, "word", string_or_null(daxhp_state_name(daxhp_step_get_word(step))));
	if (driver)
		add(o, "driver", new_string(driver));
	if (n)
		add(o, "blocks", blocks_json(blocks, n));
	add(o, "description", new_string(text));
	return o;
}

static void add_steps(struct json_object *o, const struct outcome *outcome)
{
	struct json_object *array = new_array();

	for (size_t i = 0; outcome->plan && i < daxhp_plan_count_steps(outcome->plan); i++)
		append(array, step_json(outcome, daxhp_plan_get_step(outcome->plan, i)));
	add(o, "steps", array);
}

/* Without an estimate, the figures are null. */
static struct json_object *room_json(const struct settings *settings, const struct outcome *outcome)
{
	const struct daxhp_room *room = outcome->plan ? daxhp_plan_get_room(outcome->plan) : NULL;
	struct json_object *o = room ? new_object() : NULL, *nodes;
	bool is_known = room && room->error == 0;

	if (!room)
		return NULL;
	add(o, "verdict", string_or_null(daxhp_verdict_name(room->verdict)));
	add(o, "to_move", is_known ? size_json(settings, room->to_move) : NULL);
	add(o, "free", is_known ? size_json(settings, room->free) : NULL);
	add(o, "reclaimable", is_known ? size_json(settings, room->reclaimable) : NULL);
	add(o, "swap", is_known ? size_json(settings, room->swap) : NULL);
	add(o, "missing", is_known ? size_json(settings, room->missing) : NULL);
	add(o, "huge_pages_missing", is_known ? new_number(room->huge_missing) : NULL);
	nodes = is_known ? new_array() : NULL;
	for (size_t i = 0; nodes && i < room->n_nodes; i++)
		append(nodes, new_number(room->nodes[i]));
	add(o, "nodes", nodes);
	return o;
}

/* The interface that was used: the device had it before, or got it with the bind. */
static const char *interface_used(const struct outcome *outcome)
{
	const struct daxhp_observation *after = outcome->result
							? daxhp_result_get_after(outcome->result)
							: NULL;
	const char *name = NULL;

	if (outcome->before)
		name = daxhp_interface_name(daxhp_observation_get_interface(outcome->before));
	if (!name && after)
		name = daxhp_interface_name(daxhp_observation_get_interface(after));
	return name;
}

static struct json_object *state_json(const struct daxhp_observation *obs)
{
	return obs ? string_or_null(daxhp_state_name(daxhp_observation_get_state(obs))) : NULL;
}

static struct json_object *mode_json(const struct daxhp_observation *obs)
{
	return obs ? string_or_null(daxhp_mode_name(daxhp_observation_get_mode(obs))) : NULL;
}

static struct json_object *outcome_json(const struct settings *settings,
					const struct outcome *outcome)
{
	const struct daxhp_result *result = outcome->result;
	const struct daxhp_observation *before = outcome->before;
	const struct daxhp_observation *after = result ? daxhp_result_get_after(result) : before;
	struct json_object *o = new_object();

	add(o, "chardev", new_string(daxhp_device_get_name(outcome->device)));
	add(o, "action", new_string(outcome->wish->action));
	add(o, "from", state_json(before));
	add(o, "to", state_json(after));
	add(o, "from_mode", mode_json(before));
	add(o, "to_mode", mode_json(after));
	add(o, "changed", new_bool(result && daxhp_result_get_changed(result)));
	add(o, "interface", string_or_null(interface_used(outcome)));
	add(o, "blocks",
	    before && daxhp_observation_get_blocks_error(before) == 0
		    ? new_number(daxhp_observation_count_blocks(before))
		    : NULL);
	add(o, "seconds", seconds_json(result ? daxhp_result_get_seconds(result) : 0));
	add(o, "rivals", rivals_json(result));
	add(o, "rivals_left_out", new_number(result ? daxhp_result_count_left_out(result) : 0));
	add(o, "room", room_json(settings, outcome));
	if (settings->dry_run)
		add_steps(o, outcome);
	if (!outcome_is_good(outcome))
		add(o, "error", error_json(outcome));
	return o;
}

/* Prints nothing, but makes room in the buffer for as many bytes as the array's userdata says. */
static int make_room(struct json_object *array, struct printbuf *buffer,
		     int level __attribute__((unused)), int flags __attribute__((unused)))
{
	const int *size = json_object_get_userdata(array);

	return printbuf_memset(buffer, 0, ' ', *size);
}

/*
 * Returns the array as text, which the array owns; NULL when memory ran out. json-c leaves out a
 * piece of text that does not fit into its buffer, and reports no error. So make the buffer larger
 * than the text, by more than the longest piece.
 */
static const char *whole_text(struct json_object *array)
{
	const int flags = JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
			  JSON_C_TO_STRING_NOSLASHESCAPE;
	const char *text;
	int room = PIECE_MAX;
	size_t len;

	if (is_short)
		return NULL;
	do {
		if (room > INT_MAX / 4)
			return NULL;
		room *= 4;
		json_object_set_serializer(array, make_room, &room, NULL);
		text = json_object_to_json_string(array);
		json_object_set_serializer(array, NULL, NULL, NULL);
		if (text)
			text = json_object_to_json_string_length(array, flags, &len);
	} while (text && len > (size_t)room - PIECE_MAX);
	if (!text)
		return NULL;
	/* json-c prints an empty array on two lines. */
	return json_object_array_length(array) ? text : "[]";
}

static int print_array(struct json_object *array)
{
	const char *text = whole_text(array);
	int r = text ? 0 : -ENOMEM;

	if (text)
		output("%s\n", text);
	json_object_put(array);
	is_short = false;
	return r;
}

int report_status_json(const struct settings *settings, const struct looked_at *looks, size_t count)
{
	struct json_object *array = new_array();

	for (size_t i = 0; i < count; i++)
		append(array, status_json(settings, &looks[i]));
	return print_array(array);
}

int report_outcomes_json(const struct settings *settings, const struct outcome *outcomes,
			 size_t count)
{
	struct json_object *array = new_array();

	for (size_t i = 0; i < count; i++)
		append(array, outcome_json(settings, &outcomes[i]));
	return print_array(array);
}
