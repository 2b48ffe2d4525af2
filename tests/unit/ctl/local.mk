if HAVE_CMOCKA
CTL_TESTS = \
	tests/unit/ctl/test_ctl_client \
	tests/unit/ctl/test_ctl_events \
	tests/unit/ctl/test_ctl_params \
	tests/unit/ctl/test_ctl_peer \
	tests/unit/ctl/test_ctl_server \
	tests/unit/ctl/test_event_ring \
	tests/unit/ctl/test_interface_text
check_PROGRAMS += $(CTL_TESTS)
TESTS += $(CTL_TESTS)
CTL_TESTS_LIBS = src/ctl/libctl.a src/io/libio.a src/proto/libproto.a src/base/libbase.a $(OPENSSL_LIBS) \
	$(CARES_LIBS) $(EV_LIBS) $(JANSSON_LIBS) $(CMOCKA_LIBS)
# libev's watchers pun types
CTL_TESTS_CFLAGS = $(AM_CFLAGS) -fno-strict-aliasing
tests_unit_ctl_test_ctl_client_SOURCES = tests/unit/ctl/test_ctl_client.c tests/unit/ctl/ctl_test.h
tests_unit_ctl_test_ctl_client_CFLAGS = $(CTL_TESTS_CFLAGS) -pthread
tests_unit_ctl_test_ctl_client_LDADD = $(CTL_TESTS_LIBS)
tests_unit_ctl_test_ctl_events_SOURCES = tests/unit/ctl/test_ctl_events.c tests/unit/ctl/ctl_test.h
tests_unit_ctl_test_ctl_events_CFLAGS = $(CTL_TESTS_CFLAGS)
tests_unit_ctl_test_ctl_events_LDADD = $(CTL_TESTS_LIBS)
tests_unit_ctl_test_ctl_params_LDADD = src/ctl/libctl.a src/base/libbase.a $(JANSSON_LIBS) $(CMOCKA_LIBS)
tests_unit_ctl_test_ctl_peer_SOURCES = tests/unit/ctl/test_ctl_peer.c tests/unit/ctl/ctl_test.h
tests_unit_ctl_test_ctl_peer_CFLAGS = $(CTL_TESTS_CFLAGS)
tests_unit_ctl_test_ctl_peer_LDADD = $(CTL_TESTS_LIBS)
tests_unit_ctl_test_ctl_server_SOURCES = tests/unit/ctl/test_ctl_server.c tests/unit/ctl/ctl_test.h
tests_unit_ctl_test_ctl_server_CFLAGS = $(CTL_TESTS_CFLAGS)
tests_unit_ctl_test_ctl_server_LDADD = $(CTL_TESTS_LIBS)
tests_unit_ctl_test_event_ring_SOURCES = tests/unit/ctl/test_event_ring.c
tests_unit_ctl_test_event_ring_LDADD = src/ctl/libctl.a src/base/libbase.a $(CMOCKA_LIBS)
tests_unit_ctl_test_interface_text_SOURCES = tests/unit/ctl/test_interface_text.c
tests_unit_ctl_test_interface_text_LDADD = src/ctl/libctl.a src/base/libbase.a $(CMOCKA_LIBS)
endif
