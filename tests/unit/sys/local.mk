if HAVE_CMOCKA
SYS_TESTS = tests/unit/sys/test_environment tests/unit/sys/test_exit tests/unit/sys/test_landlock
SYS_TESTS_LIBS = src/sys/libsys.a src/io/libio.a src/base/libbase.a $(SYSTEMD_LIBS) $(EV_LIBS) $(CMOCKA_LIBS)
SYS_TESTS_CFLAGS = $(AM_CFLAGS) -fno-strict-aliasing
tests_unit_sys_test_environment_SOURCES = tests/unit/sys/test_environment.c
tests_unit_sys_test_environment_LDADD = $(SYS_TESTS_LIBS)
tests_unit_sys_test_exit_SOURCES = tests/unit/sys/test_exit.c
tests_unit_sys_test_exit_LDADD = $(SYS_TESTS_LIBS)
tests_unit_sys_test_landlock_SOURCES = tests/unit/sys/test_landlock.c
tests_unit_sys_test_landlock_LDADD = $(SYS_TESTS_LIBS)
if HAVE_SYSTEMD
SYS_TESTS += tests/unit/sys/test_listen_fds tests/unit/sys/test_notify
tests_unit_sys_test_listen_fds_SOURCES = tests/unit/sys/test_listen_fds.c
tests_unit_sys_test_listen_fds_LDADD = $(SYS_TESTS_LIBS)
tests_unit_sys_test_notify_SOURCES = tests/unit/sys/test_notify.c
tests_unit_sys_test_notify_CFLAGS = $(SYS_TESTS_CFLAGS)
tests_unit_sys_test_notify_LDADD = $(SYS_TESTS_LIBS)
endif
check_PROGRAMS += $(SYS_TESTS)
TESTS += $(SYS_TESTS)
endif
