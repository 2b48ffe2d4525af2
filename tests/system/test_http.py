# SPDX-License-Identifier: MIT
"""HTTP tunnels: what a visitor may do with an origin, it may do through the tunnel."""
import hashlib
import http.client
import json
import socket
import threading
import time

import pytest

from actors import MIB, WAIT, Handler, RawOrigin, until
from jump import Jump


def get(port, host, path="/", method="GET", version="1.1", extra="", body=b""):
    head = f"{method} {path} HTTP/{version}\r\nHost: {host}\r\n{extra}\r\n".encode()
    return head + body


def read_response(sock, method="GET"):
    response = http.client.HTTPResponse(sock, method=method)
    response.begin()
    return response, response.read()


def test_a_request_reaches_the_origin_and_its_answer_the_visitor(pair):
    direct = pair.curl(f"http://127.0.0.1:{pair.web.port}/hello?x=1").stdout
    assert pair.curl(pair.url + "hello?x=1").stdout == direct
    assert pair.web.seen[-1][:2] == ("GET", "/hello?x=1")


def test_the_origin_learns_who_asked(pair):
    seen = json.loads(pair.curl(pair.url + "headers").stdout)
    assert seen["X-Forwarded-For"] == "127.0.0.1"
    assert seen["X-Forwarded-Proto"] == "http"
    assert seen["X-Forwarded-Host"] == seen["Host"] == f"web.localhost:{pair.srv.public}"


def test_a_forged_forwarding_field_is_replaced(pair):
    seen = json.loads(pair.curl(pair.url + "headers", "-H", "X-Forwarded-For: 6.6.6.6", "-H", "X-Forwarded-Proto: https").stdout)
    assert seen["X-Forwarded-For"] == "127.0.0.1"
    assert seen["X-Forwarded-Proto"] == "http"


def test_hop_by_hop_fields_stay_behind(pair):
    seen = json.loads(pair.curl(pair.url + "headers", "-H", "Connection: close, X-Mine", "-H", "X-Mine: 1", "-H", "X-Other: 2",
                                "-H", "Keep-Alive: timeout=5").stdout)
    assert "X-Mine" not in seen and "Keep-Alive" not in seen and seen["X-Other"] == "2"


def test_a_connection_is_kept_and_every_request_is_routed_by_its_own_host(net):
    one, two = net.origin("one"), net.origin("two")
    server = net.server()
    key = server.key()
    daemon = net.daemon(server, {"one": {"local": one.port, "subdomain": "one"}, "two": {"local": two.port, "subdomain": "two"}},
                        key=key)
    daemon.up()
    sock = net.visitor(server.public)
    for label in ("one", "two", "one", "one", "two"):
        sock.sendall(get(server.public, f"{label}.localhost", "/who"))
        response, body = read_response(sock)
        assert (response.status, body) == (200, f"{label}: GET /who\n".encode())


def next_response(stream):
    """One response with a Content-Length from a buffered stream; http.client would read ahead into the next."""
    status = int(stream.readline().split()[1])
    length = 0
    while line := stream.readline().strip():
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    return status, stream.read(length)


def test_pipelined_requests_are_answered_in_order(pair):
    sock = pair.visitor(pair.srv.public)
    sock.sendall(b"".join(get(0, "web.localhost", f"/{n}") for n in range(8)))
    with sock.makefile("rb") as stream:
        for n in range(8):
            assert next_response(stream) == (200, f"origin: GET /{n}\n".encode())


FRAMINGS = {"length": (b"Content-Length: 5\r\n", b"hello"),
            "chunks": (b"Transfer-Encoding: chunked\r\n", b"2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n")}


def post_and_wait(pair, framing):
    """A visitor whose body is asked for: what it sends next is read as a body, apart from the head."""
    sock = pair.visitor(pair.srv.public)
    sock.sendall(b"POST /echo HTTP/1.1\r\nHost: web.localhost\r\nExpect: 100-continue\r\n" + framing + b"\r\n")
    stream = sock.makefile("rb")
    assert [stream.readline(), stream.readline()] == [b"HTTP/1.1 100 Continue\r\n", b"\r\n"]
    return sock, stream


@pytest.mark.parametrize("framing", FRAMINGS)
def test_a_request_right_behind_a_body_is_answered_too(pair, framing):
    field, body = FRAMINGS[framing]
    sock, stream = post_and_wait(pair, field)
    with sock, stream:
        sock.sendall(body + get(0, "web.localhost", "/next") + get(0, "web.localhost", "/last"))
        assert next_response(stream) == (200, b"hello")
        assert next_response(stream) == (200, b"origin: GET /next\n")
        assert next_response(stream) == (200, b"origin: GET /last\n")


def test_a_chunk_that_cannot_be_read_is_refused_in_the_middle_of_a_body(pair):
    sock, stream = post_and_wait(pair, FRAMINGS["chunks"][0])
    with sock, stream:
        sock.sendall(b"2\r\nhe\r\nzz\r\nllo\r\n0\r\n\r\n")
        assert next_response(stream)[0] == 400


def test_a_large_upload_comes_back_whole(pair, tmp_path):
    body = bytes(range(256)) * 4096 * 8
    (tmp_path / "body").write_bytes(body)
    for extra in ([], ["-H", "Transfer-Encoding: chunked"], ["-H", "Expect: 100-continue"]):
        back = pair.curl(pair.url + "echo", "--data-binary", f"@{tmp_path / 'body'}", *extra, text=False).stdout
        assert hashlib.sha256(back).digest() == hashlib.sha256(body).digest(), extra


def test_a_large_chunked_download_comes_whole(pair):
    through = pair.curl(pair.url + f"bytes/{32 * MIB}", text=False).stdout
    direct = pair.curl(f"http://127.0.0.1:{pair.web.port}/bytes/{32 * MIB}", text=False).stdout
    assert len(through) == 32 * MIB and through == direct


def test_a_head_request_has_a_length_and_no_body(pair):
    sock = pair.visitor(pair.srv.public)
    sock.sendall(get(0, "web.localhost", "/x", method="HEAD"))
    response, body = read_response(sock, method="HEAD")
    assert response.status == 200 and int(response.getheader("Content-Length")) > 0 and body == b""
    sock.sendall(get(0, "web.localhost", "/y"))
    assert read_response(sock)[1] == b"origin: GET /y\n"


def test_http_1_0_is_answered_and_closed(pair):
    answer = pair.ask(pair.srv.public, get(0, "web.localhost", "/old", version="1.0"))
    assert answer.startswith(b"HTTP/1.1 200") and answer.endswith(b"origin: GET /old\n")


def test_connection_close_is_honoured(pair):
    answer = pair.ask(pair.srv.public, get(0, "web.localhost", "/bye", extra="Connection: close\r\n"))
    assert answer.endswith(b"origin: GET /bye\n") and b"onnection: close" in answer


def test_server_sent_events_pass_unbuffered(pair):
    sock = pair.visitor(pair.srv.public)
    sock.sendall(get(0, "web.localhost", "/events"))
    seen = b""
    while b"data: first\n\n" not in seen:  # the second is held back by the origin until this one was seen
        piece = sock.recv(4096)
        assert piece
        seen += piece
    assert b"second" not in seen
    pair.web.go_on.set()
    while piece := sock.recv(4096):
        seen += piece
    assert b"data: second\n\n" in seen


class Upgrades(Handler):
    """Answers an upgrade with an echo until the visitor ends."""

    def do_GET(self):
        self.send_response(101)
        self.send_header("Connection", "Upgrade")
        self.send_header("Upgrade", self.headers["Upgrade"])
        self.end_headers()
        while piece := self.rfile.read1(65536):
            self.wfile.write(piece)
            self.wfile.flush()
        self.close_connection = True


def echoing(net, port):
    """An upgraded connection whose bytes come back."""
    sock = net.visitor(port)
    sock.sendall(get(0, "web.localhost", "/", extra="Connection: Upgrade\r\nUpgrade: echo\r\n") + b"early ")
    seen = b""
    while not seen.endswith(b"early "):
        seen += sock.recv(4096)
    return sock, seen


def test_hours_in_which_little_is_said_cost_no_connection(net):
    """PINGs, credit, deadlines and what libraries do by themselves: the clocks of both are moved on, three seconds at a time."""
    jump, origin = Jump(net), net.origin(handler=Upgrades)
    server = net.server(env=jump.env)
    daemon = net.daemon(server, {"web": {"local": origin.port, "subdomain": "web"}}, key=server.key(), env=jump.env)
    daemon.up()
    (busy, _), (silent, _) = echoing(net, server.public), echoing(net, server.public)
    session = daemon.status()["server"]["session"]
    for n in range(4 * 60 * 60 // 3):
        jump(3)
        busy.sendall(b"%06d" % n)  # wakes both
        assert busy.recv(6, socket.MSG_WAITALL) == b"%06d" % n
    silent.sendall(b"still here")
    assert silent.recv(64) == b"still here"
    assert daemon.status()["server"]["session"] == session


def test_an_upgraded_connection_is_a_pipe_both_ways(net):
    origin = net.origin(handler=Upgrades)
    server = net.server()
    daemon = net.daemon(server, {"web": {"local": origin.port, "subdomain": "web"}}, key=server.key())
    daemon.up()
    sock, seen = echoing(net, server.public)
    assert seen.startswith(b"HTTP/1.1 101 ") and b"Upgrade: echo" in seen
    sock.sendall(b"bytes \x00\xff")
    assert sock.recv(4096) == b"bytes \x00\xff"
    sock.shutdown(socket.SHUT_WR)
    assert sock.recv(4096) == b""


def test_a_real_websocket_library_echoes_through_the_tunnel(net):
    import asyncio
    import websockets
    ports, stop, loops = [], threading.Event(), []

    async def echo(ws, *_):
        async for message in ws:
            await ws.send(message)

    async def serve():
        loops.append(asyncio.get_running_loop())
        async with websockets.serve(echo, "127.0.0.1", 0, max_size=4 * MIB) as s:
            ports.append(s.sockets[0].getsockname()[1])
            loops.append(asyncio.Event())
            await loops[1].wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    until(lambda: len(loops) == 2, "the echo server")
    server = net.server()
    daemon = net.daemon(server, {"ws": {"local": ports[0], "subdomain": "ws"}}, key=server.key())
    daemon.up()

    async def visit():
        sock = socket.create_connection(("127.0.0.1", server.public))
        async with websockets.connect(f"ws://ws.localhost:{server.public}/", sock=sock, max_size=4 * MIB) as ws:
            for message in ("text", "ünïcode" * 1000, b"\x00" * 70000, bytes(range(256)) * 8192):
                await ws.send(message)
                assert await asyncio.wait_for(ws.recv(), WAIT) == message
            await asyncio.wait_for(await ws.ping(), WAIT)

    asyncio.run(visit())
    loops[0].call_soon_threadsafe(loops[1].set)
    thread.join(WAIT)
    stop.set()


def test_many_visitors_on_many_tunnels_of_several_clients(net):
    server = net.server()
    origins, daemons = [], []
    for d in range(3):
        tunnels = {}
        for t in range(4):
            origin = net.origin(f"o{d}{t}")
            origins.append(origin)
            tunnels[f"t{d}{t}"] = {"local": origin.port, "subdomain": f"t{d}{t}"}
        daemons.append(net.daemon(server, tunnels, key=server.key(f"k{d}", f"t{d}*"), name=f"daemon{d}"))
    for daemon in daemons:
        daemon.up()
    wrong = []

    def visit(d, t):
        with socket.create_connection(("127.0.0.1", server.public), timeout=WAIT) as sock:
            for n in range(20):
                sock.sendall(get(0, f"t{d}{t}.localhost", f"/{n}"))
                _, body = read_response(sock)
                if body != f"o{d}{t}: GET /{n}\n".encode():
                    wrong.append((d, t, n, body))

    threads = [threading.Thread(target=visit, args=(d, t)) for d in range(3) for t in range(4) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert wrong == [] and not any(t.is_alive() for t in threads)


def test_a_slow_visitor_stops_its_origin_and_nobody_else(net):
    raw, web = net.raw_origin(), net.origin()
    server = net.server()
    daemon = net.daemon(server, {"slow": {"local": raw.port, "subdomain": "slow"}, "web": {"local": web.port, "subdomain": "web"}},
                        key=server.key())
    url = daemon.up("slow", "web")
    visitor = net.visitor(server.public, rcvbuf=4096)
    visitor.sendall(get(0, "slow.localhost"))
    conn = raw.accept()
    conn.recv(65536)
    size = 64 * MIB
    conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
    before = daemon.rss() + server.rss()
    conn.setblocking(False)
    sent, quiet = 0, time.monotonic() + 0.7
    while time.monotonic() < quiet and sent < size:
        try:
            sent += conn.send(b"x" * min(65536, size - sent))
            quiet = time.monotonic() + 0.7
        except BlockingIOError:
            threading.Event().wait(0.01)
    assert sent < size, "the origin was never stopped"
    assert net.sanitized or daemon.rss() + server.rss() - before < 24 * MIB
    assert net.curl(daemon.url("web")).stdout.startswith("origin: GET /")  # nobody else is held up
    conn.setblocking(True)
    feeder = threading.Thread(target=lambda: conn.sendall(b"x" * (size - sent)), daemon=True)
    feeder.start()
    response = http.client.HTTPResponse(visitor)
    response.begin()
    assert len(response.read()) == size


def test_an_upload_refused_before_its_end_gets_the_refusal(net):
    raw = net.raw_origin()
    server = net.server()
    daemon = net.daemon(server, {"web": {"local": raw.port, "subdomain": "web"}}, key=server.key())
    url = daemon.up("web")
    big = net.dir / "big"
    big.write_bytes(b"x" * (20 * MIB))

    def refuse():
        conn = raw.accept()
        conn.recv(4096)
        conn.sendall(b"HTTP/1.1 413 Payload Too Large\r\nContent-Length: 9\r\nConnection: close\r\n\r\ntoo much\n")
        conn.close()  # with the upload unread: a reset right behind the answer

    for _ in range(5):
        origin = threading.Thread(target=refuse)
        origin.start()
        done = net.curl(url, "-T", big, "-H", "Expect:", "-w", "%{http_code}", check=False)
        origin.join()
        assert done.stdout == "too much\n413"


def test_a_visitor_that_goes_away_stops_its_origin(net):
    raw = net.raw_origin()
    server = net.server()
    daemon = net.daemon(server, {"web": {"local": raw.port, "subdomain": "web"}}, key=server.key())
    daemon.up()
    visitor = net.visitor(server.public)
    visitor.sendall(get(0, "web.localhost"))
    conn = raw.accept()
    conn.recv(65536)
    conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nxxx")
    visitor.recv(10)
    visitor.close()
    conn.settimeout(5)
    try:
        while conn.recv(4096):
            pass
    except ConnectionResetError:
        pass


def test_an_origin_on_a_unix_socket(net):
    import socketserver
    from actors import Origin

    class UnixOrigin(Origin):
        address_family = socket.AF_UNIX

        def server_bind(self):
            socketserver.TCPServer.server_bind(self)
            self.server_name, self.server_port = "unix", 0

        def get_request(self):
            conn, _ = self.socket.accept()
            return conn, ("unix", 0)

    path = str(net.dir / "origin.sock")
    net.add(UnixOrigin("unix", address=path))
    server = net.server()
    daemon = net.daemon(server, {"web": {"local": f"unix:{path}", "subdomain": "web"}}, key=server.key())
    assert net.curl(daemon.up("web")).stdout == "unix: GET /\n"


def test_the_host_field_can_be_rewritten(net):
    origin = net.origin()
    server = net.server()
    daemon = net.daemon(server, {"web": {"local": origin.port, "subdomain": "web", "host_header": "app.internal:81"}}, key=server.key())
    seen = json.loads(net.curl(daemon.up("web") + "headers").stdout)
    assert seen["Host"] == "app.internal:81" and seen["X-Forwarded-Host"].startswith("web.localhost")


def test_an_answer_cut_short_never_looks_whole(net):
    raw = RawOrigin()
    net.add(raw)
    server = net.server()
    daemon = net.daemon(server, {"web": {"local": raw.port, "subdomain": "web"}}, key=server.key())
    url = daemon.up("web")
    for body in (b"Content-Length: 1000\r\n\r\nonly this", b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"):
        got = []
        visit = threading.Thread(target=lambda: got.append(net.curl(url, check=False)))
        visit.start()
        conn = raw.accept()
        conn.recv(65536)
        conn.sendall(b"HTTP/1.1 200 OK\r\n" + body)
        conn.close()
        visit.join(WAIT)
        assert got[0].returncode in (18, 56), got[0]  # CURLE_PARTIAL_FILE, CURLE_RECV_ERROR


def behind_proxy(net, **config):
    """An origin's tunnel whose server trusts what comes from loopback."""
    origin = net.origin()
    server = net.server(config={"trusted_proxies": ["127.0.0.0/8"], **config})
    daemon = net.daemon(server, {"web": {"local": origin.port, "subdomain": "web"}}, key=server.key())
    return origin, server, daemon.up("web")


def test_a_trusted_proxy_is_believed_and_appended_to(net):
    _, server, url = behind_proxy(net)
    said = ["-H", "X-Forwarded-For: 6.6.6.6, 192.0.2.1", "-H", "X-Forwarded-Proto: https", "-H", "X-Forwarded-Host: real.example",
            "-H", "Forwarded: for=192.0.2.1"]
    seen = json.loads(net.curl(url + "headers", *said).stdout)
    assert seen["X-Forwarded-For"] == "6.6.6.6, 192.0.2.1, 127.0.0.1"
    assert seen["X-Forwarded-Proto"] == "https" and seen["X-Forwarded-Host"] == "real.example"
    assert seen["Forwarded"] == "for=192.0.2.1, for=127.0.0.1;proto=http"
    server.wait_err("visitor=192.0.2.1")
    seen = json.loads(net.curl(url + "headers").stdout)
    assert seen["X-Forwarded-For"] == "127.0.0.1" and seen["X-Forwarded-Proto"] == "http" and "Forwarded" not in seen


def test_a_blocked_visitor_is_refused_behind_its_proxy_and_others_on_its_connection_are_not(net):
    origin, server, _ = behind_proxy(net, blocked_ips=["192.0.2.0/24"])
    sock = net.visitor(server.public)
    for who, status in (("198.51.100.1", 200), ("192.0.2.7", 403), ("192.0.2.7, 198.51.100.1", 200), ("198.51.100.1, 192.0.2.7", 403)):
        sock.sendall(get(0, "web.localhost", f"/{status}", extra=f"X-Forwarded-For: {who}\r\n"))
        response, _ = read_response(sock)
        assert response.status == status, who
        assert response.getheader("X-Tunnelto-Error") == ("blocked" if status == 403 else None)
    assert [path for _, path, _ in origin.seen] == ["/200", "/200"]


def test_what_a_stranger_says_of_itself_is_worth_nothing(net):
    origin = net.origin()
    server = net.server(config={"trusted_proxies": ["192.0.2.1"], "blocked_ips": ["192.0.2.7"]})
    daemon = net.daemon(server, {"web": {"local": origin.port, "subdomain": "web"}}, key=server.key())
    url = daemon.up("web")
    seen = json.loads(net.curl(url + "headers", "-H", "X-Forwarded-For: 192.0.2.7, 192.0.2.1", "-H", "Forwarded: for=192.0.2.1",
                               "-H", "X-Real-IP: 192.0.2.1", "-H", "X-Forwarded-Port: 443").stdout)
    assert seen["X-Forwarded-For"] == "127.0.0.1"
    assert not {"Forwarded", "X-Real-Ip", "X-Real-IP", "X-Forwarded-Port"} & set(seen)
