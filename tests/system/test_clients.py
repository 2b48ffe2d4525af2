# SPDX-License-Identifier: MIT
"""Clients that are not ours, through the tunnel: curl, h2load, wrk, an SSE client, Tornado's suites, a WebSocket library, Chromium."""
import asyncio
import contextlib
import gzip
import hashlib
import json
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import threading

import pytest

from actors import MIB, WAIT, Handler, until

HERE = pathlib.Path(__file__).resolve().parent
BIG = 48 * MIB


def pattern(n):
    block = hashlib.sha256(b"tunnelto").digest() * 2048
    return (block * (n // len(block) + 1))[:n]


class Site(Handler):
    """What clients ask of a site, beyond what the sample origin does."""

    def do_GET(self):
        path, _, query = self.path.partition("?")
        page = getattr(self, "get_" + path.strip("/").split("/")[0], None)
        if not page:
            return super().do_GET()
        self.server.seen.append((self.command, self.path, dict(self.headers)))
        page(query)

    do_HEAD = do_GET

    def get_big(self, query):
        """Ranges, entity tags; cut after `cut` bytes on request."""
        body, first = pattern(BIG), 0
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if self.headers.get("If-None-Match") == '"big"':
            return self.answer(b"", 304, ETag='"big"')
        if wanted:
            first, last = int(wanted[1]), int(wanted[2] or len(body) - 1)
            body = body[first:last + 1]
            return self.answer(body, 206, Content_Range=f"bytes {first}-{last}/{BIG}", ETag='"big"')
        if query.startswith("cut="):
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[:int(query[4:])])
            self.close_connection = True
            return None
        return self.answer(body, ETag='"big"', Accept_Ranges="bytes")

    def get_packed(self, query):
        self.answer(gzip.compress(b"packed " * 1000), Content_Encoding="gzip", Vary="Accept-Encoding")

    def get_elsewhere(self, query):
        self.answer(b"", 302, Location="/arrived")

    def get_ticks(self, query):
        """Events 1, 2, end; whoever comes back and says it has had 2 gets 3."""
        last = int(self.headers.get("Last-Event-ID", 0))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        for n in (1, 2) if last == 0 else (last + 1,):
            self.wfile.write(b"id: %d\nretry: 50\nevent: tick\ndata: tick %d\ndata: line two\n\n" % (n, n))
        self.close_connection = True

    def get_stream(self, query):
        """One piece, and the next when the client has said that it has the first."""
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for n in range(4):
            self.wfile.write(b"7\r\npiece %d\r\n" % n)
            if n < 3 and not self.server.steps.acquire(timeout=WAIT):
                return
        self.wfile.write(b"0\r\n\r\n")

    def get_step(self, query):
        self.server.steps.release()
        self.answer(b"ok")

    def get_endless(self, query):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            while True:
                self.wfile.write(b"1000\r\n" + b"x" * 4096 + b"\r\n")
        except OSError:
            self.server.stopped.set()
        self.close_connection = True

    def get_page(self, query):
        self.answer((HERE / "browser.html").read_bytes(), kind="text/html; charset=utf-8")

    def do_POST(self):
        if self.path == "/results":
            self.server.results = json.loads(self.read_body())
            self.answer(b"thanks")
            self.server.done.set()
        else:
            super().do_POST()

    do_PUT = do_PATCH = do_POST


@pytest.fixture
def site(net):
    net.web = net.origin(handler=Site)
    net.web.steps, net.web.stopped, net.web.done, net.web.results = threading.Semaphore(0), threading.Event(), threading.Event(), None
    net.srv = net.server()
    net.dmn = net.daemon(net.srv, {"web": {"local": net.web.port, "subdomain": "web"}}, key=net.srv.key())
    net.url = net.dmn.up("web")
    return net


def needs(program):
    return pytest.mark.skipif(not shutil.which(program), reason=f"{program} is not installed")


# --- curl ------------------------------------------------------------------------------------------


def test_curl_uploads_from_a_pipe_in_chunks(site):
    body = pattern(3 * MIB + 17)
    host, port = site.url.split("/")[2].split(":")
    done = subprocess.run(["curl", "-sS", "--resolve", f"{host}:{port}:127.0.0.1", "-T", "-", site.url + "echo"], input=body,
                          capture_output=True, timeout=30)
    assert done.returncode == 0 and done.stdout == body
    assert site.web.seen[-1][2]["Transfer-Encoding"] == "chunked"


def test_curl_waits_for_continue(site, tmp_path):
    (tmp_path / "body").write_bytes(pattern(2 * MIB))
    done = site.curl(site.url + "echo", "-v", "-T", tmp_path / "body", "-o", tmp_path / "back", "--expect100-timeout", "10",
                     "-H", "Expect: 100-continue", "-w", "%{time_total}")
    assert "HTTP/1.1 100 Continue" in done.stderr and float(done.stdout) < 9
    assert (tmp_path / "back").read_bytes() == pattern(2 * MIB)


def test_curl_asks_for_ranges_and_unpacks(site):
    assert site.curl(site.url + "big", "-r", "1000-1999", text=False).stdout == pattern(2000)[1000:]
    assert site.curl(site.url + "packed", "--compressed").stdout == "packed " * 1000
    assert site.curl(site.url + "packed", text=False).stdout[:2] == b"\x1f\x8b"


def test_curl_resumes_a_download_that_was_cut(site, tmp_path):
    part = tmp_path / "part"
    first = site.curl(site.url + f"big?cut={5 * MIB}", "-o", part, check=False)
    assert first.returncode == 18 and part.stat().st_size == 5 * MIB  # CURLE_PARTIAL_FILE
    site.curl(site.url + "big", "-C", "-", "-o", part)
    assert hashlib.sha256(part.read_bytes()).digest() == hashlib.sha256(pattern(BIG)).digest()


def test_curl_takes_many_at_once_and_keeps_connections(site):
    host, port = site.url.split("/")[2].split(":")
    at = ["--resolve", f"{host}:{port}:127.0.0.1"]
    done = subprocess.run(["curl", "-sS", "-Z", "--parallel-max", "50", *at, "-o", "/dev/null", "-w", "%{http_code}\n", site.url + "n/[1-100]"],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["200"] * 100
    done = subprocess.run(["curl", "-sS", *at, "-o", "/dev/null", "-w", "%{num_connects} ", site.url + "n/[1-20]"],
                          capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["1"] + ["0"] * 19


@pytest.mark.parametrize("options, expected", [
    (["-I"], "HTTP/1.1 200"), (["-L"], "GET /arrived"), (["--http1.0"], "GET /"), (["--http2"], "GET /"), (["-X", "OPTIONS", "--request-target", "*"], "OPTIONS *"),
    (["-F", "field=value"], "form-data; name=\"field\""), (["-X", "DELETE"], "DELETE /"), (["--raw"], "GET /"), (["-H", "Host: WEB.localhost."], "GET /"),
], ids=lambda v: "_".join(v).strip("-") if isinstance(v, list) else "")
def test_curl_says_the_same_of_origin_and_tunnel(site, options, expected):
    """Status, body and number of bytes of a request in curl's words, on both paths."""
    path, told = "elsewhere" if options == ["-L"] else "x", ["-w", "\n%{http_code} %{size_download} %{num_redirects}"]
    through = site.curl(site.url + path, *options, *told).stdout
    direct = site.curl(f"http://127.0.0.1:{site.web.port}/{path}", *options, *told).stdout
    clean = lambda text: re.sub(r"(?m)^(Date|Server|Connection): .*\r?\n|-{10,}\w+", "", text)
    assert clean(through) == clean(direct) and expected in through


# --- load generators -------------------------------------------------------------------------------


@needs("h2load")
def test_h2load_sees_no_error(site):
    done = subprocess.run(["h2load", "--h1", "-n", "3000", "-c", "100", f"--connect-to=127.0.0.1:{site.srv.public}", site.url],
                          capture_output=True, text=True, timeout=120)
    assert "3000 succeeded, 0 failed, 0 errored, 0 timeout" in done.stdout, done.stdout
    assert "3000 2xx" in done.stdout


@needs("wrk")
@pytest.mark.heavy
def test_wrk_sees_no_error_on_200_connections(site):
    done = subprocess.run(["wrk", "-t2", "-c200", "-d2s", "--timeout", "20s", "-H", "Host: web.localhost", f"http://127.0.0.1:{site.srv.public}/"],
                          capture_output=True, text=True, timeout=120)
    assert int(re.search(r"(\d+) requests in", done.stdout)[1]) > 200, done.stdout
    assert "Socket errors" not in done.stdout and "Non-2xx" not in done.stdout, done.stdout


# --- server-sent events ----------------------------------------------------------------------------


@pytest.fixture(scope="session")
def ld_eventsource(request):
    """LaunchDarkly's SSE client, from PyPI, pinned; kept beside the build."""
    place = pathlib.Path(request.config.getoption("--build")).resolve() / "clients" / "eventsource-1.2.4"
    if not (place / "ld_eventsource").exists():
        done = subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--disable-pip-version-check", "--target", place,
                               "launchdarkly-eventsource==1.2.4", "urllib3==2.2.3"], capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            shutil.rmtree(place, ignore_errors=True)
            pytest.skip("launchdarkly-eventsource cannot be installed: " + (done.stderr.strip().splitlines() or ["no pip"])[-1])
    sys.path.insert(0, str(place))
    import ld_eventsource
    yield ld_eventsource
    sys.path.remove(str(place))


def test_an_sse_client_reconnects_with_the_last_event_it_had(site, ld_eventsource):
    from ld_eventsource.config import ConnectStrategy, ErrorStrategy
    client = ld_eventsource.SSEClient(ConnectStrategy.http(f"http://127.0.0.1:{site.srv.public}/ticks", headers={"Host": "web.localhost"}),
                                      initial_retry_delay=0.05, error_strategy=ErrorStrategy.always_continue())
    got = []
    for event in client.events:
        got.append((event.id, event.event, event.data))
        if len(got) == 5:
            break
    client.close()
    assert got == [(str(n), "tick", f"tick {n}\nline two") for n in range(1, 6)]
    assert [f.get("Last-Event-ID", f.get("Last-Event-Id")) for _, path, f in site.web.seen if path == "/ticks"][:3] == [None, "2", "3"]


# --- Tornado's own suites --------------------------------------------------------------------------

# Left out, with the reason: what is tested there is not what a client and a server can do through a proxy.
TORNADO = {
    "tornado.test.websocket_test": ["WebSocketTest.test_check_origin_invalid_subdomains"],  # asks for http://localhost, which is no tunnel
    "tornado.test.httpclient_test": [],
    "tornado.test.simple_httpclient_test": [
        "SimpleHTTPClientTestCase.test_multiple_content_length_accepted", "ChunkedWithContentLengthTest.test_chunked_with_content_length",
        # of two lengths, or a length beside chunks, the edge makes 502
        "HostnameMappingTestCase.test_hostname_mapping", "HostnameMappingTestCase.test_port_mapping"],  # hosts that are no tunnels
    "tornado.test.web_test": [
        "ConnectionCloseTest.test_connection_close", "StreamingRequestBodyTest.test_early_return", "StreamingRequestBodyTest.test_early_return_with_data",
        "StreamingRequestBodyTest.test_close_during_upload", "StreamingRequestBodyTest.test_streaming_body",  # HTTP/1.1 without Host
        "DefaultHostMatchingTest.test_default_host_matching", "HostMatchingTest.test_host_matching",  # hosts that are no tunnels
        "StatusReasonTest.test_reason_xss"],  # '<' in a target
}


@pytest.mark.heavy
@pytest.mark.parametrize("module", TORNADO)
def test_tornado_s_own_suite_runs_through_the_tunnel(net, module):
    pytest.importorskip("tornado.test", reason="python3-tornado is not installed")
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    server = net.server(config={"allowed_hosts": ["0.0.1"]})  # so that 127.0.0.1, which the suites ask for, is a tunnel
    net.daemon(server, {"suite": {"local": port, "subdomain": "127"}}, key=server.key()).up()
    done = subprocess.run([sys.executable, str(HERE / "tornado_suite.py"), str(port), str(server.public), module,
                           *(f"-{module}.{t}" for t in TORNADO[module])], capture_output=True, text=True, timeout=180)
    assert done.stdout, done.stderr[-3000:]
    said = json.loads(done.stdout)
    assert said["bad"] == [], done.stderr[-3000:]
    assert said["ran"] >= 37


# --- WebSockets, by groups as Autobahn has them ------------------------------------------------------


class Sockets:
    """The `websockets` library's server in a thread: echoes, counts pings, closes as it is asked."""

    def __init__(self, **options):
        self.ready, self.options, self.codes = threading.Event(), options, []
        self.thread = threading.Thread(target=lambda: asyncio.run(self.serve()), daemon=True)
        self.thread.start()
        assert self.ready.wait(WAIT)

    async def handle(self, ws, *_):
        try:
            await self.talk(ws)
        finally:
            self.codes.append((ws.close_code, ws.close_reason))

    @staticmethod
    async def talk(ws):
        async for message in ws:
            if isinstance(message, str) and message.startswith("close "):
                _, code, reason = message.split(" ", 2)
                await ws.close(int(code), reason)
            elif isinstance(message, str) and message.startswith("pieces "):
                await ws.send(["x" * 1000] * int(message.split()[1]))
            elif message == "ping me":
                await asyncio.wait_for(await ws.ping(b"payload"), WAIT)
                await ws.send("pong seen")
            else:
                await ws.send(message)

    async def serve(self):
        import websockets
        self.loop, self.over = asyncio.get_running_loop(), asyncio.Event()
        async with websockets.serve(self.handle, "127.0.0.1", 0, max_size=20 * MIB, ping_interval=None, **self.options) as s:
            self.port = s.sockets[0].getsockname()[1]
            self.ready.set()
            await self.over.wait()

    def end(self):
        self.loop.call_soon_threadsafe(self.over.set)
        self.thread.join(WAIT)


SIZES = [0, 1, 125, 126, 127, 128, 65535, 65536, 65537, MIB]


async def group_messages(connect, sockets):
    """1, 9: every length of a frame, text and binary, and 16 MiB."""
    async with connect() as ws:
        for n in SIZES + [16 * MIB]:
            for message in ("ü" * (n // 2), pattern(n)):
                await ws.send(message)
                assert await asyncio.wait_for(ws.recv(), 60) == message, n


async def group_pings(connect, sockets):
    """2: pings of both sides, with payloads, many before any answer is read, between other messages."""
    async with connect() as ws:
        waiters = [await ws.ping(bytes([n]) * n) for n in range(1, 126)]
        await ws.send("between")
        for w in waiters:
            await asyncio.wait_for(w, WAIT)
        assert await ws.recv() == "between"
        await ws.pong(b"unasked")
        await ws.send("ping me")
        assert await asyncio.wait_for(ws.recv(), WAIT) == "pong seen"


async def group_fragments(connect, sockets):
    """5: messages in fragments, empty ones among them, pings between them; from the server too."""
    async with connect() as ws:
        async def pieces(parts):
            for p in parts:
                await ws.ping()
                yield p
        for parts in (["a"], ["a", "b"], ["", "a", ""], ["x" * 70000] * 5, [b"", b"\0" * 10, b"\xff"]):
            await ws.send(pieces(parts))
            assert await asyncio.wait_for(ws.recv(), WAIT) == type(parts[0])().join(parts)
        await ws.send("pieces 100")
        assert await asyncio.wait_for(ws.recv(), WAIT) == "x" * 100000


async def group_closes(connect, sockets):
    """7: each close code and reason reaches the other side, whoever begins."""
    import websockets
    for code, reason in ((1000, ""), (1000, "ä" * 61), (1001, "going"), (1003, "x"), (1011, "y"), (3000, "z"), (4999, "zz")):
        async with connect() as ws:
            await ws.send(f"close {code} {reason}")
            with contextlib.suppress(websockets.ConnectionClosed):
                await asyncio.wait_for(ws.recv(), WAIT)
            assert (ws.close_code, ws.close_reason) == (code, reason)
        sockets.codes.clear()
        ws = await connect()
        await ws.close(code, reason)
        await asyncio.get_running_loop().run_in_executor(None, until, lambda: sockets.codes, "the server's end")
        assert sockets.codes[0] == (code, reason)


async def group_subprotocols_and_many(connect, sockets):
    """10: subprotocols; a hundred connections that talk at once."""
    async with connect(subprotocols=["a", "b"]) as ws:
        assert ws.subprotocol == "b"

    async def talk(n):
        async with connect() as ws:
            for m in range(5):
                await ws.send(f"{n} {m}")
                assert await asyncio.wait_for(ws.recv(), WAIT) == f"{n} {m}"

    await asyncio.gather(*(talk(n) for n in range(100)))


@pytest.mark.heavy
@pytest.mark.parametrize("compression", [None, "deflate"])
@pytest.mark.parametrize("group", [group_messages, group_pings, group_fragments, group_closes, group_subprotocols_and_many],
                         ids=lambda g: g.__name__ if callable(g) else None)
def test_a_websocket_library_talks_to_itself_through_the_tunnel(net, group, compression):
    import websockets
    sockets = net.add(Sockets(compression=compression, subprotocols=["b"]))
    server = net.server()
    net.daemon(server, {"ws": {"local": sockets.port, "subdomain": "ws"}}, key=server.key()).up()

    def connect(**more):
        return websockets.connect(f"ws://ws.localhost:{server.public}/", host="127.0.0.1", port=server.public, compression=compression,
                                  max_size=20 * MIB, ping_interval=None, **more)

    async def visit():
        async with connect() as ws:
            assert bool(ws.extensions) == bool(compression)
        await group(connect, sockets)

    asyncio.run(visit())


# --- a browser -------------------------------------------------------------------------------------


@needs("chromium")
@pytest.mark.heavy
def test_chromium_fetches_streams_talks_and_downloads(site, tmp_path):
    """browser.html does it all and posts what it saw; nothing of the browser is driven from outside."""
    sockets = site.add(Sockets())
    site.daemon(site.srv, {"ws": {"local": sockets.port, "subdomain": "ws"}}, key=site.srv.key("ws"), name="ws").up()
    page = f"{site.url}page?ws=ws.localhost:{site.srv.public}"
    with open(tmp_path / "log", "wb") as log:
        browser = subprocess.Popen(
            ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage",
             "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions",
             "--host-resolver-rules=MAP * 127.0.0.1", f"--user-data-dir={tmp_path / 'profile'}", page], stdout=log, stderr=log)
    try:
        assert site.web.done.wait(90), (tmp_path / "log").read_text(errors="replace")[-2000:]
    finally:
        browser.terminate()
        try:
            browser.wait(20)
        except subprocess.TimeoutExpired:
            browser.kill()
            browser.wait()
    saw = site.web.results
    print(json.dumps(saw))
    assert saw.pop("download") == hashlib.sha256(pattern(BIG)).hexdigest()
    assert saw.pop("upload") == hashlib.sha256(bytes(range(256)) * 20480).hexdigest()
    assert saw == {"text": "origin: GET /hello?a=%C3%A4", "pieces": ["piece 0", "piece 1", "piece 2", "piece 3"], "parallel": 60, "head": "0",
                   "redirect": "origin: GET /arrived", "range": 206, "packed": 7000, "websocket": ["text ü", 1048576, 4001, "bye"],
                   "events": ["1", "2", "3", "4"], "aborted": "AbortError"}
    assert site.web.stopped.wait(WAIT)  # what the page aborted reached the origin
