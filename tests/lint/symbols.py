#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Names: every symbol that x.c exports begins with x_ (read from the objects that were built)."""
import re
import subprocess
import sys

from common import BUILD, SKIP, TOP, finish

# A header that owns a second noun: its functions have no file of their own. ws_poll is another ws_guest.
SECOND = {"ctl_peer": "ctl_call", "ws_poll": "ws_guest"}

objects = sorted(p for p in (BUILD / "src").glob("*/*.o"))
if not objects:
    print("skipped: nothing is built yet")
    sys.exit(SKIP)
bad = []
for o in objects:
    stem = re.sub(r"^.*?-", "", o.stem) if "-" in o.stem else o.stem
    if stem == "main" or stem.startswith("interface_"):
        continue
    out = subprocess.run(["nm", "-g", "--defined-only", str(o)], capture_output=True, text=True).stdout
    for line in out.splitlines():
        symbol = line.split()[-1]
        if symbol.startswith("__"):
            continue
        if symbol != stem and not symbol.startswith((stem + "_", SECOND.get(stem, stem) + "_")):
            bad.append(f"{o.parent.name}/{stem}.c: exports {symbol}")
finish(bad, "symbols")
