#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The dashboard's page: modules that parse, all of them embedded and fetched at once, and no way for a string to become markup or code."""
import re
import shutil
import subprocess

from common import TOP, finish, tracked

# What turns text into elements, script or style, or leaves this origin. DOM calls through dom.js do without.
NEVER = re.compile(r"\b(innerHTML|outerHTML|insertAdjacentHTML|createContextualFragment|DOMParser|srcdoc|eval|Function|importScripts|"
                   r"document\.write|setAttributeNS|cssText|javascript:)\b|\.on\w+ = \"|https?://(?!www\.w3\.org/2000/svg)")
MAY = {"gate.js": "http://127.0.0.1:4040/"}  # shown as an example

bad = []
page = (TOP / "src/web/index.html").read_text()
listed = set(re.findall(r"src/web/([\w.]+\.(?:js|html|css|svg))", (TOP / "src/web/local.mk").read_text()))
files = tracked("src/web/*.js", "src/web/*.html", "src/web/*.css", "src/web/*.svg")
for f in files:
    name, text = f.name, f.read_text()
    if name not in listed:
        bad.append(f"src/web/local.mk: {name} is not listed")
    if f.suffix == ".js" and name not in page:
        bad.append(f"src/web/index.html: {name} is not fetched")
    if f.suffix == ".js" and not text.startswith("/* SPDX-License-Identifier: MIT */\n/*"):
        bad.append(f"{f.relative_to(TOP)}:1: no licence line, or no head comment saying what the module is")
    for n, line in enumerate(text.splitlines(), 1):
        hit = NEVER.search(line.replace(MAY.get(name, "\0"), ""))
        if hit and f.suffix == ".js":
            bad.append(f"{f.relative_to(TOP)}:{n}: {hit.group(0)}")
for what, pattern in (("inline script", r"<script(?![^>]*\bsrc=)"), ("inline style", r"<style|\sstyle="), ("handler", r"\son\w+="), ("other host", r"//\w")):
    if re.search(pattern, page):
        bad.append(f"src/web/index.html: {what}")
if shutil.which("node"):
    for f in files:
        if f.suffix == ".js":
            done = subprocess.run(["node", "--input-type=module", "--check"], input=f.read_text(), capture_output=True, text=True)
            if done.returncode != 0:
                bad.append(f"{f.relative_to(TOP)}: {done.stderr.strip()}")
else:
    print("node is not installed: whether the modules parse is seen in tests/web alone")
finish(bad, "web")
