# SPDX-License-Identifier: MIT
"""The server's reload: listeners, certificates and everything else by difference, and nobody is dropped."""
import asyncio
import json
import shutil
import signal
import socket
import ssl

import pytest

import tls
from actors import MIB, WAIT, RawOrigin
from test_cli import activated, passed

SIZE = 48 * MIB  # more than every queue on the way
LOCAL = "127.0.0.1:0"  # an address as written: the listener of this text keeps its port


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


def apply(server, config):
    """Write and reload; the difference."""
    server.write_config(config)
    return json.loads(server.ctl("reload", "--json").stdout)


def pair_of(certs, name):
    return {"certificate": str(certs / f"{name}.crt"), "key": str(certs / f"{name}.key")}


def once_more(kept):
    """A request over a connection that stays."""
    kept.sendall(b"GET / HTTP/1.1\r\nHost: web.localhost\r\n\r\n")
    answer = b""
    while not answer.endswith(b"origin: GET /\n"):
        piece = kept.recv(65536)
        assert piece, answer
        answer += piece
    assert answer.startswith(b"HTTP/1.1 200")


def beside(server, certs):
    """The same certificates where a server that is confined by Landlock may read them later: beside its configuration."""
    return shutil.copytree(certs, server.dir / "certs")


def in_use(net):
    """A download that is half read, an echoing upgraded connection and a kept-alive one, and what they go on to show."""
    raw = net.add(RawOrigin())
    net.dmn.config["tunnels"]["raw"] = {"local": raw.port, "subdomain": "raw"}
    net.dmn.write_config(net.dmn.config)
    net.dmn.ctl("reload")
    net.dmn.up("raw")
    download = net.visitor(net.srv.public, rcvbuf=65536)
    download.sendall(b"GET /bytes/%d HTTP/1.1\r\nHost: web.localhost\r\nConnection: close\r\n\r\n" % SIZE)
    head = download.recv(1000)
    assert head.startswith(b"HTTP/1.1 200")
    upgraded = net.visitor(net.srv.public)
    upgraded.sendall(b"GET / HTTP/1.1\r\nHost: raw.localhost\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
    origin = raw.accept()
    while b"\r\n\r\n" not in origin.recv(65536):
        pass
    origin.sendall(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
    assert upgraded.recv(1000).startswith(b"HTTP/1.1 101")
    kept = net.visitor(net.srv.public)

    def echo(text):
        upgraded.sendall(text)
        assert origin.recv(1000) == text
        origin.sendall(text)
        assert upgraded.recv(1000) == text

    def ask():
        once_more(kept)

    def finish():
        body = bytearray(head)
        while piece := download.recv(MIB):
            body += piece
        assert body.endswith(b"0\r\n\r\n") and len(body) > SIZE

    return echo, ask, finish


def test_visitors_notice_nothing_of_twenty_reloads(pair, certs):
    echo, ask, finish = in_use(pair)
    certs = beside(pair.srv, certs)
    plain, extra = pair.srv.config, free_port()
    busy = dict(plain, public=[{"listen": LOCAL}, {"listen": f"127.0.0.1:{extra}", "tls": pair_of(certs, "server")}],
                limits={"visitors": 1000}, timeouts={"drain": "500ms", "idle": "30s"})
    session = pair.srv.status()["sessions"][0]["id"]
    for n in range(20):
        d = apply(pair.srv, plain if n % 2 else busy)
        assert d["removed" if n % 2 else "added"] == [f"public[127.0.0.1:{extra}]"]
        assert f"public[{LOCAL}]" in d["kept"] and f"control[{LOCAL}]" in d["kept"]
        assert {"limits.visitors", "timeouts.idle"} == set(d["changed"])
        echo(b"%d" % n)
        ask()
    finish()
    assert [s["id"] for s in pair.srv.status()["sessions"]] == [session]


def test_a_dry_run_tells_the_difference_and_applies_nothing(pair, certs):
    extra = free_port()
    pair.srv.write_config(dict(pair.srv.config, limits={"visitors": 7}, public=[{"listen": f"127.0.0.1:{extra}"}]))
    d = json.loads(pair.srv.ctl("reload", "--dry-run", "--json").stdout)
    assert d == {"added": [f"public[127.0.0.1:{extra}]"], "removed": [f"public[{LOCAL}]"], "kept": [f"control[{LOCAL}]"],
                 "changed": ["limits.visitors"]}
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", extra), timeout=WAIT)
    assert pair.curl(pair.url).stdout == "origin: GET /\n"
    assert json.loads(pair.srv.ctl("reload", "--json").stdout) == d


def test_a_real_websocket_lives_through_reloads(net, certs):
    import websockets
    server = net.server()

    async def echo(ws, *_):
        async for message in ws:
            await ws.send(message)

    async def visit():
        async with websockets.serve(echo, "127.0.0.1", 0) as origin:
            port = origin.sockets[0].getsockname()[1]
            daemon = net.daemon(server, {"ws": {"local": port, "subdomain": "ws"}}, key=server.key())
            await asyncio.to_thread(daemon.up)
            sock = socket.create_connection(("127.0.0.1", server.public))
            async with websockets.connect(f"ws://ws.localhost:{server.public}/", sock=sock) as ws:
                for n in range(5):
                    server.config["limits"] = {"streams": 1000 + n}
                    await asyncio.to_thread(apply, server, server.config)
                    await ws.send(f"{n}")
                    assert await asyncio.wait_for(ws.recv(), WAIT) == f"{n}"

    asyncio.run(visit())


def test_a_client_stays_when_its_listener_is_removed(pair):
    before = pair.srv.status()["sessions"][0]["id"]
    port = free_port()
    d = apply(pair.srv, dict(pair.srv.config, control=[{"listen": f"127.0.0.1:{port}"}]))
    assert d["removed"] == [f"control[{LOCAL}]"] and d["added"] == [f"control[127.0.0.1:{port}]"]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", pair.srv.port), timeout=WAIT)
    assert pair.curl(pair.url).stdout == "origin: GET /\n"
    assert [s["id"] for s in pair.srv.status()["sessions"]] == [before]
    other = pair.daemon(f"http://127.0.0.1:{port}", {"more": {"local": pair.web.port, "subdomain": "more"}}, key=pair.key, name="other")
    assert pair.curl(other.up("more")).stdout == "origin: GET /\n"
    apply(pair.srv, pair.srv.config)  # the port is another one, the label is the same
    assert pair.curl(pair.url).stdout == "origin: GET /\n"


def test_visitors_stay_when_their_listener_is_removed(pair):
    echo, ask, finish = in_use(pair)
    d = apply(pair.srv, dict(pair.srv.config, public=[{"listen": f"127.0.0.1:{free_port()}"}]))
    assert d["removed"] == [f"public[{LOCAL}]"]
    echo(b"still here")
    ask()
    finish()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", pair.srv.public), timeout=WAIT)


def test_what_cannot_be_bound_changes_nothing(pair):
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        taken = somebody.getsockname()[1]
        free = free_port()
        pair.srv.write_config(dict(pair.srv.config, limits={"visitors": 1},
                                   public=[{"listen": f"127.0.0.1:{free}"}, {"listen": f"127.0.0.1:{taken}"}]))
        done = pair.srv.ctl("reload", check=False)
        assert done.returncode == 1
        assert f"server.yaml:3:5: public: cannot listen on 127.0.0.1:{taken}: Address already in use" in done.stderr, done.stderr
    assert pair.curl(pair.url).stdout == "origin: GET /\n"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", free), timeout=WAIT)
    with pair.visitor(pair.srv.public), pair.visitor(pair.srv.public):
        assert pair.curl(pair.url).stdout == "origin: GET /\n"  # the limit was not applied either


# --- certificates ---------------------------------------------------------------------------------

@pytest.fixture
def secure(net, certs):
    """A server whose public port and control port take their certificates from a directory of the test's own."""
    net.certs = net.dir / "certs"
    net.certs.mkdir()
    put(net, certs, "server")
    listener = {"listen": LOCAL, "tls": {"directory": str(net.certs)}}
    net.srv = net.server(config={"public": [listener], "control": [listener]})
    net.key = net.srv.key()
    return net


def put(net, certs, name, to="a"):
    shutil.copy(certs / f"{name}.crt", net.certs / f"{to}.crt")
    shutil.copy(certs / f"{name}.key", net.certs / f"{to}.key")


def test_new_handshakes_get_the_new_certificate_and_old_connections_stay(secure, certs):
    origin = secure.origin()
    daemon = secure.daemon(f"https://localhost:{secure.srv.port}", {"web": {"local": origin.port, "subdomain": "web"}},
                           key=secure.key, config={"server": {"ca_file": str(certs / "ca.crt")}})
    daemon.up("web")
    kept = tls.connect(secure.srv.public, "localhost", certs)
    assert tls.subject(kept) == "server"
    put(secure, certs, "rsa")
    d = json.loads(secure.srv.ctl("reload", "--json").stdout)
    assert set(d["changed"]) == {f"public[{LOCAL}]", f"control[{LOCAL}]"} and not d["kept"]
    for port in secure.srv.public, secure.srv.port:
        assert tls.certificate(port, "localhost", certs) == "rsa"
    once_more(kept)
    once_more(kept)
    assert daemon.status()["server"]["state"] == "up"
    put(secure, certs, "wild", to="b")
    assert json.loads(secure.srv.ctl("reload", "--json").stdout)["changed"]
    assert tls.certificate(secure.srv.public, "x.wild.example", certs) == "wild"
    assert tls.certificate(secure.srv.public, "x.invalid", certs) == "rsa"
    assert json.loads(secure.srv.ctl("reload", "--json").stdout)["changed"] == []


@pytest.mark.parametrize("how", ["mismatch", "garbage", "no key", "gone"])
def test_a_broken_certificate_keeps_the_old_one_and_is_named(secure, certs, how):
    if how == "mismatch":
        shutil.copy(certs / "other.key", secure.certs / "a.key")
    elif how == "garbage":
        (secure.certs / "a.crt").write_text("-----BEGIN CERTIFICATE-----\nnonsense\n")
    elif how == "no key":
        (secure.certs / "a.key").unlink()
    else:
        shutil.rmtree(secure.certs)
    secure.srv.write_config(dict(secure.srv.config, allowed_hosts=["elsewhere.test"]))
    done = secure.srv.ctl("reload", check=False)
    assert done.returncode == 1 and "server.yaml:4:7: public[0].tls.directory: " in done.stderr, done.stderr
    assert str(secure.certs / ("a.crt" if how == "garbage" else "" if how == "gone" else "a.key")).rstrip("/") in done.stderr
    for port in secure.srv.public, secure.srv.port:
        assert tls.certificate(port, "localhost", certs) == "server"
    daemon = secure.daemon(f"https://localhost:{secure.srv.port}", {"web": {"local": 1, "subdomain": "web"}}, key=secure.key,
                           config={"server": {"ca_file": str(certs / "ca.crt")}})
    assert daemon.up("web").endswith(f"web.localhost:{secure.srv.public}/")  # the names were not changed either
    secure.srv.notify.forget()
    secure.srv.signal(signal.SIGHUP)
    secure.srv.wait_err("reload failed: nothing was changed")
    secure.srv.notify.wait("READY=1", secure.srv.process)


def test_a_server_does_not_start_with_a_broken_certificate(net, certs):
    server = net.server(config={"public": [{"listen": LOCAL, "tls": {"certificate": str(certs / "server.crt"),
                                                                      "key": str(certs / "other.key")}}]}, wait=False)
    assert server.wait_end() == 78
    assert "other.key' does not belong to certificate" in server.err()


def test_an_expired_certificate_is_warned_about(net, certs):
    server = net.server(config={"public": [{"listen": LOCAL, "tls": pair_of(certs, "expired")}]})
    assert f"certificate '{certs / 'expired.crt'}' has expired" in server.err()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_sessions_are_resumed_over_a_reload(secure, certs, version):
    ctx = tls.context(certs, version=version)
    for port in secure.srv.public, secure.srv.port:
        session, reused = tls.session_of(port, "localhost", ctx)
        assert not reused
        session, reused = tls.session_of(port, "localhost", ctx, session)
        assert reused
        put(secure, certs, "rsa")
        secure.srv.ctl("reload")
        assert tls.session_of(port, "localhost", ctx, session)[1]


def test_openssl_resumes_too(secure, certs):
    ticket = secure.dir / "ticket"
    for port in secure.srv.public, secure.srv.port:
        assert "New, " in tls.s_client(port, "localhost", "-tls1_2", "-sess_out", ticket)
        assert "Reused, " in tls.s_client(port, "localhost", "-tls1_2", "-sess_in", ticket)
    said = tls.s_client(secure.srv.public, "localhost", "-tls1_2", "-reconnect")
    assert said.count("Reused, ") == 5, said


def test_nothing_older_than_tls_1_2_is_spoken(secure, certs):
    for port in secure.srv.public, secure.srv.port:
        with pytest.raises(ssl.SSLError):
            ctx = tls.context(certs, version=ssl.TLSVersion.TLSv1_1)
            ctx.set_ciphers("DEFAULT@SECLEVEL=0")
            tls.connect(port, "localhost", certs, ctx=ctx)


def test_a_listener_learns_and_forgets_tls(net, certs):
    origin, server = net.origin(), net.server()
    daemon = net.daemon(server, {"web": {"local": origin.port, "subdomain": "web"}}, key=server.key())
    daemon.up("web")
    rows = [{"listen": LOCAL, "tls": pair_of(beside(server, certs), "server")}]
    ask = tls.get("web.localhost")
    for _ in range(2):
        d = apply(server, dict(server.config, public=rows, control=rows))
        assert set(d["changed"]) == {f"public[{LOCAL}]", f"control[{LOCAL}]"}
        assert tls.ask(server.public, "localhost", certs, ask).startswith(b"HTTP/1.1 200")
        assert tls.ask(server.port, "localhost", certs, tls.get("localhost", "/health_check")).endswith(b"ok")
        apply(server, server.config)
        assert net.ask(server.public, ask).startswith(b"HTTP/1.1 200")
        assert net.ask(server.port, tls.get("localhost", "/health_check")).endswith(b"ok")


# --- passed sockets -------------------------------------------------------------------------------

def test_passed_sockets_are_kept_and_served_by_their_rows(net, certs):
    from actors import Program, dump_yaml
    socks = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
    plain, secure, control = (s.getsockname()[1] for s in socks)
    (net.dir / "state").mkdir()
    conf, path = net.dir / "s.yaml", str(net.dir / "c")
    config = {"allowed_hosts": ["localhost"], "state_dir": str(net.dir / "state"), "anonymous": True, "control_socket": path,
              "public": [{"listen": f"127.0.0.1:{secure}", "tls": pair_of(certs, "server")}, {"listen": f"127.0.0.1:{plain}"}]}
    conf.write_text(dump_yaml(config))
    names = ["public", "public-tls", "control"]
    server = net.add(Program(net, "activated", activated([net.program("tunnelto-server"), "--config", conf], names),
                             pass_fds=(3, 4, 5), limits=passed(*[(s, None) for s in socks])))
    server.notify.wait("READY=1", server.process)

    def check(name):
        assert tls.certificate(secure, "localhost", certs) == name
        assert b"404" in net.ask(plain, tls.get("nobody.localhost"))
        assert net.ask(control, tls.get("localhost", "/health_check")).endswith(b"ok")

    def reload():
        conf.write_text(dump_yaml(config))
        return net.ctl("--socket", path, "server", "reload", "--json", check=False)

    check("server")
    config["public"].reverse()
    assert json.loads(reload().stdout) == {"added": [], "changed": [], "removed": [], "kept": [
        f"public[127.0.0.1:{plain}]", f"public[127.0.0.1:{secure}]", f"control[127.0.0.1:{control}]"]}
    check("server")
    config["public"][1]["tls"] = pair_of(certs, "rsa")
    assert json.loads(reload().stdout)["changed"] == [f"public[127.0.0.1:{secure}]"]
    check("rsa")
    row = config["public"].pop()
    done = reload()
    assert done.returncode == 1 and "socket 'public-tls' was passed, but no public listener has a certificate" in done.stderr
    config["public"][0] = row
    done = reload()
    assert done.returncode == 1 and f"two sockets were passed for the listener '127.0.0.1:{secure}'" in done.stderr
    check("rsa")
