# SPDX-License-Identifier: MIT
"""Visitors that leave, dawdle or drip: the origin learns it at once, memory stays bounded, and nobody else notices."""
import contextlib
import signal
import socket
import threading
import time

import pytest

import strict_http as strict
from actors import MIB, WAIT, Net, merge
from relay import Relay

SOON = 1.0  # seconds until an origin knows that its visitor has left
UPGRADE = b"Connection: Upgrade\r\nUpgrade: x\r\n"
SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"


def ask(fields=b"", body=b"", method=b"GET", host=b"raw.localhost"):
    return method + b" / HTTP/1.1\r\nHost: " + host + b"\r\n" + fields + b"\r\n" + body


QUICK = {"timeouts": {"drain": "20ms"}}, {"drain": "20ms"}  # streams that are left open need not be waited for


def build(net, server=None, **raw):
    """A tunnel to an origin that the test plays byte by byte, and one beside it to show that others go on."""
    net.raw, net.web = net.raw_origin(**raw), net.origin()
    net.srv = net.server(config=merge(QUICK[0], server or {}))
    net.dmn = net.daemon(net.srv, {"raw": {"local": net.raw.port, "subdomain": "raw"}, "web": {"local": net.web.port, "subdomain": "web"}},
                         key=net.srv.key(), config=QUICK[1])
    net.dmn.up()
    return net


@pytest.fixture
def world(net):
    return build(net, rcvbuf=4096)


@pytest.fixture(scope="module")
def shared(request):
    """One world for the tests that leave nothing behind."""
    net = Net(request.config.getoption("--build"))
    yield build(net, rcvbuf=4096)
    net.end()


def read_until(sock, text):
    seen = b""
    while text not in seen:
        piece = sock.recv(65536)
        assert piece, seen
        seen += piece
    return seen


def read_to_end(sock):
    """All that comes until the end; how it ended."""
    n = 0
    try:
        while piece := sock.recv(65536):
            n += len(piece)
        return n, "fin"
    except (ConnectionResetError, BrokenPipeError):
        return n, "rst"


def waiting(world, visitor):
    visitor.sendall(ask())
    origin = world.raw.accept()
    read_until(origin, b"\r\n\r\n")
    return origin


def quiet_download(world, visitor):
    origin = waiting(world, visitor)
    origin.sendall(STREAM + b"data: 1\n\n")
    read_until(visitor, b"data: 1\n\n")
    return origin


def full_download(world, visitor):
    """The visitor has stopped reading, everything between is full."""
    origin = waiting(world, visitor)
    origin.sendall(STREAM)
    fill(origin)
    return origin


def upload(world, visitor):
    visitor.sendall(ask(b"Content-Length: 1000000\r\n", b"x" * 1000, b"POST"))
    origin = world.raw.accept()
    read_until(origin, b"x" * 1000)
    return origin


def full_upload(world, visitor):
    """The origin has stopped reading, everything between is full."""
    visitor.sendall(ask(b"Content-Length: 1000000000\r\n", b"", b"POST"))
    origin = world.raw.accept()
    read_until(origin, b"\r\n\r\n")
    fill(visitor)
    return origin


def upgraded(world, visitor):
    visitor.sendall(ask(UPGRADE))
    origin = world.raw.accept()
    read_until(origin, b"\r\n\r\n")
    origin.sendall(SWITCHED)
    read_until(visitor, b"\r\n\r\n")
    visitor.sendall(b"ping")
    read_until(origin, b"ping")
    return origin


def fill(sock, quiet=0.4):
    """Write until nobody takes any more; how much that was."""
    sock.setblocking(False)
    n, last = 0, time.monotonic()
    while time.monotonic() - last < quiet:
        try:
            n += sock.send(b"x" * 65536)
            last = time.monotonic()
        except BlockingIOError:
            threading.Event().wait(0.01)
    sock.settimeout(WAIT)
    return n


PHASES = [(phase, how) for phase in (waiting, quiet_download, full_download, upload, full_upload, upgraded) for how in ("fin", "rst")
          if (phase, how) != (full_upload, "fin")]  # a FIN behind what is not read reaches nobody: TCP keeps it back


@pytest.mark.parametrize("phase, how", PHASES, ids=[f"{phase.__name__}-{how}" for phase, how in PHASES])
def test_a_visitor_that_leaves_is_missed_within_a_second(shared, phase, how):
    took = []
    for _ in range(3):  # a busy machine may be late once; the code would be late each time
        visitor = shared.visitor(shared.srv.public, rcvbuf=4096)
        origin = phase(shared, visitor)
        left = time.monotonic()
        strict.reset(visitor) if how == "rst" else visitor.close()
        _, end = read_to_end(origin) if phase is not full_upload else (0, end_of(origin))
        took.append(time.monotonic() - left)
        if phase is not upgraded or how == "rst":  # an upgraded one ends in order, as a pipe does
            assert end == "rst", "a part must not look like a whole"
        if took[-1] <= SOON:
            break
    assert min(took) <= SOON


def end_of(origin):
    """How a connection ended whose bytes nobody reads."""
    import select
    poll = select.poll()
    poll.register(origin, select.POLLERR | select.POLLHUP)
    return "rst" if poll.poll(WAIT * 1000) else "nothing"


def test_an_answer_in_the_queue_outlives_the_half_close_behind_it(net):
    """The visitor has asked, has been answered, and ends while the answer is still on its way to it."""
    size = 7 * MIB
    build(net, server={"limits": {"window": "8MiB"}})  # all of it fits between origin and visitor
    visitor = net.visitor(net.srv.public, rcvbuf=4096)
    origin = waiting(net, visitor)
    origin.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + bytes(size))
    net.srv.wait_err("-> 200")  # the server has all of it
    visitor.shutdown(socket.SHUT_WR)
    n, end = read_to_end(visitor)
    assert end == "fin" and n > size


@pytest.mark.parametrize("first", ["visitor", "origin"])
def test_what_comes_behind_an_upgrade_outlives_both_ends(net, first):
    """Both sides have ended, and what the origin said last is still on its way to a visitor that reads slowly."""
    size = 7 * MIB
    build(net, server={"limits": {"window": "8MiB"}})
    visitor = net.visitor(net.srv.public, rcvbuf=4096)
    origin = upgraded(net, visitor)
    if first == "visitor":
        visitor.shutdown(socket.SHUT_WR)
        assert read_to_end(origin) == (0, "fin")
    origin.sendall(bytes(size))
    origin.shutdown(socket.SHUT_WR)
    if first == "origin":
        visitor.shutdown(socket.SHUT_WR)
        assert read_to_end(origin)[0] == 0
    assert read_to_end(visitor) == (size, "fin")


def test_a_small_last_word_behind_an_upgrade_arrives(world):
    """It comes together with the origin's end, from one that was asked for it by the visitor's."""
    for _ in range(20):
        visitor = world.visitor(world.srv.public)
        origin = upgraded(world, visitor)
        visitor.shutdown(socket.SHUT_WR)
        assert read_to_end(origin) == (0, "fin")
        origin.sendall(bytes(12000))
        origin.close()
        assert read_to_end(visitor) == (12000, "fin")


def answered(net, size, **config):
    """A visitor that reads slowly, and its answer, of which the server has all."""
    build(net, server=merge({"limits": {"window": "8MiB"}}, config))
    visitor = net.visitor(net.srv.public, rcvbuf=4096)
    origin = waiting(net, visitor)
    origin.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + bytes(size))
    net.srv.wait_err("-> 200")
    return visitor


def test_an_answer_in_the_queue_outlives_the_servers_stop(net):
    visitor = answered(net, 7 * MIB, timeouts={"drain": "20s"})
    net.srv.signal(signal.SIGTERM)
    net.srv.wait_err("stopping")
    n, end = read_to_end(visitor)
    assert end == "fin" and n > 7 * MIB


def test_who_still_takes_an_answer_is_not_idle(net):
    """Longer than a connection may wait for the next request, but it takes bytes all the time."""
    visitor = answered(net, 7 * MIB, timeouts={"idle": "150ms"})
    n, began = 0, time.monotonic()
    while n <= 7 * MIB:
        piece = visitor.recv(65536)
        assert piece, f"cut after {n} bytes"
        n += len(piece)
        if time.monotonic() - began < 1.5:
            threading.Event().wait(0.01)  # a slow reader: this is what is tested
    assert read_to_end(visitor) == (0, "fin")


def others_go_on(world):
    """Visitors of the same tunnel, and of another one of the same client."""
    for _ in range(3):
        assert world.curl(f"http://web.localhost:{world.srv.public}/").stdout.startswith("origin: GET /")
        visitor = world.visitor(world.srv.public)
        origin = waiting(world, visitor)
        origin.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        assert read_until(visitor, b"ok").startswith(b"HTTP/1.1 200 ")
        visitor.close()
        assert read_to_end(origin)[1] in ("fin", "rst")


def test_a_visitor_that_does_not_read_costs_a_window(world):
    others_go_on(world)
    before = world.srv.rss(), world.dmn.rss()
    visitor = world.visitor(world.srv.public, rcvbuf=4096)
    visitor.sendall(ask())
    origin = world.raw.accept()
    read_until(origin, b"\r\n\r\n")
    origin.sendall(STREAM)
    taken = fill(origin)
    grown = world.srv.rss() - before[0], world.dmn.rss() - before[1]
    print(f"taken {taken} bytes; server +{grown[0] // 1024} KiB, daemon +{grown[1] // 1024} KiB")
    assert taken < 48 * MIB  # what the kernel's four buffers hold, too
    assert max(grown) < (20 if not world.sanitized else 64) * MIB  # the largest window there is, and a little
    others_go_on(world)


def test_an_origin_that_does_not_read_costs_a_window(world):
    others_go_on(world)
    before = world.srv.rss(), world.dmn.rss()
    visitor = world.visitor(world.srv.public)
    visitor.sendall(ask(b"Content-Length: 1000000000000\r\n", b"", b"PUT"))
    origin = world.raw.accept()
    read_until(origin, b"\r\n\r\n")
    taken = fill(visitor)
    grown = world.srv.rss() - before[0], world.dmn.rss() - before[1]
    print(f"taken {taken} bytes; server +{grown[0] // 1024} KiB, daemon +{grown[1] // 1024} KiB")
    assert taken < 48 * MIB  # what the kernel's four buffers hold, too
    assert max(grown) < (20 if not world.sanitized else 64) * MIB  # the largest window there is, and a little
    others_go_on(world)


def test_many_that_do_not_read_stay_below_the_memory_of_their_session(world):
    others_go_on(world)
    before = world.srv.rss(), world.dmn.rss()
    origins = []
    for _ in range(40):
        visitor = world.visitor(world.srv.public, rcvbuf=4096)
        visitor.sendall(ask())
        origins.append(world.raw.accept())
        read_until(origins[-1], b"\r\n\r\n")
        origins[-1].sendall(STREAM)
    threads = [threading.Thread(target=fill, args=(o,)) for o in origins]
    for t in threads:
        t.start()
    for t in threads:
        t.join(WAIT)
    grown = world.srv.rss() - before[0], world.dmn.rss() - before[1]
    print(f"40 visitors; server +{grown[0] // 1024} KiB, daemon +{grown[1] // 1024} KiB")
    # limits.session_memory; a sanitizer keeps 256 MiB of what was freed, besides
    assert max(grown) < (64 if not world.sanitized else 64 + 256 + 64) * MIB
    others_go_on(world)


def test_uploads_that_nobody_takes_use_up_their_session_s_memory_and_others_still_move(net):
    """Every stream is left with little then, which must not mean that it waits for a clock."""
    build(net, server={"limits": {"session_memory": "1MiB"}}, rcvbuf=4096)
    before = net.srv.rss()
    stalled = [(visitor := net.visitor(net.srv.public), full_upload(net, visitor)) for _ in range(6)]
    grown = net.srv.rss() - before
    print(f"{len(stalled)} stalled uploads; server +{grown // 1024} KiB")
    assert grown < (16 if not net.sanitized else 128) * MIB
    body = net.dir / "body"
    body.write_bytes(bytes(range(256)) * 8192)
    began = time.monotonic()
    back = net.curl(f"http://web.localhost:{net.srv.public}/echo", "-H", "Expect:", "--data-binary", f"@{body}", text=False, timeout=10).stdout
    print(f"2 MiB there and back took {time.monotonic() - began:.2f} s")
    assert back == body.read_bytes()


def test_a_session_without_memory_does_not_make_a_head_too_large(net):
    """The stream of the request before still holds what the daemon has not acknowledged."""
    build(net, server={"limits": {"session_memory": "1MiB"}}, rcvbuf=4096)
    stalled = [(visitor := net.visitor(net.srv.public), full_upload(net, visitor)) for _ in range(6)]
    for size in range(16384 - 400, 16384, 50):  # with its own head, about all that a stream is left with
        with net.visitor(net.srv.public) as visitor:
            visitor.sendall(ask(b"Content-Length: %d\r\n" % size, bytes(size - 1) + b"!", b"POST", b"web.localhost"))
            read_until(visitor, b"\0!")
            visitor.sendall(ask(host=b"web.localhost"))
            assert read_until(visitor, b"\r\n\r\n").startswith(b"HTTP/1.1 200 ")
    with net.visitor(net.srv.public) as visitor:
        visitor.sendall(ask(b"X: " + b"x" * 20000 + b"\r\n", host=b"web.localhost"))
        said = read_until(visitor, b"\r\n\r\n")
        assert said.startswith(b"HTTP/1.1 503 ") and b"X-Tunnelto-Error: limit\r\n" in said
    assert len(stalled) == 6


# --- connections that are kept -----------------------------------------------------------------------


def test_a_kept_connection_that_an_origin_closes_as_it_is_used_costs_no_request(shared):
    """RFC 9112 9.3.1: what may be sent twice is, over a fresh connection; the visitor learns nothing of it."""
    visitor = shared.visitor(shared.srv.public)
    first = waiting(shared, visitor)
    first.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none")
    read_until(visitor, b"one")
    visitor.sendall(ask())
    read_until(first, b"\r\n\r\n")
    strict.reset(first)
    second = shared.raw.accept()
    read_until(second, b"\r\n\r\n")
    second.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\ntwo")
    assert read_until(visitor, b"two").startswith(b"HTTP/1.1 200 ")


def test_what_may_not_be_sent_twice_gets_a_connection_of_its_own_and_an_honest_answer(shared):
    visitor = shared.visitor(shared.srv.public)
    first = waiting(shared, visitor)
    first.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none")
    read_until(visitor, b"one")
    visitor.sendall(ask(b"Content-Length: 0\r\n", b"", b"POST"))
    second = shared.raw.accept()
    read_until(second, b"\r\n\r\n")
    strict.reset(second)
    said = read_until(visitor, b"\r\n\r\n")
    assert said.startswith(b"HTTP/1.1 502 ") and b"X-Tunnelto-Error: origin_reset" in said
    assert shared.raw.none_waits()


# --- drips: each byte in time, the whole never ------------------------------------------------------


def drip(sock, text, every=0.05):
    """Byte by byte until the server has had enough; what it says then."""
    for n in range(len(text)):
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            sock.send(text[n:n + 1])
        sock.settimeout(every)
        try:
            said = sock.recv(65536)
        except TimeoutError:
            continue
        sock.settimeout(WAIT)
        with contextlib.suppress(ConnectionResetError):
            while piece := sock.recv(65536):
                said += piece
        return said
    raise AssertionError("nobody minded")


def dripping(net, **timeouts):
    build(net, server={"timeouts": timeouts})
    return net.visitor(net.srv.public)


def test_a_head_that_drips_is_ended_by_the_deadline_of_the_whole(net):
    visitor = dripping(net, head="500ms")
    said = drip(visitor, b"GET / HTTP/1.1\r\nHost: raw.localhost\r\nX-A: " + b"a" * 2000)
    assert said.startswith(b"HTTP/1.1 408 ") and b"X-Tunnelto-Error: request_timeout" in said and b"Connection: close" in said


def test_the_next_head_on_a_connection_has_the_same_deadline(net):
    visitor = dripping(net, head="500ms")
    visitor.sendall(ask())
    origin = net.raw.accept()
    read_until(origin, b"\r\n\r\n")
    origin.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    read_until(visitor, b"ok")
    assert drip(visitor, b"GET / HTTP/1.1\r\nX: " + b"a" * 2000).startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("framing, body", [(b"Content-Length: 4000\r\n", b"x" * 4000), (b"Transfer-Encoding: chunked\r\n", b"1\r\nx\r\n" * 500)],
                         ids=["length", "chunked"])
def test_a_body_that_drips_is_ended_though_it_never_falls_silent(net, framing, body):
    visitor = dripping(net, body="500ms")
    visitor.sendall(ask(framing, b"", b"POST"))
    origin = net.raw.accept()
    said = drip(visitor, body)
    assert said.startswith(b"HTTP/1.1 408 ") and b"X-Tunnelto-Error: request_timeout" in said
    assert read_to_end(origin)[1] == "rst"


def test_a_body_that_is_answered_already_may_drip(net):
    visitor = dripping(net, body="300ms")
    visitor.sendall(ask(b"Transfer-Encoding: chunked\r\n", b"", b"POST"))
    origin = net.raw.accept()
    read_until(origin, b"\r\n\r\n")
    origin.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    read_until(visitor, b"\r\n\r\n")
    began = time.monotonic()
    while time.monotonic() - began < 1.0:  # three times what a drip without an answer may last
        visitor.sendall(b"1\r\nx\r\n")
        assert read_until(origin, b"1\r\nx\r\n")
        origin.sendall(b"1\r\ny\r\n")
        assert read_until(visitor, b"1\r\ny\r\n")
        threading.Event().wait(0.05)


def test_a_body_that_its_origin_does_not_take_is_the_origin_s_fault(net):
    visitor = dripping(net, body="500ms")
    visitor.sendall(ask(b"Content-Length: 1000000000\r\n", b"", b"POST"))
    origin = net.raw.accept()
    read_until(origin, b"\r\n\r\n")
    with contextlib.suppress(ConnectionResetError, BrokenPipeError):
        fill(visitor)
    said = read_until(visitor, b"\r\n\r\n")
    assert said.startswith(b"HTTP/1.1 504 ") and b"X-Tunnelto-Error: origin_timeout" in said


def send_all(sock, body):
    with contextlib.suppress(OSError):
        sock.sendall(body)


def test_an_upload_over_a_slow_link_is_not_one_that_its_origin_does_not_take(net):
    """The visitor is not read while what waits for the link leaves, longer than the time-out: but it does leave."""
    size = 24 * MIB
    net.raw = net.raw_origin()
    net.srv = net.server(config=merge(QUICK[0], {"timeouts": {"body": "800ms"}}))
    relay = net.add(Relay(net.srv.port, rcvbuf=32768))
    net.dmn = net.daemon(relay.url, {"raw": {"local": net.raw.port, "subdomain": "raw"}}, key=net.srv.key(), config=QUICK[1])
    net.dmn.up()
    relay.slow(0.02)  # a long path: the stream's window grows
    visitor = net.visitor(net.srv.public)
    visitor.sendall(ask(b"Content-Length: %d\r\n" % size, b"", b"POST"))
    origin = net.raw.accept()
    read_until(origin, b"\r\n\r\n")
    sending = threading.Thread(target=send_all, args=(visitor, bytes(size)))
    sending.start()
    got, narrow = 0, None
    while got < size:
        piece = origin.recv(65536)
        assert piece
        got += len(piece)
        if not narrow and got >= 8 * MIB:
            relay.narrow(192 * 1024)
            narrow = time.monotonic()
        elif narrow and time.monotonic() > narrow + 2.5:
            relay.heal()
    origin.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    assert read_until(visitor, b"ok").startswith(b"HTTP/1.1 200 ")
