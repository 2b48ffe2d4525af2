/* SPDX-License-Identifier: MIT */
#pragma once

/* origin: one visitor's stream, joined with a connection to the local service. */

struct agent;
struct frame_open;
struct stream;
struct tunnel;

/* Dial the tunnel's target and pump; what goes wrong resets the stream with a named reason. */
void origin_start(struct agent *a, struct tunnel *t, struct stream *st,
	const struct frame_open *open);
/* `inspect` of the tunnel has changed. */
void origin_retune_all(const struct tunnel *t);
/* End every connection of the tunnel. */
void origin_stop_all(struct tunnel *t, int why);
