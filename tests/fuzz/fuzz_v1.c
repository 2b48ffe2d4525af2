/* SPDX-License-Identifier: MIT */
/*
 * fuzz_v1: any bytes as each message of the Rust tunnelto.
 *
 * What holds for every input: what is read is written and read again as the same, and what is
 * refused is refused with words.
 */

#include <assert.h>
#include <string.h>

#include "base/err.h"
#include "proto/v1.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t out[4 * V1_HELLO_MAX];

static void packet(const uint8_t *data, size_t size)
{
	struct v1_packet p;
	uint8_t header[V1_HEADER_LEN];

	if (v1_packet_decode(&p, data, size) != V1_OK)
		return;
	assert(p.n <= size - V1_HEADER_LEN && strcmp(v1_packet_name(p.type), "unknown") != 0);
	v1_packet_encode_header(header, (enum v1_packet_type)p.type, p.id);
	assert(memcmp(header, data, sizeof(header)) == 0);
}

static void client_hello(const uint8_t *data, size_t size)
{
	struct v1_client_hello h, again;
	struct err err = {0};
	size_t n;

	if (v1_client_hello_decode(&h, data, size, &err) < 0) {
		assert(err.text[0]);
		return;
	}
	h.bad_sub_domain = false; /* it is not written */
	n = v1_client_hello_encode(out, sizeof(out), &h);
	assert(n > 0 && v1_client_hello_decode(&again, out, n, &err) == 0);
	assert(memcmp(&h, &again, sizeof(h)) == 0);
}

static void server_hello(const uint8_t *data, size_t size)
{
	struct v1_server_hello h, again;
	struct err err = {0};
	size_t n;

	if (v1_server_hello_decode(&h, data, size, &err) < 0) {
		assert(err.text[0]);
		return;
	}
	n = v1_server_hello_encode(out, sizeof(out), &h);
	assert(n > 0 && v1_server_hello_decode(&again, out, n, &err) == 0);
	assert(memcmp(&h, &again, sizeof(h)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	packet(data, size);
	client_hello(data, size);
	server_hello(data, size);
	return 0;
}
