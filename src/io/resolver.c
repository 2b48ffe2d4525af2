/* SPDX-License-Identifier: MIT */
/*
 * resolver: c-ares' channel, its sockets and its timer on our loop.
 *
 * c-ares reads resolv.conf only when a channel is made. A laptop moves: once that file has
 * changed, and while nothing is being asked, a new channel takes the place of the old one.
 *
 * Not here: the questions (resolve.c).
 */
#include "io/resolver.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <sys/time.h>

#include "base/mem.h"
#include "io/loop.h"
#include "io/resolve.h"

#define TRY_MS      2500
#define TRIES       4 /* c-ares asks every server in each try */
#define DEADLINE_MS 10000
#define RESOLV_CONF "/etc/resolv.conf"

void resolver_schedule(struct resolver *r)
{
	struct timeval tv, *next = ares_timeout(r->channel, NULL, &tv);

	if (next)
		timer_start(&r->timer,
			(uint64_t)next->tv_sec * 1000 + (uint64_t)next->tv_usec / 1000 + 1);
	else
		timer_stop(&r->timer);
}

static void on_socket(struct ev_loop *ev, ev_io *w, int revents)
{
	struct socket_watch *s = container_of(w, struct socket_watch, w);
	struct resolver *r = s->resolver;

	ares_process_fd(r->channel, revents & EV_READ ? w->fd : ARES_SOCKET_BAD,
		revents & EV_WRITE ? w->fd : ARES_SOCKET_BAD);
	resolver_schedule(r);
}

static void on_timer(struct timer *t)
{
	struct resolver *r = container_of(t, struct resolver, timer);

	ares_process_fd(r->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	resolver_schedule(r);
}

static struct socket_watch *watch_of(struct resolver *r, int fd)
{
	struct socket_watch *free_one = NULL;

	for (size_t i = 0; i < RESOLVER_SOCKETS_MAX; i++) {
		if (r->sockets[i].used && r->sockets[i].w.fd == fd)
			return &r->sockets[i];
		if (!r->sockets[i].used && !free_one)
			free_one = &r->sockets[i];
	}
	return free_one;
}

/* c-ares tells which of its sockets wait for what. More than RESOLVER_SOCKETS_MAX go unwatched and
 * time out.
 */
static void on_state(void *arg, ares_socket_t fd, int readable, int writable)
{
	struct resolver *r = arg;
	struct socket_watch *s = watch_of(r, fd);

	if (!s)
		return;
	if (s->used)
		ev_io_stop(r->loop->ev, &s->w);
	s->used = readable || writable;
	if (!s->used)
		return;
	s->resolver = r;
	ev_io_init(&s->w, on_socket, fd, (readable ? EV_READ : 0) | (writable ? EV_WRITE : 0));
	ev_io_start(r->loop->ev, &s->w);
}

static bool open_channel(struct resolver *r, ares_channel *ret)
{
	struct ares_options o = {.timeout = TRY_MS,
		.tries = TRIES,
		.sock_state_cb = on_state,
		.sock_state_cb_data = r};
	int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB;

#ifdef ARES_OPT_QUERY_CACHE
	mask |= ARES_OPT_QUERY_CACHE; /* its maximum age stays 0: off (c-ares 1.31 has it on) */
#endif
	return ares_init_options(ret, &o, mask) == ARES_SUCCESS;
}

static struct timespec conf_time(const struct resolver *r)
{
	struct stat st;

	return stat(r->conf, &st) < 0 ? (struct timespec){0} : st.st_mtim;
}

/* The channel of before is kept when there can be no new one. */
void resolver_follow_conf(struct resolver *r)
{
	struct timespec now = conf_time(r);
	ares_channel fresh;

	if (!list_is_empty(&r->queries) ||
		(now.tv_sec == r->conf_changed.tv_sec && now.tv_nsec == r->conf_changed.tv_nsec))
		return;
	if (!open_channel(r, &fresh))
		return;
	ares_destroy(r->channel);
	r->channel = fresh;
	r->conf_changed = now;
}

struct resolver *resolver_new(struct loop *loop)
{
	struct resolver *r = mem_new(struct resolver);

	r->loop = loop;
	r->deadline_ms = DEADLINE_MS;
	r->conf = RESOLV_CONF;
	r->conf_changed = conf_time(r);
	list_init(&r->queries);
	timer_init(&r->timer, loop, on_timer);
	if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS || !open_channel(r, &r->channel)) {
		free(r);
		return NULL;
	}
	return r;
}

void resolver_free(struct resolver *r)
{
	if (!r)
		return;
	ares_destroy(r->channel); /* ends every query that was asked */
	resolve_drop_all(r);
	timer_stop(&r->timer);
	free(r);
}
