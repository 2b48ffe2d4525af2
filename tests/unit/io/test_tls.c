/* SPDX-License-Identifier: MIT */
/* test_tls: TLS connections: handshake, names, records, half-close, and words for what is wrong. */

#include "io_test.h"

#include <sys/wait.h>

#include <openssl/ssl.h>

#include "base/err.h"
#include "io/conn.h"
#include "io/tls_ctx.h"

#define OUT_MAX (256 * 1024)
#define EVENTS  (CONN_EV_TIMEOUT + 1)

/* How often a connection sent (the linker puts this before the C library's). */
static unsigned int sends;
ssize_t __real_send(int fd, const void *bytes, size_t n, int flags);
ssize_t __wrap_send(int fd, const void *bytes, size_t n, int flags);

ssize_t __wrap_send(int fd, const void *bytes, size_t n, int flags)
{
	sends++;
	return __real_send(fd, bytes, n, flags);
}

/* One end of a connection. */
struct side {
	struct conn c;
	unsigned int said[EVENTS];
	uint64_t sent, to_send; /* a pattern, from offset 0 */
	uint64_t got;
	size_t read_size; /* per conn_read(); 0: does not read */
	bool once;        /* one conn_read() for each READABLE */
	bool ended;
	int read_error;
	int close_at;
};

static struct side client, server;
static struct tls_ctx *client_ctx, *server_ctx;
static char dir[64];
static struct err err;

static const char *file(const char *name)
{
	static char path[4][128];
	static unsigned int turn_of;
	char *p = path[turn_of++ % 4];

	assert_true(snprintf(p, 128, "%s/%s", dir, name) > 0);
	return p;
}

static uint8_t pattern(uint64_t at)
{
	return (uint8_t)(at * 31 + (at >> 8) * 7 + (at >> 16));
}

static void send_more(struct side *s)
{
	static uint8_t chunk[50000];

	while (s->sent < s->to_send) {
		size_t n = (size_t)MIN(s->to_send - s->sent, (uint64_t)sizeof(chunk)), taken;

		for (size_t i = 0; i < n; i++)
			chunk[i] = pattern(s->sent + i);
		taken = conn_write(&s->c, chunk, n);
		s->sent += taken;
		if (taken < n)
			return;
	}
}

static void read_pattern(struct side *s)
{
	static uint8_t chunk[65536];
	ssize_t n;

	do {
		n = conn_read(&s->c, chunk, MIN(s->read_size, sizeof(chunk)));
		for (ssize_t i = 0; i < n; i++)
			if (chunk[i] != pattern(s->got++))
				fail_msg("byte %zu differs", (size_t)s->got - 1);
	} while (n > 0 && !s->once);
	if (n == 0)
		s->ended = true;
	else if (n < 0 && n != -EAGAIN)
		s->read_error = (int)n;
}

static void on_event(struct conn *c, enum conn_event ev)
{
	struct side *s = container_of(c, struct side, c);

	s->said[ev]++;
	if ((int)ev == s->close_at)
		conn_close(c);
	else if (ev == CONN_EV_READABLE && s->read_size)
		read_pattern(s);
	else if (ev == CONN_EV_DRAINED || ev == CONN_EV_FLUSHED)
		send_more(s);
}

static void side_init(struct side *s)
{
	memset(s, 0, sizeof(*s));
	conn_init(&s->c);
	s->read_size = 65536;
	s->close_at = -1;
}

static int setup(void **state)
{
	err = (struct err){0};
	side_init(&client);
	side_init(&server);
	client_ctx = server_ctx = NULL;
	return loop_setup(state);
}

static int teardown(void **state)
{
	conn_close(&client.c);
	conn_close(&server.c);
	tls_ctx_unref(client_ctx);
	tls_ctx_unref(server_ctx);
	return loop_teardown(state);
}

static void contexts(const char *cert, const char *ca, bool verify)
{
	static const char *const alpn[] = {"tunnelto", NULL};
	char crt[32], key[32];

	assert_true(snprintf(crt, sizeof(crt), "%s.crt", cert) > 0);
	assert_true(snprintf(key, sizeof(key), "%s.key", cert) > 0);
	server_ctx = tls_ctx_new_server_pair(file(crt), file(key), alpn, &err);
	client_ctx = tls_ctx_new_client(ca ? file(ca) : NULL, verify, &err);
	if (!server_ctx || !client_ctx)
		fail_msg("%s", err.text);
}

static void start(const char *name, const char *alpn, size_t out_max)
{
	int fd[2];

	tcp_pair(fd);
	conn_open(&client.c, &loop, fd[0], out_max, on_event);
	conn_open(&server.c, &loop, fd[1], out_max, on_event);
	assert_int_equal(conn_start_tls(&server.c, server_ctx, NULL, NULL), 0);
	assert_int_equal(conn_start_tls(&client.c, client_ctx, name, alpn), 0);
	assert_int_equal(client.said[CONN_EV_READY], 0);
}

static void connected(void)
{
	contexts("server", "ca.crt", true);
	start("localhost", NULL, OUT_MAX);
	until(client.said[CONN_EV_READY] && server.said[CONN_EV_READY]);
}

/* --- the handshake --------------------------------------------------------------------------- */

static void a_handshake_is_said_once_at_both_ends(void **state)
{
	connected();
	turn();
	assert_int_equal(client.said[CONN_EV_READY], 1);
	assert_int_equal(server.said[CONN_EV_READY], 1);
	assert_int_equal(client.said[CONN_EV_ERROR] + server.said[CONN_EV_ERROR], 0);
	assert_string_equal(SSL_get_cipher_name(client.c.ssl), "TLS_AES_128_GCM_SHA256");
}

static void every_name_of_the_certificate_is_accepted(void **state)
{
	static const char *const names[] = {
		"localhost", "LocalHost", "localhost.", "a.test.localhost", "127.0.0.1", "::1"};

	contexts("server", "ca.crt", true);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		side_init(&client);
		side_init(&server);
		start(names[i], NULL, OUT_MAX);
		until(client.said[CONN_EV_READY]);
		conn_close(&client.c);
		conn_close(&server.c);
	}
}

static void only_names_go_as_sni_never_literals(void **state)
{
	contexts("server", "ca.crt", true);
	start("a.test.localhost.", NULL, OUT_MAX);
	until(server.said[CONN_EV_READY]);
	assert_string_equal(SSL_get_servername(server.c.ssl, TLSEXT_NAMETYPE_host_name),
		"a.test.localhost");
	conn_close(&client.c);
	conn_close(&server.c);
	side_init(&client);
	side_init(&server);
	start("127.0.0.1", NULL, OUT_MAX);
	until(server.said[CONN_EV_READY]);
	assert_null(SSL_get_servername(server.c.ssl, TLSEXT_NAMETYPE_host_name));
}

static void a_name_that_could_not_be_checked_is_refused(void **state)
{
	static const char *const names[] = {"", ".", ".localhost"};
	char longer[300];
	int fd[2];

	contexts("server", "ca.crt", true);
	tcp_pair(fd);
	conn_open(&client.c, &loop, fd[0], OUT_MAX, on_event);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_int_equal(conn_start_tls(&client.c, client_ctx, names[i], NULL), -EINVAL);
	memset(longer, 'a', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(conn_start_tls(&client.c, client_ctx, longer, NULL), -EINVAL);
	close(fd[1]);
}

static void wrong_certificates_are_explained(void **state)
{
	static const struct {
		const char *cert, *ca, *name, *text;
	} table[] = {
		{"expired", "ca.crt", "localhost",
			"certificate verify failed: certificate has expired"},
		{"other", "ca.crt", "localhost",
			"certificate verify failed: hostname mismatch: "
			"certificate is for other.example, www.other.example"},
		{"other", "ca.crt", "127.0.0.1",
			"certificate verify failed: IP address mismatch: "
			"certificate is for other.example, www.other.example"},
		{"server", "ca.crt", "a.b.test.localhost",
			"certificate verify failed: hostname mismatch: "
			"certificate is for localhost, *.localhost, *.test.localhost, …"},
		{"self", "ca.crt", "localhost",
			"certificate verify failed: self-signed certificate"},
		{"server", NULL, "localhost",
			"certificate verify failed: unable to get local issuer certificate"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		side_init(&client);
		side_init(&server);
		contexts(table[i].cert, table[i].ca, true);
		start(table[i].name, NULL, OUT_MAX);
		until(client.said[CONN_EV_ERROR]);
		assert_int_equal(client.c.error, -EPROTO);
		assert_string_equal(conn_error_text(&client.c), table[i].text);
		assert_int_equal(client.said[CONN_EV_READY], 0);
		until(server.said[CONN_EV_ERROR] || server.said[CONN_EV_READY]);
		teardown(NULL);
		loop_setup(NULL);
	}
	client_ctx = server_ctx = NULL;
}

static void verification_can_be_switched_off(void **state)
{
	contexts("expired", NULL, false);
	start("whatever.example", NULL, OUT_MAX);
	until(client.said[CONN_EV_READY]);
	assert_string_equal(conn_error_text(&client.c), "no error");
}

static void an_unverified_end_blames_no_certificate(void **state)
{
	contexts("self", NULL, false);
	start("localhost", NULL, OUT_MAX);
	until(client.said[CONN_EV_READY] && server.said[CONN_EV_READY]);
	assert_int_equal(send(server.c.fd, "garbage in the clear", 20, MSG_NOSIGNAL), 20);
	until(client.read_error);
	assert_int_equal(client.read_error, -EPROTO);
	assert_null(strstr(conn_error_text(&client.c), "certificate"));
}

static void who_breaks_tls_is_told_before_the_cut(void **state)
{
	contexts("server", "ca.crt", true);
	start("localhost", NULL, OUT_MAX);
	until(client.said[CONN_EV_READY] && server.said[CONN_EV_READY]);
	assert_int_equal(send(server.c.fd, "garbage in the clear", 20, MSG_NOSIGNAL), 20);
	until(client.read_error && server.read_error);
	assert_non_null(strstr(conn_error_text(&server.c), "alert"));
}

static void bytes_in_the_clear_are_called_what_they_are(void **state)
{
	int fd[2];

	contexts("server", "ca.crt", true);
	tcp_pair(fd);
	conn_open(&server.c, &loop, fd[1], OUT_MAX, on_event);
	assert_int_equal(conn_start_tls(&server.c, server_ctx, NULL, NULL), 0);
	assert_int_equal(send(fd[0], "GET / HTTP/1.1\r\n\r\n", 18, 0), 18);
	until(server.said[CONN_EV_ERROR]);
	assert_int_equal(server.c.error, -EPROTO);
	assert_string_equal(conn_error_text(&server.c), "TLS: http request");
	close(fd[0]);
}

static void a_peer_that_leaves_in_the_handshake_is_an_error(void **state)
{
	int fd[2];

	contexts("server", "ca.crt", true);
	tcp_pair(fd);
	conn_open(&client.c, &loop, fd[0], OUT_MAX, on_event);
	assert_int_equal(conn_start_tls(&client.c, client_ctx, "localhost", NULL), 0);
	assert_int_equal(shutdown(fd[1], SHUT_WR), 0);
	until(client.said[CONN_EV_ERROR]);
	assert_int_equal(client.c.error, -ECONNRESET);
	close(fd[1]);
}

static void a_silent_peer_meets_the_deadline(void **state)
{
	int fd[2];

	contexts("server", "ca.crt", true);
	tcp_pair(fd);
	conn_open(&client.c, &loop, fd[0], OUT_MAX, on_event);
	assert_int_equal(conn_start_tls(&client.c, client_ctx, "localhost", NULL), 0);
	client.close_at = CONN_EV_TIMEOUT;
	conn_set_deadline(&client.c, 10);
	until(client.c.closed);
	close(fd[1]);
}

static void it_may_be_closed_when_ready(void **state)
{
	contexts("server", "ca.crt", true);
	client.close_at = CONN_EV_READY;
	start("localhost", NULL, OUT_MAX);
	(void)conn_write(&client.c, "x", 1);
	until(client.c.closed);
	until(server.ended || server.read_error || server.said[CONN_EV_ERROR]);
}

static void it_may_be_closed_in_a_handshake_error(void **state)
{
	contexts("expired", "ca.crt", true);
	client.close_at = CONN_EV_ERROR;
	start("localhost", NULL, OUT_MAX);
	until(client.c.closed);
}

static void closing_before_the_first_turn_says_nothing(void **state)
{
	contexts("server", "ca.crt", true);
	start("localhost", NULL, OUT_MAX);
	conn_close(&client.c);
	turn();
	assert_int_equal(client.said[CONN_EV_READY] + client.said[CONN_EV_ERROR], 0);
}

static void what_is_written_before_the_handshake_follows_it(void **state)
{
	contexts("server", "ca.crt", true);
	start("localhost", NULL, OUT_MAX);
	client.to_send = 5000;
	send_more(&client);
	assert_int_equal(client.sent, 5000);
	conn_shutdown(&client.c);
	until(server.ended);
	assert_int_equal(server.got, 5000);
}

static void a_paused_connection_still_shakes_hands(void **state)
{
	contexts("server", "ca.crt", true);
	start("localhost", NULL, OUT_MAX);
	conn_pause(&client.c);
	conn_pause(&server.c);
	(void)conn_write(&client.c, "\0", 1);
	until(client.said[CONN_EV_READY] && server.said[CONN_EV_READY]);
	turn();
	assert_int_equal(server.said[CONN_EV_READABLE], 0);
	conn_resume(&server.c);
	until(server.got == 1);
}

static void a_context_may_go_while_its_handshakes_are_under_way(void **state)
{
	contexts("server", "ca.crt", true);
	start("localhost", "tunnelto", OUT_MAX);
	tls_ctx_unref(TAKE_PTR(server_ctx));
	tls_ctx_unref(TAKE_PTR(client_ctx));
	until(client.said[CONN_EV_READY] && server.said[CONN_EV_READY]);
	assert_string_equal(conn_alpn(&client.c), "tunnelto");
}

static void alpn_chooses_what_both_know(void **state)
{
	static const struct {
		const char *offered, *chosen;
	} table[] = {
		{"tunnelto", "tunnelto"}, {"http/1.1", "http/1.1"}, {"h2", NULL}, {NULL, NULL}};

	contexts("server", "ca.crt", true);
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		const char *chosen;

		side_init(&client);
		side_init(&server);
		start("localhost", table[i].offered, OUT_MAX);
		assert_null(conn_alpn(&client.c));
		until(client.said[CONN_EV_READY] && server.said[CONN_EV_READY]);
		chosen = conn_alpn(&client.c);
		if (table[i].chosen)
			assert_string_equal(chosen, table[i].chosen);
		else
			assert_null(chosen);
		conn_close(&client.c);
		conn_close(&server.c);
	}
}

/* --- bytes ----------------------------------------------------------------------------------- */

static void eight_megabytes_arrive_as_they_left_both_ways_at_once(void **state)
{
	connected();
	client.to_send = server.to_send = 8 * 1024 * 1024;
	send_more(&client);
	send_more(&server);
	until(server.got == client.to_send && client.got == server.to_send);
	assert_int_equal(client.c.bytes_out, client.to_send);
	assert_int_equal(server.c.bytes_in, client.to_send);
}

static void bytes_left_inside_tls_are_said_again(void **state)
{
	connected();
	server.once = true;
	server.read_size = 100; /* of one record, which leaves the kernel in one piece */
	client.to_send = 16000;
	send_more(&client);
	until(server.got == 16000);
	assert_true(server.said[CONN_EV_READABLE] >= 160);
}

static void bytes_left_inside_tls_survive_a_pause(void **state)
{
	connected();
	server.once = true;
	server.read_size = 100;
	client.to_send = 16000;
	send_more(&client);
	until(server.got == 100);
	conn_pause(&server.c);
	for (int i = 0; i < 5; i++)
		turn();
	assert_int_equal(server.got, 100);
	conn_resume(&server.c);
	until(server.got == 16000);
}

static void a_queue_smaller_than_a_record_tells_the_truth(void **state)
{
	contexts("server", "ca.crt", true);
	start("localhost", NULL, 2000);
	until(client.said[CONN_EV_READY] && server.said[CONN_EV_READY]);
	server.read_size = 0;
	conn_pause(&server.c);
	client.to_send = 64 * 1024 * 1024;
	send_more(&client); /* until the kernel is full and the queue too */
	assert_true(client.sent < client.to_send);
	client.to_send = client.sent + 100000;
	server.read_size = 65536;
	conn_resume(&server.c);
	until(client.sent == client.to_send);
	conn_shutdown(&client.c);
	until(server.ended);
	assert_int_equal(server.got, client.sent);
	assert_int_equal(client.said[CONN_EV_ERROR], 0);
}

static void many_queued_pieces_leave_in_few_records(void **state)
{
	uint8_t piece[100];
	uint64_t at = 0;

	connected();
	for (int i = 0; i < 150; i++) {
		for (size_t k = 0; k < sizeof(piece); k++)
			piece[k] = pattern(at++);
		assert_int_equal(conn_queue(&client.c, piece, sizeof(piece)), sizeof(piece));
	}
	conn_flush(&client.c);
	until(server.got == 15000);
	assert_in_range(server.said[CONN_EV_READABLE], 1, 3);
}

/* --- ends ------------------------------------------------------------------------------------ */

static void several_records_leave_in_one_send(void **state)
{
	static const uint8_t bytes[60000]; /* four records */

	connected();
	server.read_size = 0;
	sends = 0;
	assert_int_equal(conn_write(&client.c, bytes, sizeof(bytes)), sizeof(bytes));
	assert_int_equal(sends, 1);
	assert_int_equal(conn_queued(&client.c), 0);
}

static void what_the_kernel_does_not_take_is_bounded(void **state)
{
	connected();
	server.read_size = 0;
	client.to_send = UINT64_MAX;
	send_more(&client);
	for (int i = 0; i < 50; i++)
		turn();
	/* the queue of plain bytes, and of records one batch */
	assert_in_range(conn_queued(&client.c), OUT_MAX, OUT_MAX + 160 * 1024);
	client.to_send = client.sent;
	server.read_size = 65536;
	read_pattern(&server);
	until(server.got == client.sent);
	assert_int_equal(conn_queued(&client.c), 0);
	assert_true(client.said[CONN_EV_FLUSHED] > 0);
}

static void a_half_close_leaves_the_other_direction_open(void **state)
{
	connected();
	client.to_send = 1000;
	send_more(&client);
	conn_shutdown(&client.c);
	until(server.ended && client.said[CONN_EV_FLUSHED]);
	assert_int_equal(server.got, 1000);
	server.to_send = 100000;
	send_more(&server);
	until(client.got == 100000);
	assert_false(client.ended);
	conn_shutdown(&server.c);
	until(client.ended);
	assert_int_equal(client.read_error, 0);
	assert_int_equal(client.said[CONN_EV_ERROR] + server.said[CONN_EV_ERROR], 0);
}

static void an_end_without_close_notify_is_a_cut(void **state)
{
	connected();
	client.to_send = 1000;
	send_more(&client);
	assert_int_equal(shutdown(client.c.fd, SHUT_WR), 0);
	until(server.read_error);
	assert_int_equal(server.got, 1000);
	assert_int_equal(server.read_error, -ECONNRESET);
	assert_false(server.ended);
}

static void an_abort_is_a_cut(void **state)
{
	connected();
	conn_abort(&client.c);
	until(server.read_error);
	assert_int_equal(server.read_error, -ECONNRESET);
}

/* A fresh connection with small buffers, whose far end does not read; takes what is written in. */
static void narrow(void)
{
	int small = 32768;

	side_init(&client);
	side_init(&server);
	start("localhost", NULL, OUT_MAX);
	assert_int_equal(setsockopt(client.c.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
	assert_int_equal(setsockopt(server.c.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
	until(client.said[CONN_EV_READY] && server.said[CONN_EV_READY]);
	conn_pause(&server.c);
}

/* How many writes of @size the kernel takes whole, but no more than @most. */
static unsigned int fill(size_t size, unsigned int most)
{
	static uint8_t bytes[16000];
	unsigned int n = 0;

	while (n < most) {
		(void)conn_write(&client.c, bytes, size);
		if (conn_queued(&client.c) > 0)
			break;
		n++;
	}
	return n;
}

static void a_half_close_waits_until_there_is_room_for_it(void **state)
{
	static uint8_t bytes[16000];
	unsigned int big, small;

	/* find how much fits to the byte, then end right there: close_notify has no room */
	contexts("server", "ca.crt", true);
	narrow();
	big = fill(sizeof(bytes), UINT32_MAX);
	conn_abort(&client.c);
	conn_close(&server.c);
	narrow();
	assert_int_equal(fill(sizeof(bytes), big), big);
	small = fill(1, UINT32_MAX);
	conn_abort(&client.c);
	conn_close(&server.c);
	narrow();
	(void)fill(sizeof(bytes), big);
	(void)fill(1, small);

	conn_shutdown(&client.c);
	server.read_size = 0;
	conn_resume(&server.c);
	until(({
		ssize_t r = conn_read(&server.c, bytes, sizeof(bytes));

		r == 0 || (r < 0 && r != -EAGAIN);
	}));
	assert_int_equal(server.c.error, 0);
	assert_int_equal(server.c.bytes_in, big * sizeof(bytes) + small);
	until(client.said[CONN_EV_FLUSHED]);
}

/* --- files ----------------------------------------------------------------------------------- */

static void wrong_files_are_named_with_the_reason(void **state)
{
	static const struct {
		const char *cert, *key, *what, *why;
	} table[] = {
		{"none.crt", "server.key", "certificate '", "No such file or directory"},
		{"server.key", "server.key", "certificate '", "no start line"},
		{"server.crt", "none.key", "private key '", "No such file or directory"},
		{"server.crt", "other.key", "private key '", "does not belong to certificate '"},
		{"server.crt", "encrypted.key", "private key '", "is encrypted"},
		{"server.crt", "server.crt", "private key '", ""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		const char *cert = file(table[i].cert), *key = file(table[i].key);

		assert_null(tls_ctx_new_server_pair(cert, key, NULL, &err));
		assert_non_null(strstr(err.text, table[i].what));
		assert_non_null(strstr(err.text, i == 0 || i == 1 ? cert : key));
		if (!strstr(err.text, table[i].why))
			fail_msg("%s", err.text);
	}
	assert_null(tls_ctx_new_client(file("none.crt"), true, &err));
	assert_non_null(strstr(err.text, "none.crt': No such file or directory"));
	assert_null(tls_ctx_new_client(file("server.key"), true, &err));
	assert_non_null(strstr(err.text, "CA file '"));
}

static int run_script(const char *what)
{
	const char *top = getenv("TOP_SRCDIR");
	char script[256];
	int status = -1;
	pid_t pid;

	(void)snprintf(script, sizeof(script), "%s/tests/data/certs.sh", top ? top : "..");
	pid = fork();
	if (pid == 0) {
		if (what)
			execlp("rm", "rm", "-rf", dir, (char *)NULL);
		else
			execlp("sh", "sh", script, dir, (char *)NULL);
		_exit(127);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0 ? 0 : -1;
}

static int make_certificates(void **state)
{
	(void)snprintf(dir, sizeof(dir), "/tmp/tt-tls-XXXXXX");
	return mkdtemp(dir) ? run_script(NULL) : -1;
}

static int remove_certificates(void **state)
{
	return run_script("remove");
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_handshake_is_said_once_at_both_ends),
		T(every_name_of_the_certificate_is_accepted),
		T(only_names_go_as_sni_never_literals),
		T(a_name_that_could_not_be_checked_is_refused),
		T(wrong_certificates_are_explained),
		T(verification_can_be_switched_off),
		T(an_unverified_end_blames_no_certificate),
		T(who_breaks_tls_is_told_before_the_cut),
		T(bytes_in_the_clear_are_called_what_they_are),
		T(a_peer_that_leaves_in_the_handshake_is_an_error),
		T(a_silent_peer_meets_the_deadline),
		T(it_may_be_closed_when_ready),
		T(it_may_be_closed_in_a_handshake_error),
		T(closing_before_the_first_turn_says_nothing),
		T(what_is_written_before_the_handshake_follows_it),
		T(a_paused_connection_still_shakes_hands),
		T(a_context_may_go_while_its_handshakes_are_under_way),
		T(alpn_chooses_what_both_know),
		T(eight_megabytes_arrive_as_they_left_both_ways_at_once),
		T(bytes_left_inside_tls_are_said_again),
		T(bytes_left_inside_tls_survive_a_pause),
		T(a_queue_smaller_than_a_record_tells_the_truth),
		T(many_queued_pieces_leave_in_few_records),
		T(several_records_leave_in_one_send),
		T(what_the_kernel_does_not_take_is_bounded),
		T(a_half_close_leaves_the_other_direction_open),
		T(an_end_without_close_notify_is_a_cut),
		T(an_abort_is_a_cut),
		T(a_half_close_waits_until_there_is_room_for_it),
		T(wrong_files_are_named_with_the_reason),
	};

	return cmocka_run_group_tests_name("tls", tests, make_certificates, remove_certificates);
}
