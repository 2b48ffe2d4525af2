/* SPDX-License-Identifier: MIT */
/* Names as they are written, and the one form that is compared. */
#include "../cm.h"

#include <errno.h>
#include <string.h>

#include "proto/hostname.h"

#define L63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define L61 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void one_name_in_many_spellings_is_one_name(void **state)
{
	static const struct {
		const char *text, *name;
	} rows[] = {
		{"a", "a"},
		{"Web.Example.COM", "web.example.com"},
		{"web.example.com.", "web.example.com"},
		{"web.example.com:80", "web.example.com"},
		{"web.example.com.:8080", "web.example.com"},
		{"web.example.com:", "web.example.com"},
		{"a:0", "a"},
		{"AZ09.example", "az09.example"},
		{"a:65535", "a"},
		{"_dmarc.example.com", "_dmarc.example.com"},
		{"xn--bcher-kva.example", "xn--bcher-kva.example"},
		{"-a-.b", "-a-.b"},
		{"127.0.0.1:80", "127.0.0.1"},
		{"[::1]", "[::1]"},
		{"[::1]:443", "[::1]"},
		{"[2001:DB8:0:0::00a]", "[2001:db8::a]"},
		{"[::ffff:192.0.2.1]:", "[::ffff:192.0.2.1]"},
		{L63 ".b", L63 ".b"},
		{L63 "." L63 "." L63 "." L61, L63 "." L63 "." L63 "." L61}, /* 253 */
		{L63 "." L63 "." L63 "." L61 ".:80", L63 "." L63 "." L63 "." L61},
	};
	char name[HOSTNAME_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(hostname_normalise(name, rows[i].text, strlen(rows[i].text)), 0);
		assert_string_equal(name, rows[i].name);
		/* and it stays what it is */
		assert_int_equal(hostname_normalise(name, rows[i].name, strlen(rows[i].name)), 0);
		assert_string_equal(name, rows[i].name);
	}
}

static void what_is_no_name_is_refused(void **state)
{
	static const char *const rows[] = {"", ".", "..", "a..b", ".a", "a..", "a b", "a/b", "a@b",
		"a,b", "a%2eb", ":80", ".:80", "a:b", "a:-1", "a:+1", "a: 1", "a:65536", "a:000080",
		"a:1:2", "::1", "[", "[]", "[::1", "::1]", "[::1]80", "[::1]:x", "[::1].",
		"[::1]:65536", "[a]", "[[::1]]", "[1.2.3.4]", "[::1%25eth0]", "[v1.x]", "[:::]",
		"a[::1]", "\xc3\xa4", "a*", "*.a", "a\r", "a\n", "a\t", L63 "a", L63 "a.b",
		L63 "." L63 "." L63 "." L61 "a", L63 "." L63 "." L63 "." L63 "." L63};
	char name[HOSTNAME_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (hostname_normalise(name, rows[i], strlen(rows[i])) != -EINVAL)
			fail_msg("taken: '%s'", rows[i]);
	}
}

static void a_nul_does_not_end_a_name(void **state)
{
	char name[HOSTNAME_MAX];

	(void)state;
	assert_int_equal(hostname_normalise(name, "good.example\0.evil", 18), -EINVAL);
	assert_int_equal(hostname_normalise(name, "a\0", 2), -EINVAL);
	assert_int_equal(hostname_normalise(name, "\0", 1), -EINVAL);
	assert_int_equal(hostname_normalise(name, "[::1\0]", 6), -EINVAL);
	assert_int_equal(hostname_normalise(name, "[\0\0\0]", 5), -EINVAL);
	assert_int_equal(hostname_normalise(name, "a:8\0", 4), -EINVAL);
}

static void a_text_is_read_no_further_than_it_goes(void **state)
{
	char name[HOSTNAME_MAX];

	(void)state;
	assert_int_equal(hostname_normalise(name, "abc:80", 2), 0);
	assert_string_equal(name, "ab");
	assert_int_equal(hostname_normalise(name, "[::1]", 4), -EINVAL);
}

static void a_name_can_be_claimed_when_a_certificate_could_name_it(void **state)
{
	static const char *const good[] = {"a", "a-b", "a.b", "1", "a--b.c", "web.example.com"};
	static const char *const bad[] = {"", ".", ".a", "a.", "a..b", "-a", "a-", "a.-b", "a-.b",
		"-", "_a", "a.b_c", "[::1]"};

	char longest[HOSTNAME_MAX + 1] = "";

	(void)state;
	memset(longest, 'a', HOSTNAME_MAX - 1);
	assert_true(hostname_is_claimable(longest));
	longest[HOSTNAME_MAX - 1] = 'a';
	assert_false(hostname_is_claimable(longest));
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		if (!hostname_is_claimable(good[i]))
			fail_msg("refused: %s", good[i]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (hostname_is_claimable(bad[i]))
			fail_msg("allowed: %s", bad[i]);
	}
}

static void a_host_is_under_a_domain_by_whole_labels(void **state)
{
	(void)state;
	assert_int_equal(hostname_under("a.example.com", "example.com"), 1);
	assert_int_equal(hostname_under("a.b.example.com", "example.com"), 3);
	assert_int_equal(hostname_under("example.com", "example.com"), 0);
	assert_int_equal(hostname_under(".example.com", "example.com"), 0);
	assert_int_equal(hostname_under("aexample.com", "example.com"), 0);
	assert_int_equal(hostname_under("a.example.org", "example.com"), 0);
	assert_int_equal(hostname_under("com", "example.com"), 0);
	assert_int_equal(hostname_under("example.com.evil", "example.com"), 0);
	assert_int_equal(hostname_under("", "example.com"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_name_in_many_spellings_is_one_name),
		cmocka_unit_test(what_is_no_name_is_refused),
		cmocka_unit_test(a_nul_does_not_end_a_name),
		cmocka_unit_test(a_text_is_read_no_further_than_it_goes),
		cmocka_unit_test(a_name_can_be_claimed_when_a_certificate_could_name_it),
		cmocka_unit_test(a_host_is_under_a_domain_by_whole_labels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
