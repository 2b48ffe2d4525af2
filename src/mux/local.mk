noinst_LIBRARIES += src/mux/libmux.a
src_mux_libmux_a_SOURCES = \
	src/mux/link.c src/mux/link.h \
	src/mux/move.c src/mux/move.h \
	src/mux/probe.c src/mux/probe.h \
	src/mux/resume.c src/mux/resume.h \
	src/mux/ring.c src/mux/ring.h \
	src/mux/schedule.c src/mux/schedule.h \
	src/mux/session.c src/mux/session.h \
	src/mux/stream.c src/mux/stream.h \
	src/mux/tick.c src/mux/tick.h \
	src/mux/window.c src/mux/window.h
