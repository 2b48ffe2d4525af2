/* SPDX-License-Identifier: MIT */
/* v1_out: a queue of whole messages in one block of bytes. */
#include "v1/v1_out.h"

#include <assert.h>
#include <string.h>

void v1_out_init(struct v1_out *o)
{
	buf_init(&o->buf, V1_OUT_MAX);
}

void v1_out_deinit(struct v1_out *o)
{
	buf_deinit(&o->buf);
}

/* Room for a message of @n bytes, or NULL. */
static uint8_t *reserve(struct v1_out *o, size_t n)
{
	uint32_t length = (uint32_t)n;
	uint8_t *at = buf_reserve(&o->buf, n + sizeof(length));

	if (!at)
		return NULL;
	memcpy(at, &length, sizeof(length));
	buf_commit(&o->buf, n + sizeof(length));
	return at + sizeof(length);
}

bool v1_out_add(struct v1_out *o, const void *message, size_t n)
{
	uint8_t *at = reserve(o, n);

	if (at)
		memcpy(at, message, n);
	return at != NULL;
}

bool v1_out_add_packet(struct v1_out *o, enum v1_packet_type type,
	const uint8_t id[static V1_ID_LEN], const void *payload, size_t n)
{
	uint8_t *at = reserve(o, V1_HEADER_LEN + n);

	if (!at)
		return false;
	v1_packet_encode_header(at, type, id);
	if (n > 0)
		memcpy(at + V1_HEADER_LEN, payload, n);
	return true;
}

size_t v1_out_next(struct v1_out *o, uint8_t *out, size_t cap, struct v1_out_sent *ret_sent)
{
	uint32_t n;

	ret_sent->data = 0;
	if (buf_len(&o->buf) == 0)
		return 0;
	memcpy(&n, buf_data(&o->buf), sizeof(n));
	assert(n <= cap);
	memcpy(out, buf_data(&o->buf) + sizeof(n), n);
	buf_consume(&o->buf, n + sizeof(n));
	if (n > V1_HEADER_LEN && out[0] == V1_DATA) {
		memcpy(ret_sent->id, out + 1, V1_ID_LEN);
		ret_sent->data = n - V1_HEADER_LEN;
	}
	return n;
}
