// SPDX-License-Identifier: LGPL-2.1-or-later
/* A look at what is in the way, on a kernel whose pages are locked or moved for a moment. */
#include "unit.h"

#define FLAG(bit) (UINT64_C(1) << (bit))
#define LOCKED_PAGE (FLAG(0) | FLAG(5))		    /* locked, on a list of the LRU */
#define ORPHAN_PAGE (FLAG(5) | FLAG(12) | FLAG(14)) /* anonymous, and no process has it mapped */
#define PFN 77

/* What the kernel shows. The first look finds one suspect page; it stays so for some looks. */
static struct {
	const char *blocks, *blocks_later;
	struct page_counts counts; /* of the first block */
	uint64_t flags;
	int looks_until_free;
	int observations, pauses;
} shown;

static int observe(struct daxhp_device *device, struct daxhp_observation **ret_observation)
{
	struct daxhp_observation *obs =
		make_observation(shown.observations++ == 0 ? shown.blocks : shown.blocks_later);

	(void)device;
	*ret_observation = obs;
	return 0;
}

static int read_memory(struct memory *memory)
{
	memory->page_size = 4096;
	return 0;
}

static int count_pages(uint64_t pfn, uint64_t n, struct page_counts *counts)
{
	if (pfn == FIRST_BLOCK * n)
		*counts = shown.counts;
	return 0;
}

static int read_page_flags(const uint64_t *pfns, size_t n, uint64_t offset, uint64_t *ret_flags)
{
	assert_int_equal(n, 1);
	assert_int_equal(pfns[0] + offset, PFN);
	*ret_flags = shown.looks_until_free-- > 0 ? shown.flags : 0;
	return 0;
}

static void pause_a_while(const struct daxhp_session *session, unsigned int ms)
{
	(void)session;
	assert_in_range(ms, 1, 1000);
	shown.pauses++;
}

static int find_users(struct user_search *search)
{
	(void)search;
	return 0;
}

static int read_own_nodes(char *buf, size_t size)
{
	snprintf(buf, size, "0-1");
	return 0;
}

/* Returns the kind of the only obstacle, or NONE. */
static enum daxhp_obstacle_kind explain(void)
{
	static const struct kernel kernel = {
		.observe = observe,
		.read_memory = read_memory,
		.count_pages = count_pages,
		.read_page_flags = read_page_flags,
		.pause = pause_a_while,
		.find_users = find_users,
		.read_own_nodes = read_own_nodes,
	};
	struct daxhp_ctx ctx = { .kernel = &kernel };
	struct daxhp_device device = { .ctx = &ctx };
	struct daxhp_explanation *e = NULL;
	enum daxhp_obstacle_kind kind;

	assert_int_equal(daxhp_explain(&device, NULL, NULL, NULL, &e), 0);
	assert_in_range(e->n_obstacles, 0, 1);
	kind = e->n_obstacles ? e->obstacles[0].kind : DAXHP_OBSTACLE_NONE;
	if (e->n_obstacles)
		assert_int_equal(e->obstacles[0].block, FIRST_BLOCK);
	daxhp_explanation_free(e);
	return kind;
}

static int start(void **state)
{
	(void)state;
	memset(&shown, 0, sizeof(shown));
	shown.blocks = shown.blocks_later = "MM";
	shown.looks_until_free = 1000;
	return 0;
}

static void locked(void)
{
	shown.counts.locked = (struct page_suspect){ 1, PFN };
	shown.flags = LOCKED_PAGE;
}

static void orphaned(void)
{
	shown.counts.orphans = (struct page_suspect){ 1, PFN };
	shown.flags = ORPHAN_PAGE;
}

static void test_nothing(void **state)
{
	(void)state;
	assert_int_equal(explain(), DAXHP_OBSTACLE_NONE);
	assert_int_equal(shown.pauses, 0);
	assert_int_equal(shown.observations, 1);
}

static void test_stays(void **state)
{
	(void)state;
	locked();
	assert_int_equal(explain(), DAXHP_OBSTACLE_IO);
	start(state);
	orphaned();
	assert_int_equal(explain(), DAXHP_OBSTACLE_HELD);
}

/* A busy machine locks the same page for a moment again and again. */
static void test_for_a_moment(void **state)
{
	for (int looks = 0; looks < 45; looks = 2 * looks + 1) {
		start(state);
		locked();
		shown.looks_until_free = looks;
		assert_int_equal(explain(), DAXHP_OBSTACLE_NONE);
		assert_int_equal(shown.pauses, looks + 1);
		start(state);
		orphaned();
		shown.looks_until_free = looks;
		assert_int_equal(explain(), DAXHP_OBSTACLE_NONE);
	}
}

/* Somebody takes the block offline meanwhile, and the kernel moves its pages. */
static void test_is_being_moved(void **state)
{
	static const char *const later[] = { "mM", "-M", ".M", "m" };

	for (size_t i = 0; i < ARRAY_SIZE(later); i++) {
		start(state);
		orphaned();
		shown.blocks_later = later[i];
		assert_int_equal(explain(), DAXHP_OBSTACLE_NONE);
		assert_int_equal(shown.observations, 2);
	}
	/* Another block does not matter. */
	start(state);
	orphaned();
	shown.blocks_later = "Mm";
	assert_int_equal(explain(), DAXHP_OBSTACLE_HELD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_nothing, start),
		cmocka_unit_test_setup(test_stays, start),
		cmocka_unit_test_setup(test_for_a_moment, start),
		cmocka_unit_test_setup(test_is_being_moved, start),
	};

	return cmocka_run_group_tests_name("explain", tests, NULL, NULL);
}
