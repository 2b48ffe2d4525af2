/* SPDX-License-Identifier: MIT */
#pragma once

/* draft: a captured request on its way to being sent again: changed by options or in an editor. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/macros.h"

struct args;
struct err;
struct str;

struct draft_field {
	char *name, *value;
};

/* All owned. */
struct draft {
	char *method, *target;
	struct draft_field *fields; /* without those that a replay writes itself */
	size_t n_fields;
	char *body; /* NUL-terminated behind its end; NULL: not here */
	size_t body_len;
	bool is_text;    /* the body can be edited: UTF-8 without controls */
	bool is_decoded; /* it is without its content coding */
};

void draft_init(struct draft *d);
void draft_deinit(struct draft *d);
/* From a Part of the method Request. -EPROTO and words when it is none. */
int draft_read(struct draft *d, const json_t *part, struct err *err) MUST_USE;
void draft_copy(struct draft *to, const struct draft *from);
/* Copies. */
void draft_set_body(struct draft *d, const void *bytes, size_t n, bool decoded);

/* "Name: value": replaces the fields of that name, or, where @add, joins them; an empty value takes
 * them away. -EINVAL and words. */
int draft_set_field(struct draft *d, const char *text, bool add, struct err *err) MUST_USE;
/* Every value in turn, of --header: the first of a name replaces, the next ones join. */
int draft_set_fields(struct draft *d, const struct args *a, struct err *err) MUST_USE;

/* As a person edits it: lines of @comment (each gets "# "), the request's line, fields, an empty
 * line, the body if it is text. */
void draft_format(struct str *out, const struct draft *d, const char *comment);
/* Read such a text, which came from @before; what it does not say of the body stays as there.
 * -EINVAL and words with the line's number; -ECANCELED: there is nothing in it. */
int draft_parse(struct draft *d, const char *text, size_t n, const struct draft *before,
	struct err *err) MUST_USE;
/* The members method, target, headers and body of a Replay that makes @now of @first; empty: there
 * is no difference. -EINVAL and words: it cannot say that. */
int draft_changes(json_t *params, const struct draft *first, const struct draft *now,
	struct err *err) MUST_USE;
