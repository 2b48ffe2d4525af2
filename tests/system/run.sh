#!/bin/sh
# SPDX-License-Identifier: MIT
# The system tests under make check: pytest on real processes, results also as JUnit XML for tests/count.py.
[ "${TUNNELTO_TESTS:-}" != quick ] || { echo "skipped: TUNNELTO_TESTS=quick asks for the short suite"; exit 77; }
python3 -c 'import pytest' 2>/dev/null || { echo "skipped: pytest is not installed"; exit 77; }
build=${TOP_BUILDDIR:?} top=${TOP_SRCDIR:?}
mkdir -p "$build/tests/system"
exec python3 -m pytest -q -ra -p no:cacheprovider --build "$build" --junitxml "$build/tests/system/run.xml" "$top/tests/system" "$@"
