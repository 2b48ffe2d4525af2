noinst_LIBRARIES += src/inspect/libinspect.a
src_inspect_libinspect_a_CFLAGS = $(AM_CFLAGS) -fno-strict-aliasing
src_inspect_libinspect_a_SOURCES = \
	src/inspect/capture.c src/inspect/capture.h \
	src/inspect/decode.c src/inspect/decode.h \
	src/inspect/exchange.c src/inspect/exchange.h \
	src/inspect/exchange_json.c src/inspect/exchange_json.h \
	src/inspect/filter.c src/inspect/filter.h \
	src/inspect/har.c src/inspect/har.h \
	src/inspect/head_lines.c src/inspect/head_lines.h \
	src/inspect/rebuild.c src/inspect/rebuild.h \
	src/inspect/redact.c src/inspect/redact.h \
	src/inspect/sse.c src/inspect/sse.h \
	src/inspect/tap.c src/inspect/tap.h \
	src/inspect/tap_messages.c src/inspect/tap_messages.h \
	src/inspect/ws_inflate.c src/inspect/ws_inflate.h \
	src/inspect/ws_messages.c src/inspect/ws_messages.h
