#!/bin/sh
# SPDX-License-Identifier: MIT
# The system tests under make check: pytest on real processes, results also as JUnit XML for tests/count.py.
[ "${TUNNELTO_TESTS:-}" != quick ] || { echo "skipped: TUNNELTO_TESTS=quick asks for the short suite"; exit 77; }
for python in python3 /usr/bin/python3 ''; do
    [ -n "$python" ] || { echo "skipped: no python3 here has pytest and websockets"; exit 77; }
    "$python" -c 'import pytest, websockets' 2>/dev/null && break
done
build=${TOP_BUILDDIR:?} top=${TOP_SRCDIR:?}
mkdir -p "$build/tests/system"
exec "$python" -m pytest -q -ra -p no:cacheprovider --build="$build" --junitxml="$build/tests/system/run.sh.xml" "$top/tests/system" "$@"
