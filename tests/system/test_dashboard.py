# SPDX-License-Identifier: MIT
"""The dashboard's server: what it gives to whom, by which names, on which port; Varlink over its WebSockets."""
import asyncio
import contextlib
import json
import os
import pathlib
import re
import socket
import time

import pytest
import websockets

from actors import WAIT, until

WEB = pathlib.Path(__file__).resolve().parents[2] / "src" / "web"
CLIENT = "io.tunnelto.Client."
TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
         ".svg": "image/svg+xml"}


class Board:
    """Where a daemon's dashboard is, and what opens it."""

    def __init__(self, url):
        m = re.fullmatch(r"http://(127\.0\.0\.1):(\d+)/#token=([0-9a-f]{32})", url)
        assert m, url
        self.port, self.token = int(m[2]), m[3]
        self.host = f"127.0.0.1:{self.port}"

    def raw(self, request, timeout=WAIT):
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as sock:
            out = b""
            with contextlib.suppress(ConnectionError):
                sock.sendall(request)
                while piece := sock.recv(65536):
                    out += piece
        return Answer(out)

    def get(self, path, method="GET", host=None, more=""):
        host = self.host if host is None else host
        return self.raw(f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n{more}\r\n".encode())

    def upgrade(self, path="/varlink", protocols=None, **fields):
        """The answer to an upgrade that is to be refused."""
        protocols = f"tunnelto.dashboard, token.{self.token}" if protocols is None else protocols
        more = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
        more += f"Sec-WebSocket-Protocol: {protocols}\r\n" if protocols else ""
        host = fields.pop("Host", None)
        return self.get(path, host=host, more=more + "".join(f"{k}: {v}\r\n" for k, v in fields.items()))

    def page(self, **more):
        return Page(self, **more)


class Answer:
    def __init__(self, raw):
        head, _, self.body = raw.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        self.status = int(first.split()[1]) if first else 0
        self.fields = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}


class Page:
    """One WebSocket of a page, for a test that waits."""

    def __init__(self, board, origin=None):
        self.loop = asyncio.new_event_loop()

        async def connect():  # inside, so that it takes this loop
            return await websockets.connect(f"ws://{board.host}/varlink", subprotocols=["tunnelto.dashboard", f"token.{board.token}"],
                                            origin=origin, max_size=None, ping_interval=None)
        self.ws = self.wait(connect())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(Exception):
            self.wait(self.ws.close())
        self.loop.close()

    def wait(self, what, within=WAIT):
        async def both():
            return await asyncio.wait_for(what, within)
        return self.loop.run_until_complete(both())

    def say(self, method, params=None, **flags):
        self.send(json.dumps({"method": method if "." in method else CLIENT + method, "parameters": params or {}, **flags}))

    def send(self, message):
        self.wait(self.ws.send(message))

    def hear(self, within=WAIT):
        return json.loads(self.wait(self.ws.recv(), within))

    def ask(self, method, params=None, **flags):
        self.say(method, params, **flags)
        return self.hear()

    def end(self):
        """How the daemon closed it."""
        with pytest.raises(websockets.ConnectionClosed) as e:
            while True:
                self.wait(self.ws.recv())
        return e.value.code


def board_of(daemon):
    return Board(daemon.ctl("dashboard").stdout.strip())


@pytest.fixture
def daemon(net):
    return net.daemon(config={"dashboard": {"enabled": True, "listen": "127.0.0.1:0"}})


@pytest.fixture
def board(daemon):
    return board_of(daemon)


# --- pages


def test_every_file_is_served_as_it_is_and_guarded(board):
    files = [f for f in WEB.iterdir() if f.suffix in TYPES]
    assert len(files) > 10
    for file in files:
        a = board.get("/" if file.name == "index.html" else "/" + file.name)
        assert (a.status, a.fields["content-type"], a.body) == (200, TYPES[file.suffix], file.read_bytes()), file.name
        policy = dict(part.split(None, 1) for part in a.fields["content-security-policy"].split("; "))
        assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == policy["frame-ancestors"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
        assert a.fields["x-content-type-options"] == "nosniff" and a.fields["referrer-policy"] == "no-referrer"
        assert a.fields["cross-origin-resource-policy"] == "same-origin" and a.fields["cache-control"] == "no-store"
        assert not [f for f in a.fields if f.startswith("access-control")]
        head = board.get("/" + file.name, method="HEAD")
        assert (head.status, head.body, head.fields["content-length"]) == (200, b"", a.fields["content-length"])


def test_there_is_nothing_else(board):
    for path in ("/x", "/../tunneltod.yaml", "/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd", "/local.mk", "/index.html/", "/." + "a" * 3000):
        assert board.get(path).status in (404, 403), path
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH"):
        a = board.get("/", method=method, more="Content-Length: 5\r\nOrigin: http://evil.example\r\n\r\nhello")
        assert (a.status, a.fields["allow"]) == (405, "GET, HEAD"), method
        assert not [f for f in a.fields if f.startswith("access-control")]
    assert board.get("/", method="BREW").status in (0, 403, 405)
    assert board.get("/varlink").status == 426


def test_a_head_may_have_many_cookies_but_not_any_number(board):
    assert board.get("/", more=f"Cookie: a={'x' * 20000}\r\n").status == 200
    assert board.get("/", more=f"Cookie: a={'x' * 200000}\r\n").status in (0, 400, 413, 431)
    assert board.get("/").status == 200


# --- guards


def test_other_names_are_refused(net, board):
    good = (f"127.0.0.1:{board.port}", f"localhost:{board.port}", f"LocalHost:{board.port}", f"[::1]:{board.port}")
    bad = ("evil.example", f"evil.example:{board.port}", f"127.0.0.1.evil.example:{board.port}", "127.0.0.1", f"127.0.0.1:{board.port + 1}",
           f"127.0.0.2:{board.port}", f"localhost.:{board.port}", "", f"127.0.0.1:{board.port}\r\nHost: evil.example",
           f"evil.example:{board.port}@127.0.0.1:{board.port}", f"localhost:{board.port}, evil.example", "a" * 1000)
    for host in good:
        assert board.get("/", host=host).status == 200, host
    for host in bad:
        a = board.get("/", host=host)
        assert (a.status, b"<html" in a.body) == (403, False), host
        assert board.upgrade(Host=host).status == 403, host
    assert board.raw(b"GET / HTTP/1.0\r\n\r\n").status == 403


def test_allowed_hosts_are_names_too_and_can_be_changed(net):
    dmn = net.daemon(config={"dashboard": {"enabled": True, "listen": "127.0.0.1:0", "allowed_hosts": ["dash.example", "two.example:81"]}})
    board = board_of(dmn)

    def status(host):
        return board.get("/", host=host).status
    assert [status(h) for h in ("dash.example", "DASH.example:8443", "two.example:81", "two.example", "three.example")] == [200, 200, 200, 403, 403]
    dmn.config["dashboard"]["allowed_hosts"] = ["three.example"]
    dmn.write_config(dmn.config)
    with board.page() as page:
        dmn.ctl("reload")
        assert "status" in page.ask("Status")["parameters"]  # the page stays
    assert [status(h) for h in ("dash.example", "three.example")] == [403, 200]
    dmn.config["dashboard"]["allowed_hosts"] = ["not a name"]
    dmn.write_config(dmn.config)
    assert "not NAME or NAME:PORT" in dmn.ctl("reload", check=False).stderr


def test_pages_of_other_sites_are_refused_even_with_the_token(board):
    for origin in ("http://evil.example", "null", f"http://127.0.0.1:{board.port + 1}", "http://127.0.0.1", f"http://localhost:{board.port}",
                   f"file://127.0.0.1:{board.port}", f"http://127.0.0.1:{board.port}/", "http://" + "a" * 1000):
        assert board.upgrade(Origin=origin).status == 403, origin
    with board.page(origin=f"http://{board.host}") as page:
        assert "tunnels" in page.ask("Status")["parameters"]


def test_without_the_token_nothing_is_answered(daemon, board):
    wrong = "0" * 32
    for protocols in ("", "tunnelto.dashboard", f"tunnelto.dashboard, token.{wrong}", f"tunnelto.dashboard, token.{board.token[:-1]}",
                      f"tunnelto.dashboard, token.{board.token}0", f"tunnelto.dashboard, {board.token}", "tunnelto.dashboard, token."):
        a = board.upgrade(protocols=protocols)
        assert (a.status, "upgrade" in a.fields) == (401, False), protocols
    assert board.upgrade(path="/").status == board.upgrade(path="/index.html").status == 404
    for _ in range(50):
        board.upgrade(protocols=f"tunnelto.dashboard, token.{wrong}")
    said = daemon.err()
    assert 1 <= said.count("it has not the token") <= 20  # what a stranger causes is not logged each time
    assert wrong not in said and board.token not in said


def test_the_token_is_a_secret_that_stays(net, daemon, board):
    file = daemon.dir / "dashboard-token"
    assert file.read_text() == board.token and file.stat().st_mode & 0o777 == 0o600
    assert board.token not in daemon.err() + daemon.ctl("logs").stdout + daemon.ctl("status", "--json").stdout
    assert board.token in daemon.ctl("status").stdout
    assert board.token.encode() not in pathlib.Path(f"/proc/{daemon.pid}/cmdline").read_bytes()


def test_who_may_only_read_does_not_get_the_token(net, daemon, board):
    if os.geteuid() != 0:
        pytest.skip("only root can call as somebody else")
    os.chmod(daemon.control, 0o666)
    for d in (daemon.dir, daemon.dir.parent):
        os.chmod(d, 0o755)

    def as_nobody(*words):
        import subprocess
        return subprocess.run([net.program("tunnelctl"), "--socket", daemon.control, *words], capture_output=True, text=True, user=65534,
                              group=65534, extra_groups=[], timeout=WAIT)
    seen = as_nobody("status")
    assert f"http://{board.host}/" in seen.stdout and board.token not in seen.stdout + seen.stderr and not seen.stderr
    refused = as_nobody("dashboard")
    assert refused.returncode == 4 and board.token not in refused.stdout + refused.stderr


# --- Varlink


def test_every_method_of_the_control_socket_is_there(board):
    params = {"Tunnel": {"name": "none"}, "Open": {"proto": "none", "local": "1", "bind": False}, "Request": {"id": 1}, "Replay": {"id": 1},
              "Body": {"id": 1, "side": "request"}, "Up": {"names": ["none"], "wait": False}, "Down": {"names": ["none"]},
              "Wait": {"names": ["none"]}}
    with board.page() as page:
        text = page.ask("org.varlink.service.GetInterfaceDescription", {"interface": "io.tunnelto.Client"})["parameters"]["description"]
        methods = re.findall(r"^method (\w+)", text, re.M)
        assert len(methods) > 8
        for method in methods:
            with board.page() as one:
                reply = one.ask(method, params.get(method), more=method == "Export")
                assert not re.search("MethodNotFound|PermissionDenied|NotImplemented", reply.get("error", "")), (method, reply)


def test_calls_are_answered_in_order_and_large_ones_wait(board):
    name = "x" * 900000
    call = json.dumps({"method": CLIENT + "Tunnel", "parameters": {"name": name}})
    with board.page() as page:
        for _ in range(5):
            page.send(call)  # more than waits at once: the daemon reads on when it has answered
        for i in range(50):
            page.say("org.varlink.service.GetInterfaceDescription", {"interface": f"a.b{i}"})
        for _ in range(5):
            assert page.hear()["parameters"]["name"] == name
        assert [page.hear()["parameters"]["interface"] for _ in range(50)] == [f"a.b{i}" for i in range(50)]
        page.send([call[:10], call[10:500000], call[500000:]])  # in fragments
        assert page.hear()["parameters"]["name"] == name


@pytest.mark.parametrize("message, code", [(b"binary", 1003), ("nonsense", 1001), ("", 1001), ("[]", 1001), ("x" * 1100000, 1001),
                                           (json.dumps({"method": CLIENT + "Status"}) + "\0", 1001)], ids=lambda m: repr(m)[:24])
def test_what_is_not_a_call_ends_its_own_websocket_only(daemon, board, message, code):
    with board.page() as good, board.page() as bad:
        bad.send(message)
        assert bad.end() == code
        assert "parameters" in good.ask("Status")


def test_status_is_told_again_when_something_changes(net):
    web, srv = net.origin(), net.server()
    dmn = net.daemon(srv, tunnels={"web": {"local": str(web.port), "subdomain": "web"}}, key=srv.key(),
                     config={"dashboard": {"enabled": True, "listen": "127.0.0.1:0"}})
    with board_of(dmn).page() as page:
        page.say("Status", more=True)

        def next_with(test):
            while True:
                reply = page.hear()
                assert reply["continues"]
                if test(reply["parameters"]["tunnels"]):
                    return reply["parameters"]
        seen = next_with(lambda t: t[0]["state"] == "up")
        assert seen["dashboard"]["error"] is None and seen["dashboard"]["address"].startswith("http://127.0.0.1:")
        net.curl(dmn.url("web"))
        next_with(lambda t: t[0]["streams_total"] == 1 and t[0]["bytes_out"] > 0)
        dmn.ctl("down", "web")
        next_with(lambda t: t[0]["state"] == "off")
        began = time.monotonic()
        for i in range(20):
            dmn.ctl("up" if i % 2 == 0 else "down", "web")
        dmn.ctl("http", "9", "--name", "last", "--detach")
        n = 0
        while "last" not in [t["name"] for t in page.hear()["parameters"]["tunnels"]]:
            n += 1
        assert n <= 2 * (time.monotonic() - began) + 2


# --- places


def test_two_daemons_have_a_port_each(net):
    config = {"dashboard": {"enabled": True}}
    boards = [board_of(net.daemon(name=name, config=config)) for name in ("one", "two")]
    assert boards[0].port != boards[1].port and all(4040 <= b.port <= 4060 for b in boards)
    assert boards[0].token != boards[1].token
    assert boards[1].upgrade(protocols=f"tunnelto.dashboard, token.{boards[0].token}").status == 401


def test_a_port_that_was_asked_for_and_is_taken_is_told_and_nothing_else_suffers(net):
    web, srv = net.origin(), net.server()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        listen = "127.0.0.1:%d" % taken.getsockname()[1]
        dmn = net.daemon(srv, tunnels={"web": {"local": str(web.port), "subdomain": "web"}}, key=srv.key(),
                         config={"dashboard": {"enabled": True, "listen": listen}})
        dmn.up("web")
        assert net.curl(dmn.url("web")).stdout == "origin: GET /\n"
        status = dmn.status()
        assert status["dashboard"]["address"] is None and listen in status["dashboard"]["error"]
        assert "no dashboard" in status["status"] and "dashboard: none" in dmn.ctl("status").stdout
        assert f"cannot listen on {listen}" in dmn.err()
        asked = dmn.ctl("dashboard", check=False)
        assert asked.returncode == 1 and "no dashboard" in asked.stderr
    dmn.ctl("reload")  # it is free now
    assert board_of(dmn).host == listen and "no dashboard" not in dmn.status()["status"]


def test_a_reload_moves_it_and_leaves_the_tunnels(net):
    web, srv = net.origin(), net.server()
    dmn = net.daemon(srv, tunnels={"web": {"local": str(web.port), "subdomain": "web"}}, key=srv.key(),
                     config={"dashboard": {"enabled": True, "listen": "127.0.0.1:0"}})
    dmn.up("web")
    before, session = board_of(dmn), dmn.status()["server"]["session"]
    with before.page() as page:
        dmn.config["dashboard"]["listen"] = "localhost:0"
        dmn.write_config(dmn.config)
        assert "not ADDRESS:PORT" in dmn.ctl("reload", check=False).stderr
        assert "tunnels" in page.ask("Status")["parameters"]
        dmn.config["dashboard"]["listen"] = "0.0.0.0:0"
        dmn.write_config(dmn.config)
        assert "dashboard.listen" in dmn.ctl("reload").stdout
        assert page.end() in (1001, 1006)
    after = board_of(dmn)
    with after.page() as page:  # a page may move its own dashboard
        dmn.config["dashboard"]["listen"] = "127.0.0.1:0"
        dmn.write_config(dmn.config)
        page.say("Reload")
        page.end()
        dmn.config["dashboard"]["listen"] = "0.0.0.0:0"
        dmn.write_config(dmn.config)
        dmn.ctl("reload")
    after = board_of(dmn)
    assert after.port in dmn.ports()
    assert after.token == before.token and after.get("/").status == 200
    assert after.get("/", host=f"192.0.2.1:{after.port}").status == 200  # an address is no name: nothing to rebind
    assert after.get("/", host=f"evil.example:{after.port}").status == 403
    assert "can be reached from other machines" in dmn.err()
    dmn.config["dashboard"]["enabled"] = False
    dmn.write_config(dmn.config)
    dmn.ctl("reload")
    # it moves right behind the answer, which a page may have asked for; asking there could meet whoever has the port now
    until(lambda: after.port not in dmn.ports(), "the dashboard's end")
    assert dmn.status()["dashboard"] == {"address": None, "error": None}
    assert dmn.status()["server"]["session"] == session and dmn.tunnel("web")["state"] == "up"


def test_a_restart_keeps_the_token_unless_others_could_have_read_it(net):
    dmn = net.daemon(name="same", config={"dashboard": {"enabled": True, "listen": "127.0.0.1:0"}})
    first = board_of(dmn)
    dmn.end()
    with socket.socket() as s:  # an address that stays
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    config = {"dashboard": {"enabled": True, "listen": f"127.0.0.1:{port}"}}
    dmn = net.daemon(name="same", config=config)
    with board_of(dmn).page() as page:
        assert board_of(dmn).token == first.token
        dmn.kill()
        page.end()
    dmn.end()
    dmn = net.daemon(name="same", config=config)
    with board_of(dmn).page() as page:
        assert page.ask("Status")["parameters"]["pid"] == dmn.pid
    dmn.end()
    (dmn.dir / "dashboard-token").chmod(0o644)
    fresh = board_of(net.daemon(name="same", config=config))
    assert fresh.token != first.token and (dmn.dir / "dashboard-token").stat().st_mode & 0o777 == 0o600


def test_the_browser_gets_a_file_and_no_argument_with_the_token(net, daemon, board):
    bin_dir = net.dir / "bin"
    bin_dir.mkdir()
    (bin_dir / "xdg-open").write_text('#!/bin/sh\nprintf "%s " "$@"; cat "$1"\n')
    (bin_dir / "xdg-open").chmod(0o755)
    done = daemon.ctl("dashboard", "--open", env={"PATH": f"{bin_dir}:{os.environ['PATH']}", "XDG_RUNTIME_DIR": str(net.dir)})
    url, _, rest = done.stdout.partition("\n")
    file, _, text = rest.partition(" ")
    assert url.endswith("#token=" + board.token) and board.token not in file and f"url={url}" in text
    assert pathlib.Path(file).stat().st_mode & 0o777 == 0o600


# --- many and slow


@pytest.mark.heavy
def test_who_opens_many_connections_shuts_nobody_out(daemon, board):
    before = len(os.listdir(f"/proc/{daemon.pid}/fd"))
    idle = [socket.create_connection(("127.0.0.1", board.port)) for _ in range(200)]
    try:
        assert board.get("/").status == 200
        with board.page() as page:
            assert "tunnels" in page.ask("Status")["parameters"]
            assert len(os.listdir(f"/proc/{daemon.pid}/fd")) <= before + 30
            until(lambda: sum(is_closed(s) for s in idle) == len(idle), "the idle ones' end", within=2 * WAIT)
    finally:
        for s in idle:
            s.close()


def is_closed(sock):
    try:
        return sock.recv(1, socket.MSG_DONTWAIT | socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


@pytest.mark.heavy
def test_a_request_that_comes_byte_by_byte_has_an_end(board):
    with socket.create_connection(("127.0.0.1", board.port), timeout=WAIT) as sock:
        sock.sendall(f"GET / HTTP/1.1\r\nHost: {board.host}\r\nX: ".encode())

        def drip():
            with contextlib.suppress(ConnectionError):
                sock.sendall(b"x")
            return is_closed(sock)
        until(drip, "the end of patience", within=2 * WAIT)


def test_websockets_are_bounded_and_leave_room_for_the_control_socket(daemon, board):
    with contextlib.ExitStack() as stack:
        for _ in range(24):
            stack.enter_context(board.page())
        assert board.upgrade().status == 503
        assert daemon.status()["pid"] == daemon.pid
        assert board.get("/").status == 200


    def opens():
        with contextlib.suppress(websockets.InvalidStatusCode), board.page() as page:
            return "tunnels" in page.ask("Status")["parameters"]
    until(opens, "room for another")


# --- one tunnel without a daemon


def one_shot(net, *words, **env):
    """$TUNNELTO_STATIC is the program without libraries, in which libwebsockets' own loop is nested into ours."""
    web, srv = net.origin(), net.server()
    return net.run("tunnelto", os.environ.get("TUNNELTO_STATIC") or net.program("tunnelto"), "-p", web.port, "--server", srv.url, "--key-file", srv.key(), *words,
                   env=dict({"HOME": str(net.dir), "XDG_CONFIG_HOME": str(net.dir), "STATE_DIRECTORY": str(net.dir)}, **env))


def test_a_one_shot_has_one_for_its_life(net):
    one = one_shot(net, "--dashboard-port", "0")
    url = until(lambda: re.search(r"http://127\.0\.0\.1:\d+/#token=\w+", one.err()), "the dashboard's address")[0]
    board = Board(url)
    assert len(one.out().split()) == 1 and board.token not in one.out()
    assert not (net.dir / "dashboard-token").exists()
    test_every_file_is_served_as_it_is_and_guarded(board)
    test_calls_are_answered_in_order_and_large_ones_wait(board)
    with board.page() as page:
        seen = page.ask("Status")["parameters"]
        assert seen["config"] == "" and seen["tunnels"][0]["state"] == "up"
        assert page.ask("Reload")["error"] == "org.varlink.service.MethodNotImplemented"
        page.say("Down", {"names": [seen["tunnels"][0]["name"]]})  # that was all there was to do
    assert one.wait_end() == 0


def test_a_one_shots_addresses_for_scripts(net):
    one = one_shot(net, "--json")
    said = json.loads(until(lambda: one.out().strip(), "the URL"))
    assert said["url"].startswith("http") and 4040 <= Board(said["dashboard"]).port <= 4060
    one.stop()


def test_a_one_shot_without_one(net):
    one = one_shot(net, "--json", "--no-dashboard")
    assert json.loads(until(lambda: one.out().strip(), "the URL"))["dashboard"] is None


def test_a_token_is_not_for_the_journal(net):
    one = one_shot(net, "--dashboard-port", "0", JOURNAL_STREAM="1:2")
    until(lambda: "dashboard: http://127.0.0.1:" in one.err(), "the dashboard's address")
    assert "token" not in one.err() + one.out()
