noinst_LIBRARIES += src/crypt/libcrypt.a
src_crypt_libcrypt_a_SOURCES = \
	src/crypt/digest.c src/crypt/digest.h \
	src/crypt/hmac.c src/crypt/hmac.h \
	src/crypt/key.c src/crypt/key.h \
	src/crypt/secret.c src/crypt/secret.h
