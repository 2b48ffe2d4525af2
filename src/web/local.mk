# The dashboard's page: served as it is, nothing is built from it but the bytes in the daemon.
WEB_FILES = \
	src/web/index.html \
	src/web/style.css \
	src/web/icon.svg \
	src/web/theme.js \
	src/web/app.js \
	src/web/body.js \
	src/web/curl.js \
	src/web/daemon.js \
	src/web/detail.js \
	src/web/diff.js \
	src/web/dom.js \
	src/web/exchange.js \
	src/web/format.js \
	src/web/gate.js \
	src/web/json.js \
	src/web/keys.js \
	src/web/list.js \
	src/web/messages.js \
	src/web/panels.js \
	src/web/replay.js \
	src/web/store.js \
	src/web/token.js \
	src/web/tunnels.js
EXTRA_DIST += $(WEB_FILES) src/web/README.md

noinst_LIBRARIES += src/web/libweb.a
src_web_libweb_a_SOURCES = src/web/web_files.h
nodist_src_web_libweb_a_SOURCES = src/web/web_files.c

CLEANFILES += src/web/web_files.c

# The files as arrays of bytes: a string literal of that length is more than ISO C promises.
src/web/web_files.c: $(WEB_FILES) src/web/local.mk
	$(AM_V_GEN)$(MKDIR_P) src/web && bytes() { od -An -v -tu1 "$$1" | $(SED) -e 's/  */,/g' -e 's/^,//' -e 's/$$/,/'; }; { \
	echo '/* made from the files of src/web: see src/web/local.mk */'; \
	echo '#include "web/web_files.h"'; \
	n=0; for f in $(WEB_FILES); do \
	echo "static const unsigned char file_$$n[] = {"; bytes "$(srcdir)/$$f"; echo '};'; n=$$((n + 1)); done; \
	echo 'const struct web_file web_files[] = {'; \
	n=0; for f in $(WEB_FILES); do \
	echo "	{\"$${f##*/}\", file_$$n, sizeof(file_$$n)},"; n=$$((n + 1)); done; \
	echo '};'; \
	echo 'const size_t web_files_n = sizeof(web_files) / sizeof(web_files[0]);'; } > $@.tmp && mv $@.tmp $@
