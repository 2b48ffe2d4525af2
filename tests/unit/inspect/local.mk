# One program per module; sorted, one a line, so that additions do not collide.
if HAVE_CMOCKA
INSPECT_TESTS = \
	tests/unit/inspect/test_capture \
	tests/unit/inspect/test_decode \
	tests/unit/inspect/test_exchange_json \
	tests/unit/inspect/test_filter \
	tests/unit/inspect/test_har \
	tests/unit/inspect/test_rebuild \
	tests/unit/inspect/test_redact \
	tests/unit/inspect/test_sse \
	tests/unit/inspect/test_tap \
	tests/unit/inspect/test_ws_messages
check_PROGRAMS += $(INSPECT_TESTS)
TESTS += $(INSPECT_TESTS)
INSPECT_TESTS_LIBS = src/inspect/libinspect.a src/proto/libproto.a src/base/libbase.a $(JANSSON_LIBS) $(CODINGS_LIBS) $(CMOCKA_LIBS)
tests_unit_inspect_test_capture_LDADD = $(INSPECT_TESTS_LIBS)
tests_unit_inspect_test_decode_LDADD = $(INSPECT_TESTS_LIBS) $(ENCODING_LIBS)
tests_unit_inspect_test_exchange_json_SOURCES = tests/unit/inspect/test_exchange_json.c tests/unit/inspect/inspect_test.h
tests_unit_inspect_test_exchange_json_LDADD = $(INSPECT_TESTS_LIBS)
tests_unit_inspect_test_filter_SOURCES = tests/unit/inspect/test_filter.c tests/unit/inspect/inspect_test.h
tests_unit_inspect_test_filter_LDADD = $(INSPECT_TESTS_LIBS)
tests_unit_inspect_test_har_SOURCES = tests/unit/inspect/test_har.c tests/unit/inspect/inspect_test.h
tests_unit_inspect_test_har_LDADD = $(INSPECT_TESTS_LIBS)
tests_unit_inspect_test_rebuild_LDADD = $(INSPECT_TESTS_LIBS)
tests_unit_inspect_test_redact_LDADD = $(INSPECT_TESTS_LIBS)
tests_unit_inspect_test_sse_LDADD = $(INSPECT_TESTS_LIBS)
tests_unit_inspect_test_tap_LDADD = $(INSPECT_TESTS_LIBS)
tests_unit_inspect_test_ws_messages_LDADD = $(INSPECT_TESTS_LIBS)
endif
