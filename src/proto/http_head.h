/* SPDX-License-Identifier: MIT */
#pragma once

/* http_head: strict parsing of HTTP/1.x request and response heads (RFC 9112), in place. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "proto/http_fault.h"

#define HTTP_HEAD_FIELDS_MAX 128
#define HTTP_HEAD_TARGET_MAX 16384

/* Bytes inside the input; not NUL-terminated. */
struct http_span {
	const char *at;
	size_t n;
};
bool http_head_span_is(struct http_span s, const char *text);      /* exactly */
bool http_head_span_case_is(struct http_span s, const char *text); /* ASCII, whatever the case */

struct http_span http_head_trim(struct http_span s); /* blanks around cut off */

struct http_field {
	struct http_span name, value; /* the value without surrounding blanks */
};

enum http_target_form { HTTP_TARGET_ORIGIN, HTTP_TARGET_ABSOLUTE, HTTP_TARGET_ASTERISK };

struct http_head {
	struct http_field fields[HTTP_HEAD_FIELDS_MAX];
	size_t n_fields;
	uint8_t minor; /* HTTP/1.minor */

	struct http_span method; /* requests */
	struct http_span target; /* as it came */
	struct http_span path;   /* what goes on: path and query, or "*" */
	enum http_target_form form;
	bool https;    /* an absolute target says so */
	bool no_slash; /* the path is only a query: the slash before it is still to be written */
	struct http_span host; /* the target's, else the Host field's, perhaps with a port */

	unsigned int status; /* responses */
	struct http_span reason;

	bool has_length, chunked;
	bool coded;        /* the Transfer-Encoding is more than "chunked" */
	uint64_t length;   /* Content-Length */
	bool keep_alive;   /* what version and Connection say */
	bool close;        /* Connection says "close" */
	bool upgrade;      /* an Upgrade field, nominated by Connection, not to another HTTP */
	bool upgrade_http; /* an Upgrade field names h2c or HTTP/… */
	bool expect_continue;
	bool accepts_json; /* Accept names application/json */
	bool te_trailers;
	bool has_hops; /* an OPTIONS or TRACE says how many more hops it may take */
	uint32_t hops;
	struct http_span connection[4]; /* Connection's values; more of them are a fault */
	size_t n_connection;
};

/* Looks for the head's end in @n bytes that grow from call to call; *scanned (0 at first) remembers
 * how far it looked. Returns the head's length, 0 when more is needed, or a negative enum
 * http_fault (line ends; size above @max, of the first line alone or of all). */
long http_head_scan(const uint8_t *bytes, size_t n, size_t max, size_t *scanned) MUST_USE;
/* Parse a whole head of @n bytes as http_head_scan() measured it. Spans point into @bytes. */
enum http_fault http_head_request(struct http_head *h, const uint8_t *bytes, size_t n) MUST_USE;
enum http_fault http_head_response(struct http_head *h, const uint8_t *bytes, size_t n) MUST_USE;
/* The first field of that name (any case), or NULL. */
const struct http_field *http_head_find(const struct http_head *h, const char *name);
/* Is @name among Connection's options? */
bool http_head_is_nominated(const struct http_head *h, struct http_span name);
/* What a field name, a field value is made of. */
bool http_head_is_token(uint8_t byte);
bool http_head_is_value(uint8_t byte);
