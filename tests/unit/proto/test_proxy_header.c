/* SPDX-License-Identifier: MIT */
/* test_proxy_header: both versions read whole and in pieces, every lie refused, and back again. */

#include "../cm.h"

#include <string.h>

#include "proto/proxy_header.h"

#define V2 "\r\n\r\n\0\r\nQUIT\n"

static struct proxy_header h;

static enum proxy_header_result parse(const char *bytes, size_t n)
{
	return proxy_header_parse(&h, (const uint8_t *)bytes, n);
}

#define PARSE(text) parse(text, sizeof(text) - 1)

static void lines_are_read(void **state)
{
	static const uint8_t v6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 1};

	assert_int_equal(PARSE("PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\nGET"), 0);
	assert_int_equal(h.family, PROXY_HEADER_V4);
	assert_memory_equal(h.source, "\xc0\x00\x02\x01", 4);
	assert_memory_equal(h.destination, "\xc6\x33\x64\x02", 4);
	assert_int_equal(h.source_port, 56324);
	assert_int_equal(h.destination_port, 443);
	assert_int_equal(h.length, 45);
	assert_int_equal(PARSE("PROXY TCP6 2001:db8::1 ::1 0 65535\r\n"), 0);
	assert_int_equal(h.family, PROXY_HEADER_V6);
	assert_memory_equal(h.source, v6, 16);
	assert_int_equal(h.destination_port, 65535);
	assert_int_equal(PARSE("PROXY UNKNOWN\r\n"), 0);
	assert_int_equal(h.family, PROXY_HEADER_UNKNOWN);
	assert_int_equal(h.length, 15);
	/* the specification's longest line */
	assert_int_equal(PARSE("PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
			       "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"),
		0);
	assert_int_equal(h.length, 107);
}

static void bad_lines_are_refused(void **state)
{
	static const char *const lines[] = {
		"PROXY TCP4 192.0.2.1 198.51.100.2 1 2\n",
		"PROXY TCP4 192.0.2.1 198.51.100.2 1\r\n",
		"PROXY TCP4 192.0.2.1 198.51.100.2 1 2 3\r\n",
		"PROXY TCP4 192.0.2.1 198.51.100.2 1 2 \r\n",
		"PROXY TCP4 192.0.2.1  198.51.100.2 1 2\r\n",
		"PROXY TCP4 192.0.2.1 198.51.100.2 01 2\r\n",
		"PROXY TCP4 192.0.2.1 198.51.100.2 -1 2\r\n",
		"PROXY TCP4 192.0.2.1 198.51.100.2 65536 2\r\n",
		"PROXY TCP4 192.0.2.1 198.51.100.2 99999999 2\r\n",
		"PROXY TCP4 192.0.2.300 198.51.100.2 1 2\r\n",
		"PROXY TCP4 2001:db8::1 ::1 1 2\r\n",
		"PROXY TCP6 192.0.2.1 198.51.100.2 1 2\r\n",
		"PROXY TCP5 192.0.2.1 198.51.100.2 1 2\r\n",
		"PROXY UDP4 192.0.2.1 198.51.100.2 1 2\r\n",
		"PROXY \r\n",
		"PROXY TCP4\r\n",
	};
	char line[200];

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		if (parse(lines[i], strlen(lines[i])) != PROXY_HEADER_BAD)
			fail_msg("taken: %s", lines[i]);
		assert_int_equal(h.length, 0);
	}
	memset(line, 'x', sizeof(line));
	memcpy(line, "PROXY UNKNOWN ", 14);
	assert_int_equal(parse(line, 106), PROXY_HEADER_SHORT);
	assert_int_equal(parse(line, 107), PROXY_HEADER_BAD);
	assert_int_equal(PARSE("PROXY TCP4 192.0.2.1\0 198.51.100.2 1 2\r\n"), PROXY_HEADER_BAD);
}

static void what_is_none_is_told_at_once(void **state)
{
	assert_int_equal(PARSE("GET / HTTP/1.1\r\n"), PROXY_HEADER_NONE);
	assert_int_equal(PARSE("PRI"), PROXY_HEADER_NONE);
	assert_int_equal(PARSE("\x16\x03\x01"), PROXY_HEADER_NONE);
	assert_int_equal(PARSE("\r\n\r\n\0\r\nQUIX"), PROXY_HEADER_NONE);
}

static void every_piece_of_a_header_is_short(void **state)
{
	static const char line[] = "PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n";
	static const char binary[] = V2 "\x21\x11\0\x0c"
					"\x01\x02\x03\x04\x05\x06\x07\x08\0\x50\x01\xbb";

	for (size_t n = 0; n < sizeof(line) - 1; n++)
		assert_int_equal(parse(line, n), PROXY_HEADER_SHORT);
	for (size_t n = 0; n < sizeof(binary) - 1; n++)
		assert_int_equal(parse(binary, n), PROXY_HEADER_SHORT);
	assert_int_equal(parse(binary, sizeof(binary) - 1), PROXY_HEADER_OK);
}

static void binary_headers_are_read(void **state)
{
	assert_int_equal(PARSE(V2 "\x21\x11\0\x0c"
				  "\x01\x02\x03\x04\x05\x06\x07\x08\0\x50\x01\xbb"
				  "GET"),
		0);
	assert_int_equal(h.family, PROXY_HEADER_V4);
	assert_memory_equal(h.source, "\x01\x02\x03\x04", 4);
	assert_memory_equal(h.destination, "\x05\x06\x07\x08", 4);
	assert_int_equal(h.source_port, 80);
	assert_int_equal(h.destination_port, 443);
	assert_int_equal(h.length, 28);
	assert_false(h.tls);
	assert_int_equal(PARSE(V2 "\x21\x21\0\x24"
				  "0123456789abcdef0123456789ABCDEF\0\1\0\2"),
		0);
	assert_int_equal(h.family, PROXY_HEADER_V6);
	assert_memory_equal(h.destination, "0123456789ABCDEF", 16);
	/* health checks, unix sockets, UDP, and what is still to come: the connection's own */
	assert_int_equal(PARSE(V2 "\x20\x11\0\x0c"
				  "\x01\x02\x03\x04\x05\x06\x07\x08\0\x50\x01\xbb"),
		0);
	assert_int_equal(h.family, PROXY_HEADER_UNKNOWN);
	assert_int_equal(PARSE(V2 "\x20\0\0\0"), 0);
	assert_int_equal(PARSE(V2 "\x21\0\0\3abc"), 0);
	assert_int_equal(PARSE(V2 "\x21\x12\0\x0c"
				  "0123456789ab"),
		0);
	assert_int_equal(h.family, PROXY_HEADER_UNKNOWN);
	assert_int_equal(h.length, 28);
}

static void tlvs_are_stepped_over(void **state)
{
#define ADDRESSES "\x01\x02\x03\x04\x05\x06\x07\x08\0\x50\x01\xbb"
	assert_int_equal(PARSE(V2 "\x21\x11\0\x17" ADDRESSES "\x02\0\x05"
				  "a.net"
				  "\x04\0\0"),
		0);
	assert_false(h.tls);
	assert_int_equal(PARSE(V2 "\x21\x11\0\x14" ADDRESSES "\x20\0\x05\x01\0\0\0\0"), 0);
	assert_true(h.tls);
	assert_int_equal(PARSE(V2 "\x21\x11\0\x14" ADDRESSES "\x20\0\x05\0\0\0\0\0"), 0);
	assert_false(h.tls);
	assert_int_equal(PARSE(V2 "\x21\x11\0\x0f" ADDRESSES "\x04\0\1"), PROXY_HEADER_BAD);
	assert_int_equal(PARSE(V2 "\x21\x11\0\x0e" ADDRESSES "\x04\0"), PROXY_HEADER_BAD);
}

static void bad_binary_headers_are_refused(void **state)
{
	assert_int_equal(PARSE(V2 "\x11\x11\0\x0c" ADDRESSES), PROXY_HEADER_BAD);
	assert_int_equal(PARSE(V2 "\x22\x11\0\x0c" ADDRESSES), PROXY_HEADER_BAD);
	assert_int_equal(PARSE(V2 "\x21\x11\0\x0b" ADDRESSES), PROXY_HEADER_BAD);
	assert_int_equal(PARSE(V2 "\x21\x21\0\x0c" ADDRESSES), PROXY_HEADER_BAD);
	/* more than is ever waited for */
	assert_int_equal(PARSE(V2 "\x21\x11\x0f\xf1"), PROXY_HEADER_BAD);
	assert_int_equal(PARSE(V2 "\x21\x11\x0f\xf0"), PROXY_HEADER_SHORT);
}

static void what_is_written_is_read(void **state)
{
	uint8_t out[PROXY_HEADER_OUT_MAX];

	for (int i = 0; i < 6; i++) {
		struct proxy_header in = {.family = (enum proxy_header_family)(i % 3),
			.tls = i >= 3 && i % 3,
			.source_port = 1,
			.destination_port = 65535};
		size_t n;

		if (in.family == PROXY_HEADER_UNKNOWN)
			in.source_port = in.destination_port = 0;
		memset(in.source, 0x11, in.family == PROXY_HEADER_V4 ? 4 : 16 * (i % 3 > 0));
		memset(in.destination, 0x22, in.family == PROXY_HEADER_V4 ? 4 : 16 * (i % 3 > 0));
		n = proxy_header_encode(out, &in);
		assert_in_range(n, 16, sizeof(out));
		in.length = n;
		assert_int_equal(proxy_header_parse(&h, out, n), PROXY_HEADER_OK);
		assert_memory_equal(&h, &in, sizeof(h));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_read),
		cmocka_unit_test(bad_lines_are_refused),
		cmocka_unit_test(what_is_none_is_told_at_once),
		cmocka_unit_test(every_piece_of_a_header_is_short),
		cmocka_unit_test(binary_headers_are_read),
		cmocka_unit_test(tlvs_are_stepped_over),
		cmocka_unit_test(bad_binary_headers_are_refused),
		cmocka_unit_test(what_is_written_is_read),
	};

	return cmocka_run_group_tests_name("proxy_header", tests, NULL, NULL);
}
