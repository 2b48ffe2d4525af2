/* SPDX-License-Identifier: MIT */
/*
 * notify: sd_notify(3); without libsystemd, or without NOTIFY_SOCKET, nothing is said.
 *
 * One socket is kept for it, because a process that is out of descriptors must be able to say that
 * it is well. Saying waits while the manager's socket is full. For what the manager acts upon that
 * is right; a status line is not worth stopping the loop for: one is left out when there is no
 * room, and when it says nothing new.
 */
#include "sys/notify.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"

#if HAVE_SYSTEMD
#include <systemd/sd-daemon.h>

/* The protocol by hand, as sd_notify(3) describes it. False: it was not said. */
static bool say(const char *state, int flags)
{
	static int fd = -1; /* not connected: the manager may be started again */
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	size_t n = path ? strlen(path) : 0;

	if (n < 2 || n >= sizeof(a.sun_path) || (path[0] != '/' && path[0] != '@'))
		return sd_notify(/* unset_environment= */ false, state) >= 0;
	memcpy(a.sun_path, path, n);
	if (path[0] == '@')
		a.sun_path[0] = '\0';
	if (fd < 0)
		fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return fd >= 0 &&
	       sendto(fd, state, strlen(state), flags | MSG_NOSIGNAL, (const struct sockaddr *)&a,
		       (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) >= 0;
}
#else
static bool say(const char *state, int flags)
{
	return true;
}
#endif

static void tell(const char *state)
{
	(void)say(state, 0);
}

void notify_ready(void)
{
	tell("READY=1");
}

void notify_stopping(void)
{
	tell("STOPPING=1");
}

void notify_alive(void)
{
	tell("WATCHDOG=1");
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
	static char last[512];
	char text[sizeof(last)] = "STATUS=";
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text + 7, sizeof(text) - 7, fmt, ap);
	va_end(ap);
	/* a line break would begin another assignment */
	for (char *at = text; *at; at++)
		if ((unsigned char)*at < ' ')
			*at = ' ';
	if (strcmp(text, last) != 0 && say(text, MSG_DONTWAIT))
		memcpy(last, text, sizeof(last));
}

void notify_extend_timeout_ms(unsigned int ms)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "EXTEND_TIMEOUT_USEC=%llu", ms * 1000ULL);
	tell(text);
}
