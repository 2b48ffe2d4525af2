# SPDX-License-Identifier: MIT
"""An open-loop load: so many requests a second whatever becomes of those before, each on a connection of its own."""
import selectors
import socket
import threading
import time


class Shot:
    """One request; @fault says what went wrong, None while it runs and when all was well. @cut: a reset, in the middle of an answer."""

    def __init__(self, number, port, request, expect):
        self.number, self.request, self.expect = number, request, expect
        self.got, self.fault, self.done, self.cut = b"", None, False, False
        self.began = time.monotonic()
        self.ended = None
        self.sock = socket.socket()
        self.sock.setblocking(False)
        self.sock.connect_ex(("127.0.0.1", port))

    def finish(self, fault=None):
        self.fault, self.done, self.ended = fault, True, time.monotonic()
        self.sock.close()

    def whole(self):
        """A response with a Content-Length, all of it."""
        head, sep, body = self.got.partition(b"\r\n\r\n")
        if not sep:
            return False
        lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
        return bool(lengths) and len(body) >= int(lengths[0])

    def judge(self):
        head, _, body = self.got.partition(b"\r\n\r\n")
        status = head.split(b"\r\n")[0].decode(errors="replace")
        if " 200 " not in status + " ":
            return f"{status}: {body[:200]!r}"
        return None if self.expect in body else f"another body: {body[:100]!r}"

    def on(self, events):
        try:
            if self.request and events & selectors.EVENT_WRITE:
                self.request = self.request[self.sock.send(self.request):]
            if events & selectors.EVENT_READ:
                piece = self.sock.recv(65536)
                self.got += piece
                if self.whole():
                    self.finish(self.judge())
                elif not piece:
                    self.finish(f"ended after {len(self.got)} bytes: {self.got[:60]!r}")
        except BlockingIOError:
            pass
        except OSError as e:
            self.cut = isinstance(e, ConnectionResetError) and self.got != b""
            self.finish(f"{type(e).__name__} after {len(self.got)} bytes")


class Load:
    """@rate requests a second for @host on @port, until stop(); a context manager."""

    def __init__(self, port, host, rate=200, path="/load", expect=b"load", timeout=30.0):
        self.port, self.rate, self.expect, self.timeout = port, rate, expect, timeout
        self.request = lambda n: f"GET {path}/{n} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
        self.shots, self.stopping = [], False
        self.thread = threading.Thread(target=self.run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *error):
        self.stop()

    def stop(self):
        """No new requests; until each one has ended."""
        self.stopping = True
        self.thread.join(self.timeout + 10)
        assert not self.thread.is_alive()

    @property
    def sent(self):
        return len(self.shots)

    @property
    def served(self):
        return sum(1 for s in self.shots if s.done and not s.fault)

    @property
    def faults(self):
        """What failed, but for answers that were under way and were reset."""
        return [(s.number, round(s.ended - s.began, 3), s.fault) for s in self.shots if s.fault and not s.cut]

    @property
    def cut(self):
        return sum(1 for s in self.shots if s.cut)

    @property
    def slowest(self):
        return max((s.ended - s.began for s in self.shots if s.done), default=0)

    def run(self):
        with selectors.DefaultSelector() as selector:
            running, began = set(), time.monotonic()
            while running or not self.stopping:
                now = time.monotonic()
                while not self.stopping and len(self.shots) < (now - began) * self.rate:
                    shot = Shot(len(self.shots), self.port, self.request(len(self.shots)), self.expect)
                    selector.register(shot.sock, selectors.EVENT_READ | selectors.EVENT_WRITE, shot)
                    self.shots.append(shot)
                    running.add(shot)
                for key, events in selector.select(0.005):
                    self.serve(selector, key, events, running)
                for shot in [s for s in running if now - s.began > self.timeout]:
                    selector.unregister(shot.sock)
                    shot.finish("no answer in time")
                    running.discard(shot)

    @staticmethod
    def serve(selector, key, events, running):
        shot, sock = key.data, key.fileobj
        was_sending = bool(shot.request)
        shot.on(events)
        if shot.done:
            selector.unregister(key.fd)
            running.discard(shot)
        elif was_sending and not shot.request:
            selector.modify(sock, selectors.EVENT_READ, shot)
