/* SPDX-License-Identifier: MIT */
#pragma once

/* clock: milliseconds; monotonic for everything that waits, wall time only for people. */

#include <stdint.h>

typedef uint64_t clock_ms_t; /* monotonic, milliseconds */

clock_ms_t clock_ms(void);
uint64_t clock_us(void);
/* Since 1970, for logs and certificates. */
uint64_t clock_wall_ms(void);
/* "2026-01-31T12:00:00Z" into at least 21 bytes. */
void clock_format_utc(char ret[static 21], uint64_t wall_ms);
