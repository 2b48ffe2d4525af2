/* SPDX-License-Identifier: MIT */
/*
 * exchange_json: what was captured, as JSON. Everything in it was chosen by strangers, and has to
 * become valid UTF-8 of bounded length: a value that is none is read as ISO-8859-1, which HTTP once
 * was (RFC 9110 §5.5) and which loses no byte; a message that is none is base64. Who needs the
 * bytes themselves asks for the head, or the body.
 */
#include "inspect/exchange_json.h"

#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/mem.h"
#include "base/str.h"
#include "inspect/decode.h"
#include "inspect/head_lines.h"

#define MEDIA_TYPE_MAX 128
/* A target in a list; the whole one is in the request's line. */
#define TARGET_MAX 4096

/* --- bytes as text --------------------------------------------------------------------------- */

/* The length of the character at @p, of which @n bytes are left: 0: it is none; above @n: it is
 * cut off. RFC 3629: shortest form, no surrogates, at most U+10FFFF. */
static size_t utf8_char(const uint8_t *p, size_t n)
{
	size_t len = p[0] < 0x80 ? 1 : p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;

	if (p[0] >= 0x80 && (p[0] < 0xc2 || p[0] > 0xf4))
		return 0;
	for (size_t i = 1; i < len && i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	}
	if (len > 2 && n > 1 &&
		((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
			(p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f)))
		return 0;
	return len;
}

long exchange_json_utf8(const void *bytes, size_t n, bool cut)
{
	const uint8_t *p = bytes;
	size_t at = 0;

	while (at < n) {
		size_t len = utf8_char(p + at, n - at);

		if (len == 0 || p[at] == '\0')
			return -1;
		if (len > n - at)
			return cut ? (long)at : -1;
		at += len;
	}
	return (long)at;
}

size_t exchange_json_cost(const void *bytes, size_t n)
{
	const uint8_t *p = bytes;
	size_t cost = n;

	for (size_t i = 0; i < n; i++) {
		if (p[i] < 0x20)
			cost += 5;
		else if (p[i] == '"' || p[i] == '\\')
			cost++;
	}
	return cost;
}

json_t *exchange_json_text(const char *bytes, size_t n)
{
	struct str latin = STR_INIT(2 * n + 1);
	json_t *text;

	if (exchange_json_utf8(bytes, n, /* cut= */ false) >= 0)
		return json_stringn_nocheck(bytes, n);
	for (size_t i = 0; i < n; i++) {
		uint8_t byte = (uint8_t)bytes[i];

		if (byte >= 0x80) {
			str_addc(&latin, (char)(0xc0 | byte >> 6));
			byte = 0x80 | (byte & 0x3f);
		}
		str_addc(&latin, byte ? (char)byte : '?');
	}
	text = json_stringn_nocheck(str_get(&latin), latin.len);
	str_deinit(&latin);
	return text;
}

json_t *exchange_json_base64(const void *bytes, size_t n)
{
	char *text = mem_alloc(BASE64_SIZE(n));
	json_t *o;

	base64_encode(text, bytes, n);
	o = json_string_nocheck(text);
	free(text);
	return o;
}

static json_t *text_or_null(const char *s)
{
	return s && *s ? exchange_json_text(s, strlen(s)) : json_null();
}

static json_t *span_text(struct http_span s)
{
	return exchange_json_text(s.n ? s.at : "", s.n);
}

static json_t *time_or_null(int64_t us)
{
	return us >= 0 ? json_integer(us) : json_null();
}

/* --- RequestInfo ----------------------------------------------------------------------------- */

static json_t *verification_json(const struct exchange *e)
{
	return json_pack("{s:o, s:s, s:o}", "provider", text_or_null(e->verify_provider), "result",
		exchange_verification_word(e->verification), "why", text_or_null(e->verify_why));
}

static json_t *target_json(const struct exchange *e)
{
	const char *target = e->target ? e->target : "";

	return exchange_json_text(target, strnlen(target, TARGET_MAX));
}

json_t *exchange_json_info(const struct exchange *e)
{
	char type[MEDIA_TYPE_MAX], version[16] = "HTTP/1.1";
	json_t *o = json_pack("{s:I, s:o, s:o, s:b, s:s, s:s, s:o, s:I, s:o, s:o}", "id",
		(json_int_t)e->id, "tunnel", exchange_json_text(e->tunnel, strlen(e->tunnel)),
		"visitor", exchange_json_text(e->visitor, strlen(e->visitor)), "tls", e->tls,
		"kind", exchange_kind_word(e->kind), "state", exchange_state_word(e->state),
		"error", text_or_null(e->error), "time_ms", (json_int_t)e->wall_ms, "first_byte_us",
		time_or_null(e->first_byte_us), "total_us", time_or_null(e->total_us));

	version[7] = (char)('0' + e->minor % 10);
	(void)json_object_set_new(o, "method",
		exchange_json_text(e->method ? e->method : "", strlen(e->method ? e->method : "")));
	(void)json_object_set_new(o, "target", target_json(e));
	(void)json_object_set_new(o, "version", json_string(version));
	(void)json_object_set_new(o, "status", e->status ? json_integer(e->status) : json_null());
	(void)json_object_set_new(o, "media_type",
		text_or_null(exchange_media_type(e, EXCHANGE_RESPONSE, sizeof(type), type)));
	(void)json_object_set_new(o, "request_bytes",
		json_integer((json_int_t)e->part[EXCHANGE_REQUEST].size));
	(void)json_object_set_new(o, "response_bytes",
		json_integer((json_int_t)e->part[EXCHANGE_RESPONSE].size));
	(void)json_object_set_new(o, "messages", json_integer((json_int_t)e->n_messages));
	(void)json_object_set_new(o, "replay_of",
		e->replay_of ? json_integer((json_int_t)e->replay_of) : json_null());
	(void)json_object_set_new(o, "verification", verification_json(e));
	return o;
}

size_t exchange_json_size(const struct exchange *e)
{
	/* every byte above 0x7f may take two */
	return 600 + 2 * (e->target ? strnlen(e->target, TARGET_MAX) : 0) +
	       2 * (e->method ? strlen(e->method) : 0) + 2 * (e->error ? strlen(e->error) : 0) +
	       2 * (e->verify_why ? strlen(e->verify_why) : 0);
}

/* --- Part ------------------------------------------------------------------------------------ */

const char *exchange_json_coding(const struct exchange *e, enum exchange_side side,
	char ret[static EXCHANGE_JSON_CODING])
{
	const struct exchange_part *p = &e->part[side];
	bool found = p->head && head_lines_value(p->head, p->head_len, "content-encoding",
					EXCHANGE_JSON_CODING, ret);

	return found ? ret : NULL;
}

json_t *exchange_json_headers(struct head_lines *lines)
{
	json_t *list = json_array();
	struct http_field f;

	while (head_lines_next(lines, &f))
		(void)json_array_append_new(list, json_pack("{s:o, s:o}", "name", span_text(f.name),
							  "value", span_text(f.value)));
	return list;
}

json_t *exchange_json_part(const struct exchange *e, enum exchange_side side)
{
	const struct exchange_part *p = &e->part[side];
	char type[MEDIA_TYPE_MAX], room[EXCHANGE_JSON_CODING];
	const char *coding = exchange_json_coding(e, side, room);
	struct head_lines lines;
	struct http_span line;
	json_t *headers;

	if (!p->head && side == EXCHANGE_RESPONSE)
		return json_null();
	line = head_lines_begin(&lines, p->head ? p->head : "", p->head_len);
	headers = exchange_json_headers(&lines);
	return json_pack("{s:o, s:o, s:o, s:o, s:b, s:I, s:I, s:b}", "line", span_text(line),
		"headers", headers, "media_type",
		text_or_null(exchange_media_type(e, side, sizeof(type), type)), "coding",
		text_or_null(coding), "decoded", decode_knows(coding), "size", (json_int_t)p->size,
		"kept", (json_int_t)p->kept, "complete", p->done);
}

/* --- Message --------------------------------------------------------------------------------- */

/* How many of @n bytes cost no more than @share. */
static size_t fitting(const uint8_t *bytes, size_t n, size_t share)
{
	size_t fits = MIN(n, share);

	while (fits > 0 && exchange_json_cost(bytes, fits) > share)
		fits = fits / 2;
	return fits;
}

/* At most @share bytes of JSON for its bytes; *ret_used: what they took. */
static json_t *message_json(const struct exchange_message *m, size_t share, size_t *ret_used)
{
	size_t n = fitting(m->bytes, m->kept, share);
	long text = m->kind == EXCHANGE_MESSAGE_BINARY
			    ? -1
			    : exchange_json_utf8(m->bytes, n, /* cut= */ n < m->size);

	if (text < 0)
		n = MIN(m->kept, share / 4 * 3);
	else
		n = (size_t)text;
	*ret_used = text < 0 ? BASE64_SIZE(n) : exchange_json_cost(m->bytes, n);
	return json_pack("{s:I, s:s, s:s, s:I, s:I, s:o, s:o}", "time_ms", (json_int_t)m->wall_ms,
		"from", m->from == EXCHANGE_REQUEST ? "visitor" : "origin", "kind",
		exchange_message_word(m->kind), "size", (json_int_t)m->size, "kept", (json_int_t)n,
		"text", text < 0 ? json_null() : json_stringn_nocheck((const char *)m->bytes, n),
		"base64", text < 0 ? exchange_json_base64(m->bytes, n) : json_null());
}

json_t *exchange_json_messages(const struct exchange *e)
{
	size_t left = EXCHANGE_JSON_MESSAGES;
	size_t more = MIN(e->n_kept_messages, (size_t)EXCHANGE_MESSAGES_LATEST);
	json_t *list = json_array();

	/* what a short one leaves over goes to those behind it */
	for (struct list *at = exchange_latest_messages(e); at != &e->messages; at = at->next) {
		size_t used;

		(void)json_array_append_new(list,
			message_json(list_entry(at, struct exchange_message, node),
				left / MAX(more, 1u), &used));
		left -= MIN(left, used);
		more -= more > 0;
	}
	return list;
}
