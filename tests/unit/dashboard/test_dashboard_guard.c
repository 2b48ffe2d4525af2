/* SPDX-License-Identifier: MIT */
/* test_dashboard_guard: hosts, origins and tokens that are let in, and those that look like them.
 */

#include "../cm.h"

#include <stdio.h>
#include <string.h>

#include "dashboard/dashboard_guard.h"

static struct dashboard_guard guard;
static struct str_list allowed;

static void listen_on(const char *text)
{
	memset(&guard, 0, sizeof(guard));
	assert_int_equal(addr_parse(&guard.local, text), 0);
	guard.allowed = &allowed;
	memcpy(guard.token, "0123456789abcdef0123456789abcdef", DASHBOARD_TOKEN_SIZE);
}

static int setup(void **state)
{
	listen_on("127.0.0.1:4040");
	return 0;
}

static int teardown(void **state)
{
	str_list_deinit(&allowed);
	return 0;
}

static void loopback_by_its_names_with_the_port(void **state)
{
	static const char *const good[] = {
		"127.0.0.1:4040", "localhost:4040", "LOCALHOST:4040", "[::1]:4040"};
	static const char *const bad[] = {"", ":", ":4040", "127.0.0.1", "localhost", "[::1]",
		"127.0.0.1:4041", "127.0.0.1:", "127.0.0.1:04040x", "127.0.0.1:4040:4040",
		"127.0.0.1:44040", "127.1:4040", "2130706433:4040", "0x7f000001:4040",
		"127.0.0.1.:4040", "localhost.:4040", "localhost.evil.example:4040",
		"evil.example:4040", "::1:4040", "[::1:4040", "[::ffff:127.0.0.1]:4040x",
		"127.0.0.2:4040", "localhost:4040, evil.example:4040", " localhost:4040",
		"localhost:4040 ", "user@localhost:4040", "localhost/:4040", "*:4040", "?"};

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_true(dashboard_guard_host(&guard, good[i]));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		if (dashboard_guard_host(&guard, bad[i]))
			fail_msg("'%s' was let in", bad[i]);
	}
}

static void port_80_needs_not_be_written(void **state)
{
	listen_on("127.0.0.1:80");
	assert_true(dashboard_guard_host(&guard, "localhost"));
	assert_true(dashboard_guard_host(&guard, "localhost:80"));
	assert_false(dashboard_guard_host(&guard, "localhost:8080"));
}

static void the_address_that_is_listened_on(void **state)
{
	listen_on("192.0.2.7:4040");
	assert_true(dashboard_guard_host(&guard, "192.0.2.7:4040"));
	assert_false(dashboard_guard_host(&guard, "192.0.2.8:4040"));
	listen_on("[2001:db8::7]:4040");
	assert_true(dashboard_guard_host(&guard, "[2001:db8::7]:4040"));
	assert_true(dashboard_guard_host(&guard, "[2001:DB8:0::7]:4040"));
	assert_false(dashboard_guard_host(&guard, "2001:db8::7:4040"));
}

/* A page that was fetched from a number needed no name to be made to point here. */
static void every_address_where_all_are_listened_on(void **state)
{
	listen_on("*:4040");
	assert_true(dashboard_guard_host(&guard, "192.0.2.8:4040"));
	assert_true(dashboard_guard_host(&guard, "[2001:db8::8]:4040"));
	assert_false(dashboard_guard_host(&guard, "192.0.2.8:4041"));
	assert_false(dashboard_guard_host(&guard, "evil.example:4040"));
	assert_false(dashboard_guard_host(&guard, "192.0.2.8.evil.example:4040"));
}

static void what_is_allowed_in_addition(void **state)
{
	str_list_add(&allowed, "dash.example");
	str_list_add(&allowed, "one.example:8443");
	str_list_add(&allowed, "[2001:db8::1]");
	assert_true(dashboard_guard_host(&guard, "dash.example"));
	assert_true(dashboard_guard_host(&guard, "Dash.Example:1"));
	assert_true(dashboard_guard_host(&guard, "one.example:8443"));
	assert_false(dashboard_guard_host(&guard, "one.example"));
	assert_false(dashboard_guard_host(&guard, "one.example:4040"));
	assert_true(dashboard_guard_host(&guard, "[2001:db8::1]:9"));
	assert_false(dashboard_guard_host(&guard, "sub.dash.example"));
	assert_false(dashboard_guard_host(&guard, "dash.example.org"));
	assert_false(dashboard_guard_host(&guard, "dash.example."));
}

static void what_may_be_allowed(void **state)
{
	assert_true(dashboard_guard_is_host("a"));
	assert_true(dashboard_guard_is_host("a.b-c.example:1"));
	assert_true(dashboard_guard_is_host("[::1]:65535"));
	assert_false(dashboard_guard_is_host(""));
	assert_false(dashboard_guard_is_host("*"));
	assert_false(dashboard_guard_is_host("*.example"));
	assert_false(dashboard_guard_is_host("http://a"));
	assert_false(dashboard_guard_is_host("a:0"));
	assert_false(dashboard_guard_is_host("a:65536"));
	assert_false(dashboard_guard_is_host("[]"));
	assert_false(dashboard_guard_is_host("[::1"));
}

static void a_page_belongs_to_the_host_it_came_from(void **state)
{
	static const char host[] = "127.0.0.1:4040";
	static const char *const bad[] = {"null", "?", "127.0.0.1:4040", "http://", "http://evil",
		"http://127.0.0.1", "http://127.0.0.1:4041", "http://localhost:4040",
		"http://127.0.0.1:4040/", "http://127.0.0.1:40400", "ftp://127.0.0.1:4040",
		"http://127.0.0.1:4040, http://127.0.0.1:4040", "ws://127.0.0.1:4040"};

	assert_true(dashboard_guard_origin("", host));
	assert_true(dashboard_guard_origin("http://127.0.0.1:4040", host));
	assert_true(dashboard_guard_origin("https://dash.example", "DASH.example"));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		if (dashboard_guard_origin(bad[i], host))
			fail_msg("'%s' was let in", bad[i]);
	}
}

static void the_token_among_what_is_offered(void **state)
{
	static const char *const good[] = {"token.0123456789abcdef0123456789abcdef",
		"tunnelto.dashboard, token.0123456789abcdef0123456789abcdef",
		"token.0123456789abcdef0123456789abcdef,tunnelto.dashboard",
		"token.x, token.0123456789abcdef0123456789abcdef"};
	static const char *const bad[] = {"", ",", " ", "token.", "tunnelto.dashboard",
		"0123456789abcdef0123456789abcdef", "token.0123456789abcdef0123456789abcde",
		"token.0123456789abcdef0123456789abcdef0", "token.0123456789abcdef0123456789abcdee",
		"xtoken.0123456789abcdef0123456789abcdef",
		"token .0123456789abcdef0123456789abcdef",
		"token.01234567 89abcdef0123456789abcdef"};

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_true(dashboard_guard_token(&guard, good[i]));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		if (dashboard_guard_token(&guard, bad[i]))
			fail_msg("'%s' was let in", bad[i]);
	}
	guard.token[0] = '\0'; /* nobody's, not everybody's */
	assert_false(dashboard_guard_token(&guard, "token."));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(loopback_by_its_names_with_the_port),
		T(port_80_needs_not_be_written),
		T(the_address_that_is_listened_on),
		T(every_address_where_all_are_listened_on),
		T(what_is_allowed_in_addition),
		T(what_may_be_allowed),
		T(a_page_belongs_to_the_host_it_came_from),
		T(the_token_among_what_is_offered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
