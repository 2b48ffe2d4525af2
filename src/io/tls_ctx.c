/* SPDX-License-Identifier: MIT */
/*
 * tls_ctx: an SSL_CTX with this project's settings: TLS 1.2 or later (RFC 8996), no compression,
 * no renegotiation, AES-128-GCM first as it is the cheapest where the processor knows AES.
 */
#include "io/tls_ctx.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/err.h"
#include "base/mem.h"
#include "io/tls_certs.h"
#include "io/tls_certs_ssl.h"
#include "io/tls_ctx_ssl.h"
#include "io/tls_tickets.h"

#define SUITES "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384"

/* Nothing without forward secrecy (RFC 9325 §4); for clients, an old origin decides itself. */
#define CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20"

/* Four full records with their overhead; given back while nothing is being read. */
#define READ_AHEAD (4 * (16384 + 256))

struct tls_ctx {
	SSL_CTX *ssl;
	unsigned int refs;
	unsigned char *alpn; /* accepted protocols, in wire form, the most wanted first */
	unsigned int alpn_len;
	bool verify;
	struct tls_certs *certs; /* server side */
	struct tls_tickets tickets;
};

static struct tls_ctx *new_ctx(const SSL_METHOD *method)
{
	struct tls_ctx *t = mem_new(struct tls_ctx);

	t->refs = 1;
	t->ssl = SSL_CTX_new(method);
	if (!t->ssl)
		abort(); /* only without memory */
	SSL_CTX_set_min_proto_version(t->ssl, TLS1_2_VERSION);
	SSL_CTX_set_options(t->ssl,
		SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_mode(t->ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_RELEASE_BUFFERS |
					 SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	/* one recv() for several records instead of two for each: a tenth of the processor's time
	 */
	SSL_CTX_set_read_ahead(t->ssl, 1);
	SSL_CTX_set_default_read_buffer_len(t->ssl, READ_AHEAD);
	(void)SSL_CTX_set_ciphersuites(t->ssl, SUITES);
	return t;
}

static void add_alpn(struct tls_ctx *t, const char *name)
{
	size_t n = strlen(name);

	assert(n > 0 && n < 256);
	t->alpn = mem_realloc(t->alpn, t->alpn_len + 1 + n);
	t->alpn[t->alpn_len] = (unsigned char)n;
	memcpy(t->alpn + t->alpn_len + 1, name, n);
	t->alpn_len += (unsigned int)n + 1;
}

/* RFC 7301: nothing in common is not fatal here; the connection goes on without ALPN. */
static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
	const unsigned char *in, unsigned int in_len, void *arg)
{
	struct tls_ctx *t = arg;
	unsigned char *chosen;

	if (SSL_select_next_proto(&chosen, out_len, t->alpn, t->alpn_len, in, in_len) !=
		OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_NOACK;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

/* The certificate is chosen anew for each handshake: a reload needs no new SSL_CTX. */
static int on_cert(SSL *ssl, void *arg)
{
	struct tls_ctx *t = arg;

	return tls_certs_use(t->certs, ssl, SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name));
}

/* RFC 6066 §3: say that the name was heeded. */
static int on_server_name(SSL *ssl, int *alert, void *arg)
{
	return SSL_TLSEXT_ERR_OK;
}

/*
 * Sessions are resumed by tickets alone: their keys outlive a reload and are the same for all
 * certificates, while nothing is stored here for clients.
 */
void tls_ctx_dress(struct tls_ctx *t, void *ssl_ctx)
{
	SSL_CTX *ssl = ssl_ctx;

	SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION);
	(void)SSL_CTX_set_cipher_list(ssl, CIPHERS);
	(void)SSL_CTX_set_ciphersuites(ssl, SUITES);
	SSL_CTX_set_cert_cb(ssl, on_cert, t);
	SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
	tls_tickets_attach(&t->tickets, ssl);
	(void)SSL_CTX_set_session_id_context(ssl, (const unsigned char *)"tunnelto", 8);
}

struct tls_ctx *tls_ctx_new_server(struct tls_certs *certs, const char *const *alpn)
{
	struct tls_ctx *t = new_ctx(TLS_server_method());

	t->certs = certs;
	tls_tickets_init(&t->tickets);
	for (; alpn && *alpn; alpn++)
		add_alpn(t, *alpn);
	add_alpn(t, "http/1.1");
	SSL_CTX_set_alpn_select_cb(t->ssl, on_alpn, t);
	SSL_CTX_set_tlsext_servername_callback(t->ssl, on_server_name);
	tls_ctx_dress(t, t->ssl);
	return t;
}

struct tls_ctx *tls_ctx_new_server_pair(const char *cert_file, const char *key_file,
	const char *const *alpn, struct err *err)
{
	struct tls_certs *certs = tls_certs_new();

	if (tls_certs_add(certs, cert_file, key_file, err) == 0)
		return tls_ctx_new_server(certs, alpn);
	tls_certs_free(certs);
	return NULL;
}

void tls_ctx_set_certs(struct tls_ctx *t, struct tls_certs *certs)
{
	tls_certs_free(t->certs);
	t->certs = certs;
}

void tls_ctx_rotate_tickets(struct tls_ctx *t)
{
	tls_tickets_rotate(&t->tickets);
}

const struct tls_certs *tls_ctx_certs(const struct tls_ctx *t)
{
	return t->certs;
}

struct tls_ctx *tls_ctx_new_client(const char *ca_file, bool verify, struct err *err)
{
	struct tls_ctx *t = new_ctx(TLS_client_method());
	int ok = 1;

	ERR_clear_error();
	t->verify = verify;
	if (verify)
		ok = ca_file ? SSL_CTX_load_verify_locations(t->ssl, ca_file, NULL)
			     : SSL_CTX_set_default_verify_paths(t->ssl);
	if (ok != 1) {
		(void)err_set(err, -EINVAL, "CA file '%s': %s", ca_file ? ca_file : "(system)",
			tls_certs_reason());
		tls_ctx_unref(t);
		return NULL;
	}
	SSL_CTX_set_verify(t->ssl, verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
	return t;
}

struct tls_ctx *tls_ctx_ref(struct tls_ctx *t)
{
	t->refs++;
	return t;
}

void tls_ctx_unref(struct tls_ctx *t)
{
	if (!t || --t->refs > 0)
		return;
	SSL_CTX_free(t->ssl);
	tls_certs_free(t->certs);
	tls_tickets_deinit(&t->tickets);
	free(t->alpn);
	free(t);
}

SSL *tls_ctx_ssl_new(struct tls_ctx *t)
{
	return SSL_new(t->ssl);
}

bool tls_ctx_verifies(const struct tls_ctx *t)
{
	return t->verify;
}
