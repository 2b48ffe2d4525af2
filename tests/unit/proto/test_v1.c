/* SPDX-License-Identifier: MIT */
/* The Rust tunnelto's messages, held to the bytes of its specification. */
#include "../cm.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/parse.h"
#include "proto/v1.h"

#define ID "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"

static size_t unhex(uint8_t *to, const char *hex)
{
	size_t n = 0;

	for (; *hex; hex += hex[2] ? 3 : 2, n++) {
		char two[3] = {hex[0], hex[1], '\0'};

		assert_int_equal(parse_hex(two, to + n, 1), 0);
	}
	return n;
}

/* --- packets --------------------------------------------------------------------------------- */

static const uint8_t id[V1_ID_LEN] = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77};

static const struct {
	enum v1_packet_type type;
	const uint8_t *id;
	const char *payload; /* NULL: none; of a Ping: no token */
	const char *hex;
} packets[] = {
	{V1_INIT, id, "", "01 00 11 22 33 44 55 66 77"},
	{V1_DATA, id, "GET / HTTP/1.1\r\nHost: demo.tunnelto.dev\r\n\r\n",
		"02 00 11 22 33 44 55 66 77 47 45 54 20 2f 20 48 54 54 50 2f 31 2e 31 0d 0a 48 6f "
		"73 74 3a 20 64 65 6d 6f 2e 74 75 6e 6e 65 6c 74 6f 2e 64 65 76 0d 0a 0d 0a"},
	{V1_DATA, id, "", "02 00 11 22 33 44 55 66 77"},
	{V1_REFUSED, id, "", "03 00 11 22 33 44 55 66 77"},
	{V1_END, id, "", "04 00 11 22 33 44 55 66 77"},
	{V1_PING, v1_empty_id, NULL, "05 0f 00 00 00 00 00 00 00"},
	{V1_PING, v1_token_id, "eyJw", "05 0f 00 00 00 00 00 00 01 65 79 4a 77"},
	{V1_PING, v1_token_id, "", "05 0f 00 00 00 00 00 00 01"},
	{V1_TERMINATE, v1_empty_id, "bye", "06 0f 00 00 00 00 00 00 00 62 79 65"},
};

static void packets_are_the_specification_s(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(packets); i++) {
		const char *payload = packets[i].payload ? packets[i].payload : "";
		uint8_t want[128], mine[128];
		size_t n = unhex(want, packets[i].hex);
		struct v1_packet p;

		v1_packet_encode_header(mine, packets[i].type, packets[i].id);
		memcpy(mine + V1_HEADER_LEN, payload, strlen(payload));
		assert_int_equal(n, V1_HEADER_LEN + strlen(payload));
		assert_memory_equal(mine, want, n);

		assert_int_equal(v1_packet_decode(&p, want, n), V1_OK);
		assert_int_equal(p.type, packets[i].type);
		assert_memory_equal(p.id, packets[i].id, V1_ID_LEN);
		assert_int_equal(p.n, strlen(payload));
		if (packets[i].payload)
			assert_memory_equal(p.payload, payload, p.n);
		else
			assert_null(p.payload);
	}
}

static void malformed_packets_are_told_from_sound_ones(void **state)
{
	uint8_t bytes[32] = {0};
	struct v1_packet p;

	for (size_t n = 0; n < V1_HEADER_LEN; n++) {
		bytes[0] = V1_DATA;
		assert_int_equal(v1_packet_decode(&p, bytes, n), V1_SHORT);
	}
	for (unsigned int tag = 0; tag < 256; tag++) {
		bool known = tag >= 1 && tag <= 6;

		bytes[0] = (uint8_t)tag;
		assert_int_equal(v1_packet_decode(&p, bytes, V1_HEADER_LEN),
			known ? V1_OK : V1_BAD_TYPE);
		assert_int_equal(strcmp(v1_packet_name(tag), "unknown") == 0, !known);
	}
	/* a Ping's token is dropped behind the empty id, and taken behind any other */
	bytes[0] = V1_PING;
	memcpy(bytes + 1, v1_empty_id, V1_ID_LEN);
	assert_int_equal(v1_packet_decode(&p, bytes, 20), V1_OK);
	assert_null(p.payload);
	bytes[8] = 7;
	assert_int_equal(v1_packet_decode(&p, bytes, 20), V1_OK);
	assert_int_equal(p.n, 11);
}

/* --- ClientHello ----------------------------------------------------------------------------- */

static const struct {
	const char *json;
	struct v1_client_hello hello;
} hellos[] = {
	{"{\"id\":\"" ID "\",\"sub_domain\":\"demo\",\"client_type\":{\"Auth\":{\"key\":"
	 "\"my-secret-key\"}},\"reconnect_token\":null}",
		{.id = ID, .sub_domain = "demo", .key = "my-secret-key"}},
	{"{\"id\":\"" ID "\",\"sub_domain\":null,\"client_type\":\"Anonymous\","
	 "\"reconnect_token\":null}",
		{.id = ID, .anonymous = true}},
	{"{\"id\":\"" ID "\",\"sub_domain\":null,\"client_type\":\"Anonymous\","
	 "\"reconnect_token\":\"TOKEN\"}",
		{.id = ID, .anonymous = true, .token = "TOKEN"}},
	{"{\"id\":\"" ID "\",\"sub_domain\":\"demo\",\"client_type\":{\"Auth\":{\"key\":"
	 "\"my-secret-key\"}},\"reconnect_token\":null,\"version\":\"v1\"}",
		{.id = ID, .sub_domain = "demo", .key = "my-secret-key", .version = V1_VERSION_V1}},
};

static const size_t hello_lengths[] = {142, 119, 122, 157};

static void client_hellos_are_the_specification_s(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(hellos); i++) {
		size_t n = strlen(hellos[i].json);
		uint8_t out[V1_HELLO_MAX];
		struct v1_client_hello h;
		struct err err = {0};

		assert_int_equal(n, hello_lengths[i]);
		assert_int_equal(v1_client_hello_decode(&h, (const uint8_t *)hellos[i].json, n,
					 &err),
			0);
		assert_memory_equal(&h, &hellos[i].hello, sizeof(h));
		assert_int_equal(v1_client_hello_encode(out, sizeof(out), &h), n);
		assert_memory_equal(out, hellos[i].json, n);
		assert_int_equal(v1_client_hello_encode(out, n - 1, &h), 0);
	}
}

static int decode(struct v1_client_hello *h, const char *json)
{
	struct err err = {0};
	int r = v1_client_hello_decode(h, (const uint8_t *)json, strlen(json), &err);

	if (r < 0)
		assert_true(err.text[0] != '\0');
	return r;
}

static void client_hellos_are_read_as_serde_reads_them(void **state)
{
	struct v1_client_hello h;

	/* what is missing is null, what is unknown is skipped, the order is free */
	assert_int_equal(decode(&h, "{\"client_type\":\"Anonymous\",\"id\":\"x\",\"new\":[1]}"), 0);
	assert_true(h.anonymous && !h.sub_domain[0] && !h.bad_sub_domain);
	assert_int_equal(decode(&h, "{\"client_type\":{\"Anonymous\":null},\"id\":\"x\"}"), 0);
	assert_true(h.anonymous);
	assert_int_equal(decode(&h, "{\"client_type\":{\"Auth\":{\"key\":\"k\",\"x\":1}},"
				    "\"id\":\"x\",\"version\":\"pre\"}"),
		0);
	assert_int_equal(h.version, V1_VERSION_PRE);
	assert_string_equal(h.key, "k");
	/* a later version knows at least what V1 knows */
	assert_int_equal(decode(&h,
				 "{\"client_type\":\"Anonymous\",\"id\":\"x\",\"version\":\"v9\"}"),
		0);
	assert_int_equal(h.version, V1_VERSION_V1);
	/* an id may be anything */
	assert_int_equal(decode(&h, "{\"client_type\":\"Anonymous\",\"id\":\"a\\u0000b\"}"), 0);
	/* names that cannot be are no reason to call the key wrong */
	assert_int_equal(decode(&h,
				 "{\"client_type\":\"Anonymous\",\"id\":\"\",\"sub_domain\":\"\"}"),
		0);
	assert_true(h.bad_sub_domain);
	assert_int_equal(decode(&h, "{\"client_type\":\"Anonymous\",\"id\":\"\",\"sub_domain\":"
				    "\"a\\nb\"}"),
		0);
	assert_true(h.bad_sub_domain && !h.sub_domain[0]);
}

static void malformed_client_hellos_are_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"{",
		"[]",
		"null",
		"\"Anonymous\"",
		"{}",
		"{\"id\":\"x\"}",
		"{\"client_type\":\"Anonymous\"}",
		"{\"id\":1,\"client_type\":\"Anonymous\"}",
		"{\"id\":\"x\",\"client_type\":\"Nobody\"}",
		"{\"id\":\"x\",\"client_type\":null}",
		"{\"id\":\"x\",\"client_type\":{}}",
		"{\"id\":\"x\",\"client_type\":{\"Auth\":null}}",
		"{\"id\":\"x\",\"client_type\":{\"Auth\":{}}}",
		"{\"id\":\"x\",\"client_type\":{\"Auth\":{\"key\":7}}}",
		"{\"id\":\"x\",\"client_type\":{\"Auth\":{\"key\":\"a\\u0000\"}}}",
		"{\"id\":\"x\",\"client_type\":{\"Auth\":{\"key\":\"k\"},\"Anonymous\":null}}",
		"{\"id\":\"x\",\"client_type\":\"Anonymous\",\"sub_domain\":5}",
		"{\"id\":\"x\",\"client_type\":\"Anonymous\",\"reconnect_token\":{}}",
		"{\"id\":\"x\",\"client_type\":\"Anonymous\",\"version\":1}",
		"{\"id\":\"x\",\"id\":\"y\",\"client_type\":\"Anonymous\"}",
		"{\"id\":\"x\",\"client_type\":\"Anonymous\"} ",
	};
	struct v1_client_hello h;
	char json[2 * V1_TOKEN_MAX], token[V1_TOKEN_MAX + 1];

	for (size_t i = 0; i + 1 < ARRAY_SIZE(bad); i++)
		assert_int_equal(decode(&h, bad[i]), -EPROTO);
	assert_int_equal(decode(&h, bad[ARRAY_SIZE(bad) - 1]), 0); /* blanks are none */
	memset(token, 'x', V1_TOKEN_MAX);
	token[V1_TOKEN_MAX] = '\0';
	(void)snprintf(json, sizeof(json),
		"{\"id\":\"x\",\"client_type\":\"Anonymous\",\"reconnect_token\":\"%s\"}", token);
	assert_int_equal(decode(&h, json), -EPROTO);
}

/* --- ServerHello ----------------------------------------------------------------------------- */

static const struct {
	struct v1_server_hello hello;
	const char *hex;
} answers[] = {
	{{V1_SUCCESS, "demo", "demo.tunnelto.dev",
		 "ExH4/ICn6ijXjddyPwnETBdUzTUWDKjnEzrj1/Y2oZo=", ""},
		"7b 22 73 75 63 63 65 73 73 22 3a 7b 22 73 75 62 5f 64 6f 6d 61 69 6e 22 3a 22 64 "
		"65 6d 6f 22 2c 22 68 6f 73 74 6e 61 6d 65 22 3a 22 64 65 6d 6f 2e 74 75 6e 6e 65 "
		"6c 74 6f 2e 64 65 76 22 2c 22 63 6c 69 65 6e 74 5f 69 64 22 3a 22 45 78 48 34 2f "
		"49 43 6e 36 69 6a 58 6a 64 64 79 50 77 6e 45 54 42 64 55 7a 54 55 57 44 4b 6a 6e "
		"45 7a 72 6a 31 2f 59 32 6f 5a 6f 3d 22 7d 7d"},
	{{.answer = V1_SUB_DOMAIN_IN_USE},
		"22 73 75 62 5f 64 6f 6d 61 69 6e 5f 69 6e 5f 75 73 65 22"},
	{{.answer = V1_INVALID_SUB_DOMAIN},
		"22 69 6e 76 61 6c 69 64 5f 73 75 62 5f 64 6f 6d 61 69 6e 22"},
	{{.answer = V1_AUTH_FAILED}, "22 61 75 74 68 5f 66 61 69 6c 65 64 22"},
	{{.answer = V1_ERROR, .error = "boom"}, "7b 22 65 72 72 6f 72 22 3a 22 62 6f 6f 6d 22 7d"},
};

static void server_hellos_are_the_specification_s(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		uint8_t want[256], out[V1_HELLO_MAX];
		size_t n = unhex(want, answers[i].hex);
		struct v1_server_hello h;
		struct err err = {0};

		assert_int_equal(v1_server_hello_decode(&h, want, n, &err), 0);
		assert_memory_equal(&h, &answers[i].hello, sizeof(h));
		assert_int_equal(v1_server_hello_encode(out, sizeof(out), &h), n);
		assert_memory_equal(out, want, n);
	}
}

static void malformed_server_hellos_are_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"{}",
		"[]",
		"7",
		"\"success\"",
		"\"error\"",
		"\"nonsense\"",
		"{\"error\":7}",
		"{\"error\":null}",
		"{\"success\":null}",
		"{\"success\":{\"sub_domain\":\"a\",\"client_id\":\"b\"}}",
		"{\"success\":{\"sub_domain\":\"a\",\"client_id\":\"b\",\"hostname\":1}}",
		"{\"success\":{\"sub_domain\":\"a\",\"client_id\":\"b\",\"hostname\":\"\\n\"}}",
		("{\"success\":{\"sub_domain\":\"a\",\"client_id\":\"b\",\"hostname\":\"c\"},"
		 "\"error\":\"x\"}"),
		"\x88",
	};
	struct v1_server_hello h;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct err err = {0};

		assert_int_equal(v1_server_hello_decode(&h, (const uint8_t *)bad[i], strlen(bad[i]),
					 &err),
			-EPROTO);
		assert_true(err.text[0] != '\0');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_are_the_specification_s),
		cmocka_unit_test(malformed_packets_are_told_from_sound_ones),
		cmocka_unit_test(client_hellos_are_the_specification_s),
		cmocka_unit_test(client_hellos_are_read_as_serde_reads_them),
		cmocka_unit_test(malformed_client_hellos_are_refused),
		cmocka_unit_test(server_hellos_are_the_specification_s),
		cmocka_unit_test(malformed_server_hellos_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
