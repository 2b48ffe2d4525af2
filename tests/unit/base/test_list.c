/* SPDX-License-Identifier: MIT */
/* test_list: intrusive lists, and lists of strings. */

#include "../cm.h"

#include <stdlib.h>

#include "base/list.h"
#include "base/str_list.h"

struct item {
	int value;
	struct list node;
};

static int sum_as_digits(struct list *l)
{
	int n = 0;

	list_each (i, l, struct item, node)
		n = n * 10 + i->value;
	return n;
}

static void items_keep_the_order_of_their_end(void **state)
{
	struct list l = LIST_INIT(l);
	struct item a = {.value = 1}, b = {.value = 2}, c = {.value = 3};

	assert_true(list_is_empty(&l));
	assert_null(list_first(&l));
	assert_null(list_pop(&l));
	list_add_tail(&l, &a.node);
	list_add_tail(&l, &b.node);
	list_add_head(&l, &c.node);
	assert_int_equal(sum_as_digits(&l), 312);
	list_insert(&c.node, (list_del(&b.node), &b.node));
	assert_int_equal(sum_as_digits(&l), 321);
	assert_ptr_equal(list_pop(&l), &c.node);
	assert_int_equal(sum_as_digits(&l), 21);
}

static void taking_out_twice_is_harmless(void **state)
{
	struct list l = LIST_INIT(l);
	struct item a = {.value = 1}, b = {.value = 2};

	list_add_tail(&l, &a.node);
	list_add_tail(&l, &b.node);
	assert_true(list_is_linked(&a.node));
	list_del(&a.node);
	list_del(&a.node);
	assert_false(list_is_linked(&a.node));
	assert_int_equal(sum_as_digits(&l), 2);
}

static void the_current_item_may_go_while_walking(void **state)
{
	struct list l = LIST_INIT(l);
	struct item items[5];

	for (int i = 0; i < 5; i++) {
		items[i].value = i + 1;
		list_add_tail(&l, &items[i].node);
	}
	list_each_safe (i, &l, struct item, node) {
		if (i->value % 2 == 0)
			list_del(&i->node);
	}
	assert_int_equal(sum_as_digits(&l), 135);
}

static void splicing_moves_everything_to_the_tail(void **state)
{
	struct list l = LIST_INIT(l), other = LIST_INIT(other);
	struct item a = {.value = 1}, b = {.value = 2}, c = {.value = 3};

	list_add_tail(&l, &a.node);
	list_splice_tail(&l, &other);
	assert_int_equal(sum_as_digits(&l), 1);
	list_add_tail(&other, &b.node);
	list_add_tail(&other, &c.node);
	list_splice_tail(&l, &other);
	assert_int_equal(sum_as_digits(&l), 123);
	assert_true(list_is_empty(&other));
}

static void splitting_trims_and_drops_empty_pieces(void **state)
{
	struct str_list l = {0};

	str_list_split(&l, " a, b c ,,\t, d", ',');
	assert_int_equal(l.n, 3);
	assert_string_equal(l.items[0], "a");
	assert_string_equal(l.items[1], "b c");
	assert_string_equal(l.items[2], "d");
	str_list_split(&l, "", ',');
	assert_int_equal(l.n, 3);
	assert_true(str_list_has(&l, "b c"));
	assert_false(str_list_has(&l, "b"));
	str_list_deinit(&l);
	str_list_deinit(&l);
}

static void copies_are_equal_and_independent(void **state)
{
	struct str_list a = {0}, b = {0};

	for (int i = 0; i < 20; i++)
		str_list_add(&a, "x");
	str_list_copy(&b, &a);
	assert_true(str_list_eq(&a, &b));
	str_list_add(&b, "y");
	assert_false(str_list_eq(&a, &b));
	str_list_add(&a, "z");
	assert_false(str_list_eq(&a, &b));
	str_list_copy(&b, &b);
	assert_int_equal(b.n, 21);
	str_list_deinit(&a);
	str_list_deinit(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(items_keep_the_order_of_their_end),
		cmocka_unit_test(taking_out_twice_is_harmless),
		cmocka_unit_test(the_current_item_may_go_while_walking),
		cmocka_unit_test(splicing_moves_everything_to_the_tail),
		cmocka_unit_test(splitting_trims_and_drops_empty_pieces),
		cmocka_unit_test(copies_are_equal_and_independent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
