// SPDX-License-Identifier: LGPL-2.1-or-later
/* One look at a device. */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "internal.h"

/* How often to look again when the driver changes while the blocks are looked at. */
#define LOOKS_MAX 3
/* From this number of blocks on, several threads look at them; and the number of threads. */
#define PART_MIN 256
#define PARTS_MAX 4
/* Memory without a driver has so long to go away. */
#define WEDGED_MS 1000
#define WEDGED_PAUSE_MS 50

static const struct {
	const char *driver;
	enum daxhp_mode mode;
} drivers[] = {
	{ "kmem", DAXHP_MODE_SYSTEM_RAM },
	{ "device_dax", DAXHP_MODE_DEVDAX },
	{ "fsdev_dax", DAXHP_MODE_FAMFS },
};

static enum daxhp_mode mode_from_driver(const char *driver)
{
	if (!*driver)
		return DAXHP_MODE_UNBOUND;
	for (size_t i = 0; i < ARRAY_SIZE(drivers); i++)
		if (strcmp(driver, drivers[i].driver) == 0)
			return drivers[i].mode;
	return DAXHP_MODE_OTHER;
}

/* The empty string for a device without a driver. */
static int read_driver(int dirfd, char *ret_driver, size_t size)
{
	int r = sysfs_read_link_name(dirfd, "driver", ret_driver, size);

	if (r == -ENOENT) {
		ret_driver[0] = '\0';
		/* No link: there is no driver, or the device is gone. */
		return sysfs_exists(dirfd, "uevent") || sysfs_exists(dirfd, "size") ? 0 : -ENODEV;
	}
	return r;
}

/*
 * One thread's part: every @n_parts-th of the device's blocks. The blocks that are there may be
 * next to each other, and in one piece of all blocks.
 */
struct part {
	int dirfd;
	struct memblock *blocks;
	size_t n_blocks, first, n_parts;
	bool is_listed; /* it is known already which blocks are missing */
	bool hotremove;
	int r;
	char file[WORD_MAX]; /* the file that could not be read */
	pthread_t thread;
	bool has_thread;
};

static void *look_at_part(void *data)
{
	struct part *p = data;

	for (size_t i = p->first; p->r == 0 && i < p->n_blocks; i += p->n_parts) {
		if (p->is_listed && p->blocks[i].state == MEMBLOCK_MISSING)
			continue;
		p->r = memblock_read(p->dirfd, &p->blocks[i], p->file);
		if (p->r == -ENOTSUP) {
			p->hotremove = false;
			p->r = 0;
		}
	}
	return NULL;
}

static size_t count_cpus(size_t most)
{
	cpu_set_t cpus;
	size_t n;

	if (sched_getaffinity(0, sizeof(cpus), &cpus) < 0)
		return 1;
	n = CPU_COUNT(&cpus);
	return n < 1 ? 1 : n > most ? most : n;
}

/* The block is there. Its state is read later. */
static int note_present(struct memblock *block, void *data __attribute__((unused)))
{
	block->state = MEMBLOCK_OFFLINE;
	return 0;
}

/* Big devices have thousands of blocks, and each costs two files: more than one thread helps. */
static int look_at_blocks(struct daxhp_observation *obs, int dirfd)
{
	size_t n_parts = obs->n_blocks < PART_MIN ? 1 : count_cpus(PARTS_MAX);
	bool is_listed = memblock_is_to_be_listed(obs->n_blocks);
	struct part parts[PARTS_MAX] = { 0 };
	int r = is_listed ? memblock_list(obs->blocks, obs->n_blocks, note_present, NULL) : 0;

	if (r < 0)
		return r;
	for (size_t i = 0; i < n_parts; i++) {
		struct part *p = &parts[i];

		*p = (struct part){ dirfd,
				    obs->blocks,
				    obs->n_blocks,
				    .first = i,
				    .n_parts = n_parts,
				    .is_listed = is_listed,
				    .hotremove = true };
		/* This thread does the last part, and each part that gets no thread. */
		p->has_thread = i + 1 < n_parts && thread_start(&p->thread, look_at_part, p) == 0;
		if (!p->has_thread)
			look_at_part(p);
	}
	for (size_t i = 0; i < n_parts; i++) {
		if (parts[i].has_thread)
			pthread_join(parts[i].thread, NULL);
		obs->hotremove &= parts[i].hotremove;
		if (r == 0 && parts[i].r < 0) {
			r = parts[i].r;
			strcpy(obs->blocks_error_file, parts[i].file);
		}
	}
	return r;
}

static int observe_blocks(struct daxhp_observation *obs, const struct daxhp_device *device)
{
	_cleanup_close_ int dirfd = memblock_open_dir();
	int r;

	if (dirfd < 0)
		return dirfd == -ENOENT ? -ENOTSUP : dirfd;
	r = memblock_read_size(dirfd, &obs->block_size);
	if (r < 0) {
		strcpy(obs->blocks_error_file, "block_size_bytes");
		return r == -ENOENT ? -ENOTSUP : r;
	}
	if (device->ranges_error < 0)
		return device->ranges_error;
	r = memblock_from_ranges(device->ranges, device->n_ranges, obs->block_size, &obs->blocks,
				 &obs->n_blocks);
	return r < 0 ? r : look_at_blocks(obs, dirfd);
}

static void observe_attribute(struct daxhp_observation *obs, int dirfd)
{
	if (obs->mode != DAXHP_MODE_SYSTEM_RAM)
		return;
	obs->interface = attribute_find(dirfd);
	obs->has_later_attribute = observation_has_attribute(obs);
	if (obs->interface != DAXHP_INTERFACE_MEMORY_BLOCKS)
		attribute_read(dirfd, obs->interface, obs->attribute_word,
			       sizeof(obs->attribute_word));
}

static int fill_in(struct daxhp_observation *obs, const struct daxhp_device *device)
{
	_cleanup_close_ int dirfd = device_open_dir(device->name);
	int r;

	if (dirfd < 0)
		return dirfd == -ENOENT ? -ENODEV : dirfd;
	r = read_driver(dirfd, obs->driver, sizeof(obs->driver));
	if (r < 0)
		return r;
	obs->mode = mode_from_driver(obs->driver);
	obs->target_node = device->target_node_error < 0 ? -1 : device->target_node;
	observe_attribute(obs, dirfd);
	policy_read(DAXHP_RECOVERED_POLICY, obs->policy, sizeof(obs->policy));
	obs->has_kmem = binding_has_driver(DAXHP_MODE_SYSTEM_RAM);
	obs->has_device_dax = binding_has_driver(DAXHP_MODE_DEVDAX);
	obs->blocks_error = observe_blocks(obs, device);
	obs->memmap_on_memory = memmap_read(dirfd, obs->block_size);
	return obs->blocks_error == -ENOMEM ? -ENOMEM : 0;
}

/* The look at the blocks takes time. Does the device still have the same driver? */
static int is_same_driver(const struct daxhp_observation *obs, const struct daxhp_device *device)
{
	_cleanup_close_ int dirfd = device_open_dir(device->name);
	char driver[WORD_MAX];
	int r;

	if (dirfd < 0)
		return dirfd == -ENOENT ? -ENODEV : dirfd;
	r = read_driver(dirfd, driver, sizeof(driver));
	if (r < 0)
		return r;
	return strcmp(driver, obs->driver) == 0;
}

int device_look(struct daxhp_device *device, struct daxhp_observation **ret_observation)
{
	for (int i = 0; i < LOOKS_MAX; i++) {
		_cleanup_(cleanup_observation) struct daxhp_observation *obs = NULL;
		int r;

		obs = calloc(1, sizeof(*obs));
		if (!obs)
			return -ENOMEM;
		obs->refcount = 1;
		obs->hotremove = true;
		r = fill_in(obs, device);
		if (r == 0)
			r = is_same_driver(obs, device);
		if (r < 0)
			return r;
		if (r > 0) {
			observation_derive(obs);
			/*
			 * Only a device without blocks needs room for its memory map. ENOMEM does not mean
			 * "not known": memory is short now, and the look has to fail.
			 */
			if (obs->n_present == 0 && proc_read_available(&obs->room) == -ENOMEM)
				return -ENOMEM;
			*ret_observation = steal_pointer(obs);
			return 0;
		}
		log_debug(device->ctx, "%s: its driver changed, looking again", device->name);
	}
	return -EAGAIN;
}

/* What can still be seen of a device that is gone: its blocks, by the ranges that it had. */
static int look_at_rest(struct daxhp_device *device, struct daxhp_observation **ret_observation)
{
	_cleanup_(cleanup_observation) struct daxhp_observation *obs = calloc(1, sizeof(*obs));

	if (!obs)
		return -ENOMEM;
	obs->refcount = 1;
	obs->is_gone = true;
	obs->mode = DAXHP_MODE_UNBOUND;
	obs->memmap_on_memory = -1;
	obs->target_node = device->target_node_error < 0 ? -1 : device->target_node;
	obs->blocks_error = observe_blocks(obs, device);
	if (obs->blocks_error < 0)
		return obs->blocks_error;
	observation_derive(obs);
	*ret_observation = steal_pointer(obs);
	return 0;
}

/*
 * While another program unbinds the device, the driver goes first, and the blocks go after it. Memory
 * is wedged only if it stays.
 */
static int look_until_settled(struct daxhp_device *device,
			      int (*look_once)(struct daxhp_device *, struct daxhp_observation **),
			      struct daxhp_observation **ret_observation)
{
	const struct timespec pause = { .tv_nsec = WEDGED_PAUSE_MS * 1000000L };
	struct daxhp_observation *obs;
	int r = look_once(device, &obs);

	for (int ms = 0; r == 0 && ms < WEDGED_MS && daxhp_observation_is_wedged(obs);
	     ms += WEDGED_PAUSE_MS) {
		daxhp_observation_unref(obs);
		nanosleep(&pause, NULL);
		r = look_once(device, &obs);
	}
	if (r == 0)
		*ret_observation = obs;
	return r;
}

int device_observe(struct daxhp_device *device, struct daxhp_observation **ret_observation)
{
	return look_until_settled(device, device_look, ret_observation);
}

int device_observe_gone(struct daxhp_device *device, struct daxhp_observation **ret_observation)
{
	return look_until_settled(device, look_at_rest, ret_observation);
}
