if HAVE_CMOCKA
CLIENT_TESTS = \
	tests/unit/client/test_agent \
	tests/unit/client/test_client_conf \
	tests/unit/client/test_origin \
	tests/unit/client/test_target \
	tests/unit/client/test_uplink
check_PROGRAMS += $(CLIENT_TESTS)
TESTS += $(CLIENT_TESTS)
CLIENT_TESTS_CFLAGS = $(AM_CFLAGS) -fno-strict-aliasing
CLIENT_TESTS_LIBS = $(tunneltod_LDADD) $(CMOCKA_LIBS)
tests_unit_client_test_agent_SOURCES = tests/unit/client/test_agent.c tests/unit/client/fake_server.h
tests_unit_client_test_agent_CFLAGS = $(CLIENT_TESTS_CFLAGS)
tests_unit_client_test_agent_LDADD = $(CLIENT_TESTS_LIBS)
tests_unit_client_test_client_conf_LDADD = $(CLIENT_TESTS_LIBS)
tests_unit_client_test_origin_SOURCES = tests/unit/client/test_origin.c tests/unit/session_pair.h
tests_unit_client_test_origin_CFLAGS = $(CLIENT_TESTS_CFLAGS)
tests_unit_client_test_origin_LDADD = $(CLIENT_TESTS_LIBS)
tests_unit_client_test_target_LDADD = $(CLIENT_TESTS_LIBS)
tests_unit_client_test_uplink_SOURCES = tests/unit/client/test_uplink.c tests/unit/client/fake_server.h
tests_unit_client_test_uplink_CFLAGS = $(CLIENT_TESTS_CFLAGS)
tests_unit_client_test_uplink_LDADD = $(CLIENT_TESTS_LIBS)
endif
