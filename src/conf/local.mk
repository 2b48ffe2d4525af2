noinst_LIBRARIES += src/conf/libconf.a
src_conf_libconf_a_SOURCES = \
	src/conf/bind.c src/conf/bind.h \
	src/conf/bind_types.c src/conf/bind_types.def.h src/conf/bind_types.h \
	src/conf/doc.c src/conf/doc.h \
	src/conf/report.c src/conf/report.h
