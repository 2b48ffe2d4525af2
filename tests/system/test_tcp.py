# SPDX-License-Identifier: MIT
"""TCP tunnels: a port, bytes both ways, half-close by half-close."""
import hashlib
import socket
import struct
import threading

import pytest

from actors import MIB, WAIT


@pytest.fixture
def tcp(net):
    net.raw = net.raw_origin()
    net.srv = net.server(config={"tcp": {"listen": "127.0.0.1", "ports": "21000-21999"}})
    net.key = net.srv.key("test", "*", "--tcp", "21000-21999")
    net.dmn = net.daemon(net.srv, {"db": {"proto": "tcp", "local": net.raw.port}}, key=net.key)
    net.dmn.up("db")
    net.port = int(net.dmn.url("db").rstrip("/").rsplit(":", 1)[1])
    return net


def read_all(sock):
    out = b""
    while piece := sock.recv(65536):
        out += piece
    return out


def test_bytes_pass_both_ways_and_a_server_may_speak_first(tcp):
    visitor = tcp.visitor(tcp.port)
    conn = tcp.raw.accept()
    conn.sendall(b"220 hello\r\n")
    assert visitor.recv(100) == b"220 hello\r\n"
    visitor.sendall(b"\x00\x01binary")
    assert conn.recv(100) == b"\x00\x01binary"


def test_the_visitors_end_reaches_the_origin_which_may_still_answer(tcp):
    visitor = tcp.visitor(tcp.port)
    visitor.sendall(b"question")
    visitor.shutdown(socket.SHUT_WR)
    conn = tcp.raw.accept()
    assert read_all(conn) == b"question"
    conn.sendall(b"answer")
    conn.close()
    assert read_all(visitor) == b"answer"


def test_the_origins_end_reaches_the_visitor_which_may_still_send(tcp):
    visitor = tcp.visitor(tcp.port)
    conn = tcp.raw.accept()
    conn.sendall(b"that was all")
    conn.shutdown(socket.SHUT_WR)
    assert read_all(visitor) == b"that was all"
    visitor.sendall(b"late")
    visitor.close()
    assert read_all(conn) == b"late"


@pytest.mark.parametrize("who", ["visitor", "origin"])
def test_a_reset_arrives_as_a_reset(tcp, who):
    visitor = tcp.visitor(tcp.port)
    conn = tcp.raw.accept()
    conn.sendall(b"x")
    assert visitor.recv(1) == b"x"
    breaks, other = (visitor, conn) if who == "visitor" else (conn, visitor)
    breaks.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    breaks.close()
    with pytest.raises(ConnectionResetError):
        other.recv(1)


def test_a_large_stream_each_way_arrives_whole(tcp):
    visitor = tcp.visitor(tcp.port)
    conn = tcp.raw.accept()
    block = bytes(range(256)) * 4096
    digests = {}

    def send(sock):
        for _ in range(32):
            sock.sendall(block)
        sock.shutdown(socket.SHUT_WR)

    def receive(name, sock):
        h, n = hashlib.sha256(), 0
        while piece := sock.recv(1 << 18):
            h.update(piece)
            n += len(piece)
        digests[name] = (h.hexdigest(), n)

    threads = [threading.Thread(target=f, args=a) for f, a in
               ((send, (visitor,)), (send, (conn,)), (receive, ("visitor", visitor)), (receive, ("origin", conn)))]
    for t in threads:
        t.start()
    for t in threads:
        t.join(60)
    expected = (hashlib.sha256(block * 32).hexdigest(), 32 * MIB)
    assert digests == {"visitor": expected, "origin": expected}


def test_a_chosen_port_is_given_and_kept_across_a_restart(net):
    raw = net.raw_origin()
    server = net.server(config={"tcp": {"listen": "127.0.0.1", "ports": "22000-22999"}})
    key = server.key("test", "*", "--tcp", "22000-22999")
    tunnels = {"db": {"proto": "tcp", "local": raw.port, "remote_port": 22123}, "any": {"proto": "tcp", "local": raw.port}}
    daemon = net.daemon(server, tunnels, key=key)
    daemon.up()
    first = daemon.url("any")
    assert daemon.url("db").rstrip("/").endswith(":22123")
    daemon.stop()
    again = net.daemon(server, tunnels, key=key, name="again", config={"control_socket": str(net.dir / "again.sock")})
    again.control = str(net.dir / "again.sock")
    again.up()
    assert again.url("any") == first
    visitor = net.visitor(22123)
    visitor.sendall(b"x")
    assert raw.accept().recv(1) == b"x"


def test_an_origin_that_refuses_resets_the_visitor(net):
    closed = socket.socket()
    closed.bind(("127.0.0.1", 0))
    server = net.server(config={"tcp": {"listen": "127.0.0.1", "ports": "23000-23999"}})
    daemon = net.daemon(server, {"db": {"proto": "tcp", "local": closed.getsockname()[1]}},
                        key=server.key("test", "*", "--tcp", "23000-23999"))
    daemon.up("db")
    with pytest.raises(ConnectionResetError):  # as early as in connect()
        net.visitor(int(daemon.url("db").rstrip("/").rsplit(":", 1)[1])).recv(1)
    closed.close()
