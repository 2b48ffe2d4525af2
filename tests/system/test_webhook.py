# SPDX-License-Identifier: MIT
"""Tunnels whose requests are signed: nothing that is not signed reaches the origin, and what is passes byte for byte.

Signatures are made by Python's hmac, which shares nothing with the programs.
"""
import base64
import hashlib
import hmac
import json
import os
import socket
import time

import pytest

import strict_http as strict
from actors import MIB, Net, until
from test_control import Caller
from v1_server import V1Server

SECRET = "It's a Secret to Everybody"
STANDARD_KEY = bytes(range(24))
STANDARD_SECRET = "whsec_" + base64.b64encode(STANDARD_KEY).decode()
BODY = b'{"event": "push", "n": 1}'


def digest(key, message, how="sha256"):
    return hmac.new(key if isinstance(key, bytes) else key.encode(), message, how)


def github(body, secret=SECRET, now=None):
    return {"X-Hub-Signature-256": "sha256=" + digest(secret, body).hexdigest()}


def stripe(body, secret=SECRET, now=None):
    t = int(now or time.time())
    return {"Stripe-Signature": f"t={t},v1={'0' * 64},v1={digest(secret, b'%d.%s' % (t, body)).hexdigest()},v0=old"}


def slack(body, secret=SECRET, now=None):
    t = int(now or time.time())
    return {"X-Slack-Request-Timestamp": str(t), "X-Slack-Signature": "v0=" + digest(secret, b"v0:%d:%s" % (t, body)).hexdigest()}


def shopify(body, secret=SECRET, now=None):
    return {"X-Shopify-Hmac-Sha256": base64.b64encode(digest(secret, body).digest()).decode()}


def standard(body, secret=STANDARD_KEY, now=None):
    t = int(now or time.time())
    mac = digest(secret, b"msg_1.%d.%s" % (t, body)).digest()
    return {"webhook-id": "msg_1", "webhook-timestamp": str(t), "webhook-signature": "v1a,xyz v1," + base64.b64encode(mac).decode()}


def generic(body, secret=SECRET, now=None):
    return {"X-Sum": "v1:" + base64.b64encode(digest(secret, body, "sha512").digest()).decode()}


SENDERS = {
    "github": (github, {"secret": SECRET}),
    "stripe": (stripe, {"secret": SECRET}),
    "slack": (slack, {"secret": SECRET}),
    "shopify": (shopify, {"secret": SECRET}),
    "standard-webhooks": (standard, {"secret": STANDARD_SECRET}),
    "hmac": (generic, {"secret": SECRET, "header": "X-Sum", "prefix": "v1:", "encoding": "base64", "algorithm": "sha512"}),
}
TIMED = ("stripe", "slack", "standard-webhooks")


def tunnel(port, provider="github", **more):
    return {"local": port, "subdomain": provider, "verify": {"provider": provider, **SENDERS[provider][1], **more}}


def head(host, fields, method=b"POST", target=b"/hook"):
    lines = "".join(f"{k}: {v}\r\n" for k, v in fields.items()).encode()
    return method + b" " + target + b" HTTP/1.1\r\nHost: " + host.encode() + b".localhost\r\n" + lines + b"\r\n"


def post(host, body, fields, **more):
    return head(host, {**fields, "Content-Length": len(body)}, **more) + body


def get(host, fields=None):
    return head(host, fields or {}, method=b"GET")


class Visitor:
    """A connection, for one request after the other."""

    def __init__(self, net, port):
        self.sock = net.visitor(port)
        self.wire = strict.Wire(self.sock)

    def say(self, request):
        self.sock.sendall(request)
        return self

    def hear(self, method=b"POST"):
        return self.wire.response(method)

    def ask(self, request, method=b"POST"):
        return self.say(request).hear(method)


class Hooks:
    """A daemon with tunnels of signed requests."""

    def __init__(self, net, tunnels, **config):
        self.net = net
        self.srv = net.server()
        self.dmn = net.daemon(self.srv, tunnels, key=self.srv.key(), config=config or None)
        self.dmn.up()

    def visitor(self):
        return Visitor(self.net, self.srv.public)

    def ask(self, request, method=b"POST"):
        """One request over a connection of its own."""
        visitor = self.visitor()
        try:
            return visitor.ask(request, method)
        finally:
            visitor.sock.close()

    def requests(self, tunnel):
        """What the inspector has of a tunnel's, oldest first."""
        with Caller(self.dmn.control) as c:
            return c.ask("io.tunnelto.Client.Requests", {"filter": {"tunnel": tunnel}})["parameters"]["requests"]

    def found(self, tunnel):
        return [(r["status"], r["verification"]["result"], r["verification"]["why"]) for r in self.requests(tunnel)]


@pytest.fixture(scope="module")
def shared(request):
    """A tunnel for each sender, to one origin, for tests that leave nothing behind."""
    net = Net(request.config.getoption("--build"))
    net.web = net.origin()
    net.hooks = Hooks(net, {p: tunnel(net.web.port, p) for p in SENDERS})
    yield net
    net.end()


@pytest.fixture
def hooks(shared):
    shared.web.seen.clear()
    return shared.hooks


@pytest.fixture
def seen(shared):
    return shared.web.seen


# --- the senders ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("provider", SENDERS)
def test_what_is_signed_arrives_and_what_is_not_never_does(hooks, seen, provider):
    sign = SENDERS[provider][0]
    good = hooks.ask(post(provider, BODY, sign(BODY)))
    assert (good.status, good.body) == (200, BODY)
    assert len(seen) == 1
    for request, why in (
            (post(provider, BODY + b" ", sign(BODY)), "the signature does not match: is the secret right?"),
            (post(provider, BODY, sign(BODY, b"guess")), "the signature does not match: is the secret right?"),
            (post(provider, BODY, {}), None)):
        bad = hooks.ask(request)
        assert bad.status == 401 and bad.values(b"x-tunnelto-error") == [b"bad_signature"]
        assert why is None or why.encode() in bad.body
    assert len(seen) == 1, "the origin saw what it must not see"
    results = hooks.found(provider)
    assert [r[:2] for r in results] == [(200, "verified")] + [(401, "failed")] * 3
    assert results[1][2] == "the signature does not match: is the secret right?"
    assert results[3][2].startswith("no ")


@pytest.mark.parametrize("provider", TIMED)
def test_a_time_stamp_that_is_too_far_away_is_told(hooks, seen, provider):
    sign = SENDERS[provider][0]
    old = hooks.ask(post(provider, BODY, {**sign(BODY, now=time.time() - 725), "Accept": "application/json"}))
    assert old.status == 401
    told = json.loads(old.body)
    assert told == {"status": 401, "error": "bad_signature",
                    "message": "the time stamp is 12 minutes old, 5 minutes are allowed"}
    early = hooks.ask(post(provider, BODY, sign(BODY, now=time.time() + 1000)))
    assert b"ahead, 5 minutes are allowed: is the clock right?" in early.body
    assert hooks.ask(post(provider, BODY, sign(BODY, now=time.time() - 200))).status == 200
    assert len(seen) == 1


def test_requests_without_a_body_are_checked_too(hooks, seen):
    assert hooks.ask(get("github"), b"GET").status == 401
    assert hooks.ask(head("github", {}, method=b"HEAD"), b"HEAD").status == 401
    assert hooks.ask(head("github", {}, method=b"OPTIONS"), b"OPTIONS").status == 401
    assert seen == []
    assert hooks.ask(get("github", github(b"")), b"GET").status == 200
    assert hooks.ask(head("github", github(b""), method=b"HEAD"), b"HEAD").status == 200
    assert [m for m, _, _ in seen] == ["GET", "HEAD"]


def test_a_field_that_comes_twice_is_no_signature(hooks, seen):
    lines = "".join(f"X-Hub-Signature-256: {v}\r\n" for v in ("sha256=" + "0" * 64, github(BODY)["X-Hub-Signature-256"]))
    bad = hooks.ask(b"POST / HTTP/1.1\r\nHost: github.localhost\r\nContent-Length: %d\r\n%s\r\n%s" % (len(BODY), lines.encode(), BODY))
    assert bad.status == 401 and b"there are several X-Hub-Signature-256 fields" in bad.body
    assert seen == []


# --- bodies --------------------------------------------------------------------------------------------------------


def test_good_bad_and_good_again_on_one_connection(hooks, seen):
    visitor = hooks.visitor()
    for n in range(2):
        assert visitor.ask(post("github", BODY, github(BODY))).status == 200
        assert visitor.ask(post("github", BODY, github(b"other"))).status == 401
        assert visitor.ask(get("github"), b"GET").status == 401
        assert visitor.ask(get("github", github(b"")), b"GET").status == 200
        assert len(seen) == 2 * (n + 1)


def test_chunks_are_signed_without_their_framing_and_arrive_with_it(hooks, seen):
    chunks = b"5\r\n{\"a\":\r\n" b"1;x=y\r\n1\r\n" b"1\r\n}\r\n0\r\nX-Trailer: t\r\n\r\n"
    fields = {"Transfer-Encoding": "chunked", **github(b'{"a":1}')}
    good = hooks.ask(head("github", fields) + chunks)
    assert (good.status, good.body) == (200, b'{"a":1}')
    assert seen[0][2]["Transfer-Encoding"] == "chunked"
    assert hooks.ask(head("github", {"Transfer-Encoding": "chunked", **github(chunks)}) + chunks).status == 401
    assert len(seen) == 1


def test_a_body_larger_than_every_window_arrives_whole(hooks, seen):
    body = os.urandom(6 * MIB)
    big = hooks.ask(post("github", body, github(body)))
    assert big.status == 200 and hashlib.sha256(big.body).digest() == hashlib.sha256(body).digest()
    assert hooks.ask(post("github", body[:-1] + b"x", github(body))).status == 401
    assert len(seen) == 1


def test_a_sender_that_waits_to_be_asked_is_asked(hooks, seen):
    visitor = hooks.visitor()
    expects = {"Expect": "100-continue", "Content-Length": len(BODY)}
    visitor.say(head("github", {**expects, **github(BODY)}))
    assert visitor.sock.recv(1000).startswith(b"HTTP/1.1 100 ")
    assert seen == [], "the origin was asked before the body was there"
    good = visitor.ask(BODY)
    assert (good.status, good.body) == (200, BODY)
    # where the head says enough, nobody sends a body in vain
    bad = hooks.visitor().ask(head("github", expects))
    assert bad.status == 401 and bad.interim == [] and b"close" in bad.options(b"connection")
    assert len(seen) == 1


def test_an_upgrade_needs_a_signature_and_then_passes(net):
    raw = net.raw_origin()
    hooks = Hooks(net, {"github": tunnel(raw.port)})
    wants = {"Connection": "Upgrade", "Upgrade": "x"}
    assert hooks.ask(get("github", wants), b"GET").status == 401
    assert raw.none_waits()
    # not granted: what follows is a request again, and checked like one
    visitor = hooks.visitor()
    visitor.say(get("github", {**wants, **github(b"")}))
    origin = raw.accept()
    assert b"Upgrade: x" in origin.recv(65536)
    origin.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    assert visitor.hear(b"GET").status == 200
    assert visitor.ask(get("github"), b"GET").status == 401
    visitor = hooks.visitor()
    visitor.say(get("github", {**wants, **github(b"")}))
    origin = raw.accept()
    origin.recv(65536)
    origin.sendall(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nhi")
    seen = b""
    while not seen.endswith(b"hi"):
        seen += visitor.sock.recv(65536)
    for text in (b"GET / HTTP/1.1\r\n\r\n", b"anything"):
        visitor.say(text)
        assert origin.recv(65536) == text


# --- what goes wrong on the way --------------------------------------------------------------------------------------


def test_the_origin_is_not_even_dialled_for_what_is_refused(net):
    raw = net.raw_origin()
    hooks = Hooks(net, {"github": tunnel(raw.port, timeout="300ms", max_body="1KiB")})
    assert hooks.ask(post("github", BODY, github(b"no"))).status == 401
    # too slow: in the body, and in the middle of it
    slow = hooks.visitor().ask(head("github", {**github(BODY), "Content-Length": len(BODY)}))
    assert slow.status == 408 and slow.values(b"x-tunnelto-error") == [b"request_timeout"]
    assert hooks.visitor().ask(post("github", BODY, {**github(BODY)})[:-3]).status == 408
    # too large: said before, and only when it comes
    large = hooks.visitor().ask(head("github", {**github(BODY), "Content-Length": 1025}))
    assert large.status == 413 and large.values(b"x-tunnelto-error") == [b"body_too_large"]
    chunks = head("github", {**github(BODY), "Transfer-Encoding": "chunked"}) + b"800\r\n" + b"x" * 2048 + b"\r\n0\r\n\r\n"
    assert hooks.visitor().ask(chunks).status == 413
    # gone in the middle
    gone = hooks.visitor().say(post("github", BODY, github(BODY))[:-3])
    until(lambda: hooks.dmn.tunnel("github")["streams"] == 1, "the request is on its way")
    gone.sock.close()
    until(lambda: hooks.dmn.tunnel("github")["streams"] == 0, "the daemon knows that the visitor has left")
    assert raw.none_waits()
    good = hooks.visitor().say(post("github", b"x" * 1024, github(b"x" * 1024)))
    origin = raw.accept()
    got = b""
    while not got.endswith(b"x" * 1024):
        got += origin.recv(65536)
    origin.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
    assert good.hear().status == 204


def test_all_bodies_together_are_bounded(net):
    web = net.origin()
    hooks = Hooks(net, {"github": tunnel(web.port)}, webhooks={"memory": "1792KiB"})
    body = b"x" * MIB  # a buffer grows by half: one such body always fits, two never do
    first = hooks.visitor().say(post("github", body, github(body))[:-1])
    until(lambda: [r["request_bytes"] for r in hooks.requests("github")] == [MIB - 1], "all but the end of the first body")
    full = [hooks.ask(post("github", body, github(body)))]
    assert full[0].status == 503
    assert full[0].values(b"x-tunnelto-error") == [b"too_many_bodies"] and full[0].values(b"retry-after") == [b"5"]
    assert hooks.ask(post("github", BODY, github(BODY))).status == 200, "a small one fits in"
    assert first.say(body[-1:]).hear().status == 200
    until(lambda: hooks.ask(post("github", body, github(body))).status == 200, "the memory is free again")


def test_where_it_is_not_enforced_everything_passes_and_is_marked(net):
    web = net.origin()
    hooks = Hooks(net, {"github": tunnel(web.port, enforce=False)})
    visitor = hooks.visitor()
    chunks = b"3\r\nabc\r\n0\r\n\r\n"
    for request, method in ((post("github", BODY, github(BODY)), b"POST"), (post("github", BODY, github(b"no")), b"POST"), (get("github"), b"GET"),
                            (head("github", {"Transfer-Encoding": "chunked", **github(b"abc")}) + chunks, b"POST")):
        assert visitor.ask(request, method).status == 200
    assert len(web.seen) == 4
    assert hooks.found("github") == [(200, "verified", None), (200, "failed", "the signature does not match: is the secret right?"),
                                     (200, "failed", "no X-Hub-Signature-256 field"), (200, "verified", None)]


def read_to(conn, n):
    got = b""
    while len(got) < n:
        piece = conn.recv(65536)
        assert piece, len(got)
        got += piece
    return got


def test_an_origin_that_reads_slowly_gets_all_and_one_that_answers_early_is_heard(net):
    raw = net.raw_origin(rcvbuf=4096)
    hooks = Hooks(net, {"github": tunnel(raw.port)})
    body = os.urandom(2 * MIB)
    visitor = hooks.visitor().say(post("github", body, github(body)))
    origin = raw.accept()
    got = read_to(origin, 1000)
    want = len(got.split(b"\r\n\r\n")[0]) + 4 + len(body)
    got += read_to(origin, want - len(got))
    assert got[-len(body):] == body
    origin.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    assert visitor.hear().status == 200
    early = hooks.visitor().say(post("github", body, github(body)))
    origin = raw.accept()
    origin.recv(1000)
    origin.sendall(b"HTTP/1.1 413 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    origin.shutdown(socket.SHUT_WR)
    assert early.hear().status == 413


def test_where_it_is_not_enforced_nothing_is_held_back(net):
    raw = net.raw_origin()
    hooks = Hooks(net, {"github": tunnel(raw.port, enforce=False, max_body="1KiB", timeout="100ms")})
    body = b"x" * 5000
    visitor = hooks.visitor().say(post("github", body, github(body))[:-1])
    origin = raw.accept()
    got = b""
    while not got.endswith(b"x" * 4999):
        got += origin.recv(65536)
    assert visitor.say(b"x") and origin.recv(10) == b"x"
    origin.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    assert visitor.hear().status == 200
    assert hooks.found("github") == [(200, "verified", None)]


def test_not_inspected_is_checked_all_the_same(net):
    web = net.origin()
    hooks = Hooks(net, {"github": {**tunnel(web.port), "inspect": "false"}})
    assert hooks.ask(post("github", BODY, github(b"no"))).status == 401
    assert hooks.ask(post("github", BODY, github(BODY))).status == 200
    assert len(web.seen) == 1 and hooks.found("github") == []


@pytest.mark.parametrize("provider", SENDERS)
def test_a_replay_can_be_signed_anew(net, provider):
    """The origin checks for itself, as it does in the world."""
    sign, verify = SENDERS[provider]
    web = net.origin()
    hooks = Hooks(net, {provider: {**tunnel(web.port, provider), "inspect": "full"}})
    old = sign(BODY, now=time.time() - 100)
    assert hooks.ask(post(provider, BODY, old)).status == 200
    with Caller(hooks.dmn.control) as c:
        body = b"changed"
        again = c.ask("io.tunnelto.Client.Replay", {"id": 1, "resign": True, "body": base64.b64encode(body).decode(),
                                                    "headers": [{"name": list(old)[-1].upper(), "value": "x"}]})
        assert "error" not in again, again
        assert again["parameters"]["info"]["status"] == 200
    fields = {k.lower(): v for k, v in web.seen[1][2].items()}
    for now in range(int(time.time()) - 20, int(time.time()) + 2):
        wanted = {k.lower(): v for k, v in sign(body, now=now).items()}
        if provider == "stripe":
            wanted = {"stripe-signature": wanted["stripe-signature"].replace(f"v1={'0' * 64},", "").replace(",v0=old", "")}
        if provider == "standard-webhooks":
            wanted["webhook-signature"] = wanted["webhook-signature"].replace("v1a,xyz ", "")
        if all(fields[k] == v for k, v in wanted.items()):
            break
    else:
        raise AssertionError(f"signed otherwise: {fields}")


def test_a_replay_with_tunnelctl_is_signed_anew_and_where_nobody_signs_it_cannot_be(net):
    web = net.origin()
    hooks = Hooks(net, {"slack": tunnel(web.port, "slack"), "plain": {"local": web.port, "subdomain": "plain"}})
    assert hooks.ask(post("slack", BODY, slack(BODY))).status == 200
    hooks.dmn.ctl("replay", "1", "--resign")
    assert len(web.seen) == 2
    bad = hooks.dmn.ctl("replay", "1", "--resign", "--to", "plain", check=False)
    assert bad.returncode == 1 and "cannot be signed anew" in bad.stderr
    assert len(web.seen) == 2


def test_a_server_that_splices_bytes_smuggles_nothing(net):
    """A server of the Rust tunnelto reads no HTTP: several requests at once, and what is none, come as the visitor sent them."""
    web = net.origin()
    srv = net.add(V1Server(["key"]))
    key = net.dir / "key"
    key.write_text("key")
    key.chmod(0o600)
    dmn = net.daemon(None, {"github": tunnel(web.port)}, config={"server": {"url": srv.url, "protocol": "v1", "key_file": str(key)}})
    dmn.up("github")
    srv.wait("github")

    def hook(body, fields, **more):
        return post("github", body, fields, **more).replace(b"github.localhost", b"github.tunnelto.test")

    visitor = Visitor(net, srv.public_port)
    visitor.say(hook(BODY, github(BODY), target=b"/1") + hook(BODY, {}, target=b"/2") + hook(b"x", github(b"x"), target=b"/3") +
                hook(BODY, github(BODY), target=b"/4")[:-1])
    assert [(visitor.hear().status) for _ in range(3)] == [200, 401, 200]
    assert [path for _, path, _ in web.seen] == ["/1", "/3"]
    assert visitor.ask(BODY[-1:]).status == 200
    # an answer of the origin that lasts does not have ours in its middle
    visitor = Visitor(net, srv.public_port)
    slow = hook(b"", github(b""), target=b"/bytes/300000", method=b"GET").replace(b"Content-Length: 0\r\n", b"")
    visitor.say(slow + hook(BODY, {}))
    first = visitor.hear(b"GET")
    assert first.whole and len(first.body) == 300000
    assert visitor.hear().status == 401
    # two ways to read where a request ends are one too many
    both = hook(BODY, {**github(BODY), "Transfer-Encoding": "chunked"})
    bad = Visitor(net, srv.public_port).ask(both)
    assert bad.status == 400 and bad.values(b"x-tunnelto-error") == [b"length_and_coding"]
    assert b"/4" in web.seen[2][1].encode() and len(web.seen) == 4


def test_requests_behind_the_origins_last_answer_are_let_go(net):
    """An answer that lasts until the origin ends is the last one, whatever was asked behind it, signed as it may be."""
    raw = net.raw_origin()
    srv = net.add(V1Server(["key"]))
    key = net.dir / "key"
    key.write_text("key")
    key.chmod(0o600)
    dmn = net.daemon(None, {"github": tunnel(raw.port)}, config={"server": {"url": srv.url, "protocol": "v1", "key_file": str(key)}})
    dmn.up("github")
    srv.wait("github")
    hook = post("github", BODY, github(BODY)).replace(b"github.localhost", b"github.tunnelto.test")
    for answer in (b"\r\nwhole", b"Content-Length: 5\r\n\r\nwhole"):
        visitor = net.visitor(srv.public_port)
        visitor.sendall(hook + hook)
        origin = raw.accept()
        got = b""
        while not got.endswith(BODY):
            got += origin.recv(65536)
        origin.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n" + answer)
        origin.shutdown(socket.SHUT_WR)
        got = b""
        while not got.endswith(b"whole"):
            got += visitor.recv(65536)
        assert origin.recv(65536) == b"", "who has said his last is asked nothing more"
        visitor.close()
        until(lambda: dmn.tunnel("github")["streams"] == 0, "the stream is gone")


# --- configuration ---------------------------------------------------------------------------------------------------


def test_a_changed_secret_is_that_of_the_next_request_and_disturbs_nobody(net):
    web, raw = net.origin(), net.raw_origin()
    secret = net.dir / "secret"
    secret.write_text("first\n")
    secret.chmod(0o600)
    verify = {"provider": "github", "secret_file": str(secret)}
    tunnels = {"github": {"local": web.port, "subdomain": "github", "verify": verify},
               "held": {"local": raw.port, "subdomain": "held", "verify": verify}}
    hooks = Hooks(net, tunnels)
    held = hooks.visitor().say(post("held", BODY, github(BODY, "first")))
    origin = raw.accept()
    visitor = hooks.visitor()
    assert visitor.ask(post("github", BODY, github(BODY, "first"))).status == 200
    secret.write_text("second\nsesame\n")
    told = hooks.dmn.ctl("reload", "--json").stdout
    assert sorted(json.loads(told)["changed"]) == ["github", "held"]
    assert visitor.ask(post("github", BODY, github(BODY, "first"))).status == 401
    assert visitor.ask(post("github", BODY, github(BODY, "second"))).status == 200
    assert visitor.ask(post("github", BODY, github(BODY, "sesame"))).status == 200
    origin.recv(65536)
    origin.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nkept")
    assert held.hear().body == b"kept"
    # a mistake changes nothing, and nobody is told a secret
    secret.write_text("")
    bad = hooks.dmn.ctl("reload", check=False)
    assert bad.returncode == 1 and "tunnels.github.verify.secret_file" in bad.stderr
    assert visitor.ask(post("github", BODY, github(BODY, "second"))).status == 200
    everything = told + bad.stdout + bad.stderr + hooks.dmn.err() + hooks.dmn.ctl("status", "--json").stdout + hooks.dmn.ctl("logs").stdout
    for word in ("first\n", "second", "sesame"):
        assert word not in everything


def test_no_more_checks_after_a_reload_and_checks_again(net):
    web = net.origin()
    hooks = Hooks(net, {"github": {"local": web.port, "subdomain": "github"}})
    visitor = hooks.visitor()
    assert visitor.ask(get("github"), b"GET").status == 200
    hooks.dmn.config["tunnels"]["github"] = tunnel(web.port)
    hooks.dmn.write_config(hooks.dmn.config)
    hooks.dmn.ctl("reload")
    hooks.dmn.up("github")
    assert visitor.ask(get("github"), b"GET").status == 401, "a stream from before is not checked"


def test_a_secret_may_be_a_credential(net):
    web = net.origin()
    (net.dir / "hook").write_text("sesame\n")
    (net.dir / "hook").chmod(0o400)
    srv = net.server()
    verify = {"provider": "github", "secret_file": "credential:hook"}
    dmn = net.daemon(srv, {"github": {"local": web.port, "subdomain": "github", "verify": verify}}, key=srv.key(),
                     env={"CREDENTIALS_DIRECTORY": str(net.dir)})
    dmn.up()
    assert net.curl(f"http://github.localhost:{srv.public}/", "-d", "x=1", *[f"-H{k}: {v}" for k, v in github(b"x=1", "sesame").items()],
                    "-o", "/dev/null", "-w", "%{http_code}").stdout == "200"


def test_a_secret_for_everybody_to_read_is_warned_of(net):
    web, srv = net.origin(), net.server()
    dmn = net.daemon(srv, {"github": tunnel(web.port)}, key=srv.key())
    assert "everybody may read this file, and a webhook's secret stands in it" in dmn.err()
    dmn.config_path.chmod(0o640)
    said = dmn.err().count("everybody may read")
    dmn.ctl("reload")
    assert dmn.err().count("everybody may read") == said


# --- without a file ---------------------------------------------------------------------------------------------------


@pytest.fixture
def secret(net):
    path = net.dir / "secret"
    path.write_text(SECRET + " \n")
    path.chmod(0o600)
    return path


def signed_alone(net, port, web, sign=github):
    """What arrives of a signed and an unsigned request."""
    host = "sub"
    assert Visitor(net, port).ask(post(host, BODY, sign(BODY))).status == 200
    assert Visitor(net, port).ask(post(host, BODY, {})).status == 401
    assert len(web.seen) == 1


@pytest.mark.parametrize("sender, sign", [("github", github), ("hmac:X-Sum", lambda body: {"X-Sum": digest(SECRET, body).hexdigest()})])
def test_tunnelctl_opens_a_tunnel_of_signed_requests(net, secret, sender, sign):
    web, srv = net.origin(), net.server()
    dmn = net.daemon(srv, key=srv.key())
    run = net.run("http", net.program("tunnelctl"), "--socket", dmn.control, "http", web.port, "--subdomain", "sub", "--verify", sender,
                  "--secret-file", secret)
    until(run.out, "the address")
    signed_alone(net, srv.public, web, sign)
    with Caller(dmn.control) as c:
        told = json.dumps(c.ask("io.tunnelto.Client.Status")) + dmn.ctl("logs").stdout + dmn.err() + run.out() + run.err()
    assert SECRET not in told and "Everybody" not in told
    assert "Everybody" not in open(f"/proc/{run.pid}/cmdline").read()


def test_tunnelto_does_without_a_daemon(net, secret):
    web, srv = net.origin(), net.server()
    run = net.run("tunnelto", net.program("tunnelto"), "--port", web.port, "--subdomain", "sub", "--server", srv.url, "--key-file", srv.key(),
                  "--verify", "github", "--secret-file", secret,
                  env={"TUNNELTO_DAEMON": str(net.program("tunneltod")), "HOME": str(net.dir)})
    until(run.out, "the address")
    signed_alone(net, srv.public, web)


@pytest.mark.parametrize("options, says", [
    (("--verify", "gitlab"), "'gitlab' is no sender of webhooks"),
    (("--verify", "standard-webhooks"), "the secret: is not 'whsec_' and base64"),
])
def test_what_cannot_be_verified_is_said(net, secret, options, says):
    srv = net.server()
    dmn = net.daemon(srv, key=srv.key())
    bad = dmn.ctl("http", "8000", *options, "--secret-file", secret, check=False)
    assert bad.returncode == 1 and says in bad.stderr
    alone = dmn.ctl("http", "8000", *options, check=False)
    assert alone.returncode == 2 and "--verify and --secret-file go together" in alone.stderr
    secret.chmod(0o644)
    open_to_all = dmn.ctl("http", "8000", *options, "--secret-file", secret, check=False)
    assert open_to_all.returncode == 1 and "lets everybody at a secret" in open_to_all.stderr
    assert dmn.status()["tunnels"] == []
