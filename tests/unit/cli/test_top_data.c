/* SPDX-License-Identifier: MIT */
/* test_top_data: the daemon's replies become tunnels, requests, and figures. */

#include "../cm.h"

#include <stdlib.h>

#include "base/macros.h"
#include "cli/top_data.h"

static struct top_data data;

static int setup(void **state)
{
	top_data_init(&data);
	return 0;
}

static int teardown(void **state)
{
	top_data_deinit(&data);
	return 0;
}

static void status(int pid, json_int_t bytes, uint64_t now_ms)
{
	json_t *reply = json_pack("{s:i, s:s, s:{s:s, s:s}, s:[{s:s, s:s, s:s, s:n, s:i, s:I, "
				  "s:i}, {s:s, s:s}]}",
		"pid", pid, "version", "1", "server", "url", "http://s", "state", "up", "tunnels",
		"name", "web", "state", "up", "url", "http://web", "error", "streams", 3,
		"bytes_in", bytes, "bytes_out", 0, "name", "db", "state", "off");

	assert_non_null(reply);
	top_data_status(&data, reply, now_ms);
	json_decref(reply);
}

/* @us negative: it has not ended. */
static void request(json_int_t id, const char *tunnel, json_int_t time_ms, json_int_t us)
{
	json_t *reply = json_pack("{s:[{s:I, s:s, s:I, s:s, s:s, s:s, s:i, s:o}]}", "requests",
		"id", id, "tunnel", tunnel, "time_ms", time_ms, "method", "GET", "target", "/",
		"state", us < 0 ? "open" : "done", "status", us < 0 ? 0 : 200, "total_us",
		us < 0 ? json_null() : json_integer(us));

	assert_non_null(reply);
	top_data_requests(&data, reply);
	json_decref(reply);
}

static void tunnels_are_as_they_were_last_told(void **state)
{
	status(1, 1000, 5000);
	assert_int_equal(data.n_tunnels, 2);
	assert_string_equal(data.tunnels[0].name, "web");
	assert_string_equal(data.tunnels[0].url, "http://web");
	assert_int_equal(data.tunnels[0].visitors, 3);
	assert_string_equal(data.tunnels[1].state, "off");
	assert_string_equal(data.server, "http://s");
	assert_true(data.tunnels[0].bytes_s == 0);
	status(1, 3000, 7000);
	assert_true(data.tunnels[0].bytes_s == 1000);
	/* a daemon that counts from nothing again */
	status(1, 10, 8000);
	assert_true(data.tunnels[0].bytes_s == 0);
}

static void a_request_that_is_told_again_takes_its_own_place(void **state)
{
	request(7, "web", 0, -1);
	request(9, "web", 0, -1);
	request(7, "web", 0, 5);
	request(8, "web", 0, -1);
	assert_int_equal(data.n_requests, 3);
	for (uint64_t i = 0; i < 3; i++)
		assert_int_equal(data.requests[i].id, 7 + i);
	assert_int_equal(data.requests[0].total_us, 5);
	assert_int_equal(top_data_find(&data, 8)->id, 8);
	assert_null(top_data_find(&data, 6));
	assert_null(top_data_find(&data, 10));
	request(0, "web", 0, -1);
	assert_int_equal(data.n_requests, 3);
}

static void the_oldest_go_when_they_are_too_many(void **state)
{
	for (json_int_t id = 1; id <= TOP_DATA_REQUESTS + 1; id++)
		request(id, "web", id, 1);
	assert_true(data.n_requests <= TOP_DATA_REQUESTS);
	assert_true(data.dropped);
	assert_int_equal(data.requests[data.n_requests - 1].id, TOP_DATA_REQUESTS + 1);
	assert_int_equal(data.requests[0].id, data.requests[1].id - 1);
}

static void another_daemon_s_requests_are_other_ones(void **state)
{
	status(1, 0, 1000);
	request(1, "web", 0, 1);
	status(1, 0, 2000);
	assert_int_equal(data.n_requests, 1);
	status(2, 0, 3000);
	assert_int_equal(data.n_requests, 0);
}

static void figures_are_of_the_last_minute_and_of_one_tunnel(void **state)
{
	status(1, 0, 1000);
	request(1, "web", 39999, 1000000); /* too old */
	for (json_int_t i = 1; i <= 100; i++)
		request(1 + i, "web", 40000 + i, i * 1000);
	request(200, "web", 50000, -1);
	request(201, "db", 50000, 7);
	top_data_figures(&data, 100000);
	assert_true(data.tunnels[0].requests_s > 1.68 && data.tunnels[0].requests_s < 1.69);
	assert_int_equal(data.tunnels[0].p50_us, 50000);
	assert_int_equal(data.tunnels[0].p99_us, 99000);
	assert_int_equal(data.tunnels[1].p50_us, 7);
	assert_int_equal(data.tunnels[1].p99_us, 7);
	top_data_figures(&data, 200000);
	assert_true(data.tunnels[0].requests_s == 0);
	assert_int_equal(data.tunnels[0].p99_us, -1);
}

static void a_rate_is_of_the_time_that_the_kept_ones_cover(void **state)
{
	status(1, 0, 1000);
	for (json_int_t id = 1; id <= TOP_DATA_REQUESTS + 1; id++)
		request(id, "web", 100000 + id, 1); /* a thousand a second */
	top_data_figures(&data, 100000 + TOP_DATA_REQUESTS + 1);
	assert_true(data.tunnels[0].requests_s > 990 && data.tunnels[0].requests_s < 1010);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(tunnels_are_as_they_were_last_told),
		TEST(a_request_that_is_told_again_takes_its_own_place),
		TEST(the_oldest_go_when_they_are_too_many),
		TEST(another_daemon_s_requests_are_other_ones),
		TEST(figures_are_of_the_last_minute_and_of_one_tunnel),
		TEST(a_rate_is_of_the_time_that_the_kept_ones_cover),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
