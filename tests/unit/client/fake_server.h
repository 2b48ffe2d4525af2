/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * fake_server: what the uplink touches of the world, played by the test: the resolver, WebSocket
 * attempts, lanes, and a server that is a list of the frames it got and a way to send some.
 */

#include "../io/io_test.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "client/client_conf.h"
#include "client/uplink.h"
#include "mux/session.h"
#include "mux/stream.h"
#include "proto/hello.h"

#define FAKE_FRAMES_MAX 64

static struct {
	/* resolver */
	struct resolve *lookup; /* under way */
	resolve_done_f *found;
	unsigned int lookups;
	/* WebSocket attempts */
	struct ws_client *attempt; /* under way */
	unsigned int attempts;
	char bearer[64], where[ADDR_TEXT_MAX];
	/* lanes */
	unsigned int lanes;
	struct lane_client *lane;
	/* the link there is, and what came over it */
	struct link *link;
	struct link links[8];
	size_t n_links;
	bool let_go;
	uint8_t got[FAKE_FRAMES_MAX];
	uint32_t value[FAKE_FRAMES_MAX]; /* of REGISTER: the request; of UNREGISTER: the tunnel */
	size_t n_got;
	struct hello hello;              /* the last one */
	struct hello_register asked;     /* the last one */
	bool asked_for[FAKE_FRAMES_MAX]; /* by request */
} fake;

/* --- stand-ins ------------------------------------------------------------------------------- */

void resolve_start(struct resolve *q, struct resolver *r, const char *host, uint16_t port,
	resolve_done_f *done)
{
	assert_null(fake.lookup);
	fake.lookup = q;
	fake.found = done;
	fake.lookups++;
}

void resolve_cancel(struct resolve *q)
{
	if (fake.lookup == q)
		fake.lookup = NULL;
}

void resolve_drop_all(struct resolver *r)
{
}

struct resolver *resolver_new(struct loop *l)
{
	return NULL;
}

void resolver_free(struct resolver *r)
{
}

struct ws_loop;
struct ws_loop *ws_loop_new(struct loop *l, size_t head_max, struct err *err);
void ws_loop_free(struct ws_loop *w);

struct ws_loop *ws_loop_new(struct loop *l, size_t head_max, struct err *err)
{
	return NULL;
}

void ws_loop_free(struct ws_loop *w)
{
}

void ws_client_init(struct ws_client *c, struct ws_loop *w, const struct ws_client_ops *ops)
{
	memset(c, 0, sizeof(*c));
	c->ops = ops;
}

int ws_client_connect(struct ws_client *c, const struct ws_client_params *p, struct err *err)
{
	assert_null(fake.attempt);
	fake.attempt = c;
	fake.attempts++;
	(void)snprintf(fake.bearer, sizeof(fake.bearer), "%s", p->bearer ? p->bearer : "");
	addr_format(&p->address, fake.where);
	return 0;
}

void ws_client_cancel(struct ws_client *c)
{
	fake.attempt = NULL;
}

void lane_client_init(struct lane_client *c, struct loop *l, lane_client_done_f *done)
{
	memset(c, 0, sizeof(*c));
	c->done = done;
}

void lane_client_start(struct lane_client *c, const struct addr *address, struct tls_ctx *tls,
	const char *host, const char *token, struct session *s)
{
	fake.lanes++;
	fake.lane = c;
}

void lane_client_cancel(struct lane_client *c)
{
	fake.lane = NULL;
}

/* --- the server's side of the link ----------------------------------------------------------- */

static void fake_take(const struct frame *f)
{
	struct err err;
	size_t i = fake.n_got++;

	assert_true(i < FAKE_FRAMES_MAX);
	fake.got[i] = f->type;
	if (f->type == FRAME_HELLO) {
		assert_int_equal(hello_decode(&fake.hello, f->payload, f->length, &err), 0);
	} else if (f->type == FRAME_REGISTER) {
		assert_int_equal(hello_register_decode(&fake.asked, f->payload, f->length, &err),
			0);
		fake.value[i] = fake.asked.request;
	} else if (f->type == FRAME_UNREGISTER) {
		fake.value[i] = (uint32_t)f->payload[2] << 8 | f->payload[3];
	}
}

static void fake_pull(struct link *l)
{
	static uint8_t bytes[256 * 1024];
	size_t n, at;

	while ((n = link_pull(l, bytes, sizeof(bytes), clock_ms())) > 0) {
		struct frame f;

		for (at = 0; at < n; at += FRAME_HEADER_SIZE + f.length) {
			assert_int_equal(frame_decode(&f, bytes + at, n - at, false), FRAME_OK);
			fake_take(&f);
		}
	}
}

/* All that the client has to say by now. */
static void fake_read(void)
{
	if (fake.link)
		fake_pull(fake.link);
}

static void fake_wake(struct link *l)
{
}

static void fake_close(struct link *l, enum close_reason why, const char *text)
{
	fake_pull(l);
	fake.let_go = true;
	fake.link = NULL;
}

static const struct link_ops fake_link_ops = {
	.kind = "websocket", .wake = fake_wake, .close = fake_close};

static UNUSED unsigned int fake_count(uint8_t type)
{
	unsigned int n = 0;

	fake_read();
	for (size_t i = 0; i < fake.n_got; i++)
		n += fake.got[i] == type;
	return n;
}

/* The value of the last frame of that type. */
static UNUSED uint32_t fake_last(uint8_t type)
{
	uint32_t value = 0;

	fake_read();
	for (size_t i = 0; i < fake.n_got; i++)
		value = fake.got[i] == type ? fake.value[i] : value;
	return value;
}

static UNUSED void fake_forget(void)
{
	fake_read();
	fake.n_got = 0;
}

static void fake_send(uint8_t type, uint8_t flags, uint32_t stream, const void *payload, size_t n)
{
	uint8_t bytes[FRAME_MAX_SIZE];

	assert_non_null(fake.link);
	frame_encode_header(bytes, type, flags, (uint16_t)n, stream);
	if (n > 0)
		memcpy(bytes + FRAME_HEADER_SIZE, payload, n);
	(void)link_input(fake.link, bytes, FRAME_HEADER_SIZE + n, clock_ms());
	fake_read();
}

static UNUSED void fake_send_reason(uint8_t type, uint32_t value, enum close_reason why,
	const char *text)
{
	struct frame_reason r = {.value = value, .reason = (uint16_t)why};
	uint8_t payload[FRAME_MAX_TEXT + 8];

	(void)snprintf(r.text, sizeof(r.text), "%s", text);
	fake_send(type, 0, 0, payload, frame_reason_encode(payload, sizeof(payload), type, &r));
}

static UNUSED void fake_welcome(bool resumed)
{
	struct hello_welcome w = {.version = HELLO_VERSION,
		.software = "fake",
		.resumed = resumed,
		.grace_ms = 30000,
		.window = 256 * 1024,
		.max_streams = 100,
		.max_tunnels = 10,
		.lanes = true};
	uint8_t json[FRAME_MAX_JSON];

	memset(w.session, resumed ? 'a' : 'b', sizeof(w.session) - 1);
	if (resumed)
		memcpy(w.session, fake.hello.session, sizeof(w.session));
	memset(w.secret, 'c', sizeof(w.secret) - 1);
	fake_send(FRAME_WELCOME, 0, 0, json, hello_welcome_encode(json, sizeof(json), &w));
	if (resumed && fake.link)
		fake_send(FRAME_RESUME, FRAME_FLAG_LAST, 0, NULL, 0);
}

/* @error NULL: granted as @tunnel. */
static UNUSED void fake_registered(uint32_t request, uint32_t tunnel, const char *error, bool retry)
{
	struct hello_registered r = {
		.request = request, .granted = !error, .tunnel = tunnel, .retry = retry};
	uint8_t json[FRAME_MAX_JSON];

	if (error) {
		(void)snprintf(r.error, sizeof(r.error), "name_taken");
		(void)snprintf(r.message, sizeof(r.message), "%s", error);
	} else {
		(void)snprintf(r.url, sizeof(r.url), "http://t%u.example/", tunnel);
	}
	fake_send(FRAME_REGISTERED, 0, 0, json, hello_registered_encode(json, sizeof(json), &r));
}

static UNUSED void fake_open(uint32_t stream, uint32_t tunnel)
{
	struct frame_open open = {.tunnel = tunnel, .visitor = "192.0.2.1:1"};
	uint8_t payload[FRAME_MAX_OPEN];

	fake_send(FRAME_OPEN, 0, stream, payload,
		frame_open_encode(payload, sizeof(payload), &open));
}

/* --- the way there --------------------------------------------------------------------------- */

static UNUSED void fake_resolve(size_t n)
{
	struct addr list[4];
	struct resolve *q = TAKE_PTR(fake.lookup);

	assert_non_null(q);
	assert_int_equal(addr_parse(&list[0], "192.0.2.1:443"), 0);
	assert_int_equal(addr_parse(&list[1], "192.0.2.2:443"), 0);
	fake.found(q, n ? 0 : -ENOENT, list, n);
}

static UNUSED void fake_accept(void)
{
	struct ws_client *c = TAKE_PTR(fake.attempt);

	assert_non_null(c);
	assert_true(fake.n_links < ARRAY_SIZE(fake.links));
	fake.link = &fake.links[fake.n_links++];
	fake.let_go = false;
	link_init(fake.link, &fake_link_ops, LINK_RANK_WEBSOCKET);
	c->ops->opened(c, fake.link);
	fake_read();
}

static UNUSED void fake_fail(enum ws_client_fault fault, int status, const char *text)
{
	struct ws_client *c = TAKE_PTR(fake.attempt);

	assert_non_null(c);
	c->ops->failed(c, fault, status, text);
}

/* The whole way, up to WELCOME. */
static UNUSED void fake_reach(bool resumed)
{
	fake_resolve(1);
	fake_accept();
	fake_welcome(resumed);
}

static UNUSED void fake_lose(void)
{
	struct link *l = TAKE_PTR(fake.link);

	fake_pull(l);
	link_lost(l, CLOSE_LINK_LOST, clock_ms());
}

static UNUSED void fake_deinit(void)
{
	for (size_t i = 0; i < fake.n_links; i++)
		link_deinit(&fake.links[i]);
	memset(&fake, 0, sizeof(fake));
}
