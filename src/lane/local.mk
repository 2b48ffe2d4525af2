noinst_LIBRARIES += src/lane/liblane.a
src_lane_liblane_a_CFLAGS = $(AM_CFLAGS) -fno-strict-aliasing
src_lane_liblane_a_SOURCES = \
	src/lane/lane.c src/lane/lane.h \
	src/lane/lane_client.c src/lane/lane_client.h \
	src/lane/lane_server.c src/lane/lane_server.h
