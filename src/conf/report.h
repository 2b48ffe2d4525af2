/* SPDX-License-Identifier: MIT */
#pragma once

/* report: all mistakes of a configuration, each as file:line:col: key: why. */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/macros.h"

struct conf_node;
struct str;

#define REPORT_MAX      100 /* mistakes kept; more are counted */
#define REPORT_PATH_MAX 512

struct conf_mistake {
	char *file;
	unsigned int line, col; /* 0: the file as a whole */
	char *key;              /* "tunnels.web.local", or NULL */
	char *why;
	size_t seq; /* order of discovery */
};

struct conf_report {
	struct conf_mistake *items;
	size_t n;
	size_t dropped;
	int error; /* the system said no (negative errno); 0: the mistakes are in what is written */
	char path[REPORT_PATH_MAX]; /* where the binder is: "tunnels.web" */
	size_t path_len;
};

void report_init(struct conf_report *r);
void report_deinit(struct conf_report *r);
/* All mistakes, those dropped included. 0 means sound. */
size_t report_count(const struct conf_report *r);

/* A mistake at @node's value; its key is where the binder is. For parse and check callbacks. */
void report_add(struct conf_report *r, const struct conf_node *node, const char *fmt, ...)
	PRINTF(3, 4);
/* The same for @key beside or inside where the binder is (checks of a whole mapping). */
void report_add_key(struct conf_report *r, const struct conf_node *node, const char *key,
	const char *fmt, ...) PRINTF(4, 5);
/* Anywhere: @line 0 for the file as a whole, @key NULL for none. Ignores where the binder is. */
void report_add_at(struct conf_report *r, const char *file, unsigned int line, unsigned int col,
	const char *key, const char *fmt, ...) PRINTF(6, 7);

/* Enter "key" or "[index]" (@key NULL); returns what report_leave() wants back. */
size_t report_enter(struct conf_report *r, const char *key, size_t index);
void report_leave(struct conf_report *r, size_t mark);

/* Sort by file (in order of first appearance) and position. Done by the two below. */
void report_sort(struct conf_report *r);
/* The @i-th mistake in order, or NULL past the end. */
const struct conf_mistake *report_get(struct conf_report *r, size_t i);
/* One mistake per line; control characters are made visible. */
void report_print(struct conf_report *r, struct str *to);
/* The same into a file; and as errors into the log. */
void report_dump(struct conf_report *r, FILE *to);
void report_log(struct conf_report *r);
/* One mistake without the newline. */
void report_format(const struct conf_mistake *m, struct str *to);
