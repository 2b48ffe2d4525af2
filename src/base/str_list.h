/* SPDX-License-Identifier: MIT */
#pragma once

/* str_list: an owned array of owned strings. */

#include <stdbool.h>
#include <stddef.h>

struct str_list {
	char **items;
	size_t n;
};

void str_list_deinit(struct str_list *l);
/* Append a copy. */
void str_list_add(struct str_list *l, const char *s);
bool str_list_has(const struct str_list *l, const char *s);
/* Split on @sep, trimming blanks, dropping empty pieces; appends to @l. */
void str_list_split(struct str_list *l, const char *text, char sep);
bool str_list_eq(const struct str_list *a, const struct str_list *b);
void str_list_copy(struct str_list *to, const struct str_list *from);
