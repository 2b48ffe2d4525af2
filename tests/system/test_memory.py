# SPDX-License-Identifier: MIT
"""What idle visitors cost, and that it is given back when they leave."""
import pathlib
import resource
import selectors
import socket
import subprocess
import threading

import pytest

from actors import WAIT, until

CERTS = pathlib.Path(__file__).resolve().parents[1] / "data" / "certs.sh"
VISITORS = 2000
EACH = 12 * 1024  # bytes of memory that an idle visitor may cost each program
UPGRADE = (b"GET / HTTP/1.1\r\nHost: web.localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
           b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
SWITCHED = (b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")


class EchoOrigin:
    """Any number of upgraded connections in one thread, whose bytes come back."""

    def __init__(self):
        self.sock = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port = self.sock.getsockname()[1]
        self.poll = selectors.DefaultSelector()
        self.poll.register(self.sock, selectors.EVENT_READ)
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            for key, _ in self.poll.select():
                if key.fileobj is self.sock:
                    conn, _ = self.sock.accept()
                    if key.data == "end":
                        return
                    self.poll.register(conn, selectors.EVENT_READ, "new")
                    continue
                data = key.fileobj.recv(65536)
                if not data:
                    self.poll.unregister(key.fileobj)
                    key.fileobj.close()
                    continue
                if key.data == "new":
                    self.poll.modify(key.fileobj, selectors.EVENT_READ, "upgraded")
                key.fileobj.sendall(SWITCHED if key.data == "new" else data)

    def end(self):
        self.poll.modify(self.sock, selectors.EVENT_READ, "end")
        socket.create_connection(("127.0.0.1", self.port)).close()
        self.thread.join(WAIT)
        for key in list(self.poll.get_map().values()):
            key.fileobj.close()


def upgraded(port):
    sock = socket.create_connection(("127.0.0.1", port), timeout=WAIT)
    sock.sendall(UPGRADE)
    assert sock.recv(4096).startswith(b"HTTP/1.1 101 ")
    return sock


def raise_descriptors(wanted):
    """For this process and those it starts; False: the limit does not allow it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        return False
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return True


def tls_pair(net, port):
    """A server and a daemon whose link is TLS. Visitors are looked at, as they are by default; few of their requests are kept,
    because what is kept stays when they have left."""
    certs = net.dir / "certs"
    subprocess.run(["sh", CERTS, certs], check=True, capture_output=True)
    tls = {"certificate": str(certs / "server.crt"), "key": str(certs / "server.key")}
    srv = net.server(config={"control": [{"listen": "127.0.0.1:0", "tls": tls}]})
    url = f"https://localhost:{srv.port}"
    dmn = net.daemon(url, {"web": {"local": port, "subdomain": "web"}}, key=srv.key(),
                     config={"server": {"url": url, "ca_file": str(certs / "ca.crt")}, "inspector": {"requests": 10}})
    dmn.up("web")
    return srv, dmn


def echo(visitors, n):
    for v in visitors:
        v.sendall(b"x" * n)
    for v in visitors:
        left = n
        while left > 0:
            left -= len(v.recv(left))


@pytest.mark.heavy
def test_idle_visitors_cost_little_and_leave_nothing_behind(net):
    if net.sanitized:
        pytest.skip("a build with sanitizers has a memory of its own")
    if not raise_descriptors(2 * VISITORS + 100):
        pytest.skip("too few descriptors allowed for the visitors and their origin")
    origin = net.add(EchoOrigin())
    srv, dmn = tls_pair(net, origin.port)
    for v in [upgraded(srv.public) for _ in range(50)]:
        v.close()
    until(lambda: not srv.status()["sessions"][0]["streams"], "the first visitors to be gone")
    before = srv.rss(), dmn.rss()

    visitors = [upgraded(srv.public) for _ in range(VISITORS)]
    echo(visitors, 4000)
    for program, rss in zip((srv, dmn), before):
        until(lambda p=program, r=rss: p.rss() - r < VISITORS * EACH, f"{program.name} to hold little for them", 60)

    for v in visitors:
        v.close()
    for program, rss in zip((srv, dmn), before):
        until(lambda p=program, r=rss: p.rss() < 1.1 * r, f"{program.name} to give back what they took", 60)
