/* SPDX-License-Identifier: MIT */
#pragma once

/* io_test: a loop for one test, waiting on it without sleeping, and connected sockets. */

#include "../cm.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/addr.h"
#include "io/loop.h"
#include "io/timer.h"

#define UNTIL_MS 10000

static struct loop loop;
static struct timer io_test_tick;

/* Keeps a poll from lasting longer than a failing test should. */
static void io_test_on_tick(struct timer *t)
{
	timer_start(t, 10);
}

static UNUSED int loop_setup(void **state)
{
	return loop_init(&loop);
}

static UNUSED int loop_teardown(void **state)
{
	loop_deinit(&loop);
	return 0;
}

/* Turn the loop until @condition holds; fail the test when it never does. */
#define until(condition)                                                                           \
	do {                                                                                       \
		clock_ms_t until_end = clock_ms() + UNTIL_MS;                                      \
                                                                                                   \
		timer_init(&io_test_tick, &loop, io_test_on_tick);                                 \
		timer_start(&io_test_tick, 10);                                                    \
		while (!(condition)) {                                                             \
			if (clock_ms() > until_end)                                                \
				fail_msg("never: %s", #condition);                                 \
			ev_run(loop.ev, EVRUN_ONCE);                                               \
		}                                                                                  \
		timer_stop(&io_test_tick);                                                         \
	} while (0)

/* One turn that does not wait. */
static UNUSED void turn(void)
{
	ev_run(loop.ev, EVRUN_NOWAIT);
}

static UNUSED void set_nonblocking(int fd)
{
	assert_int_equal(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK), 0);
}

/* A listening socket on 127.0.0.1 and the address it got. */
static UNUSED int listen_anywhere(struct addr *ret)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(addr_parse(ret, "127.0.0.1:0"), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&ret->sa, ret->len), 0);
	assert_int_equal(listen(fd, 16), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&ret->sa, &ret->len), 0);
	return fd;
}

static UNUSED int connect_to(const struct addr *a)
{
	int fd = socket(a->sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&a->sa, a->len), 0);
	return fd;
}

/* Two ends of one TCP connection, both non-blocking. */
static UNUSED void tcp_pair(int fd[2])
{
	struct addr a;
	int l = listen_anywhere(&a);

	fd[0] = connect_to(&a);
	fd[1] = accept(l, NULL, NULL);
	assert_true(fd[1] >= 0);
	close(l);
	set_nonblocking(fd[0]);
	set_nonblocking(fd[1]);
}
