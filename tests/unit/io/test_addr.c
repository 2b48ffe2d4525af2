/* SPDX-License-Identifier: MIT */
/* test_addr: tables of addresses and address blocks, as text and back. */

#include "../cm.h"

#include <errno.h>
#include <string.h>

#include "io/addr.h"

static void texts_that_are_addresses(void **state)
{
	static const struct {
		const char *text, *shown, *ip;
		uint16_t port;
	} table[] = {
		{"1.2.3.4:80", "1.2.3.4:80", "1.2.3.4", 80},
		{"[::1]:443", "[::1]:443", "::1", 443},
		{"[2001:DB8::1]:1", "[2001:db8::1]:1", "2001:db8::1", 1},
		{"*:80", "[::]:80", "::", 80},
		{":8080", "[::]:8080", "::", 8080},
		{"127.0.0.1:0", "127.0.0.1:0", "127.0.0.1", 0},
		{"0.0.0.0:65535", "0.0.0.0:65535", "0.0.0.0", 65535},
		{"[::ffff:10.0.0.1]:9", "10.0.0.1:9", "10.0.0.1", 9},
		{"unix:/run/x.sock", "unix:/run/x.sock", "unix:/run/x.sock", 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		char text[ADDR_TEXT_MAX];
		struct addr a;

		assert_int_equal(addr_parse(&a, table[i].text), 0);
		addr_format(&a, text);
		assert_string_equal(text, table[i].shown);
		addr_format_ip(&a, text);
		assert_string_equal(text, table[i].ip);
		assert_int_equal(addr_port(&a), table[i].port);
	}
}

static void texts_that_are_none(void **state)
{
	static const char *const table[] = {
		"",
		":",
		"80",
		"1.2.3.4",
		"1.2.3.4:",
		"1.2.3.4:65536",
		"1.2.3.4:-1",
		"1.2.3.4:80x",
		"1.2.3:80",
		"1.2.3.4.5:80",
		"::1:80",
		"[::1]",
		"[::1:80",
		"::1]:80",
		"[]:80",
		"[1.2.3.4]:80",
		"localhost:80",
		" 1.2.3.4:80",
		"[::1%lo]:80",
		"**:80",
		"[:80",
		"]:80",
		"unix:",
		"[1111:1111:1111:1111:1111:1111:1111:1111:1111:1111]:80",
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct addr a = {.len = 7};

		assert_int_equal(addr_parse(&a, table[i]), -EINVAL);
		assert_int_equal(a.len, 7); /* left alone */
	}
}

static void a_unix_path_fits_or_is_refused(void **state)
{
	char path[110], text[ADDR_TEXT_MAX];
	struct addr a;

	memset(path, 'p', sizeof(path));
	path[107] = '\0';
	assert_int_equal(addr_unix(&a, path), 0);
	addr_format(&a, text);
	assert_int_equal(strlen(text), 5 + 107);
	path[107] = 'p';
	path[108] = '\0';
	assert_int_equal(addr_unix(&a, path), -EINVAL);
	assert_int_equal(addr_unix(&a, ""), -EINVAL);
}

static void loopback_is_known_in_every_shape(void **state)
{
	static const struct {
		const char *text;
		bool loopback;
	} table[] = {
		{"127.0.0.1:1", true},
		{"127.255.0.9:1", true},
		{"[::1]:1", true},
		{"[::ffff:127.0.0.1]:1", true},
		{"unix:/x", true},
		{"128.0.0.1:1", false},
		{"0.0.0.0:1", false},
		{"[::]:1", false},
		{"[::ffff:10.0.0.1]:1", false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct addr a;

		assert_int_equal(addr_parse(&a, table[i].text), 0);
		assert_int_equal(addr_is_loopback(&a), table[i].loopback);
	}
}

static void an_unnamed_peer_has_a_text(void **state)
{
	struct addr a = {.len = sizeof(sa_family_t)};
	char text[ADDR_TEXT_MAX];

	a.sa.ss_family = AF_UNIX;
	addr_format(&a, text);
	assert_string_equal(text, "unix:");
}

static void blocks_hold_what_is_in_them(void **state)
{
	static const struct {
		const char *block, *ip;
		bool has;
	} table[] = {
		{"10.0.0.0/8", "10.255.0.1", true},
		{"10.0.0.0/8", "11.0.0.0", false},
		{"10.9.8.7/8", "10.0.0.1", true},
		{"192.168.1.0/25", "192.168.1.127", true},
		{"192.168.1.0/25", "192.168.1.128", false},
		{"1.2.3.4", "1.2.3.4", true},
		{"1.2.3.4", "1.2.3.5", false},
		{"0.0.0.0/0", "8.8.8.8", true},
		{"0.0.0.0/0", "2001:db8::1", false},
		{"::/0", "2001:db8::1", true},
		{"10.0.0.0/8", "::ffff:10.1.1.1", true},
		{"2001:db8::/32", "2001:db8:ffff::", true},
		{"2001:db8::/32", "2001:db9::", false},
		{"2001:db8::/33", "2001:db8:8000::", false},
		{"::1", "::1", true},
		{"::1/128", "::2", false},
		{"1.2.3.4/31", "1.2.3.5", true},
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct addr_block b;
		struct addr a;

		assert_int_equal(addr_block_parse(&b, table[i].block), 0);
		assert_int_equal(addr_parse_ip(&a, table[i].ip, 80), 0);
		assert_int_equal(addr_block_has(&b, &a), table[i].has);
	}
}

static void no_block_holds_a_unix_peer(void **state)
{
	struct addr_block b;
	struct addr a;

	assert_int_equal(addr_block_parse(&b, "::/0"), 0);
	assert_int_equal(addr_unix(&a, "/x"), 0);
	assert_false(addr_block_has(&b, &a));
}

static void texts_that_are_no_blocks(void **state)
{
	static const char *const table[] = {
		"",
		"/",
		"/8",
		"10.0.0.0/",
		"10.0.0.0/33",
		"10.0.0.0/-1",
		"10.0.0.0/8/8",
		"::/129",
		"10.0.0/8",
		"localhost",
		"10.0.0.0/08x",
		"1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111/8",
	};
	struct addr_block b;

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		assert_int_equal(addr_block_parse(&b, table[i]), -EINVAL);
}

static void the_same_address_is_one_whatever_port_and_spelling(void **state)
{
	static const struct {
		const char *a, *b;
		bool same;
	} table[] = {
		{"192.0.2.1:1", "192.0.2.1:2", true},
		{"192.0.2.1:1", "[::ffff:192.0.2.1]:1", true},
		{"[2001:db8::1]:1", "[2001:db8:0::1]:1", true},
		{"192.0.2.1:1", "192.0.2.2:1", false},
		{"unix:/a", "unix:/a", false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct addr a, b;

		assert_int_equal(addr_parse(&a, table[i].a), 0);
		assert_int_equal(addr_parse(&b, table[i].b), 0);
		assert_int_equal(addr_same_ip(&a, &b), table[i].same);
	}
}

static void addresses_are_bytes_too(void **state)
{
	static const uint8_t v6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 1};
	static const uint8_t mapped[16] = {
		[10] = 0xff, [11] = 0xff, [12] = 192, [14] = 2, [15] = 1};
	char text[ADDR_TEXT_MAX];
	uint8_t bytes[16];
	struct addr a;

	addr_from_ip(&a, mapped + 12, 4, 80);
	addr_format(&a, text);
	assert_string_equal(text, "192.0.2.1:80");
	assert_true(addr_is_v4(&a));
	addr_ip_bytes(&a, 16, bytes);
	assert_memory_equal(bytes, mapped, 16);
	addr_from_ip(&a, mapped, 16, 80);
	assert_true(addr_is_v4(&a));
	addr_ip_bytes(&a, 4, bytes);
	assert_memory_equal(bytes, mapped + 12, 4);
	addr_from_ip(&a, v6, 16, 443);
	addr_format(&a, text);
	assert_string_equal(text, "[2001:db8::1]:443");
	assert_false(addr_is_v4(&a));
	assert_int_equal(addr_unix(&a, "/x"), 0);
	assert_false(addr_is_v4(&a));
	addr_of_socket(&a, -1);
	assert_int_equal(a.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_that_are_addresses),
		cmocka_unit_test(texts_that_are_none),
		cmocka_unit_test(a_unix_path_fits_or_is_refused),
		cmocka_unit_test(loopback_is_known_in_every_shape),
		cmocka_unit_test(an_unnamed_peer_has_a_text),
		cmocka_unit_test(addresses_are_bytes_too),
		cmocka_unit_test(blocks_hold_what_is_in_them),
		cmocka_unit_test(no_block_holds_a_unix_peer),
		cmocka_unit_test(the_same_address_is_one_whatever_port_and_spelling),
		cmocka_unit_test(texts_that_are_no_blocks),
	};

	return cmocka_run_group_tests_name("addr", tests, NULL, NULL);
}
