/* SPDX-License-Identifier: MIT */
/*
 * http_forward: the head as the next hop gets it, written in one pass.
 *
 * Dropped: Connection and what it nominates, Keep-Alive, Proxy-*, TE (but "trailers"), Upgrade
 * unless upgrading (RFC 9110 §7.6.1). The body is not touched, so Content-Length and
 * Transfer-Encoding stay, even if nominated. The version of a request is kept: an
 * HTTP/1.0 visitor must not be sent a chunked body, and an origin that sees 1.0 sends none. No Via
 * is added: origins turn compression and caching off for it, and there would be more between them
 * and a visitor than a tunnel.
 */
#include "proto/http_forward.h"

#include <stdio.h>
#include <string.h>

#include "base/cursor.h"

static void put(struct cursor *c, const char *text)
{
	cursor_put(c, text, strlen(text));
}

static void put_span(struct cursor *c, struct http_span s)
{
	cursor_put(c, s.at, s.n);
}

static struct http_span of(const char *text)
{
	return (struct http_span){text, strlen(text)};
}

static void put_field(struct cursor *c, struct http_span name, struct http_span value)
{
	put_span(c, name);
	cursor_put(c, ": ", 2);
	put_span(c, value);
	cursor_put(c, "\r\n", 2);
}

/* What a field of a name means to a proxy. */
enum meaning {
	PLAIN,
	HOP,        /* dropped: it is for this hop (RFC 9110 §7.6.1) */
	FRAMING,    /* kept whatever Connection says of it */
	FORWARDING, /* replaced in requests */
	HOPS,       /* counted down where it counts */
	CLAIM,      /* where a visitor says it comes from: only a trusted one may */
};

static const struct {
	const char *name;
	size_t n;
	enum meaning meaning;
} known[] = {
	{"connection", 10, HOP},
	{"content-length", 14, FRAMING},
	{"forwarded", 9, FORWARDING},
	{"host", 4, FORWARDING},
	{"http2-settings", 14, HOP},
	{"keep-alive", 10, HOP},
	{"max-forwards", 12, HOPS},
	{"proxy-authenticate", 18, HOP},
	{"proxy-authentication-info", 25, HOP},
	{"proxy-authorization", 19, HOP},
	{"proxy-connection", 16, HOP},
	{"te", 2, HOP},
	{"transfer-encoding", 17, FRAMING},
	{"upgrade", 7, HOP},
	{"x-forwarded-for", 15, FORWARDING},
	{"x-forwarded-host", 16, FORWARDING},
	{"x-forwarded-proto", 17, FORWARDING},
	{"x-real-ip", 9, CLAIM},
};

/* Equal in any case, and with '_' for '-'; *ret_spelled says whether that was needed. */
static bool name_is(struct http_span name, const char *known_name, bool *ret_spelled)
{
	*ret_spelled = false;
	for (size_t i = 0; i < name.n; i++) {
		char c = name.at[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c | 0x20);
		if (c == '_' && known_name[i] == '-')
			*ret_spelled = true;
		else if (c != known_name[i])
			return false;
	}
	return true;
}

/*
 * CGI and its heirs read "X_Forwarded_For" as X-Forwarded-For: a field that means something to a
 * proxy and is spelled so was written to get past one, and goes no further.
 */
static enum meaning meaning_of(struct http_span name)
{
	bool spelled;

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (known[i].n == name.n && name_is(name, known[i].name, &spelled))
			return spelled ? HOP : known[i].meaning;
	}
	/* -Port, -Prefix, -Server and whatever else origins were taught */
	if (name.n > 12 && name_is((struct http_span){name.at, 12}, "x-forwarded-", &spelled))
		return spelled ? HOP : CLAIM;
	return PLAIN;
}

static void put_hops(struct cursor *c, uint32_t hops)
{
	char line[32];

	(void)snprintf(line, sizeof(line), "Max-Forwards: %u\r\n", hops);
	put(c, line);
}

static void put_request_fields(struct cursor *c, const struct http_head *h, bool trusted)
{
	for (size_t i = 0; i < h->n_fields; i++) {
		const struct http_field *f = &h->fields[i];
		enum meaning meaning = meaning_of(f->name);

		if (meaning == HOP || meaning == FORWARDING || (meaning == CLAIM && !trusted))
			continue;
		if (meaning != FRAMING && http_head_is_nominated(h, f->name))
			continue;
		if (meaning == HOPS && h->has_hops)
			put_hops(c, h->hops > 0 ? h->hops - 1 : 0);
		else
			put_field(c, f->name, f->value);
	}
}

/* A 1xx or 204 has no body, and must not say that it has one (RFC 9110 §8.6, RFC 9112 §6.1). */
static void put_response_fields(struct cursor *c, const struct http_head *h, const char *date)
{
	bool bodiless = h->status < 200 || h->status == 204, dated = h->status < 200;

	for (size_t i = 0; i < h->n_fields; i++) {
		const struct http_field *f = &h->fields[i];
		enum meaning meaning = meaning_of(f->name);

		if (meaning == HOP || (meaning == FRAMING && bodiless))
			continue;
		if (meaning != FRAMING && http_head_is_nominated(h, f->name))
			continue;
		dated = dated || http_head_span_case_is(f->name, "date");
		put_field(c, f->name, f->value);
	}
	if (!dated && date)
		put_field(c, of("Date"), of(date));
}

static void put_connection(struct cursor *c, const struct http_head *h,
	const struct http_forward *f)
{
	const struct http_field *upgrade = f->upgrade ? http_head_find(h, "upgrade") : NULL;

	if (upgrade) {
		put_field(c, of("Upgrade"), upgrade->value);
		put(c, "Connection: Upgrade\r\n");
	} else if (f->close) {
		put(c, "Connection: close\r\n");
	} else if (f->via_1_0) {
		put(c, "Connection: keep-alive\r\n");
	}
}

/* What the proxies before us wrote into the fields of a name, to be appended to. */
static void put_chain(struct cursor *c, const struct http_head *h, const char *name)
{
	for (size_t i = 0; i < h->n_fields; i++) {
		if (!http_head_span_case_is(h->fields[i].name, name) || h->fields[i].value.n == 0)
			continue;
		put_span(c, h->fields[i].value);
		put(c, ", ");
	}
}

/* A chain that has begun goes on (RFC 7239 §4); it is not begun here. */
static void put_forwarded(struct cursor *c, const struct http_head *h, const struct http_forward *f)
{
	bool v6 = strchr(f->visitor_ip, ':') != NULL;

	if (!f->trusted || !http_head_find(h, "forwarded"))
		return;
	put(c, "Forwarded: ");
	put_chain(c, h, "forwarded");
	put(c, v6 ? "for=\"[" : "for=");
	put(c, f->visitor_ip);
	put(c, v6 ? "]\";proto=" : ";proto=");
	put(c, f->proto);
	put(c, "\r\n");
}

static void put_forwarding(struct cursor *c, const struct http_head *h,
	const struct http_forward *f)
{
	const struct http_field *proto = http_head_find(h, "x-forwarded-proto");
	const struct http_field *host = http_head_find(h, "x-forwarded-host");

	put(c, "X-Forwarded-For: ");
	if (f->trusted)
		put_chain(c, h, "x-forwarded-for");
	put(c, f->visitor_ip);
	put(c, "\r\n");
	put_field(c, of("X-Forwarded-Proto"), f->trusted && proto ? proto->value : of(f->proto));
	put_field(c, of("X-Forwarded-Host"), f->trusted && host ? host->value : h->host);
	put_forwarded(c, h, f);
}

size_t http_forward_request(uint8_t *out, size_t cap, const struct http_head *h,
	const struct http_forward *f)
{
	struct cursor c;

	cursor_write_init(&c, out, cap);
	put_span(&c, h->method);
	put(&c, h->no_slash ? " /" : " ");
	put_span(&c, h->path);
	put(&c, h->minor ? " HTTP/1.1\r\n" : " HTTP/1.0\r\n");
	put_field(&c, of("Host"), f->host ? of(f->host) : h->host);
	put_request_fields(&c, h, f->trusted);
	if (h->te_trailers && h->minor)
		put(&c, "TE: trailers\r\nConnection: TE\r\n");
	put_connection(&c, h, f);
	put_forwarding(&c, h, f);
	put(&c, "\r\n");
	return c.failed ? 0 : c.pos;
}

size_t http_forward_response(uint8_t *out, size_t cap, const struct http_head *h,
	const struct http_forward *f)
{
	struct cursor c;
	char status[8];

	cursor_write_init(&c, out, cap);
	(void)snprintf(status, sizeof(status), "%u ", h->status % 1000);
	put(&c, "HTTP/1.1 ");
	put(&c, status);
	put_span(&c, h->reason);
	put(&c, "\r\n");
	put_response_fields(&c, h, f->date);
	put_connection(&c, h, f);
	put(&c, "\r\n");
	return c.failed ? 0 : c.pos;
}

/* Of a name, an address, a port. */
static bool is_host(struct http_span s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.at[i], letter = (char)(c | 0x20);

		if (!(letter >= 'a' && letter <= 'z') && !(c >= '0' && c <= '9') &&
			(c == '\0' || !strchr(".-_:[]", c)))
			return false;
	}
	return s.n > 0;
}

struct http_span http_forward_asked_host(const struct http_head *h)
{
	const struct http_field *host = http_head_find(h, "x-forwarded-host");

	return host && is_host(host->value) ? host->value : h->host;
}

bool http_forward_is_renewed(struct http_span name)
{
	static const char *const names[] = {"connection", "content-length", "expect",
		"http2-settings", "keep-alive", "proxy-authorization", "proxy-connection", "te",
		"trailer", "transfer-encoding", "upgrade"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (http_head_span_case_is(name, names[i]))
			return true;
	}
	return false;
}
