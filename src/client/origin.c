/* SPDX-License-Identifier: MIT */
/*
 * origin: from a stream to the local service: resolve, connect (each address), TLS, pump.
 *
 * Bytes that arrive before the connection is there wait in the pump, at most a stream's initial
 * window of them. Each failure has its own reason, which the server turns into what the visitor
 * is told. Where the tunnel's requests are signed (`verify`), a gate stands between the stream and
 * the origin, which is not even dialled before the first request was found to be right.
 */
#include "client/origin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/message.h"
#include "client/agent.h"
#include "client/client_conf.h"
#include "client/origin_dial.h"
#include "client/tunnel.h"
#include "gate/gate.h"
#include "io/dial.h"
#include "relay/pump.h"

struct origin {
	struct list node;
	struct agent *agent;
	struct tunnel *tunnel;
	struct dial dial;
	struct pump pump;
	struct gate *gate; /* NULL: nothing is checked */
	struct grave grave;
	char visitor[64];
	char *local; /* where the visitor connected to; NULL unless the origin is told */
	bool visitor_tls;
};

/* There is one for every visitor, idle ones too. */
_Static_assert(sizeof(struct origin) <= 1536, "an idle visitor costs the daemon too much");

static void free_origin(struct grave *g)
{
	struct origin *o = container_of(g, struct origin, grave);

	free(o->gate);
	free(o->local);
	free(o);
}

static void forget(struct origin *o, enum close_reason why, const char *text)
{
	struct tunnel *t = o->tunnel;

	inspector_detach(TAKE_PTR(o->pump.tap), why, text);
	if (o->gate)
		gate_deinit(o->gate);
	dial_cancel(&o->dial);
	t->bytes_in += o->pump.conn.bytes_out;
	t->bytes_out += o->pump.conn.bytes_in;
	t->streams--;
	list_del(&o->node);
	loop_bury(o->agent->loop, &o->grave, free_origin);
}

static void on_done(struct pump *p, enum close_reason why, const char *text)
{
	struct origin *o = container_of(p, struct origin, pump);
	static struct log_limit limit;

	if (why >= CLOSE_ORIGIN_REFUSED && why <= CLOSE_ORIGIN_TLS &&
		log_limit_pass(&limit, clock_ms(), 20))
		log_with(LOG_LV_WARNING, close_text(why), {"TUNNEL", o->tunnel->def->name},
			{"ORIGIN", o->tunnel->def->local}, {"VISITOR", o->visitor},
			{"CLOSE_REASON", close_word(why)}, {"ERROR", text && *text ? text : NULL},
			MESSAGE_FIELD(ORIGIN_FAILED));
	forget(o, why, text);
}

static void fail(struct origin *o, enum close_reason why, const char *text)
{
	pump_stop(&o->pump, why, text);
	on_done(&o->pump, why, text);
}

static void on_dialled(struct dial *d, int fd)
{
	struct origin *o = container_of(d, struct origin, dial);
	const struct target *target = &o->tunnel->def->target;
	uint8_t header[PROXY_HEADER_OUT_MAX];
	struct tls_ctx *tls = NULL;
	struct err err = {0};
	size_t n;

	if (fd < 0) {
		fail(o, origin_dial_reason(target->is_unix, fd), strerror(-fd));
		return;
	}
	if (target->tls)
		tls = origin_dial_tls(o->tunnel, &err);
	if (target->tls && !tls) {
		close(fd);
		fail(o, CLOSE_ORIGIN_TLS, err.text);
		return;
	}
	pump_set_idle(&o->pump, o->tunnel->def->idle);
	n = origin_dial_proxy_header(header, o->tunnel->def, o->visitor, o->local, o->visitor_tls);
	if (pump_connect(&o->pump, fd, tls, target->host, header, n) < 0)
		fail(o, CLOSE_ORIGIN_TLS, "TLS could not be begun");
}

static void dial(struct origin *o)
{
	if (origin_dial_start(&o->dial, o->agent, o->tunnel->def, on_dialled) < 0)
		fail(o, CLOSE_ORIGIN_UNREACHABLE, "the path is too long");
}

static void on_gate_dial(struct gate *g)
{
	dial(container_of(g->pump, struct origin, pump));
}

static void on_judged(struct gate *g, const char *why)
{
	static struct log_limit limit;
	struct origin *o = container_of(g->pump, struct origin, pump);
	const char *provider = webhook_provider_words[o->tunnel->def->verify.rules.provider];

	inspector_judged(o->pump.tap, provider, why);
	if (why && log_limit_pass(&limit, clock_ms(), 20))
		log_with(LOG_LV_NOTICE,
			g->enforce ? "a request was refused, it is not signed as it should be"
				   : "a request is not signed as it should be",
			{"TUNNEL", o->tunnel->def->name}, {"PROVIDER", provider},
			{"VISITOR", o->visitor}, {"ERROR", why});
}

static const struct gate_ops gate_ops = {.dial = on_gate_dial, .judged = on_judged};

/* What is no HTTP is not looked at, whatever the definition says. */
static enum tap_level level_of(const struct tunnel *t)
{
	return t->def->proto == HELLO_PROTO_HTTP ? (enum tap_level)t->def->inspect : TAP_NOTHING;
}

void origin_start(struct agent *a, struct tunnel *t, struct stream *st,
	const struct frame_open *open)
{
	struct origin *o;

	if (t->streams >= t->def->max_streams) {
		stream_reset(st, CLOSE_LIMIT, "the tunnel has as many visitors as it may");
		return;
	}
	o = mem_new(struct origin);
	o->agent = a;
	o->tunnel = t;
	(void)snprintf(o->visitor, sizeof(o->visitor), "%s", open->visitor);
	o->visitor_tls = open->tls;
	if (t->def->proxy_protocol != CLIENT_CONF_PROXY_NONE)
		o->local = mem_strdup(open->local);
	list_add_tail(&t->origins, &o->node);
	t->streams++;
	t->streams_total++;
	pump_init(&o->pump, a->loop, st, CLOSE_ORIGIN_RESET, on_done);
	o->pump.tap = inspector_attach(&a->inspector, t->def->name, level_of(t), o->visitor,
		o->visitor_tls);
	if (verify_conf_is_on(&t->def->verify)) {
		o->gate = mem_new(struct gate);
		gate_init(o->gate, &o->pump, &t->def->verify, &a->gates, &gate_ops);
	}
	if (!o->gate || !o->gate->enforce)
		dial(o);
}

void origin_retune_all(const struct tunnel *t)
{
	list_each (o, &t->origins, struct origin, node)
		inspector_retune(o->pump.tap, level_of(t));
}

void origin_stop_all(struct tunnel *t, int why)
{
	struct list *n;

	/* the reset of one may end the session, and so the others */
	while ((n = list_first(&t->origins))) {
		struct origin *o = list_entry(n, struct origin, node);

		pump_stop(&o->pump, (enum close_reason)why, "");
		forget(o, (enum close_reason)why, "");
	}
}
