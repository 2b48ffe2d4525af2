/* SPDX-License-Identifier: MIT */
#pragma once

/* tls_ctx_ssl: what conn needs of a tls_ctx; nobody outside io sees SSL. */

#include <stdbool.h>

#include <openssl/ssl.h>

struct tls_ctx;

/* A new connection's state, or NULL without memory. */
SSL *tls_ctx_ssl_new(struct tls_ctx *t);
bool tls_ctx_verifies(const struct tls_ctx *t);
