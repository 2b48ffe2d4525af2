/* SPDX-License-Identifier: MIT */
#pragma once

/* names_file: which names are served, and for whom, as a restarted server reads it. */

#include <stdbool.h>

#include "base/log.h"
#include "io/timer.h"

struct hub;

struct names_file {
	char *path; /* NULL: nothing is written */
	struct timer due;
	struct log_limit complaints;
};

/* Where it is comes later: the owner sets `path` (allocated). */
void names_file_init(struct names_file *f, struct loop *loop);
void names_file_deinit(struct names_file *f);
/* Keep every name of the file for its owner, ports opened, for the grace from now on. A file that
 * cannot be read is none; what is no longer allowed is passed over. */
void names_file_load(struct hub *h);
/* A name came or went: the file is written soon. */
void names_file_changed(struct names_file *f);
/* Now, and never again: what happens when the server stops is no change. */
void names_file_finish(struct names_file *f);
