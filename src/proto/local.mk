noinst_LIBRARIES += src/proto/libproto.a
src_proto_libproto_a_SOURCES = \
	src/proto/client_hello.c src/proto/client_hello.h \
	src/proto/close.c src/proto/close.def.h src/proto/close.h \
	src/proto/frame.c src/proto/frame.def.h src/proto/frame.h \
	src/proto/hello.c src/proto/hello.h src/proto/hello_refusal.def.h \
	src/proto/hostname.c src/proto/hostname.h \
	src/proto/http_body.c src/proto/http_body.h \
	src/proto/http_chunk.c src/proto/http_chunk.h \
	src/proto/http_fault.c src/proto/http_fault.def.h src/proto/http_fault.h \
	src/proto/http_forward.c src/proto/http_forward.h \
	src/proto/http_head.c src/proto/http_head.h \
	src/proto/proxy_header.c src/proto/proxy_header.h \
	src/proto/v1.c src/proto/v1.h src/proto/v1_packet.def.h \
	src/proto/urlencoded.c src/proto/urlencoded.h \
	src/proto/varlink.c src/proto/varlink.h
