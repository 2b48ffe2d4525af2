# SPDX-License-Identifier: MIT
"""Our server for clients of the Rust tunnelto: played by a client of the specification's own (v1_client.py)."""
import base64
import contextlib
import hashlib
import json
import os
import signal
import socket
import threading

import pytest

from actors import MIB, until
from jump import Jump
from v1_client import Refusal, V1Client
from v1_wire import (BINARY, DATA, EMPTY, END, INIT, PING, REFUSED, TERMINATE, TEXT, TOKEN, Closed, Gone, client_hello, connect,
                     packet)


@pytest.fixture
def v1(net):
    """A server with a key; clients are made by net.client()."""
    net.web = net.origin()
    net.srv = net.server()
    net.secret = net.srv.key("test", "*").read_text().strip()

    def client(**more):
        return net.add(V1Client(more.pop("port", net.srv.port), **{"key": net.secret, **more}))

    net.client = client
    net.get = lambda path="/", name="demo", **more: net.curl(f"http://{name}.localhost:{net.srv.public}{path}", **more)
    return net


def hello(net, name="demo", rest=""):
    """A visitor that has sent a request."""
    visitor = net.visitor(net.srv.public)
    visitor.sendall(f"GET /x HTTP/1.1\r\nHost: {name}.localhost\r\n{rest}\r\n".encode())
    return visitor


def read_all(sock):
    out = b""
    with contextlib.suppress(ConnectionResetError):
        while piece := sock.recv(65536):
            out += piece
    return out


# --- the handshake ------------------------------------------------------------------------------------------------------

def test_a_client_is_welcomed_by_the_specification(v1):
    c = v1.client(sub_domain="Demo")
    assert list(c.answer["success"]) == ["sub_domain", "hostname", "client_id"]
    assert c.sub_domain == "demo"
    assert c.hostname == f"demo.localhost:{v1.srv.public}"  # clients print it: the port makes it a URL that works
    assert c.client_id == base64.b64encode(hashlib.sha256(v1.secret.encode()).digest()).decode()
    assert c.wait(PING) == (PING, EMPTY, b"")  # at once, without a token: it has a key
    session, = v1.srv.status()["sessions"]
    assert session["protocol"] == "v1" and session["links"] == ["v1"] and session["key"] == "test"
    tunnel, = v1.srv.status()["tunnels"]
    assert tunnel["name"] == "demo" and tunnel["url"] == f"http://demo.localhost:{v1.srv.public}/"
    assert "v1)" in v1.srv.ctl("status").stdout


def test_the_message_may_be_text_or_come_in_pieces(v1):
    text = connect(v1.srv.port)
    text.send(client_hello(v1.secret, "text"), TEXT)
    assert "success" in json.loads(text.recv()[1])
    pieces = connect(v1.srv.port)
    whole = client_hello(v1.secret, "pieces")
    pieces.send_frame(BINARY, whole[:7], fin=False)
    pieces.send_frame(0, whole[7:50], fin=False)
    pieces.send_frame(0, whole[50:])
    assert "success" in json.loads(pieces.recv()[1])
    text.close(), pieces.close()


@pytest.mark.parametrize("what, answer", [
    ({"key": "wrong"}, "auth_failed"),
    ({"key": None}, "auth_failed"),
    ({"key": None, "token": "bm9uc2Vuc2U="}, "auth_failed"),
    ({"sub_domain": "www"}, "sub_domain_in_use"),
    ({"sub_domain": "a_b c"}, "invalid_sub_domain"),
    ({"sub_domain": "-a"}, "invalid_sub_domain"),
    ({"sub_domain": ""}, "invalid_sub_domain"),
    ({"sub_domain": "x" * 64}, "invalid_sub_domain"),
    ({"sub_domain": "x" * 300}, "invalid_sub_domain"),
    ({"sub_domain": "a\nb"}, "invalid_sub_domain"),
    ({"hello": b""}, "auth_failed"),
    ({"hello": b"{"}, "auth_failed"),
    ({"hello": b"\xff\xfe"}, "auth_failed"),
    ({"hello": b"[]"}, "auth_failed"),
    ({"hello": b"{}"}, "auth_failed"),
    ({"hello": b'{"id":"x"}'}, "auth_failed"),
    ({"hello": b'{"client_type":"Anonymous"}'}, "auth_failed"),
    ({"hello": b'{"id":1,"client_type":"Anonymous"}'}, "auth_failed"),
    ({"hello": b'{"id":"x","client_type":{"Auth":{}}}'}, "auth_failed"),
    ({"hello": b'{"id":"' + b"x" * 20000 + b'","client_type":"Anonymous"}'}, "auth_failed"),
    ({"hello": packet(PING)}, "auth_failed"),
], ids=lambda v: v if isinstance(v, str) else "-".join(f"{k}={str(x)[:12]}" for k, x in v.items()))
def test_refusals_are_those_that_a_client_says_well(v1, what, answer):
    with pytest.raises(Refusal) as refusal:
        v1.client(**what)
    assert refusal.value.args[0] == answer
    assert v1.srv.status()["sessions"] == []


def test_other_refusals_come_in_words(v1):
    narrow = v1.srv.key("narrow", "only-*", "--max-tunnels", "1").read_text().strip()
    with pytest.raises(Refusal) as refusal:
        v1.client(key=narrow, sub_domain="other")
    assert refusal.value.args[0] == {"error": "this key may not claim that name"}
    v1.client(key=narrow, sub_domain="only-one")
    with pytest.raises(Refusal) as refusal:
        v1.client(key=narrow, sub_domain="only-two")
    assert refusal.value.args[0] == {"error": "this key has as many tunnels as it may"}


def test_a_name_of_another_key_is_in_use(v1):
    other = v1.srv.key("other", "*").read_text().strip()
    first = v1.client(sub_domain="demo", origin=v1.web.port)
    with pytest.raises(Refusal) as refusal:
        v1.client(key=other, sub_domain="demo")
    assert refusal.value.args[0] == "sub_domain_in_use"
    assert v1.get().stdout == "origin: GET /\n" and not first.fatal


def test_v1_can_be_switched_off(v1):
    v1.srv.write_config({**v1.srv.config, "v1": False})
    v1.srv.ctl("reload")
    with pytest.raises(Gone) as refusal:
        connect(v1.srv.port)
    assert refusal.value.args[0].startswith("HTTP/1.1 426 ")


def test_a_strange_subprotocol_is_no_v1_client(v1):
    with pytest.raises(Gone):
        connect(v1.srv.port, fields=b"Sec-WebSocket-Protocol: chat\r\n")


# --- traffic ------------------------------------------------------------------------------------------------------------

@pytest.fixture
def up(v1):
    v1.rust = v1.client(sub_domain="demo", origin=v1.web.port)
    return v1


def test_requests_and_bodies_pass(up):
    assert up.get("/a?b=c").stdout == "origin: GET /a?b=c\n"
    body = os.urandom(3 * MIB)
    path = up.dir / "body"
    path.write_bytes(body)
    echo = up.get("/", text=False)
    echo = up.curl(f"http://demo.localhost:{up.srv.public}/", "--data-binary", f"@{path}", text=False)
    assert hashlib.sha256(echo.stdout).digest() == hashlib.sha256(body).digest()
    down = up.get(f"/bytes/{5 * MIB}", text=False).stdout
    assert down == (bytes(range(256)) * 256 * 80)
    assert up.curl(f"http://demo.localhost:{up.srv.public}/", "-I").stdout.startswith("HTTP/1.1 200")
    seen = up.web.seen[0][2]
    assert seen["Host"] == f"demo.localhost:{up.srv.public}" and seen["X-Forwarded-For"] == "127.0.0.1"
    tunnel, = up.srv.status()["tunnels"]
    assert tunnel["bytes_in"] > 3 * MIB and tunnel["bytes_out"] > 8 * MIB
    up.srv.wait_err("GET demo.localhost/a -> 200")
    assert not up.rust.fatal


def test_a_kept_connection_uses_one_stream(up):
    url = f"http://demo.localhost:{up.srv.public}"
    up.curl(f"{url}/1", f"{url}/2", f"{url}/3")
    assert len([p for p in up.rust.packets if p[0] == INIT]) == 1
    stream = up.rust.wait(END)[1]  # the visitor has left
    up.rust.data(stream, b"nobody asked")
    up.get()
    up.rust.wait(END, after=1)
    assert len([p for p in up.rust.packets if p[0] == END and p[1] == stream]) == 1


def test_an_origin_that_closed_a_kept_connection_is_dialled_again(v1):
    """The client says nothing when its origin closes; the next Data opens another connection under the same id."""
    raw = v1.raw_origin()
    c = v1.client(sub_domain="demo", origin=raw.port)
    visitor = hello(v1)
    for i in range(2):
        conn = raw.accept()
        while b"\r\n\r\n" not in conn.recv(4096):
            pass
        conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%d" % i)
        conn.close()
        out = b""
        while not out.endswith(b"\r\n\r\n%d" % i):
            out += visitor.recv(4096)
        until(lambda: not c.streams, "the local end")
        visitor.sendall(b"GET /y HTTP/1.1\r\nHost: demo.localhost\r\n\r\n")


def test_many_visitors_at_once(up):
    results = []

    def one(i):
        results.append(up.ask(up.srv.public, f"GET /{i} HTTP/1.1\r\nHost: demo.localhost\r\nConnection: close\r\n\r\n".encode()))

    threads = [threading.Thread(target=one, args=[i]) for i in range(50)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert sum(b"200 OK" in r for r in results) == 50


def test_an_upgrade_is_a_pipe_both_ways(v1):
    raw = v1.raw_origin()
    v1.client(sub_domain="demo", origin=raw.port)
    visitor = hello(v1, rest="Connection: Upgrade\r\nUpgrade: websocket\r\n")
    conn = raw.accept()
    while b"\r\n\r\n" not in conn.recv(4096):
        pass
    conn.sendall(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nfirst")
    out = b""
    while not out.endswith(b"first"):
        out += visitor.recv(4096)
    visitor.sendall(b"ping")
    assert conn.recv(4096) == b"ping"
    conn.sendall(b"pong")
    assert visitor.recv(4096) == b"pong"
    visitor.close()
    assert conn.recv(4096) == b""  # End has come, and some time later the half-close


@pytest.mark.heavy
def test_a_half_closed_pipe_that_makes_way_for_others_does_not_look_whole(v1):
    """Only so many visitors are waited for after their End."""
    c = v1.client(sub_domain="demo")
    piped = hello(v1, rest="Connection: Upgrade\r\nUpgrade: x\r\n")
    stream = c.opened()
    c.data(stream, b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nfirst")
    out = b""
    while not out.endswith(b"first"):
        out += piped.recv(4096)
    piped.shutdown(socket.SHUT_WR)
    c.wait(END, stream)
    for i in range(256):
        other = hello(v1, rest="Connection: close\r\n")
        c.data(c.opened(after=i + 1), b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
        read_all(other)
        c.data(stream, b"more")  # it is not done
    with pytest.raises(ConnectionResetError):
        while piped.recv(4096):
            pass


def test_a_visitor_that_leaves_is_told_by_one_end(v1):
    c = v1.client(sub_domain="demo")
    visitor = hello(v1)
    stream = c.opened()
    c.request(stream)
    visitor.close()
    c.wait(END, stream)
    c.data(stream, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")  # too late, and no fault
    hello(v1)
    c.request(c.opened(after=1))
    assert len([p for p in c.packets if p[0] == END]) == 1 and not c.fatal


def test_a_refused_origin_is_502_and_two_refusals_are_one(v1):
    closed = socket.create_server(("127.0.0.1", 0))
    port = closed.getsockname()[1]
    closed.close()
    v1.client(sub_domain="demo", origin=port)
    for _ in range(3):
        got = v1.get("/", "demo")
        assert "502" in got.stdout or "origin" in got.stdout
        answer = v1.ask(v1.srv.public, b"GET / HTTP/1.1\r\nHost: demo.localhost\r\nConnection: close\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 502 ") and b"origin_refused" in answer


def test_a_refusal_mid_response_resets_and_does_not_look_whole(v1):
    c = v1.client(sub_domain="demo")
    visitor = hello(v1)
    stream = c.opened()
    c.request(stream)
    c.data(stream, b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
    while b"half" not in visitor.recv(4096):
        pass
    c.send(packet(REFUSED, stream))
    assert read_all(visitor) == b""  # no 500 in the middle of a body, as the stock server has it


@pytest.mark.heavy
def test_what_only_the_end_of_a_connection_ends_is_reset_after_a_silence(net, v1):
    v1.srv.write_config({**v1.srv.config, "timeouts": {"drain": "500ms", "body": "1s"}})
    v1.srv.ctl("reload")
    c = v1.client(sub_domain="demo")
    visitor = hello(v1)
    stream = c.opened()
    c.request(stream)
    c.data(stream, b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall there is")
    assert b"all there is" in read_all(visitor)  # and it ends
    c.wait(END, stream)
    upgraded = hello(v1, rest="Connection: Upgrade\r\nUpgrade: x\r\n")
    stream = c.opened(after=1)
    c.request(stream)
    c.data(stream, b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
    assert b" 101 " in read_all(upgraded)
    c.wait(END, stream)
    v1.srv.wait_err("idle")


# --- packets that make no sense -----------------------------------------------------------------------------------------

@pytest.mark.parametrize("message", [
    b"", b"\x02", packet(DATA)[:8], b"\x00" * 9, packet(7), packet(255), packet(INIT), packet(END), packet(TERMINATE),
    packet(DATA, b"\xff" * 8, b"nobody's"), packet(REFUSED, b"\xff" * 8), packet(DATA, EMPTY, b"x"), packet(PING, EMPTY, b"rest"),
    packet(PING, TOKEN), packet(PING, b"\xee" * 8, b"\xff\xfe"), packet(DATA, TOKEN, b"y" * 5000), b'{"id":"again"}',
], ids=lambda m: m[:12].hex() or "empty")
def test_nonsense_is_passed_over_and_the_tunnel_stays(up, message):
    for opcode in (BINARY, TEXT):
        if opcode == BINARY or all(b < 0x80 for b in message):
            up.rust.send(message, opcode)
    assert up.get().stdout == "origin: GET /\n"
    assert not up.rust.fatal and not up.rust.closed


def test_packets_of_a_live_stream_that_clients_do_not_send_are_passed_over(v1):
    c = v1.client(sub_domain="demo")
    visitor = hello(v1)
    stream = c.opened()
    c.request(stream)
    for message in (packet(INIT, stream), packet(END, stream), packet(TERMINATE, stream), packet(DATA, stream),
                    packet(9, stream), packet(PING, stream, b"x")):
        c.send(message)
    c.data(stream, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    assert visitor.recv(4096).endswith(b"ok")


def test_another_client_s_stream_cannot_be_written(v1):
    c, evil = v1.client(sub_domain="demo"), v1.client(sub_domain="evil")
    visitor, other = hello(v1), hello(v1, "evil")
    stream = c.opened()
    c.request(stream)
    evil.request(evil.opened())
    evil.data(stream, b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
    evil.send(packet(REFUSED, stream))
    evil.send(packet(PING))
    until(lambda: evil.pings, "a ping")
    c.data(stream, b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood")
    assert visitor.recv(4096).endswith(b"good")
    # nor is it taken for the one of its own that has the same number
    evil.data(evil.opened(), b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nmine")
    assert other.recv(4096).endswith(b"mine")


def test_a_message_without_end_ends_the_connection(up):
    up.rust.wait(PING)
    with contextlib.suppress(OSError), up.rust.lock:  # no pong in the middle of a message
        up.rust.ws.send_frame(BINARY, b"\x02" * 4096, fin=False)
        for _ in range(80):
            up.rust.ws.send_frame(0, b"x" * 4096, fin=False)
    up.rust.wait_closed()
    until(lambda: up.srv.status()["sessions"] == [], "the session's end")


@pytest.mark.parametrize("garbage", [b"GET / HTTP/1.1\r\n\r\n" * 10, bytes(200), os.urandom(500)], ids=["http", "zeros", "random"])
def test_what_is_no_frame_ends_only_this_connection(up, garbage):
    bad = connect(up.srv.port)
    bad.sock.sendall(garbage)
    with pytest.raises((Gone, Closed, OSError, AssertionError)):
        bad.recv()
    bad.close()
    assert up.get().stdout == "origin: GET /\n"


def test_a_websocket_ping_of_a_client_is_answered_and_harmless(up):
    up.rust.ws.send_frame(9, b"are you there")
    up.rust.wait_closed()
    assert "opcode 10" in up.rust.fatal  # a pong, because it asked; never a ping


# --- names across connections -------------------------------------------------------------------------------------------

def test_a_key_without_a_name_gets_its_own_again(v1):
    first = v1.client()
    name = first.sub_domain
    second = v1.client()
    assert second.sub_domain != name  # two clients of one key at once are two tunnels
    first.end()
    until(lambda: len(v1.srv.status()["tunnels"]) == 1, "the tunnel's end")
    assert v1.client().sub_domain == name
    third = v1.client()
    assert third.sub_domain not in (name, second.sub_domain)


def test_names_outlive_the_server(v1):
    c = v1.client()
    v1.srv.stop()
    c.wait_closed()
    v1.srv = v1.server(config={"public": [{"listen": f"127.0.0.1:{v1.srv.public}"}]})
    assert v1.client(port=v1.srv.port).sub_domain == c.sub_domain


@pytest.fixture
def anonymous(net, v1):
    v1.srv.write_config({**v1.srv.config, "anonymous": True})
    v1.srv.ctl("reload")
    return v1


def test_an_anonymous_client_keeps_its_name_by_its_token(anonymous):
    net = anonymous
    first, other = net.client(key=None), net.client(key=None)
    assert first.sub_domain != other.sub_domain
    until(lambda: first.token, "a token")
    first.end()
    again = net.client(key=None, token=first.token)
    assert again.sub_domain == first.sub_domain and again.client_id == first.client_id
    # and over a restart of the server
    until(lambda: again.token, "a token")
    net.srv.stop()
    net.srv = net.server(config={"anonymous": True})
    assert net.client(key=None, token=again.token, port=net.srv.port).sub_domain == first.sub_domain


def test_a_token_keeps_a_chosen_name_from_others(anonymous):
    net = anonymous
    first = net.client(key=None, sub_domain="mine")
    until(lambda: first.token, "a token")
    with pytest.raises(Refusal) as refusal:
        net.client(key=None, sub_domain="mine")
    assert refusal.value.args[0] == "sub_domain_in_use"
    assert net.client(key=None, token=first.token).sub_domain == "mine"  # takes the old connection's over
    assert "malformed" in first.wait_closed() or "unexpected" in first.fatal


def test_a_token_that_was_meddled_with_is_nobody_s(anonymous):
    net = anonymous
    first = net.client(key=None)
    until(lambda: first.token, "a token")
    outer = json.loads(base64.b64decode(first.token))
    assert list(outer) == ["payload", "sig"] and len(outer["sig"]) == 64
    payload = json.loads(outer["payload"])
    assert list(payload) == ["sub_domain", "client_id", "expires"] and payload["expires"].endswith("Z")

    def forge(**changes):
        return base64.b64encode(json.dumps({**outer, **changes}).encode()).decode()

    payload["expires"] = "2999-01-01T00:00:00.000Z"
    for bad in (forge(payload=json.dumps(payload)), forge(sig="0" * 64), forge(sig=outer["sig"].upper()[:-1] + "!"),
                forge(sig=""), forge(payload=""), first.token[:-4], first.token + "====", "!", "e30="):
        c = net.client(key=None, token=bad)
        assert c.sub_domain != first.sub_domain
        c.end()


# --- ends ---------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("version", [None, "v1"])
def test_the_newer_client_of_a_key_takes_the_name_over(v1, version):
    """The older one is ended for good: it would come back after 5 s, and take the name back."""
    old = v1.client(sub_domain="demo", version=version, origin=v1.web.port)
    other = v1.origin("newer")
    v1.client(sub_domain="demo", origin=other.port)
    why = old.wait_closed()
    assert why.startswith("terminated: " if version else "unexpected packet: b'\\x06") and "taken" in why
    assert v1.get().stdout == "newer: GET /\n"


def test_our_own_client_takes_a_name_over_and_keeps_it(v1):
    old = v1.client(sub_domain="demo", version="v1", origin=v1.web.port)
    other = v1.origin("ours")
    daemon = v1.daemon(v1.srv, {"demo": {"local": other.port, "subdomain": "demo"}}, key=v1.dir / "server-test.key")
    daemon.up("demo")
    assert "taken" in old.wait_closed()
    assert v1.get().stdout == "ours: GET /\n"


@pytest.mark.parametrize("version, end", [(None, "close"), ("v1", "terminated: ")])
def test_a_revoked_key_ends_its_clients(v1, version, end):
    c = v1.client(sub_domain="demo", version=version)
    v1.srv.ctl("key", "revoke", "test")
    assert c.wait_closed().startswith(end)  # 0.1.18 and 0.1.19 come back, and are told that the key is wrong
    with pytest.raises(Refusal) as refusal:
        v1.client(sub_domain="demo")
    assert refusal.value.args[0] == "auth_failed"


def test_a_client_that_goes_is_awaited(v1):
    """It comes back within seconds, and until then visitors wait and nobody else gets the name."""
    c = v1.client(sub_domain="demo")
    open_request = hello(v1)
    c.request(c.opened())
    c.end()
    until(lambda: v1.srv.status()["sessions"] == [], "the session's end")
    waiting = hello(v1)
    other = v1.srv.key("other", "*").read_text().strip()
    with pytest.raises(Refusal) as refusal:
        v1.client(key=other, sub_domain="demo")
    assert refusal.value.args[0] == "sub_domain_in_use"
    v1.client(sub_domain="demo", origin=v1.web.port)
    for visitor in (waiting, open_request):  # nothing was answered yet, and a GET may be sent again
        out = b""
        while not out.endswith(b"origin: GET /x\n"):
            piece = visitor.recv(4096)
            assert piece, out
            out += piece


def test_a_client_that_does_not_come_back_frees_its_name(v1):
    v1.srv.write_config({**v1.srv.config, "timeouts": {"drain": "500ms", "grace": "100ms"}})
    v1.srv.ctl("reload")
    v1.client(sub_domain="demo").end()
    other = v1.srv.key("other", "*").read_text().strip()

    def taken():
        with contextlib.suppress(Refusal):
            return v1.client(key=other, sub_domain="demo")

    until(taken, "the name")


def test_a_stopping_server_lets_open_requests_finish(v1):
    c = v1.client(sub_domain="demo")
    visitor = hello(v1)
    stream = c.opened()
    c.request(stream)
    v1.srv.signal(signal.SIGTERM)
    v1.srv.notify.wait("STOPPING=1")
    c.data(stream, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    assert visitor.recv(4096).endswith(b"ok")
    assert v1.srv.wait_end() == 0
    c.wait_closed()


# --- bounds -------------------------------------------------------------------------------------------------------------

def slow_response(v1, amount):
    """A visitor that does not read, and a client that sends it @amount bytes. The thread that sends, and the visitor."""
    c = v1.client(sub_domain="demo")
    visitor = v1.visitor(v1.srv.public, rcvbuf=4096)
    visitor.sendall(b"GET /x HTTP/1.1\r\nHost: demo.localhost\r\n\r\n")
    stream = c.opened()
    c.request(stream)
    block = bytes(range(256)) * 16

    def send():
        with contextlib.suppress(OSError):
            c.data(stream, b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % amount)
            for _ in range(amount // len(block)):
                c.data(stream, block)

    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    return c, visitor, stream, thread


@pytest.mark.heavy
def test_a_slow_visitor_stops_the_client_and_loses_nothing(v1):
    amount = 40 * MIB
    before = v1.srv.rss()
    c, visitor, stream, thread = slow_response(v1, amount)
    thread.join(2)
    assert thread.is_alive()  # the socket is full: the server has stopped reading
    assert v1.srv.rss() - before < (20 if not v1.sanitized else 36) * MIB
    digest, n, want = hashlib.sha256(), 0, hashlib.sha256(bytes(range(256)) * (amount // 256))
    head = visitor.recv(4096)
    body = head.split(b"\r\n\r\n", 1)[1]
    while True:
        digest.update(body)
        n += len(body)
        if n >= amount:
            break
        body = visitor.recv(65536)
        assert body
    assert digest.digest() == want.digest()
    thread.join(10)
    assert not thread.is_alive()


@pytest.mark.heavy
def test_a_visitor_that_never_reads_is_reset_and_others_go_on(v1):
    v1.srv.write_config({**v1.srv.config, "timeouts": {"drain": "500ms", "slow": "1s"}})
    v1.srv.ctl("reload")
    c, visitor, stream, thread = slow_response(v1, 40 * MIB)
    c.wait(END, stream)
    v1.srv.wait_err("slow")
    thread.join(20)
    assert not thread.is_alive()  # the client is read again
    other = hello(v1)
    second = c.opened(after=1)
    c.request(second)
    c.data(second, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    assert other.recv(4096).endswith(b"ok")


@pytest.mark.heavy
def test_a_client_that_does_not_read_stops_its_visitors(v1):
    c = v1.client(sub_domain="demo")
    before, amount, n = v1.srv.rss(), 16 * MIB, 8
    threads = []
    for _ in range(n):
        visitor = v1.visitor(v1.srv.public)
        visitor.sendall(b"POST /x HTTP/1.1\r\nHost: demo.localhost\r\nContent-Length: %d\r\n\r\n" % amount)
        threads.append(threading.Thread(target=visitor.sendall, args=[bytes(amount)], daemon=True))
    c.opened(after=n - 1)
    c.reading.clear()
    for t in threads:
        t.start()
    threads[-1].join(1)
    assert any(t.is_alive() for t in threads)  # how much of each the kernels take is theirs to say
    assert v1.srv.rss() - before < 48 * MIB  # a sanitizer keeps what was freed
    c.reading.set()
    until(lambda: sum(len(p[2]) for p in list(c.packets) if p[0] == DATA) > n * amount, "the whole uploads")
    assert not c.closed and not c.fatal


@pytest.mark.heavy
def test_a_client_that_says_nothing_is_dropped_without_a_close(v1):
    """A Close before the ServerHello would be taken for one, and end the process."""
    silent = connect(v1.srv.port)
    silent.sock.settimeout(15)
    with pytest.raises(Gone):
        silent.recv()


def test_no_websocket_ping_comes_however_long_a_client_stays(net):
    """A WebSocket library may ping by itself after minutes, which is the end of a stock client's process."""
    jump, web = Jump(net), net.origin()
    srv = net.server(env=jump.env)
    rust = net.add(V1Client(srv.port, key=srv.key("test", "*").read_text().strip(), sub_domain="demo", origin=web.port))
    for n in range(1, 30):
        until(lambda n=n: rust.pings >= n or rust.fatal, "the server's own ping")
        assert not rust.fatal and not rust.closed
        jump(30)
        net.curl(f"http://demo.localhost:{srv.public}/")
    assert not rust.fatal


def test_strangers_who_say_nothing_take_no_client_s_place(net):
    srv = net.server(config={"limits": {"sessions": 2}})
    key = srv.key("test", "*")
    silent = [connect(srv.port) for _ in range(2)]
    web = net.origin()
    daemons = [net.daemon(srv, {name: {"local": web.port, "subdomain": name}}, key=key, name=name) for name in ("one", "two")]
    for daemon in daemons:
        daemon.up()
        assert "takes no clients" not in daemon.err()
    # the places are taken: who says hello now is to come back, so it gets no answer
    silent[0].send(client_hello(key.read_text().strip(), "late"))
    with pytest.raises(Gone):
        silent[0].recv()
    assert len(srv.status()["sessions"]) == 2


def test_no_descriptor_stays_behind(up):
    fds = up.srv.fds()
    for _ in range(5):
        url = f"http://demo.localhost:{up.srv.public}"
        up.curl(f"{url}/1", f"{url}/2")
    until(lambda: up.srv.fds() <= fds, "the descriptors of before")
