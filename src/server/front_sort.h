/* SPDX-License-Identifier: MIT */
#pragma once

/* front_sort: from a connection's first bytes to who it is for; tunnelto-server(8), One port. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

struct names;
struct str_list;
struct tunnel;

/* What a listener serves. */
struct front_sort_rules {
	bool visitors, clients, plain, tls;
	const struct names *names;
	const struct str_list *own; /* allowed hosts */
};

enum front_sort_verdict {
	FRONT_SORT_MORE = 0,
	FRONT_SORT_VISITOR, /* HTTP */
	FRONT_SORT_SOCKET,  /* a client's WebSocket */
	FRONT_SORT_LANE,
	FRONT_SORT_PASS,     /* TLS of a tunnel: not ours to open */
	FRONT_SORT_STRANGER, /* TLS with a name, or without one, for which nobody is here */
	FRONT_SORT_GARBAGE,
};

struct front_sort {
	bool tls;              /* these bytes are TLS */
	struct tunnel *tunnel; /* PASS: whose; not referenced */
};

/* @n grows from call to call; @last: no more will come, never MORE. */
enum front_sort_verdict front_sort_look(struct front_sort *ret,
	const struct front_sort_rules *rules, const uint8_t *bytes, size_t n, bool last) MUST_USE;
