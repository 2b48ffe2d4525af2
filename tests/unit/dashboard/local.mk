if HAVE_CMOCKA
DASHBOARD_TESTS = \
	tests/unit/dashboard/test_dashboard_guard
check_PROGRAMS += $(DASHBOARD_TESTS)
TESTS += $(DASHBOARD_TESTS)
tests_unit_dashboard_test_dashboard_guard_LDADD = src/dashboard/libdashboard.a src/io/libio.a src/crypt/libcrypt.a src/base/libbase.a \
	$(OPENSSL_LIBS) $(CMOCKA_LIBS)
endif
