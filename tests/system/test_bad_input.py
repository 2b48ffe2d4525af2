# SPDX-License-Identifier: MIT
"""Bad input gets a clear answer, and running tunnels go on."""
import contextlib
import http.client
import json
import os
import resource
import socket
import struct
import subprocess
import threading

import pytest

from actors import WAIT, until

OK = b"GET / HTTP/1.1\r\nHost: web.localhost\r\nConnection: close\r\n\r\n"


@pytest.fixture
def alive(pair):
    """The usual pair; afterwards its tunnel must still serve, by the same processes."""
    yield pair
    assert pair.srv.process.poll() is None and pair.dmn.process.poll() is None
    assert pair.curl(pair.url).stdout == "origin: GET /\n"


def status_of(answer):
    return int(answer.split(b" ")[1]) if answer.startswith(b"HTTP/1.1 ") else None


# --- HTTP visitors --------------------------------------------------------------------------------

@pytest.mark.parametrize("request_, status", [
    (b"\x16\x03\x01 what is this\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: \r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: web.localhost\r\nHost: web.localhost\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost : web.localhost\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: web.localhost\r\nX: 1\r\n folded\r\n\r\n", 400),
    (b"GET / HTTP/1.1\nHost: web.localhost\n\n", 400),
    (b"GET / HTTP/1.1\r\nHost: web.localhost\r\nX: a\x00b\r\n\r\n", 400),
    (b"POST / HTTP/1.1\r\nHost: web.localhost\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    (b"POST / HTTP/1.1\r\nHost: web.localhost\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc", 400),
    (b"POST / HTTP/1.1\r\nHost: web.localhost\r\nContent-Length: +3\r\n\r\nabc", 400),
    (b"POST / HTTP/1.1\r\nHost: web.localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: nobody.localhost\r\nConnection: close\r\n\r\n", 404),
    (b"GET / HTTP/1.1\r\nHost: web.example.org\r\nConnection: close\r\n\r\n", 404),
    (b"CONNECT web.localhost:80 HTTP/1.1\r\nHost: web.localhost:80\r\n\r\n", (400, 405, 501)),
    (b"GET / HTTP/3.0\r\nHost: web.localhost\r\n\r\n", 505),
    (b"GET / HTTP/1.1\r\nHost: web.localhost\r\nX: " + b"a" * 65536 + b"\r\n\r\n", 431),
    (b"GET /" + b"a" * 65536 + b" HTTP/1.1\r\nHost: web.localhost\r\n\r\n", (414, 431)),
], ids=lambda v: None if not isinstance(v, bytes) else repr(v[:48]))
def test_a_bad_request_gets_its_status(alive, request_, status):
    got = status_of(alive.ask(alive.srv.public, request_))
    assert got in (status if isinstance(status, tuple) else (status,))


@pytest.mark.parametrize("host", ["web.localhost", "web.localhost:1234", "web.localhost.", "WEB.LocalHost", "Web.LOCALHOST.:80"])
def test_every_spelling_of_a_host_is_routed(alive, host):
    answer = alive.ask(alive.srv.public, f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    assert status_of(answer) == 200


def test_an_error_says_what_it_is_in_page_or_json(alive):
    url = f"http://nobody.localhost:{alive.srv.public}/"
    plain = alive.curl(url, "-i").stdout
    assert "404" in plain.splitlines()[0] and "x-tunnelto-error:" in plain.lower()
    data = json.loads(alive.curl(url, "-H", "Accept: application/json").stdout)
    assert data["status"] == 404


def test_a_body_longer_than_declared_is_the_next_request_and_gets_400(alive):
    answer = alive.ask(alive.srv.public, b"POST /a HTTP/1.1\r\nHost: web.localhost\r\nContent-Length: 3\r\n\r\nabcdefg\r\n\r\n")
    first, _, rest = answer.partition(b"\r\n\r\n")
    assert status_of(first) == 200 and rest.startswith(b"abc")
    assert b"HTTP/1.1 400" in rest


def test_a_body_shorter_than_declared_never_looks_whole_to_the_origin(net):
    raw, web = net.raw_origin(), net.origin()
    server = net.server()
    daemon = net.daemon(server, {"raw": {"local": raw.port, "subdomain": "raw"}, "web": {"local": web.port, "subdomain": "web"}},
                        key=server.key())
    daemon.up()
    visitor = net.visitor(server.public)
    visitor.sendall(b"POST / HTTP/1.1\r\nHost: raw.localhost\r\nContent-Length: 100\r\n\r\nshort")
    conn = raw.accept()
    seen = b""
    while b"short" not in seen:
        seen += conn.recv(4096)
    visitor.close()
    with pytest.raises(ConnectionResetError):
        while conn.recv(4096):
            pass
    assert net.curl(daemon.url("web")).stdout.startswith("origin:")


def test_a_head_that_never_ends_is_given_up(net):
    origin = net.origin()
    server = net.server(config={"timeouts": {"head": "1s", "idle": "1s"}})
    daemon = net.daemon(server, {"web": {"local": origin.port, "subdomain": "web"}}, key=server.key())
    url = daemon.up("web")
    assert status_of(net.ask(server.public, b"GET / HTTP/1.1\r\nHost: web.loc")) in (408, None)
    assert net.ask(server.public, b"") == b""
    assert net.curl(url).stdout == "origin: GET /\n"


# --- origins --------------------------------------------------------------------------------------

def test_an_origin_that_refuses_is_a_502_that_says_so(alive):
    closed = socket.socket()
    closed.bind(("127.0.0.1", 0))
    alive.dmn.ctl("http", str(closed.getsockname()[1]), "--subdomain", "gone", "--detach")
    answer = alive.curl(f"http://gone.localhost:{alive.srv.public}/", "-i").stdout
    assert " 502 " in answer.splitlines()[0] and "origin_refused" in answer.lower()
    closed.close()


def test_an_origin_that_does_not_answer_is_a_504(net):
    raw, web = net.raw_origin(), net.origin()
    server = net.server(config={"timeouts": {"response": "1s"}})
    daemon = net.daemon(server, {"raw": {"local": raw.port, "subdomain": "raw"}, "web": {"local": web.port, "subdomain": "web"}},
                        key=server.key())
    url = daemon.up("raw", "web")
    answer = net.curl(url, "-i").stdout
    assert " 504 " in answer.splitlines()[0] and "origin_timeout" in answer.lower()
    assert net.curl(daemon.url("web")).stdout.startswith("origin:")


@pytest.mark.parametrize("answer", [b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
                                    b"HTTP/1.1 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70000 + b"\r\n\r\n"])
def test_an_origin_that_talks_nonsense_is_a_502(net, answer):
    raw = net.raw_origin()
    server = net.server()
    daemon = net.daemon(server, {"raw": {"local": raw.port, "subdomain": "raw"}}, key=server.key())
    url = daemon.up("raw")
    got = []
    visit = threading.Thread(target=lambda: got.append(net.curl(url, "-o", "/dev/null", "-w", "%{http_code}", check=False).stdout))
    visit.start()
    conn = raw.accept()
    conn.recv(65536)
    conn.sendall(answer)
    conn.close()
    visit.join(WAIT)
    assert got == ["502"]


# --- garbage on every listener --------------------------------------------------------------------

GARBAGE = [b"\x00" * 100, os.urandom(4096), b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x40\x00" + b"\xff" * 2000,
           b"GET /wormhole HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n", b"{" * 5000, b"\n\n\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
           b"GET /wormhole/lane HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tunnelto-lane\r\nTunnelto-Token: nope\r\n\r\n"]


@pytest.mark.parametrize("where", ["control", "public"])
def test_garbage_on_a_listener_hurts_nobody(alive, where):
    port = alive.srv.port if where == "control" else alive.srv.public
    for garbage in GARBAGE:
        with socket.create_connection(("127.0.0.1", port), timeout=WAIT) as sock:
            sock.sendall(garbage)
            with contextlib.suppress(OSError):  # it may be closed already, and reset
                sock.shutdown(socket.SHUT_WR)
                while sock.recv(65536):
                    pass


def upgrade(net, path, *fields):
    """A connection upgraded by hand on the control port; whatever the server said."""
    sock = net.visitor(net.srv.port)
    sock.sendall("\r\n".join([f"GET {path} HTTP/1.1", "Host: x", "Connection: Upgrade", *fields, "", ""]).encode())
    head = b""
    while b"\r\n\r\n" not in head:
        piece = sock.recv(4096)
        if not piece:
            break
        head += piece
    return sock, head


def websocket(net, key):
    return upgrade(net, "/wormhole", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Protocol: tunnelto.v2",
                   "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", f"Authorization: Bearer {key.read_text().strip()}")


# what a session must not go on after, and the beginning of a frame whose rest never comes
ENDING = [b"\x00" * 64, b"\xff" * 64, b"\x01\x00\x00\x02\x00\x00\x00\x00{}", b"\x11\x00\x00\x09\x00\x00\x00\x01" + b"x" * 9,
          b"\x08\x00\x00\x07\x00\x00\x00\x00abcdefg", b"\x02\x00\x00\x02\x00\x00\x00\x00{}"]
PARTIAL = [b"\x01\x00\x00\x05\x00\x00\x00\x00{\"a\"", b"\x11\x00\x40\x08\x00\x00\x00\x01" + b"x" * 100, b"\x07"]


def masked(payload):
    """One binary message as a client sends it, masked with zeroes."""
    if len(payload) < 126:
        return struct.pack("!BB", 0x82, 0x80 | len(payload)) + b"\0\0\0\0" + payload
    return struct.pack("!BBH", 0x82, 0x80 | 126, len(payload)) + b"\0\0\0\0" + payload


@pytest.mark.parametrize("payload", ENDING)
def test_garbage_in_frames_ends_that_session_with_a_reason(alive, payload):
    sock, head = websocket(alive, alive.key)
    assert head.startswith(b"HTTP/1.1 101")
    sock.sendall(masked(payload))
    said = b""
    try:
        while piece := sock.recv(65536):
            said += piece
    except ConnectionResetError:
        pass
    assert b"protocol" in said  # in GOAWAY's text, or as the WebSocket's close reason


@pytest.mark.parametrize("payload", PARTIAL)
def test_a_frame_that_is_cut_off_hurts_nobody(alive, payload):
    sock, head = websocket(alive, alive.key)
    assert head.startswith(b"HTTP/1.1 101")
    sock.sendall(masked(payload))
    sock.close()


def test_a_lane_without_a_good_token_is_refused(alive):
    _, head = upgrade(alive, "/wormhole/lane", "Upgrade: tunnelto-lane", "Tunnelto-Token: " + "0" * 64)
    assert head.startswith(b"HTTP/1.1 403")


def test_the_control_socket_survives_garbage(alive):
    for control in (alive.dmn.control, alive.srv.control):
        for garbage in GARBAGE + [b"[]\0", b"{}\0", b'{"method":1}\0', b'{"method":"a.b"}\0', b"x" * 2 * 1024 * 1024]:
            with socket.socket(socket.AF_UNIX) as sock:
                sock.settimeout(WAIT)
                sock.connect(control)
                try:
                    sock.sendall(garbage)
                    sock.shutdown(socket.SHUT_WR)
                    while sock.recv(65536):
                        pass
                except (BrokenPipeError, ConnectionResetError):
                    pass


# --- descriptors run out --------------------------------------------------------------------------

def test_running_out_of_descriptors_refuses_nobody_for_good(net):
    origin = net.origin()
    server = net.server(limits=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)))
    daemon = net.daemon(server, {"web": {"local": origin.port, "subdomain": "web"}}, key=server.key())
    url = daemon.up("web")
    crowd = [net.visitor(server.public) for _ in range(100)]
    with pytest.raises(AssertionError):
        net.curl(url, timeout=1)
    for sock in crowd:
        sock.close()
    assert net.curl(url).stdout == "origin: GET /\n"
    assert daemon.status()["server"]["state"] == "up"


# --- the server as the client sees it -------------------------------------------------------------

def tls_server(net, certs, name):
    return net.server(config={"control": [{"listen": "127.0.0.1:0", "tls": {"certificate": str(certs / f"{name}.crt"),
                                                                          "key": str(certs / f"{name}.key")}}]})


def test_a_verified_tls_link_works(net, certs):
    origin = net.origin()
    server = tls_server(net, certs, "server")
    daemon = net.daemon(f"https://localhost:{server.port}", {"web": {"local": origin.port, "subdomain": "web"}}, key=server.key(),
                        config={"server": {"ca_file": str(certs / "ca.crt")}})
    assert net.curl(daemon.up("web")).stdout == "origin: GET /\n"
    net.curl(daemon.url("web") + f"bytes/{4 << 20}", "-o", "/dev/null")
    until(lambda: daemon.status()["server"]["link"] == "lane", "a lane over TLS")
    assert net.curl(daemon.url("web")).stdout == "origin: GET /\n"


@pytest.mark.parametrize("cert, ca, says", [("expired", True, "expired"), ("other", True, "name"), ("server", False, "issuer")])
def test_a_certificate_that_does_not_fit_is_named(net, certs, cert, ca, says):
    server = tls_server(net, certs, cert)
    config = {"server": {"ca_file": str(certs / "ca.crt")}} if ca else {}
    daemon = net.daemon(f"https://localhost:{server.port}", {"web": {"local": 1, "subdomain": "web"}}, key=server.key(), config=config)
    until(lambda: (daemon.status()["server"]["error"] or ""), "an error")
    text = daemon.status()["server"]["error"].lower()
    assert says in text or (says == "name" and "mismatch" in text) or (says == "issuer" and ("self" in text or "unable" in text)), text


def test_a_server_that_is_not_there_is_named(net):
    nobody = socket.socket()
    nobody.bind(("127.0.0.1", 0))
    daemon = net.daemon(f"http://127.0.0.1:{nobody.getsockname()[1]}", {"web": {"local": 1}})
    until(lambda: "refused" in (daemon.status()["server"]["error"] or ""), "the words 'connection refused'")
    nobody.close()


def test_a_server_that_is_something_else_is_named(net):
    origin = net.origin()
    daemon = net.daemon(f"http://127.0.0.1:{origin.port}", {"web": {"local": 1}})
    until(lambda: daemon.status()["server"]["error"], "an error")


def test_a_name_that_does_not_resolve_is_named(net):
    daemon = net.daemon("http://nowhere.invalid:1", {"web": {"local": 1}})
    error = until(lambda: daemon.status()["server"]["error"], "an error")
    assert "nowhere.invalid" in error


def test_http_client_sees_no_difference(alive):
    conn = http.client.HTTPConnection("127.0.0.1", alive.srv.public, timeout=WAIT)
    for n in range(3):
        conn.request("GET", f"/{n}", headers={"Host": "web.localhost"})
        assert conn.getresponse().read() == f"origin: GET /{n}\n".encode()
    conn.close()
