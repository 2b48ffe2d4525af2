# Fuzz targets. Each is tests/fuzz/fuzz_NAME.c with seeds in tests/fuzz/corpus/NAME/. `make check`
# replays the seeds (any compiler); tests/fuzz/run NAME SECONDS fuzzes (clang). To add one: a block
# of four lines like yaml's below.
EXTRA_DIST += tests/fuzz/corpus tests/fuzz/run tests/fuzz/replay_main.c

FUZZERS =
check_PROGRAMS += $(FUZZERS)
if WITH_FUZZER
FUZZ_LINK = $(AM_LDFLAGS) -fsanitize=fuzzer
FUZZ_MAIN =
else
# without arguments a program replays the corpus that goes with its name
TESTS += $(FUZZERS)
FUZZ_LINK = $(AM_LDFLAGS)
FUZZ_MAIN = tests/fuzz/libreplay.a src/base/libbase.a
check_LIBRARIES += tests/fuzz/libreplay.a
tests_fuzz_libreplay_a_SOURCES = tests/fuzz/replay_main.c
endif

FUZZERS += tests/fuzz/fuzz_yaml
tests_fuzz_fuzz_yaml_SOURCES = tests/fuzz/fuzz_yaml.c tests/unit/conf/sample.h
tests_fuzz_fuzz_yaml_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_yaml_LDADD = $(FUZZ_MAIN) src/conf/libconf.a src/base/libbase.a $(YAML_LIBS)

FUZZERS += tests/fuzz/fuzz_client_hello
tests_fuzz_fuzz_client_hello_SOURCES = tests/fuzz/fuzz_client_hello.c
tests_fuzz_fuzz_client_hello_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_client_hello_LDADD = $(FUZZ_MAIN) src/proto/libproto.a src/base/libbase.a

FUZZERS += tests/fuzz/fuzz_http_chunk
tests_fuzz_fuzz_http_chunk_SOURCES = tests/fuzz/fuzz_http_chunk.c
tests_fuzz_fuzz_http_chunk_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_http_chunk_LDADD = $(FUZZ_MAIN) src/proto/libproto.a src/base/libbase.a

FUZZERS += tests/fuzz/fuzz_http_head
tests_fuzz_fuzz_http_head_SOURCES = tests/fuzz/fuzz_http_head.c
tests_fuzz_fuzz_http_head_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_http_head_LDADD = $(FUZZ_MAIN) src/proto/libproto.a src/base/libbase.a

FUZZERS += tests/fuzz/fuzz_proxy_header
tests_fuzz_fuzz_proxy_header_SOURCES = tests/fuzz/fuzz_proxy_header.c
tests_fuzz_fuzz_proxy_header_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_proxy_header_LDADD = $(FUZZ_MAIN) src/proto/libproto.a src/base/libbase.a

FUZZERS += tests/fuzz/fuzz_exchange
tests_fuzz_fuzz_exchange_SOURCES = tests/fuzz/fuzz_exchange.c
tests_fuzz_fuzz_exchange_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_exchange_LDADD = $(FUZZ_MAIN) src/inspect/libinspect.a src/proto/libproto.a src/base/libbase.a $(JANSSON_LIBS) $(CODINGS_LIBS)

FUZZERS += tests/fuzz/fuzz_varlink
tests_fuzz_fuzz_varlink_SOURCES = tests/fuzz/fuzz_varlink.c
tests_fuzz_fuzz_varlink_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_varlink_LDADD = $(FUZZ_MAIN) src/proto/libproto.a src/base/libbase.a $(JANSSON_LIBS)

FUZZERS += tests/fuzz/fuzz_frame
tests_fuzz_fuzz_frame_SOURCES = tests/fuzz/fuzz_frame.c
tests_fuzz_fuzz_frame_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_frame_LDADD = $(FUZZ_MAIN) src/proto/libproto.a src/base/libbase.a

FUZZERS += tests/fuzz/fuzz_hello
tests_fuzz_fuzz_hello_SOURCES = tests/fuzz/fuzz_hello.c
tests_fuzz_fuzz_hello_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_hello_LDADD = $(FUZZ_MAIN) src/proto/libproto.a src/base/libbase.a $(JANSSON_LIBS)

FUZZERS += tests/fuzz/fuzz_session
tests_fuzz_fuzz_session_SOURCES = tests/fuzz/fuzz_session.c \
	tests/unit/mux/pair.c tests/unit/mux/pair.h tests/unit/mux/soak.c tests/unit/mux/soak.h
tests_fuzz_fuzz_session_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_session_LDADD = $(FUZZ_MAIN) src/mux/libmux.a src/proto/libproto.a src/base/libbase.a

FUZZERS += tests/fuzz/fuzz_v1
tests_fuzz_fuzz_v1_SOURCES = tests/fuzz/fuzz_v1.c
tests_fuzz_fuzz_v1_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_v1_LDADD = $(FUZZ_MAIN) src/proto/libproto.a src/base/libbase.a $(JANSSON_LIBS)

FUZZERS += tests/fuzz/fuzz_webhook
tests_fuzz_fuzz_webhook_SOURCES = tests/fuzz/fuzz_webhook.c
tests_fuzz_fuzz_webhook_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_webhook_LDADD = $(FUZZ_MAIN) src/webhook/libwebhook.a src/crypt/libcrypt.a src/proto/libproto.a src/base/libbase.a \
	$(OPENSSL_LIBS)

FUZZERS += tests/fuzz/fuzz_tap
tests_fuzz_fuzz_tap_SOURCES = tests/fuzz/fuzz_tap.c
tests_fuzz_fuzz_tap_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_tap_LDADD = $(FUZZ_MAIN) src/inspect/libinspect.a src/proto/libproto.a src/base/libbase.a $(JANSSON_LIBS) $(CODINGS_LIBS)
