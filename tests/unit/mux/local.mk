if HAVE_CMOCKA
MUX_TESTS = tests/unit/mux/test_ring tests/unit/mux/test_session tests/unit/mux/test_probe \
	tests/unit/mux/test_soak
check_PROGRAMS += $(MUX_TESTS)
TESTS += $(MUX_TESTS)
MUX_TESTS_LIBS = src/mux/libmux.a src/proto/libproto.a src/base/libbase.a $(JANSSON_LIBS) $(CMOCKA_LIBS)
MUX_PAIR = tests/unit/mux/pair.c tests/unit/mux/pair.h
MUX_SOAK = tests/unit/mux/soak.c tests/unit/mux/soak.h $(MUX_PAIR)
tests_unit_mux_test_ring_LDADD = $(MUX_TESTS_LIBS)
tests_unit_mux_test_probe_SOURCES = tests/unit/mux/test_probe.c $(MUX_PAIR)
tests_unit_mux_test_probe_LDADD = $(MUX_TESTS_LIBS)
tests_unit_mux_test_session_SOURCES = tests/unit/mux/test_session.c $(MUX_PAIR)
tests_unit_mux_test_session_LDADD = $(MUX_TESTS_LIBS)
tests_unit_mux_test_soak_SOURCES = tests/unit/mux/test_soak.c $(MUX_SOAK)
tests_unit_mux_test_soak_LDADD = $(MUX_TESTS_LIBS)
endif
