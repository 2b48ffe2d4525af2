/* SPDX-License-Identifier: MIT */
/* Heads as the next hop gets them, compared to the byte. */
#include "../cm.h"

#include <stdio.h>
#include <string.h>

#include "proto/http_forward.h"

static char out[4096];

static const char *forward_request(const char *text, const struct http_forward *f)
{
	struct http_head h;
	size_t n;

	assert_int_equal(http_head_request(&h, (const uint8_t *)text, strlen(text)),
		HTTP_FAULT_NONE);
	n = http_forward_request((uint8_t *)out, sizeof(out) - 1, &h, f);
	assert_true(n > 0);
	out[n] = '\0';
	return out;
}

static const char *forward_response(const char *text, const struct http_forward *f)
{
	struct http_head h;
	size_t n;

	assert_int_equal(http_head_response(&h, (const uint8_t *)text, strlen(text)),
		HTTP_FAULT_NONE);
	n = http_forward_response((uint8_t *)out, sizeof(out) - 1, &h, f);
	assert_true(n > 0);
	out[n] = '\0';
	return out;
}

static const struct http_forward plain = {.visitor_ip = "192.0.2.7", .proto = "https"};

#define FORWARDED(host)                                                                            \
	"X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: " host        \
	"\r\n\r\n"

static void a_request_goes_on_with_where_it_came_from(void **state)
{
	(void)state;
	assert_string_equal(forward_request("GET /a?b HTTP/1.1\r\nAccept: x\r\nHost: "
					    "A.example:80\r\nCookie:y\r\n\r\n",
				    &plain),
		"GET /a?b HTTP/1.1\r\nHost: A.example:80\r\nAccept: x\r\nCookie: y\r\n" FORWARDED(
			"A.example:80"));
}

static void the_host_is_the_target_s_or_the_one_asked_for(void **state)
{
	struct http_forward f = plain;

	(void)state;
	assert_string_equal(forward_request("GET http://b/x HTTP/1.1\r\nHost: a\r\n\r\n", &plain),
		"GET /x HTTP/1.1\r\nHost: b\r\n" FORWARDED("b"));
	assert_string_equal(forward_request("OPTIONS http://b HTTP/1.1\r\nHost: a\r\n\r\n", &plain),
		"OPTIONS * HTTP/1.1\r\nHost: b\r\n" FORWARDED("b"));
	assert_string_equal(forward_request("GET HTTP://b?q=1 HTTP/1.1\r\nHost: a\r\n\r\n", &plain),
		"GET /?q=1 HTTP/1.1\r\nHost: b\r\n" FORWARDED("b"));
	f.host = "localhost:3000";
	assert_string_equal(forward_request("GET / HTTP/1.1\r\nHost: a\r\n\r\n", &f),
		"GET / HTTP/1.1\r\nHost: localhost:3000\r\n" FORWARDED("a"));
}

static void the_host_that_was_asked_for_is_found_again(void **state)
{
	static const struct {
		const char *fields, *host;
	} rows[] = {
		{"Host: inner\r\nX-Forwarded-Host: outer.example:80\r\n", "outer.example:80"},
		{"Host: inner\r\nX-Forwarded-Host: [::1]:80\r\n", "[::1]:80"},
		{"Host: inner\r\n", "inner"},
		/* not of our making */
		{"Host: inner\r\nX-Forwarded-Host: a/b?\r\n", "inner"},
		{"Host: inner\r\nX-Forwarded-Host:\r\n", "inner"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char head[256];
		int n = snprintf(head, sizeof(head), "GET / HTTP/1.1\r\n%s\r\n", rows[i].fields);
		struct http_head h;

		assert_int_equal(http_head_request(&h, (const uint8_t *)head, (size_t)n),
			HTTP_FAULT_NONE);
		assert_true(http_head_span_is(http_forward_asked_host(&h), rows[i].host));
	}
}

static void a_1_0_request_stays_one(void **state)
{
	(void)state;
	assert_string_equal(forward_request("GET / HTTP/1.0\r\nHost: a\r\nConnection: "
					    "keep-alive\r\nTE: trailers\r\n\r\n",
				    &plain),
		"GET / HTTP/1.0\r\nHost: a\r\n" FORWARDED("a"));
}

static void fields_for_this_hop_go_no_further(void **state)
{
	static const char *const lines[] = {
		"Connection: keep-alive\r\n",
		"Connection: close\r\n",
		"Connection: X-One, x-two\r\nX-One: 1\r\nX-TWO: 2\r\n",
		"X-One: 1\r\nConnection: x-one\r\n",
		"Keep-Alive: timeout=5\r\n",
		"Proxy-Connection: keep-alive\r\n",
		"Proxy-Authorization: Basic x\r\n",
		"PROXY-AUTHORIZATION: Basic x\r\n",
		"Proxy-Authenticate: Basic\r\n",
		"Upgrade: websocket\r\nConnection: Upgrade\r\n",
		"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: A\r\n",
		"HTTP2-Settings: AAMAAABk\r\n",
		"TE: gzip\r\n",
		/* what origins may read as a field that we answer for */
		"Transfer_Encoding: chunked\r\n",
		"Content_Length: 5\r\n",
		"X_Forwarded_For: 127.0.0.1\r\n",
		"x-forwarded_proto: https\r\n",
		"X_FORWARDED_HOST: b\r\n",
		"X-Forwarded-Port: 1\r\nX-Forwarded-Prefix: /admin\r\nX-Real-IP: ::1\r\n",
		"X_Forwarded_Port: 1\r\nX-Real_IP: ::1\r\n",
		/* not trusted: replaced */
		"X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-For: ::1\r\n",
		"X-Forwarded-Proto: http\r\nX-Forwarded-Host: b\r\nForwarded: for=127.0.0.1\r\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char text[512] = "GET / HTTP/1.1\r\nHost: a\r\n";

		strncat(text, lines[i], sizeof(text) - strlen(text) - 3);
		strncat(text, "\r\n", sizeof(text) - strlen(text) - 1);
		assert_string_equal(forward_request(text, &plain),
			"GET / HTTP/1.1\r\nHost: a\r\n" FORWARDED("a"));
	}
}

static void what_frames_or_routes_cannot_be_nominated_away(void **state)
{
	(void)state;
	assert_string_equal(forward_request("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
					    "Connection: content-length, host, x-forwarded-for, "
					    "x-forwarded-proto\r\n\r\n",
				    &plain),
		"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n" FORWARDED("a"));
	assert_string_equal(forward_request("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
					    "chunked\r\n"
					    "Connection: close, transfer-encoding\r\n\r\n",
				    &plain),
		"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n" FORWARDED("a"));
}

static void trailers_are_asked_for_again(void **state)
{
	(void)state;
	assert_string_equal(forward_request("GET / HTTP/1.1\r\nHost: a\r\nTE: gzip, "
					    "trailers\r\nConnection: TE\r\n\r\n",
				    &plain),
		"GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE\r\n" FORWARDED("a"));
}

static void an_upgrade_is_asked_for_again(void **state)
{
	struct http_forward f = plain;

	(void)state;
	f.upgrade = true;
	assert_string_equal(forward_request("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"
					    "Connection: keep-alive, Upgrade\r\nSec-WebSocket-Key: "
					    "x\r\n\r\n",
				    &f),
		"GET / HTTP/1.1\r\nHost: a\r\nSec-WebSocket-Key: x\r\n"
		"Upgrade: websocket\r\nConnection: Upgrade\r\n" FORWARDED("a"));
}

static void a_proxy_of_ours_is_believed_and_appended_to(void **state)
{
	struct http_forward f = plain;

	(void)state;
	f.trusted = true;
	assert_string_equal(
		forward_request("GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1.1.1.1, 2.2.2.2\r\n"
				"x-forwarded-for: 3.3.3.3\r\nX-Forwarded-Proto: http\r\n"
				"X-Forwarded-Host: b\r\n\r\n",
			&f),
		"GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1.1.1.1, 2.2.2.2, 3.3.3.3, "
		"192.0.2.7\r\n"
		"X-Forwarded-Proto: http\r\nX-Forwarded-Host: b\r\n\r\n");
	assert_string_equal(forward_request("GET / HTTP/1.1\r\nHost: a\r\n\r\n", &f),
		"GET / HTTP/1.1\r\nHost: a\r\n" FORWARDED("a"));
	assert_string_equal(forward_request("GET / HTTP/1.1\r\nHost: a\r\nX-Real-IP: 1.1.1.1\r\n"
					    "X-Forwarded-Port: 8443\r\nX_Real_IP: ::1\r\n\r\n",
				    &f),
		"GET / HTTP/1.1\r\nHost: a\r\nX-Real-IP: 1.1.1.1\r\n"
		"X-Forwarded-Port: 8443\r\n" FORWARDED("a"));
}

static void hops_are_counted_down_where_they_count(void **state)
{
	(void)state;
	assert_string_equal(
		forward_request("TRACE / HTTP/1.1\r\nHost: a\r\nmax-forwards: 10\r\n\r\n", &plain),
		"TRACE / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 9\r\n" FORWARDED("a"));
	/* the least of several */
	assert_string_equal(forward_request("OPTIONS * HTTP/1.1\r\nHost: a\r\nMax-Forwards: 3\r\n"
					    "Max-Forwards: 2\r\n\r\n",
				    &plain),
		"OPTIONS * HTTP/1.1\r\nHost: a\r\nMax-Forwards: 1\r\nMax-Forwards: 1\r\n" FORWARDED(
			"a"));
	assert_string_equal(forward_request("GET / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 3\r\n\r\n",
				    &plain),
		"GET / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 3\r\n" FORWARDED("a"));
	assert_string_equal(
		forward_request("TRACE / HTTP/1.1\r\nHost: a\r\nMax-Forwards: +1\r\n\r\n", &plain),
		"TRACE / HTTP/1.1\r\nHost: a\r\nMax-Forwards: +1\r\n" FORWARDED("a"));
}

static void a_chain_of_forwarded_goes_on_and_is_not_begun(void **state)
{
	static const char request[] = "GET / HTTP/1.1\r\nHost: a\r\nForwarded: for=1.1.1.1\r\n"
				      "forwarded: for=_x;by=y\r\nForwarded:\r\n\r\n";
	struct http_forward f = plain;

	(void)state;
	assert_string_equal(forward_request(request, &f),
		"GET / HTTP/1.1\r\nHost: a\r\n" FORWARDED("a"));
	f.trusted = true;
	f.visitor_ip = "2001:db8::7";
	assert_string_equal(forward_request(request, &f),
		"GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 2001:db8::7\r\n"
		"X-Forwarded-Proto: https\r\nX-Forwarded-Host: a\r\n"
		"Forwarded: for=1.1.1.1, for=_x;by=y, for=\"[2001:db8::7]\";proto=https\r\n\r\n");
}

static void a_response_loses_what_was_for_this_hop(void **state)
{
	struct http_forward f = {.close = false};

	(void)state;
	assert_string_equal(forward_response("HTTP/1.0 200 Fine\r\nServer: s\r\nConnection: close, "
					     "x-hop\r\nX-Hop: 1\r\n"
					     "Keep-Alive: 5\r\nContent-Length: 3\r\nX_Plain: "
					     "kept\r\n\r\n",
				    &f),
		"HTTP/1.1 200 Fine\r\nServer: s\r\nContent-Length: 3\r\nX_Plain: kept\r\n\r\n");
	assert_string_equal(forward_response("HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n",
				    &f),
		"HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n");
}

static void a_response_says_what_becomes_of_the_connection(void **state)
{
	struct http_forward f = {.close = true};

	(void)state;
	assert_string_equal(forward_response("HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n\r\n",
				    &f),
		"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
	f = (struct http_forward){.via_1_0 = true};
	assert_string_equal(forward_response("HTTP/1.1 200 OK\r\n\r\n", &f),
		"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n\r\n");
	f = (struct http_forward){.upgrade = true, .close = true};
	assert_string_equal(forward_response("HTTP/1.1 101 Go\r\nUpgrade: websocket\r\nConnection: "
					     "upgrade\r\n\r\n",
				    &f),
		"HTTP/1.1 101 Go\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
}

static void a_response_without_a_body_does_not_claim_one(void **state)
{
	struct http_forward f = {.close = false};

	(void)state;
	assert_string_equal(forward_response("HTTP/1.1 204 No\r\nContent-Length: 5\r\nA: b\r\n\r\n",
				    &f),
		"HTTP/1.1 204 No\r\nA: b\r\n\r\n");
	assert_string_equal(
		forward_response("HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n", &f),
		"HTTP/1.1 204 No\r\n\r\n");
	assert_string_equal(
		forward_response("HTTP/1.1 103 Hints\r\nContent-Length: 5\r\nLink: x\r\n\r\n", &f),
		"HTTP/1.1 103 Hints\r\nLink: x\r\n\r\n");
	/* a 304 says how long the body would be */
	assert_string_equal(forward_response("HTTP/1.1 304 Same\r\nContent-Length: 5\r\n\r\n", &f),
		"HTTP/1.1 304 Same\r\nContent-Length: 5\r\n\r\n");
}

static void a_final_response_is_dated_once(void **state)
{
	struct http_forward f = plain;

	(void)state;
	f.date = "Sun, 06 Nov 1994 08:49:37 GMT";
	assert_string_equal(forward_response("HTTP/1.1 200 OK\r\nX: y\r\n\r\n", &f),
		"HTTP/1.1 200 OK\r\nX: y\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n");
	assert_string_equal(forward_response("HTTP/1.1 200 OK\r\ndate: today\r\n\r\n", &f),
		"HTTP/1.1 200 OK\r\ndate: today\r\n\r\n");
	assert_string_equal(forward_response("HTTP/1.1 103 Hints\r\nX: y\r\n\r\n", &f),
		"HTTP/1.1 103 Hints\r\nX: y\r\n\r\n");
}

static void a_head_that_does_not_fit_is_not_written_in_part(void **state)
{
	static const char text[] = "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n";
	static const char reply[] = "HTTP/1.1 200 OK\r\nX: y\r\n\r\n";
	struct http_head h;
	uint8_t small[512];
	size_t n;

	(void)state;
	assert_int_equal(http_head_request(&h, (const uint8_t *)text, sizeof(text) - 1),
		HTTP_FAULT_NONE);
	n = http_forward_request(small, sizeof(small), &h, &plain);
	assert_true(n > 0);
	for (size_t cap = 0; cap < n; cap++)
		assert_int_equal(http_forward_request(small, cap, &h, &plain), 0);
	assert_int_equal(http_forward_request(small, n, &h, &plain), n);
	assert_int_equal(http_head_response(&h, (const uint8_t *)reply, sizeof(reply) - 1),
		HTTP_FAULT_NONE);
	n = http_forward_response(small, sizeof(small), &h, &plain);
	for (size_t cap = 0; cap < n; cap++)
		assert_int_equal(http_forward_response(small, cap, &h, &plain), 0);
}

static void a_kept_request_has_what_is_written_anew(void **state)
{
	static const char *const anew[] = {"Connection", "content-length", "TRANSFER-ENCODING",
		"Te", "HTTP2-Settings", "Upgrade"};
	static const char *const kept[] = {
		"Host", "Cookie", "Content-Type", "Connectio", "", "Tea"};

	for (size_t i = 0; i < ARRAY_SIZE(anew); i++)
		assert_true(http_forward_is_renewed((struct http_span){anew[i], strlen(anew[i])}));
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		assert_false(http_forward_is_renewed((struct http_span){kept[i], strlen(kept[i])}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_goes_on_with_where_it_came_from),
		cmocka_unit_test(the_host_is_the_target_s_or_the_one_asked_for),
		cmocka_unit_test(the_host_that_was_asked_for_is_found_again),
		cmocka_unit_test(a_1_0_request_stays_one),
		cmocka_unit_test(fields_for_this_hop_go_no_further),
		cmocka_unit_test(what_frames_or_routes_cannot_be_nominated_away),
		cmocka_unit_test(trailers_are_asked_for_again),
		cmocka_unit_test(an_upgrade_is_asked_for_again),
		cmocka_unit_test(a_proxy_of_ours_is_believed_and_appended_to),
		cmocka_unit_test(hops_are_counted_down_where_they_count),
		cmocka_unit_test(a_chain_of_forwarded_goes_on_and_is_not_begun),
		cmocka_unit_test(a_response_loses_what_was_for_this_hop),
		cmocka_unit_test(a_response_says_what_becomes_of_the_connection),
		cmocka_unit_test(a_response_without_a_body_does_not_claim_one),
		cmocka_unit_test(a_final_response_is_dated_once),
		cmocka_unit_test(a_head_that_does_not_fit_is_not_written_in_part),
		cmocka_unit_test(a_kept_request_has_what_is_written_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
