/* SPDX-License-Identifier: MIT */
/*
 * clock: the two clocks. The monotonic one drives every deadline; wall time is only
 * shown to people and compared with certificates. Rooms that must be testable without
 * waiting take the time as an argument instead of calling this.
 */

#include "base/clock.h"

#include <stdio.h>
#include <time.h>

static uint64_t clock_read_ns(clockid_t id)
{
	struct timespec ts = {0};

	(void)clock_gettime(id, &ts); /* cannot fail for these two clocks */
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

clock_ms_t clock_ms(void)
{
	return clock_read_ns(CLOCK_MONOTONIC) / 1000000;
}

uint64_t clock_us(void)
{
	return clock_read_ns(CLOCK_MONOTONIC) / 1000;
}

uint64_t clock_wall_ms(void)
{
	return clock_read_ns(CLOCK_REALTIME) / 1000000;
}

void clock_format_utc(char ret[static 21], uint64_t wall_ms)
{
	time_t t = (time_t)(wall_ms / 1000);
	struct tm tm;

	/* past the year 9999 the text would not fit; nobody means such a time */
	if (!gmtime_r(&t, &tm) || strftime(ret, 21, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		(void)snprintf(ret, 21, "%s", "9999-12-31T23:59:59Z");
}
