/* SPDX-License-Identifier: MIT */
/* test_har: entries of an archive: what HAR 1.2 requires, and bodies of every kind. */

#include "inspect_test.h"

#include <stdlib.h>

#include "inspect/exchange_json.h"
#include "inspect/har.h"

#define FORM "application/x-www-form-urlencoded"

static json_t *member(json_t *o, const char *path)
{
	char word[64];

	while (*path) {
		size_t n = strcspn(path, ".");

		(void)snprintf(word, sizeof(word), "%.*s", (int)n, path);
		o = json_object_get(o, word);
		if (!o)
			fail_msg("there is no '%s' in '%s'", word, path);
		path += n + (path[n] == '.');
	}
	return o;
}

/* HAR 1.2, "not known": numbers are -1 or not negative, lists are lists. */
static void expect_entry(json_t *o)
{
	static const char *const strings[] = {"startedDateTime", "request.method", "request.url",
		"request.httpVersion", "response.statusText", "response.httpVersion",
		"response.redirectURL", "response.content.mimeType"};
	static const char *const numbers[] = {"time", "request.headersSize", "request.bodySize",
		"response.status", "response.headersSize", "response.bodySize",
		"response.content.size", "timings.send", "timings.wait", "timings.receive"};
	static const char *const lists[] = {"request.cookies", "request.headers",
		"request.queryString", "response.cookies", "response.headers"};

	for (size_t i = 0; i < ARRAY_SIZE(strings); i++)
		assert_true(json_is_string(member(o, strings[i])));
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		assert_true(json_is_number(member(o, numbers[i])) &&
			    json_number_value(member(o, numbers[i])) >= -1);
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		assert_true(json_is_array(member(o, lists[i])));
	assert_true(json_is_object(member(o, "cache")));
	assert_true(json_number_value(member(o, "timings.send")) >= 0 &&
		    json_number_value(member(o, "timings.wait")) >= 0 &&
		    json_number_value(member(o, "timings.receive")) >= 0);
}

static void an_entry_has_what_the_format_requires(void **state)
{
	struct exchange *e = asked("GET", "/a?x=1&y=%20+",
		"Host: inner\r\nX-Forwarded-Host: a.example\r\nCookie: k=v; l=m=n\r\n");
	json_t *o;

	answered(e, 302, "Location: /b\r\nSet-Cookie: s=1; Path=/\r\nContent-Type: text/plain\r\n",
		"gone", 4);
	e->wall_ms = 1700000000123;
	o = har_entry(e);
	expect_entry(o);
	assert_string_equal(json_string_value(member(o, "startedDateTime")),
		"2023-11-14T22:13:20.123Z");
	assert_string_equal(json_string_value(member(o, "request.url")),
		"https://a.example/a?x=1&y=%20+");
	assert_string_equal(json_string_value(member(o, "response.redirectURL")), "/b");
	assert_string_equal(json_string_value(member(o, "response.statusText")), "Fine");
	assert_string_equal(json_string_value(member(o, "response.content.text")), "gone");
	assert_int_equal(json_array_size(member(o, "request.cookies")), 2);
	assert_string_equal(text_at(json_array_get(member(o, "request.cookies"), 1), "value"),
		"m=n");
	assert_int_equal(json_array_size(member(o, "response.cookies")), 1);
	assert_string_equal(text_at(json_array_get(member(o, "request.queryString"), 1), "value"),
		"  ");
	assert_null(json_object_get(member(o, "request"), "postData"));
	json_decref(o);
}

static void one_that_failed_is_an_entry_too(void **state)
{
	struct exchange *e = asked("GET", "/", "");
	json_t *o;

	capture_end(e, "the origin refused");
	o = har_entry(e);
	expect_entry(o);
	assert_int_equal(json_integer_value(member(o, "response.status")), 0);
	assert_string_equal(json_string_value(member(o, "response._error")), "the origin refused");
	json_decref(o);
}

static void bodies_are_text_or_base64(void **state)
{
	struct exchange *e = asked("POST", "/", "Content-Type: " FORM "\r\n");
	json_t *o;

	capture_add_body(e, EXCHANGE_REQUEST, "a=1&b=%C3%BC", 12);
	answered(e, 200, "Content-Type: image/png\r\n", "\x89PNG\0", 5);
	o = har_entry(e);
	expect_entry(o);
	assert_string_equal(json_string_value(member(o, "request.postData.text")), "a=1&b=%C3%BC");
	assert_string_equal(text_at(json_array_get(member(o, "request.postData.params"), 1),
				    "value"),
		"\xc3\xbc");
	assert_string_equal(json_string_value(member(o, "response.content.encoding")), "base64");
	assert_string_equal(json_string_value(member(o, "response.content.text")), "iVBORwA=");
	json_decref(o);
}

static void what_is_left_out_is_told(void **state)
{
	size_t n = HAR_BODY_MAX + 10;
	char *big = malloc(n);
	struct exchange *e = asked("POST", "/", "");
	json_t *o;

	memset(big, 'x', n);
	capture_add_body(e, EXCHANGE_REQUEST, "\xff", 1);
	e->part[EXCHANGE_REQUEST].size = 100;
	answered(e, 200, "Content-Type: text/plain\r\n", big, n);
	o = har_entry(e);
	expect_entry(o);
	assert_string_equal(json_string_value(member(o, "request.postData._encoding")), "base64");
	assert_non_null(strstr(json_string_value(member(o, "request.postData.comment")), "kept"));
	assert_int_equal(json_string_length(member(o, "response.content.text")), HAR_BODY_MAX);
	assert_non_null(strstr(json_string_value(member(o, "response.content.comment")),
		"too large"));
	json_decref(o);
	free(big);

	e = asked("GET", "/", "");
	answered(e, 200, "Content-Encoding: zstd\r\n", "abc", 3);
	o = har_entry(e);
	assert_non_null(strstr(json_string_value(member(o, "response.content.comment")),
		"not known"));
	json_decref(o);
}

static void websocket_messages_are_chromium_s(void **state)
{
	struct exchange *e = asked("GET", "/ws", "");
	json_t *o, *list;

	e->kind = EXCHANGE_WEBSOCKET;
	capture_add_message(e, EXCHANGE_REQUEST, EXCHANGE_MESSAGE_TEXT, "hi", 2, 2);
	capture_add_message(e, EXCHANGE_RESPONSE, EXCHANGE_MESSAGE_PING, "", 0, 0);
	capture_add_message(e, EXCHANGE_RESPONSE, EXCHANGE_MESSAGE_BINARY, "\0\1", 2, 2);
	o = har_entry(e);
	expect_entry(o);
	list = member(o, "_webSocketMessages");
	assert_int_equal(json_array_size(list), 2);
	assert_string_equal(text_at(json_array_get(list, 0), "type"), "send");
	assert_string_equal(text_at(json_array_get(list, 0), "data"), "hi");
	assert_int_equal(number_at(json_array_get(list, 0), "opcode"), 1);
	assert_string_equal(text_at(json_array_get(list, 1), "type"), "receive");
	assert_string_equal(text_at(json_array_get(list, 1), "data"), "AAE=");
	assert_int_equal(number_at(json_array_get(list, 1), "opcode"), 2);
	assert_string_equal(json_string_value(member(o, "_resourceType")), "websocket");
	json_decref(o);
}

static void server_sent_events_are_chromium_s(void **state)
{
	static const char named[] = ": a comment\nevent: tick\nid:7\ndata: one\ndata:two\r\ndata";
	static const char plain[] = "data:  \"x\"\n";
	struct exchange *e = asked("GET", "/events", "");
	const json_t *list, *one;
	json_t *o;

	e->kind = EXCHANGE_SSE;
	capture_add_message(e, EXCHANGE_RESPONSE, EXCHANGE_MESSAGE_EVENT, named, strlen(named),
		strlen(named));
	capture_add_message(e, EXCHANGE_RESPONSE, EXCHANGE_MESSAGE_EVENT, "retry: 5\n", 9, 9);
	capture_add_message(e, EXCHANGE_RESPONSE, EXCHANGE_MESSAGE_EVENT, plain, strlen(plain),
		strlen(plain));
	o = har_entry(e);
	expect_entry(o);
	assert_string_equal(json_string_value(member(o, "_resourceType")), "eventsource");
	list = member(o, "_eventSourceMessages");
	assert_int_equal(json_array_size(list), 2);
	one = json_array_get(list, 0);
	assert_string_equal(text_at(one, "eventName"), "tick");
	assert_string_equal(text_at(one, "eventId"), "7");
	assert_string_equal(text_at(one, "data"), "one\ntwo\n");
	assert_true(json_real_value(json_object_get(one, "time")) > 1e9);
	one = json_array_get(list, 1);
	assert_string_equal(text_at(one, "eventName"), "message");
	assert_string_equal(text_at(one, "eventId"), "");
	assert_string_equal(text_at(one, "data"), " \"x\"");
	json_decref(o);
}

/* The largest there can be still is one answer of the control socket. */
static void an_entry_stays_within_an_answer(void **state)
{
	size_t n = 4 * 1024 * 1024;
	char *big = malloc(n), *text;
	struct exchange *e = asked("POST", "/", "");
	json_t *o;

	memset(big, 1, n); /* six bytes each as JSON text */
	e->kind = EXCHANGE_WEBSOCKET;
	capture_add_body(e, EXCHANGE_REQUEST, big, n);
	for (int i = 0; i < 20; i++)
		capture_add_message(e, EXCHANGE_REQUEST, EXCHANGE_MESSAGE_TEXT, big, 1024 * 1024,
			1024 * 1024);
	answered(e, 200, "", big, n);
	o = har_entry(e);
	text = json_dumps(o, JSON_COMPACT);
	assert_true(strlen(text) < 3 * 1024 * 1024 + 512 * 1024);
	free(text);
	json_decref(o);
	free(big);
}

/* The control socket carries no more than so much at once. */
static void an_entry_has_its_bound_whatever_a_visitor_sends(void **state)
{
	size_t n = HAR_BODY_MAX, at = 0;
	CLEANUP(mem_cleanup) char *form = mem_alloc(n + 600);
	struct exchange *e = asked("POST", "/", "Host: a\r\nContent-Type: " FORM "\r\n");
	char *text;
	json_t *o;

	while (at < n)
		at += (size_t)snprintf(form + at, 600, "a=%0530d&", 0);
	for (size_t i = 0; i < at; i++)
		form[i] = (char)(form[i] == '0' ? '\x01' : form[i]);
	capture_add_body(e, EXCHANGE_REQUEST, form, n);
	answered(e, 200, "Content-Type: " FORM "\r\n", form, n);
	o = har_entry(e);
	expect_entry(o);
	assert_in_range(json_array_size(member(o, "request.postData.params")), 100, 1000);
	text = json_dumps(o, JSON_COMPACT);
	assert_true(strlen(text) < 5 * HAR_BODY_MAX);
	free(text);
	json_decref(o);
}

static void the_latest_of_many_messages_are_there(void **state)
{
	const struct capture_limits limits = {100, 64 * 1024 * 1024, 1024, 100000};
	struct exchange *e = asked("GET", "/", "Host: a\r\n");
	json_t *o, *list;

	capture_set_limits(&capture, &limits);
	e->kind = EXCHANGE_WEBSOCKET;
	for (int i = 0; i < EXCHANGE_MESSAGES_LATEST + 2; i++) {
		char text[16];
		int n = snprintf(text, sizeof(text), "%d", i);

		capture_add_message(e, EXCHANGE_REQUEST, EXCHANGE_MESSAGE_TEXT, text, (size_t)n,
			(uint64_t)n);
	}
	answered(e, 101, "", "", 0);
	o = har_entry(e);
	list = member(o, "_webSocketMessages");
	assert_int_equal(json_array_size(list), EXCHANGE_MESSAGES_LATEST);
	assert_string_equal(text_at(json_array_get(list, 0), "data"), "2");
	json_decref(o);
	list = exchange_json_messages(e);
	assert_int_equal(json_array_size(list), EXCHANGE_MESSAGES_LATEST);
	assert_string_equal(text_at(json_array_get(list, 0), "text"), "2");
	json_decref(list);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup_capture, teardown_capture)
	const struct CMUnitTest tests[] = {
		T(an_entry_has_what_the_format_requires),
		T(one_that_failed_is_an_entry_too),
		T(bodies_are_text_or_base64),
		T(what_is_left_out_is_told),
		T(websocket_messages_are_chromium_s),
		T(server_sent_events_are_chromium_s),
		T(an_entry_stays_within_an_answer),
		T(an_entry_has_its_bound_whatever_a_visitor_sends),
		T(the_latest_of_many_messages_are_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
