/* SPDX-License-Identifier: MIT */
/*
 * str_list: an array of strings that owns both the array and the strings.
 *
 * Meant for the short lists of configuration files and command lines; lookups are
 * linear. How many strings there may be is the caller's business.
 */

#include "base/str_list.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

void str_list_deinit(struct str_list *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->n; i++)
		free(l->items[i]);
	free(l->items);
	*l = (struct str_list){0};
}

/* Append a string that is already ours. The array doubles at each power of two. */
static void str_list_push(struct str_list *l, char *owned)
{
	if ((l->n & (l->n - 1)) == 0)
		l->items = mem_realloc(l->items, (l->n ? l->n * 2 : 1) * sizeof(*l->items));
	l->items[l->n++] = owned;
}

void str_list_add(struct str_list *l, const char *s)
{
	str_list_push(l, mem_strdup(s));
}

bool str_list_has(const struct str_list *l, const char *s)
{
	for (size_t i = 0; i < l->n; i++)
		if (str_eq(l->items[i], s))
			return true;
	return false;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

void str_list_split(struct str_list *l, const char *text, char sep)
{
	while (*text) {
		const char *end = strchr(text, sep);
		size_t n = end ? (size_t)(end - text) : strlen(text);
		size_t from = 0, to = n;

		while (from < to && is_blank(text[from]))
			from++;
		while (to > from && is_blank(text[to - 1]))
			to--;
		if (to > from)
			str_list_push(l, mem_strndup(text + from, to - from));
		text += end ? n + 1 : n;
	}
}

bool str_list_eq(const struct str_list *a, const struct str_list *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (!str_eq(a->items[i], b->items[i]))
			return false;
	return true;
}

void str_list_copy(struct str_list *to, const struct str_list *from)
{
	struct str_list copy = {0};

	for (size_t i = 0; i < from->n; i++)
		str_list_add(&copy, from->items[i]);
	str_list_deinit(to);
	*to = copy;
}
