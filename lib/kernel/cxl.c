// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * CXL regions and cards, from /sys.
 *
 * libcxl of Debian 12 (76.1) does not do: it knows neither the mode of a region nor its dax region, and
 * returns 0 for a value that cannot be read. What is needed is a few files and links.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

#define CXL_DEVICES_DIR "/sys/bus/cxl/devices"
#define SLOTS_DIR "/sys/bus/pci/slots"
/* No kernel interleaves more. */
#define WAYS_MAX 16

int cxl_open_dir(void)
{
	return sysfs_open_dir(CXL_DEVICES_DIR);
}

/* The component of a link's text before the one that starts at @here. */
static bool take_parent(const char *text, const char *here, char *ret_name, size_t size)
{
	const char *end = here - 1, *start;

	if (here <= text || *end != '/')
		return false;
	for (start = end; start > text && start[-1] != '/'; start--)
		;
	if (start == end || (size_t)(end - start) >= size)
		return false;
	memcpy(ret_name, start, end - start);
	ret_name[end - start] = '\0';
	return true;
}

static bool read_parent(int cxlfd, const char *name, char *ret_name, size_t size)
{
	char text[PATH_MAX];

	return sysfs_read_link(cxlfd, name, text, sizeof(text)) == 0 &&
	       take_parent(text, strrchr(text, '/') ? strrchr(text, '/') + 1 : text, ret_name,
			   size);
}

static bool is_pci_address(const char *name)
{
	unsigned int part[4];
	int n = 0;

	return sscanf(name, "%x:%x:%x.%x%n", &part[0], &part[1], &part[2], &part[3], &n) == 4 &&
	       name[n] == '\0';
}

void cxl_read_memdev(int cxlfd, const char *name, struct daxhp_memdev *memdev)
{
	char file[WORD_MAX];

	*memdev = (struct daxhp_memdev){ 0 };
	snprintf(memdev->name, sizeof(memdev->name), "%.15s", name);
	snprintf(file, sizeof(file), "%.31s/serial", name);
	memdev->has_serial = sysfs_read_u64(cxlfd, file, 0, &memdev->serial) == 0;
	if (!read_parent(cxlfd, name, memdev->pci, sizeof(memdev->pci)) ||
	    !is_pci_address(memdev->pci))
		memdev->pci[0] = '\0';
}

/* The card of the region's i-th target, and where on it the region's memory begins. */
static bool read_target(int cxlfd, int regionfd, unsigned int i, struct daxhp_memdev *memdev,
			uint64_t *ret_dpa)
{
	char file[2 * WORD_MAX], decoder[WORD_MAX], name[WORD_MAX];

	snprintf(file, sizeof(file), "target%u", i);
	if (sysfs_read_word(regionfd, file, decoder, sizeof(decoder)) < 0 || strchr(decoder, '/'))
		return false;
	snprintf(file, sizeof(file), "%s/../uport", decoder);
	if (sysfs_read_link_name(cxlfd, file, name, sizeof(name)) < 0)
		return false;
	cxl_read_memdev(cxlfd, name, memdev);
	snprintf(file, sizeof(file), "%s/dpa_resource", decoder);
	if (sysfs_read_u64(cxlfd, file, 0, ret_dpa) < 0)
		*ret_dpa = UINT64_MAX;
	return true;
}

static int read_targets(int cxlfd, int regionfd, struct daxhp_cxl_region *region)
{
	uint64_t ways = 0, dpa;

	if (sysfs_read_u64(regionfd, "interleave_ways", 10, &ways) < 0 || ways > WAYS_MAX)
		ways = WAYS_MAX;
	region->memdevs = calloc(ways + 1, sizeof(*region->memdevs));
	if (!region->memdevs)
		return -ENOMEM;
	region->dpa = UINT64_MAX;
	for (unsigned int i = 0; i < ways; i++) {
		struct daxhp_memdev *memdev = &region->memdevs[region->n_memdevs];

		if (!read_target(cxlfd, regionfd, i, memdev, &dpa))
			continue;
		if (region->n_memdevs++ == 0)
			region->dpa = dpa;
	}
	return 0;
}

/* Has it a dax region that no driver has made devices of? */
static bool is_idle(int regionfd, const char *name)
{
	char file[WORD_MAX];

	snprintf(file, sizeof(file), "dax_%.31s", name);
	if (!sysfs_exists(regionfd, file))
		return false;
	snprintf(file, sizeof(file), "dax_%.31s/driver", name);
	return !sysfs_exists(regionfd, file);
}

int cxl_read_region(int cxlfd, const char *name, struct daxhp_cxl_region *region)
{
	_cleanup_close_ int regionfd = sysfs_open_dir_at(cxlfd, name);
	char mode[WORD_MAX];

	*region = (struct daxhp_cxl_region){ .start = UINT64_MAX };
	if (regionfd < 0 || strlen(name) >= sizeof(region->name))
		return regionfd < 0 ? regionfd : -EBADMSG;
	strcpy(region->name, name);
	read_parent(cxlfd, name, region->decoder, sizeof(region->decoder));
	sysfs_read_u64(regionfd, "resource", 0, &region->start);
	sysfs_read_u64(regionfd, "size", 0, &region->size);
	region->is_idle = is_idle(regionfd, name);
	region->is_pmem = sysfs_read_word(regionfd, "mode", mode, sizeof(mode)) == 0 &&
			  strcmp(mode, "pmem") == 0;
	region->is_enabled = sysfs_exists(regionfd, "driver");
	return read_targets(cxlfd, regionfd, region);
}

/* "region0", but not "region0x". */
static bool has_number(const char *name, const char *word)
{
	size_t len = strlen(word);

	return strncmp(name, word, len) == 0 && name[len] &&
	       strspn(name + len, "0123456789") == strlen(name + len);
}

int cxl_find_region(int cxlfd, uint64_t start, char *ret_name, size_t size)
{
	_cleanup_closedir_ DIR *dir = NULL;
	struct dirent *de;
	char file[2 * WORD_MAX];
	uint64_t value;
	int r = sysfs_list_dir(CXL_DEVICES_DIR, &dir);

	while (r >= 0 && (r = sysfs_next_entry(dir, &de)) > 0) {
		if (!has_number(de->d_name, "region") || strlen(de->d_name) >= size)
			continue;
		snprintf(file, sizeof(file), "%.32s/resource", de->d_name);
		if (sysfs_read_u64(cxlfd, file, 0, &value) == 0 && value == start) {
			strcpy(ret_name, de->d_name);
			return 0;
		}
	}
	return r < 0 ? r : -ENOENT;
}

/* ---- all of them ---- */

/* The slot's name is in a folder of all slots; its file has the address without the function. */
static void read_slot(struct daxhp_card *card)
{
	_cleanup_closedir_ DIR *dir = NULL;
	_cleanup_close_ int slotsfd = sysfs_open_dir(SLOTS_DIR);
	char file[2 * WORD_MAX], address[WORD_MAX];
	struct dirent *de;

	if (slotsfd < 0 || sysfs_list_dir(SLOTS_DIR, &dir) < 0)
		return;
	while (sysfs_next_entry(dir, &de) > 0) {
		snprintf(file, sizeof(file), "%.64s/address", de->d_name);
		if (de->d_name[0] == '.' || strlen(de->d_name) >= sizeof(card->slot) ||
		    sysfs_read_word(slotsfd, file, address, sizeof(address)) < 0)
			continue;
		if (strncmp(card->memdev.pci, address, strlen(address)) == 0 &&
		    card->memdev.pci[strlen(address)] == '.')
			strcpy(card->slot, de->d_name);
	}
}

static int add_card(struct daxhp_cxl *cxl, int cxlfd, const char *name)
{
	struct daxhp_card *grown;

	grown = reallocarray(cxl->cards, cxl->n_cards + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	cxl->cards = grown;
	grown += cxl->n_cards++;
	*grown = (struct daxhp_card){ 0 };
	cxl_read_memdev(cxlfd, name, &grown->memdev);
	read_slot(grown);
	return 0;
}

/* One that goes away meanwhile is none. */
static int add_region(struct daxhp_cxl *cxl, int cxlfd, const char *name)
{
	struct daxhp_cxl_region *grown;
	int r;

	grown = reallocarray(cxl->regions, cxl->n_regions + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	cxl->regions = grown;
	r = cxl_read_region(cxlfd, name, &grown[cxl->n_regions]);
	if (r == 0)
		cxl->n_regions++;
	return r == -ENOMEM ? r : 0;
}

static int compare_cards(const void *a, const void *b)
{
	const struct daxhp_card *one = a, *other = b;

	return strverscmp(one->memdev.name, other->memdev.name);
}

static int compare_regions(const void *a, const void *b)
{
	const struct daxhp_cxl_region *one = a, *other = b;

	return strverscmp(one->name, other->name);
}

int cxl_list(struct daxhp_cxl *cxl)
{
	_cleanup_close_ int cxlfd = cxl_open_dir();
	_cleanup_closedir_ DIR *dir = NULL;
	struct dirent *de;
	int r = cxlfd < 0 ? cxlfd : sysfs_list_dir(CXL_DEVICES_DIR, &dir);

	/* A machine without CXL. */
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	while ((r = sysfs_next_entry(dir, &de)) > 0) {
		r = 0;
		if (has_number(de->d_name, "mem"))
			r = add_card(cxl, cxlfd, de->d_name);
		else if (has_number(de->d_name, "region"))
			r = add_region(cxl, cxlfd, de->d_name);
		if (r < 0)
			return r;
	}
	if (cxl->n_cards)
		qsort(cxl->cards, cxl->n_cards, sizeof(*cxl->cards), compare_cards);
	if (cxl->n_regions)
		qsort(cxl->regions, cxl->n_regions, sizeof(*cxl->regions), compare_regions);
	return r;
}
