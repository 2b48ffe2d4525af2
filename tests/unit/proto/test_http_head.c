/* SPDX-License-Identifier: MIT */
/*
 * Tables of heads, sound and not. Every row is also fed byte by byte and in two parts at every
 * place: where the pieces fall must not change the verdict.
 */
#include "../cm.h"

#include <stdio.h>
#include <string.h>

#include "proto/http_head.h"

#define SCAN_MAX 4096

/* Bytes, NULs included. */
#define B(text) text, sizeof(text) - 1

/* A request with these lines between a sound request line with a Host and the end. */
#define WITH(lines)  B("GET / HTTP/1.1\r\nHost: a.example\r\n" lines "\r\n")
#define REPLY(lines) B("HTTP/1.1 200 OK\r\n" lines "\r\n")

struct row {
	const char *bytes;
	size_t n;
	enum http_fault fault;
};

#define OK         HTTP_FAULT_NONE
#define INCOMPLETE HTTP_FAULT_COUNT

typedef enum http_fault parse_f(struct http_head *h, const uint8_t *bytes, size_t n);

static long scan_bytewise(const char *bytes, size_t n)
{
	size_t scanned = 0;
	long end = 0;

	for (size_t have = 1; have <= n && end == 0; have++)
		end = http_head_scan((const uint8_t *)bytes, have, SCAN_MAX, &scanned);
	return end;
}

static long scan_split(const char *bytes, size_t n, size_t at)
{
	size_t scanned = 0;
	long end = http_head_scan((const uint8_t *)bytes, at, SCAN_MAX, &scanned);

	return end ? end : http_head_scan((const uint8_t *)bytes, n, SCAN_MAX, &scanned);
}

static enum http_fault verdict(parse_f *parse, const struct row *r, struct http_head *h)
{
	size_t scanned = 0;
	long end = http_head_scan((const uint8_t *)r->bytes, r->n, SCAN_MAX, &scanned);

	assert_int_equal(scan_bytewise(r->bytes, r->n), end);
	for (size_t at = 0; at < r->n; at++)
		assert_int_equal(scan_split(r->bytes, r->n, at), end);
	if (end == 0)
		return INCOMPLETE;
	if (end < 0)
		return (enum http_fault) - end;
	return parse(h, (const uint8_t *)r->bytes, (size_t)end);
}

static void check_rows(parse_f *parse, const struct row *rows, size_t n)
{
	struct http_head h;

	for (size_t i = 0; i < n; i++) {
		enum http_fault got = verdict(parse, &rows[i], &h);

		if (got != rows[i].fault)
			fail_msg("row %zu: fault %d instead of %d:\n%s", i, (int)got,
				(int)rows[i].fault, rows[i].bytes);
	}
}

/* --- requests -------------------------------------------------------------------------------- */

static void a_sound_request_is_taken(void **state)
{
	static const struct row rows[] = {
		{WITH(""), OK},
		{B("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
			OK}, /* one empty line, RFC 9112 §2.2 */
		{B("GET / HTTP/1.0\r\nHost: a\r\n\r\n"), OK},
		{B("GET http://a.example/ HTTP/1.0\r\n\r\n"), OK},
		{B("GET /?q=\"{|}`^\\ HTTP/1.1\r\nHost: a\r\n\r\n"), OK},
		{B("GET //two HTTP/1.1\r\nHost: a\r\n\r\n"), OK},
		{B("GET /%00%zz HTTP/1.1\r\nHost: a\r\n\r\n"), OK},
		{B("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"), OK},
		{B("GET http://b.example:80/x HTTP/1.1\r\nHost: a\r\n\r\n"), OK},
		{B("GET HTTPS://b.example HTTP/1.1\r\nHost: a\r\n\r\n"), OK},
		{B("M-SEARCH / HTTP/1.1\r\nHost: a\r\n\r\n"), OK},
		{B("patch / HTTP/1.1\r\nHost: a\r\n\r\n"), OK},
		{B("GET / HTTP/1.1\r\nHOST:a.example:8080\r\n\r\n"), OK},
		{B("GET / HTTP/1.1\r\nHost: \t a.example. \t\r\n\r\n"), OK},
		{B("GET / HTTP/1.1\r\nHost: [2001:db8::1]:443\r\n\r\n"), OK},
		{B("GET / HTTP/1.1\r\nHost: 192.0.2.1\r\n\r\n"), OK},
		{B("GET / HTTP/1.1\r\nHost: a_b.example:\r\n\r\n"), OK},
		{WITH("Empty:\r\n"), OK},
		{WITH("!#$%&'*+-.^_`|~09aZ: x\r\n"), OK},
		{WITH("X: tab\there \x80\xff\r\n"), OK},
		{WITH("Content-Length: 0\r\n"), OK},
		{WITH("Content-Length: 999999999999999999\r\n"), OK},
		{WITH("Transfer-Encoding: chunked\r\n"), OK},
		{WITH("Transfer-Encoding:\t Chunked \r\n"), OK},
		{WITH("Transfer_Encoding: gzip\r\n"),
			OK}, /* a name like any other; not forwarded */
		{WITH("Connection: a\r\nConnection: b\r\nConnection: c\r\nConnection: d\r\n"), OK},
	};

	(void)state;
	check_rows(http_head_request, rows, sizeof(rows) / sizeof(rows[0]));
}

static void a_request_line_is_taken_only_in_its_one_form(void **state)
{
	static const struct row rows[] = {
		{B("\r\n\r\n"), HTTP_FAULT_METHOD},
		{B("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), HTTP_FAULT_METHOD},
		{B(" GET / HTTP/1.1\r\nHost: a\r\n\r\n"), HTTP_FAULT_METHOD},
		{B("\tGET / HTTP/1.1\r\nHost: a\r\n\r\n"), HTTP_FAULT_METHOD},
		{B("GET\r\n\r\n"), HTTP_FAULT_METHOD},
		{B("GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n"), HTTP_FAULT_METHOD},
		{B("G(T / HTTP/1.1\r\nHost: a\r\n\r\n"), HTTP_FAULT_METHOD},
		{B("G\0T / HTTP/1.1\r\nHost: a\r\n\r\n"), HTTP_FAULT_METHOD},
		{B("head / HTTP/1.1\r\nHost: a\r\n\r\n"), HTTP_FAULT_METHOD},
		{B("Head / HTTP/1.1\r\nHost: a\r\n\r\n"), HTTP_FAULT_METHOD},
		{B("connect a:1 HTTP/1.1\r\nHost: a\r\n\r\n"), HTTP_FAULT_METHOD},
		{B("CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n"), HTTP_FAULT_CONNECT},
		{B("GET /\r\n\r\n"), HTTP_FAULT_START_LINE}, /* HTTP/0.9 */
		{B("GET / \r\nHost: a\r\n\r\n"), HTTP_FAULT_START_LINE},
		{B("GET  / HTTP/1.1\r\nHost: a\r\n\r\n"), HTTP_FAULT_START_LINE},
		{B("GET /  HTTP/1.1\r\nHost: a\r\n\r\n"), HTTP_FAULT_START_LINE},
		{B("GET / HTTP/1.1 \r\nHost: a\r\n\r\n"), HTTP_FAULT_START_LINE},
		{B("GET / x HTTP/1.1\r\nHost: a\r\n\r\n"), HTTP_FAULT_START_LINE},
		{B("GET / HTTP/1.1 HTTP/1.1\r\nHost: a\r\n\r\n"), HTTP_FAULT_START_LINE},
		{B("GET / http/1.1\r\nHost: a\r\n\r\n"), HTTP_FAULT_START_LINE},
		{B("GET / HTTP/1,1\r\nHost: a\r\n\r\n"), HTTP_FAULT_START_LINE},
		{B("GET / HTTP/11\r\nHost: a\r\n\r\n"), HTTP_FAULT_START_LINE},
		{B("GET / HTTP/1.10\r\nHost: a\r\n\r\n"), HTTP_FAULT_START_LINE},
		{B("GET / HTTP/+.1\r\nHost: a\r\n\r\n"), HTTP_FAULT_START_LINE},
		{B("GET / HTTP/1.2\r\nHost: a\r\n\r\n"), OK}, /* RFC 9110 2.5 */
		{B("GET / HTTP/0.9\r\nHost: a\r\n\r\n"), HTTP_FAULT_VERSION},
		{B("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), HTTP_FAULT_VERSION},
	};

	(void)state;
	check_rows(http_head_request, rows, sizeof(rows) / sizeof(rows[0]));
}

static void a_target_is_taken_only_where_it_can_be_routed(void **state)
{
	static const struct row rows[] = {
		{B("GET x HTTP/1.1\r\nHost: a\r\n\r\n"), HTTP_FAULT_TARGET},
		{B("GET ?q HTTP/1.1\r\nHost: a\r\n\r\n"), HTTP_FAULT_TARGET},
		{B("GET a:80 HTTP/1.1\r\nHost: a\r\n\r\n"), HTTP_FAULT_TARGET},
		{B("GET * HTTP/1.1\r\nHost: a\r\n\r\n"), HTTP_FAULT_TARGET},
		{B("OPTIONS ** HTTP/1.1\r\nHost: a\r\n\r\n"), HTTP_FAULT_TARGET},
		{B("GET /#f HTTP/1.1\r\nHost: a\r\n\r\n"), HTTP_FAULT_TARGET},
		{B("GET /<b> HTTP/1.1\r\nHost: a\r\n\r\n"), HTTP_FAULT_TARGET},
		{B("GET /\x7f HTTP/1.1\r\nHost: a\r\n\r\n"), HTTP_FAULT_TARGET},
		{B("GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n"), HTTP_FAULT_TARGET},
		{B("GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n"), HTTP_FAULT_TARGET},
		{B("GET /\t HTTP/1.1\r\nHost: a\r\n\r\n"), HTTP_FAULT_TARGET},
		{B("GET /\rX HTTP/1.1\r\nHost: a\r\n\r\n"), HTTP_FAULT_TARGET},
		{B("GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n"), HTTP_FAULT_TARGET},
		{B("GET http:/// HTTP/1.1\r\nHost: a\r\n\r\n"), HTTP_FAULT_TARGET},
		{B("GET http:// HTTP/1.1\r\nHost: a\r\n\r\n"), HTTP_FAULT_TARGET},
		{B("GET http://me@a/ HTTP/1.1\r\nHost: a\r\n\r\n"), HTTP_FAULT_TARGET},
		{B("GET http://a:b/ HTTP/1.1\r\nHost: a\r\n\r\n"), HTTP_FAULT_TARGET},
		{B("GET http://a?q HTTP/1.1\r\nHost: a\r\n\r\n"), OK},
		{B("GET http://?q HTTP/1.1\r\nHost: a\r\n\r\n"), HTTP_FAULT_TARGET},
		{B("GET http://a%2e/ HTTP/1.1\r\nHost: a\r\n\r\n"), HTTP_FAULT_TARGET},
	};

	(void)state;
	check_rows(http_head_request, rows, sizeof(rows) / sizeof(rows[0]));
}

static void a_line_ends_in_crlf_and_nothing_else(void **state)
{
	static const struct row rows[] = {
		{B("\nGET / HTTP/1.1\r\n"), HTTP_FAULT_LINE_END},
		{B("GET / HTTP/1.1\nHost: a\r\n\r\n"), HTTP_FAULT_LINE_END},
		{B("GET / HTTP/1.1\r\nHost: a\n\r\n"), HTTP_FAULT_LINE_END},
		{B("GET / HTTP/1.1\r\nHost: a\r\n\n"), HTTP_FAULT_LINE_END},
		{B("GET / HTTP/1.1\r\nHost: a\n\n"), HTTP_FAULT_LINE_END},
		{WITH("X: a\nTransfer-Encoding: chunked\r\n"), HTTP_FAULT_LINE_END},
		{B("GET / HTTP/1.1\r\r\nHost: a\r\n\r\n"), HTTP_FAULT_START_LINE},
		{WITH("X: a\rTransfer-Encoding: chunked\r\n"), HTTP_FAULT_FIELD_VALUE},
		{WITH("X: a\r\r\n"), HTTP_FAULT_FIELD_VALUE},
		{WITH("\r\r\n"), HTTP_FAULT_FIELD_NAME},
		{WITH("\rX: a\r\n"), HTTP_FAULT_FIELD_NAME},
		{B("GET / HTTP/1.1\rHost: a\r\n\r\n"), HTTP_FAULT_START_LINE},
	};

	(void)state;
	check_rows(http_head_request, rows, sizeof(rows) / sizeof(rows[0]));
}

static void a_field_is_a_token_a_colon_and_a_clean_value(void **state)
{
	static const struct row rows[] = {
		{B("GET / HTTP/1.1\r\n Host: a\r\n\r\n"), HTTP_FAULT_FOLDED},
		{WITH("X: a\r\n b\r\n"), HTTP_FAULT_FOLDED},
		{WITH("X: a\r\n\tb\r\n"), HTTP_FAULT_FOLDED},
		{WITH("X: a\r\n \r\n"), HTTP_FAULT_FOLDED},
		{WITH("X:\r\n a\r\n"), HTTP_FAULT_FOLDED},
		{WITH("X : a\r\n"), HTTP_FAULT_FIELD_NAME},
		{WITH("X\t: a\r\n"), HTTP_FAULT_FIELD_NAME},
		{WITH("Transfer-Encoding : chunked\r\n"), HTTP_FAULT_FIELD_NAME},
		{WITH("Content-Length\x0b: 5\r\n"), HTTP_FAULT_FIELD_NAME},
		{WITH(": a\r\n"), HTTP_FAULT_FIELD_NAME},
		{WITH("no colon\r\n"), HTTP_FAULT_FIELD_NAME},
		{WITH("nocolon\r\n"), HTTP_FAULT_FIELD_NAME},
		{WITH("X\0: a\r\n"), HTTP_FAULT_FIELD_NAME},
		{WITH("\0\r\n"), HTTP_FAULT_FIELD_NAME},
		{WITH("X(y): a\r\n"), HTTP_FAULT_FIELD_NAME},
		{WITH("\xef\xbb\xbfX: a\r\n"), HTTP_FAULT_FIELD_NAME},
		{WITH("X/Y: a\r\n"), HTTP_FAULT_FIELD_NAME},
		{WITH("X: a\0b\r\n"), HTTP_FAULT_FIELD_VALUE},
		{WITH("X: a\x01\r\n"), HTTP_FAULT_FIELD_VALUE},
		{WITH("X: a\x1b[0m\r\n"), HTTP_FAULT_FIELD_VALUE},
		{WITH("X: \x7f\r\n"), HTTP_FAULT_FIELD_VALUE},
		{WITH("Transfer-Encoding: \x0b"
		      "chunked\r\n"),
			HTTP_FAULT_FIELD_VALUE},
		{WITH("Transfer-Encoding: chunked\x0c\r\n"), HTTP_FAULT_FIELD_VALUE},
	};

	(void)state;
	check_rows(http_head_request, rows, sizeof(rows) / sizeof(rows[0]));
}

/* Values are looked at in pieces: each byte at each place of one, among others of all kinds. */
static void no_byte_hides_in_a_long_value(void **state)
{
	static const char others[] = {'a', '~', '\t', '\x80', '\xff'};
	struct http_head h;
	char text[128];

	(void)state;
	for (unsigned int byte = 0; byte < 256; byte++) {
		for (size_t at = 0; at < 24; at++) {
			size_t n = (size_t)snprintf(text, sizeof(text),
				"GET / HTTP/1.1\r\nHost: a\r\nX: !");
			bool fine = byte == '\t' || (byte >= ' ' && byte != 0x7f);
			enum http_fault fault;

			if (byte == '\n')
				continue; /* ends the line */
			memset(text + n, others[at % sizeof(others)], 24);
			text[n + at] = (char)byte;
			memcpy(text + n + 24, "!\r\n\r\n", 5);
			fault = http_head_request(&h, (const uint8_t *)text, n + 29);
			assert_int_equal(fault, fine ? HTTP_FAULT_NONE : HTTP_FAULT_FIELD_VALUE);
		}
	}
}

static void a_request_names_one_host(void **state)
{
	static const struct row rows[] = {
		{B("GET / HTTP/1.1\r\n\r\n"), HTTP_FAULT_NO_HOST},
		{B("GET / HTTP/1.0\r\n\r\n"),
			HTTP_FAULT_NO_HOST}, /* there is nobody to route it to */
		{B("GET http://a/ HTTP/1.1\r\n\r\n"), HTTP_FAULT_NO_HOST},
		{WITH("Host: a.example\r\n"), HTTP_FAULT_MANY_HOSTS},
		{WITH("hOST: b.example\r\n"), HTTP_FAULT_MANY_HOSTS},
		{B("GET http://a/ HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"), HTTP_FAULT_MANY_HOSTS},
		{B("GET / HTTP/1.1\r\nHost:\r\n\r\n"), HTTP_FAULT_BAD_HOST},
		{B("GET / HTTP/1.1\r\nHost: me@a\r\n\r\n"), HTTP_FAULT_BAD_HOST},
		{B("GET / HTTP/1.1\r\nHost: a b\r\n\r\n"), HTTP_FAULT_BAD_HOST},
		{B("GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"), HTTP_FAULT_BAD_HOST},
		{B("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"), HTTP_FAULT_BAD_HOST},
		{B("GET / HTTP/1.1\r\nHost: http://a\r\n\r\n"), HTTP_FAULT_BAD_HOST},
		{B("GET / HTTP/1.1\r\nHost: a%2eb\r\n\r\n"), HTTP_FAULT_BAD_HOST},
		{B("GET / HTTP/1.1\r\nHost: a:b\r\n\r\n"), HTTP_FAULT_BAD_HOST},
		{B("GET / HTTP/1.1\r\nHost: a:1:2\r\n\r\n"), HTTP_FAULT_BAD_HOST},
		{B("GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n"), HTTP_FAULT_BAD_HOST},
		{B("GET / HTTP/1.1\r\nHost: a..b\r\n\r\n"), HTTP_FAULT_BAD_HOST},
		{B("GET / HTTP/1.1\r\nHost: .a\r\n\r\n"), HTTP_FAULT_BAD_HOST},
		{B("GET / HTTP/1.1\r\nHost: .\r\n\r\n"), HTTP_FAULT_BAD_HOST},
		{B("GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"), HTTP_FAULT_BAD_HOST},
		{B("GET / HTTP/1.1\r\nHost: ::1\r\n\r\n"), HTTP_FAULT_BAD_HOST},
		{B("GET / HTTP/1.1\r\nHost: [a]\r\n\r\n"), HTTP_FAULT_BAD_HOST},
		{B("GET / HTTP/1.1\r\nHost: \xc3\xa4.example\r\n\r\n"), HTTP_FAULT_BAD_HOST},
		{B("GET http://a/ HTTP/1.1\r\nHost: b c\r\n\r\n"), HTTP_FAULT_BAD_HOST},
	};

	(void)state;
	check_rows(http_head_request, rows, sizeof(rows) / sizeof(rows[0]));
}

static void a_body_has_one_length_that_nobody_reads_differently(void **state)
{
	static const struct row rows[] = {
		{WITH("Content-Length:\r\n"), HTTP_FAULT_LENGTH},
		{WITH("Content-Length: -1\r\n"), HTTP_FAULT_LENGTH},
		{WITH("Content-Length: +5\r\n"), HTTP_FAULT_LENGTH},
		{WITH("Content-Length: 0x5\r\n"), HTTP_FAULT_LENGTH},
		{WITH("Content-Length: 5e1\r\n"), HTTP_FAULT_LENGTH},
		{WITH("Content-Length: 5.0\r\n"), HTTP_FAULT_LENGTH},
		{WITH("Content-Length: 1_0\r\n"), HTTP_FAULT_LENGTH},
		{WITH("Content-Length: 5 5\r\n"), HTTP_FAULT_LENGTH},
		{WITH("Content-Length: 5, 5\r\n"), HTTP_FAULT_LENGTH},
		{WITH("Content-Length: 5,6\r\n"), HTTP_FAULT_LENGTH},
		{WITH("Content-Length: \"5\"\r\n"), HTTP_FAULT_LENGTH},
		{WITH("Content-Length: \xa0"
		      "5\r\n"),
			HTTP_FAULT_LENGTH},
		{WITH("Content-Length: 9223372036854775808\r\n"), HTTP_FAULT_LENGTH},
		{WITH("Content-Length: 18446744073709551621\r\n"), HTTP_FAULT_LENGTH},
		{WITH("Content-Length: 5\r\nContent-Length: 6\r\n"), HTTP_FAULT_MANY_LENGTHS},
		{WITH("Content-Length: 5\r\ncontent-length: 5\r\n"), HTTP_FAULT_MANY_LENGTHS},
		{WITH("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
			HTTP_FAULT_LENGTH_AND_CODING},
		{WITH("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n"),
			HTTP_FAULT_LENGTH_AND_CODING},
		{WITH("Transfer-Encoding:\r\n"), HTTP_FAULT_CODING_NOT_LAST},
		{WITH("Transfer-Encoding:\r\n chunked\r\n"), HTTP_FAULT_CODING_NOT_LAST},
		{WITH("Content-Length:\r\n 5\r\n"), HTTP_FAULT_LENGTH},
		{WITH("Transfer-Encoding: identity\r\n"), HTTP_FAULT_CODING_NOT_LAST},
		{WITH("Transfer-Encoding: gzip\r\n"), HTTP_FAULT_CODING_NOT_LAST},
		{WITH("Transfer-Encoding: gzip, chunked\r\n"), HTTP_FAULT_CODING},
		{WITH("Transfer-Encoding: chunked, gzip\r\n"), HTTP_FAULT_CODING_NOT_LAST},
		{WITH("Transfer-Encoding: chunked, chunked\r\n"), HTTP_FAULT_CODING_NOT_LAST},
		{WITH("Transfer-Encoding: chunked, identity\r\n"), HTTP_FAULT_CODING_NOT_LAST},
		{WITH("Transfer-Encoding: chunked,\r\n"), HTTP_FAULT_CODING},
		{WITH("Transfer-Encoding: ,chunked\r\n"), HTTP_FAULT_CODING_NOT_LAST},
		{WITH("Transfer-Encoding: chunked;q=1\r\n"), HTTP_FAULT_CODING_NOT_LAST},
		{WITH("Transfer-Encoding: \"chunked\"\r\n"), HTTP_FAULT_CODING_NOT_LAST},
		{WITH("Transfer-Encoding: xchunked\r\n"), HTTP_FAULT_CODING_NOT_LAST},
		{WITH("Transfer-Encoding: chunked\xa0\r\n"), HTTP_FAULT_CODING_NOT_LAST},
		{WITH("Transfer-Encoding: chunke\r\n"), HTTP_FAULT_CODING_NOT_LAST},
		{WITH("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
			HTTP_FAULT_CODING_NOT_LAST},
		{WITH("Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n"),
			HTTP_FAULT_CODING_NOT_LAST},
		{WITH("Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n"), HTTP_FAULT_CODING},
		{B("POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"),
			HTTP_FAULT_CODING_IN_1_0},
		{WITH("Connection: a\r\nConnection: b\r\nConnection: c\r\nConnection: "
		      "d\r\nConnection: e\r\n"),
			HTTP_FAULT_MANY_FIELDS},
	};

	(void)state;
	check_rows(http_head_request, rows, sizeof(rows) / sizeof(rows[0]));
}

static void an_unfinished_head_asks_for_more(void **state)
{
	static const struct row rows[] = {
		{B(""), INCOMPLETE},
		{B("\r\n"), INCOMPLETE},
		{B("G"), INCOMPLETE},
		{B("GET / HTTP/1.1\r"), INCOMPLETE},
		{B("GET / HTTP/1.1\r\nHost: a\r\n"), INCOMPLETE},
		{B("GET / HTTP/1.1\r\nHost: a\r\n\r"), INCOMPLETE},
	};

	(void)state;
	check_rows(http_head_request, rows, sizeof(rows) / sizeof(rows[0]));
}

/* --- responses ------------------------------------------------------------------------------- */

static void a_sound_response_is_taken(void **state)
{
	static const struct row rows[] = {
		{REPLY(""), OK},
		{B("HTTP/1.1 200\r\n\r\n"),
			OK}, /* without its blank: seen in the wild, read one way */
		{B("HTTP/1.1 200 \r\n\r\n"), OK},
		{B("HTTP/1.0 404 Not \t found\xff\r\n\r\n"), OK},
		{B("HTTP/1.1 100 Continue\r\n\r\n"), OK},
		{B("HTTP/1.1 599 x\r\n\r\n"), OK},
		{REPLY("Content-Length: 5\r\n"), OK},
		{REPLY("Transfer-Encoding: chunked\r\n"), OK},
		{REPLY("Host: a\r\n"), OK},
	};

	(void)state;
	check_rows(http_head_response, rows, sizeof(rows) / sizeof(rows[0]));
}

static void a_response_is_read_as_strictly_as_a_request(void **state)
{
	static const struct row rows[] = {
		{B("\r\nHTTP/1.1 200 OK\r\n\r\n"), HTTP_FAULT_START_LINE},
		{B(" HTTP/1.1 200 OK\r\n\r\n"), HTTP_FAULT_START_LINE},
		{B("HTTP/1.1  200 OK\r\n\r\n"), HTTP_FAULT_START_LINE},
		{B("HTTP/1.1 20 OK\r\n\r\n"), HTTP_FAULT_START_LINE},
		{B("HTTP/1.1 2000 OK\r\n\r\n"), HTTP_FAULT_START_LINE},
		{B("HTTP/1.1 099 OK\r\n\r\n"), HTTP_FAULT_START_LINE},
		{B("HTTP/1.1 600 OK\r\n\r\n"), OK}, /* nobody's class, but three digits */
		{B("HTTP/1.2 200 OK\r\n\r\n"), OK},
		{B("HTTP/1.1 +20 OK\r\n\r\n"), HTTP_FAULT_START_LINE},
		{B("HTTP/1.1 200\tOK\r\n\r\n"), HTTP_FAULT_START_LINE},
		{B("HTTP/1.1 200 O\0K\r\n\r\n"), HTTP_FAULT_START_LINE},
		{B("HTTP/1.1 200 O\rK\r\n\r\n"), HTTP_FAULT_START_LINE},
		{B("http/1.1 200 OK\r\n\r\n"), HTTP_FAULT_START_LINE},
		{B("ICY 200 OK\r\n\r\n"), HTTP_FAULT_START_LINE},
		{B("<html>\r\n\r\n"), HTTP_FAULT_START_LINE},
		{B("HTTP/2.0 200 OK\r\n\r\n"), HTTP_FAULT_VERSION},
		{B("HTTP/1.1 200 OK\n\n"), HTTP_FAULT_LINE_END},
		{B("HTTP/1.1 200 OK\r\nX: a\n\r\n"), HTTP_FAULT_LINE_END},
		{REPLY("X: a\r\n b\r\n"), HTTP_FAULT_FOLDED},
		{REPLY("X : a\r\n"), HTTP_FAULT_FIELD_NAME},
		{REPLY("X: a\0\r\n"), HTTP_FAULT_FIELD_VALUE},
		{REPLY("Host: a\r\nHost: a\r\n"), HTTP_FAULT_MANY_HOSTS},
		{REPLY("Content-Length: -0\r\n"), HTTP_FAULT_LENGTH},
		{REPLY("Content-Length: 5, 5\r\n"), HTTP_FAULT_LENGTH},
		{REPLY("Content-Length: 5\r\nContent-Length: 5\r\n"), HTTP_FAULT_MANY_LENGTHS},
		{REPLY("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
			HTTP_FAULT_LENGTH_AND_CODING},
		{REPLY("Transfer-Encoding: gzip, chunked\r\n"), HTTP_FAULT_CODING},
		{B("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
			HTTP_FAULT_CODING_IN_1_0},
		{B("HTTP/1.1 200 OK\r\nX: a\r\n"), INCOMPLETE},
	};

	(void)state;
	check_rows(http_head_response, rows, sizeof(rows) / sizeof(rows[0]));
}

/* --- limits ---------------------------------------------------------------------------------- */

static void a_head_of_exactly_the_limit_passes_and_one_byte_more_does_not(void **state)
{
	static const char head[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\nbody";
	const uint8_t *bytes = (const uint8_t *)head;
	size_t n = sizeof(head) - 1 - 4, scanned = 0;

	(void)state;
	assert_int_equal(http_head_scan(bytes, n + 4, n, &scanned), (long)n);
	scanned = 0;
	assert_int_equal(http_head_scan(bytes, n + 4, n - 1, &scanned), -HTTP_FAULT_HEAD_TOO_LARGE);
	scanned = 0;
	/* it is said as soon as it is certain, not when the end comes at last */
	assert_int_equal(http_head_scan(bytes, n - 2, n - 1, &scanned), 0);
	assert_int_equal(http_head_scan(bytes, n - 1, n - 1, &scanned), -HTTP_FAULT_HEAD_TOO_LARGE);
	/* a first line that alone is too long is so by its target; an empty one is not the first */
	scanned = 0;
	assert_int_equal(http_head_scan(bytes, 16, 12, &scanned), -HTTP_FAULT_TARGET_TOO_LONG);
	scanned = 0;
	assert_int_equal(http_head_scan((const uint8_t *)"\r\nGET /aaaaaaaaa", 16, 12, &scanned),
		-HTTP_FAULT_TARGET_TOO_LONG);
}

static void a_scan_does_not_look_twice(void **state)
{
	uint8_t bytes[64];
	size_t scanned = 0;

	(void)state;
	memset(bytes, 'a', sizeof(bytes));
	assert_int_equal(http_head_scan(bytes, 60, SCAN_MAX, &scanned), 0);
	assert_int_equal(scanned, 60);
	bytes[10] = '\n'; /* behind its back */
	memcpy(bytes + 60, "\r\n", 2);
	assert_int_equal(http_head_scan(bytes, 62, SCAN_MAX, &scanned), 0);
	assert_int_equal(scanned, 62);
}

static size_t request_with_fields(char *out, size_t fields)
{
	static const char start[] = "GET / HTTP/1.1\r\nHost: a\r\n";
	size_t n = sizeof(start) - 1;

	memcpy(out, start, n);
	for (size_t i = 1; i < fields; i++) {
		memcpy(out + n, "X: y\r\n", 6);
		n += 6;
	}
	memcpy(out + n, "\r\n", 2);
	return n + 2;
}

static void a_head_has_at_most_128_fields(void **state)
{
	char text[2048];
	struct http_head h;
	size_t n;

	(void)state;
	n = request_with_fields(text, HTTP_HEAD_FIELDS_MAX);
	assert_int_equal(http_head_request(&h, (const uint8_t *)text, n), OK);
	assert_int_equal(h.n_fields, HTTP_HEAD_FIELDS_MAX);
	n = request_with_fields(text, HTTP_HEAD_FIELDS_MAX + 1);
	assert_int_equal(http_head_request(&h, (const uint8_t *)text, n), HTTP_FAULT_MANY_FIELDS);
}

static size_t request_with_target(char *out, size_t target)
{
	static const char tail[] = " HTTP/1.1\r\nHost: a\r\n\r\n";

	memcpy(out, "GET /", 5);
	memset(out + 5, 'a', target - 1);
	memcpy(out + 4 + target, tail, sizeof(tail) - 1);
	return 4 + target + sizeof(tail) - 1;
}

static void a_target_has_at_most_16_kib(void **state)
{
	static char text[HTTP_HEAD_TARGET_MAX + 100];
	struct http_head h;
	size_t n;

	(void)state;
	n = request_with_target(text, HTTP_HEAD_TARGET_MAX);
	assert_int_equal(http_head_request(&h, (const uint8_t *)text, n), OK);
	n = request_with_target(text, HTTP_HEAD_TARGET_MAX + 1);
	assert_int_equal(http_head_request(&h, (const uint8_t *)text, n),
		HTTP_FAULT_TARGET_TOO_LONG);
}

/* --- what a head says ------------------------------------------------------------------------ */

static void parse_request(struct http_head *h, const char *text)
{
	size_t scanned = 0;
	long n = http_head_scan((const uint8_t *)text, strlen(text), SCAN_MAX, &scanned);

	assert_int_equal(n, (long)strlen(text));
	assert_int_equal(http_head_request(h, (const uint8_t *)text, (size_t)n), OK);
}

static void a_request_is_taken_apart(void **state)
{
	struct http_head h;

	(void)state;
	parse_request(&h, "POST /a?b HTTP/1.1\r\nHost: A.example:80\r\nX:  y z \r\n"
			  "Content-Length: 0042\r\nExpect: 100-Continue\r\nAccept: text/html\r\n"
			  "Accept: application/json\r\nTE: gzip, trailers\r\n\r\n");
	assert_true(http_head_span_is(h.method, "POST"));
	assert_true(http_head_span_is(h.target, "/a?b"));
	assert_true(http_head_span_is(h.path, "/a?b"));
	assert_true(http_head_span_is(h.host, "A.example:80"));
	assert_int_equal(h.form, HTTP_TARGET_ORIGIN);
	assert_int_equal(h.minor, 1);
	assert_int_equal(h.n_fields, 7);
	assert_true(http_head_span_is(h.fields[1].name, "X"));
	assert_true(http_head_span_is(h.fields[1].value, "y z"));
	assert_true(h.has_length && !h.chunked);
	assert_int_equal(h.length, 42);
	assert_true(h.expect_continue && h.accepts_json && h.te_trailers);
	assert_ptr_equal(http_head_find(&h, "accept"), &h.fields[4]);
	assert_null(http_head_find(&h, "cookie"));
}

static void a_response_is_taken_apart(void **state)
{
	static const char text[] = "HTTP/1.0 301 Moved away\r\nServer: x\r\n\r\n";
	struct http_head h;

	(void)state;
	assert_int_equal(http_head_response(&h, (const uint8_t *)text, sizeof(text) - 1), OK);
	assert_int_equal(h.status, 301);
	assert_int_equal(h.minor, 0);
	assert_true(http_head_span_is(h.reason, "Moved away"));
	assert_false(h.keep_alive || h.has_length || h.chunked);
}

static void the_target_outranks_the_host_field(void **state)
{
	static const struct {
		const char *line, *host, *path;
	} rows[] = {
		{"GET http://b.example:8080/x?y HTTP/1.1", "b.example:8080", "/x?y"},
		{"GET http://b.example HTTP/1.1", "b.example", "/"},
		{"GET hTTps://[::1]:443/ HTTP/1.1", "[::1]:443", "/"},
		{"OPTIONS http://b.example HTTP/1.1", "b.example", "*"}, /* RFC 9112 §3.2.4 */
		{"OPTIONS http://b.example/ HTTP/1.1", "b.example", "/"},
		{"OPTIONS * HTTP/1.1", "a.example", "*"},
		{"GET /http://b.example/ HTTP/1.1", "a.example", "/http://b.example/"},
		{"GET //b.example/ HTTP/1.1", "a.example", "//b.example/"},
	};
	struct http_head h;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[256];

		(void)snprintf(text, sizeof(text), "%s\r\nHost: a.example\r\n\r\n", rows[i].line);
		parse_request(&h, text);
		if (!http_head_span_is(h.host, rows[i].host) ||
			!http_head_span_is(h.path, rows[i].path))
			fail_msg("%s", rows[i].line);
	}
}

static void a_connection_is_kept_as_version_and_close_say(void **state)
{
	static const struct {
		const char *text;
		bool kept;
	} rows[] = {
		{"GET / HTTP/1.1\r\nHost: a\r\n\r\n", true},
		{"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", false},
		{"GET / HTTP/1.1\r\nHost: a\r\nConnection: CLOSE\r\n\r\n", false},
		{"GET / HTTP/1.1\r\nHost: a\r\nConnection: x , close\r\n\r\n", false},
		{"GET / HTTP/1.1\r\nHost: a\r\nConnection: closed\r\n\r\n", true},
		{"GET / HTTP/1.1\r\nHost: a\r\nConnection: close, keep-alive\r\n\r\n", false},
		{"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nConnection: keep-alive\r\n\r\n",
			false},
		{"GET / HTTP/1.1\r\nHost: a\r\nProxy-Connection: close\r\n\r\n", true},
		{"GET / HTTP/1.0\r\nHost: a\r\n\r\n", false},
		{"GET / HTTP/1.0\r\nHost: a\r\nConnection: Keep-Alive\r\n\r\n", true},
		{"GET / HTTP/1.0\r\nHost: a\r\nConnection: close, keep-alive\r\n\r\n", false},
		{"GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive, close\r\n\r\n", false},
		{"GET / HTTP/1.0\r\nHost: a\r\nConnection: close\r\nConnection: keep-alive\r\n\r\n",
			false},
	};
	struct http_head h;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		parse_request(&h, rows[i].text);
		if (h.keep_alive != rows[i].kept)
			fail_msg("%s", rows[i].text);
	}
}

static void an_upgrade_is_one_that_connection_nominates_and_no_other_http(void **state)
{
	static const struct {
		const char *lines;
		bool upgrade;
	} rows[] = {
		{"Connection: Upgrade\r\nUpgrade: websocket\r\n", true},
		{"Connection: keep-alive, upgrade\r\nUpgrade: websocket\r\n", true},
		{"Upgrade: websocket\r\n", false},
		{"Connection: Upgrade\r\n", false},
		{"Connection: Upgrade\r\nUpgrade:\r\n", false},
		{"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: "
		 "AAMAAABk\r\n",
			false},
		{"Connection: Upgrade\r\nUpgrade: websocket, H2C\r\n", false},
		{"Connection: Upgrade\r\nUpgrade: websocket\r\nUpgrade: h2c\r\n", false},
		{"Connection: Upgrade\r\nUpgrade: HTTP/2.0\r\n", false},
		{"Connection: Upgrade\r\nUpgrade: http\r\n", false},
		{"Connection: Upgrade\r\nUpgrade: h2\r\n", false},
		{"Connection: Upgrade\r\nUpgrade: TLS/1.0, HTTP/1.1\r\n", false},
	};
	struct http_head h;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[256];

		(void)snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nHost: a\r\n%s\r\n",
			rows[i].lines);
		parse_request(&h, text);
		if (h.upgrade != rows[i].upgrade)
			fail_msg("%s", rows[i].lines);
	}
	parse_request(&h,
		"GET / HTTP/1.0\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
	assert_false(h.upgrade);
}

static void expect_means_nothing_in_1_0(void **state)
{
	struct http_head h;

	(void)state;
	parse_request(&h, "GET / HTTP/1.0\r\nHost: a\r\nExpect: 100-continue\r\n\r\n");
	assert_false(h.expect_continue);
	parse_request(&h, "GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nExpect: x\r\n\r\n");
	assert_true(h.expect_continue);
}

static void nomination_is_by_whole_names(void **state)
{
	struct http_head h;

	(void)state;
	parse_request(&h,
		"GET / HTTP/1.1\r\nHost: a\r\nConnection: x-one,, X-Two\r\nConnection: x3\r\n\r\n");
	assert_true(http_head_is_nominated(&h, (struct http_span){"X-One", 5}));
	assert_true(http_head_is_nominated(&h, (struct http_span){"x-two", 5}));
	assert_true(http_head_is_nominated(&h, (struct http_span){"x3", 2}));
	assert_false(http_head_is_nominated(&h, (struct http_span){"x", 1}));
	assert_false(http_head_is_nominated(&h, (struct http_span){"x-one, x-two", 12}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sound_request_is_taken),
		cmocka_unit_test(a_request_line_is_taken_only_in_its_one_form),
		cmocka_unit_test(a_target_is_taken_only_where_it_can_be_routed),
		cmocka_unit_test(a_line_ends_in_crlf_and_nothing_else),
		cmocka_unit_test(a_field_is_a_token_a_colon_and_a_clean_value),
		cmocka_unit_test(no_byte_hides_in_a_long_value),
		cmocka_unit_test(a_request_names_one_host),
		cmocka_unit_test(a_body_has_one_length_that_nobody_reads_differently),
		cmocka_unit_test(an_unfinished_head_asks_for_more),
		cmocka_unit_test(a_sound_response_is_taken),
		cmocka_unit_test(a_response_is_read_as_strictly_as_a_request),
		cmocka_unit_test(a_head_of_exactly_the_limit_passes_and_one_byte_more_does_not),
		cmocka_unit_test(a_scan_does_not_look_twice),
		cmocka_unit_test(a_head_has_at_most_128_fields),
		cmocka_unit_test(a_target_has_at_most_16_kib),
		cmocka_unit_test(a_request_is_taken_apart),
		cmocka_unit_test(a_response_is_taken_apart),
		cmocka_unit_test(the_target_outranks_the_host_field),
		cmocka_unit_test(a_connection_is_kept_as_version_and_close_say),
		cmocka_unit_test(an_upgrade_is_one_that_connection_nominates_and_no_other_http),
		cmocka_unit_test(expect_means_nothing_in_1_0),
		cmocka_unit_test(nomination_is_by_whole_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
