noinst_LIBRARIES += src/inspector/libinspector.a
src_inspector_libinspector_a_CFLAGS = $(AM_CFLAGS) -fno-strict-aliasing
src_inspector_libinspector_a_SOURCES = \
	src/inspector/inspect_body.c src/inspector/inspect_body.h \
	src/inspector/inspect_export.c src/inspector/inspect_export.h \
	src/inspector/inspect_follow.c src/inspector/inspect_follow.h \
	src/inspector/inspect_verbs.c src/inspector/inspect_verbs.h \
	src/inspector/inspector.c src/inspector/inspector.h \
	src/inspector/inspector_conf.h
