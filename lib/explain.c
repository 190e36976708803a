// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What keeps a device from being unplugged, before anything is tried. Nothing is changed or locked. What
 * may not be read is noted, and the rest is looked at all the same.
 */
#include <errno.h>
#include <string.h>

#include "libdaxhp-private.h"

/*
 * On a busy machine, the same page is locked for a moment again and again, with Linux 7.3 most of the time. So
 * many looks, with a pause before each: three seconds, if there is something to look at.
 */
#define SUSPECT_LOOKS 50
#define SUSPECT_MS 60

/* The data of one look. */
struct look {
	const struct kernel *kernel;
	struct daxhp_device *device;
	const struct daxhp_request *request;
	daxhp_scan_fn scan_fn;
	void *scan_data;
	struct daxhp_explanation *e;
	struct page_counts *counts; /* of each block of the explanation */
	bool has_counts;
	uint64_t page_size;
};

/* ---- the pages ---- */

static int make_blocks(struct look *look)
{
	const struct daxhp_observation *obs = look->e->obs;
	struct daxhp_explanation *e = look->e;

	e->blocks = calloc(obs->n_online + 1, sizeof(*e->blocks));
	look->counts = calloc(obs->n_online + 1, sizeof(*look->counts));
	if (!e->blocks || !look->counts)
		return -ENOMEM;
	for (size_t i = 0; i < obs->n_blocks && e->n_blocks < obs->n_online; i++)
		if (obs->blocks[i].state == MEMBLOCK_ONLINE)
			e->blocks[e->n_blocks++] = (struct daxhp_block_use){
				.block = obs->blocks[i].id,
				.zone = obs->blocks[i].zone,
			};
	return 0;
}

static void fill_block(const struct look *look, size_t i)
{
	struct daxhp_block_use *use = &look->e->blocks[i];

	for (enum daxhp_use u = 0; u < DAXHP_USE_MAX; u++)
		use->bytes[u] = look->counts[i].pages[u] * look->page_size;
	use->used = pages_used(&look->counts[i]) * look->page_size;
}

static int count_blocks(struct look *look)
{
	const struct scan scan = {
		.kernel = look->kernel,
		.request = look->request,
		.obs = look->e->obs,
		.blocks = look->e->blocks,
		.n_blocks = look->e->n_blocks,
		.fn = look->scan_fn,
		.data = look->scan_data,
		.counts = look->counts,
	};
	int r = scan_pages(&scan);

	for (size_t i = 0; r == 0 && i < look->e->n_blocks; i++)
		fill_block(look, i);
	return r;
}

/* A page may be locked or between two owners for a moment. Those do not count. */
static void check_suspect(const struct look *look, struct page_suspect *suspect, bool is_about_io)
{
	uint64_t flags;

	if (suspect->count == 0)
		return;
	if (look->kernel->read_page_flags(&suspect->pfn, 1, 0, &flags) < 0 ||
	    !page_is_suspect(flags, is_about_io))
		suspect->count = 0;
}

static bool has_suspects(const struct look *look)
{
	for (size_t i = 0; i < look->e->n_blocks; i++)
		if (look->counts[i].orphans.count || look->counts[i].locked.count)
			return true;
	return false;
}

static bool is_online(const struct daxhp_observation *obs, uint64_t id)
{
	const struct memblock *block = observation_find_block(obs, id);

	return block && block->state == MEMBLOCK_ONLINE;
}

/* Somebody takes a block offline at this moment: then the kernel itself holds the pages that it moves. */
static int forget_moving(const struct look *look)
{
	struct daxhp_observation *now = NULL;
	int r = look->kernel->observe(look->device, &now);

	for (size_t i = 0; r == 0 && i < look->e->n_blocks; i++)
		if (!is_online(now, look->e->blocks[i].block))
			look->counts[i].orphans.count = look->counts[i].locked.count = 0;
	daxhp_observation_unref(now);
	return r;
}

static int check_suspects(const struct look *look)
{
	const struct daxhp_session session = { .request = (struct daxhp_request *)look->request };

	for (int n = 0; n < SUSPECT_LOOKS && has_suspects(look); n++) {
		look->kernel->pause(&session, SUSPECT_MS);
		for (size_t i = 0; i < look->e->n_blocks; i++) {
			check_suspect(look, &look->counts[i].orphans, false);
			check_suspect(look, &look->counts[i].locked, true);
		}
	}
	return has_suspects(look) ? forget_moving(look) : 0;
}

static int look_at_pages(struct look *look)
{
	int r = make_blocks(look);

	if (r == 0)
		r = count_blocks(look);
	if (r == -ENOMEM || r == -EINTR)
		return r;
	look->has_counts = r == 0;
	if (r == 0)
		return check_suspects(look);
	look->e->n_blocks = 0;
	explanation_add_unseen(look->e, "/proc/kpageflags", r);
	return 0;
}

/* ---- the processes ---- */

static int look_at_users(struct look *look)
{
	struct daxhp_explanation *e = look->e;
	struct user_search search = {
		.request = look->request,
		.obs = e->obs,
		.page_size = look->page_size,
		.pfn = -1,
	};
	int r = look->kernel->find_users(&search);

	users_sort(search.users, search.n_users);
	e->users = search.users;
	e->n_users = search.n_users;
	if (r == -ENOMEM || r == -EINTR)
		return r;
	if (r < 0)
		explanation_add_unseen(e, search.unseen, r);
	return 0;
}

/* ---- all of it ---- */

static int list_obstacles(struct look *look)
{
	struct daxhp_explanation *e = look->e;
	const struct explanation_blocks blocks = {
		.counts = look->has_counts ? look->counts : NULL,
		.uses = e->blocks,
		.n = e->n_blocks,
	};

	return obstacles_list(e->obs, &e->room, &blocks, is_bound_to_node(look->kernel, e->obs),
			      &e->obstacles, &e->n_obstacles, &e->verdict);
}

static int look_at_device(struct look *look)
{
	struct daxhp_explanation *e = look->e;
	const struct daxhp_observation *obs = e->obs;
	struct room_device device = room_device_of(obs);
	int r;

	if (obs->blocks_error < 0) {
		explanation_add_unseen(e,
				       *obs->blocks_error_file ? obs->blocks_error_file
							       : "its ranges",
				       obs->blocks_error);
		e->verdict = DAXHP_VERDICT_MAYBE;
		return 0;
	}
	if (obs->n_online == 0)
		return 0;
	r = room_estimate(&obs->memory, &device, &e->room);
	if (r < 0)
		return r;
	e->has_room = true;
	if (e->room.error < 0)
		explanation_add_unseen(e, e->room.file ? e->room.file : "its node", e->room.error);
	look->page_size = obs->memory.page_size;
	r = look_at_pages(look);
	if (r == 0)
		r = list_obstacles(look);
	return r == 0 ? look_at_users(look) : r;
}

EXPORT int daxhp_explain(struct daxhp_device *device, const struct daxhp_request *request,
			 daxhp_scan_fn scan_fn, void *data,
			 struct daxhp_explanation **ret_explanation)
{
	struct look look = {
		.kernel = device->ctx->kernel,
		.device = device,
		.request = request,
		.scan_fn = scan_fn,
		.scan_data = data,
		.e = calloc(1, sizeof(*look.e)),
	};
	int r = look.e ? device_observe_to_plan(device, &look.e->obs) : -ENOMEM;

	if (r == 0)
		r = look_at_device(&look);
	free(look.counts);
	if (r < 0)
		daxhp_explanation_free(look.e);
	else
		*ret_explanation = look.e;
	return r;
}
