noinst_LIBRARIES += src/dashboard/libdashboard.a
src_dashboard_libdashboard_a_CFLAGS = $(AM_CFLAGS) -fno-strict-aliasing
src_dashboard_libdashboard_a_SOURCES = \
	src/dashboard/dashboard.c src/dashboard/dashboard.h \
	src/dashboard/dashboard_conf.h \
	src/dashboard/dashboard_guard.c src/dashboard/dashboard_guard.h \
	src/dashboard/dashboard_peer.c src/dashboard/dashboard_peer.h
