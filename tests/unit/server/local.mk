if HAVE_CMOCKA
SERVER_TEST_LIBS = $(tunnelto_server_LDADD) $(CMOCKA_LIBS)
SERVER_TESTS = tests/unit/server/test_admit tests/unit/server/test_edge_claims tests/unit/server/test_front_sort tests/unit/server/test_keys tests/unit/server/test_names \
	tests/unit/server/test_parking tests/unit/server/test_peer tests/unit/server/test_server_conf tests/unit/server/test_server_env tests/unit/server/test_v1_token
check_PROGRAMS += $(SERVER_TESTS)
TESTS += $(SERVER_TESTS)
tests_unit_server_test_admit_SOURCES = tests/unit/server/test_admit.c tests/unit/server/server_test.h
tests_unit_server_test_admit_LDADD = $(SERVER_TEST_LIBS)
tests_unit_server_test_edge_claims_SOURCES = tests/unit/server/test_edge_claims.c tests/unit/server/server_test.h
tests_unit_server_test_edge_claims_CFLAGS = $(AM_CFLAGS) -fno-strict-aliasing
tests_unit_server_test_edge_claims_LDADD = $(SERVER_TEST_LIBS)
tests_unit_server_test_front_sort_SOURCES = tests/unit/server/test_front_sort.c tests/unit/server/server_test.h
tests_unit_server_test_front_sort_LDADD = $(SERVER_TEST_LIBS)
tests_unit_server_test_keys_SOURCES = tests/unit/server/test_keys.c tests/unit/server/server_test.h
tests_unit_server_test_keys_LDADD = $(SERVER_TEST_LIBS)
tests_unit_server_test_names_SOURCES = tests/unit/server/test_names.c
tests_unit_server_test_names_LDADD = $(SERVER_TEST_LIBS)
tests_unit_server_test_parking_SOURCES = tests/unit/server/test_parking.c
tests_unit_server_test_parking_CFLAGS = $(AM_CFLAGS) -fno-strict-aliasing
tests_unit_server_test_parking_LDADD = $(SERVER_TEST_LIBS)
tests_unit_server_test_peer_SOURCES = tests/unit/server/test_peer.c tests/unit/server/server_test.h
tests_unit_server_test_peer_CFLAGS = $(AM_CFLAGS) -fno-strict-aliasing
tests_unit_server_test_peer_LDADD = $(SERVER_TEST_LIBS)
tests_unit_server_test_server_conf_CPPFLAGS = $(AM_CPPFLAGS) -DCERTS_SH='"$(abs_top_srcdir)/tests/data/certs.sh"'
tests_unit_server_test_server_conf_SOURCES = tests/unit/server/test_server_conf.c tests/unit/server/server_test.h
tests_unit_server_test_server_conf_LDADD = $(SERVER_TEST_LIBS)
tests_unit_server_test_server_env_SOURCES = tests/unit/server/test_server_env.c tests/unit/server/server_test.h
tests_unit_server_test_server_env_LDADD = $(SERVER_TEST_LIBS)
tests_unit_server_test_v1_token_LDADD = $(SERVER_TEST_LIBS)
endif
