# SPDX-License-Identifier: MIT
"""A server of the Rust tunnelto's protocol, written from its specification, as strict as the real one where that shows.

Control and visitors on a port each. Everything that the real one punishes is kept in `faults`: a WebSocket ping or pong,
an empty message, an Init or End of a client. A visitor is spliced byte by byte, routed once by its first Host.
"""
import base64
import contextlib
import hashlib
import json
import os
import socket
import threading

from actors import WAIT, Accepting, until
from v1_wire import (BINARY, DATA, EMPTY, END, INIT, PING, REFUSED, TERMINATE, TEXT, TOKEN, Closed, Gone, accept, packet)


class Tunnel:
    """One client's connection."""

    def __init__(self, server, ws, hello):
        self.server, self.ws, self.hello = server, ws, hello
        self.lock, self.visitors = threading.Lock(), {}
        self.pongs, self.closed = 0, False

    def send(self, message, opcode=BINARY):
        with self.lock:
            self.ws.send(message, opcode)

    def ping(self, token=None):
        self.send(packet(PING, TOKEN, token.encode()) if token else packet(PING))

    def terminate(self, reason):
        self.send(packet(TERMINATE, EMPTY, reason.encode()))

    def run(self):
        try:
            while True:
                opcode, message = self.ws.recv()
                if opcode not in (TEXT, BINARY) or not message:
                    self.server.faults.append(f"opcode {opcode}: the tunnel is removed")
                    break
                self.on_packet(message)
        except Closed:
            self.closed = "close"
        except (Gone, OSError, ValueError):
            self.closed = "gone"
        self.closed = self.closed or "fault"
        self.server.gone(self)

    def on_packet(self, message):
        tag, stream, payload = message[0], message[1:9], message[9:]
        if len(message) < 9 or tag not in (DATA, REFUSED, PING):
            self.server.faults.append(f"packet {message[:12].hex()}")
        elif tag == PING:
            self.pongs += 1
            if stream != EMPTY or payload:
                self.server.faults.append(f"pong {message[:12].hex()}")
        elif stream not in self.visitors:
            self.server.strays += 1
        elif tag == DATA:
            try:
                self.visitors[stream].sendall(payload)
            except OSError:
                pass
        else:
            visitor = self.visitors.pop(stream)
            visitor.sendall(b"HTTP/1.1 500\r\nContent-Length: 32\r\n\r\nTunnel says: connection refused.")
            visitor.close()

    def visit(self, visitor, first):
        stream = os.urandom(8)
        self.visitors[stream] = visitor
        if self.server.says_init:
            self.send(packet(INIT, stream))
        data = first
        while data:
            for i in range(0, len(data), 1024):
                self.send(packet(DATA, stream, data[i:i + 1024]))
            try:
                data = visitor.recv(65536)
            except OSError:
                return  # a read error: no End
        with contextlib.suppress(OSError):
            self.send(packet(END, stream))

    def end(self):
        self.ws.close()


class V1Server:
    """@answer: what is said to a hello; None: by the rules of the specification, with @keys."""

    def __init__(self, keys=(), port=0, says_init=True):
        self.keys, self.says_init, self.answer = list(keys), says_init, None
        self.hellos, self.heads, self.faults, self.tunnels, self.strays = [], [], [], {}, 0
        self.hello_head = None
        self.control = socket.create_server(("127.0.0.1", port), reuse_port=False, backlog=64)
        self.public = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.accepting = [Accepting(self.control, self.on_client), Accepting(self.public, self.on_visitor)]

    @property
    def port(self):
        return self.control.getsockname()[1]

    @property
    def public_port(self):
        return self.public.getsockname()[1]

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def judge(self, hello):
        """The ServerHello, and the name."""
        kind = hello["client_type"]
        key = kind.get("Auth", {}).get("key") if isinstance(kind, dict) else None
        if key is None or key not in self.keys:
            return "auth_failed", None
        name = hello["sub_domain"].lower() if hello["sub_domain"] is not None else os.urandom(4).hex()
        if not name or not all(c.isalnum() or c == "-" for c in name):
            return "invalid_sub_domain", None
        if name == "blocked":
            return "sub_domain_in_use", None
        client = base64.b64encode(hashlib.sha256(key.encode()).digest()).decode()
        return {"success": {"sub_domain": name, "hostname": f"{name}.tunnelto.test", "client_id": client}}, name

    def on_client(self, conn):
        try:
            fields, ws = accept(conn)
            self.heads.append(fields)
            _, message = ws.recv()
        except (Gone, Closed, OSError, ValueError, StopIteration):
            conn.close()
            return
        try:
            hello = json.loads(message)
        except ValueError:
            hello = message
        self.hello_head = fields  # of the connection that said it; others may come and go beside it
        self.hellos.append(hello)
        answer, name = self.answer or self.judge(hello)
        ws.send(answer if isinstance(answer, bytes) else json.dumps(answer, separators=(",", ":")).encode())
        if name is None:
            ws.close()
            return
        tunnel = self.tunnels[name] = Tunnel(self, ws, hello)
        tunnel.ping()
        tunnel.run()

    def gone(self, tunnel):
        for name, t in list(self.tunnels.items()):
            if t is tunnel:
                del self.tunnels[name]

    def on_visitor(self, conn):
        first = conn.recv(4096, socket.MSG_PEEK)
        host = next((line.split(b":", 1)[1].strip() for line in first.split(b"\r\n") if line.lower().startswith(b"host:")), b"")
        tunnel = self.tunnels.get(host.split(b".")[0].decode())
        if tunnel is None:
            conn.sendall(b"HTTP/1.1 404\r\nContent-Length: 23\r\n\r\nError: Tunnel Not Found")
            conn.close()
            return
        tunnel.visit(conn, conn.recv(4096))

    def wait(self, name):
        until(lambda: name in self.tunnels and self.tunnels[name].pongs, f"the tunnel {name}", WAIT)
        return self.tunnels[name]

    def end(self):
        for accepting in self.accepting:
            accepting.end()
        for tunnel in list(self.tunnels.values()):
            tunnel.end()
