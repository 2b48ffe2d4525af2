/* SPDX-License-Identifier: MIT */
/* test_tap: what passes on a connection, read into exchanges, whole, in pieces, and broken. */

#include "../cm.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str_list.h"
#include "inspect/capture.h"
#include "inspect/redact.h"
#include "inspect/tap.h"

static const struct capture_limits limits = {
	.requests = 100, .bytes = 1 << 20, .body = 1 << 16, .messages = 10};
static const struct redact rules;
static struct capture capture;
static struct tap tap;
static const struct tap_visit visit = {.capture = &capture,
	.redact = &rules,
	.tunnel = "web",
	.visitor = "192.0.2.1:5",
	.tls = true};

static int setup(void **state)
{
	(void)state;
	capture_init(&capture, &limits);
	tap_init(&tap, &visit, TAP_FULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tap_deinit(&tap);
	capture_deinit(&capture);
	return 0;
}

static void say(enum exchange_side side, const char *text)
{
	/* a copy to the byte: what is read beyond it is found by the sanitizer */
	uint8_t *bytes = mem_dup(text, strlen(text));

	tap_data(&tap, side, bytes, strlen(text));
	free(bytes);
}

static void ask(const char *text)
{
	say(EXCHANGE_REQUEST, text);
}

static void answer(const char *text)
{
	say(EXCHANGE_RESPONSE, text);
}

static struct exchange *nth(size_t n)
{
	size_t i = 0;

	list_each (e, &capture.exchanges, struct exchange, node) {
		if (i++ == n)
			return e;
	}
	fail_msg("there is no exchange %zu", n);
	return NULL;
}

static void assert_part(const struct exchange *e, enum exchange_side side, const char *head,
	const char *body)
{
	const struct exchange_part *p = &e->part[side];

	assert_non_null(p->head);
	assert_string_equal(p->head, head);
	assert_int_equal(p->head_len, strlen(head));
	assert_int_equal(p->kept, strlen(body));
	assert_int_equal(p->size, strlen(body));
	assert_memory_equal(p->body ? p->body : (const uint8_t *)"", body, strlen(body));
}

static void assert_done(const struct exchange *e, unsigned int status)
{
	assert_int_equal(e->state, EXCHANGE_DONE);
	assert_null(e->error);
	assert_int_equal(e->status, status);
	assert_true(e->part[EXCHANGE_REQUEST].done && e->part[EXCHANGE_RESPONSE].done);
	assert_true(e->first_byte_us >= 0 && e->total_us >= e->first_byte_us);
}

static void assert_failed(const struct exchange *e, const char *words)
{
	assert_int_equal(e->state, EXCHANGE_FAILED);
	assert_non_null(e->error);
	assert_string_equal(e->error, words);
	assert_true(e->total_us >= 0);
}

#define GET  "GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n"
#define POST "POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n"
#define OK   "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: text/plain\r\n\r\n"

static void a_request_and_its_answer_are_kept(void **state)
{
	const struct exchange *e;

	(void)state;
	ask(POST "hel");
	e = nth(0);
	assert_int_equal(e->state, EXCHANGE_OPEN);
	assert_string_equal(e->method, "POST");
	assert_string_equal(e->target, "/p");
	assert_string_equal(e->tunnel, "web");
	assert_string_equal(e->visitor, "192.0.2.1:5");
	assert_true(e->tls);
	assert_int_equal(e->minor, 1);
	assert_int_equal(e->first_byte_us, -1);
	assert_ptr_equal(tap_exchange(&tap), e);
	ask("lo");
	answer(OK "h");
	assert_int_equal(e->status, 200);
	assert_int_equal(e->state, EXCHANGE_OPEN);
	answer("i");
	assert_done(e, 200);
	assert_part(e, EXCHANGE_REQUEST, POST, "hello");
	assert_part(e, EXCHANGE_RESPONSE, OK, "hi");
	assert_null(tap_exchange(&tap));
	assert_int_equal(capture.n, 1);
}

static void pieces_of_one_byte_make_the_same(void **state)
{
	static const char request[] = POST "hello", response[] = OK "hi";

	(void)state;
	for (size_t i = 0; request[i]; i++)
		ask((char[]){request[i], '\0'});
	for (size_t i = 0; response[i]; i++)
		answer((char[]){response[i], '\0'});
	assert_done(nth(0), 200);
	assert_part(nth(0), EXCHANGE_REQUEST, POST, "hello");
	assert_part(nth(0), EXCHANGE_RESPONSE, OK, "hi");
}

static void requests_follow_each_other(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		ask(GET);
		answer(OK "hi");
	}
	assert_int_equal(capture.n, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_done(nth(i), 200);
		assert_int_equal(nth(i)->id, i + 1);
		assert_string_equal(nth(i)->target, "/a?b=c");
	}
}

static void pipelined_answers_come_in_order(void **state)
{
	(void)state;
	ask(GET POST "hello" GET);
	answer(OK "hi"
		  "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
	assert_done(nth(0), 200);
	assert_done(nth(1), 404);
	assert_int_equal(nth(2)->state, EXCHANGE_OPEN);
	answer("HTTP/1.1 204 No Content\r\n\r\n");
	assert_done(nth(2), 204);
}

static void too_many_requests_at_once_are_not_looked_at(void **state)
{
	(void)state;
	for (int i = 0; i <= TAP_QUEUE; i++)
		ask(GET);
	assert_int_equal(capture.n, TAP_QUEUE);
	assert_failed(nth(0), "too many requests at once to be looked at");
	assert_failed(nth(TAP_QUEUE - 1), "too many requests at once to be looked at");
	ask(GET);
	answer(OK "hi");
	assert_int_equal(capture.n, TAP_QUEUE);
}

static void interim_answers_are_not_the_answer(void **state)
{
	(void)state;
	ask("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n");
	answer("HTTP/1.1 100 Continue\r\n\r\n");
	assert_int_equal(nth(0)->status, 0);
	assert_int_equal(nth(0)->first_byte_us, -1);
	ask("x");
	answer("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" OK "hi");
	assert_done(nth(0), 200);
	assert_part(nth(0), EXCHANGE_RESPONSE, OK, "hi");
}

static void answers_without_a_body_end_with_their_head(void **state)
{
	(void)state;
	ask("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
	answer(OK);
	assert_done(nth(0), 200);
	ask(GET);
	answer("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n");
	assert_done(nth(1), 304);
	assert_part(nth(1), EXCHANGE_RESPONSE,
		"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", "");
}

#define CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

static void chunks_and_trailers_are_not_the_body(void **state)
{
	(void)state;
	ask("PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "3;a=b\r\nabc\r\n2\r\nde\r\n0\r\nX-Sum: 1\r\n\r\n" GET);
	assert_int_equal(capture.n, 2);
	answer(CHUNKED "A\r\n0123456789\r\n");
	assert_int_equal(nth(0)->state, EXCHANGE_OPEN);
	answer("1\r\nx\r\n0\r\n\r\n");
	assert_done(nth(0), 200);
	assert_part(nth(0), EXCHANGE_REQUEST,
		"PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", "abcde");
	assert_part(nth(0), EXCHANGE_RESPONSE, CHUNKED, "0123456789x");
}

static void an_answer_may_last_until_the_end(void **state)
{
	(void)state;
	ask("GET / HTTP/1.0\r\nHost: x\r\n\r\n");
	answer("HTTP/1.0 200 OK\r\n\r\nsome");
	answer("thing");
	assert_int_equal(nth(0)->state, EXCHANGE_OPEN);
	tap_end(&tap, EXCHANGE_RESPONSE);
	assert_done(nth(0), 200);
	assert_int_equal(nth(0)->minor, 0);
	assert_part(nth(0), EXCHANGE_RESPONSE, "HTTP/1.0 200 OK\r\n\r\n", "something");
}

static void an_early_answer_waits_for_its_request(void **state)
{
	(void)state;
	ask(POST "he");
	answer("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n");
	assert_int_equal(nth(0)->state, EXCHANGE_OPEN);
	assert_int_equal(nth(0)->status, 413);
	ask("llo" GET);
	assert_done(nth(0), 413);
	answer(OK "hi");
	assert_done(nth(1), 200);
}

static void a_second_answer_to_one_request_ends_the_looking(void **state)
{
	(void)state;
	ask(POST "he");
	answer("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n" OK "hi");
	assert_true(tap.over);
	assert_int_equal(nth(0)->state, EXCHANGE_DONE);
	assert_int_equal(nth(0)->status, 413);
}

static void an_early_answer_is_enough_when_the_connection_ends(void **state)
{
	(void)state;
	ask(POST "he");
	answer("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n");
	tap_close(&tap, CLOSE_ORIGIN_RESET, "Connection reset by peer");
	assert_int_equal(nth(0)->state, EXCHANGE_DONE);
	assert_int_equal(nth(0)->status, 413);
	assert_false(nth(0)->part[EXCHANGE_REQUEST].done);
}

static void an_origin_that_dies_in_its_answer_failed(void **state)
{
	(void)state;
	ask(GET);
	answer(OK "h");
	tap_end(&tap, EXCHANGE_RESPONSE);
	assert_failed(nth(0), "the origin closed the connection in the middle of its answer");
	assert_int_equal(nth(0)->status, 200);
	assert_int_equal(nth(0)->part[EXCHANGE_RESPONSE].kept, 1);
}

static void an_origin_that_says_nothing_failed(void **state)
{
	(void)state;
	ask(GET);
	tap_end(&tap, EXCHANGE_RESPONSE);
	assert_failed(nth(0), "the origin closed the connection without an answer");
}

static void an_origin_that_breaks_failed_with_the_reason(void **state)
{
	(void)state;
	ask(GET GET);
	answer(CHUNKED "A\r\n0123");
	tap_close(&tap, CLOSE_ORIGIN_RESET, "Connection reset by peer");
	assert_failed(nth(0), "the origin broke the connection: Connection reset by peer");
	assert_failed(nth(1), "the origin broke the connection: Connection reset by peer");
	assert_int_equal(nth(0)->status, 200);
}

static void a_visitor_that_goes_away_failed(void **state)
{
	(void)state;
	ask(POST "he");
	tap_close(&tap, CLOSE_VISITOR_GONE, "");
	assert_failed(nth(0), "the visitor went away");
	assert_int_equal(nth(0)->status, 0);
	assert_int_equal(nth(0)->part[EXCHANGE_REQUEST].size, 2);
}

static void an_origin_that_is_not_there_failed_with_what_the_visitor_is_told(void **state)
{
	(void)state;
	ask(GET);
	tap_close(&tap, CLOSE_ORIGIN_TIMEOUT, "Connection timed out");
	assert_failed(nth(0), "the origin did not answer in time: Connection timed out");
	assert_int_equal(nth(0)->status, 504);
	assert_null(nth(0)->part[EXCHANGE_RESPONSE].head);
}

static void an_origin_that_is_not_there_fails_who_had_not_asked_yet(void **state)
{
	(void)state;
	ask("GET / HT");
	tap_close(&tap, CLOSE_ORIGIN_REFUSED, "Connection refused");
	assert_failed(nth(0), "the origin refused the connection: Connection refused");
	assert_int_equal(nth(0)->status, 502);
	assert_string_equal(nth(0)->method, "");
	assert_string_equal(nth(0)->target, "");
}

static void an_idle_connection_that_ends_is_no_exchange(void **state)
{
	(void)state;
	ask("GET / HT");
	tap_close(&tap, CLOSE_VISITOR_GONE, "");
	assert_int_equal(capture.seen, 0);
}

static void what_is_no_http_is_let_through_unseen(void **state)
{
	(void)state;
	ask("\x16\x03\x01\x02\r\n\r\n");
	ask(GET);
	answer(OK "hi");
	tap_close(&tap, CLOSE_DONE, "");
	assert_int_equal(capture.seen, 0);
}

static void an_answer_that_is_no_http_fails_what_was_asked(void **state)
{
	(void)state;
	ask(GET);
	answer("SSH-2.0-OpenSSH\r\n\r\n");
	assert_failed(nth(0), "what passed is not well-formed HTTP");
	answer(OK "hi");
	ask(GET);
	assert_int_equal(capture.n, 1);
}

static void an_answer_to_nothing_ends_the_looking(void **state)
{
	(void)state;
	answer("HTTP/1.1 408 Request Timeout\r\n\r\n");
	ask(GET);
	assert_int_equal(capture.n, 0);
}

static void bad_chunks_fail_their_exchange(void **state)
{
	(void)state;
	ask(GET);
	answer(CHUNKED "3\r\nabcdef");
	assert_failed(nth(0), "what passed is not well-formed HTTP");
	assert_int_equal(nth(0)->part[EXCHANGE_RESPONSE].kept, 3);
}

static void an_endless_head_is_given_up(void **state)
{
	char line[1025];

	(void)state;
	memset(line, 'a', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	ask("GET / HTTP/1.1\r\nHost: x\r\nA: ");
	for (int i = 0; i < 70; i++)
		ask(line);
	assert_true(tap.over);
	assert_int_equal(capture.seen, 0);
}

static void only_headers_are_kept_where_only_they_are_wanted(void **state)
{
	(void)state;
	tap.level = TAP_HEADERS;
	ask(POST "hello");
	answer(OK "hi");
	assert_done(nth(0), 200);
	assert_int_equal(nth(0)->part[EXCHANGE_REQUEST].size, 5);
	assert_int_equal(nth(0)->part[EXCHANGE_REQUEST].kept, 0);
	assert_int_equal(nth(0)->part[EXCHANGE_RESPONSE].size, 2);
	assert_null(nth(0)->part[EXCHANGE_RESPONSE].body);
}

static void what_is_wanted_changes_with_the_next_request(void **state)
{
	(void)state;
	ask(POST "he");
	tap.level = TAP_NOTHING;
	ask("llo" POST "hello");
	answer(OK "hi" OK);
	tap.level = TAP_HEADERS;
	answer("hi");
	ask(GET);
	answer(OK "hi");
	assert_int_equal(capture.n, 2);
	assert_part(nth(0), EXCHANGE_REQUEST, POST, "hello");
	assert_done(nth(1), 200);
	assert_int_equal(nth(1)->part[EXCHANGE_RESPONSE].kept, 0);
}

static void secrets_are_not_kept(void **state)
{
	char name[] = "token", *names[] = {name};
	const struct str_list list = {names, 1};
	const struct redact secret = {.names = &list};
	struct tap_visit v = visit;

	(void)state;
	v.redact = &secret;
	tap.visit = &v;
	ask("GET /?token=hush HTTP/1.1\r\nHost: x\r\nCookie: hush\r\n\r\n");
	answer("HTTP/1.1 204 No Content\r\nSet-Cookie: hush\r\n\r\n");
	assert_string_equal(nth(0)->target, "/?token=[redacted]");
	assert_part(nth(0), EXCHANGE_REQUEST,
		"GET /?token=[redacted] HTTP/1.1\r\nHost: x\r\nCookie: [redacted]\r\n\r\n", "");
	assert_part(nth(0), EXCHANGE_RESPONSE,
		"HTTP/1.1 204 No Content\r\nSet-Cookie: [redacted]\r\n\r\n", "");
	tap.visit = &visit;
}

static void an_evicted_exchange_is_read_on(void **state)
{
	const struct capture_limits none = {0};

	(void)state;
	ask(POST "he");
	capture_set_limits(&capture, &none);
	capture_set_limits(&capture, &limits);
	ask("llo");
	answer(OK "hi");
	ask(GET);
	answer(OK "hi");
	assert_int_equal(capture.n, 1);
	assert_done(nth(0), 200);
	assert_int_equal(nth(0)->id, 2);
}

/* --- messages -------------------------------------------------------------------------------- */

#define UPGRADE "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
#define SWITCH  "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n"

static void assert_message(const struct exchange *e, size_t n, enum exchange_side from,
	enum exchange_message_kind kind, const char *text)
{
	size_t i = 0;

	list_each (m, &e->messages, struct exchange_message, node) {
		if (i++ < n)
			continue;
		assert_int_equal(m->from, from);
		assert_int_equal(m->kind, kind);
		assert_int_equal(m->size, strlen(text));
		assert_int_equal(m->kept, strlen(text));
		assert_memory_equal(m->bytes, text, strlen(text));
		return;
	}
	fail_msg("there is no message %zu", n);
}

static void a_websocket_is_its_messages(void **state)
{
	const struct exchange *e;

	(void)state;
	ask(UPGRADE);
	answer(SWITCH "\r\n\x81\x02hi");
	e = nth(0);
	assert_int_equal(e->kind, EXCHANGE_WEBSOCKET);
	assert_int_equal(e->status, 101);
	assert_int_equal(e->state, EXCHANGE_OPEN);
	ask("\x01\x82\x01\x01\x01\x01`c\x89\x81\x01\x01\x01\x01q");
	answer("\x82\x01x");
	ask("\x80\x81\x01\x01\x01\x01"
	    "b");
	assert_int_equal(e->n_messages, 4);
	assert_message(e, 0, EXCHANGE_RESPONSE, EXCHANGE_MESSAGE_TEXT, "hi");
	assert_message(e, 1, EXCHANGE_REQUEST, EXCHANGE_MESSAGE_PING, "p");
	assert_message(e, 2, EXCHANGE_RESPONSE, EXCHANGE_MESSAGE_BINARY, "x");
	assert_message(e, 3, EXCHANGE_REQUEST, EXCHANGE_MESSAGE_TEXT, "abc");
	assert_int_equal(e->part[EXCHANGE_REQUEST].size, 22);
	assert_int_equal(e->part[EXCHANGE_RESPONSE].size, 7);
	assert_int_equal(e->part[EXCHANGE_RESPONSE].kept, 0);
	tap_end(&tap, EXCHANGE_RESPONSE);
	tap_close(&tap, CLOSE_DONE, "");
	assert_int_equal(e->state, EXCHANGE_DONE);
}

static void a_websocket_whose_visitor_goes_away_failed(void **state)
{
	(void)state;
	ask(UPGRADE);
	answer(SWITCH "\r\n\x01\x02hi");
	tap_close(&tap, CLOSE_VISITOR_GONE, "");
	assert_failed(nth(0), "the visitor went away");
	assert_int_equal(nth(0)->n_messages, 0);
}

static void a_websocket_may_be_compressed(void **state)
{
	(void)state;
	ask(UPGRADE);
	answer(SWITCH "Sec-WebSocket-Extensions: permessage-deflate; "
		      "server_no_context_takeover\r\n\r\n");
	answer("\xc1\x07\xf2\x48\xcd\xc9\xc9\x07");
	tap_data(&tap, EXCHANGE_RESPONSE, (const uint8_t *)"\0", 1);
	assert_message(nth(0), 0, EXCHANGE_RESPONSE, EXCHANGE_MESSAGE_TEXT, "Hello");
	assert_int_equal(capture.inflating.left, 64);
}

static void a_websocket_that_is_none_is_looked_at_no_more(void **state)
{
	(void)state;
	ask(UPGRADE);
	answer(SWITCH "\r\n\x83\x02hi");
	assert_failed(nth(0), "what passed is not a well-formed WebSocket");
	ask(GET);
	assert_int_equal(capture.n, 1);
}

static void another_protocol_is_kept_as_it_passes(void **state)
{
	(void)state;
	ask("GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n");
	answer("HTTP/1.1 101 Fine\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\nhello");
	ask("hi");
	assert_int_equal(nth(0)->kind, EXCHANGE_HTTP);
	assert_int_equal(nth(0)->part[EXCHANGE_REQUEST].kept, 2);
	assert_int_equal(nth(0)->part[EXCHANGE_RESPONSE].kept, 5);
	tap_close(&tap, CLOSE_DONE, "");
	assert_int_equal(nth(0)->state, EXCHANGE_DONE);
}

static void an_upgrade_that_is_declined_is_a_request(void **state)
{
	(void)state;
	ask(UPGRADE);
	answer(OK "hi");
	ask(GET);
	answer(OK "hi");
	assert_done(nth(0), 200);
	assert_done(nth(1), 200);
}

static void an_event_stream_is_its_events(void **state)
{
	const struct exchange *e;

	(void)state;
	ask(GET);
	answer("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
	       "Transfer-Encoding: chunked\r\n\r\n"
	       "7\r\ndata: a\r\nc\r\n\n\n: ping\n\nid\r\n2\r\n\n\n\r\n");
	e = nth(0);
	assert_int_equal(e->kind, EXCHANGE_SSE);
	assert_int_equal(e->n_messages, 2);
	assert_message(e, 0, EXCHANGE_RESPONSE, EXCHANGE_MESSAGE_EVENT, "data: a\n");
	assert_message(e, 1, EXCHANGE_RESPONSE, EXCHANGE_MESSAGE_EVENT, "id\n");
	answer("2\r\nda\r\n0\r\n\r\n");
	assert_done(e, 200);
	assert_int_equal(e->n_messages, 2);
	assert_int_equal(e->part[EXCHANGE_RESPONSE].kept, 23);
}

static void events_in_a_coding_are_a_body(void **state)
{
	(void)state;
	ask(GET);
	answer("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: gzip\r\n"
	       "\r\ndata: a\n\n");
	assert_int_equal(nth(0)->kind, EXCHANGE_SSE);
	assert_int_equal(nth(0)->n_messages, 0);
	assert_int_equal(nth(0)->part[EXCHANGE_RESPONSE].kept, 9);
}

static void messages_are_not_kept_where_only_headers_are_wanted(void **state)
{
	(void)state;
	tap.level = TAP_HEADERS;
	ask(UPGRADE);
	answer(SWITCH "\r\n\x81\x02hi");
	assert_int_equal(nth(0)->kind, EXCHANGE_WEBSOCKET);
	assert_int_equal(nth(0)->n_messages, 0);
	assert_int_equal(nth(0)->part[EXCHANGE_RESPONSE].size, 4);
}

static void messages_of_who_was_evicted_go_nowhere(void **state)
{
	const struct capture_limits none = {0};

	(void)state;
	ask(UPGRADE);
	answer(SWITCH "\r\n\x01\x02hi");
	assert_true(nth(0)->coming[EXCHANGE_RESPONSE] != NULL);
	capture_set_limits(&capture, &none);
	assert_int_equal(capture.bytes, 0);
	answer("\x80\x02hi");
	ask("\x81\x02hi");
	assert_int_equal(capture.bytes, 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_request_and_its_answer_are_kept),
		TEST(pieces_of_one_byte_make_the_same),
		TEST(requests_follow_each_other),
		TEST(pipelined_answers_come_in_order),
		TEST(too_many_requests_at_once_are_not_looked_at),
		TEST(interim_answers_are_not_the_answer),
		TEST(answers_without_a_body_end_with_their_head),
		TEST(chunks_and_trailers_are_not_the_body),
		TEST(an_answer_may_last_until_the_end),
		TEST(an_early_answer_waits_for_its_request),
		TEST(a_second_answer_to_one_request_ends_the_looking),
		TEST(an_early_answer_is_enough_when_the_connection_ends),
		TEST(an_origin_that_dies_in_its_answer_failed),
		TEST(an_origin_that_says_nothing_failed),
		TEST(an_origin_that_breaks_failed_with_the_reason),
		TEST(a_visitor_that_goes_away_failed),
		TEST(an_origin_that_is_not_there_failed_with_what_the_visitor_is_told),
		TEST(an_origin_that_is_not_there_fails_who_had_not_asked_yet),
		TEST(an_idle_connection_that_ends_is_no_exchange),
		TEST(what_is_no_http_is_let_through_unseen),
		TEST(an_answer_that_is_no_http_fails_what_was_asked),
		TEST(an_answer_to_nothing_ends_the_looking),
		TEST(bad_chunks_fail_their_exchange),
		TEST(an_endless_head_is_given_up),
		TEST(only_headers_are_kept_where_only_they_are_wanted),
		TEST(what_is_wanted_changes_with_the_next_request),
		TEST(secrets_are_not_kept),
		TEST(an_evicted_exchange_is_read_on),
		TEST(a_websocket_is_its_messages),
		TEST(a_websocket_whose_visitor_goes_away_failed),
		TEST(a_websocket_may_be_compressed),
		TEST(a_websocket_that_is_none_is_looked_at_no_more),
		TEST(another_protocol_is_kept_as_it_passes),
		TEST(an_upgrade_that_is_declined_is_a_request),
		TEST(an_event_stream_is_its_events),
		TEST(events_in_a_coding_are_a_body),
		TEST(messages_are_not_kept_where_only_headers_are_wanted),
		TEST(messages_of_who_was_evicted_go_nowhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
