/* SPDX-License-Identifier: MIT */
#pragma once

/* tls_ctx: certificates and verification settings for many connections; reference counted. */

#include <stdbool.h>

#include "base/macros.h"

struct tls_certs;
struct tls_ctx;
struct err;

/* Server side, TLS 1.2+: the certificate is chosen by the name that is asked for. Takes @certs.
 * ALPN "http/1.1" and those in @alpn (NULL-terminated array, may be NULL) are accepted. */
struct tls_ctx *tls_ctx_new_server(struct tls_certs *certs, const char *const *alpn) MUST_USE;
/* The same with one certificate; NULL and @err on failure. */
struct tls_ctx *tls_ctx_new_server_pair(const char *cert_file, const char *key_file,
	const char *const *alpn, struct err *err) MUST_USE;
/* New handshakes get these from here on, what is open stays as it is. Takes @certs. Tickets that
 * were given before still resume. */
void tls_ctx_set_certs(struct tls_ctx *t, struct tls_certs *certs);
/* Encrypt tickets with a new key; those of the one before still resume. Done by itself twice a day.
 */
void tls_ctx_rotate_tickets(struct tls_ctx *t);
const struct tls_certs *tls_ctx_certs(const struct tls_ctx *t);
/* Give an SSL_CTX that another library made the server's settings and certificates of @t, which
 * must outlive it. */
void tls_ctx_dress(struct tls_ctx *t, void *ssl_ctx);
/* Client side. @ca_file NULL: the system store. @verify false: accept anything (the caller warned).
 */
struct tls_ctx *tls_ctx_new_client(const char *ca_file, bool verify, struct err *err) MUST_USE;
struct tls_ctx *tls_ctx_ref(struct tls_ctx *t);
void tls_ctx_unref(struct tls_ctx *t);
