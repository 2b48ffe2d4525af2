noinst_LIBRARIES += src/v1/libv1.a
src_v1_libv1_a_CFLAGS = $(AM_CFLAGS) -fno-strict-aliasing
src_v1_libv1_a_SOURCES = \
	src/v1/link_pair.c src/v1/link_pair.h \
	src/v1/v1_conn.c src/v1/v1_conn.h \
	src/v1/v1_dam.c src/v1/v1_dam.h \
	src/v1/v1_flow.c src/v1/v1_flow.h \
	src/v1/v1_guest.c src/v1/v1_guest.h \
	src/v1/v1_host.c src/v1/v1_host.h \
	src/v1/v1_out.c src/v1/v1_out.h \
	src/v1/v1_stream.c src/v1/v1_stream.h
