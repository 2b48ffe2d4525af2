/* SPDX-License-Identifier: MIT */
#pragma once

/* top_draw: a top_view on the terminal, and its keys. */

#include <stdbool.h>

#include "base/macros.h"

struct top_data;
struct top_feed;
struct top_view;

/* Take the terminal over. False: it cannot (no TERM that is known). */
bool top_draw_start(bool colour) MUST_USE;
/* Give it back as it was. Harmless before, and twice. */
void top_draw_stop(void);
void top_draw(struct top_view *v, const struct top_data *d, const struct top_feed *f);
/* A key of top_view_key(), or -1: none waits. Takes a changed size of the terminal into account. */
int top_draw_key(void);
