/* SPDX-License-Identifier: MIT */
#pragma once

/* answer: the response to a captured request, printed, and beside another one. */

#include <jansson.h>

#include "cli/captured.h"

struct args;

/* All borrowed. */
struct answer {
	const json_t *info; /* RequestInfo */
	const json_t *part; /* the response's Part; null: there was none */
	const struct captured_body *body;
};

/* Status line, fields, an empty line, the body as show_body() has it. */
void answer_print(const struct args *a, const struct answer *answer);
/* What differs from @first: status, fields but those that differ each time, body. */
void answer_compare(const struct args *a, const struct answer *first, const struct answer *now);
