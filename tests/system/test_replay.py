# SPDX-License-Identifier: MIT
"""Replay: a captured request sent again, as it was and changed; what arrives at a real origin, byte for byte."""
import base64
import gzip
import json
import os
import pathlib
import select
import signal
import socket
import ssl
import subprocess
import threading

import pytest

from actors import WAIT, Accepting, Handler, RawOrigin, until
from test_control import Caller

HOOK = b"POST /hook?a=1&token=secret HTTP/1.1\r\nHost: web.localhost\r\nX-One: 1\r\nAuthorization: Bearer s3cret\r\n" \
       b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n{\"a\"\r\n3\r\n:1}\r\n0\r\n\r\n"


def read(conn):
    """One message, to the end that its length or its chunks say."""
    got = b""
    while b"\r\n\r\n" not in got:
        piece = conn.recv(65536)
        if not piece:
            return got
        got += piece
    head = got.split(b"\r\n\r\n")[0].lower()
    if b"transfer-encoding: chunked" in head:
        while not got.endswith(b"0\r\n\r\n"):
            got += conn.recv(65536)
    elif b"content-length: " in head:
        total = int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
        while len(got.split(b"\r\n\r\n", 1)[1]) < total:
            got += conn.recv(65536)
    return got


class Wire:
    """An origin that keeps each request byte for byte, and answers what the test says."""

    def __init__(self, net, context=None, once=False, **more):
        self.raw, self.context = net.add(RawOrigin(**more)), context
        self.requests, self.answer, self.silent = [], b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", threading.Event()
        if once:  # a thread in accept() of a Unix socket cannot be woken
            threading.Thread(target=lambda: self.serve(self.raw.accept()), daemon=True).start()
        else:
            self.accepting = net.add(Accepting(self.raw.sock, self.serve))

    @property
    def port(self):
        return self.raw.port

    def serve(self, conn):
        conn.settimeout(20)
        try:
            if self.context:
                conn = self.context.wrap_socket(conn, server_side=True)
            self.requests.append(read(conn))
            conn.sendall(self.answer)
            if self.silent.is_set():
                conn.recv(1)  # until the other side goes
        except (OSError, ssl.SSLError):
            pass
        finally:
            conn.close()


@pytest.fixture
def wired(net):
    """A daemon with one HTTP tunnel to a Wire."""
    net.wire = Wire(net)
    start(net, {"web": {"local": net.wire.port, "subdomain": "web"}})
    return net


def start(net, tunnels, **config):
    net.srv = net.server()
    net.key = net.srv.key()
    net.dmn = net.daemon(net.srv, tunnels, key=net.key, config=config)
    net.dmn.up("web")


CLIENT = "io.tunnelto.Client."


def call(net, name, /, **parameters):
    """One call on the control socket: its reply's parameters, or (error, parameters)."""
    with Caller(net.dmn.control) as c:
        reply = c.ask(CLIENT + name, parameters)
    return (reply["error"].rsplit(".", 1)[1], reply.get("parameters", {})) if "error" in reply else reply["parameters"]


def requests(net):
    return call(net, "Requests")["requests"]


def visit(net, request=HOOK):
    """A visitor's request, until it is captured whole; its id."""
    before = {r["id"] for r in requests(net)}
    with net.visitor(net.srv.public) as sock:
        sock.sendall(request)
        read(sock)
    return until(lambda: [r["id"] for r in requests(net) if r["id"] not in before and r["state"] != "open"],
                 "the request is captured")[0]


def body_of(net, id, side="response"):
    return base64.b64decode(call(net, "Body", id=id, side=side)["base64"])


def lines(request):
    """The head's lines and the body."""
    head, body = request.split(b"\r\n\r\n", 1)
    return head.split(b"\r\n"), body


def test_the_same_request_arrives_without_chunks_and_secrets(wired):
    id = visit(wired)
    reply = call(wired, "Replay", id=id)
    first, again = wired.wire.requests
    head, body = lines(again)
    assert body == b'{"a":1}'
    assert head[0] == b"POST /hook?a=1&token=secret HTTP/1.1"
    for line in (b"Host: web.localhost", b"X-One: 1", b"Content-Type: application/json", b"Content-Length: 7", b"Connection: close"):
        assert line in head
    assert not any(l.lower().startswith((b"authorization", b"transfer-encoding", b"expect")) for l in head)
    # whatever else the first one had, the second has, in that order
    kept = [l for l in lines(first)[0] if not l.lower().startswith((b"authorization", b"transfer-encoding", b"connection"))]
    assert [l for l in head if l in kept] == kept
    assert reply["omitted"] == ["Authorization"]
    info = reply["info"]
    assert (info["replay_of"], info["visitor"], info["state"], info["status"], info["tunnel"]) == (id, "replay", "done", 200, "web")
    assert info == next(r for r in requests(wired) if r["id"] == info["id"])
    assert body_of(wired, info["id"]) == b"ok" and body_of(wired, info["id"], "request") == b'{"a":1}'


def test_changes_arrive(wired):
    id = visit(wired)
    reply = call(wired, "Replay", id=id, method="PUT", target="/other?b=2", body=base64.b64encode(b"\0new\xff").decode(), headers=[
        {"name": "x-one", "value": ""}, {"name": "X-Two", "value": "a"}, {"name": "X-Two", "value": "b"},
        {"name": "Authorization", "value": "Bearer mine"}])
    head, body = lines(wired.wire.requests[1])
    assert head[0] == b"PUT /other?b=2 HTTP/1.1" and body == b"\0new\xff"
    assert [l for l in head if l.startswith((b"X-", b"Auth")) and not l.startswith(b"X-Forwarded") and not l.startswith(b"X-Real")] == [
        b"Authorization: Bearer mine", b"X-Two: a", b"X-Two: b"]
    assert reply["omitted"] == []
    # what was given is a secret, too
    part = call(wired, "Request", id=reply["info"]["id"])["request"]
    assert {"name": "Authorization", "value": "[redacted]"} in part["headers"]


def test_to_another_tunnel_by_tls_by_path_and_with_a_proxy_header(net, certs):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certs / "server.crt", certs / "server.key")
    net.wire, tls, proxied = Wire(net), Wire(net, context), Wire(net)
    path = str(net.dir / "origin.sock")
    unix = Wire(net, once=True, family=socket.AF_UNIX, address=path)
    start(net, {
        "web": {"local": net.wire.port, "subdomain": "web"},
        "tls": {"local": f"https://localhost:{tls.port}", "subdomain": "tls", "tls": {"ca_file": str(certs / "ca.crt")}},
        "wrong": {"local": f"https://localhost:{tls.port}", "subdomain": "wrong"},
        "unix": {"local": f"unix:{path}", "subdomain": "unix", "host_header": "inner"},
        "proxied": {"local": proxied.port, "subdomain": "proxied", "proxy_protocol": "v2", "autostart": False},
        "db": {"local": net.wire.port, "proto": "tcp"},
    })
    id = visit(net)
    for to, wire, host in (("tls", tls, b"web.localhost"), ("unix", unix, b"inner")):
        info = call(net, "Replay", id=id, to=to)["info"]
        assert (info["status"], info["tunnel"], info["replay_of"]) == (200, to, id)
        assert b"Host: " + host in lines(wire.requests[0])[0]
    # one that is down, with a PROXY header: LOCAL, for nobody's visitor
    assert call(net, "Replay", id=id, to="proxied")["info"]["status"] == 200
    assert proxied.requests[0].startswith(b"\r\n\r\n\0\r\nQUIT\n\x20\0\0")
    error, why = call(net, "Replay", id=id, to="wrong")
    assert error == "CannotReplay" and "TLS to the origin failed" in why["why"]
    assert call(net, "Replay", id=id, to="none") == ("NoSuchTunnel", {"name": "none"})
    error, why = call(net, "Replay", id=id, to="db")
    assert error == "CannotReplay" and "no tunnel for HTTP" in why["why"]
    assert len(net.wire.requests) == 1


def test_an_origin_that_is_down_or_silent_or_speaks_no_http_is_no_answer(wired):
    id = visit(wired)
    wired.wire.answer = b""
    error, why = call(wired, "Replay", id=id)
    assert error == "CannotReplay" and "without an answer" in why["why"]
    wired.wire.answer = b"garbage\r\n\r\n"
    error, why = call(wired, "Replay", id=id)
    assert error == "CannotReplay" and "well-formed" in why["why"]
    wired.wire.answer = b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"
    info = call(wired, "Replay", id=id)["info"]
    assert (info["status"], info["state"]) == (101, "failed") and "nobody asked for" in info["error"]
    wired.wire.silent.set()
    wired.wire.answer = b""
    error, why = call(wired, "Replay", id=id, timeout_ms=300)
    assert error == "CannotReplay" and "not begun after 300 ms" in why["why"]
    wired.wire.answer = b"HTTP/1.1 200 OK\r\n\r\nsome"
    info = call(wired, "Replay", id=id, timeout_ms=300)["info"]
    assert info["state"] == "failed" and "not ended after 300 ms" in info["error"] and info["response_bytes"] == 4
    wired.wire.accepting.end()
    error, why = call(wired, "Replay", id=id)
    assert error == "CannotReplay" and "refused" in why["why"]
    # each of them is there to be looked at
    again = [r for r in requests(wired) if r["replay_of"] == id]
    assert len(again) == 6 and all(r["state"] == "failed" and r["error"] for r in again)


def test_what_cannot_be_said_in_http_is_refused_and_not_sent(wired):
    id = visit(wired)
    hostile = [
        {"headers": [{"name": "X", "value": "a\r\nY: b"}]}, {"headers": [{"name": "X\r\nY", "value": "a"}]},
        {"headers": [{"name": "Content-Length", "value": "1"}]}, {"headers": [{"name": "", "value": "1"}]},
        {"method": "GET / HTTP/1.1\r\nX: y\r\n\r\nGET"}, {"method": ""}, {"target": "/ HTTP/1.1\r\nX: y"}, {"target": "x"}, {"target": ""},
        {"headers": [{"name": "X", "value": "a" * 70000}]},
    ]
    for change in hostile:
        error, why = call(wired, "Replay", id=id, **change)
        assert error == "CannotReplay" and why["why"], change
    wrong = [
        ("headers", {"headers": "X: y"}), ("headers", {"headers": [{"name": "X"}]}), ("headers", {"headers": ["X"]}),
        ("headers", {"headers": [{"name": "X", "value": "a"}] * 129}),
        ("body", {"body": "not base64!"}), ("body", {"body": 1}), ("to", {"to": 1}), ("method", {"method": 1}), ("target", {"target": []}),
        ("timeout_ms", {"timeout_ms": 0}), ("timeout_ms", {"timeout_ms": 1 << 40}), ("timeout_ms", {"timeout_ms": "1s"}),
    ]
    for parameter, change in wrong:
        assert call(wired, "Replay", id=id, **change) == ("InvalidParameter", {"parameter": parameter}), change
    for bad in (0, -1, "1", None, 1.5):
        assert call(wired, "Replay", id=bad) == ("InvalidParameter", {"parameter": "id"})
    assert call(wired, "Replay", id=99999) == ("NoSuchRequest", {"id": 99999})
    assert len(wired.wire.requests) == 1


def test_a_body_that_was_not_kept_must_be_given_and_an_upgrade_stays_one(net):
    net.wire = Wire(net)
    start(net, {"web": {"local": net.wire.port, "subdomain": "web"}}, inspector={"body": "1KiB"})
    id = visit(net, b"POST / HTTP/1.1\r\nHost: web.localhost\r\nContent-Length: 2000\r\n\r\n" + b"x" * 2000)
    error, why = call(net, "Replay", id=id)
    assert error == "CannotReplay" and "of 2000 bytes only 1024 were kept" in why["why"]
    assert call(net, "Replay", id=id, body=base64.b64encode(b"y").decode())["info"]["status"] == 200
    assert lines(net.wire.requests[1])[1] == b"y"
    id = visit(net, b"GET / HTTP/1.1\r\nHost: web.localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
    error, why = call(net, "Replay", id=id)
    assert error == "CannotReplay" and "upgrade" in why["why"]
    assert len(net.wire.requests) == 3


def test_the_replay_goes_on_when_its_caller_has_gone(wired):
    id = visit(wired)
    wired.wire.silent.set()
    wired.wire.answer = b"HTTP/1.1 200 OK\r\n\r\n"
    with Caller(wired.dmn.control) as c:
        c.say(CLIENT + "Replay", {"id": id, "timeout_ms": 1500})
        until(lambda: any(r["replay_of"] == id and r["status"] for r in requests(wired)), "the answer has begun")
    again = until(lambda: [r for r in requests(wired) if r["replay_of"] == id and r["state"] == "failed"], "it has ended")[0]
    assert "not ended after 1500 ms" in again["error"]


def test_so_many_at_once_and_no_more(wired):
    id = visit(wired)
    wired.wire.silent.set()
    wired.wire.answer = b""
    callers = [Caller(wired.dmn.control) for _ in range(17)]
    for c in callers:
        c.say(CLIENT + "Replay", {"id": id})
    # which of them is one too many is the loop's to choose; the daemon ends well with the others under way
    told = select.select([c.sock for c in callers], [], [], WAIT)[0]
    assert len(told) == 1 and b"16 replays are under way" in told[0].recv(65536)
    assert len([r for r in requests(wired) if r["replay_of"] == id]) == 16
    assert wired.dmn.stop() == 0
    for c in callers:
        c.sock.close()


# --- tunnelctl replay ---


class Story(Handler):
    """Answers with what was asked; the second time otherwise."""

    def do_POST(self):
        body = self.read_body()
        self.server.seen.append((self.command, self.path, dict(self.headers), body))
        n = len(self.server.seen)
        kind = self.headers.get("X-Kind", "application/json")
        out = {"application/json": b'{"b":[1,2],"n":%d,"a":"x"}' % (1 if n == 1 else 2), "text/plain": b"one\ntwo\nround %d\n" % min(n, 2),
               "image/png": b"\x89PNG\0" + b"x" * n, "text/evil": b"\x1b[2Jpwn %d\n" % n}[kind]
        self.answer(out, status=200 if n == 1 else 500, kind=kind, X_Round=str(min(n, 2)), X_Same="same")

    do_PUT = do_POST


@pytest.fixture
def told(net):
    net.web = net.origin(handler=Story)
    start(net, {"web": {"local": net.web.port, "subdomain": "web"}})
    net.first = lambda kind="application/json", more=b"", body=b'{"a":1}': visit(
        net, b"POST /hook HTTP/1.1\r\nHost: web.localhost\r\nX-Kind: " + kind.encode() + b"\r\nCookie: c=1\r\n" + more +
        b"Content-Length: %d\r\n\r\n" % len(body) + body)
    return net


def replay(net, *args, check=True, **more):
    return net.dmn.ctl("replay", *args, check=check, **more)


def editor(net, script, **more):
    """An $EDITOR that is a shell script: $1 is the file."""
    path = net.dir / "editor.sh"
    path.write_text(f"#!/bin/sh\nset -e\ncp \"$1\" {net.dir}/shown\n(ls -l \"$1\"; ls -ld \"$(dirname \"$1\")\") > {net.dir}/modes\n{script}\n")
    path.chmod(0o755)
    (net.dir / "tmp").mkdir(exist_ok=True)
    return dict({"VISUAL": f"{path} ", "TMPDIR": str(net.dir / "tmp")}, **more)


def test_the_answer_is_printed_and_compared(told):
    id = told.first()
    out = replay(told, id)
    text = out.stdout
    assert "HTTP/1.1 500 " in text and '  "b": [\n' in text
    assert "status: 500 instead of 200\n" in text
    assert "headers:\n-X-Round: 1\n+X-Round: 2\n" in text.replace("\nX-", "\n X-") and "Date" not in text.split("Compared")[1]
    assert '-  "n": 1\n+  "n": 2\n' in text.split("Compared")[1]
    assert "No newline" not in text  # JSON is written the same way on both sides
    assert "redacted" in out.stderr and "Cookie" in out.stderr
    # the second and the third time are the same
    again = max(r["id"] for r in requests(told))
    text = replay(told, again).stdout
    assert "status: the same, 500\n" in text and "headers: the same\n" in text and "body: the same, 25 bytes\n" in text


def test_text_binary_and_hostile_answers(told):
    text = replay(told, told.first("text/plain")).stdout
    assert " one\n two\n-round 1\n+round 2\n" in text
    told.web.seen.clear()
    text = replay(told, told.first("image/png")).stdout
    assert "|.PNG.xx|" in text and "body: differs, 7 bytes instead of 6 bytes\n" in text
    told.web.seen.clear()
    text = replay(told, told.first("text/evil")).stdout.split("Compared")[1]
    assert "-\\x1b[2Jpwn 1\n+\\x1b[2Jpwn 2\n" in text and "\x1b" not in text


def test_options_change_the_request(told):
    id = told.first()
    body = told.dir / "body"
    body.write_bytes(b"from a file\0")
    replay(told, id, "-X", "PUT", "--path", "/p?q=1", "-H", "X-New: 1", "--header", "X-New: 2", "-H", "X-Kind: text/plain", "--body", body)
    method, path, headers, got = told.web.seen[1]
    assert (method, path, got) == ("PUT", "/p?q=1", b"from a file\0")
    assert headers["X-Kind"] == "text/plain" and headers["Content-Length"] == "12"
    part = call(told, "Request", id=max(r["id"] for r in requests(told)))["request"]
    assert [h["value"] for h in part["headers"] if h["name"] == "X-New"] == ["1", "2"]
    done = subprocess.run([told.program("tunnelctl"), "--socket", told.dmn.control, "replay", str(id), "--body", "-", "--json"], input=b"piped",
                          capture_output=True, timeout=30)
    assert done.returncode == 0 and json.loads(done.stdout)["info"]["replay_of"] == id
    assert told.web.seen[2][3] == b"piped"


def test_exit_statuses(told):
    id = told.first()
    other = told.dmn.ctl("http", 1, "--name", "nobody", "--detach", "--subdomain", "nobody")
    assert other.returncode == 0
    done = replay(told, id, "--to", "nobody", check=False)
    assert done.returncode == 1 and "refused" in done.stderr and done.stdout == ""
    for wrong in (("0",), ("x",), (), (id, "--timeout", "x")):
        assert replay(told, *wrong, check=False).returncode == 2
    assert "there is no request 999" in replay(told, 999, check=False).stderr
    done = replay(told, id, "-H", "X: a\nb", check=False)
    assert done.returncode == 1 and "no header may have" in done.stderr
    done = replay(told, id, "--body", told.dir / "none", check=False)
    assert done.returncode == 1 and "none" in done.stderr
    assert len(told.web.seen) == 1


def test_the_editor_changes_the_request(told):
    id = told.first(more=b"X-Gone: 1\r\n")
    env = editor(told, r"""sed -i -e 's/^POST .*/PUT \/edited/' -e '/^X-Gone/d' -e 's/{"a":1}/{"a":2}/' -e 's/^Cookie: .*/Cookie: mine=1/' "$1" """)
    done = replay(told, id, "--edit", env=env)
    shown = (told.dir / "shown").read_text()
    head, body = shown.split("\n\n", 1)
    assert head.startswith("# ") and "\nPOST /hook\nHost: web.localhost\n" in head and "\nCookie: [redacted]" in head
    assert "Content-Length:" not in head and body == '{"a":1}\n'
    method, path, headers, got = told.web.seen[1]
    assert (method, path, got) == ("PUT", "/edited", b'{"a":2}')
    assert "X-Gone" not in headers and headers["Cookie"] == "mine=1" and "redacted" not in done.stderr
    modes = (told.dir / "modes").read_text().split("\n")
    assert modes[0].startswith("-rw-------") and modes[1].startswith("drwx------")
    assert not os.listdir(told.dir / "tmp")


def test_nothing_is_sent_when_nothing_was_changed_or_left(told):
    id = told.first()
    for script, words in (("true", "nothing was changed"), ('echo "# only" > "$1"', "nothing was sent"), ("exit 3", "did not end well"),
                          ('echo "not a request" > "$1"', "did not end well"), ('rm "$1"', "No such file")):
        done = replay(told, id, "--edit", env=editor(told, script), check=False)
        assert done.returncode == 1, script
        if "not a request" not in script:
            assert words in done.stderr, script
        assert not os.listdir(told.dir / "tmp")
    assert len(told.web.seen) == 1


def test_an_end_while_editing_leaves_no_file(told):
    id = told.first()
    env = editor(told, f'echo $$ > {told.dir}/pid; echo x > "$1~"; exec sleep 60')
    for number in (signal.SIGTERM, signal.SIGHUP):
        (told.dir / "pid").unlink(missing_ok=True)
        editing = told.run("editing", told.program("tunnelctl"), "--socket", told.dmn.control, "replay", id, "--edit", env=env)
        pid = int(until(lambda: (told.dir / "pid").exists() and (told.dir / "pid").read_text().strip(), "the editor runs"))
        editing.signal(number)
        assert editing.wait_end() == -number
        assert not os.listdir(told.dir / "tmp")
        until(lambda: not pathlib.Path(f"/proc/{pid}").exists(), "the editor has ended")
    assert len(told.web.seen) == 1


def test_compressed_and_binary_bodies_in_the_editor(told):
    id = told.first(more=b"Content-Encoding: gzip\r\n", body=gzip.compress(b'{"zip":1}'))
    replay(told, id, "--edit", env=editor(told, 'sed -i s/zip.:1/zip\\":2/ "$1"'))
    assert '{"zip":1}' in (told.dir / "shown").read_text()
    assert told.web.seen[1][3] == b'{"zip":2}' and "Content-Encoding" not in told.web.seen[1][2]
    # not touched, it goes as it came
    replay(told, id, "--edit", env=editor(told, 'sed -i "s/^X-Kind.*/&\\nX-New: 1/" "$1"'))
    assert gzip.decompress(told.web.seen[2][3]) == b'{"zip":1}' and told.web.seen[2][2]["X-New"] == "1"
    id = told.first(body=b"\x89PNG\0\xff")
    replay(told, id, "--edit", env=editor(told, 'sed -i "s/^X-Kind.*/&\\nX-New: 1/" "$1"'))
    shown = (told.dir / "shown").read_text()
    assert "is no text" in shown and "PNG" not in shown
    assert told.web.seen[4][3] == b"\x89PNG\0\xff"
