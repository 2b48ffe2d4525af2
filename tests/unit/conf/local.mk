if HAVE_CMOCKA
CONF_TESTS = tests/unit/conf/test_bind tests/unit/conf/test_doc tests/unit/conf/test_report
check_PROGRAMS += $(CONF_TESTS)
TESTS += $(CONF_TESTS)
CONF_TESTS_LIBS = src/conf/libconf.a src/base/libbase.a $(YAML_LIBS) $(CMOCKA_LIBS)
tests_unit_conf_test_bind_SOURCES = tests/unit/conf/test_bind.c tests/unit/conf/sample.h
tests_unit_conf_test_bind_LDADD = $(CONF_TESTS_LIBS)
tests_unit_conf_test_doc_LDADD = $(CONF_TESTS_LIBS)
tests_unit_conf_test_report_LDADD = $(CONF_TESTS_LIBS)
endif
