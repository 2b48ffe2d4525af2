EXTRA_DIST += tests/unit/cm.h
if HAVE_CMOCKA
BASE_TESTS = tests/unit/base/test_base64 tests/unit/base/test_buf tests/unit/base/test_cursor tests/unit/base/test_err \
	tests/unit/base/test_list tests/unit/base/test_log tests/unit/base/test_map \
	tests/unit/base/test_parse tests/unit/base/test_rand tests/unit/base/test_str \
	tests/unit/base/test_time
check_PROGRAMS += $(BASE_TESTS)
TESTS += $(BASE_TESTS)
BASE_TESTS_LIBS = src/base/libbase.a $(CMOCKA_LIBS)
tests_unit_base_test_base64_LDADD = $(BASE_TESTS_LIBS)
tests_unit_base_test_buf_LDADD = $(BASE_TESTS_LIBS)
tests_unit_base_test_cursor_LDADD = $(BASE_TESTS_LIBS)
tests_unit_base_test_err_LDADD = $(BASE_TESTS_LIBS)
tests_unit_base_test_list_LDADD = $(BASE_TESTS_LIBS)
tests_unit_base_test_log_LDADD = $(BASE_TESTS_LIBS)
tests_unit_base_test_map_LDADD = $(BASE_TESTS_LIBS)
tests_unit_base_test_parse_LDADD = $(BASE_TESTS_LIBS)
tests_unit_base_test_rand_LDADD = $(BASE_TESTS_LIBS)
tests_unit_base_test_str_LDADD = $(BASE_TESTS_LIBS)
tests_unit_base_test_time_LDADD = $(BASE_TESTS_LIBS)
endif
