/* SPDX-License-Identifier: MIT */
/*
 * v1_stream: a visitor as the Rust client sees it.
 *
 *   visitor ── data ──> Data ──> client       credited when the packet has left
 *   visitor <── write <── Data <── client     without credit: the client sends what it has
 *
 * The client knows no windows. What a visitor does not take is kept, up to a bound; beyond it the
 * client is not read any more, which stops all its visitors, so the one that causes it has only so
 * long to catch up before it is reset.
 *
 * Nor does the client say that an origin has ended. Who reads the HTTP knows (the edge); what only
 * the end of the connection would end is reset after a silence, because a body that was cut must
 * not look whole.
 */
#include "v1/v1_stream.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "io/loop.h"
#include "v1/v1_host.h"

static struct v1_stream *stream_of(struct stream_user *u)
{
	return container_of(u, struct v1_stream, user);
}

static uint32_t number_of(const uint8_t id[static V1_ID_LEN])
{
	return (uint32_t)id[4] << 24 | (uint32_t)id[5] << 16 | (uint32_t)id[6] << 8 | id[7];
}

static struct v1_stream *find(const struct v1_host *h, const uint8_t id[static V1_ID_LEN])
{
	if (memcmp(id, h->prefix, sizeof(h->prefix)) != 0)
		return NULL;
	return idmap_get(&h->streams, number_of(id));
}

static void touch(struct v1_stream *s)
{
	s->used_at = loop_now(s->host->loop);
	if (s->leaving)
		return;
	list_del(&s->node);
	list_add_tail(&s->host->active, &s->node);
}

static void forget(struct v1_stream *s)
{
	struct v1_host *h = s->host;

	v1_dam_pool_deinit(&s->pool);
	if (s->leaving)
		h->n_leaving--;
	list_del(&s->node);
	(void)idmap_del(&h->streams, number_of(s->id));
	free(s);
}

static void reset(struct v1_stream *s, enum close_reason why, const char *text, bool tell_client)
{
	if (tell_client && !s->leaving)
		v1_host_send(s->host, V1_END, s->id, NULL, 0);
	stream_reset(s->user.stream, why, text);
	forget(s);
}

/* --- from the visitor ------------------------------------------------------------------------ */

static void on_data(struct stream_user *u, const uint8_t *bytes, size_t n)
{
	struct v1_stream *s = stream_of(u);

	touch(s);
	v1_host_send(s->host, V1_DATA, s->id, bytes, n);
}

/* Both directions are over: ours by fiat, what the client still says is dropped. */
static void leave(struct v1_stream *s)
{
	struct stream *st = s->user.stream;

	stream_end(st);
	stream_release(st, CLOSE_DONE);
	forget(s);
}

static void on_end(struct stream_user *u)
{
	struct v1_stream *s = stream_of(u);
	struct v1_host *h = s->host;

	v1_host_send(h, V1_END, s->id, NULL, 0);
	touch(s);
	s->leaving = true;
	list_del(&s->node);
	list_add_tail(&h->leaving, &s->node);
	h->n_leaving++;
	/* not waited for to the end: it must not look whole */
	if (h->n_leaving > V1_HOST_LEAVING_MAX)
		reset(list_entry(h->leaving.next, struct v1_stream, node), CLOSE_LIMIT, "",
			/* tell_client= */ false);
}

static void on_reset(struct stream_user *u, enum close_reason why, const char *text)
{
	struct v1_stream *s = stream_of(u);

	if (!s->leaving)
		v1_host_send(s->host, V1_END, s->id, NULL, 0);
	forget(s);
}

static void on_writable(struct stream_user *u)
{
	struct v1_stream *s = stream_of(u);

	v1_dam_pool_flush(&s->pool, u->stream, loop_now(s->host->loop));
	touch(s);
}

static const struct stream_user_ops user_ops = {
	.data = on_data,
	.end = on_end,
	.reset = on_reset,
	.writable = on_writable,
};

void v1_stream_open(struct v1_host *h, struct stream *st)
{
	struct v1_stream *s = mem_new(struct v1_stream);

	s->host = h;
	memcpy(s->id, h->prefix, sizeof(h->prefix));
	for (int i = 0; i < 4; i++)
		s->id[4 + i] = (uint8_t)(st->id >> (24 - 8 * i));
	v1_dam_pool_init(&s->pool, &h->dam);
	list_init(&s->node);
	idmap_set(&h->streams, st->id, s);
	stream_bind(st, &s->user, &user_ops);
	touch(s);
	v1_host_send(h, V1_INIT, s->id, NULL, 0);
	if (!timer_is_active(&h->sweep))
		timer_start(&h->sweep, 1000);
}

void v1_stream_credit(struct v1_host *h, const uint8_t id[static V1_ID_LEN], size_t n)
{
	struct v1_stream *s = find(h, id);

	if (s && s->user.stream)
		stream_consumed(s->user.stream, n);
}

/* --- from the client ------------------------------------------------------------------------- */

static void from_client(struct v1_stream *s, const uint8_t *bytes, size_t n)
{
	touch(s);
	if (!v1_dam_pool_write(&s->pool, s->user.stream, bytes, n, s->used_at))
		reset(s, CLOSE_SLOW, "", /* tell_client= */ true);
}

void v1_stream_on_packet(struct v1_host *h, const struct v1_packet *p)
{
	struct v1_stream *s = find(h, p->id);

	if (!s)
		return; /* the visitor is gone, or it is the second of two Refused */
	if (p->type == V1_DATA && p->n > 0)
		from_client(s, p->payload, p->n);
	else if (p->type == V1_REFUSED)
		reset(s, CLOSE_ORIGIN_REFUSED, "", /* tell_client= */ false);
}

/* --- time ------------------------------------------------------------------------------------ */

static void sweep_idle(struct v1_host *h, clock_ms_t now)
{
	while (h->times.idle_ms && !list_is_empty(&h->active)) {
		struct v1_stream *s = list_entry(h->active.next, struct v1_stream, node);

		if (now < s->used_at + h->times.idle_ms)
			return;
		reset(s, CLOSE_IDLE, "", /* tell_client= */ true);
	}
}

static void sweep_leaving(struct v1_host *h, clock_ms_t now)
{
	list_each_safe (s, &h->leaving, struct v1_stream, node) {
		if (now >= s->used_at + V1_HOST_LEAVE_MS && v1_dam_pool_is_empty(&s->pool))
			leave(s);
		if (h->state == V1_HOST_OVER)
			return; /* with all its streams */
	}
}

/* Who has kept the client from being read for too long. */
static void sweep_slow(struct v1_host *h, clock_ms_t now)
{
	struct v1_pool *p;

	while (h->state != V1_HOST_OVER && (p = v1_dam_overdue(&h->dam, now)))
		reset(container_of(p, struct v1_stream, pool), CLOSE_SLOW, "",
			/* tell_client= */ true);
}

bool v1_stream_sweep(struct v1_host *h, clock_ms_t now)
{
	sweep_idle(h, now);
	sweep_leaving(h, now);
	sweep_slow(h, now);
	return idmap_count(&h->streams) > 0;
}

void v1_stream_free_all(struct v1_host *h)
{
	struct list *lists[] = {&h->active, &h->leaving};

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		list_each_safe (s, lists[i], struct v1_stream, node) {
			assert(!s->user.stream);
			forget(s);
		}
	}
}
