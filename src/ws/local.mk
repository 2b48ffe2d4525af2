noinst_LIBRARIES += src/ws/libws.a
src_ws_libws_a_CFLAGS = $(AM_CFLAGS) -fno-strict-aliasing
src_ws_libws_a_SOURCES = \
	src/ws/ws_client.c src/ws/ws_client.h \
	src/ws/ws_link.c src/ws/ws_link.h \
	src/ws/ws_loop.c src/ws/ws_loop.h \
	src/ws/ws_pipe.c src/ws/ws_pipe.h \
	src/ws/ws_server.c src/ws/ws_server.h
