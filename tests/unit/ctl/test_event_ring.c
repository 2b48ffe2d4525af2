/* SPDX-License-Identifier: MIT */
/* test_event_ring: the last log events, however long and however many. */

#include "../cm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "ctl/event_ring.h"

static struct event_ring ring;

static int setup(void **state)
{
	event_ring_init(&ring);
	return 0;
}

static int teardown(void **state)
{
	event_ring_deinit(&ring);
	return 0;
}

static void add(const char *message, const struct log_field *fields, size_t n)
{
	event_ring_add(&ring, &(struct event){.time_ms = 17,
				      .level = LOG_LV_INFO,
				      .message = message,
				      .fields = fields,
				      .n = n});
}

static void nothing_is_allocated_before_the_first_event(void **state)
{
	assert_null(ring.bytes);
	assert_int_equal(ring.next - ring.oldest, 0);
}

static void an_event_comes_back_as_it_was_but_for_absent_fields(void **state)
{
	const struct log_field in[] = {{"A", "1"}, {"B", NULL}, {"C", ""}};
	struct log_field out[EVENT_RING_FIELDS];
	struct event ev;

	add("hello", in, ARRAY_SIZE(in));
	event_ring_get(&ring, 0, &ev, out);
	assert_int_equal(ev.time_ms, 17);
	assert_int_equal(ev.level, LOG_LV_INFO);
	assert_string_equal(ev.message, "hello");
	assert_int_equal(ev.n, 2);
	assert_string_equal(ev.fields[0].key, "A");
	assert_string_equal(ev.fields[0].value, "1");
	assert_string_equal(ev.fields[1].key, "C");
	assert_string_equal(ev.fields[1].value, "");
}

static void an_event_that_is_too_large_loses_its_fields(void **state)
{
	static char huge[300000];
	struct log_field out[EVENT_RING_FIELDS];
	struct event ev;

	memset(huge, 'x', sizeof(huge) - 1);
	add("kept", &(struct log_field){"TEXT", huge}, 1);
	event_ring_get(&ring, 0, &ev, out);
	assert_string_equal(ev.message, "kept");
	assert_int_equal(ev.n, 0);
}

static void more_fields_than_there_is_room_for_are_left_out(void **state)
{
	struct log_field in[EVENT_RING_FIELDS + 5], out[EVENT_RING_FIELDS];
	struct event ev;

	for (size_t i = 0; i < ARRAY_SIZE(in); i++)
		in[i] = (struct log_field){"K", "v"};
	add("many", in, ARRAY_SIZE(in));
	event_ring_get(&ring, 0, &ev, out);
	assert_int_equal(ev.n, EVENT_RING_FIELDS);
}

/* Every event that is kept says its own number, whatever the lengths: none was written over. */
static void check_all(void)
{
	struct log_field out[EVENT_RING_FIELDS];

	for (uint64_t i = ring.oldest; i < ring.next; i++) {
		struct event ev;

		event_ring_get(&ring, i, &ev, out);
		assert_int_equal(strtoull(ev.message, NULL, 10), i);
		assert_int_equal(ev.n, 1);
		assert_int_equal(strlen(ev.fields[0].value), i * 7919 % 7000);
	}
}

static void the_oldest_make_room_and_none_is_written_over(void **state)
{
	static char text[7001];

	memset(text, 'x', sizeof(text) - 1);
	for (uint64_t i = 0; i < 3000; i++) {
		char number[24];

		(void)snprintf(number, sizeof(number), "%llu", (unsigned long long)i);
		add(number, &(struct log_field){"TEXT", text + 7000 - i * 7919 % 7000}, 1);
		assert_int_equal(ring.next, i + 1);
		check_all();
	}
	/* a quarter of a MiB holds more than 60 of 3.5 KiB each */
	assert_in_range(ring.next - ring.oldest, 60, EVENT_RING_EVENTS);
}

static void small_events_are_kept_up_to_their_number(void **state)
{
	for (int i = 0; i < 3 * EVENT_RING_EVENTS + 7; i++)
		add("small", NULL, 0);
	assert_int_equal(ring.next - ring.oldest, EVENT_RING_EVENTS);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_allocated_before_the_first_event),
		TEST(an_event_comes_back_as_it_was_but_for_absent_fields),
		TEST(an_event_that_is_too_large_loses_its_fields),
		TEST(more_fields_than_there_is_room_for_are_left_out),
		TEST(the_oldest_make_room_and_none_is_written_over),
		TEST(small_events_are_kept_up_to_their_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
