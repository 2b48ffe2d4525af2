#!/bin/sh
# SPDX-License-Identifier: MIT
# clang-format agrees with every source file, tables excepted.
command -v clang-format >/dev/null || { echo "skipped: clang-format is not installed"; exit 77; }
cd "${TOP_SRCDIR:-.}" || exit 1
find src tests -name '*.[ch]' ! -name '*.def.h' -print0 | xargs -0 clang-format --dry-run -Werror 2>&1 | grep -m 20 'error:' && {
    echo "format: run 'make format'"
    exit 1
}
echo "format: clean"
