noinst_LIBRARIES += src/server/libserver.a
src_server_libserver_a_CFLAGS = $(AM_CFLAGS) -fno-strict-aliasing
src_server_libserver_a_SOURCES = \
	src/server/access_log.c src/server/access_log.h \
	src/server/edge_error.c \
	src/server/edge_http.c src/server/edge_http.h \
	src/server/edge_request.c \
	src/server/edge_response.c \
	src/server/edge_tcp.c src/server/edge_tcp.h \
	src/server/edge_visitor.h
