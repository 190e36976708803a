// SPDX-License-Identifier: LGPL-2.1-or-later
/* The reader of a device's ranges. Each line of the input is a file, and three make a mapping. */
#include <errno.h>
#include <inttypes.h>

#include "folder.h"
#include "kernel/internal.h"
#include "libdaxhp-private.h"

#define MAPPINGS 4

static const char *const files[] = { "start", "end", "page_offset" };

/* Does it have the kernel's format? */
static bool is_plain(const char *text, uint64_t *ret_value)
{
	char again[32];

	if (sscanf(text, "0x%" SCNx64, ret_value) != 1)
		return false;
	snprintf(again, sizeof(again), "0x%" PRIx64, *ret_value);
	return strcmp(again, text) == 0;
}

/* NULL for a file that does not exist. */
static void write_files(char *text, const char *ret_texts[MAPPINGS * 3])
{
	for (size_t i = 0; i < MAPPINGS * 3; i++) {
		char name[32];

		snprintf(name, sizeof(name), "mapping%zu/%s", i / 3, files[i % 3]);
		ret_texts[i] = text ? strsep(&text, "\n") : NULL;
		/* Make each file once, so that its folder exists. */
		folder_write(name, ret_texts[i] ? ret_texts[i] : "",
			     ret_texts[i] ? strlen(ret_texts[i]) : 0);
		if (!ret_texts[i])
			folder_remove(name);
	}
}

static void check_ranges(const struct daxhp_device *device, int r,
			 const char *const texts[MAPPINGS * 3])
{
	bool all_plain = true;
	size_t i;

	for (i = 0; i < MAPPINGS && texts[3 * i]; i++) {
		uint64_t v[3] = { 0 };

		for (size_t k = 0; k < 3; k++)
			all_plain &= texts[3 * i + k] && is_plain(texts[3 * i + k], &v[k]);
		if (!all_plain)
			break;
		must(i < device->n_ranges && device->ranges[i].start == v[0] &&
		     device->ranges[i].end == v[1] && device->ranges[i].page_offset == v[2]);
	}
	if (all_plain && i > 0)
		must(r == 0 && device->n_ranges == i);
	/* Without input there are no ranges. */
	for (i = 0; i < device->n_ranges; i++)
		must(texts[3 * i] && texts[3 * i + 1] && texts[3 * i + 2]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct daxhp_device device = { .size = 4096 };
	const char *texts[MAPPINGS * 3];
	char *text = text_of(data, size);
	int r;

	write_files(text, texts);
	r = device_read_ranges(&device, folder_open());
	must(r == 0 || r == -EBADMSG || r == -ENODATA || r == -EFBIG || r == -ENOENT);
	check_ranges(&device, r, texts);
	free(device.ranges);
	free(text);
	return 0;
}
