# SPDX-License-Identifier: MIT
"""The Rust tunnelto's flags, variables and files, on our programs."""
import base64
import hmac
import json
import pathlib
import signal
import socket

import pytest

from actors import until
from v1_client import V1Client


@pytest.fixture
def home(net):
    """A home directory, and nothing of the caller's environment that would say where the server is."""
    path = net.dir / "home"
    path.mkdir()
    return path


def environ(home, **more):
    clean = {k: "" for k in ("TUNNELTO_SERVER", "CTRL_HOST")}
    return dict(clean, HOME=str(home), XDG_CONFIG_HOME=str(home / "none"), **more)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def url_of(one):
    return until(lambda: one.out().strip() or (one.process.poll() is not None and pytest.fail(one.err())), "the URL")


def test_the_old_command_line_with_the_old_environment(net, home):
    web, srv = net.origin(), net.server()
    secret = srv.key("old").read_text().strip()
    one = net.run("tunnelto", net.program("tunnelto"), "-p", web.port, "-s", "demo", "-k", secret, "--host", "localhost", "--dashboard-port",
                  "0", "-v", env=environ(home, CTRL_HOST="127.0.0.1", CTRL_PORT=str(srv.port), CTRL_TLS_OFF="0"))
    url = url_of(one)
    assert url.startswith("http://demo.localhost:")
    assert net.curl(url + "x").stdout == "origin: GET /x\n"
    assert "everybody on this machine can read a key" in one.err()
    assert secret not in one.err() + one.out()
    assert secret.encode() not in pathlib.Path(f"/proc/{one.pid}/cmdline").read_bytes()
    one.signal(signal.SIGINT)
    assert one.wait_end() == 0


def test_a_stored_key_is_used_and_its_mode_mended(net, home):
    web, srv = net.origin(), net.server()
    secret = srv.key("old").read_text().strip()
    done = net.run("set-auth", "sh", "-c", f'echo "{secret}" | {net.program("tunnelto")} set-auth', env=environ(home))
    assert done.wait_end() == 0 and "stored successfully" in done.err()
    token = home / ".tunnelto" / "key.token"
    assert token.read_text() == secret and token.stat().st_mode & 0o777 == 0o600
    token.write_text(secret + "\n")
    token.chmod(0o644)  # as the Rust tool leaves it
    one = net.run("tunnelto", net.program("tunnelto"), "--port", web.port, "--server", srv.url, env=environ(home))
    assert net.curl(url_of(one)).stdout == "origin: GET /\n"
    assert "is 0600 now" in one.err() and token.stat().st_mode & 0o777 == 0o600


def test_what_is_ours_comes_before_what_is_old(net, home):
    """Our variable beats CTRL_HOST, a key of our own beats the stored one."""
    web, srv = net.origin(), net.server()
    key = srv.key("new")
    (home / ".tunnelto").mkdir()
    (home / ".tunnelto" / "key.token").write_text("tt_wrong_wrong")
    (home / ".tunnelto" / "key.token").chmod(0o600)
    env = environ(home, CTRL_HOST="unreachable.invalid")
    env["TUNNELTO_SERVER"] = srv.url
    one = net.run("tunnelto", net.program("tunnelto"), "--port", web.port, "--key-file", key, env=env)
    assert net.curl(url_of(one)).stdout == "origin: GET /\n"


def test_the_server_from_variables_alone(net, home):
    """No file: the variables of the Rust server are enough to serve, and a reload reads them again."""
    web, public, control = net.origin(), free_port(), free_port()
    config = net.dir / "server.yaml"
    sock = str(net.dir / "control")
    config.write_text(f"control_socket: {json.dumps(sock)}\nstate_dir: {json.dumps(str(net.dir))}\n")
    srv = net.run("server", net.program("tunnelto-server"), "--config", config,
                  env={"PORT": str(public), "CTRL_PORT": str(control), "ALLOWED_HOSTS": "example.test,localhost",
                       "TUNNEL_HOST": "localhost", "BLOCKED_SUB_DOMAINS": "admin"})
    srv.notify.wait("READY=1", srv.process)
    key = net.dir / "k"
    key.write_text(net.ctl("--socket", sock, "server", "key", "add", "a", "--allow", "*").stdout)
    key.chmod(0o600)
    dmn = net.daemon(f"http://127.0.0.1:{control}", {"web": {"local": web.port, "subdomain": "web"},
                                                     "no": {"local": web.port, "subdomain": "admin"}}, key=key)
    dmn.up("web")
    assert dmn.url("web") == f"http://web.localhost:{public}/"
    until(lambda: dmn.tunnel("no")["state"] == "refused", "the blocked name is refused")
    net.ctl("--socket", sock, "server", "reload")
    assert net.curl(dmn.url("web")).stdout == "origin: GET /\n"
    listeners = json.loads(net.ctl("--socket", sock, "server", "status", "--json").stdout)["listeners"]
    assert sorted(int(entry.rsplit(":", 1)[1]) for entry in listeners) == sorted([public, control])


def test_a_variable_that_cannot_be_meant_is_named(net):
    config = net.dir / "server.yaml"
    config.write_text("{}\n")
    srv = net.run("server", net.program("tunnelto-server"), "--config", config, "--check-config",
                  env={"PORT": "http", "MASTER_SIG_KEY": "hush"})
    assert srv.wait_end() == 78
    assert srv.err() == ("environment: PORT: 'http' is not a port from 1 to 65535\n"
                         "environment: MASTER_SIG_KEY: is not 64 hex digits\n")


def test_reconnect_tokens_are_signed_with_the_old_key(net):
    key = bytes(range(32))
    srv = net.server(config={"anonymous": True}, env={"MASTER_SIG_KEY": key.hex()})
    client = net.add(V1Client(srv.port, key=None))
    outer = json.loads(base64.b64decode(until(lambda: client.token, "a token")))
    assert outer["sig"] == hmac.new(key, outer["payload"].encode(), "sha256").hexdigest()
    assert key.hex() not in srv.err()


def test_health_checks_of_old(pair):
    net, host = pair, pair.url.split("/")[2]
    for name in (host, "nobody.example", "localhost"):
        whole = net.ask(net.srv.public, f"GET /0xDEADBEEF_HEALTH_CHECK HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
        assert whole.startswith(b"HTTP/1.1 200 OK\r\n") and whole.endswith(b"\r\n\r\nok")
    assert not net.web.seen  # no origin was asked
    # the connection goes on, to the tunnel
    two = net.ask(net.srv.public, b"HEAD /0xDEADBEEF_HEALTH_CHECK HTTP/1.1\r\nHost: x\r\n\r\n"
                  b"GET /y HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n" % host.encode())
    assert two.count(b"HTTP/1.1 200 OK") == 2 and two.endswith(b"origin: GET /y\n")
    assert net.curl(f"{net.srv.url}/health_check").stdout == "ok"
