/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libdaxhp - move a whole dax device's memory between "unplugged" and "online"
 *
 * Load the devices, say in a request what is wanted, begin a session on a device, plan, apply, end the
 * session. libdaxhp(3) has a whole program.
 *
 * Conventions. Calls that can fail return 0 or a negative errno, and leave what a ret_ parameter
 * points to untouched on failure. Strings that are returned belong to the object they were asked
 * of and live as long as it does. Destructors take NULL and return NULL. The library prints
 * nothing: give it a log function to hear it. A context, and all that came from it, must be used
 * by one thread at a time, but for daxhp_request_cancel().
 *
 * While daxhp_apply() or daxhp_recover() is at work the library may raise the soft limit of open
 * files (RLIMIT_NOFILE) of the process, up to the hard limit: it opens a file for each memory block.
 * It sets the limit back before it returns. It changes no other state of the process, but for the
 * signals that the calling thread takes meanwhile, see daxhp_apply().
 *
 * Sizes and addresses are in bytes, times in seconds. A memory block is named by the number N of
 * its directory /sys/devices/system/memory/memoryN; it spans [N * size, (N + 1) * size).
 *
 * What the library rests on, in the kernel's tree:
 *   Documentation/ABI/testing/sysfs-bus-dax
 *   Documentation/ABI/testing/sysfs-devices-memory
 *   Documentation/admin-guide/mm/memory-hotplug.rst
 */
#ifndef LIBDAXHP_H
#define LIBDAXHP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Where a device's memory stands. The first six are the words of memory-hotplug.rst. */
enum daxhp_state {
	DAXHP_STATE_NONE = 0,	  /* bound to a driver other than kmem, or not to be found out */
	DAXHP_UNPLUGGED = 1,	  /* no memory block of the device is present */
	DAXHP_OFFLINE = 2,	  /* all are present, none is online */
	DAXHP_ONLINE = 3,	  /* all are online, all in zones for kernel memory */
	DAXHP_ONLINE_KERNEL = 4,  /* the same, and the kernel's attribute says so */
	DAXHP_ONLINE_MOVABLE = 5, /* all are online, all in ZONE_MOVABLE */
	DAXHP_INCONSISTENT = 6,	  /* anything else, or the attribute's word is not true */
};

/* What the device's memory is worked through. */
enum daxhp_interface {
	DAXHP_INTERFACE_NONE = 0,	   /* not bound to kmem */
	DAXHP_INTERFACE_STATE = 1,	   /* daxX.Y/state, Linux 7.3 and later */
	DAXHP_INTERFACE_HOTPLUG = 2,	   /* daxX.Y/hotplug, the name in the series' postings */
	DAXHP_INTERFACE_MEMORY_BLOCKS = 3, /* memoryN/state, block by block */
};

enum daxhp_mode {
	DAXHP_MODE_UNBOUND = 0,	   /* no driver */
	DAXHP_MODE_SYSTEM_RAM = 1, /* kmem */
	DAXHP_MODE_DEVDAX = 2,	   /* device_dax */
	DAXHP_MODE_FAMFS = 3,	   /* fsdev_dax */
	DAXHP_MODE_OTHER = 4,	   /* a driver this library does not know */
};

enum daxhp_zone {
	DAXHP_ZONE_DMA = 0,
	DAXHP_ZONE_DMA32 = 1,
	DAXHP_ZONE_NORMAL = 2,
	DAXHP_ZONE_MOVABLE = 3,
	DAXHP_ZONE_UNKNOWN = 4, /* the block spans zones, or its zone is not listed here */
	DAXHP_ZONE_MAX = 5,
};

/* The words, as the kernel and the JSON of daxhp(8) write them; NULL for the ..._NONE values. */
const char *daxhp_state_name(enum daxhp_state state);
const char *daxhp_interface_name(enum daxhp_interface interface);
const char *daxhp_mode_name(enum daxhp_mode mode);
const char *daxhp_zone_name(enum daxhp_zone zone);

/* ---- context ---- */

struct daxhp_ctx;

/*
 * @priority is one of syslog(3)'s; the library logs at LOG_DEBUG only. While daxhp_apply() works, it
 * is called from threads of the library's own, too, and may be called from several at once.
 */
typedef void (*daxhp_log_fn)(struct daxhp_ctx *ctx, int priority, const char *file, int line,
			     const char *fn, const char *format, va_list args, void *data);

/* Errors: -ENOMEM. Free it with daxhp_unref(), after all that came from it. */
int daxhp_new(struct daxhp_ctx **ret_ctx);
struct daxhp_ctx *daxhp_unref(struct daxhp_ctx *ctx);
void daxhp_set_log_fn(struct daxhp_ctx *ctx, daxhp_log_fn fn, void *data);

/* ---- devices ---- */

struct daxhp_device;

/* One physical range of a device, daxX.Y/mappingN. @end is the last byte, inclusive. */
struct daxhp_range {
	uint64_t page_offset; /* the range's place in the device, in pages */
	uint64_t start;
	uint64_t end;
};

/*
 * List the machine's dax devices. They belong to the context and live as long as it does. The list
 * is read once; for another look, as a daemon takes it, make another context.
 * Returns 0, or how many devices the kernel has that could not be listed: libdaxctl passes over a
 * device that has no node in /dev, or whose size cannot be read. Errors: -ENOMEM, and what opening
 * /sys/bus/dax/devices gives; no device is listed then, and the next call tries again.
 */
int daxhp_load_devices(struct daxhp_ctx *ctx);
/*
 * The devices, sorted by region and number. The first call lists them. NULL at the end, and also when
 * they cannot be listed: daxhp_load_devices() says which.
 */
struct daxhp_device *daxhp_device_get_first(struct daxhp_ctx *ctx);
struct daxhp_device *daxhp_device_get_next(struct daxhp_device *device);
/* The listed device of that name. -ENODEV; errors of daxhp_load_devices(). */
int daxhp_device_from_name(struct daxhp_ctx *ctx, const char *name,
			   struct daxhp_device **ret_device);
#define daxhp_device_foreach(ctx, device) \
	for (device = daxhp_device_get_first(ctx); device; device = daxhp_device_get_next(device))

/* Is @name the name of a dax device, whether there is one of that name or not? */
bool daxhp_device_name_is_valid(const char *name);

const char *daxhp_device_get_name(const struct daxhp_device *device);
int daxhp_device_get_region_id(const struct daxhp_device *device);
/* The device the region belongs to: "dax0.0" on an NVDIMM, "hmem.0" on soft-reserved memory. */
const char *daxhp_device_get_region_name(const struct daxhp_device *device);
/* Each of these four: -EACCES: the user may not read the value; -ENOENT: the kernel does not have
 * it; -EBADMSG: the kernel's file has something else. */
int daxhp_device_get_size(const struct daxhp_device *device, uint64_t *ret_bytes);
int daxhp_device_get_align(const struct daxhp_device *device, uint64_t *ret_bytes);
/* -1 is an answer: the firmware gave the device no node. */
int daxhp_device_get_target_node(const struct daxhp_device *device, int *ret_node);
/*
 * In the kernel's order, which need not be that of the addresses. Valid until the next
 * daxhp_device_refresh(), daxhp_begin() and daxhp_recover(), which read them again.
 */
int daxhp_device_get_ranges(const struct daxhp_device *device,
			    const struct daxhp_range **ret_ranges, size_t *ret_count);

/* ---- where the memory comes from ---- */

enum daxhp_provider {
	DAXHP_PROVIDER_UNKNOWN = 0,
	DAXHP_PROVIDER_CXL = 1,	 /* a region of volatile memory of CXL cards */
	DAXHP_PROVIDER_PMEM = 2, /* a namespace of persistent memory, on a CXL card or not */
	DAXHP_PROVIDER_HMEM = 3, /* memory that the firmware set aside */
};
/* "cxl", "pmem" or "hmem"; NULL for the unknown one. */
const char *daxhp_provider_name(enum daxhp_provider provider);

/* A CXL card. The name can be another one after a reboot; the serial number and the slot stay. */
struct daxhp_memdev {
	char name[16]; /* "mem0" */
	char pci[16];  /* "0000:0d:00.0"; empty when not known */
	uint64_t serial;
	bool has_serial; /* it is known */
};

enum daxhp_provider daxhp_device_get_provider(const struct daxhp_device *device);
/* "region0"; NULL when no CXL card has the memory. */
const char *daxhp_device_get_cxl_region(const struct daxhp_device *device);
/* "decoder0.0", the root decoder that the region is in; NULL as above. */
const char *daxhp_device_get_cxl_decoder(const struct daxhp_device *device);
/* The cards, in the order in which they are interleaved. Returns how many. */
size_t daxhp_device_get_memdevs(const struct daxhp_device *device,
				const struct daxhp_memdev **ret_memdevs);
/* Of persistent memory: "namespace0.0", and the namespace's uuid; else NULL. */
const char *daxhp_device_get_namespace(const struct daxhp_device *device);
const char *daxhp_device_get_uuid(const struct daxhp_device *device);
/*
 * The place of the memory, which is the same after a reboot: of CXL memory the slots of its cards and the
 * address on them, else the address in the machine. NULL when it is not known: it is root's to read.
 */
const char *daxhp_device_get_path(const struct daxhp_device *device);

struct daxhp_card {
	struct daxhp_memdev memdev;
	char slot[32]; /* its name in /sys/bus/pci/slots; empty when it has none */
};

struct daxhp_cxl_region {
	char name[32], decoder[32];
	uint64_t start; /* UINT64_MAX when not known */
	uint64_t size;	/* 0 when not known */
	uint64_t dpa;	/* where it begins on its first card; UINT64_MAX when not known */
	struct daxhp_memdev *memdevs;
	size_t n_memdevs;
	bool is_idle; /* no driver has made dax devices of it: dax_cxl is not loaded */
};

/* The machine's CXL cards and regions, by name. */
struct daxhp_cxl;
int daxhp_cxl_new(struct daxhp_ctx *ctx, struct daxhp_cxl **ret_cxl);
/* Returns NULL. NULL is fine. */
struct daxhp_cxl *daxhp_cxl_free(struct daxhp_cxl *cxl);
/* Both return how many there are. They are owned by @cxl. */
size_t daxhp_cxl_get_cards(const struct daxhp_cxl *cxl, const struct daxhp_card **ret_cards);
size_t daxhp_cxl_get_regions(const struct daxhp_cxl *cxl,
			     const struct daxhp_cxl_region **ret_regions);

/*
 * Read the device's size, alignment, node and ranges again: another program can change them while the
 * device is unbound.
 * Errors: -ENODEV when it is gone, and what opening its directory gives; its values stay then.
 */
int daxhp_device_refresh(struct daxhp_device *device);

/* ---- observation ---- */

struct daxhp_observation;

/*
 * One look at a device: its driver, the attribute's word, the state and zone of each of its
 * memory blocks. What the user may not read is left out, see the getters.
 * Errors: -ENODEV when the device is gone, -EAGAIN when its driver changed at each of several
 * looks, -ENOMEM. Free it with daxhp_observation_unref().
 */
int daxhp_observe(struct daxhp_device *device, struct daxhp_observation **ret_observation);
/* One more owner; returns @observation. */
struct daxhp_observation *daxhp_observation_ref(struct daxhp_observation *observation);
struct daxhp_observation *daxhp_observation_unref(struct daxhp_observation *observation);

enum daxhp_mode daxhp_observation_get_mode(const struct daxhp_observation *observation);
/* NULL when there is none. */
const char *daxhp_observation_get_driver(const struct daxhp_observation *observation);
enum daxhp_interface daxhp_observation_get_interface(const struct daxhp_observation *observation);
enum daxhp_state daxhp_observation_get_state(const struct daxhp_observation *observation);
/* The attribute's own word, letter for letter; NULL when there is no attribute. */
const char *daxhp_observation_get_attribute_word(const struct daxhp_observation *observation);
/* auto_online_blocks, letter for letter; NULL when it cannot be read. */
const char *daxhp_observation_get_policy(const struct daxhp_observation *observation);
/*
 * Does the kernel keep the memory map of the device's memory in that memory? The device asks for it
 * with its memmap_on_memory, and the machine allows it with the parameter memory_hotplug.memmap_on_memory.
 * 1, 0, or a negative errno when the kernel does not say.
 */
int daxhp_observation_get_memmap_on_memory(const struct daxhp_observation *observation);
/* Is memory present although the device is not bound to kmem? It stays until reboot. */
bool daxhp_observation_is_wedged(const struct daxhp_observation *observation);
/*
 * 0 when the blocks below were seen. -EACCES: the ranges are root's to read. -ENOTSUP: the kernel
 * has no memory hotplug. -EOVERFLOW: the ranges make no sense. Others: reading a block failed.
 */
int daxhp_observation_get_blocks_error(const struct daxhp_observation *observation);
/* The file that could not be read, relative to its directory; NULL when all was well. */
const char *daxhp_observation_get_blocks_error_file(const struct daxhp_observation *observation);
/* Bytes; 0 when unknown. */
uint64_t daxhp_observation_get_block_size(const struct daxhp_observation *observation);
/* The blocks that lie wholly inside a range of the device, present or not. */
size_t daxhp_observation_count_blocks(const struct daxhp_observation *observation);
size_t daxhp_observation_count_present(const struct daxhp_observation *observation);
size_t daxhp_observation_count_online(const struct daxhp_observation *observation);
enum daxhp_block_state {
	DAXHP_BLOCK_ABSENT = 0,
	DAXHP_BLOCK_OFFLINE = 1,
	DAXHP_BLOCK_ONLINE = 2,
	DAXHP_BLOCK_GOING_OFFLINE = 3,
};

/*
 * The @i-th of the blocks, from 0 on, ascending: its number, and how it stood. The zone is
 * DAXHP_ZONE_UNKNOWN unless it is online. Any of the three may be NULL. -ERANGE: there are not as many.
 */
int daxhp_observation_get_block(const struct daxhp_observation *observation, size_t i,
				uint64_t *ret_id, enum daxhp_block_state *ret_state,
				enum daxhp_zone *ret_zone);
/* Online blocks in @zone. */
size_t daxhp_observation_count_zone(const struct daxhp_observation *observation,
				    enum daxhp_zone zone);

/*
 * Bytes of ordinary memory that it takes to add the device's memory, and bytes that are available; 0
 * when not known. The memory map takes most of it (one struct page for each page), if it is not in the
 * device's memory. The rest is what the kernel notes of each block.
 */
uint64_t daxhp_observation_get_room_needed(const struct daxhp_observation *observation);
uint64_t daxhp_observation_get_room(const struct daxhp_observation *observation);

/* ---- failure ---- */

/*
 * Why a session did not begin, why a plan was refused, or what failed. The numbers never change.
 */
enum daxhp_failure_kind {
	DAXHP_FAILURE_NONE = 0,
	/* refusals: nothing is tried */
	DAXHP_REFUSED_DEVDAX = 1,
	DAXHP_REFUSED_FAMFS = 2,
	DAXHP_REFUSED_OTHER_DRIVER = 3,
	DAXHP_REFUSED_OTHER_ZONE = 4,	  /* it is online, but in another zone than asked for */
	DAXHP_REFUSED_MISSING_BLOCKS = 5, /* some blocks are present, some are not */
	DAXHP_REFUSED_WEDGED = 6,
	DAXHP_REFUSED_NO_TARGET_NODE = 7,
	DAXHP_REFUSED_NO_ROOM = 8, /* not enough memory for the memory map */
	DAXHP_REFUSED_NO_ROOM_ELSEWHERE =
		9, /* the used memory does not fit elsewhere, see the plan's room */
	DAXHP_REFUSED_TOO_SMALL = 10, /* no memory block fits into a range of it */
	DAXHP_REFUSED_NO_PERMISSION = 11,
	DAXHP_REFUSED_NO_HOTPLUG = 12,	 /* kernel without memory hotplug */
	DAXHP_REFUSED_NO_HOTREMOVE = 13, /* kernel without memory hot-remove */
	DAXHP_REFUSED_UNREADABLE = 14,	 /* the blocks could not be seen */
	/* failures: something was tried, see daxhp_result_get_undone() */
	DAXHP_FAILED_WRITE = 32,       /* the kernel refused a word in a file */
	DAXHP_FAILED_READ = 33,	       /* a file could not be read */
	DAXHP_FAILED_NOT_LOCKED = 34,  /* the device could not be locked; ENOLCK: it is not */
	DAXHP_FAILED_POLICY_LOCK = 35, /* EWOULDBLOCK: another daxhp keeps it */
	DAXHP_FAILED_JOURNAL = 36,     /* the entry in /run/daxhp/ cannot be written */
	DAXHP_FAILED_IN_USE = 37,      /* a process has the device open or mapped, see the rivals */
	DAXHP_FAILED_USE_UNSEEN = 38,  /* whether one has cannot be seen, see the file */
	DAXHP_FAILED_HELD =
		39, /* another program keeps a block's file open for writing, see the rivals */
	/* whether one does cannot be seen, see the file; EPERM: CAP_SYS_PTRACE is missing; EXDEV: the
	 * file leads to another PID namespace's /proc, or to a sysfs that cannot be reached */
	DAXHP_FAILED_UNSEEN = 40,
	/* other programs could not be kept off the blocks; EPERM: CAP_SYS_ADMIN is missing; EPIPE,
	 * ETIMEDOUT: somebody has killed or stopped the process that keeps them off */
	DAXHP_FAILED_UNGUARDED = 41,
	DAXHP_FAILED_STILL_ONLINE = 42, /* the check before unbinding found a block online */
	DAXHP_FAILED_MODULE_MISSING = 43,
	DAXHP_FAILED_MODULE_BLACKLISTED = 44,
	DAXHP_FAILED_MODULE = 45,
	DAXHP_FAILED_BIND = 46,
	DAXHP_FAILED_BIND_OTHERS = 47, /* kmem would take other devices as well */
	DAXHP_FAILED_UNBIND = 48,
	DAXHP_FAILED_DRIVER_CHANGED = 49, /* somebody else bound or unbound the device meanwhile */
	DAXHP_FAILED_NOT_SO = 50,	  /* no step failed, but the blocks are not as asked for */
	DAXHP_FAILED_OBSERVE = 51,	  /* the device could not be looked at */
	DAXHP_FAILED_CANCELLED = 52,	  /* daxhp_request_cancel() was called */
	DAXHP_FAILED_AT_WORK = 53,	  /* another process works on the device, see the pid */
	DAXHP_FAILED_REQUEST = 54,	  /* the request contradicts itself */
	DAXHP_FAILED_RECOVERY = 55,	  /* what a killed process left could not be put right */
};

/* "write-refused", "in-use": never changed; NULL for DAXHP_FAILURE_NONE and for no such kind. */
const char *daxhp_failure_kind_name(enum daxhp_failure_kind kind);

/* It belongs to the object that it was asked of. */
struct daxhp_failure;

enum daxhp_failure_kind daxhp_failure_get_kind(const struct daxhp_failure *failure);
const char *daxhp_failure_get_name(const struct daxhp_failure *failure);
/*
 * What went wrong, in English, for people: "memory34 would not go offline (EBUSY: ...)". It begins
 * with a small letter and has no full stop. It does not name the device.
 */
const char *daxhp_failure_get_sentence(const struct daxhp_failure *failure);
/* Negative. */
int daxhp_failure_get_error(const struct daxhp_failure *failure);
/* The file, the word that was written to it, and the driver it was about; NULL where there is none. */
const char *daxhp_failure_get_file(const struct daxhp_failure *failure);
const char *daxhp_failure_get_word(const struct daxhp_failure *failure);
const char *daxhp_failure_get_driver(const struct daxhp_failure *failure);
/* The memory block, or -1. */
int64_t daxhp_failure_get_block(const struct daxhp_failure *failure);
/* Of the process that works on the device; 0 when not known: it may have another /run. */
int daxhp_failure_get_pid(const struct daxhp_failure *failure);
/* Was that process stopped, by SIGSTOP or Ctrl-Z? Then there is no use in waiting for it. */
bool daxhp_failure_get_stopped(const struct daxhp_failure *failure);

/* ---- plan ---- */

struct daxhp_plan;
struct daxhp_step;

enum daxhp_step_type {
	DAXHP_STEP_GUARD = 0, /* keep other programs off the device's blocks until the plan ends */
	DAXHP_STEP_WRITE_ATTRIBUTE = 1, /* write the step's word to the device's attribute */
	DAXHP_STEP_WRITE_BLOCKS = 2,  /* write the step's word to the state of each of its blocks */
	DAXHP_STEP_CHECK_OFFLINE = 3, /* fail if a block of the device is online */
	DAXHP_STEP_SET_POLICY = 4,    /* write the step's word to auto_online_blocks */
	DAXHP_STEP_RESTORE_POLICY = 5, /* write back what SET_POLICY found there */
	DAXHP_STEP_CHECK_UNUSED = 6,   /* fail if a process has the device open or mapped */
	DAXHP_STEP_LOAD = 7,	       /* load the step's driver, a module */
	DAXHP_STEP_BIND = 8,	       /* bind the device to the step's driver */
	DAXHP_STEP_UNBIND = 9,	       /* unbind it from its driver */
};

/* It belongs to the caller, and may outlive its session. */
struct daxhp_plan *daxhp_plan_free(struct daxhp_plan *plan);
/* Why nothing is tried, a DAXHP_REFUSED_...; NULL when it is. A refused plan has no steps. */
const struct daxhp_failure *daxhp_plan_get_refusal(const struct daxhp_plan *plan);
/*
 * Does what is in the device's memory fit elsewhere, when the plan takes it offline? The kernel
 * moves it to other nodes, and to the device's own node only when no other has memory. It goes on
 * trying where there is no room, and its OOM killer shoots others for it. An estimate, from figures
 * of the moment of the observation.
 */
enum daxhp_verdict {
	DAXHP_VERDICT_YES = 0,	  /* it fits into free memory, above the high watermarks */
	DAXHP_VERDICT_LIKELY = 1, /* into free memory, and clean cache that is dropped for it */
	DAXHP_VERDICT_MAYBE = 2,  /* only with swap, or it cannot be told */
	DAXHP_VERDICT_NO =
		3, /* it does not: the plan is refused, unless daxhp_request_set_force() is on */
};

/* "yes", "likely", "maybe", "no". */
const char *daxhp_verdict_name(enum daxhp_verdict verdict);

/* Sizes are in bytes. */
struct daxhp_room {
	enum daxhp_verdict verdict;
	int error;	      /* negative: it cannot be told, and no figure below is known */
	const char *file;     /* the one that could not be read then, or NULL */
	uint64_t to_move;     /* in use in the device's memory, at most */
	uint64_t free;	      /* free on the nodes below, above the low watermarks */
	uint64_t reclaimable; /* clean cache, there or on its way there */
	uint64_t swap;	      /* swap that can take it: seven eighths of the free swap at most */
	uint64_t missing;     /* what does not fit, all of these together */
	uint64_t huge_missing, huge_size; /* huge pages that have nowhere to go, and their size */
	const int *nodes;		  /* where it can go, ascending */
	size_t n_nodes;
	bool is_alone; /* no other node has memory than the device's: swap does not help */
};

/*
 * The figures and the verdict in English: "36 MiB to move, 3717 MiB free on node 0: it fits". Writes
 * @size bytes at most, and returns what the whole takes without its NUL, as snprintf() does.
 */
size_t daxhp_room_describe(const struct daxhp_room *room, char *buf, size_t size);

/* NULL when the plan takes no memory offline. It belongs to the plan. */
const struct daxhp_room *daxhp_plan_get_room(const struct daxhp_plan *plan);
size_t daxhp_plan_count_steps(const struct daxhp_plan *plan);
const struct daxhp_step *daxhp_plan_get_step(const struct daxhp_plan *plan, size_t i);

enum daxhp_step_type daxhp_step_get_type(const struct daxhp_step *step);
/* "write-attribute", "write-blocks", "check-offline", ... */
const char *daxhp_step_get_name(const struct daxhp_step *step);
/* DAXHP_STATE_NONE when the step writes no word. */
enum daxhp_state daxhp_step_get_word(const struct daxhp_step *step);
/* "kmem" or "device_dax"; NULL when the step is about no driver. */
const char *daxhp_step_get_driver(const struct daxhp_step *step);
/* Ascending; none unless the step is DAXHP_STEP_WRITE_BLOCKS. */
size_t daxhp_step_get_blocks(const struct daxhp_step *step, const uint64_t **ret_blocks);
/* How often busy memory has been tried again; 0: the first try. */
unsigned int daxhp_step_get_retry(const struct daxhp_step *step);
/* What the step took, whether it failed or not; negative when it was not come to. */
double daxhp_step_get_seconds(const struct daxhp_step *step);

/* ---- result ---- */

struct daxhp_result;

struct daxhp_result *daxhp_result_free(struct daxhp_result *result);
/* Did any step change something, and was it not undone? */
bool daxhp_result_get_changed(const struct daxhp_result *result);
double daxhp_result_get_seconds(const struct daxhp_result *result);
/* The look afterwards; NULL when it could not be had. */
const struct daxhp_observation *daxhp_result_get_after(const struct daxhp_result *result);
/* NULL when all went well. */
const struct daxhp_failure *daxhp_result_get_failure(const struct daxhp_result *result);
/* After a failure: is everything as it was before? Also true when nothing had been changed. */
bool daxhp_result_get_undone(const struct daxhp_result *result);
/* The memory blocks that are not as they were before; ascending. */
size_t daxhp_result_get_stuck_blocks(const struct daxhp_result *result,
				     const uint64_t **ret_blocks);

/*
 * A program that tried to change the device's blocks while a plan went through them, or that uses
 * the device.
 */
struct daxhp_rival {
	int pid;
	char comm[64];	     /* as in /proc/PID/comm; "?" when it was gone already */
	unsigned int denied; /* how often it was denied; 0: it had a file open from before */
};

/* The first ones that were met, 32 at most. */
size_t daxhp_result_get_rivals(const struct daxhp_result *result,
			       const struct daxhp_rival **ret_rivals);
/* How often others were met who are not among them. */
unsigned long daxhp_result_count_left_out(const struct daxhp_result *result);
/*
 * 0, or a negative errno: other programs could not be denied, as the kernel was built without
 * CONFIG_FANOTIFY_ACCESS_PERMISSIONS, or CAP_SYS_ADMIN is missing (-EPERM). The checks were made all
 * the same; but with -EPERM no device is unbound whose memory is present.
 */
int daxhp_result_get_guard_error(const struct daxhp_result *result);

/* ---- request ---- */

/*
 * Told while daxhp_apply() works: @done of @total memory blocks of @step are where the step wants
 * them. Called with @done == @total when the step ends well. While the kernel does the whole
 * device in one write the counts come from the blocks' uevents and the call is made from a thread
 * of the library's own, never from two at once.
 */
typedef void (*daxhp_progress_fn)(const struct daxhp_step *step, size_t done, size_t total,
				  void *data);

/* What daxhp_apply() is waiting for, although it is to stop. */
struct daxhp_wait {
	double seconds; /* since daxhp_request_cancel(), or since the signal arrived */
	bool undoing;	/* it has stopped, and what was done is being undone */
	/*
	 * Of the thread that called daxhp_apply(): the letter of its state in /proc/PID/stat, which is
	 * 'D' where the kernel waits for what no signal ends, and '?' where it cannot be seen; and the
	 * kernel's function that it sleeps in, empty where it does not or that cannot be seen.
	 */
	char state;
	char where[64];
	int64_t block; /* the memory block that is going offline, or -1 */
};

/*
 * Told when daxhp_apply() has not returned two seconds after daxhp_request_cancel(), and once a
 * minute from then on. Told as well when SIGINT, SIGTERM, SIGHUP or the signal of
 * daxhp_request_set_cancel_signal() has been pending for that long: where the kernel waits for
 * what no signal ends, no handler runs that could call daxhp_request_cancel(). The call is made
 * from a thread of the library's own, while the one that called daxhp_apply() is at work; @wait is
 * good until the function returns.
 */
typedef void (*daxhp_waiting_fn)(const struct daxhp_wait *wait, void *data);

/* What is wanted, and how. */
struct daxhp_request;

/* Nothing is set: the memory is to be online in whichever zone. Errors: -ENOMEM. */
int daxhp_request_new(struct daxhp_request **ret_request);
/*
 * Its sessions have ended. What is set may be changed while no call works with it, and holds for the
 * next call; the goal is read by daxhp_begin().
 */
struct daxhp_request *daxhp_request_free(struct daxhp_request *request);

/*
 * The goal. In DAXHP_MODE_SYSTEM_RAM the state is one of
 *   DAXHP_ONLINE           in whichever zone
 *   DAXHP_ONLINE_KERNEL    in zones for kernel memory
 *   DAXHP_ONLINE_MOVABLE   in ZONE_MOVABLE
 *   DAXHP_UNPLUGGED        no memory block present; nothing may be moved or rebound
 *   DAXHP_OFFLINE          bound to kmem, nothing online: `unplugged` where there is an attribute,
 *                          else `offline`. It may be moved and rebound.
 * In DAXHP_MODE_DEVDAX there is no state (DAXHP_STATE_NONE), and it may be moved and rebound. In
 * DAXHP_MODE_UNBOUND the state is DAXHP_UNPLUGGED, and no driver is left on the device; if it may be
 * rebound, it may be in devdax mode before.
 * daxhp_begin() fails with -EINVAL where these do not go together.
 */
void daxhp_request_set_mode(struct daxhp_request *request, enum daxhp_mode mode);
void daxhp_request_set_state(struct daxhp_request *request, enum daxhp_state state);
/* A device that is online in another zone, or in part, may be taken down and brought there. */
void daxhp_request_set_may_move(struct daxhp_request *request, bool may_move);
/* A device in devdax mode may be made system RAM, and the other way. */
void daxhp_request_set_may_rebind(struct daxhp_request *request, bool may_rebind);
/* Only look: nothing is locked, recovered or changed. daxhp_apply() fails where there are steps. */
void daxhp_request_set_dry_run(struct daxhp_request *request, bool dry_run);
/*
 * Leave out the checks for what others would suffer: processes that use the device, room for the
 * memory map, and room elsewhere for what is in the device's memory. They are not in the plan then.
 * The checks that keep memory from being wedged cannot be left out.
 */
void daxhp_request_set_force(struct daxhp_request *request, bool force);
/*
 * How often to try again to take memory offline that the kernel calls busy (EBUSY, EAGAIN), with
 * growing pauses. Nothing else is tried twice. Without this call: not at all.
 */
void daxhp_request_set_retries(struct daxhp_request *request, unsigned int retries);
/* How long daxhp_begin() waits for another process that works on the device. Without this call: 0. */
void daxhp_request_set_wait(struct daxhp_request *request, unsigned int seconds);
void daxhp_request_set_progress_fn(struct daxhp_request *request, daxhp_progress_fn fn, void *data);
void daxhp_request_set_waiting_fn(struct daxhp_request *request, daxhp_waiting_fn fn, void *data);
/*
 * Make the call that is at work with this request stop and undo what it did, and all later ones
 * fail at their start. It stays cancelled: whoever begins something else makes another request. So a
 * cancel is never lost, whenever it comes, and never meets what it was not meant for.
 * May be called from any thread and from a signal handler.
 * A write that keeps the kernel busy is left only when a signal arrives in the thread that is at
 * work. Name one with daxhp_request_set_cancel_signal(), and the library sends it. Where the kernel
 * waits for I/O on a page, no signal ends the wait, see daxhp_request_set_waiting_fn().
 */
void daxhp_request_cancel(struct daxhp_request *request);
bool daxhp_request_is_cancelled(const struct daxhp_request *request);
/*
 * After daxhp_request_cancel() the library sends @signal to the thread that called daxhp_apply(),
 * daxhp_begin() or daxhp_recover(), ten times a second, until it has stopped to change something.
 * There must be a handler for the signal, which need not do anything, and that thread must not block
 * it. Without this call, or with 0, nothing is sent: then the caller sends SIGINT, SIGTERM or SIGHUP
 * to that thread, again and again until the call returns, for one that arrives just before a write is
 * lost.
 * Other signals do not end the call: what they interrupt is begun anew. From then on to the end
 * of the step the thread takes no signals but SIGINT, SIGTERM, SIGHUP, SIGTSTP and @signal.
 */
void daxhp_request_set_cancel_signal(struct daxhp_request *request, int signal);

/* ---- recovery ---- */

/*
 * A process that is killed in the middle of daxhp_apply() leaves something changed. It has written
 * down in /run/daxhp/ how that was. The next one puts it right: daxhp_begin() for its device and the
 * machine's two words, daxhp_recover() for all there is.
 */
enum daxhp_recovered_kind {
	DAXHP_RECOVERED_POLICY = 0,    /* /sys/devices/system/memory/auto_online_blocks */
	DAXHP_RECOVERED_AUTOPROBE = 1, /* /sys/bus/dax/drivers_autoprobe */
	DAXHP_RECOVERED_DEVICE = 2,    /* a device that was left half reconfigured */
};

enum daxhp_recovered_outcome {
	DAXHP_RECOVERED_FOUND = 0,    /* only looked for */
	DAXHP_RECOVERED_RESTORED = 1, /* it is as it was before */
	/* not left by a dead process: somebody else wrote another word while this one was at work */
	DAXHP_RECOVERED_KEPT = 2,
	/* the device is neither as it was nor at its goal, because it was DAXHP_INCONSISTENT before or
	 * somebody has changed it since; it was left as it is, and is not found any more */
	DAXHP_RECOVERED_LEFT = 3,
	DAXHP_RECOVERED_FAILED = 4, /* see the failure; the next one tries again */
};

/* A list of such things. */
struct daxhp_recovery;
struct daxhp_recovered;

/*
 * Put right what dead processes left of the machine's words and of all devices that nobody is at work
 * on, with the checks of daxhp_apply(); forget what they left of devices that are no more. With a
 * request for a dry run: only find it. The request's goal, force and wait do not matter. Needs no
 * session, and should come before the first one. Returns 0, or -ENOMEM. What could not be put
 * right is in the list, with its failure. Free it with daxhp_recovery_free().
 */
int daxhp_recover(struct daxhp_ctx *ctx, struct daxhp_request *request,
		  struct daxhp_recovery **ret_recovery);
struct daxhp_recovery *daxhp_recovery_free(struct daxhp_recovery *recovery);
size_t daxhp_recovery_count(const struct daxhp_recovery *recovery);
/* NULL when there are not as many. It belongs to the list. */
const struct daxhp_recovered *daxhp_recovery_get(const struct daxhp_recovery *recovery, size_t i);
enum daxhp_recovered_kind daxhp_recovered_get_kind(const struct daxhp_recovered *recovered);
enum daxhp_recovered_outcome daxhp_recovered_get_outcome(const struct daxhp_recovered *recovered);
/* Of the device, or of the file in sysfs: "dax0.0", "auto_online_blocks". */
const char *daxhp_recovered_get_name(const struct daxhp_recovered *recovered);
/*
 * How it was: the file's word, the device's state, or its mode where it had no state. NULL: not
 * known.
 */
const char *daxhp_recovered_get_before(const struct daxhp_recovered *recovered);
/* How it was found: the file's word; of a device how it is now. NULL: not known. */
const char *daxhp_recovered_get_found(const struct daxhp_recovered *recovered);
/* Of a device: its mode and state before. */
enum daxhp_mode daxhp_recovered_get_mode(const struct daxhp_recovered *recovered);
enum daxhp_state daxhp_recovered_get_state(const struct daxhp_recovered *recovered);
/* Of the dead process; 0 when not known. */
int daxhp_recovered_get_pid(const struct daxhp_recovered *recovered);
/* NULL unless it is DAXHP_RECOVERED_FAILED. */
const struct daxhp_failure *daxhp_recovered_get_failure(const struct daxhp_recovered *recovered);

/* ---- session ---- */

struct daxhp_session;

/*
 * Lock @device, put right what a dead process left, and look at it. Until the session ends this
 * process is the only one that works on the device through this library. The lock goes with the
 * process, and a child that it forks does not have it. Needs to be able to write to /run/daxhp/.
 * Returns 0, or a negative errno. Also on failure there is a session, to be asked for the failure
 * and to be ended; only when there is no memory for one (-ENOMEM) it is NULL.
 */
int daxhp_begin(struct daxhp_device *device, struct daxhp_request *request,
		struct daxhp_session **ret_session);
/* Why it did not begin; NULL when it did. */
const struct daxhp_failure *daxhp_session_get_failure(const struct daxhp_session *session);
/* How the device was when it began; NULL when it did not. */
struct daxhp_observation *daxhp_session_get_before(const struct daxhp_session *session);
/* What has been put right so far, and what others wrote to the machine's words. Never NULL. */
const struct daxhp_recovery *daxhp_session_get_recovery(const struct daxhp_session *session);
/*
 * The steps from how the device is to the request's goal. Pure: reads nothing, changes nothing. A
 * plan without steps and without a refusal means that the goal is reached already.
 * Errors: -ENOMEM; the failure's when the session did not begin. Free it with daxhp_plan_free().
 */
int daxhp_plan(struct daxhp_session *session, struct daxhp_plan **ret_plan);
/*
 * Carry out the session's @plan, then look at the device again. Success means that the look says so. On
 * failure what was done is undone, and the device looked at once more.
 * Returns 0, or a negative errno: the result is there in both cases. Only when there is no memory
 * for one (-ENOMEM) it is NULL, and nothing was changed.
 * A refused plan fails with the refusal's errno and changes nothing. While something is undone, the
 * calling thread takes no signals but SIGINT, SIGTERM, SIGHUP and SIGTSTP, and none of them ends the
 * undo; an undo that a timer interrupts again and again would not end. While the machine's policy is
 * changed, and while a module is loaded, it does not take SIGTSTP, SIGTTIN and SIGTTOU. Afterwards
 * the signals that it takes are what they were.
 * Free the result with daxhp_result_free().
 */
int daxhp_apply(struct daxhp_session *session, struct daxhp_plan *plan,
		struct daxhp_result **ret_result);
/* Let go of the device early. What the session, its plan and its result know can still be read. */
void daxhp_session_unlock(struct daxhp_session *session);
/* Unlock the device and free the session. Before the context goes. */
struct daxhp_session *daxhp_end(struct daxhp_session *session);

#ifdef __cplusplus
}
#endif

#endif
