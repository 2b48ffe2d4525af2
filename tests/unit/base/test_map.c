/* SPDX-License-Identifier: MIT */
/* test_map: both hash tables against a plain model. */

#include "../cm.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/idmap.h"
#include "base/map.h"
#include "base/rand.h"

static int values[4096];

static void an_empty_map_finds_nothing(void **state)
{
	struct map m;
	size_t at = 0;

	map_init(&m);
	assert_null(map_get(&m, "a"));
	assert_null(map_del(&m, "a"));
	assert_false(map_next(&m, &at, NULL, NULL));
	assert_int_equal(map_count(&m), 0);
	map_deinit(&m);
}

static void setting_replaces_and_gives_the_old_value(void **state)
{
	struct map m;
	char key[] = "key";

	map_init(&m);
	assert_null(map_set(&m, key, &values[1]));
	key[0] = 'x'; /* the map has its own copy */
	assert_ptr_equal(map_get(&m, "key"), &values[1]);
	assert_ptr_equal(map_set(&m, "key", &values[2]), &values[1]);
	assert_int_equal(map_count(&m), 1);
	assert_ptr_equal(map_del(&m, "key"), &values[2]);
	assert_null(map_get(&m, "key"));
	assert_null(map_set(&m, "", &values[3]));
	assert_ptr_equal(map_get(&m, ""), &values[3]);
	map_deinit(&m);
	map_deinit(&m);
}

/* Adds and removes at random beside an array; graves must neither hide nor resurrect. */
static void a_long_run_agrees_with_an_array(void **state)
{
	enum { KEYS = 300 };
	void *model[KEYS] = {0};
	size_t live = 0;
	struct map m;
	char key[32];

	map_init(&m);
	for (int i = 0; i < 30000; i++) {
		uint32_t k = rand_below(KEYS);
		void *value = rand_below(2) ? &values[rand_below(4096)] : NULL;

		(void)snprintf(key, sizeof(key), "key-number-%u", k);
		assert_ptr_equal(map_get(&m, key), model[k]);
		live += (value != NULL) - (size_t)(model[k] != NULL);
		assert_ptr_equal(value ? map_set(&m, key, value) : map_del(&m, key), model[k]);
		model[k] = value;
		assert_int_equal(map_count(&m), live);
	}
	assert_true(m.cap <= 1024); /* graves do not make it grow */
	map_deinit(&m);
}

static void everything_is_visited_once_and_may_go_meanwhile(void **state)
{
	struct map m;
	char key[16];
	size_t at = 0, visited = 0;
	const char *k;
	void *v;

	map_init(&m);
	for (int i = 0; i < 100; i++) {
		(void)snprintf(key, sizeof(key), "%d", i);
		(void)map_set(&m, key, &values[i]);
	}
	while (map_next(&m, &at, &k, &v)) {
		int *value = v;
		char copy[16];

		assert_int_equal(*value, 0);
		*value = 1;
		(void)snprintf(copy, sizeof(copy), "%s", k);
		assert_ptr_equal(map_del(&m, copy), v);
		visited++;
	}
	assert_int_equal(visited, 100);
	assert_int_equal(map_count(&m), 0);
	for (int i = 0; i < 100; i++)
		values[i] = 0;
	map_deinit(&m);
}

static void two_maps_do_not_share_their_seed(void **state)
{
	struct map a, b;

	map_init(&a);
	map_init(&b);
	assert_memory_not_equal(a.seed, b.seed, sizeof(a.seed));
}

static void numbers_agree_with_an_array_too(void **state)
{
	enum { KEYS = 300 };
	void *model[KEYS] = {0};
	size_t live = 0, at = 0, visited = 0;
	struct idmap m;
	uint32_t key;
	void *v;

	idmap_init(&m);
	for (int i = 0; i < 30000; i++) {
		uint32_t k = rand_below(KEYS), id = k * 0x01000003u - 7;

		assert_ptr_equal(idmap_get(&m, id), model[k]);
		if (model[k]) {
			assert_ptr_equal(idmap_del(&m, id), model[k]);
			model[k] = NULL;
			live--;
		} else {
			model[k] = &values[k];
			idmap_set(&m, id, model[k]);
			live++;
		}
		assert_int_equal(idmap_count(&m), live);
	}
	while (idmap_next(&m, &at, &key, &v)) {
		assert_ptr_equal(idmap_del(&m, key), v);
		visited++;
	}
	assert_int_equal(visited, live);
	assert_true(m.cap <= 1024);
	idmap_deinit(&m);
	idmap_deinit(&m);
}

static void trimming_leaves_four_slots_a_value(void **state)
{
	enum { KEYS = 1000 };
	struct idmap m;

	idmap_init(&m);
	for (uint32_t k = 0; k < KEYS; k++)
		idmap_set(&m, k, &values[k % 100]);
	for (uint32_t k = 0; k < KEYS; k++) {
		assert_ptr_equal(idmap_del(&m, k), &values[k % 100]);
		idmap_trim(&m);
		assert_true(m.cap <= 8 || m.cap <= 4 * (m.n + 1));
		if (k + 1 < KEYS)
			assert_ptr_equal(idmap_get(&m, KEYS - 1), &values[(KEYS - 1) % 100]);
	}
	assert_null(m.slots);
	idmap_set(&m, 5, &values[5]);
	assert_ptr_equal(idmap_get(&m, 5), &values[5]);
	idmap_deinit(&m);
}

static void the_ends_of_the_number_range_are_keys(void **state)
{
	struct idmap m;

	idmap_init(&m);
	assert_null(idmap_get(&m, 0));
	assert_null(idmap_del(&m, 0));
	idmap_set(&m, 0, &values[0]);
	idmap_set(&m, UINT32_MAX, &values[1]);
	assert_ptr_equal(idmap_get(&m, 0), &values[0]);
	assert_ptr_equal(idmap_get(&m, UINT32_MAX), &values[1]);
	idmap_deinit(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_map_finds_nothing),
		cmocka_unit_test(setting_replaces_and_gives_the_old_value),
		cmocka_unit_test(a_long_run_agrees_with_an_array),
		cmocka_unit_test(everything_is_visited_once_and_may_go_meanwhile),
		cmocka_unit_test(two_maps_do_not_share_their_seed),
		cmocka_unit_test(numbers_agree_with_an_array_too),
		cmocka_unit_test(trimming_leaves_four_slots_a_value),
		cmocka_unit_test(the_ends_of_the_number_range_are_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
