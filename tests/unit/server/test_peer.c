/* SPDX-License-Identifier: MIT */
/*
 * test_peer: a client's session from its first frame to its end, spoken by hand over a link in
 * memory, against a hub that has everything but listeners.
 */

#include "server_test.h"

#include "../io/io_test.h"

#include "base/log.h"
#include "crypt/key.h"
#include "proto/frame.h"
#include "server/edge_tcp.h"
#include "server/edge_visitor.h"
#include "server/hub.h"
#include "server/peer.h"
#include "server/tunnel.h"

static struct hub hub;

/* --- a client -------------------------------------------------------------------------------- */

struct caller {
	struct link link;
	struct peer *peer; /* as it was made; may have ended */
	bool closed;
	enum close_reason why;
	uint8_t got[64 * 1024]; /* frames the server has sent and nobody has looked at */
	size_t n, at;
	struct hello_welcome welcome;
};

static struct caller alice, alice2, bob;

static void pull(struct caller *c)
{
	size_t n;

	while ((n = link_pull(&c->link, c->got + c->n, sizeof(c->got) - c->n, clock_ms())) > 0)
		c->n += n;
}

static void caller_wake(struct link *l)
{
	/* pulled when somebody looks */
}

static void caller_close(struct link *l, enum close_reason why, const char *text)
{
	struct caller *c = container_of(l, struct caller, link);

	c->closed = true;
	c->why = why;
}

static const struct link_ops caller_ops = {
	.kind = "test",
	.wake = caller_wake,
	.close = caller_close,
};

/* Take up the link as the WebSocket server would: with the key of that name, or none. */
static void dial(struct caller *c, const char *key)
{
	struct addr from;

	memset(c, 0, sizeof(*c));
	assert_int_equal(addr_parse(&from, "192.0.2.1:1000"), 0);
	link_init(&c->link, &caller_ops, LINK_RANK_WEBSOCKET);
	c->peer = peer_accept(&hub, &c->link, key ? keys_find(&hub.keys, key) : NULL, &from);
}

static void hang_up(struct caller *c)
{
	if (!c->link.ops)
		return;
	if (c->link.session)
		link_lost(&c->link, CLOSE_LINK_LOST, clock_ms());
	link_deinit(&c->link);
	c->link.ops = NULL;
}

static void send_frame(struct caller *c, uint8_t type, const void *payload, size_t n)
{
	uint8_t bytes[FRAME_MAX_SIZE];

	frame_encode_header(bytes, type, 0, (uint16_t)n, 0);
	memcpy(bytes + FRAME_HEADER_SIZE, payload, n);
	(void)link_input(&c->link, bytes, FRAME_HEADER_SIZE + n, clock_ms());
	pull(c);
}

static void send_text(struct caller *c, uint8_t type, const char *text)
{
	send_frame(c, type, text, strlen(text));
}

/* The next frame of @type among those that came; false when there is none. */
static bool next_frame(struct caller *c, uint8_t type, struct frame *ret)
{
	pull(c);
	while (c->at + FRAME_HEADER_SIZE <= c->n) {
		assert_int_equal(frame_decode(ret, c->got + c->at, c->n - c->at, true), FRAME_OK);
		c->at += FRAME_HEADER_SIZE + ret->length;
		if (ret->type == type)
			return true;
	}
	return false;
}

static void greet(struct caller *c, uint64_t generation, const struct hello_welcome *old)
{
	struct hello h = {.version = HELLO_VERSION,
		.software = "test/1",
		.instance = "00112233445566778899aabbccddeeff",
		.generation = generation,
		.window = 262144};
	uint8_t json[FRAME_MAX_JSON];
	struct frame f;
	struct err err;

	if (old) {
		memcpy(h.session, old->session, sizeof(h.session));
		memcpy(h.secret, old->secret, sizeof(h.secret));
	}
	send_frame(c, FRAME_HELLO, json, hello_encode(json, sizeof(json), &h));
	assert_true(next_frame(c, FRAME_WELCOME, &f));
	assert_int_equal(hello_welcome_decode(&c->welcome, f.payload, f.length, &err), 0);
}

static void connect_as(struct caller *c, const char *key, uint64_t generation)
{
	dial(c, key);
	greet(c, generation, NULL);
}

static struct hello_registered answer;

/* Ask for a tunnel; the refusal's word, or "" when granted. */
static const char *ask(struct caller *c, const struct hello_register *rq)
{
	uint8_t json[FRAME_MAX_JSON];
	struct frame f;
	struct err err;

	send_frame(c, FRAME_REGISTER, json, hello_register_encode(json, sizeof(json), rq));
	assert_true(next_frame(c, FRAME_REGISTERED, &f));
	assert_int_equal(hello_registered_decode(&answer, f.payload, f.length, &err), 0);
	assert_int_equal(answer.request, rq->request);
	assert_int_equal(answer.granted, answer.error[0] == '\0');
	return answer.error;
}

static const char *ask_http(struct caller *c, const char *name, const char *subdomain)
{
	struct hello_register rq = {.request = 7, .proto = HELLO_PROTO_HTTP};

	(void)snprintf(rq.name, sizeof(rq.name), "%s", name);
	(void)snprintf(rq.subdomain, sizeof(rq.subdomain), "%s", subdomain);
	return ask(c, &rq);
}

static const char *ask_tcp(struct caller *c, const char *name, uint16_t port)
{
	struct hello_register rq = {.request = 8, .proto = HELLO_PROTO_TCP, .remote_port = port};

	(void)snprintf(rq.name, sizeof(rq.name), "%s", name);
	return ask(c, &rq);
}

/* The reason of the next GONE, which is for @tunnel. */
static int gone(struct caller *c, uint32_t tunnel)
{
	struct frame_reason r;
	struct frame f;

	if (!next_frame(c, FRAME_GONE, &f))
		return -1;
	assert_int_equal(frame_reason_decode(&r, &f), 0);
	assert_int_equal(r.value, tunnel);
	return r.reason;
}

/* --- a hub ----------------------------------------------------------------------------------- */

static const char conf_text[] = "allowed_hosts: [example.com]\n"
				"public_port: 8080\n"
				"tcp: {listen: 127.0.0.1, ports: 21000-21999}\n"
				"anonymous: true\n"
				"anonymous_limits: {allow: [open-*], max_tunnels: 2}\n"
				"keys:\n"
				"  - {name: alice, hash: " HASH
				", allow: ['*'], tcp: 21100-21300, max_tunnels: 3}\n"
				"  - {name: bob, hash: " HASH
				", allow: ['*'], tcp: 21100-21300, max_tunnels: 3}\n";

static void on_status(struct timer *t)
{
	/* nobody is told */
}

static void on_parking(struct parking *k)
{
	/* nobody is told */
}

static int setup(void **state)
{
	struct err err;

	dir_setup("keys.yaml");
	log_set_level(LOG_LV_ERR);
	assert_int_equal(loop_init(&loop), 0);
	memset(&hub, 0, sizeof(hub));
	memset(&alice, 0, sizeof(alice));
	memset(&alice2, 0, sizeof(alice2));
	memset(&bob, 0, sizeof(bob));
	hub.loop = &loop;
	sound_conf_from(&hub.conf, conf_text);
	assert_int_equal(keys_init(&hub.keys, test_file, &err), 0);
	keys_configure(&hub.keys, &hub.conf.keys);
	names_init(&hub.names);
	names_file_init(&hub.names_file, &loop);
	kept_init(&hub.kept, &loop);
	parking_init(&hub.parking, &loop, on_parking);
	edge_http_init(&hub.edge, &loop, &edge_http_limits_default, NULL);
	list_init(&hub.peers);
	list_init(&hub.fronts);
	timer_init(&hub.status, &loop, on_status);
	return 0;
}

static int teardown(void **state)
{
	while (!list_is_empty(&hub.peers))
		peer_end(list_entry(hub.peers.next, struct peer, node), CLOSE_SHUTDOWN, "");
	kept_deinit(&hub.kept);
	parking_close(&hub.parking);
	turn();
	hang_up(&alice);
	hang_up(&alice2);
	hang_up(&bob);
	assert_int_equal(hub.n_peers, 0);
	assert_int_equal(hub.n_tunnels, 0);
	timer_stop(&hub.status);
	names_deinit(&hub.names);
	keys_deinit(&hub.keys);
	server_conf_deinit(&hub.conf);
	loop_deinit(&loop);
	dir_teardown();
	return 0;
}

/* --- handshake ------------------------------------------------------------------------------- */

static void a_greeted_client_is_told_its_session_and_limits(void **state)
{
	connect_as(&alice, "alice", 1);
	assert_false(alice.welcome.resumed);
	assert_int_equal(strlen(alice.welcome.session), HELLO_ID_SIZE - 1);
	assert_int_equal(strlen(alice.welcome.secret), HELLO_SECRET_SIZE - 1);
	assert_int_equal(alice.welcome.max_tunnels, 3);
	assert_int_equal(alice.welcome.grace_ms, 30000);
	assert_ptr_equal(hub_find_peer(&hub, alice.welcome.session), alice.peer);
}

static void whatever_comes_before_hello_ends_the_session(void **state)
{
	dial(&alice, "alice");
	send_text(&alice, FRAME_LANE_ASK, "");
	assert_true(alice.closed);
	assert_int_equal(alice.why, CLOSE_PROTOCOL);
	assert_int_equal(hub.n_peers, 0);
}

static void garbage_for_a_hello_ends_the_session(void **state)
{
	static const char *const bad[] = {"", "{", "[]", "{}", "{\"version\":\"2\"}",
		"{\"version\":2,\"instance\":7}",
		("{\"version\":1,\"software\":\"x\",\"instance\":"
		 "\"00112233445566778899aabbccddeeff\",\"generation\":1,\"window\":65536}")};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		dial(&alice, "alice");
		send_text(&alice, FRAME_HELLO, bad[i]);
		assert_true(alice.closed);
		assert_int_equal(alice.why, CLOSE_PROTOCOL);
		hang_up(&alice);
	}
	assert_int_equal(hub.n_peers, 0);
}

static void a_second_hello_ends_the_session(void **state)
{
	connect_as(&alice, "alice", 1);
	send_text(&alice, FRAME_HELLO, "{}");
	assert_true(alice.closed);
	assert_int_equal(alice.why, CLOSE_PROTOCOL);
}

static void a_client_that_says_nothing_is_not_waited_for_long(void **state)
{
	dial(&alice, "alice");
	assert_true(timer_is_active(&alice.peer->hello));
	timer_start(&alice.peer->hello, 1);
	until(alice.closed);
	assert_int_equal(alice.why, CLOSE_TIMEOUT);
}

static void a_client_lost_before_hello_is_forgotten_at_once(void **state)
{
	dial(&alice, "alice");
	hang_up(&alice);
	assert_int_equal(hub.n_peers, 0);
}

/* --- resumption ------------------------------------------------------------------------------ */

static void a_lost_client_comes_back_to_its_session_and_tunnels(void **state)
{
	struct peer *first;

	connect_as(&alice, "alice", 1);
	first = alice.peer;
	assert_string_equal(ask_http(&alice, "web", "web"), "");
	hang_up(&alice);
	assert_int_equal(hub.n_peers, 1);
	dial(&alice2, "alice");
	greet(&alice2, 1, &alice.welcome);
	assert_true(alice2.welcome.resumed);
	assert_string_equal(alice2.welcome.session, alice.welcome.session);
	assert_ptr_equal(alice2.link.session, &first->session);
	assert_int_equal(hub.n_peers, 1);
	turn();
	assert_ptr_equal(names_find_host(&hub.names, "web.example.com")->peer, first);
}

static void nobody_resumes_with_a_wrong_secret_or_by_another_key(void **state)
{
	struct hello_welcome wrong;

	connect_as(&alice, "alice", 1);
	wrong = alice.welcome;
	wrong.secret[0] = wrong.secret[0] == '0' ? '1' : '0';
	dial(&alice2, "alice");
	greet(&alice2, 1, &wrong);
	assert_false(alice2.welcome.resumed);
	assert_string_not_equal(alice2.welcome.session, alice.welcome.session);
	dial(&bob, "bob");
	greet(&bob, 1, &alice.welcome);
	assert_false(bob.welcome.resumed);
	assert_int_equal(hub.n_peers, 3);
	assert_false(alice.closed);
}

/* The client has read WELCOME, and says what it received: of no stream anything. */
static void send_resume(struct caller *c)
{
	uint8_t bytes[FRAME_HEADER_SIZE];

	frame_encode_header(bytes, FRAME_RESUME, FRAME_FLAG_LAST, 0, 0);
	(void)link_input(&c->link, bytes, sizeof(bytes), clock_ms());
}

/* Does @w resume? Then the caller is left connected. */
static bool resumes(struct caller *c, const struct hello_welcome *w)
{
	hang_up(c);
	dial(c, "alice");
	greet(c, 1, w);
	return c->welcome.resumed;
}

static void a_secret_is_good_until_its_successor_has_arrived(void **state)
{
	struct hello_welcome first, second, third;

	connect_as(&alice, "alice", 1);
	first = alice.welcome;
	assert_true(resumes(&alice, &first));
	second = alice.welcome;
	assert_string_not_equal(second.secret, first.secret);
	/* lost before the client had read it, and again */
	assert_true(resumes(&alice, &first));
	assert_true(resumes(&alice, &first));
	third = alice.welcome;
	assert_string_not_equal(third.secret, second.secret);
	/* what never arrived is good no more, what arrived and was not answered is */
	assert_false(resumes(&alice2, &second));
	assert_true(resumes(&alice, &third));
	send_resume(&alice);
	assert_false(resumes(&alice2, &third));
	assert_false(resumes(&alice2, &first));
	second = alice.welcome;
	assert_true(resumes(&alice, &second));
}

static void asked_again_a_tunnel_is_the_same_even_at_the_limit(void **state)
{
	uint32_t id;

	connect_as(&alice, "alice", 1);
	assert_string_equal(ask_http(&alice, "a", "a"), "");
	id = answer.tunnel;
	assert_string_equal(ask_http(&alice, "b", "b"), "");
	assert_string_equal(ask_http(&alice, "c", "c"), "");
	assert_string_equal(ask_http(&alice, "a", "a"), "");
	assert_int_equal(answer.tunnel, id);
	assert_int_equal(hub.n_tunnels, 3);
}

/* --- names that are kept --------------------------------------------------------------------- */

/* As its program would before it stops; then its connection is gone. */
static void say_goodbye(struct caller *c, enum close_reason why)
{
	struct frame_reason r = {.reason = (uint16_t)why};
	uint8_t payload[6];

	send_frame(c, FRAME_GOAWAY, payload,
		frame_reason_encode(payload, sizeof(payload), FRAME_GOAWAY, &r));
	hang_up(c);
}

static struct tunnel *web(void)
{
	return names_find_host(&hub.names, "web.example.com");
}

static void a_stopped_clients_name_is_kept_for_its_owner_alone(void **state)
{
	struct tunnel *t;

	connect_as(&alice, "alice", 5);
	assert_string_equal(ask_http(&alice, "web", "web"), "");
	t = web();
	assert_false(tunnel_is_away(t));
	say_goodbye(&alice, CLOSE_SHUTDOWN);
	assert_int_equal(hub.n_peers, 0);
	assert_int_equal(hub.n_tunnels, 0);
	assert_ptr_equal(web(), t);
	assert_true(tunnel_is_away(t));
	assert_true(tunnel_may_return(t));
	connect_as(&bob, "bob", 9);
	assert_string_equal(ask_http(&bob, "web", "web"), "taken");
	/* the same tunnel goes on, whatever the clock of the owner's machine said meanwhile */
	connect_as(&alice2, "alice", 4);
	assert_string_equal(ask_http(&alice2, "other", "web"), "");
	assert_ptr_equal(web(), t);
	assert_string_equal(t->name, "other");
	assert_false(tunnel_is_away(t));
	assert_int_equal(hub.kept.n, 0);
}

static void a_client_that_is_done_leaves_nothing(void **state)
{
	connect_as(&alice, "alice", 5);
	assert_string_equal(ask_http(&alice, "web", "web"), "");
	say_goodbye(&alice, CLOSE_DONE);
	assert_null(web());
	assert_int_equal(hub.kept.n, 0);
}

static void a_leaving_client_is_away_while_its_streams_finish(void **state)
{
	struct frame_reason r = {.reason = CLOSE_SHUTDOWN};
	uint8_t payload[6];

	connect_as(&alice, "alice", 5);
	assert_string_equal(ask_http(&alice, "web", "web"), "");
	send_frame(&alice, FRAME_GOAWAY, payload,
		frame_reason_encode(payload, sizeof(payload), FRAME_GOAWAY, &r));
	assert_true(tunnel_is_away(web()));
	assert_int_equal(hub.n_peers, 1);
}

static void a_kept_name_is_free_when_the_grace_is_over(void **state)
{
	hub.conf.timeouts.grace = 30;
	connect_as(&alice, "alice", 5);
	assert_string_equal(ask_http(&alice, "web", "web"), "");
	say_goodbye(&alice, CLOSE_SHUTDOWN);
	assert_non_null(web());
	until(!web());
	connect_as(&bob, "bob", 1);
	assert_string_equal(ask_http(&bob, "web", "web"), "");
}

static void the_grace_counts_from_the_lost_connection_not_from_the_sessions_end(void **state)
{
	hub.conf.timeouts.grace = 30;
	connect_as(&alice, "alice", 5);
	assert_string_equal(ask_http(&alice, "web", "web"), "");
	hang_up(&alice);
	assert_non_null(web());
	until(hub.n_peers == 0);
	assert_null(web());
}

static void without_a_grace_a_name_is_free_at_once(void **state)
{
	hub.conf.timeouts.grace = 0;
	connect_as(&alice, "alice", 5);
	assert_string_equal(ask_http(&alice, "web", "web"), "");
	connect_as(&alice2, "alice", 6);
	assert_string_equal(ask_http(&alice2, "web", "web"), "");
	assert_string_equal(ask_tcp(&alice2, "ssh", 0), "");
	connect_as(&bob, "bob", 1);
	hang_up(&alice2);
	assert_null(web());
	assert_string_equal(ask_http(&bob, "web", "web"), "");
}

static void a_restarted_program_ends_what_its_predecessor_left(void **state)
{
	struct tunnel *t;

	connect_as(&alice, "alice", 5);
	assert_string_equal(ask_http(&alice, "web", "web"), "");
	t = web();
	hang_up(&alice); /* killed: nothing was said */
	assert_int_equal(hub.n_peers, 1);
	connect_as(&alice2, "alice", 6);
	assert_int_equal(hub.n_peers, 1);
	assert_ptr_equal(web(), t);
	assert_true(tunnel_is_away(t));
	assert_string_equal(ask_http(&alice2, "web", "web"), "");
	assert_ptr_equal(t->peer, alice2.peer);
}

static void another_installation_of_the_same_key_ends_nothing_by_connecting(void **state)
{
	connect_as(&alice, "alice", 5);
	assert_string_equal(ask_http(&alice, "web", "web"), "");
	memset(alice.peer->instance, 'f', sizeof(alice.peer->instance) - 1);
	hang_up(&alice);
	connect_as(&alice2, "alice", 6);
	assert_int_equal(hub.n_peers, 2);
	/* but taking its last tunnel does */
	assert_string_equal(ask_http(&alice2, "web", "web"), "");
	assert_int_equal(hub.n_peers, 1);
}

static void what_is_kept_makes_way_for_what_is_asked_for(void **state)
{
	connect_as(&alice, "alice", 5);
	assert_string_equal(ask_http(&alice, "a", "a"), "");
	assert_string_equal(ask_http(&alice, "b", "b"), "");
	assert_string_equal(ask_http(&alice, "c", "c"), "");
	say_goodbye(&alice, CLOSE_SHUTDOWN);
	assert_int_equal(hub.kept.n, 3);
	connect_as(&alice2, "alice", 6);
	assert_string_equal(ask_http(&alice2, "c", "c"), "");
	assert_int_equal(hub.kept.n, 2);
	assert_string_equal(ask_http(&alice2, "d", "d"), "");
	assert_int_equal(hub.kept.n, 1);
	assert_null(names_find_host(&hub.names, "a.example.com"));
	assert_non_null(names_find_host(&hub.names, "b.example.com"));
	/* the whole server's room counts the same way */
	hub.conf.limits.tunnels = 3;
	connect_as(&bob, "bob", 1);
	assert_string_equal(ask_http(&bob, "x", "x"), "");
	assert_int_equal(hub.kept.n, 0);
}

static void who_is_refused_costs_nobody_a_kept_name(void **state)
{
	connect_as(&alice, "alice", 5);
	assert_string_equal(ask_http(&alice, "a", "a"), "");
	assert_string_equal(ask_http(&alice, "b", "b"), "");
	assert_string_equal(ask_tcp(&alice, "c", 21200), "");
	say_goodbye(&alice, CLOSE_SHUTDOWN);
	hub.conf.limits.tunnels = 3;
	connect_as(&bob, "bob", 1);
	assert_string_equal(ask_http(&bob, "x", "b"), "taken");
	assert_string_equal(ask_tcp(&bob, "x", 21200), "taken");
	assert_int_equal(hub.kept.n, 3);
}

static void strangers_names_make_way_before_those_of_keys(void **state)
{
	connect_as(&alice, "alice", 5);
	assert_string_equal(ask_http(&alice, "a", "a"), "");
	say_goodbye(&alice, CLOSE_SHUTDOWN);
	connect_as(&bob, NULL, 1);
	assert_string_equal(ask_http(&bob, "x", "open-x"), "");
	say_goodbye(&bob, CLOSE_SHUTDOWN);
	hub.conf.limits.tunnels = 2;
	connect_as(&alice2, NULL, 2);
	assert_string_equal(ask_http(&alice2, "y", "open-y"), "");
	assert_non_null(names_find_host(&hub.names, "a.example.com"));
	assert_null(names_find_host(&hub.names, "open-x.example.com"));
}

static unsigned int lines;

static void count_line(enum log_level level, const char *message, const struct log_field *fields,
	size_t n)
{
	lines++;
}

static void what_is_logged_of_strangers_names_has_a_limit(void **state)
{
	log_sink_f *sink = log_get_sink();

	lines = 0;
	log_set_sink(count_line);
	log_set_level(LOG_LV_INFO);
	for (uint64_t i = 1; i <= 100; i++) {
		connect_as(&bob, NULL, i);
		assert_string_equal(ask_http(&bob, "x", "open-x"), "");
		say_goodbye(&bob, CLOSE_SHUTDOWN);
		kept_end(&hub, names_find_host(&hub.names, "open-x.example.com"));
		turn();
	}
	log_set_level(LOG_LV_ERR);
	log_set_sink(sink);
	assert_in_range(lines, 1, 99);
}

static void a_revoked_keys_names_are_kept_no_longer(void **state)
{
	connect_as(&alice, "alice", 5);
	assert_string_equal(ask_http(&alice, "web", "web"), "");
	say_goodbye(&alice, CLOSE_SHUTDOWN);
	keys_find(&hub.keys, "alice")->revoked = true;
	(void)hub_enforce_keys(&hub);
	assert_null(web());
}

static void a_kept_port_stays_open_and_is_found_again(void **state)
{
	struct addr a;
	uint16_t port;
	int fd;

	hub.parking.limits = (struct parking_limits){
		.visitors = 10, .bytes = 1 << 20, .wait_ms = 10000};
	connect_as(&alice, "alice", 5);
	assert_string_equal(ask_tcp(&alice, "ssh", 0), "");
	port = answer.port;
	say_goodbye(&alice, CLOSE_SHUTDOWN);
	assert_int_equal(addr_parse_ip(&a, "127.0.0.1", port), 0);
	fd = connect_to(&a);
	until(hub.parking.n == 1);
	connect_as(&alice2, "alice", 6);
	assert_string_equal(ask_tcp(&alice2, "ssh", 0), "");
	assert_int_equal(answer.port, port);
	until(hub.parking.n == 0);
	until(session_stream_count(&alice2.peer->session) == 1);
	close(fd);
}

/* --- visitors -------------------------------------------------------------------------------- */

static struct tunnel *on_route(struct edge_http *e, const char *host)
{
	return names_find_host(&hub.names, host);
}

static bool on_admit(struct edge_http *e, const struct addr *peer)
{
	return true;
}

static bool on_trusts(struct edge_http *e, const struct addr *peer)
{
	return false;
}

static const struct edge_http_ops edge_ops = {
	.route = on_route, .admit = on_admit, .trusts = on_trusts};

/* A visitor of web.example.com on a pipe that is not read; its end of the connection. */
static int visit(struct caller *c)
{
	static const char request[] = "GET / HTTP/1.1\r\nHost: web.example.com\r\n\r\n";
	size_t before = session_stream_count(&c->peer->session);
	struct visitor *v;
	struct addr from;
	int fd[2];

	assert_int_equal(addr_parse(&from, "192.0.2.2:1000"), 0);
	tcp_pair(fd);
	edge_http_accept(&hub.edge, fd[0], &from, /* local= */ NULL, /* tls= */ NULL);
	v = list_entry(hub.edge.visitors.prev, struct visitor, node);
	assert_int_equal(write(fd[1], request, sizeof(request) - 1), sizeof(request) - 1);
	until(session_stream_count(&c->peer->session) > before);
	pull(c);
	v->answered = true;
	v->phase = VISITOR_UPGRADED;
	edge_http_hold(v);
	return fd[1];
}

static void a_visitor_whose_end_ends_its_session_takes_the_others_along(void **state)
{
	struct linger now = {.l_onoff = 1, .l_linger = 0};
	static const uint8_t junk[1000];
	struct buf *resets;
	int first, second;

	hub.edge.ops = &edge_ops;
	hub.edge.parking = &hub.parking;
	connect_as(&alice, "alice", 1);
	assert_string_equal(ask_http(&alice, "web", "web"), "");
	first = visit(&alice);
	second = visit(&alice);
	resets = &alice.peer->session.resets; /* the client does not read */
	while (buf_room(resets) > FRAME_HEADER_SIZE)
		(void)buf_add(resets, junk,
			MIN(buf_room(resets) - FRAME_HEADER_SIZE, sizeof(junk)));
	assert_int_equal(setsockopt(first, SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
	close(first);
	timer_start(&hub.edge.look, 1);
	until(hub.edge.n_visitors == 0);
	assert_int_equal(alice.why, CLOSE_LIMIT);
	close(second);
	edge_http_deinit(&hub.edge);
}

/* --- names ----------------------------------------------------------------------------------- */

static void a_tunnel_is_told_its_url(void **state)
{
	connect_as(&alice, "alice", 1);
	assert_string_equal(ask_http(&alice, "web", "Web"), "");
	assert_string_equal(answer.url, "http://web.example.com:8080/");
	assert_string_equal(answer.hostname, "web.example.com");
}

static void an_assigned_name_is_the_same_after_a_restart_and_differs_per_owner(void **state)
{
	char first[HELLO_HOST_MAX];

	connect_as(&alice, "alice", 1);
	assert_string_equal(ask_http(&alice, "web", ""), "");
	memcpy(first, answer.hostname, sizeof(first));
	peer_end(alice.peer, CLOSE_DONE, "");
	connect_as(&alice2, "alice", 2);
	assert_string_equal(ask_http(&alice2, "web", ""), "");
	assert_string_equal(answer.hostname, first);
	connect_as(&bob, "bob", 1);
	assert_string_equal(ask_http(&bob, "web", ""), "");
	assert_string_not_equal(answer.hostname, first);
}

static void the_owners_newer_client_takes_a_name_over(void **state)
{
	uint32_t id;

	connect_as(&alice, "alice", 5);
	assert_string_equal(ask_http(&alice, "web", "web"), "");
	id = answer.tunnel;
	connect_as(&alice2, "alice", 6);
	assert_string_equal(ask_http(&alice2, "web", "web"), "");
	assert_int_equal(gone(&alice, id), CLOSE_TAKEN_OVER);
	assert_false(alice.closed);
	assert_ptr_equal(names_find_host(&hub.names, "web.example.com")->peer, alice2.peer);
	/* and the older one does not get it back */
	assert_string_equal(ask_http(&alice, "web", "web"), "superseded");
	assert_false(answer.retry);
	assert_ptr_equal(names_find_host(&hub.names, "web.example.com")->peer, alice2.peer);
}

/* So much waits for @c, which does not read, that one more frame ends it. */
static void stop_reading(struct caller *c)
{
	static const uint8_t junk[1024];
	struct session *s = &c->peer->session;
	size_t room;

	while ((room = buf_room(&s->control)) > FRAME_HEADER_SIZE)
		session_send(s, FRAME_LANE_GRANT, 0, junk,
			MIN(room - FRAME_HEADER_SIZE, sizeof(junk)));
	assert_false(c->closed);
}

static void a_client_that_does_not_read_loses_its_names_only_once(void **state)
{
	connect_as(&alice, "alice", 1);
	assert_string_equal(ask_http(&alice, "web", "web"), "");
	assert_string_equal(ask_tcp(&alice, "db", 21200), "");
	stop_reading(&alice);
	connect_as(&alice2, "alice", 2);
	assert_string_equal(ask_http(&alice2, "web", "web"), "");
	assert_true(alice.closed);
	assert_int_equal(alice.why, CLOSE_LIMIT);
	assert_int_equal(hub.n_peers, 1);
	assert_int_equal(hub.n_tunnels, 1);
	assert_int_equal(hub.kept.n, 1);
	turn();
	assert_ptr_equal(names_find_host(&hub.names, "web.example.com")->peer, alice2.peer);
}

static void rename_own(enum hello_proto proto)
{
	struct hello_register rq = {.request = 9, .proto = proto, .name = "other"};
	uint8_t json[FRAME_MAX_JSON];

	if (proto == HELLO_PROTO_TCP)
		rq.remote_port = 21200;
	else
		(void)snprintf(rq.subdomain, sizeof(rq.subdomain), "web");
	connect_as(&alice, "alice", 1);
	assert_string_equal(ask_http(&alice, "web", "web"), "");
	assert_string_equal(ask_tcp(&alice, "db", 21200), "");
	stop_reading(&alice);
	send_frame(&alice, FRAME_REGISTER, json, hello_register_encode(json, sizeof(json), &rq));
	assert_int_equal(alice.why, CLOSE_LIMIT);
	assert_int_equal(hub.n_peers, 0);
	assert_int_equal(hub.n_tunnels, 0);
	turn();
	hang_up(&alice);
}

static void a_client_that_does_not_read_may_end_itself_by_renaming(void **state)
{
	rename_own(HELLO_PROTO_HTTP);
	assert_null(names_find_host(&hub.names, "web.example.com"));
	rename_own(HELLO_PROTO_TCP);
	assert_null(names_find_port(&hub.names, 21200));
}

static void another_key_is_told_that_the_name_is_taken(void **state)
{
	connect_as(&alice, "alice", 1);
	assert_string_equal(ask_http(&alice, "web", "web"), "");
	connect_as(&bob, "bob", 99);
	assert_string_equal(ask_http(&bob, "web", "web"), "taken");
	assert_true(answer.retry);
	assert_int_equal(gone(&alice, 0), -1);
}

static void an_unregistered_name_is_free(void **state)
{
	uint8_t id[4] = {0};

	connect_as(&alice, "alice", 1);
	assert_string_equal(ask_http(&alice, "web", "web"), "");
	id[3] = (uint8_t)answer.tunnel;
	send_frame(&alice, FRAME_UNREGISTER, id, sizeof(id));
	assert_null(names_find_host(&hub.names, "web.example.com"));
	connect_as(&bob, "bob", 1);
	assert_string_equal(ask_http(&bob, "web", "web"), "");
}

static void a_keys_limit_counts_all_its_sessions(void **state)
{
	connect_as(&alice, "alice", 1);
	assert_string_equal(ask_http(&alice, "a", "a"), "");
	assert_string_equal(ask_http(&alice, "b", "b"), "");
	connect_as(&alice2, "alice", 2);
	assert_string_equal(ask_http(&alice2, "c", "c"), "");
	assert_string_equal(ask_http(&alice2, "d", "d"), "too_many");
	assert_true(answer.retry);
	assert_string_equal(ask_tcp(&alice2, "d", 0), "too_many");
	/* but what makes way makes room */
	assert_string_equal(ask_http(&alice2, "a", "a"), "");
	assert_int_equal(hub.n_tunnels, 3);
	/* and what is another's is not counted */
	connect_as(&bob, "bob", 1);
	assert_string_equal(ask_http(&bob, "d", "d"), "");
}

static void a_full_or_stopping_server_says_so(void **state)
{
	connect_as(&alice, "alice", 1);
	hub.conf.limits.tunnels = 1;
	assert_string_equal(ask_http(&alice, "a", "a"), "");
	assert_string_equal(ask_http(&alice, "b", "b"), "server_full");
	hub.draining = true;
	assert_string_equal(ask_http(&alice, "b", "b"), "shutting_down");
}

static void anonymous_clients_are_told_apart_and_bounded(void **state)
{
	connect_as(&bob, NULL, 1);
	assert_int_equal(bob.welcome.max_tunnels, 2);
	assert_string_equal(ask_http(&bob, "x", "web"), "not_allowed");
	assert_string_equal(ask_http(&bob, "x", "open-1"), "");
	assert_string_equal(ask_http(&bob, "y", "open-2"), "");
	assert_string_equal(ask_http(&bob, "z", "open-3"), "too_many");
	assert_string_equal(ask_tcp(&bob, "t", 0), "no_port");
}

/* --- ports ----------------------------------------------------------------------------------- */

static void a_tcp_tunnel_listens_until_it_goes(void **state)
{
	struct addr a;
	uint16_t port;
	int fd;

	connect_as(&alice, "alice", 1);
	assert_string_equal(ask_tcp(&alice, "ssh", 0), "");
	assert_false(answer.retry);
	port = answer.port;
	assert_in_range(port, 21100, 21300);
	assert_int_equal(addr_parse_ip(&a, "127.0.0.1", port), 0);
	fd = connect_to(&a);
	close(fd);
	peer_end(alice.peer, CLOSE_DONE, "");
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&a.sa, a.len), -1);
	close(fd);
	/* the same label gets the same port */
	connect_as(&alice2, "alice", 2);
	assert_string_equal(ask_tcp(&alice2, "ssh", 0), "");
	assert_int_equal(answer.port, port);
}

static void a_port_moves_to_the_owners_newer_client_alone(void **state)
{
	connect_as(&alice, "alice", 1);
	assert_string_equal(ask_tcp(&alice, "ssh", 0), "");
	connect_as(&bob, "bob", 9);
	assert_string_equal(ask_tcp(&bob, "ssh", answer.port), "taken");
	connect_as(&alice2, "alice", 2);
	assert_string_equal(ask_tcp(&alice2, "ssh", 0), "");
	assert_int_equal(gone(&alice, 1), CLOSE_TAKEN_OVER);
	assert_ptr_equal(names_find_port(&hub.names, answer.port)->peer, alice2.peer);
}

static void a_port_of_somebody_else_on_this_machine_is_refused_or_passed_over(void **state)
{
	struct addr a;
	uint16_t port;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	connect_as(&alice, "alice", 1);
	assert_string_equal(ask_tcp(&alice, "ssh", 0), "");
	port = answer.port;
	peer_end(alice.peer, CLOSE_DONE, "");
	assert_int_equal(addr_parse_ip(&a, "127.0.0.1", port), 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&a.sa, a.len), 0);
	assert_int_equal(listen(fd, 1), 0);
	connect_as(&alice2, "alice", 2);
	assert_string_equal(ask_tcp(&alice2, "ssh", port), "port_taken");
	assert_string_equal(ask_tcp(&alice2, "ssh", 0), "");
	assert_int_not_equal(answer.port, port);
	assert_string_equal(answer.message, "");
	close(fd);
}

/* --- ends ------------------------------------------------------------------------------------ */

static void a_revoked_keys_tunnels_end_at_once_and_no_others(void **state)
{
	connect_as(&alice, "alice", 1);
	assert_string_equal(ask_http(&alice, "web", "web"), "");
	connect_as(&bob, "bob", 1);
	assert_string_equal(ask_http(&bob, "api2", "api2"), "");
	keys_find(&hub.keys, "alice")->revoked = true;
	assert_int_equal(hub_enforce_keys(&hub), 1);
	assert_true(alice.closed);
	assert_int_equal(alice.why, CLOSE_KEY_REVOKED);
	assert_null(names_find_host(&hub.names, "web.example.com"));
	assert_false(bob.closed);
	assert_non_null(names_find_host(&hub.names, "api2.example.com"));
}

static void a_key_whose_secret_was_changed_counts_as_revoked(void **state)
{
	char hash[KEY_HASH_SIZE];

	connect_as(&alice, "alice", 1);
	key_hash(hash, "another secret");
	mem_replace(&keys_find(&hub.keys, "alice")->hash, hash);
	assert_int_equal(hub_enforce_keys(&hub), 1);
	assert_true(alice.closed);
}

static void without_anonymous_in_the_configuration_they_end(void **state)
{
	connect_as(&bob, NULL, 1);
	hub.conf.anonymous = false;
	assert_int_equal(hub_enforce_keys(&hub), 1);
	assert_true(bob.closed);
}

static void a_tunnel_outlives_its_session_for_who_holds_it(void **state)
{
	struct frame_open open = {.visitor = "v", .local = "l"};
	enum close_reason why = CLOSE_DONE;
	struct tunnel *t;

	connect_as(&alice, "alice", 1);
	assert_string_equal(ask_http(&alice, "web", "web"), "");
	t = tunnel_ref(names_find_host(&hub.names, "web.example.com"));
	peer_end(alice.peer, CLOSE_DONE, "");
	turn();
	assert_null(t->peer);
	assert_null(tunnel_open_stream(t, &open, &why));
	assert_int_equal(why, CLOSE_NO_TUNNEL);
	tunnel_unref(t);
}

/* --- lanes ----------------------------------------------------------------------------------- */

static bool grant(struct caller *c, struct hello_grant *ret)
{
	struct frame f;
	struct err err;

	send_frame(c, FRAME_LANE_ASK, "", 0);
	assert_true(next_frame(c, FRAME_LANE_GRANT, &f));
	assert_int_equal(hello_grant_decode(ret, f.payload, f.length, &err), 0);
	return ret->token[0] != '\0';
}

static void a_lanes_token_is_good_once_and_for_its_session(void **state)
{
	struct hello_grant g;

	connect_as(&alice, "alice", 1);
	connect_as(&bob, "bob", 1);
	assert_true(grant(&alice, &g));
	assert_false(peer_claim_token(bob.peer, g.token));
	assert_ptr_equal(hub_claim_lane(&hub, g.token), &alice.peer->session);
	assert_null(hub_claim_lane(&hub, g.token));
	assert_null(hub_claim_lane(&hub, ""));
	g.token[0] = '\0';
	assert_null(hub_claim_lane(&hub, g.token));
}

static void a_session_has_so_many_lanes_and_no_more(void **state)
{
	static struct caller lanes[PEER_LANES_MAX + 1];
	struct hello_grant g;

	connect_as(&alice, "alice", 1);
	for (size_t i = 0; i < PEER_LANES_MAX; i++) {
		assert_true(grant(&alice, &g));
		assert_ptr_equal(hub_claim_lane(&hub, g.token), &alice.peer->session);
		memset(&lanes[i], 0, sizeof(lanes[i]));
		link_init(&lanes[i].link, &caller_ops, LINK_RANK_LANE);
		session_attach(&alice.peer->session, &lanes[i].link, clock_ms());
	}
	assert_true(grant(&alice, &g));
	assert_null(hub_claim_lane(&hub, g.token));
	hang_up(&lanes[0]); /* which ends them all */
	assert_true(grant(&alice, &g));
	assert_ptr_equal(hub_claim_lane(&hub, g.token), &alice.peer->session);
	for (size_t i = 1; i < PEER_LANES_MAX; i++)
		hang_up(&lanes[i]);
}

static void unused_tokens_are_bounded_and_expire(void **state)
{
	struct hello_grant g;

	connect_as(&alice, "alice", 1);
	for (size_t i = 0; i < PEER_TOKENS_MAX; i++)
		assert_true(grant(&alice, &g));
	alice.peer->tokens[PEER_TOKENS_MAX - 1].until = clock_ms();
	assert_null(hub_claim_lane(&hub, g.token)); /* too late */
	assert_true(grant(&alice, &g));
	assert_false(grant(&alice, &g));
	assert_string_equal(g.message, "too many tokens are unused");
	assert_false(alice.closed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		TEST(a_greeted_client_is_told_its_session_and_limits),
		TEST(whatever_comes_before_hello_ends_the_session),
		TEST(garbage_for_a_hello_ends_the_session),
		TEST(a_second_hello_ends_the_session),
		TEST(a_client_that_says_nothing_is_not_waited_for_long),
		TEST(a_client_lost_before_hello_is_forgotten_at_once),
		TEST(a_lost_client_comes_back_to_its_session_and_tunnels),
		TEST(nobody_resumes_with_a_wrong_secret_or_by_another_key),
		TEST(a_secret_is_good_until_its_successor_has_arrived),
		TEST(asked_again_a_tunnel_is_the_same_even_at_the_limit),
		TEST(a_stopped_clients_name_is_kept_for_its_owner_alone),
		TEST(a_client_that_is_done_leaves_nothing),
		TEST(a_leaving_client_is_away_while_its_streams_finish),
		TEST(a_kept_name_is_free_when_the_grace_is_over),
		TEST(the_grace_counts_from_the_lost_connection_not_from_the_sessions_end),
		TEST(without_a_grace_a_name_is_free_at_once),
		TEST(a_restarted_program_ends_what_its_predecessor_left),
		TEST(another_installation_of_the_same_key_ends_nothing_by_connecting),
		TEST(what_is_kept_makes_way_for_what_is_asked_for),
		TEST(who_is_refused_costs_nobody_a_kept_name),
		TEST(strangers_names_make_way_before_those_of_keys),
		TEST(what_is_logged_of_strangers_names_has_a_limit),
		TEST(a_revoked_keys_names_are_kept_no_longer),
		TEST(a_kept_port_stays_open_and_is_found_again),
		TEST(a_visitor_whose_end_ends_its_session_takes_the_others_along),
		TEST(a_tunnel_is_told_its_url),
		TEST(an_assigned_name_is_the_same_after_a_restart_and_differs_per_owner),
		TEST(the_owners_newer_client_takes_a_name_over),
		TEST(a_client_that_does_not_read_loses_its_names_only_once),
		TEST(a_client_that_does_not_read_may_end_itself_by_renaming),
		TEST(another_key_is_told_that_the_name_is_taken),
		TEST(an_unregistered_name_is_free),
		TEST(a_keys_limit_counts_all_its_sessions),
		TEST(a_full_or_stopping_server_says_so),
		TEST(anonymous_clients_are_told_apart_and_bounded),
		TEST(a_tcp_tunnel_listens_until_it_goes),
		TEST(a_port_moves_to_the_owners_newer_client_alone),
		TEST(a_port_of_somebody_else_on_this_machine_is_refused_or_passed_over),
		TEST(a_revoked_keys_tunnels_end_at_once_and_no_others),
		TEST(a_key_whose_secret_was_changed_counts_as_revoked),
		TEST(without_anonymous_in_the_configuration_they_end),
		TEST(a_tunnel_outlives_its_session_for_who_holds_it),
		TEST(a_lanes_token_is_good_once_and_for_its_session),
		TEST(a_session_has_so_many_lanes_and_no_more),
		TEST(unused_tokens_are_bounded_and_expire),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
