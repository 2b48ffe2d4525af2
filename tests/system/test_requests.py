# SPDX-License-Identifier: MIT
"""Captured requests asked for over the control socket and with tunnelctl: lists, filters, bodies, HAR, expect."""
import base64
import contextlib
import gzip
import http.client
import json
import os
import pathlib
import pty
import re
import signal
import socket
import stat
import struct
import subprocess
import termios
import time

import pytest

import har
from actors import WAIT, Accepting, Handler, Origin, until
from test_control import Caller

CLIENT = "io.tunnelto.Client."
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8
HOSTILE = b"<script>alert(1)</script>\x1b[2J\x1b]0;owned\x07 \xc2\x9b31m plain\n"
BOMB = gzip.compress(b"x" * (20 << 20))
README = (pathlib.Path(__file__).parents[2] / "README.md").read_text()


class Kinds(Handler):
    """Answers of each kind."""

    def do_GET(self):
        path = self.path.lstrip("/").split("?")[0]
        if path == "json":
            return self.answer(b'{"price":1.10,"big":123456789012345678901234567890,"list":[1,{}]}', kind="application/json")
        if path == "gzip":
            return self.answer(gzip.compress(b'{"packed": true}'), kind="application/json", **{"Content-Encoding": "gzip"})
        if path == "bomb":
            return self.answer(BOMB, kind="text/plain", **{"Content-Encoding": "gzip"})
        if path == "png":
            return self.answer(PNG, kind="image/png")
        if path == "hostile":
            return self.answer(HOSTILE, kind="text/html", **{"X-Latin": "gr\xfc\xdf"})
        if path.isdigit():
            return self.answer(b"as asked\n", status=int(path))
        return super().do_GET()

    do_HEAD = do_DELETE = do_OPTIONS = do_GET


@pytest.fixture
def web(net):
    """A pair whose origin answers each kind; its tunnel is `web`."""
    net.web = net.add(Origin("kinds", Kinds))
    net.srv = net.server()
    net.key = net.srv.key("test", "*")
    net.dmn = net.daemon(net.srv, {"web": {"local": net.web.port, "subdomain": "web"}, "other": {"local": net.web.port, "subdomain": "other"}},
                         key=net.key)
    net.url = net.dmn.up("web", "other")
    return net


def listed(daemon, *args):
    return json.loads(daemon.ctl("requests", "--json", *args).stdout)["requests"]


def done(daemon, n, *args):
    """The requests that match, once @n of them have ended."""
    until(lambda: len([r for r in listed(daemon, *args) if r["state"] != "open"]) >= n, f"{n} requests that have ended")
    return listed(daemon, *args)


def targets(requests):
    return [r["target"] for r in requests]


# --- the control socket ---------------------------------------------------------------------------


def test_what_came_in_is_told_over_the_control_socket(web):
    web.curl(web.url + "hello?x=1")
    web.curl(web.url + "sink", "-d", "a=1")
    first, second = done(web.dmn, 2)
    assert (first["method"], first["target"], first["status"], first["tunnel"]) == ("GET", "/hello?x=1", 200, "web")
    assert (second["method"], second["request_bytes"]) == ("POST", 3)
    with Caller(web.dmn.control) as c:
        one = c.ask(CLIENT + "Request", {"id": second["id"], "filter": {"method": "GET"}})["parameters"]
        assert one["request"]["line"] == "POST /sink HTTP/1.1" and one["mismatch"] == "method is POST, not GET"
        body = c.ask(CLIENT + "Body", {"id": second["id"], "side": "request"})["parameters"]
        assert base64.b64decode(body["base64"]) == b"a=1" and body["next"] is None
        head = c.ask(CLIENT + "Body", {"id": second["id"], "side": "request", "head": True})["parameters"]
        assert base64.b64decode(head["base64"]).startswith(b"POST /sink HTTP/1.1\r\nHost: ")


@pytest.mark.parametrize("method, params, flags, error", [
    ("Request", {"id": 99}, {}, "NoSuchRequest"), ("Request", {}, {}, "InvalidParameter"), ("Request", {"id": "1"}, {}, "InvalidParameter"),
    ("Request", {"id": 1, "filter": {"status": "9"}}, {}, "InvalidParameter"), ("Body", {"id": 1}, {}, "InvalidParameter"),
    ("Body", {"id": 1, "side": "request", "offset": -1}, {}, "InvalidParameter"), ("Body", {"id": 1, "side": "up"}, {}, "InvalidParameter"),
    ("Requests", {"follow": True}, {}, "ExpectedMore"), ("Requests", {"filter": []}, {}, "InvalidParameter"),
    ("Requests", {"filter": {"kind": "tcp"}}, {}, "InvalidParameter"), ("Requests", {"tail": -1}, {}, "InvalidParameter"),
    ("Export", {}, {}, "ExpectedMore"), ("Export", {"ids": ["1"]}, {"more": True}, "InvalidParameter"),
    ("ClearRequests", {"tunnel": 1}, {}, "InvalidParameter")])
def test_questions_that_are_none_are_answered_with_what_is_wrong(web, method, params, flags, error):
    web.curl(web.url)
    done(web.dmn, 1)
    with Caller(web.dmn.control) as c:
        assert c.ask(CLIENT + method, params, **flags)["error"].endswith("." + error)
        assert "error" not in c.ask(CLIENT + "Requests")


def test_a_body_comes_in_slices_and_a_list_goes_back(web):
    data = os.urandom(200_000)
    conn = http.client.HTTPConnection("127.0.0.1", int(web.url.split(":")[2].strip("/")))
    for n in range(5):
        conn.request("POST", f"/n{n}", data if n == 0 else b"x", {"Host": web.url.split("/")[2], "Content-Type": "application/octet-stream"})
        conn.getresponse().read()
    requests = done(web.dmn, 5)
    with Caller(web.dmn.control) as c:
        got, at = b"", 0
        while at is not None:
            piece = c.ask(CLIENT + "Body", {"id": requests[0]["id"], "side": "request", "offset": at})["parameters"]
            got, at = got + base64.b64decode(piece["base64"]), piece["next"]
        assert got == data
        back = c.ask(CLIENT + "Requests", {"tail": 2, "before": requests[3]["id"]})["parameters"]
        assert targets(back["requests"]) == ["/n1", "/n2"] and back["seen"] == 5


def test_others_may_not_read_what_visitors_sent(web):
    web.curl(web.url)
    web.dmn.dir.chmod(0o755)
    web.dir.chmod(0o755)
    os.chmod(web.dmn.control, 0o666)
    for verb in (["requests"], ["show", "1"], ["clear"], ["export", "--har", "-"]):
        asked = subprocess.run(["setpriv", "--reuid=nobody", "--clear-groups", str(web.program("tunnelctl")), "--socket", web.dmn.control, *verb],
                               capture_output=True, text=True, timeout=WAIT)
        if "setpriv" in asked.stderr or asked.returncode == 127:
            pytest.skip("needs root and setpriv")
        if asked.returncode == 126 or "Permission denied" in asked.stderr:
            pytest.skip("nobody cannot reach the build directory")
        assert asked.returncode == 4 and not asked.stdout and len(asked.stderr.splitlines()) == 1, (verb, asked)


# --- lists ----------------------------------------------------------------------------------------


def test_filters_choose_by_all_they_say(web):
    other = web.dmn.url("other")
    web.curl(web.url + "hook/a?x=1", "-H", "X-Event: push", "-d", "1")
    web.curl(web.url + "404")
    web.curl(web.url + "503")
    web.curl(other + "hook")
    done(web.dmn, 4)
    for args, wanted in ((["--status", "5xx"], ["/503"]), (["--status", "400-599"], ["/404", "/503"]), (["-X", "post"], ["/hook/a?x=1"]),
                         (["--path", "/hook*"], ["/hook/a?x=1", "/hook"]), (["--path", "/hook*", "web"], ["/hook/a?x=1"]),
                         (["-H", "x-event: pu*"], ["/hook/a?x=1"]), (["-H", "X-Event: pull"], []), (["other"], ["/hook"]),
                         (["--since", "1h", "-n", "2"], ["/503", "/hook"]), (["-n", "0"], [])):
        assert targets(listed(web.dmn, *args)) == wanted, args
    table = web.dmn.ctl("requests", "--status", "404").stdout.splitlines()
    assert table[0].split() == ["ID", "TIME", "TUNNEL", "METHOD", "STATUS", "TARGET", "SIZE", "TOOK", "NOTE"] and len(table) == 2
    assert web.dmn.ctl("clear", "other", "--json").stdout.split() == ["{", '"cleared":', "1", "}"]
    assert targets(listed(web.dmn)) == ["/hook/a?x=1", "/404", "/503"]
    for args in (["--status", "6"], ["--since", "soon"], ["-H", "no colon"], ["-n", "x"]):
        assert web.dmn.ctl("requests", *args, check=False).returncode == 2


def test_following_shows_each_as_it_ends(web):
    web.curl(web.url + "before")
    done(web.dmn, 1)
    follow = web.run("follow", web.program("tunnelctl"), "--socket", web.dmn.control, "requests", "-f", "web")
    follow_json = web.run("follow-json", web.program("tunnelctl"), "--socket", web.dmn.control, "requests", "-f", "--json", "-n", "0")
    until(lambda: "/before" in follow.out(), "the one there is")
    web.curl(web.url + "503")
    web.curl(web.dmn.url("other") + "elsewhere")
    until(lambda: "/503" in follow.out(), "a line")
    until(lambda: "/elsewhere" in follow_json.out() and '"done"' in follow_json.out().splitlines()[-1], "JSON of the other")
    assert "elsewhere" not in follow.out() and len(follow.out().splitlines()) == 3
    assert {json.loads(line)["target"] for line in follow_json.out().splitlines()} == {"/503", "/elsewhere"}
    follow.signal(2)
    assert follow.wait_end() == 0


ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def answer_all(conn):
    """An origin that answers every request at once, as many as come together."""
    with conn, contextlib.suppress(OSError):
        rest = b""
        while piece := conn.recv(1 << 20):
            *whole, rest = (rest + piece).split(b"\r\n\r\n")
            conn.sendall(ANSWER * len(whole))


def ask_many(web, host, target, n):
    """@n requests, pipelined by tens."""
    with socket.create_connection(("127.0.0.1", int(host.split(":")[1])), timeout=WAIT) as visitor:
        for first in range(0, n, 10):
            visitor.sendall(b"".join(f"GET {target}{first + i} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode() for i in range(10)))
            got = b""
            while got.count(b"\r\n\r\nok") < 10:
                got += visitor.recv(1 << 20)


def test_a_slow_follower_costs_nothing_and_is_told_later(web):
    """More than its queue could ever hold happens while it does not read; it is neither closed nor queued for."""
    listening = socket.create_server(("127.0.0.1", 0))
    web.add(Accepting(listening, answer_all))
    web.dmn.ctl("http", listening.getsockname()[1], "--name", "quick", "--subdomain", "quick", "--detach")
    host, target = web.dmn.up("quick").split("/")[2], "/" + "x" * 3500
    ask_many(web, host, target, 600)  # as many as are kept, and more
    with Caller(web.dmn.control) as slow:
        slow.say(CLIENT + "Requests", {"follow": True, "tail": 0}, more=True)
        slow.hear()
        before = web.dmn.rss()
        ask_many(web, host, target, 1500)
        if not web.sanitized:
            assert web.dmn.rss() - before < 3 * 1024 * 1024
        newest = listed(web.dmn, "-n", "1")[0]["id"]
        seen, gone = set(), set()
        while newest not in seen:
            reply = slow.hear()["parameters"]
            seen |= {r["id"] for r in reply["requests"]}
            gone |= set(reply["gone"])
        assert gone and min(gone) < newest - 500


# --- one request ----------------------------------------------------------------------------------


def shown(web, path, *curl, text=False):
    """What `show` says of a new request."""
    had = len(listed(web.dmn, "-n", "1000"))
    web.curl(web.url + path, *curl, text=text)
    last = done(web.dmn, had + 1, "-n", "1000")[-1]
    return last["id"], web.dmn.ctl("show", last["id"]).stdout


def test_each_kind_of_body_is_shown_in_its_own_form(web):
    out = shown(web, "json")[1]
    assert '  "price": 1.10,\n  "big": 123456789012345678901234567890,\n  "list": [\n    1,\n    {}\n  ]' in out
    assert '{\n  "packed": true\n}' in shown(web, "gzip")[1]
    out = shown(web, "form", "-d", "name=J%C3%BCrgen&note=a+b%26c")[1]
    assert re.search(r"^name +Jürgen$", out, re.M) and re.search(r"^note +a b&c$", out, re.M)
    out = shown(web, "png")[1]
    assert "00000000 89 50 4e 47 0d 0a 1a 0a  00 01 02 03 04 05 06 07  |.PNG............|" in out and "(1032 more bytes, --raw writes them)" in out
    ident, out = shown(web, "text", "-d", "just\ntext\n", "-H", "Content-Type: text/plain")
    assert "\n> POST /text HTTP/1.1\n" in out and "\njust\ntext\n" in out and "\n< HTTP/1.1 200 OK\n" in out
    told = json.loads(web.dmn.ctl("show", ident, "--json").stdout)
    assert told["request"]["body"] == {"text": "just\ntext\n"} and told["info"]["id"] == ident
    raw = subprocess.run([web.program("tunnelctl"), "--socket", web.dmn.control, "show", str(ident), "--raw"], capture_output=True, check=True).stdout
    assert raw.startswith(b"POST /text HTTP/1.1\r\n") and b"\r\n\r\njust\ntext\nHTTP/1.1 200 OK\r\n" in raw and raw.endswith(b"\r\n\r\njust\ntext\n")
    assert web.dmn.ctl("show", "999", check=False).returncode == 1 and web.dmn.ctl("show", "x", check=False).returncode == 2


def test_a_body_that_stands_for_a_huge_one_is_bounded(web):
    had = web.dmn.rss()
    ident, out = shown(web, "bomb")
    assert out.count("x") > 16 << 20 and len(out) < (16 << 20) + 2000
    if not web.sanitized:
        assert web.dmn.rss() - had < 40 * 1024 * 1024
    assert len(web.dmn.ctl("export", "--har", "-").stdout) < 1 << 20


def test_messages_are_shown_below_the_heads(web):
    websocket(web)
    ident = done(web.dmn, 1)[0]["id"]
    out = web.dmn.ctl("show", ident).stdout
    assert "websocket, 3 messages" in out
    assert re.search(r"^> .* text, 5 bytes\nhello$", out, re.M) and re.search(r"^< .* binary, 3 bytes\n00000000 00 01 ff ", out, re.M)


def on_terminal(*argv, columns=0):
    """What a program writes to a terminal."""
    leader, follower = pty.openpty()
    if columns:
        termios.tcsetwinsize(follower, (24, columns))
    with subprocess.Popen([str(a) for a in argv], stdout=follower, stdin=subprocess.DEVNULL) as process:
        os.close(follower)
        out = b""
        try:
            while piece := os.read(leader, 65536):
                out += piece
        except OSError:
            pass  # the other end is closed
        os.close(leader)
        assert process.wait(WAIT) == 0
    return out


def test_a_line_stays_one_on_a_narrow_terminal(web):
    web.curl(web.url + "a/rather/long/path?with=a&long=query", "-d", "a=1")
    done(web.dmn, 1)
    web.dmn.ctl("replay", "1")
    rows = on_terminal(web.program("tunnelctl"), "--socket", web.dmn.control, "--no-color", "requests", columns=80).decode().splitlines()[:3]
    assert max(map(len, rows)) <= 80 and "replay of 1" in rows[2] and "  /a/rat" in rows[1] and "T" not in rows[1].split()[1]
    plain = web.dmn.ctl("requests").stdout.splitlines()[1]
    assert "/a/rather/long/path?with=a&long=query" in plain and "T" in plain.split()[1]


def test_what_strangers_send_moves_no_terminal(web):
    ident, plain = shown(web, "hostile?%1b%5B2J")
    assert "\x1b" in plain  # as it is, where no terminal is
    for verb in (["show", ident], ["requests"], ["show", ident, "--curl"]):
        out = on_terminal(web.program("tunnelctl"), "--socket", web.dmn.control, "--no-color", *verb)
        assert b"\x1b" not in out and b"\xc2\x9b" not in out and b"\x07" not in out, verb
    assert b"\\x1b[2J\\x1b]0;owned\\x07 \\x9b31m plain" in on_terminal(web.program("tunnelctl"), "--socket", web.dmn.control, "show", ident)
    headers = json.loads(web.dmn.ctl("show", ident, "--json").stdout)["response"]["headers"]
    assert {"name": "X-Latin", "value": "gr\xfc\xdf"} in headers


@pytest.mark.parametrize("body", [b"a=1", b"it's \"quoted\" $HOME `id`\n\nend\n", b"@file", bytes(range(256)), b"{}" * 40000],
                         ids=["plain", "quotes", "at", "binary", "long"])
def test_the_curl_command_sends_the_same_request_again(web, body):
    (web.dir / "body").write_bytes(body)
    web.curl(web.url + "again?x=[1]&y='z'", "-g", "--data-binary", f"@{web.dir / 'body'}", "-X", "PUT", "-H", "X-Quote: it's \"so\"",
             "-H", "X-Empty;", "-H", "Content-Type:", text=False)
    first = done(web.dmn, 1)[0]
    command = web.dmn.ctl("show", first["id"], "--curl").stdout
    host = web.url.split("/")[2]
    (web.dir / "curlrc").write_text(f"resolve = {host}:127.0.0.1\nsilent\noutput = /dev/null\n")
    (web.dir / "curlrc").rename(web.dir / ".curlrc")
    subprocess.run(["sh", "-c", command], check=True, env=dict(os.environ, CURL_HOME=str(web.dir)), timeout=WAIT)
    second = done(web.dmn, 2)[1]
    raws = [subprocess.run([web.program("tunnelctl"), "--socket", web.dmn.control, "show", str(r["id"]), "--raw"], capture_output=True,
                           check=True).stdout.split(b"HTTP/1.1 200 OK")[0] for r in (first, second)]
    assert sorted(raws[0].split(b"\r\n\r\n")[0].split(b"\r\n")) == sorted(raws[1].split(b"\r\n\r\n")[0].split(b"\r\n"))
    assert raws[0].split(b"\r\n\r\n", 1)[1] == raws[1].split(b"\r\n\r\n", 1)[1] == body


# --- HAR ------------------------------------------------------------------------------------------


def websocket(web):
    """One WebSocket through a tunnel of its own: a text from the visitor, a binary message from the origin, closed."""
    origin = web.raw_origin()
    web.dmn.ctl("http", origin.port, "--name", "ws", "--subdomain", "ws", "--detach")
    host = web.dmn.up("ws").split("/")[2]
    visitor = web.visitor(int(host.split(":")[1]))
    visitor.sendall(f"GET /ws HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode())
    conn = origin.accept()
    while b"\r\n\r\n" not in conn.recv(65536, socket.MSG_PEEK):
        time.sleep(0.01)
    conn.recv(65536)
    conn.sendall(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                 b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")
    while b"\r\n\r\n" not in visitor.recv(65536):
        pass
    visitor.sendall(b"\x81\x85" + bytes(4) + b"hello")
    assert conn.recv(100).endswith(b"hello")
    conn.sendall(b"\x82\x03" + b"\0\1\xff")
    assert visitor.recv(100) == b"\x82\x03\0\1\xff"
    visitor.sendall(b"\x88\x82" + bytes(4) + struct.pack(">H", 1000))
    visitor.close()
    conn.close()


def test_an_archive_is_sound_and_has_everything(web):
    web.curl(web.url + "json?q=a%20b&q=2", "-H", "Cookie: a=1")
    web.curl(web.url + "gzip", text=False)
    web.curl(web.url + "png", text=False)
    web.curl(web.url + "form", "-d", "a=1&b=%C3%BC")
    web.curl(web.url + "hostile", "--data-binary", "\x1b[2J", text=False)
    websocket(web)
    done(web.dmn, 6)
    path = web.dir / "all.har"
    web.dmn.ctl("export", "--har", path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and list(web.dir.glob("all.har.*")) == []
    entries = har.check(json.loads(path.read_text()))
    assert [e["request"]["url"].split("/", 3)[3] for e in entries] == ["json?q=a%20b&q=2", "gzip", "png", "form", "hostile", "ws"]
    text = [e["response"]["content"].get("text", "") for e in entries]
    assert json.loads(text[1]) == {"packed": True} and base64.b64decode(text[2]) == PNG
    assert entries[0]["request"]["queryString"] == [{"name": "q", "value": "a b"}, {"name": "q", "value": "2"}]
    assert entries[3]["request"]["postData"]["params"][1] == {"name": "b", "value": "ü"}
    messages = entries[5]["_webSocketMessages"]
    assert [(m["type"], m["opcode"], m["data"]) for m in messages] == [("send", 1, "hello"), ("receive", 2, "AAH/")]
    web.web.go_on.set()
    web.curl(web.url + "events")
    done(web.dmn, 7)
    entry = har.check(json.loads(web.dmn.ctl("export", "--har", "-", "--kind", "sse").stdout))[0]
    assert [(m["eventName"], m["data"]) for m in entry["_eventSourceMessages"]] == [("message", "first"), ("message", "second")]
    some = json.loads(web.dmn.ctl("export", "--har", "-", "--path", "/json", "--since", "1h", "web").stdout)
    assert len(har.check(some)) == 1
    assert har.check(json.loads(web.dmn.ctl("export", "--har", "-", "--status", "599").stdout)) == []
    kept = path.read_bytes()
    assert web.dmn.ctl("export", "--har", web.dir / "nowhere" / "x", check=False).returncode == 1
    assert web.ctl("--socket", web.dir / "no", "export", "--har", path, check=False).returncode == 3 and path.read_bytes() == kept


# --- expect ---------------------------------------------------------------------------------------


def test_an_archive_of_some_has_those_alone(web):
    for target in "abc":
        web.curl(web.url + target)
    done(web.dmn, 3)
    for ids, told in (([3, 1, 99, 3, -1], ["a", "c"]), ([], [])):
        with Caller(web.dmn.control) as c:
            c.say(CLIENT + "Export", {"ids": ids}, more=True)
            entries = list(iter(lambda: c.hear()["parameters"]["entry"], None))  # the last is null
        assert [e["request"]["url"].split("/", 3)[3] for e in entries] == told


def test_no_visitor_keeps_the_rest_out_of_an_archive(web):
    """The bodies that are longest as JSON: the entry is as large as an answer may be, and not larger."""
    form = b"&".join(b"a=" + b"\1" * 520 for _ in range(1000))
    (web.dir / "form").write_bytes(form)
    web.dmn.write_config({**web.dmn.config, "inspector": {"body": "1MiB"}})
    web.dmn.ctl("reload")
    web.curl(web.url + "form", "--data-binary", f"@{web.dir / 'form'}", text=False)
    web.curl(web.url + "after")
    done(web.dmn, 2)
    entries = har.check(json.loads(web.dmn.ctl("export", "--har", "-").stdout))
    assert [e["request"]["url"].split("/", 3)[3] for e in entries] == ["form", "after"]


def test_an_archive_goes_into_what_is_there_and_does_not_take_its_place(web):
    web.curl(web.url + "json")
    done(web.dmn, 1)
    fifo, link, behind = web.dir / "fifo", web.dir / "link.har", web.dir / "behind.har"
    os.mkfifo(fifo)
    reader = subprocess.Popen(["cat", str(fifo)], stdout=subprocess.PIPE)
    web.dmn.ctl("export", "--har", fifo)
    assert len(har.check(json.loads(reader.communicate(timeout=WAIT)[0]))) == 1
    assert stat.S_ISFIFO(fifo.stat().st_mode)
    behind.write_text("old")
    link.symlink_to(behind)
    web.dmn.ctl("export", "--har", link)
    assert link.is_symlink() and len(har.check(json.loads(behind.read_text()))) == 1
    assert stat.S_IMODE(behind.stat().st_mode) == 0o600
    assert web.dmn.ctl("export", "--har", web.dir, check=False).returncode == 1


@pytest.mark.parametrize("number", (signal.SIGHUP, signal.SIGINT, signal.SIGTERM))
def test_an_export_that_is_ended_leaves_nothing_behind(net, number):
    place = net.dir / "place"
    place.mkdir()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(net.dir / "half"))
        listener.listen()
        export = net.run("export", net.program("tunnelctl"), "--socket", net.dir / "half", "export", "--har", place / "a.har")
        daemon, _ = listener.accept()
        with daemon:  # one that answers by half, and no more
            daemon.recv(65536)
            daemon.sendall(json.dumps({"parameters": {"entry": {}}, "continues": True}).encode() + b"\0")
            until(lambda: export.fds() > 4, "the file is open")
            export.signal(number)
            assert export.wait_end() != 0
    assert os.listdir(place) == []


def has_jq(web):
    return "without libjq" not in web.dmn.ctl("expect", "web", "--body-json", ".", "--timeout", "1ms", check=False).stderr


def test_what_was_expected_may_have_come_already_or_come_later(web):
    web.curl(web.url + "hook", "-d", '{"event":"pull"}')
    done(web.dmn, 1)
    assert "/hook" in web.dmn.ctl("expect", "web", "--method", "POST", "--path", "/ho*", "--status", "2xx").stdout
    waits = web.run("expect", web.program("tunnelctl"), "--socket", web.dmn.control, "expect", "web", "--path", "/later", "--count", "2", "--json",
                    "--timeout", "60s")
    for _ in range(3):
        web.curl(web.url + "later")
    assert waits.wait_end() == 0
    told = json.loads(waits.out())
    assert told["met"] and targets(told["matched"]) == ["/later", "/later"]
    assert [(o["request"]["target"], o["why"]) for o in told["others"]] == [("/hook", "path is /hook, not /later")]


def test_what_came_instead_is_said_with_why(web):
    web.curl(web.url + "other")
    web.curl(web.url + "hook")
    done(web.dmn, 2)
    asked = web.dmn.ctl("expect", "web", "--path", "/hook", "-X", "POST", "--timeout", "300ms", check=False)
    assert asked.returncode == 1 and "expected 1 matching request, 0 came" in asked.stderr
    assert asked.stdout.splitlines() == ["1 GET /other: method is GET, not POST", "2 GET /hook: method is GET, not POST"]
    asked = web.dmn.ctl("expect", "web", "--since", "0ms", "--timeout", "100ms", check=False)
    assert asked.returncode == 1 and "there was no other request, either" in asked.stderr


def test_long_reasons_leave_nobody_out(web):
    for pad in range(3):
        web.curl(web.url, "-H", "X-Long: " + "." * pad + "\u20ac" * 300)
    told = web.dmn.ctl("expect", "web", "--header", "X-Long: short", "--json", "--timeout", "1s", check=False)
    assert told.returncode == 1 and len(json.loads(told.stdout)["others"]) == 3


def test_exactly_means_no_more_than_that(web):
    for _ in range(2):
        web.curl(web.url + "hook")
    done(web.dmn, 2)
    for count, code in (("1", 1), ("2", 0), ("3", 1), ("0", 1)):
        asked = web.dmn.ctl("expect", "web", "--path", "/hook", "--count", count, "--exactly", "--timeout", "300ms", check=False)
        assert asked.returncode == code, (count, asked)
    assert web.dmn.ctl("expect", "web", "--path", "/nothing", "--count", "0", "--exactly", "--timeout", "100ms").returncode == 0


def test_only_what_visitors_sent_is_expected_unless_replays_are_asked_for(web):
    web.curl(web.url + "hook", "-d", "a")
    done(web.dmn, 1)
    web.dmn.ctl("replay", "1")
    assert [r["replay_of"] for r in done(web.dmn, 2)] == [None, 1]
    assert "replay of 1" in web.dmn.ctl("requests").stdout.splitlines()[2]
    assert "replay of 1" in web.dmn.ctl("show", "2").stdout
    assert json.loads(web.dmn.ctl("show", "2", "--json").stdout)["info"]["replay_of"] == 1
    asked = web.dmn.ctl("expect", "web", "--count", "2", "--timeout", "300ms", check=False)
    assert asked.returncode == 1
    assert asked.stdout.splitlines()[-1] == "2 POST /hook: it is a replay of 1, no visitor's request"
    told = web.dmn.ctl("expect", "web", "--count", "2", "--replays", "--json")
    assert [r["id"] for r in json.loads(told.stdout)["matched"]] == [1, 2]


def test_a_text_is_looked_for_in_bodies_without_their_coding(web):
    web.curl(web.url + "hook", "-d", "a=1&b=2")
    web.curl(web.url + "hook")
    packed = web.dir / "packed"
    packed.write_bytes(gzip.compress(b"the word is swordfish"))
    web.curl(web.url + "hook", "-H", "Content-Encoding: gzip", "--data-binary", f"@{packed}", "-o", web.dir / "answer")
    done(web.dmn, 3)
    asked = web.dmn.ctl("expect", "web", "--body", "swordfish", "--json")
    assert [r["id"] for r in json.loads(asked.stdout)["matched"]] == [3]
    asked = web.dmn.ctl("expect", "web", "--body", "b=3", "--timeout", "300ms", check=False)
    assert asked.returncode == 1
    assert [line.split(": ", 1)[1] for line in asked.stdout.splitlines()] == ["'b=3' is not in its body", "it has no body", "'b=3' is not in its body"]


def test_what_it_is_and_what_became_of_it_choose_requests(web):
    web.curl(web.url + "one")
    websocket(web)
    done(web.dmn, 2)
    assert targets(listed(web.dmn, "--kind", "websocket")) == ["/ws"]
    assert targets(listed(web.dmn, "--kind", "http", "--state", "done", "--verification", "none")) == ["/one"]
    assert targets(listed(web.dmn, "--text", "ONE")) == ["/one"]
    assert listed(web.dmn, "--state", "open") == listed(web.dmn, "--verification", "verified") == []
    assert web.dmn.ctl("expect", "web", "--kind", "http", "--timeout", "1ms").returncode == 0  # what is there counts in no time at all
    asked = web.dmn.ctl("expect", "web", "--kind", "sse", "--timeout", "1ms", check=False)
    assert asked.returncode == 1 and "1 GET /one: kind is http, not sse" in asked.stdout
    assert web.dmn.ctl("requests", "--kind", "tcp", check=False).returncode == 2


def test_a_filter_looks_into_bodies(web):
    if not has_jq(web):
        pytest.skip("built without libjq")
    web.curl(web.url + "hook", "-d", '{"event":"pull"}')
    web.curl(web.url + "hook", "-d", "no json")
    web.curl(web.url + "hook")
    asked = web.dmn.ctl("expect", "web", "--body-json", '.event == "push"', "--timeout", "300ms", check=False)
    assert asked.returncode == 1
    assert [line.split(": ", 1)[1] for line in asked.stdout.splitlines()][::2] == ["the filter is not true of the body", "it has no body"]
    web.curl(web.url + "hook", "-d", '{"event":"push"}')
    assert web.dmn.ctl("expect", "web", "--body-json", '.event == "push"').stdout.splitlines()[1].split()[0] == "4"
    asked = web.dmn.ctl("expect", "web", "--body-json", ".event ==", check=False)
    assert asked.returncode == 2 and "is no jq filter" in asked.stderr
    asked = web.dmn.ctl("expect", "web", "--body-json", "def f: f; f", "--timeout", "500ms", check=False)
    assert asked.returncode == 1 and "the filter did not come to an end" in asked.stdout


def test_wrong_questions_have_their_own_statuses(web):
    for args, code in ((["nix"], 1), (["web", "--count", "0"], 2), (["web", "--count", "x"], 2), (["web", "--status", "abc"], 2), ([], 2),
                       (["web", "--timeout", "soon"], 2)):
        assert web.dmn.ctl("expect", *args, check=False).returncode == code, args
    assert web.ctl("--socket", web.dir / "no", "expect", "web", check=False).returncode == 3


# --- the README -----------------------------------------------------------------------------------


def ci_script():
    return re.search(r"<!-- tests/system: ci -->\n+```\n(.*?)```", README, re.S).group(1)


@pytest.mark.parametrize("event, code", [("push", 0), ("pull", 1)])
def test_the_ci_script_of_the_readme_runs_word_for_word(web, event, code):
    if not has_jq(web):
        pytest.skip("built without libjq")
    script = ci_script() if code == 0 else ci_script().replace("--timeout 60s", "--timeout 500ms")
    assert len(ci_script().splitlines()) <= 15
    place = web.dir / "job"
    place.mkdir()
    (place / "test").write_text(f"""#!/bin/sh
host=${{1#http://}}; host=${{host%/}}
curl -sS --resolve "$host:127.0.0.1" -d '{{"event": "{event}"}}' "$1hook"
""")
    (place / "test").chmod(0o755)
    env = dict(os.environ, PATH=f"{web.build}:{os.environ['PATH']}", TUNNELTO_SERVER=web.srv.url, TUNNELTO_KEY=pathlib.Path(web.key).read_text().strip(),
               PORT=str(web.web.port), XDG_STATE_HOME=str(place), STATE_DIRECTORY=str(place))
    env.pop("NOTIFY_SOCKET", None)
    ran = subprocess.run(["sh", "-c", script], cwd=place, env=env, capture_output=True, text=True, timeout=60)
    assert ran.returncode == code, (ran.stdout, ran.stderr, (place / "tunneltod.log").read_text())
    entries = har.check(json.loads((place / "requests.har").read_text()))
    assert json.loads(entries[0]["request"]["postData"]["text"]) == {"event": event}
    assert ("POST" in ran.stdout) and (code == 0 or "the filter is not true of the body" in ran.stdout)
