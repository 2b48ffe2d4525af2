noinst_LIBRARIES += src/server/libserver.a
src_server_libserver_a_CFLAGS = $(AM_CFLAGS) -fno-strict-aliasing
src_server_libserver_a_SOURCES = \
	src/server/access_log.c src/server/access_log.h \
	src/server/admit.c src/server/admit.h \
	src/server/drain.c src/server/drain.h \
	src/server/edge_claims.c \
	src/server/edge_error.c \
	src/server/edge_http.c src/server/edge_http.h \
	src/server/edge_park.c \
	src/server/edge_read.c \
	src/server/edge_request.c \
	src/server/edge_response.c \
	src/server/edge_tcp.c src/server/edge_tcp.h \
	src/server/edge_visitor.h \
	src/server/front.c src/server/front.h \
	src/server/guests.c src/server/guests.h \
	src/server/health.c src/server/health.h \
	src/server/front_sort.c src/server/front_sort.h \
	src/server/front_set.c src/server/front_set.h \
	src/server/hub.c src/server/hub.h \
	src/server/hub_confine.c src/server/hub_confine.h \
	src/server/hub_state.c src/server/hub_state.h \
	src/server/kept.c src/server/kept.h \
	src/server/keys.c src/server/keys.h \
	src/server/names.c src/server/names.h \
	src/server/names_file.c src/server/names_file.h \
	src/server/parking.c src/server/parking.h \
	src/server/peer.c src/server/peer.h \
	src/server/registrar.c src/server/registrar.h \
	src/server/reload.c src/server/reload.h \
	src/server/server_conf.c src/server/server_conf.h \
	src/server/server_env.c src/server/server_env.h \
	src/server/server_verbs.c src/server/server_verbs.h \
	src/server/tunnel.c src/server/tunnel.h \
	src/server/v1_client.c src/server/v1_client.h \
	src/server/v1_token.c src/server/v1_token.h

sbin_PROGRAMS += tunnelto-server
tunnelto_server_CFLAGS = $(AM_CFLAGS) -fno-strict-aliasing
tunnelto_server_SOURCES = src/server/main.c
tunnelto_server_LDADD = src/server/libserver.a src/ctl/libctl.a src/v1/libv1.a src/relay/librelay.a src/lane/liblane.a src/ws/libws.a \
	src/mux/libmux.a src/sys/libsys.a src/io/libio.a src/crypt/libcrypt.a src/conf/libconf.a src/proto/libproto.a \
	src/base/libbase.a $(LWS_LIBS) $(EV_LIBS) $(OPENSSL_LIBS) $(CARES_LIBS) $(JANSSON_LIBS) $(YAML_LIBS) $(SYSTEMD_LIBS)
