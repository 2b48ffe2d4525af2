# SPDX-License-Identifier: MIT
"""HTTP/1.1 by the letter of RFC 9112, both ends, of its own making: what the table of shapes holds the tunnel against.

Nothing is shared with the programs: this is the second reading of the RFC. Where the RFC leaves a choice, it takes the one
that tunnelto-server(8) documents (limits, statuses), so that a difference is a difference.
"""
import contextlib
import hashlib
import json
import queue
import re
import socket
import ssl
import struct
import threading

from actors import Accepting

TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
FIELD = re.compile(rb"(" + TOKEN + rb"):[ \t]*((?:[\x21-\x7e\x80-\xff](?:[\x20-\x7e\t\x80-\xff]*[\x21-\x7e\x80-\xff])?)?)[ \t]*")
REQUEST = re.compile(rb"(" + TOKEN + rb") ([^ ]*) (HTTP/\d\.\d)")
STATUS = re.compile(rb"(HTTP/\d\.\d) (\d{3})(?: ([\x20-\x7e\t\x80-\xff]*))?")
TARGET = re.compile(rb"[\x21-\x7e]+")
HOST = re.compile(rb"(?:[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?|\[[0-9A-Fa-f:.]+\])(?::(\d{0,5}))?")
CHUNK = re.compile(rb"([0-9A-Fa-f]{1,15})(?:;[\x20-\x7e\t\x80-\xff]{0,1024})?")
HEAD_MAX, TARGET_MAX, FIELDS_MAX = 32768, 16384, 128
NO_TRAILER = {b"authorization", b"connection", b"content-encoding", b"content-length", b"content-type", b"expect", b"forwarded",
              b"host", b"te", b"trailer", b"transfer-encoding", b"upgrade"}
HOP = {b"connection", b"keep-alive", b"proxy-connection", b"te", b"upgrade", b"proxy-authenticate", b"proxy-authorization",
       b"http2-settings", b"proxy-authentication-info"}


class Fault(Exception):
    """Not HTTP, or refused: the status to answer a request with."""

    def __init__(self, status):
        super().__init__(status)
        self.status = status


class Cut(Exception):
    """The far side ended in the middle of a message."""


class Ended(Exception):
    """The far side ended between messages."""


class Message:
    def __init__(self):
        self.fields, self.trailers, self.body, self.interim = [], [], b"", []
        self.method = self.target = self.host = None
        self.status, self.reason, self.minor, self.whole = 0, b"", 1, True

    def values(self, name):
        return [v for n, v in self.fields if n.lower() == name]

    def options(self, name):
        return [o.strip().lower() for v in self.values(name) for o in v.split(b",") if o.strip()]

    def end_to_end(self):
        """The fields that are not for one hop alone."""
        nominated = set(self.options(b"connection")) - {b"content-length", b"transfer-encoding", b"host"}
        return [(n, v) for n, v in self.fields if n.lower() not in HOP and n.lower() not in nominated]

    def keeps(self):
        options = self.options(b"connection")
        return b"close" not in options and (self.minor == 1 or b"keep-alive" in options)


def reset(sock):
    """Close with RST."""
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


class Wire:
    """A connection, read by the letter."""

    def __init__(self, sock):
        self.sock, self.have = sock, b""

    def more(self):
        """False at the end; a reset is an end, too, but never one in order."""
        try:
            piece = self.sock.recv(65536)
        except (ConnectionResetError, ssl.SSLEOFError):  # TLS without close_notify is no end, either
            raise Cut from None
        self.have += piece
        return bool(piece)

    def take(self, n):
        while len(self.have) < n:
            if not self.more():
                raise Cut
        out, self.have = self.have[:n], self.have[n:]
        return out

    def line(self, limit=16384):
        while b"\n" not in self.have:
            if len(self.have) > limit:
                raise Fault(400)
            if not self.more():
                raise Cut
        line, self.have = self.have.split(b"\n", 1)
        if not line.endswith(b"\r"):
            raise Fault(400)
        return line[:-1]

    def head(self):
        """The lines of a head, one empty line before it skipped."""
        at, end, skipped = 0, -1, False
        while True:
            while (lf := self.have.find(b"\n", at)) >= 0:
                if lf == 0 or self.have[lf - 1:lf] != b"\r":
                    raise Fault(400)
                line = self.have[at:lf - 1]
                if line == b"" and (at > 0 or skipped):
                    end = lf + 1
                    break
                if line == b"":
                    skipped, self.have, at = True, self.have[2:], 0
                    continue
                at = lf + 1
            if end >= 0:
                break
            if len(self.have) >= HEAD_MAX:
                raise Fault(414 if at == 0 else 431)
            if not self.more():
                raise Cut if self.have else Ended
        if end > HEAD_MAX:
            raise Fault(431)
        lines, self.have = self.have[:end - 4].split(b"\r\n"), self.have[end:]
        return lines

    def fields(self, lines, fault=400):
        out = []
        for line in lines:
            m = FIELD.fullmatch(line)
            if not m:
                raise Fault(fault)
            out.append((m[1], m[2]))
        return out

    def length(self, m):
        """None: no framing; -1: chunked; else Content-Length. RFC 9112 6."""
        lengths, codings = m.values(b"content-length"), m.values(b"transfer-encoding")
        if codings and lengths:
            raise Fault(400)
        if codings:
            names = [c.strip().lower() for v in codings for c in v.split(b",")]
            if m.minor == 0 or names[-1] != b"chunked" or names.count(b"chunked") > 1 or b"" in names:
                raise Fault(400)
            if names != [b"chunked"]:
                raise Fault(501)
            return -1
        if len(lengths) > 1 or (lengths and not re.fullmatch(rb"\d{1,18}", lengths[0])):
            raise Fault(400)
        return int(lengths[0]) if lengths else None

    def chunks(self, m):
        while True:
            size = CHUNK.fullmatch(self.line())
            if not size:
                raise Fault(400)
            n = int(size[1], 16)
            if n == 0:
                break
            data = self.take(n)
            m.body += data
            if self.take(2) != b"\r\n":
                raise Fault(400)
        while (line := self.line()) != b"":
            m.trailers += self.fields([line])
            if m.trailers[-1][0].lower().replace(b"_", b"-") in NO_TRAILER:
                raise Fault(400)

    def request_head(self):
        lines = self.head()
        m, start = Message(), REQUEST.fullmatch(lines[0])
        if not start:
            raise Fault(400)
        m.method, m.target, version = start.groups()
        if version[:7] != b"HTTP/1.":
            raise Fault(505)
        m.minor = min(int(version[7:]), 1)
        authority = self.read_target(m)
        m.fields = self.fields(lines[1:])
        if len([n for n, _ in m.fields if not n.lower().startswith(b"x-forwarded-")]) > FIELDS_MAX:
            raise Fault(431)
        hosts = m.values(b"host")
        if len(hosts) > 1 or (m.minor == 1 and not hosts) or not all(self.is_host(h) for h in hosts):
            raise Fault(400)
        m.host = authority or (hosts or [b""])[0]
        return m

    @staticmethod
    def is_host(text):
        m = HOST.fullmatch(text)
        return bool(m) and int(m[1] or 0) <= 65535

    def read_target(self, m):
        if len(m.target) > TARGET_MAX:
            raise Fault(414)
        if m.method == b"CONNECT":
            raise Fault(501)
        if not TARGET.fullmatch(m.target) or b"#" in m.target or b"<" in m.target or b">" in m.target:
            raise Fault(400)
        if m.target.startswith(b"/") or (m.target == b"*" and m.method == b"OPTIONS"):
            return None
        absolute = re.fullmatch(rb"(?i)(https?)://([^/?]*)(.*)", m.target)
        if not absolute or not self.is_host(absolute[2]):
            raise Fault(400)
        if absolute[1].lower() == b"https":
            raise Fault(421)  # RFC 9110 7.4: this connection is not secured
        m.target = absolute[3] or (b"*" if m.method == b"OPTIONS" else b"/")
        if m.target.startswith(b"?"):
            m.target = b"/" + m.target
        return absolute[2]

    def request_body(self, m):
        n = self.length(m)
        if n == -1:
            self.chunks(m)
        elif n:
            m.body = self.take(n)

    def response(self, method=b"GET"):
        """The next final response with the interim ones before it. Cut inside a body: what came, not whole."""
        interim = []
        while True:
            m = self.response_head()
            if m.status == 101 or m.status >= 200:
                break
            interim.append((m.status, m.end_to_end()))
        m.interim = interim
        if method == b"HEAD" or m.status < 200 or m.status in (204, 304):
            return m
        try:
            self.response_body(m)
        except (Cut, Fault):
            m.whole = False
        return m

    def response_head(self):
        lines = self.head()
        m, start = Message(), STATUS.fullmatch(lines[0])
        if not start or start[1][:7] != b"HTTP/1." or start[2] < b"100":
            raise Fault(502)
        m.minor, m.status, m.reason = min(int(start[1][7:]), 1), int(start[2]), start[3] or b""
        m.fields = self.fields(lines[1:])
        if len(m.fields) > FIELDS_MAX:
            raise Fault(502)
        self.length(m)
        return m

    def response_body(self, m):
        n = self.length(m)
        if n is None:
            while self.more():
                pass
            m.body, self.have = self.have, b""
        elif n == -1:
            self.chunks(m)
        else:
            while len(self.have) < n:
                if not self.more():
                    m.body = self.have
                    raise Cut
            m.body = self.take(n)


# --- the origin ------------------------------------------------------------------------------------


def describe(m):
    """A request as the origin understood it: everything but what belongs to one hop or to forwarding."""
    fields = [[n.decode("latin-1"), v.decode("latin-1")] for n, v in m.end_to_end()
              if not n.lower().startswith((b"x-forwarded-", b"forwarded", b"host", b"x-real-ip"))]
    return {"method": m.method.decode(), "target": m.target.decode("latin-1"), "host": m.host.decode("latin-1"), "fields": fields,
            "body": [len(m.body), hashlib.sha256(m.body).hexdigest()],
            "trailers": [[n.decode(), v.decode("latin-1")] for n, v in m.trailers]}


class StrictOrigin:
    """Answers every good request with its description, or plays `script` (a list of bytes and step functions)."""

    def __init__(self):
        self.sock = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self.sock.getsockname()[1]
        self.script, self.records, self.asked = None, queue.Queue(), threading.Event()
        self.accepting = Accepting(self.sock, lambda conn: self.serve(conn, self.script, self.records))

    def begin(self, script):
        """A new run; what becomes of its connections comes into the queue that is returned."""
        self.script, self.records = script, queue.Queue()
        self.asked.clear()
        return self.records

    def serve(self, conn, script, records):
        conn.settimeout(30)
        conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        seen, wire, end = [], Wire(conn), "closed"
        try:
            while True:
                if not self.exchange(wire, seen, script):
                    break
        except Ended:
            end = "eof"
        except (Cut, ConnectionError, BrokenPipeError):
            end = "cut"
        except Fault as f:
            end = f"fault {f.status}"
            self.refuse(conn, f.status)
        except OSError as e:
            end = repr(e)
        conn.close()
        records.put((seen, end))

    def exchange(self, wire, seen, script):
        """One request and its answer; False when the connection is to be closed."""
        m = wire.request_head()
        self.asked.set()
        if script is not None and not m.target.startswith(b"/probe"):
            seen.append(m)
            for step in script:
                if callable(step):
                    if step(wire, m) == "closed":
                        return False
                else:
                    wire.sock.sendall(step)
            return True
        expect = m.options(b"expect") if m.minor == 1 else []
        if [e for e in expect if e != b"100-continue"]:
            raise Fault(417)
        if expect and wire.length(m):
            wire.sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        wire.request_body(m)
        seen.append(m)
        body = json.dumps(describe(m)).encode()
        keep = m.keeps()
        connection = b"" if keep and m.minor else b"Connection: keep-alive\r\n" if keep else b"Connection: close\r\n"
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n" % (connection, len(body))
        wire.sock.sendall(head + (b"" if m.method == b"HEAD" else body))
        return keep

    @staticmethod
    def refuse(conn, status):
        """Say so, and read on until the other side has it (RFC 9112 9.6)."""
        with contextlib.suppress(OSError):
            conn.sendall(b"HTTP/1.1 %d No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % status)
            conn.shutdown(socket.SHUT_WR)
            while conn.recv(65536):
                pass

    def end(self):
        self.accepting.end()


# --- steps of a script -----------------------------------------------------------------------------


def read_body(wire, m):
    wire.request_body(m)


def close(wire, m):
    """FIN behind everything; what still comes is read, so that no RST overtakes it."""
    wire.sock.shutdown(socket.SHUT_WR)
    with contextlib.suppress(OSError):
        while wire.sock.recv(65536):
            pass
    return "closed"


def close_hard(wire, m):
    reset(wire.sock)
    return "closed"


def hold(wire, m):
    """Until the other side ends; bytes are no end."""
    while wire.more():
        wire.have = b""
    raise Cut


def flood(wire, m):
    """An endless body, until nobody takes it any more."""
    while True:
        wire.sock.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")


def pipe(wire, m):
    """Upgraded: what comes goes back, until the other side's end."""
    while True:
        if wire.have:
            wire.sock.sendall(wire.have)
            wire.have = b""
        if not wire.more():
            return "closed"
