#!/bin/sh
# SPDX-License-Identifier: MIT
# systemd-analyze over the units as they were made (with the programs' paths pointed at the build): nothing to say
# about any, and no system service more exposed than 1.5; and the files of sysusers.d and tmpfiles.d are well-formed.
command -v systemd-analyze >/dev/null || { echo "skipped: systemd-analyze is not installed"; exit 77; }
top=${TOP_SRCDIR:-.} build=${TOP_BUILDDIR:-$top/build}
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

# $1: "" or "user"
collect() {
    mkdir -p "$tmp/$1"
    for u in "$top/systemd/$1"/*.service.in "$top/systemd/$1"/*.socket; do
        name=$(basename "$u" .in)
        case $u in *.in) u=$build/systemd/$1/$name ;; esac
        [ -f "$u" ] || { echo "$name was not made"; exit 1; }
        grep -n '@[a-z]*@' "$u" && { echo "$name: a substitution is left"; exit 1; }
        sed -e "s|=[^ ]*/s\{0,1\}bin/|=$build/|" "$u" > "$tmp/$1/$name"
    done
}

collect ""
collect user
out=$(systemd-analyze verify --man=no "$tmp"/*.service "$tmp"/*.socket 2>&1 | grep -F "$tmp")
out=$out$(systemd-analyze verify --man=no --user "$tmp"/user/* 2>&1 | grep -F "$tmp")
[ -z "$out" ] || { echo "$out"; exit 1; }
# exposure, in tenths; what raises it stands in systemd/confinement.inc with its reason
for u in "$tmp"/*.service; do
    systemd-analyze security --offline=yes --threshold=15 "$u" >"$tmp/exposure" 2>&1 ||
        { grep ✗ "$tmp/exposure"; tail -n 1 "$tmp/exposure"; exit 1; }
    tail -n 1 "$tmp/exposure"
done
rm -f "$tmp/exposure"

# sysusers and tmpfiles into an empty root
mkdir -p "$tmp/root/etc" "$tmp/root/run"
if command -v systemd-sysusers >/dev/null; then
    systemd-sysusers --root="$tmp/root" "$top/systemd/tunnelto.sysusers" >"$tmp/said" 2>&1 || { cat "$tmp/said"; exit 1; }
    grep -q '^tunnelto-server:' "$tmp/root/etc/passwd" || { echo "sysusers made no tunnelto-server"; exit 1; }
fi
if [ "$(id -u)" = 0 ] && command -v systemd-tmpfiles >/dev/null; then
    systemd-tmpfiles --root="$tmp/root" --create "$top/systemd/tunnelto.tmpfiles" >"$tmp/said" 2>&1 ||
        { cat "$tmp/said"; exit 1; }
    [ -d "$tmp/root/run/tunnelto-server" ] || { echo "tmpfiles made no run/tunnelto-server"; exit 1; }
fi
echo "units: $(find "$tmp" -name '*.service' -o -name '*.socket' | wc -l) verified"
