#!/bin/sh
# SPDX-License-Identifier: MIT
# The journal's catalog: every id of src/base/message.def.h has its text, with its subject, and no other has one;
# and journalctl can compile it.
top=${TOP_SRCDIR:-.}
table=$top/src/base/message.def.h catalog=$top/systemd/tunnelto.catalog
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

sed -n 's/^MESSAGE([A-Z_]*, *"\([0-9a-f]\{32\}\)", *"\(.*\)")$/\1 \2/p' "$table" | sort >"$tmp/rows"
awk '/^-- /{id=$2} /^Subject: /{print id, substr($0, 10)}' "$catalog" | sort >"$tmp/texts"
[ -s "$tmp/rows" ] || { echo "no rows in $table"; exit 1; }
[ "$(grep -c '^MESSAGE(' "$table")" = "$(wc -l <"$tmp/rows")" ] || { echo "$table: a row is not of the usual form"; exit 1; }
diff -u "$tmp/rows" "$tmp/texts" || { echo "the table (-) and the catalog (+) differ"; exit 1; }
cut -d' ' -f1 "$tmp/rows" | uniq -d | grep . && { echo "an id is there twice"; exit 1; }
sed -n 's/^MESSAGE(\([A-Z_]*\),.*/\1/p' "$table" | while read -r name; do
    grep -rqE "MESSAGE_FIELD\($name\)|message_log\([A-Z_]*, $name,|MESSAGE_$name\b" "$top/src" --include='*.c' ||
        { echo "$name is logged nowhere"; exit 1; }
done || exit 1
command -v journalctl >/dev/null || { echo "skipped the compilation: journalctl is not installed"; exit 77; }
mkdir -p "$tmp/usr/lib/systemd/catalog" "$tmp/var/lib/systemd/catalog"
cp "$catalog" "$tmp/usr/lib/systemd/catalog/"
journalctl --update-catalog --root="$tmp" >"$tmp/said" 2>&1 || { cat "$tmp/said"; exit 1; }
grep -qi -e fail -e ignor -e error "$tmp/said" && { cat "$tmp/said"; exit 1; }
cut -d' ' -f1 "$tmp/rows" >"$tmp/ids"
journalctl --list-catalog --root="$tmp" 2>/dev/null | cut -d' ' -f1 | sort | diff "$tmp/ids" - ||
    { echo "journalctl found other ids"; exit 1; }
echo "catalog: $(wc -l <"$tmp/rows") messages"
