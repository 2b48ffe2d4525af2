/* SPDX-License-Identifier: MIT */
/* The handshake's JSON: what is read, what is refused and by which words, and the way there and
 * back. */
#include "../cm.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "proto/frame.h"
#include "proto/hello.h"

#define ID     "0123456789abcdef0123456789abcdef"
#define SECRET ID ID

#define HELLO_START "{\"version\":2,\"instance\":\"" ID "\",\"generation\":1"

static int read_hello(const char *json, struct hello *ret, struct err *err)
{
	return hello_decode(ret, (const uint8_t *)json, strlen(json), err);
}

/* --- there and back -------------------------------------------------------------------------- */

static void hello_and_welcome_survive_the_way(void **state)
{
	struct hello h = {.version = 2,
		.software = "tunneltod/0.1.0",
		.instance = ID,
		.generation = 1764000000000,
		.window = 262144,
		.session = ID,
		.secret = SECRET};
	struct hello_welcome w = {.version = 2,
		.software = "tunnelto-server/0.1.0",
		.session = ID,
		.secret = SECRET,
		.resumed = true,
		.grace_ms = 30000,
		.window = 16384,
		.max_streams = 4096,
		.max_tunnels = 100,
		.lanes = true};
	struct hello h2;
	struct hello_welcome w2;
	uint8_t json[FRAME_MAX_JSON];
	struct err err = {0};

	(void)state;
	assert_int_equal(hello_decode(&h2, json, hello_encode(json, sizeof(json), &h), &err), 0);
	assert_memory_equal(&h, &h2, sizeof(h));
	assert_int_equal(hello_welcome_decode(&w2, json,
				 hello_welcome_encode(json, sizeof(json), &w), &err),
		0);
	assert_memory_equal(&w, &w2, sizeof(w));
	assert_int_equal(hello_encode(json, 10, &h), 0);
}

static void register_and_its_answers_survive_the_way(void **state)
{
	struct hello_register r = {.request = 3,
		.name = "web-1.x_y",
		.proto = HELLO_PROTO_TCP,
		.remote_port = 20001,
		.subdomain = "a.b",
		.hostname = "h",
		.host_header = "o"};
	struct hello_registered yes = {.request = 3,
		.granted = true,
		.tunnel = 7,
		.url = "http://x/",
		.hostname = "x",
		.port = 65535};
	struct hello_registered no = {
		.request = 3, .error = "port_taken", .message = "by \"it\"", .retry = true};
	struct hello_grant g = {.token = SECRET, .expires_ms = 10000};
	struct hello_register r2;
	struct hello_registered a2;
	struct hello_grant g2;
	uint8_t json[FRAME_MAX_JSON];
	struct err err = {0};

	(void)state;
	assert_int_equal(hello_register_decode(&r2, json,
				 hello_register_encode(json, sizeof(json), &r), &err),
		0);
	assert_memory_equal(&r, &r2, sizeof(r));
	assert_int_equal(hello_registered_decode(&a2, json,
				 hello_registered_encode(json, sizeof(json), &yes), &err),
		0);
	assert_memory_equal(&yes, &a2, sizeof(yes));
	assert_int_equal(hello_registered_decode(&a2, json,
				 hello_registered_encode(json, sizeof(json), &no), &err),
		0);
	assert_memory_equal(&no, &a2, sizeof(no));
	assert_int_equal(hello_grant_decode(&g2, json, hello_grant_encode(json, sizeof(json), &g),
				 &err),
		0);
	assert_memory_equal(&g, &g2, sizeof(g));
}

/* --- refusals -------------------------------------------------------------------------------- */

static void what_is_wrong_with_a_hello_is_said(void **state)
{
	static const struct {
		const char *json, *words; /* NULL: nothing is wrong */
	} rows[] = {
		{HELLO_START ",\"window\":262144}", NULL},
		{HELLO_START ",\"window\":262144,\"later\":[{}]}", NULL},
		{HELLO_START ",\"window\":262144,\"software\":null}", NULL},
		{"", "not a JSON object"},
		{"[]", "not a JSON object"},
		{"{\"version\":2", "not a JSON object"},
		{HELLO_START ",\"window\":262144} x", "not a JSON object"},
		{HELLO_START ",\"window\":262144,\"window\":262144}", "not a JSON object"},
		{HELLO_START ",\"window\":262144,\"software\":\"a\\u0000b\"}", "not a JSON object"},
		{"{}", "'version' is missing"},
		{"{\"version\":null}", "'version' is missing"},
		{"{\"version\":\"2\"}", "'version' is of a wrong type or size"},
		{"{\"version\":2.0}", "'version' is of a wrong type or size"},
		{"{\"version\":-1}", "'version' is of a wrong type or size"},
		{"{\"version\":4294967296}", "'version' is of a wrong type or size"},
		{"{\"version\":2,\"instance\":\"" ID "0\"}",
			"'instance' is of a wrong type or size"},
		{"{\"version\":2,\"instance\":7}", "'instance' is of a wrong type or size"},
		{HELLO_START ",\"window\":16383}", "'window' is out of range"},
		{HELLO_START ",\"window\":16777217}", "'window' is out of range"},
		{HELLO_START ",\"window\":262144,\"software\":\"a\\nb\"}",
			"'software' is of a wrong type or size"},
		{HELLO_START ",\"window\":262144,\"software\":\"a\\u007f\"}",
			"'software' is of a wrong type or size"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err err = {0};
		struct hello h;
		int r = read_hello(rows[i].json, &h, &err);

		if (r != (rows[i].words ? -EPROTO : 0))
			fail_msg("%s: %d", rows[i].json, r);
		if (rows[i].words && !strstr(err.text, rows[i].words))
			fail_msg("%s: %s", rows[i].json, err.text);
	}
}

static void only_labels_are_names(void **state)
{
	static const struct {
		const char *name;
		int want;
	} rows[] = {{"a", 0}, {"A-z_0.9", 0}, {"", -EPROTO}, {"a b", -EPROTO}, {"a/b", -EPROTO},
		{"\\u00e9", -EPROTO}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(mem_cleanup)
		char *json = mem_printf("{\"request\":1,\"name\":\"%s\",\"proto\":\"http\"}",
			rows[i].name);
		struct hello_register r;
		struct err err = {0};

		assert_int_equal(hello_register_decode(&r, (uint8_t *)json, strlen(json), &err),
			rows[i].want);
	}
}

static void a_name_has_at_most_64_characters(void **state)
{
	(void)state;
	for (int n = 64; n <= 65; n++) {
		CLEANUP(mem_cleanup)
		char *json = mem_printf("{\"request\":1,\"name\":\"%0*d\",\"proto\":\"tcp\","
					"\"remote_port\":1}",
			n, 0);
		struct hello_register r;
		struct err err = {0};

		assert_int_equal(hello_register_decode(&r, (uint8_t *)json, strlen(json), &err),
			n == 64 ? 0 : -EPROTO);
	}
}

static void an_unknown_proto_and_a_port_beyond_16_bits_are_refused(void **state)
{
	static const char *const rows[] = {
		"{\"request\":1,\"name\":\"a\",\"proto\":\"udp\"}",
		"{\"request\":1,\"name\":\"a\",\"proto\":1}",
		"{\"request\":1,\"name\":\"a\",\"proto\":\"tcp\",\"remote_port\":65536}",
		"{\"request\":1,\"name\":\"a\"}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct hello_register r;
		struct err err = {0};

		assert_int_equal(hello_register_decode(&r, (const uint8_t *)rows[i],
					 strlen(rows[i]), &err),
			-EPROTO);
	}
}

static void an_answer_grants_or_refuses(void **state)
{
	static const char neither[] = "{\"request\":1}";
	struct hello_registered r;
	struct err err = {0};

	(void)state;
	assert_int_equal(hello_registered_decode(&r, (const uint8_t *)neither, strlen(neither),
				 &err),
		-EPROTO);
}

static void the_deepest_nesting_is_only_refused(void **state)
{
	CLEANUP(mem_cleanup) char *json = mem_alloc(FRAME_MAX_JSON);
	struct hello h;
	struct err err = {0};

	(void)state;
	memset(json, '[', FRAME_MAX_JSON);
	assert_int_equal(hello_decode(&h, (uint8_t *)json, FRAME_MAX_JSON, &err), -EPROTO);
}

static void the_manual_has_every_refusal(void **state)
{
	const char *top = getenv("TOP_SRCDIR");
	CLEANUP(mem_cleanup)
	char *path = mem_printf("%s/man/tunnelto-protocol.7", top ? top : "..");
	CLEANUP(mem_cleanup) char *text = mem_zalloc(64 * 1024);
	FILE *f = fopen(path, "re");

	(void)state;
	assert_non_null(f);
	(void)!fread(text, 1, 64 * 1024 - 1, f);
	(void)fclose(f);
	for (enum hello_refusal r = 0; r < HELLO_REFUSAL_COUNT; r++) {
		CLEANUP(mem_cleanup)
		char *line = mem_printf("\n.It %s Ta %s Ta %s\n", hello_refusal_word(r),
			hello_refusal_retry(r) ? "yes" : "no", hello_refusal_text(r));

		if (!strstr(text, line))
			fail_msg("tunnelto-protocol(7) has no line \"%s\"", line);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hello_and_welcome_survive_the_way),
		cmocka_unit_test(register_and_its_answers_survive_the_way),
		cmocka_unit_test(what_is_wrong_with_a_hello_is_said),
		cmocka_unit_test(only_labels_are_names),
		cmocka_unit_test(a_name_has_at_most_64_characters),
		cmocka_unit_test(an_unknown_proto_and_a_port_beyond_16_bits_are_refused),
		cmocka_unit_test(an_answer_grants_or_refuses),
		cmocka_unit_test(the_deepest_nesting_is_only_refused),
		cmocka_unit_test(the_manual_has_every_refusal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
