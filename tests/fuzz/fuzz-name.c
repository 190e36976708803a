// SPDX-License-Identifier: LGPL-2.1-or-later
/* Compares the check of a device's name with a regular expression. */
#include <regex.h>

#include "fuzz.h"
#include "libdaxhp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static regex_t regex;
	static bool is_compiled;
	char *name = text_of(data, size);

	if (!is_compiled)
		must(regcomp(&regex, "^dax[0123456789]{1,10}\\.[0123456789]{1,10}$",
			     REG_EXTENDED | REG_NOSUB) == 0);
	is_compiled = true;
	must(daxhp_device_name_is_valid(name) == (regexec(&regex, name, 0, NULL, 0) == 0));
	free(name);
	return 0;
}
