# SPDX-License-Identifier: MIT
"""Tunnels of proto tls: the visitor's TLS reaches the origin as it is, chosen by its name."""
import json
import socket
import socketserver
import ssl
import threading

import pytest

import tls
from actors import MIB, WAIT, until
from test_proxy import told

LOCAL = "127.0.0.1:0"
NAME = "box.test.localhost"


class TlsOrigin(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """A TLS server of our own: echoes, and ends its side when the visitor has ended its own."""
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, certs, name="rsa"):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certs / f"{name}.crt", certs / f"{name}.key")
        super().__init__(("127.0.0.1", 0), None)
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def finish_request(self, request, address):
        try:
            with self.context.wrap_socket(request, server_side=True) as sock:
                while piece := sock.recv(65536):
                    sock.sendall(piece)
        except OSError:
            pass

    def end(self):
        self.shutdown()
        self.server_close()


@pytest.fixture
def box(net, certs):
    """A server with a certificate of its own on a port for all, and a daemon with a tunnel of each kind there."""
    pair = {"certificate": str(certs / "server.crt"), "key": str(certs / "server.key")}
    net.srv = net.server(config={"public": [{"listen": LOCAL, "tls": pair, "plain": True}], "allowed_hosts": ["test.localhost"]})
    net.key = net.srv.key()
    net.tls = net.add(TlsOrigin(certs))
    net.web = net.origin()
    net.dmn = net.daemon(net.srv, {"box": {"proto": "tls", "local": net.tls.port, "subdomain": "box"},
                                   "web": {"local": net.web.port, "subdomain": "web"}}, key=net.key)
    net.dmn.up("box")
    net.dmn.up("web")
    return net


def echoes(sock, text=b"hello"):
    sock.sendall(text)
    got = b""
    while len(got) < len(text):
        piece = sock.recv(65536)
        assert piece, got
        got += piece
    return got == text


def test_the_visitor_speaks_with_the_origin_itself(box, certs):
    assert box.dmn.url("box") == f"https://{NAME}:{box.srv.public}/"
    with tls.connect(box.srv.public, NAME, certs) as sock:
        assert tls.subject(sock) == "rsa"
        assert echoes(sock) and echoes(sock, bytes(range(256)) * 20000)
    assert tls.ask(box.srv.public, "web.test.localhost", certs, tls.get("web.test.localhost")).endswith(b"origin: GET /\n")
    assert tls.certificate(box.srv.public, "web.test.localhost", certs) == "server"
    tunnel = next(t for t in box.srv.status()["tunnels"] if t["name"] == "box")
    assert tunnel["proto"] == "tls" and box.dmn.tunnel("box")["proto"] == "tls"
    box.srv.wait_err("tunnel=box")


def test_its_name_is_nobodys_to_open(box, certs):
    ask = tls.get(NAME)
    assert b" 404 " in box.ask(box.srv.public, ask).split(b"\r\n")[0]
    assert b" 404 " in tls.ask(box.srv.public, "web.test.localhost", certs, ask).split(b"\r\n")[0]


def test_bytes_go_through_from_the_first_to_the_last(net, certs):
    """A raw origin sees exactly what the visitor sent, also what was looked at, and both ends end by themselves."""
    origin = net.raw_origin()
    server = net.server(config={"allowed_hosts": ["test.localhost"]})
    daemon = net.daemon(server, {"box": {"proto": "tls", "local": origin.port, "subdomain": "box"}}, key=server.key())
    daemon.up("box")
    client = tls.context(certs).wrap_bio(ssl.MemoryBIO(), out := ssl.MemoryBIO(), server_hostname=NAME)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    hello = out.read()
    visitor = net.visitor(server.public)
    for at in range(0, len(hello), 100):
        visitor.sendall(hello[at:at + 100])
    sent = hello + b"\x17\x03\x03 whatever" * 1000
    visitor.sendall(sent[len(hello):])
    visitor.shutdown(socket.SHUT_WR)
    sock = origin.accept()
    got = b""
    while piece := sock.recv(65536):
        got += piece
    assert got == sent
    sock.sendall(b"and back" * 1000)
    sock.close()
    back = b""
    while piece := visitor.recv(65536):
        back += piece
    assert back == b"and back" * 1000


def test_strangers_get_an_alert(net, certs):
    origin = net.add(TlsOrigin(certs))
    server = net.server(config={"allowed_hosts": ["test.localhost"]})
    daemon = net.daemon(server, {"box": {"proto": "tls", "local": origin.port, "subdomain": "box"},
                                 "web": {"local": 1, "subdomain": "web"}}, key=server.key())
    daemon.up("box")
    daemon.up("web")
    with tls.connect(server.public, NAME, certs) as sock:
        assert tls.subject(sock) == "rsa"
    for n, name in enumerate((None, "nobody.test.localhost", "web.test.localhost")):
        with pytest.raises(ssl.SSLError) as e:
            tls.connect(server.public, name, certs)
        assert "UNRECOGNIZED_NAME" in str(e.value).upper().replace(" ", "_")
        assert server.status()["counters"]["strangers"] == n + 1


def test_a_name_is_one_tunnels_whatever_its_kind(box, certs):
    other = box.daemon(box.srv, {"mine": {"local": box.web.port, "subdomain": "box"}}, key=box.srv.key("other"), name="other")
    until(lambda: other.tunnel("mine")["state"] != "connecting" and other.tunnel("mine")["error"], "a refusal")
    assert "another key" in other.tunnel("mine")["error"]
    # the same key's newer client may have it, as something else
    newer = box.daemon(box.srv, {"mine": {"local": box.web.port, "subdomain": "box"}}, key=box.key, name="newer")
    newer.up("mine")
    assert tls.ask(box.srv.public, NAME, certs, tls.get(NAME)).endswith(b"origin: GET /\n")
    newer.config["tunnels"]["mine"] = {"proto": "tls", "local": box.tls.port, "subdomain": "box"}
    newer.write_config(newer.config)
    newer.ctl("reload")
    newer.up("mine")
    with tls.connect(box.srv.public, NAME, certs) as sock:
        assert tls.subject(sock) == "rsa" and echoes(sock)


def test_visitors_wait_for_a_client_that_is_away(box, certs):
    box.dmn.kill()
    done = []

    def visit():
        with tls.connect(box.srv.public, NAME, certs) as sock:
            done.append(tls.subject(sock) == "rsa" and echoes(sock))
    visitor = threading.Thread(target=visit, daemon=True)
    visitor.start()
    until(lambda: box.srv.status()["counters"]["parked"] == 1, "the visitor waits")
    box.dmn = box.daemon(box.srv, box.dmn.config["tunnels"], key=box.key)
    visitor.join(WAIT)
    assert done == [True]


def test_a_restarted_server_keeps_the_name(box, certs):
    box.srv.stop()
    fixed = dict(box.srv.config["public"][0], listen=f"127.0.0.1:{box.srv.public}")
    config = dict(box.srv.config, public=[fixed], control=[{"listen": f"127.0.0.1:{box.srv.port}"}])
    box.srv = box.server(config=config)
    with tls.connect(box.srv.public, NAME, certs) as sock:  # parked until the daemon is back
        assert tls.subject(sock) == "rsa" and echoes(sock)


def test_the_origin_is_told_who_it_is(net, certs):
    origin = net.raw_origin()
    server = net.server(config={"allowed_hosts": ["test.localhost"]})
    daemon = net.daemon(server, {"box": {"proto": "tls", "local": origin.port, "subdomain": "box", "proxy_protocol": "v2"}}, key=server.key())
    daemon.up("box")
    visitor = net.visitor(server.public)
    client = tls.context(certs).wrap_bio(ssl.MemoryBIO(), out := ssl.MemoryBIO(), server_hostname=NAME)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    visitor.sendall(hello := out.read())
    says, sock = told(net, origin)
    assert says == (visitor.getsockname(), ("127.0.0.1", server.public), True)
    assert sock.recv(len(hello)) == hello


@pytest.mark.parametrize("daemon", [True, False])
def test_the_command_opens_one(box, certs, daemon):
    socket_path = box.dmn.control if daemon else box.dir / "nobody"
    shot = box.run("shot", box.program("tunnelctl"), "--socket", socket_path, "tls", box.tls.port, "--subdomain", "shot",
                   env={"TUNNELTO_SERVER": box.srv.url, "TUNNELTO_KEY": box.key.read_text().strip(),
                        "XDG_RUNTIME_DIR": str(box.dir), "HOME": str(box.dir)})
    until(lambda: "https://shot.test.localhost:" in shot.out(), "its address")
    with tls.connect(box.srv.public, "shot.test.localhost", certs) as sock:
        assert tls.subject(sock) == "rsa" and echoes(sock, b"x" * MIB)


@pytest.mark.parametrize("row, says", [
    ({"local": "https://127.0.0.1:1"}, "the visitor's own TLS goes through"),
    ({"local": 1, "remote_port": 20000}, "'remote_port' is for proto tcp"),
    ({"local": 1, "host_header": "x"}, "'host_header' for http"),
    ({"local": 1, "proxy_protocol": "v1"}, "proxy_protocol")])
def test_what_makes_no_sense_is_told(net, row, says):
    daemon = net.daemon(config={"tunnels": {"box": dict({"proto": "tls"}, **row)}}, wait=False)
    assert daemon.wait_end() == 78
    assert says in daemon.err() + daemon.out()
