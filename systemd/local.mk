UNITS_IN = systemd/tunneltod.service.in systemd/tunneltod@.service.in systemd/tunnelto-server.service.in
USER_UNITS_IN = systemd/user/tunneltod.service.in
SOCKETS = \
	systemd/tunneltod.socket \
	systemd/tunneltod@.socket \
	systemd/tunnelto-server.socket \
	systemd/tunnelto-server-tls.socket \
	systemd/tunnelto-server-control.socket
USER_SOCKETS = systemd/user/tunneltod.socket
UNITS_MADE = $(UNITS_IN:.in=)
USER_UNITS_MADE = $(USER_UNITS_IN:.in=)
EXTRA_DIST += $(UNITS_IN) $(USER_UNITS_IN) $(SOCKETS) $(USER_SOCKETS) \
	systemd/confinement.inc systemd/tunnelto.sysusers systemd/tunnelto.tmpfiles
CLEANFILES += $(UNITS_MADE) $(USER_UNITS_MADE)

# what confines is the same in all of the system's units, and stands in one file
$(UNITS_MADE) $(USER_UNITS_MADE): %.service: %.service.in $(srcdir)/systemd/confinement.inc
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(SED) -e 's,@sbindir\@,$(sbindir),g' -e 's,@bindir\@,$(bindir),g' \
		-e '/@confinement\@/{r $(srcdir)/systemd/confinement.inc' -e 'd;}' $< > $@

if HAVE_SYSTEMD
systemdsystemunit_DATA = $(UNITS_MADE) $(SOCKETS)
systemduserunit_DATA = $(USER_UNITS_MADE) $(USER_SOCKETS)
sysusersdir = $(prefix)/lib/sysusers.d
sysusers_DATA = systemd/sysusers.d/tunnelto.conf
tmpfilesdir = $(prefix)/lib/tmpfiles.d
tmpfiles_DATA = systemd/tmpfiles.d/tunnelto.conf
catalogdir = $(prefix)/lib/systemd/catalog
dist_catalog_DATA = systemd/tunnelto.catalog
CLEANFILES += $(sysusers_DATA) $(tmpfiles_DATA)
endif

systemd/sysusers.d/tunnelto.conf: systemd/tunnelto.sysusers
	$(AM_V_GEN)$(MKDIR_P) $(@D) && cp $(srcdir)/systemd/tunnelto.sysusers $@

systemd/tmpfiles.d/tunnelto.conf: systemd/tunnelto.tmpfiles
	$(AM_V_GEN)$(MKDIR_P) $(@D) && cp $(srcdir)/systemd/tunnelto.tmpfiles $@
