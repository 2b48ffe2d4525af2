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
