# SPDX-License-Identifier: MIT
"""What it costs that requests are kept for a look at them (`inspect: full`, the default), beside `inspect: false`.

The difference is small against what a machine does to a single figure: so it is measured in pairs, one right behind the
other, the order changing from pair to pair, and judged by the median of the ratios.
"""
import load
import measure
from paths import Ours

MODES = ("false", "full")
COLUMNS = ("rps_64", "down_1", "up_1")


class Kept(Ours):
    def __init__(self, scene, mode):
        super().__init__(scene)
        self.name, self.inspect = f"capture-{mode}", mode


def work(path, column, size):
    """(the figure, what the daemon's CPU seconds are divided by)"""
    files = path.world.dir / "files"
    if column == "rps_64":
        got = load.requests(path.targets["web"], 64, size.seconds)
        return got["rps"], got["count"] / 1e5
    move = load.bulk_down if column == "down_1" else load.bulk_up
    return move(path.targets, files, size.bulk, 1), size.bulk / 1e9


def one(path, column, size):
    """(figure, CPU seconds of the daemon for 100,000 requests or 1 GB)"""
    before = measure.cpu_seconds(path.pids("client"))
    figure, part = work(path, column, size)
    return figure, (measure.cpu_seconds(path.pids("client")) - before) / part


def pairs(paths, column, size, say):
    out = {mode: [] for mode in MODES} | {f"cpu_{mode}": [] for mode in MODES}
    for n in range(size.pairs):
        say(f"capture {n + 1}/{size.pairs}: {column}")
        for mode in MODES if n % 2 == 0 else MODES[::-1]:
            figure, cpu = one(paths[mode], column, size)
            out[mode].append(figure)
            out[f"cpu_{mode}"].append(cpu)
    return out


def measure_pairs(scene, size, say):
    """column -> {false, full, cpu_false, cpu_full: [figure, …]}"""
    paths = {mode: Kept(scene, mode) for mode in MODES}
    try:
        for path in paths.values():
            path.start()
        return {column: pairs(paths, column, size, say) for column in COLUMNS}
    finally:
        for path in paths.values():
            path.stop()
