/* SPDX-License-Identifier: MIT */
/*
 * http_forward: the head as the next hop gets it, written in one pass.
 *
 * Dropped: Connection and what it nominates, Keep-Alive, Proxy-Connection, Proxy-Authenticate and
 * -Authorization, TE (but "trailers"), Upgrade unless upgrading (RFC 9110 §7.6.1). The body is
 * not touched, so Content-Length and Transfer-Encoding stay. The version of a request is kept: an
 * HTTP/1.0 visitor must not be sent a chunked body, and an origin that sees 1.0 sends none.
 */
#include "proto/http_forward.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/cursor.h"

static void put(struct cursor *c, const char *text)
{
	cursor_put(c, text, strlen(text));
}

static void put_span(struct cursor *c, struct http_span s)
{
	cursor_put(c, s.at, s.n);
}

static void put_field(struct cursor *c, const char *name, struct http_span value)
{
	put(c, name);
	cursor_put(c, ": ", 2);
	put_span(c, value);
	cursor_put(c, "\r\n", 2);
}

static struct http_span of(const char *text)
{
	return (struct http_span){text, strlen(text)};
}

static bool is_hop_by_hop(const struct http_head *h, struct http_span name)
{
	static const struct {
		const char *name;
		size_t n;
	} drop[] = {{"connection", 10}, {"keep-alive", 10}, {"proxy-connection", 16},
		{"proxy-authenticate", 18}, {"proxy-authorization", 19}, {"te", 2}, {"upgrade", 7}};

	for (size_t i = 0; i < ARRAY_SIZE(drop); i++) {
		if (drop[i].n == name.n && strncasecmp(drop[i].name, name.at, name.n) == 0)
			return true;
	}
	/* what frames the message must not be nominated away */
	if (h->n_connection == 0 || http_head_span_case_is(name, "content-length") ||
		http_head_span_case_is(name, "transfer-encoding") || http_head_span_case_is(name, "host"))
		return false;
	return http_head_is_nominated(h, name);
}

static bool is_forwarding(struct http_span name)
{
	return http_head_span_case_is(name, "x-forwarded-for") ||
	       http_head_span_case_is(name, "x-forwarded-proto") ||
	       http_head_span_case_is(name, "x-forwarded-host") || http_head_span_case_is(name, "forwarded");
}

static void put_fields(struct cursor *c, const struct http_head *h, bool request)
{
	for (size_t i = 0; i < h->n_fields; i++) {
		const struct http_field *f = &h->fields[i];

		if (is_hop_by_hop(h, f->name))
			continue;
		if (request && (http_head_span_case_is(f->name, "host") || is_forwarding(f->name)))
			continue;
		put_span(c, f->name);
		cursor_put(c, ": ", 2);
		put_span(c, f->value);
		cursor_put(c, "\r\n", 2);
	}
}

static void put_connection(struct cursor *c, const struct http_head *h, const struct http_forward *f)
{
	const struct http_field *upgrade = f->upgrade ? http_head_find(h, "upgrade") : NULL;

	if (upgrade) {
		put_field(c, "Upgrade", upgrade->value);
		put(c, "Connection: Upgrade\r\n");
	} else if (f->close) {
		put(c, "Connection: close\r\n");
	} else if (f->via_1_0) {
		put(c, "Connection: keep-alive\r\n");
	}
}

static void put_forwarding(struct cursor *c, const struct http_head *h, const struct http_forward *f)
{
	const struct http_field *proto = http_head_find(h, "x-forwarded-proto");
	const struct http_field *host = http_head_find(h, "x-forwarded-host");

	put(c, "X-Forwarded-For: ");
	if (f->trusted && h->forwarded_for.at) {
		put_span(c, h->forwarded_for);
		put(c, ", ");
	}
	put(c, f->visitor_ip);
	put(c, "\r\n");
	put_field(c, "X-Forwarded-Proto", f->trusted && proto ? proto->value : of(f->proto));
	put_field(c, "X-Forwarded-Host", f->trusted && host ? host->value : h->host);
}

size_t http_forward_request(uint8_t *out, size_t cap, const struct http_head *h, const struct http_forward *f)
{
	struct cursor c;

	cursor_write_init(&c, out, cap);
	put_span(&c, h->method);
	cursor_put_u8(&c, ' ');
	put_span(&c, h->path);
	put(&c, h->minor ? " HTTP/1.1\r\n" : " HTTP/1.0\r\n");
	put_field(&c, "Host", f->host ? of(f->host) : h->host);
	put_fields(&c, h, /* request= */ true);
	if (h->te_trailers)
		put(&c, "TE: trailers\r\nConnection: TE\r\n");
	put_connection(&c, h, f);
	put_forwarding(&c, h, f);
	put(&c, "\r\n");
	return c.failed ? 0 : c.pos;
}

size_t http_forward_response(uint8_t *out, size_t cap, const struct http_head *h, const struct http_forward *f)
{
	struct cursor c;
	char status[8];

	cursor_write_init(&c, out, cap);
	(void)snprintf(status, sizeof(status), "%u ", h->status % 1000);
	put(&c, "HTTP/1.1 ");
	put(&c, status);
	put_span(&c, h->reason);
	put(&c, "\r\n");
	put_fields(&c, h, /* request= */ false);
	put_connection(&c, h, f);
	put(&c, "\r\n");
	return c.failed ? 0 : c.pos;
}
