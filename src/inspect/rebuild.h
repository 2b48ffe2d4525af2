/* SPDX-License-Identifier: MIT */
#pragma once

/* rebuild: a captured request as bytes that can be sent again, perhaps with changes. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "base/str.h"
#include "base/str_list.h"

struct err;
struct exchange;

/* The strict readers of heads take no longer ones. */
#define REBUILD_HEAD_MAX (64 * 1024 - 1)

/* Replaces all fields of that name; an empty value takes them away. */
struct rebuild_field {
	const char *name, *value;
};

/* What is to be otherwise; all borrowed. */
struct rebuild_changes {
	const char *method, *target; /* NULL: as they were */
	const char *host;            /* instead of the Host there was; NULL: as it was */
	const struct rebuild_field *fields;
	size_t n_fields;
	const uint8_t *body; /* NULL: as it was */
	size_t body_len;
};

struct rebuild {
	struct str head; /* up to and with the empty line */
	uint8_t *body;   /* owned */
	size_t body_len;
	struct str_list
		omitted; /* "Authorization", "?token": redacted when captured, so not sent */
	bool is_head;    /* the method is HEAD: the response has no body */
};

/*
 * HTTP/1.x with Content-Length instead of chunks and Connection: close; without Expect and what
 * else is for one hop alone (RFC 9110 §7.6.1). 0, or -EINVAL and words: a change is nothing HTTP
 * can say, or -ENODATA and words: not all of the request is there. rebuild_deinit() in any case.
 */
int rebuild_request(struct rebuild *r, const struct exchange *e, const struct rebuild_changes *ch,
	struct err *err) MUST_USE;
void rebuild_deinit(struct rebuild *r);
