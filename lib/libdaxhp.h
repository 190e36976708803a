/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libdaxhp - move a whole dax device's memory between "unplugged" and "online"
 *
 * Load the devices, set the goal in a request, begin a session on a device, plan, apply, end the
 * session. libdaxhp(3) has a whole program.
 *
 * Conventions. A call that can fail returns 0 or a negative errno. On failure it writes nothing
 * through its ret_ parameters; daxhp_begin() and daxhp_apply() do, see there. What a getter returns
 * belongs to the getter's object, and lives as long as the object. A list is asked for item by
 * item: its getter returns the one with the number @i, from 0 on, and NULL after the last one.
 * Destructors take NULL and return NULL. The library prints nothing; a log function gets its
 * messages. One thread at a time may use a context and the objects made from it, but
 * daxhp_request_cancel() is for all.
 *
 * A struct whose fields are here can get more fields at its end in a later version, and an enum more
 * values. So all these structs belong to the library. A program uses the library's pointers to
 * them: it declares none, copies none, and needs the size of none.
 *
 * While daxhp_apply() or daxhp_recover() works, the library may raise the soft limit of open files
 * (RLIMIT_NOFILE) of the process, up to the hard limit: it opens a file for each memory block. It
 * sets the limit back before it returns. It changes no other state of the process, except which
 * signals the calling thread takes meanwhile, see daxhp_apply().
 *
 * Sizes and addresses are in bytes, times in seconds. A memory block is named by the number N of
 * its directory /sys/devices/system/memory/memoryN; it spans [N * size, (N + 1) * size).
 *
 * The kernel's documentation of the files that the library uses:
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

/* The state of a device's memory. 1 to 5 are the kernel's words. */
enum daxhp_state {
	DAXHP_STATE_NONE = 0,	  /* bound to a driver other than kmem, or not known */
	DAXHP_UNPLUGGED = 1,	  /* no memory block of the device is present */
	DAXHP_OFFLINE = 2,	  /* all are present, none is online */
	DAXHP_ONLINE = 3,	  /* all are online, all in zones for kernel memory */
	DAXHP_ONLINE_KERNEL = 4,  /* the same, and the attribute's word is online_kernel */
	DAXHP_ONLINE_MOVABLE = 5, /* all are online, all in ZONE_MOVABLE */
	DAXHP_INCONSISTENT = 6,	  /* anything else, or the attribute's word is not true */
};

/* The kernel's files through which the library changes the device's memory. */
enum daxhp_interface {
	DAXHP_INTERFACE_NONE = 0,	   /* not bound to kmem */
	DAXHP_INTERFACE_STATE = 1,	   /* daxX.Y/state, Linux 7.3 and later */
	DAXHP_INTERFACE_HOTPLUG = 2,	   /* daxX.Y/hotplug, its name in the posted patches */
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

/* The words, as the kernel and the JSON of daxhp(8) write them; NULL if the value has no word. */
const char *daxhp_state_name(enum daxhp_state state);
const char *daxhp_interface_name(enum daxhp_interface interface);
const char *daxhp_mode_name(enum daxhp_mode mode);
const char *daxhp_zone_name(enum daxhp_zone zone);

/* ---- context ---- */

struct daxhp_ctx;

/*
 * @priority is one of syslog(3)'s; the library logs at LOG_DEBUG only. While daxhp_apply() works,
 * the library's own threads call the function, too, and several threads may call it at once.
 */
typedef void (*daxhp_log_fn)(struct daxhp_ctx *ctx, int priority, const char *file, int line,
			     const char *fn, const char *format, va_list args, void *data);

/* Errors: -ENOMEM. Free it with daxhp_unref(), after all objects made from it. */
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
 * is read once. A program that wants a new list makes another context.
 * Returns the number of devices that are missing in the list, 0 if it is complete: libdaxctl leaves
 * out a device that has no node in /dev, or whose size cannot be read. Errors: -ENOMEM, and the
 * errors of opening /sys/bus/dax/devices. Then no device is listed, and the next call tries again.
 */
int daxhp_load_devices(struct daxhp_ctx *ctx);
/*
 * The devices, sorted by region and number. The first call lists them. NULL at the end, and also
 * when they cannot be listed: then daxhp_load_devices() returns an error.
 */
struct daxhp_device *daxhp_device_get_first(struct daxhp_ctx *ctx);
struct daxhp_device *daxhp_device_get_next(struct daxhp_device *device);
/* The listed device of that name. Errors: -ENODEV, and those of daxhp_load_devices(). */
int daxhp_device_from_name(struct daxhp_ctx *ctx, const char *name,
			   struct daxhp_device **ret_device);
#define daxhp_device_foreach(ctx, device) \
	for (device = daxhp_device_get_first(ctx); device; device = daxhp_device_get_next(device))

/* Has @name the form of a dax device's name? The device need not exist. */
bool daxhp_device_name_is_valid(const char *name);

const char *daxhp_device_get_name(const struct daxhp_device *device);
int daxhp_device_get_region_id(const struct daxhp_device *device);
/* The device that has the region: "dax0.0" on an NVDIMM, "hmem.0" on soft-reserved memory. */
const char *daxhp_device_get_region_name(const struct daxhp_device *device);
/* Errors of these four: -EACCES: the user may not read it; -ENOENT: the kernel does not have it;
 * -EBADMSG: the kernel's file does not have a value of this kind. */
int daxhp_device_get_size(const struct daxhp_device *device, uint64_t *ret_bytes);
int daxhp_device_get_align(const struct daxhp_device *device, uint64_t *ret_bytes);
/* -1 is an answer: the firmware gave the device no node. */
int daxhp_device_get_target_node(const struct daxhp_device *device, int *ret_node);
/* 0 when the ranges below were read; else there are none. */
int daxhp_device_get_ranges_error(const struct daxhp_device *device);
/*
 * In the kernel's order, which need not be the order of the addresses. Valid until the next
 * daxhp_device_refresh(), daxhp_begin() or daxhp_recover(): these read the ranges again.
 */
const struct daxhp_range *daxhp_device_get_range(const struct daxhp_device *device, size_t i);

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
/* The cards, in the order in which they are interleaved. */
const struct daxhp_memdev *daxhp_device_get_memdev(const struct daxhp_device *device, size_t i);
/* Of persistent memory: "namespace0.0", and the namespace's uuid; else NULL. */
const char *daxhp_device_get_namespace(const struct daxhp_device *device);
const char *daxhp_device_get_uuid(const struct daxhp_device *device);
/*
 * The place of the memory, which is the same after a reboot: of CXL memory the slots of its cards and the
 * address on them, else the address in the machine. NULL when it is not known: it is root's to read.
 */
const char *daxhp_device_get_path(const struct daxhp_device *device);

/* The machine's CXL cards and regions, by name. */
struct daxhp_cxl;
struct daxhp_card;
struct daxhp_cxl_region;

int daxhp_cxl_new(struct daxhp_ctx *ctx, struct daxhp_cxl **ret_cxl);
/* Returns NULL. NULL is fine. */
struct daxhp_cxl *daxhp_cxl_free(struct daxhp_cxl *cxl);
size_t daxhp_cxl_count_cards(const struct daxhp_cxl *cxl);
/* Both belong to @cxl. */
const struct daxhp_card *daxhp_cxl_get_card(const struct daxhp_cxl *cxl, size_t i);
const struct daxhp_cxl_region *daxhp_cxl_get_region(const struct daxhp_cxl *cxl, size_t i);

const struct daxhp_memdev *daxhp_card_get_memdev(const struct daxhp_card *card);
/* Its name in /sys/bus/pci/slots; NULL when it has none. */
const char *daxhp_card_get_slot(const struct daxhp_card *card);

const char *daxhp_cxl_region_get_name(const struct daxhp_cxl_region *region);
/* The root decoder that it is in; NULL when not known. */
const char *daxhp_cxl_region_get_decoder(const struct daxhp_cxl_region *region);
/* UINT64_MAX when not known. */
uint64_t daxhp_cxl_region_get_start(const struct daxhp_cxl_region *region);
/* 0 when not known. */
uint64_t daxhp_cxl_region_get_size(const struct daxhp_cxl_region *region);
/* Where it begins on its first card; UINT64_MAX when not known. */
uint64_t daxhp_cxl_region_get_dpa(const struct daxhp_cxl_region *region);
/* Its cards, in the order in which they are interleaved. */
const struct daxhp_memdev *daxhp_cxl_region_get_memdev(const struct daxhp_cxl_region *region,
						       size_t i);
/* Has no driver made dax devices of it? Then dax_cxl is not loaded. */
bool daxhp_cxl_region_is_idle(const struct daxhp_cxl_region *region);
/* Has it persistent memory? Then namespaces may be in use in it. */
bool daxhp_cxl_region_is_pmem(const struct daxhp_cxl_region *region);
/* Has cxl-cli not disabled it? */
bool daxhp_cxl_region_is_enabled(const struct daxhp_cxl_region *region);

/* Memory that kmem has added and that belongs to no dax device. It stays until a reboot. */
struct daxhp_orphan {
	uint64_t start, size;
	uint64_t block_size;
	int node; /* -1 when not known */
	size_t n_blocks, n_online, n_movable;
};
/* What there is of it, by address. */
struct daxhp_orphans;
/*
 * Errors: -EACCES: only root may see addresses; -ENOMEM; others: it cannot be seen. Free it with
 * daxhp_orphans_free().
 */
int daxhp_find_orphans(struct daxhp_ctx *ctx, struct daxhp_orphans **ret_orphans);
struct daxhp_orphans *daxhp_orphans_free(struct daxhp_orphans *orphans);
size_t daxhp_orphans_count(const struct daxhp_orphans *orphans);
const struct daxhp_orphan *daxhp_orphans_get(const struct daxhp_orphans *orphans, size_t i);

/*
 * Read the device's size, alignment, node and ranges again: another program can change them while
 * the device is unbound.
 * Errors: -ENODEV when it is gone, and the errors of opening its directory. Then its values stay.
 */
int daxhp_device_refresh(struct daxhp_device *device);

/* A process that works on a device through this library. */
struct daxhp_worker {
	int pid;
	char comm[64]; /* as in /proc/PID/comm; "?" when it was gone already */
	bool stopped;  /* by SIGSTOP or Ctrl-Z */
};

/*
 * Is another process at work on @device? Then a look at the device may find it halfway. 1: it is; 0: none
 * is, or none that /proc shows. Errors: -ENODEV when the device is gone; -EACCES, -ENOENT and others: it
 * cannot be seen. It disturbs nobody, and needs no rights. The worker is valid until this is
 * asked again of the device.
 */
int daxhp_device_find_worker(struct daxhp_device *device, const struct daxhp_worker **ret_worker);

enum daxhp_last_result {
	DAXHP_LAST_DONE = 0,   /* the device was at the goal */
	DAXHP_LAST_UNDONE = 1, /* it failed, and the device was as before */
	DAXHP_LAST_STUCK = 2,  /* it failed, and so did the undo */
};
/* "done", "undone", "stuck". */
const char *daxhp_last_result_name(enum daxhp_last_result result);

/* The last plan with steps that this library applied to the device, by whichever process. */
struct daxhp_last {
	double time; /* when it came to its end: seconds since the beginning of 1970 */
	enum daxhp_last_result result;
};
/*
 * Read it. 1 with it; 0: there was none since the boot. Errors: -EACCES: only root may see it; others: it
 * cannot be read. It is valid until it is read again for the device.
 */
int daxhp_device_read_last(struct daxhp_device *device, const struct daxhp_last **ret_last);

/* ---- observation ---- */

struct daxhp_observation;

/*
 * One look at a device: its driver, the attribute's word, the state and zone of each of its
 * memory blocks. Values that the user may not read are left out, see the getters.
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
 * 0 when the blocks below were seen. -EACCES: only root may read the ranges. -ENOTSUP: the kernel
 * has no memory hotplug. -EOVERFLOW: the ranges make no sense. Others: a block could not be read.
 */
int daxhp_observation_get_blocks_error(const struct daxhp_observation *observation);
/* The file that could not be read, relative to its directory; NULL when there was no error. */
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
 * Number, state and zone of the @i-th block, from 0 on, ascending. The zone is DAXHP_ZONE_UNKNOWN
 * unless the block is online. Any of the pointers may be NULL. -ERANGE: there is no such block.
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

/* ---- monitor ---- */

/*
 * The changes of the machine's dax devices, whoever makes them. A state is reported once the device has
 * settled: no process has it locked (see daxhp_device_find_worker()), and the kernel has sent no event of it
 * for a tenth of a second; if it is inconsistent or wedged, for a second. A state that does not last so long
 * may be left out. A thousand blocks that go online are one change.
 */
struct daxhp_monitor;
struct daxhp_change;

enum daxhp_change_kind {
	DAXHP_CHANGE_FOUND = 0,	   /* the device was there when the monitor began */
	DAXHP_CHANGE_APPEARED = 1, /* it is new */
	DAXHP_CHANGE_STATE = 2,	   /* its mode or state is another one */
	DAXHP_CHANGE_GONE = 3,	   /* it is no longer there */
};
/* "found", "appeared", "changed", "gone". */
const char *daxhp_change_kind_name(enum daxhp_change_kind kind);

/*
 * Begin. The monitor takes over @ctx's log function, and does not use its devices. Errors: -ENOMEM, those of
 * listening to the kernel's events, and those of daxhp_load_devices(). Free it with daxhp_monitor_free().
 */
int daxhp_monitor_new(struct daxhp_ctx *ctx, struct daxhp_monitor **ret_monitor);
struct daxhp_monitor *daxhp_monitor_free(struct daxhp_monitor *monitor);
/* To poll for POLLIN: then call daxhp_monitor_read(). It is ready at once. It belongs to the monitor. */
int daxhp_monitor_get_fd(const struct daxhp_monitor *monitor);
/*
 * 1 with the next change, which is valid until the next call; 0: there is none now. It does not wait. Call it
 * until it returns 0, and then poll. All devices come first, as DAXHP_CHANGE_FOUND.
 * When the kernel had to drop events, the monitor looks at all devices again, so no change is lost but those
 * that have been undone meanwhile.
 * Errors: -ENOMEM, and those of daxhp_load_devices(). The monitor goes on with the next call.
 */
int daxhp_monitor_read(struct daxhp_monitor *monitor, const struct daxhp_change **ret_change);
/* Have all devices that were found been reported? Then the machine is as the changes say. */
bool daxhp_monitor_is_complete(const struct daxhp_monitor *monitor);

enum daxhp_change_kind daxhp_change_get_kind(const struct daxhp_change *change);
/* Valid as long as the change, even if the device is gone. */
struct daxhp_device *daxhp_change_get_device(const struct daxhp_change *change);
/* The last look that was reported, unless a process was at work then; NULL when there is none. */
struct daxhp_observation *daxhp_change_get_before(const struct daxhp_change *change);
/* The look now; NULL when the device is gone. */
struct daxhp_observation *daxhp_change_get_after(const struct daxhp_change *change);
/* The process that had the device locked meanwhile, the last one if there were several. NULL: none is known. */
const struct daxhp_worker *daxhp_change_get_worker(const struct daxhp_change *change);
/*
 * Is that process still at work? Then the look may have found the device halfway. Only of a device that was
 * found or has appeared; once it has settled there is another change.
 */
bool daxhp_change_is_busy(const struct daxhp_change *change);
/* When it was: seconds since the beginning of 1970. */
double daxhp_change_get_time(const struct daxhp_change *change);

/* ---- what is in the way ---- */

/* What keeps memory from going offline. The numbers never change. */
enum daxhp_obstacle_kind {
	DAXHP_OBSTACLE_NONE = 0,
	DAXHP_OBSTACLE_UNKNOWN = 1,	   /* something; what it is cannot be told */
	DAXHP_OBSTACLE_KERNEL_MEMORY = 2,  /* slab, or memory that the kernel has reserved */
	DAXHP_OBSTACLE_PAGE_TABLES = 3,	   /* of programs */
	DAXHP_OBSTACLE_KERNEL_BUFFERS = 4, /* of pipes and sockets, stacks and the like */
	DAXHP_OBSTACLE_NO_ROOM = 5,	   /* its pages do not fit elsewhere */
	DAXHP_OBSTACLE_CPUSET = 6,     /* this process may use memory of the device's node only */
	DAXHP_OBSTACLE_HUGE_PAGES = 7, /* no huge page elsewhere, and no memory in one piece */
	DAXHP_OBSTACLE_HUGE_RESERVED = 8, /* huge pages that are free, but promised */
	DAXHP_OBSTACLE_GIGANTIC_PAGES =
		9,		       /* huge pages that are too large for the kernel to make */
	DAXHP_OBSTACLE_PINNED = 10,    /* pages that a device may read or write (O_DIRECT) */
	DAXHP_OBSTACLE_HELD = 11,      /* a pipe, a socket or I/O holds pages of a program */
	DAXHP_OBSTACLE_FILE_HELD = 12, /* the same, pages of a file's cache */
	DAXHP_OBSTACLE_IO = 13,	       /* a page that is locked for I/O */
	DAXHP_OBSTACLE_DRIVER = 14,    /* a driver of the kernel refused */
	DAXHP_OBSTACLE_BUSY = 15,      /* pages were busy for a moment */
	DAXHP_OBSTACLE_POISONED = 16,  /* pages that have failed. It does not keep memory online */
};

/* Where it was seen. */
enum daxhp_evidence {
	DAXHP_EVIDENCE_NONE = 0,
	DAXHP_EVIDENCE_ESTIMATE = 1,   /* the figures of zones, swap and huge pages */
	DAXHP_EVIDENCE_PAGE_FLAGS = 2, /* /proc/kpageflags */
	DAXHP_EVIDENCE_KERNEL_LOG = 3,
	DAXHP_EVIDENCE_PROCESS = 4, /* /proc/self */
};

struct daxhp_obstacle {
	enum daxhp_obstacle_kind kind;
	enum daxhp_evidence evidence;
	bool is_certain;	/* else it is likely */
	int64_t block;		/* the memory block, or -1: not one alone, or not known */
	int64_t pfn;		/* one of its pages, or -1 */
	uint64_t pages;		/* how many pages of @page_size; 0: not known */
	uint64_t page_size;	/* bytes */
	uint64_t to_move, free; /* bytes, for DAXHP_OBSTACLE_NO_ROOM; both 0: not known */
	int node;		/* the device's, or -1 */
	int errnum;		/* positive, of DAXHP_OBSTACLE_DRIVER; else 0 */
	int pid;		/* a process that has the page; 0: none, or not known */
	char comm[64];
	/* As the kernel's log names them: what is not printable ASCII is \xNN. Empty: not known. */
	char file[128], filesystem[32];
	char nodes[64]; /* "node 0", "nodes 0 and 2": where it would have to go */
};

/* "kernel-memory", "no-room"; "page-flags": never changed. NULL for the NONE ones. */
const char *daxhp_obstacle_kind_name(enum daxhp_obstacle_kind kind);
const char *daxhp_evidence_name(enum daxhp_evidence evidence);
/*
 * In English: what it is ("8 huge pages of 2 MiB are reserved, and none is spare elsewhere"), and what to
 * do ("Raise nr_hugepages on node 0, or end the program that reserved them."). The first one says
 * "likely" where it is not certain. Both write @size bytes at most, and return the length of the
 * whole text, as snprintf() does.
 */
size_t daxhp_obstacle_describe(const struct daxhp_obstacle *obstacle, char *buf, size_t size);
size_t daxhp_obstacle_advise(const struct daxhp_obstacle *obstacle, char *buf, size_t size);

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
	DAXHP_REFUSED_OTHER_ZONE = 4,	  /* it is online in another zone than the goal's */
	DAXHP_REFUSED_MISSING_BLOCKS = 5, /* some blocks are present, some are not */
	DAXHP_REFUSED_WEDGED = 6,
	DAXHP_REFUSED_NO_TARGET_NODE = 7,
	DAXHP_REFUSED_NO_ROOM = 8, /* not enough memory for the memory map */
	DAXHP_REFUSED_NO_ROOM_ELSEWHERE =
		9, /* the used memory does not fit elsewhere, see the plan's room */
	DAXHP_REFUSED_TOO_SMALL = 10, /* none of its ranges holds a whole memory block */
	DAXHP_REFUSED_NO_PERMISSION = 11,
	DAXHP_REFUSED_NO_HOTPLUG = 12,	 /* kernel without memory hotplug */
	DAXHP_REFUSED_NO_HOTREMOVE = 13, /* kernel without memory hot-remove */
	DAXHP_REFUSED_UNREADABLE = 14,	 /* the ranges or the blocks could not be read */
	/* failures: something was tried, see daxhp_result_get_undone() */
	DAXHP_FAILED_WRITE = 32, /* the kernel refused a word in a file */
	DAXHP_FAILED_READ = 33,	 /* a file could not be read */
	/* the device could not be locked; ENOLCK: this process does not have the lock */
	DAXHP_FAILED_NOT_LOCKED = 34,
	/* the machine's policy could not be locked; EWOULDBLOCK: another daxhp has the lock */
	DAXHP_FAILED_POLICY_LOCK = 35,
	DAXHP_FAILED_JOURNAL = 36, /* the entry in /run/daxhp/ cannot be written */
	DAXHP_FAILED_IN_USE = 37,  /* a process has the device open or mapped, see the rivals */
	/* it cannot be seen whether a process has the device open or mapped, see the file */
	DAXHP_FAILED_USE_UNSEEN = 38,
	/* another program keeps a block's file open for writing, see the rivals */
	DAXHP_FAILED_HELD = 39,
	/* it cannot be seen whether a program has a block's file open, see the file; EPERM:
	 * CAP_SYS_PTRACE is missing; EXDEV: /proc shows a PID namespace only, or the file leads to
	 * a sysfs that cannot be reached */
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
	DAXHP_FAILED_NOT_SO = 50,	  /* no step failed, but the device is not at the goal */
	DAXHP_FAILED_OBSERVE = 51,	  /* the device could not be looked at */
	DAXHP_FAILED_CANCELLED = 52,	  /* daxhp_request_cancel() was called */
	DAXHP_FAILED_AT_WORK = 53,	  /* another process works on the device, see the pid */
	DAXHP_FAILED_REQUEST = 54,	  /* the request contradicts itself */
	DAXHP_FAILED_RECOVERY = 55,	  /* a change of a killed process could not be undone */
	DAXHP_FAILED_DEVICE_GONE = 56,	  /* the device went away meanwhile */
	DAXHP_FAILED_STUCK = 57, /* the same pages kept failing, see daxhp_request_set_patience() */
};

/* "write-refused", "in-use": never changed. NULL for DAXHP_FAILURE_NONE and for an unknown kind. */
const char *daxhp_failure_kind_name(enum daxhp_failure_kind kind);

/* It belongs to the object whose getter returned it. */
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
/* The file, the word that was written to it, and the driver; NULL if the failure has none. */
const char *daxhp_failure_get_file(const struct daxhp_failure *failure);
const char *daxhp_failure_get_word(const struct daxhp_failure *failure);
const char *daxhp_failure_get_driver(const struct daxhp_failure *failure);
/* The memory block, also the one that a cancel found on its way; or -1. */
int64_t daxhp_failure_get_block(const struct daxhp_failure *failure);
/* The process that works on the device; 0 when not known: it may have another /run. */
int daxhp_failure_get_pid(const struct daxhp_failure *failure);
/* What was in the way; NULL when that is not known, or was not asked. */
const struct daxhp_obstacle *daxhp_failure_get_obstacle(const struct daxhp_failure *failure);
/* Was that process stopped, by SIGSTOP or Ctrl-Z? Then it is no use to wait for it. */
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
	/* as GUARD, for blocks that the step before has added; and take offline those that others have
	 * set online meanwhile, in a zone that does not fit the step's word */
	DAXHP_STEP_CLAIM = 10,
};

/* It belongs to the caller, and may outlive its session. */
struct daxhp_plan *daxhp_plan_free(struct daxhp_plan *plan);
/* Why the plan is refused, a DAXHP_REFUSED_...; else NULL. A refused plan has no steps. */
const struct daxhp_failure *daxhp_plan_get_refusal(const struct daxhp_plan *plan);
/*
 * Does the device's used memory fit elsewhere, when the plan takes it offline? The kernel moves the
 * pages to other nodes, and to the device's own node only when no other has memory. When there is
 * no room, the kernel goes on trying, and its OOM killer kills processes. The verdict is an
 * estimate from the figures at the time of the observation.
 */
enum daxhp_verdict {
	DAXHP_VERDICT_YES = 0,	  /* it fits into free memory, above the high watermarks */
	DAXHP_VERDICT_LIKELY = 1, /* it fits into free memory and clean cache that can be dropped */
	DAXHP_VERDICT_MAYBE = 2,  /* it fits only with swap, or it is not known whether it fits */
	/* it does not fit: the plan is refused, unless daxhp_request_set_force() is on */
	DAXHP_VERDICT_NO = 3,
};

/* "yes", "likely", "maybe", "no". */
const char *daxhp_verdict_name(enum daxhp_verdict verdict);

/* Sizes are in bytes. */
struct daxhp_room {
	enum daxhp_verdict verdict;
	int error;	      /* negative: none of the figures below is known */
	const char *file;     /* the file that could not be read, or NULL */
	uint64_t to_move;     /* in use in the device's memory, at most */
	uint64_t free;	      /* free on the nodes below, above the low watermarks */
	uint64_t reclaimable; /* clean cache, there now or once it has moved there */
	uint64_t swap;	      /* swap that can take it: seven eighths of the free swap at most */
	uint64_t missing;     /* by how much to_move exceeds the three together */
	uint64_t huge_missing, huge_size; /* huge pages that have nowhere to go, and their size */
	const int *nodes;		  /* the nodes it can go to, ascending */
	size_t n_nodes;
	bool is_alone; /* only the device's own node has memory: then swap does not help */
};

/*
 * The figures and the verdict in English: "36 MiB to move, 3717 MiB free on node 0: it fits".
 * Writes @size bytes at most, and returns the length of the whole text, as snprintf() does.
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
/* How long the step took, also if it failed; negative if it was not run. */
double daxhp_step_get_seconds(const struct daxhp_step *step);

/* ---- result ---- */

struct daxhp_result;

struct daxhp_result *daxhp_result_free(struct daxhp_result *result);
/* Did a step change something that was not undone? */
bool daxhp_result_get_changed(const struct daxhp_result *result);
double daxhp_result_get_seconds(const struct daxhp_result *result);
/* The observation after the plan; NULL if the device could not be looked at. */
const struct daxhp_observation *daxhp_result_get_after(const struct daxhp_result *result);
/* NULL when all went well. */
const struct daxhp_failure *daxhp_result_get_failure(const struct daxhp_result *result);
/* After a failure: is everything as it was before? Also true when nothing had been changed. */
bool daxhp_result_get_undone(const struct daxhp_result *result);
/* The memory blocks that are not as they were before; ascending. */
size_t daxhp_result_get_stuck_blocks(const struct daxhp_result *result,
				     const uint64_t **ret_blocks);

/*
 * A program that tried to change the device's blocks while the plan ran, or that uses the device.
 */
struct daxhp_rival {
	int pid;
	char comm[64];	     /* as in /proc/PID/comm; "?" when it was gone already */
	unsigned int denied; /* how often it was denied; 0: it has had a file open from before */
};

/* The rivals that were met first, 32 at most. */
const struct daxhp_rival *daxhp_result_get_rival(const struct daxhp_result *result, size_t i);
/* How often a rival was met that is not in the list. */
unsigned long daxhp_result_count_left_out(const struct daxhp_result *result);
/*
 * 0, or a negative errno if rivals could not be denied: the kernel was built without
 * CONFIG_FANOTIFY_ACCESS_PERMISSIONS, or CAP_SYS_ADMIN is missing (-EPERM). The checks are made all
 * the same. But with -EPERM, a device whose memory is present is not unbound.
 */
int daxhp_result_get_guard_error(const struct daxhp_result *result);

/* ---- request ---- */

/*
 * Called while daxhp_apply() works: @done of @total memory blocks have the state that @step wants.
 * When the step has succeeded, it is called with @done == @total. While the kernel does the whole
 * device in one write, the library counts the blocks' uevents, and calls from a thread of its own.
 * Two threads never call at once.
 */
typedef void (*daxhp_progress_fn)(const struct daxhp_step *step, size_t done, size_t total,
				  void *data);

/* What daxhp_apply() waits for after it was told to stop. */
struct daxhp_wait {
	double seconds; /* since daxhp_request_cancel(), or since the signal arrived */
	bool undoing;	/* the plan has stopped, and its changes are being undone */
	/*
	 * The state of the thread that called daxhp_apply(), a letter of /proc/PID/stat: 'D' while
	 * the kernel is in a wait that no signal ends, '?' if it cannot be read.
	 */
	char state;
	/* The kernel's function in which that thread sleeps; empty if it does not, or not known. */
	char where[64];
	int64_t block; /* the memory block that is going offline, or -1 */
};

/*
 * Called when daxhp_apply() has not returned two seconds after daxhp_request_cancel(), and then
 * once a minute. Also called when SIGINT, SIGTERM, SIGHUP or the signal of
 * daxhp_request_set_cancel_signal() has been pending for that long: while the kernel is in a wait
 * that no signal ends, no handler runs that could call daxhp_request_cancel(). A thread of the
 * library makes the call, while the thread that called daxhp_apply() is at work. @wait is valid
 * until the function returns.
 */
typedef void (*daxhp_waiting_fn)(const struct daxhp_wait *wait, void *data);

/* The goal, and the settings. */
struct daxhp_request;

/* The goal of a new request is DAXHP_ONLINE, and nothing else is set. Errors: -ENOMEM. */
int daxhp_request_new(struct daxhp_request **ret_request);
/*
 * End its sessions first. A setting may be changed while no call works with the request, and holds
 * from the next call on; the goal holds from the next daxhp_begin() on.
 */
struct daxhp_request *daxhp_request_free(struct daxhp_request *request);

/*
 * The goal. In DAXHP_MODE_SYSTEM_RAM the state is one of
 *   DAXHP_ONLINE           in any zone; if no block is online, in the zone that the policy names
 *                          (`online_movable`, `online_kernel`), else in ZONE_MOVABLE
 *   DAXHP_ONLINE_KERNEL    in zones for kernel memory
 *   DAXHP_ONLINE_MOVABLE   in ZONE_MOVABLE
 *   DAXHP_UNPLUGGED        no memory block present; set neither may_move nor may_rebind
 *   DAXHP_OFFLINE          bound to kmem, no block online: `unplugged` if there is an attribute,
 *                          else `offline`; set both may_move and may_rebind
 * In DAXHP_MODE_DEVDAX the state is DAXHP_STATE_NONE; set both may_move and may_rebind.
 * In DAXHP_MODE_UNBOUND the state is DAXHP_UNPLUGGED, and no driver is left on the device. If it may be
 * rebound, it may be in devdax mode before.
 * daxhp_begin() fails with -EINVAL for any other goal.
 */
void daxhp_request_set_mode(struct daxhp_request *request, enum daxhp_mode mode);
void daxhp_request_set_state(struct daxhp_request *request, enum daxhp_state state);
/* A device that is online in another zone, or in part, may be moved: taken offline and back. */
void daxhp_request_set_may_move(struct daxhp_request *request, bool may_move);
/* A device may be taken from devdax mode to system RAM, or from system RAM to devdax mode. */
void daxhp_request_set_may_rebind(struct daxhp_request *request, bool may_rebind);
/* Only look: nothing is locked, recovered or changed. daxhp_apply() fails if the plan has steps. */
void daxhp_request_set_dry_run(struct daxhp_request *request, bool dry_run);
/*
 * Leave out the checks that protect other programs: does a process use the device, is there room
 * for the memory map, is there room elsewhere for the device's used memory? The plan then has none
 * of them. The checks that keep memory from being wedged cannot be left out.
 */
void daxhp_request_set_force(struct daxhp_request *request, bool force);
/*
 * How often to try again, with growing pauses, when memory does not go offline because it is busy
 * (EBUSY, EAGAIN). Nothing else is tried twice. The default is 0.
 */
void daxhp_request_set_retries(struct daxhp_request *request, unsigned int retries);
/*
 * While pages cannot be moved, the kernel tries again without end. Give up when the same page has
 * failed for so many seconds, by the kernel's log, and undo. 0, the default: never. It takes a cancel
 * signal, see daxhp_request_set_cancel_signal().
 */
void daxhp_request_set_patience(struct daxhp_request *request, unsigned int seconds);
/* How long daxhp_begin() waits for another process that works on the device. The default is 0. */
void daxhp_request_set_wait(struct daxhp_request *request, unsigned int seconds);
void daxhp_request_set_progress_fn(struct daxhp_request *request, daxhp_progress_fn fn, void *data);
void daxhp_request_set_waiting_fn(struct daxhp_request *request, daxhp_waiting_fn fn, void *data);
/*
 * The call that works with this request stops and undoes its changes. All later calls fail at their
 * start: the request stays cancelled, and other work needs another request. So a cancel is never
 * lost, whenever it comes, and never stops other work.
 * May be called from any thread and from a signal handler.
 * The kernel gives up a long write only when a signal arrives in the thread that writes. Name a
 * signal with daxhp_request_set_cancel_signal(), and the library sends it. While the kernel waits
 * for I/O on a page, no signal ends the wait, see daxhp_request_set_waiting_fn().
 */
void daxhp_request_cancel(struct daxhp_request *request);
bool daxhp_request_is_cancelled(const struct daxhp_request *request);
/*
 * After daxhp_request_cancel() the library sends @signal to the thread that called daxhp_apply(),
 * daxhp_begin() or daxhp_recover(), ten times a second, until the thread has stopped its changes.
 * The signal must have a handler, which need not do anything, and that thread must not block it.
 * Without this call, or with 0, the library sends nothing. Then the caller must send SIGINT,
 * SIGTERM or SIGHUP to that thread, again and again until the call returns: a signal that arrives
 * just before a write does not interrupt it.
 * Other signals do not end the call: the interrupted step begins anew. From then to the end of the
 * step the thread takes no signals but SIGINT, SIGTERM, SIGHUP, SIGTSTP and @signal.
 */
void daxhp_request_set_cancel_signal(struct daxhp_request *request, int signal);

/* ---- explain ---- */

/* What is in the way, before anything is tried. */
struct daxhp_explanation;

/* What a page is used for. */
enum daxhp_use {
	DAXHP_USE_FREE = 0,
	DAXHP_USE_ANON = 1,   /* private memory of programs */
	DAXHP_USE_SHARED = 2, /* shared memory and tmpfs */
	DAXHP_USE_FILE = 3,   /* page cache */
	DAXHP_USE_HUGE = 4,   /* huge pages, also free ones */
	DAXHP_USE_SLAB = 5,
	DAXHP_USE_PAGE_TABLES = 6,
	DAXHP_USE_RESERVED = 7,
	DAXHP_USE_POISONED = 8,
	DAXHP_USE_OTHER = 9, /* the kernel's; most are free, and set aside for a processor */
	DAXHP_USE_MAX = 10,
};
/* "free", "anon", ...; NULL for another value. */
const char *daxhp_use_name(enum daxhp_use use);

/* What a memory block is used for. */
struct daxhp_block_use;

struct daxhp_user {
	int pid;
	char comm[64];
	char *cgroup; /* "/machine.slice/a"; NULL when not known */
	uint64_t
		bytes; /* of the device's memory that it has mapped; shared memory counts for each */
};

/* What could not be looked at. */
struct daxhp_unseen {
	char file[80];
	int error; /* negative */
};

typedef void (*daxhp_scan_fn)(size_t done, size_t total, void *data);

/*
 * Look what keeps the device's memory from being unplugged. Changes nothing. It reads the use of each
 * page of the device, and which processes use them: this takes a while on a big device, and root.
 * Without it, the explanation says what was not seen. @scan_fn may be NULL: it gets the number of memory
 * blocks that have been read. The request can cancel it: -EINTR. Other errors: those of daxhp_observe().
 * Pages that are pinned look like others: nothing shows them before the kernel tries to move them.
 */
int daxhp_explain(struct daxhp_device *device, const struct daxhp_request *request,
		  daxhp_scan_fn scan_fn, void *data, struct daxhp_explanation **ret_explanation);
/* Returns NULL. NULL is fine. */
struct daxhp_explanation *daxhp_explanation_free(struct daxhp_explanation *explanation);
/* All that the getters return belongs to the explanation. */
struct daxhp_observation *
daxhp_explanation_get_observation(const struct daxhp_explanation *explanation);
/* The estimate of the room alone; NULL when no memory block is online. */
const struct daxhp_room *daxhp_explanation_get_room(const struct daxhp_explanation *explanation);
/* All together. DAXHP_VERDICT_YES when no memory block is online. */
enum daxhp_verdict daxhp_explanation_get_verdict(const struct daxhp_explanation *explanation);
/* By block; those of no block alone come first. */
const struct daxhp_obstacle *
daxhp_explanation_get_obstacle(const struct daxhp_explanation *explanation, size_t i);
/* The online blocks, ascending; none if the pages could not be seen. */
const struct daxhp_block_use *
daxhp_explanation_get_block_use(const struct daxhp_explanation *explanation, size_t i);
/* The largest first. */
const struct daxhp_user *daxhp_explanation_get_user(const struct daxhp_explanation *explanation,
						    size_t i);
const struct daxhp_unseen *daxhp_explanation_get_unseen(const struct daxhp_explanation *explanation,
							size_t i);

uint64_t daxhp_block_use_get_block(const struct daxhp_block_use *use);
enum daxhp_zone daxhp_block_use_get_zone(const struct daxhp_block_use *use);
/* 0 for a value that is no use. */
uint64_t daxhp_block_use_get_bytes(const struct daxhp_block_use *block_use, enum daxhp_use use);
/* Bytes that have to move, or are in the way. */
uint64_t daxhp_block_use_get_used(const struct daxhp_block_use *use);

/* ---- recovery ---- */

/*
 * A process that is killed in daxhp_apply() can leave the device or a word of the machine changed.
 * Before the change it has written an entry into /run/daxhp/. The next process restores what the
 * entry says: daxhp_begin() for its device and the machine's two words, daxhp_recover() for all.
 */
enum daxhp_recovered_kind {
	DAXHP_RECOVERED_POLICY = 0,    /* /sys/devices/system/memory/auto_online_blocks */
	DAXHP_RECOVERED_AUTOPROBE = 1, /* /sys/bus/dax/drivers_autoprobe */
	DAXHP_RECOVERED_DEVICE = 2,    /* a device that was left half reconfigured */
	/* whether the kernel logs why memory did not go offline: /proc/dynamic_debug/control */
	DAXHP_RECOVERED_DEBUG = 3,
};

enum daxhp_recovered_outcome {
	DAXHP_RECOVERED_FOUND = 0,    /* a dry run found it */
	DAXHP_RECOVERED_RESTORED = 1, /* it is as it was before */
	/* another program wrote another word while this process was at work, and that word stays:
	 * no dead process left it */
	DAXHP_RECOVERED_KEPT = 2,
	/* the device is neither as it was nor at its goal, because it was DAXHP_INCONSISTENT before
	 * or another program has changed it since; it was left so, and its entry was dropped */
	DAXHP_RECOVERED_LEFT = 3,
	DAXHP_RECOVERED_FAILED = 4, /* see the failure; the next process tries again */
};

/* A list of what was recovered. */
struct daxhp_recovery;
struct daxhp_recovered;

/*
 * Recover the machine's words, and all devices on which no process works, with the checks of
 * daxhp_apply(). Drop the entries of devices that are gone. With a request for a dry run, only find
 * them. The request's goal, force and wait do not matter. Needs no session; call it before the
 * first one. Returns 0, or -ENOMEM. Words and devices that could not be recovered are in the list,
 * with their failures. Free it with daxhp_recovery_free().
 */
int daxhp_recover(struct daxhp_ctx *ctx, struct daxhp_request *request,
		  struct daxhp_recovery **ret_recovery);
struct daxhp_recovery *daxhp_recovery_free(struct daxhp_recovery *recovery);
size_t daxhp_recovery_count(const struct daxhp_recovery *recovery);
/* NULL when there is no such one. It belongs to the list. */
const struct daxhp_recovered *daxhp_recovery_get(const struct daxhp_recovery *recovery, size_t i);
enum daxhp_recovered_kind daxhp_recovered_get_kind(const struct daxhp_recovered *recovered);
enum daxhp_recovered_outcome daxhp_recovered_get_outcome(const struct daxhp_recovered *recovered);
/* The name of the device, or of the file in sysfs: "dax0.0", "auto_online_blocks". */
const char *daxhp_recovered_get_name(const struct daxhp_recovered *recovered);
/* Before: the file's word; the device's state, or its mode if it had no state. NULL: not known. */
const char *daxhp_recovered_get_before(const struct daxhp_recovered *recovered);
/* Found: the file's word; the device's state or mode now. NULL: not known. */
const char *daxhp_recovered_get_found(const struct daxhp_recovered *recovered);
/* The device's mode and state before. */
enum daxhp_mode daxhp_recovered_get_mode(const struct daxhp_recovered *recovered);
enum daxhp_state daxhp_recovered_get_state(const struct daxhp_recovered *recovered);
/* The dead process; 0 when not known. */
int daxhp_recovered_get_pid(const struct daxhp_recovered *recovered);
/* NULL unless it is DAXHP_RECOVERED_FAILED. */
const struct daxhp_failure *daxhp_recovered_get_failure(const struct daxhp_recovered *recovered);

/* ---- session ---- */

struct daxhp_session;

/*
 * Lock @device, recover it, and look at it. Until the session ends, no other process works on the
 * device through this library. The lock ends with the process, and a forked child does not have it.
 * The process must be able to write to /run/daxhp/.
 * Returns 0, or a negative errno. After a failure there is a session, too: it has the failure, and
 * must be ended. It is NULL only when there is no memory for it (-ENOMEM).
 */
int daxhp_begin(struct daxhp_device *device, struct daxhp_request *request,
		struct daxhp_session **ret_session);
/* Why it did not begin; NULL when it did. */
const struct daxhp_failure *daxhp_session_get_failure(const struct daxhp_session *session);
/* The look at the device when the session began; NULL when it did not. */
struct daxhp_observation *daxhp_session_get_before(const struct daxhp_session *session);
/* The recoveries so far, and the machine's words that other programs changed. Never NULL. */
const struct daxhp_recovery *daxhp_session_get_recovery(const struct daxhp_session *session);
/*
 * The steps from the session's look to the request's goal. Pure: reads nothing, changes nothing. A
 * plan without steps and without a refusal means that the goal is reached already.
 * Errors: -ENOMEM; if the session did not begin, that of its failure. Free it with
 * daxhp_plan_free().
 */
int daxhp_plan(struct daxhp_session *session, struct daxhp_plan **ret_plan);
/*
 * Carry out the session's @plan, then look at the device again. Success means that the look shows
 * the goal. After a failure the library undoes its changes, and looks once more.
 * Returns 0, or a negative errno; there is a result in both cases. It is NULL only when there is no
 * memory for it (-ENOMEM), and then nothing was changed.
 * A refused plan fails with the refusal's errno and changes nothing.
 * During an undo, the calling thread takes no signals but SIGINT, SIGTERM, SIGHUP and SIGTSTP: an
 * undo that a timer interrupts again and again would not end. None of the four ends the undo. While
 * the machine's policy is changed, and while a module is loaded, the thread does not take SIGTSTP,
 * SIGTTIN and SIGTTOU. When the call returns, the thread takes the same signals as before.
 * Free the result with daxhp_result_free().
 */
int daxhp_apply(struct daxhp_session *session, struct daxhp_plan *plan,
		struct daxhp_result **ret_result);
/*
 * After daxhp_apply(): lead the device back to how it was when the session began, as an undo does. For
 * those who want several devices changed, or none. It is not cancelled. 0, or a negative errno; the
 * result, NULL when there was no look or no memory, says the rest.
 */
int daxhp_restore(struct daxhp_session *session, struct daxhp_result **ret_result);
/*
 * Let the kernel bind the session's device, which has no driver, to the driver that fits it: as when the
 * device appears. Its memory goes where the machine's policy says. For those who have turned off
 * /sys/bus/dax/drivers_autoprobe, and find that the device is not theirs.
 * Returns 1 when it has a driver, 0 when none took it. Errors: -ENOLCK: the session did not lock it, or was
 * for a dry run; -EBUSY: memory of it is present; those of the kernel's file.
 */
int daxhp_hand_back(struct daxhp_session *session);
/* Unlock the device early. The session, its plan and its result can still be read. */
void daxhp_session_unlock(struct daxhp_session *session);
/* Unlock the device and free the session. Call it before daxhp_unref(). */
struct daxhp_session *daxhp_end(struct daxhp_session *session);

#ifdef __cplusplus
}
#endif

#endif
