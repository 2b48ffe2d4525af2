/* SPDX-License-Identifier: MIT */
/* Which body a message has, RFC 9112 §6.3, and where it ends. */
#include "../cm.h"

#include <stdio.h>
#include <string.h>

#include "proto/http_body.h"

static void request_body(struct http_body *b, const char *lines)
{
	char text[256];
	struct http_head h;

	(void)snprintf(text, sizeof(text), "POST / HTTP/1.1\r\nHost: a\r\n%s\r\n", lines);
	assert_int_equal(http_head_request(&h, (const uint8_t *)text, strlen(text)),
		HTTP_FAULT_NONE);
	http_body_of_request(b, &h);
}

static void response_body(struct http_body *b, unsigned int status, const char *lines, bool to_head)
{
	char text[256];
	struct http_head h;

	(void)snprintf(text, sizeof(text), "HTTP/1.1 %u x\r\n%s\r\n", status, lines);
	assert_int_equal(http_head_response(&h, (const uint8_t *)text, strlen(text)),
		HTTP_FAULT_NONE);
	http_body_of_response(b, &h, to_head);
}

static void a_request_has_a_body_only_when_it_says_so(void **state)
{
	struct http_body b;

	(void)state;
	request_body(&b, "");
	assert_int_equal(b.kind, HTTP_BODY_NONE);
	assert_true(b.done);
	request_body(&b, "Content-Length: 0\r\n");
	assert_int_equal(b.kind, HTTP_BODY_NONE);
	assert_true(b.done);
	request_body(&b, "Content-Length: 7\r\n");
	assert_int_equal(b.kind, HTTP_BODY_LENGTH);
	assert_int_equal(b.left, 7);
	assert_false(b.done);
	request_body(&b, "Transfer-Encoding: chunked\r\n");
	assert_int_equal(b.kind, HTTP_BODY_CHUNKED);
	assert_false(b.done);
}

static void a_response_has_the_body_that_status_method_and_fields_leave(void **state)
{
	static const struct {
		unsigned int status;
		bool to_head;
		const char *lines;
		enum http_body_kind kind;
	} rows[] = {
		{200, false, "", HTTP_BODY_UNTIL_CLOSE},
		{200, false, "Content-Length: 5\r\n", HTTP_BODY_LENGTH},
		{200, false, "Content-Length: 0\r\n", HTTP_BODY_NONE},
		{200, false, "Transfer-Encoding: chunked\r\n", HTTP_BODY_CHUNKED},
		{200, true, "", HTTP_BODY_NONE},
		{200, true, "Content-Length: 5\r\n", HTTP_BODY_NONE},
		{200, true, "Transfer-Encoding: chunked\r\n", HTTP_BODY_NONE},
		{404, true, "Content-Length: 5\r\n", HTTP_BODY_NONE},
		{404, false, "Content-Length: 5\r\n", HTTP_BODY_LENGTH},
		{100, false, "", HTTP_BODY_NONE},
		{101, false, "Transfer-Encoding: chunked\r\n", HTTP_BODY_NONE},
		{103, false, "Content-Length: 5\r\n", HTTP_BODY_NONE},
		{204, false, "Content-Length: 5\r\n", HTTP_BODY_NONE},
		{204, false, "Transfer-Encoding: chunked\r\n", HTTP_BODY_NONE},
		{205, false, "", HTTP_BODY_UNTIL_CLOSE},
		{304, false, "Content-Length: 5\r\n", HTTP_BODY_NONE},
		{304, false, "Transfer-Encoding: chunked\r\n", HTTP_BODY_NONE},
		{301, false, "", HTTP_BODY_UNTIL_CLOSE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct http_body b;

		memset(&b, 0xff, sizeof(b)); /* nothing of before may count */
		response_body(&b, rows[i].status, rows[i].lines, rows[i].to_head);
		if (b.kind != rows[i].kind || b.done != (rows[i].kind == HTTP_BODY_NONE))
			fail_msg("row %zu: kind %d", i, (int)b.kind);
	}
}

static void a_length_is_taken_to_the_byte(void **state)
{
	static const uint8_t bytes[16];
	struct http_body b;

	(void)state;
	request_body(&b, "Content-Length: 10\r\n");
	assert_int_equal(http_body_take(&b, bytes, 4), 4);
	assert_int_equal(http_body_take(&b, bytes, 0), 0);
	assert_false(b.done);
	assert_int_equal(http_body_take(&b, bytes, 16), 6);
	assert_true(b.done);
	assert_int_equal(http_body_take(&b, bytes, 16), 0);
}

static void the_longest_length_does_not_overflow(void **state)
{
	static const uint8_t bytes[16];
	struct http_body b;

	(void)state;
	request_body(&b, "Content-Length: 999999999999999999\r\n");
	assert_int_equal(http_body_take(&b, bytes, 16), 16);
	assert_int_equal(b.left, 999999999999999999 - 16);
	assert_false(b.done);
}

static void chunks_end_with_their_last_byte(void **state)
{
	struct http_body b;

	(void)state;
	request_body(&b, "Transfer-Encoding: chunked\r\n");
	assert_int_equal(http_body_take(&b, (const uint8_t *)"3\r\nab", 5), 5);
	assert_int_equal(http_body_take(&b, (const uint8_t *)"c\r\n0\r\n\r\nGET", 11), 8);
	assert_true(b.done);
	assert_int_equal(http_body_take(&b, (const uint8_t *)"GET", 3), 0);
}

static void content_is_told_from_its_chunks(void **state)
{
	static const uint8_t bytes[] = "3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nA: b\r\n\r\nGET";
	struct http_body b;
	size_t at = 0, data, n = 0;
	char content[8];
	long r;

	(void)state;
	request_body(&b, "Transfer-Encoding: chunked\r\n");
	do {
		r = http_body_next(&b, bytes + at, sizeof(bytes) - 1 - at, &data);
		assert_true(r >= 0 && data <= (size_t)r && n + data <= sizeof(content));
		at += (size_t)r;
		memcpy(content + n, bytes + at - data, data);
		n += data;
	} while (r > 0);
	assert_true(b.done);
	assert_string_equal((const char *)bytes + at, "GET");
	assert_int_equal(n, 5);
	assert_memory_equal(content, "abcde", 5);
	request_body(&b, "Content-Length: 5\r\n");
	assert_int_equal(http_body_next(&b, bytes, 9, &data), 5);
	assert_int_equal(data, 5);
	request_body(&b, "Transfer-Encoding: chunked\r\n");
	assert_int_equal(http_body_next(&b, (const uint8_t *)"3\nabc", 5, &data),
		-HTTP_FAULT_CHUNK);
}

static void bad_chunks_are_never_done(void **state)
{
	struct http_body b;

	(void)state;
	request_body(&b, "Transfer-Encoding: chunked\r\n");
	assert_int_equal(http_body_take(&b, (const uint8_t *)"3\nabc", 5), -HTTP_FAULT_CHUNK);
	assert_false(b.done);
	request_body(&b, "Transfer-Encoding: chunked\r\n");
	assert_int_equal(http_body_take(&b, (const uint8_t *)"0\r\nHost: x\r\n\r\n", 14),
		-HTTP_FAULT_TRAILER);
	assert_false(b.done);
}

static void until_close_takes_everything(void **state)
{
	static const uint8_t bytes[16];
	struct http_body b;

	(void)state;
	response_body(&b, 200, "", false);
	for (int i = 0; i < 3; i++)
		assert_int_equal(http_body_take(&b, bytes, 16), 16);
	assert_false(b.done);
}

static void nothing_belongs_to_a_message_without_a_body(void **state)
{
	struct http_body b;

	(void)state;
	response_body(&b, 204, "Content-Length: 5\r\n", false);
	assert_int_equal(http_body_take(&b, (const uint8_t *)"hello", 5), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_has_a_body_only_when_it_says_so),
		cmocka_unit_test(a_response_has_the_body_that_status_method_and_fields_leave),
		cmocka_unit_test(a_length_is_taken_to_the_byte),
		cmocka_unit_test(the_longest_length_does_not_overflow),
		cmocka_unit_test(chunks_end_with_their_last_byte),
		cmocka_unit_test(content_is_told_from_its_chunks),
		cmocka_unit_test(bad_chunks_are_never_done),
		cmocka_unit_test(until_close_takes_everything),
		cmocka_unit_test(nothing_belongs_to_a_message_without_a_body),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
