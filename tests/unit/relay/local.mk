if HAVE_CMOCKA
check_PROGRAMS += tests/unit/relay/test_pump
TESTS += tests/unit/relay/test_pump
tests_unit_relay_test_pump_SOURCES = tests/unit/relay/test_pump.c tests/unit/session_pair.h
tests_unit_relay_test_pump_CFLAGS = $(AM_CFLAGS) -fno-strict-aliasing
tests_unit_relay_test_pump_LDADD = src/relay/librelay.a src/mux/libmux.a src/proto/libproto.a src/io/libio.a \
	src/base/libbase.a $(JANSSON_LIBS) $(OPENSSL_LIBS) $(CARES_LIBS) $(EV_LIBS) $(CMOCKA_LIBS)
endif
