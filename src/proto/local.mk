noinst_LIBRARIES += src/proto/libproto.a
src_proto_libproto_a_SOURCES = \
	src/proto/close.c src/proto/close.def.h src/proto/close.h \
	src/proto/frame.c src/proto/frame.def.h src/proto/frame.h \
	src/proto/hello.c src/proto/hello.h src/proto/hello_refusal.def.h
