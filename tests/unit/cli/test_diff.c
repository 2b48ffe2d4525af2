/* SPDX-License-Identifier: MIT */
/* test_diff: what diff -u would say, and that the second text follows from the first by it. */

#include "../cm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/diff.h"

static void on_line(void *arg, char kind, const char *text, size_t n)
{
	if (kind != '@')
		str_addc(arg, kind);
	str_add_n(arg, text, n);
	str_addc(arg, '\n');
}

static char *diff_of(const char *a, const char *b)
{
	struct str out = STR_INIT(1 << 20);
	bool differs = diff_texts(a, strlen(a), b, strlen(b), on_line, &out);

	assert_int_equal(differs, out.len > 0);
	return str_take(&out);
}

static void it_says_what_diff_u_says(void **state)
{
	static const struct {
		const char *a, *b, *says;
	} rows[] = {
		{"", "", ""},
		{"a\nb\n", "a\nb\n", ""},
		{"", "a\n", "@@ -0,0 +1,1 @@\n+a\n"},
		{"a\n", "", "@@ -1,1 +0,0 @@\n-a\n"},
		{"a\nb\nc\n", "a\nx\nc\n", "@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n"},
		{"a", "a\n", "@@ -1,1 +1,1 @@\n-a\n\\No newline at end of file\n+a\n"},
		{"1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nx\n6\n7\n8\n9\n",
			"@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+x\n 6\n 7\n 8\n"},
		/* six lines between two edits: one hunk; seven: two */
		{"x\n1\n2\n3\n4\n5\n6\ny\n", "1\n2\n3\n4\n5\n6\n",
			"@@ -1,8 +1,6 @@\n-x\n 1\n 2\n 3\n 4\n 5\n 6\n-y\n"},
		{"x\n1\n2\n3\n4\n5\n6\n7\ny\n", "1\n2\n3\n4\n5\n6\n7\n",
			"@@ -1,4 +1,3 @@\n-x\n 1\n 2\n 3\n@@ -6,4 +5,3 @@\n 5\n 6\n 7\n-y\n"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *said = diff_of(rows[i].a, rows[i].b);

		assert_string_equal(said, rows[i].says);
		free(said);
	}
}

/* Do what the diff of @a says; the text that results. */
static char *patched(const char *a, const char *diff)
{
	struct str out = STR_INIT(1 << 20);
	long line = 0, skip, count;

	while (*diff) {
		size_t n = strcspn(diff, "\n");

		if (sscanf(diff, "@@ -%ld,%ld", &skip, &count) == 2) {
			for (skip -= count > 0; line < skip; line++) {
				size_t len = strcspn(a, "\n") + 1;

				str_add_n(&out, a, len);
				a += len;
			}
		} else {
			if (*diff != '-')
				str_add_n(&out, diff + 1, n);
			if (*diff != '+') {
				assert_memory_equal(a, diff + 1, n);
				a += n;
				line++;
			}
		}
		diff += n + 1;
	}
	str_add(&out, a);
	return str_take(&out);
}

static void random_lines(char *to, unsigned int *seed)
{
	int n = rand_r(seed) % 30;

	for (int i = 0; i < n; i++) {
		*to++ = (char)('a' + rand_r(seed) % 4);
		*to++ = '\n';
	}
	*to = '\0';
}

static void the_second_follows_from_the_first(void **state)
{
	unsigned int seed = 20261125;

	for (int i = 0; i < 2000; i++) {
		char a[64], b[64], *diff, *result;

		random_lines(a, &seed);
		random_lines(b, &seed);
		diff = diff_of(a, b);
		result = patched(a, diff);
		if (strcmp(result, b) != 0)
			fail_msg("round %d:\n%s--\n%s--\n%s", i, a, b, diff);
		free(diff);
		free(result);
	}
}

static void texts_that_have_nothing_in_common_are_replaced(void **state)
{
	struct str a = STR_INIT(1 << 20), b = STR_INIT(1 << 20);
	char *diff, *result;

	for (int i = 0; i < 2 * DIFF_EDITS_MAX; i++) {
		str_addf(&a, "a%d\n", i);
		str_addf(&b, "b%d\n", i);
	}
	diff = diff_of(str_get(&a), str_get(&b));
	result = patched(str_get(&a), diff);
	assert_string_equal(result, str_get(&b));
	free(diff);
	free(result);
	str_deinit(&a);
	str_deinit(&b);
}

static void a_text_of_too_many_lines_has_a_long_last_one(void **state)
{
	size_t n = DIFF_LINES_MAX + 10;
	char *a = mem_alloc(n), *b;
	struct str out = STR_INIT(1 << 20);

	memset(a, '\n', n);
	b = mem_dup(a, n);
	b[n - 1] = 'x';
	assert_true(diff_texts(a, n, b, n, on_line, &out));
	assert_non_null(strstr(str_get(&out), "@@ -199997,4 +199997,4 @@"));
	free(a);
	free(b);
	str_deinit(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_says_what_diff_u_says),
		cmocka_unit_test(the_second_follows_from_the_first),
		cmocka_unit_test(texts_that_have_nothing_in_common_are_replaced),
		cmocka_unit_test(a_text_of_too_many_lines_has_a_long_last_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
