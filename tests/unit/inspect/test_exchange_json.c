/* SPDX-License-Identifier: MIT */
/* test_exchange_json: what was captured, as JSON that is always valid, whatever strangers sent. */

#include "inspect_test.h"

#include <stdlib.h>

#include "inspect/exchange_json.h"

/* @o can be written and read again. */
static void expect_valid(const json_t *o)
{
	char *text;
	json_t *again;

	assert_non_null(o);
	text = json_dumps(o, JSON_COMPACT | JSON_ENCODE_ANY);
	assert_non_null(text);
	again = json_loads(text, JSON_DECODE_ANY, NULL);
	assert_non_null(again);
	assert_true(json_equal(again, (json_t *)(uintptr_t)o));
	json_decref(again);
	free(text);
}

static void expect_text(const char *bytes, size_t n, const char *wanted)
{
	json_t *o = exchange_json_text(bytes, n);

	assert_string_equal(json_string_value(o), wanted);
	expect_valid(o);
	json_decref(o);
}

static void bytes_become_text_that_is_utf8(void **state)
{
	expect_text("", 0, "");
	expect_text("plain", 5, "plain");
	expect_text("gr\xc3\xbc\xc3\x9f", 6, "gr\xc3\xbc\xc3\x9f");
	expect_text("gr\xfc\xdf", 4, "gr\xc3\xbc\xc3\x9f");         /* ISO-8859-1 */
	expect_text("\xc3\xbc\xff", 3, "\xc3\x83\xc2\xbc\xc3\xbf"); /* as a whole */
	expect_text("a\0b", 3, "a?b");
	expect_text("\xed\xa0\x80", 3, "\xc3\xad\xc2\xa0\xc2\x80"); /* a surrogate */
	expect_text("\xf4\x90\x80\x80", 4, "\xc3\xb4\xc2\x90\xc2\x80\xc2\x80");
	expect_text("\xc0\xaf", 2, "\xc3\x80\xc2\xaf"); /* not the shortest form */
}

/* Our own idea of UTF-8 is that of the JSON library, on every sequence of few bytes. */
static void what_is_utf8_is_what_the_json_library_takes(void **state)
{
	static const uint8_t interesting[] = {0x01, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0,
		0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5,
		0xff};
	size_t k = sizeof(interesting), all = k * k * k * k;

	for (size_t i = 0; i < all; i++) {
		const uint8_t bytes[4] = {interesting[i % k], interesting[i / k % k],
			interesting[i / k / k % k], interesting[i / k / k / k]};

		for (size_t n = 1; n <= 4; n++) {
			json_t *theirs = json_stringn((const char *)bytes, n);
			long ours = exchange_json_utf8(bytes, n, /* cut= */ false);

			if ((ours >= 0) != (theirs != NULL))
				fail_msg("%02x %02x %02x %02x (%zu)", bytes[0], bytes[1], bytes[2],
					bytes[3], n);
			json_decref(theirs);
		}
	}
}

static void a_character_that_is_cut_off_is_left_out(void **state)
{
	assert_int_equal(exchange_json_utf8("a\xe2\x82\xac", 4, true), 4);
	assert_int_equal(exchange_json_utf8("a\xe2\x82\xac", 3, true), 1);
	assert_int_equal(exchange_json_utf8("a\xe2\x82\xac", 3, false), -1);
	assert_int_equal(exchange_json_utf8("a\xe2"
					    "b",
				 3, true),
		-1);
}

static void a_request_is_told_with_all_there_is(void **state)
{
	struct exchange *e = asked("POST", "/hook?a=1", "Host: a.example\r\nX-A: 1\r\nX-A: 2\r\n");
	json_t *o = exchange_json_info(e), *part;

	expect_valid(o);
	assert_string_equal(text_at(o, "method"), "POST");
	assert_string_equal(text_at(o, "state"), "open");
	assert_true(json_is_null(json_object_get(o, "status")));
	assert_true(json_is_null(json_object_get(o, "total_us")));
	json_decref(o);
	part = exchange_json_part(e, EXCHANGE_RESPONSE);
	assert_true(json_is_null(part));
	json_decref(part);

	answered(e, 201,
		"Content-Type: Application/JSON; charset=utf-8\r\nContent-Encoding: gzip\r\n"
		"content-encoding: br\r\n",
		"12345", 5);
	o = exchange_json_info(e);
	expect_valid(o);
	assert_int_equal(number_at(o, "status"), 201);
	assert_int_equal(number_at(o, "first_byte_us"), 1500);
	assert_int_equal(number_at(o, "response_bytes"), 5);
	assert_string_equal(text_at(o, "media_type"), "application/json");
	assert_string_equal(text_at(json_object_get(o, "verification"), "result"), "none");
	assert_string_equal(text_at(o, "version"), "HTTP/1.1");
	json_decref(o);
	part = exchange_json_part(e, EXCHANGE_RESPONSE);
	expect_valid(part);
	assert_string_equal(text_at(part, "line"), "HTTP/1.1 201 Fine");
	assert_string_equal(text_at(part, "coding"), "gzip, br");
	assert_true(json_is_true(json_object_get(part, "decoded")));
	assert_true(json_is_true(json_object_get(part, "complete")));
	json_decref(part);
	part = exchange_json_part(e, EXCHANGE_REQUEST);
	assert_int_equal(json_array_size(json_object_get(part, "headers")), 3);
	assert_string_equal(text_at(json_array_get(json_object_get(part, "headers"), 2), "value"),
		"2");
	json_decref(part);
}

/* Whatever bytes a head and a message are made of. */
static void hostile_bytes_are_valid_json(void **state)
{
	char head[600] = "GET /", bytes[256];
	struct exchange *e = asked("GET", "/\xff\xfe",
		"X: \xc3\x28\r\nno colon here\r\n: x\r\n\x80: y\r\n");
	size_t n = 5;
	json_t *o;

	for (unsigned int i = 1; i < 256; i++)
		head[n++] = (char)i;
	(void)snprintf(head + n, sizeof(head) - n, "\r\n\r\n");
	capture_set_head(e, EXCHANGE_RESPONSE, head, n + 4);
	for (unsigned int i = 0; i < 256; i++)
		bytes[i] = (char)i;
	for (int kind = EXCHANGE_MESSAGE_TEXT; kind <= (int)EXCHANGE_MESSAGE_EVENT; kind++)
		capture_add_message(e, EXCHANGE_REQUEST, (enum exchange_message_kind)kind, bytes,
			sizeof(bytes), sizeof(bytes));
	capture_end(e, "it \xff ended");
	o = json_pack("[o, o, o, o]", exchange_json_info(e),
		exchange_json_part(e, EXCHANGE_REQUEST), exchange_json_part(e, EXCHANGE_RESPONSE),
		exchange_json_messages(e));
	expect_valid(o);
	assert_string_equal(text_at(json_array_get(o, 0), "target"), "/\xc3\xbf\xc3\xbe");
	assert_string_equal(text_at(json_array_get(json_array_get(o, 3), 0), "text"), "(none)");
	json_decref(o);
}

static void messages_are_text_where_they_are(void **state)
{
	struct exchange *e = asked("GET", "/", "");
	json_t *list, *m;

	capture_add_message(e, EXCHANGE_RESPONSE, EXCHANGE_MESSAGE_TEXT, "\xe2\x82\xac", 3, 3);
	capture_add_message(e, EXCHANGE_REQUEST, EXCHANGE_MESSAGE_BINARY, "abc", 3, 3);
	capture_add_message(e, EXCHANGE_REQUEST, EXCHANGE_MESSAGE_TEXT, "ab\xe2\x82", 4, 100);
	list = exchange_json_messages(e);
	m = json_array_get(list, 0);
	assert_string_equal(text_at(m, "text"), "\xe2\x82\xac");
	assert_string_equal(text_at(m, "from"), "origin");
	m = json_array_get(list, 1);
	assert_string_equal(text_at(m, "base64"), "YWJj");
	assert_true(json_is_null(json_object_get(m, "text")));
	m = json_array_get(list, 2);
	assert_string_equal(text_at(m, "text"), "ab");
	assert_int_equal(number_at(m, "kept"), 2);
	assert_int_equal(number_at(m, "size"), 100);
	json_decref(list);
}

/* However many and however long: an answer has to fit what a caller takes. */
static void messages_stay_within_an_answer(void **state)
{
	struct exchange *e = asked("GET", "/", "");
	char *big = malloc(1024 * 1024), *text;
	json_t *list;

	memset(big, 1, 1024 * 1024); /* each needs six bytes as JSON */
	for (int i = 0; i < 40; i++)
		capture_add_message(e, EXCHANGE_REQUEST,
			i % 2 ? EXCHANGE_MESSAGE_TEXT : EXCHANGE_MESSAGE_BINARY, big, 1024 * 1024,
			1024 * 1024);
	capture_add_message(e, EXCHANGE_REQUEST, EXCHANGE_MESSAGE_TEXT, "the last", 8, 8);
	list = exchange_json_messages(e);
	text = json_dumps(list, JSON_COMPACT);
	assert_true(strlen(text) < EXCHANGE_JSON_MESSAGES + 41 * 200);
	assert_string_equal(text_at(json_array_get(list, 40), "text"), "the last");
	free(text);
	json_decref(list);
	free(big);
}

static void the_estimate_of_a_size_is_never_too_small(void **state)
{
	char target[3000];
	struct exchange *e;
	char *text;
	json_t *o;

	memset(target, 0xff, sizeof(target));
	target[0] = '/';
	target[sizeof(target) - 1] = '\0';
	e = asked("GET", target, "");
	answered(e, 500, "Content-Type: text/html\r\n", "x", 1);
	o = exchange_json_info(e);
	text = json_dumps(o, JSON_COMPACT);
	assert_true(strlen(text) <= exchange_json_size(e));
	free(text);
	json_decref(o);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup_capture, teardown_capture)
	const struct CMUnitTest tests[] = {
		T(bytes_become_text_that_is_utf8),
		T(what_is_utf8_is_what_the_json_library_takes),
		T(a_character_that_is_cut_off_is_left_out),
		T(a_request_is_told_with_all_there_is),
		T(hostile_bytes_are_valid_json),
		T(messages_are_text_where_they_are),
		T(messages_stay_within_an_answer),
		T(the_estimate_of_a_size_is_never_too_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
