// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * JSON for scripts. Keys are never renamed or removed. A value that the user may not know is null,
 * never 0. A key that daxctl list also prints has the same meaning there.
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

#include <json-c/json.h>

#include "daxhp.h"
#include "policy.h"

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

/* Names of processes and files can have any bytes, and JSON must be UTF-8. */
static struct json_object *text_json(const char *s)
{
	_cleanup_free_ char *plain = strdup(s);

	for (char *c = plain; c && *c; c++)
		if (!isascii((unsigned char)*c) || iscntrl((unsigned char)*c))
			*c = '?';
	return new_string(plain);
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
	const struct daxhp_range *range;
	struct json_object *array;

	if (daxhp_device_get_ranges_error(device) < 0)
		return NULL;
	array = new_array();
	for (size_t i = 0; (range = daxhp_device_get_range(device, i)); i++) {
		struct json_object *o = new_object();

		add(o, "page_offset", address_json(settings, range->page_offset));
		add(o, "start", address_json(settings, range->start));
		add(o, "end", address_json(settings, range->end));
		add(o, "size", size_json(settings, range->end - range->start + 1));
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

static struct json_object *memdev_json(const struct daxhp_memdev *memdev)
{
	struct json_object *o = new_object();

	add(o, "name", new_string(memdev->name));
	add(o, "serial", memdev->has_serial ? new_number(memdev->serial) : NULL);
	add(o, "pci", memdev->pci[0] ? new_string(memdev->pci) : NULL);
	return o;
}

static struct json_object *memdevs_json(const struct daxhp_device *device)
{
	struct json_object *array = new_array();
	const struct daxhp_memdev *memdev;

	for (size_t i = 0; (memdev = daxhp_device_get_memdev(device, i)); i++)
		append(array, memdev_json(memdev));
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

/* All keys are there; those of a device are null. */
static struct json_object *orphan_json(const struct settings *settings,
				       const struct daxhp_orphan *orphan)
{
	static const char *const keys[] = { "region",	 "align", "provider", "cxl",
					    "namespace", "uuid",  "path" };
	struct json_object *o = new_object(), *ranges = new_array(), *range = new_object();

	add(o, "chardev", NULL);
	add(o, "size", size_json(settings, orphan->size));
	add(o, "target_node", orphan->node >= 0 ? new_number(orphan->node) : NULL);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		add(o, keys[i], NULL);
	add_nothing(o);
	add(o, "hotplug_state", new_string(orphan_state(orphan)));
	add(o, "online_memblocks", new_number(orphan->n_online));
	add(o, "total_memblocks", new_number(orphan->n_blocks));
	add(o, "possible_memblocks", new_number(orphan->n_blocks));
	add(o, "memblock_size",
	    orphan->block_size ? size_json(settings, orphan->block_size) : NULL);
	add(o, "wedged", new_bool(true));
	add(o, "busy", NULL);
	add(o, "policy", NULL);
	add(range, "start", address_json(settings, orphan->start));
	add(range, "end", address_json(settings, orphan->start + orphan->size - 1));
	add(range, "size", size_json(settings, orphan->size));
	append(ranges, range);
	add(o, "mappings", ranges);
	return o;
}

static struct json_object *kept_json(const struct looked_at *look)
{
	int is_kept = look_keeps_policy(look);

	return is_kept < 0 ? NULL : new_bool(is_kept);
}

static struct json_object *rule_value_json(const struct rule *rule, enum rule_key key)
{
	char value[RULE_TEXT_MAX];

	rule_print(rule, key, value, sizeof(value));
	return *value ? new_string(value) : NULL;
}

/* Null where no policy is for the device. */
static struct json_object *policy_json(const struct looked_at *look)
{
	const struct policy_file *policy = look->policy;
	struct json_object *o = policy ? new_object() : NULL;

	if (!policy)
		return NULL;
	add(o, "file", new_string(policy->path));
	add(o, "mode", rule_value_json(&policy->rule, RULE_MODE));
	add(o, "goal", new_string(rule_goal_word(&policy->rule)));
	add(o, "kept", kept_json(look));
	return o;
}

static struct json_object *status_json(const struct settings *settings,
				       const struct looked_at *look)
{
	struct json_object *o;

	if (look->orphan)
		return orphan_json(settings, look->orphan);
	o = new_object();

	add_identity(o, settings, look->device);
	if (look->observation)
		add_observation(o, settings, look);
	else
		add_nothing(o);
	add(o, "busy", look->is_busy ? worker_json(look->worker) : NULL);
	add(o, "policy", policy_json(look));
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
	const struct daxhp_rival *rival;

	for (size_t i = 0; result && (rival = daxhp_result_get_rival(result, i)); i++) {
		struct json_object *o = new_object();

		add(o, "pid", new_number(rival->pid));
		add(o, "comm", new_string(rival->comm));
		add(o, "denied", new_number(rival->denied));
		append(array, o);
	}
	return array;
}

/* NULL becomes null. */
static struct json_object *obstacle_json(const struct daxhp_obstacle *obstacle)
{
	struct json_object *o = obstacle ? new_object() : NULL;
	char text[512];

	if (!obstacle)
		return NULL;
	add(o, "kind", string_or_null(daxhp_obstacle_kind_name(obstacle->kind)));
	add(o, "block", obstacle->block < 0 ? NULL : new_number(obstacle->block));
	add(o, "pages", obstacle->pages ? new_number(obstacle->pages) : NULL);
	add(o, "page_size", new_number(obstacle->page_size));
	add(o, "pfn", obstacle->pfn < 0 ? NULL : new_number(obstacle->pfn));
	add(o, "evidence", string_or_null(daxhp_evidence_name(obstacle->evidence)));
	add(o, "certain", new_bool(obstacle->is_certain));
	add(o, "file", *obstacle->file ? new_string(obstacle->file) : NULL);
	add(o, "filesystem", *obstacle->filesystem ? new_string(obstacle->filesystem) : NULL);
	add(o, "pid", obstacle->pid ? new_number(obstacle->pid) : NULL);
	add(o, "comm", obstacle->pid ? text_json(obstacle->comm) : NULL);
	daxhp_obstacle_describe(obstacle, text, sizeof(text));
	add(o, "description", text_json(text));
	daxhp_obstacle_advise(obstacle, text, sizeof(text));
	add(o, "action", new_string(text));
	return o;
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
	add(o, "obstacle", obstacle_json(f ? daxhp_failure_get_obstacle(f) : NULL));
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
static struct json_object *room_json(const struct settings *settings, const struct daxhp_room *room)
{
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
	const struct daxhp_observation *after = outcome_now(outcome);
	struct json_object *o = new_object();

	add(o, "chardev", new_string(daxhp_device_get_name(outcome->device)));
	add(o, "action", new_string(outcome->wish->action));
	add(o, "from", state_json(before));
	add(o, "to", state_json(after));
	add(o, "from_mode", mode_json(before));
	add(o, "to_mode", mode_json(after));
	add(o, "changed",
	    new_bool(result && daxhp_result_get_changed(result) && !outcome->was_taken_back));
	add(o, "interface", string_or_null(interface_used(outcome)));
	add(o, "blocks",
	    before && daxhp_observation_get_blocks_error(before) == 0
		    ? new_number(daxhp_observation_count_blocks(before))
		    : NULL);
	add(o, "seconds", seconds_json(result ? daxhp_result_get_seconds(result) : 0));
	add(o, "rivals", rivals_json(result));
	add(o, "rivals_left_out", new_number(result ? daxhp_result_count_left_out(result) : 0));
	add(o, "room",
	    room_json(settings, outcome->plan ? daxhp_plan_get_room(outcome->plan) : NULL));
	if (settings->dry_run)
		add_steps(o, outcome);
	if (outcome->was_taken_back)
		add(o, "taken_back", new_bool(true));
	else if (!outcome_is_good(outcome))
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
static const char *whole_text(struct json_object *array, int flags)
{
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
	return text;
}

static int print_array(struct json_object *array)
{
	const int flags = JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
			  JSON_C_TO_STRING_NOSLASHESCAPE;
	const char *text = whole_text(array, flags);
	int r = text ? 0 : -ENOMEM;

	/* json-c prints an empty array on two lines. */
	if (text)
		output("%s\n", json_object_array_length(array) ? text : "[]");
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

/* The keys of status, and what has changed. */
static struct json_object *change_json(const struct settings *settings,
				       const struct daxhp_change *change)
{
	const struct daxhp_observation *before = daxhp_change_get_before(change);
	const struct daxhp_worker *worker = daxhp_change_get_worker(change);
	struct looked_at look = {
		.device = daxhp_change_get_device(change),
		.observation = daxhp_change_get_after(change),
		.is_busy = daxhp_change_is_busy(change),
		.worker = worker,
	};
	struct json_object *o = status_json(settings, &look);

	/* A monitor reads no policies. Without memory there is no object. */
	if (o)
		json_object_object_del(o, "policy");
	add(o, "time", seconds_json(daxhp_change_get_time(change)));
	add(o, "event", new_string(daxhp_change_kind_name(daxhp_change_get_kind(change))));
	add(o, "from", state_json(before));
	add(o, "to", look.is_busy ? NULL : state_json(look.observation));
	add(o, "from_mode", mode_json(before));
	add(o, "to_mode", mode_json(look.observation));
	add(o, "by", worker ? worker_json(worker) : NULL);
	return o;
}

int report_change_json(const struct settings *settings, const struct daxhp_change *change)
{
	struct json_object *o = change_json(settings, change);
	const char *text = whole_text(o, JSON_C_TO_STRING_NOSLASHESCAPE);
	int r = text ? 0 : -ENOMEM;

	if (text)
		output("%s\n", text);
	json_object_put(o);
	is_short = false;
	return r;
}

static struct json_object *texts_json(const struct texts *texts)
{
	struct json_object *array = new_array();

	is_short |= texts->is_short;
	for (size_t i = 0; i < texts->count; i++)
		append(array, new_string(texts->list[i]));
	return array;
}

int report_cards_json(const struct card_view *views, size_t count)
{
	struct json_object *array = new_array();

	for (size_t i = 0; i < count; i++) {
		const struct daxhp_card *card = views[i].card;
		struct json_object *o = memdev_json(daxhp_card_get_memdev(card));

		add(o, "slot", string_or_null(daxhp_card_get_slot(card)));
		add(o, "regions", texts_json(&views[i].regions));
		add(o, "devices", texts_json(&views[i].devices));
		add(o, "safe_to_remove", new_bool(views[i].obstacles.count == 0));
		add(o, "obstacles", texts_json(&views[i].obstacles));
		add(o, "commands", texts_json(&views[i].commands));
		append(array, o);
	}
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

/* ---- explain ---- */

/* What all blocks together are used for. */
static struct json_object *classes_json(const struct settings *settings,
					const struct daxhp_explanation *e)
{
	struct json_object *o = new_object();
	const struct daxhp_block_use *block;

	for (enum daxhp_use use = 0; use < DAXHP_USE_MAX; use++) {
		uint64_t bytes = 0;

		for (size_t i = 0; (block = daxhp_explanation_get_block_use(e, i)); i++)
			bytes += daxhp_block_use_get_bytes(block, use);
		add(o, daxhp_use_name(use), size_json(settings, bytes));
	}
	return o;
}

static struct json_object *uses_json(const struct settings *settings,
				     const struct daxhp_explanation *e)
{
	struct json_object *array = new_array();
	const struct daxhp_block_use *block;

	for (size_t i = 0; (block = daxhp_explanation_get_block_use(e, i)); i++) {
		struct json_object *o = new_object();

		add(o, "block", new_number(daxhp_block_use_get_block(block)));
		add(o, "zone", string_or_null(daxhp_zone_name(daxhp_block_use_get_zone(block))));
		add(o, "used", size_json(settings, daxhp_block_use_get_used(block)));
		append(array, o);
	}
	return array;
}

static struct json_object *processes_json(const struct settings *settings,
					  const struct daxhp_explanation *e)
{
	struct json_object *array = new_array();
	const struct daxhp_user *user;

	for (size_t i = 0; (user = daxhp_explanation_get_user(e, i)); i++) {
		struct json_object *o = new_object();

		add(o, "pid", new_number(user->pid));
		add(o, "comm", text_json(user->comm));
		add(o, "cgroup", user->cgroup ? text_json(user->cgroup) : NULL);
		add(o, "bytes", size_json(settings, user->bytes));
		append(array, o);
	}
	return array;
}

static bool is_cgroup(const struct daxhp_user *user, const char *cgroup)
{
	return user->cgroup && strcmp(user->cgroup, cgroup) == 0;
}

/* In the order of their largest processes. */
static struct json_object *cgroups_json(const struct settings *settings,
					const struct daxhp_explanation *e)
{
	struct json_object *array = new_array();
	const struct daxhp_user *user, *other;

	for (size_t i = 0; (user = daxhp_explanation_get_user(e, i)); i++) {
		struct json_object *o;
		uint64_t bytes = 0;
		size_t k = 0;

		if (!user->cgroup)
			continue;
		while (!is_cgroup(daxhp_explanation_get_user(e, k), user->cgroup))
			k++;
		if (k < i)
			continue;
		for (; (other = daxhp_explanation_get_user(e, k)); k++)
			bytes += is_cgroup(other, user->cgroup) ? other->bytes : 0;
		o = new_object();
		add(o, "cgroup", text_json(user->cgroup));
		add(o, "bytes", size_json(settings, bytes));
		append(array, o);
	}
	return array;
}

static struct json_object *unseen_json(const struct daxhp_explanation *e)
{
	struct json_object *array = new_array();
	const struct daxhp_unseen *unseen;

	for (size_t i = 0; (unseen = daxhp_explanation_get_unseen(e, i)); i++) {
		struct json_object *o = new_object();

		add(o, "file", text_json(unseen->file));
		add(o, "errno", string_or_null(strerrorname_np(-unseen->error)));
		append(array, o);
	}
	return array;
}

static struct json_object *explanation_json(const struct settings *settings,
					    const struct explained *explained)
{
	const struct daxhp_explanation *e = explained->explanation;
	const struct daxhp_room *room = daxhp_explanation_get_room(e);
	struct json_object *o = new_object(), *obstacles = new_array();
	const struct daxhp_obstacle *obstacle;
	bool has_blocks = daxhp_explanation_get_block_use(e, 0);

	for (size_t i = 0; (obstacle = daxhp_explanation_get_obstacle(e, i)); i++)
		append(obstacles, obstacle_json(obstacle));
	add(o, "chardev", new_string(daxhp_device_get_name(explained->device)));
	add(o, "verdict", string_or_null(daxhp_verdict_name(daxhp_explanation_get_verdict(e))));
	add(o, "to_move", room && room->error == 0 ? size_json(settings, room->to_move) : NULL);
	add(o, "room", room_json(settings, room));
	add(o, "classes", has_blocks ? classes_json(settings, e) : NULL);
	add(o, "memblocks", has_blocks ? uses_json(settings, e) : NULL);
	add(o, "obstacles", obstacles);
	add(o, "processes", processes_json(settings, e));
	add(o, "cgroups", cgroups_json(settings, e));
	add(o, "unseen", unseen_json(e));
	return o;
}

int report_explanations_json(const struct settings *settings, const struct explained *list,
			     size_t count)
{
	struct json_object *array = new_array();

	for (size_t i = 0; i < count; i++)
		append(array, explanation_json(settings, &list[i]));
	return print_array(array);
}

static const char *refusal_name(enum refusal_kind kind)
{
	switch (kind) {
	case REFUSAL_USAGE:
		return "usage";
	case REFUSAL_NO_SUCH_DEVICE:
		return "no-such-device";
	case REFUSAL_NO_MATCH:
		return "no-match";
	case REFUSAL_NO_MEMORY_ON_DEVICE:
		return "no-memory-on-device";
	case REFUSAL_NOT_CONFIRMED:
		return "not-confirmed";
	case REFUSAL_UNSEEN:
		return "unseen";
	case REFUSAL_TIME_OVER:
		return "time-over";
	case REFUSAL_OUT_OF_MEMORY:
		return "out-of-memory";
	case REFUSAL_POLICY:
		return "policy";
	default:
		return NULL;
	}
}

int report_refusal_json(const char *action)
{
	const struct refusal *refusal = refusal_get();
	struct json_object *array = new_array(), *o = new_object(), *error = new_object();

	add(error, "kind", new_string(refusal_name(refusal->kind)));
	add(error, "message", new_string(refusal->message));
	add(o, "chardev", refusal->device[0] ? new_string(refusal->device) : NULL);
	add(o, "action", string_or_null(action));
	add(o, "error", error);
	append(array, o);
	return print_array(array);
}

/* ---- policy files ---- */

static const char *const status_words[] = {
	[POLICY_GOOD] = "good",
	[POLICY_BROKEN] = "broken",
	[POLICY_MASKED] = "masked",
	[POLICY_OVERRIDDEN] = "overridden",
};

static struct json_object *policy_file_json(const struct policy_file *file)
{
	struct json_object *o = new_object();

	add(o, "file", new_string(file->path));
	add(o, "status", new_string(status_words[file->status]));
	add(o, "line", file->line ? new_number(file->line) : NULL);
	add(o, "why", *file->why ? new_string(file->why) : NULL);
	return o;
}

int report_policies_json(const struct policies *policies)
{
	struct json_object *array = new_array();

	for (size_t i = 0; i < policies->count; i++)
		append(array, policy_file_json(&policies->files[i]));
	return print_array(array);
}

/* A file, and the key that does not hold. */
static struct json_object *trial_json(const struct policy_file *file, const struct subject *subject)
{
	struct json_object *o = policy_file_json(file);
	enum rule_key key = file->status == POLICY_GOOD ? rule_mismatch(&file->rule, subject)
							: RULE_KEYS;

	add(o, "mismatch", string_or_null(rule_key_name(key)));
	return o;
}

static struct json_object *match_json(const struct policies *policies,
				      const struct daxhp_device *device)
{
	const struct subject subject = subject_of(device);
	const struct policy_file *policy = policies_find(policies, &subject);
	struct json_object *o = new_object(), *trials = new_array();

	add(o, "chardev", new_string(subject.name));
	add(o, "file", policy ? new_string(policy->path) : NULL);
	for (size_t i = 0; i < policies->count; i++)
		append(trials, trial_json(&policies->files[i], &subject));
	add(o, "trials", trials);
	return o;
}

int report_match_json(const struct policies *policies, const struct selection *selection)
{
	struct json_object *array = new_array();

	for (size_t i = 0; i < selection->count; i++)
		append(array, match_json(policies, selection->devices[i]));
	return print_array(array);
}

static struct json_object *subject_json(const struct daxhp_device *device)
{
	const struct subject subject = subject_of(device);
	struct json_object *o = new_object(), *values = new_array();

	add(o, "chardev", new_string(subject.name));
	for (enum rule_key key = 0; key < RULE_MATCHES; key++) {
		struct json_object *pair = new_object();
		char value[RULE_TEXT_MAX * 2];

		subject_print(&subject, key, value, sizeof(value));
		add(pair, "key", new_string(rule_key_name(key)));
		add(pair, "value", *value ? new_string(value) : NULL);
		append(values, pair);
	}
	add(o, "match", values);
	return o;
}

int report_subjects_json(const struct selection *selection)
{
	struct json_object *array = new_array();

	for (size_t i = 0; i < selection->count; i++)
		append(array, subject_json(selection->devices[i]));
	return print_array(array);
}

int report_saved_json(const struct selection *selection)
{
	struct json_object *array = new_array();

	for (size_t i = 0; i < selection->count; i++) {
		const struct subject subject = subject_of(selection->devices[i]);
		struct json_object *o = new_object();
		char path[160];

		policy_path_for(&subject, path, sizeof(path));
		add(o, "chardev", new_string(subject.name));
		add(o, "file", new_string(path));
		append(array, o);
	}
	return print_array(array);
}
