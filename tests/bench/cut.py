# SPDX-License-Identifier: MIT
"""How long visitors wait when the link between both ends of a tunnel is cut: a relay that can cut, and one that asks.

The client end is led through the relay. All its connections are reset at once; from then on one visitor after the
other asks for the small file until one is served.
"""
import selectors
import socket
import struct
import threading
import time

from paths import READY
from world import HOST, Skip

GIVE_UP = 30.0  # seconds
RESET = struct.pack("ii", 1, 0)  # SO_LINGER with no time: close() resets


class Relay:
    """Carries TCP connections to @target, on a thread of its own; slow and small, for requests alone."""

    def __init__(self, target, address=(HOST, 0)):
        self.target, self.pairs, self.lock = target, {}, threading.Lock()
        self.listener = socket.create_server(address, backlog=64)
        self.port = self.listener.getsockname()[1]
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.listener, selectors.EVENT_READ)
        self.over = False
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.over:
            for key, _ in self.selector.select(0.2):
                with self.lock:
                    if key.fileobj is self.listener:
                        self.take()
                    elif key.fileobj in self.pairs:
                        self.carry(key.fileobj)

    def take(self):
        mine, _ = self.listener.accept()
        try:
            far = socket.create_connection(self.target, timeout=5)
        except OSError:
            mine.close()
            return
        for a, b in ((mine, far), (far, mine)):
            a.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.pairs[a] = b
            self.selector.register(a, selectors.EVENT_READ)

    def carry(self, a):
        try:
            piece = a.recv(65536)
            if piece:
                self.pairs[a].sendall(piece)
                return
        except OSError:
            pass
        self.drop(a)

    def drop(self, a, reset=False):
        for s in (a, self.pairs.pop(a, None)):
            if s is not None and s.fileno() >= 0:
                self.pairs.pop(s, None)
                self.selector.unregister(s)
                if reset:
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                s.close()

    def cut(self):
        """Reset every connection; how many there were."""
        with self.lock:
            n = len(self.pairs) // 2
            while self.pairs:
                self.drop(next(iter(self.pairs)), reset=True)
            return n

    def end(self):
        self.over = True
        self.thread.join(2)
        self.cut()
        self.listener.close()
        self.selector.close()


def served_after(target):
    """(milliseconds until a request is served, how many failed before it)."""
    began, failed = time.monotonic(), 0
    while time.monotonic() - began < GIVE_UP:
        if target.ask(timeout=GIVE_UP) == 200:
            return (time.monotonic() - began) * 1e3, failed
        failed += 1
        time.sleep(0.01)
    raise Skip(f"not served within {GIVE_UP:.0f} s of the cut")


def measure(cls, scene, count):
    """Cut this path's link @count times; (milliseconds, failed requests) each time."""
    path = cls(scene)
    if not path.reconnects:
        raise Skip("does not connect again by itself")
    path.start_server()
    path.wait_server()
    relay = Relay((scene.server, path.link))
    try:
        path.connect(HOST, relay.port)
        for _ in range(count):
            deadline = time.monotonic() + READY
            while relay.cut() == 0:  # what served the last visitor may have been over before the link was back
                if time.monotonic() > deadline:
                    raise Skip("its link does not go through the relay")
                time.sleep(0.05)
            yield served_after(path.targets["web"])
    finally:
        path.stop()
        relay.end()
