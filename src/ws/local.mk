noinst_LIBRARIES += src/ws/libws.a
src_ws_libws_a_CFLAGS = $(AM_CFLAGS) -fno-strict-aliasing
src_ws_libws_a_SOURCES = \
	src/ws/ws_client.c src/ws/ws_client.h \
	src/ws/ws_guest.c src/ws/ws_guest.h \
	src/ws/ws_link.c src/ws/ws_link.h \
	src/ws/ws_loop.c src/ws/ws_loop.h \
	src/ws/ws_pipe.c src/ws/ws_pipe.h \
	src/ws/ws_server.c src/ws/ws_server.h \
	src/ws/ws_site.c src/ws/ws_site.h \
	src/ws/ws_text.c src/ws/ws_text.h

# For static programs, which name it among their sources: they can load no plugin. It wraps libwebsockets' poll().
WS_POLL_SOURCES = src/ws/ws_poll.c
WS_POLL_LDFLAGS = -Wl,--wrap=poll
EXTRA_DIST += $(WS_POLL_SOURCES)
