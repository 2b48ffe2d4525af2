# SPDX-License-Identifier: MIT
"""What a flood of visitors on one tunnel does to another's: two daemons at one server, one of them flooded.

The server is what they share. In life the flooded tunnel's visitors, daemon and origin are on other machines: here they
run at the lowest priority, so that what is measured is the server's fairness and not how the kernel shares two cores.
The same is measured without a tunnel, two nginx side by side, for what the machine itself does to a tail of latencies.
"""
import time

import load
from paths import READY, OursTls, Target, nginx_conf, until_200
from world import HOST, tool

FLOOD, OTHER = 64, 2  # connections
LOWEST = 19


class Flooded(OursTls):
    """Its tunnel is the flooded one; `other` is the target of the second daemon's."""

    def start_client(self, address, port):
        scene, self.other = self.scene, Target(HOST, self.public, "other.bench.localhost")
        self.at("web", self.public, "web.bench.localhost")
        out = []
        for name, local, nice in (("web", self.flooded_origin, LOWEST), ("other", scene.ports["web"], 0)):
            conf = self.here / f"{name}.yaml"
            text = self.client_config(address, port, {name: (local, name)})
            conf.write_text(text.replace("client.sock", f"{name}.sock"))
            (self.here / name).mkdir(exist_ok=True)
            out.append(scene.spawn_client(self.label("client"), self.world.program("tunneltod"), "--config", conf,
                                          env={"STATE_DIRECTORY": str(self.here / name)}, nice=nice))
        return out

    def connect(self, address, port=None):
        began = time.monotonic()
        self.clients = self.start_client(address, port or self.link)
        for target in (self.targets["web"], self.other):
            until_200(target, self.servers + self.clients, READY)
        return time.monotonic() - began


def lowly_origin(scene):
    """A second nginx of the same files, at the lowest priority; its process and port."""
    port = scene.world.port()
    conf = nginx_conf(scene.world, "flooded", f"server {{ listen {port} backlog=4096; root {scene.world.dir / 'files'}; }}")
    process = scene.world.spawn("origin-flooded", tool("nginx"), "-c", conf, nice=LOWEST)
    until_200(Target(HOST, port, "origin"), [process])
    return process, port


def beside(flooded, other, seconds):
    """(p99 of @other alone, p99 while @flooded is), in milliseconds."""
    alone = load.requests(other, OTHER, seconds)["p99"]
    flood = load.start_wrk(flooded, FLOOD, [], nice=LOWEST)
    try:
        time.sleep(min(0.3, seconds))  # its connections are to be there
        return alone, load.requests(other, OTHER, seconds)["p99"]
    finally:
        load.end_wrk(flood)


def measure(scene, count, seconds, say):
    """{tunnel, direct}: [(alone, beside the flood), …], one each round."""
    process, port = lowly_origin(scene)
    path = Flooded(scene)
    path.flooded_origin = port
    out = {"tunnel": [], "direct": []}
    try:
        path.start()
        for n in range(count):
            say(f"flood {n + 1}/{count}")
            out["tunnel"].append(beside(path.targets["web"], path.other, seconds))
            out["direct"].append(beside(Target(HOST, port, "origin"), Target(HOST, scene.ports["web"], "origin"), seconds))
    finally:
        path.stop()
        scene.world.stop(process)
    return out
