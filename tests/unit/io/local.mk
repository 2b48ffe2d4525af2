EXTRA_DIST += tests/data/certs.sh
if HAVE_CMOCKA
IO_TESTS = tests/unit/io/test_addr tests/unit/io/test_conn tests/unit/io/test_dial \
	tests/unit/io/test_listener tests/unit/io/test_loop tests/unit/io/test_peek \
	tests/unit/io/test_resolve tests/unit/io/test_tls tests/unit/io/test_tls_certs
check_PROGRAMS += $(IO_TESTS)
TESTS += $(IO_TESTS)
IO_TESTS_LIBS = src/io/libio.a src/base/libbase.a $(OPENSSL_LIBS) $(CARES_LIBS) $(EV_LIBS) $(CMOCKA_LIBS)
# libev's watchers pun types
IO_TESTS_CFLAGS = $(AM_CFLAGS) -fno-strict-aliasing
tests_unit_io_test_addr_SOURCES = tests/unit/io/test_addr.c
tests_unit_io_test_addr_CFLAGS = $(IO_TESTS_CFLAGS)
tests_unit_io_test_addr_LDADD = $(IO_TESTS_LIBS)
tests_unit_io_test_conn_SOURCES = tests/unit/io/test_conn.c tests/unit/io/io_test.h
tests_unit_io_test_conn_CFLAGS = $(IO_TESTS_CFLAGS)
tests_unit_io_test_conn_LDADD = $(IO_TESTS_LIBS)
tests_unit_io_test_dial_SOURCES = tests/unit/io/test_dial.c tests/unit/io/io_test.h
tests_unit_io_test_dial_CFLAGS = $(IO_TESTS_CFLAGS)
tests_unit_io_test_dial_LDADD = $(IO_TESTS_LIBS)
tests_unit_io_test_listener_SOURCES = tests/unit/io/test_listener.c tests/unit/io/io_test.h
tests_unit_io_test_listener_CFLAGS = $(IO_TESTS_CFLAGS)
tests_unit_io_test_listener_LDADD = $(IO_TESTS_LIBS)
tests_unit_io_test_loop_SOURCES = tests/unit/io/test_loop.c tests/unit/io/io_test.h
tests_unit_io_test_loop_CFLAGS = $(IO_TESTS_CFLAGS)
tests_unit_io_test_loop_LDADD = $(IO_TESTS_LIBS)
tests_unit_io_test_peek_SOURCES = tests/unit/io/test_peek.c tests/unit/io/io_test.h
tests_unit_io_test_peek_CFLAGS = $(IO_TESTS_CFLAGS)
tests_unit_io_test_peek_LDADD = $(IO_TESTS_LIBS)
tests_unit_io_test_resolve_SOURCES = tests/unit/io/test_resolve.c tests/unit/io/io_test.h
tests_unit_io_test_resolve_CFLAGS = $(IO_TESTS_CFLAGS)
tests_unit_io_test_resolve_LDADD = $(IO_TESTS_LIBS)
tests_unit_io_test_tls_SOURCES = tests/unit/io/test_tls.c tests/unit/io/io_test.h
tests_unit_io_test_tls_CFLAGS = $(IO_TESTS_CFLAGS)
tests_unit_io_test_tls_LDADD = $(IO_TESTS_LIBS)
tests_unit_io_test_tls_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=send
tests_unit_io_test_tls_certs_SOURCES = tests/unit/io/test_tls_certs.c
tests_unit_io_test_tls_certs_CPPFLAGS = $(AM_CPPFLAGS) -DCERTS_SH='"$(abs_top_srcdir)/tests/data/certs.sh"'
tests_unit_io_test_tls_certs_CFLAGS = $(IO_TESTS_CFLAGS)
tests_unit_io_test_tls_certs_LDADD = $(IO_TESTS_LIBS)
endif
