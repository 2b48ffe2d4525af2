if HAVE_CMOCKA
GATE_TESTS = \
	tests/unit/gate/test_verify_conf
check_PROGRAMS += $(GATE_TESTS)
TESTS += $(GATE_TESTS)
tests_unit_gate_test_verify_conf_LDADD = src/gate/libgate.a src/webhook/libwebhook.a src/sys/libsys.a src/io/libio.a src/crypt/libcrypt.a \
	src/conf/libconf.a src/proto/libproto.a src/base/libbase.a $(OPENSSL_LIBS) $(YAML_LIBS) $(SYSTEMD_LIBS) $(CMOCKA_LIBS)
endif
