UNITS_IN = systemd/tunneltod.service.in systemd/tunnelto-server.service.in
UNITS_MADE = systemd/tunneltod.service systemd/tunnelto-server.service
EXTRA_DIST += $(UNITS_IN) systemd/tunneltod.socket systemd/tunnelto.sysusers
CLEANFILES += $(UNITS_MADE)

$(UNITS_MADE): %.service: %.service.in
	$(AM_V_GEN)$(MKDIR_P) systemd && $(SED) -e 's,@sbindir\@,$(sbindir),g' $< > $@

if HAVE_SYSTEMD
systemdsystemunit_DATA = $(UNITS_MADE) systemd/tunneltod.socket
sysusersdir = $(prefix)/lib/sysusers.d
sysusers_DATA = systemd/tunnelto.conf
CLEANFILES += systemd/tunnelto.conf
endif

systemd/tunnelto.conf: systemd/tunnelto.sysusers
	$(AM_V_GEN)$(MKDIR_P) systemd && cp $(srcdir)/systemd/tunnelto.sysusers $@
