# SPDX-License-Identifier: MIT
"""What is kept of visitors' requests: whatever passes, however it ends, within bounds, without secrets, and nobody notices."""
import asyncio
import base64
import json
import socket
import threading

import pytest

from actors import MIB, WAIT, RawOrigin, until
from test_control import Caller
from test_reload import once_more

CLIENT = "io.tunnelto.Client."
GET = b"GET /%s HTTP/1.1\r\nHost: web.localhost\r\n\r\n"
SECRET = "hunter2"


def requests(daemon, **filter):
    with Caller(daemon.control) as c:
        return c.ask(CLIENT + "Requests", {"filter": filter})["parameters"]["requests"]


def one(daemon, id):
    with Caller(daemon.control) as c:
        return c.ask(CLIENT + "Request", {"id": id})["parameters"]


def body(daemon, id, side):
    with Caller(daemon.control) as c:
        return base64.b64decode(c.ask(CLIENT + "Body", {"id": id, "side": side})["parameters"]["base64"])


def ended(daemon, n=1, tunnel="web"):
    """The requests that have ended, once there are @n of them."""
    kept = []

    def look():
        kept[:] = [r for r in requests(daemon, tunnel=tunnel) if r["state"] != "open"]
        return len(kept) >= n

    until(look, f"{n} requests that have ended")
    return kept


@pytest.fixture
def wired(net):
    """A tunnel `web` whose origin the test plays byte by byte."""
    net.raw = net.add(RawOrigin())
    net.srv = net.server()
    net.key = net.srv.key("test", "*", "--tcp", "20000-20999")
    net.dmn = net.daemon(net.srv, {"web": {"local": net.raw.port, "subdomain": "web"}}, key=net.key)
    net.dmn.up("web")
    return net


def visit(net, request=GET % b""):
    """A visitor who has asked, and its connection at the origin, which has read the head."""
    visitor = net.visitor(net.srv.public)
    visitor.sendall(request)
    origin = net.raw.accept()
    read = b""
    while b"\r\n\r\n" not in read:
        read += origin.recv(65536)
    return visitor, origin


def status_of(visitor):
    answer = b""
    while b"\r\n" not in answer:
        piece = visitor.recv(65536)
        assert piece, answer
        answer += piece
    return int(answer.split()[1])


# --- what passes


def test_requests_of_one_connection_are_told_apart(pair):
    kept = pair.visitor(pair.srv.public)
    for _ in range(3):
        once_more(kept)
    first, second, third = ended(pair.dmn, 3)
    assert [r["status"] for r in (first, second, third)] == [200, 200, 200]
    assert first["id"] < second["id"] < third["id"]
    assert first["visitor"] == third["visitor"] == f"127.0.0.1:{kept.getsockname()[1]}" and not first["tls"]
    assert 0 <= first["first_byte_us"] <= first["total_us"] < WAIT * 1000000
    assert body(pair.dmn, third["id"], "response") == b"origin: GET /\n"


def test_bodies_are_kept_without_their_chunks(pair):
    sent = bytes(range(256)) * 100
    visitor = pair.visitor(pair.srv.public)
    visitor.sendall(b"POST /echo HTTP/1.1\r\nHost: web.localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
    for at in range(0, len(sent), 1000):
        piece = sent[at:at + 1000]
        visitor.sendall(b"%x;note=1\r\n%s\r\n" % (len(piece), piece))
    visitor.sendall(b"0\r\nX-Sum: 1\r\n\r\n")
    assert status_of(visitor) == 200
    pair.curl(pair.url + "bytes/300000", text=False)
    posted, got = ended(pair.dmn, 2)
    assert body(pair.dmn, posted["id"], "request") == sent == body(pair.dmn, posted["id"], "response")
    # what is longer than is kept is counted
    assert got["response_bytes"] == 300000
    part = one(pair.dmn, got["id"])["response"]
    assert (part["size"], part["kept"], part["complete"]) == (300000, 256 * 1024, True)
    assert body(pair.dmn, got["id"], "response") == (bytes(range(256)) * 1172)[:256 * 1024]


def test_interim_answers_are_not_the_answer(wired):
    visitor, origin = visit(wired)
    origin.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
    assert status_of(visitor) == 103
    assert requests(wired.dmn)[0]["status"] is None
    origin.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
    assert ended(wired.dmn)[0]["status"] == 204


def test_an_answer_before_the_request_has_come_is_kept(wired):
    visitor, origin = visit(wired, b"POST / HTTP/1.1\r\nHost: web.localhost\r\nContent-Length: 100000\r\n\r\nsome")
    origin.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nno!")
    origin.close()
    assert status_of(visitor) == 413
    visitor.close()
    kept = ended(wired.dmn)[0]
    assert (kept["status"], kept["state"]) == (413, "done")
    assert not one(wired.dmn, kept["id"])["request"]["complete"]


# --- what fails


def test_a_service_that_is_not_there_is_seen_with_what_the_visitor_was_told(net):
    with socket.create_server(("127.0.0.1", 0)) as s:
        nobody = s.getsockname()[1]
    srv = net.server()
    dmn = net.daemon(srv, {"web": {"local": nobody, "subdomain": "web"}}, key=srv.key())
    url = dmn.up("web")
    told = net.curl(url + "a?b=c", "-o", "/dev/null", "-w", "%{http_code}").stdout
    kept = ended(dmn)[0]
    assert (kept["state"], kept["method"], kept["target"]) == ("failed", "GET", "/a?b=c")
    assert kept["error"] == "the origin refused the connection: Connection refused"
    assert str(kept["status"]) == told == "502"
    assert one(dmn, kept["id"])["response"] is None


@pytest.mark.parametrize("answer, words, status", [
    (b"", "the origin closed the connection without an answer", None),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", "the origin closed the connection in the middle of its answer", 200),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nha", "the origin closed the connection in the middle of its answer",
     200),
    (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "what passed is not well-formed HTTP", None),
], ids=["nothing", "half", "half a chunk", "no http"])
def test_an_answer_that_is_none_is_seen_as_such(wired, answer, words, status):
    # no GET: that would be sent again where nothing came back
    _, origin = visit(wired, b"POST / HTTP/1.1\r\nHost: web.localhost\r\nContent-Length: 0\r\n\r\n")
    origin.sendall(answer)
    origin.close()
    kept = ended(wired.dmn)[0]
    assert (kept["state"], kept["error"], kept["status"]) == ("failed", words, status)


def test_a_visitor_who_leaves_is_seen_as_such(wired):
    visitor, origin = visit(wired)
    origin.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
    assert status_of(visitor) == 200
    visitor.close()
    kept = ended(wired.dmn)[0]
    assert (kept["state"], kept["error"], kept["response_bytes"]) == ("failed", "the visitor went away", 4)


# --- messages


@pytest.mark.parametrize("compression", [None, "deflate"])
def test_websocket_messages_appear_as_they_pass(net, compression):
    import websockets

    async def echo(ws, *_):
        async for message in ws:
            await ws.send(message)

    async def talk():
        loop = asyncio.get_running_loop()
        async with websockets.serve(echo, "127.0.0.1", 0, compression=compression) as s:
            srv = net.server()
            port = s.sockets[0].getsockname()[1]
            dmn = net.daemon(srv, {"web": {"local": port, "subdomain": "web"}}, key=srv.key())
            await loop.run_in_executor(None, dmn.up, "web")
            async with websockets.connect(f"ws://web.localhost:{srv.public}/chat", host="127.0.0.1", port=srv.public,
                                          compression=compression) as ws:
                assert bool(ws.extensions if hasattr(ws, "extensions") else ws.protocol.extensions) == bool(compression)
                for message in ("héllo", "héllo", b"\x00\xff" * 1000):
                    await ws.send(message)
                    assert await ws.recv() == message
                await (await ws.ping(b"p"))
                live = await loop.run_in_executor(None, lambda: requests(dmn)[0])
            return dmn, live, await loop.run_in_executor(None, lambda: ended(dmn)[0])

    dmn, live, kept = asyncio.run(talk())
    assert (live["kind"], live["state"], live["status"]) == ("websocket", "open", 101) and live["messages"] >= 8
    assert (kept["state"], kept["target"]) == ("done", "/chat")
    messages = one(dmn, kept["id"])["messages"]
    for side in ("visitor", "origin"):
        texts = [m["text"] for m in messages if m["from"] == side and m["kind"] == "text"]
        binary, = [m for m in messages if m["from"] == side and m["kind"] == "binary"]
        assert texts == ["héllo", "héllo"] and (binary["size"], binary["kept"]) == (2000, 2000)
        assert base64.b64decode(binary["base64"]) == b"\x00\xff" * 1000
        assert [m["kind"] for m in messages if m["from"] == side][-1] == "close"
    assert [(m["from"], m["text"]) for m in messages if m["kind"] in ("ping", "pong")] == [("visitor", "p"), ("origin", "p")]


def test_server_sent_events_appear_as_they_pass(pair):
    visitor = pair.visitor(pair.srv.public)
    visitor.sendall(GET % b"events")
    assert status_of(visitor) == 200
    until(lambda: requests(pair.dmn)[0]["messages"] == 1, "the first event")
    live = requests(pair.dmn)[0]
    assert (live["kind"], live["state"]) == ("sse", "open")
    pair.web.go_on.set()
    kept = ended(pair.dmn)[0]
    assert kept["state"] == "done"
    assert [(m["kind"], m["from"], m["text"]) for m in one(pair.dmn, kept["id"])["messages"]] == [
        ("event", "origin", "data: first\n"), ("event", "origin", "data: second\n")]


# --- secrets and bounds


def test_secrets_are_nowhere(net):
    web = net.origin()
    srv = net.server()
    dmn = net.daemon(srv, {"web": {"local": web.port, "subdomain": "web"}}, key=srv.key(),
                     config={"inspector": {"redact": ["X-Session", "token"]}})
    url = dmn.up("web")
    net.curl(url + f"a?token={SECRET}&b=1", "-d", "x", "-H", f"Authorization: Bearer {SECRET}", "-H", f"Cookie: a={SECRET}", "-H",
             f"x-session: {SECRET}", "-H", f"X-API-Key: {SECRET}", "-H", f"Referer: http://x/?token={SECRET}")
    kept = ended(dmn)[0]
    assert kept["target"] == "/a?token=[redacted]&b=1"
    with Caller(dmn.control) as c:
        told = json.dumps([c.ask(CLIENT + "Request", {"id": kept["id"]}), c.ask(CLIENT + "Requests", {}),
                           c.ask(CLIENT + "Export", {}, more=True)])
    assert SECRET not in told and told.count("[redacted]") >= 7
    assert SECRET in json.dumps(web.seen)  # the service got them
    assert SECRET not in dmn.err()
    # who asks for them gets them, from then on
    dmn.config["inspector"]["reveal"] = True
    dmn.write_config(dmn.config)
    dmn.ctl("reload")
    net.curl(url, "-d", "x", "-H", f"Authorization: Bearer {SECRET}")
    assert SECRET in json.dumps(one(dmn, ended(dmn, 2)[1]["id"])["request"])


def test_what_is_kept_changes_under_a_visitor_who_does_not_notice(pair):
    def inspect(what):
        pair.dmn.config["tunnels"]["web"]["inspect"] = what
        pair.dmn.write_config(pair.dmn.config)
        return json.loads(pair.dmn.ctl("reload", "--json").stdout)

    kept = pair.visitor(pair.srv.public)
    once_more(kept)
    ended(pair.dmn, 1)
    assert inspect("headers")["changed"] == ["web"]
    once_more(kept)
    headers = ended(pair.dmn, 2)[1]
    assert headers["response_bytes"] == 14 and one(pair.dmn, headers["id"])["response"]["kept"] == 0
    inspect(False)
    once_more(kept)
    inspect("full")
    once_more(kept)
    full = ended(pair.dmn, 3)[2]
    assert full["id"] == 3 and one(pair.dmn, full["id"])["response"]["kept"] == 14
    assert pair.dmn.tunnel("web")["streams_total"] == 1  # the same stream, so the same connection to the service


def test_limits_hold_and_can_be_lowered(pair):
    for i in range(5):
        pair.curl(pair.url + str(i))
    ended(pair.dmn, 5)
    pair.dmn.config["inspector"] = {"requests": 2}
    pair.dmn.write_config(pair.dmn.config)
    difference = json.loads(pair.dmn.ctl("reload", "--json").stdout)
    assert difference["settings"] == ["inspector.requests"] and not difference["changed"]
    assert [r["target"] for r in requests(pair.dmn)] == ["/3", "/4"]
    pair.curl(pair.url + "5")
    until(lambda: [r["target"] for r in requests(pair.dmn)] == ["/4", "/5"], "the oldest to go")


def test_what_is_no_http_is_not_looked_at(net):
    net.web = net.origin()
    net.srv = net.server(config={"tcp": {"listen": "127.0.0.1", "ports": "22000-22999"}})
    net.dmn = net.daemon(net.srv, {"web": {"local": net.web.port, "subdomain": "web"}}, key=net.srv.key("test", "*", "--tcp", "22000-22999"))
    net.dmn.config["tunnels"]["db"] = {"proto": "tcp", "local": net.web.port, "inspect": "full"}
    net.dmn.write_config(net.dmn.config)
    assert net.dmn.ctl("reload", check=False).returncode != 0
    del net.dmn.config["tunnels"]["db"]["inspect"]
    net.dmn.write_config(net.dmn.config)
    net.dmn.ctl("reload")
    port = int(net.dmn.up("db").rsplit(":", 1)[1])
    assert b"200 OK" in net.ask(port, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert requests(net.dmn) == []


# --- memory

SMALL, MANY = 2000, 100000  # requests, in CI and with --long
SIZE = 64 * 1024
CAP = 64 * MIB


class Flood(threading.Thread):
    """Requests over one connection, one after the other; large bodies both ways now and then."""

    def __init__(self, port, n):
        super().__init__(daemon=True)
        self.port, self.n, self.error = port, n, None
        self.start()

    def run(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=60) as s:
                for i in range(self.n):
                    self.ask(s, i)
        except Exception as e:  # noqa: BLE001: whatever it is, it is the result
            self.error = e

    def ask(self, s, i):
        up = SIZE if i % 8 == 0 else 0
        s.sendall(b"POST /%d HTTP/1.1\r\nHost: web.localhost\r\nContent-Length: %d\r\n\r\n" % (i, up) + b"u" * up)
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += s.recv(65536)
        left = SIZE - len(answer.split(b"\r\n\r\n", 1)[1])
        while left > 0:
            left -= len(s.recv(min(left, 65536)))


def large_answers(sock):
    """Serve one connection of the service: SIZE bytes for each request."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % SIZE + b"d" * SIZE
    rest = b""
    with sock:
        while True:
            while b"\r\n\r\n" not in rest:
                piece = sock.recv(65536)
                if not piece:
                    return
                rest += piece
            head, rest = rest.split(b"\r\n\r\n", 1)
            left = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0]) - len(rest)
            rest = b"" if left >= 0 else rest[left:]
            while left > 0:
                left -= len(sock.recv(65536))
            sock.sendall(answer)


def serve(listener):
    while True:
        try:
            conn, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=large_answers, args=(conn,), daemon=True).start()


def stays_within_its_cap(net, n):
    if net.sanitized:
        pytest.skip("a build with sanitizers has a memory of its own")
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    threading.Thread(target=serve, args=(listener,), daemon=True).start()
    srv = net.server()
    dmn = net.daemon(srv, {"web": {"local": listener.getsockname()[1], "subdomain": "web", "inspect": False}}, key=srv.key(),
                     config={"inspector": {"requests": 1000000}})
    dmn.up("web")

    def flood(n):
        floods = [Flood(srv.public, n // 8) for _ in range(8)]
        for f in floods:
            f.join()
            assert f.error is None, f.error

    flood(400)  # what traffic itself needs is there from here on
    base = dmn.rss()
    dmn.config["tunnels"]["web"]["inspect"] = "full"
    dmn.write_config(dmn.config)
    dmn.ctl("reload")
    flood(n)
    with Caller(dmn.control) as c:
        told = c.ask(CLIENT + "Requests", {"tail": 1})["parameters"]
    kept = told["seen"] - told["dropped"]
    assert told["seen"] == n and CAP / (2.5 * SIZE) < kept < CAP / SIZE
    assert dmn.rss() - base < 1.5 * CAP, f"{(dmn.rss() - base) / MIB:.1f} MiB for what is kept"
    # what lies between bodies of several sizes is given back where it is worth the walk: an eighth
    until(lambda: dmn.rss() - base < 9 / 8 * CAP, "no more than what is kept to be held", 60)
    dmn.config["inspector"]["requests"] = 0
    dmn.write_config(dmn.config)
    dmn.ctl("reload")
    until(lambda: dmn.rss() - base < CAP / 4, "what was kept to be given back")
    listener.close()


@pytest.mark.heavy
def test_many_large_requests_stay_within_the_cap(net):
    stays_within_its_cap(net, SMALL)


@pytest.mark.long
def test_a_hundred_thousand_large_requests_stay_within_the_cap(net):
    stays_within_its_cap(net, MANY)
