// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the pages of a device are used for, on a kernel with two blocks. The scan leaves out what is free. */
#include <errno.h>

#include "unit.h"

#define PIECE 1024
#define N_PIECES 64
#define N_PAGES (PIECE * N_PIECES)
#define PAGE 4096
#define FIRST_PFN ((uint64_t)FIRST_BLOCK * N_PAGES / 2)
#define FREE_PAGE (UINT64_C(1) << 10)

static struct {
	bool is_used[N_PAGES];
	enum daxhp_use use;
	uint64_t more;	 /* managed pages that are not the device's */
	uint64_t cached; /* free pages that a processor has set aside */
	int lag;	 /* the kernel says that so many more are used */
	int node;
	size_t n_orders;
	int error;		   /* of the look at the zones */
	int used_later;		   /* a page that is used at the second look at the zones; -1 */
	size_t n_looks, n_counted; /* pages */
	int n_zone_looks;
	size_t done, total; /* the progress */
} shown;

static uint64_t count_used(size_t from, size_t n)
{
	uint64_t used = 0;

	for (size_t i = from; i < from + n; i++)
		used += shown.is_used[i];
	return used;
}

static int read_memory(struct memory *memory)
{
	struct memory_zone *zone = calloc(1, sizeof(*zone));

	assert_non_null(zone);
	if (shown.n_zone_looks++ > 0 && shown.used_later >= 0)
		shown.is_used[shown.used_later] = true;
	zone->node = shown.node;
	zone->zone = DAXHP_ZONE_MOVABLE;
	zone->managed = (N_PAGES + shown.more) * PAGE;
	zone->cached = shown.cached * PAGE;
	zone->free = zone->managed - (count_used(0, N_PAGES) + shown.cached + shown.lag) * PAGE;
	for (size_t i = 0; i < N_PIECES; i++)
		if (count_used(i * PIECE, PIECE) == 0)
			zone->pieces[10] += PIECE * PAGE;
	/* They are in one piece. */
	if (shown.cached)
		zone->pieces[10] -= PIECE * PAGE;
	*memory = (struct memory){
		.page_size = PAGE,
		.zones = zone,
		.n_zones = 1,
		.n_orders = shown.n_orders,
		.error = shown.error,
	};
	return 0;
}

static int read_page_flags(const uint64_t *pfns, size_t n, uint64_t offset, uint64_t *ret_flags)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t at = pfns[i] + offset - FIRST_PFN;

		assert_in_range(at, 0, N_PAGES - 1);
		ret_flags[i] = shown.is_used[at] ? 0 : FREE_PAGE;
		shown.n_looks++;
	}
	return 0;
}

static int count_pages(uint64_t pfn, uint64_t n, struct page_counts *counts)
{
	uint64_t used;

	assert_in_range(pfn, FIRST_PFN, FIRST_PFN + N_PAGES - n);
	used = count_used(pfn - FIRST_PFN, n);
	counts->pages[shown.use] += used;
	counts->pages[DAXHP_USE_FREE] += n - used;
	shown.n_counted += n;
	return 0;
}

static void note_progress(size_t done, size_t total, void *data)
{
	(void)data;
	assert_in_range(done, shown.done, total);
	shown.done = done;
	shown.total = total;
}

static int start(void **state)
{
	(void)state;
	memset(&shown, 0, sizeof(shown));
	shown.use = DAXHP_USE_ANON;
	shown.node = 2;
	shown.n_orders = 11;
	shown.used_later = -1;
	return 0;
}

static int scan(const char *blocks, const struct daxhp_request *request, struct page_counts *counts)
{
	static const struct kernel kernel = {
		.read_memory = read_memory,
		.read_page_flags = read_page_flags,
		.count_pages = count_pages,
	};
	const struct daxhp_block_use uses[] = { { .block = FIRST_BLOCK },
						{ .block = FIRST_BLOCK + 1 } };
	struct daxhp_observation *obs = make_observation(blocks);
	struct scan scan = {
		.kernel = &kernel,
		.request = request,
		.obs = obs,
		.blocks = uses,
		.n_blocks = obs->n_online,
		.fn = note_progress,
		.counts = counts,
	};
	int r;

	obs->target_node = 2;
	read_memory(&obs->memory);
	r = scan_pages(&scan);
	daxhp_observation_unref(obs);
	return r;
}

/* What it finds is true, however few pages it counts. */
static void counts(size_t most)
{
	struct page_counts counts[2] = { 0 };

	assert_int_equal(scan("MM", NULL, counts), 0);
	for (size_t i = 0; i < 2; i++) {
		uint64_t used = count_used(i * N_PAGES / 2, N_PAGES / 2);

		assert_int_equal(counts[i].pages[shown.use], used);
		assert_int_equal(counts[i].pages[DAXHP_USE_FREE], N_PAGES / 2 - used);
	}
	assert_in_range(shown.n_counted, 0, most);
	assert_int_equal(shown.done, 2);
	assert_int_equal(shown.total, 2);
}

static void counts_all(void)
{
	counts(N_PAGES);
	assert_int_equal(shown.n_counted, N_PAGES);
}

static void use(size_t from, size_t n)
{
	memset(&shown.is_used[from], true, n);
}

static void test_all_free(void **state)
{
	counts(0);
	assert_int_equal(shown.n_looks, 0);
	start(state);
	shown.cached = 700;
	counts(0);
	assert_int_equal(shown.n_looks, 0);
}

static void test_all_used(void **state)
{
	(void)state;
	use(0, N_PAGES);
	counts_all();
	assert_int_equal(shown.n_looks, N_PIECES);
}

static void test_some_used(void **state)
{
	(void)state;
	use(3 * PIECE, 7 * PIECE);
	use(40 * PIECE + 500, 300);
	use(50 * PIECE - 1, 1);
	shown.cached = 63;
	counts(9 * PIECE);
}

/* No look finds it, so the count goes on until it is there. */
static void test_hidden_page(void **state)
{
	use(40 * PIECE + 1, 1);
	counts(41 * PIECE);
	start(state);
	use(3 * PIECE, PIECE);
	use(N_PAGES - 2, 1);
	counts_all();
	start(state);
	/* A poisoned page is not free, either. */
	use(40 * PIECE + 1, 1);
	shown.use = DAXHP_USE_POISONED;
	counts(41 * PIECE);
}

/* What the zone has used need not be the device's. */
static void test_not_alone(void **state)
{
	use(3 * PIECE, PIECE);
	shown.more = 1;
	counts_all();
	start(state);
	shown.node = 0;
	counts_all();
	start(state);
	shown.error = -EACCES;
	counts_all();
	assert_int_equal(shown.n_looks, 0);
}

static void test_other_zone(void **state)
{
	struct page_counts counts[2] = { 0 };

	(void)state;
	assert_int_equal(scan("MN", NULL, counts), 0);
	assert_int_equal(shown.n_counted, N_PAGES);
}

/* Without the size of a piece the blocks are counted, one after the other. */
static void test_no_pieces(void **state)
{
	use(3 * PIECE, PIECE);
	shown.n_orders = 0;
	counts(N_PAGES / 2);
	start(state);
	use(3 * PIECE, PIECE);
	shown.n_orders = 17; /* a piece is larger than a block */
	counts(N_PAGES / 2);
}

/* The kernel's figure is of a moment before. The number of free pieces tells all the same. */
static void test_lag(void **state)
{
	use(3 * PIECE, PIECE);
	shown.lag = 5;
	counts(PIECE);
	start(state);
	use(3 * PIECE, PIECE);
	use(7 * PIECE + 1, 1);
	shown.lag = 5;
	counts_all();
}

static void test_changes_meanwhile(void **state)
{
	(void)state;
	use(5 * PIECE, PIECE);
	shown.used_later = 6 * PIECE + 1;
	counts_all();
}

static void test_is_cancelled(void **state)
{
	struct page_counts counts[2] = { 0 };
	struct daxhp_request *request;

	(void)state;
	assert_int_equal(daxhp_request_new(&request), 0);
	daxhp_request_cancel(request);
	use(5, PIECE);
	assert_int_equal(scan("MM", request, counts), -EINTR);
	shown.error = -EACCES;
	assert_int_equal(scan("MM", request, counts), -EINTR);
	assert_int_equal(shown.n_counted, 0);
	daxhp_request_free(request);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_all_free, start),
		cmocka_unit_test_setup(test_all_used, start),
		cmocka_unit_test_setup(test_some_used, start),
		cmocka_unit_test_setup(test_hidden_page, start),
		cmocka_unit_test_setup(test_not_alone, start),
		cmocka_unit_test_setup(test_other_zone, start),
		cmocka_unit_test_setup(test_no_pieces, start),
		cmocka_unit_test_setup(test_lag, start),
		cmocka_unit_test_setup(test_changes_meanwhile, start),
		cmocka_unit_test_setup(test_is_cancelled, start),
	};

	return cmocka_run_group_tests_name("scan", tests, NULL, NULL);
}
