#!/bin/sh
# SPDX-License-Identifier: MIT
# Certificates for tests, made afresh: certs.sh DIR. Nothing here protects anything.
#   ca.crt ca.key     a certification authority of our own
#   server.*          localhost, *.localhost, *.test.localhost, 127.0.0.1, ::1 (OpenSSL heeds only
#                     wildcards with two dots)
#   expired.*         the same names, over since 2020
#   other.*           other.example only
#   rsa.*             server's names again, with an RSA key
#   wild.*            *.wild.example and apex.example
#   exact.*           one.wild.example
#   weak.*            weak.example, with an RSA key that is too short for OpenSSL's defaults
#   self.*            localhost, signed by itself
#   encrypted.key     server.key behind a passphrase
set -eu

[ $# -eq 1 ] || { echo "usage: certs.sh DIR" >&2; exit 2; }
mkdir -p "$1"
cd "$1"
umask 077

key() {
	openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"
}

# sign NAME NAMES STARTS ENDS: dates as YYYYMMDDHHMMSSZ; `openssl x509` cannot backdate, `ca` can.
# The key is an ECDSA one unless NAME.key is there already.
sign() {
	[ -e "$1.key" ] || key "$1"
	openssl req -new -key "$1.key" -subj "/CN=tunnelto test $1" -out "$1.csr"
	cat >"$1.cnf" <<-END
		[ca]
		default_ca = here
		[here]
		database = index.txt
		serial = serial
		new_certs_dir = .
		default_md = sha256
		policy = any
		x509_extensions = leaf
		unique_subject = no
		[any]
		commonName = supplied
		[leaf]
		basicConstraints = critical,CA:false
		keyUsage = critical,digitalSignature
		extendedKeyUsage = serverAuth
		subjectKeyIdentifier = hash
		authorityKeyIdentifier = keyid
		subjectAltName = $2
	END
	openssl ca -batch -notext -config "$1.cnf" -cert ca.crt -keyfile ca.key -in "$1.csr" \
		-startdate "$3" -enddate "$4" -out "$1.crt" 2>"$1.log" || { cat "$1.log" >&2; exit 1; }
	rm -f "$1.csr" "$1.cnf" "$1.log"
}

key ca
openssl req -new -x509 -key ca.key -sha256 -days 3650 -subj "/CN=tunnelto test CA" -out ca.crt \
	-addext "keyUsage=critical,keyCertSign,cRLSign"
: >index.txt
echo 1000 >serial

own="DNS:localhost,DNS:*.localhost,DNS:*.test.localhost,IP:127.0.0.1,IP:::1"
sign server "$own" 20200101000000Z 20491231235959Z
sign expired "$own" 20200101000000Z 20200201000000Z
sign other "DNS:other.example,DNS:www.other.example" 20200101000000Z 20491231235959Z
openssl genrsa -out rsa.key 2048 2>/dev/null
sign rsa "$own" 20200101000000Z 20491231235959Z
sign wild "DNS:*.wild.example,DNS:apex.example" 20200101000000Z 20491231235959Z
sign exact "DNS:one.wild.example" 20200101000000Z 20491231235959Z
openssl genrsa -out weak.key 1024 2>/dev/null
sign weak "DNS:weak.example" 20200101000000Z 20491231235959Z

key self
openssl req -new -x509 -key self.key -sha256 -days 3650 -subj "/CN=localhost" -out self.crt \
	-addext "subjectAltName=DNS:localhost"
openssl ec -in server.key -aes128 -passout pass:secret -out encrypted.key 2>/dev/null
rm -f index.txt* serial* [0-9]*.pem
