dist_man_MANS += man/tunnelto-protocol.7
dist_man_MANS += man/tunnelctl.1 man/tunnelto.1
dist_man_MANS += man/tunnelto-control.7
dist_man_MANS += man/tunneltod.8 man/tunneltod.yaml.5 man/tunnelto-server.8 man/tunnelto-server.yaml.5
