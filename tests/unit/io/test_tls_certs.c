/* SPDX-License-Identifier: MIT */
/* test_tls_certs: which certificate a client gets, over handshakes in memory; what cannot be
 * loaded, in words; tickets across certificates and reloads. */

#include "../cm.h"

#include "../certs_test.h"

#include <sys/stat.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str_list.h"
#include "io/tls_certs.h"
#include "io/tls_ctx.h"
#include "io/tls_ctx_ssl.h"

static struct tls_certs *certs;
static struct tls_ctx *ctx;
static char said[1000], got[100], dir[80];
static SSL_SESSION *session;
static bool resumed;

static void sink(enum log_level level, const char *message, const struct log_field *fields,
	size_t n)
{
	(void)snprintf(said + strlen(said), sizeof(said) - strlen(said), "%s\n", message);
}

static int setup(void **state)
{
	certs = tls_certs_new();
	ctx = NULL;
	session = NULL;
	said[0] = '\0';
	log_set_sink(sink);
	(void)snprintf(dir, sizeof(dir), "%s/d-XXXXXX", certs_dir);
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
	tls_certs_free(certs);
	tls_ctx_unref(ctx);
	SSL_SESSION_free(session);
	return 0;
}

static void add(const char *name)
{
	CLEANUP(mem_cleanup) char *crt = mem_printf("%s.crt", name);
	CLEANUP(mem_cleanup) char *key = mem_printf("%s.key", name);
	struct err err;

	if (tls_certs_add(certs, cert(crt), cert(key), &err) < 0)
		fail_msg("%s", err.text);
}

/* From here on handshakes are made with what was added. */
static void serve(void)
{
	ctx = tls_ctx_new_server(certs, NULL);
	certs = NULL;
}

static int keep_session(SSL *ssl, SSL_SESSION *s)
{
	SSL_SESSION_free(session);
	session = s;
	return 1;
}

static SSL *client_of(SSL_CTX *client, const char *name, const char *ciphers, int version)
{
	char host[100];
	SSL *c;

	/* a session in the store of an SSL_CTX that is freed would never be resumed */
	SSL_CTX_set_session_cache_mode(client, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(client, keep_session);
	c = SSL_new(client);
	assert_int_equal(SSL_set_min_proto_version(c, version), 1);
	assert_int_equal(SSL_set_max_proto_version(c, version), 1);
	if (name) {
		(void)snprintf(host, sizeof(host), "%s", name); /* the macro casts const away */
		assert_int_equal(SSL_set_tlsext_host_name(c, host), 1);
	}
	if (ciphers)
		assert_int_equal(SSL_set_cipher_list(c, ciphers), 1);
	if (session)
		assert_int_equal(SSL_set_session(c, session), 1);
	SSL_set_connect_state(c);
	return c;
}

static bool run(SSL *c, SSL *s)
{
	char byte = 'x';

	for (int i = 0; i < 20; i++) {
		(void)SSL_do_handshake(c);
		(void)SSL_do_handshake(s);
	}
	ERR_clear_error();
	if (!SSL_is_init_finished(c) || !SSL_is_init_finished(s))
		return false;
	/* tickets come with the first bytes */
	assert_int_equal(SSL_write(s, &byte, 1), 1);
	assert_int_equal(SSL_read(c, &byte, 1), 1);
	return true;
}

/* The certificate's common name without "tunnelto test ", or "" when there is no handshake. */
static const char *handshake(const char *name, const char *ciphers, int version)
{
	SSL_CTX *client = SSL_CTX_new(TLS_client_method());
	SSL *c = client_of(client, name, ciphers, version), *s = tls_ctx_ssl_new(ctx);
	BIO *a, *b;
	X509 *leaf;

	assert_int_equal(BIO_new_bio_pair(&a, 0, &b, 0), 1);
	SSL_set_bio(c, a, a);
	SSL_set_bio(s, b, b);
	SSL_set_accept_state(s);
	got[0] = '\0';
	if (run(c, s)) {
		leaf = SSL_get1_peer_certificate(c);
		(void)X509_NAME_get_text_by_NID(X509_get_subject_name(leaf), NID_commonName, got,
			sizeof(got));
		X509_free(leaf);
		resumed = SSL_session_reused(c) && SSL_session_reused(s);
	}
	(void)SSL_shutdown(c);
	SSL_free(c);
	SSL_free(s);
	SSL_CTX_free(client);
	return strncmp(got, "tunnelto test ", 14) == 0 ? got + 14 : got;
}

/* The same without a session to resume. */
static const char *anew(const char *name, const char *ciphers, int version)
{
	SSL_SESSION_free(session);
	session = NULL;
	return handshake(name, ciphers, version);
}

static const char *certificate_for(const char *name)
{
	return anew(name, NULL, TLS1_3_VERSION);
}

/* --- names ----------------------------------------------------------------------------------- */

static void the_name_that_is_asked_for_chooses(void **state)
{
	static const struct {
		const char *name, *certificate;
	} table[] = {
		{"localhost", "server"},
		{"LOCALHOST.", "server"},
		{"www.other.example", "other"},
		{"apex.example", "wild"},
		{"a.wild.example", "wild"},
		{"A.Wild.Example", "wild"},
		{"one.wild.example", "exact"},
		/* a wildcard is one label, neither none nor two */
		{"wild.example", "server"},
		{"a.b.wild.example", "server"},
		{"nobody.invalid", "server"},
		{"w", "server"},
		{NULL, "server"},
	};

	add("server");
	add("other");
	add("exact");
	add("wild");
	assert_int_equal(tls_certs_count(certs), 4);
	serve();
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		assert_string_equal(certificate_for(table[i].name), table[i].certificate);
}

static void exact_beats_wildcard_in_any_order(void **state)
{
	add("wild");
	add("exact");
	serve();
	assert_string_equal(certificate_for("one.wild.example"), "exact");
	assert_string_equal(certificate_for("two.wild.example"), "wild");
}

static void the_client_chooses_among_kinds_of_keys(void **state)
{
	add("server");
	add("rsa");
	serve();
	assert_string_equal(anew("localhost", "ECDHE-ECDSA-AES128-GCM-SHA256", TLS1_2_VERSION),
		"server");
	assert_string_equal(anew("localhost", "ECDHE-RSA-AES128-GCM-SHA256", TLS1_2_VERSION),
		"rsa");
	/* nothing without forward secrecy */
	assert_string_equal(anew("localhost", "AES128-GCM-SHA256", TLS1_2_VERSION), "");
}

static void the_one_that_is_valid_longer_wins(void **state)
{
	add("expired");
	assert_non_null(strstr(said, "expired.crt' has expired"));
	add("server");
	serve();
	assert_string_equal(certificate_for("localhost"), "server");
}

static void nothing_older_than_tls_1_2_is_spoken(void **state)
{
	add("server");
	serve();
	assert_string_equal(anew("localhost", NULL, TLS1_1_VERSION), "");
	assert_string_equal(anew("localhost", NULL, TLS1_2_VERSION), "server");
}

/* --- files ----------------------------------------------------------------------------------- */

static void assert_refused(const char *crt, const char *key, const char *file, const char *why)
{
	struct err err = {0};

	assert_true(tls_certs_add(certs, cert(crt), cert(key), &err) < 0);
	if (!strstr(err.text, cert(file)) || !strstr(err.text, why))
		fail_msg("%s", err.text);
}

static void what_cannot_be_used_is_named(void **state)
{
	assert_refused("none.crt", "server.key", "none.crt", "No such file or directory");
	assert_refused("server.crt", "none.key", "none.key", "No such file or directory");
	assert_refused("server.key", "server.key", "server.key", "no start line");
	assert_refused("server.crt", "other.key", "other.key", "does not belong to certificate");
	assert_refused("server.crt", "other.key", "server.crt", "does not belong to certificate");
	assert_refused("server.crt", "encrypted.key", "encrypted.key", "is encrypted");
	assert_refused("weak.crt", "weak.key", "weak.crt", "key too small");
	assert_int_equal(tls_certs_count(certs), 0);
	assert_string_equal(said, "");
}

static void a_key_that_everybody_can_read_is_told(void **state)
{
	assert_int_equal(chmod(cert("other.key"), 0644), 0);
	add("other");
	assert_int_equal(chmod(cert("other.key"), 0600), 0);
	assert_non_null(strstr(said, "other.key' can be read by everybody"));
}

/* --- directories ----------------------------------------------------------------------------- */

static void put(const char *from, const char *to)
{
	CLEANUP(mem_cleanup) char *path = mem_printf("%s/%s", dir, to);

	assert_int_equal(certs_run("cp", cert(from), path), 0);
}

static void put_directory(const char *name)
{
	CLEANUP(mem_cleanup) char *path = mem_printf("%s/%s", dir, name);

	assert_int_equal(mkdir(path, 0700), 0);
}

static void link_to(const char *from, const char *to)
{
	CLEANUP(mem_cleanup) char *path = mem_printf("%s/%s", dir, to);

	assert_int_equal(symlink(from, path), 0);
}

static void a_directory_holds_pairs_of_both_shapes(void **state)
{
	struct err err = {0};

	put("other.crt", "a.crt");
	put("other.key", "a.key");
	put("exact.crt", "b.pem");
	put("exact.key", "b.key");
	put_directory("wild.example");
	put("wild.crt", "wild.example/fullchain.pem");
	put("wild.key", "wild.example/privkey.pem");
	put_directory("accounts");
	put("server.key", "lonely.key");
	put("server.key", "README");
	put("server.key", ".hidden.crt");
	assert_int_equal(tls_certs_add_directory(certs, dir, &err), 0);
	assert_int_equal(tls_certs_count(certs), 3);
	serve();
	assert_string_equal(certificate_for("www.other.example"), "other");
	assert_string_equal(certificate_for("one.wild.example"), "exact");
	assert_string_equal(certificate_for("two.wild.example"), "wild");
	assert_string_equal(certificate_for("nobody.invalid"), "other");
}

static void the_places_of_what_is_linked_to_are_told(void **state)
{
	CLEANUP(mem_cleanup) char *archive = mem_printf("%s/archive", dir);
	CLEANUP(mem_cleanup) char *live = mem_printf("%s/live", dir);
	CLEANUP(mem_cleanup) char *real = NULL;
	struct err err = {0};

	put_directory("archive");
	put_directory("archive/a");
	put("other.crt", "archive/a/fullchain1.pem");
	put("other.key", "archive/a/privkey1.pem");
	put_directory("live");
	put_directory("live/a");
	link_to("../../archive/a/fullchain1.pem", "live/a/fullchain.pem");
	link_to("../../archive/a/privkey1.pem", "live/a/privkey.pem");
	assert_int_equal(tls_certs_add_directory(certs, live, &err), 0);
	real = realpath(archive, NULL);
	assert_int_equal(tls_certs_places(certs)->n, 1);
	assert_string_equal(tls_certs_places(certs)->items[0], real);
}

static void the_default_of_a_directory_is_called_so(void **state)
{
	struct err err = {0};

	put("other.crt", "a.crt");
	put("other.key", "a.key");
	put_directory("default");
	put("wild.crt", "default/fullchain.pem");
	put("wild.key", "default/privkey.pem");
	assert_int_equal(tls_certs_add_directory(certs, dir, &err), 0);
	serve();
	assert_string_equal(certificate_for("nobody.invalid"), "wild");
}

static void a_configured_pair_is_the_default_before_any_directory(void **state)
{
	struct err err = {0};

	put("other.crt", "default.crt");
	put("other.key", "default.key");
	add("server");
	assert_int_equal(tls_certs_add_directory(certs, dir, &err), 0);
	serve();
	assert_string_equal(certificate_for("nobody.invalid"), "server");
}

static void a_directory_with_one_broken_pair_is_refused_whole(void **state)
{
	struct err err = {0};

	assert_true(tls_certs_add_directory(certs, dir, &err) < 0);
	assert_non_null(strstr(err.text, dir));
	assert_non_null(strstr(err.text, "holds neither"));
	put("other.crt", "a.crt");
	assert_true(tls_certs_add_directory(certs, dir, &err) < 0);
	assert_non_null(strstr(err.text, "/a.key': No such file"));
	put("exact.key", "a.key");
	assert_true(tls_certs_add_directory(certs, dir, &err) < 0);
	assert_non_null(strstr(err.text, "/a.key' does not belong to certificate"));
	assert_true(tls_certs_add_directory(certs, "/nonexistent", &err) < 0);
	assert_non_null(strstr(err.text, "'/nonexistent': No such file"));
}

/* --- reload and resumption ------------------------------------------------------------------- */

static void sets_are_compared_by_what_they_hold(void **state)
{
	struct tls_certs *more = tls_certs_new();

	assert_true(tls_certs_same(NULL, NULL));
	assert_false(tls_certs_same(certs, NULL));
	assert_true(tls_certs_same(certs, more));
	add("server");
	assert_false(tls_certs_same(certs, more));
	assert_int_equal(tls_certs_add(more, cert("server.crt"), cert("server.key"), NULL), 0);
	assert_true(tls_certs_same(certs, more));
	add("rsa");
	assert_int_equal(tls_certs_add(more, cert("other.crt"), cert("other.key"), NULL), 0);
	assert_false(tls_certs_same(certs, more));
	tls_certs_free(more);
}

/* With a copy of @kept: what OpenSSL has resumed once in TLS 1.3 it does not offer again. */
static bool resumes_with(SSL_SESSION *kept, int version)
{
	SSL_SESSION *copy = SSL_SESSION_dup(kept);

	SSL_SESSION_free(session);
	session = copy;
	assert_string_not_equal(handshake("localhost", NULL, version), "");
	return resumed;
}

static void resumes(int version)
{
	SSL_SESSION *first;

	add("server");
	add("other");
	serve();
	assert_string_equal(handshake("localhost", NULL, version), "server");
	assert_false(resumed);
	first = SSL_SESSION_dup(session);
	assert_true(resumes_with(first, version));

	certs = tls_certs_new();
	add("rsa");
	tls_ctx_set_certs(ctx, certs);
	certs = NULL;
	assert_true(resumes_with(first, version));
	assert_string_equal(certificate_for("localhost"), "rsa");
	assert_false(resumed);
	SSL_SESSION_free(first);
}

static void tickets_end_with_the_second_change_of_keys(int version)
{
	SSL_SESSION *first;

	add("server");
	serve();
	(void)handshake("localhost", NULL, version);
	first = SSL_SESSION_dup(session);
	assert_true(resumes_with(first, version));
	tls_ctx_rotate_tickets(ctx);
	assert_true(resumes_with(first, version));
	tls_ctx_rotate_tickets(ctx);
	assert_false(resumes_with(first, version));
	/* what was given meanwhile goes on */
	assert_true(resumes_with(session, version));
	SSL_SESSION_free(first);
}

static void ticket_keys_change_1_2(void **state)
{
	tickets_end_with_the_second_change_of_keys(TLS1_2_VERSION);
}

static void ticket_keys_change_1_3(void **state)
{
	tickets_end_with_the_second_change_of_keys(TLS1_3_VERSION);
}

static void tickets_outlive_a_change_of_certificates_1_2(void **state)
{
	resumes(TLS1_2_VERSION);
}

static void tickets_outlive_a_change_of_certificates_1_3(void **state)
{
	resumes(TLS1_3_VERSION);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		TEST(the_name_that_is_asked_for_chooses),
		TEST(exact_beats_wildcard_in_any_order),
		TEST(the_client_chooses_among_kinds_of_keys),
		TEST(the_one_that_is_valid_longer_wins),
		TEST(nothing_older_than_tls_1_2_is_spoken),
		TEST(what_cannot_be_used_is_named),
		TEST(a_key_that_everybody_can_read_is_told),
		TEST(a_directory_holds_pairs_of_both_shapes),
		TEST(the_places_of_what_is_linked_to_are_told),
		TEST(the_default_of_a_directory_is_called_so),
		TEST(a_configured_pair_is_the_default_before_any_directory),
		TEST(a_directory_with_one_broken_pair_is_refused_whole),
		TEST(sets_are_compared_by_what_they_hold),
		TEST(ticket_keys_change_1_2),
		TEST(ticket_keys_change_1_3),
		TEST(tickets_outlive_a_change_of_certificates_1_2),
		TEST(tickets_outlive_a_change_of_certificates_1_3),
	};

	return cmocka_run_group_tests_name("tls_certs", tests, certs_setup, certs_teardown);
}
