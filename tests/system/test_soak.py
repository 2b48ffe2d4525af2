# SPDX-License-Identifier: MIT
"""Everything at once, for long: no answer wrong, nothing growing.

In CI for seconds; with --long for TUNNELTO_SOAK seconds (an hour unless set). The traffic is little on purpose: what is
looked for are leaks and rare interleavings, not speed.
"""
import hashlib
import http.client
import os
import random
import socket
import statistics
import threading
import time

import pytest

from actors import MIB

KIB = 1024


class Worker(threading.Thread):
    """Calls @turn again and again until told to stop; keeps the first error."""

    def __init__(self, soak, turn, pause):
        super().__init__(daemon=True)
        self.soak, self.turn, self.pause, self.turns, self.error = soak, turn, pause, 0, None
        self.random = random.Random(turn.__name__)

    def run(self):
        while not self.soak.over.wait(self.pause):
            try:
                self.turn(self)
                self.turns += 1
            except Exception as e:  # noqa: BLE001: whatever it is, it is the result
                self.error = self.error or f"{self.turn.__name__}, turn {self.turns}: {e!r}"
                self.soak.over.set()


class Soak:
    def __init__(self, net):
        self.net, self.over, self.samples = net, threading.Event(), []
        self.host = net.url.split("/")[2]
        self.kept = None

    def ask(self, link, method, path, body=None):
        link.request(method, path, body, {"Host": self.host})
        answer = link.getresponse()
        data = answer.read()
        assert answer.status == 200, f"{method} {path}: {answer.status} {data[:100]}"
        return data

    def fresh(self):
        return http.client.HTTPConnection("127.0.0.1", self.net.srv.public, timeout=60)

    def over_one_connection(self, w):
        self.kept = self.kept or self.fresh()
        path = f"/{w.random.randrange(1 << 30)}"
        assert self.ask(self.kept, "GET", path) == f"origin: GET {path}\n".encode()

    def over_many(self, w):
        link = self.fresh()
        assert self.ask(link, "GET", f"/{w.turns}") == f"origin: GET /{w.turns}\n".encode()
        link.close()

    def uploads(self, w):
        body, link = w.random.randbytes(w.random.randrange(2 * MIB)), self.fresh()
        assert hashlib.sha256(self.ask(link, "POST", "/", body)).digest() == hashlib.sha256(body).digest()
        link.close()

    def downloads(self, w):
        n, link = w.random.randrange(4 * MIB), self.fresh()
        block = bytes(range(256)) * 256
        assert self.ask(link, "GET", f"/bytes/{n}") == (block * (n // len(block) + 1))[:n]
        link.close()

    def visitors_that_leave(self, w):
        with socket.create_connection(("127.0.0.1", self.net.srv.public)) as s:
            s.sendall(f"GET /bytes/{16 * MIB} HTTP/1.1\r\nHost: {self.host}\r\n\r\n".encode()[:w.random.randrange(20, 90)])
            s.settimeout(0.3)
            try:
                s.recv(w.random.randrange(1, 64 * KIB))
            except TimeoutError:
                pass

    def tcp(self, w):
        with socket.create_connection(("127.0.0.1", self.net.port), timeout=60) as s:
            blob = w.random.randbytes(w.random.randrange(1, 512 * KIB))
            s.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(blob) + blob)
            s.shutdown(socket.SHUT_WR)
            whole = b""
            while piece := s.recv(65536):
                whole += piece
            assert whole.endswith(blob)

    def operator(self, w):
        """Another tunnel goes up and down, configurations are read again, keys come and go."""
        self.net.dmn.ctl("down", "other")
        self.net.dmn.ctl("up", "other", "--wait")
        self.net.dmn.ctl("reload")
        self.net.srv.ctl("reload")
        if w.turns % 20 == 0:
            self.net.srv.key(f"passing-{w.turns}")
            self.net.srv.ctl("key", "revoke", f"passing-{w.turns}")
        self.net.dmn.status(), self.net.srv.status()

    def cuts(self, w):
        self.net.relay.cut()

    def sample(self, seconds):
        """Memory and descriptors, a hundred times."""
        step, programs = seconds / 100, (self.net.srv, self.net.dmn)
        began = time.monotonic()
        while time.monotonic() - began < seconds and not self.over.wait(step):
            self.samples.append([(p.rss(), p.fds()) for p in programs])
        self.over.set()

    def growth(self, which, what):
        """The last fifth's median against the second fifth's: the first one is for warming up."""
        values = [s[which][what] for s in self.samples]
        fifth = len(values) // 5
        return statistics.median(values[fifth:2 * fifth]), statistics.median(values[-fifth:])


def soak(net, seconds):
    net.web = net.origin()
    net.srv = net.server(config={"tcp": {"listen": "127.0.0.1", "ports": "21000-21999"}})
    # few requests are kept, so that they are as many as may be before memory is first looked at
    net.dmn = net.daemon(net.srv, {"web": {"local": net.web.port, "subdomain": "web"}, "other": {"local": net.web.port},
                                   "raw": {"local": net.web.port, "proto": "tcp"}}, key=net.srv.key("test", "*", "--tcp", "21000-21999"),
                         config={"inspector": {"requests": 10, "bytes": "1MiB"}})
    net.url = net.dmn.up("web", "other", "raw")
    net.port = int(net.dmn.url("raw").rsplit(":", 1)[1])
    s = Soak(net)
    workers = [Worker(s, s.over_one_connection, 0.05), Worker(s, s.over_many, 0.1), Worker(s, s.uploads, 0.5),
               Worker(s, s.downloads, 0.5), Worker(s, s.visitors_that_leave, 0.3), Worker(s, s.tcp, 0.5), Worker(s, s.operator, 2)]
    for w in workers:
        w.start()
    s.sample(seconds)
    for w in workers:
        w.join(90)
    for which, p in enumerate((net.srv, net.dmn)):
        print(f"{p.name}: RSS {s.growth(which, 0)}, descriptors {s.growth(which, 1)}")
    print({w.turn.__name__: w.turns for w in workers})
    assert not [w.error for w in workers if w.error]
    assert all(w.turns for w in workers)
    for which, p in enumerate((net.srv, net.dmn)):
        (first, last), (fds, fds_last) = s.growth(which, 0), s.growth(which, 1)
        if not net.sanitized:
            assert last <= first * 1.1 + MIB, f"{p.name} grows"
        assert fds_last <= fds + 10, f"{p.name} keeps descriptors"
    return s


@pytest.mark.heavy
def test_everything_at_once_for_a_while(net):
    soak(net, 15)


@pytest.mark.long
def test_everything_at_once_for_an_hour(net):
    soak(net, int(os.environ.get("TUNNELTO_SOAK", "3600")))
