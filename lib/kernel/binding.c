// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Bind a device to a driver and unbind it, with the module loaded if need be.
 *
 * Only this device must be bound. But a new driver takes every device that fits it, and so does a driver
 * that gets a new id; soft-reserved and CXL memory fits kmem. So the bus must not probe while the module
 * loads (see execute.c), and the driver gets an id only for persistent memory, which needs one. The
 * enable function of libdaxctl would load and give the id always.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <daxctl/libdaxctl.h>
#include <libkmod.h>
#include <linux/capability.h>

#include "internal.h"

#define DRIVERS_DIR "/sys/bus/dax/drivers"
#define PROBE_FILE "/sys/bus/dax/drivers_probe"
#define PMEM_REGION_DRIVER "dax_pmem"

static void log_kmod(void *data, int priority __attribute__((unused)), const char *file, int line,
		     const char *fn, const char *format, va_list args)
{
	struct daxhp_ctx *ctx = data;

	if (ctx->log_fn)
		ctx->log_fn(ctx, LOG_DEBUG, file, line, fn, format, args, ctx->log_data);
}

/*
 * modprobe.d can name a command that runs in place of loading. libkmod would give it to a shell. This
 * library starts no shell; and an administrator who names a command does not want the module loaded.
 */
static int refuse_install_command(struct kmod_module *mod __attribute__((unused)),
				  const char *command __attribute__((unused)), void *data)
{
	bool *was_refused = data;

	*was_refused = true;
	return -EPERM;
}

static int insert_first(struct kmod_list *modules, enum daxhp_failure_kind *ret_kind)
{
	struct kmod_module *mod = kmod_module_get_module(modules);
	bool was_refused = false;
	int r;

	r = kmod_module_probe_insert_module(mod, KMOD_PROBE_APPLY_BLACKLIST, NULL,
					    refuse_install_command, &was_refused, NULL);
	kmod_module_unref(mod);
	/* The kernel says EPERM as well, when it takes no modules at all. */
	if (r == KMOD_PROBE_APPLY_BLACKLIST || (r == -EPERM && was_refused)) {
		*ret_kind = DAXHP_FAILED_MODULE_BLACKLISTED;
		return -EPERM;
	}
	*ret_kind = r == -ENOENT ? DAXHP_FAILED_MODULE_MISSING : DAXHP_FAILED_MODULE;
	return r < 0 ? r : 0;
}

static int open_driver(enum daxhp_mode mode)
{
	char path[64];

	snprintf(path, sizeof(path), DRIVERS_DIR "/%s", mode_driver(mode));
	return sysfs_open_dir(path);
}

/* The driver has a directory here, whether it is loaded or built in. */
bool binding_has_driver(enum daxhp_mode mode)
{
	_cleanup_close_ int dirfd = open_driver(mode);

	return dirfd >= 0;
}

static struct kmod_list *look_up_kmem(struct kmod_ctx *kmod)
{
	struct kmod_list *modules = NULL;

	if (kmod)
		kmod_module_new_from_lookup(kmod, mode_driver(DAXHP_MODE_SYSTEM_RAM), &modules);
	return modules;
}

static bool needs_symbol(struct kmod_module *mod, const char *symbol)
{
	struct kmod_list *symbols = NULL, *item;
	bool found = false;
	int r = kmod_module_get_dependency_symbols(mod, &symbols);

	kmod_list_foreach(item, symbols)
		found |= strcmp(kmod_module_dependency_symbol_get_symbol(item), symbol) == 0;
	kmod_module_dependency_symbols_free_list(symbols);
	return r < 0 || found;
}

/*
 * A device that is not bound has no attribute yet, and no file in sysfs tells of it. But to take all of a
 * device's ranges away at once, the module needs a function of the kernel's.
 */
bool binding_brings_attribute(struct daxhp_ctx *ctx)
{
	struct kmod_ctx *kmod = kmod_new(NULL, NULL);
	struct kmod_list *modules;
	bool brings = true;

	if (kmod)
		kmod_set_log_fn(kmod, log_kmod, ctx);
	modules = look_up_kmem(kmod);
	if (modules) {
		struct kmod_module *mod = kmod_module_get_module(modules);

		brings = needs_symbol(mod, "offline_and_remove_memory_ranges");
		kmod_module_unref(mod);
	}
	kmod_module_unref_list(modules);
	kmod_unref(kmod);
	return brings;
}

int binding_load(struct daxhp_ctx *ctx, enum daxhp_mode mode, enum daxhp_failure_kind *ret_kind)
{
	struct kmod_list *modules = NULL;
	struct kmod_ctx *kmod;
	int r;

	*ret_kind = DAXHP_FAILED_MODULE;
	/* A service that may load none does not see them either: they are not missing. */
	if (!proc_has_capability(CAP_SYS_MODULE))
		return -EPERM;
	kmod = kmod_new(NULL, NULL);
	if (!kmod)
		return -ENOMEM;
	kmod_set_log_fn(kmod, log_kmod, ctx);
	r = kmod_module_new_from_lookup(kmod, mode_driver(mode), &modules);
	if (r == 0 && modules) {
		r = insert_first(modules, ret_kind);
	} else if (r != -ENOMEM) {
		*ret_kind = DAXHP_FAILED_MODULE_MISSING;
		r = -ENOENT;
	}
	kmod_module_unref_list(modules);
	kmod_unref(kmod);
	return r;
}

/* Persistent memory is not of the type that kmem takes by itself. */
static bool is_pmem(const struct daxhp_device *device)
{
	_cleanup_close_ int dirfd = device_open_dir(device->name);
	char driver[WORD_MAX];

	return dirfd >= 0 &&
	       sysfs_read_link_name(dirfd, "../driver", driver, sizeof(driver)) == 0 &&
	       strcmp(driver, PMEM_REGION_DRIVER) == 0;
}

static bool is_unbound(const struct daxhp_device *device)
{
	_cleanup_close_ int dirfd = device_open_dir(device->name);

	return dirfd >= 0 && !sysfs_exists(dirfd, "driver");
}

/* The mode whose driver takes the device by itself, by its type. */
static enum daxhp_mode natural_mode(const struct daxhp_device *device)
{
	return is_pmem(device) ? DAXHP_MODE_DEVDAX : DAXHP_MODE_SYSTEM_RAM;
}

/* If the driver gets @device's id, will it take another device, too? */
static bool would_take_others(const struct daxhp_device *device, enum daxhp_mode mode)
{
	struct daxhp_device *other;

	/* The driver refused a device of its own type: this kernel knows no types. */
	if (natural_mode(device) == mode)
		return false;
	for (other = device->ctx->devices; other; other = other->next) {
		if (other != device && other->size > 0 && natural_mode(other) == mode &&
		    is_unbound(other))
			return true;
	}
	return false;
}

/*
 * When the driver gets a new id, it goes through all devices without a driver, and takes those whose id
 * it got before. But somebody may have unbound them on purpose. So the driver must forget their ids
 * first. Who binds such a device gives the id again.
 */
static void forget_others(const struct daxhp_device *device, int dirfd)
{
	struct daxhp_device *other;

	for (other = device->ctx->devices; other; other = other->next)
		if (other != device && is_unbound(other))
			sysfs_write_word(dirfd, "remove_id", other->name);
}

int binding_bind(struct daxhp_device *device, enum daxhp_mode mode,
		 enum daxhp_failure_kind *ret_kind)
{
	_cleanup_close_ int dirfd = open_driver(mode);
	int r = dirfd < 0 ? dirfd : sysfs_write_word(dirfd, "bind", device->name);

	*ret_kind = DAXHP_FAILED_BIND;
	/* ENODEV: the device is not of the driver's type, so the driver has to be told of it. */
	if (r != -ENODEV)
		return r;
	if (would_take_others(device, mode)) {
		*ret_kind = DAXHP_FAILED_BIND_OTHERS;
		return -EBUSY;
	}
	forget_others(device, dirfd);
	r = sysfs_write_word(dirfd, "new_id", device->name);
	if (r < 0 || !is_unbound(device))
		return r;
	/* After a new id the kernel has tried to bind, but reports no error. This write does. */
	return sysfs_write_word(dirfd, "bind", device->name);
}

/* The kernel says nothing when no driver took the device. */
int binding_probe(struct daxhp_device *device)
{
	int r = sysfs_write_word(AT_FDCWD, PROBE_FILE, device->name);

	return r < 0 ? r : !is_unbound(device);
}

/* libdaxctl says EBUSY, whatever the kernel said. */
int binding_unbind(struct daxhp_device *device)
{
	_cleanup_close_ int dirfd = device_open_dir(device->name);
	char driver[WORD_MAX], path[128];
	int r = dirfd < 0 ? dirfd : sysfs_read_link_name(dirfd, "driver", driver, sizeof(driver));

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	snprintf(path, sizeof(path), DRIVERS_DIR "/%s/unbind", driver);
	r = sysfs_write_word(AT_FDCWD, path, device->name);
	if (r < 0)
		return r;
	return sysfs_exists(dirfd, "driver") ? -EBUSY : 0;
}
