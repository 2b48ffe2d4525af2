/* SPDX-License-Identifier: MIT */
/* test_redact: secrets of a head, by field and by parameter, and what is no secret. */

#include "../cm.h"

#include <string.h>

#include "base/str.h"
#include "base/str_list.h"
#include "inspect/redact.h"

static char session[] = "X-Session", token[] = "token", *named[] = {session, token};
static const struct str_list names = {named, ARRAY_SIZE(named)};
static const struct redact rules = {.names = &names};

static void assert_head(const struct redact *r, const char *head, const char *want)
{
	CLEANUP(str_deinit) struct str out = STR_INIT(4096);
	size_t n = strlen(head);
	struct http_head h;
	enum http_fault fault = head[0] == 'H' ? http_head_response(&h, (const uint8_t *)head, n)
					       : http_head_request(&h, (const uint8_t *)head, n);

	assert_int_equal(fault, HTTP_FAULT_NONE);
	assert_int_equal(redact_head(r, &h, head, n, &out), want != NULL);
	assert_string_equal(str_get(&out), want ? want : "");
}

static void secret_fields_lose_their_values_and_keep_their_names(void **state)
{
	(void)state;
	assert_head(&rules,
		"GET / HTTP/1.1\r\nHost: x\r\nAUTHORIZATION: Bearer abc\r\nCookie:a=1; b=2 \r\n"
		"x-session: s\r\nProxy-Authorization: p\r\nX-Api-Key: k\r\nX-Other: o\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nAUTHORIZATION: [redacted]\r\n"
		"Cookie:[redacted] \r\nx-session: [redacted]\r\n"
		"Proxy-Authorization: [redacted]\r\nX-Api-Key: [redacted]\r\nX-Other: o\r\n\r\n");
	assert_head(&rules,
		"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\nVary: Cookie\r\n\r\n",
		"HTTP/1.1 200 OK\r\nSet-Cookie: [redacted]\r\nset-cookie: [redacted]\r\n"
		"Vary: Cookie\r\n\r\n");
}

static void an_empty_secret_gets_its_mark_too(void **state)
{
	(void)state;
	assert_head(&rules, "GET /?token= HTTP/1.1\r\nHost: x\r\nCookie:\r\n\r\n",
		"GET /?token=[redacted] HTTP/1.1\r\nHost: x\r\nCookie:[redacted]\r\n\r\n");
}

static void a_head_without_secrets_is_not_copied(void **state)
{
	(void)state;
	assert_head(&rules,
		"GET /token?tok=1&tokens=2 HTTP/1.1\r\nHost: x\r\n"
		"Cookies: 1\r\nAuthorization-X: 2\r\n\r\n",
		NULL);
	assert_head(&rules, "HTTP/1.1 304 Not Modified\r\n\r\n", NULL);
}

static void parameters_are_found_as_servers_find_them(void **state)
{
	(void)state;
	assert_head(&rules,
		"GET /a?x=1&token=abc&To%6Ben=d;TOKEN=e&token HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /a?x=1&token=[redacted]&To%6Ben=[redacted];TOKEN=[redacted]&token HTTP/1.1\r\n"
		"Host: x\r\n\r\n");
	assert_head(&rules, "GET http://h/?x-api-key=1&%zz=%2 HTTP/1.1\r\nHost: h\r\n\r\n",
		"GET http://h/?x-api-key=[redacted]&%zz=%2 HTTP/1.1\r\nHost: h\r\n\r\n");
}

static void addresses_in_fields_are_looked_through(void **state)
{
	(void)state;
	assert_head(&rules, "GET / HTTP/1.1\r\nHost: x\r\nReferer: https://x/?token=1#a\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nReferer: https://x/?token=[redacted]#a\r\n\r\n");
	assert_head(&rules,
		"GET / HTTP/1.1\r\nHost: x\r\nReferer: https://x/?a=1#token=1&b=2\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nReferer: "
		"https://x/?a=1#token=[redacted]&b=2\r\n\r\n");
	assert_head(&rules, "GET / HTTP/1.1\r\nHost: x\r\nReferer: https://x/#s=a?&token=1\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nReferer: https://x/#s=a?&token=[redacted]\r\n\r\n");
	assert_head(&rules, "HTTP/1.1 302 Found\r\nLocation: /?a=1&token=2\r\n\r\n",
		"HTTP/1.1 302 Found\r\nLocation: /?a=1&token=[redacted]\r\n\r\n");
}

static void only_what_is_named_is_secret_beside_the_usual(void **state)
{
	const struct redact none = {0};

	(void)state;
	assert_head(&none, "GET /?token=1 HTTP/1.1\r\nHost: x\r\nX-Session: s\r\n\r\n", NULL);
	assert_head(&none, "GET /?token=1 HTTP/1.1\r\nHost: x\r\nCookie: s\r\n\r\n",
		"GET /?token=1 HTTP/1.1\r\nHost: x\r\nCookie: [redacted]\r\n\r\n");
}

static void who_asks_for_secrets_gets_them(void **state)
{
	const struct redact reveal = {.names = &names, .reveal = true};
	CLEANUP(str_deinit) struct str out = STR_INIT(100);
	const char *target = "/?token=1";

	(void)state;
	assert_head(&reveal, "GET /?token=1 HTTP/1.1\r\nHost: x\r\nCookie: s\r\n\r\n", NULL);
	assert_false(redact_target(&reveal, (struct http_span){target, strlen(target)}, &out));
	assert_true(redact_target(&rules, (struct http_span){target, strlen(target)}, &out));
	assert_string_equal(str_get(&out), "/?token=[redacted]");
}

static void the_longest_copy_fits_its_bound(void **state)
{
	CLEANUP(str_deinit) struct str out = STR_INIT(REDACT_MAX(4096));
	char one[] = "a", *all[] = {one}, target[4096] = "?";
	const struct str_list list = {all, 1};
	const struct redact r = {.names = &list};

	(void)state;
	for (size_t i = 1; i + 3 <= sizeof(target); i += 3)
		memcpy(target + i, "a=&", 3);
	assert_true(redact_target(&r, (struct http_span){target, sizeof(target)}, &out));
	assert_false(out.failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(secret_fields_lose_their_values_and_keep_their_names),
		cmocka_unit_test(an_empty_secret_gets_its_mark_too),
		cmocka_unit_test(a_head_without_secrets_is_not_copied),
		cmocka_unit_test(parameters_are_found_as_servers_find_them),
		cmocka_unit_test(addresses_in_fields_are_looked_through),
		cmocka_unit_test(only_what_is_named_is_secret_beside_the_usual),
		cmocka_unit_test(who_asks_for_secrets_gets_them),
		cmocka_unit_test(the_longest_copy_fits_its_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
