noinst_LIBRARIES += src/inspect/libinspect.a
src_inspect_libinspect_a_CFLAGS = $(AM_CFLAGS) -fno-strict-aliasing
src_inspect_libinspect_a_SOURCES = \
	src/inspect/capture.c src/inspect/capture.h \
	src/inspect/exchange.c src/inspect/exchange.h \
	src/inspect/rebuild.c src/inspect/rebuild.h \
	src/inspect/redact.c src/inspect/redact.h \
	src/inspect/tap.c src/inspect/tap.h
