/* SPDX-License-Identifier: MIT */
#pragma once

/* inspect_test: a capture with exchanges in it, as tests want them. */

#include "../cm.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "base/mem.h"
#include "inspect/capture.h"

static struct capture capture;

static UNUSED int setup_capture(void **state)
{
	const struct capture_limits limits = {100, 64 * 1024 * 1024, 8 * 1024 * 1024, 300};

	capture_init(&capture, &limits);
	return 0;
}

static UNUSED int teardown_capture(void **state)
{
	capture_deinit(&capture);
	return 0;
}

/* @lines: "Host: a\r\n…"; the capture holds it. */
static UNUSED struct exchange *asked(const char *method, const char *target, const char *lines)
{
	struct exchange *e = capture_begin(&capture, "web", "192.0.2.1:5000", /* tls= */ true);
	char head[16384];
	int n = snprintf(head, sizeof(head), "%s %s HTTP/1.1\r\n%s\r\n", method, target, lines);

	capture_set_head(e, EXCHANGE_REQUEST, head, (size_t)n);
	mem_replace(&e->method, method);
	mem_replace(&e->target, target);
	e->minor = 1;
	capture_announce(e, CAPTURE_NEW);
	exchange_unref(e);
	return e;
}

static UNUSED void answered(struct exchange *e, unsigned int status, const char *lines,
	const void *body, size_t n)
{
	char head[16384];
	int len = snprintf(head, sizeof(head), "HTTP/1.1 %u Fine\r\n%s\r\n", status, lines);

	e->part[EXCHANGE_REQUEST].done = true;
	e->status = status;
	e->first_byte_us = 1500;
	capture_set_head(e, EXCHANGE_RESPONSE, head, (size_t)len);
	capture_add_body(e, EXCHANGE_RESPONSE, body, n);
	e->part[EXCHANGE_RESPONSE].done = true;
	capture_end(e, NULL);
}

static UNUSED const char *text_at(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text ? text : "(none)";
}

static UNUSED json_int_t number_at(const json_t *o, const char *key)
{
	assert_true(json_is_integer(json_object_get(o, key)));
	return json_integer_value(json_object_get(o, key));
}
