/* SPDX-License-Identifier: MIT */
#pragma once

/* request_row: a RequestInfo as a row of a table, or as a line of its own. */

#include <jansson.h>

struct args;
struct str;

#define REQUEST_ROW_HEADINGS "ID TIME TUNNEL METHOD STATUS TARGET SIZE TOOK NOTE"

/* All of an array of them. */
void request_row_table(const struct args *a, const json_t *list);
/* One, with columns of fixed width; NULL: the headings. */
void request_row_line(const json_t *info);
/* "12.3 ms", of microseconds; "-" for null. */
void request_row_time(struct str *out, const json_t *us);
/* What is remarkable: kind, why it failed, signature, what it repeats. */
void request_row_note(struct str *out, const json_t *info);
