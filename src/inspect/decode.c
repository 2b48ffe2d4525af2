/* SPDX-License-Identifier: MIT */
/*
 * decode: content codings undone by zlib and libbrotlidec, the last one first. What comes out is
 * bounded: a body may be made to decompress to anything. What is kept of a body may be its
 * beginning alone, so that an early end is nothing special: it gives what it gives.
 */
#include "inspect/decode.h"

#include <string.h>
#include <strings.h>

#include <brotli/decode.h>
#include <zlib.h>

#include "base/str.h"
#include "base/str_list.h"

#define PIECE 65536

typedef enum decode_result undo_f(struct buf *out, const uint8_t *bytes, size_t n);

/* --- zlib ------------------------------------------------------------------------------------ */

/* What zlib said when it could not go on. */
static enum decode_result result_of(int r, const struct buf *out)
{
	if (r == Z_STREAM_END)
		return DECODE_WHOLE;
	if (buf_room(out) == 0)
		return DECODE_LARGE;
	return r == Z_OK || r == Z_BUF_ERROR ? DECODE_CUT : DECODE_BROKEN;
}

/* Until the end of the stream, of the input, or of the room. */
static int run(z_stream *z, struct buf *out)
{
	int r = Z_OK;

	while (r == Z_OK && buf_room(out) > 0) {
		size_t n = MIN((size_t)PIECE, buf_room(out));

		z->next_out = buf_reserve(out, n);
		if (!z->next_out)
			return Z_MEM_ERROR;
		z->avail_out = (uInt)n;
		r = inflate(z, Z_NO_FLUSH);
		buf_commit(out, n - z->avail_out);
	}
	return r;
}

/* @window: inflateInit2's, which names the form. Gzip may be several members one after another. */
static enum decode_result undo_zlib(struct buf *out, const uint8_t *bytes, size_t n, int window)
{
	z_stream z = {.next_in = (z_const Bytef *)(uintptr_t)bytes, .avail_in = (uInt)n};
	int r;

	if (inflateInit2(&z, window) != Z_OK)
		return DECODE_BROKEN;
	r = run(&z, out);
	while (r == Z_STREAM_END && window > 15 && z.avail_in > 1 && z.next_in[0] == 0x1f &&
		buf_room(out) > 0) {
		(void)inflateReset(&z);
		r = run(&z, out);
	}
	(void)inflateEnd(&z);
	return result_of(r, out);
}

static enum decode_result undo_gzip(struct buf *out, const uint8_t *bytes, size_t n)
{
	return undo_zlib(out, bytes, n, 15 + 16);
}

/* RFC 9110 §8.4.1.2: zlib's form is meant, and some send deflate bare. */
static enum decode_result undo_deflate(struct buf *out, const uint8_t *bytes, size_t n)
{
	bool zlib = n >= 2 && (bytes[0] & 15) == 8 && (bytes[0] << 8 | bytes[1]) % 31 == 0;

	return undo_zlib(out, bytes, n, zlib ? 15 : -15);
}

/* --- brotli ---------------------------------------------------------------------------------- */

static enum decode_result undo_brotli(struct buf *out, const uint8_t *bytes, size_t n)
{
	BrotliDecoderState *s = BrotliDecoderCreateInstance(NULL, NULL, NULL);
	BrotliDecoderResult r = BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT;

	while (s && r == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT && buf_room(out) > 0) {
		size_t room = MIN((size_t)PIECE, buf_room(out)), left = room;
		uint8_t *to = buf_reserve(out, room);

		if (!to)
			break;
		r = BrotliDecoderDecompressStream(s, &n, &bytes, &left, &to, NULL);
		buf_commit(out, room - left);
	}
	BrotliDecoderDestroyInstance(s);
	if (r == BROTLI_DECODER_RESULT_SUCCESS)
		return DECODE_WHOLE;
	if (r == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT)
		return DECODE_LARGE;
	return r == BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT ? DECODE_CUT : DECODE_BROKEN;
}

/* --- the list of them ------------------------------------------------------------------------ */

static undo_f *find(const char *coding)
{
	static const struct {
		const char *name;
		undo_f *undo;
	} rows[] = {{"gzip", undo_gzip}, {"x-gzip", undo_gzip}, {"deflate", undo_deflate},
		{"br", undo_brotli}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (strcasecmp(coding, rows[i].name) == 0)
			return rows[i].undo;
	}
	return NULL;
}

/* In the order in which they were put on; false: one of them is not known, or too many. */
static bool read_codings(const char *codings, undo_f *ret[DECODE_CODINGS_MAX], size_t *ret_n)
{
	CLEANUP(str_list_deinit) struct str_list words = {0};

	*ret_n = 0;
	str_list_split(&words, codings ? codings : "", ',');
	for (size_t i = 0; i < words.n; i++) {
		undo_f *undo = find(words.items[i]);

		if (strcasecmp(words.items[i], "identity") == 0)
			continue;
		if (!undo || *ret_n == DECODE_CODINGS_MAX)
			return false;
		ret[(*ret_n)++] = undo;
	}
	return true;
}

bool decode_knows(const char *codings)
{
	undo_f *undo[DECODE_CODINGS_MAX];
	size_t n;

	return read_codings(codings, undo, &n);
}

enum decode_result decode_body(struct buf *ret, const char *codings, const void *bytes, size_t n,
	size_t max)
{
	undo_f *undo[DECODE_CODINGS_MAX];
	enum decode_result worst = DECODE_WHOLE;
	size_t n_codings;

	buf_init(ret, MIN(max, (size_t)DECODE_MAX));
	if (!read_codings(codings, undo, &n_codings))
		return DECODE_UNKNOWN;
	if (n_codings == 0 || n == 0)
		return buf_add(ret, bytes, n) < n ? DECODE_LARGE : DECODE_WHOLE;
	for (size_t i = n_codings; i-- > 0;) {
		struct buf in = *ret;
		bool first = i + 1 == n_codings;
		enum decode_result r;

		/* what is between two codings may be large where the end is small, too */
		buf_init(ret, i == 0 ? MIN(max, (size_t)DECODE_MAX) : DECODE_MAX);
		r = undo[i](ret, first ? bytes : buf_data(&in), first ? n : buf_len(&in));
		buf_deinit(&in);
		worst = worst == DECODE_WHOLE ? r : worst;
	}
	return worst;
}
