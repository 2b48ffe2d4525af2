/* SPDX-License-Identifier: MIT */
#pragma once

/* web_files: the dashboard's page, made into bytes by the build from the files beside this one. */

#include <stddef.h>

struct web_file {
	const char *name; /* "app.js" */
	const unsigned char *bytes;
	size_t n;
};

extern const struct web_file web_files[];
extern const size_t web_files_n;
