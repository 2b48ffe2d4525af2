# SPDX-License-Identifier: MIT
"""What idle tunnels and idle visitors cost in memory: many daemons on one server, many WebSockets through one tunnel.

Both are real: every daemon is a tunneltod with a session over TLS, every visitor a WebSocket that reaches the origin.
What the kernel holds for their sockets is not counted, for nobody.
"""
import json
import time

import measure
from paths import READY, OursTls, OursVisitorTls
from world import Skip

UPGRADE = ("GET /idle HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
AT_ONCE = 25  # daemons that start together


def resting(path, longest):
    """RSS of both ends, once it has not changed for two seconds (what work has freed is given back), or after @longest."""
    deadline, same, last = time.monotonic() + longest, 0, None
    while True:
        now = {end: measure.memory(path.pids(end))[0] for end in ("server", "client")}
        same = same + 1 if now == last else 0
        if same == 4 or time.monotonic() >= deadline:
            return now
        last = now
        time.sleep(0.5)


def tunnels(scene, count, rest, say):
    """Bytes per idle tunnel: at the server, and of one tunneltod that has one tunnel."""
    path = OursTls(scene)
    path.start()
    daemons = []
    try:
        before = resting(path, rest)
        for n in range(count):
            daemons.append(one_daemon(path, n))
            if (n + 1) % AT_ONCE == 0 or n + 1 == count:
                up_to(path, n + 1, daemons)
            if (n + 1) % 250 == 0:
                say(f"{n + 1} daemons")
        cost = (resting(path, rest)["server"] - before["server"]) / count
        some = [measure.memory([d.pid]) for d in daemons[::max(1, count // 50)]]
        mean = [sum(m[i] for m in some) / len(some) for i in range(3)]
        return {"tunnels": count, "tunnel_server": cost, "tunnel_client_rss": mean[0], "tunnel_client_pss": mean[1],
                "tunnel_client_private": mean[2]}
    finally:
        path.world.stop(*daemons)
        path.stop()


def one_daemon(path, n):
    conf = path.here / f"d{n}.yaml"
    text = path.client_config(path.scene.server, path.link, {f"t{n}": (path.scene.ports["web"], f"t{n}")})
    conf.write_text(text.replace("client.sock", f"d{n}.sock"))
    return path.scene.spawn_client("idle-daemon", path.world.program("tunneltod"), "--config", conf,
                                   env={"STATE_DIRECTORY": str(path.here)})


def up_to(path, count, daemons):
    """Until @count sessions (and the path's own) have their tunnel."""
    deadline = time.monotonic() + READY
    listing = ""
    while time.monotonic() < deadline:
        listing = path.ask_server(path.servers[0], "status", "--json")
        if len(json.loads(listing)["sessions"]) > count:
            return
        if any(d.poll() is not None for d in daemons):
            break
        time.sleep(0.05)
    raise Skip(f"{count} daemons did not all come up: {daemons[-1].log()[-200:]} ")


def websocket(target):
    s = target.connect(READY)
    s.sendall(UPGRADE.format(target.host).encode())
    got = s.recv(1024)
    if not got.startswith(b"HTTP/1.1 101"):
        raise Skip(f"no WebSocket: {got[:60]!r}")
    return s


def visitors(scene, count, rest, say, with_tls):
    """Bytes per idle WebSocket at the server and at the daemon; the link has TLS, visitors with @with_tls have, too."""
    path = (OursVisitorTls if with_tls else OursTls)(scene)
    path.start()
    held = []
    try:
        for _ in range(min(100, count)):  # what the first ones bring up is not theirs
            held.append(websocket(path.targets["sink"]))
        before = resting(path, rest)
        for n in range(count):
            held.append(websocket(path.targets["sink"]))
            if (n + 1) % 1000 == 0:
                say(f"{n + 1} WebSockets")
        after, key = resting(path, rest), "visitor_tls" if with_tls else "visitor"
        return {"visitors": count, **{f"{key}_{end}": (after[end] - before[end]) / count for end in before}}
    finally:
        for s in held:
            s.close()
        path.stop()
