/* SPDX-License-Identifier: MIT */
/*
 * lane_server: the server's half of the upgrade to a lane.
 *
 * A handshake is one small request head within a deadline; a good token makes its connection a
 * lane, anything else gets a short refusal. Handshakes under way are counted and bounded.
 */
#include "lane/lane_server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/tls_ctx.h"
#include "lane/lane.h"
#include "proto/http_head.h"

#define HEAD_MAX 4096

struct pending {
	struct list node;
	struct lane_server *server;
	struct lane *lane; /* its conn is ours until the upgrade */
	struct grave grave;
	struct buf in;
	size_t scanned;
	bool refused;
};

static void free_pending(struct grave *g)
{
	struct pending *p = container_of(g, struct pending, grave);

	buf_deinit(&p->in);
	free(p);
}

static void drop(struct pending *p)
{
	struct loop *loop = p->server->loop;

	list_del(&p->node);
	p->server->n_pending--;
	if (p->lane)
		lane_bury(TAKE_PTR(p->lane));
	loop_bury(loop, &p->grave, free_pending);
}

static void refuse(struct pending *p, const char *status)
{
	char text[256];
	int n = snprintf(text, sizeof(text),
		"HTTP/1.1 %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", status);

	p->refused = true;
	(void)conn_write(&p->lane->conn, text, (size_t)n);
	conn_shutdown(&p->lane->conn);
}

static void accept_lane(struct pending *p, struct session *s, size_t head)
{
	static const char answer[] = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
				     "Upgrade: " LANE_UPGRADE "\r\n\r\n";
	struct lane *lane = TAKE_PTR(p->lane);
	struct buf in = p->in;

	buf_init(&p->in, HEAD_MAX);
	drop(p);
	(void)conn_write(&lane->conn, answer, sizeof(answer) - 1);
	lane_attach(lane, s, buf_data(&in) + head, buf_len(&in) - head);
	buf_deinit(&in);
}

static void on_head(struct pending *p, size_t n)
{
	struct http_head *h = mem_new(struct http_head);
	const struct http_field *upgrade, *token;
	struct session *s = NULL;
	char text[128] = "";
	bool wanted = false;

	if (http_head_request(h, buf_data(&p->in), n) == HTTP_FAULT_NONE &&
		http_head_span_is(h->method, "GET") && http_head_span_is(h->path, LANE_PATH)) {
		upgrade = http_head_find(h, "upgrade");
		token = http_head_find(h, LANE_TOKEN_HEADER);
		wanted = h->upgrade && upgrade &&
			 http_head_span_case_is(upgrade->value, LANE_UPGRADE);
		if (token && token->value.n < sizeof(text))
			memcpy(text, token->value.at, token->value.n);
	}
	free(h);
	if (wanted && text[0])
		s = p->server->claim(p->server, text);
	mem_wipe(text, sizeof(text));
	if (s)
		accept_lane(p, s, n);
	else
		refuse(p, wanted ? "403 Forbidden" : "400 Bad Request");
}

static void on_readable(struct pending *p)
{
	uint8_t bytes[HEAD_MAX];
	ssize_t n = conn_read(&p->lane->conn, bytes, sizeof(bytes));
	long head;

	if (n == -EAGAIN)
		return;
	if (n <= 0) {
		drop(p);
		return;
	}
	if (p->refused)
		return; /* read and dropped, so that the refusal is not lost to a reset */
	if (buf_add(&p->in, bytes, (size_t)n) < (size_t)n) {
		refuse(p, "431 Request Header Fields Too Large");
		return;
	}
	head = http_head_scan(buf_data(&p->in), buf_len(&p->in), HEAD_MAX, &p->scanned);
	if (head < 0)
		refuse(p, "400 Bad Request");
	else if (head > 0)
		on_head(p, (size_t)head);
}

static struct pending *pending_of(struct conn *c)
{
	struct lane *l = container_of(c, struct lane, conn);

	return l->owner;
}

static void on_event(struct conn *c, enum conn_event ev)
{
	struct pending *p = pending_of(c);

	if (ev == CONN_EV_READABLE)
		on_readable(p);
	else if (ev == CONN_EV_ERROR || ev == CONN_EV_TIMEOUT)
		drop(p);
}

void lane_server_init(struct lane_server *s, struct loop *loop, lane_server_claim_f *claim)
{
	memset(s, 0, sizeof(*s));
	s->loop = loop;
	s->claim = claim;
	list_init(&s->pending);
}

void lane_server_adopt(struct lane_server *s, int fd, struct tls_ctx *tls)
{
	struct pending *p;

	if (s->n_pending >= LANE_SERVER_PENDING_MAX) {
		close(fd);
		return;
	}
	p = mem_new(struct pending);
	p->server = s;
	buf_init(&p->in, 2 * HEAD_MAX);
	p->lane = lane_new(s->loop);
	p->lane->owner = p;
	list_add_tail(&s->pending, &p->node);
	s->n_pending++;
	conn_open(&p->lane->conn, s->loop, fd, LANE_OUT_MAX, on_event);
	conn_set_deadline(&p->lane->conn, LANE_HANDSHAKE_MS);
	if (tls && conn_start_tls(&p->lane->conn, tls, /* name= */ NULL, /* alpn= */ NULL) < 0)
		drop(p);
}

void lane_server_deinit(struct lane_server *s)
{
	list_each_safe (p, &s->pending, struct pending, node)
		drop(p);
}

int lane_server_wants(const uint8_t *bytes, size_t n)
{
	static const char start[] = "GET " LANE_PATH " ";

	if (n < sizeof(start) - 1)
		return memcmp(bytes, start, n) == 0 ? -1 : 0;
	return memcmp(bytes, start, sizeof(start) - 1) == 0;
}
