/* SPDX-License-Identifier: MIT */
/*
 * uplink_dial: the name is resolved at every attempt, and its addresses are tried in their order.
 * A server that does not speak v2 is asked again for v1, at the address that said so, where the
 * configuration leaves it open. One attempt ends with one of its ops; when the next one begins is
 * the uplink's.
 */
#include "client/uplink_dial.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "client/client_conf.h"
#include "client/uplink.h"

#define CONNECT_MS 10000

static void try_address(struct uplink_dial *d);

static struct uplink *uplink_of(struct uplink_dial *d)
{
	return container_of(d, struct uplink, dial);
}

static void fill_params(struct uplink_dial *d, struct ws_client_params *ret)
{
	const struct uplink *u = uplink_of(d);

	*ret = (struct ws_client_params){
		.host = u->url.header,
		.address = d->address,
		.tls = u->url.tls,
		.ca_file = u->conf->server.ca_file,
		.verify = u->conf->server.verify,
		.path = "/wormhole",
		.bearer = secret_is_set(&u->key) ? secret_text(&u->key) : NULL,
		.v1 = d->fall_back || u->conf->server.protocol == CLIENT_CONF_PROTOCOL_V1,
		.timeout_ms = CONNECT_MS,
	};
}

static void on_ws_opened(struct ws_client *c, struct link *l)
{
	struct uplink_dial *d = container_of(c, struct uplink_dial, client);

	d->ops->linked(d, l);
}

static void on_ws_opened_v1(struct ws_client *c, struct ws_pipe *pipe)
{
	struct uplink_dial *d = container_of(c, struct uplink_dial, client);
	struct ws_client_params p;

	fill_params(d, &p);
	d->v1 = true;
	d->ops->linked(d, v1_guest_open(d->loop, d->ws, &p, pipe, &d->v1_memory));
}

static void on_status(struct uplink_dial *d, int status, const char *text)
{
	bool keyed = secret_is_set(&uplink_of(d)->key);

	if (status == 401)
		d->ops->refused(d,
			keyed ? "the server does not know this key, or it was revoked; 'tunnelctl "
				"server key add' on the server makes one"
			      : "the server wants a key: give one with --key-file, TUNNELTO_KEY "
				"or server.key_file");
	else if (status == 403)
		d->ops->refused(d, "the server has blocked this address");
	else if (status == 404 || status == 426)
		d->ops->refused(d,
			"that server speaks HTTP, but not tunnelto.v2 (is it the control port?)");
	else if (status == 503)
		d->ops->failed(d, "the server takes no clients now");
	else
		d->ops->failed(d, text);
}

static void on_ws_failed(struct ws_client *c, enum ws_client_fault fault, int status,
	const char *text)
{
	struct uplink_dial *d = container_of(c, struct uplink_dial, client);
	char words[320], where[ADDR_TEXT_MAX];

	if (fault == WS_CLIENT_FAULT_STATUS) {
		on_status(d, status, text);
		return;
	}
	if (fault == WS_CLIENT_FAULT_PROTOCOL && !d->fall_back &&
		uplink_of(d)->conf->server.protocol == CLIENT_CONF_PROTOCOL_AUTO) {
		d->fall_back = true;
		d->next--;
		try_address(d);
		return;
	}
	if (fault == WS_CLIENT_FAULT_CONNECT && d->next < d->n_list) {
		try_address(d);
		return;
	}
	addr_format(&d->address, where);
	(void)snprintf(words, sizeof(words), "%s%.120s: %.170s",
		fault == WS_CLIENT_FAULT_TLS ? "TLS with " : "", where, text);
	d->ops->failed(d, words);
}

static const struct ws_client_ops ws_ops = {
	.opened = on_ws_opened,
	.opened_v1 = on_ws_opened_v1,
	.failed = on_ws_failed,
};

static void try_address(struct uplink_dial *d)
{
	struct ws_client_params p;
	struct err err;

	d->address = d->list[d->next++];
	d->v1 = false;
	fill_params(d, &p);
	if (ws_client_connect(&d->client, &p, &err) < 0)
		d->ops->failed(d, err.text);
}

static void on_resolved(struct resolve *r, int status, const struct addr *list, size_t n)
{
	struct uplink_dial *d = container_of(r, struct uplink_dial, resolve);
	char words[320];

	d->resolving = false;
	if (status < 0) {
		(void)snprintf(words, sizeof(words), "%.200s: %s", uplink_of(d)->url.host,
			status == -ENOENT ? "no such host" : strerror(-status));
		d->ops->failed(d, words);
		return;
	}
	memcpy(d->list, list, n * sizeof(*list));
	d->n_list = n;
	d->next = 0;
	try_address(d);
}

void uplink_dial_start(struct uplink_dial *d)
{
	const struct uplink *u = uplink_of(d);

	d->fall_back = false;
	d->resolving = true;
	resolve_start(&d->resolve, d->resolver, u->url.host, u->url.port, on_resolved);
}

void uplink_dial_stop(struct uplink_dial *d)
{
	if (d->resolving)
		resolve_cancel(&d->resolve);
	d->resolving = false;
	ws_client_cancel(&d->client);
}

void uplink_dial_forget(struct uplink_dial *d)
{
	v1_guest_memory_deinit(&d->v1_memory);
}

void uplink_dial_init(struct uplink_dial *d, struct loop *loop, struct resolver *r,
	struct ws_loop *ws, const struct uplink_dial_ops *ops)
{
	memset(d, 0, sizeof(*d));
	d->ops = ops;
	d->loop = loop;
	d->resolver = r;
	d->ws = ws;
	ws_client_init(&d->client, ws, &ws_ops);
}
