// SPDX-License-Identifier: LGPL-2.1-or-later
/* Free memory that is found without a look at each page, on a kernel with 64 pieces of 4 MiB in two blocks. */
#include <errno.h>

#include "unit.h"

#define PAGES 1024
#define PAGE 4096
#define N_PIECES 64
#define FIRST_PFN ((uint64_t)FIRST_BLOCK * N_PIECES / 2 * PAGES)
#define MIB (UINT64_C(1) << 20)
#define FREE_PAGE (UINT64_C(1) << 10)

static struct {
	bool is_used[N_PIECES * PAGES];
	uint64_t managed;
	int node;
	size_t n_orders;
	int error;	  /* of the look at the zones */
	int used_later;	  /* a piece that is in use at the second look at the zones; -1: none */
	int n_looks;	  /* at pages */
	int n_zone_looks; /* at the zones */
} shown;

static bool is_free(size_t piece)
{
	for (size_t i = 0; i < PAGES; i++)
		if (shown.is_used[piece * PAGES + i])
			return false;
	return true;
}

static int read_memory(struct memory *memory)
{
	struct memory_zone *zone = calloc(1, sizeof(*zone));

	assert_non_null(zone);
	if (shown.n_zone_looks++ > 0 && shown.used_later >= 0)
		shown.is_used[shown.used_later * PAGES + 1] = true;
	zone->node = shown.node;
	zone->zone = DAXHP_ZONE_MOVABLE;
	zone->managed = shown.managed;
	for (size_t i = 0; i < N_PIECES; i++)
		zone->pieces[10] += is_free(i) ? PAGES * PAGE : 0;
	*memory = (struct memory){
		.page_size = PAGE,
		.zones = zone,
		.n_zones = 1,
		.n_orders = shown.n_orders,
		.error = shown.error,
	};
	return shown.error == -ENOMEM ? -ENOMEM : 0;
}

static int read_page_flags(const uint64_t *pfns, size_t n, uint64_t offset, uint64_t *ret_flags)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t at = pfns[i] + offset - FIRST_PFN;

		assert_in_range(at, 0, N_PIECES * PAGES - 1);
		ret_flags[i] = shown.is_used[at] ? 0 : FREE_PAGE;
		shown.n_looks++;
	}
	return 0;
}

static int start(void **state)
{
	(void)state;
	memset(&shown, 0, sizeof(shown));
	shown.managed = N_PIECES * PAGES * PAGE;
	shown.node = 2;
	shown.n_orders = 11;
	shown.used_later = -1;
	return 0;
}

static int find(const char *blocks, const struct daxhp_request *request, struct free_pieces *found)
{
	static const struct kernel kernel = {
		.read_memory = read_memory,
		.read_page_flags = read_page_flags,
	};
	struct daxhp_observation *obs = make_observation(blocks);
	int r;

	obs->target_node = 2;
	assert_int_equal(obs->block_size, 128 * MIB);
	read_memory(&obs->memory);
	*found = (struct free_pieces){ 0 };
	r = free_pieces_find(&kernel, request, obs, found);
	daxhp_observation_unref(obs);
	return r;
}

/* All that are free, or none. */
static void finds(bool all)
{
	struct free_pieces found;
	size_t n = 0;

	assert_int_equal(find("MM", NULL, &found), 0);
	for (size_t i = 0; i < N_PIECES && all; i++)
		if (is_free(i)) {
			assert_in_range(n, 0, found.n - 1);
			assert_int_equal(found.pfns[n++], FIRST_PFN + i * PAGES);
		}
	assert_int_equal(found.n, n);
	assert_true(n == 0 || found.pages == PAGES);
	free(found.pfns);
}

static void use(size_t piece, size_t from, size_t n)
{
	memset(&shown.is_used[piece * PAGES + from], true, n);
}

static void test_all_free(void **state)
{
	(void)state;
	finds(true);
	assert_int_equal(shown.n_looks, 0);
}

static void test_all_used(void **state)
{
	(void)state;
	use(0, 0, N_PIECES * PAGES);
	finds(true);
	assert_int_equal(shown.n_looks, 0);
}

static void test_some_used(void **state)
{
	(void)state;
	use(3, 0, 7 * PAGES);
	use(63, 0, PAGES);
	finds(true);
	assert_int_equal(shown.n_looks, N_PIECES);
}

/* The smaller the part that is in use, the more places are looked at. */
static void test_partly_used(void **state)
{
	for (size_t n = PAGES / 2; n >= 32; n /= 2) {
		start(state);
		use(40, PAGES - n, n);
		finds(true);
		assert_in_range(shown.n_looks, N_PIECES, N_PIECES * (PAGES / n));
	}
	start(state);
	use(40, 512, 1);
	finds(true);
}

/* It could be in any of them. */
static void test_single_page(void **state)
{
	(void)state;
	use(40, 1, 1);
	finds(false);
	assert_int_equal(shown.n_looks, 32 * N_PIECES);
}

/* Its free pieces are not the device's. */
static void test_not_alone(void **state)
{
	shown.managed += 128 * MIB;
	finds(false);
	start(state);
	shown.node = 0;
	finds(false);
	start(state);
	shown.n_orders = 0;
	finds(false);
	start(state);
	shown.error = -EACCES;
	finds(false);
	assert_int_equal(shown.n_looks, 0);
}

static void test_other_zone(void **state)
{
	struct free_pieces found;

	(void)state;
	assert_int_equal(find("MN", NULL, &found), 0);
	assert_int_equal(found.n, 0);
	assert_int_equal(find("M-", NULL, &found), 0);
	assert_int_equal(found.n, 0);
}

/* As many are left, but they are others. */
static void test_changes_meanwhile(void **state)
{
	(void)state;
	use(5, 0, PAGES);
	shown.used_later = 6;
	finds(false);
	assert_int_equal(shown.n_zone_looks, 2);
}

static void test_errors(void **state)
{
	struct daxhp_request *request;
	struct free_pieces found;

	(void)state;
	assert_int_equal(daxhp_request_new(&request), 0);
	daxhp_request_cancel(request);
	use(5, 0, PAGES);
	assert_int_equal(find("MM", request, &found), -EINTR);
	assert_int_equal(found.n, 0);
	free(found.pfns);
	daxhp_request_free(request);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_all_free, start),
		cmocka_unit_test_setup(test_all_used, start),
		cmocka_unit_test_setup(test_some_used, start),
		cmocka_unit_test_setup(test_partly_used, start),
		cmocka_unit_test_setup(test_single_page, start),
		cmocka_unit_test_setup(test_not_alone, start),
		cmocka_unit_test_setup(test_other_zone, start),
		cmocka_unit_test_setup(test_changes_meanwhile, start),
		cmocka_unit_test_setup(test_errors, start),
	};

	return cmocka_run_group_tests_name("free-pieces", tests, NULL, NULL);
}
