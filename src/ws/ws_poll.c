/* SPDX-License-Identifier: MIT */
/*
 * ws_poll: ws_guest for static programs, which cannot load lws' plugin for libev.
 *
 * lws has a loop of its own around one poll(). Before ours waits, lws_service() is given a turn
 * that does not wait; the linker has lws call __wrap_poll() (ld's --wrap=poll), which sees the
 * descriptors that lws would wait for. They go into an epoll instance, whose descriptor is what our
 * loop waits for in their stead. Timers of lws, which are seconds long, get a turn every second.
 *
 * It costs a few system calls per turn and descriptor: right for one client with one WebSocket,
 * wrong for a server.
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <libwebsockets.h>

#include "base/log.h"
#include "base/mem.h"
#include "io/loop.h"
#include "io/timer.h"
#include "ws/ws_guest.h"

#define TICK_MS 1000
/* How often lws may find something ready before others get their turn. */
#define SERVICES 16

struct ws_guest {
	struct loop_guest guest;
	struct timer tick;
	struct lws_context *context;
	int epoll;
	int watched[64]; /* what is in the epoll instance; at most 3, and 48 of the dashboard */
	size_t n;
	int n_ready; /* when lws last asked */
};

const char ws_guest_missing[] = "libwebsockets cannot be set up: it needs /dev/urandom";

/* Whose turn it is, while lws has not yet come to its poll(); a static program has one thread. */
static struct ws_guest *turn_of;

int __real_poll(struct pollfd *fds, nfds_t n, int timeout);
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout);

static bool is_wanted(const struct pollfd *fds, nfds_t n, int fd)
{
	for (nfds_t i = 0; i < n; i++) {
		if (fds[i].fd == fd)
			return true;
	}
	return false;
}

/* poll's and epoll's bits for what lws asks for are the same numbers. A descriptor may have been
 * closed and its number given out anew since the last turn: then it is in the set no more. */
static void watch(struct ws_guest *g, const struct pollfd *p)
{
	struct epoll_event e = {
		.events = (uint32_t)(p->events & (POLLIN | POLLOUT)), .data.fd = p->fd};

	if (epoll_ctl(g->epoll, EPOLL_CTL_MOD, p->fd, &e) < 0 &&
		(errno != ENOENT || epoll_ctl(g->epoll, EPOLL_CTL_ADD, p->fd, &e) < 0))
		log_warn("a descriptor of libwebsockets cannot be watched, ignoring");
}

static void watch_all(struct ws_guest *g, const struct pollfd *fds, nfds_t n)
{
	for (size_t i = 0; i < g->n; i++) {
		if (!is_wanted(fds, n, g->watched[i]))
			(void)epoll_ctl(g->epoll, EPOLL_CTL_DEL, g->watched[i], NULL);
	}
	g->n = 0;
	for (nfds_t i = 0; i < n && g->n < ARRAY_SIZE(g->watched); i++) {
		if (fds[i].fd < 0)
			continue;
		watch(g, &fds[i]);
		g->watched[g->n++] = fds[i].fd;
	}
}

int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout)
{
	int n_ready;

	if (!turn_of)
		return __real_poll(fds, n, timeout);
	watch_all(turn_of, fds, n);
	turn_of->n_ready = __real_poll(fds, n, /* timeout= */ 0);
	n_ready = turn_of->n_ready;
	turn_of = NULL;
	return n_ready;
}

/* Something was ready, or lws has read what it has not looked at yet. */
static bool has_more(struct ws_guest *g)
{
	return g->n_ready > 0 ||
	       lws_service_adjust_timeout(g->context, /* timeout_ms= */ 1, /* tsi= */ 0) == 0;
}

static void on_turn(struct loop_guest *guest)
{
	struct ws_guest *g = container_of(guest, struct ws_guest, guest);

	int left = SERVICES;

	/* What lws wants to wait for changes while it serves: it is asked until nothing is ready */
	do {
		g->n_ready = 0;
		turn_of = g;
		(void)lws_service(g->context, /* timeout_ms= */ -1);
		turn_of = NULL;
	} while (has_more(g) && --left > 0);
	if (left == 0)
		timer_start(&g->tick, 0);
}

static void on_tick(struct timer *t)
{
	timer_start(t, TICK_MS);
}

void ws_guest_prepare(struct lws_context_creation_info *info, void **foreign)
{
}

struct ws_guest *ws_guest_start(struct lws_context *context, struct loop *loop)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	struct ws_guest *g;

	if (epoll < 0) {
		log_err("no epoll instance can be made: no WebSocket will be served");
		return NULL;
	}
	g = mem_new(struct ws_guest);
	g->context = context;
	g->epoll = epoll;
	timer_init(&g->tick, loop, on_tick);
	timer_start(&g->tick, TICK_MS);
	loop_guest_start(loop, &g->guest, g->epoll, on_turn);
	return g;
}

void ws_guest_stop(struct ws_guest *g, struct loop *loop)
{
	if (!g)
		return;
	loop_guest_stop(loop, &g->guest);
	timer_stop(&g->tick);
	(void)close(g->epoll);
	free(g);
}
