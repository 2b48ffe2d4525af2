/* SPDX-License-Identifier: MIT */
/* conn_tcp: tcp(7) for conns; what a socket of another kind refuses, it goes on without. */
#include "io/conn_tcp.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/ioctl.h>

#include "io/addr.h"
#include "io/conn.h"

void conn_tcp_settle(struct conn *c)
{
	char name[16] = ""; /* TCP_CA_NAME_MAX */
	socklen_t n = sizeof(name) - 1;
	struct addr mine;

	if (getsockopt(c->fd, IPPROTO_TCP, TCP_CONGESTION, name, &n) < 0 ||
		strncmp(name, "bbr", 3) != 0)
		return;
	addr_of_socket(&mine, c->fd);
	if (addr_is_loopback(&mine))
		(void)setsockopt(c->fd, IPPROTO_TCP, TCP_CONGESTION, "reno", 4);
}

void conn_tcp_set_user_timeout(struct conn *c, unsigned int ms)
{
	if (c->fd >= 0)
		(void)setsockopt(c->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof(ms));
}

void conn_tcp_set_unsent_max(struct conn *c, unsigned int bytes)
{
	if (c->fd >= 0)
		(void)setsockopt(c->fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &bytes, sizeof(bytes));
}

bool conn_tcp_is_reset(struct conn *c)
{
	socklen_t n = sizeof(int);
	int e = 0;

	return c->fd >= 0 && getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &e, &n) == 0 && e != 0;
}

uint64_t conn_tcp_taken(const struct conn *c)
{
	int in_kernel = 0;

	if (c->fd < 0 || ioctl(c->fd, TIOCOUTQ, &in_kernel) < 0)
		return c->bytes_out;
	return c->bytes_out - MIN(c->bytes_out, (uint64_t)in_kernel);
}
