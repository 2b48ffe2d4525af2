noinst_LIBRARIES += src/ctl/libctl.a
src_ctl_libctl_a_CFLAGS = $(AM_CFLAGS) -fno-strict-aliasing
src_ctl_libctl_a_SOURCES = \
	src/ctl/ctl_client.c src/ctl/ctl_client.h \
	src/ctl/ctl_events.c src/ctl/ctl_events.h \
	src/ctl/event_ring.c src/ctl/event_ring.h \
	src/ctl/ctl_params.c src/ctl/ctl_params.h \
	src/ctl/ctl_peer.c src/ctl/ctl_peer.h \
	src/ctl/ctl_server.c src/ctl/ctl_server.h \
	src/ctl/interface_text.h
nodist_src_ctl_libctl_a_SOURCES = src/ctl/interface_text.c

VARLINK_FILES = src/ctl/io.tunnelto.Client.varlink src/ctl/io.tunnelto.Server.varlink
varlinkdir = $(datadir)/tunnelto
dist_varlink_DATA = $(VARLINK_FILES)
EXTRA_DIST += src/ctl/org.varlink.service.varlink
CLEANFILES += src/ctl/interface_text.c

# A file as a C string: backslashes and quotes escaped, each line a literal of its own.
varlink_text = { echo "const char interface_text_$$1[] ="; \
	$(SED) -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/\t"/' -e 's/$$/\\n"/' "$$2"; echo ';'; }

src/ctl/interface_text.c: $(VARLINK_FILES) src/ctl/org.varlink.service.varlink src/ctl/local.mk
	$(AM_V_GEN)$(MKDIR_P) src/ctl && text() { $(varlink_text); }; { \
	echo '/* made from the .varlink files: see src/ctl/local.mk */'; \
	echo '#include "ctl/interface_text.h"'; \
	text client $(srcdir)/src/ctl/io.tunnelto.Client.varlink; \
	text server $(srcdir)/src/ctl/io.tunnelto.Server.varlink; \
	text service $(srcdir)/src/ctl/org.varlink.service.varlink; } > $@.tmp && mv $@.tmp $@
