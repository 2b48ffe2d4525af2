/* SPDX-License-Identifier: MIT */
#pragma once

/* curl: a captured request as a command for a shell that sends the same one. */

#include <stdbool.h>
#include <stddef.h>

#include "base/str_list.h"

struct captured_body;
struct str;

/* Append @bytes as one word of a POSIX shell, whatever they are (NUL ends them). */
void curl_quote(struct str *out, const char *bytes, size_t n);
/* @head: the request's, as it is kept; @body: with its content coding. @tls: https. @left_out gets
 * what was redacted when captured, and is not in the command. False: the head is no request. */
bool curl_command(struct str *out, const struct captured_body *head,
	const struct captured_body *body, bool tls, struct str_list *left_out);
