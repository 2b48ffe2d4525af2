# SPDX-License-Identifier: MIT
"""The PROXY protocol: in from a load balancer, out to the origin; raw, and with a real HAProxy and nginx between."""
import json
import shutil
import socket
import struct

import pytest

import tls
from actors import Program, until

LOCAL = "127.0.0.1:0"
V2 = b"\r\n\r\n\0\r\nQUIT\n"


def v2(source, destination, tlvs=b"", command=0x21):
    (ip, port), (ip2, port2) = source, destination
    six = ":" in ip
    family = socket.AF_INET6 if six else socket.AF_INET
    body = socket.inet_pton(family, ip) + socket.inet_pton(family, ip2) + struct.pack("!HH", port, port2) + tlvs
    return V2 + struct.pack("!BBH", command, 0x21 if six else 0x11, len(body)) + body


def v1(source, destination):
    return f"PROXY TCP{6 if ':' in source[0] else 4} {source[0]} {destination[0]} {source[1]} {destination[1]}\r\n".encode()


@pytest.fixture
def proxied(net, certs):
    pair = {"certificate": str(certs / "server.crt"), "key": str(certs / "server.key")}
    listener = {"listen": LOCAL, "clients": True, "plain": True, "tls": pair, "proxy_protocol": True}
    net.srv = net.server(config={"public": [listener], "trusted_proxies": ["127.0.0.0/8"],
                                 "allowed_hosts": ["test.localhost"], "control": [{"listen": LOCAL}]})
    net.key = net.srv.key("test", "*", "--tcp", "20000-20999")
    net.web = net.origin()
    net.dmn = net.daemon(net.srv, {"web": {"local": net.web.port, "subdomain": "web"}}, key=net.key)
    net.dmn.up("web")
    return net


def forwarded(answer):
    return json.loads(answer.split(b"\r\n\r\n", 1)[1])["X-Forwarded-For"]


FROM, TO = ("203.0.113.7", 1234), ("198.51.100.1", 443)
FROM6, TO6 = ("2001:db8::7", 1234), ("2001:db8::1", 443)


@pytest.mark.parametrize("header, says", [
    (v1(FROM, TO), "203.0.113.7"), (v1(FROM6, TO6), "2001:db8::7"), (v2(FROM, TO), "203.0.113.7"), (v2(FROM6, TO6), "2001:db8::7"),
    (v2(FROM, TO, tlvs=b"\x04\0\x10" + bytes(16)), "203.0.113.7"), (b"PROXY UNKNOWN\r\n", "127.0.0.1"),
    (V2 + b"\x20\0\0\0", "127.0.0.1"), (v2(FROM, TO, command=0x20), "127.0.0.1")])
def test_the_header_says_who_the_visitor_is(proxied, certs, header, says):
    ask = tls.get("web.test.localhost", "/headers")
    assert forwarded(proxied.ask(proxied.srv.public, header + ask)) == says
    assert forwarded(tls.ask(proxied.srv.public, "web.test.localhost", certs, ask, before=header)) == says
    with proxied.visitor(proxied.srv.public) as sock:  # in two pieces, and the rest late
        sock.sendall(header[:13])
        sock.sendall(header[13:])
        sock.sendall(ask)
        answer = b""
        while piece := sock.recv(65536):
            answer += piece
        assert forwarded(answer) == says


def test_visitors_inside_cannot_claim_to_be_somebody_else(proxied):
    ask = b"GET /headers HTTP/1.1\r\nHost: web.test.localhost\r\nX-Forwarded-For: 192.0.2.99\r\nConnection: close\r\n\r\n"
    assert "192.0.2.99" not in forwarded(proxied.ask(proxied.srv.public, v2(FROM, TO) + ask))


@pytest.mark.parametrize("first", [
    b"", b"PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n", b"PROXY TCP4 1.2.3.4 5.6.7.8 1 99999\r\n", V2 + b"\x21\x11\0\x04abcd", V2 + b"\x31\x11\0\0",
    b"PROXY UNKNOWN " + b"x" * 200 + b"\r\n"])
def test_nobody_comes_in_without_a_sound_header(proxied, first):
    before = proxied.srv.status()["counters"]["unproxied"]
    assert proxied.ask(proxied.srv.public, first + tls.get("web.test.localhost")) == b""
    assert proxied.srv.status()["counters"]["unproxied"] == before + 1


def test_nobody_but_the_trusted_proxies_is_served(proxied):
    proxied.srv.write_config(dict(proxied.srv.config, trusted_proxies=["192.0.2.0/24"]))
    proxied.srv.ctl("reload")
    assert proxied.ask(proxied.srv.public, v2(FROM, TO) + tls.get("web.test.localhost")) == b""
    assert proxied.srv.status()["counters"]["unproxied"] == 1
    proxied.srv.write_config(dict(proxied.srv.config, trusted_proxies=None or []))
    done = proxied.srv.ctl("reload", check=False)
    assert done.returncode == 1 and "'proxy_protocol' the proxies are to be named: 'trusted_proxies'" in done.stderr


def test_addresses_are_blocked_by_what_the_header_says(proxied):
    proxied.srv.write_config(dict(proxied.srv.config, blocked_ips=["203.0.113.0/24"]))
    proxied.srv.ctl("reload")
    assert proxied.ask(proxied.srv.public, v2(FROM, TO) + tls.get("web.test.localhost")) == b""
    assert proxied.ask(proxied.srv.public, v2(FROM6, TO6) + tls.get("web.test.localhost")).endswith(b"origin: GET /\n")
    said = proxied.ask(proxied.srv.public, v2(FROM, TO) + b"GET /wormhole HTTP/1.1\r\nHost: test.localhost\r\nConnection: Upgrade\r\n"
                       b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                       b"Sec-WebSocket-Protocol: tunnelto.v2\r\n\r\n")
    assert b"403" in said.split(b"\r\n")[0] and said.endswith(b"this address is blocked\n")


# --- out ------------------------------------------------------------------------------------------

def read_v2(sock):
    """The header that an origin gets first: source, destination, and whether by TLS."""
    head = b""
    while len(head) < 16:
        head += sock.recv(16 - len(head))
    assert head[:12] == V2
    command, family, length = struct.unpack("!BBH", head[12:])
    body = b""
    while len(body) < length:
        body += sock.recv(length - len(body))
    if command == 0x20:
        return None
    n = 4 if family == 0x11 else 16
    text = lambda at: socket.inet_ntop(socket.AF_INET if n == 4 else socket.AF_INET6, body[at:at + n])
    source, destination = struct.unpack("!HH", body[2 * n:2 * n + 4])
    return (text(0), source), (text(n), destination), body[2 * n + 4:] == b"\x20\0\x05\x01\0\0\0\0"


def told(net, origin, request=b""):
    """What the raw origin is told of a connection, and the first bytes after it."""
    sock = origin.accept()
    says = read_v2(sock)
    return says, sock


def test_origins_are_told_who_the_visitor_is(net, certs):
    origins = [net.raw_origin() for _ in range(2)]
    pair = {"certificate": str(certs / "server.crt"), "key": str(certs / "server.key")}
    server = net.server(config={"public": [{"listen": LOCAL, "tls": pair, "plain": True}], "allowed_hosts": ["test.localhost"],
                                "tcp": {"listen": "127.0.0.1", "ports": "20000-20999"}})
    daemon = net.daemon(server, {"web": {"local": origins[0].port, "subdomain": "web", "proxy_protocol": "v2"},
                                 "db": {"local": origins[1].port, "proto": "tcp", "proxy_protocol": "v2"}},
                        key=server.key("test", "*", "--tcp", "20000-20999"))
    daemon.up("web")
    daemon.up("db")
    visitor = net.visitor(server.public)
    visitor.sendall(tls.get("web.test.localhost"))
    says, sock = told(net, origins[0])
    assert says == (visitor.getsockname(), ("127.0.0.1", server.public), False)
    assert sock.recv(1000).startswith(b"GET / HTTP/1.1\r\n")
    secure = tls.connect(server.public, "web.test.localhost", certs)
    secure.sendall(tls.get("web.test.localhost"))
    says, sock = told(net, origins[0])
    assert says == (secure.getsockname(), ("127.0.0.1", server.public), True)
    secure.close()
    port = int(daemon.url("db").rsplit(":", 1)[1])
    visitor = net.visitor(port)
    says, sock = told(net, origins[1])
    assert says == (visitor.getsockname(), ("127.0.0.1", port), False)
    visitor.sendall(b"hello")
    assert sock.recv(10) == b"hello"
    sock.sendall(b"back")
    assert visitor.recv(10) == b"back"


def test_a_one_shot_tunnel_can_tell_too(net):
    origin, server = net.raw_origin(), net.server(config={"allowed_hosts": ["test.localhost"]})
    key = server.key()
    shot = net.run("shot", net.program("tunnelctl"), "--socket", net.dir / "nobody", "http", origin.port, "--subdomain", "web", "--proxy-protocol",
                   env={"TUNNELTO_SERVER": server.url, "TUNNELTO_KEY": key.read_text().strip(), "XDG_RUNTIME_DIR": str(net.dir), "HOME": str(net.dir)})
    until(lambda: "http://" in shot.out(), "its address")
    visitor = net.visitor(server.public)
    visitor.sendall(tls.get("web.test.localhost"))
    assert told(net, origin)[0] == (visitor.getsockname(), ("127.0.0.1", server.public), False)


# --- with others ----------------------------------------------------------------------------------

@pytest.mark.skipif(not shutil.which("haproxy"), reason="no haproxy here")
@pytest.mark.parametrize("how", ["send-proxy", "send-proxy-v2"])
def test_a_real_haproxy_in_front(proxied, certs, how):
    conf = proxied.dir / "haproxy.cfg"
    with socket.create_server(("127.0.0.1", 0)) as s:
        port = s.getsockname()[1]
    conf.write_text(f"defaults\n mode tcp\n timeout connect 5s\n timeout client 20s\n timeout server 20s\n"
                    f"listen in\n bind 127.0.0.1:{port}\n server us 127.0.0.1:{proxied.srv.public} {how}\n")
    proxied.add(Program(proxied, "haproxy", [shutil.which("haproxy"), "-db", "-f", conf]))
    until(lambda: not socket.socket().connect_ex(("127.0.0.1", port)), "haproxy")
    with socket.socket() as sock:
        sock.bind(("127.0.0.9", 0))
        sock.connect(("127.0.0.1", port))
        sock.sendall(tls.get("web.test.localhost", "/headers"))
        answer = b""
        while piece := sock.recv(65536):
            answer += piece
    assert forwarded(answer) == "127.0.0.9"
    daemon = proxied.daemon(f"https://localhost:{port}", {"more": {"local": proxied.web.port, "subdomain": "more"}}, key=proxied.key,
                            name="other", config={"server": {"ca_file": str(certs / "ca.crt")}})
    daemon.up("more")
    assert tls.ask(port, "more.test.localhost", certs, tls.get("more.test.localhost")).endswith(b"origin: GET /\n")


@pytest.mark.skipif(not shutil.which("nginx"), reason="no nginx here")
def test_a_real_nginx_as_origin(net):
    conf = net.dir / "nginx.conf"
    with socket.create_server(("127.0.0.1", 0)) as s:
        port = s.getsockname()[1]
    conf.write_text(f"daemon off; pid {net.dir}/nginx.pid; error_log {net.dir}/nginx.log; worker_processes 1;\n"
                    f"events {{}}\nhttp {{ access_log off; client_body_temp_path {net.dir}/b; proxy_temp_path {net.dir}/p;\n"
                    f" fastcgi_temp_path {net.dir}/f; uwsgi_temp_path {net.dir}/u; scgi_temp_path {net.dir}/s;\n"
                    f" server {{ listen 127.0.0.1:{port} proxy_protocol;\n"
                    f"  location / {{ return 200 '$proxy_protocol_addr:$proxy_protocol_port $proxy_protocol_server_port\\n'; }} }} }}\n")
    net.add(Program(net, "nginx", [shutil.which("nginx"), "-c", conf]))
    until(lambda: not socket.socket().connect_ex(("127.0.0.1", port)), "nginx")
    server = net.server(config={"allowed_hosts": ["test.localhost"]})
    daemon = net.daemon(server, {"web": {"local": port, "subdomain": "web", "proxy_protocol": "v2"}}, key=server.key())
    daemon.up("web")
    visitor = net.visitor(server.public)
    for _ in range(2):  # one header a connection, not a request
        visitor.sendall(b"GET / HTTP/1.1\r\nHost: web.test.localhost\r\n\r\n")
        says = b""
        while not says.endswith(b"\n") or says.endswith(b"\r\n"):
            says += visitor.recv(1000)
        assert says.endswith(b"%s:%d %d\n" % (visitor.getsockname()[0].encode(), visitor.getsockname()[1], server.public))
