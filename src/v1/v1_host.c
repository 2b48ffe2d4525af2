/* SPDX-License-Identifier: MIT */
/*
 * v1_host: a client of the Rust tunnelto, turned into a client of ours.
 *
 *   its WebSocket ── ClientHello ─> owner judges ─> HELLO, REGISTER ─> a server's session
 *                 <─ ServerHello ── REGISTERED <──────────────────────
 *                 <─ Init, Data, End ── v1_stream <── OPEN, DATA … (link_pair)
 *                 ── Data, Refused ──> v1_stream ──>
 *
 * So names, take-over, quotas, edges and logs are those of any client. The bridge adds what the
 * protocol does not have: bounds. Packets wait in `out` up to a mark, then the session is held;
 * what visitors do not take is v1_stream's.
 *
 * What a stock client cannot stand is never sent: a WebSocket Ping, a message under nine bytes, a
 * tag it does not know, a Close before the ServerHello.
 */
#include "v1/v1_host.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/cursor.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rand.h"
#include "base/str.h"
#include "io/loop.h"
#include "v1/v1_stream.h"

/* --- towards the client ---------------------------------------------------------------------- */

static void queued(struct v1_host *h, bool fitted)
{
	if (!fitted) {
		/* not here: whoever sends may be in the middle of a stream that this would free */
		h->overflowed = true;
		timer_start(&h->sweep, 0);
		return;
	}
	if (h->pair && v1_out_is_high(&h->out))
		link_pair_hold(&h->pair->far, true);
	ws_pipe_wake(h->user.pipe);
}

void v1_host_send(struct v1_host *h, enum v1_packet_type type, const uint8_t id[static V1_ID_LEN],
	const void *payload, size_t n)
{
	if (h->user.pipe)
		queued(h, v1_out_add_packet(&h->out, type, id, payload, n));
}

static void answer(struct v1_host *h, const struct v1_server_hello *hello)
{
	uint8_t json[V1_HELLO_MAX];
	size_t n = v1_server_hello_encode(json, sizeof(json), hello);

	if (h->user.pipe && n > 0)
		queued(h, v1_out_add(&h->out, json, n));
}

static size_t pipe_next(struct ws_pipe_user *u, uint8_t *out, size_t cap)
{
	struct v1_host *h = container_of(u, struct v1_host, user);
	struct v1_out_sent sent;
	size_t n = v1_out_next(&h->out, out, cap, &sent);

	if (sent.data > 0)
		v1_stream_credit(h, sent.id, sent.data);
	if (h->pair && v1_out_is_low(&h->out))
		link_pair_hold(&h->pair->far, false);
	return n;
}

static void send_ping(struct v1_host *h)
{
	char token[V1_TOKEN_MAX];

	if (h->ops->token && h->ops->token(h, h->sub_domain, token))
		v1_host_send(h, V1_PING, v1_token_id, token, strlen(token));
	else
		v1_host_send(h, V1_PING, v1_empty_id, NULL, 0);
	mem_wipe(token, sizeof(token));
}

static void on_ping(struct timer *t)
{
	struct v1_host *h = container_of(t, struct v1_host, ping);

	if (loop_now(h->loop) >= h->last_rx + V1_HOST_SILENT_MS) {
		v1_host_close(h, CLOSE_TIMEOUT, "the client answers no Ping");
		return;
	}
	if (!v1_out_is_high(&h->out))
		send_ping(h);
	timer_start(&h->ping, V1_HOST_PING_MS);
}

static void on_sweep(struct timer *t)
{
	struct v1_host *h = container_of(t, struct v1_host, sweep);

	if (h->overflowed)
		v1_host_close(h, CLOSE_LIMIT, "the client does not read");
	else if (v1_stream_sweep(h, loop_now(h->loop)) && h->state != V1_HOST_OVER)
		timer_start(&h->sweep, 1000);
}

/* --- the end --------------------------------------------------------------------------------- */

/* A client that comes back would only do harm: say so in the one way it understands. */
static bool is_final(const struct v1_host *h, enum close_reason why)
{
	if (why == CLOSE_TAKEN_OVER)
		return true; /* else two clients take a name from each other for ever */
	return h->version != V1_VERSION_PRE &&
	       (why == CLOSE_KEY_REVOKED || why == CLOSE_NOT_ALLOWED);
}

static void end_pipe(struct v1_host *h, enum close_reason why, const char *text)
{
	bool told = h->state == V1_HOST_UP,
	     broken = why == CLOSE_PROTOCOL || why == CLOSE_LIMIT || why == CLOSE_TIMEOUT;

	if (!h->user.pipe)
		return;
	text = text && *text ? text : close_text(why);
	/* clients before 0.1.20 do not know the tag, which ends them just as well */
	if (told && is_final(h, why))
		v1_host_send(h, V1_TERMINATE, v1_empty_id, text, strlen(text));
	/* before ServerHello a Close would be taken for one */
	if (h->user.pipe)
		ws_pipe_close(h->user.pipe, told && !broken ? WS_PIPE_CLOSE : WS_PIPE_ABRUPT);
}

static void finish(struct v1_host *h, enum close_reason why, const char *text)
{
	if (h->state == V1_HOST_OVER)
		return;
	timer_stop(&h->tick);
	timer_stop(&h->hello);
	timer_stop(&h->ping);
	timer_stop(&h->sweep);
	end_pipe(h, why, text);
	h->state = V1_HOST_OVER;
	h->pair = NULL; /* it goes when both of its sessions have let go */
	v1_stream_free_all(h);
	h->ops->closed(h);
}

void v1_host_close(struct v1_host *h, enum close_reason why, const char *text)
{
	if (h->state == V1_HOST_OVER)
		return;
	if (h->has_session)
		session_close(&h->session, why, text);
	else
		finish(h, why, text);
}

static void pipe_closed(struct ws_pipe_user *u)
{
	v1_host_close(container_of(u, struct v1_host, user), CLOSE_LINK_LOST, "");
}

/* --- the session ----------------------------------------------------------------------------- */

static struct v1_host *host_of(struct session *s)
{
	return container_of(s, struct v1_host, session);
}

static void on_welcome(struct v1_host *h, const struct frame *f)
{
	struct hello_register rq = {.request = 1, .proto = HELLO_PROTO_HTTP};
	struct hello_welcome w;
	uint8_t json[FRAME_MAX_JSON];
	struct err err;

	if (hello_welcome_decode(&w, f->payload, f->length, &err) < 0) {
		v1_host_close(h, CLOSE_INTERNAL, err.text);
		return;
	}
	mem_wipe(&w.secret, sizeof(w.secret));
	session_greeted(&h->session, w.window, clock_ms());
	(void)snprintf(rq.name, sizeof(rq.name), "%s", h->name);
	(void)snprintf(rq.subdomain, sizeof(rq.subdomain), "%s", h->sub_domain);
	session_send(&h->session, FRAME_REGISTER, 0, json,
		hello_register_encode(json, sizeof(json), &rq));
}

/* What a stock client says well: it has words of its own for three refusals, prints the rest, and
 * ends. It comes back only where nothing was answered. */
static void refuse(struct v1_host *h, const struct hello_registered *r)
{
	struct v1_server_hello hello = {.answer = V1_ERROR};

	if (str_eq(r->error, hello_refusal_word(HELLO_REFUSAL_TAKEN)) ||
		str_eq(r->error, hello_refusal_word(HELLO_REFUSAL_SUPERSEDED)) ||
		str_eq(r->error, hello_refusal_word(HELLO_REFUSAL_RESERVED)))
		hello.answer = V1_SUB_DOMAIN_IN_USE;
	else if (str_eq(r->error, hello_refusal_word(HELLO_REFUSAL_BAD_NAME)))
		hello.answer = V1_INVALID_SUB_DOMAIN;
	(void)snprintf(hello.error, sizeof(hello.error), "%.200s", r->message);
	if (!str_eq(r->error, hello_refusal_word(HELLO_REFUSAL_SERVER_FULL)) &&
		!str_eq(r->error, hello_refusal_word(HELLO_REFUSAL_SHUTTING_DOWN)))
		answer(h, &hello);
	v1_host_close(h, CLOSE_DONE, r->message);
}

/* scheme://host[:port]/ without what is not host and port */
static void authority_of(char *to, size_t size, const char *url)
{
	const char *at = strstr(url, "://");

	at = at ? at + 3 : url;
	(void)snprintf(to, size, "%.*s", (int)strcspn(at, "/"), at);
}

static void on_registered(struct v1_host *h, const struct frame *f)
{
	struct v1_server_hello hello = {.answer = V1_SUCCESS};
	struct hello_registered r;
	struct err err;

	if (hello_registered_decode(&r, f->payload, f->length, &err) < 0) {
		v1_host_close(h, CLOSE_INTERNAL, err.text);
		return;
	}
	if (!r.granted) {
		refuse(h, &r);
		return;
	}
	/* the words of the client where it chose, else the label that it was given */
	if (!h->sub_domain[0])
		(void)snprintf(h->sub_domain, sizeof(h->sub_domain), "%.*s",
			(int)strcspn(r.hostname, "."), r.hostname);
	(void)snprintf(hello.sub_domain, sizeof(hello.sub_domain), "%s", h->sub_domain);
	(void)snprintf(hello.client_id, sizeof(hello.client_id), "%s", h->client_id);
	authority_of(hello.hostname, sizeof(hello.hostname), r.url);
	answer(h, &hello);
	h->state = V1_HOST_UP;
	timer_stop(&h->hello);
	send_ping(h);
	timer_start(&h->ping, V1_HOST_PING_MS);
}

static void on_gone(struct v1_host *h, const struct frame *f)
{
	struct frame_reason r;

	if (frame_reason_decode(&r, f) == 0)
		v1_host_close(h, (enum close_reason)MIN(r.reason, CLOSE_COUNT - 1), r.text);
}

static void on_goaway(struct v1_host *h, const struct frame *f)
{
	struct frame_reason r;

	if (frame_reason_decode(&r, f) < 0)
		return;
	h->why = (enum close_reason)MIN(r.reason, CLOSE_COUNT - 1);
	memcpy(h->why_text, r.text, sizeof(h->why_text));
}

static void session_frame(struct session *s, struct link *l, const struct frame *f)
{
	struct v1_host *h = host_of(s);

	if (f->type == FRAME_WELCOME)
		on_welcome(h, f);
	else if (f->type == FRAME_REGISTERED)
		on_registered(h, f);
	else if (f->type == FRAME_GONE)
		on_gone(h, f);
	else if (f->type == FRAME_GOAWAY)
		on_goaway(h, f);
}

static void session_opened(struct session *s, struct stream *st, const struct frame_open *open)
{
	v1_stream_open(host_of(s), st);
}

static void session_detached(struct session *s, enum close_reason why)
{
	/* never: grace is 0 at a link pair */
}

static void session_closed(struct session *s, enum close_reason why, const char *text)
{
	struct v1_host *h = host_of(s);

	/* the other side's end of the pair goes last: what it said before counts */
	if (why == CLOSE_LINK_LOST && h->why != CLOSE_DONE)
		finish(h, h->why, h->why_text);
	else
		finish(h, why, text);
}

static void session_deadline(struct session *s, clock_ms_t at)
{
	timer_start_at(&host_of(s)->tick, at);
}

static const struct session_ops session_ops = {
	.frame = session_frame,
	.opened = session_opened,
	.detached = session_detached,
	.closed = session_closed,
	.deadline = session_deadline,
};

static void on_tick(struct timer *t)
{
	session_tick(&container_of(t, struct v1_host, tick)->session, clock_ms());
}

/* --- the handshake --------------------------------------------------------------------------- */

static void start_session(struct v1_host *h, const struct v1_host_greeting *g)
{
	struct hello hello = {
		.version = HELLO_VERSION,
		.generation = clock_wall_ms(),
		.window = session_limits_default.window,
	};
	struct session_limits limits = session_limits_default;
	uint8_t json[FRAME_MAX_JSON];

	link_pair_limit(&limits);
	limits.max_streams = UINT32_MAX; /* the server's side counts */
	h->pair = link_pair_new(h->loop);
	session_init(&h->session, &session_ops, &limits, /* is_server= */ false, clock_ms());
	h->has_session = true;
	session_attach(&h->session, &h->pair->near.link, clock_ms());
	h->ops->accepted(h, &h->pair->far.link);
	(void)snprintf(h->name, sizeof(h->name), "%s", g->name);
	(void)snprintf(h->sub_domain, sizeof(h->sub_domain), "%s", g->sub_domain);
	(void)snprintf(h->client_id, sizeof(h->client_id), "%s", g->client_id);
	(void)snprintf(hello.software, sizeof(hello.software), "tunnelto %s (v1)",
		h->version == V1_VERSION_PRE ? "before 0.1.20" : "0.1.20");
	memcpy(hello.instance, g->instance, sizeof(hello.instance));
	session_send(&h->session, FRAME_HELLO, 0, json, hello_encode(json, sizeof(json), &hello));
}

static void on_hello(struct v1_host *h, const uint8_t *bytes, size_t n)
{
	struct v1_host_greeting g = {.refusal = V1_AUTH_FAILED};
	struct v1_server_hello no = {.answer = V1_AUTH_FAILED};
	struct v1_client_hello hello;
	struct err err;

	h->state = V1_HOST_REGISTERING;
	if (n <= V1_HELLO_MAX && v1_client_hello_decode(&hello, bytes, n, &err) == 0) {
		h->version = hello.version;
		h->ops->hello(h, &hello, &g);
	}
	mem_wipe(&hello, sizeof(hello));
	if (g.refusal == V1_SUCCESS) {
		start_session(h, &g);
		return;
	}
	no.answer = g.refusal;
	(void)snprintf(no.error, sizeof(no.error), "%s", g.text);
	answer(h, &no);
	v1_host_close(h, CLOSE_DONE, "");
}

static void pipe_message(struct ws_pipe_user *u, const uint8_t *bytes, size_t n)
{
	struct v1_host *h = container_of(u, struct v1_host, user);
	struct v1_packet p;

	h->last_rx = loop_now(h->loop);
	if (h->state == V1_HOST_HELLO)
		on_hello(h, bytes, n);
	/* what makes no sense is passed over, as the stock server does it */
	else if (h->state == V1_HOST_UP && v1_packet_decode(&p, bytes, n) == V1_OK)
		v1_stream_on_packet(h, &p);
}

static const struct ws_pipe_user_ops pipe_ops = {
	.message = pipe_message,
	.next = pipe_next,
	.closed = pipe_closed,
};

static void on_hello_timeout(struct timer *t)
{
	v1_host_close(container_of(t, struct v1_host, hello), CLOSE_TIMEOUT,
		"no ClientHello in time");
}

void v1_host_open(struct v1_host *h, struct loop *loop, struct ws_pipe *pipe,
	const struct v1_host_ops *ops, const struct v1_host_times *times)
{
	h->ops = ops;
	h->loop = loop;
	h->times = *times;
	h->last_rx = loop_now(loop);
	list_init(&h->active);
	list_init(&h->leaving);
	idmap_init(&h->streams);
	v1_out_init(&h->out);
	v1_dam_init(&h->dam, &h->user, times->slow_ms);
	do
		rand_bytes(h->prefix, sizeof(h->prefix));
	while (h->prefix[0] == v1_empty_id[0]); /* never one of the reserved ids */
	timer_init(&h->tick, loop, on_tick);
	timer_init(&h->hello, loop, on_hello_timeout);
	timer_init(&h->ping, loop, on_ping);
	timer_init(&h->sweep, loop, on_sweep);
	timer_start(&h->hello, V1_HOST_HELLO_MS);
	ws_pipe_bind(pipe, &h->user, &pipe_ops);
}

void v1_host_deinit(struct v1_host *h)
{
	assert(h->state == V1_HOST_OVER);
	if (h->has_session)
		session_deinit(&h->session);
	idmap_deinit(&h->streams);
	v1_out_deinit(&h->out);
}
