# libev's watchers pun types: no strict aliasing in this room
noinst_LIBRARIES += src/io/libio.a
src_io_libio_a_CFLAGS = $(AM_CFLAGS) -fno-strict-aliasing
src_io_libio_a_SOURCES = \
	src/io/addr.c src/io/addr.h \
	src/io/conn.c src/io/conn.h \
	src/io/conn_tcp.c src/io/conn_tcp.h \
	src/io/conn_tls.c src/io/conn_tls.h \
	src/io/dial.c src/io/dial.h \
	src/io/listener.c src/io/listener.h \
	src/io/loop.c src/io/loop.h \
	src/io/peek.c src/io/peek.h \
	src/io/resolve.c src/io/resolve.h \
	src/io/resolver.c src/io/resolver.h \
	src/io/sig.c src/io/sig.h \
	src/io/timer.c src/io/timer.h \
	src/io/tls_certs.c src/io/tls_certs.h src/io/tls_certs_ssl.h \
	src/io/tls_ctx.c src/io/tls_ctx.h src/io/tls_ctx_ssl.h \
	src/io/tls_tickets.c src/io/tls_tickets.h \
	src/io/tls_verify.c src/io/tls_verify.h
