/* SPDX-License-Identifier: MIT */
/*
 * tls_certs: which certificate for which name (RFC 6066 §3, RFC 6125 §6.4).
 *
 * A certificate stands for the DNS names among its alternative names; the common name counts for
 * nothing, as in every client of today. An exact name beats a wildcard, a wildcard stands for
 * exactly one label. Of two certificates with one name and one kind of key the one that is valid
 * longer wins; of different kinds (RSA, ECDSA) both are kept and the client's abilities decide.
 * Who asks for another name, or for none, gets the fallback: the first one added, and in a
 * directory the one called `default`.
 *
 * Everything is tried out while it is loaded, so that a certificate that OpenSSL would refuse in
 * a handshake is an error of the configuration. A set never changes once it is in use: a reload
 * makes another one.
 *
 * Not here: the settings of connections (tls_ctx.c); checking other people's certificates
 * (tls_verify.c).
 */
#include "io/tls_certs.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/err.h"
#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/message.h"
#include "base/str.h"
#include "base/str_list.h"
#include "io/tls_certs_ssl.h"

#define NAME_MAX_BYTES 253
#define NAMES_MAX      1000 /* of one certificate */
#define CHAIN_MAX      20

enum kind { KIND_EC, KIND_RSA, KIND_OTHER, KIND_COUNT };

struct cert {
	struct list node;
	X509 *leaf;
	STACK_OF(X509) * chain;
	EVP_PKEY *key;
	enum kind kind;
};

/* What one name has: at most one certificate of each kind of key; borrowed. */
struct choice {
	const struct cert *of[KIND_COUNT];
};

struct tls_certs {
	struct list certs;
	size_t n;
	struct map names; /* "www.example.com", or ".example.com" for a wildcard, to choice */
	struct choice fallback;
	struct str_list places;
	SSL_CTX *trial;
};

const char *tls_certs_reason(void)
{
	unsigned long e = ERR_peek_error(); /* the first is the cause */
	const char *why = e ? ERR_reason_error_string(e) : NULL;

	if (e && ERR_SYSTEM_ERROR(e))
		why = strerror(ERR_GET_REASON(e));
	ERR_clear_error();
	return why ? why : "unknown error";
}

/* --- loading --------------------------------------------------------------------------------- */

static void free_cert(struct cert *c)
{
	X509_free(c->leaf);
	sk_X509_pop_free(c->chain, X509_free);
	EVP_PKEY_free(c->key);
	free(c);
}

static void cleanup_cert(struct cert **c)
{
	if (*c)
		free_cert(*c);
}

static void cleanup_bio(BIO **b)
{
	BIO_free(*b);
}

/* A daemon has nobody to ask: an encrypted key is an error, not a prompt. */
static int no_passphrase(char *buf, int size, int rwflag, void *user)
{
	bool *asked = user;

	*asked = true;
	return 0;
}

static int read_chain(struct cert *c, const char *file, struct err *err)
{
	CLEANUP(cleanup_bio) BIO *in = BIO_new_file(file, "r");
	bool asked = false;
	X509 *more;

	if (in)
		c->leaf = PEM_read_bio_X509_AUX(in, NULL, no_passphrase, &asked);
	if (!c->leaf)
		return err_set(err, -EINVAL, "certificate '%s': %s", file, tls_certs_reason());
	while ((more = PEM_read_bio_X509(in, NULL, no_passphrase, &asked))) {
		if (sk_X509_num(c->chain) >= CHAIN_MAX) {
			X509_free(more);
			return err_set(err, -E2BIG, "certificate '%s': its chain is too long",
				file);
		}
		if (sk_X509_push(c->chain, more) <= 0)
			abort(); /* only without memory */
	}
	if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
		return err_set(err, -EINVAL, "certificate '%s': in its chain: %s", file,
			tls_certs_reason());
	ERR_clear_error();
	return 0;
}

static int read_key(struct cert *c, const char *file, struct err *err)
{
	CLEANUP(cleanup_bio) BIO *in = BIO_new_file(file, "r");
	bool asked = false;
	struct stat st;

	if (in)
		c->key = PEM_read_bio_PrivateKey(in, NULL, no_passphrase, &asked);
	if (!c->key) {
		const char *why = tls_certs_reason();

		return err_set(err, -EINVAL, "private key '%s': %s", file,
			asked ? "is encrypted, and nobody is there to be asked for the passphrase"
			      : why);
	}
	if (stat(file, &st) == 0 && (st.st_mode & S_IROTH))
		message_log(LOG_LV_WARNING, KEY_EXPOSED,
			"private key '%s' can be read by everybody on this machine", file);
	return 0;
}

static enum kind kind_of(const EVP_PKEY *key)
{
	switch (EVP_PKEY_get_base_id(key)) {
	case EVP_PKEY_EC:
		return KIND_EC;
	case EVP_PKEY_RSA:
		return KIND_RSA;
	default:
		return KIND_OTHER;
	}
}

/* Would it serve in a handshake? */
static int try_out(struct tls_certs *all, const struct cert *c, const char *cert_file,
	const char *key_file, struct err *err)
{
	if (X509_check_private_key(c->leaf, c->key) != 1) {
		ERR_clear_error();
		return err_set(err, -EINVAL,
			"private key '%s' does not belong to certificate '%s', or that is not the "
			"first one in its file",
			key_file, cert_file);
	}
	if (SSL_CTX_use_cert_and_key(all->trial, c->leaf, c->key, c->chain, /* override= */ 1) != 1)
		return err_set(err, -EINVAL, "certificate '%s': %s", cert_file, tls_certs_reason());
	return 0;
}

static void warn_of_dates(const struct cert *c, const char *file)
{
	if (X509_cmp_current_time(X509_get0_notAfter(c->leaf)) < 0)
		message_log(LOG_LV_WARNING, CERTIFICATE_OVER, "certificate '%s' has expired", file);
	else if (X509_cmp_current_time(X509_get0_notBefore(c->leaf)) > 0)
		message_log(LOG_LV_WARNING, CERTIFICATE_OVER, "certificate '%s' is not valid yet",
			file);
}

/* --- names ----------------------------------------------------------------------------------- */

/* In the form that is looked up: lower case, no dot at the end. False for what is no name. */
static bool normalise(char ret[static NAME_MAX_BYTES + 1], const char *text, size_t n)
{
	if (n > 1 && text[n - 1] == '.')
		n--;
	if (n == 0 || n > NAME_MAX_BYTES || memchr(text, '\0', n))
		return false;
	memcpy(ret, text, n);
	ret[n] = '\0';
	str_lower(ret);
	return true;
}

static bool lasts_longer(const struct cert *a, const struct cert *b)
{
	return ASN1_TIME_compare(X509_get0_notAfter(a->leaf), X509_get0_notAfter(b->leaf)) > 0;
}

static void add_name(struct tls_certs *all, const struct cert *c, const char *name)
{
	struct choice *there = map_get(&all->names, name);
	const struct cert **at;

	if (!there) {
		there = mem_new(struct choice);
		(void)map_set(&all->names, name, there);
	}
	at = &there->of[c->kind];
	if (!*at || lasts_longer(c, *at))
		*at = c;
}

static void add_names(struct tls_certs *all, const struct cert *c)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(c->leaf, NID_subject_alt_name, NULL, NULL);
	int n = MIN(sk_GENERAL_NAME_num(names), NAMES_MAX);

	for (int i = 0; i < n; i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
		const ASN1_STRING *s = GENERAL_NAME_get0_value(name, NULL);
		char text[NAME_MAX_BYTES + 1];

		if (name->type != GEN_DNS ||
			!normalise(text, (const char *)ASN1_STRING_get0_data(s),
				(size_t)ASN1_STRING_length(s)))
			continue;
		add_name(all, c, str_has_prefix(text, "*.") ? text + 1 : text);
	}
	GENERAL_NAMES_free(names);
}

/* The certificate for everybody else; one of another kind of key stands beside it. */
static void set_fallback(struct tls_certs *all, const struct cert *c)
{
	if (!all->fallback.of[c->kind])
		all->fallback.of[c->kind] = c;
}

static bool has_fallback(const struct tls_certs *all)
{
	for (size_t k = 0; k < KIND_COUNT; k++) {
		if (all->fallback.of[k])
			return true;
	}
	return false;
}

/* --- adding ---------------------------------------------------------------------------------- */

static const struct cert *add(struct tls_certs *all, const char *cert_file, const char *key_file,
	struct err *err)
{
	CLEANUP(cleanup_cert) struct cert *c = mem_new(struct cert);
	struct cert *taken;

	ERR_clear_error();
	c->chain = sk_X509_new_null();
	if (!c->chain)
		abort(); /* only without memory */
	if (all->n >= TLS_CERTS_MAX) {
		(void)err_set(err, -E2BIG, "certificate '%s': %d are the most there may be",
			cert_file, TLS_CERTS_MAX);
		return NULL;
	}
	if (read_chain(c, cert_file, err) < 0 || read_key(c, key_file, err) < 0 ||
		try_out(all, c, cert_file, key_file, err) < 0)
		return NULL;
	warn_of_dates(c, cert_file);
	c->kind = kind_of(c->key);
	taken = TAKE_PTR(c);
	list_add_tail(&all->certs, &taken->node);
	all->n++;
	add_names(all, taken);
	return taken;
}

static void cut_last(char *path)
{
	char *slash = strrchr(path, '/');

	if (slash && slash != path)
		*slash = '\0';
}

/* The directory that @file really is in; @shared: the one above, which has its like for others. */
static void note_place(struct tls_certs *all, const char *file, bool shared)
{
	char *real = realpath(file, NULL);

	if (!real)
		return; /* gone since it was read */
	cut_last(real);
	if (shared)
		cut_last(real);
	if (!str_list_has(&all->places, real))
		str_list_add(&all->places, real);
	free(real);
}

const struct str_list *tls_certs_places(const struct tls_certs *all)
{
	return &all->places;
}

int tls_certs_add(struct tls_certs *all, const char *cert_file, const char *key_file,
	struct err *err)
{
	const struct cert *c = add(all, cert_file, key_file, err);

	if (!c)
		return -EINVAL;
	if (!has_fallback(all))
		set_fallback(all, c);
	note_place(all, cert_file, /* shared= */ false);
	note_place(all, key_file, /* shared= */ false);
	return 0;
}

/* --- a directory ----------------------------------------------------------------------------- */

/* The files that @entry of @dir stands for, to be freed; false when it is nothing of ours. */
static bool pair_of(const char *dir, const char *entry, char **ret_cert, char **ret_key)
{
	size_t n = strlen(entry);
	struct stat st;

	if (entry[0] == '.')
		return false;
	if (str_has_suffix(entry, ".crt") || str_has_suffix(entry, ".pem")) {
		*ret_cert = mem_printf("%s/%s", dir, entry);
		*ret_key = mem_printf("%s/%.*s.key", dir, (int)n - 4, entry);
		return true;
	}
	*ret_cert = mem_printf("%s/%s/fullchain.pem", dir, entry);
	if (stat(*ret_cert, &st) < 0 && (errno == ENOENT || errno == ENOTDIR)) {
		free(TAKE_PTR(*ret_cert));
		return false;
	}
	*ret_key = mem_printf("%s/%s/privkey.pem", dir, entry);
	return true;
}

static bool is_default(const char *entry)
{
	return str_eq(entry, "default") || str_eq(entry, "default.crt") ||
	       str_eq(entry, "default.pem");
}

static int add_entry(struct tls_certs *all, const char *dir, const char *entry, bool may_default,
	struct err *err)
{
	CLEANUP(mem_cleanup) char *cert_file = NULL;
	CLEANUP(mem_cleanup) char *key_file = NULL;
	const struct cert *c;

	if (!pair_of(dir, entry, &cert_file, &key_file))
		return 0;
	c = add(all, cert_file, key_file, err);
	if (!c)
		return -EINVAL;
	/* ACME clients keep NAME/fullchain.pem as a link into a directory of all versions of
	 * NAME's, beside that of the next name */
	note_place(all, cert_file, str_has_suffix(cert_file, "/fullchain.pem"));
	note_place(all, key_file, str_has_suffix(key_file, "/privkey.pem"));
	if (may_default && is_default(entry))
		set_fallback(all, c);
	return 0;
}

int tls_certs_add_directory(struct tls_certs *all, const char *dir, struct err *err)
{
	struct dirent **entries;
	int n = scandir(dir, &entries, NULL, alphasort), r = 0;
	bool may_default = !has_fallback(all);
	size_t before = all->n;
	struct list *last = all->certs.prev;

	if (n < 0)
		return err_set_errno(err, -errno, "certificate directory '%s'", dir);
	for (int i = 0; i < n; i++) {
		if (r == 0)
			r = add_entry(all, dir, entries[i]->d_name, may_default, err);
		free(entries[i]);
	}
	free(entries);
	if (r == 0 && all->n == before)
		return err_set(err, -ENOENT,
			"certificate directory '%s' holds neither NAME.crt nor NAME.pem with "
			"NAME.key, nor NAME/fullchain.pem",
			dir);
	if (r == 0 && !has_fallback(all))
		set_fallback(all, list_entry(last->next, struct cert, node));
	return r;
}

/* --- use ------------------------------------------------------------------------------------- */

static const struct choice *find(const struct tls_certs *all, const char *name)
{
	char text[NAME_MAX_BYTES + 1];
	const struct choice *found;
	const char *dot;

	if (!name || !normalise(text, name, strlen(name)))
		return &all->fallback;
	found = map_get(&all->names, text);
	dot = strchr(text, '.');
	if (!found && dot && dot > text)
		found = map_get(&all->names, dot);
	return found ? found : &all->fallback;
}

bool tls_certs_use(const struct tls_certs *all, SSL *ssl, const char *name)
{
	const struct choice *choice = find(all, name);
	bool any = false;

	for (size_t k = 0; k < KIND_COUNT; k++) {
		const struct cert *c = choice->of[k];

		if (!c)
			continue;
		if (SSL_use_cert_and_key(ssl, c->leaf, c->key, c->chain, /* override= */ 1) != 1)
			return false;
		any = true;
	}
	return any;
}

size_t tls_certs_count(const struct tls_certs *all)
{
	return all->n;
}

static bool same_cert(const struct cert *a, const struct cert *b)
{
	if (X509_cmp(a->leaf, b->leaf) != 0 || sk_X509_num(a->chain) != sk_X509_num(b->chain))
		return false;
	for (int i = 0; i < sk_X509_num(a->chain); i++) {
		if (X509_cmp(sk_X509_value(a->chain, i), sk_X509_value(b->chain, i)) != 0)
			return false;
	}
	return true; /* each leaf belongs to one key */
}

bool tls_certs_same(const struct tls_certs *a, const struct tls_certs *b)
{
	struct list *x, *y;

	if (!a || !b || a->n != b->n)
		return a == b;
	for (x = a->certs.next, y = b->certs.next; x != &a->certs; x = x->next, y = y->next) {
		if (!same_cert(list_entry(x, struct cert, node), list_entry(y, struct cert, node)))
			return false;
	}
	return true;
}

/* --- life ------------------------------------------------------------------------------------ */

struct tls_certs *tls_certs_new(void)
{
	struct tls_certs *all = mem_new(struct tls_certs);

	list_init(&all->certs);
	map_init(&all->names);
	all->trial = SSL_CTX_new(TLS_server_method());
	if (!all->trial)
		abort(); /* only without memory */
	return all;
}

void tls_certs_free(struct tls_certs *all)
{
	const char *name;
	void *choice;
	size_t at = 0;

	if (!all)
		return;
	while (map_next(&all->names, &at, &name, &choice))
		free(choice);
	map_deinit(&all->names);
	list_each_safe (c, &all->certs, struct cert, node)
		free_cert(c);
	SSL_CTX_free(all->trial);
	str_list_deinit(&all->places);
	free(all);
}
