noinst_LIBRARIES += src/relay/librelay.a
src_relay_librelay_a_CFLAGS = $(AM_CFLAGS) -fno-strict-aliasing
src_relay_librelay_a_SOURCES = src/relay/pump.c src/relay/pump.h
