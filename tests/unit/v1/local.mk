# One program per module, sorted.
if HAVE_CMOCKA
V1_TESTS = \
	tests/unit/v1/test_link_pair \
	tests/unit/v1/test_v1_dam \
	tests/unit/v1/test_v1_out
check_PROGRAMS += $(V1_TESTS)
TESTS += $(V1_TESTS)
V1_TESTS_LIBS = src/v1/libv1.a src/mux/libmux.a src/proto/libproto.a src/io/libio.a src/base/libbase.a \
	$(JANSSON_LIBS) $(OPENSSL_LIBS) $(CARES_LIBS) $(EV_LIBS) $(CMOCKA_LIBS)
tests_unit_v1_test_link_pair_CFLAGS = $(AM_CFLAGS) -fno-strict-aliasing
tests_unit_v1_test_link_pair_LDADD = $(V1_TESTS_LIBS)
tests_unit_v1_test_v1_dam_CFLAGS = $(AM_CFLAGS) -fno-strict-aliasing
tests_unit_v1_test_v1_dam_LDADD = src/v1/libv1.a src/ws/libws.a $(V1_TESTS_LIBS) $(LWS_LIBS)
tests_unit_v1_test_v1_out_LDADD = $(V1_TESTS_LIBS)
endif
