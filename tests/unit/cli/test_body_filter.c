/* SPDX-License-Identifier: MIT */
/* test_body_filter: jq filters on bodies; those that never end, and those that want everything. */

#include "../cm.h"

#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/macros.h"
#include "cli/body_filter.h"

static enum body_filter_result judge(const char *filter, const char *body, uint64_t ms,
	struct err *err)
{
	struct body_filter *f = body_filter_new(filter, err);
	enum body_filter_result r;

	if (!f)
		fail_msg("%s", err->text);
	r = body_filter_judge(f, body, strlen(body), ms, err);
	assert_int_equal(r == BODY_FILTER_TRUE, err->text[0] == '\0');
	body_filter_free(f);
	return r;
}

#if HAVE_JQ
static void a_filter_is_true_or_not(void **state)
{
	static const struct {
		const char *filter, *body;
		enum body_filter_result result;
	} rows[] = {{".event==\"push\"", "{\"event\":\"push\"}", BODY_FILTER_TRUE},
		{".event==\"push\"", "{\"event\":\"pull\"}", BODY_FILTER_FALSE},
		{".event", "{\"event\":0}", BODY_FILTER_TRUE}, {".event", "{}", BODY_FILTER_FALSE},
		{".[]", "[false,1]", BODY_FILTER_TRUE}, {".[]", "[1,null]", BODY_FILTER_FALSE},
		{"empty", "{}", BODY_FILTER_FALSE}, {".a.b", "[]", BODY_FILTER_ERROR},
		{"error(\"no\")", "1", BODY_FILTER_ERROR}, {".", "{", BODY_FILTER_ERROR},
		{".", "", BODY_FILTER_ERROR}, {"input", "1", BODY_FILTER_ERROR},
		{"debug", "1", BODY_FILTER_TRUE}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err err = {0};
		enum body_filter_result r = judge(rows[i].filter, rows[i].body, 10000, &err);

		if (r != rows[i].result)
			fail_msg("%s on %s: %d (%s)", rows[i].filter, rows[i].body, (int)r,
				err.text);
	}
}

static void one_filter_judges_many_bodies(void **state)
{
	struct err err = {0};
	struct body_filter *f = body_filter_new(".n % 2 == 0", &err);

	for (int i = 0; i < 10; i++) {
		const char body[] = {'{', '"', 'n', '"', ':', (char)('0' + i), '}'};

		assert_int_equal(body_filter_judge(f, body, sizeof(body), 10000, &err),
			i % 2 ? BODY_FILTER_FALSE : BODY_FILTER_TRUE);
	}
	body_filter_free(f);
}

static void what_is_no_filter_is_refused_in_words(void **state)
{
	static const char *const bad[] = {
		".event==", "nothing_called_that", "(", "import \"a\" as a; 1", "include \"a\"; 1"};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct err err = {0};

		assert_null(body_filter_new(bad[i], &err));
		assert_non_null(strstr(err.text, bad[i]));
		assert_non_null(strstr(err.text, "is no jq filter: "));
	}
}

static void a_filter_without_end_is_ended(void **state)
{
	struct err err = {0};
	clock_ms_t began = clock_ms();

	assert_int_equal(judge("def f: f; f", "{}", 300, &err), BODY_FILTER_SLOW);
	assert_string_equal(err.text, "the filter did not come to an end");
	assert_true(clock_ms() - began >= 300);
}

#if !HAS_ASAN /* which has all the addresses itself */
static void a_filter_that_wants_all_memory_gets_none(void **state)
{
	struct err err = {0};

	assert_int_equal(judge("def f: . + .; reduce range(60) as $i (\"xxxxxxxx\"; f)", "{}",
				 60000, &err),
		BODY_FILTER_SLOW);
	assert_string_equal(err.text, "the filter ended before it had judged the body");
}
#endif
#else
static void without_libjq_it_is_said_so(void **state)
{
	struct err err = {0};

	assert_null(body_filter_new(".", &err));
	assert_non_null(strstr(err.text, "without libjq"));
	(void)judge;
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
#if HAVE_JQ
		cmocka_unit_test(a_filter_is_true_or_not),
		cmocka_unit_test(one_filter_judges_many_bodies),
		cmocka_unit_test(what_is_no_filter_is_refused_in_words),
		cmocka_unit_test(a_filter_without_end_is_ended),
#if !HAS_ASAN
		cmocka_unit_test(a_filter_that_wants_all_memory_gets_none),
#endif
#else
		cmocka_unit_test(without_libjq_it_is_said_so),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
