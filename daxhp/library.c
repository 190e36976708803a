// SPDX-License-Identifier: GPL-2.0-or-later
/* Loads a library when it is needed. */
#include <dlfcn.h>
#include <string.h>

#include "library.h"

bool library_load(const char *soname, const char *const *names, size_t n, void *functions)
{
	void *library = dlopen(soname, RTLD_NOW | RTLD_LOCAL), *found[n];

	for (size_t i = 0; library && i < n; i++) {
		found[i] = dlsym(library, names[i]);
		if (!found[i]) {
			dlclose(library);
			return false;
		}
	}
	if (library)
		memcpy(functions, found, sizeof(found));
	return library;
}
