ttconfdir = $(sysconfdir)/tunnelto
dist_ttconf_DATA = etc/tunnelto/tunneltod.yaml etc/tunnelto/tunnelto-server.yaml
ttdropindir = $(sysconfdir)/tunnelto/tunnels.d
dist_ttdropin_DATA = etc/tunnelto/tunnels.d/README
