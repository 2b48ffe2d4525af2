/* SPDX-License-Identifier: MIT */
/*
 * replay_verb: Replay's parameters, and the answer when the replay has ended. A caller that goes
 * away before that leaves the replay to itself.
 */
#include "client/replay_verb.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "client/agent.h"
#include "client/client_conf.h"
#include "client/replay.h"
#include "ctl/ctl_params.h"
#include "inspect/exchange_json.h"
#include "inspect/rebuild.h"
#include "proto/http_head.h"
#include "webhook/webhook_sign.h"

struct asked {
	struct ctl_watch watch;
	struct replay_user user;
	json_t *omitted;
};

/* The parameters, read; strings are borrowed from them. */
struct wish {
	uint64_t id, timeout_ms;
	const char *to;
	bool resign;
	struct rebuild_changes changes;
	struct rebuild_field fields[HTTP_HEAD_FIELDS_MAX + WEBHOOK_SIGN_FIELDS_MAX];
	struct webhook_signature signature;
	uint8_t *body; /* owned */
};

/* --- parameters ------------------------------------------------------------------------------ */

static bool read_id(const json_t *params, uint64_t *ret)
{
	const json_t *v = json_object_get(params, "id");

	*ret = json_is_integer(v) ? (uint64_t)MAX(json_integer_value(v), 0) : 0;
	return *ret > 0;
}

static bool read_timeout(const json_t *params, uint64_t *ret_ms)
{
	const json_t *v = json_object_get(params, "timeout_ms");

	*ret_ms = REPLAY_TIMEOUT_MS;
	if (!ctl_params_is_given(v))
		return true;
	if (!json_is_integer(v) || json_integer_value(v) < 1 ||
		json_integer_value(v) > REPLAY_TIMEOUT_MAX_MS)
		return false;
	*ret_ms = (uint64_t)json_integer_value(v);
	return true;
}

static bool read_headers(const json_t *params, struct wish *w)
{
	const json_t *list = json_object_get(params, "headers"), *h;
	size_t i;

	if (!ctl_params_is_given(list))
		return true;
	if (!json_is_array(list) || json_array_size(list) > HTTP_HEAD_FIELDS_MAX)
		return false;
	json_array_foreach(list, i, h)
	{
		struct rebuild_field *f = &w->fields[i];

		if (!ctl_params_text(h, "name", &f->name) ||
			!ctl_params_text(h, "value", &f->value) || !f->name || !f->value)
			return false;
	}
	w->changes.fields = w->fields;
	w->changes.n_fields = json_array_size(list);
	return true;
}

static bool read_body(const json_t *params, struct wish *w)
{
	const char *text = NULL;
	ssize_t n;

	if (!ctl_params_text(params, "body", &text))
		return false;
	if (!text)
		return true;
	w->body = mem_alloc(strlen(text) + 1);
	n = base64_decode(w->body, strlen(text), text);
	w->changes.body = w->body;
	w->changes.body_len = n > 0 ? (size_t)n : 0;
	return n >= 0;
}

/* The name of a bad parameter, or NULL. */
static const char *read_wish(struct wish *w, const json_t *params)
{
	memset(w, 0, sizeof(*w));
	if (!read_id(params, &w->id))
		return "id";
	if (!ctl_params_text(params, "to", &w->to))
		return "to";
	if (!ctl_params_text(params, "method", &w->changes.method))
		return "method";
	if (!ctl_params_text(params, "target", &w->changes.target))
		return "target";
	if (!read_headers(params, w))
		return "headers";
	if (!read_body(params, w))
		return "body";
	if (!ctl_params_flag(params, "resign", &w->resign))
		return "resign";
	return read_timeout(params, &w->timeout_ms) ? NULL : "timeout_ms";
}

/* --- the answer ------------------------------------------------------------------------------ */

static void cannot(struct ctl_call *c, const char *why)
{
	ctl_call_fail(c, "CannotReplay",
		json_pack("{s:o}", "why", exchange_json_text(why, strlen(why))));
}

static void free_asked(struct asked *asked)
{
	json_decref(asked->omitted);
	free(asked);
}

static void on_done(struct replay_user *u, struct exchange *e, const char *error)
{
	struct asked *asked = container_of(u, struct asked, user);
	struct ctl_call *c = asked->watch.call;

	if (error)
		cannot(c, error);
	else if (!e->capture)
		cannot(c, "it was answered, but no room was left to keep that");
	else
		ctl_call_reply(c, json_pack("{s:o, s:O}", "info", exchange_json_info(e), "omitted",
					  asked->omitted));
	free_asked(asked);
}

static void on_gone(struct ctl_watch *w)
{
	struct asked *asked = container_of(w, struct asked, watch);

	replay_leave(&asked->user);
	free_asked(asked);
}

static json_t *omitted_json(const struct rebuild *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->omitted.n; i++) {
		const char *name = r->omitted.items[i];

		(void)json_array_append_new(list, exchange_json_text(name, strlen(name)));
	}
	return list;
}

/* --- the method ------------------------------------------------------------------------------ */

/* The tunnel whose origin it is to be; NULL: answered, there is none. */
static struct tunnel *find_origin(struct agent *a, struct ctl_call *c, const struct wish *w,
	const struct exchange *of)
{
	const char *name = w->to ? w->to : of->tunnel;
	struct tunnel *t = agent_find(a, name);

	if (t && t->def->proto == HELLO_PROTO_HTTP)
		return t;
	if (t)
		cannot(c, "that is no tunnel for HTTP");
	else
		ctl_call_fail(c, "NoSuchTunnel",
			json_pack("{s:o}", "name", exchange_json_text(name, strlen(name))));
	return NULL;
}

static void start(struct agent *a, struct ctl_call *c, struct rebuild *request,
	const struct replay_order *order)
{
	struct asked *asked = mem_new(struct asked);
	struct err err = {0};

	asked->omitted = omitted_json(request);
	asked->user.done = on_done;
	if (replay_start(&a->replays, a, order, &asked->user, &err) < 0) {
		free_asked(asked);
		cannot(c, err.text);
		return;
	}
	ctl_call_watch(c, &asked->watch, on_gone);
}

/* The fields that sign what was built, in place of all that are called the same. */
static void add_signature(struct wish *w, const struct webhook_signature *s)
{
	for (size_t i = 0; i < s->n; i++) {
		for (size_t k = 0; k < w->changes.n_fields; k++) {
			if (str_case_eq(w->fields[k].name, s->fields[i].name))
				w->fields[k].value = "";
		}
		w->fields[w->changes.n_fields++] = (struct rebuild_field){
			s->fields[i].name, s->fields[i].value};
	}
	w->changes.fields = w->fields;
}

/* Build it again, signed as @rules have it. */
static int sign(struct wish *w, struct rebuild *request, const struct exchange *of,
	const struct webhook_rules *rules, struct err *err)
{
	struct http_span body = {(const char *)request->body, request->body_len};
	struct http_head h;

	if (rules->provider == WEBHOOK_NONE)
		return err_set(err, -EINVAL,
			"the tunnel it goes to says not who signs ('verify'), so it cannot be "
			"signed anew");
	if (http_head_request(&h, (const uint8_t *)str_get(&request->head), request->head.len) !=
		HTTP_FAULT_NONE)
		return err_set(err, -EINVAL, "that would be no request");
	webhook_sign(rules, &h, body, clock_wall_ms(), &w->signature);
	add_signature(w, &w->signature);
	rebuild_deinit(request);
	return rebuild_request(request, of, &w->changes, err);
}

static int build(struct wish *w, struct rebuild *request, const struct exchange *of,
	const struct tunnel *to, struct err *err)
{
	int r;

	/* the first one's Host was that of its own origin already */
	if (strcmp(to->def->name, of->tunnel) != 0)
		w->changes.host = to->def->host_header;
	r = rebuild_request(request, of, &w->changes, err);
	if (r == 0 && w->resign)
		r = sign(w, request, of, &to->def->verify.rules, err);
	return r;
}

static void replay(struct agent *a, struct ctl_call *c, struct wish *w)
{
	const struct exchange *of = capture_find(&a->inspector.capture, w->id);
	struct rebuild request = {0};
	struct err err = {0};
	struct tunnel *to;

	if (!of) {
		ctl_call_fail(c, "NoSuchRequest", json_pack("{s:I}", "id", (json_int_t)w->id));
		return;
	}
	to = find_origin(a, c, w, of);
	if (!to)
		return;
	if (build(w, &request, of, to, &err) < 0) {
		cannot(c, err.text);
	} else {
		const struct replay_order order = {w->id, to, &request, w->timeout_ms};

		start(a, c, &request, &order);
	}
	rebuild_deinit(&request);
}

void replay_verb(struct agent *a, struct ctl_call *c, json_t *params)
{
	struct wish *w = mem_new(struct wish);
	const char *bad = read_wish(w, params);

	if (bad)
		ctl_call_bad_parameter(c, bad);
	else
		replay(a, c, w);
	free(w->body);
	free(w);
}
