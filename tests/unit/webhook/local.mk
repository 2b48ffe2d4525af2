if HAVE_CMOCKA
WEBHOOK_TESTS = tests/unit/webhook/test_webhook tests/unit/webhook/test_webhook_check tests/unit/webhook/test_webhook_sign
check_PROGRAMS += $(WEBHOOK_TESTS)
TESTS += $(WEBHOOK_TESTS)
WEBHOOK_TESTS_LIBS = src/webhook/libwebhook.a src/crypt/libcrypt.a src/proto/libproto.a src/base/libbase.a $(OPENSSL_LIBS) \
	$(CMOCKA_LIBS)
tests_unit_webhook_test_webhook_LDADD = $(WEBHOOK_TESTS_LIBS)
tests_unit_webhook_test_webhook_check_SOURCES = tests/unit/webhook/test_webhook_check.c tests/unit/webhook/webhook_test.h
tests_unit_webhook_test_webhook_check_LDADD = $(WEBHOOK_TESTS_LIBS)
tests_unit_webhook_test_webhook_sign_SOURCES = tests/unit/webhook/test_webhook_sign.c tests/unit/webhook/webhook_test.h
tests_unit_webhook_test_webhook_sign_LDADD = $(WEBHOOK_TESTS_LIBS)
endif
