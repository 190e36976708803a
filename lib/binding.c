// SPDX-License-Identifier: LGPL-2.1-or-later
/* Bind a device to kmem and unbind it, with the module loaded if need be. */
#include <errno.h>
#include <stdarg.h>

#include <daxctl/libdaxctl.h>
#include <libkmod.h>

#include "libdaxhp-private.h"

#define KMEM_DRIVER_DIR "/sys/bus/dax/drivers/kmem"

static void log_kmod(void *data, int priority __attribute__((unused)), const char *file, int line,
		     const char *fn, const char *format, va_list args)
{
	struct daxhp_ctx *ctx = data;

	if (ctx->log_fn)
		ctx->log_fn(ctx, LOG_DEBUG, file, line, fn, format, args);
}

/*
 * modprobe.d can name a command to run in place of loading. libkmod would hand it to a shell; this
 * library starts no shell, and an administrator who put one there did not want the module loaded.
 */
static int refuse_install_command(struct kmod_module *mod __attribute__((unused)),
				  const char *command __attribute__((unused)),
				  void *data __attribute__((unused)))
{
	return -EPERM;
}

static enum daxhp_failure insert_first(struct kmod_list *modules, int *ret_error)
{
	struct kmod_module *mod = kmod_module_get_module(modules);
	enum daxhp_failure failure = DAXHP_FAILURE_NONE;
	int r;

	r = kmod_module_probe_insert_module(mod, KMOD_PROBE_APPLY_BLACKLIST, NULL,
					    refuse_install_command, NULL, NULL);
	kmod_module_unref(mod);
	if (r == KMOD_PROBE_APPLY_BLACKLIST || r == -EPERM) {
		failure = DAXHP_FAILED_MODULE_BLACKLISTED;
		r = -EPERM;
	} else if (r == -ENOENT) {
		failure = DAXHP_FAILED_MODULE_MISSING;
	} else if (r < 0) {
		failure = DAXHP_FAILED_MODULE;
	}
	*ret_error = r < 0 ? r : 0;
	return failure;
}

static int load_kmem(struct daxhp_ctx *ctx, enum daxhp_failure *ret_failure)
{
	struct kmod_list *modules = NULL;
	struct kmod_ctx *kmod;
	int r;

	kmod = kmod_new(NULL, NULL);
	if (!kmod)
		return -ENOMEM;
	kmod_set_log_fn(kmod, log_kmod, ctx);
	r = kmod_module_new_from_lookup(kmod, "kmem", &modules);
	if (r == 0 && modules) {
		*ret_failure = insert_first(modules, &r);
	} else {
		*ret_failure = DAXHP_FAILED_MODULE_MISSING;
		r = -ENOENT;
	}
	kmod_module_unref_list(modules);
	kmod_unref(kmod);
	return r;
}

/* Loaded or built in, the driver shows itself here. */
static bool have_kmem(void)
{
	_cleanup_close_ int dirfd = sysfs_open_dir(KMEM_DRIVER_DIR);

	return dirfd >= 0;
}

int binding_bind(struct daxhp_device *device, enum daxhp_failure *ret_failure)
{
	int r;

	*ret_failure = DAXHP_FAILED_MODULE;
	r = have_kmem() ? 0 : load_kmem(device->ctx, ret_failure);
	if (r < 0)
		return r;
	r = daxctl_dev_enable_ram(device->daxctl);
	/* libdaxctl asks for the blacklist's word also when the module is there already. */
	*ret_failure = r > 0 ? DAXHP_FAILED_MODULE_BLACKLISTED : DAXHP_FAILED_BIND;
	return r > 0 ? -EPERM : r;
}

int binding_unbind(struct daxhp_device *device)
{
	return daxctl_dev_disable(device->daxctl);
}
