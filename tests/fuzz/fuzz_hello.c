/* SPDX-License-Identifier: MIT */
/*
 * fuzz_hello: any bytes as each of the handshake's payloads.
 *
 * What holds for every input: what is read is written and read again as the same, and what is
 * refused is refused with words.
 */

#include <assert.h>
#include <string.h>

#include "proto/frame.h"
#include "proto/hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The structs are zeroed before they are filled, and so compare as bytes. */
#define CHECK(type, decode, encode)                                                                \
	do {                                                                                       \
		struct type v, again;                                                              \
		struct err err = {0};                                                              \
		if (decode(&v, data, size, &err) < 0) {                                            \
			assert(err.text[0]);                                                       \
		} else {                                                                           \
			size_t n = encode(json, sizeof(json), &v);                                 \
			assert(n > 0 && decode(&again, json, n, &err) == 0);                       \
			assert(memcmp(&v, &again, sizeof(v)) == 0);                                \
		}                                                                                  \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t json[FRAME_MAX_JSON];

	CHECK(hello, hello_decode, hello_encode);
	CHECK(hello_welcome, hello_welcome_decode, hello_welcome_encode);
	CHECK(hello_register, hello_register_decode, hello_register_encode);
	CHECK(hello_registered, hello_registered_decode, hello_registered_encode);
	CHECK(hello_grant, hello_grant_decode, hello_grant_encode);
	return 0;
}
