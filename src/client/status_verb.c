/* SPDX-License-Identifier: MIT */
/*
 * status_verb: what the daemon says of itself.
 *
 * Who follows is told whenever a state has changed, and of bytes and visitors, which change all the
 * time, at each tick, if they have. What there is to be told is made anew for each: a caller that
 * is slow to read gets the latest and misses what was between. Nobody follows: no timer runs.
 */
#include "client/status_verb.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "client/agent.h"
#include "ctl/ctl_server.h"

struct follower {
	struct list node;
	struct agent *agent;
	struct ctl_watch watch;
	uint64_t told; /* the mark of what it was told */
	clock_ms_t at; /* and when */
};

static struct agent *agent_of(struct ctl_call *c)
{
	return container_of(ctl_call_server(c), struct agent, ctl);
}

/* --- JSON ------------------------------------------------------------------------------------ */

static json_int_t since(clock_ms_t at)
{
	return (json_int_t)(clock_wall_ms() - (clock_ms() - at));
}

static json_t *text_or_null(const char *s)
{
	return s && *s ? json_string(s) : json_null();
}

json_t *status_verb_tunnel(const struct tunnel *t)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:b, s:o, s:I, s:I, s:I, s:I, s:I}",
		"name", t->def->name, "proto", hello_proto_word((enum hello_proto)t->def->proto),
		"local", t->def->local, "state", tunnel_state_word(t->state), "url",
		text_or_null(t->state == TUNNEL_UP ? t->url : NULL), "error",
		text_or_null(t->error), "adhoc", t->adhoc, "file", text_or_null(t->def->file),
		"since_ms", since(t->since), "streams", (json_int_t)t->streams, "streams_total",
		(json_int_t)t->streams_total, "bytes_in", (json_int_t)t->bytes_in, "bytes_out",
		(json_int_t)t->bytes_out);
}

static json_t *all_tunnels(const struct agent *a)
{
	json_t *list = json_array();

	list_each (t, &a->tunnels, struct tunnel, node)
		(void)json_array_append_new(list, status_verb_tunnel(t));
	return list;
}

static json_t *server_json(const struct agent *a)
{
	const struct uplink *u = &a->uplink;
	const struct session *s = uplink_session_of(u);
	uint32_t rtt = s ? session_rtt_us(s) : 0;
	bool waits = u->state == UPLINK_WAITING || u->state == UPLINK_REFUSED;
	clock_ms_t now = clock_ms();

	return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:I}", "url",
		a->conf.server.url ? a->conf.server.url : "", "state", uplink_state_word(u->state),
		"error", text_or_null(u->error), "retry_in_ms",
		waits ? json_integer(u->retry_at > now ? (json_int_t)(u->retry_at - now) : 0)
		      : json_null(),
		"link", text_or_null(s ? session_data_kind(s) : NULL), "rtt_us",
		rtt ? json_integer(rtt) : json_null(), "session", text_or_null(u->session_id),
		"since_ms", since(u->since));
}

static json_t *dashboard_json(const struct dashboard *d)
{
	char address[DASHBOARD_URL_SIZE];
	bool is_there = dashboard_address(d, address);

	return json_pack("{s:o, s:o}", "address", text_or_null(is_there ? address : NULL), "error",
		text_or_null(d->error));
}

static json_t *status_json(const struct agent *a)
{
	char text[512];

	agent_status_text(a, text, sizeof(text));
	return json_pack("{s:s, s:I, s:s, s:s, s:o, s:o, s:o}", "version", PACKAGE_VERSION, "pid",
		(json_int_t)getpid(), "config", a->conf_path ? a->conf_path : "", "status", text,
		"server", server_json(a), "tunnels", all_tunnels(a), "dashboard",
		dashboard_json(&a->dashboard));
}

/* --- the feed -------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t h, uint64_t value)
{
	return (h ^ value) * 0x100000001b3;
}

/* A mark of the state: when something has changed, it is another. */
static uint64_t mark_of(const struct agent *a)
{
	const struct session *s = uplink_session_of(&a->uplink);
	uint64_t h = mix(0xcbf29ce484222325, a->feed.changes);

	h = mix(h, s ? session_rtt_us(s) : 0);
	list_each (t, &a->tunnels, struct tunnel, node) {
		h = mix(h, t->streams);
		h = mix(h, t->streams_total);
		h = mix(h, t->bytes_in);
		h = mix(h, t->bytes_out);
	}
	return h;
}

static void tell(struct follower *f)
{
	f->told = mark_of(f->agent);
	f->at = loop_now(f->agent->loop);
	timer_start(&f->agent->feed.tick, STATUS_VERB_MS);
	(void)ctl_call_continue(f->watch.call, status_json(f->agent));
}

/* To those who read, and were not told just now. */
static void tell_all(struct agent *a)
{
	uint64_t mark = mark_of(a);

	list_each_safe (f, &a->feed.followers, struct follower, node) {
		if (f->told != mark && loop_now(a->loop) - f->at >= STATUS_VERB_MS &&
			ctl_call_queued(f->watch.call) == 0)
			tell(f);
	}
}

static void on_tick(struct timer *t)
{
	struct agent *a = container_of(t, struct agent, feed.tick);

	timer_start(t, STATUS_VERB_MS);
	tell_all(a);
}

void status_verb_changed(struct agent *a)
{
	a->feed.changes++;
	if (!list_is_empty(&a->feed.followers))
		tell_all(a);
}

static void on_gone(struct ctl_watch *w)
{
	struct follower *f = container_of(w, struct follower, watch);

	list_del(&f->node);
	if (list_is_empty(&f->agent->feed.followers))
		timer_stop(&f->agent->feed.tick);
	free(f);
}

void status_verb_call(struct ctl_call *c, json_t *params)
{
	struct agent *a = agent_of(c);
	struct follower *f;

	if (!ctl_call_wants_more(c)) {
		ctl_call_reply(c, status_json(a));
		return;
	}
	f = mem_new(struct follower);
	f->agent = a;
	list_add_tail(&a->feed.followers, &f->node);
	ctl_call_watch(c, &f->watch, on_gone);
	tell(f);
}

void status_verb_init(struct agent *a)
{
	list_init(&a->feed.followers);
	timer_init(&a->feed.tick, a->loop, on_tick);
}

void status_verb_deinit(struct agent *a)
{
	timer_stop(&a->feed.tick);
}
