# SPDX-License-Identifier: MIT
"""Our client at a server of the Rust tunnelto's protocol: one of the specification's own (v1_server.py), and our own."""
import contextlib
import hashlib
import json
import os
import signal
import socket
import threading

import pytest

from actors import MIB, RawOrigin, until
from jump import Jump
from v1_server import V1Server
from v1_wire import BINARY, DATA, EMPTY, END, INIT, PING, REFUSED, TERMINATE, TEXT, packet

KEY = "tt_a_key_of_the_test"


@pytest.fixture
def v1(net):
    net.web = net.origin()
    net.srv = net.add(V1Server([KEY]))
    net.key = net.dir / "key"
    net.key.write_text(KEY)
    net.key.chmod(0o600)

    def daemon(tunnels=None, protocol="auto", key=net.key, server=net.srv, **more):
        config = {"server": {"url": server.url, "protocol": protocol}, **more.pop("config", {})}
        return net.daemon(None, tunnels or {"web": {"local": net.web.port, "subdomain": "demo"}},
                          config={**config, "server": {**config["server"], **({"key_file": str(key)} if key else {})}}, **more)

    net.make = daemon
    net.get = lambda path="/", name="demo", *args, **more: net.curl(
        f"http://{name}.tunnelto.test:{net.srv.public_port}{path}", *args, **more)
    return net


@pytest.fixture
def up(v1):
    v1.dmn = v1.make()
    v1.dmn.up("web")
    v1.tunnel = v1.srv.wait("demo")
    yield v1
    assert v1.srv.faults == []


def visit(net, name="demo", path="/x", rest=""):
    sock = net.visitor(net.srv.public_port)
    sock.sendall(f"GET {path} HTTP/1.1\r\nHost: {name}.tunnelto.test\r\n{rest}\r\n".encode())
    return sock


def head_of(conn):
    out = b""
    while b"\r\n\r\n" not in out:
        piece = conn.recv(4096)
        assert piece, out
        out += piece
    return out


# --- the handshake ------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("protocol", ["auto", "v1"])
def test_a_stock_server_is_recognised_and_given_a_proper_hello(v1, protocol):
    daemon = v1.make(protocol=protocol)
    daemon.up("web")
    assert daemon.url("web") == "http://demo.tunnelto.test/"
    hello, = v1.srv.hellos
    assert list(hello) == ["id", "sub_domain", "client_type", "reconnect_token", "version"]
    assert hello["sub_domain"] == "demo" and hello["client_type"] == {"Auth": {"key": KEY}}
    assert hello["reconnect_token"] is None and hello["version"] == "v1" and hello["id"]
    # auto asks for tunnelto.v2 first, with the key as v2 has it; the hello comes over a connection that asks for nothing
    assert not {b"sec-websocket-protocol", b"authorization", b"sec-websocket-extensions"} & set(v1.srv.hello_head)
    assert v1.get().stdout == "origin: GET /\n"
    assert v1.srv.faults == []


def test_a_server_that_speaks_v2_is_not_spoken_to_in_v1(net):
    srv = net.server()
    origin = net.origin()
    daemon = net.daemon(srv, {"web": {"local": origin.port, "subdomain": "web"}}, key=srv.key())
    daemon.up("web")
    assert srv.status()["sessions"][0]["protocol"] == "v2"


def test_v2_alone_does_not_fall_back(v1):
    daemon = v1.make(protocol="v2")
    until(lambda: "does not speak tunnelto.v2" in (daemon.tunnel("web")["error"] or ""), "the reason")
    assert v1.srv.hellos == []


@pytest.mark.parametrize("answer, words", [
    ("auth_failed", "does not know this key"),
    ("sub_domain_in_use", "in use, or reserved"),
    ("invalid_sub_domain", "does not take that as a name"),
    ({"error": "pay first"}, "pay first"),
    ({"success": {"sub_domain": "x"}}, "makes no sense"),
    (b"", "makes no sense"),
    (b"{", "makes no sense"),
    (b"\xff", "makes no sense"),
    ("nonsense", "makes no sense"),
    ([], "makes no sense"),
], ids=str)
def test_refusals_are_passed_on_in_words(v1, answer, words):
    v1.srv.answer = (answer, None)
    daemon = v1.make()
    until(lambda: words in (daemon.tunnel("web")["error"] or ""), f"{words!r}")
    assert daemon.tunnel("web")["state"] in ("refused", "connecting", "waiting")


def test_without_a_key_the_server_s_wish_for_one_is_told(v1):
    daemon = v1.make(key=None)
    until(lambda: "wants a key" in (daemon.tunnel("web")["error"] or ""), "the reason")
    assert v1.srv.hellos[0]["client_type"] == "Anonymous"


def test_what_v1_cannot_do_is_refused_in_words(v1):
    daemon = v1.make({
        "tcp": {"local": v1.web.port, "proto": "tcp"},
        "whole": {"local": v1.web.port, "hostname": "a.example.org"},
        "rewrite": {"local": v1.web.port, "host_header": "localhost"},
        "fine": {"local": v1.web.port, "subdomain": "fine"},
    })
    daemon.up("fine")
    for name, words in (("tcp", "HTTP tunnels only"), ("whole", "not 'hostname'"), ("rewrite", "does not rewrite Host")):
        assert words in daemon.tunnel(name)["error"] and daemon.tunnel(name)["state"] == "refused"
    assert v1.get(name="fine").stdout == "origin: GET /\n"


def test_each_tunnel_has_a_connection_of_its_own(v1):
    other = v1.origin("other")
    daemon = v1.make({"a": {"local": v1.web.port, "subdomain": "aaa"}, "b": {"local": other.port, "subdomain": "bbb"}})
    daemon.up("a", "b")
    v1.srv.wait("aaa"), v1.srv.wait("bbb")
    assert v1.get(name="aaa").stdout == "origin: GET /\n" and v1.get(name="bbb").stdout == "other: GET /\n"
    daemon.ctl("down", "a")
    until(lambda: "aaa" not in v1.srv.tunnels, "the first one's end")
    assert v1.get(name="bbb").stdout == "other: GET /\n"
    # one connection lost alone takes the other tunnel nothing, and comes back
    daemon.up("a")
    v1.srv.wait("aaa").end()
    assert v1.get(name="bbb").stdout == "other: GET /\n"
    until(lambda: daemon.tunnel("a")["state"] == "waiting", "the loss")
    assert "lost" in daemon.tunnel("a")["error"] and daemon.tunnel("b")["state"] == "up"
    daemon.ctl("up", "a", "--wait")
    assert v1.get(name="aaa").stdout == "origin: GET /\n"


def test_one_shot_with_v1(v1):
    rust = v1.run("one", v1.program("tunnelto"), "--v1", "--port", v1.web.port, "--server", v1.srv.url, "--key-file", v1.key,
                  "--subdomain", "demo", env={"TUNNELTO_DAEMON": str(v1.program("tunneltod"))})
    until(lambda: rust.out(), "the URL")
    assert rust.out() == "http://demo.tunnelto.test/\n" and len(v1.srv.heads) == 1
    assert v1.get().stdout == "origin: GET /\n"


# --- traffic ------------------------------------------------------------------------------------------------------------

def test_requests_and_bodies_pass(up):
    assert up.get("/a?b").stdout == "origin: GET /a?b\n"
    body = os.urandom(3 * MIB)
    (up.dir / "body").write_bytes(body)
    echo = up.get("/", "demo", "--data-binary", f"@{up.dir / 'body'}", text=False).stdout
    assert hashlib.sha256(echo).digest() == hashlib.sha256(body).digest()
    assert up.get(f"/bytes/{5 * MIB}", text=False).stdout == bytes(range(256)) * 256 * 80
    # they are counted when they have ended
    until(lambda: up.dmn.tunnel("web")["bytes_out"] > 8 * MIB, "the bytes")
    assert up.dmn.tunnel("web")["streams_total"] == 3


def test_requests_are_kept_for_a_look_at_them(up):
    up.get("/a", "demo", "-X", "DELETE")
    up.get("/b", "demo", "-d", "body")
    until(lambda: [r["state"] for r in json.loads(up.dmn.ctl("requests", "--json").stdout)["requests"]] == ["done"] * 2, "both to end")
    first, second = json.loads(up.dmn.ctl("requests", "--json").stdout)["requests"]
    assert (first["method"], first["target"], first["status"]) == ("DELETE", "/a", 200)
    assert (second["method"], second["request_bytes"], second["response_bytes"]) == ("POST", 4, 4)


def test_a_server_that_never_says_init_is_served(v1):
    v1.srv.says_init = False
    daemon = v1.make()
    daemon.up("web")
    v1.srv.wait("demo")
    assert v1.get().stdout == "origin: GET /\n"


def test_many_visitors_at_once(up):
    results = []

    def one(i):
        with visit(up, path=f"/{i}", rest="Connection: close\r\n") as sock:
            out = b""
            while b"GET" not in out:
                out += sock.recv(4096)
            results.append(out)

    threads = [threading.Thread(target=one, args=[i]) for i in range(40)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert sum(b"200 OK" in r for r in results) == 40


def test_end_is_the_origin_s_end_of_file(v1):
    raw = v1.raw_origin()
    v1.make({"web": {"local": raw.port, "subdomain": "demo"}}).up("web")
    v1.srv.wait("demo")
    visitor = visit(v1)
    conn = raw.accept()
    head_of(conn)
    visitor.shutdown(socket.SHUT_WR)
    assert conn.recv(4096) == b""  # at once, not after 5 s
    conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    assert head_of(visitor).endswith(b"ok")


def test_an_origin_that_closed_is_dialled_again_under_the_same_id(v1):
    raw = v1.raw_origin()
    daemon = v1.make({"web": {"local": raw.port, "subdomain": "demo"}})
    daemon.up("web")
    v1.srv.wait("demo")
    visitor = visit(v1)
    for i in range(3):
        conn = raw.accept()
        head_of(conn)
        conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%d" % i)
        assert head_of(visitor).endswith(b"%d" % i)
        conn.close()
        until(lambda: daemon.tunnel("web")["streams"] == 0, "the stream's end")
        if i < 2:
            visitor.sendall(b"GET /y HTTP/1.1\r\nHost: demo.tunnelto.test\r\n\r\n")
    assert v1.srv.faults == []


def test_a_refused_origin_is_one_refused(v1):
    closed = RawOrigin()
    port = closed.port
    closed.end()
    v1.make({"web": {"local": port, "subdomain": "demo"}}).up("web")
    v1.srv.wait("demo")
    assert head_of(visit(v1)).endswith(b"Tunnel says: connection refused.")
    assert v1.srv.strays == 0 and v1.srv.faults == []


def test_a_websocket_passes(v1):
    raw = v1.raw_origin()
    v1.make({"web": {"local": raw.port, "subdomain": "demo"}}).up("web")
    v1.srv.wait("demo")
    visitor = visit(v1, rest="Connection: Upgrade\r\nUpgrade: websocket\r\n")
    conn = raw.accept()
    head_of(conn)
    conn.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nhello")
    assert head_of(visitor).endswith(b"hello")
    for i in range(100):
        visitor.sendall(b"%03d" % i)
        assert conn.recv(16) == b"%03d" % i
        conn.sendall(b"%03d" % i)
        assert visitor.recv(16) == b"%03d" % i


# --- pings, nonsense, ends ----------------------------------------------------------------------------------------------

def test_pings_are_answered_at_once_even_while_an_origin_does_not_answer(v1):
    raw = v1.raw_origin()
    v1.make({"web": {"local": raw.port, "subdomain": "demo"}}).up("web")
    tunnel = v1.srv.wait("demo")
    visit(v1)
    raw.accept()
    for i in range(20):
        tunnel.ping()
        until(lambda: tunnel.pongs > i + 1, "a pong", 5)
    assert v1.srv.faults == []


def test_no_websocket_ping_goes_out_however_long_a_server_is_used(v1):
    """A WebSocket library may ping by itself after minutes, upon which a stock server removes the tunnel."""
    jump = Jump(v1)
    v1.make(env=jump.env).up("web")
    tunnel = v1.srv.wait("demo")
    for n in range(1, 30):
        tunnel.ping()
        until(lambda n=n: tunnel.pongs >= n or tunnel.closed, "a pong")
        assert v1.srv.faults == [] and not tunnel.closed
        jump(30)
        v1.get()
    assert v1.srv.faults == []


@pytest.mark.parametrize("message", [
    b"", b"\x02", packet(DATA)[:8], b"\x00" * 9, packet(7), packet(255), packet(REFUSED, b"\xee" * 8), packet(END, b"\xee" * 8),
    packet(PING, b"\xee" * 8, b"\xff\x00"), packet(PING, EMPTY, b"rest"), packet(INIT), b"GET / HTTP/1.1\r\n", b'"auth_failed"',
], ids=lambda m: m[:12].hex() or "empty")
def test_nonsense_is_passed_over_and_the_tunnel_stays(up, message):
    up.tunnel.send(message)
    if all(b < 0x80 for b in message):
        up.tunnel.send(message, TEXT)
    assert up.get().stdout == "origin: GET /\n"
    assert up.dmn.tunnel("web")["state"] == "up"


def test_a_message_without_end_ends_the_connection(up):
    with contextlib.suppress(OSError), up.tunnel.lock:
        up.tunnel.ws.send_frame(BINARY, packet(DATA, b"x" * 8), fin=False)
        for _ in range(80):
            up.tunnel.ws.send_frame(0, b"x" * 4096, fin=False)
    until(lambda: up.tunnel.closed, "the end")
    up.dmn.up("web")
    assert up.srv.wait("demo") is not up.tunnel


def test_terminate_ends_the_tunnel_for_good(up):
    up.tunnel.terminate("your subscription has ended")
    until(lambda: "your subscription has ended" in (up.dmn.tunnel("web")["error"] or ""), "the reason")
    assert up.dmn.tunnel("web")["state"] == "refused" and len(up.srv.hellos) == 1


def test_a_lost_connection_is_made_again_with_the_same_name(v1):
    """The Rust client would get another one: a stock server knows no name that was not asked for."""
    daemon = v1.make({"web": {"local": v1.web.port}})
    daemon.up("web")
    name, = v1.srv.tunnels
    first = v1.srv.wait(name)
    first.end()
    until(lambda: name in v1.srv.tunnels and v1.srv.tunnels[name] is not first, "the same name")
    assert v1.srv.hellos[1]["sub_domain"] == name
    daemon.up("web")
    assert v1.get(name=name).stdout == "origin: GET /\n"


def test_a_server_that_restarts_is_found_again(up):
    port = up.srv.port
    up.srv.end()
    until(lambda: up.dmn.tunnel("web")["state"] == "waiting", "the loss")
    up.srv = up.add(V1Server([KEY], port=port))
    up.srv.wait("demo")
    assert up.get().stdout == "origin: GET /\n"


def test_a_token_is_sent_back_by_a_client_without_a_key(v1):
    v1.srv.answer = ({"success": {"sub_domain": "demo", "hostname": "demo.tunnelto.test", "client_id": "x"}}, "demo")
    v1.make({"web": {"local": v1.web.port}}, key=None).up("web")
    tunnel = v1.srv.wait("demo")
    tunnel.ping("dG9rZW4=")
    until(lambda: tunnel.pongs == 2, "a pong")
    tunnel.end()
    until(lambda: len(v1.srv.hellos) == 2, "another hello")
    assert v1.srv.hellos[1]["client_type"] == "Anonymous" and v1.srv.hellos[1]["reconnect_token"] == "dG9rZW4="
    assert v1.srv.hellos[1]["sub_domain"] is None


def test_open_requests_end_with_their_connection(v1):
    raw = v1.raw_origin()
    daemon = v1.make({"web": {"local": raw.port, "subdomain": "demo"}})
    daemon.up("web")
    tunnel = v1.srv.wait("demo")
    visit(v1)
    conn = raw.accept()
    head_of(conn)
    tunnel.end()
    with contextlib.suppress(ConnectionResetError):
        assert conn.recv(4096) == b""
    until(lambda: daemon.tunnel("web")["streams"] == 0, "no streams")


def test_a_daemon_that_stops_leaves_nothing_behind(up):
    up.dmn.signal(signal.SIGTERM)
    assert up.dmn.wait_end() == 0
    until(lambda: up.tunnel.closed, "the end of the connection")


# --- bounds -------------------------------------------------------------------------------------------------------------

@pytest.mark.heavy
def test_a_slow_origin_stops_the_server_and_loses_nothing(v1):
    raw = v1.raw_origin(rcvbuf=4096)
    daemon = v1.make({"web": {"local": raw.port, "subdomain": "demo"}})
    daemon.up("web")
    v1.srv.wait("demo")
    before, amount = daemon.rss(), 40 * MIB
    visitor = v1.visitor(v1.srv.public_port)
    visitor.sendall(b"POST /x HTTP/1.1\r\nHost: demo.tunnelto.test\r\nContent-Length: %d\r\n\r\n" % amount)
    block = bytes(range(256)) * 256
    thread = threading.Thread(target=lambda: [visitor.sendall(block) for _ in range(amount // len(block))], daemon=True)
    conn = raw.accept()
    head = head_of(conn)
    thread.start()
    thread.join(1.5)
    assert thread.is_alive() and daemon.rss() - before < (16 if not daemon.net.sanitized else 32) * MIB
    digest, n = hashlib.sha256(), 0
    body = head.split(b"\r\n\r\n", 1)[1]
    while True:
        digest.update(body)
        n += len(body)
        if n >= amount:
            break
        body = conn.recv(65536)
        assert body
    assert digest.digest() == hashlib.sha256(block * (amount // len(block))).digest()


@pytest.mark.heavy
def test_a_server_that_does_not_read_stops_the_origins(v1):
    raw = v1.raw_origin()
    daemon = v1.make({"web": {"local": raw.port, "subdomain": "demo"}})
    daemon.up("web")
    tunnel = v1.srv.wait("demo")
    before, amount, n = daemon.rss(), 16 * MIB, 8
    visitors, threads = [], []
    for _ in range(n):
        visitors.append(visit(v1))
        conn = raw.accept()
        head_of(conn)
        threads.append(threading.Thread(target=conn.sendall, args=[bytes(amount)], daemon=True))
    go = threading.Event()
    real, tunnel.on_packet = tunnel.on_packet, lambda message: (go.wait(20), real(message))
    for t in threads:
        t.start()
    threads[-1].join(1)
    # how much of each the kernels take is theirs to say
    assert any(t.is_alive() for t in threads) and daemon.rss() - before < 48 * MIB  # a sanitizer keeps what was freed
    got = []

    def read(visitor):
        left = amount
        while left and (piece := visitor.recv(65536)):
            left -= len(piece)
        got.append(left)

    readers = [threading.Thread(target=read, args=[visitor], daemon=True) for visitor in visitors]
    for t in readers:
        t.start()
    go.set()
    for t in readers:
        t.join(20)
    assert got == [0] * n and not tunnel.closed and v1.srv.faults == []


@pytest.mark.heavy
def test_a_server_that_reads_slowly_is_no_reason_to_be_restarted(v1):
    """What it has not read stops all else, a probe too, while credit for what leaves shows that the link lives."""
    raw = v1.raw_origin()
    daemon = v1.make({"web": {"local": raw.port, "subdomain": "demo"}}, env={"WATCHDOG_USEC": "800000"})
    daemon.up("web")
    tunnel = v1.srv.wait("demo")
    visit(v1)
    conn = raw.accept()
    head_of(conn)
    got, slowly = [0], threading.Event()

    def on_packet(message):
        slowly.wait(0.05)
        got[0] += len(message)

    tunnel.on_packet = on_packet
    threading.Thread(target=conn.sendall, args=[bytes(16 * MIB)], daemon=True).start()
    until(lambda: got[0] > MIB, "what fills the way, and some of what waits")
    slowly.set()
    assert "wedged" not in daemon.err()


# --- both ends are ours -------------------------------------------------------------------------------------------------

@pytest.fixture
def ours(net):
    """Our client at our server, both in v1."""
    net.web = net.origin()
    net.srv = net.server()
    net.dmn = net.daemon(net.srv, {"web": {"local": net.web.port, "subdomain": "web"}}, key=net.srv.key(),
                         config={"server": {"protocol": "v1"}})
    net.url = net.dmn.up("web")
    return net


@pytest.mark.heavy
def test_ours_meet_in_v1_over_tls(net, certs):
    tls = {"certificate": str(certs / "server.crt"), "key": str(certs / "server.key")}
    srv = net.server(config={"control": [{"listen": "127.0.0.1:0", "tls": tls}], "timeouts": {"drain": "500ms"}})
    raw = net.raw_origin()
    daemon = net.daemon(f"https://localhost:{srv.port}", {"web": {"local": raw.port, "subdomain": "web"}}, key=srv.key(),
                        config={"server": {"protocol": "v1", "ca_file": str(certs / "ca.crt")}})
    daemon.up("web")
    amount, block = 30 * MIB, bytes(range(256)) * 256
    visitor = net.visitor(srv.public, rcvbuf=4096)
    visitor.sendall(b"GET /x HTTP/1.1\r\nHost: web.localhost\r\n\r\n")
    conn = raw.accept()
    head_of(conn)

    def send():
        conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % amount)
        for _ in range(amount // len(block)):
            conn.sendall(block)

    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    thread.join(1)
    assert thread.is_alive()  # stopped by the visitor, through both of our programs
    body = visitor.recv(4096).split(b"\r\n\r\n", 1)[1]
    digest, n = hashlib.sha256(body), len(body)
    while n < amount:
        piece = visitor.recv(65536)
        assert piece
        digest.update(piece)
        n += len(piece)
    assert digest.digest() == hashlib.sha256(block * (amount // len(block))).digest()


def test_ours_meet_in_v1(ours):
    assert ours.srv.status()["sessions"][0]["protocol"] == "v1"
    assert ours.url == f"http://web.localhost:{ours.srv.public}/"
    assert ours.curl(ours.url).stdout == "origin: GET /\n"
    body = os.urandom(8 * MIB)
    (ours.dir / "body").write_bytes(body)
    echo = ours.curl(ours.url, "--data-binary", f"@{ours.dir / 'body'}", text=False).stdout
    assert hashlib.sha256(echo).digest() == hashlib.sha256(body).digest()
    assert json.loads(ours.dmn.ctl("status", "--json").stdout)["tunnels"][0]["state"] == "up"
