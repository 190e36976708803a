// SPDX-License-Identifier: LGPL-2.1-or-later
/* The table, for the kernel that runs. */
#include "internal.h"

static int find_attribute(const struct daxhp_device *device)
{
	_cleanup_close_ int dirfd = device_open_dir(device->name);

	return dirfd < 0 ? dirfd : (int)attribute_find(dirfd);
}

static int write_attribute(const struct daxhp_device *device, enum daxhp_interface interface,
			   enum daxhp_state word, const char **ret_wrote)
{
	_cleanup_close_ int dirfd = device_open_dir(device->name);

	*ret_wrote = daxhp_state_name(word);
	return dirfd < 0 ? dirfd : attribute_write(dirfd, interface, word, ret_wrote);
}

const struct kernel kernel_linux = {
	.open = devices_open,
	.close = devices_close,
	.list_devices = devices_list,
	.read_device = device_read,
	.device_is_gone = device_is_gone,
	.observe = device_observe,
	.find_holders = find_holders,
	.find_attribute = find_attribute,
	.write_attribute = write_attribute,
	.open_memory = memblock_open_dir,
	.read_block_state = memblock_read_state,
	.write_block = memblock_write,
	.each_block = memblock_each,
	.read_word = policy_read,
	.write_word = policy_write,
	.load_module = binding_load,
	.bind = binding_bind,
	.unbind = binding_unbind,
	.guard_start = guard_start,
	.guard_check = guard_check,
	.guard_get_unseen = guard_get_unseen,
	.guard_get_fd = guard_get_fd,
	.guard_stop = guard_stop,
	.monitor_start = monitor_start,
	.monitor_stop = monitor_stop,
	.now = clock_now,
	.pause = clock_pause,
	.watch_start = watch_start,
	.watch_stop = watch_stop,
	.lock_take = lock_take,
	.lock_drop = lock_drop,
	.lock_is_held = lock_is_held,
	.process_is_stopped = task_is_stopped,
	.journal_put = journal_put,
	.journal_get = journal_get,
	.journal_drop = journal_drop,
	.journal_each = journal_each,
};
