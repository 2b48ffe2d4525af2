#!/bin/sh
# SPDX-License-Identifier: MIT
# Every shell script of the tree passes shellcheck.
command -v shellcheck >/dev/null || { echo "skipped: shellcheck is not installed"; exit 77; }
cd "${TOP_SRCDIR:-.}" || exit 1
scripts=$(grep -rlE '^#!/(usr/bin/env )?(/bin/)?(ba)?sh|^#!/bin/(ba)?sh' bootstrap .ci debian tests --include='*' 2>/dev/null |
    grep -v -e '\.o$' -e __pycache__ -e corpus | sort -u)
# shellcheck disable=SC2086
shellcheck -S warning $scripts && echo "shell: $(echo "$scripts" | wc -l) scripts"
