/* SPDX-License-Identifier: MIT */
/* test_parse: the whole string or nothing, and the result untouched on error. */

#include "../cm.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/macros.h"
#include "base/parse.h"

struct number {
	const char *text;
	int r;
	uint64_t value;
};

static void check_numbers(const struct number *rows, size_t n, int (*f)(const char *, uint64_t *))
{
	for (size_t i = 0; i < n; i++) {
		uint64_t v = 4711;

		print_message("  '%s'\n", rows[i].text);
		assert_int_equal(f(rows[i].text, &v), rows[i].r);
		assert_true(v == (rows[i].r == 0 ? rows[i].value : 4711));
	}
}

static void numbers_are_digits_only(void **state)
{
	static const struct number rows[] = {
		{"0", 0, 0},
		{"18446744073709551615", 0, UINT64_MAX},
		{"007", 0, 7},
		{"18446744073709551616", -ERANGE, 0},
		{"99999999999999999999999", -ERANGE, 0},
		{"99999999999999999999999x", -EINVAL, 0},
		{"", -EINVAL, 0},
		{"-1", -EINVAL, 0},
		{"+1", -EINVAL, 0},
		{" 1", -EINVAL, 0},
		{"1 ", -EINVAL, 0},
		{"0x10", -EINVAL, 0},
		{"1.0", -EINVAL, 0},
	};

	check_numbers(rows, ARRAY_SIZE(rows), parse_u64);
}

static void small_numbers_have_their_own_limit(void **state)
{
	uint32_t v = 1;

	assert_int_equal(parse_u32("4294967295", &v), 0);
	assert_true(v == UINT32_MAX);
	assert_int_equal(parse_u32("4294967296", &v), -ERANGE);
	assert_int_equal(parse_u32("x", &v), -EINVAL);
	assert_true(v == UINT32_MAX);
}

static void ports_go_from_1_to_65535(void **state)
{
	uint16_t p = 7;

	assert_int_equal(parse_port("0", &p), -ERANGE);
	assert_int_equal(parse_port("65536", &p), -ERANGE);
	assert_int_equal(parse_port("http", &p), -EINVAL);
	assert_int_equal(p, 7);
	assert_int_equal(parse_port("65535", &p), 0);
	assert_int_equal(p, 65535);
}

static void port_ranges_are_ordered(void **state)
{
	uint16_t low = 1, high = 2;

	assert_int_equal(parse_port_range("20100-20000", &low, &high), -ERANGE);
	assert_int_equal(parse_port_range("1-65536", &low, &high), -ERANGE);
	assert_int_equal(parse_port_range("1-", &low, &high), -EINVAL);
	assert_int_equal(parse_port_range("-1", &low, &high), -EINVAL);
	assert_int_equal(parse_port_range("1-2-3", &low, &high), -EINVAL);
	assert_int_equal(parse_port_range("1 - 2", &low, &high), -EINVAL);
	assert_int_equal(parse_port_range("123456789-3", &low, &high), -ERANGE);
	assert_int_equal(parse_port_range("abcdefghi-3", &low, &high), -EINVAL);
	assert_int_equal(low * 10 + high, 12);
	assert_int_equal(parse_port_range("20000-20100", &low, &high), 0);
	assert_int_equal(low, 20000);
	assert_int_equal(high, 20100);
	assert_int_equal(parse_port_range("80", &low, &high), 0);
	assert_int_equal(low, 80);
	assert_int_equal(high, 80);
}

static void sizes_are_binary(void **state)
{
	static const struct number rows[] = {
		{"65536", 0, 65536},
		{"64K", 0, 65536},
		{"64KiB", 0, 65536},
		{"16MiB", 0, 16777216},
		{"1G", 0, 1073741824},
		{"1GiB", 0, 1073741824},
		{"0", 0, 0},
		{"18014398509481983K", 0, 18446744073709550592u},
		{"18014398509481984K", -ERANGE, 0},
		{"64KB", -EINVAL, 0},
		{"64 KiB", -EINVAL, 0},
		{"K", -EINVAL, 0},
		{"", -EINVAL, 0},
		{"-1K", -EINVAL, 0},
		{"1kib", -EINVAL, 0},
	};

	check_numbers(rows, ARRAY_SIZE(rows), parse_size);
}

static void durations_without_a_unit_are_seconds(void **state)
{
	static const struct number rows[] = {
		{"500ms", 0, 500},
		{"10", 0, 10000},
		{"10s", 0, 10000},
		{"5m", 0, 300000},
		{"1h", 0, 3600000},
		{"2d", 0, 172800000},
		{"99999999999999999999d", -ERANGE, 0},
		{"18446744073709551615s", -ERANGE, 0},
		{"1.5s", -EINVAL, 0},
		{"s", -EINVAL, 0},
		{"1h30m", -EINVAL, 0},
		{"1 s", -EINVAL, 0},
		{"5min", -EINVAL, 0},
	};

	check_numbers(rows, ARRAY_SIZE(rows), parse_duration);
}

static void booleans_are_words(void **state)
{
	bool b = false;

	assert_int_equal(parse_bool("Yes", &b), 0);
	assert_true(b);
	assert_int_equal(parse_bool("maybe", &b), -EINVAL);
	assert_int_equal(parse_bool("", &b), -EINVAL);
	assert_int_equal(parse_bool("1", &b), -EINVAL);
	assert_true(b);
	assert_int_equal(parse_bool("off", &b), 0);
	assert_false(b);
}

static void hosts_and_ports_come_apart(void **state)
{
	static const struct {
		const char *text;
		int r;
		const char *host;
		uint16_t port;
	} rows[] = {
		{"localhost:80", 0, "localhost", 80},
		{"a-b_c.example.:65535", 0, "a-b_c.example.", 65535},
		{"[::1]:443", 0, "::1", 443},
		{"[fe80::1%eth0]:1", 0, "fe80::1%eth0", 1},
		{":80", 0, "", 80},
		{"8000", 0, "", 8000},
		{"localhost", -EINVAL, "", 0},
		{"localhost:", -EINVAL, "", 0},
		{"host:0", -ERANGE, "", 0},
		{"host:70000", -ERANGE, "", 0},
		{"::1:80", -EINVAL, "", 0},
		{"[::1]", -EINVAL, "", 0},
		{"[::1]80", -EINVAL, "", 0},
		{"[]:80", -EINVAL, "", 0},
		{"[host]:80", -EINVAL, "", 0},
		{"[::1:80", -EINVAL, "", 0},
		{"a b:80", -EINVAL, "", 0},
		{"user@host:80", -EINVAL, "", 0},
		{"http://host:80", -EINVAL, "", 0},
		{"host\n:80", -EINVAL, "", 0},
		{"", -EINVAL, "", 0},
	};
	char host[256];
	uint16_t port;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		print_message("  '%s'\n", rows[i].text);
		port = 0;
		host[0] = '\0';
		assert_int_equal(parse_hostport(rows[i].text, host, sizeof(host), &port),
			rows[i].r);
		assert_string_equal(host, rows[i].host);
		assert_int_equal(port, rows[i].port);
	}
}

static void a_host_longer_than_dns_allows_is_refused(void **state)
{
	char text[300], host[256];
	uint16_t port;

	memset(text, 'a', sizeof(text));
	memcpy(text + 254, ":80", 4);
	assert_int_equal(parse_hostport(text, host, sizeof(host), &port), -EINVAL);
	memcpy(text + 253, ":80", 4);
	assert_int_equal(parse_hostport(text, host, sizeof(host), &port), 0);
	assert_int_equal(strlen(host), 253);
	assert_int_equal(parse_hostport("abc:1", host, 3, &port), -ERANGE);
}

static void hex_goes_both_ways(void **state)
{
	uint8_t bytes[3] = {1, 1, 1};
	char text[7];

	assert_int_equal(parse_hex("00fFa9", bytes, 3), 0);
	assert_memory_equal(bytes, "\x00\xff\xa9", 3);
	parse_format_hex(text, bytes, 3);
	assert_string_equal(text, "00ffa9");
	assert_int_equal(parse_hex("00ff", bytes, 3), -EINVAL);
	assert_int_equal(parse_hex("00ffa900", bytes, 3), -EINVAL);
	assert_int_equal(parse_hex("11ffag", bytes, 3), -EINVAL);
	assert_int_equal(bytes[0], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_digits_only),
		cmocka_unit_test(small_numbers_have_their_own_limit),
		cmocka_unit_test(ports_go_from_1_to_65535),
		cmocka_unit_test(port_ranges_are_ordered),
		cmocka_unit_test(sizes_are_binary),
		cmocka_unit_test(durations_without_a_unit_are_seconds),
		cmocka_unit_test(booleans_are_words),
		cmocka_unit_test(hosts_and_ports_come_apart),
		cmocka_unit_test(a_host_longer_than_dns_allows_is_refused),
		cmocka_unit_test(hex_goes_both_ways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
