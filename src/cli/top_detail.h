/* SPDX-License-Identifier: MIT */
#pragma once

/* top_detail: one captured request as lines of text. */

#include <jansson.h>

struct captured_body;
struct top_lines;

/* @request: the answer of Request; the bodies as far as they were fetched, borrowed, NULL: none. */
void top_detail_add(struct top_lines *l, const json_t *request, const struct captured_body *asked,
	const struct captured_body *answered);
