/* SPDX-License-Identifier: MIT */
/*
 * uplink: one server, reached again and again.
 *
 *   IDLE ─want─> CONNECTING ─ resolve, each address, WebSocket, HELLO, WELCOME ─> UP
 *                   ^ └── failed ──> WAITING (backoff, full jitter) or REFUSED (slowly) ──┐
 *                   └──────────────────────────────────────────────────────────────────────┘
 *   UP ── link lost ──> CONNECTING with the session's id and secret ──> resumed, or a new one
 *
 * An attempt is uplink_dial.c's, lanes are uplink_lane.c's. A session outlives its link by the
 * server's grace; the one that HELLO names is taken up by the same struct session, so its streams
 * go on.
 */
#include "client/uplink.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/message.h"
#include "base/str.h"
#include "client/client_conf.h"
#include "io/loop.h"

#define WELCOME_MS 10000

static void attempt(struct uplink *u);

const char *uplink_state_word(enum uplink_state s)
{
	static const char *const words[] = {"idle", "connecting", "up", "waiting", "refused"};

	return words[s];
}

static void set_state(struct uplink *u, enum uplink_state state, const char *error)
{
	if (u->state != state)
		u->since = clock_ms();
	u->state = state;
	if (error)
		(void)snprintf(u->error, sizeof(u->error), "%s", error);
	else if (state == UPLINK_UP || state == UPLINK_IDLE)
		u->error[0] = '\0';
}

/* --- failing --------------------------------------------------------------------------------- */

static void pause_for(struct uplink *u, enum uplink_state state, uint64_t ms, const char *error)
{
	bool news = !str_eq(u->error, error);

	set_state(u, state, error);
	u->retry_at = clock_ms() + ms;
	timer_start(&u->retry, ms);
	if (news)
		log_with(LOG_LV_WARNING,
			state == UPLINK_REFUSED ? "server refuses this client"
						: "server not reached",
			{"SERVER", u->conf->server.url}, {"ERROR", error},
			{"MESSAGE_ID",
				message_id(state == UPLINK_REFUSED ? MESSAGE_SERVER_REFUSED
								   : MESSAGE_SERVER_UNREACHED)});
	u->ops->down(u);
}

static void failed(struct uplink *u, const char *error)
{
	uint64_t pause = u->come_back_ms + backoff_next(&u->backoff);

	u->come_back_ms = 0;
	pause_for(u, UPLINK_WAITING, pause, error);
}

static void refused(struct uplink *u, const char *error)
{
	pause_for(u, UPLINK_REFUSED, UPLINK_REFUSED_MS, error);
}

static void on_retry(struct timer *t)
{
	attempt(container_of(t, struct uplink, retry));
}

void uplink_hurry(struct uplink *u)
{
	if (u->state == UPLINK_WAITING || u->state == UPLINK_REFUSED) {
		backoff_reset(&u->backoff);
		timer_start(&u->retry, 0);
	}
}

/* --- the session ----------------------------------------------------------------------------- */

static struct uplink *uplink_of(struct session *s)
{
	return container_of(s, struct uplink_session, session)->uplink;
}

static void free_session(struct grave *g)
{
	struct uplink_session *us = container_of(g, struct uplink_session, grave);

	session_deinit(&us->session);
	free(us);
}

static void forget_session(struct uplink *u)
{
	mem_wipe(u->session_secret, sizeof(u->session_secret));
	u->session_id[0] = '\0';
	u->n_late = 0;
}

/* It is over: bury it; the uplink goes on without. */
static void let_session_go(struct uplink_session *us)
{
	struct uplink *u = TAKE_PTR(us->uplink);

	timer_stop(&us->tick);
	loop_bury(u->loop, &us->grave, free_session);
	if (u->live == us) {
		u->live = NULL;
		u->greeting = false;
		timer_stop(&u->welcome);
		uplink_lane_stop(&u->lane);
	}
}

static void send_hello(struct uplink *u)
{
	struct hello h = {
		.version = HELLO_VERSION,
		.software = "tunneltod/" PACKAGE_VERSION,
		.generation = u->generation,
		.window = session_limits_default.window,
	};
	uint8_t json[FRAME_MAX_JSON];

	memcpy(h.instance, u->instance, sizeof(h.instance));
	memcpy(h.session, u->session_id, sizeof(h.session));
	memcpy(h.secret, u->session_secret, sizeof(h.secret));
	session_send(&u->live->session, FRAME_HELLO, 0, json, hello_encode(json, sizeof(json), &h));
	mem_wipe(&h, sizeof(h));
	mem_wipe(json, sizeof(json));
	u->greeting = true;
	timer_start(&u->welcome, WELCOME_MS);
}

static const struct session_ops session_ops;

static void on_tick(struct timer *t)
{
	session_tick(&container_of(t, struct uplink_session, tick)->session, clock_ms());
}

static struct uplink_session *new_session(struct uplink *u)
{
	struct uplink_session *us = mem_new(struct uplink_session);

	us->uplink = u;
	timer_init(&us->tick, u->loop, on_tick);
	session_init(&us->session, &session_ops, &session_limits_default, /* is_server= */ false,
		clock_ms());
	return us;
}

/* The server has not kept our session: what it carried is lost, the link goes on with a new one. */
static void replace_session(struct uplink *u, struct link *l)
{
	struct uplink_session *old = u->live;

	session_release_link(l);
	u->live = NULL;
	u->n_late = 0;
	session_close(&old->session, CLOSE_RESUME_FAILED, "the server did not keep the session");
	u->live = new_session(u);
	session_attach(&u->live->session, l, clock_ms());
}

/* What was taken down while the server could not be told. */
static void say_late(struct uplink *u)
{
	size_t n = u->n_late;

	u->n_late = 0;
	for (size_t i = 0; i < n; i++)
		uplink_unregister(u, u->late[i]);
}

static void on_welcome(struct uplink *u, struct link *l, const struct frame *f)
{
	struct session *s = &u->live->session;
	struct hello_welcome w;
	struct err err;
	bool had = u->session_id[0] != '\0';

	if (!u->greeting || hello_welcome_decode(&w, f->payload, f->length, &err) < 0 ||
		w.version != HELLO_VERSION || (w.resumed && !had)) {
		session_close(s, CLOSE_PROTOCOL, "WELCOME cannot be read, or is out of place");
		return;
	}
	u->greeting = false;
	timer_stop(&u->welcome);
	if (had && !w.resumed) {
		replace_session(u, l);
		s = &u->live->session;
	}
	memcpy(u->session_id, w.session, sizeof(u->session_id));
	memcpy(u->session_secret, w.secret, sizeof(u->session_secret));
	mem_wipe(&w.secret, sizeof(w.secret));
	s->limits.grace_ms = w.grace_ms;
	if (u->dial.v1)
		link_pair_limit(&s->limits);
	/* the server's to say; what of it is ours to refuse, each tunnel's own limit refuses */
	if (w.max_streams)
		s->limits.max_streams = w.max_streams;
	uplink_lane_start(&u->lane, s, w.lanes);
	backoff_reset(&u->backoff);
	u->come_back_ms = 0;
	set_state(u, UPLINK_UP, NULL);
	if (w.resumed)
		session_resume(s, clock_ms());
	else
		session_greeted(s, w.window, clock_ms());
	log_with(LOG_LV_NOTICE,
		w.resumed ? "server reached again, session resumed" : "server reached",
		{"SERVER", u->conf->server.url}, {"SESSION", u->session_id});
	say_late(u);
	u->ops->up(u, w.resumed);
}

static void on_lane_grant(struct uplink *u, struct link *l, const struct frame *f)
{
	uplink_lane_granted(&u->lane, f);
}

/* --- frames ---------------------------------------------------------------------------------- */

static void on_registered(struct uplink *u, struct link *l, const struct frame *f)
{
	struct hello_registered r;
	struct err err;

	if (hello_registered_decode(&r, f->payload, f->length, &err) < 0)
		session_close(&u->live->session, CLOSE_PROTOCOL, err.text);
	else
		u->ops->registered(u, &r);
}

static void on_gone(struct uplink *u, struct link *l, const struct frame *f)
{
	struct frame_reason r;

	if (frame_reason_decode(&r, f) == 0)
		u->ops->gone(u, &r);
}

static void on_goaway(struct uplink *u, struct link *l, const struct frame *f)
{
	struct frame_reason r;
	char text[320];

	if (frame_reason_decode(&r, f) < 0)
		return;
	log_with(LOG_LV_NOTICE, "the server ends the session", {"SERVER", u->conf->server.url},
		{"CLOSE_REASON", close_word(r.reason)}, {"ERROR", r.text[0] ? r.text : NULL});
	if (r.reason == CLOSE_SHUTDOWN) {
		/* it closes when what is open has finished, perhaps with a second GOAWAY */
		u->come_back_ms = MAX(u->come_back_ms, MIN(r.value, UPLINK_COME_BACK_MAX_MS));
		return;
	}
	(void)snprintf(text, sizeof(text), "the server ended the session: %s",
		r.text[0] ? r.text : close_text(r.reason));
	if (r.reason == CLOSE_KEY_REVOKED || r.reason == CLOSE_TAKEN_OVER)
		u->state = UPLINK_REFUSED; /* the session's end is no reason to come back */
	session_close(&u->live->session, CLOSE_DONE, text);
	if (u->state == UPLINK_REFUSED)
		refused(u, text);
}

typedef void uplink_frame_f(struct uplink *u, struct link *l, const struct frame *f);

static uplink_frame_f *const on_frame[FRAME_TYPE_MAX] = {
	[FRAME_WELCOME] = on_welcome,
	[FRAME_REGISTERED] = on_registered,
	[FRAME_GONE] = on_gone,
	[FRAME_GOAWAY] = on_goaway,
	[FRAME_LANE_GRANT] = on_lane_grant,
};

static void session_frame(struct session *s, struct link *l, const struct frame *f)
{
	struct uplink *u = uplink_of(s);

	if (!u || u->live != container_of(s, struct uplink_session, session))
		return;
	if (u->greeting && f->type != FRAME_WELCOME && f->type != FRAME_GOAWAY)
		session_close(s, CLOSE_PROTOCOL, "WELCOME is expected first");
	else
		on_frame[f->type](u, l, f);
}

static void session_opened(struct session *s, struct stream *st, const struct frame_open *open)
{
	struct uplink *u = uplink_of(s);

	u->ops->opened(u, st, open);
	uplink_lane_opened(&u->lane, s);
}

static void session_moved(struct session *s)
{
	struct uplink *u = uplink_of(s);

	if (u)
		uplink_lane_moved(&u->lane, s);
}

static void session_detached(struct session *s, enum close_reason why)
{
	struct uplink *u = uplink_of(s);

	u->greeting = false;
	timer_stop(&u->welcome);
	uplink_lane_stop(&u->lane);
	if (u->draining || !u->wanted) {
		session_close(s, CLOSE_LINK_LOST, "");
		return;
	}
	failed(u, "the connection to the server was lost");
}

static void session_closed(struct session *s, enum close_reason why, const char *text)
{
	struct uplink_session *us = container_of(s, struct uplink_session, session);
	struct uplink *u = us->uplink;
	bool mine = u->live == us;

	let_session_go(us);
	if (!mine)
		return; /* replaced already */
	forget_session(u);
	if (u->state == UPLINK_WAITING || u->state == UPLINK_REFUSED)
		return; /* grace passed while waiting: the attempts go on */
	uplink_dial_stop(&u->dial);
	if (u->wanted && !u->draining)
		failed(u, *text ? text : close_text(why));
	else
		set_state(u, UPLINK_IDLE, NULL);
}

static void session_deadline(struct session *s, clock_ms_t at)
{
	timer_start_at(&container_of(s, struct uplink_session, session)->tick, at);
}

static const struct session_ops session_ops = {
	.frame = session_frame,
	.opened = session_opened,
	.detached = session_detached,
	.closed = session_closed,
	.moved = session_moved,
	.deadline = session_deadline,
};

/* --- connecting ------------------------------------------------------------------------------ */

static void on_welcome_timeout(struct timer *t)
{
	struct uplink *u = container_of(t, struct uplink, welcome);

	if (u->live)
		session_close(&u->live->session, CLOSE_TIMEOUT, "the server sent no WELCOME");
}

static void on_linked(struct uplink_dial *d, struct link *l)
{
	struct uplink *u = container_of(d, struct uplink, dial);

	if (!u->live) {
		u->live = new_session(u);
		forget_session(u);
	}
	session_attach(&u->live->session, l, clock_ms());
	send_hello(u);
}

static void on_failed(struct uplink_dial *d, const char *text)
{
	failed(container_of(d, struct uplink, dial), text);
}

static void on_refused(struct uplink_dial *d, const char *text)
{
	refused(container_of(d, struct uplink, dial), text);
}

static const struct uplink_dial_ops dial_ops = {
	.linked = on_linked,
	.failed = on_failed,
	.refused = on_refused,
};

static void attempt(struct uplink *u)
{
	timer_stop(&u->retry);
	if (!u->wanted || u->draining)
		return;
	set_state(u, UPLINK_CONNECTING, NULL);
	uplink_dial_start(&u->dial);
}

/* --- from the agent -------------------------------------------------------------------------- */

static void stop_attempt(struct uplink *u)
{
	timer_stop(&u->retry);
	timer_stop(&u->welcome);
	uplink_dial_stop(&u->dial);
}

void uplink_close(struct uplink *u, enum close_reason why)
{
	stop_attempt(u);
	u->come_back_ms = 0;
	u->state = UPLINK_WAITING; /* closing the session must not begin another attempt */
	if (u->live)
		session_close(&u->live->session, why, "");
	forget_session(u);
	uplink_lane_stop(&u->lane);
	set_state(u, UPLINK_IDLE, NULL);
}

void uplink_want(struct uplink *u, bool wanted)
{
	if (u->wanted == wanted)
		return;
	u->wanted = wanted;
	if (wanted)
		attempt(u);
	else
		uplink_close(u, CLOSE_DONE);
}

bool uplink_is_up(const struct uplink *u)
{
	return u->state == UPLINK_UP;
}

struct session *uplink_session_of(const struct uplink *u)
{
	return u->live ? &u->live->session : NULL;
}

void uplink_register(struct uplink *u, const struct hello_register *rq)
{
	uint8_t json[FRAME_MAX_JSON];

	if (uplink_is_up(u))
		session_send(&u->live->session, FRAME_REGISTER, 0, json,
			hello_register_encode(json, sizeof(json), rq));
}

void uplink_unregister(struct uplink *u, uint32_t tunnel)
{
	uint8_t payload[4] = {(uint8_t)(tunnel >> 24), (uint8_t)(tunnel >> 16),
		(uint8_t)(tunnel >> 8), (uint8_t)tunnel};

	if (uplink_is_up(u))
		session_send(&u->live->session, FRAME_UNREGISTER, 0, payload, sizeof(payload));
	else if (u->live && u->n_late < UPLINK_LATE_MAX)
		u->late[u->n_late++] = tunnel;
	else if (u->live)
		session_close(&u->live->session, CLOSE_DONE, "");
}

void uplink_drain(struct uplink *u)
{
	u->draining = true;
	stop_attempt(u);
	if (u->live && uplink_is_up(u))
		session_goaway(&u->live->session, CLOSE_SHUTDOWN, 0, "the client is stopping");
}

void uplink_take_pauses(struct uplink *u)
{
	backoff_init(&u->backoff, (uint32_t)u->conf->reconnect.min,
		(uint32_t)u->conf->reconnect.max);
}

void uplink_configure(struct uplink *u, const struct client_conf *conf, const char *url,
	struct secret *key)
{
	uplink_close(u, CLOSE_DONE);
	uplink_dial_forget(&u->dial);
	u->conf = conf;
	if (target_parse_url(&u->url, url) < 0)
		memset(&u->url, 0, sizeof(u->url));
	secret_deinit(&u->key);
	u->key = *key;
	memset(key, 0, sizeof(*key));
	uplink_lane_forget_tls(&u->lane);
	uplink_take_pauses(u);
	if (u->wanted)
		attempt(u);
}

void uplink_init(struct uplink *u, struct loop *loop, struct resolver *r, struct ws_loop *ws,
	const struct uplink_ops *ops)
{
	memset(u, 0, sizeof(*u));
	u->ops = ops;
	u->loop = loop;
	u->generation = clock_wall_ms();
	u->since = clock_ms();
	timer_init(&u->retry, loop, on_retry);
	timer_init(&u->welcome, loop, on_welcome_timeout);
	uplink_dial_init(&u->dial, loop, r, ws, &dial_ops);
	uplink_lane_init(&u->lane, loop);
}

void uplink_deinit(struct uplink *u)
{
	u->wanted = false;
	uplink_close(u, CLOSE_SHUTDOWN);
	secret_deinit(&u->key);
	uplink_dial_forget(&u->dial);
	uplink_lane_forget_tls(&u->lane);
}
