# SPDX-License-Identifier: MIT
"""The Rust tunnelto's wire, written from its specification: WebSocket frames, packets, hellos. Nothing of it is ours.

Frames are made and read here, not by a WebSocket library, because the tests are about what a library hides: pings,
fragments, Close frames, masks.
"""
import base64
import hashlib
import json
import os
import socket
import struct

INIT, DATA, REFUSED, END, PING, TERMINATE = 1, 2, 3, 4, 5, 6
EMPTY, TOKEN = bytes([0x0F, 0, 0, 0, 0, 0, 0, 0]), bytes([0x0F, 0, 0, 0, 0, 0, 0, 1])
TEXT, BINARY, CLOSE, WS_PING, WS_PONG = 1, 2, 8, 9, 10
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Gone(Exception):
    """The connection ended without a WebSocket Close."""


class Closed(Exception):
    """The peer sent a WebSocket Close."""


def packet(tag, stream=EMPTY, payload=b""):
    return bytes([tag]) + stream + payload


def client_hello(key=None, sub_domain=None, token=None, version=None, **more):
    """As serde writes it: this order, no blanks."""
    hello = {
        "id": base64.urlsafe_b64encode(os.urandom(32)).decode().rstrip("="),
        "sub_domain": sub_domain,
        "client_type": {"Auth": {"key": key}} if key is not None else "Anonymous",
        "reconnect_token": token,
    }
    if version:
        hello["version"] = version
    return json.dumps({**hello, **more}, separators=(",", ":")).encode()


class WebSocket:
    """One connection, after the upgrade. @masks: whether this end is the client."""

    def __init__(self, sock, masks, early=b""):
        self.sock, self.masks, self.early = sock, masks, early
        self.pings = 0

    def exactly(self, n):
        out = self.early[:n]
        self.early = self.early[n:]
        while len(out) < n:
            try:
                piece = self.sock.recv(n - len(out))
            except ConnectionError:
                piece = b""
            if not piece:
                raise Gone
            out += piece
        return out

    def send_frame(self, opcode, payload, fin=True):
        head = bytes([opcode | (0x80 if fin else 0)])
        mask = 0x80 if self.masks else 0
        if len(payload) < 126:
            head += bytes([mask | len(payload)])
        elif len(payload) < 65536:
            head += bytes([mask | 126]) + struct.pack(">H", len(payload))
        else:
            head += bytes([mask | 127]) + struct.pack(">Q", len(payload))
        if self.masks:
            key = os.urandom(4)
            n = len(payload)
            pad = key * (n // 4 + 1)
            payload = (int.from_bytes(payload, "big") ^ int.from_bytes(pad[:n], "big")).to_bytes(n, "big")
            head += key
        self.sock.sendall(head + payload)

    def send(self, message, opcode=BINARY):
        self.send_frame(opcode, message)

    def recv_frame(self):
        first, second = self.exactly(2)
        assert not first & 0x70, "no extension was agreed on"
        assert bool(second & 0x80) is not self.masks, "clients mask, servers do not"
        n = second & 0x7F
        if n == 126:
            n = struct.unpack(">H", self.exactly(2))[0]
        elif n == 127:
            n = struct.unpack(">Q", self.exactly(8))[0]
        key = self.exactly(4) if second & 0x80 else b""
        payload = self.exactly(n)
        if key:
            pad = key * (n // 4 + 1)
            payload = (int.from_bytes(payload, "big") ^ int.from_bytes(pad[:n], "big")).to_bytes(n, "big")
        return bool(first & 0x80), first & 0x0F, payload

    def recv(self):
        """The next whole message: its opcode and bytes. Pings and pongs come as such, for they are forbidden."""
        out, kind = b"", None
        while True:
            fin, opcode, payload = self.recv_frame()
            if opcode == CLOSE:
                raise Closed(payload)
            if opcode in (WS_PING, WS_PONG):
                return opcode, payload
            kind = kind or opcode
            out += payload
            if fin:
                return kind, out

    def close(self):
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.sock.close()


def read_head(sock):
    data = b""
    while b"\r\n\r\n" not in data:
        piece = sock.recv(4096)
        if not piece:
            raise Gone
        data += piece
    head, rest = data.split(b"\r\n\r\n", 1)
    return head, rest


def connect(port, path="/wormhole", host="127.0.0.1", fields=b""):
    """Upgrade as the Rust client does: these fields, in this order, and no subprotocol."""
    sock = socket.create_connection((host, port), timeout=20)
    key = base64.b64encode(os.urandom(16))
    sock.sendall(b"GET " + path.encode() + b" HTTP/1.1\r\nHost: %s:%d\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                 b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n%s\r\n" % (host.encode(), port, key, fields))
    head, rest = read_head(sock)
    if not head.startswith(b"HTTP/1.1 101 "):
        sock.close()
        raise Gone(head.decode())
    accept = base64.b64encode(hashlib.sha1(key + GUID).digest())
    assert b"sec-websocket-accept: " + accept.lower() in head.lower()
    assert b"sec-websocket-protocol" not in head.lower() and b"sec-websocket-extensions" not in head.lower()
    return WebSocket(sock, masks=True, early=rest)


def accept(sock):
    """The server's half, as lenient as the stock one's: the request's head and the connection."""
    head, rest = read_head(sock)
    fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
    key = next(line.split(b": ", 1)[1] for line in head.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key"))
    sock.sendall(b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
                 b"sec-websocket-accept: " + base64.b64encode(hashlib.sha1(key + GUID).digest()) + b"\r\n\r\n")
    return fields, WebSocket(sock, masks=False, early=rest)
