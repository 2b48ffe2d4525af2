if HAVE_CMOCKA
check_PROGRAMS += tests/unit/lane/test_lane
TESTS += tests/unit/lane/test_lane
tests_unit_lane_test_lane_SOURCES = tests/unit/lane/test_lane.c tests/unit/certs_test.h
tests_unit_lane_test_lane_CPPFLAGS = $(AM_CPPFLAGS) -DCERTS_SH='"$(abs_top_srcdir)/tests/data/certs.sh"'
tests_unit_lane_test_lane_CFLAGS = $(AM_CFLAGS) -fno-strict-aliasing
tests_unit_lane_test_lane_LDADD = src/lane/liblane.a src/mux/libmux.a src/proto/libproto.a src/io/libio.a \
	src/base/libbase.a $(JANSSON_LIBS) $(OPENSSL_LIBS) $(CARES_LIBS) $(EV_LIBS) $(CMOCKA_LIBS)
endif
