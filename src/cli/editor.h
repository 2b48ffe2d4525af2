/* SPDX-License-Identifier: MIT */
#pragma once

/* editor: a text in the hands of the person at the terminal. */

#include "base/macros.h"

struct err;
struct str;

/*
 * Replace @text by what the person makes of it in $VISUAL, else $EDITOR, else vi. @name: what the
 * file is called, for the editor's idea of its kind. The file is the caller's alone, in a directory
 * of its own, and is gone when this returns. 0, or negative and words. A SIGTERM or SIGHUP
 * meanwhile ends the editor, removes the file, and then this program.
 */
int editor_run(struct str *text, const char *name, struct err *err) MUST_USE;
