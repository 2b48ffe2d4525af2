# SPDX-License-Identifier: MIT
"""The rates: every path is up at once, and each column is measured on all of them in turn, round by round.

Interleaving makes what drifts (the machine's clock, its neighbours) hit all paths alike; rounds start at another path
each time. A path that serves wrongly once is left out from there on, with the reason.
"""
import load
import measure

CONNECTIONS = (1, 64, 256)


class Rounds:
    def __init__(self, scene, paths, size, say):
        self.scene, self.paths, self.size, self.say = scene, paths, size, say
        self.files = scene.world.dir / "files"
        self.samples = {p.name: {} for p in paths}
        self.broken = {}

    def keep(self, path, **figures):
        for column, figure in figures.items():
            self.samples[path.name].setdefault(column, []).append(figure)

    def costing(self, path, work):
        """@work()'s value, and the CPU seconds that both ends spent on it."""
        ends = ("server", "client")
        before = {end: measure.cpu_seconds(path.pids(end)) for end in ends}
        value = work()
        return value, {end: measure.cpu_seconds(path.pids(end)) - before[end] for end in ends}

    def requests(self, path, connections):
        got, cpu = self.costing(path, lambda: load.requests(path.targets["web"], connections, self.size.seconds))
        n = connections
        self.keep(path, **{f"rps_{n}": got["rps"], f"p50_{n}": got["p50"], f"p99_{n}": got["p99"], "errors": got["errors"]})
        if n == 64 and path.clients:
            self.keep(path, **{f"cpu_req_{end}": cpu[end] / got["count"] * 1e5 for end in cpu})

    def reconnecting(self, path):
        got = load.requests(path.targets["web"], 64, self.size.seconds, close=True)
        self.keep(path, rps_close=got["rps"], errors=got["errors"])

    def bulk(self, path, direction, streams):
        move = load.bulk_down if direction == "down" else load.bulk_up
        size = self.size.bulk if streams == 1 else self.size.bulk_each
        rate, cpu = self.costing(path, lambda: move(path.targets, self.files, size, streams))
        self.keep(path, **{f"{direction}_{streams}": rate})
        if direction == "down" and streams == 1 and path.clients:
            self.keep(path, **{f"cpu_gb_{end}": cpu[end] / size * 1e9 for end in cpu})

    def verify(self, path):
        for size, streams in ((self.size.bulk_each, 1), (self.size.bulk_each // 4, 8)):
            load.verify(path.targets, self.files, self.scene.world.dir, size, streams)

    def columns(self):
        out = [(f"requests, {n} connection(s)", lambda p, n=n: self.requests(p, n)) for n in CONNECTIONS]
        out.append(("requests, no keep-alive", self.reconnecting))
        for direction in ("down", "up"):
            for streams in (1, 8):
                out.append((f"bulk {direction}, {streams} stream(s)", lambda p, d=direction, n=streams: self.bulk(p, d, n)))
        return out

    def each(self, what, work, first=0):
        order = self.paths[first:] + self.paths[:first]
        for path in [p for p in order if p.name not in self.broken]:
            self.say(f"{what}: {path.title}")
            try:
                work(path)
            except (load.Broken, OSError, ValueError) as e:
                self.broken[path.name] = f"{what}: {e}"
                self.say(f"  left out from here on: {e}")

    def run(self, count):
        self.each("hashes", self.verify)
        for n in range(count):
            for what, work in self.columns():
                self.each(f"round {n + 1}/{count}, {what}", work, n % len(self.paths))
        return self.samples
