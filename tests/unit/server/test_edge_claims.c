/* SPDX-License-Identifier: MIT */
/* test_edge_claims: who the visitor is behind which proxies; trusted here is 10.0.0.0/8 and
 * fd00::/8. */

#include "server_test.h"

#include "io/addr.h"
#include "server/edge_visitor.h"

static bool trusts(struct edge_http *e, const struct addr *peer)
{
	struct addr_block v4, v6;

	assert_int_equal(addr_block_parse(&v4, "10.0.0.0/8"), 0);
	assert_int_equal(addr_block_parse(&v6, "fd00::/8"), 0);
	return addr_block_has(&v4, peer) || addr_block_has(&v6, peer);
}

static bool admit(struct edge_http *e, const struct addr *peer)
{
	struct addr_block b;

	assert_int_equal(addr_block_parse(&b, "6.6.6.6"), 0);
	return !addr_block_has(&b, peer);
}

static const struct edge_http_ops ops = {.trusts = trusts, .admit = admit};

static struct edge_http edge = {.ops = &ops};

/* The visitor that @v is for a request with @fields; blocked ones have a '!' in front. */
static const char *who(struct visitor *v, const char *fields)
{
	CLEANUP(mem_cleanup)
	char *text = mem_printf("GET / HTTP/1.1\r\nHost: a\r\n%s\r\n", fields);
	static char out[ADDR_TEXT_MAX + 1];
	struct http_head h;

	assert_int_equal(http_head_request(&h, (const uint8_t *)text, strlen(text)),
		HTTP_FAULT_NONE);
	out[0] = '!';
	if (edge_claims_read(v, &h)) {
		addr_format_ip(edge_claims_visitor(v), out);
		return out;
	}
	addr_format_ip(edge_claims_visitor(v), out + 1);
	return out;
}

static void the_rightmost_address_that_nobody_vouches_for_is_the_visitor(void **state)
{
#define XFF(value) "X-Forwarded-For: " value "\r\n"
	static const struct {
		const char *peer, *fields, *who;
	} rows[] = {
		{"1.1.1.1", "", "1.1.1.1"},
		{"1.1.1.1", XFF("2.2.2.2"), "1.1.1.1"}, /* a stranger's word */
		{"10.0.0.1", "", "10.0.0.1"},
		{"10.0.0.1", XFF("2.2.2.2"), "2.2.2.2"},
		{"10.0.0.1", XFF("3.3.3.3, 2.2.2.2"), "2.2.2.2"},
		{"10.0.0.1", XFF("3.3.3.3, 2.2.2.2, 10.0.0.2 ,10.0.0.3"), "2.2.2.2"},
		{"10.0.0.1", XFF("3.3.3.3") XFF("2.2.2.2") XFF("10.0.0.2"), "2.2.2.2"},
		{"10.0.0.1", XFF("10.0.0.9, 10.0.0.8"), "10.0.0.9"},
		{"10.0.0.1", XFF("2.2.2.2:4711"), "2.2.2.2"},
		{"10.0.0.1", XFF("2001:db8::1"), "2001:db8::1"},
		{"10.0.0.1", XFF("[2001:db8::1]:4711, fd00::1"), "2001:db8::1"},
		{"10.0.0.1", XFF("[2001:db8::1]"), "2001:db8::1"},
		{"fd00::2", XFF("::ffff:2.2.2.2"), "2.2.2.2"},
		/* what is no address ends the walk at whom it comes from */
		{"10.0.0.1", XFF("2.2.2.2, unknown"), "10.0.0.1"},
		{"10.0.0.1", XFF("2.2.2.2, unknown, 10.0.0.2"), "10.0.0.2"},
		{"10.0.0.1", XFF("2.2.2.2,"), "10.0.0.1"},
		{"10.0.0.1", XFF(""), "10.0.0.1"},
		{"10.0.0.1", XFF("[2001:db8::1"), "2001:db8::1"},
		{"10.0.0.1",
			XFF("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
			"10.0.0.1"},
		{"10.0.0.1", XFF("2.2.2.2, 6.6.6.6"), "!6.6.6.6"},
		{"10.0.0.1", XFF("6.6.6.6, 2.2.2.2"), "2.2.2.2"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct visitor v = {.edge = &edge};

		assert_int_equal(addr_parse_ip(&v.peer, rows[i].peer, 1), 0);
		if (!str_eq(who(&v, rows[i].fields), rows[i].who))
			fail_msg("row %zu: %s", i, who(&v, rows[i].fields));
		free(v.claimed);
	}
}

static void a_connection_of_a_proxy_carries_many_visitors(void **state)
{
	struct visitor v = {.edge = &edge};

	assert_int_equal(addr_parse_ip(&v.peer, "10.0.0.1", 1), 0);
	assert_string_equal(who(&v, XFF("2.2.2.2")), "2.2.2.2");
	assert_string_equal(who(&v, XFF("3.3.3.3")), "3.3.3.3");
	assert_string_equal(who(&v, ""), "10.0.0.1");
	assert_true(v.trusted);
	/* the list has changed meanwhile */
	assert_int_equal(addr_parse_ip(&v.peer, "1.1.1.1", 1), 0);
	assert_string_equal(who(&v, XFF("3.3.3.3")), "1.1.1.1");
	assert_false(v.trusted);
	free(v.claimed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_rightmost_address_that_nobody_vouches_for_is_the_visitor),
		cmocka_unit_test(a_connection_of_a_proxy_carries_many_visitors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
