/* SPDX-License-Identifier: MIT */
#pragma once

/* show_body: bytes from strangers on stdout, each kind in its own form. */

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

struct args;
struct captured_body;

/* The body of a Part: JSON indented, a form as a table, text as it is, anything else as a hex dump
 * that is cut, and a note on what is not there. On a terminal controls are escaped. */
void show_body(const struct args *a, const struct captured_body *b, const json_t *part);
/* At most @max of @n bytes as a hex dump; a note when there are more. */
void show_body_hex(const char *bytes, size_t n, size_t max);
/* Text, as it is or with its controls but tabs and line ends escaped; ends with a line end. */
void show_body_text(const char *bytes, size_t n, bool escape);
/* Is it UTF-8 without NUL? */
bool show_body_is_text(const char *bytes, size_t n);
