// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Metrics, in a form that both Prometheus and OpenMetrics read: all are gauges, because the exporter's text
 * files know neither the type info nor stateset. A value that is not known has no sample.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "daxhp.h"

/* One metric of a device. */
struct family {
	const char *name;
	const char *unit; /* NULL: none */
	const char *help;
	void (*print)(FILE *f, const char *name, const struct looked_at *look);
};

static void print_text(FILE *f, const char *text)
{
	for (; *text; text++) {
		if (*text == '\n')
			fputs("\\n", f);
		else if (*text == '"' || *text == '\\')
			fprintf(f, "\\%c", *text);
		else
			fputc(*text, f);
	}
}

/* Begins a sample of a device, and leaves its labels open. */
static void begin(FILE *f, const char *name, const struct looked_at *look)
{
	fprintf(f, "%s{device=\"%s\"", name, daxhp_device_get_name(look->device));
}

/* Nothing is printed for NULL. */
static void print_label(FILE *f, const char *label, const char *value)
{
	if (!value)
		return;
	fprintf(f, ",%s=\"", label);
	print_text(f, value);
	fputc('"', f);
}

static void end(FILE *f, uint64_t value)
{
	fprintf(f, "} %" PRIu64 "\n", value);
}

static void print_sample(FILE *f, const char *name, const struct looked_at *look, uint64_t value)
{
	begin(f, name, look);
	end(f, value);
}

/* Were the blocks seen, and at a time when they stay so? */
static bool has_blocks(const struct looked_at *look)
{
	return look->observation && daxhp_observation_get_blocks_error(look->observation) == 0;
}

static void print_info(FILE *f, const char *name, const struct looked_at *look)
{
	const struct daxhp_device *device = look->device;
	const struct daxhp_observation *obs = look->observation;
	char node[16];
	int n;

	begin(f, name, look);
	print_label(f, "provider", daxhp_provider_name(daxhp_device_get_provider(device)));
	if (daxhp_device_get_target_node(device, &n) == 0 && n >= 0) {
		snprintf(node, sizeof(node), "%d", n);
		print_label(f, "node", node);
	}
	print_label(f, "path", daxhp_device_get_path(device));
	print_label(f, "region", daxhp_device_get_cxl_region(device));
	print_label(f, "namespace", daxhp_device_get_namespace(device));
	if (obs) {
		print_label(f, "mode", daxhp_mode_name(daxhp_observation_get_mode(obs)));
		print_label(f, "interface",
			    daxhp_interface_name(daxhp_observation_get_interface(obs)));
	}
	end(f, 1);
}

static void print_size(FILE *f, const char *name, const struct looked_at *look)
{
	uint64_t bytes;

	if (daxhp_device_get_size(look->device, &bytes) == 0)
		print_sample(f, name, look, bytes);
}

static void print_online_bytes(FILE *f, const char *name, const struct looked_at *look)
{
	const struct daxhp_observation *obs = look->observation;

	if (has_blocks(look))
		print_sample(f, name, look,
			     daxhp_observation_count_online(obs) *
				     daxhp_observation_get_block_size(obs));
}

static void print_blocks(FILE *f, const char *name, const struct looked_at *look)
{
	if (has_blocks(look))
		print_sample(f, name, look, daxhp_observation_count_blocks(look->observation));
}

static void print_present(FILE *f, const char *name, const struct looked_at *look)
{
	if (has_blocks(look))
		print_sample(f, name, look, daxhp_observation_count_present(look->observation));
}

static void print_zones(FILE *f, const char *name, const struct looked_at *look)
{
	for (enum daxhp_zone z = 0; has_blocks(look) && z < DAXHP_ZONE_MAX; z++) {
		begin(f, name, look);
		print_label(f, "zone", daxhp_zone_name(z));
		end(f, daxhp_observation_count_zone(look->observation, z));
	}
}

/* While a process is at work, it may have none of the states. */
static void print_states(FILE *f, const char *name, const struct looked_at *look)
{
	enum daxhp_state now = look->observation ? look_state(look) : DAXHP_STATE_NONE;

	for (enum daxhp_state s = DAXHP_UNPLUGGED; has_blocks(look) && s <= DAXHP_INCONSISTENT;
	     s++) {
		begin(f, name, look);
		print_label(f, "state", daxhp_state_name(s));
		end(f, s == now);
	}
}

static void print_wedged(FILE *f, const char *name, const struct looked_at *look)
{
	if (has_blocks(look))
		print_sample(f, name, look,
			     daxhp_observation_is_wedged(look->observation) && !look->is_busy);
}

static void print_busy(FILE *f, const char *name, const struct looked_at *look)
{
	print_sample(f, name, look, look->is_busy);
}

static void print_keeps_policy(FILE *f, const char *name, const struct looked_at *look)
{
	int is_kept = look_keeps_policy(look);

	if (is_kept >= 0)
		print_sample(f, name, look, is_kept);
}

static void print_last_time(FILE *f, const char *name, const struct looked_at *look)
{
	const struct daxhp_last *last;

	if (daxhp_device_read_last(look->device, &last) <= 0)
		return;
	begin(f, name, look);
	fprintf(f, "} %.3f\n", last->time);
}

static void print_last_result(FILE *f, const char *name, const struct looked_at *look)
{
	const struct daxhp_last *last;

	if (daxhp_device_read_last(look->device, &last) <= 0)
		return;
	for (int i = 0; daxhp_last_result_name(i); i++) {
		begin(f, name, look);
		print_label(f, "result", daxhp_last_result_name(i));
		end(f, last->result == (enum daxhp_last_result)i);
	}
}

/* Names are never changed. */
static const struct family families[] = {
	{ "daxhp_device_info", NULL, "What the device is, always 1.", print_info },
	{ "daxhp_device_size_bytes", "bytes", "The size of the device.", print_size },
	{ "daxhp_device_online_bytes", "bytes", "The memory of the device that is online.",
	  print_online_bytes },
	{ "daxhp_device_blocks", NULL, "The memory blocks that the ranges of the device hold.",
	  print_blocks },
	{ "daxhp_device_present_blocks", NULL,
	  "The memory blocks that are there, online or offline.", print_present },
	{ "daxhp_device_online_blocks", NULL, "The memory blocks that are online, by zone.",
	  print_zones },
	{ "daxhp_device_state", NULL,
	  "Whether the device is in the state. While a process changes it, it may be in none.",
	  print_states },
	{ "daxhp_device_wedged", NULL,
	  "Whether memory of the device stays until a reboot, because its driver is gone.",
	  print_wedged },
	{ "daxhp_device_busy", NULL, "Whether a process was seen that changes the device.",
	  print_busy },
	{ "daxhp_device_keeps_policy", NULL,
	  "Whether the device is as its stored policy says. A device without one has no sample.",
	  print_keeps_policy },
	{ "daxhp_device_last_change_timestamp_seconds", "seconds",
	  "When daxhp has worked on the device for the last time since the boot.",
	  print_last_time },
	{ "daxhp_device_last_change_result", NULL,
	  "What became of that: done; undone because it failed; stuck because that failed too.",
	  print_last_result },
};

static void print_head(FILE *f, const char *name, const char *unit, const char *help)
{
	fprintf(f, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name);
	if (unit)
		fprintf(f, "# UNIT %s %s\n", name, unit);
}

static void print_machine(FILE *f, const char *name, const char *unit, const char *help,
			  uint64_t value)
{
	print_head(f, name, unit, help);
	fprintf(f, "%s %" PRIu64 "\n", name, value);
}

static uint64_t count_orphaned(const struct view *view)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < view->count; i++)
		bytes += view->looks[i].orphan ? view->looks[i].orphan->size : 0;
	return bytes;
}

void report_metrics(const struct view *view, int n_left, size_t n_unseen, FILE *to)
{
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		const struct family *family = &families[i];

		print_head(to, family->name, family->unit, family->help);
		for (size_t k = 0; k < view->count; k++)
			if (view->looks[k].device)
				family->print(to, family->name, &view->looks[k]);
	}
	if (view->orphans)
		print_machine(to, "daxhp_orphaned_bytes", "bytes",
			      "The memory whose device is gone. It stays until a reboot.",
			      count_orphaned(view));
	if (n_left >= 0)
		print_machine(to, "daxhp_leftovers", NULL,
			      "What a daxhp that was killed has left changed.", n_left);
	print_machine(to, "daxhp_unseen_devices", NULL,
		      "The devices of which not everything can be seen.", n_unseen);
	fputs("# EOF\n", to);
}
