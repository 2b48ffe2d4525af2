/* SPDX-License-Identifier: MIT */
/* test_capture: what is kept, within bounds, charged to the byte, and who is told. */

#include "../cm.h"

#include <string.h>

#include "base/mem.h"
#include "inspect/capture.h"

static struct capture capture;
static struct capture_limits limits;

static int setup(void **state)
{
	(void)state;
	limits = (struct capture_limits){
		.requests = 10, .bytes = 1 << 20, .body = 1000, .messages = 3};
	capture_init(&capture, &limits);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	capture_deinit(&capture);
	return 0;
}

static void limit(size_t requests, size_t bytes)
{
	limits.requests = requests;
	limits.bytes = bytes;
	capture_set_limits(&capture, &limits);
}

/* A finished exchange; the capture alone has it. */
static uint64_t one(const char *tunnel)
{
	struct exchange *e = capture_begin(&capture, tunnel, "192.0.2.1:5", false);
	uint64_t id = e->id;

	capture_end(e, NULL);
	exchange_unref(e);
	return id;
}

static size_t sum(void)
{
	size_t n = 0;

	list_each (e, &capture.exchanges, struct exchange, node)
		n += e->bytes;
	return n;
}

static const struct http_span get = {"GET", 3}, slash = {"/", 1};

static void the_oldest_goes_when_there_are_too_many(void **state)
{
	(void)state;
	for (int i = 0; i < 12; i++)
		(void)one("web");
	assert_int_equal(capture.n, 10);
	assert_int_equal(capture.seen, 12);
	assert_int_equal(capture.dropped, 2);
	assert_null(capture_find(&capture, 2));
	assert_int_equal(capture_find(&capture, 3)->id, 3);
	assert_int_equal(capture_find(&capture, 12)->id, 12);
}

static void the_oldest_goes_when_they_are_too_big(void **state)
{
	static const char body[900];
	struct exchange *e;

	(void)state;
	limit(100, 4 * (CAPTURE_EXCHANGE_BYTES + 1000));
	for (int i = 0; i < 10; i++) {
		e = capture_begin(&capture, "web", "", false);
		capture_add_body(e, EXCHANGE_RESPONSE, body, sizeof(body));
		capture_end(e, NULL);
		exchange_unref(e);
		assert_true(capture.bytes <= limits.bytes);
		assert_int_equal(capture.bytes, sum());
	}
	assert_int_equal(capture.n, 4);
	assert_int_equal(capture.n + capture.dropped, capture.seen);
}

static void an_open_exchange_goes_too_and_takes_nothing_more(void **state)
{
	struct exchange *e = capture_begin(&capture, "web", "", false);
	size_t bytes;

	(void)state;
	capture_set_request(e, get, slash, 1);
	capture_set_head(e, EXCHANGE_REQUEST, "abc", 3);
	capture_add_body(e, EXCHANGE_REQUEST, "abc", 3);
	capture_add_message(e, EXCHANGE_REQUEST, EXCHANGE_MESSAGE_TEXT, "abc", 3, 3);
	capture_grow_message(e, EXCHANGE_REQUEST, "abc", 3);
	for (int i = 0; i < 10; i++)
		(void)one("web");
	assert_null(e->capture);
	assert_null(e->part[0].head);
	assert_null(e->part[0].body);
	assert_null(e->method);
	assert_null(e->coming[EXCHANGE_REQUEST]);
	assert_true(list_is_empty(&e->messages));
	bytes = capture.bytes;
	capture_set_request(e, get, slash, 1);
	capture_set_head(e, EXCHANGE_REQUEST, "abc", 3);
	capture_expect_body(e, EXCHANGE_RESPONSE, 10);
	capture_add_body(e, EXCHANGE_REQUEST, "abc", 3);
	capture_add_message(e, EXCHANGE_REQUEST, EXCHANGE_MESSAGE_TEXT, "abc", 3, 3);
	capture_announce(e, CAPTURE_CHANGED);
	capture_end(e, "words");
	assert_int_equal(e->bytes, 0);
	assert_int_equal(capture.bytes, bytes);
	assert_int_equal(e->state, EXCHANGE_OPEN);
	exchange_unref(e);
}

static void every_byte_is_given_back(void **state)
{
	struct exchange *e = capture_begin(&capture, "web", "", false);

	(void)state;
	capture_set_request(e, get, slash, 1);
	capture_set_head(e, EXCHANGE_REQUEST, "abc", 3);
	capture_set_head(e, EXCHANGE_REQUEST, "abcdef", 6);
	capture_add_body(e, EXCHANGE_REQUEST, "abc", 3);
	capture_expect_body(e, EXCHANGE_RESPONSE, 10);
	capture_add_body(e, EXCHANGE_RESPONSE, "abc", 3);
	capture_count_body(e, EXCHANGE_RESPONSE, 7);
	for (int i = 0; i < 5; i++)
		capture_add_message(e, EXCHANGE_REQUEST, EXCHANGE_MESSAGE_TEXT, "0123456789", 10,
			10);
	assert_true(capture.bytes > CAPTURE_EXCHANGE_BYTES + 4 + 6 + 512 + 10);
	capture_end(e, NULL);
	/* a body that is over has no spare room */
	assert_int_equal(e->bytes, CAPTURE_EXCHANGE_BYTES + 4 + 6 + 3 + 3 +
					   3 * (sizeof(struct exchange_message) + 10));
	assert_int_equal(capture.bytes, e->bytes);
	assert_int_equal(e->part[EXCHANGE_RESPONSE].size, 10);
	exchange_unref(e);
	assert_int_equal(capture_clear(&capture, NULL), 1);
	assert_int_equal(capture.bytes, 0);
	assert_int_equal(capture.n, 0);
}

static void a_body_is_kept_up_to_its_limit_and_counted_beyond(void **state)
{
	struct exchange *e = capture_begin(&capture, "web", "", false);
	const struct exchange_part *p = &e->part[EXCHANGE_RESPONSE];
	char bytes[300];

	(void)state;
	capture_expect_body(e, EXCHANGE_RESPONSE, UINT64_MAX);
	assert_int_equal(p->cap, 1000);
	for (int i = 0; i < 5; i++) {
		memset(bytes, 'a' + i, sizeof(bytes));
		capture_add_body(e, EXCHANGE_RESPONSE, bytes, sizeof(bytes));
	}
	assert_int_equal(p->size, 1500);
	assert_int_equal(p->kept, 1000);
	assert_int_equal(p->body[0], 'a');
	assert_int_equal(p->body[599], 'b');
	assert_int_equal(p->body[999], 'd');
	exchange_unref(e);
}

static void a_body_has_no_gaps(void **state)
{
	struct exchange *e = capture_begin(&capture, "web", "", false);
	const struct exchange_part *p = &e->part[EXCHANGE_RESPONSE];

	(void)state;
	capture_add_body(e, EXCHANGE_RESPONSE, "abc", 3);
	capture_count_body(e, EXCHANGE_RESPONSE, 2);
	capture_add_body(e, EXCHANGE_RESPONSE, "def", 3);
	assert_int_equal(p->size, 8);
	assert_int_equal(p->kept, 3);
	exchange_unref(e);
}

static void a_lowered_limit_holds_for_a_body_that_is_there(void **state)
{
	static const char bytes[900];
	struct exchange *e = capture_begin(&capture, "web", "", false);
	const struct exchange_part *p = &e->part[EXCHANGE_RESPONSE];

	(void)state;
	capture_add_body(e, EXCHANGE_RESPONSE, bytes, 900);
	limits.body = 10;
	capture_set_limits(&capture, &limits);
	capture_add_body(e, EXCHANGE_RESPONSE, bytes, 900);
	assert_int_equal(p->size, 1800);
	assert_int_equal(p->kept, 900);
	exchange_unref(e);
}

static void the_newest_messages_are_kept(void **state)
{
	struct exchange *e = capture_begin(&capture, "web", "", false);
	const struct exchange_message *m;

	(void)state;
	for (int i = 0; i < 5; i++)
		capture_add_message(e, EXCHANGE_RESPONSE, EXCHANGE_MESSAGE_BINARY,
			&(char){(char)('0' + i)}, 1, 5);
	assert_int_equal(e->n_messages, 5);
	assert_int_equal(e->n_kept_messages, 3);
	m = list_entry(e->messages.next, struct exchange_message, node);
	assert_int_equal(m->bytes[0], '2');
	assert_int_equal(m->kept, 1);
	assert_int_equal(m->size, 5);
	assert_int_equal(m->from, EXCHANGE_RESPONSE);
	limits.messages = 0;
	capture_set_limits(&capture, &limits);
	capture_add_message(e, EXCHANGE_RESPONSE, EXCHANGE_MESSAGE_BINARY, "x", 1, 1);
	assert_int_equal(e->n_messages, 6);
	assert_int_equal(e->n_kept_messages, 0);
	exchange_unref(e);
}

static void a_message_may_come_in_pieces(void **state)
{
	static const char bytes[700];
	struct exchange *e = capture_begin(&capture, "web", "", false);
	const struct exchange_message *m;
	size_t before = e->bytes;

	(void)state;
	capture_grow_message(e, EXCHANGE_REQUEST, "ab", 2);
	capture_add_message(e, EXCHANGE_REQUEST, EXCHANGE_MESSAGE_PING, "p", 1, 1);
	capture_grow_message(e, EXCHANGE_RESPONSE, bytes, 700);
	capture_grow_message(e, EXCHANGE_REQUEST, "cd", 2);
	capture_grow_message(e, EXCHANGE_RESPONSE, bytes, 700);
	capture_grow_message(e, EXCHANGE_RESPONSE, NULL, 100);
	assert_int_equal(e->n_messages, 1);
	capture_finish_message(e, EXCHANGE_REQUEST, EXCHANGE_MESSAGE_TEXT);
	capture_finish_message(e, EXCHANGE_RESPONSE, EXCHANGE_MESSAGE_BINARY);
	m = list_entry(e->messages.next->next, struct exchange_message, node);
	assert_int_equal(m->kept, 4);
	assert_memory_equal(m->bytes, "abcd", 4);
	m = list_entry(m->node.next, struct exchange_message, node);
	assert_int_equal(m->size, 1500);
	assert_int_equal(m->kept, limits.body);
	assert_int_equal(e->bytes, before + 3 * sizeof(*m) + 1 + 4 + limits.body);
	capture_grow_message(e, EXCHANGE_RESPONSE, "x", 1);
	capture_drop_message(e, EXCHANGE_RESPONSE);
	assert_int_equal(e->bytes, before + 3 * sizeof(*m) + 1 + 4 + limits.body);
	capture_finish_message(e, EXCHANGE_RESPONSE, EXCHANGE_MESSAGE_TEXT);
	m = list_entry(e->messages.prev, struct exchange_message, node);
	assert_int_equal(m->size, 0);
	capture_grow_message(e, EXCHANGE_RESPONSE, "x", 1);
	capture_end(e, NULL);
	assert_null(e->coming[EXCHANGE_RESPONSE]);
	exchange_unref(e);
}

static void a_message_whose_beginning_did_not_fit_is_not_kept(void **state)
{
	struct exchange *e;

	(void)state;
	limit(10, CAPTURE_EXCHANGE_BYTES + 10);
	e = capture_begin(&capture, "web", "", false);
	capture_grow_message(e, EXCHANGE_RESPONSE, "ab", 2);
	limit(10, 1 << 20);
	capture_grow_message(e, EXCHANGE_RESPONSE, "cd", 2);
	capture_finish_message(e, EXCHANGE_RESPONSE, EXCHANGE_MESSAGE_TEXT);
	assert_int_equal(e->n_messages, 1);
	assert_int_equal(e->n_kept_messages, 0);
	capture_grow_message(e, EXCHANGE_RESPONSE, "ef", 2);
	capture_finish_message(e, EXCHANGE_RESPONSE, EXCHANGE_MESSAGE_TEXT);
	assert_int_equal(e->n_kept_messages, 1);
	exchange_unref(e);
}

static void one_exchange_above_all_bounds_keeps_what_fits(void **state)
{
	static const char bytes[1000];
	struct exchange *e;

	(void)state;
	limit(10, CAPTURE_EXCHANGE_BYTES + 100);
	e = capture_begin(&capture, "web", "", false);
	capture_set_head(e, EXCHANGE_REQUEST, bytes, 1000);
	assert_null(e->part[0].head);
	capture_add_body(e, EXCHANGE_RESPONSE, bytes, 1000);
	capture_add_message(e, EXCHANGE_RESPONSE, EXCHANGE_MESSAGE_BINARY, bytes, 1000, 1000);
	assert_true(capture.bytes <= limits.bytes);
	assert_ptr_equal(capture_find(&capture, e->id), e);
	exchange_unref(e);
}

static void a_newer_exchange_does_not_make_room_for_an_old_one(void **state)
{
	static const char bytes[1000];
	struct exchange *old, *new;

	(void)state;
	limit(10, 2 * (CAPTURE_EXCHANGE_BYTES + 600));
	old = capture_begin(&capture, "web", "", false);
	new = capture_begin(&capture, "web", "", false);
	capture_add_body(new, EXCHANGE_RESPONSE, bytes, 1000);
	capture_add_body(old, EXCHANGE_RESPONSE, bytes, 1000);
	assert_int_equal(new->part[EXCHANGE_RESPONSE].kept, 1000);
	assert_int_equal(old->part[EXCHANGE_RESPONSE].kept, 200);
	assert_int_equal(capture.bytes, limits.bytes);
	exchange_unref(old);
	exchange_unref(new);
}

static void nothing_is_begun_where_nothing_is_kept(void **state)
{
	(void)state;
	limit(0, 1 << 20);
	assert_null(capture_begin(&capture, "web", "", false));
	limit(10, CAPTURE_EXCHANGE_BYTES - 1);
	assert_null(capture_begin(&capture, "web", "", false));
	assert_int_equal(capture.seen, 0);
}

static void clearing_leaves_what_is_open_and_other_tunnels(void **state)
{
	struct exchange *open = capture_begin(&capture, "web", "", false);

	(void)state;
	(void)one("web");
	(void)one("api");
	(void)one("web");
	assert_int_equal(capture_clear(&capture, "web"), 2);
	assert_int_equal(capture.n, 2);
	assert_int_equal(capture_clear(&capture, NULL), 1);
	assert_ptr_equal(capture_find(&capture, open->id), open);
	exchange_unref(open);
}

static void each_is_found_by_its_number_whatever_has_gone(void **state)
{
	struct exchange *open;
	uint64_t last = 0;

	limit(5000, 64 << 20);
	for (int i = 0; i < 4000; i++)
		last = one(i % 2 ? "b" : "a");
	assert_in_range(capture.by_id.cap, 4000, 16004);
	assert_true(capture.by_id.cap * 2 * sizeof(void *) <= (capture.n + 1) * IDMAP_SHARE);
	open = capture_begin(&capture, "a", "v", false);
	assert_int_equal(capture_clear(&capture, "a"), 2000);
	for (uint64_t id = 1; id <= last; id++) {
		struct exchange *e = capture_find(&capture, id);

		assert_int_equal(e ? e->id : 0, id % 2 ? 0 : id);
	}
	assert_int_equal(capture_clear(&capture, NULL), 2000);
	assert_ptr_equal(capture_find(&capture, open->id), open);
	assert_null(capture_find(&capture, open->id + (1ull << 32)));
	assert_in_range(capture.by_id.cap, 1, 8);
	exchange_unref(open);
}

static void a_number_that_comes_round_takes_the_place_of_the_old_one(void **state)
{
	struct exchange *old = capture_begin(&capture, "a", "v", false), *e;

	capture.last_id += (1ull << 32) - 1;
	e = capture_begin(&capture, "a", "v", false);
	assert_null(capture_find(&capture, old->id));
	assert_null(old->capture);
	assert_ptr_equal(capture_find(&capture, e->id), e);
	exchange_unref(old);
	exchange_unref(e);
}

static void an_exchange_ends_once(void **state)
{
	struct exchange *e = capture_begin(&capture, "web", "", false);

	(void)state;
	capture_end(e, "words");
	assert_int_equal(e->state, EXCHANGE_FAILED);
	assert_string_equal(e->error, "words");
	capture_end(e, NULL);
	assert_int_equal(e->state, EXCHANGE_FAILED);
	exchange_unref(e);
}

/* --- watches --------------------------------------------------------------------------------- */

struct watch {
	struct capture_watch w;
	struct watch *kills; /* takes this one out when it is told */
	int told;
	enum capture_event last;
	uint64_t id;
};

static void on_change(struct capture_watch *w, struct exchange *e, enum capture_event ev)
{
	struct watch *me = container_of(w, struct watch, w);

	me->told++;
	me->last = ev;
	me->id = e->id;
	if (me->kills)
		capture_unwatch(&capture, &me->kills->w);
}

static void who_watches_is_told_each_event(void **state)
{
	struct watch a = {0};
	struct exchange *e = capture_begin(&capture, "web", "", false);

	(void)state;
	capture_watch(&capture, &a.w, on_change);
	capture_announce(e, CAPTURE_NEW);
	assert_int_equal(a.last, CAPTURE_NEW);
	assert_int_equal(a.id, e->id);
	capture_end(e, NULL);
	assert_int_equal(a.last, CAPTURE_ENDED);
	assert_int_equal(capture_clear(&capture, NULL), 1);
	assert_int_equal(a.last, CAPTURE_GONE);
	assert_int_equal(a.told, 3);
	capture_announce(e, CAPTURE_CHANGED);
	assert_int_equal(a.told, 3);
	exchange_unref(e);
	capture_unwatch(&capture, &a.w);
	capture_unwatch(&capture, &a.w);
	(void)one("web");
	assert_int_equal(a.told, 3);
}

static void a_watch_may_take_out_any(void **state)
{
	struct watch w[3] = {0};
	struct exchange *e = capture_begin(&capture, "web", "", false);

	(void)state;
	for (int i = 0; i < 3; i++)
		capture_watch(&capture, &w[i].w, on_change);
	w[0].kills = &w[1];
	capture_announce(e, CAPTURE_CHANGED);
	assert_int_equal(w[0].told, 1);
	assert_int_equal(w[1].told, 0);
	assert_int_equal(w[2].told, 1);
	w[0].kills = NULL;
	w[2].kills = &w[2];
	capture_announce(e, CAPTURE_CHANGED);
	capture_announce(e, CAPTURE_CHANGED);
	assert_int_equal(w[0].told, 3);
	assert_int_equal(w[2].told, 2);
	capture_unwatch(&capture, &w[0].w);
	capture_end(e, NULL);
	assert_int_equal(w[0].told, 3);
	exchange_unref(e);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(the_oldest_goes_when_there_are_too_many),
		TEST(the_oldest_goes_when_they_are_too_big),
		TEST(an_open_exchange_goes_too_and_takes_nothing_more),
		TEST(every_byte_is_given_back),
		TEST(a_body_is_kept_up_to_its_limit_and_counted_beyond),
		TEST(a_body_has_no_gaps),
		TEST(a_lowered_limit_holds_for_a_body_that_is_there),
		TEST(the_newest_messages_are_kept),
		TEST(a_message_may_come_in_pieces),
		TEST(a_message_whose_beginning_did_not_fit_is_not_kept),
		TEST(one_exchange_above_all_bounds_keeps_what_fits),
		TEST(a_newer_exchange_does_not_make_room_for_an_old_one),
		TEST(nothing_is_begun_where_nothing_is_kept),
		TEST(clearing_leaves_what_is_open_and_other_tunnels),
		TEST(each_is_found_by_its_number_whatever_has_gone),
		TEST(a_number_that_comes_round_takes_the_place_of_the_old_one),
		TEST(an_exchange_ends_once),
		TEST(who_watches_is_told_each_event),
		TEST(a_watch_may_take_out_any),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
