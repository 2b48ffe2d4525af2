/* SPDX-License-Identifier: MIT */
/* test_names: who holds a name, who may take it, and that nobody removes another's. */

#include "../cm.h"

#include "server/names.h"
#include "server/tunnel.h"

static struct names names;

static int setup(void **state)
{
	names_init(&names);
	return 0;
}

static int teardown(void **state)
{
	names_deinit(&names);
	return 0;
}

static void claims_are_judged_by_owner_then_by_generation(void **state)
{
	static char alice[] = "alice";
	struct tunnel holder = {.owner = alice, .generation = 5};

	assert_int_equal(names_judge(NULL, "alice", 1), NAMES_OK);
	assert_int_equal(names_judge(&holder, "alice", 4), NAMES_SUPERSEDED);
	assert_int_equal(names_judge(&holder, "alice", 5), NAMES_TAKEN_OVER);
	assert_int_equal(names_judge(&holder, "alice", 6), NAMES_TAKEN_OVER);
	assert_int_equal(names_judge(&holder, "bob", 4), NAMES_TAKEN);
	assert_int_equal(names_judge(&holder, "bob", 6), NAMES_TAKEN);
	assert_int_equal(names_judge(&holder, "alice2", 6), NAMES_TAKEN);
}

static void a_host_and_a_port_lead_to_their_tunnels(void **state)
{
	static char host[] = "web.example.com";
	struct tunnel web = {.hostname = host}, ssh = {.port = 22};

	names_add(&names, &web);
	names_add(&names, &ssh);
	assert_ptr_equal(names_find_host(&names, "web.example.com"), &web);
	assert_ptr_equal(names_find_port(&names, 22), &ssh);
	assert_null(names_find_host(&names, "example.com"));
	assert_null(names_find_port(&names, 0));
	names_remove(&names, &web);
	names_remove(&names, &ssh);
	assert_null(names_find_host(&names, "web.example.com"));
	assert_null(names_find_port(&names, 22));
}

static void an_evicted_tunnel_does_not_take_the_name_from_its_successor(void **state)
{
	static char host[] = "web.example.com", same[] = "web.example.com";
	struct tunnel old = {.hostname = host}, fresh = {.hostname = same};
	struct tunnel old_port = {.port = 9}, fresh_port = {.port = 9};

	names_add(&names, &fresh);
	names_remove(&names, &old);
	assert_ptr_equal(names_find_host(&names, host), &fresh);
	names_add(&names, &fresh_port);
	names_remove(&names, &old_port);
	assert_ptr_equal(names_find_port(&names, 9), &fresh_port);
	names_remove(&names, &fresh);
	names_remove(&names, &fresh); /* twice is nothing */
	assert_null(names_find_host(&names, host));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		TEST(claims_are_judged_by_owner_then_by_generation),
		TEST(a_host_and_a_port_lead_to_their_tunnels),
		TEST(an_evicted_tunnel_does_not_take_the_name_from_its_successor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
