/* SPDX-License-Identifier: MIT */
/* test_urlencoded: pairs of forms and queries, sound and not. */

#include "../cm.h"

#include <string.h>

#include "base/macros.h"
#include "base/str.h"
#include "proto/urlencoded.h"

static void pairs_are_decoded(void **state)
{
	static const struct {
		const char *text, *pairs; /* "name=value;…" after decoding */
	} rows[] = {{"", ""}, {"a=1", "a=1;"}, {"a=1&b=2", "a=1;b=2;"}, {"&&a=1&&", "a=1;"},
		{"a", "a=;"}, {"=1", "=1;"}, {"a=b=c", "a=b=c;"}, {"a=x+y%20z", "a=x y z;"},
		{"%61=%3d%26", "a==&;"}, {"a=%", "a=%;"}, {"a=%4", "a=%4;"}, {"a=%zz", "a=%zz;"},
		{"a=100%25", "a=100%;"}, {"a=%C3%bc", "a=\xc3\xbc;"}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct str name = STR_INIT(100), value = STR_INIT(100), all = STR_INIT(100);
		struct urlencoded u = {rows[i].text, strlen(rows[i].text)};

		while (urlencoded_next(&u, &name, &value))
			str_addf(&all, "%s=%s;", str_get(&name), str_get(&value));
		assert_string_equal(str_get(&all), rows[i].pairs);
		str_deinit(&name);
		str_deinit(&value);
		str_deinit(&all);
	}
}

static void any_byte_may_be_in_them(void **state)
{
	struct str name = STR_INIT(100), value = STR_INIT(100);
	struct urlencoded u = {"a%00b=%ff\0", 10};

	assert_true(urlencoded_next(&u, &name, &value));
	assert_int_equal(name.len, 3);
	assert_memory_equal(name.data, "a\0b", 3);
	assert_int_equal(value.len, 2);
	assert_memory_equal(value.data, "\xff\0", 2);
	assert_false(urlencoded_next(&u, &name, &value));
	str_deinit(&name);
	str_deinit(&value);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pairs_are_decoded),
		cmocka_unit_test(any_byte_may_be_in_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
