# SPDX-License-Identifier: MIT
"""What visitors of these tests get: each kind of body, streams, a WebSocket, and what an attacker would answer."""
import base64
import contextlib
import gzip
import hashlib
import json
import struct
import zlib

from actors import WAIT, Handler

CANARY = "window.canary = 1; document.title = 'canary'; fetch('/canary')"
HOSTILE = (f"<!doctype html><title>x</title><script>{CANARY}</script><img src=x onerror=\"{CANARY}\"><svg onload=\"{CANARY}\"></svg>"
           f"<a href=\"javascript:{CANARY}\">x</a><style>*{{display:none}}</style></pre></textarea><iframe srcdoc='<script>parent.canary=1</script>'>")
SVG = f"<svg xmlns='http://www.w3.org/2000/svg' onload=\"{CANARY}\"><script>{CANARY}</script></svg>"
PUSH = {"event": "push", "id": 12345678901234567890, "repository": {"name": "hello", "private": False}, "commits": [{"message": "Mend the fence"}]}


def png(width=160, height=80):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + bytes(v for x in range(width) for v in (40 + x * 120 // width, 90 + y * 100 // height, 160)) for y in range(height))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


BODIES = {
    "/json": ("application/json", json.dumps(PUSH).encode()),
    "/png": ("image/png", png()),
    "/not-a-picture": ("image/png", HOSTILE.encode()),
    "/svg": ("image/svg+xml", SVG.encode()),
    "/html": ("text/html; charset=utf-8", HOSTILE.encode()),
    "/latin1": ("text/plain; charset=iso-8859-1", "Grüße".encode("latin-1")),
    "/not-utf8": ("text/plain; charset=utf-8", b"\xff\xfe\x80 is no UTF-8 \xc3\x28" * 4),
    "/binary": ("application/octet-stream", bytes(range(256)) * 4),
    "/long": ("text/plain", b"0123456789abcdef" * 6000),
    "/empty": ("text/plain", b""),
    "/overrides": ("text/plain; charset=utf-8", "exe.\u202etxt.\u2066 and \u0007 a bell".encode()),
    "/json-hostile": ("application/json", json.dumps({"__proto__": {"polluted": 1}, HOSTILE: HOSTILE, "constructor": ["x" * 9000]}).encode()),
}


class Site(Handler):
    def do_GET(self):
        self.server.seen.append((self.command, self.path, dict(self.headers), b""))
        path = self.path.split("?")[0]
        if path in BODIES:
            return self.answer(BODIES[path][1], kind=BODIES[path][0])
        if path == "/gzip":
            return self.answer(gzip.compress(json.dumps(PUSH).encode()), kind="application/json", Content_Encoding="gzip")
        if path.startswith("/status/"):
            return self.answer(b"as you asked\n", status=int(path.split("/")[2]))
        if path == "/headers-hostile":
            return self.answer(b"ok", X_Html="<img src=x onerror='window.canary=1'>", X_Link="javascript:window.canary=1", X_Long="y" * 6000,
                               X_Override="\u202etxt.exe".encode().decode("latin-1"))
        if path == "/events":
            return self.events()
        if path == "/chat":
            return self.chat()
        if path == "/counted":
            self.server.count = getattr(self.server, "count", 0) + 1
            return self.answer(json.dumps({"ok": True, "count": self.server.count}).encode(), kind="application/json")
        return self.answer(f"{path}\n".encode())

    do_HEAD = do_DELETE = do_OPTIONS = do_GET

    def do_POST(self):
        body = self.read_body()
        self.server.seen.append((self.command, self.path, dict(self.headers), body))
        self.answer(json.dumps({"got": len(body), "tag": self.headers.get("X-Tag", "")}).encode(), kind="application/json")

    do_PUT = do_PATCH = do_POST

    def chat(self):
        """A WebSocket that greets, and says again what it is told."""
        key = self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", base64.b64encode(hashlib.sha1(key.encode()).digest()).decode())
        self.end_headers()
        self.connection.settimeout(WAIT)
        self.close_connection = True
        with contextlib.suppress(OSError, IndexError):
            self.wfile.write(frame(1, b"welcome <b>bold</b>"))
            while True:
                kind, data = read_frame(self.rfile)
                self.wfile.write(frame(kind, data))
                if kind == 8:
                    return


def frame(kind, data, mask=b""):
    head = bytes([0x80 | kind])
    bit = 0x80 if mask else 0
    head += bytes([bit | len(data)]) if len(data) < 126 else bytes([bit | 126]) + struct.pack(">H", len(data))
    return head + mask + (bytes(b ^ mask[i % 4] for i, b in enumerate(data)) if mask else data)


def read_frame(stream):
    first, second = stream.read(1)[0], stream.read(1)[0]
    size = second & 127
    if size == 126:
        size = struct.unpack(">H", stream.read(2))[0]
    mask = stream.read(4) if second & 128 else b"\0\0\0\0"
    return first & 15, bytes(b ^ mask[i % 4] for i, b in enumerate(stream.read(size)))
