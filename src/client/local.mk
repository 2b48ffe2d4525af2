noinst_LIBRARIES += src/client/libclient.a
src_client_libclient_a_CFLAGS = $(AM_CFLAGS) -fno-strict-aliasing
src_client_libclient_a_SOURCES = \
	src/client/agent.c src/client/agent.h \
	src/client/client_conf.c src/client/client_conf.h \
	src/client/client_verbs.c src/client/client_verbs.h \
	src/client/command.c src/client/command.h \
	src/client/health.c src/client/health.h \
	src/client/old_ways.c src/client/old_ways.h \
	src/client/one_shot.c src/client/one_shot.h \
	src/client/open_params.c src/client/open_params.h \
	src/client/origin.c src/client/origin.h \
	src/client/origin_dial.c src/client/origin_dial.h \
	src/client/reload.c src/client/reload.h \
	src/client/replay.c src/client/replay.h \
	src/client/replay_verb.c src/client/replay_verb.h \
	src/client/state.c src/client/state.h \
	src/client/status_verb.c src/client/status_verb.h \
	src/client/target.c src/client/target.h \
	src/client/tunnel.c src/client/tunnel.h \
	src/client/uplink.c src/client/uplink.h \
	src/client/uplink_dial.c src/client/uplink_dial.h \
	src/client/uplink_lane.c src/client/uplink_lane.h

sbin_PROGRAMS += tunneltod
tunneltod_CFLAGS = $(AM_CFLAGS) -fno-strict-aliasing
tunneltod_SOURCES = src/client/main.c
tunneltod_LDADD = src/client/libclient.a src/dashboard/libdashboard.a src/inspector/libinspector.a src/gate/libgate.a \
	src/web/libweb.a src/ctl/libctl.a src/inspect/libinspect.a src/webhook/libwebhook.a src/v1/libv1.a src/relay/librelay.a src/lane/liblane.a src/ws/libws.a \
	src/mux/libmux.a src/sys/libsys.a src/io/libio.a src/crypt/libcrypt.a src/conf/libconf.a src/proto/libproto.a \
	src/base/libbase.a $(LWS_LIBS) $(EV_LIBS) $(OPENSSL_LIBS) $(CARES_LIBS) $(JANSSON_LIBS) $(YAML_LIBS) $(SYSTEMD_LIBS) $(CODINGS_LIBS)
