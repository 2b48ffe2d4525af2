/* SPDX-License-Identifier: MIT */
#pragma once

/* move: when stream frames go over to a better link; for mux alone. */

struct session;

/* Go over to a link of a higher rank, if there is one, behind a barrier; at once, or when what is
 * under way has arrived: then session_tick() has to come again at s->move_at. */
void move_data(struct session *s);
