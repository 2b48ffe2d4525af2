# SPDX-License-Identifier: MIT
"""Configuration: every mistake at once and in its place, reload by difference, checking without a daemon."""
import json
import os
import pathlib
import signal
import subprocess

import pytest

from actors import dump_yaml, until

TOP = pathlib.Path(__file__).resolve().parents[2]


def check(net, program, text, **files):
    path = net.dir / "conf.yaml"
    path.write_text(text)
    for name, body in files.items():
        (net.dir / "tunnels.d").mkdir(exist_ok=True)
        (net.dir / "tunnels.d" / f"{name}.yaml").write_text(body)
    done = subprocess.run([net.program(program), "--config", path, "--check-config"], capture_output=True, text=True, timeout=20,
                          env={**os.environ, "STATE_DIRECTORY": str(net.dir)})
    return done.returncode, done.stderr + done.stdout


@pytest.mark.parametrize("text, says", [
    ("server: {url: 'http://x:1'\n", "conf.yaml:"),
    ("servr: {url: 'http://x:1'}\n", "did you mean 'server'"),
    ("server: {url: 'http://x:1'}\ntunnels:\n  web: {local: 99999}\n", "conf.yaml:3:"),
    ("server: {url: 'http://x:1'}\ntunnels:\n  web: {local: 80, autostart: maybe}\n", "conf.yaml:3:"),
    ("server: {url: 'http://x:1'}\ntunnels:\n  web: {local: 80, proto: gopher}\n", "gopher"),
    ("server: {url: 'http://x:1'}\ntunnels:\n  web: {local: 80, proto: tcp, subdomain: x}\n", "subdomain"),
    ("server: {url: 'http://x:1'}\ntunnels:\n  web: {subdomain: x}\n", "local"),
    ("server: [1, 2]\n", "conf.yaml:1:"),
    ("server: {url: 'http://x:1'}\nserver: {url: 'http://y:1'}\n", "conf.yaml:2:"),
    ("server: {url: 'gopher://x'}\n", "conf.yaml:1:"),
])
def test_a_mistake_is_named_with_its_place(net, text, says):
    code, out = check(net, "tunneltod", text)
    assert code != 0 and says in out and ":" in out, out


def test_every_mistake_is_told_in_one_pass(net):
    code, out = check(net, "tunneltod", "servr: 1\ntunnels:\n  web: {lokal: 80}\n  api: {local: 0}\nlog: {level: loud}\n")
    assert code != 0
    lines = [line for line in out.splitlines() if "conf.yaml:" in line]
    assert len(lines) >= 4, out


def test_two_tunnels_of_one_name_are_a_mistake_that_names_both_places(net):
    code, out = check(net, "tunneltod", "server: {url: 'http://x:1'}\ntunnels:\n  web: {local: 80}\n",
                      more="tunnels:\n  web: {local: 81}\n")
    assert code != 0 and "more.yaml:2" in out and "conf.yaml:3" in out and "web" in out, out


def test_a_sound_configuration_passes(net):
    code, out = check(net, "tunneltod", "server: {url: 'http://x:1'}\ntunnels:\n  web: {local: 80}\n", more="tunnels:\n  api: {local: 81}\n")
    assert code == 0, out


@pytest.mark.parametrize("program, name", [("tunneltod", "tunneltod.yaml"), ("tunnelto-server", "tunnelto-server.yaml")])
def test_the_shipped_configuration_is_valid(net, program, name):
    code, out = check(net, program, (TOP / "etc/tunnelto" / name).read_text())
    assert code == 0, out


@pytest.mark.parametrize("text, says", [
    ("public: [{listen: 'nowhere'}]\n", "listen"),
    ("allowed_host: [x]\n", "did you mean 'allowed_hosts'"),
    ("blocked_ips: [300.1.1.1]\n", "300.1.1.1"),
    ("tcp: {ports: 30-20}\n", "ports"),
    ("keys: [{name: x, hash: 'plain'}]\n", "hash"),
])
def test_the_servers_mistakes_are_named_too(net, text, says):
    code, out = check(net, "tunnelto-server", text)
    assert code != 0 and "conf.yaml:1:" in out and says in out, out


@pytest.mark.parametrize("mode, ok", [(0o600, True), (0o640, True), (0o644, False), (0o666, False)])
def test_a_key_file_that_others_can_read_is_refused(net, mode, ok):
    key = net.dir / "key"
    key.write_text("tt_aaaaaaaaaaaa_" + "A" * 43)
    key.chmod(mode)
    code, out = check(net, "tunneltod", f"server: {{url: 'http://x:1', key_file: '{key}'}}\n")
    assert (code == 0) == ok, out
    assert ok or str(key) in out


def test_a_good_reload_keeps_untouched_tunnels_and_their_visitors(net):
    origin = net.raw_origin()
    web = net.origin()
    server = net.server()
    daemon = net.daemon(server, {"keep": {"local": origin.port, "subdomain": "keep"}, "drop": {"local": web.port, "subdomain": "drop"}},
                        key=server.key())
    daemon.up()
    visitor = net.visitor(server.public)
    visitor.sendall(b"GET / HTTP/1.1\r\nHost: keep.localhost\r\n\r\n")
    conn = origin.accept()
    conn.recv(4096)
    conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab")
    daemon.config["tunnels"] = {"keep": daemon.config["tunnels"]["keep"], "new": {"local": web.port, "subdomain": "new"}}
    daemon.write_config(daemon.config)
    said = json.loads(daemon.ctl("reload", "--json").stdout)
    assert (said["added"], said["removed"], said["kept"]) == (["new"], ["drop"], ["keep"])
    conn.sendall(b"cd")
    seen = b""
    while not seen.endswith(b"abcd"):
        piece = visitor.recv(4096)
        assert piece
        seen += piece
    daemon.up("new")
    assert net.curl(daemon.url("new")).stdout.startswith("origin:")
    assert net.curl(f"http://drop.localhost:{server.public}/", "-o", "/dev/null", "-w", "%{http_code}").stdout == "404"


def test_a_broken_reload_changes_nothing_and_says_where(pair):
    pair.dmn.write_config(dump_yaml(pair.dmn.config) + "tunels: {}\n")
    done = pair.dmn.ctl("reload", check=False)
    assert done.returncode == 1 and "tunneltod.yaml:" in done.stderr and "did you mean 'tunnels'" in done.stderr
    assert pair.curl(pair.url).stdout == "origin: GET /\n"
    pair.dmn.notify.forget()
    pair.dmn.signal(signal.SIGHUP)
    pair.dmn.wait_err("did you mean 'tunnels'")
    assert pair.curl(pair.url).stdout == "origin: GET /\n"


def test_the_servers_reload_changes_what_may_be_and_a_broken_one_nothing(pair):
    pair.srv.write_config(dump_yaml(pair.srv.config) + "allowed_host: [x]\n")
    done = pair.srv.ctl("reload", check=False)
    assert done.returncode == 1 and "did you mean 'allowed_hosts'" in done.stderr
    assert pair.curl(pair.url).stdout == "origin: GET /\n"
    pair.srv.config["allowed_hosts"] = ["localhost", "example.test"]
    pair.srv.write_config(pair.srv.config)
    pair.srv.ctl("reload")
    pair.dmn.config["tunnels"]["more"] = {"local": pair.web.port, "hostname": "more.example.test"}
    pair.dmn.write_config(pair.dmn.config)
    pair.dmn.ctl("reload")
    pair.dmn.up("more")
    assert pair.ask(pair.srv.public, b"GET / HTTP/1.1\r\nHost: more.example.test\r\nConnection: close\r\n\r\n").startswith(b"HTTP/1.1 200")


def test_user_configuration_is_found(net):
    home = net.dir / "home"
    conf = home / ".config" / "tunnelto"
    (conf / "tunnels.d").mkdir(parents=True)
    (conf / "tunneltod.yaml").write_text("server: {url: 'http://127.0.0.1:1'}\n")
    (conf / "tunnels.d" / "web.yaml").write_text("tunnels:\n  web: {local: 80, autostart: false}\n")
    run = net.dir / "run"
    run.mkdir(mode=0o700)
    env = {"HOME": str(home), "XDG_RUNTIME_DIR": str(run)}
    daemon = net.run("user", net.program("tunneltod"), "--user", env=env)
    daemon.notify.wait("READY=1", daemon.process)
    names = json.loads(net.ctl("--user", "status", "--json", env=env).stdout)["tunnels"]
    assert [t["name"] for t in names] == ["web"]


def test_status_is_true_to_what_happens(pair):
    until(lambda: "STATUS=1 of 1 tunnels up" in [s[:24] for s in pair.dmn.notify.drain()], f"in {pair.dmn.notify.seen}")
