/* SPDX-License-Identifier: MIT */
#pragma once

/* tls_certs_ssl: what tls_ctx needs of tls_certs; nobody outside io sees SSL. */

#include <stdbool.h>

#include <openssl/ssl.h>

struct tls_certs;

/* Give @ssl the certificates for @name (NULL: it asked for none), one of each kind of key. */
bool tls_certs_use(const struct tls_certs *c, SSL *ssl, const char *name);
/* OpenSSL's first complaint, for people; its queue is empty afterwards. */
const char *tls_certs_reason(void);
