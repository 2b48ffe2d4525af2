/* SPDX-License-Identifier: MIT */
/*
 * top_detail: heads and bodies for the eyes: JSON indented, text as it is, anything else in hex.
 * What is unsafe to show is escaped by who draws.
 */
#include "cli/top_detail.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cli/captured.h"
#include "cli/json_indent.h"
#include "cli/print.h"
#include "cli/show_body.h"
#include "cli/top_lines.h"

#define TEXT_MAX (8 * 1024 * 1024)
#define HEX_MAX  4096
#define HEX_LINE 16

static const char *text_of(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

static json_int_t number_of(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

static void add(struct top_lines *l, const char *text)
{
	top_lines_add(l, text, strlen(text));
}

static void add_hex(struct top_lines *l, const unsigned char *p, size_t n)
{
	for (size_t at = 0; at < n; at += HEX_LINE) {
		CLEANUP(str_deinit) struct str line = STR_INIT(128);
		size_t k = MIN(n - at, (size_t)HEX_LINE);

		str_addf(&line, "%06zx ", at);
		for (size_t i = 0; i < HEX_LINE; i++) {
			if (i < k)
				str_addf(&line, " %02x", p[at + i]);
			else
				str_add(&line, "   ");
		}
		str_add(&line, "  ");
		for (size_t i = 0; i < k; i++)
			str_addc(&line,
				p[at + i] >= 0x20 && p[at + i] < 0x7f ? (char)p[at + i] : '.');
		add(l, str_get(&line));
	}
}

static void add_bytes(struct top_lines *l, const json_t *part, const struct captured_body *b)
{
	CLEANUP(str_deinit) struct str json = STR_INIT(TEXT_MAX);
	const char *type = text_of(part, "media_type");
	bool is_json = str_eq(type, "application/json") || str_has_suffix(type, "+json");

	if (!b->failed && is_json && json_indent(&json, b->bytes, b->n))
		top_lines_add_text(l, str_get(&json), json.len);
	else if (!b->failed && show_body_is_text(b->bytes, b->n))
		top_lines_add_text(l, b->bytes, b->n);
	else
		add_hex(l, (const unsigned char *)b->bytes, MIN(b->n, (size_t)HEX_MAX));
}

static void add_body(struct top_lines *l, const json_t *part, const struct captured_body *b)
{
	json_int_t size = number_of(part, "size"), kept = number_of(part, "kept");
	char bytes[PRINT_BYTES_MAX];

	if (b && b->n > 0)
		add_bytes(l, part, b);
	if (kept < size) {
		CLEANUP(mem_cleanup) char *note = NULL;

		print_bytes(bytes, (uint64_t)size);
		note = mem_printf("(of %s only %lld bytes were kept)", bytes, (long long)kept);
		add(l, note);
	}
}

static void add_part(struct top_lines *l, const json_t *part, const struct captured_body *b)
{
	const json_t *h;
	size_t i;

	add(l, text_of(part, "line"));
	json_array_foreach(json_object_get(part, "headers"), i, h)
	{
		CLEANUP(mem_cleanup)
		char *line = mem_printf("%s: %s", text_of(h, "name"), text_of(h, "value"));

		add(l, line);
	}
	add(l, "");
	add_body(l, part, b);
	add(l, "");
}

static void add_title(struct top_lines *l, const json_t *info)
{
	CLEANUP(str_deinit) struct str line = STR_INIT(4096);
	json_int_t us = number_of(info, "total_us"), of = number_of(info, "replay_of");

	str_addf(&line, "request %lld of %s", (long long)number_of(info, "id"),
		text_of(info, "tunnel"));
	if (of > 0)
		str_addf(&line, ", %lld again", (long long)of);
	else
		str_addf(&line, ", from %s", text_of(info, "visitor"));
	if (json_is_integer(json_object_get(info, "total_us")))
		str_addf(&line, ", %lld.%lld ms", (long long)(us / 1000),
			(long long)(us % 1000 / 100));
	str_addf(&line, ", %s", text_of(info, "state"));
	if (*text_of(info, "error"))
		str_addf(&line, ": %s", text_of(info, "error"));
	add(l, str_get(&line));
	add(l, "");
}

void top_detail_add(struct top_lines *l, const json_t *request, const struct captured_body *asked,
	const struct captured_body *answered)
{
	const json_t *response = json_object_get(request, "response");

	add_title(l, json_object_get(request, "info"));
	add_part(l, json_object_get(request, "request"), asked);
	if (json_is_object(response))
		add_part(l, response, answered);
	else
		add(l, "(no answer)");
}
