/* SPDX-License-Identifier: MIT */
/*
 * notify: sd_notify(3); without libsystemd, or without NOTIFY_SOCKET, nothing is said.
 *
 * sd_notify() waits while the manager's socket is full. For what the manager acts upon that is
 * right; a status line is not worth stopping the loop for: one is left out when there is no room,
 * and when it says nothing new.
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

static void tell(const char *state)
{
	(void)sd_notify(/* unset_environment= */ false, state);
}

/* The protocol by hand, as sd_notify(3) describes it, without waiting. False: no room. */
static bool try_tell(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	size_t n = path ? strlen(path) : 0;
	ssize_t sent;
	int fd;

	if (n < 2 || n >= sizeof(a.sun_path) || (path[0] != '/' && path[0] != '@')) {
		tell(state);
		return true;
	}
	memcpy(a.sun_path, path, n);
	if (path[0] == '@')
		a.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return false;
	sent = sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&a,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + n));
	close(fd);
	return sent >= 0;
}
#else
static void tell(const char *state)
{
}

static bool try_tell(const char *state)
{
	return true;
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
	if (strcmp(text, last) != 0 && try_tell(text))
		memcpy(last, text, sizeof(last));
}

void notify_extend_timeout_ms(unsigned int ms)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "EXTEND_TIMEOUT_USEC=%llu", ms * 1000ULL);
	tell(text);
}
