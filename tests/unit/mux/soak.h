/* SPDX-License-Identifier: MIT */
#pragma once

/* soak: whatever users, links and time may do to two honest sessions, in any order. */

#include <stdint.h>

/* Where decisions come from: a generator's numbers, or a fuzzer's bytes. */
struct soak_dice {
	uint32_t (*roll)(struct soak_dice *d);
};

/* @steps random acts, then everything is ended and compared: aborts when a law does not hold. */
void soak_run(struct soak_dice *d, unsigned int steps);
