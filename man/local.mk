dist_man_MANS += man/tunnelto-protocol.7
