# SPDX-License-Identifier: MIT
"""One port for everything: visitors and clients, plain and TLS, told apart by their first bytes."""
import asyncio
import contextlib
import json
import signal
import socket
import ssl

import pytest

import tls
from actors import MIB, until

LOCAL = "127.0.0.1:0"


def server_of(net, certs, **more):
    pair = {"certificate": str(certs / "server.crt"), "key": str(certs / "server.key")}
    listener = dict({"listen": LOCAL, "clients": True, "plain": True, "tls": pair}, **more)
    return net.server(config={"public": [listener], "control": None, "allowed_hosts": ["test.localhost"]})


@pytest.fixture
def one(net, certs):
    net.srv = server_of(net, certs)
    net.key = net.srv.key()
    net.web = net.origin()
    return net


def counters(server):
    return server.status()["counters"]


def client(net, certs, scheme, host="localhost", name="daemon", **tunnels):
    return net.daemon(f"{scheme}://{host}:{net.srv.public}", tunnels or {"web": {"local": net.web.port, "subdomain": "web"}},
                      key=net.key, name=name, config={"server": {"ca_file": str(certs / "ca.crt")}})


@pytest.mark.parametrize("scheme, host", [("http", "localhost"), ("http", "127.0.0.1"), ("https", "localhost"), ("https", "127.0.0.1")])
def test_clients_and_visitors_share_a_port(one, certs, scheme, host):
    daemon = client(one, certs, scheme, host)
    daemon.up("web")
    ask = tls.get("web.test.localhost")
    assert one.ask(one.srv.public, ask).endswith(b"origin: GET /\n")
    assert tls.ask(one.srv.public, "web.test.localhost", certs, ask).endswith(b"origin: GET /\n")
    assert tls.ask(one.srv.public, None, certs, ask).endswith(b"origin: GET /\n")
    # bulk goes over a lane, which comes in by the same port
    assert len(tls.ask(one.srv.public, "web.test.localhost", certs, tls.get("web.test.localhost", f"/bytes/{8 * MIB}"))) > 8 * MIB
    until(lambda: daemon.status()["server"]["link"] == "lane", "a lane")
    assert one.ask(one.srv.public, ask).endswith(b"origin: GET /\n")


def test_a_visitor_may_ask_for_the_clients_paths(one, certs):
    client(one, certs, "https").up("web")
    for path in "/wormhole", "/wormhole/lane":
        said = tls.ask(one.srv.public, "web.test.localhost", certs, tls.get("web.test.localhost", path))
        assert said.endswith(b"origin: GET %s\n" % path.encode())
        assert one.ask(one.srv.public, tls.get("web.test.localhost", path)).endswith(b"origin: GET %s\n" % path.encode())
    assert b"426" in one.ask(one.srv.public, tls.get("test.localhost", "/wormhole")).split(b"\r\n")[0]
    assert b"404" in one.ask(one.srv.public, tls.get("nobody.test.localhost", "/wormhole")).split(b"\r\n")[0]
    assert b"404" in tls.ask(one.srv.public, "web.test.localhost", certs, tls.get("nobody.test.localhost", "/wormhole")).split(b"\r\n")[0]


def test_a_foreign_websocket_client_comes_in_by_the_servers_name(one, certs):
    import websockets
    from websockets.exceptions import InvalidStatusCode

    async def knock():
        with pytest.raises(InvalidStatusCode) as e:
            sock = socket.create_connection(("127.0.0.1", one.srv.public))
            async with websockets.connect("wss://wormhole.test.localhost/wormhole", sock=sock, ssl=tls.context(certs),
                                          server_hostname="wormhole.test.localhost", subprotocols=["tunnelto.v2"]):
                pass
        assert e.value.status_code == 401
    asyncio.run(knock())


def test_a_request_in_small_pieces_finds_its_way(one, certs):
    client(one, certs, "http").up("web")
    for host, says in ("web.test.localhost", b"200"), ("test.localhost", b"426"):
        sock = one.visitor(one.srv.public)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in tls.get(host, "/wormhole"):
            sock.sendall(bytes([byte]))
        assert says in sock.recv(1000).split(b"\r\n")[0]


def test_what_is_for_nobody_is_closed_and_counted(net, certs):
    server = server_of(net, certs, plain=False)
    assert net.ask(server.public, tls.get("web.test.localhost")) == b""
    assert net.ask(server.public, b"SSH-2.0-OpenSSH_9\r\n") == b""
    assert net.ask(server.public, b"\x16\x03\x01\x00\x05hello") == b""
    assert counters(server)["garbage"] == 3
    apply = dict(server.config, public=[{"listen": LOCAL, "clients": True}])
    server.write_config(apply)
    assert json.loads(server.ctl("reload", "--json").stdout)["changed"]
    with pytest.raises(ssl.SSLError) as e:
        tls.connect(server.public, "web.test.localhost", certs)
    assert "UNRECOGNIZED_NAME" in str(e.value).upper().replace(" ", "_")
    assert counters(server)["strangers"] == 1


def test_who_was_accepted_before_the_end_is_served(one, certs):
    one.srv.write_config(dict(one.srv.config, timeouts={"drain": "10s"}))
    one.srv.ctl("reload")
    client(one, certs, "http").up("web")
    visitors = [one.visitor(one.srv.public) for _ in range(3)]
    assert one.ask(one.srv.public, tls.get("web.test.localhost")).endswith(b"origin: GET /\n")  # so those before it are in, too
    one.srv.signal(signal.SIGTERM)
    one.srv.wait_err("stopping:")
    for sock in visitors:
        sock.sendall(tls.get("web.test.localhost"))
    for sock in visitors:
        answer = b""
        while piece := sock.recv(65536):
            answer += piece
        assert answer.endswith(b"origin: GET /\n"), answer
    assert one.srv.wait_end() == 0


@pytest.mark.heavy  # its deadline is ten seconds
def test_silent_connections_end_and_do_not_keep_others_out(one, certs):
    client(one, certs, "http").up("web")
    silent = [one.visitor(one.srv.public, timeout=30) for _ in range(20)]
    for n, sock in enumerate(silent):
        sock.sendall((b"GET /wormhole HTT", b"\x16\x03\x01\x02\x00\x01")[n % 2])
    assert one.ask(one.srv.public, tls.get("web.test.localhost")).endswith(b"origin: GET /\n")
    for sock in silent[:2]:
        with contextlib.suppress(ConnectionResetError):  # what it had said was never read
            assert sock.recv(10) == b""
    until(lambda: counters(one.srv)["silent"] == 20, "all of them")
