/* SPDX-License-Identifier: MIT */
#pragma once

/* secret: bytes that are wiped when let go, and that nothing here ever prints. */

#include <stdbool.h>
#include <stddef.h>

#include "base/macros.h"

struct err;

#define SECRET_MAX 4096

/* All zero is a valid, unset secret. */
struct secret {
	char *data; /* NUL-terminated for convenience; may hold NULs before that */
	size_t len;
};

/* Wipe and free; may be called twice. */
void secret_deinit(struct secret *s);
/* Replace by a copy of at most SECRET_MAX bytes; -EMSGSIZE beyond. */
int secret_set(struct secret *s, const void *bytes, size_t n) MUST_USE;
static inline bool secret_is_set(const struct secret *s)
{
	return s->data != NULL;
}
/* The text, "" when unset. Never log it. */
const char *secret_text(const struct secret *s);
/* In constant time for equal lengths; an unset secret equals nothing, not even another. */
bool secret_equal(const struct secret *a, const struct secret *b);
/*
 * Read from a file that others may not touch: regular, no permission for everybody (the group
 * may), at most SECRET_MAX bytes and not empty; one newline or blanks at the end are dropped.
 * 0, or a negative errno with @err naming the path and, where that was it, the mode.
 */
int secret_load_file(struct secret *s, const char *path, struct err *err) MUST_USE;
/* From an environment variable, which is removed from the environment. -ENOENT when unset. */
int secret_load_env(struct secret *s, const char *name, struct err *err) MUST_USE;
