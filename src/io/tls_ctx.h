/* SPDX-License-Identifier: MIT */
#pragma once

/* tls_ctx: certificates and verification settings for many connections; reference counted. */

#include <stdbool.h>

#include "base/macros.h"

struct tls_ctx;
struct err;

/* Server side, TLS 1.2+: @cert_file is a PEM chain. NULL and @err on failure. ALPN "http/1.1" and
 * those in @alpn (NULL-terminated array, may be NULL) are accepted. */
struct tls_ctx *tls_ctx_new_server(const char *cert_file, const char *key_file,
	const char *const *alpn, struct err *err) MUST_USE;
/* Client side. @ca_file NULL: the system store. @verify false: accept anything (the caller warned).
 */
struct tls_ctx *tls_ctx_new_client(const char *ca_file, bool verify, struct err *err) MUST_USE;
struct tls_ctx *tls_ctx_ref(struct tls_ctx *t);
void tls_ctx_unref(struct tls_ctx *t);
