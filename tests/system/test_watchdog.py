# SPDX-License-Identifier: MIT
"""The watchdog is fed by those who are healthy: what hangs, or only looks alive, is not; a server that is away is no illness."""
import asyncio
import contextlib
import json
import resource
import signal
import socket
import struct
import threading

import websockets

from actors import WAIT, Program, activated, dump_yaml, passed, until

USEC = 800000  # the daemons ask themselves every 200 ms
HELLO, WELCOME, REGISTER, REGISTERED, PING, PONG, OPEN, DATA = 1, 2, 3, 4, 7, 8, 0x10, 0x11
WATCHED = {"WATCHDOG_USEC": str(USEC)}


def fed(program):
    return program.notify.drain().count("WATCHDOG=1")


def is_fed(program, times=3):
    """Until it was fed @times more, which is later than a tick."""
    before = fed(program)
    until(lambda: fed(program) >= before + times, f"{program.name} feeds its watchdog")


def until_news(program, check, within):
    """Whether @check of what the manager heard becomes true in time."""
    with program.notify.news:
        return program.notify.news.wait_for(lambda: check(program.notify.seen), within)


class Pretender:
    """A server that greets, grants and answers every PING, and does nothing with streams until it is told to."""

    def __init__(self):
        self.echo, self.pongs, self.loop, self.ready = False, 0, asyncio.new_event_loop(), threading.Event()
        self.opened = []
        self.thread = threading.Thread(target=self.loop.run_until_complete, args=(self.serve(),), daemon=True)
        self.thread.start()
        assert self.ready.wait(WAIT)

    async def serve(self):
        self.over, self.links = asyncio.Event(), set()
        async with websockets.serve(self.link, "127.0.0.1", 0, subprotocols=["tunnelto.v2"], ping_interval=None) as s:
            self.port = s.sockets[0].getsockname()[1]
            self.ready.set()
            await self.over.wait()

    @staticmethod
    def frame(kind, payload=b"", stream=0, flags=0):
        payload = json.dumps(payload).encode() if isinstance(payload, dict) else payload
        return struct.pack(">BBHI", kind, flags, len(payload), stream) + payload

    async def ping(self, ws):
        with contextlib.suppress(websockets.ConnectionClosed):
            while True:
                await ws.send(self.frame(PING, b"12345678"))
                await asyncio.sleep(0.05)

    async def link(self, ws, path):
        self.links.add(ws)
        task = asyncio.ensure_future(self.ping(ws))
        with contextlib.suppress(websockets.ConnectionClosed):
            async for message in ws:
                await self.take(ws, message)
        task.cancel()

    async def take(self, ws, message):
        while message:
            kind, flags, n, stream = struct.unpack(">BBHI", message[:8])
            payload, message = message[8:8 + n], message[8 + n:]
            if kind == HELLO:
                await ws.send(self.frame(WELCOME, {"version": 2, "software": "test", "session": "0" * 32, "secret": "1" * 64, "resumed": False,
                                                   "grace_ms": 1000, "window": 262144, "max_streams": 100, "max_tunnels": 100, "lanes": False}))
            elif kind == REGISTER:
                await ws.send(self.frame(REGISTERED, {"request": json.loads(payload)["request"], "tunnel": 1, "url": "http://x/", "hostname": "x"}))
            elif kind == PING:
                await ws.send(self.frame(PONG, payload))
            elif kind == PONG:
                self.pongs += 1
            elif kind == DATA:
                self.opened.append((stream, flags, payload))
                if self.echo:
                    await ws.send(self.frame(DATA, payload, stream, flags))

    def answer(self):
        """Echo what came meanwhile, and what comes."""
        async def late():
            self.echo = True
            for ws in self.links:
                for stream, flags, payload in self.opened:
                    await ws.send(self.frame(DATA, payload, stream, flags))
        asyncio.run_coroutine_threadsafe(late(), self.loop).result(WAIT)

    def end(self):
        self.loop.call_soon_threadsafe(self.over.set)
        self.thread.join(WAIT)


def test_a_client_is_fed_by_its_data_path_and_by_its_servers_absence(pair):
    dmn = pair.add(type(pair.dmn)(pair, pair.srv, {"two": {"local": pair.web.port}}, key=pair.key, name="watched", env=WATCHED))
    dmn.up("two")
    is_fed(dmn)
    pair.srv.signal(signal.SIGSTOP)  # connected, but nothing comes back
    is_fed(dmn, times=8)
    pair.srv.signal(signal.SIGCONT)
    is_fed(dmn)
    pair.srv.kill()
    dmn.notify.wait("STATUS=0 of 1")
    is_fed(dmn)
    assert "watchdog" not in dmn.err()


def test_a_client_that_is_stopped_is_not_fed(pair):
    dmn = pair.add(type(pair.dmn)(pair, pair.srv, {"two": {"local": pair.web.port}}, key=pair.key, name="watched", env=WATCHED))
    dmn.up("two")
    is_fed(dmn)
    dmn.signal(signal.SIGSTOP)
    before = fed(dmn)
    assert not until_news(dmn, lambda seen: seen.count("WATCHDOG=1") > before + 1, USEC / 1e6)
    dmn.signal(signal.SIGCONT)
    is_fed(dmn)


def test_a_wedged_data_path_starves_the_watchdog_until_it_moves_or_is_gone(net):
    server = net.add(Pretender())
    dmn = net.daemon(f"http://127.0.0.1:{server.port}", {"web": {"local": 1}}, env=WATCHED)
    dmn.up("web")
    dmn.wait_err("the data path is wedged")
    before, pongs = fed(dmn), server.pongs
    until(lambda: server.pongs > pongs + 20, "the link stays alive")
    assert fed(dmn) == before
    server.answer()
    dmn.wait_err("the data path works again")
    is_fed(dmn)
    server.echo = False
    until(lambda: dmn.err().count("the data path is wedged") == 2, "it is wedged again")
    server.end()
    is_fed(dmn)


BLOCK_DATA = struct.pack("HBBI", 0x80, 0, 0, 0) + struct.pack("HBBI", 0x25, 0, 1, 60) + struct.pack("HBBI", 0x06, 0, 0, 0) + \
    struct.pack("HBBI", 0x06, 0, 0, 0xffffffff)  # BPF: ld len; jgt 60, drop; pass


def deafen(sock):
    """Connections that this socket accepts from now on get no bytes: the kernel drops every segment with data."""
    import ctypes
    program = ctypes.create_string_buffer(BLOCK_DATA, len(BLOCK_DATA))
    sock.setsockopt(socket.SOL_SOCKET, 26, struct.pack("HL", 4, ctypes.addressof(program)))  # SO_ATTACH_FILTER


def test_a_server_visits_itself_and_starves_its_watchdog_when_it_is_not_heard(net):
    public, control = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    conf = net.dir / "s.yaml"
    (net.dir / "state").mkdir()
    conf.write_text(dump_yaml({"allowed_hosts": ["localhost"], "state_dir": str(net.dir / "state"), "anonymous": True,
                               "control_socket": str(net.dir / "control"), "timeouts": {"idle": "2s", "drain": "1s"}}))
    server = net.add(Program(net, "watched", activated([net.program("tunnelto-server"), "--config", conf], ["public", "control"]), env=WATCHED,
                             pass_fds=(3, 4), limits=passed((public, None), (control, None))))
    server.notify.wait("READY=1", server.process)
    is_fed(server)
    assert "HEALTH" not in server.err()
    deafen(public)
    server.wait_err("a visitor that connects gets no answer")
    before = fed(server)
    assert not until_news(server, lambda seen: seen.count("WATCHDOG=1") > before, USEC / 1e6)
    public.setsockopt(socket.SOL_SOCKET, 27, 0)  # SO_DETACH_FILTER
    server.wait_err("visitors are answered again")  # it gives the deaf one up
    is_fed(server)


def test_a_server_that_is_out_of_descriptors_is_busy_and_not_ill(net):
    """Neither its own visit in the backlog nor the word to the manager may starve the watchdog then."""
    server = net.server(env=WATCHED, limits=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)),
                        config={"timeouts": {"head": "60s", "idle": "60s"}})
    crowd = [net.visitor(server.public) for _ in range(100)]
    server.wait_err("cannot accept a connection")
    is_fed(server, 5)  # more than an interval
    for sock in crowd[:2]:  # one at a time: the next visit is the first to find it
        sock.close()
        is_fed(server, 5)
    # a single visit may still meet the last descriptor and be lost: what counts is that it was fed each time
    assert server.process.poll() is None


def test_a_server_with_tls_alone_visits_itself_too(net, certs):
    server = net.server(config={"public": [{"listen": "[::]:0", "tls": {"certificate": str(certs / "server.crt"), "key": str(certs / "server.key")}}]},
                        env=WATCHED)
    is_fed(server)
    until(lambda: json.loads(server.ctl("status", "--json").stdout)["counters"]["requests"] >= 2, "it asked over TLS")
    assert server.stop() == 0
