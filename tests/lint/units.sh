#!/bin/sh
# SPDX-License-Identifier: MIT
# systemd-analyze verify over the units (with the programs' paths pointed at the build).
command -v systemd-analyze >/dev/null || { echo "skipped: systemd-analyze is not installed"; exit 77; }
top=${TOP_SRCDIR:-.} build=${TOP_BUILDDIR:-$top/build}
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
for u in "$top"/systemd/*.service* "$top"/systemd/*.socket; do
    [ -f "$u" ] || continue
    name=$(basename "$u" .in)
    [ -f "$build/systemd/$name" ] && u=$build/systemd/$name
    sed -e "s|=[^ ]*/sbin/|=$build/|; s|@sbindir@|$build|" "$u" > "$tmp/$name"
done
ls "$tmp"/*.service >/dev/null 2>&1 || { echo "units: none"; exit 1; }
out=$(systemd-analyze verify --man=no "$tmp"/*.service "$tmp"/*.socket 2>&1 | grep -F "$tmp")
[ -z "$out" ] || { echo "$out"; exit 1; }
echo "units: $(ls "$tmp" | wc -l) verified"
