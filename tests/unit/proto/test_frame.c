/* SPDX-License-Identifier: MIT */
/* Frames, close reasons, and that the manual page says the same as the tables. */
#include "../cm.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "proto/close.h"
#include "proto/frame.h"

enum { C2S = 1, S2C = 2, BOTH = 3 };
enum { NEVER, ALWAYS };

static const struct row {
	const char *name;
	uint8_t id;
	int dir, stream;
	size_t min, max;
} rows[] = {
#define FRAME(name, id, dir, stream, min, max, text) {#name, id, dir, stream, min, max},
#include "proto/frame.def.h"
#undef FRAME
};

static const struct {
	const char *word, *text;
	unsigned int code;
	int http;
} reasons[] = {
#define CLOSE(name, code, word, http, text) {word, text, code, http},
#include "proto/close.def.h"
#undef CLOSE
};

static enum frame_result decode(uint8_t type, size_t length, uint32_t stream, bool from_server)
{
	uint8_t bytes[FRAME_HEADER_SIZE + UINT16_MAX] = {0};
	struct frame f;
	enum frame_result r;

	frame_encode_header(bytes, type, 0, (uint16_t)length, stream);
	r = frame_decode(&f, bytes, FRAME_HEADER_SIZE + length, from_server);
	if (r == FRAME_OK) {
		assert_int_equal(f.type, type);
		assert_int_equal(f.length, length);
		assert_int_equal(f.stream, stream);
		assert_ptr_equal(f.payload, bytes + FRAME_HEADER_SIZE);
	}
	return r;
}

/* --- headers --------------------------------------------------------------------------------- */

static void every_row_holds_in_both_directions(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *w = &rows[i];
		uint32_t id = w->stream == ALWAYS ? 0x01020304 : 0, wrong = id ? 0 : 1;
		bool from_server = w->dir == S2C;

		assert_string_equal(frame_name(w->id), w->name);
		assert_true(w->max <= FRAME_MAX_PAYLOAD);
		assert_int_equal(decode(w->id, w->min, id, from_server), FRAME_OK);
		assert_int_equal(decode(w->id, w->max, id, from_server), FRAME_OK);
		assert_int_equal(decode(w->id, w->max + 1, id, from_server), FRAME_BAD_LENGTH);
		if (w->min > 0)
			assert_int_equal(decode(w->id, w->min - 1, id, from_server),
				FRAME_BAD_LENGTH);
		assert_int_equal(decode(w->id, w->min, wrong, from_server), FRAME_BAD_STREAM);
		assert_int_equal(decode(w->id, w->min, id, !from_server),
			w->dir == BOTH ? FRAME_OK : FRAME_BAD_DIRECTION);
	}
}

static void a_cut_frame_is_short_and_a_wrong_one_wrong_at_its_header(void **state)
{
	uint8_t bytes[FRAME_HEADER_SIZE + 16];
	struct frame f;

	(void)state;
	frame_encode_header(bytes, FRAME_WINDOW, 0, 16, 1);
	for (size_t n = 0; n < sizeof(bytes); n++)
		assert_int_equal(frame_decode(&f, bytes, n, true), FRAME_SHORT);
	assert_int_equal(frame_decode(&f, bytes, sizeof(bytes), true), FRAME_OK);
	frame_encode_header(bytes, FRAME_WINDOW, 0, 17, 1);
	assert_int_equal(frame_decode(&f, bytes, FRAME_HEADER_SIZE, true), FRAME_BAD_LENGTH);
}

static void unknown_types_are_errors_below_and_skipped_above_0x80(void **state)
{
	(void)state;
	for (unsigned int type = 0; type < 256; type++) {
		bool known = strcmp(frame_name(type), "unknown") != 0;

		if (known)
			continue;
		assert_int_equal(decode((uint8_t)type, 10, type, true),
			type < 0x80 ? FRAME_BAD_TYPE : FRAME_SKIP);
		assert_int_equal(decode((uint8_t)type, FRAME_MAX_PAYLOAD + 1, 0, true),
			FRAME_BAD_LENGTH);
	}
}

static void every_result_has_words(void **state)
{
	(void)state;
	for (enum frame_result r = FRAME_OK; r <= FRAME_BAD_DIRECTION; r++)
		assert_non_null(frame_result_text(r));
}

/* --- OPEN ------------------------------------------------------------------------------------ */

static void open_survives_the_way(void **state)
{
	struct frame_open open = {.tunnel = 0xfffefdfc, .tls = true}, back;
	uint8_t bytes[FRAME_MAX_OPEN];
	size_t n;

	(void)state;
	memset(open.visitor, 'v', 63);
	memset(open.local, 'l', 63);
	n = frame_open_encode(bytes, sizeof(bytes), &open);
	assert_int_equal(frame_open_decode(&back, bytes, n), 0);
	assert_memory_equal(&open, &back, sizeof(open));
	memset(&open, 0, sizeof(open));
	n = frame_open_encode(bytes, sizeof(bytes), &open);
	assert_int_equal(n, 4);
	assert_int_equal(frame_open_decode(&back, bytes, n), 0);
	assert_memory_equal(&open, &back, sizeof(open));
	assert_int_equal(frame_open_encode(bytes, 3, &open), 0);
}

static void open_fields_are_checked(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
		int want;
	} rows_[] = {
		{"\0\0\0\1", 4, 0},
		{"\0\0\0", 3, -EPROTO},
		{"\0\0\0\1\1", 5, -EPROTO},
		{"\0\0\0\1\1\2a", 7, -EPROTO},
		{"\0\0\0\1\1\2ab", 8, 0},
		{"\0\0\0\1\1\2a\n", 8, -EPROTO},
		{"\0\0\0\1\1\2a\x80", 8, -EPROTO},
		{"\0\0\0\1\1\1\0", 7, -EPROTO},
		{"\0\0\0\1\3\0", 6, 0},
		{"\0\0\0\1\x63\2\0\0", 8, 0}, /* a later version's */
		{"\0\0\0\1\x63\3\0\0", 8, -EPROTO},
	};
	struct frame_open open;
	uint8_t longest[4 + 2 + 64] = {0, 0, 0, 1, FRAME_OPEN_LOCAL, 64};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows_); i++)
		assert_int_equal(frame_open_decode(&open, (const uint8_t *)rows_[i].bytes,
					 rows_[i].n),
			rows_[i].want);
	memset(longest + 6, 'a', 64);
	assert_int_equal(frame_open_decode(&open, longest, sizeof(longest)), -EPROTO);
}

/* --- reasons --------------------------------------------------------------------------------- */

static void reasons_survive_the_way(void **state)
{
	static const uint8_t types[] = {FRAME_RESET, FRAME_GONE, FRAME_GOAWAY};
	struct frame_reason r = {.value = 77, .reason = 0xfffe}, back;
	uint8_t bytes[6 + FRAME_MAX_TEXT];

	(void)state;
	memset(r.text, 'x', FRAME_MAX_TEXT);
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		struct frame f = {.type = types[i], .payload = bytes};

		f.length = (uint16_t)frame_reason_encode(bytes, sizeof(bytes), types[i], &r);
		assert_int_equal(frame_reason_decode(&back, &f), 0);
		assert_int_equal(back.reason, 0xfffe);
		assert_int_equal(back.value, types[i] == FRAME_RESET ? 0 : 77);
		assert_string_equal(back.text, r.text);
	}
}

static void a_reason_brings_nothing_unprintable(void **state)
{
	struct frame f = {
		.type = FRAME_RESET, .payload = (const uint8_t *)"\0\1a\033[0m\n\x9b\xc3\xa9"};
	struct frame_reason r;

	(void)state;
	f.length = 11;
	assert_int_equal(frame_reason_decode(&r, &f), 0);
	assert_string_equal(r.text, "a?[0m????");
}

static void close_reasons_are_their_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++) {
		assert_int_equal(reasons[i].code, i);
		assert_string_equal(close_word(reasons[i].code), reasons[i].word);
		assert_string_equal(close_text(reasons[i].code), reasons[i].text);
		assert_int_equal(close_http_status(reasons[i].code),
			reasons[i].http ? reasons[i].http : 502);
	}
	assert_string_equal(close_word(CLOSE_COUNT), "unknown");
	assert_non_null(close_text(65535));
	assert_int_equal(close_http_status(65535), 502);
}

/* --- the manual ------------------------------------------------------------------------------ */

static char *manual(void)
{
	const char *top = getenv("TOP_SRCDIR");
	CLEANUP(mem_cleanup)
	char *path = mem_printf("%s/man/tunnelto-protocol.7", top ? top : "..");
	FILE *f = fopen(path, "re");
	char *text = mem_zalloc(64 * 1024);

	if (!f)
		fail_msg("%s cannot be read; set TOP_SRCDIR", path);
	(void)!fread(text, 1, 64 * 1024 - 1, f);
	(void)fclose(f);
	return text;
}

static void expect_line(const char *text, const char *line)
{
	if (!strstr(text, line))
		fail_msg("tunnelto-protocol(7) has no line beginning \"%s\"", line);
}

static void the_manual_has_every_frame_and_reason_with_its_numbers(void **state)
{
	static const char *const from[] = {[C2S] = "client", [S2C] = "server", [BOTH] = "both"};
	CLEANUP(mem_cleanup) char *text = manual();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *w = &rows[i];
		CLEANUP(mem_cleanup) char *size = NULL;
		CLEANUP(mem_cleanup) char *line = NULL;

		if (w->max == FRAME_MAX_JSON)
			size = mem_strdup("JSON");
		else if (w->max == FRAME_MAX_RESUME)
			size = mem_strdup("n\\(mu20");
		else if (w->min == w->max)
			size = mem_printf("%zu", w->min);
		else
			size = mem_printf("%zu\\(en%zu", w->min, w->max);
		line = mem_printf("\n.It %s Ta 0x%02x Ta %s Ta %s Ta %s Ta ", w->name, w->id,
			from[w->dir], w->stream == ALWAYS ? "id" : "0", size);
		expect_line(text, line);
	}
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++) {
		CLEANUP(mem_cleanup)
		char *line = mem_printf("\n.It %s Ta %u Ta %s\n", reasons[i].word, reasons[i].code,
			reasons[i].text);

		expect_line(text, line);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_holds_in_both_directions),
		cmocka_unit_test(a_cut_frame_is_short_and_a_wrong_one_wrong_at_its_header),
		cmocka_unit_test(unknown_types_are_errors_below_and_skipped_above_0x80),
		cmocka_unit_test(every_result_has_words),
		cmocka_unit_test(open_survives_the_way),
		cmocka_unit_test(open_fields_are_checked),
		cmocka_unit_test(reasons_survive_the_way),
		cmocka_unit_test(a_reason_brings_nothing_unprintable),
		cmocka_unit_test(close_reasons_are_their_rows),
		cmocka_unit_test(the_manual_has_every_frame_and_reason_with_its_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
