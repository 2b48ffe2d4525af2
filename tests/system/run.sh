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
# most of a test is waiting: two at once where pytest-xdist is there; a file's tests stay together, as they may share ports
pair=$("$python" -c 'import xdist; print("-n 2 --dist loadfile")' 2>/dev/null)
# shellcheck disable=SC2086
exec "$python" -m pytest $pair -q -ra -p no:cacheprovider --build="$build" --junitxml="$build/tests/system/run.sh.xml" "$top/tests/system" "$@"
