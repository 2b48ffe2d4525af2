/* SPDX-License-Identifier: MIT */
/* lane_client: the client's half of the upgrade to a lane; one attempt, one answer. */
#include "lane/lane_client.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/tls_ctx.h"
#include "proto/http_head.h"

#define HEAD_MAX 4096

static void finish(struct lane_client *c, const char *why)
{
	struct lane *lane = TAKE_PTR(c->lane);

	if (lane)
		lane_bury(lane);
	mem_wipe(c->token, sizeof(c->token));
	tls_ctx_unref(TAKE_PTR(c->tls));
	free(TAKE_PTR(c->head));
	c->session = NULL;
	c->done(c, why);
}

static void send_request(struct lane_client *c)
{
	char text[1024];
	int n = snprintf(text, sizeof(text),
		"GET " LANE_PATH " HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\n"
		"Upgrade: " LANE_UPGRADE "\r\n" LANE_TOKEN_HEADER ": %s\r\n\r\n",
		c->host, c->token);

	(void)conn_write(&c->lane->conn, text, (size_t)n);
	mem_wipe(text, sizeof(text));
}

/* Attached first, so that `done` finds it so; input last, for it may close the session. */
static void attach(struct lane_client *c, size_t head)
{
	size_t n = c->head_len - head;
	uint8_t *rest = mem_dup(c->head + head, n);
	struct lane *lane = TAKE_PTR(c->lane);

	lane_attach(lane, c->session, NULL, 0);
	finish(c, NULL);
	if (n > 0 && lane->link.session)
		(void)link_input(&lane->link, rest, n, clock_ms());
	free(rest);
}

static void on_head(struct lane_client *c, size_t n)
{
	struct http_head *h = mem_new(struct http_head);
	bool fine = http_head_response(h, c->head, n) == HTTP_FAULT_NONE;
	const struct http_field *upgrade = fine ? http_head_find(h, "upgrade") : NULL;
	bool is_lane = upgrade && http_head_span_case_is(upgrade->value, LANE_UPGRADE);
	unsigned int status = fine ? h->status : 0;
	char why[64];

	free(h);
	if (status == 101 && is_lane) {
		attach(c, n);
	} else if (status == 101) {
		finish(c, "the server's answer to a lane is no upgrade to one");
	} else if (!fine) {
		finish(c, "the server's answer to a lane is not HTTP");
	} else {
		(void)snprintf(why, sizeof(why), "the server answered a lane with status %u",
			status);
		finish(c, why);
	}
}

static void on_readable(struct lane_client *c)
{
	size_t scanned = 0;
	ssize_t n = conn_read(&c->lane->conn, c->head + c->head_len, HEAD_MAX - c->head_len);
	long head;

	if (n == -EAGAIN)
		return;
	if (n <= 0) {
		finish(c, "the server closed the lane");
		return;
	}
	c->head_len += (size_t)n;
	head = http_head_scan(c->head, c->head_len, HEAD_MAX, &scanned);
	if (head < 0)
		finish(c, "the server's answer to a lane is not HTTP");
	else if (head > 0)
		on_head(c, (size_t)head);
}

static void on_event(struct conn *conn, enum conn_event ev)
{
	struct lane *l = container_of(conn, struct lane, conn);
	struct lane_client *c = l->owner;

	if (ev == CONN_EV_READY)
		send_request(c);
	else if (ev == CONN_EV_READABLE)
		on_readable(c);
	else if (ev == CONN_EV_ERROR)
		finish(c, conn_error_text(conn));
	else if (ev == CONN_EV_TIMEOUT)
		finish(c, "the server did not answer a lane in time");
}

static void on_dialled(struct dial *d, int fd)
{
	struct lane_client *c = container_of(d, struct lane_client, dial);

	if (fd < 0) {
		finish(c, strerror(-fd));
		return;
	}
	c->lane = lane_new(c->loop);
	c->lane->owner = c;
	c->head = mem_alloc(HEAD_MAX);
	c->head_len = 0;
	conn_open(&c->lane->conn, c->loop, fd, LANE_OUT_MAX, on_event);
	conn_set_deadline(&c->lane->conn, LANE_HANDSHAKE_MS);
	if (!c->tls)
		send_request(c);
	else if (conn_start_tls(&c->lane->conn, c->tls, c->host, LANE_ALPN) < 0)
		finish(c, "TLS could not be begun");
}

void lane_client_init(struct lane_client *c, struct loop *loop, lane_client_done_f *done)
{
	memset(c, 0, sizeof(*c));
	c->loop = loop;
	c->done = done;
	dial_init(&c->dial, loop);
}

void lane_client_start(struct lane_client *c, const struct addr *address, struct tls_ctx *tls,
	const char *host, const char *token, struct session *s)
{
	assert(!c->session);
	c->session = s;
	c->tls = tls ? tls_ctx_ref(tls) : NULL;
	(void)snprintf(c->host, sizeof(c->host), "%s", host);
	(void)snprintf(c->token, sizeof(c->token), "%s", token);
	dial_start_addr(&c->dial, address, LANE_HANDSHAKE_MS, on_dialled);
}

void lane_client_cancel(struct lane_client *c)
{
	struct lane *lane = TAKE_PTR(c->lane);

	if (!c->session)
		return;
	dial_cancel(&c->dial);
	if (lane)
		lane_bury(lane);
	mem_wipe(c->token, sizeof(c->token));
	tls_ctx_unref(TAKE_PTR(c->tls));
	free(TAKE_PTR(c->head));
	c->session = NULL;
}
