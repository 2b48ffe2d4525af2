# SPDX-License-Identifier: MIT
"""A client of tunnelto.v2 in the test's hands, from the specification in tunnelto-protocol(7): frames by hand over a WebSocket."""
import base64
import json
import os
import socket
import struct
import threading

from actors import WAIT

HELLO, WELCOME, REGISTER, REGISTERED, PING, PONG, GOAWAY, RESUME, OPEN, DATA = 1, 2, 3, 4, 7, 8, 9, 12, 16, 17
BINARY, CLOSE = 2, 8
INSTANCE = "00112233445566778899aabbccddeeff"


class Client:
    """One session over one WebSocket; answers PING, keeps every other frame for wait()."""

    def __init__(self, port, key):
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=WAIT)
        nonce = base64.b64encode(os.urandom(16)).decode()
        self.sock.sendall(f"GET /wormhole HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {nonce}\r\n"
                          f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: tunnelto.v2\r\nAuthorization: Bearer {key}\r\n\r\n".encode())
        self.rest = b""
        while b"\r\n\r\n" not in self.rest:
            self.rest += self.sock.recv(4096)
        head, _, self.rest = self.rest.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 "), head
        self.frames, self.news, self.closed = [], threading.Condition(), False
        self.thread = threading.Thread(target=self.read_all, daemon=True)
        self.thread.start()

    # --- WebSocket ---

    def take(self, n):
        while len(self.rest) < n:
            piece = self.sock.recv(65536)
            if not piece:
                raise ConnectionError
            self.rest += piece
        out, self.rest = self.rest[:n], self.rest[n:]
        return out

    def message(self):
        first, n = self.take(2)
        if n == 126:
            n, = struct.unpack(">H", self.take(2))
        elif n == 127:
            n, = struct.unpack(">Q", self.take(8))
        return first & 15, self.take(n)

    def read_all(self):
        stream = b""
        try:
            while True:
                opcode, payload = self.message()
                if opcode == CLOSE:
                    break
                stream += payload
                while len(stream) >= 8 and len(stream) >= 8 + struct.unpack_from(">H", stream, 2)[0]:
                    kind, _, n, number = struct.unpack_from(">BBHI", stream)
                    self.on_frame(kind, number, stream[8:8 + n])
                    stream = stream[8 + n:]
        except OSError:
            pass
        with self.news:
            self.closed = True
            self.news.notify_all()

    def on_frame(self, kind, number, payload):
        if kind == PING:
            self.send(PONG, payload)
            return
        with self.news:
            self.frames.append((kind, number, payload))
            self.news.notify_all()

    # --- frames ---

    def send(self, kind, payload=b"", number=0, flags=0):
        frame = struct.pack(">BBHI", kind, flags, len(payload), number) + payload
        mask, n = os.urandom(4), len(frame)
        length = bytes([0x80 | n]) if n < 126 else b"\xfe" + struct.pack(">H", n)
        self.sock.sendall(bytes([0x80 | BINARY]) + length + mask + bytes(b ^ mask[i & 3] for i, b in enumerate(frame)))

    def wait(self, kind):
        """The next frame of that kind: its stream and payload."""
        def found():
            return next((f for f in self.frames if f[0] == kind), None)
        with self.news:
            assert self.news.wait_for(lambda: found() or self.closed, WAIT) and found(), f"no frame of type {kind}"
            frame = found()
            self.frames.remove(frame)
            return frame[1:]

    def hello(self, generation=1, **more):
        self.send(HELLO, json.dumps({"version": 2, "software": "test/1", "instance": INSTANCE, "generation": generation, "window": 262144,
                                     **more}).encode())
        self.welcome = json.loads(self.wait(WELCOME)[1])
        return self.welcome

    def register(self, request, name, proto, **more):
        self.send(REGISTER, json.dumps({"request": request, "name": name, "proto": proto, **more}).encode())
        return json.loads(self.wait(REGISTERED)[1])

    def resume(self, *entries):
        """What was received and is granted of each stream: (id, received, limit)."""
        self.send(RESUME, b"".join(struct.pack(">IQQ", *e) for e in entries), flags=1)
        return self.wait(RESUME)[1]

    def wait_open(self):
        return self.wait(OPEN)[0]

    def data(self, number, offset, piece):
        self.send(DATA, struct.pack(">Q", offset) + piece, number)

    def close(self):
        """Without a word."""
        self.sock.shutdown(socket.SHUT_RDWR)
        self.thread.join(5)
        self.sock.close()

    end = close
