/* SPDX-License-Identifier: MIT */
#pragma once

/* completion: the shells' completion scripts, written from the tables of verbs and options. */

#include <stdbool.h>

struct str;

/* The script for "bash", "zsh" or "fish". False for another shell. */
bool completion_write(struct str *out, const char *shell);
