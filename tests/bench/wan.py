# SPDX-License-Identifier: MIT
"""The same under an emulated WAN: visitors and server ends in one network namespace, client ends and origin in another.

wan.c makes both and carries their packets with a delay and losses. For each condition the paths are started afresh, so
that no connection remembers another one. The bench itself enters the visitors' namespace meanwhile.
"""
import contextlib
import ctypes
import os
import select
import subprocess

import load
from paths import Direct, OursTls, Scene, helper
from world import LIBC, WAN_CLIENT, WAN_SERVER, Skip, tool

CLONE_NEWNET = 0x40000000
NETWORK = "10.77.0.0/24"
RATE_MBIT, QUEUE_MS, SEED = 500, 50, 1
TCP = "cubic"  # Linux's default; under loss bbr's figures differ a hundredfold from one run to the next
VISITORS = 4  # that ask for small files while a bulk stream runs
PATHS = [Direct, OursTls]


def setting(size):
    return (f"{RATE_MBIT} Mbit/s, a queue of {QUEUE_MS} ms, TCP {TCP}; one download of {size.wan_seconds:g} s; "
            f"{VISITORS} visitors asking for 1 KiB")


def enter(fd):
    """Put this thread, and what it starts, into a network namespace."""
    if LIBC.setns(fd, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


class Wan:
    """A running emulator; while it is entered, this process stands beside the visitors."""

    def __init__(self, world, rtt_ms, loss):
        if os.geteuid() != 0:
            raise Skip("an emulated WAN needs root, for network namespaces")
        if not os.path.exists("/dev/net/tun"):
            raise Skip("an emulated WAN needs /dev/net/tun")
        self.world = world
        self.process = world.spawn("wan", helper(world, "wan"), rtt_ms, loss, RATE_MBIT, QUEUE_MS, SEED,
                                   stdout=subprocess.PIPE)
        with self.process.stdout as f:
            line = f.readline().split() if select.select([f], [], [], 5)[0] else []
        if len(line) != 3:
            raise Skip(f"no emulated WAN: {self.process.log()}")
        self.spaces = [os.open(f"/proc/{self.process.pid}/fd/{int(fd)}", os.O_RDONLY | os.O_CLOEXEC) for fd in line[1:]]
        self.home = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)

    def __enter__(self):
        ip = tool("ip")
        for space in reversed(self.spaces):
            enter(space)
            # a namespace may choose only what the machine allows everybody; a route may choose all that is there
            done = subprocess.run([ip, "route", "change", NETWORK, "dev", "tun0", "congctl", TCP],
                                  capture_output=True, text=True)
            if done.returncode:
                self.__exit__()
                raise Skip(f"no emulated WAN with TCP {TCP}: {done.stderr.strip()}")
        return self

    @contextlib.contextmanager
    def at_client(self):
        enter(self.spaces[1])
        try:
            yield
        finally:
            enter(self.spaces[0])

    def __exit__(self, *_):
        enter(self.home)
        self.world.stop(self.process)
        for fd in [*self.spaces, self.home]:
            os.close(fd)


def bulk(path, files, seconds):
    """Bytes per second of one download that its deadline ends; every byte that came is compared."""
    arrived = path.world.dir / "arrived"
    down, _, took, _ = load.outcome(load.curl(path.targets["web"], "/bulk", "-o", str(arrived), deadline=seconds))
    if load.digest(arrived) != load.digest(load.part_of(files, arrived.stat().st_size)):
        raise load.Broken("a download arrived with other bytes")
    arrived.unlink()
    return down / took


def small(path, seconds):
    return load.requests(path.targets["web"], VISITORS, seconds)["p99"]


def small_beside_bulk(path, seconds):
    """p99 of small requests while a bulk stream runs, in milliseconds."""
    stream = load.curl(path.targets["web"], "/bulk", "-o", "/dev/null", deadline=seconds + 2)
    select.select([], [], [], 1.0)  # the stream is to have left its slow start
    try:
        return small(path, seconds)
    finally:
        stream.kill()
        stream.communicate()


def once(path, got, size, say):
    """One round of a path; a figure that can't be had is None."""
    work = {"bulk": lambda: bulk(path, path.world.dir / "files", size.wan_seconds),
            "p99_idle": lambda: small(path, size.wan_seconds / 2),
            "p99_busy": lambda: small_beside_bulk(path, size.wan_seconds / 2)}
    for column, measure in work.items():
        try:
            got[column].append(measure())
        except load.Broken as e:
            say(f"  {column}: {e}")
            got[column].append(None)


def condition(world, rtt_ms, loss, count, size, say):
    """@count rounds with so many milliseconds of round trip and percent lost: {path: {bulk, p99_idle, p99_busy: []}}."""
    with Wan(world, rtt_ms, loss) as wan:
        scene = Scene(world, WAN_SERVER, WAN_CLIENT, wan.at_client)
        scene.start_origin(size.bulk)
        out, up = {}, []
        try:
            for cls in PATHS:
                up.append(cls(scene))
                up[-1].start()
                out[cls.name] = {"bulk": [], "p99_idle": [], "p99_busy": []}
            for n in range(count):
                for path in up[n % 2:] + up[:n % 2]:
                    say(f"WAN {rtt_ms} ms, {loss} % lost, round {n + 1}/{count}: {path.title}")
                    once(path, out[path.name], size, say)
        finally:
            for path in up:
                path.stop()
            world.stop(*scene.origin)
        return out
