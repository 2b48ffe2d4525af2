/* SPDX-License-Identifier: MIT */
#pragma once

/* exchange_json: exchanges as tunnelto-control(7) describes them: RequestInfo, Part, Message. */

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "base/macros.h"
#include "inspect/exchange.h"

struct head_lines;

/* Room for the value of a Content-Encoding. */
#define EXCHANGE_JSON_CODING 64

/* What the messages of one exchange may take as JSON; each gets its share, and is cut to it. */
#define EXCHANGE_JSON_MESSAGES (512 * 1024)

/* All of these return a new reference, never NULL. */

/* Bytes as a string: UTF-8 as it is, anything else as ISO-8859-1, where every byte is a character;
 * NUL becomes a question mark. */
json_t *exchange_json_text(const char *bytes, size_t n) MUST_USE;
json_t *exchange_json_info(const struct exchange *e) MUST_USE;
/* What exchange_json_info() takes as text, rather too much than too little. */
size_t exchange_json_size(const struct exchange *e);
/* Null while the head of the response has not come. */
json_t *exchange_json_part(const struct exchange *e, enum exchange_side side) MUST_USE;
/* The fields that are to come, each with name and value. */
json_t *exchange_json_headers(struct head_lines *lines) MUST_USE;
json_t *exchange_json_messages(const struct exchange *e) MUST_USE;

/* The Content-Encoding of a side's body into @ret; NULL: it has none. */
const char *exchange_json_coding(const struct exchange *e, enum exchange_side side,
	char ret[static EXCHANGE_JSON_CODING]);
/* How many of @n bytes may be shown as text: those before a character that is cut off at their end
 * when @cut, else all; -1: they are no UTF-8, or have a NUL. */
long exchange_json_utf8(const void *bytes, size_t n, bool cut);
/* What @n bytes take inside of a JSON text, with the escapes that controls need. */
size_t exchange_json_cost(const void *bytes, size_t n);
/* @bytes as base64. */
json_t *exchange_json_base64(const void *bytes, size_t n) MUST_USE;
