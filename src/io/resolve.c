/* SPDX-License-Identifier: MIT */
/*
 * resolve: questions for the addresses of a name, put to c-ares (resolver.c).
 *
 * Nothing is cached: a name whose address changed is seen at the next attempt. A cancelled query
 * lives on inside c-ares until it ends, and its answer is dropped.
 */
#include "io/resolve.h"

#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/loop.h"
#include "io/resolver.h"

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

static void forget(struct query *q)
{
	timer_stop(&q->deadline);
	loop_task_cancel(&q->now);
	list_del(&q->node);
	free(q);
}

void resolve_drop_all(struct resolver *r)
{
	list_each_safe (q, &r->queries, struct query, node) {
		if (q->for_whom)
			q->for_whom->query = NULL;
		forget(q);
	}
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
		return; /* resolve_drop_all() frees it */
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
	resolver_follow_conf(r);
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
	resolver_schedule(r);
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
