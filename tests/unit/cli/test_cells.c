/* SPDX-License-Identifier: MIT */
/* test_cells: what strangers' text becomes in so many columns. */

#include "../cm.h"

#include <locale.h>
#include <string.h>

#include "base/macros.h"
#include "cli/cells.h"

static void in_a_locale_of_utf_8(void **state)
{
	static const struct {
		const char *text;
		size_t columns, skip;
		const wchar_t *shown;
		size_t used;
	} rows[] = {
		{"", 5, 0, L"", 0},
		{"abc", 5, 0, L"abc", 3},
		{"abcde", 5, 0, L"abcde", 5},
		{"abcdef", 5, 0, L"abcd…", 5},
		{"abcdef", 1, 0, L"…", 1},
		{"abcdef", 0, 0, L"", 0},
		{"abcdef", 5, 2, L"cdef", 4},
		{"abc", 5, 7, L"", 0},
		{"gr\xc3\xb6\xc3\x9f", 5, 0, L"größ", 4},
		/* wide ones are not cut in half */
		{"\xe6\x97\xa5\xe6\x9c\xac", 4, 0, L"日本", 4},
		{"\xe6\x97\xa5\xe6\x9c\xac", 3, 0, L"日…", 3},
		{"a\xe6\x97\xa5\xe6\x9c\xac", 3, 0, L"a…", 2},
		{"a\tb", 9, 0, L"a b", 3},
		{"\x1b[2J", 9, 0, L"\\x1b[2J", 7},
		{"a\nb\r", 12, 0, L"a\\x0ab\\x0d", 10},
		{"\xff\xfe", 9, 0, L"\\xff\\xfe", 8},
		{"\xc3", 9, 0, L"\\xc3", 4},
		/* C1, right-to-left override, a combining mark, no space at all */
		{"\xc2\x9b", 9, 0, L"\\xc2\\x9b", 8},
		{"\xe2\x80\xae", 12, 0, L"\\xe2\\x80\\xae", 12},
		{"e\xcc\x81", 12, 0, L"e\\xcc\\x81", 9},
		{"\xe2\x80\x8b", 12, 0, L"\\xe2\\x80\\x8b", 12},
	};

	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		wchar_t cells[CELLS_SIZE(16)];
		size_t used = cells_fit(cells, rows[i].columns, rows[i].text, rows[i].skip);

		if (wcscmp(cells, rows[i].shown) != 0)
			fail_msg("row %zu: '%ls' instead of '%ls'", i, cells, rows[i].shown);
		assert_int_equal(used, rows[i].used);
	}
}

static void in_a_locale_of_ascii(void **state)
{
	wchar_t cells[CELLS_SIZE(16)];

	assert_non_null(setlocale(LC_CTYPE, "C"));
	assert_int_equal(cells_fit(cells, 16, "gr\xc3\xb6", 0), 10);
	assert_int_equal(wcscmp(cells, L"gr\\xc3\\xb6"), 0);
	assert_int_equal(cells_fit(cells, 3, "abcdef", 0), 3);
	assert_int_equal(wcscmp(cells, L"ab."), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_a_locale_of_utf_8),
		cmocka_unit_test(in_a_locale_of_ascii),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
