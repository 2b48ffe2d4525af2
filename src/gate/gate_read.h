/* SPDX-License-Identifier: MIT */
#pragma once

/* gate_read: one request on its way through the gate: its head, the check of its body. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/http_body.h"
#include "proto/http_head.h"
#include "webhook/webhook_check.h"

struct verify_conf;

#define GATE_READ_HEAD_MAX (64 * 1024)

struct gate_read {
	struct webhook_check *check;
	struct http_body body;
	uint64_t length; /* of the body as its head says; 0: none, or not said */
	bool is_head, upgrade, expects, wants_json, keep_alive;
};

/* A whole head of @n bytes; what is left of the last request is freed. */
enum http_fault gate_read_head(struct gate_read *r, const struct verify_conf *v,
	const uint8_t *bytes, size_t n) MUST_USE;
/* How many of @n bytes, which are not none, belong to the body; negative enum http_fault. Goes on
 * until the body is done. */
long gate_read_body(struct gate_read *r, const uint8_t *bytes, size_t n) MUST_USE;
/* All zero again; harmless then. */
void gate_read_deinit(struct gate_read *r);
