noinst_LIBRARIES += src/sys/libsys.a
src_sys_libsys_a_CFLAGS = $(AM_CFLAGS) -fno-strict-aliasing
src_sys_libsys_a_SOURCES = \
	src/sys/creds.c src/sys/creds.h \
	src/sys/exit.c src/sys/exit.h src/sys/exit.def.h \
	src/sys/landlock.c src/sys/landlock.h \
	src/sys/limits.c src/sys/limits.h \
	src/sys/listen_fds.c src/sys/listen_fds.h \
	src/sys/log_journal.c src/sys/log_journal.h \
	src/sys/notify.c src/sys/notify.h \
	src/sys/watchdog.c src/sys/watchdog.h
