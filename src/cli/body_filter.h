/* SPDX-License-Identifier: MIT */
#pragma once

/* body_filter: a jq filter on JSON that strangers sent. */

#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

struct body_filter;
struct err;

enum body_filter_result {
	BODY_FILTER_TRUE,  /* its last result is neither false nor null, as jq -e has it */
	BODY_FILTER_FALSE, /* it is, or there was none */
	BODY_FILTER_ERROR, /* no JSON, or the filter failed on it: words */
	BODY_FILTER_SLOW,  /* it did not come to an end in that time, or needed too much memory */
};

/* NULL and words: it is no filter, or this program was built without libjq. */
struct body_filter *body_filter_new(const char *text, struct err *err) MUST_USE;
/* NULL is allowed. */
void body_filter_free(struct body_filter *f);
/* In a process of its own, which is ended after @ms; words in @err but for TRUE. */
enum body_filter_result body_filter_judge(struct body_filter *f, const char *bytes, size_t n,
	uint64_t ms, struct err *err) MUST_USE;
