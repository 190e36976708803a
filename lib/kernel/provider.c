// SPDX-License-Identifier: LGPL-2.1-or-later
/* Where a device's memory comes from: a CXL region, a namespace, or the firmware's list of it. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

void provider_clear(struct daxhp_device *device)
{
	free(device->cxl.memdevs);
	free(device->path);
	device->cxl = (struct daxhp_cxl_region){ 0 };
	device->path = NULL;
	device->provider = DAXHP_PROVIDER_UNKNOWN;
	device->namespace[0] = device->uuid[0] = '\0';
}

/* The lowest address; UINT64_MAX when it is not known. */
static uint64_t find_start(const struct daxhp_device *device)
{
	uint64_t start = UINT64_MAX;

	for (size_t i = 0; device->ranges_error == 0 && i < device->n_ranges; i++)
		if (device->ranges[i].start < start)
			start = device->ranges[i].start;
	return start;
}

/*
 * A CXL device's place: the slots of its cards, and where on them it begins. An address of the
 * machine would not do: regions are given theirs in the order in which they are made.
 */
static int make_cxl_path(struct daxhp_device *device, uint64_t start)
{
	const struct daxhp_cxl_region *region = &device->cxl;
	size_t size;
	FILE *f;

	if (region->n_memdevs == 0 || region->dpa == UINT64_MAX || start < region->start)
		return 0;
	for (size_t i = 0; i < region->n_memdevs; i++)
		if (!region->memdevs[i].pci[0])
			return 0;
	f = open_memstream(&device->path, &size);
	if (!f)
		return -ENOMEM;
	for (size_t i = 0; i < region->n_memdevs; i++)
		fprintf(f, "%s%s", i ? "+" : "cxl-pci-", region->memdevs[i].pci);
	fprintf(f, "-0x%" PRIx64, region->dpa + (start - region->start) / region->n_memdevs);
	return fclose(f) == 0 ? 0 : -ENOMEM;
}

static int make_path(struct daxhp_device *device)
{
	uint64_t start = find_start(device);

	if (start == UINT64_MAX || device->provider == DAXHP_PROVIDER_UNKNOWN)
		return 0;
	if (device->cxl.name[0])
		return make_cxl_path(device, start);
	if (asprintf(&device->path, "%s-0x%" PRIx64, daxhp_provider_name(device->provider), start) <
	    0) {
		device->path = NULL;
		return -ENOMEM;
	}
	return 0;
}

/* The CXL region that a device of the subsystem cxl is in: ".../region0/dax_region0/dax0.0". */
static int find_dax_cxl_region(char *place, char *ret_name, size_t size)
{
	char *last;

	for (int i = 0; i < 2; i++) {
		last = strrchr(place, '/');
		if (!last)
			return -EBADMSG;
		*last = '\0';
	}
	last = strrchr(place, '/');
	if (!last || strlen(last + 1) >= size)
		return -EBADMSG;
	strcpy(ret_name, last + 1);
	return 0;
}

/* Persistent memory of a card is in a region of its own, and in a CXL region at the same address. */
static int find_pmem_cxl_region(int dirfd, int cxlfd, char *ret_name, size_t size)
{
	uint64_t start;
	int r = sysfs_read_u64(dirfd, "../../resource", 0, &start);

	return r < 0 ? r : cxl_find_region(cxlfd, start, ret_name, size);
}

static int read_place(const struct daxhp_device *device, char *ret_text, size_t size)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/bus/dax/devices/%.31s", device->name);
	return sysfs_read_link(AT_FDCWD, path, ret_text, size);
}

static int read_cxl(struct daxhp_device *device, int dirfd)
{
	_cleanup_close_ int cxlfd = -1;
	char place[PATH_MAX], name[WORD_MAX];
	int r = read_place(device, place, sizeof(place));

	/* A card's persistent memory is behind a bridge from the CXL bus to that of NVDIMMs. */
	if (r < 0 || (device->provider == DAXHP_PROVIDER_PMEM && !strstr(place, "/nvdimm-bridge")))
		return 0;
	cxlfd = cxl_open_dir();
	if (cxlfd < 0)
		return 0;
	r = device->provider == DAXHP_PROVIDER_CXL
		    ? find_dax_cxl_region(place, name, sizeof(name))
		    : find_pmem_cxl_region(dirfd, cxlfd, name, sizeof(name));
	if (r == 0)
		r = cxl_read_region(cxlfd, name, &device->cxl);
	return r == -ENOMEM ? r : 0;
}

int provider_read(struct daxhp_device *device, int dirfd)
{
	char word[WORD_MAX];
	int r = 0;

	provider_clear(device);
	if (sysfs_read_link_name(dirfd, "../subsystem", word, sizeof(word)) < 0)
		return 0;
	if (strcmp(word, "cxl") == 0)
		device->provider = DAXHP_PROVIDER_CXL;
	else if (strcmp(word, "nd") == 0)
		device->provider = DAXHP_PROVIDER_PMEM;
	else if (sysfs_read_link_name(dirfd, "../driver", word, sizeof(word)) == 0 &&
		 strcmp(word, "hmem") == 0)
		device->provider = DAXHP_PROVIDER_HMEM;
	if (device->provider == DAXHP_PROVIDER_PMEM) {
		sysfs_read_word(dirfd, "../namespace", device->namespace,
				sizeof(device->namespace));
		sysfs_read_word(dirfd, "../uuid", device->uuid, sizeof(device->uuid));
	}
	if (device->provider == DAXHP_PROVIDER_CXL || device->provider == DAXHP_PROVIDER_PMEM)
		r = read_cxl(device, dirfd);
	return r < 0 ? r : make_path(device);
}
