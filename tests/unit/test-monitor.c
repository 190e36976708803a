// SPDX-License-Identifier: LGPL-2.1-or-later
/* The monitor, on a machine of the test's own: its devices, its events and its time. */
#include <math.h>

#include "unit.h"

#define DEVICES_MAX 4
#define QUEUE_MAX 16

/* ---- the machine ---- */

static struct {
	char name[32];
	const char *blocks; /* as in make_observation(); NULL: the device is not there */
	int worker;	    /* 0: none */
} machine[DEVICES_MAX];

static struct news_item queue[QUEUE_MAX];
static size_t n_queued, n_awaits, n_looks, n_lists;
static double now, alarm_at;

static int find(const char *name)
{
	for (int i = 0; i < DEVICES_MAX; i++)
		if (machine[i].blocks && strcmp(machine[i].name, name) == 0)
			return i;
	return -ENODEV;
}

static int open_machine(struct daxhp_ctx *ctx)
{
	(void)ctx;
	return 0;
}

static void close_machine(struct daxhp_ctx *ctx)
{
	while (ctx->devices) {
		struct daxhp_device *device = ctx->devices;

		ctx->devices = device->next;
		free(device);
	}
}

static int list_devices(struct daxhp_ctx *ctx)
{
	n_lists++;
	for (int i = DEVICES_MAX - 1; i >= 0; i--) {
		struct daxhp_device *device;

		if (!machine[i].blocks)
			continue;
		device = calloc(1, sizeof(*device));
		assert_non_null(device);
		strcpy(device->name, machine[i].name);
		device->ctx = ctx;
		device->next = ctx->devices;
		ctx->devices = device;
	}
	return 0;
}

static int read_device(struct daxhp_device *device)
{
	return find(device->name) < 0 ? -ENODEV : 0;
}

static int look(struct daxhp_device *device, struct daxhp_observation **ret_observation)
{
	int i = find(device->name);

	n_looks++;
	if (i < 0)
		return i;
	*ret_observation = make_observation(machine[i].blocks);
	return 0;
}

static int find_worker(const char *name, struct daxhp_worker *ret_worker)
{
	int i = find(name);

	if (i < 0 || !machine[i].worker)
		return i < 0 ? i : 0;
	*ret_worker = (struct daxhp_worker){ .pid = machine[i].worker, .comm = "daxhp" };
	return 1;
}

static int open_news(struct news **ret_news)
{
	*ret_news = NULL;
	return 0;
}

static void close_news(struct news *news)
{
	(void)news;
}

static int next_news(struct news *news, struct news_item *ret_item)
{
	(void)news;
	if (n_queued == 0)
		return 0;
	*ret_item = queue[0];
	memmove(queue, queue + 1, --n_queued * sizeof(*queue));
	return 1;
}

static int set_alarm(const struct news *news, double when)
{
	(void)news;
	alarm_at = when;
	return 0;
}

static void *awaited;

static int new_await(const struct news *news, const char *device, int pid, void *data,
		     struct await **ret_await)
{
	(void)news;
	(void)device;
	(void)pid;
	n_awaits++;
	awaited = data;
	*ret_await = malloc(1);
	return 0;
}

static void free_await(struct await *await)
{
	n_awaits -= await != NULL;
	free(await);
}

static double clock_of_test(void)
{
	return now;
}

static const struct kernel kernel = {
	.open = open_machine,
	.close = close_machine,
	.list_devices = list_devices,
	.read_device = read_device,
	.look = look,
	.find_worker = find_worker,
	.news_open = open_news,
	.news_close = close_news,
	.news_next = next_news,
	.news_set_alarm = set_alarm,
	.await_new = new_await,
	.await_free = free_await,
	.now = clock_of_test,
	.wall_now = clock_of_test,
};

/* ---- the test's words ---- */

static struct daxhp_ctx ctx = { .kernel = &kernel };
static struct daxhp_monitor *monitor;

static void tell(const char *subject, const char *action)
{
	struct news_item *item = &queue[n_queued++];

	assert_true(n_queued <= QUEUE_MAX);
	*item = (struct news_item){ .kind = NEWS_UEVENT };
	item->event.is_dax = strncmp(subject, "dax", 3) == 0;
	strcpy(item->event.sysname, subject);
	strcpy(item->event.action, action);
}

static void tell_kind(enum news_kind kind)
{
	queue[n_queued++] = (struct news_item){ .kind = kind, .data = awaited };
}

static const char *word(const struct daxhp_observation *obs)
{
	return obs ? daxhp_state_name(obs->state) : "-";
}

/* All changes in so many seconds, as text. */
static const char *changes(double seconds)
{
	static char text[512];
	double until = now + seconds;

	text[0] = '\0';
	for (;;) {
		const struct daxhp_change *c;

		while (daxhp_monitor_read(monitor, &c) > 0) {
			const struct daxhp_worker *worker = daxhp_change_get_worker(c);
			size_t used = strlen(text);

			snprintf(text + used, sizeof(text) - used, "%s%s %s %s %s",
				 used ? "; " : "",
				 daxhp_device_get_name(daxhp_change_get_device(c)),
				 daxhp_change_kind_name(daxhp_change_get_kind(c)),
				 word(daxhp_change_get_before(c)), word(daxhp_change_get_after(c)));
			used = strlen(text);
			if (worker)
				snprintf(text + used, sizeof(text) - used, " %s%d",
					 daxhp_change_is_busy(c) ? "busy" : "by", worker->pid);
		}
		if (alarm_at > until)
			break;
		now = alarm_at > now ? alarm_at : now;
	}
	now = until;
	return text;
}

static int setup(void **state)
{
	(void)state;
	memset(machine, 0, sizeof(machine));
	strcpy(machine[0].name, "dax0.0");
	strcpy(machine[1].name, "dax1.0");
	machine[0].blocks = "MM";
	machine[1].blocks = "--";
	n_queued = n_looks = n_lists = 0;
	now = 1000;
	assert_int_equal(daxhp_monitor_new(&ctx, &monitor), 0);
	assert_false(daxhp_monitor_is_complete(monitor));
	assert_string_equal(changes(1), "dax0.0 found - online_movable; dax1.0 found - offline");
	assert_true(daxhp_monitor_is_complete(monitor));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	daxhp_monitor_free(monitor);
	assert_int_equal(n_awaits, 0);
	return 0;
}

/* ---- tests ---- */

static void test_silence(void **state)
{
	size_t looks = n_looks;

	(void)state;
	assert_string_equal(changes(100000), "");
	assert_int_equal(n_looks, looks);
	assert_int_equal(n_lists, 1);
}

static void test_blocks(void **state)
{
	size_t looks = n_looks;

	(void)state;
	/* Nobody's. */
	tell("memory34", "online");
	assert_string_equal(changes(5), "");
	assert_int_equal(n_looks, looks);
	machine[1].blocks = "NN";
	for (int i = 0; i < 5; i++) {
		tell("memory32", "online");
		tell("memory33", "online");
		assert_string_equal(changes(0.05), "");
	}
	assert_int_equal(n_looks, looks);
	assert_string_equal(changes(5), "dax1.0 changed offline online");
	/* Both have the two blocks, in this machine. */
	assert_int_equal(n_looks, looks + 2);
}

static void test_half(void **state)
{
	(void)state;
	machine[0].blocks = machine[1].blocks = "M-";
	tell("memory32", "offline");
	assert_string_equal(changes(0.9), "");
	assert_string_equal(changes(1),
			    "dax0.0 changed online_movable inconsistent; dax1.0 changed "
			    "offline inconsistent");
}

static void test_there_and_back(void **state)
{
	(void)state;
	tell("memory32", "offline");
	tell("memory32", "online");
	assert_string_equal(changes(5), "");
}

static void test_gone_and_new(void **state)
{
	(void)state;
	machine[0].blocks = NULL;
	tell("dax0.0", "unbind");
	tell("dax0.0", "remove");
	assert_string_equal(changes(5), "dax0.0 gone online_movable -");
	machine[0].blocks = "..";
	tell("dax0.0", "add");
	assert_string_equal(changes(5), "dax0.0 appeared - unplugged");
	/* It comes and goes before anybody can look. */
	strcpy(machine[2].name, "dax2.0");
	machine[2].blocks = "..";
	tell("dax2.0", "add");
	assert_string_equal(changes(0.15), "");
	assert_int_equal(n_lists, 4);
	machine[2].blocks = NULL;
	tell("dax2.0", "remove");
	assert_string_equal(changes(5), "");
	assert_int_equal(n_lists, 5);
}

static void test_lost(void **state)
{
	(void)state;
	machine[0].blocks = "--";
	machine[1].blocks = NULL;
	strcpy(machine[2].name, "dax2.0");
	machine[2].blocks = "..";
	tell_kind(NEWS_LOST);
	assert_string_equal(changes(5),
			    "dax0.0 changed online_movable offline; dax1.0 gone offline -; "
			    "dax2.0 appeared - unplugged");
}

/* Only the list of devices is another one. */
static void test_lost_new(void **state)
{
	(void)state;
	strcpy(machine[2].name, "dax2.0");
	machine[2].blocks = "..";
	tell_kind(NEWS_LOST);
	assert_string_equal(changes(5), "dax2.0 appeared - unplugged");
}

static void test_worker(void **state)
{
	size_t looks = n_looks;

	(void)state;
	machine[0].worker = 42;
	machine[0].blocks = "--";
	tell("dax0.0", "bind");
	assert_string_equal(changes(60), "");
	assert_int_equal(n_looks, looks);
	assert_int_equal(n_awaits, 1);
	machine[0].worker = 0;
	machine[0].blocks = "..";
	tell_kind(NEWS_DONE);
	assert_string_equal(changes(0), "dax0.0 changed online_movable unplugged by42");
	/* The next change is not that process's. */
	machine[0].blocks = "MM";
	tell("dax0.0", "bind");
	assert_string_equal(changes(5), "dax0.0 changed unplugged online_movable");
}

/* Its end cannot be seen: it is in another PID namespace. */
static void test_worker_elsewhere(void **state)
{
	(void)state;
	machine[0].worker = 42;
	tell("dax0.0", "bind");
	assert_string_equal(changes(1), "");
	machine[0].worker = 0;
	machine[0].blocks = "--";
	assert_string_equal(changes(11), "dax0.0 changed online_movable offline by42");
}

/* It has closed a file, and is not done. */
static void test_worker_goes_on(void **state)
{
	(void)state;
	machine[0].worker = 42;
	machine[0].blocks = "M-";
	tell("dax0.0", "bind");
	assert_string_equal(changes(1), "");
	tell_kind(NEWS_DONE);
	assert_string_equal(changes(1), "");
	assert_int_equal(n_awaits, 1);
	machine[0].worker = 0;
	machine[0].blocks = "MM";
	tell_kind(NEWS_DONE);
	assert_string_equal(changes(1), "");
}

static void test_new_and_busy(void **state)
{
	(void)state;
	strcpy(machine[2].name, "dax2.0");
	machine[2].blocks = "-M";
	machine[2].worker = 42;
	tell("dax2.0", "add");
	assert_string_equal(changes(30), "dax2.0 appeared - inconsistent busy42");
	machine[2].worker = 0;
	machine[2].blocks = "MM";
	tell_kind(NEWS_DONE);
	assert_string_equal(changes(1), "dax2.0 changed - online_movable by42");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_silence),	   TEST(test_blocks),	    TEST(test_half),
		TEST(test_there_and_back), TEST(test_gone_and_new), TEST(test_lost),
		TEST(test_lost_new),	   TEST(test_worker),	    TEST(test_worker_elsewhere),
		TEST(test_worker_goes_on), TEST(test_new_and_busy),
	};

	return cmocka_run_group_tests_name("monitor", tests, NULL, NULL);
}
