/* SPDX-License-Identifier: MIT */
#pragma once

/* resume: what both ends tell each other after a link was lost, and what they send again. */

struct frame;
struct session;

/* State what was received of every stream; hold stream frames until the peer has stated the same.
 */
void resume_begin(struct session *s);
/* A RESUME frame. */
void resume_on_frame(struct session *s, const struct frame *f);
