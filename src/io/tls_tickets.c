/* SPDX-License-Identifier: MIT */
/*
 * tls_tickets: what a ticket is encrypted with can decrypt whatever it resumes (TLS 1.2), so no key
 * is kept for as long as a server runs. Keys live in memory alone: a restart forgets them.
 */
#include "io/tls_tickets.h"

#include <stdbool.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "base/mem.h"
#include "base/rand.h"

/* The index of the keys in an SSL_CTX; the same for all of them. */
static int slot(void)
{
	static int index = -1;

	if (index < 0)
		index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, NULL);
	return index;
}

void tls_tickets_rotate(struct tls_tickets *t)
{
	t->keys[1] = t->keys[0];
	rand_bytes(&t->keys[0], sizeof(t->keys[0]));
	t->made = clock_ms();
}

void tls_tickets_init(struct tls_tickets *t)
{
	rand_bytes(t->keys, sizeof(t->keys));
	t->made = clock_ms();
}

void tls_tickets_deinit(struct tls_tickets *t)
{
	mem_wipe(t, sizeof(*t));
}

static bool set_mac(EVP_MAC_CTX *mac, unsigned char *key, size_t n)
{
	char digest[] = "sha256";
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key, n),
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end(),
	};

	return EVP_MAC_CTX_set_params(mac, params) == 1;
}

static int encrypt(struct tls_tickets *t, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *c,
	EVP_MAC_CTX *mac)
{
	if (clock_ms() - t->made >= TLS_TICKETS_KEY_MS)
		tls_tickets_rotate(t);
	memcpy(name, t->keys[0].name, sizeof(t->keys[0].name));
	if (RAND_bytes(iv, EVP_MAX_IV_LENGTH) != 1 ||
		EVP_EncryptInit_ex(c, EVP_aes_256_cbc(), NULL, t->keys[0].cipher, iv) != 1)
		return -1;
	return set_mac(mac, t->keys[0].mac, sizeof(t->keys[0].mac)) ? 1 : -1;
}

/* SSL_CTX_set_tlsext_ticket_key_evp_cb(3): 1 done, 2 done but to be replaced, 0 not ours, -1 error.
 */
static int on_ticket(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *c,
	EVP_MAC_CTX *mac, int encrypting)
{
	struct tls_tickets *t = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), slot());

	if (!t)
		return -1;
	if (encrypting)
		return encrypt(t, name, iv, c, mac);
	for (int i = 0; i < 2; i++) {
		if (memcmp(name, t->keys[i].name, sizeof(t->keys[i].name)) != 0)
			continue;
		if (EVP_DecryptInit_ex(c, EVP_aes_256_cbc(), NULL, t->keys[i].cipher, iv) != 1 ||
			!set_mac(mac, t->keys[i].mac, sizeof(t->keys[i].mac)))
			return -1;
		return i + 1;
	}
	return 0;
}

void tls_tickets_attach(struct tls_tickets *t, SSL_CTX *ssl)
{
	SSL_CTX_set_ex_data(ssl, slot(), t);
	SSL_CTX_set_tlsext_ticket_key_evp_cb(ssl, on_ticket);
}
