/* SPDX-License-Identifier: MIT */
/*
 * resolve: getaddrinfo by c-ares, its sockets and its timer on our loop.
 *
 * Nothing is cached: a name whose address changed is seen at the next attempt, and so are other
 * name servers (a laptop that moved: c-ares reads resolv.conf only when a channel is made, so a
 * new one is made once that file changed and nothing is being asked). A cancelled query lives on
 * inside c-ares until it ends, and its answer is dropped.
 */
#include "io/resolve.h"

#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>

#include <ares.h>
#include <ev.h>

#include "base/list.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/loop.h"
#include "io/timer.h"

#define TRY_MS      2500
#define TRIES       4 /* c-ares asks every server in each try */
#define DEADLINE_MS 10000
#define RESOLV_CONF "/etc/resolv.conf"
#define SOCKETS_MAX 16

struct resolver {
	struct loop *loop;
	ares_channel channel;
	struct timer timer;
	struct socket_watch {
		ev_io w;
		struct resolver *resolver;
		bool used;
	} sockets[SOCKETS_MAX];
	struct list queries;
	struct timespec conf_changed; /* of RESOLV_CONF when the channel was made; 0: not there */
	const char *conf;
	uint64_t deadline_ms;
};

struct query {
	struct list node;
	struct resolver *resolver;
	struct resolve *for_whom; /* NULL: cancelled */
	struct loop_task now;     /* literals are answered by this */
	struct timer deadline;    /* c-ares doubles its time-outs: its own tries may take longer */
	struct addr list[RESOLVE_MAX];
	size_t n;
	int status;
	uint16_t port;
	bool asked; /* c-ares holds it */
};

static void schedule_timeout(struct resolver *r)
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
	schedule_timeout(r);
}

static void on_timer(struct timer *t)
{
	struct resolver *r = container_of(t, struct resolver, timer);

	ares_process_fd(r->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	schedule_timeout(r);
}

static struct socket_watch *watch_of(struct resolver *r, int fd)
{
	struct socket_watch *free_one = NULL;

	for (size_t i = 0; i < SOCKETS_MAX; i++) {
		if (r->sockets[i].used && r->sockets[i].w.fd == fd)
			return &r->sockets[i];
		if (!r->sockets[i].used && !free_one)
			free_one = &r->sockets[i];
	}
	return free_one;
}

/* c-ares tells which of its sockets wait for what. More than SOCKETS_MAX go unwatched and time out.
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
static void follow_conf(struct resolver *r)
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

static void forget(struct query *q)
{
	timer_stop(&q->deadline);
	loop_task_cancel(&q->now);
	list_del(&q->node);
	free(q);
}

void resolver_free(struct resolver *r)
{
	if (!r)
		return;
	list_each (q, &r->queries, struct query, node) {
		if (q->for_whom)
			q->for_whom->query = NULL;
		q->for_whom = NULL;
	}
	ares_destroy(r->channel); /* ends every query that was asked */
	list_each_safe (q, &r->queries, struct query, node)
		forget(q);
	timer_stop(&r->timer);
	free(r);
}

static void answer(struct query *q)
{
	struct resolve *who = q->for_whom;
	struct addr list[RESOLVE_MAX];
	size_t n = q->n;
	int status = q->status;

	memcpy(list, q->list, sizeof(list));
	forget(q);
	if (!who)
		return;
	who->query = NULL;
	who->done(who, status, list, n);
}

static int status_of(int ares)
{
	switch (ares) {
	case ARES_SUCCESS:
		return 0;
	case ARES_ENOTFOUND:
	case ARES_ENODATA:
	case ARES_EBADNAME:
		return -ENOENT;
	case ARES_ETIMEOUT:
		return -ETIMEDOUT;
	case ARES_ECONNREFUSED:
		return -ECONNREFUSED;
	default:
		return -EIO;
	}
}

/* RFC 8305 §4: the families take turns, beginning with the one that sorts first. */
static void interleave(struct query *q, const struct ares_addrinfo *found)
{
	const struct ares_addrinfo_node *a = found->nodes, *first = a;
	const struct ares_addrinfo_node *turn[2] = {a, a};
	int which = 0, idle = 0;

	while (q->n < RESOLVE_MAX && idle < 2) {
		const struct ares_addrinfo_node **at = &turn[which];

		while (*at && ((*at)->ai_family == first->ai_family) != (which == 0))
			*at = (*at)->ai_next;
		idle = *at ? 0 : idle + 1;
		if (*at && (*at)->ai_addrlen <= sizeof(q->list[0].sa)) {
			q->list[q->n].len = (socklen_t)(*at)->ai_addrlen;
			memcpy(&q->list[q->n++].sa, (*at)->ai_addr, (*at)->ai_addrlen);
		}
		if (*at)
			*at = (*at)->ai_next;
		which = !which;
	}
}

static void set_ports(struct query *q)
{
	for (size_t i = 0; i < q->n; i++) {
		struct sockaddr_storage *sa = &q->list[i].sa;

		if (sa->ss_family == AF_INET)
			((struct sockaddr_in *)sa)->sin_port = htons(q->port);
		else
			((struct sockaddr_in6 *)sa)->sin6_port = htons(q->port);
	}
}

static void on_found(void *arg, int status, int timeouts, struct ares_addrinfo *found)
{
	struct query *q = arg;

	q->asked = false;
	q->status = status_of(status);
	if (found && status == ARES_SUCCESS && found->nodes)
		interleave(q, found);
	if (found)
		ares_freeaddrinfo(found);
	if (q->status == 0 && q->n == 0)
		q->status = -ENOENT;
	set_ports(q);
	if (status == ARES_EDESTRUCTION)
		return; /* resolver_free() frees it */
	/* not inside c-ares, which must not be re-entered or destroyed from its own callback */
	loop_task_schedule(q->resolver->loop, &q->now);
}

static void on_now(struct loop_task *t)
{
	answer(container_of(t, struct query, now));
}

/* c-ares goes on; what it finds is dropped like that of a cancelled query. */
static void on_deadline(struct timer *t)
{
	struct query *q = container_of(t, struct query, deadline);
	struct resolve *who = q->for_whom;

	if (!who)
		return;
	q->for_whom = NULL;
	who->query = NULL;
	who->done(who, -ETIMEDOUT, NULL, 0);
}

static bool is_localhost(const char *host)
{
	size_t n = strlen(host);

	if (n && host[n - 1] == '.')
		n--;
	if (n == 9 && strncasecmp(host, "localhost", 9) == 0)
		return true;
	return n > 10 && strncasecmp(host + n - 10, ".localhost", 10) == 0;
}

static bool answered_here(struct query *q, const char *host)
{
	if (addr_parse_ip(&q->list[0], host, q->port) == 0) {
		q->n = 1;
		return true;
	}
	if (!is_localhost(host))
		return false;
	if (addr_parse_ip(&q->list[0], "127.0.0.1", q->port) == 0 &&
		addr_parse_ip(&q->list[1], "::1", q->port) == 0)
		q->n = 2;
	return q->n == 2;
}

void resolve_start(struct resolve *w, struct resolver *r, const char *host, uint16_t port,
	resolve_done_f *done)
{
	struct ares_addrinfo_hints hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	struct query *q = mem_new(struct query);

	assert(!w->query);
	w->resolver = r;
	w->done = done;
	w->query = q;
	q->resolver = r;
	q->for_whom = w;
	q->port = port;
	follow_conf(r);
	loop_task_init(&q->now, on_now);
	timer_init(&q->deadline, r->loop, on_deadline);
	list_add_tail(&r->queries, &q->node);
	if (answered_here(q, host)) {
		loop_task_schedule(r->loop, &q->now);
		return;
	}
	q->asked = true;
	timer_start(&q->deadline, r->deadline_ms);
	ares_getaddrinfo(r->channel, host, NULL, &hints, on_found, q);
	schedule_timeout(r);
}

void resolve_cancel(struct resolve *w)
{
	struct query *q = w->query;

	if (!q)
		return;
	w->query = NULL;
	q->for_whom = NULL;
	if (!q->asked)
		answer(q);
}
