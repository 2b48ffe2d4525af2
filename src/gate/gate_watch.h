/* SPDX-License-Identifier: MIT */
#pragma once

/* gate_watch: the gate of a tunnel that does not enforce: bytes pass, and requests are judged. */

#include <stddef.h>
#include <stdint.h>

struct gate;

void gate_watch_data(struct gate *g, const uint8_t *bytes, size_t n);
