noinst_LIBRARIES += src/gate/libgate.a
src_gate_libgate_a_CFLAGS = $(AM_CFLAGS) -fno-strict-aliasing
src_gate_libgate_a_SOURCES = \
	src/gate/gate.c src/gate/gate.h \
	src/gate/gate_answer.c src/gate/gate_answer.h \
	src/gate/gate_read.c src/gate/gate_read.h \
	src/gate/gate_refusal.def.h \
	src/gate/gate_watch.c src/gate/gate_watch.h \
	src/gate/verify_conf.c src/gate/verify_conf.h
