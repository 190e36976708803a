/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Libraries that many runs of daxhp do not need. Each would make every start dearer by a twentieth, so they
 * are loaded when they are needed. A library has a list of the functions that daxhp calls, and a struct with
 * a pointer for each of them:
 *
 *	#define ECONF(X) X(econf_, readFile) X(econf_, freeFile)
 *	static struct { ECONF(LIBRARY_POINTER) } econf;
 *	static const char *const econf_names[] = { ECONF(LIBRARY_NAME) };
 */
#ifndef DAXHP_LIBRARY_H
#define DAXHP_LIBRARY_H

#include <stdbool.h>
#include <stddef.h>

#define LIBRARY_POINTER(prefix, name) __typeof__(&prefix##name) name;
#define LIBRARY_NAME(prefix, name) #prefix #name,

/*
 * Load the library, and set the @n pointers of the struct at @functions. It stays loaded. False: it is not
 * there, or one of its functions is not; then no pointer is set.
 */
bool library_load(const char *soname, const char *const *names, size_t n, void *functions);

#endif
