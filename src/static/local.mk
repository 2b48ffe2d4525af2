# One file without libraries. Its own objects come first in the link: the linker then takes neither program_exec.o of
# libcli.a nor ws_guest.o of libws.a.
if STATIC_CLIENT
noinst_PROGRAMS += src/static/tunnelto
endif

src_static_tunnelto_SOURCES = src/static/main.c $(WS_POLL_SOURCES)
src_static_tunnelto_LDFLAGS = $(STATIC_LDFLAGS) $(WS_POLL_LDFLAGS)
src_static_tunnelto_LDADD = src/cli/libcli.a src/client/libclient.a src/dashboard/libdashboard.a src/inspector/libinspector.a src/gate/libgate.a \
	src/web/libweb.a src/ctl/libctl.a src/inspect/libinspect.a src/webhook/libwebhook.a src/v1/libv1.a src/relay/librelay.a \
	src/lane/liblane.a src/ws/libws.a src/mux/libmux.a src/sys/libsys.a src/io/libio.a src/crypt/libcrypt.a \
	src/conf/libconf.a src/proto/libproto.a src/base/libbase.a $(STATIC_LIBS)
