# SPDX-License-Identifier: MIT
"""Every shape of http_shapes.py, sent to a strict origin and through the tunnel to it: the outcomes are equal but for what
tunnelto-server(8) says is changed."""
import json
import pathlib
import re
import socket
import ssl

import pytest

import strict_http as strict
from actors import WAIT, Net
from http_shapes import ANY, CLOSED, KEPT, MALFORMED, NO_ORIGIN, NOTHING, ROWS

TOP = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def world(request, certs):
    """One server, one daemon and one origin for the whole table: 300 worlds would take minutes."""
    net = Net(request.config.getoption("--build"))
    net.strict = net.add(strict.StrictOrigin())
    pair = {"certificate": str(certs / "server.crt"), "key": str(certs / "server.key")}
    net.srv = net.server(config={"public": [{"listen": "127.0.0.1:0"}, {"listen": "127.0.0.1:0", "tls": pair}]})
    net.tls_port = [int(at.rsplit(":", 1)[1]) for role, at in net.srv.listeners if role == "public"][1]
    net.dmn = net.daemon(net.srv, {n: {"local": net.strict.port, "subdomain": n} for n in ("shape", "other")}, key=net.srv.key())
    net.dmn.up()
    yield net
    net.end()


class Outcome:
    """What a visitor saw: answers, what followed a 101, how the connection stands."""

    def __init__(self):
        self.answers, self.statuses, self.after, self.end = [], [], b"", CLOSED


def probe(wire):
    """Is the connection still good for a request?"""
    try:
        wire.sock.sendall(b"GET /probe HTTP/1.1\r\nHost: shape.localhost\r\n\r\n")
        return KEPT if wire.response().status == 200 else CLOSED
    except (strict.Ended, strict.Cut, strict.Fault, OSError):
        return CLOSED


def read_answers(wire, shape, n, out):
    for i in range(n):
        try:
            m = wire.response(shape.methods[i] if shape.methods else b"GET")
        except strict.Fault:
            out.statuses.append(MALFORMED)
            return
        except (strict.Ended, strict.Cut):
            out.statuses.append(NOTHING)
            return
        out.statuses.append(m.status)
        out.answers.append(m)
        if not m.whole:
            return
    if out.statuses and out.statuses[-1] == 101:
        read_upgraded(wire, shape, out)
    elif n > 0:
        out.end = probe(wire)


def read_upgraded(wire, shape, out):
    while len(wire.have) < len(shape.after) and wire.more():
        pass
    wire.sock.shutdown(socket.SHUT_WR)
    while wire.more():
        pass
    out.after = wire.have


def connect(port, tls):
    sock = socket.create_connection(("127.0.0.1", port), timeout=WAIT)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return tls.wrap_socket(sock, suppress_ragged_eofs=False) if tls else sock


def visit(world, port, shape, n, tls=None):
    """Send the shape, read @n answers, go away."""
    out = Outcome()
    with connect(port, tls) as sock:
        wire = strict.Wire(sock)
        steps = shape.send if isinstance(shape.send, list) else [shape.send]
        for step in steps:
            try:
                step(wire) if callable(step) else sock.sendall(step)
            except (BrokenPipeError, ConnectionResetError, ssl.SSLEOFError):
                break  # refused before it was all sent; the refusal is read below
            except strict.Cut:
                break
        if shape.abort and shape.edge_end != NO_ORIGIN:
            assert world.strict.asked.wait(WAIT)  # else there is nothing to be told
        if shape.abort == "rst":
            strict.reset(sock)
        elif not shape.abort:
            read_answers(wire, shape, n, out)
    return out


def essence(m):
    """Of an answer, what must be equal on both paths."""
    fields = [(n.lower(), v) for n, v in m.end_to_end()]
    body = m.body
    if m.status == 101:
        fields += [(b"upgrade", v) for v in m.values(b"upgrade")]
    if (b"content-type", b"application/json") in fields and body.startswith(b"{"):
        body = json.loads(body)
    # of a body that was cut, how much arrives is chance
    return fields, body if m.whole else None, m.trailers if m.whole else None, m.interim, m.whole, m.reason


def compare(shape, direct, through):
    for d, t in zip(direct.answers, through.answers):
        if t.values(b"x-tunnelto-error") or d.status >= 400 and shape.script is None:
            assert t.status == d.status or shape.edge is not shape.want
            continue
        (df, dbody, *drest), (tf, tbody, *trest) = essence(d), essence(t)
        if not d.values(b"date"):  # RFC 9110 6.6.1: added on the way
            assert re.fullmatch(rb"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", (t.values(b"date") or [b""])[0]) or t.status == 101
            tf = [f for f in tf if f[0] != b"date"]
        if isinstance(dbody, dict):
            if not shape.origin_fields:
                dbody.pop("fields"), tbody.pop("fields")
            df, tf = [[f for f in x if f[0] != b"content-length"] for x in (df, tf)]
        if not shape.interim:
            assert trest[1] == []
            drest[1] = []
        assert (tf, tbody, *trest) == (shape.fields(df) if shape.fields else df, dbody, *drest)


def last_word(out):
    return (out.answers[-1].values(b"x-tunnelto-error") or [b""])[0].decode() if out.answers else ""


def name_of(shape):
    return f"{shape.group}-{shape.name}".replace(" ", "_")


@pytest.mark.parametrize("shape", ROWS, ids=name_of)
def test_the_tunnel_does_what_the_origin_does(world, shape):
    check(world, shape, world.srv.public)


# What the connection has a part in; what the other groups test was decided before TLS comes into it.
ON_TLS = [s for s in ROWS if s.group in ("framing", "connection", "expect", "response") and s.after is None]


@pytest.mark.parametrize("shape", ON_TLS, ids=name_of)
def test_a_tunnel_with_tls_does_so_too(world, shape):
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    check(world, shape, world.tls_port, tls)


def check(world, shape, port, tls=None):
    records = world.strict.begin(shape.script)
    direct = visit(world, world.strict.port, shape, len(shape.want))
    assert direct.statuses == shape.want, "the strict origin itself"
    if not shape.abort:
        assert direct.end == shape.end or shape.end == ANY, "the strict origin itself"
        assert all(m.whole for m in direct.answers) == shape.whole, "the strict origin itself"
    if shape.sees:
        assert records.get(timeout=WAIT)[1] == shape.sees, "the strict origin itself"
    records = world.strict.begin(shape.script)
    through = visit(world, port, shape, len(shape.edge), tls)
    assert through.statuses == shape.edge
    if shape.edge_end == NO_ORIGIN:
        assert probe(strict.Wire(world.visitor(world.srv.public))) == KEPT
        assert records.empty() or records.get()[1] != "cut"
    elif shape.sees:
        seen, end = records.get(timeout=WAIT)
        assert end == shape.sees
    else:
        assert through.end == shape.edge_end or ANY in (shape.edge_end, shape.end)
    if shape.word:
        assert last_word(through) in ([shape.word] if isinstance(shape.word, str) else shape.word)
    if shape.after is not None and shape.edge is shape.want:
        assert through.after == direct.after == shape.after
    compare(shape, direct, through)


def test_the_table_is_as_large_as_it_says():
    assert len(ROWS) >= 120 and len({(s.group, s.name) for s in ROWS}) == len(ROWS)


def test_every_fault_has_a_shape_and_every_word_its_row_in_the_manual():
    """What the edge can say of a request is in the table, or, where it takes time or a setting, in a test of its own."""
    words = {w for s in ROWS if s.word for w in ([s.word] if isinstance(s.word, str) else s.word)}
    faults = set(re.findall(r'^FAULT\(\w+,\s*\d+,\s*"(\w+)"', (TOP / "src/proto/http_fault.def.h").read_text(), re.M))
    # those four: test_http_flow.py, test_http.py, and the tests of links for whoever waits for a client
    assert faults - words == {"request_timeout", "blocked", "client_away", "too_many_waiting"}
    told = set(re.findall(r"^\.It (\d{3}) Ta (\w+) Ta ", (TOP / "man/tunnelto-server.8").read_text(), re.M))
    for shape in ROWS:
        if isinstance(shape.word, str):
            assert (str(shape.edge[-1]), shape.word) in told, shape.name
