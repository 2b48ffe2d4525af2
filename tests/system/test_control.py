# SPDX-License-Identifier: MIT
"""The control sockets of both daemons under strangers: any bytes, any order, any user, and callers that go away."""
import contextlib
import json
import os
import socket
import subprocess
import sys

import pytest

from actors import WAIT, until


class Caller:
    """One raw connection to a control socket."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(WAIT)
        self.sock.connect(path)
        self.rest = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def say(self, method, params=None, **flags):
        self.sock.sendall(json.dumps({"method": method, "parameters": params or {}, **flags}).encode() + b"\0")

    def hear(self):
        while b"\0" not in self.rest:
            piece = self.sock.recv(65536)
            assert piece, "the daemon hung up"
            self.rest += piece
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def ask(self, method, params=None, **flags):
        self.say(method, params, **flags)
        return self.hear()

    def is_closed(self):
        try:
            return self.sock.recv(1) == b""
        except ConnectionResetError:
            return True


def names(daemon):
    return [t["name"] for t in daemon.status()["tunnels"]]


@pytest.mark.parametrize("bytes_sent", [b"hello\0", b"\0", b"[]\0", b'{"method":1}\0', b"GET / HTTP/1.1\r\n\r\n\0", b"\xff" * 64 + b"\0",
                                        b"[" * 500000 + b"\0", b" " * 3000000], ids=lambda b: repr(b[:24]))
def test_garbage_ends_its_own_connection_only(pair, bytes_sent):
    for daemon in (pair.dmn, pair.srv):
        with Caller(daemon.control) as good, Caller(daemon.control) as bad:
            try:
                bad.sock.sendall(bytes_sent)
            except (BrokenPipeError, ConnectionResetError):
                pass
            assert bad.is_closed()
            assert "error" not in good.ask("org.varlink.service.GetInfo")
    assert pair.curl(pair.url).stdout == "origin: GET /\n"


def test_a_hundred_calls_at_once_are_answered_in_order(pair):
    with Caller(pair.dmn.control) as caller:
        for i in range(100):
            caller.say("io.tunnelto.Client.Tunnel", {"name": "web" if i % 2 else f"no{i}"})
        for i in range(100):
            reply = caller.hear()
            if i % 2:
                assert reply["parameters"]["tunnel"]["name"] == "web"
            else:
                assert reply == {"error": "io.tunnelto.Client.NoSuchTunnel", "parameters": {"name": f"no{i}"}}


def test_a_bound_tunnel_ends_with_its_caller(pair):
    with Caller(pair.dmn.control) as caller:
        caller.say("io.tunnelto.Client.Open", {"name": "guest", "proto": "http", "local": str(pair.web.port), "bind": True}, more=True)
        reply = caller.hear()
        while reply["parameters"]["tunnel"]["state"] != "up":
            assert reply["continues"]
            reply = caller.hear()
        url = reply["parameters"]["tunnel"]["url"]
        assert pair.curl(url).stdout == "origin: GET /\n"
    until(lambda: names(pair.dmn) == ["web"], "the guest is gone")


def test_an_open_caller_hears_why_its_tunnel_is_not_up(net):
    daemon = net.daemon(config={"server": {"url": "http://127.0.0.1:9"}, "tunnels": {}})
    with Caller(daemon.control) as caller:
        caller.say("io.tunnelto.Client.Open", {"proto": "http", "local": "8000", "bind": True}, more=True)
        reply = caller.hear()
        while not reply["parameters"]["tunnel"]["error"]:
            reply = caller.hear()
        assert "refused" in reply["parameters"]["tunnel"]["error"]


@pytest.mark.parametrize("params, flags, error, detail", [
    ({"bind": True}, {}, "org.varlink.service.ExpectedMore", {}),
    ({"name": 7}, {}, "org.varlink.service.InvalidParameter", {"parameter": "name"}),
    ({"name": "a b"}, {}, "org.varlink.service.InvalidParameter", {"parameter": "name"}),
    ({"proto": "udp"}, {}, "org.varlink.service.InvalidParameter", {"parameter": "proto"}),
    ({"local": 8000}, {}, "org.varlink.service.InvalidParameter", {"parameter": "local"}),
    ({"remote_port": 65536}, {}, "org.varlink.service.InvalidParameter", {"parameter": "remote_port"}),
    ({"name": "web"}, {}, "io.tunnelto.Client.NameTaken", {"name": "web"}),
])
def test_open_names_what_is_wrong(pair, params, flags, error, detail):
    with Caller(pair.dmn.control) as caller:
        reply = caller.ask("io.tunnelto.Client.Open", {"proto": "http", "local": "8000", "bind": False, **params}, **flags)
        assert (reply["error"], reply["parameters"]) == (error, detail)
    assert names(pair.dmn) == ["web"]


def test_ad_hoc_tunnels_have_a_limit(net):
    daemon = net.daemon(config={"server": {"url": "http://127.0.0.1:9"}, "tunnels": {}})
    with Caller(daemon.control) as caller:
        for _ in range(1000):
            assert "error" not in caller.ask("io.tunnelto.Client.Open", {"proto": "http", "local": "1", "bind": False})
        assert caller.ask("io.tunnelto.Client.Open", {"proto": "http", "local": "1", "bind": False})["error"] == "io.tunnelto.Client.BadTunnel"
        assert len(caller.ask("io.tunnelto.Client.Down", {"names": []})["parameters"]["tunnels"]) == 1000
        assert "error" not in caller.ask("io.tunnelto.Client.Open", {"proto": "http", "local": "1", "bind": False})


def test_logs_follow_until_the_caller_goes(pair):
    with Caller(pair.dmn.control) as caller:
        assert caller.ask("io.tunnelto.Client.Logs", {"follow": True})["error"] == "org.varlink.service.ExpectedMore"
        caller.say("io.tunnelto.Client.Logs", {"follow": True, "tail": 0, "tunnel": "web"}, more=True)
        assert caller.hear() == {"parameters": {"events": []}, "continues": True}
        pair.dmn.ctl("down", "web")
        events = caller.hear()["parameters"]["events"]
        assert events and all(e["fields"]["TUNNEL"] == "web" for e in events)
    pair.dmn.ctl("up", "web", "--wait")


STRANGER = """
import json, os, socket, sys
os.setgroups([]); os.setgid(65534); os.setuid(65534)
for method in sys.argv[2:]:
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(sys.argv[1])
    sock.sendall(json.dumps({"method": method}).encode() + bytes(1))
    out = b""
    while not out.endswith(bytes(1)):
        out += sock.recv(65536)
    print(json.loads(out[:-1]).get("error", "done"))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can call as somebody else")
def test_strangers_may_read_when_the_socket_lets_them_in_and_nothing_else(pair):
    refused = "org.varlink.service.PermissionDenied"
    for daemon, reads, others in (
            (pair.dmn, ["Client.Status"], ["Client.Up", "Client.Down", "Client.Wait", "Client.Open", "Client.Reload", "Client.Logs"]),
            (pair.srv, ["Server.Status"], ["Server.KeyAdd", "Server.KeyList", "Server.KeyRevoke", "Server.Reload", "Server.Logs"])):
        argv = [sys.executable, "-c", STRANGER, daemon.control, *["io.tunnelto." + m for m in reads + others]]
        directory = os.path.dirname(daemon.control)
        shut = subprocess.run(argv, capture_output=True, text=True, timeout=WAIT)
        assert "PermissionError" in shut.stderr
        while os.stat(directory).st_uid == os.geteuid() and directory not in ("/", "/tmp"):
            os.chmod(directory, os.stat(directory).st_mode | 0o011)
            directory = os.path.dirname(directory)
        os.chmod(daemon.control, 0o666)
        done = subprocess.run(argv, capture_output=True, text=True, timeout=WAIT)
        assert done.stdout.split() == ["done"] * len(reads) + [refused] * len(others), done


def in_memory(pid, *texts):
    """How often each of @texts lies in what the process may write."""
    found = [0] * len(texts)
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as mem:
        for line in maps:
            span, rights = line.split()[:2]
            if not rights.startswith("rw"):
                continue
            low, high = (int(n, 16) for n in span.split("-"))
            with contextlib.suppress(OSError, OverflowError):
                mem.seek(low)
                kept = mem.read(high - low)
                found = [n + kept.count(t) for n, t in zip(found, texts)]
    return found


def test_secrets_that_passed_the_socket_lie_in_no_message_any_more(net):
    if net.sanitized:
        pytest.skip("a sanitizer keeps what was freed")
    server = net.server()
    secret = json.loads(server.ctl("key", "add", "k", "--allow", "*", "--json").stdout)["secret"]
    assert in_memory(server.pid, b'secret":"' + secret.encode(), secret.encode()) == [0, 0]
    key = net.dir / "k"
    key.write_text(secret)
    key.chmod(0o600)
    daemon = net.daemon(server, {}, key=key, config={"dashboard": {"enabled": True, "listen": "127.0.0.1:0"}})
    shared = net.dir / "shared"
    shared.write_text("shared-by-both-of-us-4711")
    shared.chmod(0o600)
    daemon.ctl("http", "1", "--subdomain", "web", "--verify", "github", "--secret-file", shared, "--detach")
    token = daemon.ctl("dashboard").stdout.strip().split("token=")[1]
    message, plain, url, whole = in_memory(daemon.pid, b'secret":"shared-by-both', b"shared-by-both-of-us-4711", b"token=" + token.encode(), token.encode())
    assert (message, url) == (0, 0) and plain <= 1 and whole <= 1
