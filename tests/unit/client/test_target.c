/* SPDX-License-Identifier: MIT */
/* test_target: each way to write where something listens, and what is none. */

#include "../cm.h"

#include <string.h>

#include "base/macros.h"
#include "client/target.h"

static void every_way_to_write_an_origin_means_one_place(void **state)
{
	static const struct {
		const char *text;
		struct target is;
	} table[] = {
		{"8000", {.port = 8000, .host = "localhost"}},
		{"65535", {.port = 65535, .host = "localhost"}},
		{"127.0.0.1:80", {.port = 80, .host = "127.0.0.1"}},
		{"[::1]:80", {.port = 80, .host = "::1"}},
		{"db.example:5432", {.port = 5432, .host = "db.example"}},
		{"http://app", {.port = 80, .host = "app"}},
		{"http://app/", {.port = 80, .host = "app"}},
		{"http://app:3000", {.port = 3000, .host = "app"}},
		{"https://app", {.tls = true, .port = 443, .host = "app"}},
		{"https://[fe80::1]:8443/", {.tls = true, .port = 8443, .host = "fe80::1"}},
		{"unix:/run/app.sock", {.is_unix = true, .host = "/run/app.sock"}},
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct target t;

		if (target_parse(&t, table[i].text) != 0)
			fail_msg("'%s' is not understood", table[i].text);
		assert_int_equal(t.tls, table[i].is.tls);
		assert_int_equal(t.is_unix, table[i].is.is_unix);
		assert_int_equal(t.port, table[i].is.port);
		assert_string_equal(t.host, table[i].is.host);
	}
}

static void what_is_no_origin_is_refused_and_leaves_the_result_alone(void **state)
{
	static const char *const table[] = {
		"",
		"0",
		"65536",
		"-1",
		"80x",
		" 80",
		"app",
		"app:",
		"app:0",
		"app:65536",
		":80",
		"a b:80",
		"http://",
		"https://:443",
		"http://app:0",
		"http://app/path",
		"http://app?q",
		"http://u@app",
		"ftp://app",
		"unix:",
		"unix:relative",
		"[::1",
		"[::1]",
		"[]:80",
		"[::1]x:80",
		"::1:80",
		"host:1:2",
		"unix:run/app.sock",
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct target t = {.port = 7};

		if (target_parse(&t, table[i]) == 0)
			fail_msg("'%s' is taken for %s port %u", table[i], t.host, t.port);
		assert_int_equal(t.port, 7);
	}
}

static void no_text_is_too_long_to_be_looked_at(void **state)
{
	char text[600];
	struct target t;
	struct target_url u;

	for (size_t n = 1; n < sizeof(text); n++) {
		memset(text, 'a', n);
		memcpy(text, "unix:/", MIN(n, (size_t)6));
		text[n] = '\0';
		assert_int_equal(target_parse(&t, text), n >= 6 && n < 6 + 107 ? 0 : -22);
		memcpy(text, "https://", MIN(n, (size_t)8));
		if (target_parse_url(&u, text) == 0)
			assert_int_equal(strlen(u.host), n - 8);
	}
}

static void a_server_is_a_scheme_a_host_and_perhaps_a_port(void **state)
{
	static const struct {
		const char *text;
		bool tls;
		uint16_t port;
		const char *host, *header;
	} table[] = {
		{"https://t.example.com", true, 443, "t.example.com", "t.example.com"},
		{"https://t.example.com/", true, 443, "t.example.com", "t.example.com"},
		{"https://t.example.com:443", true, 443, "t.example.com", "t.example.com"},
		{"https://t.example.com:80", true, 80, "t.example.com", "t.example.com:80"},
		{"http://127.0.0.1:5000", false, 5000, "127.0.0.1", "127.0.0.1:5000"},
		{"wss://[::1]:5000", true, 5000, "::1", "[::1]:5000"},
		{"ws://[::1]", false, 80, "::1", "[::1]"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct target_url u;

		if (target_parse_url(&u, table[i].text) != 0)
			fail_msg("'%s' is not understood", table[i].text);
		assert_int_equal(u.tls, table[i].tls);
		assert_int_equal(u.port, table[i].port);
		assert_string_equal(u.host, table[i].host);
		assert_string_equal(u.header, table[i].header);
	}
}

static void what_is_no_server_is_refused(void **state)
{
	static const char *const table[] = {
		"",
		"t.example.com",
		"t.example.com:443",
		"https://",
		"https:///",
		"https://:443",
		"https://h:0",
		"https://h:65536",
		"https://h:x",
		"https://h/wormhole",
		"https://key@h",
		"https://h?key=1",
		"HTTPS//h",
		"unix:/x",
		"https://[::1",
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct target_url u;

		if (target_parse_url(&u, table[i]) == 0)
			fail_msg("'%s' is taken for %s port %u", table[i], u.host, u.port);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_way_to_write_an_origin_means_one_place),
		cmocka_unit_test(what_is_no_origin_is_refused_and_leaves_the_result_alone),
		cmocka_unit_test(no_text_is_too_long_to_be_looked_at),
		cmocka_unit_test(a_server_is_a_scheme_a_host_and_perhaps_a_port),
		cmocka_unit_test(what_is_no_server_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
