/* SPDX-License-Identifier: MIT */
/* test_sse: a stream of lines as events, whatever ends the lines and wherever it is cut. */

#include "../cm.h"

#include <string.h>

#include "base/str.h"
#include "inspect/sse.h"

static struct str events = STR_INIT(10000);

static void on_more(struct sse *s, const uint8_t *bytes, size_t n)
{
	(void)s;
	str_add_n(&events, bytes, n);
}

static void on_whole(struct sse *s, bool event)
{
	(void)s;
	str_add(&events, event ? "|" : "(none)");
}

static const struct sse_ops ops = {.more = on_more, .whole = on_whole};

static void assert_events(const char *text, const char *want)
{
	size_t n = strlen(text);

	for (size_t step = 1; step <= n; step++) {
		struct sse s;

		str_clear(&events);
		sse_init(&s, &ops);
		for (size_t at = 0; at < n; at += step)
			sse_take(&s, (const uint8_t *)text + at, n - at < step ? n - at : step);
		assert_string_equal(str_get(&events), want);
	}
}

static void an_empty_line_ends_an_event(void **state)
{
	(void)state;
	assert_events("data: a\n\nevent: x\ndata: b\n\n", "data: a\n|event: x\ndata: b\n|");
}

static void any_line_end_will_do(void **state)
{
	(void)state;
	assert_events("data: a\r\n\r\ndata: b\r\rdata: c\n\ndata: d\r\n\ndata: e\n\r\n",
		"data: a\r\n|data: b\r|data: c\n|data: d\r\n|data: e\n|");
}

static void comments_alone_are_no_event(void **state)
{
	(void)state;
	assert_events(": ping\n\n:\r\n\r\n: with\ndata: a\n\n",
		": ping\n(none):\r\n(none): with\ndata: a\n|");
}

static void empty_lines_alone_are_nothing(void **state)
{
	(void)state;
	assert_events("\n\r\n\n\rdata\n\n\n\n", "data\n|");
}

static void an_event_without_its_end_is_not_whole(void **state)
{
	(void)state;
	assert_events("data: a\n", "data: a\n");
}

static int leave(void **state)
{
	(void)state;
	str_deinit(&events);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_line_ends_an_event),
		cmocka_unit_test(any_line_end_will_do),
		cmocka_unit_test(comments_alone_are_no_event),
		cmocka_unit_test(empty_lines_alone_are_nothing),
		cmocka_unit_test(an_event_without_its_end_is_not_whole),
	};

	return cmocka_run_group_tests(tests, NULL, leave);
}
