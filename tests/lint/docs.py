#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tables and manuals say the same: frames, close reasons, refusals, and the Varlink interfaces."""
import re

from common import TOP, finish

bad = []


def read(name):
    return (TOP / name).read_text()


protocol = read("man/tunnelto-protocol.7")
for name, num in re.findall(r"^FRAME\((\w+),\s*(0x[0-9a-f]+)", read("src/proto/frame.def.h"), re.M):
    if not re.search(rf"^\.It {name} Ta {num} ", protocol, re.M):
        bad.append(f"man/tunnelto-protocol.7: no row '{name} {num}'")
for code, word, text in re.findall(r'^CLOSE\(\w+,\s*(\d+), "(\w+)",\s*\d+,\s*"([^"]+)"', read("src/proto/close.def.h"), re.M):
    if f".It {word} Ta {code} Ta {text}" not in protocol:
        bad.append(f"man/tunnelto-protocol.7: no row '{word} {code} {text}'")
for word, retry, text in re.findall(r'^REFUSAL\(\w+,\s*"(\w+)",\s*(true|false),\s*"([^"]+)"', read("src/proto/hello_refusal.def.h"),
                                    re.M):
    if f".It {word} Ta {'yes' if retry == 'true' else 'no'} Ta {text}" not in protocol:
        bad.append(f"man/tunnelto-protocol.7: no row '{word} {retry} {text}'")

# what the HTTP edge answers by itself: a row for each word, and no word but these
server = read("man/tunnelto-server.8")
answers = set(re.findall(r'^FAULT\(\w+,\s*(\d+),\s*"(\w+)",\s*"([^"]+)"', read("src/proto/http_fault.def.h"), re.M))
answers |= {(http, word, text) for word, http, text in re.findall(
    r'^CLOSE\(\w+,\s*\d+, "(\w+)",\s*(\d+),\s*"([^"]+)"', read("src/proto/close.def.h"), re.M) if http != "0"}
told = set(re.findall(r"^\.It (\d{3}) Ta (\w+) Ta (.*)$", server, re.M))
for row in sorted(answers - told):
    bad.append(f"man/tunnelto-server.8: no row '{' '.join(row)}'")
for row in sorted(told - answers):
    bad.append(f"man/tunnelto-server.8: no such answer: '{' '.join(row)}'")

# what the client's gate answers by itself
answers = set(re.findall(r'^REFUSAL\(\w+,\s*(\d+),\s*"[^"]+",\s*"(\w+)",\s*"([^"]+)"', read("src/gate/gate_refusal.def.h"), re.M))
told = set(re.findall(r"^\.It (\d{3}) Ta (\w+) Ta (.*)$", read("man/tunneltod.yaml.5"), re.M))
bad += [f"man/tunneltod.yaml.5: answer '{' '.join(row)}': in gate_refusal.def.h or here, not in both" for row in sorted(answers ^ told)]

control = read("man/tunnelto-control.7")
for side, verbs in (("Client", "src/client/client_verbs.c"), ("Server", "src/server/server_verbs.c")):
    idl = read(f"src/ctl/io.tunnelto.{side}.varlink")
    table = read(verbs)
    for kind, name in re.findall(r"^(method|error|type) (\w+)", idl, re.M):
        if name not in control:
            bad.append(f"man/tunnelto-control.7: {kind} {name} of io.tunnelto.{side} is not described")
        if kind == "method" and f'"{name}"' not in table:
            bad.append(f"{verbs}: method {name} has no row")

ctl = read("man/tunnelctl.1")
for verb in re.findall(r'^VERB\("([^"]+)"', read("src/cli/verbs.def.h"), re.M):
    if not re.search(rf"\b{re.escape(verb.split()[-1])}\b", ctl):
        bad.append(f"man/tunnelctl.1: verb '{verb}' is not described")

manuals = ctl + read("man/tunnelto.1")
for option, letter in re.findall(r'^OPTION\(\w+,\s*"--([\w-]+)",\s*(0|\'\w\'),', read("src/cli/options.def.h"), re.M):
    if not re.search(rf"Fl -{option}\b", manuals):
        bad.append(f"man/tunnelctl.1, tunnelto.1: option --{option} is not described")
    if letter != "0" and not re.search(rf"Fl {letter[1]}\b", manuals):
        bad.append(f"man/tunnelctl.1, tunnelto.1: option -{letter[1]} is not described")

# every row of a configuration table: its key, and its default, in the manual
for source, manual in (("src/client/client_conf.c", "man/tunneltod.yaml.5"), ("src/gate/verify_conf.c", "man/tunneltod.yaml.5"),
                       ("src/server/server_conf.c", "man/tunnelto-server.yaml.5")):
    text = read(manual)
    for key, row in re.findall(r'^\t\{"(\w+)", (CONF_\w+.*?\.help)', read(source), re.M | re.S):
        if not re.search(rf"\b{key}\b", text):
            bad.append(f"{manual}: key {key} is not described")
        default = re.search(r'\.fallback = "([^"]+)"', row)
        if default and default.group(1) not in ("0", "0s", "['*']") and default.group(1).strip("'") not in text:
            bad.append(f"{manual}: default {default.group(1)} of {key} is not told")
for program, manual in (("client", "man/tunneltod.8"), ("server", "man/tunnelto-server.8")):
    text = read(manual)
    for option in re.findall(r'^\t+\{"([a-z-]+)", (?:no|required)_argument', read(f"src/{program}/main.c"), re.M):
        if f"-{option}" not in text:
            bad.append(f"{manual}: option --{option} is not described")

# the exit statuses: each in its manuals, no other there, and the units restart where that helps
rows = re.findall(r'^EXIT\(\w+,\s*(\d+),\s*(MENDS|IN_VAIN),\s*(BOTH|CLIENT),\s*"([^"]+)"\)', read("src/sys/exit.def.h"), re.M)
if not rows:
    bad.append("src/sys/exit.def.h: no rows")
for manual, whose in (("man/tunneltod.8", ("BOTH", "CLIENT")), ("man/tunnelto-server.8", ("BOTH",))):
    said = re.findall(r"^\.It (\d+)\n(?:\.Fl -one-shot :\n)?(.*)$", read(manual).split(".Sh EXIT STATUS")[1].split("\n.El")[0], re.M)
    meant = [(code, meaning) for code, _, who, meaning in rows if who in whose]
    bad += [f"{manual}: exit status {' '.join(row)}: in the table or here, not in both" for row in set(said) ^ set(meant)]
in_vain = " ".join(code for code, restart, _, _ in rows if restart == "IN_VAIN" and code != "0")
for unit in sorted((TOP / "systemd").glob("**/*.service.in")):
    if f"RestartPreventExitStatus={in_vain}\n" not in unit.read_text():
        bad.append(f"{unit.relative_to(TOP)}: RestartPreventExitStatus= is not {in_vain}")
finish(bad, "docs")
