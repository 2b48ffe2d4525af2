#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""House rules a machine can see: licence line, head comment, banned functions, comments, white space."""
import re

from common import TOP, finish, tracked

BANNED = re.compile(r"(?<![\w.>])(strcpy|strcat|sprintf|vsprintf|gets|strtok|atoi|atol|atoll|strtol|strtoul|strtoll|"
                    r"strtoull|system|popen|getaddrinfo|gethostbyname|usleep|sleep|alloca|rand|srand|dup)\s*\(")
EXEMPT = {("src/base/parse.c", "strtoull"), ("src/base/parse.c", "strtoul"), ("src/base/parse.c", "strtoll")}
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
STRINGS = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'')


def code_only(text):
    """The text with comments and strings blanked, lines kept."""
    text = re.sub(r"/\*.*?\*/", lambda m: re.sub(r"[^\n]", " ", m.group(0)), text, flags=re.S)
    return STRINGS.sub('""', text)


bad = []
for f in tracked("src/*.c", "src/*.h", "tests/*.c", "tests/*.h"):
    name, text = f.relative_to(TOP), f.read_text(errors="replace")
    lines = text.split("\n")
    if not lines[0].startswith("/* SPDX-License-Identifier: MIT */"):
        bad.append(f"{name}:1: no licence line")
    if f.suffix == ".c" and not any(line.startswith("/*") for line in lines[1:4]):
        bad.append(f"{name}:2: no head comment saying what the file is")
    if f.suffix == ".h" and not name.name.endswith(".def.h") and "#pragma once" not in text:
        bad.append(f"{name}: no #pragma once")
    for n, line in enumerate(lines, 1):
        if line != line.rstrip():
            bad.append(f"{name}:{n}: white space at the end")
        if UNFINISHED.search(line):
            bad.append(f"{name}:{n}: unfinished: {line.strip()[:60]}")
    for n, line in enumerate(code_only(text).split("\n"), 1):
        for m in BANNED.finditer(line):
            if name.parts[0] == "src" and (str(name), m.group(1)) not in EXEMPT:
                bad.append(f"{name}:{n}: {m.group(1)}() is banned")
        if re.search(r"(?<!:)//", line):
            bad.append(f"{name}:{n}: // comment")
finish(bad, "style")
