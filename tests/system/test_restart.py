# SPDX-License-Identifier: MIT
"""Restarts and crashes under load: no new request fails, and nothing that was cut looks whole."""
import contextlib
import re
import signal
import socket
import threading

import pytest

from actors import MIB, Server, activated, passed, until
from load import Load
from test_links import Bulk

RATE = 200


class Activated(Server):
    """The server as systemd starts it: its sockets are held by the test, over every restart."""

    def __init__(self, net, sockets, **more):
        self.sockets = sockets
        super().__init__(net, wait=False, pass_fds=range(3, 3 + len(sockets)), limits=passed(*[(s, None) for s in sockets.values()]), **more)

    def command(self, argv):
        return activated(argv, list(self.sockets))


@pytest.fixture
def held(net):
    """Sockets that stay, the server on them, a daemon, and an origin whose every answer says `load`."""
    net.web = net.origin("load")
    net.sockets = {name: socket.create_server(("127.0.0.1", 0), backlog=4096) for name in ("public", "control")}
    net.start_server = lambda: net.add(Activated(net, net.sockets, config={"timeouts": {"drain": "5s"}})).ready()
    net.srv = net.start_server()
    net.key = net.srv.key()
    net.tunnels = {"web": {"local": net.web.port, "subdomain": "web"}}
    net.start_daemon = lambda: net.daemon(net.srv, net.tunnels, key=net.key, config={"drain": "5s"})
    net.dmn = net.start_daemon()
    net.dmn.up("web")
    yield net
    for sock in net.sockets.values():
        sock.close()


def under_load(net, restart, times):
    """@times restarts, each begun when requests are served again; what failed, and how many answers were cut off."""
    with Load(net.srv.public, "web.localhost", RATE) as load:
        for _ in range(times):
            served = load.served
            until(lambda: load.served > served + RATE // 4, "requests are served")
            restart()
            served = load.served
            until(lambda: load.served > served + RATE // 4, "requests are served again")
    print(f"{times} restarts, {load.sent} requests, {len(load.faults)} failed, {load.cut} answers cut, slowest {load.slowest:.2f} s")
    assert load.sent == load.served + len(load.faults) + load.cut
    return load.faults, load.cut


TIMES = pytest.mark.parametrize("times", [2, pytest.param(20, marks=pytest.mark.long)])


@pytest.mark.heavy
@TIMES
def test_a_killed_and_restarted_daemon_costs_no_new_request(held, times):
    def restart():
        held.dmn.kill()
        held.dmn = held.start_daemon()
    assert under_load(held, restart, times)[0] == []


@pytest.mark.heavy
@TIMES
def test_an_orderly_restart_of_the_daemon_costs_no_request(held, times):
    def restart():
        assert held.dmn.stop() == 0
        held.dmn = held.start_daemon()
    assert under_load(held, restart, times) == ([], 0)


@pytest.mark.heavy
@TIMES
def test_an_orderly_restart_of_the_server_costs_no_request(held, times):
    def restart():
        assert held.srv.stop() == 0
        held.srv = held.start_server()
    assert under_load(held, restart, times) == ([], 0)


def test_whoever_is_in_the_queue_of_a_server_without_a_manager_is_served_before_it_stops(net):
    web = net.origin("load")
    server = net.server(config={"timeouts": {"drain": "5s"}})
    net.daemon(server, {"web": {"local": web.port, "subdomain": "web"}}, key=server.key()).up("web")
    server.process.send_signal(signal.SIGSTOP)
    crowd = [net.visitor(server.public) for _ in range(150)]
    for visitor in crowd:
        visitor.sendall(b"GET / HTTP/1.1\r\nHost: web.localhost\r\n\r\n")
    server.process.terminate()
    server.process.send_signal(signal.SIGCONT)
    assert [v.recv(4096)[:13] for v in crowd] == [b"HTTP/1.1 200 "] * len(crowd)


def test_whoever_was_accepted_before_the_server_stops_is_served(held):
    visitor = held.visitor(held.srv.public)
    until(lambda: held.srv.status()["counters"]["visitors"] == 1, "it was accepted")
    held.srv.process.terminate()
    held.srv.notify.wait("STOPPING=1")
    visitor.sendall(b"GET /load HTTP/1.1\r\nHost: web.localhost\r\n\r\n")
    assert visitor.recv(4096).startswith(b"HTTP/1.1 200 ")
    assert held.srv.wait_end() == 0


class Cut(threading.Thread):
    """A download of which a part has come; how it ends, and what there was of it."""

    def __init__(self, port, target):
        super().__init__(daemon=True)
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.sock.sendall(b"GET %s HTTP/1.1\r\nHost: bulk.localhost\r\n\r\n" % target)
        self.got, self.ended = b"", None
        self.began = threading.Event()
        self.start()

    def run(self):
        try:
            while piece := self.sock.recv(65536):
                self.got = (self.got + piece)[:100000]
                if len(self.got) > 50000 and not self.began.is_set():
                    self.began.set()
                    self.go_on.wait(60)
            self.ended = "fin"
        except ConnectionResetError:
            self.ended = "rst"

    go_on = threading.Event()


@pytest.mark.parametrize("how", ["killed and restarted", "killed for good", "server stopped"])
def test_what_was_under_way_ends_in_a_reset(net, how):
    bulk, server = net.add(Bulk()), net.server(config={"timeouts": {"grace": "1s", "drain": "200ms"}})
    key = server.key()
    start = lambda: net.daemon(server, {"bulk": {"local": bulk.port, "subdomain": "bulk"}}, key=key)
    daemon = start()
    daemon.up()
    Cut.go_on.clear()
    cuts = {framing: Cut(server.public, b"/%s/64" % framing) for framing in (b"length", b"chunked", b"close")}
    for cut in cuts.values():
        assert cut.began.wait(30)
    if how == "server stopped":
        server.stop()
    else:
        daemon.kill()
    if how == "killed and restarted":
        start().up()
    Cut.go_on.set()
    for cut in cuts.values():
        cut.join(60)
    assert {f: c.ended for f, c in cuts.items()} == {f: "rst" for f in cuts}


def test_a_request_with_a_body_that_was_lost_with_the_session_is_not_sent_twice(net):
    raw, server = net.raw_origin(), net.server()
    key = server.key()
    daemon = net.daemon(server, {"web": {"local": raw.port, "subdomain": "web"}}, key=key)
    daemon.up()
    safe, other = net.visitor(server.public), net.visitor(server.public)
    safe.sendall(b"GET /safe HTTP/1.1\r\nHost: web.localhost\r\n\r\n")
    assert raw.accept().recv(4096).startswith(b"GET /safe ")
    other.sendall(b"POST /other HTTP/1.1\r\nHost: web.localhost\r\nContent-Length: 1\r\n\r\nx")
    assert raw.accept().recv(4096).startswith(b"POST /other ")
    daemon.kill()
    net.daemon(server, {"web": {"local": raw.port, "subdomain": "web"}}, key=key).up()
    assert b" 502 " in other.recv(4096).split(b"\r\n")[0]
    conn = raw.accept()  # the one that may be repeated is, once
    assert conn.recv(4096).startswith(b"GET /safe ")
    conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    assert safe.recv(4096).endswith(b"ok")


# --- whose session it is ----------------------------------------------------------------------------------------------------


def test_nobody_takes_up_a_session_that_is_not_his(net):
    """Right id with a wrong secret, right id and secret with another key, an unknown id: a new session each, and the owner's goes on."""
    from wormhole import Client
    origin, server = net.raw_origin(), net.server(config={"tcp": {"listen": "127.0.0.1", "ports": "27000-27999"}})
    mine, theirs = (server.key(name, "*", "--tcp", "27000-27999").read_text().strip() for name in ("mine", "theirs"))
    owner = Client(server.port, mine)
    owner.hello()
    port = owner.register(1, "db", "tcp")["port"]
    visitor = net.visitor(port)
    stream = owner.wait_open()
    stolen = {"session": owner.welcome["session"], "secret": owner.welcome["secret"]}
    wrong = stolen["secret"][:-1] + ("0" if stolen["secret"][-1] != "0" else "1")
    for key, claim in ((mine, dict(stolen, secret=wrong)), (mine, dict(stolen, secret="")), (theirs, stolen),
                       (mine, dict(stolen, session="0" * 32))):
        thief = Client(server.port, key)
        thief.hello(**claim)
        assert thief.welcome["resumed"] is False and thief.welcome["session"] != stolen["session"]
        thief.close()
    owner.data(stream, 0, b"still mine")
    assert visitor.recv(100) == b"still mine"
    owner.close()
    again = net.add(Client(server.port, mine))
    again.hello(**stolen)
    assert again.welcome["resumed"] is True and again.welcome["session"] == stolen["session"]
    again.resume((stream, 0, 262144))
    # the secret was good once: who has listened to the old connection has nothing
    late = net.add(Client(server.port, mine))
    late.hello(**stolen)
    assert late.welcome["resumed"] is False
    again.data(stream, 10, b" again")
    assert visitor.recv(100) == b" again"
    assert origin.opened == []
