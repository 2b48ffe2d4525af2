/* SPDX-License-Identifier: MIT */
/*
 * conn_tls: what conn does by OpenSSL.
 *
 * Records do not go to the socket one by one: OpenSSL writes them into c->wire through a BIO of
 * our own, and several leave in one send(). A system call costs as much as encrypting a record, and
 * each send() to a peer that waits wakes it. What the kernel does not take stays in the wire, at
 * most WIRE_MAX, and nothing more is encrypted before it has left. Reading goes by OpenSSL's own
 * socket BIO, which reads ahead.
 */
#include "io/conn_tls.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "io/conn.h"
#include "io/tls_ctx.h"
#include "io/tls_ctx_ssl.h"
#include "io/tls_verify.h"

#define RECORD     16384
#define RECORD_MAX (RECORD + 256) /* RFC 8446 §5.2 */
/* When so much is encrypted it is sent. */
#define BATCH (64 * 1024)
/* A batch and the record that completes it; a server's first flight with its certificates. */
#define WIRE_MAX (BATCH + 4 * RECORD_MAX)

/* --- the BIO that fills the wire ------------------------------------------------------------- */

static int wire_write(BIO *bio, const char *bytes, int n)
{
	struct conn *c = BIO_get_data(bio);

	BIO_clear_retry_flags(bio);
	if (n <= 0)
		return 0;
	if (buf_room(&c->wire) < (size_t)n) {
		BIO_set_retry_write(bio);
		return -1;
	}
	return (int)buf_add(&c->wire, bytes, (size_t)n);
}

/* What OpenSSL asks of every BIO that it writes to. */
static long wire_ctrl(BIO *bio, int cmd, long number, void *pointer)
{
	return cmd == BIO_CTRL_FLUSH || cmd == BIO_CTRL_DUP;
}

static const BIO_METHOD *wire_method(void)
{
	static BIO_METHOD *method;

	if (!method) {
		method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "wire");
		if (!method || BIO_meth_set_write(method, wire_write) != 1 ||
			BIO_meth_set_ctrl(method, wire_ctrl) != 1)
			return NULL;
	}
	return method;
}

/* Reading from the socket, writing into the wire. */
static int set_bios(SSL *ssl, struct conn *c)
{
	const BIO_METHOD *method = wire_method();
	BIO *in = BIO_new_socket(c->fd, BIO_NOCLOSE), *out = method ? BIO_new(method) : NULL;

	if (!in || !out) {
		BIO_free(in);
		BIO_free(out);
		return -ENOMEM;
	}
	BIO_set_data(out, c);
	BIO_set_init(out, 1);
	SSL_set_bio(ssl, in, out);
	return 0;
}

int conn_tls_flush(struct conn *c)
{
	while (buf_len(&c->wire) > 0) {
		ssize_t n = send(c->fd, buf_data(&c->wire), buf_len(&c->wire), MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -errno;
		buf_consume(&c->wire, (size_t)n);
	}
	return 0;
}

/* --- errors ---------------------------------------------------------------------------------- */

static void note_error(struct conn *c)
{
	unsigned long e = ERR_peek_last_error();
	const char *why = e ? ERR_reason_error_string(e) : NULL;

	/* a certificate that was turned down is explained already (tls_verify.c) */
	if (!c->tls_error[0])
		(void)snprintf(c->tls_error, sizeof(c->tls_error), "TLS: %s",
			why ? why : "protocol error");
	ERR_clear_error();
}

/* Turn a failed SSL call into a negative errno; -EAGAIN when it only has to wait. */
static int result(struct conn *c, int r, bool reading)
{
	int saved = errno;

	switch (SSL_get_error(c->ssl, r)) {
	case SSL_ERROR_WANT_READ:
		return -EAGAIN;
	case SSL_ERROR_WANT_WRITE:
		c->read_wants_write = c->read_wants_write || reading;
		return -EAGAIN;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	case SSL_ERROR_SYSCALL:
		ERR_clear_error();
		return saved ? -saved : -ECONNRESET;
	default:
		if (ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
			ERR_clear_error();
			return -ECONNRESET;
		}
		note_error(c);
		return -EPROTO;
	}
}

/* --- bytes ----------------------------------------------------------------------------------- */

int conn_tls_handshake(struct conn *c)
{
	int r, sent;

	ERR_clear_error();
	errno = 0;
	r = SSL_do_handshake(c->ssl);
	r = r == 1 ? 1 : result(c, r, /* reading= */ false);
	/* our part of it, or the alert that says why not */
	sent = conn_tls_flush(c);
	if (r == 0)
		return -ECONNRESET;
	return r == 1 || r == -EAGAIN ? sent < 0 ? sent : r : r;
}

ssize_t conn_tls_read(struct conn *c, void *to, size_t n)
{
	int r;

	ERR_clear_error();
	errno = 0;
	r = SSL_read(c->ssl, to, (int)MIN(n, (size_t)INT32_MAX));
	if (r > 0)
		return r;
	r = result(c, r, /* reading= */ true);
	/* the alert that says why: nobody writes after this */
	if (r == -EPROTO && conn_tls_flush(c) < 0)
		buf_clear(&c->wire);
	return r;
}

bool conn_tls_pending(const struct conn *c)
{
	return SSL_has_pending(c->ssl);
}

/* One record into the wire: bytes taken, 0 or a negative errno. */
static ssize_t encrypt(struct conn *c, const uint8_t *bytes, size_t n)
{
	int r;

	ERR_clear_error();
	errno = 0;
	r = SSL_write(c->ssl, bytes, (int)MIN(n, (size_t)RECORD));
	if (r > 0)
		return r;
	r = result(c, r, /* reading= */ false);
	return r == -EAGAIN ? 0 : r == 0 ? -EPIPE : r;
}

ssize_t conn_tls_write(struct conn *c, const uint8_t *bytes, size_t n)
{
	size_t done = 0;

	while (done < n) {
		ssize_t r = 0;
		int sent;

		/* at once as large as it will be, for its growing would copy */
		if (buf_len(&c->wire) == 0 &&
			!buf_reserve(&c->wire, MIN(n - done, (size_t)BATCH) + RECORD_MAX))
			return -ENOMEM;
		while (done < n && buf_len(&c->wire) < BATCH) {
			r = encrypt(c, bytes + done, n - done);
			if (r <= 0)
				break;
			done += (size_t)r;
		}
		sent = conn_tls_flush(c);
		if (r < 0 || sent < 0)
			return r < 0 ? r : sent;
		if (r == 0 || buf_len(&c->wire) > 0)
			break;
	}
	return (ssize_t)done;
}

bool conn_tls_shutdown(struct conn *c)
{
	ERR_clear_error();
	if (!(SSL_get_shutdown(c->ssl) & SSL_SENT_SHUTDOWN))
		(void)SSL_shutdown(c->ssl);
	ERR_clear_error();
	/* a connection that is broken has nothing more to say */
	return conn_tls_flush(c) < 0 || buf_len(&c->wire) == 0;
}

/* --- life ------------------------------------------------------------------------------------ */

static int offer_alpn(SSL *ssl, const char *alpn)
{
	unsigned char wire[256];
	size_t n = strlen(alpn);

	if (n == 0 || n > 254)
		return -EINVAL;
	wire[0] = (unsigned char)n;
	memcpy(wire + 1, alpn, n);
	return SSL_set_alpn_protos(ssl, wire, (unsigned int)n + 1) == 0 ? 0 : -EINVAL;
}

int conn_tls_start(struct conn *c, struct tls_ctx *ctx, const char *name, const char *alpn)
{
	SSL *ssl = tls_ctx_ssl_new(ctx);
	int r;

	assert(!c->ssl && c->fd >= 0);
	if (!ssl)
		return -ENOMEM;
	r = set_bios(ssl, c);
	if (r == 0 && name)
		r = tls_verify_name(ssl, name, tls_ctx_verifies(ctx), c->tls_error);
	if (r == 0 && alpn)
		r = offer_alpn(ssl, alpn);
	if (r < 0) {
		SSL_free(ssl);
		return r;
	}
	if (name)
		SSL_set_connect_state(ssl);
	else
		SSL_set_accept_state(ssl);
	buf_init(&c->wire, WIRE_MAX);
	c->ssl = ssl;
	c->tls = tls_ctx_ref(ctx); /* its ALPN list is looked at in the handshake */
	return 0;
}

const char *conn_tls_alpn(const struct conn *c)
{
	static __thread char name[256];
	const unsigned char *proto = NULL;
	unsigned int n = 0;

	if (c->ssl)
		SSL_get0_alpn_selected(c->ssl, &proto, &n);
	if (!proto || n == 0 || n >= sizeof(name))
		return NULL;
	memcpy(name, proto, n);
	name[n] = '\0';
	return name;
}

void conn_tls_free(struct conn *c)
{
	SSL_free(TAKE_PTR(c->ssl));
	tls_ctx_unref(TAKE_PTR(c->tls));
	buf_deinit(&c->wire);
}
