#!/bin/sh
# SPDX-License-Identifier: MIT
# Every manual page passes mandoc's lint (pages that are ours are found by name in the tree).
command -v mandoc >/dev/null || { echo "skipped: mandoc is not installed"; exit 77; }
cd "${TOP_SRCDIR:-.}/man" || exit 1
out=$(mandoc -Tlint -Wwarning ./*.[1-8] 2>&1)
[ -z "$out" ] || { echo "$out"; exit 1; }
for page in ./*.[1-8]; do
    for xr in $(sed -n 's/^\.Xr \([^ ]*\) \([0-9]\).*/\1.\2/p' "$page" | sort -u); do
        case $xr in tunnel*) [ -f "$xr" ] || { echo "$page: refers to $xr, which is not there"; exit 1; } ;; esac
    done
done
echo "man: $(ls ./*.[1-8] | wc -l) pages"
