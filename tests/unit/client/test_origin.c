/* SPDX-License-Identifier: MIT */
/* test_origin: one visitor's stream and the local service: joined, or reset with the reason. */

#include "../session_pair.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/log.h"
#include "client/agent.h"
#include "client/origin.h"
#include "inspect/tap.h"
#include "io/resolver.h"

static struct agent agent;
static struct tunnel *tunnel;
static int listener = -1, origin = -1;

static void on_open(struct stream *st)
{
	struct frame_open open = {.tunnel = 1, .visitor = "192.0.2.1:1"};

	origin_start(&agent, tunnel, st, &open);
}

static int setup(void **state)
{
	assert_int_equal(loop_setup(state), 0);
	log_set_level(LOG_LV_ERR);
	memset(&agent, 0, sizeof(agent));
	agent.loop = &loop;
	agent.resolver = resolver_new(&loop);
	assert_non_null(agent.resolver);
	list_init(&agent.tunnels);
	bind_defaults(&client_conf_table, &agent.conf);
	inspector_init(&agent.inspector, &agent.conf.inspector);
	pair_setup();
	client.on_open = on_open;
	return 0;
}

static int teardown(void **state)
{
	origin_stop_all(tunnel, CLOSE_SHUTDOWN);
	assert_int_equal(tunnel->streams, 0);
	tunnel_free(tunnel);
	inspector_deinit(&agent.inspector);
	turn();
	end_deinit(&client);
	end_deinit(&server);
	resolver_free(agent.resolver);
	if (listener >= 0)
		close(listener);
	if (origin >= 0)
		close(origin);
	listener = origin = -1;
	return loop_teardown(state);
}

static void tunnel_to(const char *local)
{
	struct client_conf_tunnel *def = client_conf_new_tunnel("web");

	def->local = mem_strdup(local);
	assert_null(client_conf_check_tunnel(def));
	tunnel = tunnel_new(def, /* adhoc= */ false);
}

/* A tunnel to a listening socket of our own. */
static void tunnel_to_listener(const char *format)
{
	struct addr a;
	CLEANUP(mem_cleanup) char *local = NULL;

	listener = listen_anywhere(&a);
	set_nonblocking(listener);
	local = mem_printf("%s127.0.0.1:%u", format,
		ntohs(((struct sockaddr_in *)(void *)&a.sa)->sin_port));
	tunnel_to(local);
}

static void assert_reset(enum close_reason why)
{
	until(server.party.was_reset);
	assert_int_equal(server.party.why, why);
	until(tunnel->streams == 0);
}

static void a_visitor_and_the_origin_are_joined_both_ways(void **state)
{
	char bytes[5000];
	size_t n = 0;

	tunnel_to_listener("http://");
	server.party.to_send = sizeof(bytes);
	pair_open();
	party_pump(&server.party);
	until((origin = accept(listener, NULL, NULL)) >= 0);
	set_nonblocking(origin);
	while (n < sizeof(bytes)) {
		ssize_t r = read(origin, bytes + n, sizeof(bytes) - n);

		n += r > 0 ? (size_t)r : 0;
		turn();
	}
	pattern_check(server.party.seed, 0, (const uint8_t *)bytes, n);
	pattern_fill(server.party.peer_seed, 0, (uint8_t *)bytes, 3000);
	assert_int_equal(write(origin, bytes, 3000), 3000);
	until(server.party.received == 3000);
	assert_int_equal(tunnel->streams, 1);
	assert_int_equal(tunnel->streams_total, 1);
	assert_int_equal(shutdown(origin, SHUT_WR), 0);
	until(server.party.ended);
	stream_end(server.party.user.stream);
	until(tunnel->streams == 0);
	assert_int_equal(tunnel->bytes_in, 5000);
	assert_int_equal(tunnel->bytes_out, 3000);
}

static void a_port_where_nobody_listens_is_refused(void **state)
{
	tunnel_to_listener("");
	close(listener);
	listener = -1;
	pair_open();
	assert_reset(CLOSE_ORIGIN_REFUSED);
	assert_int_equal(tunnel->streams_total, 1);
}

static void a_path_without_a_socket_is_refused(void **state)
{
	tunnel_to("unix:/nonexistent/app.sock");
	pair_open();
	assert_reset(CLOSE_ORIGIN_REFUSED);
}

static void a_unix_socket_is_an_origin(void **state)
{
	char dir[] = "/tmp/test_origin.XXXXXX";
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	CLEANUP(mem_cleanup) char *local = NULL;

	assert_non_null(mkdtemp(dir));
	(void)snprintf(un.sun_path, sizeof(un.sun_path), "%s/s", dir);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&un, sizeof(un)), 0);
	assert_int_equal(listen(listener, 1), 0);
	local = mem_printf("unix:%s", un.sun_path);
	tunnel_to(local);
	pair_open();
	until((origin = accept(listener, NULL, NULL)) >= 0);
	(void)unlink(un.sun_path);
	(void)rmdir(dir);
	assert_false(server.party.was_reset);
}

static void an_origin_that_speaks_no_tls_is_a_fault_of_tls(void **state)
{
	tunnel_to_listener("https://");
	pair_open();
	until((origin = accept(listener, NULL, NULL)) >= 0);
	assert_int_equal(write(origin, "HTTP/1.1 400 Bad\r\n\r\n", 20), 20);
	assert_reset(CLOSE_ORIGIN_TLS);
}

static void a_ca_file_that_is_none_fails_the_visitor_and_not_the_daemon(void **state)
{
	tunnel_to_listener("https://");
	mem_replace(&tunnel->def->tls.ca_file, "/nonexistent/ca.pem");
	pair_open();
	assert_reset(CLOSE_ORIGIN_TLS);
	assert_null(tunnel->tls);
}

static void a_tunnel_has_no_more_visitors_than_it_may(void **state)
{
	tunnel_to_listener("");
	tunnel->def->max_streams = 1;
	tunnel->streams = 1;
	pair_open();
	until(server.party.was_reset);
	assert_int_equal(server.party.why, CLOSE_LIMIT);
	assert_int_equal(tunnel->streams_total, 0);
	tunnel->streams = 0;
}

static void a_visitor_who_leaves_before_the_origin_is_there_leaves_nothing(void **state)
{
	tunnel_to_listener("");
	pair_open();
	until(tunnel->streams == 1);
	stream_reset(server.party.user.stream, CLOSE_VISITOR_GONE, "");
	until(tunnel->streams == 0);
	assert_true(list_is_empty(&tunnel->origins));
}

static void taking_a_tunnel_down_ends_its_visitors_with_the_reason(void **state)
{
	tunnel_to_listener("");
	pair_open();
	until((origin = accept(listener, NULL, NULL)) >= 0);
	until(tunnel->streams == 1);
	origin_stop_all(tunnel, CLOSE_UNREGISTERED);
	assert_int_equal(tunnel->streams, 0);
	until(server.party.was_reset);
	assert_int_equal(server.party.why, CLOSE_UNREGISTERED);
}

static void a_reset_that_ends_the_session_ends_the_other_visitors_once(void **state)
{
	static const uint8_t junk[1000];
	struct buf *resets = &client.session.resets;
	struct frame_open open = {.tunnel = 1, .visitor = "192.0.2.1:2"};

	tunnel_to_listener("");
	pair_open();
	assert_non_null(session_open(&server.session, &open)); /* nobody is told of its end */
	until(tunnel->streams == 2);
	while (buf_room(resets) > FRAME_HEADER_SIZE)
		(void)buf_add(resets, junk,
			MIN(buf_room(resets) - FRAME_HEADER_SIZE, sizeof(junk)));
	origin_stop_all(tunnel, CLOSE_UNREGISTERED);
	assert_int_equal(tunnel->streams, 0);
	assert_int_equal(client.closed, 1);
	assert_int_equal(client.why, CLOSE_LIMIT);
}

/* --- what is kept of it ---------------------------------------------------------------------- */

#define GET "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
#define OK  "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"

static struct exchange *last(void)
{
	return capture_find(&agent.inspector.capture, agent.inspector.capture.last_id);
}

static void visitor_says(const char *text)
{
	size_t n = strlen(text);

	server.party.any = true;
	assert_int_equal(stream_write(server.party.user.stream, text, n), n);
}

static void accept_origin(void)
{
	until((origin = accept(listener, NULL, NULL)) >= 0);
	set_nonblocking(origin);
}

static void origin_says(const char *text)
{
	assert_int_equal(write(origin, text, strlen(text)), strlen(text));
}

static void a_request_is_kept_while_it_passes(void **state)
{
	const struct exchange *e;

	tunnel_to_listener("");
	pair_open();
	visitor_says(GET);
	accept_origin();
	until(last());
	e = last();
	assert_string_equal(e->tunnel, "web");
	assert_string_equal(e->visitor, "192.0.2.1:1");
	assert_string_equal(e->target, "/a");
	assert_int_equal(e->state, EXCHANGE_OPEN);
	origin_says(OK);
	until(e->state == EXCHANGE_DONE);
	assert_int_equal(e->status, 200);
	assert_memory_equal(e->part[EXCHANGE_RESPONSE].body, "hi", 2);
}

static void a_request_to_nobody_is_kept_with_the_reason(void **state)
{
	tunnel_to_listener("");
	close(listener);
	listener = -1;
	pair_open();
	visitor_says(GET);
	assert_reset(CLOSE_ORIGIN_REFUSED);
	assert_int_equal(last()->state, EXCHANGE_FAILED);
	assert_string_equal(last()->error, "the origin refused the connection: Connection refused");
	assert_int_equal(last()->status, 502);
}

static void an_answer_that_ends_with_the_connection_is_whole(void **state)
{
	tunnel_to_listener("");
	pair_open();
	visitor_says(GET);
	accept_origin();
	origin_says("HTTP/1.1 200 OK\r\n\r\nhi");
	assert_int_equal(shutdown(origin, SHUT_WR), 0);
	until(server.party.ended);
	assert_int_equal(last()->state, EXCHANGE_DONE);
	assert_int_equal(last()->part[EXCHANGE_RESPONSE].kept, 2);
}

static void a_visitor_that_goes_away_is_kept_so(void **state)
{
	tunnel_to_listener("");
	pair_open();
	visitor_says(GET);
	accept_origin();
	until(last());
	stream_reset(server.party.user.stream, CLOSE_VISITOR_GONE, "");
	until(tunnel->streams == 0);
	assert_int_equal(last()->state, EXCHANGE_FAILED);
	assert_string_equal(last()->error, "the visitor went away");
}

static void nothing_is_kept_of_who_is_not_inspected(void **state)
{
	tunnel_to_listener("");
	tunnel->def->inspect = TAP_NOTHING;
	pair_open();
	visitor_says(GET);
	accept_origin();
	origin_says(OK);
	until(server.party.received == strlen(OK));
	assert_int_equal(agent.inspector.capture.seen, 0);
}

static void what_is_inspected_changes_while_a_visitor_is_there(void **state)
{
	tunnel_to_listener("");
	pair_open();
	visitor_says(GET);
	accept_origin();
	origin_says(OK);
	until(last() && last()->state == EXCHANGE_DONE);
	tunnel->def->inspect = TAP_NOTHING;
	origin_retune_all(tunnel);
	visitor_says(GET);
	origin_says(OK);
	until(server.party.received == 2 * strlen(OK));
	tunnel->def->inspect = TAP_HEADERS;
	origin_retune_all(tunnel);
	visitor_says(GET);
	origin_says(OK);
	until(agent.inspector.capture.seen == 2 && last()->state == EXCHANGE_DONE);
	assert_int_equal(last()->part[EXCHANGE_RESPONSE].kept, 0);
	assert_int_equal(last()->part[EXCHANGE_RESPONSE].size, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		TEST(a_visitor_and_the_origin_are_joined_both_ways),
		TEST(a_port_where_nobody_listens_is_refused),
		TEST(a_path_without_a_socket_is_refused),
		TEST(a_unix_socket_is_an_origin),
		TEST(an_origin_that_speaks_no_tls_is_a_fault_of_tls),
		TEST(a_ca_file_that_is_none_fails_the_visitor_and_not_the_daemon),
		TEST(a_tunnel_has_no_more_visitors_than_it_may),
		TEST(a_visitor_who_leaves_before_the_origin_is_there_leaves_nothing),
		TEST(taking_a_tunnel_down_ends_its_visitors_with_the_reason),
		TEST(a_reset_that_ends_the_session_ends_the_other_visitors_once),
		TEST(a_request_is_kept_while_it_passes),
		TEST(a_request_to_nobody_is_kept_with_the_reason),
		TEST(an_answer_that_ends_with_the_connection_is_whole),
		TEST(a_visitor_that_goes_away_is_kept_so),
		TEST(nothing_is_kept_of_who_is_not_inspected),
		TEST(what_is_inspected_changes_while_a_visitor_is_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
