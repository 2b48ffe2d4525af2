/* SPDX-License-Identifier: MIT */
#pragma once

/* bind_types: what bind knows about each type of a single value. */

#include <stdbool.h>

#include "conf/bind.h"

/* Set *@dst from @node. False, and a mistake in @report, leaves it alone. */
typedef bool bind_types_set_f(const struct conf_row *row, const struct conf_node *node, void *dst,
	struct conf_report *report);

struct bind_type {
	bind_types_set_f *set;    /* NULL: a container, bind's own affair */
	conf_same_f *same;        /* NULL: compare nothing */
	void (*clear)(void *dst); /* free what set allocated; NULL: nothing */
};

const struct bind_type *bind_types_get(enum conf_type type);
/* Report how many there are when that is not within the row's min and max. */
bool bind_types_check_count(const struct conf_row *row, const struct conf_node *node,
	struct conf_report *report);
/* "a number, 1 to 64", "one of http, tcp". */
void bind_types_describe(const struct conf_row *row, struct str *to);
