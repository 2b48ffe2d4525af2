# SPDX-License-Identifier: MIT
"""Clients that are away for a moment: their visitors wait, bounded, and their names are kept."""
import contextlib
import json
import re
import socket
import struct
import threading

import pytest

from actors import until


class Asked(threading.Thread):
    """A request under way: curl in a thread; its status, fields and body once it is over."""

    def __init__(self, net, url, *args):
        super().__init__(daemon=True)
        self.net, self.url, self.args = net, url, args
        self.start()

    def run(self):
        done = self.net.curl(self.url, "-i", *self.args, check=False)
        self.code, self.text = done.returncode, done.stdout

    @property
    def answer(self):
        self.join(40)
        assert not self.is_alive(), "no answer"
        return self.text

    @property
    def status(self):
        return int(re.match(r"HTTP/1.1 (\d+)", self.answer).group(1))

    def field(self, name):
        found = re.search(rf"^{name}: (.*?)\r?$", self.answer, re.M | re.I)
        return found and found.group(1)


def parked(server):
    return server.status()["counters"]["parked"]


def wait_parked(server, n):
    until(lambda: parked(server) == n, f"{n} visitors are parked")


@pytest.fixture
def gap(net):
    """A server that waits a little less long than usual, a daemon with an HTTP and a TCP tunnel, and how to start it again."""
    net.web, net.raw = net.origin(), net.raw_origin()
    net.srv = net.server(config={"tcp": {"listen": "127.0.0.1", "ports": "25000-25999"}, "timeouts": {"grace": "20s"}})
    net.key = net.srv.key("test", "*", "--tcp", "25000-25999")
    net.tunnels = {"web": {"local": net.web.port, "subdomain": "web"}, "db": {"proto": "tcp", "local": net.raw.port}}
    net.again = lambda: net.daemon(net.srv, net.tunnels, key=net.key)
    net.dmn = net.again()
    net.dmn.up()
    net.url = net.dmn.url("web")
    net.port = int(net.dmn.url("db").rstrip("/").rsplit(":", 1)[1])
    return net


def end(daemon, how):
    daemon.kill() if how == "killed" else daemon.stop()


@pytest.mark.parametrize("how", ["killed", "stopped"])
def test_visitors_of_a_daemon_that_is_away_wait_and_are_served_by_the_next(gap, how):
    end(gap.dmn, how)
    asked = [Asked(gap, gap.url + "one"), Asked(gap, gap.url, "-d", "a body", "-H", "Content-Type: text/x")]
    tcp = gap.visitor(gap.port)
    tcp.sendall(b"early")
    wait_parked(gap.srv, 3)
    gap.srv.notify.wait("STATUS=1 clients, 2 tunnels, 0 streams, 3 visitors parked" if how == "killed" else
                        "STATUS=0 clients, 0 tunnels, 0 streams, 3 visitors parked")
    assert "3 visitors parked" in gap.srv.status()["status"]
    gap.again()
    assert asked[0].status == 200 and asked[0].answer.endswith("origin: GET /one\n")
    assert asked[1].status == 200 and asked[1].answer.endswith("a body")
    assert gap.raw.accept().recv(5) == b"early"
    assert parked(gap.srv) == 0
    lines = [line for line in gap.srv.err().splitlines() if "parked_ms=" in line]
    assert len(lines) == 2 and all(" -> 200" in line and "tunnel=web" in line for line in lines)


def test_a_websocket_waits_too(gap):
    gap.dmn.kill()
    visitor = gap.visitor(gap.srv.public)
    visitor.sendall(b"GET /ws HTTP/1.1\r\nHost: web.localhost\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nahead")
    wait_parked(gap.srv, 1)
    raw = gap.raw_origin()
    gap.tunnels["web"]["local"] = raw.port
    gap.again()
    conn = raw.accept()
    request = b""
    while b"\r\n\r\n" not in request:
        request += conn.recv(4096)
    conn.sendall(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nhello")
    answer = b""
    while not answer.endswith(b"hello"):
        answer += visitor.recv(4096)
    assert answer.startswith(b"HTTP/1.1 101 ")
    assert (request.split(b"\r\n\r\n")[1] or conn.recv(5)) == b"ahead"


def test_a_visitor_that_gives_up_frees_its_place(gap):
    gap.dmn.kill()
    visitor = gap.visitor(gap.srv.public)
    visitor.sendall(b"GET / HTTP/1.1\r\nHost: web.localhost\r\n\r\n")
    wait_parked(gap.srv, 1)
    tcp = gap.visitor(gap.port)
    wait_parked(gap.srv, 2)
    visitor.close()
    wait_parked(gap.srv, 1)
    tcp.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    tcp.close()
    wait_parked(gap.srv, 0)


def test_nobody_waits_longer_than_the_deadline_and_nothing_is_kept_longer_than_the_grace(net):
    origin, raw = net.origin(), net.raw_origin()
    server = net.server(config={"tcp": {"listen": "127.0.0.1", "ports": "25000-25999"}, "timeouts": {"park": "300ms", "grace": "4s"}})
    key = server.key("test", "*", "--tcp", "25000-25999")
    daemon = net.daemon(server, {"web": {"local": origin.port, "subdomain": "web"}, "db": {"proto": "tcp", "local": raw.port}}, key=key)
    daemon.up()
    url, port = daemon.url("web"), int(daemon.url("db").rstrip("/").rsplit(":", 1)[1])
    daemon.stop()
    asked = Asked(net, url, "-H", "Accept: application/json")
    assert asked.status == 503 and asked.field("X-Tunnelto-Error") == "client_away"
    assert 1 <= int(asked.field("Retry-After")) <= 4
    assert json.loads(asked.answer.split("\n\n", 1)[1])["error"] == "client_away"
    with pytest.raises(ConnectionResetError):
        net.visitor(port).recv(1)
    until(lambda: Asked(net, url).status == 404, "the name is free")
    with pytest.raises(ConnectionRefusedError):
        net.visitor(port)


def test_a_name_that_was_given_up_is_free_at_once(gap):
    gap.dmn.ctl("down", "web")
    assert Asked(gap, gap.url).status == 404
    gap.dmn.ctl("up", "web", "--wait")
    gap.dmn.ctl("down", "web")
    gap.dmn.stop()
    assert Asked(gap, gap.url).status == 404


def test_a_one_shot_leaves_nothing_behind(net):
    origin = net.origin()
    server = net.server(config={"anonymous": True})
    for name in ("one", "two"):  # the second is another owner, and finds the name free
        shot = net.run(name, net.program("tunnelto"), "--port", origin.port, "--subdomain", "shot", "--server", server.url)
        until(lambda: shot.out().endswith("\n"), "a URL")
        url = shot.out().split()[-1]
        assert net.curl(url).stdout == "origin: GET /\n"
        shot.stop()
        assert Asked(net, url).status == 404


def test_names_are_kept_for_their_owner_alone(gap):
    gap.dmn.kill()
    other = gap.daemon(gap.srv, {"web": {"local": gap.web.port, "subdomain": "web"}}, key=gap.srv.key("other"), name="other")
    until(lambda: "another key" in (other.tunnel("web")["error"] or ""), "refused")
    assert gap.again().up("web") == gap.url


def test_a_full_car_park_turns_visitors_away_at_once(net):
    origin = net.origin()
    server = net.server(config={"limits": {"parked": 8}})
    daemon = net.daemon(server, {"web": {"local": origin.port, "subdomain": "web"}}, key=server.key())
    url = daemon.up("web")
    daemon.kill()
    asked = [Asked(net, url) for _ in range(4)]  # a tunnel's half
    wait_parked(server, 4)
    refused = Asked(net, url)
    assert refused.status == 503 and refused.field("X-Tunnelto-Error") == "too_many_waiting"
    assert 1 <= int(refused.field("Retry-After")) <= 10
    assert server.status()["counters"]["parked_refused"] == 1
    net.daemon(server, {"web": {"local": origin.port, "subdomain": "web"}}, key=net.dir / "server-test.key")
    assert [a.status for a in asked] == [200] * 4


@pytest.mark.heavy
def test_a_crowd_that_waits_costs_what_is_allowed_and_no_more(net):
    origin = net.origin()
    server = net.server(config={"limits": {"parked": 100000, "parked_bytes": "512KiB"}})
    daemon = net.daemon(server, {"web": {"local": origin.port, "subdomain": "web"}}, key=server.key())
    daemon.up("web")
    daemon.kill()
    before = server.rss()
    head = b"POST / HTTP/1.1\r\nHost: web.localhost\r\nX: %s\r\nContent-Length: 1000000\r\n\r\n" % (b"x" * 8000)
    crowd = []
    for _ in range(300):  # what is behind the head is not read beyond its bound
        visitor = net.visitor(server.public)
        with contextlib.suppress(OSError):
            visitor.sendall(head + b"b" * 32768)
        crowd.append(visitor)
    counters = until(lambda: (c := server.status()["counters"])["parked"] + c["parked_refused"] == 300 and c, "all were looked at")
    assert 5 <= counters["parked"] <= 256 * 1024 // 8000
    until(lambda: server.rss() - before < 24 * 1024 * 1024, "memory is flat")


def test_what_came_along_with_a_head_counts_too(net):
    origin = net.origin()
    server = net.server(config={"limits": {"parked_bytes": "512KiB"}})
    daemon = net.daemon(server, {"web": {"local": origin.port, "subdomain": "web"}}, key=server.key())
    daemon.up("web")
    daemon.kill()
    crowd = [net.visitor(server.public) for _ in range(30)]
    for visitor in crowd:  # the half of 512 KiB that a tunnel may have is seven of them, or some more when they come in pieces
        with contextlib.suppress(OSError):
            visitor.sendall(b"POST / HTTP/1.1\r\nHost: web.localhost\r\nContent-Length: 1000000\r\n\r\n" + b"b" * 32768)
    counters = until(lambda: (c := server.status()["counters"])["parked"] + c["parked_refused"] == 30 and c, "all were looked at")
    assert 5 <= counters["parked"] <= 16


def test_names_live_through_a_restart_of_the_server(gap):
    ports = {"public": [{"listen": f"127.0.0.1:{gap.srv.public}"}], "control": [{"listen": f"127.0.0.1:{gap.srv.port}"}]}
    names = gap.srv.dir / "state" / "names.json"
    until(lambda: names.exists() and "25" in names.read_text() and "web.localhost" in names.read_text(), "written")
    gap.dmn.kill()
    gap.srv.kill()
    config = dict(ports, tcp={"listen": "127.0.0.1", "ports": "25000-25999"})
    again = gap.srv = gap.server(config=config)
    asked = Asked(gap, gap.url)
    tcp = gap.visitor(gap.port)
    wait_parked(again, 2)
    other = gap.daemon(again, {"web": {"local": gap.web.port, "subdomain": "web"}}, key=again.key("other"), name="other")
    until(lambda: "another key" in (other.tunnel("web")["error"] or ""), "refused")
    gap.again()
    assert asked.status == 200
    tcp.sendall(b"x")
    assert gap.raw.accept().recv(1) == b"x"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"names": 7}', '{"names": [{"name": "web", "hostname": "web.localhost"}, 3]}'])
def test_a_broken_list_of_names_keeps_no_server_from_starting(net, text):
    state = net.dir / "server" / "state"
    state.mkdir(parents=True)
    (state / "names.json").write_text(text)
    server = net.server()
    with socket.create_connection(("127.0.0.1", server.public)) as s:
        s.sendall(b"GET / HTTP/1.1\r\nHost: web.localhost\r\n\r\n")
        assert s.recv(100).startswith(b"HTTP/1.1 404 ")
