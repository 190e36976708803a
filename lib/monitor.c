// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The changes of devices, whoever makes them. The kernel's events say that something has happened, and
 * never what: a look at the device says that, once it has settled (see model/settling.c).
 */
#include <errno.h>
#include <string.h>

#include "libdaxhp-private.h"

/* So many events are taken before something else is done. */
#define EVENTS_MAX 100000
/* Seconds until the next try. */
#define AFTER_ERROR 1.0

/* A list of the devices, which lives as long as somebody needs one of them. */
struct listing {
	unsigned int refcount;
	struct daxhp_ctx *ctx;
};

struct entry {
	struct entry *next;
	struct listing *listing;
	struct daxhp_device *device;
	struct settling settling;
	struct daxhp_observation *told; /* what was reported; NULL: nothing */
	struct daxhp_observation *seen; /* the last look, for its blocks */
	struct daxhp_worker worker;	/* was at work since then */
	bool has_worker, is_asked;	/* whether there is one has been asked, in this unrest */
	struct await *await;		/* it is waited for */
	bool was_found, was_busy;
	bool is_gone;
};

struct daxhp_change {
	enum daxhp_change_kind kind;
	struct entry *entry;
	struct daxhp_observation *before, *after;
	bool is_busy;
	double time;
};

struct daxhp_monitor {
	struct daxhp_ctx *ctx;
	const struct kernel *kernel;
	struct news *news;
	struct entry *entries; /* linked by next */
	struct settling list;  /* of the list of devices */
	struct daxhp_change change;
};

/* ---- lists of devices ---- */

static struct listing *listing_unref(struct listing *listing)
{
	if (listing && --listing->refcount == 0) {
		daxhp_unref(listing->ctx);
		free(listing);
	}
	return NULL;
}

static int listing_new(const struct daxhp_monitor *m, struct listing **ret_listing)
{
	struct listing *listing = calloc(1, sizeof(*listing));
	int r = listing ? context_new(m->ctx, &listing->ctx) : -ENOMEM;

	if (r < 0) {
		free(listing);
		return r;
	}
	listing->refcount = 1;
	r = daxhp_load_devices(listing->ctx);
	if (r < 0) {
		listing_unref(listing);
		return r;
	}
	*ret_listing = listing;
	return 0;
}

static void entry_set_device(struct entry *entry, struct listing *listing,
			     struct daxhp_device *device)
{
	listing->refcount++;
	listing_unref(entry->listing);
	entry->listing = listing;
	entry->device = device;
}

static void entry_free(const struct daxhp_monitor *m, struct entry *entry)
{
	m->kernel->await_free(entry->await);
	daxhp_observation_unref(entry->told);
	daxhp_observation_unref(entry->seen);
	listing_unref(entry->listing);
	free(entry);
}

static struct entry *find_entry(const struct daxhp_monitor *m, const char *name)
{
	struct entry *entry = m->entries;

	while (entry && (entry->is_gone || strcmp(entry->device->name, name) != 0))
		entry = entry->next;
	return entry;
}

static int add_entry(struct daxhp_monitor *m, struct listing *listing, struct daxhp_device *device,
		     bool was_found)
{
	struct entry *entry = calloc(1, sizeof(*entry)), **end = &m->entries;

	if (!entry)
		return -ENOMEM;
	while (*end)
		end = &(*end)->next;
	*end = entry;
	entry_set_device(entry, listing, device);
	entry->was_found = was_found;
	settling_note(&entry->settling, m->kernel->now());
	if (was_found)
		settling_release(&entry->settling);
	return 0;
}

static void remove_entry(struct daxhp_monitor *m, struct entry *entry)
{
	struct entry **link = &m->entries;

	while (*link != entry)
		link = &(*link)->next;
	*link = entry->next;
	entry_free(m, entry);
}

/* An entry whose device is not in the new list keeps the old one until that is reported. */
static int take_listing(struct daxhp_monitor *m, struct listing *listing, bool was_found)
{
	struct daxhp_device *device;
	int r = 0;

	for (struct entry *e = m->entries, *next; e; e = next) {
		next = e->next;
		e->is_gone |= daxhp_device_from_name(listing->ctx, e->device->name, &device) < 0;
		/* It came and went before anybody could say how it is. */
		if (e->is_gone && !e->told)
			remove_entry(m, e);
	}
	daxhp_device_foreach (listing->ctx, device) {
		struct entry *entry = find_entry(m, device->name);

		if (entry)
			entry_set_device(entry, listing, device);
		else
			r = add_entry(m, listing, device, was_found);
		if (r < 0)
			return r;
	}
	return 0;
}

static int list(struct daxhp_monitor *m, bool was_found)
{
	struct listing *listing;
	int r = listing_new(m, &listing);

	if (r < 0)
		return r;
	r = take_listing(m, listing, was_found);
	listing_unref(listing);
	m->list.is_restless = r < 0;
	return r;
}

/* ---- news ---- */

static void note(struct daxhp_monitor *m, struct entry *entry)
{
	entry->is_asked &= entry->settling.is_restless;
	settling_note(&entry->settling, m->kernel->now());
}

static void note_all(struct daxhp_monitor *m)
{
	log_debug(m->ctx, "events were lost: looking at all devices");
	settling_note(&m->list, m->kernel->now());
	for (struct entry *e = m->entries; e; e = e->next)
		note(m, e);
}

static void note_device(struct daxhp_monitor *m, const struct uevent *event)
{
	struct entry *entry = find_entry(m, event->sysname);

	if (entry)
		note(m, entry);
	if (!entry || (strcmp(event->action, "bind") != 0 && strcmp(event->action, "unbind") != 0))
		settling_note(&m->list, m->kernel->now());
}

/* Who may not see the addresses does not know whose block it is. */
static void note_block(struct daxhp_monitor *m, const struct uevent *event)
{
	for (struct entry *e = m->entries; e; e = e->next)
		if (!e->seen || e->seen->blocks_error < 0 ||
		    memblock_find(e->seen->blocks, e->seen->n_blocks, event->sysname))
			note(m, e);
}

static void stop_await(const struct daxhp_monitor *m, struct entry *entry)
{
	m->kernel->await_free(entry->await);
	entry->await = NULL;
	settling_release(&entry->settling);
}

/* 0: all that there was; 1: there is more. */
static int take_news(struct daxhp_monitor *m)
{
	struct news_item item;
	int r = 1;

	for (int i = 0; i < EVENTS_MAX && r > 0; i++) {
		r = m->kernel->news_next(m->news, &item);
		if (r <= 0)
			break;
		if (item.kind == NEWS_LOST)
			note_all(m);
		else if (item.kind == NEWS_UEVENT && item.event.is_dax)
			note_device(m, &item.event);
		else if (item.kind == NEWS_UEVENT)
			note_block(m, &item.event);
		else if (item.kind == NEWS_DONE)
			stop_await(m, item.data);
	}
	return r;
}

/* ---- looks ---- */

/* Is a process at work on it? Then it is waited for. */
static int ask_for_worker(struct daxhp_monitor *m, struct entry *entry, bool *ret_is_busy)
{
	const char *name = entry->device->name;
	int r = 0;

	entry->is_asked = true;
	*ret_is_busy = m->kernel->find_worker(name, &entry->worker) > 0;
	if (*ret_is_busy && !entry->await) {
		entry->has_worker = true;
		r = m->kernel->await_new(m->news, name, entry->worker.pid, entry, &entry->await);
		/* Before it was waited for it may have come to its end. */
		if (r == 0)
			*ret_is_busy = m->kernel->find_worker(name, &entry->worker) > 0;
	}
	if (*ret_is_busy)
		settling_await(&entry->settling, m->kernel->now());
	else if (entry->await)
		stop_await(m, entry);
	return r;
}

/* The device's values may be others: while it is unbound it can get another size. */
static int look(struct entry *entry, struct daxhp_observation **ret_observation)
{
	const struct kernel *kernel = entry->device->ctx->kernel;
	int r = kernel->read_device(entry->device);

	if (r == 0)
		r = kernel->look(entry->device, ret_observation);
	if (r == 0) {
		daxhp_observation_unref(entry->seen);
		entry->seen = daxhp_observation_ref(*ret_observation);
	}
	return r;
}

static void tell(struct daxhp_monitor *m, struct entry *entry, struct daxhp_observation *now)
{
	const struct kernel *kernel = m->kernel;

	m->change = (struct daxhp_change){
		.entry = entry,
		/* What was halfway is no state. */
		.before = entry->was_busy ? NULL : entry->told,
		.after = now ? daxhp_observation_ref(now) : NULL,
		.is_busy = entry->settling.is_awaited,
		.time = kernel->wall_now() - (kernel->now() - entry->settling.last),
	};
	if (!now)
		m->change.kind = DAXHP_CHANGE_GONE;
	else if (entry->told)
		m->change.kind = DAXHP_CHANGE_STATE;
	else
		m->change.kind = entry->was_found ? DAXHP_CHANGE_FOUND : DAXHP_CHANGE_APPEARED;
	if (entry->was_busy)
		daxhp_observation_unref(entry->told);
	entry->told = now;
	entry->was_busy = m->change.is_busy;
}

/* It can be hours until the process is done. Until then its first look is all there is to tell. */
static int tell_of_busy(struct daxhp_monitor *m, struct entry *entry)
{
	struct daxhp_observation *now;
	int r;

	if (entry->told)
		return 0;
	r = look(entry, &now);
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	tell(m, entry, now);
	return 1;
}

/* Nothing has changed since the last report, or it is time for another one. */
static int tell_if_changed(struct daxhp_monitor *m, struct entry *entry,
			   struct daxhp_observation *now)
{
	if (!entry->told || entry->was_busy || observation_differs(entry->told, now)) {
		tell(m, entry, now);
		return 1;
	}
	daxhp_observation_unref(entry->told);
	entry->told = now;
	entry->has_worker = false;
	return 0;
}

static int look_for_change(struct daxhp_monitor *m, struct entry *entry)
{
	struct daxhp_observation *now = NULL;
	double begun = m->kernel->now(), ended;
	int r = look(entry, &now), more;

	if (r == -ENODEV)
		settling_note(&m->list, begun);
	if (r == -ENOMEM)
		return r;
	more = take_news(m);
	ended = m->kernel->now();
	if (more)
		settling_note(&entry->settling, ended);
	if (!settling_judge(&entry->settling, now, begun, ended)) {
		daxhp_observation_unref(now);
		return more < 0 ? more : 0;
	}
	return tell_if_changed(m, entry, now);
}

/* 1: there is a change to tell. */
static int tend(struct daxhp_monitor *m, struct entry *entry)
{
	bool is_due = settling_due(&entry->settling) <= m->kernel->now(), is_busy = false;
	int r = 0;

	if (entry->is_gone) {
		tell(m, entry, NULL);
		return 1;
	}
	if (is_due || (entry->settling.is_restless && !entry->is_asked))
		r = ask_for_worker(m, entry, &is_busy);
	if (r == 0 && is_busy)
		return tell_of_busy(m, entry);
	return r == 0 && is_due ? look_for_change(m, entry) : r;
}

/* ---- the monitor ---- */

static int set_alarm(const struct daxhp_monitor *m)
{
	double when = settling_due(&m->list);

	for (const struct entry *e = m->entries; e; e = e->next)
		when = settling_due(&e->settling) < when ? settling_due(&e->settling) : when;
	return m->kernel->news_set_alarm(m->news, when);
}

static void drop_change(struct daxhp_monitor *m)
{
	struct daxhp_change *change = &m->change;

	if (!change->entry)
		return;
	change->entry->has_worker &= change->is_busy;
	daxhp_observation_unref(change->before);
	daxhp_observation_unref(change->after);
	if (change->kind == DAXHP_CHANGE_GONE)
		remove_entry(m, change->entry);
	*change = (struct daxhp_change){ 0 };
}

EXPORT int daxhp_monitor_new(struct daxhp_ctx *ctx, struct daxhp_monitor **ret_monitor)
{
	struct daxhp_monitor *m = calloc(1, sizeof(*m));
	int r;

	if (!m)
		return -ENOMEM;
	m->ctx = ctx;
	m->kernel = ctx->kernel;
	r = m->kernel->news_open(&m->news);
	/* What comes after this is an event. */
	if (r == 0)
		r = list(m, true);
	if (r == 0)
		r = m->kernel->news_set_alarm(m->news, 0);
	if (r < 0) {
		daxhp_monitor_free(m);
		return r;
	}
	*ret_monitor = m;
	return 0;
}

EXPORT struct daxhp_monitor *daxhp_monitor_free(struct daxhp_monitor *m)
{
	if (!m)
		return NULL;
	drop_change(m);
	while (m->entries)
		remove_entry(m, m->entries);
	m->kernel->news_close(m->news);
	free(m);
	return NULL;
}

EXPORT int daxhp_monitor_get_fd(const struct daxhp_monitor *m)
{
	return m->kernel->news_get_fd(m->news);
}

EXPORT int daxhp_monitor_read(struct daxhp_monitor *m, const struct daxhp_change **ret_change)
{
	int r;

	drop_change(m);
	r = take_news(m);
	if (r > 0)
		return 0; /* the descriptor is ready again */
	if (r == 0 && settling_due(&m->list) <= m->kernel->now())
		r = list(m, false);
	for (struct entry *e = m->entries; r == 0 && e; e = e->next)
		r = tend(m, e);
	if (r > 0)
		*ret_change = &m->change;
	if (r < 0) {
		m->kernel->news_set_alarm(m->news, m->kernel->now() + AFTER_ERROR);
		return r;
	}
	return r == 0 ? set_alarm(m) : r;
}

EXPORT bool daxhp_monitor_is_complete(const struct daxhp_monitor *m)
{
	for (const struct entry *e = m->entries; e; e = e->next)
		if (!e->told && e->was_found)
			return false;
	return true;
}

/* ---- a change ---- */

EXPORT const char *daxhp_change_kind_name(enum daxhp_change_kind kind)
{
	static const char *const names[] = { "found", "appeared", "changed", "gone" };

	return (size_t)kind < ARRAY_SIZE(names) ? names[kind] : NULL;
}

EXPORT struct daxhp_device *daxhp_change_get_device(const struct daxhp_change *change)
{
	return change->entry->device;
}

EXPORT const struct daxhp_worker *daxhp_change_get_worker(const struct daxhp_change *change)
{
	return change->entry->has_worker ? &change->entry->worker : NULL;
}

EXPORT bool daxhp_change_is_busy(const struct daxhp_change *change)
{
	return change->is_busy;
}

GETTER(change, enum daxhp_change_kind, kind)
GETTER(change, struct daxhp_observation *, before)
GETTER(change, struct daxhp_observation *, after)
GETTER(change, double, time)
