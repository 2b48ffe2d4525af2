/* SPDX-License-Identifier: MIT */
#pragma once

/* gate_answer: what the gate says in the origin's place, and where the origin's own answers end. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "proto/http_head.h"

struct gate;
struct gate_read;
struct pump;

enum gate_answer_refusal {
#define REFUSAL(name, status, reason, word, text) GATE_ANSWER_##name,
#include "gate/gate_refusal.def.h"
#undef REFUSAL
};

/* Answer the request of @r; @text NULL: the refusal's own words. @close: no other one may follow.
 * False: the stream has no room for it. */
bool gate_answer_refuse(struct pump *p, const struct gate_read *r, enum gate_answer_refusal why,
	const char *text, bool close) MUST_USE;
/* What came is no request; none may follow. */
bool gate_answer_fault(struct pump *p, const struct gate_read *r, enum http_fault fault) MUST_USE;
/* "100 Continue" */
bool gate_answer_continue(struct pump *p) MUST_USE;
/* Bytes of the origin: sets `answered` or `upgraded` at the answer's end. False: that is no
 * answer, or nobody had asked. */
bool gate_answer_read(struct gate *g, const uint8_t *bytes, size_t n) MUST_USE;
