/* SPDX-License-Identifier: MIT */
/*
 * inspector: joins pumps with the capture.
 *
 * A tap is made when a visitor comes and its tunnel is inspected; one whose visitor has come before
 * the tunnel was inspected has none, and is seen when it comes again.
 */
#include "inspector/inspector.h"

#include <stdlib.h>

#include "base/mem.h"
#include "relay/pump.h"

struct inspector_tap {
	struct pump_tap hook;
	struct tap tap;
	struct tap_visit visit;
};

void inspector_apply(struct inspector *i, const struct inspector_conf *conf)
{
	struct capture_limits limits = {
		.requests = conf->requests,
		.bytes = conf->bytes,
		.body = conf->body,
		.messages = conf->messages,
	};

	i->redact.names = &conf->redact;
	i->redact.reveal = conf->reveal;
	capture_set_limits(&i->capture, &limits);
}

void inspector_init(struct inspector *i, const struct inspector_conf *conf)
{
	struct capture_limits nothing = {0};

	capture_init(&i->capture, &nothing);
	inspector_apply(i, conf);
}

void inspector_deinit(struct inspector *i)
{
	if (i->capture.exchanges.next)
		capture_deinit(&i->capture);
}

static void on_passed(struct pump_tap *hook, enum pump_from from, const uint8_t *bytes, size_t n)
{
	struct inspector_tap *it = container_of(hook, struct inspector_tap, hook);
	enum exchange_side side = from == PUMP_FROM_STREAM ? EXCHANGE_REQUEST : EXCHANGE_RESPONSE;

	if (n > 0)
		tap_data(&it->tap, side, bytes, n);
	else
		tap_end(&it->tap, side);
}

struct pump_tap *inspector_attach(struct inspector *i, const char *tunnel, enum tap_level level,
	const char *visitor, bool tls)
{
	struct inspector_tap *it;

	if (level == TAP_NOTHING || i->capture.limits.requests == 0)
		return NULL;
	it = mem_new(struct inspector_tap);
	it->hook.passed = on_passed;
	it->visit = (struct tap_visit){.capture = &i->capture,
		.redact = &i->redact,
		.tunnel = tunnel,
		.visitor = visitor,
		.tls = tls};
	tap_init(&it->tap, &it->visit, level);
	return &it->hook;
}

void inspector_detach(struct pump_tap *tap, enum close_reason why, const char *text)
{
	struct inspector_tap *it;

	if (!tap)
		return;
	it = container_of(tap, struct inspector_tap, hook);
	tap_close(&it->tap, why, text);
	tap_deinit(&it->tap);
	free(it);
}

void inspector_retune(struct pump_tap *tap, enum tap_level level)
{
	if (tap)
		container_of(tap, struct inspector_tap, hook)->tap.level = level;
}

struct exchange *inspector_exchange(const struct pump_tap *tap)
{
	const struct inspector_tap *it = (const struct inspector_tap *)(const void *)tap;

	return tap ? tap_exchange(&it->tap) : NULL;
}

void inspector_judged(const struct pump_tap *tap, const char *provider, const char *why)
{
	struct exchange *e = inspector_exchange(tap);

	if (!e || !e->capture)
		return;
	e->verification = why ? EXCHANGE_FORGED : EXCHANGE_VERIFIED;
	mem_replace(&e->verify_provider, provider);
	mem_replace(&e->verify_why, why);
	capture_announce(e, CAPTURE_CHANGED);
}
