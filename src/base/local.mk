noinst_LIBRARIES += src/base/libbase.a
src_base_libbase_a_SOURCES = \
	src/base/backoff.c src/base/backoff.h \
	src/base/base64.c src/base/base64.h \
	src/base/bucket.c src/base/bucket.h \
	src/base/buf.c src/base/buf.h \
	src/base/clock.c src/base/clock.h \
	src/base/cursor.c src/base/cursor.h \
	src/base/err.c src/base/err.h \
	src/base/idmap.c src/base/idmap.h \
	src/base/list.h \
	src/base/log.c src/base/log.h \
	src/base/macros.h \
	src/base/map.c src/base/map.h \
	src/base/mem.c src/base/mem.h \
	src/base/message.c src/base/message.h src/base/message.def.h \
	src/base/parse.c src/base/parse.h \
	src/base/paths.h \
	src/base/rand.c src/base/rand.h \
	src/base/str.c src/base/str.h \
	src/base/str_list.c src/base/str_list.h
