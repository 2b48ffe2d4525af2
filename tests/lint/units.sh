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
# exposure, in tenths; what raises it stands in the units with its reason
for u in "$tmp"/*.service; do
    systemd-analyze security --offline=yes --threshold=20 "$u" >"$tmp/exposure" 2>&1 || { tail -n 3 "$tmp/exposure"; exit 1; }
    tail -n 1 "$tmp/exposure"
done
rm -f "$tmp/exposure"
echo "units: $(ls "$tmp" | wc -l) verified"
