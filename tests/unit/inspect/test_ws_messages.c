/* SPDX-License-Identifier: MIT */
/* test_ws_messages: frames of one direction as messages: masked, in fragments, compressed, bad. */

#include "../cm.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "inspect/ws_inflate.h"
#include "inspect/ws_messages.h"

#define KEPT_MAX 1000

static struct ws_messages ws;
static struct ws_inflate_budget budget;
static struct str said = STR_INIT(100000); /* "kind:bytes|", what was passed over as "(n)" */
static struct str coming = STR_INIT(100000);
static uint64_t passed_over, inflated;

static void on_more(struct ws_messages *w, const uint8_t *bytes, size_t n)
{
	(void)w;
	if (!bytes)
		passed_over += n;
	else if (coming.len < 2 * KEPT_MAX)
		str_add_n(&coming, bytes, n);
	inflated += n;
}

static void say(enum exchange_message_kind kind, const char *bytes, size_t n)
{
	str_addf(&said, "%s:%.*s|", exchange_message_word(kind), (int)n, bytes);
}

static void on_whole(struct ws_messages *w, enum exchange_message_kind kind)
{
	(void)w;
	say(kind, str_get(&coming), coming.len);
	str_clear(&coming);
}

static void on_control(struct ws_messages *w, enum exchange_message_kind kind, const uint8_t *bytes,
	size_t n)
{
	(void)w;
	say(kind, (const char *)bytes, n);
}

static const struct ws_messages_ops ops = {
	.more = on_more, .whole = on_whole, .control = on_control};

static void begin(void)
{
	ws_messages_init(&ws, &ops, KEPT_MAX, &budget);
	ws.deflate = true;
	str_clear(&said);
	str_clear(&coming);
	passed_over = inflated = 0;
}

static int setup(void **state)
{
	(void)state;
	ws_inflate_budget_init(&budget);
	budget.left = 2;
	begin();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	ws_messages_deinit(&ws);
	assert_int_equal(budget.left, 2);
	return 0;
}

static void assert_said(const char *frames, size_t n, const char *want)
{
	for (size_t step = 1; step <= n; step++) {
		begin();
		for (size_t at = 0; at < n; at += step)
			assert_true(ws_messages_take(&ws, (const uint8_t *)frames + at,
				MIN(step, n - at)));
		assert_string_equal(str_get(&said), want);
		ws_messages_deinit(&ws);
	}
}

#define SAID(frames, want) assert_said(frames, sizeof(frames) - 1, want)

static void messages_are_told_apart(void **state)
{
	(void)state;
	SAID("\x81\x05hello\x82\x03"
	     "abc\x81\x00\x8a\x00\x88\x02\x03\xe8",
		"text:hello|binary:abc|text:|pong:|close:\x03\xe8|");
}

static void masks_are_taken_off(void **state)
{
	(void)state;
	/* RFC 6455 §5.7 */
	SAID("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58\x89\x82\x37\xfa\x21\x3d\x7f\x9f",
		"text:Hello|ping:He|");
}

static void fragments_make_one_message(void **state)
{
	(void)state;
	SAID("\x01\x03Hel\x89\x01p\x00\x00\x80\x02lo\x82\x01x", "ping:p|text:Hello|binary:x|");
	/* each masked for itself */
	SAID("\x01\x83\x37\xfa\x21\x3d\x7f\x9f\x4d\x80\x82\x3d\x37\xfa\x21\x51\x58", "text:Hello|");
}

static void longer_lengths_are_read(void **state)
{
	char frame[8 + 1 + 300 + 1 + 300];
	CLEANUP(str_deinit) struct str want = STR_INIT(1000);

	(void)state;
	memset(frame, 'x', sizeof(frame));
	memcpy(frame, "\x81\x7e\x00\xc8", 4);
	str_addf(&want, "text:%.*s|", 200, frame + 4);
	assert_said(frame, 204, str_get(&want));
	memcpy(frame, "\x82\x7f\x00\x00\x00\x00\x00\x00\x00\xc8", 10);
	str_clear(&want);
	str_addf(&want, "binary:%.*s|", 200, frame + 10);
	assert_said(frame, 210, str_get(&want));
}

static void what_is_too_long_is_counted(void **state)
{
	uint8_t frame[14 + 5000];

	(void)state;
	memset(frame, 'x', sizeof(frame));
	memcpy(frame, "\x01\xfe\x13\x88\0\0\0\0", 8); /* masked with nothing: 5000 */
	assert_true(ws_messages_take(&ws, frame, 8 + 5000));
	assert_int_equal(passed_over, 5000 - 4096); /* what is read is read in steps */
	memcpy(frame, "\x80\x7f\x00\x00\x00\x00\x00\x10\x00\x00", 10); /* 1 MiB */
	assert_true(ws_messages_take(&ws, frame, 10));
	for (int i = 0; i < 1024; i++)
		assert_true(ws_messages_take(&ws, frame + 10, 1024));
	assert_int_equal(passed_over, 5000 - 4096 + 1048576);
	str_clear(&said);
	assert_true(ws_messages_take(&ws, (const uint8_t *)"\x81\x01y", 3));
	assert_string_equal(str_get(&said), "text:y|");
}

static void bad_frames_are_refused(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
	} bad[] = {
#define BAD(s) {s, sizeof(s) - 1}
		BAD("\xa1\x00"),                                 /* RSV2 */
		BAD("\x91\x00"),                                 /* RSV3 */
		BAD("\x83\x00"),                                 /* no such opcode */
		BAD("\x8b\x00"),                                 /* nor such a control frame */
		BAD("\x80\x00"),                                 /* nothing to go on with */
		BAD("\x01\x00\x81\x00"),                         /* two messages at once */
		BAD("\x01\x00\xc0\x00"),                         /* compressed from the middle on */
		BAD("\x09\x00"),                                 /* a control frame in fragments */
		BAD("\xc9\x00"),                                 /* a compressed one */
		BAD("\x89\x7e\x00\x7e"),                         /* a long one */
		BAD("\x82\x7f\x80\x00\x00\x00\x00\x00\x00\x00"), /* longer than anything */
		BAD("\xc1\x02\xff\xff"),                         /* no deflate stream */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		begin();
		assert_false(ws_messages_take(&ws, (const uint8_t *)bad[i].bytes, bad[i].n));
		ws_messages_deinit(&ws);
	}
	begin();
	ws.deflate = false;
	assert_false(ws_messages_take(&ws, (const uint8_t *)"\xc1\x00", 2));
}

/* --- compressed ------------------------------------------------------------------------------ */

static z_stream z;

static void deflate_begin(void)
{
	memset(&z, 0, sizeof(z));
	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
}

/* A compressed text message in one frame; false: refused. */
static bool send_compressed(const char *text, size_t n)
{
	size_t room = n + 1000, len;
	uint8_t *frame = mem_alloc(room);
	bool fine;

	z.next_in = (Bytef *)(uintptr_t)text;
	z.avail_in = (uInt)n;
	z.next_out = frame + 10;
	z.avail_out = (uInt)(room - 10);
	assert_int_equal(deflate(&z, Z_SYNC_FLUSH), Z_OK);
	len = room - 10 - z.avail_out - 4;
	memcpy(frame, "\xc1\x7f", 2);
	for (int i = 0; i < 8; i++)
		frame[2 + i] = (uint8_t)((uint64_t)len >> (56 - 8 * i));
	fine = ws_messages_take(&ws, frame, 10 + len);
	free(frame);
	return fine;
}

static void compressed_messages_refer_to_those_before(void **state)
{
	(void)state;
	deflate_begin();
	assert_true(send_compressed("a message that comes", 20));
	assert_true(send_compressed("a message that comes", 20));
	assert_string_equal(str_get(&said), "text:a message that comes|text:a message that comes|");
	assert_int_equal(budget.left, 1);
	assert_true(ws_messages_take(&ws, (const uint8_t *)"\x81\x03out", 5));
	assert_true(send_compressed("a message that comes", 20));
	assert_non_null(strstr(str_get(&said), "|text:out|text:a message that comes|"));
	(void)deflateEnd(&z);
}

static void compressed_messages_may_come_in_fragments(void **state)
{
	(void)state;
	/* RFC 7692 §7.2.3.1, "Hello" in two frames; §7.2.3.4 with a final block; §7.2.3.3 stored */
	SAID("\x41\x03\xf2\x48\xcd\x80\x04\xc9\xc9\x07\x00", "text:Hello|");
	SAID("\xc1\x08\xf3\x48\xcd\xc9\xc9\x07\x00\x00", "text:Hello|");
	SAID("\xc1\x0b\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00", "text:Hello|");
}

static void where_nothing_is_remembered_nothing_is_held(void **state)
{
	(void)state;
	ws.forgets = true;
	for (int i = 0; i < 3; i++) {
		deflate_begin();
		assert_true(send_compressed("hello", 5));
		(void)deflateEnd(&z);
		assert_int_equal(budget.left, 2);
	}
	assert_string_equal(str_get(&said), "text:hello|text:hello|text:hello|");
}

static void without_an_inflater_messages_are_counted(void **state)
{
	(void)state;
	budget.left = 0;
	deflate_begin();
	assert_true(send_compressed("hello", 5));
	budget.left = 2;
	assert_true(send_compressed("hello", 5));
	assert_string_equal(str_get(&said), "text:|text:|");
	assert_true(passed_over > 0);
	assert_true(ws_messages_take(&ws, (const uint8_t *)"\x81\x03out", 5));
	assert_string_equal(str_get(&said), "text:|text:|text:out|");
	(void)deflateEnd(&z);
}

static void a_bomb_is_not_inflated_to_its_end(void **state)
{
	size_t n = 8 << 20;
	char *zeros = mem_zalloc(n);

	(void)state;
	bucket_init(&budget.steps, 1, 100, clock_ms());
	deflate_begin();
	assert_true(send_compressed(zeros, n));
	assert_null(ws.inflate);
	assert_int_equal(budget.left, 2);
	assert_in_range(inflated, 99 * 4096, 110 * 4096);
	str_clear(&said);
	assert_true(send_compressed("hello", 5));
	assert_string_equal(str_get(&said), "text:|");
	(void)deflateEnd(&z);
	free(zeros);
}

static void what_compresses_well_is_no_bomb(void **state)
{
	static char text[20000];

	(void)state;
	for (size_t i = 0; i + 20 < sizeof(text); i += 20)
		memcpy(text + i, "{\"key\": \"value 000\"},", 20);
	deflate_begin();
	for (int i = 0; i < 200; i++) {
		text[i] = (char)('0' + i % 10);
		assert_true(send_compressed(text, sizeof(text)));
		str_clear(&said);
		assert_non_null(ws.inflate);
	}
	(void)deflateEnd(&z);
}

static int leave(void **state)
{
	(void)state;
	str_deinit(&said);
	str_deinit(&coming);
	return 0;
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(messages_are_told_apart),
		TEST(masks_are_taken_off),
		TEST(fragments_make_one_message),
		TEST(longer_lengths_are_read),
		TEST(what_is_too_long_is_counted),
		TEST(bad_frames_are_refused),
		TEST(compressed_messages_refer_to_those_before),
		TEST(compressed_messages_may_come_in_fragments),
		TEST(where_nothing_is_remembered_nothing_is_held),
		TEST(without_an_inflater_messages_are_counted),
		TEST(a_bomb_is_not_inflated_to_its_end),
		TEST(what_compresses_well_is_no_bomb),
	};

	return cmocka_run_group_tests(tests, NULL, leave);
}
