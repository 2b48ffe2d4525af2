/* SPDX-License-Identifier: MIT */
/* test_parking: who may wait, how long, for whom, and in which order they go on. */

#include "../cm.h"

#include "../io/io_test.h"

#include "server/parking.h"
#include "server/peer.h"
#include "server/tunnel.h"

static struct parking lot;
static struct tunnel *web, *other;
static struct peer peer; /* a session that serves whatever is given to it */
static unsigned int changes;

struct visitor {
	struct parked parked;
	int told; /* 0: waits; else its turn, negative: it gave up */
	bool comes_again;
};

static int turns;

static void go_on(struct parked *p)
{
	struct visitor *v = container_of(p, struct visitor, parked);

	assert_null(p->tunnel);
	v->told = ++turns;
}

static void give_up(struct parked *p)
{
	struct visitor *v = container_of(p, struct visitor, parked);

	v->told = -++turns;
	if (v->comes_again)
		v->comes_again = parking_enter(&lot, p, web, 10);
}

static const struct parked_ops ops = {.go_on = go_on, .give_up = give_up};

static bool enter(struct visitor *v, struct tunnel *t, size_t bytes)
{
	v->parked.ops = &ops;
	return parking_enter(&lot, &v->parked, t, bytes);
}

static void on_changed(struct parking *k)
{
	changes++;
}

static void serve(struct tunnel *t)
{
	t->kept_until = 0;
	t->peer = &peer;
	parking_look(&lot);
}

static void lose(struct tunnel *t)
{
	t->peer = NULL;
	t->kept_until = clock_ms() + 60000;
}

static int setup(void **state)
{
	static struct link link;

	assert_int_equal(loop_init(&loop), 0);
	parking_init(&lot, &loop, on_changed);
	lot.limits = (struct parking_limits){.visitors = 8, .bytes = 1000, .wait_ms = 10000};
	web = tunnel_new(HELLO_PROTO_HTTP, "web", "alice");
	other = tunnel_new(HELLO_PROTO_HTTP, "other", "bob");
	lose(web);
	lose(other);
	memset(&peer, 0, sizeof(peer));
	peer.session.base_link = &link;
	peer.session.greeted = true;
	turns = 0;
	changes = 0;
	return 0;
}

static int teardown(void **state)
{
	parking_close(&lot);
	assert_int_equal(lot.n, 0);
	assert_int_equal(lot.bytes, 0);
	assert_int_equal(web->parked, 0);
	assert_int_equal(web->parked_bytes, 0);
	web->peer = other->peer = NULL;
	tunnel_unref(web);
	tunnel_unref(other);
	loop_deinit(&loop);
	return 0;
}

static void those_of_a_tunnel_go_on_in_their_order_and_no_others(void **state)
{
	static struct visitor a, b, c;

	assert_true(enter(&a, web, 1));
	assert_true(enter(&b, other, 1));
	assert_true(enter(&c, web, 1));
	serve(web);
	assert_int_equal(a.told, 0); /* from the loop, not from inside */
	until(lot.n == 1);
	assert_int_equal(a.told, 1);
	assert_int_equal(c.told, 2);
	assert_int_equal(b.told, 0);
	assert_int_equal(lot.total, 3);
	assert_int_equal(changes, 5);
}

static void a_session_without_a_connection_or_on_its_way_out_is_waited_for(void **state)
{
	static struct visitor a, b;
	struct link *link = peer.session.base_link;

	peer.session.base_link = NULL;
	serve(web);
	assert_true(enter(&a, web, 1));
	turn();
	assert_int_equal(a.told, 0);
	peer.session.base_link = link;
	peer.session.draining = true;
	assert_true(enter(&b, web, 1));
	parking_look(&lot);
	turn();
	assert_int_equal(lot.n, 2);
	peer.session.draining = false;
	parking_look(&lot);
	until(lot.n == 0);
	assert_int_equal(a.told, 1);
	assert_int_equal(b.told, 2);
}

static void one_tunnel_has_half_of_the_places_and_half_of_the_bytes(void **state)
{
	static struct visitor v[9];

	for (size_t i = 0; i < 4; i++)
		assert_true(enter(&v[i], web, 1));
	assert_false(enter(&v[4], web, 1));
	assert_int_equal(lot.refused, 1);
	assert_true(enter(&v[4], other, 500));
	assert_false(enter(&v[5], other, 1));
	parking_leave(&lot, &v[4].parked);
	assert_true(enter(&v[5], other, 1));
	assert_int_equal(lot.n, 5);
	assert_int_equal(lot.bytes, 5);
}

static void nobody_waits_longer_than_the_limit_however_often_it_is_parked(void **state)
{
	static struct visitor v = {.comes_again = true};

	lot.limits.wait_ms = 30;
	v.parked.waited_ms = 10;
	assert_true(enter(&v, web, 1));
	assert_in_range(v.parked.until, clock_ms(), clock_ms() + 20);
	until(v.told != 0);
	assert_int_equal(v.told, -1);
	assert_false(v.comes_again); /* it has waited for all that it may */
	assert_true(v.parked.waited_ms >= 30);
	assert_int_equal(lot.total, 0); /* it was counted when it came first */
}

static void who_leaves_is_not_told(void **state)
{
	static struct visitor a, b;

	assert_true(enter(&a, web, 7));
	assert_true(enter(&b, web, 8));
	parking_leave(&lot, &a.parked);
	parking_leave(&lot, &a.parked);
	assert_int_equal(lot.bytes, 8);
	serve(web);
	until(lot.n == 0);
	assert_int_equal(a.told, 0);
	assert_int_equal(b.told, 1);
}

static void what_will_not_come_back_is_not_waited_for(void **state)
{
	static struct visitor a, b;

	assert_true(enter(&a, web, 1));
	web->kept_until = 0;
	assert_false(enter(&b, web, 1));
	assert_int_equal(lot.refused, 0); /* it was not for want of room */
	parking_look(&lot);
	until(a.told != 0);
	assert_int_equal(a.told, -1);
}

static void closing_ends_the_wait_and_lets_nobody_in(void **state)
{
	static struct visitor a, b;

	assert_true(enter(&a, web, 1));
	parking_close(&lot);
	assert_int_equal(a.told, -1);
	assert_false(enter(&b, web, 1));
	assert_int_equal(parking_retry_s(&lot, web), 1);
}

static void retry_after_is_when_it_is_worth_coming_again(void **state)
{
	static struct visitor v[4];

	assert_int_equal(parking_retry_s(&lot, web), 10);
	web->kept_until = loop_now(&loop) + 2500; /* then the name is free */
	assert_int_equal(parking_retry_s(&lot, web), 3);
	web->kept_until = loop_now(&loop) + 60000;
	lot.limits.wait_ms = 4000;
	for (size_t i = 0; i < 4; i++)
		assert_true(enter(&v[i], web, 1));
	lot.limits.wait_ms = 20000;
	assert_in_range(parking_retry_s(&lot, web), 3, 4); /* then the first one gives up */
	assert_int_equal(parking_retry_s(&lot, other), 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		TEST(those_of_a_tunnel_go_on_in_their_order_and_no_others),
		TEST(a_session_without_a_connection_or_on_its_way_out_is_waited_for),
		TEST(one_tunnel_has_half_of_the_places_and_half_of_the_bytes),
		TEST(nobody_waits_longer_than_the_limit_however_often_it_is_parked),
		TEST(who_leaves_is_not_told),
		TEST(what_will_not_come_back_is_not_waited_for),
		TEST(closing_ends_the_wait_and_lets_nobody_in),
		TEST(retry_after_is_when_it_is_worth_coming_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
