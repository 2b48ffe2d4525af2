/* SPDX-License-Identifier: MIT */
#pragma once

/* list: intrusive doubly linked lists; a node that is in no list points at itself. */

#include <stdbool.h>

#include "base/macros.h"

struct list {
	struct list *prev, *next;
};

/* clang-format off: an initialiser is no block */
#define LIST_INIT(name)                                                                            \
	{                                                                                          \
		&(name), &(name)                                                                   \
	}
/* clang-format on */
#define list_entry(ptr, type, member) container_of(ptr, type, member)

static inline void list_init(struct list *l)
{
	l->prev = l->next = l;
}

static inline bool list_is_empty(const struct list *l)
{
	return l->next == l;
}

/* For a node: is it in some list? (It must have been initialised.) */
static inline bool list_is_linked(const struct list *n)
{
	return n->next != n;
}

static inline void list_insert(struct list *at, struct list *n)
{
	n->prev = at;
	n->next = at->next;
	at->next->prev = n;
	at->next = n;
}

static inline void list_add_head(struct list *l, struct list *n)
{
	list_insert(l, n);
}

static inline void list_add_tail(struct list *l, struct list *n)
{
	list_insert(l->prev, n);
}

/* Take out of whatever list it is in; harmless when it is in none. */
static inline void list_del(struct list *n)
{
	n->prev->next = n->next;
	n->next->prev = n->prev;
	list_init(n);
}

static inline struct list *list_first(const struct list *l)
{
	return list_is_empty(l) ? NULL : l->next;
}

/* Take out and return the first node, or NULL. */
static inline struct list *list_pop(struct list *l)
{
	struct list *n = list_first(l);

	if (n)
		list_del(n);
	return n;
}

/* Move every node of @from to the tail of @to. */
static inline void list_splice_tail(struct list *to, struct list *from)
{
	if (list_is_empty(from))
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	list_init(from);
}

/* Iterate over embedding objects: list_each(pos, &head, struct foo, node) { … }. No removal. */
#define list_each(pos, head, type, member)                                                         \
	for (type *pos = list_entry((head)->next, type, member); &pos->member != (head);           \
		pos = list_entry(pos->member.next, type, member))

/* The same, and @pos (only @pos) may be taken out or freed inside. */
#define list_each_safe(pos, head, type, member)                                                    \
	for (type *pos = list_entry((head)->next, type, member),                                   \
		  *pos##_next = list_entry(pos->member.next, type, member);                        \
		&pos->member != (head);                                                            \
		pos = pos##_next, pos##_next = list_entry(pos->member.next, type, member))
