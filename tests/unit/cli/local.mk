if HAVE_CMOCKA
CLI_TESTS = \
	tests/unit/cli/test_args \
	tests/unit/cli/test_body_filter \
	tests/unit/cli/test_cells \
	tests/unit/cli/test_completion \
	tests/unit/cli/test_curl \
	tests/unit/cli/test_diff \
	tests/unit/cli/test_draft \
	tests/unit/cli/test_json_indent \
	tests/unit/cli/test_one_shot \
	tests/unit/cli/test_print \
	tests/unit/cli/test_top_data \
	tests/unit/cli/test_top_view \
	tests/unit/cli/test_verbs \
	tests/unit/cli/test_whole_file
check_PROGRAMS += $(CLI_TESTS)
TESTS += $(CLI_TESTS)
CLI_TESTS_LIBS = $(CLI_LIBS) $(CMOCKA_LIBS)
tests_unit_cli_test_body_filter_LDADD = $(CLI_TESTS_LIBS)
tests_unit_cli_test_curl_LDADD = $(CLI_TESTS_LIBS)
tests_unit_cli_test_json_indent_LDADD = $(CLI_TESTS_LIBS)
tests_unit_cli_test_args_LDADD = $(CLI_TESTS_LIBS)
tests_unit_cli_test_cells_LDADD = $(CLI_TESTS_LIBS)
tests_unit_cli_test_completion_LDADD = $(CLI_TESTS_LIBS)
tests_unit_cli_test_diff_LDADD = $(CLI_TESTS_LIBS)
tests_unit_cli_test_draft_LDADD = $(CLI_TESTS_LIBS)
tests_unit_cli_test_one_shot_SOURCES = tests/unit/cli/test_one_shot.c tests/unit/cli/cli_test.h
tests_unit_cli_test_one_shot_LDADD = $(CLI_TESTS_LIBS)
tests_unit_cli_test_print_SOURCES = tests/unit/cli/test_print.c tests/unit/cli/cli_test.h
tests_unit_cli_test_print_LDADD = $(CLI_TESTS_LIBS)
tests_unit_cli_test_top_data_LDADD = $(CLI_TESTS_LIBS)
tests_unit_cli_test_top_view_LDADD = $(CLI_TESTS_LIBS)
tests_unit_cli_test_verbs_SOURCES = tests/unit/cli/test_verbs.c tests/unit/cli/cli_test.h
tests_unit_cli_test_verbs_LDADD = $(CLI_TESTS_LIBS)
tests_unit_cli_test_whole_file_LDADD = $(CLI_TESTS_LIBS)
endif
TESTS += tests/unit/cli/needed.sh
EXTRA_DIST += tests/unit/cli/needed.sh
