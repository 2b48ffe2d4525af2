/* SPDX-License-Identifier: MIT */
#pragma once

/* tls_verify: whom a client's TLS connection must reach, and words for who it was instead. */

#include <stdbool.h>

#include <openssl/ssl.h>

#include "base/macros.h"

#define TLS_VERIFY_TEXT_MAX 160

/* Ask for @name (SNI unless it is an IP literal; a final dot is dropped) and, when @verify, insist
 * on a valid certificate for it. On failure of the handshake @text says why; it must outlive @ssl.
 * 0 or -EINVAL: no such name can be asked for. */
int tls_verify_name(SSL *ssl, const char *name, bool verify,
	char text[static TLS_VERIFY_TEXT_MAX]) MUST_USE;
/* Why @store, inside a verify callback, turned a certificate down. */
void tls_verify_explain(X509_STORE_CTX *store, char text[static TLS_VERIFY_TEXT_MAX]);
