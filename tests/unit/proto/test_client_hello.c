/* SPDX-License-Identifier: MIT */
/*
 * ClientHellos built piece by piece, cut at every place, cut into records at every place, and
 * with every byte changed once.
 */
#include "../cm.h"

#include <string.h>

#include "base/cursor.h"
#include "proto/client_hello.h"

struct hello {
	uint8_t bytes[CLIENT_HELLO_MAX + 64];
	size_t n;
};

static void add(struct hello *h, const void *bytes, size_t n)
{
	assert_true(h->n + n <= sizeof(h->bytes));
	memcpy(h->bytes + h->n, bytes, n);
	h->n += n;
}

static void add_u16(struct hello *h, size_t v)
{
	add(h, (uint8_t[]){(uint8_t)(v >> 8), (uint8_t)v}, 2);
}

static void add_extension(struct hello *h, unsigned int type, const void *bytes, size_t n)
{
	add_u16(h, type);
	add_u16(h, n);
	add(h, bytes, n);
}

static void add_name(struct hello *h, const char *name, size_t n)
{
	struct hello e = {.n = 0};

	add_u16(&e, n + 3);
	add(&e, "\0", 1);
	add_u16(&e, n);
	add(&e, name, n);
	add_extension(h, 0, e.bytes, e.n);
}

/* How long the vectors before the extensions are. */
struct fixed {
	uint8_t session, suites, compressions;
};

/* The handshake message around @extensions. */
static void wrap_fixed(struct hello *h, const struct hello *extensions, struct fixed f)
{
	static const uint8_t filler[256] = {7};
	size_t n;

	h->n = 0;
	add(h, "\1\0\0\0\3\3", 6);
	add(h, filler, 32);
	add(h, &f.session, 1);
	add(h, filler, f.session);
	add_u16(h, f.suites);
	add(h, filler, f.suites);
	add(h, &f.compressions, 1);
	add(h, filler, f.compressions);
	add_u16(h, extensions->n);
	add(h, extensions->bytes, extensions->n);
	n = h->n - 4;
	h->bytes[2] = (uint8_t)(n >> 8);
	h->bytes[3] = (uint8_t)n;
}

static void wrap_message(struct hello *h, const struct hello *extensions)
{
	wrap_fixed(h, extensions, (struct fixed){.session = 4, .suites = 2, .compressions = 1});
}

/* In records of at most @piece bytes. */
static void wrap_records(struct hello *h, const struct hello *message, size_t piece)
{
	h->n = 0;
	for (size_t at = 0; at < message->n; at += piece) {
		size_t n = message->n - at < piece ? message->n - at : piece;

		add(h, "\x16\3\1", 3);
		add_u16(h, n);
		add(h, message->bytes + at, n);
	}
}

static void build(struct hello *h, const struct hello *extensions)
{
	struct hello message;

	wrap_message(&message, extensions);
	wrap_records(h, &message, 16384);
}

static void sample(struct hello *extensions)
{
	extensions->n = 0;
	add_extension(extensions, 0x0a0a, "", 0); /* GREASE */
	add_name(extensions, "Web.Example", 11);
	add_extension(extensions, 16, "\0\x0c\2h2\x08http/1.1", 14);
	add_extension(extensions, 43, "\2\3\4", 3);
}

static enum client_hello_result parse_extensions(struct client_hello *ret,
	const struct hello *extensions)
{
	struct hello h;

	build(&h, extensions);
	return client_hello_parse(ret, h.bytes, h.n);
}

static void name_and_protocols_are_read(void **state)
{
	struct hello e;
	struct client_hello c;

	(void)state;
	sample(&e);
	assert_int_equal(parse_extensions(&c, &e), CLIENT_HELLO_OK);
	assert_string_equal(c.name, "web.example");
	assert_true(client_hello_offers(&c, "h2"));
	assert_true(client_hello_offers(&c, "http/1.1"));
	assert_false(client_hello_offers(&c, "http/1.0"));
	assert_false(client_hello_offers(&c, "h"));
	assert_false(client_hello_offers(&c, ""));
}

static void a_hello_without_extensions_is_one(void **state)
{
	struct hello none = {.n = 0}, h, message;
	struct client_hello c;

	(void)state;
	assert_int_equal(parse_extensions(&c, &none), CLIENT_HELLO_OK);
	assert_string_equal(c.name, "");
	/* not even their length: TLS 1.0 */
	wrap_message(&message, &none);
	message.n -= 2;
	message.bytes[3] = (uint8_t)(message.n - 4);
	wrap_records(&h, &message, 16384);
	assert_int_equal(client_hello_parse(&c, h.bytes, h.n), CLIENT_HELLO_OK);
	assert_false(client_hello_offers(&c, "h2"));
}

static void every_beginning_of_a_hello_asks_for_more(void **state)
{
	struct hello e, h;
	struct client_hello c;

	(void)state;
	sample(&e);
	build(&h, &e);
	for (size_t n = 0; n < h.n; n++)
		assert_int_equal(client_hello_parse(&c, h.bytes, n), CLIENT_HELLO_SHORT);
	/* and what follows is not looked at */
	add(&h, "more", 4);
	assert_int_equal(client_hello_parse(&c, h.bytes, h.n), CLIENT_HELLO_OK);
}

static void records_may_cut_a_hello_anywhere(void **state)
{
	struct hello e, h, message;
	struct client_hello c;

	(void)state;
	sample(&e);
	wrap_message(&message, &e);
	for (size_t piece = 1; piece <= message.n; piece++) {
		wrap_records(&h, &message, piece);
		assert_int_equal(client_hello_parse(&c, h.bytes, h.n), CLIENT_HELLO_OK);
		assert_string_equal(c.name, "web.example");
		assert_true(client_hello_offers(&c, "http/1.1"));
		assert_int_equal(client_hello_parse(&c, h.bytes, h.n - 1), CLIENT_HELLO_SHORT);
	}
}

static void what_is_not_tls_is_known_by_its_first_bytes(void **state)
{
	static const char *const rows[] = {"G", "GET / HTTP/1.1\r\n", "\x15\3\1\0\2\1\0",
		"\x80\x2e\1\0\2", "\x16\2\1\0\5hello", "SSH-2.0-x\r\n", "\x16G"};
	struct client_hello c;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t n = strlen(rows[i]) > 0 ? strlen(rows[i]) : 1;

		assert_int_equal(client_hello_parse(&c, (const uint8_t *)rows[i], n),
			CLIENT_HELLO_NOT_TLS);
	}
	assert_int_equal(client_hello_parse(&c, (const uint8_t *)"\x16\3\1\0\0", 5),
		CLIENT_HELLO_NOT_TLS);
	assert_int_equal(client_hello_parse(&c, (const uint8_t *)"\x16\3\1\x40\1", 5),
		CLIENT_HELLO_NOT_TLS);
}

static void another_message_or_record_in_its_place_is_bad(void **state)
{
	struct hello e, h;
	struct client_hello c;

	(void)state;
	sample(&e);
	build(&h, &e);
	h.bytes[5] = 2; /* ServerHello */
	assert_int_equal(client_hello_parse(&c, h.bytes, h.n), CLIENT_HELLO_BAD);
	assert_int_equal(client_hello_parse(&c, (const uint8_t *)"\x16\3\1\0\1\1\x17\3\3\0\1x", 12),
		CLIENT_HELLO_BAD);
	assert_int_equal(client_hello_parse(&c, (const uint8_t *)"\x16\3\1\0\1\1\x16\3\1\0\0", 11),
		CLIENT_HELLO_BAD);
	assert_int_equal(client_hello_parse(&c, (const uint8_t *)"\x16\3\1\0\4\1\1\0\0", 9),
		CLIENT_HELLO_BAD);
}

static void a_hello_that_never_ends_is_bad_at_16_kib(void **state)
{
	static uint8_t bytes[CLIENT_HELLO_MAX];
	struct client_hello c;

	(void)state;
	memcpy(bytes, "\x16\3\1\x40\0\1\0\x3f\xfc", 9);
	assert_int_equal(client_hello_parse(&c, bytes, sizeof(bytes) - 1), CLIENT_HELLO_SHORT);
	assert_int_equal(client_hello_parse(&c, bytes, sizeof(bytes)), CLIENT_HELLO_BAD);
}

/* Extensions of one each, wrong in one way each. */
static void an_extension_that_lies_is_bad(void **state)
{
	static const struct {
		unsigned int type;
		const char *bytes;
		size_t n;
	} rows[] = {
		{0, "", 0},
		{0, "\0", 1},
		{0, "\0\0", 2},        /* an empty list */
		{0, "\0\3\0\0\0", 5},  /* an empty name */
		{0, "\0\4\0\0\5a", 6}, /* a name longer than the list */
		{0, "\0\5\0\0\1a", 6}, /* a list longer than the extension */
		{0, "\0\3\0\0\1a", 6}, /* a list shorter than it */
		{0, "\0\5\0\0\1aX", 7},
		{0, "\0\x08\0\0\1a\0\0\1b", 10}, /* two names */
		{0, "\0\5\0\0\2a\0", 7},         /* a NUL */
		{0, "\0\5\0\0\2a ", 7},
		{0, "\0\5\0\0\2a:", 7},       /* a port */
		{0, "\0\x08\0\0\5[::1]", 10}, /* an address */
		{0, "\0\x05\0\0\2..", 7},
		{16, "", 0},
		{16, "\0", 1},
		{16, "\0\0", 2},
		{16, "\0\1\0", 3},   /* an empty protocol */
		{16, "\0\3\3h2", 5}, /* a protocol longer than the list */
		{16, "\0\4\2h2", 5},
		{16, "\0\2\2h2", 5},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct hello e = {.n = 0};
		struct client_hello c;

		add_extension(&e, rows[i].type, rows[i].bytes, rows[i].n);
		if (parse_extensions(&c, &e) != CLIENT_HELLO_BAD)
			fail_msg("row %zu was taken", i);
	}
}

static void an_extension_that_is_read_comes_once(void **state)
{
	struct hello e = {.n = 0};
	struct client_hello c;

	(void)state;
	add_name(&e, "a", 1);
	add_name(&e, "b", 1);
	assert_int_equal(parse_extensions(&c, &e), CLIENT_HELLO_BAD);
	e.n = 0;
	add_extension(&e, 16, "\0\3\2h2", 5);
	add_extension(&e, 16, "\0\3\2h3", 5);
	assert_int_equal(parse_extensions(&c, &e), CLIENT_HELLO_BAD);
}

static void a_name_of_another_type_is_passed_over(void **state)
{
	struct hello e = {.n = 0};
	struct client_hello c;

	(void)state;
	add_extension(&e, 0, "\0\x08\1\0\1?\0\0\1b", 10);
	assert_int_equal(parse_extensions(&c, &e), CLIENT_HELLO_OK);
	assert_string_equal(c.name, "b");
}

static void a_long_list_of_protocols_is_kept_in_part(void **state)
{
	struct hello e = {.n = 0}, list = {.n = 0};
	struct client_hello c;

	(void)state;
	add_u16(&list, 100 * 4);
	for (int i = 0; i < 100; i++)
		add(&list, i == 99 ? "\3end" : "\3abc", 4);
	add_extension(&e, 16, list.bytes, list.n);
	assert_int_equal(parse_extensions(&c, &e), CLIENT_HELLO_OK);
	assert_true(client_hello_offers(&c, "abc"));
	assert_false(client_hello_offers(&c, "end"));
}

static void the_fixed_part_keeps_its_bounds(void **state)
{
	static const struct {
		struct fixed fixed;
		enum client_hello_result result;
	} rows[] = {
		{{0, 2, 1}, CLIENT_HELLO_OK},
		{{32, 254, 255}, CLIENT_HELLO_OK},
		{{33, 2, 1}, CLIENT_HELLO_BAD},
		{{255, 2, 1}, CLIENT_HELLO_BAD},
		{{0, 0, 1}, CLIENT_HELLO_BAD},
		{{0, 1, 1}, CLIENT_HELLO_BAD},
		{{0, 3, 1}, CLIENT_HELLO_BAD},
		{{0, 2, 0}, CLIENT_HELLO_BAD},
	};
	struct hello e = {.n = 0}, h, message;
	struct client_hello c;

	(void)state;
	add_name(&e, "a", 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		wrap_fixed(&message, &e, rows[i].fixed);
		wrap_records(&h, &message, 16384);
		if (client_hello_parse(&c, h.bytes, h.n) != rows[i].result)
			fail_msg("row %zu", i);
	}
}

static void a_length_that_passes_the_message_s_end_is_bad(void **state)
{
	/* offsets in the record: 5 header, 4 message, 2 version, 32 random */
	static const size_t at[] = {43, 48, 49, 52, 54, 55};
	struct hello e = {.n = 0}, h;
	struct client_hello c;

	(void)state;
	add_name(&e, "a", 1);
	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		build(&h, &e);
		h.bytes[at[i]] = 254;
		assert_int_equal(client_hello_parse(&c, h.bytes, h.n), CLIENT_HELLO_BAD);
	}
}

static void a_message_of_exactly_16_kib_is_taken(void **state)
{
	static const uint8_t padding[CLIENT_HELLO_MAX];
	struct hello e = {.n = 0}, h, message;
	struct client_hello c;

	(void)state;
	add_name(&e, "a", 1);
	wrap_message(&message, &e);
	add_extension(&e, 21, padding, CLIENT_HELLO_MAX - 4 - message.n);
	wrap_message(&message, &e);
	assert_int_equal(message.n, CLIENT_HELLO_MAX);
	wrap_records(&h, &message, 16384);
	assert_int_equal(client_hello_parse(&c, h.bytes, h.n), CLIENT_HELLO_OK);
	assert_string_equal(c.name, "a");
}

static void any_byte_may_be_anything(void **state)
{
	struct hello e, h;
	struct client_hello c;

	(void)state;
	sample(&e);
	build(&h, &e);
	for (size_t at = 0; at < h.n; at++) {
		uint8_t was = h.bytes[at];

		for (int v = 0; v < 256; v++) {
			h.bytes[at] = (uint8_t)v;
			assert_in_range(client_hello_parse(&c, h.bytes, h.n), CLIENT_HELLO_OK,
				CLIENT_HELLO_BAD);
		}
		h.bytes[at] = was;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(name_and_protocols_are_read),
		cmocka_unit_test(a_hello_without_extensions_is_one),
		cmocka_unit_test(every_beginning_of_a_hello_asks_for_more),
		cmocka_unit_test(records_may_cut_a_hello_anywhere),
		cmocka_unit_test(what_is_not_tls_is_known_by_its_first_bytes),
		cmocka_unit_test(another_message_or_record_in_its_place_is_bad),
		cmocka_unit_test(a_hello_that_never_ends_is_bad_at_16_kib),
		cmocka_unit_test(an_extension_that_lies_is_bad),
		cmocka_unit_test(an_extension_that_is_read_comes_once),
		cmocka_unit_test(a_name_of_another_type_is_passed_over),
		cmocka_unit_test(a_long_list_of_protocols_is_kept_in_part),
		cmocka_unit_test(the_fixed_part_keeps_its_bounds),
		cmocka_unit_test(a_length_that_passes_the_message_s_end_is_bad),
		cmocka_unit_test(a_message_of_exactly_16_kib_is_taken),
		cmocka_unit_test(any_byte_may_be_anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
