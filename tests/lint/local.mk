LINTS = tests/lint/rooms.py tests/lint/sizes.py tests/lint/symbols.py tests/lint/style.py \
	tests/lint/catalog.sh tests/lint/docs.py tests/lint/format.sh tests/lint/man.sh tests/lint/shell.sh tests/lint/units.sh tests/lint/web.py
TESTS += $(LINTS)
EXTRA_DIST += $(LINTS) tests/lint/common.py
