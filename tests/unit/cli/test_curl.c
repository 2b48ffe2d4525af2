/* SPDX-License-Identifier: MIT */
/* test_curl: commands that a shell takes as they are meant; a real shell says what it took. */

#include "../cm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/str.h"
#include "cli/captured.h"
#include "cli/curl.h"

#define COMMAND_MAX (1024 * 1024)

/* What sh writes for @command. */
static size_t run(const char *command, char *ret, size_t size)
{
	FILE *f = popen(command, "r");
	size_t n;

	assert_non_null(f);
	n = fread(ret, 1, size - 1, f);
	ret[n] = '\0';
	assert_int_equal(pclose(f), 0);
	return n;
}

static void a_shell_takes_a_word_as_it_was(void **state)
{
	static const char *const words[] = {"", "plain", "two words", "it's", "''", "a\nb\n c",
		"$HOME `id` \\ \"x\" !! *", "tab\there", "gr\xc3\xbc\xc3\x9f", "esc\x1b[31mred",
		"\xff\xfe latin", "\xc2\x9b[31m", "-n", "%s %d \\n", "\x7f"};
	char got[4096];

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		struct str command = STR_INIT(COMMAND_MAX);

		str_add(&command, "printf %s ");
		curl_quote(&command, words[i], strlen(words[i]));
		/* and nothing of it moves a terminal */
		assert_null(strpbrk(str_get(&command), "\x1b\x7f"));
		assert_null(strstr(str_get(&command), "\xc2\x9b"));
		(void)run(str_get(&command), got, sizeof(got));
		assert_string_equal(got, words[i]);
		str_deinit(&command);
	}
}

static const char *command_of(struct str *out, const char *head, const char *body, size_t n,
	struct str_list *left_out)
{
	char *h = strdup(head), *b = malloc(n + 1);
	struct captured_body the_head = {.bytes = h, .n = strlen(head)};
	struct captured_body the_body = {.bytes = b, .n = n};

	memcpy(b, body, n);
	b[n] = '\0';
	str_clear(out);
	assert_true(curl_command(out, &the_head, &the_body, /* tls= */ true, left_out));
	free(h);
	free(b);
	return str_get(out);
}

static void a_request_becomes_a_command(void **state)
{
	struct str out = STR_INIT(COMMAND_MAX);
	struct str_list left_out = {0};

	assert_string_equal(
		command_of(&out,
			"GET /a/../b?c[]={d} HTTP/1.1\r\nHost: inner\r\nUser-Agent: u\r\n"
			"X-Forwarded-Host: a.example\r\n"
			"Accept: */*\r\nConnection: keep-alive\r\nX-Forwarded-For: 1.2.3.4\r\n"
			"Authorization: [redacted]\r\nX-Empty:\r\n"
			"Referer: http://b/?token=[redacted]&x=1\r\n\r\n",
			"", 0, &left_out),
		"curl --globoff --path-as-is 'https://a.example/a/../b?c[]={d}' \\\n"
		"  -H 'User-Agent: u' \\\n  -H 'Accept: */*' \\\n  -H 'X-Empty;'\n");
	assert_int_equal(left_out.n, 2);
	assert_string_equal(left_out.items[0], "Authorization");
	assert_string_equal(left_out.items[1], "Referer");
	str_list_deinit(&left_out);
	assert_string_equal(command_of(&out,
				    "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n",
				    "it's", 4, &left_out),
		"curl -X 'PUT' 'https://a/' \\\n  -H 'User-Agent:' \\\n  -H 'Accept:' \\\n"
		"  -H 'Content-Type:' \\\n  --data-binary 'it'\\''s'\n");
	assert_int_equal(strncmp(command_of(&out, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", "", 0,
					 &left_out),
				 "curl --head 'https://a/'", 24),
		0);
	assert_int_equal(left_out.n, 0);
	str_deinit(&out);
}

/* curl itself is replaced by a program that writes what it is given. */
static void every_body_gets_through_a_shell(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
	} rows[] = {{"plain", 5}, {"@file", 5}, {"it's\n\"quoted\" $x\n", 17}, {"\0\1\2\xff", 4},
		{"\x1b[2J", 4}, {"ends\n\n", 6}};
	char got[4096];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct str out = STR_INIT(COMMAND_MAX), command = STR_INIT(COMMAND_MAX);
		struct str_list left_out = {0};
		size_t n;

		str_add(&command, "curl() { while [ $# -gt 1 ]; do shift; done; "
				  "if [ \"$1\" = @- ]; then cat; else printf %s \"$1\"; fi; }\n");
		str_add(&command, command_of(&out, "POST / HTTP/1.1\r\nHost: a\r\n\r\n",
					  rows[i].bytes, rows[i].n, &left_out));
		n = run(str_get(&command), got, sizeof(got));
		assert_int_equal(n, rows[i].n);
		assert_memory_equal(got, rows[i].bytes, n);
		str_deinit(&out);
		str_deinit(&command);
	}
}

static void what_is_no_request_is_none(void **state)
{
	struct captured_body head = {.bytes = strdup("HTTP"), .n = 4}, body = {.bytes = strdup("")};
	struct str out = STR_INIT(COMMAND_MAX);
	struct str_list left_out = {0};

	assert_false(curl_command(&out, &head, &body, false, &left_out));
	free(head.bytes);
	free(body.bytes);
	str_deinit(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_shell_takes_a_word_as_it_was),
		cmocka_unit_test(a_request_becomes_a_command),
		cmocka_unit_test(every_body_gets_through_a_shell),
		cmocka_unit_test(what_is_no_request_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
