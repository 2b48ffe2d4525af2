/* SPDX-License-Identifier: MIT */
/* test_front_sort: what first bytes mean on every kind of listener; ClientHellos are OpenSSL's. */

#include "server_test.h"

#include <openssl/ssl.h>

#include "base/str_list.h"
#include "server/front_sort.h"
#include "server/names.h"
#include "server/tunnel.h"

static struct names names;
static struct str_list own;
static struct front_sort_rules rules;
static struct front_sort sort;
static char web_name[] = "web.example.com", box_name[] = "box.example.com";
static struct tunnel web = {.proto = HELLO_PROTO_HTTP, .hostname = web_name};
static struct tunnel box = {.proto = HELLO_PROTO_TLS, .hostname = box_name};
static uint8_t hello[8192];
static size_t hello_n;

static int setup(void **state)
{
	names_init(&names);
	names_add(&names, &web);
	names_add(&names, &box);
	str_list_add(&own, "example.com");
	rules = (struct front_sort_rules){.visitors = true,
		.clients = true,
		.plain = true,
		.tls = true,
		.names = &names,
		.own = &own};
	return 0;
}

static int teardown(void **state)
{
	names_remove(&names, &box);
	assert_int_equal(names.n_tls, 0);
	names_deinit(&names);
	str_list_deinit(&own);
	own = (struct str_list){0};
	return 0;
}

static void say_hello(const char *name, const char *alpn)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl = SSL_new(ctx);
	BIO *out = BIO_new(BIO_s_mem());
	unsigned char wire[64];
	char host[100];

	SSL_set_bio(ssl, BIO_new(BIO_s_mem()), out);
	SSL_set_connect_state(ssl);
	if (name) {
		(void)snprintf(host, sizeof(host), "%s", name); /* the macro casts const away */
		assert_int_equal(SSL_set_tlsext_host_name(ssl, host), 1);
	}
	if (alpn) {
		wire[0] = (unsigned char)strlen(alpn);
		memcpy(wire + 1, alpn, wire[0]);
		assert_int_equal(SSL_set_alpn_protos(ssl, wire, wire[0] + 1U), 0);
	}
	assert_true(SSL_do_handshake(ssl) < 0);
	hello_n = (size_t)BIO_read(out, hello, sizeof(hello));
	SSL_free(ssl);
	SSL_CTX_free(ctx);
}

static enum front_sort_verdict of_tls(const char *name, const char *alpn)
{
	enum front_sort_verdict v;

	say_hello(name, alpn);
	v = front_sort_look(&sort, &rules, hello, hello_n, false);
	assert_true(sort.tls);
	for (size_t n = 1; n < hello_n; n += 37)
		assert_int_equal(front_sort_look(&sort, &rules, hello, n, false), FRONT_SORT_MORE);
	assert_int_equal(front_sort_look(&sort, &rules, hello, hello_n - 1, true),
		FRONT_SORT_GARBAGE);
	assert_int_equal(front_sort_look(&sort, &rules, hello, hello_n, false), v);
	return v;
}

static enum front_sort_verdict of_text(const char *text)
{
	return front_sort_look(&sort, &rules, (const uint8_t *)text, strlen(text), false);
}

static void the_name_decides_about_tls(void **state)
{
	assert_int_equal(of_tls("web.example.com", NULL), FRONT_SORT_VISITOR);
	assert_int_equal(of_tls("nobody.example.com", NULL), FRONT_SORT_VISITOR);
	assert_int_equal(of_tls("elsewhere.org", NULL), FRONT_SORT_VISITOR);
	assert_int_equal(of_tls(NULL, NULL), FRONT_SORT_VISITOR);
	assert_int_equal(of_tls("box.example.com", NULL), FRONT_SORT_PASS);
	assert_ptr_equal(sort.tunnel, &box);
	assert_int_equal(of_tls("BOX.example.com", "http/1.1"), FRONT_SORT_PASS);
	assert_int_equal(of_tls("example.com", NULL), FRONT_SORT_SOCKET);
	assert_int_equal(of_tls("wormhole.example.com", "http/1.1"), FRONT_SORT_SOCKET);
	assert_int_equal(of_tls("web.example.com", "tunnelto-control"), FRONT_SORT_SOCKET);
	assert_int_equal(of_tls(NULL, "tunnelto-control"), FRONT_SORT_SOCKET);
	assert_int_equal(of_tls(NULL, "tunnelto-lane"), FRONT_SORT_LANE);
	/* a passthrough tunnel's name is never opened, whatever is offered inside */
	assert_int_equal(of_tls("box.example.com", "tunnelto-lane"), FRONT_SORT_PASS);
	assert_int_equal(of_tls("box.example.com", "tunnelto-control"), FRONT_SORT_PASS);
}

static void without_a_certificate_only_tunnels_get_tls(void **state)
{
	rules.tls = false;
	assert_int_equal(of_tls("box.example.com", NULL), FRONT_SORT_PASS);
	assert_int_equal(of_tls("web.example.com", NULL), FRONT_SORT_STRANGER);
	assert_int_equal(of_tls("example.com", "tunnelto-control"), FRONT_SORT_STRANGER);
	assert_int_equal(of_tls(NULL, NULL), FRONT_SORT_STRANGER);
}

static void visitors_alone_are_never_clients(void **state)
{
	rules.clients = false;
	assert_int_equal(of_tls("example.com", "tunnelto-control"), FRONT_SORT_VISITOR);
	assert_int_equal(of_tls(NULL, "tunnelto-lane"), FRONT_SORT_VISITOR);
	assert_int_equal(of_text("G"), FRONT_SORT_VISITOR);
	assert_int_equal(of_text("GET /wormhole HTTP/1.1\r\nHost: example.com\r\n\r\n"),
		FRONT_SORT_VISITOR);
}

static void clients_alone_are_never_visitors(void **state)
{
	rules.visitors = false;
	assert_int_equal(of_tls("box.example.com", NULL), FRONT_SORT_SOCKET);
	assert_int_equal(of_tls(NULL, NULL), FRONT_SORT_SOCKET);
	assert_int_equal(of_tls("x.org", "tunnelto-lane"), FRONT_SORT_LANE);
	assert_int_equal(of_text("POST / HTTP/1.1"), FRONT_SORT_SOCKET);
	assert_int_equal(of_text("GET /worm"), FRONT_SORT_MORE);
	assert_int_equal(of_text("GET /wormhole/lane HTTP/1.1\r\n"), FRONT_SORT_LANE);
	assert_int_equal(of_text("GET /wormhole HTTP/1.1\r\n"), FRONT_SORT_SOCKET);
}

static enum front_sort_verdict of_request(const char *path, const char *host)
{
	CLEANUP(mem_cleanup)
	char *text = mem_printf("GET %s HTTP/1.1\r\nUpgrade: websocket\r\nHost: %s\r\n\r\n", path,
		host);
	enum front_sort_verdict v = of_text(text);

	/* the same in pieces: never an early client */
	for (size_t n = 1; n < strlen(text); n++) {
		enum front_sort_verdict early = front_sort_look(&sort, &rules,
			(const uint8_t *)text, n, false);

		assert_true(early == FRONT_SORT_MORE || early == FRONT_SORT_VISITOR);
		assert_int_equal(front_sort_look(&sort, &rules, (const uint8_t *)text, n, true),
			FRONT_SORT_VISITOR);
	}
	return v;
}

static void path_and_host_decide_about_plain_requests(void **state)
{
	static const struct {
		const char *path, *host;
		enum front_sort_verdict verdict;
	} table[] = {
		{"/wormhole", "example.com", FRONT_SORT_SOCKET},
		{"/wormhole", "Example.COM:8080", FRONT_SORT_SOCKET},
		{"/wormhole", "wormhole.example.com", FRONT_SORT_SOCKET},
		{"/wormhole", "192.0.2.1:5000", FRONT_SORT_SOCKET},
		{"/wormhole", "[2001:db8::1]", FRONT_SORT_SOCKET},
		{"/wormhole", "tunnels.elsewhere.org", FRONT_SORT_SOCKET},
		{"/wormhole?x", "example.com", FRONT_SORT_SOCKET},
		{"/wormhole/lane", "example.com", FRONT_SORT_LANE},
		{"/wormhole", "web.example.com", FRONT_SORT_VISITOR},
		{"/wormhole/lane", "web.example.com", FRONT_SORT_VISITOR},
		{"/wormhole", "nobody.example.com", FRONT_SORT_VISITOR},
		{"/wormhole", "a.wormhole.example.com", FRONT_SORT_VISITOR},
		{"/wormholes", "example.com", FRONT_SORT_VISITOR},
		{"/wormhole/", "example.com", FRONT_SORT_VISITOR},
		{"/wormhole/lane/x", "example.com", FRONT_SORT_VISITOR},
		{"/", "example.com", FRONT_SORT_VISITOR},
		{"/worm", "example.com", FRONT_SORT_VISITOR},
		{"/wormhole", "a b", FRONT_SORT_VISITOR},
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		if (of_request(table[i].path, table[i].host) != table[i].verdict)
			fail_msg("%s at %s", table[i].path, table[i].host);
	}
	/* an absolute target's host counts (RFC 9112 §3.2.2), a head that is none is the edge's */
	assert_int_equal(of_text("GET /wormhole HTTP/1.1\r\n\r\n"), FRONT_SORT_VISITOR);
	assert_int_equal(of_text("GET /wormhole HTTP/1.1\r\nHost: example.com\r\nHost: x\r\n\r\n"),
		FRONT_SORT_VISITOR);
	assert_int_equal(of_text("POST /wormhole HTTP/1.1\r\nHost: example.com\r\n\r\n"),
		FRONT_SORT_VISITOR);
}

static void plain_bytes_where_only_tls_is_spoken_are_garbage(void **state)
{
	rules.plain = false;
	assert_int_equal(of_text("GET / HTTP/1.1\r\nHost: web.example.com\r\n\r\n"),
		FRONT_SORT_GARBAGE);
	assert_int_equal(of_text("SSH-2.0-x\r\n"), FRONT_SORT_GARBAGE);
}

static void what_is_no_hello_is_garbage(void **state)
{
	say_hello("web.example.com", NULL);
	hello[5] = 2; /* a ServerHello */
	assert_int_equal(front_sort_look(&sort, &rules, hello, hello_n, false), FRONT_SORT_GARBAGE);
	assert_int_equal(front_sort_look(&sort, &rules, (const uint8_t *)"\x16\x09\x09\0\1x", 6,
				 false),
		FRONT_SORT_GARBAGE);
	assert_int_equal(front_sort_look(&sort, &rules, hello, 0, false), FRONT_SORT_MORE);
	assert_int_equal(front_sort_look(&sort, &rules, hello, 0, true), FRONT_SORT_GARBAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		TEST(the_name_decides_about_tls),
		TEST(without_a_certificate_only_tunnels_get_tls),
		TEST(visitors_alone_are_never_clients),
		TEST(clients_alone_are_never_visitors),
		TEST(path_and_host_decide_about_plain_requests),
		TEST(plain_bytes_where_only_tls_is_spoken_are_garbage),
		TEST(what_is_no_hello_is_garbage),
	};

	return cmocka_run_group_tests_name("front_sort", tests, NULL, NULL);
}
