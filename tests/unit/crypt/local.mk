if HAVE_CMOCKA
CRYPT_TESTS = tests/unit/crypt/test_digest tests/unit/crypt/test_key tests/unit/crypt/test_secret
check_PROGRAMS += $(CRYPT_TESTS)
TESTS += $(CRYPT_TESTS)
CRYPT_TESTS_LIBS = src/crypt/libcrypt.a src/base/libbase.a $(OPENSSL_LIBS) $(CMOCKA_LIBS)
tests_unit_crypt_test_digest_LDADD = $(CRYPT_TESTS_LIBS)
tests_unit_crypt_test_key_LDADD = $(CRYPT_TESTS_LIBS)
tests_unit_crypt_test_secret_LDADD = $(CRYPT_TESTS_LIBS)
endif
