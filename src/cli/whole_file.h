/* SPDX-License-Identifier: MIT */
#pragma once

/* whole_file: a file that appears under its name when it is whole, with mode 0600. */

#include <stdio.h>

#include "base/macros.h"

struct whole_file {
	FILE *file;   /* to write to */
	char *path;   /* the name it gets */
	char *beside; /* the name it has until then; NULL: none */
};

/* One at a time. 0, or negative errno and nothing to be undone. */
int whole_file_open(struct whole_file *w, const char *path) MUST_USE;
/* The same for a file system where a file needs a name. */
int whole_file_open_beside(struct whole_file *w, const char *path) MUST_USE;
/* It is whole: 0, and it lies on the disk in place of what had its name; or negative errno, and
 * that is as it was. */
int whole_file_commit(struct whole_file *w) MUST_USE;
/* It will not be whole: nothing is left of it. */
void whole_file_drop(struct whole_file *w);
