/* SPDX-License-Identifier: MIT */
#pragma once

/* top_view: what of it is looked at, and what keys do; nothing here draws. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/top_data.h"
#include "cli/top_lines.h"

#define TOP_VIEW_FILTER 128

/* Keys that are no characters. */
enum top_key {
	TOP_KEY_UP = 0x110000, /* behind all characters */
	TOP_KEY_DOWN,
	TOP_KEY_LEFT,
	TOP_KEY_RIGHT,
	TOP_KEY_PAGE_UP,
	TOP_KEY_PAGE_DOWN,
	TOP_KEY_HOME,
	TOP_KEY_END,
	TOP_KEY_TAB,
	TOP_KEY_ENTER,
	TOP_KEY_ESCAPE,
	TOP_KEY_BACKSPACE,
};

enum top_action { TOP_NOTHING, TOP_QUIT, TOP_INSPECT, TOP_REPLAY };
enum top_pane { TOP_TUNNELS, TOP_REQUESTS };

struct top_view {
	enum top_pane pane;
	char *tunnel;     /* the one that is marked; NULL: the first */
	uint64_t request; /* idem; 0: the newest, whichever that is */
	char filter[TOP_VIEW_FILTER];
	char *only;  /* requests of this tunnel alone; NULL: of all */
	bool typing; /* the filter is being written */
	bool help;
	uint64_t paused;        /* the newest request that is shown; 0: not paused */
	uint64_t detail;        /* the request that is inspected; 0: none */
	struct top_lines lines; /* of it, or of the help */
	char message[256];      /* of the last action */
	size_t page;            /* lines of a page, told by who draws */
};

void top_view_init(struct top_view *v);
void top_view_deinit(struct top_view *v);
/* The requests to be shown, newest first: at most @max into @ret; how many there are. */
size_t top_view_list(const struct top_view *v, const struct top_data *d,
	const struct top_request **ret, size_t max);
/* How many came since it was paused. */
size_t top_view_missed(const struct top_view *v, const struct top_data *d);
/* Which of @n listed ones is marked. */
size_t top_view_marked(const struct top_view *v, const struct top_request *const *list, size_t n);
size_t top_view_marked_tunnel(const struct top_view *v, const struct top_data *d);
/* A key; what is to be done about it by who called. TOP_INSPECT and TOP_REPLAY mean the request
 * *ret_id. */
enum top_action top_view_key(struct top_view *v, const struct top_data *d, int key,
	uint64_t *ret_id);
