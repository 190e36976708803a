// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The machine's CXL cards: what is behind each of them, and whether it can be taken out. The memory has to
 * be unplugged first, by daxhp; then its region has to go, by cxl-cli, and the slot's power.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "daxhp.h"

static const char *name_of(const struct daxhp_card *card)
{
	return daxhp_card_get_memdev(card)->name;
}

static bool device_is_on(const struct daxhp_device *device, const struct daxhp_card *card)
{
	const struct daxhp_memdev *memdev;

	for (size_t i = 0; (memdev = daxhp_device_get_memdev(device, i)); i++)
		if (strcmp(memdev->name, name_of(card)) == 0)
			return true;
	return false;
}

static bool region_is_on(const struct daxhp_cxl_region *region, const struct daxhp_card *card)
{
	const struct daxhp_memdev *memdev;

	for (size_t i = 0; (memdev = daxhp_cxl_region_get_memdev(region, i)); i++)
		if (strcmp(memdev->name, name_of(card)) == 0)
			return true;
	return false;
}

static void add_text(struct texts *texts, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void add_text(struct texts *texts, const char *format, ...)
{
	char **grown = reallocarray(texts->list, texts->count + 1, sizeof(*grown));
	va_list args;

	if (grown)
		texts->list = grown;
	va_start(args, format);
	if (!grown || vasprintf(&grown[texts->count], format, args) < 0)
		texts->is_short = true;
	else
		texts->count++;
	va_end(args);
}

static void clear_texts(struct texts *texts)
{
	for (size_t i = 0; i < texts->count; i++)
		free(texts->list[i]);
	free(texts->list);
	*texts = (struct texts){ 0 };
}

/* A driver on the device is in the way, whatever it does with the memory. */
static void add_obstacle_of(struct card_view *view, struct daxhp_device *device)
{
	const char *region = daxhp_device_get_cxl_region(device);
	struct daxhp_observation *obs = NULL;
	const char *word;
	char name[80];
	uint64_t size;
	int r;

	if (daxhp_device_get_size(device, &size) == 0 && size == 0)
		return;
	snprintf(name, sizeof(name), "%s (%s)", daxhp_device_get_name(device), region);
	r = daxhp_observe(device, &obs);
	word = r == 0 ? standing_word(obs) : NULL;
	if (r < 0)
		add_text(&view->obstacles, "%s cannot be looked at: %s", name, strerror(-r));
	else if (daxhp_observation_get_blocks_error(obs) < 0)
		add_text(&view->obstacles, "the memory blocks of %s cannot be seen", name);
	else if (daxhp_observation_is_wedged(obs))
		add_text(&view->obstacles, "%s is wedged", name);
	else if (daxhp_observation_get_mode(obs) == DAXHP_MODE_DEVDAX)
		add_text(&view->obstacles, "%s is in devdax mode, an application may use it", name);
	else if (daxhp_observation_count_present(obs) > 0)
		add_text(&view->obstacles, "%s is %s", name, word ? word : "in an unknown state");
	else if (daxhp_observation_get_mode(obs) != DAXHP_MODE_UNBOUND)
		add_text(&view->obstacles, "%s is bound to %s", name,
			 daxhp_observation_get_driver(obs));
	daxhp_observation_unref(obs);
}

static void add_devices(struct daxhp_ctx *ctx, struct card_view *view)
{
	struct daxhp_device *device;

	daxhp_device_foreach (ctx, device) {
		if (!device_is_on(device, view->card))
			continue;
		add_text(&view->devices, "%s", daxhp_device_get_name(device));
		add_obstacle_of(view, device);
	}
}

static void add_regions(struct card_view *view, const struct daxhp_cxl *cxl)
{
	const struct daxhp_cxl_region *region;

	for (size_t i = 0; (region = daxhp_cxl_get_region(cxl, i)); i++) {
		const char *name = daxhp_cxl_region_get_name(region);
		bool is_enabled = daxhp_cxl_region_is_enabled(region);

		if (!region_is_on(region, view->card))
			continue;
		add_text(&view->regions, "%s", name);
		if (daxhp_cxl_region_is_pmem(region) && is_enabled)
			add_text(&view->obstacles,
				 "%s has persistent memory, a file system may use it", name);
		if (is_enabled)
			add_text(&view->commands, "cxl disable-region %s", name);
		add_text(&view->commands, "cxl destroy-region %s", name);
	}
}

static const struct daxhp_cxl_region *find_region(const struct daxhp_cxl *cxl, uint64_t address)
{
	const struct daxhp_cxl_region *region;

	for (size_t i = 0; (region = daxhp_cxl_get_region(cxl, i)); i++) {
		uint64_t start = daxhp_cxl_region_get_start(region);

		if (start != UINT64_MAX && address >= start &&
		    address - start < daxhp_cxl_region_get_size(region))
			return region;
	}
	return NULL;
}

/* Memory without a device in a region of other cards is not on this one. Else nobody knows. */
static void add_orphans(struct card_view *view, const struct daxhp_cxl *cxl,
			const struct daxhp_orphans *orphans)
{
	const struct daxhp_orphan *orphan;

	for (size_t i = 0; (orphan = daxhp_orphans_get(orphans, i)); i++) {
		const struct daxhp_cxl_region *region = find_region(cxl, orphan->start);

		if (orphan->n_online == 0 || (region && daxhp_cxl_region_get_memdev(region, 0) &&
					      !region_is_on(region, view->card)))
			continue;
		add_text(&view->obstacles,
			 "%" PRIu64 " MiB at %#" PRIx64 " are online and belong to no dax device",
			 orphan->size >> 20, orphan->start);
	}
}

static void add_last_commands(struct card_view *view)
{
	const char *slot = daxhp_card_get_slot(view->card);

	add_text(&view->commands, "cxl disable-memdev %s", name_of(view->card));
	if (slot)
		add_text(&view->commands, "echo 0 > /sys/bus/pci/slots/%s/power", slot);
}

static void clear_views(struct card_view *views, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		clear_texts(&views[i].regions);
		clear_texts(&views[i].devices);
		clear_texts(&views[i].obstacles);
		clear_texts(&views[i].commands);
	}
}

/* "mem0 (serial number 0x1000, 0000:0d:00.0)" */
static void describe_card(const struct daxhp_memdev *memdev, char *buf, size_t size)
{
	char serial[48] = "its serial number is not known";

	if (memdev->has_serial)
		snprintf(serial, sizeof(serial), "serial number %#" PRIx64, memdev->serial);
	snprintf(buf, size, "%s (%s%s%s)", memdev->name, serial, memdev->pci[0] ? ", " : "",
		 memdev->pci);
}

static void print_joined(FILE *f, const struct texts *texts, const char *between)
{
	for (size_t i = 0; i < texts->count; i++)
		fprintf(f, "%s%s", i ? between : "", texts->list[i]);
}

/* The verdict is one line. The caller frees it; NULL without memory. */
static char *describe_view(const struct card_view *view)
{
	char card[128], *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	describe_card(daxhp_card_get_memdev(view->card), card, sizeof(card));
	fprintf(f, "%s: ", card);
	if (view->obstacles.count) {
		fputs("not safe to remove: ", f);
		print_joined(f, &view->obstacles, "; ");
	} else {
		fputs("safe to remove after: ", f);
		print_joined(f, &view->commands, "; ");
	}
	if (fclose(f) == 0)
		return text;
	free(text);
	return NULL;
}

static bool is_complete(const struct card_view *view)
{
	return !view->regions.is_short && !view->devices.is_short && !view->obstacles.is_short &&
	       !view->commands.is_short;
}

static int print_views(const struct settings *settings, const struct card_view *views, size_t count,
		       bool is_status)
{
	for (size_t i = 0; i < count; i++) {
		_cleanup_free_ char *text = NULL;

		if (is_complete(&views[i]))
			text = describe_view(&views[i]);
		if (!text)
			return -ENOMEM;
		/* Of a command that prints JSON, this is no part of it. */
		if (settings->json)
			complain("%s.", text);
		else if (is_status && views[i].obstacles.count && views[i].devices.count)
			output("%s. Next: daxhp unplug --memdev=%s\n", text,
			       name_of(views[i].card));
		else
			output("%s\n", text);
	}
	return 0;
}

static int look(struct daxhp_ctx *ctx, const struct settings *settings, const struct daxhp_cxl *cxl,
		struct card_view *views, size_t *ret_count)
{
	struct daxhp_orphans *orphans = NULL;
	const struct daxhp_card *card;
	int r = daxhp_find_orphans(ctx, &orphans);

	for (size_t i = 0; r == 0 && (card = daxhp_cxl_get_card(cxl, i)); i++) {
		struct card_view *view = &views[*ret_count];

		if (!memdev_matches(daxhp_card_get_memdev(card), settings))
			continue;
		*view = (struct card_view){ .card = card };
		add_devices(ctx, view);
		add_regions(view, cxl);
		add_orphans(view, cxl, orphans);
		add_last_commands(view);
		(*ret_count)++;
	}
	daxhp_orphans_free(orphans);
	return r;
}

enum exit_status report_cards(struct daxhp_ctx *ctx, const struct settings *settings,
			      bool is_status)
{
	_cleanup_free_ struct card_view *views = NULL;
	struct daxhp_cxl *cxl = NULL;
	size_t count = 0;
	int r = daxhp_cxl_new(ctx, &cxl);

	if (r == 0) {
		views = calloc(daxhp_cxl_count_cards(cxl) + 1, sizeof(*views));
		r = views ? look(ctx, settings, cxl, views, &count) : -ENOMEM;
	}
	if (r == 0 && is_status && settings->json && (count || !settings_name_card(settings)))
		r = report_cards_json(views, count);
	else if (r == 0)
		r = print_views(settings, views, count, is_status);
	if (r < 0 && is_status)
		refuse(r == -ENOMEM ? REFUSAL_OUT_OF_MEMORY : REFUSAL_UNSEEN, NULL,
		       "the CXL cards cannot be looked at: %s.", strerror(-r));
	else if (r < 0)
		complain("the CXL cards cannot be looked at: %s.", strerror(-r));
	else if (count == 0 && is_status && !settings->json && !settings_name_card(settings))
		complain("note: this machine has no CXL card.");
	else if (count == 0 && settings_name_card(settings))
		refuse(REFUSAL_NO_MATCH, NULL,
		       "no CXL card matches; 'daxhp status --cards' shows those of this machine.");
	if (views)
		clear_views(views, count);
	daxhp_cxl_free(cxl);
	return r < 0 || (count == 0 && settings_name_card(settings)) ? EXIT_FAILED : EXIT_DONE;
}

size_t note_idle_regions(struct daxhp_ctx *ctx)
{
	struct daxhp_cxl *cxl = NULL;
	const struct daxhp_cxl_region *region;
	size_t n_idle = 0;

	if (daxhp_cxl_new(ctx, &cxl) < 0)
		return 0;
	for (size_t i = 0; (region = daxhp_cxl_get_region(cxl, i)); i++) {
		if (!daxhp_cxl_region_is_idle(region))
			continue;
		complain(
			"note: %s: the CXL region has no dax device, because the driver dax_cxl is "
			"not there; 'modprobe dax_cxl' loads it.",
			daxhp_cxl_region_get_name(region));
		n_idle++;
	}
	daxhp_cxl_free(cxl);
	return n_idle;
}
