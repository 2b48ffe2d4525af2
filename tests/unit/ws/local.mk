if HAVE_CMOCKA
check_PROGRAMS += tests/unit/ws/test_ws
TESTS += tests/unit/ws/test_ws
tests_unit_ws_test_ws_SOURCES = tests/unit/ws/test_ws.c
tests_unit_ws_test_ws_CPPFLAGS = $(AM_CPPFLAGS) -DCERTS_SH='"$(abs_top_srcdir)/tests/data/certs.sh"'
tests_unit_ws_test_ws_CFLAGS = $(AM_CFLAGS) -fno-strict-aliasing
tests_unit_ws_test_ws_LDADD = src/ws/libws.a src/mux/libmux.a src/proto/libproto.a src/io/libio.a \
	src/base/libbase.a $(LWS_LIBS) $(JANSSON_LIBS) $(OPENSSL_LIBS) $(CARES_LIBS) $(EV_LIBS) $(CMOCKA_LIBS)

# The same as in the static tunnelto: libwebsockets' archive, and ws_poll in the place of ws_guest.
if STATIC_CLIENT
check_PROGRAMS += tests/unit/ws/test_ws_static
TESTS += tests/unit/ws/test_ws_static
tests_unit_ws_test_ws_static_SOURCES = tests/unit/ws/test_ws.c $(WS_POLL_SOURCES)
tests_unit_ws_test_ws_static_CPPFLAGS = $(tests_unit_ws_test_ws_CPPFLAGS) -DWS_POLL
tests_unit_ws_test_ws_static_CFLAGS = $(tests_unit_ws_test_ws_CFLAGS)
tests_unit_ws_test_ws_static_LDFLAGS = $(AM_LDFLAGS) $(WS_POLL_LDFLAGS)
tests_unit_ws_test_ws_static_LDADD = src/ws/libws.a src/mux/libmux.a src/proto/libproto.a src/io/libio.a \
	src/base/libbase.a -l:libwebsockets.a -lcap $(JANSSON_LIBS) $(OPENSSL_LIBS) $(CARES_LIBS) $(EV_LIBS) $(CMOCKA_LIBS)
endif
endif
