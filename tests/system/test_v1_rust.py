# SPDX-License-Identifier: MIT
"""The Rust tunnelto itself at our server. $TUNNELTO_RUST names its programs (bench/peers builds one), ':' between them."""
import base64
import hashlib
import http.client
import os
import pathlib
import re
import signal
import socket
import subprocess
import threading
import time

import pytest

from actors import MIB, Accepting, Program, until
from v1_wire import BINARY, GUID, Gone, WebSocket, accept, read_head

PROGRAMS = [p for p in os.environ.get("TUNNELTO_RUST", "").split(":") if p]
pytestmark = pytest.mark.rust


def version_of(path):
    if not isinstance(path, str):
        return "none"  # pytest's stand-in where there is no program at all
    said = subprocess.run([path, "--version"], capture_output=True, text=True).stdout if os.access(path, os.X_OK) else ""
    return next(iter(re.findall(r"\d+\.\d+\.\d+", said)), path)


@pytest.fixture(params=PROGRAMS, ids=version_of)
def rust(net, request):
    """A server with a key, an origin, and net.rust(): the Rust client, ready or not."""
    assert pathlib.Path(request.param).exists(), f"$TUNNELTO_RUST: there is no {request.param}"
    net.web, net.srv, net.version = net.origin(), net.server(), version_of(request.param)
    net.secret = net.srv.key("rust", "*").read_text().strip()
    home = net.dir / "home"
    home.mkdir()
    count = iter(range(100))

    def client(*args, key=net.secret, port=net.web.port, server=net.srv, wait=True):
        env = {"CTRL_HOST": "127.0.0.1", "CTRL_PORT": str(server.port), "CTRL_TLS_OFF": "1", "HOME": str(home),
               "RUST_LOG": "tunnelto=warn", "NO_COLOR": "1"}
        argv = [request.param, "--port", port, "--host", "127.0.0.1", *(["--key", key] if key else []), *args]
        program = net.add(Program(net, f"rust{next(count)}", argv, env=env))
        if wait:
            program.wait_err("Public tunnel URL", 30)
        return program

    net.rust = client
    net.get = lambda path="/", name="demo", *args, **more: net.curl(f"http://{name}.localhost:{net.srv.public}{path}", *args, **more)
    return net


def url_of(program):
    return re.search(r"http://[a-z0-9.:-]*localhost:\d+", program.err()).group()


def plain(program):
    """What it said, without colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", program.err())


def ask_many(port, name, n, results):
    conn = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    for i in range(n):
        conn.request("GET", f"/{i}", headers={"Host": f"{name}.localhost"})
        answer = conn.getresponse()
        results.append(answer.status == 200 and answer.read() == f"origin: GET /{i}\n".encode())
    conn.close()


def test_a_thousand_requests(rust):
    program = rust.rust("--subdomain", "demo")
    assert url_of(program) == f"http://demo.localhost:{rust.srv.public}"
    results = []
    threads = [threading.Thread(target=ask_many, args=[rust.srv.public, "demo", 100, results]) for _ in range(10)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(results) == 1000 and all(results)
    assert program.process.poll() is None
    session, = rust.srv.status()["sessions"]
    assert session["protocol"] == "v1" and session["tunnels"] == 1


def test_many_short_connections(rust):
    rust.rust("--subdomain", "demo")
    for i in range(100):
        assert rust.ask(rust.srv.public, b"GET /%d HTTP/1.1\r\nHost: demo.localhost\r\nConnection: close\r\n\r\n" % i).endswith(
            b"origin: GET /%d\n" % i)


class EchoOrigin:
    """A WebSocket server that echoes."""

    def __init__(self):
        self.sock = socket.create_server(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]
        self.accepting = Accepting(self.sock, self.echo)

    @staticmethod
    def echo(conn):
        try:
            _, ws = accept(conn)
            while True:
                opcode, message = ws.recv()
                ws.send(message, opcode)
        except (Gone, OSError, ValueError):
            conn.close()

    def end(self):
        self.accepting.end()


def echo(rust, seconds):
    origin = rust.add(EchoOrigin())
    program = rust.rust("--subdomain", "demo", port=origin.port)
    sock = rust.visitor(rust.srv.public)
    key = base64.b64encode(os.urandom(16))
    sock.sendall(b"GET /echo HTTP/1.1\r\nHost: demo.localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                 b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n\r\n" % key)
    head, rest = read_head(sock)
    assert b" 101 " in head and base64.b64encode(hashlib.sha1(key + GUID).digest()) in head
    ws, n, until_then = WebSocket(sock, masks=True, early=rest), 0, time.monotonic() + seconds
    while time.monotonic() < until_then:
        message = os.urandom(1 + n * 37 % 20000)
        ws.send(message)
        assert ws.recv() == (BINARY, message)
        n += 1
    assert n > 10 and program.process.poll() is None


def test_a_websocket_echoes(rust):
    echo(rust, 3)


@pytest.mark.long
def test_a_websocket_echoes_for_a_minute(rust):
    echo(rust, 60)


def test_100_mb_down_and_up(rust):
    rust.rust("--subdomain", "demo")
    amount = 100 * MIB
    digest, n = hashlib.sha256(), 0
    conn = http.client.HTTPConnection("127.0.0.1", rust.srv.public, timeout=60)
    conn.request("GET", f"/bytes/{amount}", headers={"Host": "demo.localhost"})
    answer = conn.getresponse()
    while piece := answer.read(1 << 20):
        digest.update(piece)
        n += len(piece)
    assert n == amount and digest.digest() == hashlib.sha256(bytes(range(256)) * (amount // 256)).digest()
    body = os.urandom(MIB) * 100
    conn.request("POST", "/", body=body, headers={"Host": "demo.localhost"})
    answer = conn.getresponse()
    assert hashlib.sha256(answer.read()).digest() == hashlib.sha256(body).digest()
    assert rust.srv.rss() < 100 * MIB


@pytest.mark.parametrize("name", ["demo", None])
def test_a_restarted_server_gets_the_client_back_under_the_same_name(rust, name):
    """5 s later: that is how long it waits."""
    program = rust.rust(*(["--subdomain", name] if name else []))
    url = url_of(program)
    public, port = rust.srv.public, rust.srv.port
    assert rust.curl(url).stdout == "origin: GET /\n"
    rust.srv.stop()
    rust.srv = rust.server(config={"public": [{"listen": f"127.0.0.1:{public}"}], "control": [{"listen": f"127.0.0.1:{port}"}]})
    until(lambda: rust.srv.status()["tunnels"], "the tunnel", 30)
    assert rust.curl(url).stdout == "origin: GET /\n"
    assert program.process.poll() is None


def test_a_client_without_a_key_keeps_its_name_by_its_token(rust):
    rust.srv.write_config({**rust.srv.config, "anonymous": True})
    rust.srv.ctl("reload")
    url = url_of(rust.rust(key=None))
    config = {"public": [{"listen": f"127.0.0.1:{rust.srv.public}"}], "control": [{"listen": f"127.0.0.1:{rust.srv.port}"}],
              "anonymous": True}
    rust.srv.stop()
    rust.srv = rust.server(config=config)
    until(lambda: rust.srv.status()["tunnels"], "the tunnel", 30)
    assert rust.curl(url).stdout == "origin: GET /\n"


def test_a_wrong_key_is_told(rust):
    program = rust.rust("--subdomain", "demo", key="wrong", wait=False)
    assert program.wait_end(30) == 0  # it fails so, in its own way
    assert "Please check your access key" in plain(program) and "Server denied the connection." in plain(program)
    program = rust.rust(key=None, wait=False)
    assert program.wait_end(30) == 0
    assert "Please use an access key with the `--key` option" in plain(program)


@pytest.mark.parametrize("name, words", [
    ("taken", "Cannot use this sub-domain, it is already taken."),
    ("www", "Cannot use this sub-domain, it is already taken."),
    ("a_b", "Invalid sub-domain specified."),
    ("forbidden", "this key may not claim that name"),
])
def test_a_refused_name_is_told(rust, name, words):
    other = rust.srv.key("other", "taken,www,ab*").read_text().strip()
    rust.rust("--subdomain", "taken")
    program = rust.rust("--subdomain", name, key=other, wait=False)
    assert program.wait_end(30) == 0
    assert words in plain(program)


def test_an_origin_that_is_not_there_is_502_and_the_client_stays(rust):
    with socket.create_server(("127.0.0.1", 0)) as s:
        port = s.getsockname()[1]
    program = rust.rust("--subdomain", "demo", port=port)
    # 0.1.18 answers by itself
    assert rust.get("/", "demo", "-o", os.devnull, "-w", "%{http_code}").stdout in ("502", "500", "504")
    assert program.process.poll() is None


def test_our_client_takes_the_name_over_and_the_rust_client_ends(rust):
    old = rust.rust("--subdomain", "demo")
    other = rust.origin("ours")
    daemon = rust.daemon(rust.srv, {"demo": {"local": other.port, "subdomain": "demo"}}, key=rust.dir / "server-rust.key")
    daemon.up("demo")
    old.wait_end(30)  # else it would take the name back, and again
    assert rust.get().stdout == "ours: GET /\n"
    assert ("Server terminated connection: a newer client" if rust.version >= "0.1.20" else "malformed") in plain(old)


def test_a_revoked_key_ends_the_client(rust):
    program = rust.rust("--subdomain", "demo")
    rust.srv.ctl("key", "revoke", "rust")
    program.wait_end(30)
    assert "terminated" in plain(program) or "Please check your access key" in plain(program)


def test_a_cut_connection_is_made_again(rust):
    """By a SIGKILL of the server: the client sees a reset."""
    program = rust.rust("--subdomain", "demo")
    public, port = rust.srv.public, rust.srv.port
    rust.srv.signal(signal.SIGKILL)
    rust.srv.wait_end()
    rust.srv = rust.server(config={"public": [{"listen": f"127.0.0.1:{public}"}], "control": [{"listen": f"127.0.0.1:{port}"}]})
    until(lambda: rust.srv.status()["tunnels"], "the tunnel", 30)
    assert rust.get().stdout == "origin: GET /\n" and program.process.poll() is None
