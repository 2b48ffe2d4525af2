/* SPDX-License-Identifier: MIT */
/*
 * tls_verify: the client's side of "is this the server that I meant?" (RFC 6125, RFC 9525).
 *
 * Chain and name are checked by OpenSSL; what is done here is telling it the name, and turning
 * its verdict into a sentence with the names that the certificate does have. Those come from
 * the peer: bounded, and printable characters only.
 */
#include "io/tls_verify.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/x509v3.h>

#include "io/addr.h"

#define HOST_MAX    253
#define NAMES_SHOWN 3

static void append(char *text, const char *more)
{
	size_t n = strlen(text);

	(void)snprintf(text + n, TLS_VERIFY_TEXT_MAX - n, "%s", more);
}

/* One alternative name as text, or false when it is of a kind that names no host. */
static bool name_text(const GENERAL_NAME *name, char *ret, size_t size)
{
	const ASN1_STRING *s = GENERAL_NAME_get0_value(name, NULL);
	const unsigned char *bytes = ASN1_STRING_get0_data(s);
	size_t n = (size_t)ASN1_STRING_length(s);

	if (name->type == GEN_IPADD && (n == 4 || n == 16))
		return inet_ntop(n == 4 ? AF_INET : AF_INET6, bytes, ret, (socklen_t)size) != NULL;
	if (name->type != GEN_DNS)
		return false;
	n = MIN(n, size - 1);
	for (size_t i = 0; i < n; i++)
		ret[i] = bytes[i] > ' ' && bytes[i] < 0x7f ? (char)bytes[i] : '?';
	ret[n] = '\0';
	return true;
}

static void append_names(char *text, X509 *cert)
{
	GENERAL_NAMES *names = cert ? X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL)
				    : NULL;
	int shown = 0;

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		char one[64];

		if (!name_text(sk_GENERAL_NAME_value(names, i), one, sizeof(one)))
			continue;
		if (shown == NAMES_SHOWN) {
			append(text, ", …");
			break;
		}
		append(text, shown++ ? ", " : ": certificate is for ");
		append(text, one);
	}
	GENERAL_NAMES_free(names);
}

void tls_verify_explain(X509_STORE_CTX *store, char text[static TLS_VERIFY_TEXT_MAX])
{
	int why = X509_STORE_CTX_get_error(store);

	(void)snprintf(text, TLS_VERIFY_TEXT_MAX, "certificate verify failed: %s",
		X509_verify_cert_error_string(why));
	if (why == X509_V_ERR_HOSTNAME_MISMATCH || why == X509_V_ERR_IP_ADDRESS_MISMATCH)
		append_names(text, X509_STORE_CTX_get0_cert(store));
}

static int on_verify(int ok, X509_STORE_CTX *store)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());

	if (!ok)
		tls_verify_explain(store, SSL_get_app_data(ssl));
	return ok;
}

int tls_verify_name(SSL *ssl, const char *name, bool verify, char text[static TLS_VERIFY_TEXT_MAX])
{
	X509_VERIFY_PARAM *param = SSL_get0_param(ssl);
	char host[HOST_MAX + 2];
	struct addr ip;
	size_t n = strlen(name);

	if (n > 1 && name[n - 1] == '.')
		n--;
	/* an empty name would switch OpenSSL's check off */
	if (n == 0 || n > HOST_MAX || name[0] == '.')
		return -EINVAL;
	memcpy(host, name, n);
	host[n] = '\0';

	if (verify) {
		SSL_set_app_data(ssl, text);
		SSL_set_verify(ssl, SSL_VERIFY_PEER, on_verify);
	}
	if (addr_parse_ip(&ip, host, 0) == 0) /* RFC 6066 §3: literals are no SNI */
		return !verify || X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1 ? 0 : -EINVAL;
	if (SSL_set_tlsext_host_name(ssl, host) != 1)
		return -EINVAL;
	X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return !verify || X509_VERIFY_PARAM_set1_host(param, host, n) == 1 ? 0 : -EINVAL;
}
