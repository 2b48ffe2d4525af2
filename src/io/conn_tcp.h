/* SPDX-License-Identifier: MIT */
#pragma once

/* conn_tcp: what the kernel is told of a conn's socket, and asked about it. */

#include <stdbool.h>
#include <stdint.h>

struct conn;

/* A connection within the machine is not to be paced: where bbr is the system's choice, it gets
 * reno, which every user may choose (tcp(7)). On a path without a queue and without loss pacing
 * only costs: timers, and many small segments. Others keep what the system chose. */
void conn_tcp_settle(struct conn *c);
/* TCP_USER_TIMEOUT; ignored for other sockets. */
void conn_tcp_set_user_timeout(struct conn *c, unsigned int ms);
/* TCP_NOTSENT_LOWAT: the socket takes more only when fewer bytes than this have not been sent yet;
 * what is under way is not counted. Ignored for other sockets. */
void conn_tcp_set_unsent_max(struct conn *c, unsigned int bytes);
/* Has the peer reset a connection that is not read? Asks the kernel; the answer is given once. */
bool conn_tcp_is_reset(struct conn *c);
/* Bytes that have left the kernel, too: when it is another number than before, the far side takes
 * what it is sent, however slowly. */
uint64_t conn_tcp_taken(const struct conn *c);
