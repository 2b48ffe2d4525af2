/* SPDX-License-Identifier: MIT */
#pragma once

/* tls_tickets: the keys of session tickets (RFC 5077, RFC 8446 §4.6.1), replaced now and then. */

#include <stdint.h>

#include <openssl/ssl.h>

#include "base/clock.h"

/* A ticket is good for as long as its key is one of the two: half a day to a day. */
#define TLS_TICKETS_KEY_MS (12ULL * 3600 * 1000)

struct tls_tickets {
	struct {
		unsigned char name[16], cipher[32], mac[32];
	} keys[2]; /* the first encrypts; those of the second are still taken */
	clock_ms_t made;
};

void tls_tickets_init(struct tls_tickets *t);
void tls_tickets_deinit(struct tls_tickets *t);
/* A new key; the one before is the second from here on, and the second is forgotten. */
void tls_tickets_rotate(struct tls_tickets *t);
/* Have @ssl use the keys of @t, which must outlive it. */
void tls_tickets_attach(struct tls_tickets *t, SSL_CTX *ssl);
