/* SPDX-License-Identifier: MIT */
/* notify: sd_notify(3); without libsystemd, or without NOTIFY_SOCKET, nothing is said. */
#include "sys/notify.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/clock.h"

#if HAVE_SYSTEMD
#include <systemd/sd-daemon.h>

static void tell(const char *state)
{
	(void)sd_notify(/* unset_environment= */ false, state);
}
#else
static void tell(const char *state)
{
}
#endif

void notify_ready(void)
{
	tell("READY=1");
}

void notify_stopping(void)
{
	tell("STOPPING=1");
}

void notify_reloading(void)
{
	char text[96];

	(void)snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%llu",
		(unsigned long long)clock_us());
	tell(text);
}

void notify_status(const char *fmt, ...)
{
	char text[512] = "STATUS=";
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text + 7, sizeof(text) - 7, fmt, ap);
	va_end(ap);
	/* a line break would begin another assignment */
	for (char *at = text; *at; at++)
		if ((unsigned char)*at < ' ')
			*at = ' ';
	tell(text);
}

void notify_extend_timeout_ms(unsigned int ms)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "EXTEND_TIMEOUT_USEC=%llu", ms * 1000ULL);
	tell(text);
}
