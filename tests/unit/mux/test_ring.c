/* SPDX-License-Identifier: MIT */
/* Rings and windows: bytes by absolute offset, and credit. */
#include "../cm.h"

#include <errno.h>
#include <string.h>

#include "mux/ring.h"
#include "mux/window.h"

#define KIB 1024U
#define MIB (1024U * 1024)

static uint8_t at(uint64_t offset)
{
	return (uint8_t)(offset * 7 + (offset >> 8));
}

/* Put up to @n bytes in; returns how many fit. */
static size_t fill(struct ring *r, size_t n, size_t max)
{
	size_t done = 0;

	while (done < n) {
		size_t part;
		uint8_t *to = ring_reserve(r, n - done, max, &part);

		if (!to)
			break;
		assert_true(part > 0 && part <= n - done);
		for (size_t i = 0; i < part; i++)
			to[i] = at(r->end + i);
		ring_commit(r, part);
		done += part;
	}
	return done;
}

static void expect(const struct ring *r, uint64_t offset, size_t n)
{
	uint8_t bytes[4096];

	while (n > 0) {
		size_t part = MIN(n, sizeof(bytes));

		ring_copy(r, offset, bytes, part);
		for (size_t i = 0; i < part; i++)
			assert_int_equal(bytes[i], at(offset + i));
		offset += part;
		n -= part;
	}
}

static void an_empty_ring_holds_no_memory(void **state)
{
	struct ring r;

	(void)state;
	ring_init(&r);
	assert_null(r.data);
	assert_int_equal(fill(&r, 10, MIB), 10);
	assert_non_null(r.data);
	ring_drop(&r, 10);
	assert_null(r.data);
	assert_int_equal(r.cap, 0);
	assert_int_equal(fill(&r, 10, MIB), 10); /* and goes on at its offset */
	assert_int_equal(r.start, 10);
	expect(&r, 10, 10);
	ring_deinit(&r);
}

static void a_ring_never_passes_its_maximum(void **state)
{
	struct ring r;
	size_t n;

	(void)state;
	ring_init(&r);
	assert_int_equal(fill(&r, 100 * KIB, 10000), 10000);
	assert_null(ring_reserve(&r, 1, 10000, &n));
	assert_null(ring_reserve(&r, 0, MIB, &n));
	ring_drop(&r, 1);
	assert_int_equal(fill(&r, 100, 10000), 1);
	/* a maximum that shrinks below what is there only stops */
	assert_null(ring_reserve(&r, 1, 5000, &n));
	expect(&r, 1, 10000);
	ring_deinit(&r);
}

static void bytes_stay_where_their_offsets_say(void **state)
{
	struct ring r;
	uint64_t x = 1;

	(void)state;
	ring_init(&r);
	r.start = r.end = UINT32_MAX - 5000ULL; /* also across 32 bits */
	for (int i = 0; i < 3000; i++) {
		x = x * 6364136223846793005ULL + 1442695040888963407ULL;
		(void)fill(&r, (x >> 33) % 9000, 200 * KIB);
		expect(&r, r.start, MIN(ring_len(&r), 300U));
		expect(&r, r.end - MIN(ring_len(&r), 300U), MIN(ring_len(&r), 300U));
		ring_drop(&r, r.start + MIN(ring_len(&r), (x >> 20) % 9000));
	}
	expect(&r, r.start, ring_len(&r));
	ring_deinit(&r);
}

static void a_large_ring_keeps_its_memory_until_it_is_told(void **state)
{
	struct ring r;
	const uint8_t *data;

	(void)state;
	ring_init(&r);
	assert_int_equal(fill(&r, 4 * MIB, 16 * MIB), 4 * MIB);
	assert_int_equal(r.cap, 4 * MIB);
	assert_false(ring_is_spacious(&r));
	data = r.data;
	ring_drop(&r, 4 * MIB - 1000);
	assert_true(ring_is_spacious(&r));
	ring_drop(&r, 4 * MIB);
	assert_int_equal(fill(&r, 1000, 16 * MIB), 1000);
	assert_ptr_equal(r.data, data);
	ring_shrink(&r);
	assert_int_equal(r.cap, 4 * KIB);
	expect(&r, 4 * MIB, 1000);
	assert_false(ring_is_spacious(&r));
	ring_drop(&r, 4 * MIB + 1000);
	assert_null(r.data);
	assert_int_equal(fill(&r, MIB, MIB), MIB);
	ring_drop(&r, r.end);
	ring_shrink(&r);
	assert_null(r.data);
	assert_int_equal(r.cap, 0);
}

static void nobody_passes_the_credit(void **state)
{
	struct window w;

	(void)state;
	window_init(&w, 1000);
	assert_int_equal(window_received(&w, 1000), 0);
	assert_int_equal(window_received(&w, 1), -EDQUOT);
	assert_int_equal(w.received, 1000);
	assert_true(window_consumed(&w, 1000));
	assert_int_equal(window_grant(&w), 2000);
	assert_int_equal(window_received(&w, 1000), 0);
	assert_int_equal(window_received(&w, 1), -EDQUOT);
}

static void a_quarter_is_worth_a_word(void **state)
{
	struct window w;

	(void)state;
	window_init(&w, 1000);
	assert_int_equal(window_received(&w, 1000), 0);
	assert_false(window_consumed(&w, 249));
	assert_true(window_consumed(&w, 1));
	assert_int_equal(window_grant(&w), 1250);
	assert_int_equal(window_grant(&w), 1250);
	assert_false(window_consumed(&w, 249));
	assert_true(window_consumed(&w, 1));
}

/* What is not acknowledged is kept by the sender, whatever the window's size. */
static void of_a_large_window_less_than_a_quarter_is_worth_a_word(void **state)
{
	struct window w;

	(void)state;
	window_init(&w, 16 * MIB);
	assert_int_equal(window_received(&w, MIB), 0);
	assert_false(window_consumed(&w, 256 * KIB - 1));
	assert_true(window_consumed(&w, 1));
}

/* @rate bytes pass in a millisecond, but consumed @every so many of them. */
static uint32_t size_after_bursts(uint64_t rate, int every)
{
	struct window w;

	window_init(&w, 256 * KIB);
	for (int now = 1; now < 2000; now++) {
		uint64_t n = MIN(rate, w.granted - w.received);

		assert_int_equal(window_received(&w, (uint32_t)n), 0);
		if (now % every != 0)
			continue;
		if (window_consumed(&w, w.received - w.consumed)) {
			(void)window_grow(&w, 500, 16 * MIB, UINT64_MAX, (clock_ms_t)now);
			(void)window_grant(&w);
		}
	}
	return w.size;
}

static void a_burst_is_not_a_rate(void **state)
{
	(void)state;
	assert_in_range(size_after_bursts(20 * KIB, 10), 256 * KIB, 512 * KIB);
	assert_in_range(size_after_bursts(500 * KIB, 1), MIB, 2 * MIB);
}

/* A sender that always uses its credit at once, and a reader that takes everything, @rtt_ms apart.
 */
static uint32_t size_after(uint32_t rtt_ms, uint32_t read_per_ms, uint64_t budget, int ms)
{
	struct window w;

	window_init(&w, 256 * KIB);
	for (int now = 1; now < ms; now++) {
		uint64_t n = MIN((uint64_t)w.size / rtt_ms, (uint64_t)read_per_ms);

		n = MIN(n, w.granted - w.received);
		assert_int_equal(window_received(&w, (uint32_t)n), 0);
		if (window_consumed(&w, n)) {
			budget -= window_grow(&w, rtt_ms * 1000, 16 * MIB, budget, (clock_ms_t)now);
			(void)window_grant(&w);
		}
	}
	return w.size;
}

static void a_window_grows_to_what_the_path_holds_and_no_further(void **state)
{
	(void)state;
	/* 100 ms at no limit: up to the largest */
	assert_int_equal(size_after(100, UINT32_MAX, UINT64_MAX, 5000), 16 * MIB);
	/* 100 ms at 10 MB/s: 1 MB under way, four times that in the window at the most */
	assert_in_range(size_after(100, 10000, UINT64_MAX, 5000), MIB / 2, 4 * MIB);
	/* a slow reader needs no larger one */
	assert_int_equal(size_after(100, 600, UINT64_MAX, 5000), 256 * KIB);
	/* nor does anybody whose session has no memory left */
	assert_int_equal(size_after(100, UINT32_MAX, 0, 5000), 256 * KIB);
	assert_int_equal(size_after(100, UINT32_MAX, 100 * KIB, 5000), 356 * KIB);
}

/* What a connection in slow start, 100 ms away and at most 60 MB/s fast, brings in @ms. */
static uint64_t brought_in_slow_start(uint32_t window, int ms)
{
	enum { WAY = 50, RTT = 2 * WAY, MS = 2000 };
	static uint64_t arriving[MS + RTT], granted[MS + RTT], acknowledged[MS + RTT];
	uint64_t cwnd = 14600, sent = 0, acked = 0, limit = window;
	struct window w;

	memset(arriving, 0, sizeof(arriving));
	memset(granted, 0, sizeof(granted));
	memset(acknowledged, 0, sizeof(acknowledged));
	window_init(&w, window);
	for (int now = 1; now < ms; now++) {
		uint64_t n;

		limit = MAX(limit, granted[now]);
		acked += acknowledged[now];
		cwnd += acknowledged[now];
		n = MIN(MIN(cwnd - (sent - acked), 60000ULL), limit - sent);
		sent += n;
		arriving[now + WAY] += n;
		acknowledged[now + RTT] += n;
		assert_int_equal(window_received(&w, (uint32_t)arriving[now]), 0);
		if (!window_consumed(&w, arriving[now]))
			continue;
		(void)window_grow(&w, RTT * 1000, 16 * MIB, UINT64_MAX, (clock_ms_t)now);
		granted[now + WAY] = MAX(granted[now + WAY], window_grant(&w));
	}
	return w.consumed;
}

static void a_window_is_there_before_slow_start_needs_it(void **state)
{
	(void)state;
	for (int ms = 500; ms <= 2000; ms += 100) {
		uint64_t with = brought_in_slow_start(256 * KIB, ms);

		assert_true(with * 100 >= brought_in_slow_start(256 * MIB, ms) * 85);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_ring_holds_no_memory),
		cmocka_unit_test(a_ring_never_passes_its_maximum),
		cmocka_unit_test(bytes_stay_where_their_offsets_say),
		cmocka_unit_test(a_large_ring_keeps_its_memory_until_it_is_told),
		cmocka_unit_test(nobody_passes_the_credit),
		cmocka_unit_test(a_quarter_is_worth_a_word),
		cmocka_unit_test(of_a_large_window_less_than_a_quarter_is_worth_a_word),
		cmocka_unit_test(a_burst_is_not_a_rate),
		cmocka_unit_test(a_window_grows_to_what_the_path_holds_and_no_further),
		cmocka_unit_test(a_window_is_there_before_slow_start_needs_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
