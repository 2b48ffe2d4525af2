/* SPDX-License-Identifier: MIT */
#pragma once

/* schedule: whose bytes leave next. */

#include <stddef.h>
#include <stdint.h>

struct session;

/* Fill @out with frames of the ready streams, in turns of at most FRAME_MAX_DATA; whole frames
 * only. */
size_t schedule_pull(struct session *s, uint8_t *out, size_t cap);
