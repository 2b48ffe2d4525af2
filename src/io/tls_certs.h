/* SPDX-License-Identifier: MIT */
#pragma once

/* tls_certs: certificates with their keys, found by the name a TLS client asks for. */

#include <stdbool.h>
#include <stddef.h>

#include "base/macros.h"

struct err;
struct str_list;
struct tls_certs;

/* Certificates in one set; more are refused. */
#define TLS_CERTS_MAX 10000

struct tls_certs *tls_certs_new(void) MUST_USE;
void tls_certs_free(struct tls_certs *c);
/* @cert_file: PEM, the certificate first, then its chain. 0 or a negative errno, and words with
 * the file. What is over or not valid yet is taken, and warned about. */
int tls_certs_add(struct tls_certs *c, const char *cert_file, const char *key_file,
	struct err *err) MUST_USE;
/* NAME.crt or NAME.pem with NAME.key; NAME/fullchain.pem with NAME/privkey.pem. Other files are
 * left alone. One that cannot be used makes it fail, an empty directory too. */
int tls_certs_add_directory(struct tls_certs *c, const char *dir, struct err *err) MUST_USE;
/* The directories, without symbolic links, that it and its successors are read from: for whoever
 * restricts what this process may read. */
const struct str_list *tls_certs_places(const struct tls_certs *c);
size_t tls_certs_count(const struct tls_certs *c);
/* The same certificates with the same keys, in the same order. Both may be NULL. */
bool tls_certs_same(const struct tls_certs *a, const struct tls_certs *b);
