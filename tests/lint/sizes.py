#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Sizes: functions of 60 lines and files of 600 warn, 100 and 1000 fail; 100 columns; headers of 200."""
from common import TOP, finish, tracked

FUNCTION, FILE, HEADER, COLUMNS = (60, 100), (600, 1000), 200, 100


def functions(lines):
    start = None
    for n, line in enumerate(lines, 1):
        if line == "{":
            start = n
        elif line == "}" and start:
            yield start, n - start - 1
            start = None


bad, warned = [], 0
for f in tracked("src/*.c", "src/*.h", "tests/*.c"):
    name, lines = f.relative_to(TOP), f.read_text(errors="replace").split("\n")
    mine = name.parts[0] == "src"
    for n, line in enumerate(lines, 1):
        if len(line.expandtabs(8)) > COLUMNS and not name.name.endswith(".def.h"):
            bad.append(f"{name}:{n}: {len(line.expandtabs(8))} columns")
    if not mine:
        continue
    if f.suffix == ".h" and len(lines) > HEADER:
        bad.append(f"{name}: a header of {len(lines)} lines")
    if len(lines) > FILE[1]:
        bad.append(f"{name}: {len(lines)} lines")
    elif len(lines) > FILE[0]:
        warned += 1
        print(f"warning: {name}: {len(lines)} lines")
    for n, length in functions(lines):
        if length > FUNCTION[1]:
            bad.append(f"{name}:{n}: a function of {length} lines")
        elif length > FUNCTION[0]:
            warned += 1
            print(f"warning: {name}:{n}: a function of {length} lines")
print(f"{warned} warnings")
finish(bad, "sizes")
