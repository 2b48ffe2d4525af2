#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Arrows between rooms go one way: every #include of src/ is held against src/rooms."""
import fnmatch
import re

from common import TOP, finish, tracked


def rules():
    rooms, owners = {}, {}
    for line in (TOP / "src/rooms").read_text().splitlines():
        line = line.split("#")[0].strip()
        if not line:
            continue
        name, rest = line.split(":", 1)
        may, _, headers = rest.partition("|")
        rooms[name.strip()] = set(may.split())
        for h in headers.split():
            owners.setdefault(h, set()).add(name.strip())
    return rooms, owners


def check(path, rooms, owners):
    room = path.relative_to(TOP / "src").parts[0]
    out = []
    for n, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
        m = re.match(r'\s*#\s*include\s+(["<])([^">]+)[">]', line)
        if not m:
            continue
        where, inc = f"{path.relative_to(TOP)}:{n}", m.group(2)
        if m.group(1) == '"':
            target = inc.split("/")[0]
            if "/" not in inc:
                out.append(f"{where}: \"{inc}\" does not name its room")
            elif target != room and target not in rooms[room]:
                out.append(f"{where}: {room} may not include {target}")
        else:
            for pattern, who in owners.items():
                if fnmatch.fnmatch(inc, pattern) and room not in who:
                    out.append(f"{where}: <{inc}> belongs to {', '.join(sorted(who))}")
    return out


def cycles(rooms):
    done, out = [], []
    left = dict(rooms)
    while left:
        free = sorted(r for r, may in left.items() if not (may - set(done)))
        if not free:
            out.append("src/rooms: a cycle among " + ", ".join(sorted(left)))
            break
        done += free
        left = {r: m for r, m in left.items() if r not in done}
    print("bottom to top: " + " ".join(done))
    return out


rooms, owners = rules()
bad = cycles(rooms)
for f in tracked("src/*.c", "src/*.h"):
    if f.relative_to(TOP / "src").parts[0] not in rooms:
        bad.append(f"{f.relative_to(TOP)}: lies in no room of src/rooms")
    else:
        bad += check(f, rooms, owners)
finish(bad, "rooms")
