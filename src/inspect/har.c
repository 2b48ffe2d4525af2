/* SPDX-License-Identifier: MIT */
/*
 * har: HTTP Archive 1.2, as browsers' developer tools read and write it. Every member that it
 * requires is there, with the value it has for "not known" where we do not know.
 */
#include "inspect/har.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "inspect/decode.h"
#include "inspect/exchange_json.h"
#include "inspect/head_lines.h"
#include "inspect/sse.h"
#include "proto/http_forward.h"
#include "proto/urlencoded.h"

#define PAIRS_MAX     1000
#define PAIRS_COST    HAR_BODY_MAX
#define VALUE_MAX     65536
#define OPCODE_TEXT   1
#define OPCODE_BINARY 2

static json_t *text(const char *s)
{
	return exchange_json_text(s ? s : "", s ? strlen(s) : 0);
}

/* The values of a field of @p, or "". */
static void value_of(const struct exchange_part *p, const char *name, size_t size, char *ret)
{
	ret[0] = '\0';
	if (p->head)
		(void)head_lines_value(p->head, p->head_len, name, size, ret);
}

/* --- lists of names and values --------------------------------------------------------------- */

static void add_pair(json_t *list, struct http_span name, struct http_span value)
{
	(void)json_array_append_new(list,
		json_pack("{s:o, s:o}", "name", exchange_json_text(name.n ? name.at : "", name.n),
			"value", exchange_json_text(value.n ? value.at : "", value.n)));
}

static json_t *headers_json(const struct exchange_part *p)
{
	struct head_lines lines;

	(void)head_lines_begin(&lines, p->head ? p->head : "", p->head_len);
	return exchange_json_headers(&lines);
}

/* "a=1; b=2" of a request; "a=1; Path=/" of an answer, where only the first is the cookie. */
static void add_cookies(json_t *list, struct http_span value, bool all)
{
	while (value.n > 0) {
		const char *end = memchr(value.at, ';', value.n);
		size_t n = end ? (size_t)(end - value.at) : value.n;
		struct http_span pair = http_head_trim((struct http_span){value.at, n});
		const char *equals = pair.n ? memchr(pair.at, '=', pair.n) : NULL;

		if (equals) {
			size_t before = (size_t)(equals - pair.at);

			add_pair(list, (struct http_span){pair.at, before},
				(struct http_span){equals + 1, pair.n - before - 1});
		}
		if (!all)
			return;
		value.at += n + (end != NULL);
		value.n -= n + (end != NULL);
	}
}

static json_t *cookies_json(const struct exchange_part *p, const char *field, bool all)
{
	json_t *list = json_array();
	struct head_lines lines;
	struct http_field f;

	(void)head_lines_begin(&lines, p->head ? p->head : "", p->head_len);
	while (head_lines_next(&lines, &f)) {
		if (http_head_span_case_is(f.name, field))
			add_cookies(list, f.value, all);
	}
	return list;
}

/* Not all where they are too many or too long: they are in the text, too. */
static json_t *pairs_json(const char *at, size_t n)
{
	CLEANUP(str_deinit) struct str name = STR_INIT(VALUE_MAX);
	CLEANUP(str_deinit) struct str value = STR_INIT(VALUE_MAX);
	struct urlencoded pairs = {at, n};
	json_t *list = json_array();
	size_t cost = 0;

	while (json_array_size(list) < PAIRS_MAX && urlencoded_next(&pairs, &name, &value)) {
		cost += exchange_json_cost(str_get(&name), name.len) +
			exchange_json_cost(str_get(&value), value.len);
		if (cost > PAIRS_COST)
			break;
		add_pair(list, (struct http_span){str_get(&name), name.len},
			(struct http_span){str_get(&value), value.len});
	}
	return list;
}

static json_t *query_json(const struct exchange *e)
{
	const char *question = e->target ? strchr(e->target, '?') : NULL;

	return question ? pairs_json(question + 1, strlen(question + 1)) : json_array();
}

/* --- bodies ---------------------------------------------------------------------------------- */

/* What is there of a body, and why it is not all. */
struct content {
	struct buf bytes;
	const char *comment; /* NULL: it is all */
	bool decoded;
};

static void read_content(struct content *c, const struct exchange *e, enum exchange_side side)
{
	const struct exchange_part *p = &e->part[side];
	char room[EXCHANGE_JSON_CODING];
	const char *coding = exchange_json_coding(e, side, room);
	enum decode_result r = decode_body(&c->bytes, coding, p->body, p->kept, HAR_BODY_MAX);

	c->comment = NULL;
	c->decoded = coding && r != DECODE_UNKNOWN;
	if (r == DECODE_UNKNOWN) {
		(void)buf_add(&c->bytes, p->body, p->kept);
		c->comment = "in a content coding that is not known here";
	} else if (r == DECODE_BROKEN) {
		c->comment = "its content coding is broken";
	} else if (r == DECODE_LARGE || buf_len(&c->bytes) == HAR_BODY_MAX) {
		c->comment = "the beginning alone, the whole is too large";
	}
	if (p->kept < p->size)
		c->comment = "the beginning alone, no more was kept";
}

/* "text", and @encoding ("encoding" or "_encoding") where it is base64. */
static void set_text(json_t *o, const struct content *c, const char *encoding)
{
	size_t n = buf_len(&c->bytes);
	long utf8 = exchange_json_utf8(buf_data(&c->bytes), n, c->comment != NULL);
	bool plain = utf8 >= 0 && exchange_json_cost(buf_data(&c->bytes), n) < n + n / 2 + 256;

	if (plain) {
		(void)json_object_set_new(o, "text",
			exchange_json_text(utf8 ? (const char *)buf_data(&c->bytes) : "",
				(size_t)utf8));
	} else {
		(void)json_object_set_new(o, "text", exchange_json_base64(buf_data(&c->bytes), n));
		(void)json_object_set_new(o, encoding, json_string("base64"));
	}
	if (c->comment)
		(void)json_object_set_new(o, "comment", json_string(c->comment));
}

static json_t *post_json(const struct exchange *e)
{
	char type[256];
	struct content c;
	json_t *o;

	value_of(&e->part[EXCHANGE_REQUEST], "content-type", sizeof(type), type);
	read_content(&c, e, EXCHANGE_REQUEST);
	o = json_pack("{s:o, s:o}", "mimeType", text(type), "params",
		str_has_prefix(type, "application/x-www-form-urlencoded")
			? pairs_json((const char *)buf_data(&c.bytes), buf_len(&c.bytes))
			: json_array());
	set_text(o, &c, "_encoding");
	buf_deinit(&c.bytes);
	return o;
}

static json_t *content_json(const struct exchange *e)
{
	const struct exchange_part *p = &e->part[EXCHANGE_RESPONSE];
	char type[256];
	struct content c;
	json_t *o;

	value_of(p, "content-type", sizeof(type), type);
	read_content(&c, e, EXCHANGE_RESPONSE);
	o = json_pack("{s:I, s:o}", "size", (json_int_t)(c.decoded ? buf_len(&c.bytes) : p->size),
		"mimeType", text(*type ? type : "x-unknown"));
	if (c.decoded && p->kept == p->size)
		(void)json_object_set_new(o, "compression",
			json_integer((json_int_t)buf_len(&c.bytes) - (json_int_t)p->size));
	if (buf_len(&c.bytes) > 0)
		set_text(o, &c, "encoding");
	buf_deinit(&c.bytes);
	return o;
}

/* --- request and response -------------------------------------------------------------------- */

static json_t *url_json(const struct exchange *e)
{
	const struct exchange_part *p = &e->part[EXCHANGE_REQUEST];
	struct http_span host = {e->tunnel, strlen(e->tunnel)};
	struct http_head h;
	char *url;
	json_t *o;

	if (p->head &&
		http_head_request(&h, (const uint8_t *)p->head, p->head_len) == HTTP_FAULT_NONE)
		host = http_forward_asked_host(&h);
	url = mem_printf("%s://%.*s%s", e->tls ? "https" : "http", (int)host.n,
		host.n ? host.at : "", e->target ? e->target : "");
	o = text(url);
	free(url);
	return o;
}

static json_t *request_json(const struct exchange *e)
{
	const struct exchange_part *p = &e->part[EXCHANGE_REQUEST];
	char version[16] = "HTTP/1.1";
	json_t *o;

	version[7] = (char)('0' + e->minor % 10);
	o = json_pack("{s:o, s:o, s:s, s:o, s:o, s:o, s:I, s:I}", "method", text(e->method), "url",
		url_json(e), "httpVersion", version, "cookies",
		cookies_json(p, "cookie", /* all= */ true), "headers", headers_json(p),
		"queryString", query_json(e), "headersSize",
		p->head ? (json_int_t)p->head_len : (json_int_t)-1, "bodySize",
		(json_int_t)p->size);
	if (p->size > 0)
		(void)json_object_set_new(o, "postData", post_json(e));
	return o;
}

/* "HTTP/1.1 200 OK": what is behind the status. */
static json_t *reason_json(const struct exchange_part *p)
{
	struct head_lines lines;
	struct http_span line = head_lines_begin(&lines, p->head ? p->head : "", p->head_len);
	const char *end = line.at + line.n, *at = line.at;

	for (int i = 0; i < 2 && at < end; i++) {
		const char *blank = memchr(at, ' ', (size_t)(end - at));

		at = blank ? blank + 1 : end;
	}
	return exchange_json_text(at < end ? at : "", (size_t)(end - at));
}

static json_t *response_json(const struct exchange *e)
{
	const struct exchange_part *p = &e->part[EXCHANGE_RESPONSE];
	char location[VALUE_MAX / 4];
	json_t *o;

	value_of(p, "location", sizeof(location), location);
	o = json_pack("{s:i, s:o, s:s, s:o, s:o, s:o, s:o, s:I, s:I}", "status", (int)e->status,
		"statusText", reason_json(p), "httpVersion", p->head ? "HTTP/1.1" : "", "cookies",
		cookies_json(p, "set-cookie", /* all= */ false), "headers", headers_json(p),
		"content", content_json(e), "redirectURL", text(location), "headersSize",
		p->head ? (json_int_t)p->head_len : (json_int_t)-1, "bodySize",
		p->head ? (json_int_t)p->size : (json_int_t)-1);
	if (e->error) /* Chromium's word */
		(void)json_object_set_new(o, "_error", text(e->error));
	return o;
}

/* --- messages -------------------------------------------------------------------------------- */

/* Chromium's: time in seconds since 1970, binary data as base64. */
static json_t *message_json(const struct exchange_message *m, size_t n)
{
	bool binary = m->kind != EXCHANGE_MESSAGE_TEXT;
	long utf8 = binary ? -1 : exchange_json_utf8(m->bytes, n, n < m->size);

	return json_pack("{s:s, s:f, s:i, s:o}", "type",
		m->from == EXCHANGE_REQUEST ? "send" : "receive", "time", (double)m->wall_ms / 1000,
		"opcode", binary ? OPCODE_BINARY : OPCODE_TEXT, "data",
		binary ? exchange_json_base64(m->bytes, n)
		       : exchange_json_text((const char *)m->bytes, utf8 < 0 ? n : (size_t)utf8));
}

/* Chromium's, too; NULL: a page would not have been told of it. */
static json_t *event_json(const struct exchange_message *m, size_t n)
{
	long utf8 = exchange_json_utf8(m->bytes, n, n < m->size);
	struct sse_event e;
	json_t *o = NULL;

	sse_event_init(&e, (const char *)m->bytes, utf8 < 0 ? n : (size_t)utf8);
	if (e.has_data)
		o = json_pack("{s:f, s:o, s:o, s:o}", "time", (double)m->wall_ms / 1000,
			"eventName",
			e.n_name ? exchange_json_text(e.name, e.n_name) : json_string("message"),
			"eventId", exchange_json_text(e.id ? e.id : "", e.n_id), "data",
			exchange_json_text(str_get(&e.data), e.data.len));
	sse_event_deinit(&e);
	return o;
}

/* NULL: it has no place in an archive. */
static json_t *one_json(const struct exchange_message *m, size_t n)
{
	if (m->kind == EXCHANGE_MESSAGE_EVENT)
		return event_json(m, n);
	return m->kind == EXCHANGE_MESSAGE_TEXT || m->kind == EXCHANGE_MESSAGE_BINARY
		       ? message_json(m, n)
		       : NULL;
}

static json_t *messages_json(const struct exchange *e)
{
	json_t *list = json_array();
	size_t left = HAR_BODY_MAX;

	for (struct list *at = exchange_latest_messages(e); at != &e->messages; at = at->next) {
		const struct exchange_message *m = list_entry(at, struct exchange_message, node);
		size_t n = MIN(m->kept, left / 2);
		json_t *one = one_json(m, n);

		if (!one)
			continue;
		(void)json_array_append_new(list, one);
		left -= MIN(left, exchange_json_cost(m->bytes, n));
	}
	return list;
}

/* --- the entry ------------------------------------------------------------------------------- */

static json_t *time_json(uint64_t wall_ms)
{
	char at[21], full[32];

	clock_format_utc(at, wall_ms);
	(void)snprintf(full, sizeof(full), "%.19s.%03uZ", at, (unsigned int)(wall_ms % 1000));
	return json_string(full);
}

/* What is ours: enough to find the request again, and what became of it. */
static void set_own(json_t *o, const struct exchange *e)
{
	(void)json_object_set_new(o, "_id", json_integer((json_int_t)e->id));
	(void)json_object_set_new(o, "_tunnel", text(e->tunnel));
	(void)json_object_set_new(o, "_visitor", text(e->visitor));
	(void)json_object_set_new(o, "_state", json_string(exchange_state_word(e->state)));
	if (e->replay_of)
		(void)json_object_set_new(o, "_replayOf", json_integer((json_int_t)e->replay_of));
	if (e->verification != EXCHANGE_UNVERIFIED)
		(void)json_object_set_new(o, "_verification",
			json_pack("{s:o, s:s, s:o}", "provider", text(e->verify_provider), "result",
				exchange_verification_word(e->verification), "why",
				text(e->verify_why)));
	if (e->kind == EXCHANGE_WEBSOCKET) {
		(void)json_object_set_new(o, "_resourceType", json_string("websocket"));
		(void)json_object_set_new(o, "_webSocketMessages", messages_json(e));
	} else if (e->kind == EXCHANGE_SSE) {
		(void)json_object_set_new(o, "_resourceType", json_string("eventsource"));
		(void)json_object_set_new(o, "_eventSourceMessages", messages_json(e));
	}
}

json_t *har_entry(const struct exchange *e)
{
	double wait = (double)MAX(e->first_byte_us, (int64_t)0) / 1000;
	double total = (double)MAX(e->total_us, (int64_t)0) / 1000;
	double receive = total > wait ? total - wait : 0;
	json_t *o = json_pack("{s:o, s:f, s:o, s:o, s:{}, s:{s:i, s:i, s:i, s:i, s:f, s:f, s:i}}",
		"startedDateTime", time_json(e->wall_ms), "time", wait + receive, "request",
		request_json(e), "response", response_json(e), "cache", "timings", "blocked", -1,
		"dns", -1, "connect", -1, "send", 0, "wait", wait, "receive", receive, "ssl", -1);

	set_own(o, e);
	return o;
}
