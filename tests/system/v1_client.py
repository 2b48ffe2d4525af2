# SPDX-License-Identifier: MIT
"""A client of the Rust tunnelto's protocol, written from its specification, as weak as the real one where that shows.

It opens the local connection at the first Data, never says that an origin has ended, refuses twice, half-closes some
time after End. It ends, and says why in `fatal`, on everything that ends the real one.
"""
import json
import socket
import threading

from actors import WAIT, until
from v1_wire import (BINARY, DATA, EMPTY, END, INIT, PING, REFUSED, TERMINATE, TEXT, Closed, Gone, client_hello, connect,
                     packet)


class Refusal(Exception):
    """The ServerHello that was no success."""


class V1Client:
    """@origin: a port, or None: then the test answers packets itself (`packets`, `send`)."""

    def __init__(self, port, key=None, sub_domain=None, token=None, version=None, origin=None, end_delay=0.1, hello=None):
        self.ws = connect(port)
        self.lock, self.news = threading.Lock(), threading.Condition()
        self.origin, self.end_delay = origin, end_delay
        self.token, self.fatal, self.closed = None, None, False
        self.streams, self.packets, self.pings = {}, [], 0
        self.version = version
        self.ws.send(hello if hello is not None else client_hello(key, sub_domain, token, version))
        opcode, message = self.ws.recv()
        assert opcode == BINARY
        self.answer = json.loads(message)
        if "success" not in self.answer:
            raise Refusal(self.answer)
        self.sub_domain, self.hostname = self.answer["success"]["sub_domain"], self.answer["success"]["hostname"]
        self.client_id = self.answer["success"]["client_id"]
        self.reading = threading.Event()
        self.reading.set()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def send(self, message, opcode=BINARY):
        with self.lock:
            self.ws.send(message, opcode)

    def data(self, stream, payload):
        self.send(packet(DATA, stream, payload))

    def run(self):
        try:
            while not self.fatal:
                self.reading.wait()
                opcode, message = self.ws.recv()
                if opcode not in (TEXT, BINARY) or len(message) < 9 or not 1 <= message[0] <= 6:
                    self.fatal = f"malformed packet: opcode {opcode}, {message[:20].hex()}"
                elif message[0] == REFUSED or (message[0] == TERMINATE and self.version is None):
                    self.fatal = f"unexpected packet: {message[:120]!r}"
                else:
                    self.on_packet(message[0], message[1:9], message[9:])
        except Closed:
            self.closed = "close"
        except (Gone, OSError, ValueError):
            self.closed = "gone"
        self.note(None)

    def note(self, what):
        with self.news:
            if what:
                self.packets.append(what)
            self.news.notify_all()

    def on_packet(self, tag, stream, payload):
        if tag == PING:
            self.pings += 1
            if stream != EMPTY:
                self.token = payload.decode()
            self.send(packet(PING))
        elif tag == TERMINATE:
            self.fatal = f"terminated: {payload.decode()}"
        elif self.origin is not None and tag == DATA:
            self.to_origin(stream, payload)
        elif self.origin is not None and tag == END and stream in self.streams:
            threading.Timer(self.end_delay, self.end_stream, [stream]).start()
        self.note((tag, stream, payload))

    def to_origin(self, stream, payload):
        if stream not in self.streams:
            try:
                self.streams[stream] = socket.create_connection(("127.0.0.1", self.origin))
            except OSError:
                self.send(packet(REFUSED, stream))
                self.send(packet(REFUSED, stream))
                return
            threading.Thread(target=self.from_origin, args=[stream, self.streams[stream]], daemon=True).start()
        try:
            self.streams[stream].sendall(payload)
        except OSError:
            pass

    def from_origin(self, stream, sock):
        try:
            while piece := sock.recv(4096):
                self.data(stream, piece)
        except OSError:
            pass
        self.streams.pop(stream, None)  # and the server is not told
        sock.close()

    def end_stream(self, stream):
        sock = self.streams.pop(stream, None)
        if sock:
            try:
                sock.shutdown(socket.SHUT_WR)
            except OSError:
                pass

    def wait(self, tag, stream=None, within=WAIT, after=0):
        """Until such a packet has come (after so many others of its kind); the packet."""
        def found():
            mine = [p for p in self.packets if p[0] == tag and stream in (None, p[1])]
            return mine[after] if len(mine) > after else None

        with self.news:
            assert self.news.wait_for(lambda: found() or self.fatal or self.closed, within), f"no packet {tag}"
            assert found(), f"no packet {tag}, but {self.fatal or self.closed}"
            return found()

    def opened(self, after=0):
        """The id of a stream that the server has opened."""
        return self.wait(INIT, after=after)[1]

    def received(self, stream):
        with self.news:
            return b"".join(p[2] for p in self.packets if p[0] == DATA and p[1] == stream)

    def request(self, stream, text=b"\r\n\r\n"):
        """Until a request's head is here."""
        until(lambda: text in self.received(stream), "a request")
        return self.received(stream)

    def wait_closed(self, within=WAIT):
        until(lambda: self.closed or self.fatal, "the end of the connection", within)
        return self.fatal or self.closed

    def end(self):
        self.fatal = self.fatal or "ended by the test"
        self.reading.set()
        self.ws.close()
        self.thread.join(5)
