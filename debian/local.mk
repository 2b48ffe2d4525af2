EXTRA_DIST += \
	debian/Containerfile \
	debian/changelog \
	debian/control \
	debian/copyright \
	debian/rules \
	debian/source/format \
	debian/tests/control \
	debian/tests/loopback \
	debian/tunnelto-server.install \
	debian/tunnelto-server.postinst \
	debian/tunnelto-server.postrm \
	debian/tunnelto.README.Debian \
	debian/tunnelto.docs \
	debian/tunnelto.install \
	debian/tunnelto.postinst \
	debian/tunnelto.postrm \
	debian/tunnelto.prerm
