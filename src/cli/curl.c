/* SPDX-License-Identifier: MIT */
/*
 * curl: one command, for sh. curl adds fields of its own, which are taken back where the request
 * had none; what is for one hop alone, or is written by the server's edge again, is left to them.
 * A body that a shell cannot hold in a word comes through base64.
 */
#include "cli/curl.h"

#include <string.h>
#include <strings.h>

#include "base/base64.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/captured.h"
#include "cli/show_body.h"
#include "proto/http_forward.h"
#include "proto/http_head.h"

#define REDACTED   "[redacted]"
#define HEAD_MAX   (1024 * 1024)
#define INLINE_MAX 65536 /* of a body in a word of the command */

/* --- words ----------------------------------------------------------------------------------- */

/* May it stand as it is in a command that somebody's terminal shows? */
static bool is_plain(const char *bytes, size_t n, bool lines)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)bytes[i];

		if (c == 0x7f || (c < 0x20 && c != '\t' && !(lines && c == '\n')))
			return false;
		if (c == 0xc2 && i + 1 < n && (unsigned char)bytes[i + 1] < 0xa0)
			return false; /* C1 */
	}
	return show_body_is_text(bytes, n);
}

static void quote_octal(struct str *out, const char *bytes, size_t n)
{
	str_add(out, "\"$(printf '");
	for (size_t i = 0; i < n; i++)
		str_addf(out, "\\%03o", (unsigned char)bytes[i]);
	str_add(out, "')\"");
}

void curl_quote(struct str *out, const char *bytes, size_t n)
{
	n = strnlen(bytes, n);
	if (!is_plain(bytes, n, /* lines= */ true)) {
		quote_octal(out, bytes, n);
		return;
	}
	str_addc(out, '\'');
	for (size_t i = 0; i < n; i++) {
		if (bytes[i] == '\'')
			str_add(out, "'\\''");
		else
			str_addc(out, bytes[i]);
	}
	str_addc(out, '\'');
}

/* --- fields ---------------------------------------------------------------------------------- */

static bool is_one_of(struct http_span name, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (http_head_span_case_is(name, names[i]))
			return true;
	}
	return false;
}

/* For one hop alone, or told by the URL, or written by curl and the edge. */
static bool is_written_again(struct http_span name)
{
	static const char *const names[] = {"host", "content-length", "transfer-encoding",
		"connection", "keep-alive", "proxy-connection", "te", "trailer", "upgrade",
		"expect", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host",
		"sec-websocket-key", "sec-websocket-version", "sec-websocket-extensions"};

	return is_one_of(name, names, ARRAY_SIZE(names));
}

static void add_field(struct str *out, const struct http_field *f, struct str_list *left_out)
{
	CLEANUP(mem_cleanup) char *text = NULL;

	if (is_written_again(f->name))
		return;
	/* as a whole, or in an address' query */
	if (memmem(f->value.at, f->value.n, REDACTED, strlen(REDACTED))) {
		text = mem_strndup(f->name.at, f->name.n);
		str_list_add(left_out, text);
		return;
	}
	/* curl takes "Name;" for a field without a value */
	text = mem_printf("%.*s%s%.*s", (int)f->name.n, f->name.at, f->value.n ? ": " : ";",
		(int)f->value.n, f->value.at);
	str_add(out, " \\\n  -H ");
	curl_quote(out, text, strlen(text));
}

/* Those that curl would add by itself. */
static void take_back(struct str *out, const struct http_head *h, bool has_body)
{
	static const char *const names[] = {"User-Agent", "Accept", "Content-Type"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!http_head_find(h, names[i]) && (has_body || i < 2))
			str_addf(out, " \\\n  -H '%s:'", names[i]);
	}
}

/* --- the command ----------------------------------------------------------------------------- */

static void add_url(struct str *out, const struct http_head *h, bool tls)
{
	struct http_span host = http_forward_asked_host(h);
	CLEANUP(mem_cleanup)
	char *url = mem_printf("%s://%.*s%s%.*s", tls ? "https" : "http", host.n ? (int)host.n : 9,
		host.n ? host.at : "localhost", h->no_slash ? "/" : "", (int)h->path.n, h->path.at);

	/* brackets and braces are curl's patterns, dots it would fold */
	if (strpbrk(url, "[]{}"))
		str_add(out, " --globoff");
	if (strstr(url, "/."))
		str_add(out, " --path-as-is");
	str_addc(out, ' ');
	curl_quote(out, url, strlen(url));
}

static void add_method(struct str *out, const struct http_head *h, bool has_body)
{
	if (http_head_span_is(h->method, "HEAD")) {
		str_add(out, " --head");
		return;
	}
	if (http_head_span_is(h->method, has_body ? "POST" : "GET"))
		return;
	str_add(out, " -X ");
	curl_quote(out, h->method.at, h->method.n);
}

/* @bytes through base64, into the command that follows. */
static void pipe_body(struct str *out, const struct captured_body *b)
{
	char *text = mem_alloc(BASE64_SIZE(b->n));

	base64_encode(text, b->bytes, b->n);
	str_addf(out, "printf %%s '%s' | base64 -d | ", text);
	mem_cleanup(&text);
}

bool curl_command(struct str *out, const struct captured_body *head,
	const struct captured_body *body, bool tls, struct str_list *left_out)
{
	/* '@' at the beginning would be a file's name */
	bool in_word = body->n <= INLINE_MAX && body->bytes[0] != '@' &&
		       is_plain(body->bytes, body->n, /* lines= */ true);
	size_t scanned = 0;
	struct http_head h;

	if (http_head_scan((const uint8_t *)head->bytes, head->n, HEAD_MAX, &scanned) !=
			(long)head->n ||
		http_head_request(&h, (const uint8_t *)head->bytes, head->n) != HTTP_FAULT_NONE)
		return false;
	if (body->n > 0 && !in_word)
		pipe_body(out, body);
	str_add(out, "curl");
	add_method(out, &h, body->n > 0);
	add_url(out, &h, tls);
	for (size_t i = 0; i < h.n_fields; i++)
		add_field(out, &h.fields[i], left_out);
	if (memmem(h.target.at, h.target.n, REDACTED, strlen(REDACTED)))
		str_list_add(left_out, "what is redacted in the query");
	take_back(out, &h, body->n > 0);
	if (body->n > 0) {
		str_add(out, " \\\n  --data-binary ");
		if (in_word)
			curl_quote(out, body->bytes, body->n);
		else
			str_add(out, "@-");
	}
	str_addc(out, '\n');
	return !out->failed;
}
