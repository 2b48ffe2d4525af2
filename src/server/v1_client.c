/* SPDX-License-Identifier: MIT */
/*
 * v1_client: what the bridge (v1/v1_host) asks the server.
 *
 * A key says who a client is; it gets the name it asks for, or the one that key and label are
 * assigned. Every hello has a new id, so nothing tells two clients of one key apart: the first
 * label that no live client has is taken, and a client that comes back finds its own free again.
 *
 * Without a key, the reconnect token says who a client was. It carries the instance that its name
 * hangs on, so the name is the same even after a restart of the server.
 */
#include "server/v1_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/message.h"
#include "base/parse.h"
#include "base/rand.h"
#include "base/str.h"
#include "crypt/digest.h"
#include "crypt/hmac.h"
#include "server/hub.h"
#include "server/keys.h"
#include "server/peer.h"
#include "server/v1_token.h"
#include "ws/ws_server.h"

/* A client that has not said a word for this long does not keep its label from another. */
#define FRESH_MS   (V1_HOST_PING_MS + 5000)
#define LABELS_MAX 1000

static struct v1_client *client_of(struct v1_host *h)
{
	return container_of(h, struct v1_client, host);
}

/* --- tokens ---------------------------------------------------------------------------------- */

static void token_key(const struct hub *h, uint8_t ret[static V1_TOKEN_KEY_LEN])
{
	static const char purpose[] = "tunnelto v1 reconnect token";

	if (h->conf.sig_key.is_set) {
		memcpy(ret, h->conf.sig_key.bytes, V1_TOKEN_KEY_LEN);
		return;
	}
	hmac_sha256(ret, h->name_secret, sizeof(h->name_secret), purpose, sizeof(purpose) - 1);
}

static bool on_token(struct v1_host *host, const char *sub_domain, char ret[static V1_TOKEN_MAX])
{
	const struct v1_client *c = client_of(host);
	struct v1_token t = {.expires_ms = clock_wall_ms() + V1_TOKEN_MS, .chosen = c->chosen};
	uint8_t key[V1_TOKEN_KEY_LEN];
	bool fits;

	if (!c->anonymous)
		return false; /* it would not send it back: it has its key */
	(void)snprintf(t.sub_domain, sizeof(t.sub_domain), "%s", sub_domain);
	(void)snprintf(t.client_id, sizeof(t.client_id), "%s", c->instance);
	token_key(c->hub, key);
	fits = v1_token_encode(ret, key, &t);
	mem_wipe(key, sizeof(key));
	return fits;
}

/* Take up who it was, when the token is good. */
static void use_token(struct v1_client *c, const char *text, char *sub_domain, size_t size)
{
	uint8_t key[V1_TOKEN_KEY_LEN];
	enum v1_token_result r;
	struct v1_token t;

	token_key(c->hub, key);
	r = v1_token_decode(&t, key, text, clock_wall_ms());
	mem_wipe(key, sizeof(key));
	if (r != V1_TOKEN_OK || strlen(t.client_id) != HELLO_ID_SIZE - 1) {
		log_debug("a reconnect token is %s: the client gets another name",
			r == V1_TOKEN_EXPIRED ? "too old" : "not of this server");
		return;
	}
	memcpy(c->instance, t.client_id, sizeof(c->instance));
	c->chosen = t.chosen;
	if (t.chosen)
		(void)snprintf(sub_domain, size, "%s", t.sub_domain);
}

/* --- who it is ------------------------------------------------------------------------------- */

static void new_instance(char ret[static HELLO_ID_SIZE])
{
	uint8_t bytes[(HELLO_ID_SIZE - 1) / 2];

	rand_bytes(bytes, sizeof(bytes));
	parse_format_hex(ret, bytes, sizeof(bytes));
}

static void client_id(char ret[static V1_CLIENT_ID_LEN + 1], const char *secret)
{
	uint8_t digest[DIGEST_LEN];

	digest_sha256(digest, secret, strlen(secret));
	base64_encode(ret, digest, sizeof(digest));
}

static bool has_label(const struct v1_client *c, const char *label)
{
	list_each (o, &c->hub->v1_clients, struct v1_client, node) {
		if (o != c && o->host.state == V1_HOST_UP && str_eq(o->key_id, c->key_id) &&
			str_eq(o->host.name, label) &&
			loop_now(c->hub->loop) < o->host.last_rx + FRESH_MS)
			return true;
	}
	return false;
}

/* What the tunnel is called: as the name that was asked for, or by the label that an assigned one
 * is made from. */
static void choose_label(const struct v1_client *c, const char *sub_domain, char *to, size_t size)
{
	size_t n = strspn(sub_domain, "abcdefghijklmnopqrstuvwxyz0123456789._-");

	if (n > 0 && n < size && !sub_domain[n]) {
		memcpy(to, sub_domain, n + 1);
		return;
	}
	(void)snprintf(to, size, "v1");
	for (unsigned int i = 2; !c->anonymous && has_label(c, to) && i < LABELS_MAX; i++)
		(void)snprintf(to, size, "v1-%u", i);
}

static void note_refusal(const struct v1_client *c, const struct v1_client_hello *hello)
{
	static struct log_limit limit;
	char from[ADDR_TEXT_MAX];

	addr_format_ip(&c->address, from);
	if (log_limit_pass(&limit, loop_now(c->hub->loop), 10))
		log_with(LOG_LV_NOTICE,
			hello->anonymous ? "client refused: no key"
					 : "client refused: unknown or revoked key",
			{"PEER", from}, {"PROTOCOL", "v1"}, MESSAGE_FIELD(CLIENT_REFUSED));
}

static bool authenticate(struct v1_client *c, const struct v1_client_hello *hello)
{
	c->anonymous = hello->anonymous;
	if (c->anonymous)
		return c->hub->conf.anonymous;
	c->key = keys_find_secret(&c->hub->keys, hello->key);
	if (c->key)
		mem_replace(&c->key_id, keys_id(c->key));
	return c->key != NULL;
}

static void on_hello(struct v1_host *host, const struct v1_client_hello *hello,
	struct v1_host_greeting *ret)
{
	struct v1_client *c = client_of(host);

	if (c->hub->n_peers >= c->hub->conf.limits.sessions) {
		/* without an answer, after which it would not come back */
		v1_host_close(host, CLOSE_LIMIT, "the server takes no clients now");
		return;
	}
	if (!authenticate(c, hello)) {
		ret->refusal = V1_AUTH_FAILED;
		note_refusal(c, hello);
		return;
	}
	if (hello->bad_sub_domain) {
		ret->refusal = V1_INVALID_SUB_DOMAIN;
		return;
	}
	ret->refusal = V1_SUCCESS;
	new_instance(c->instance);
	c->chosen = hello->sub_domain[0] != '\0';
	(void)snprintf(ret->sub_domain, sizeof(ret->sub_domain), "%s", hello->sub_domain);
	str_lower(ret->sub_domain);
	if (c->anonymous && hello->token[0])
		use_token(c, hello->token, ret->sub_domain, sizeof(ret->sub_domain));
	memcpy(ret->instance, c->instance, sizeof(ret->instance));
	client_id(ret->client_id, c->anonymous ? c->instance : hello->key);
	choose_label(c, ret->sub_domain, ret->name, sizeof(ret->name));
}

/* --- life ------------------------------------------------------------------------------------ */

static void no_longer_waiting(struct v1_client *c)
{
	c->hub->n_v1_waiting -= c->waiting ? 1 : 0;
	c->waiting = false;
}

static void on_accepted(struct v1_host *host, struct link *far)
{
	struct v1_client *c = client_of(host);

	no_longer_waiting(c);
	(void)peer_accept_v1(c->hub, far, c->key, &c->address);
	c->key = NULL;
}

static void free_client(struct grave *g)
{
	struct v1_client *c = container_of(g, struct v1_client, grave);

	v1_host_deinit(&c->host);
	free(c->key_id);
	free(c);
}

static void on_closed(struct v1_host *host)
{
	struct v1_client *c = client_of(host);

	no_longer_waiting(c);
	list_del(&c->node);
	loop_bury(c->hub->loop, &c->grave, free_client);
}

static const struct v1_host_ops host_ops = {
	.hello = on_hello,
	.accepted = on_accepted,
	.token = on_token,
	.closed = on_closed,
};

void v1_client_open(struct hub *h, const struct ws_request *rq, struct ws_pipe *pipe)
{
	struct v1_client *c = mem_new(struct v1_client);
	struct v1_host_times times = {
		/* no client says when an origin has ended: what bodies may be silent is for all */
		.idle_ms = h->conf.timeouts.body,
		.slow_ms = h->conf.timeouts.slow,
	};

	c->hub = h;
	c->address = rq->peer;
	c->waiting = true;
	h->n_v1_waiting++;
	list_add_tail(&h->v1_clients, &c->node);
	v1_host_open(&c->host, h->loop, pipe, &host_ops, &times);
}

void v1_client_close_all(struct hub *h)
{
	while (!list_is_empty(&h->v1_clients))
		v1_host_close(&list_entry(h->v1_clients.next, struct v1_client, node)->host,
			CLOSE_SHUTDOWN, "the server is stopping");
}
