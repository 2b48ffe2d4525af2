# One program per module; PROTO_TESTS is sorted, one a line, so that additions do not collide.
if HAVE_CMOCKA
PROTO_TESTS = \
	tests/unit/proto/test_client_hello \
	tests/unit/proto/test_frame \
	tests/unit/proto/test_hello \
	tests/unit/proto/test_hostname \
	tests/unit/proto/test_http_body \
	tests/unit/proto/test_http_chunk \
	tests/unit/proto/test_http_fault \
	tests/unit/proto/test_http_forward \
	tests/unit/proto/test_http_head \
	tests/unit/proto/test_proxy_header \
	tests/unit/proto/test_v1 \
	tests/unit/proto/test_urlencoded tests/unit/proto/test_varlink
check_PROGRAMS += $(PROTO_TESTS)
TESTS += $(PROTO_TESTS)
PROTO_TESTS_LIBS = src/proto/libproto.a src/base/libbase.a $(JANSSON_LIBS) $(CMOCKA_LIBS)
tests_unit_proto_test_client_hello_LDADD = $(PROTO_TESTS_LIBS)
tests_unit_proto_test_frame_LDADD = $(PROTO_TESTS_LIBS)
tests_unit_proto_test_hello_LDADD = $(PROTO_TESTS_LIBS)
tests_unit_proto_test_hostname_LDADD = $(PROTO_TESTS_LIBS)
tests_unit_proto_test_http_body_LDADD = $(PROTO_TESTS_LIBS)
tests_unit_proto_test_http_chunk_LDADD = $(PROTO_TESTS_LIBS)
tests_unit_proto_test_http_fault_LDADD = $(PROTO_TESTS_LIBS)
tests_unit_proto_test_http_forward_LDADD = $(PROTO_TESTS_LIBS)
tests_unit_proto_test_http_head_LDADD = $(PROTO_TESTS_LIBS)
tests_unit_proto_test_proxy_header_LDADD = $(PROTO_TESTS_LIBS)
tests_unit_proto_test_v1_LDADD = $(PROTO_TESTS_LIBS)
tests_unit_proto_test_urlencoded_LDADD = $(PROTO_TESTS_LIBS)
tests_unit_proto_test_varlink_LDADD = $(PROTO_TESTS_LIBS)
endif
