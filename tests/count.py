#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Count the tests of the build directories named: one line 'N passed, N failed, N skipped', exit 1 on a failure.

A cmocka program, a pytest run, a browser and a booted machine count each of their tests; every other automake test and every step counts as one.
"""
import pathlib
import re
import sys
import xml.etree.ElementTree as ET

passed = failed = skipped = 0
notes = []


def cmocka(log):
    text = log.read_text(errors="replace") if log.exists() else ""
    ok = sum(int(n) for n in re.findall(r"\[  PASSED  \] (\d+) test", text))
    bad = sum(int(n) for n in re.findall(r"\[  FAILED  \] (\d+) test", text))
    skip = len(re.findall(r"^\[  SKIPPED \] \w", text, re.M))
    return (ok, bad, skip) if ok + bad + skip else None


def junit(path):
    ok = bad = skip = 0
    for case in ET.parse(path).getroot().iter("testcase"):
        kinds = {child.tag for child in case}
        if kinds & {"failure", "error"}:
            bad += 1
            notes.append(f"failed: {path.parent.name}: {case.get('classname')}.{case.get('name')}")
        elif "skipped" in kinds:
            skip += 1
            why = case.find("skipped").get("message", "")
            notes.append(f"skipped: {path.parent.name}: {case.get('name')}: {why}")
        else:
            ok += 1
    return ok, bad, skip


def one(trs):
    result = re.search(r":global-test-result: (\w+)", trs.read_text(errors="replace"))
    word = result.group(1) if result else "ERROR"
    log = trs.with_suffix(".log")
    if word == "SKIP":
        why = (log.read_text(errors="replace").strip().splitlines() or [""])[-1] if log.exists() else ""
        notes.append(f"skipped: {trs}: {why}")
        return 0, 0, 1
    report = trs.with_suffix(".xml")
    counts = junit(report) if report.exists() else cmocka(log)
    if word != "PASS":
        notes.append(f"failed: {trs.with_suffix('.log')}")
        return (counts[0], max(counts[1], 1), counts[2]) if counts else (0, 1, 0)
    return counts or (1, 0, 0)


for d in map(pathlib.Path, sys.argv[1:]):
    found = sorted(p for p in d.rglob("*.trs") if "distcheck" not in str(p) and "tunnelto-0" not in str(p))
    if not found:
        notes.append(f"failed: {d}: no test has run")
        failed += 1
    for trs in found:
        ok, bad, skip = one(trs)
        passed, failed, skipped = passed + ok, failed + bad, skipped + skip
    for report in sorted([*d.glob("machine/*.xml"), *d.glob("web/*.xml")]):
        ok, bad, skip = junit(report)
        passed, failed, skipped = passed + ok, failed + bad, skipped + skip
steps = pathlib.Path(sys.argv[1]) / "steps"
for line in steps.read_text().splitlines() if steps.exists() else []:
    word, name = line.split(" ", 1)
    passed, failed, skipped = passed + (word == "pass"), failed + (word == "fail"), skipped + (word == "skip")
    if word == "skip":
        log = steps.with_name(f"step-{name}.log").read_text(errors="replace").strip().splitlines()
        notes.append(f"skipped: step {name}: {log[-1] if log else ''}")
    if word == "fail":
        notes.append(f"failed: step {name} (build/step-{name}.log)")
for n in notes:
    print(n)
print(f"{passed} passed, {failed} failed, {skipped} skipped")
sys.exit(1 if failed else 0)
