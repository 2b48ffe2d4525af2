# SPDX-License-Identifier: MIT
"""tunnelctl: verbs, outputs, exit codes, completion; the sockets that systemd would pass; Varlink as strangers speak it."""
import json
import os
import signal
import socket
import subprocess

import pytest

from actors import Program, WAIT, activated, dump_yaml, passed, until


def test_status_is_a_table_for_people_and_json_for_programs(pair):
    table = pair.dmn.ctl("status").stdout
    assert "web" in table and pair.url in table and "up" in table
    data = pair.dmn.status()
    tunnel = data["tunnels"][0]
    assert (tunnel["name"], tunnel["state"], tunnel["url"], tunnel["proto"]) == ("web", "up", pair.url, "http")
    assert data["server"]["state"] == "up" and data["pid"] == pair.dmn.pid


def test_counters_count(pair):
    for _ in range(3):
        pair.curl(pair.url)
    until(lambda: pair.dmn.tunnel("web")["streams_total"] >= 1, "streams are counted")
    assert pair.dmn.tunnel("web")["bytes_out"] > 0


def test_url_alone_is_printed(pair):
    assert pair.dmn.ctl("url", "web").stdout == pair.url + "\n"


def test_list_names_every_tunnel(pair):
    assert "web" in pair.dmn.ctl("list").stdout.split()


@pytest.mark.parametrize("args, code, says", [
    (["up", "wep"], 1, "wep"),
    (["url", "nothing"], 1, "nothing"),
    (["statsu"], 2, "did you mean 'status'"),
    (["up"], 2, ""),
    (["status", "--jsno"], 2, "--json"),
    (["http", "notaport:x:y"], 1, ""),
])
def test_a_wrong_call_has_one_clear_line_and_its_exit_code(pair, args, code, says):
    done = pair.dmn.ctl(*args, check=False)
    assert done.returncode == code and says in done.stderr and len(done.stderr.strip().splitlines()) <= 2, done


def test_no_daemon_is_exit_code_3(net):
    done = net.ctl("--socket", str(net.dir / "nothing"), "status", check=False)
    assert done.returncode == 3 and len(done.stderr.strip().splitlines()) == 1


def test_up_with_wait_fails_when_the_server_refuses(net):
    server = net.server()
    daemon = net.daemon(server, {"web": {"local": 1, "subdomain": "web", "autostart": False}}, key=server.key("k", "other"))
    done = daemon.ctl("up", "web", "--wait", "--timeout", "10s", check=False)
    assert done.returncode in (1, 4) and "may not claim" in done.stderr


def test_an_ad_hoc_tunnel_through_the_daemon_ends_with_its_command(pair):
    other = pair.origin("adhoc")
    shot = pair.run("adhoc", pair.program("tunnelctl"), "--socket", pair.dmn.control, "http", str(other.port), "--subdomain", "extra")
    until(lambda: shot.out().endswith("\n"), "a URL")
    assert shot.out() == f"http://extra.localhost:{pair.srv.public}/\n"
    assert pair.curl(shot.out().strip()).stdout == "adhoc: GET /\n"
    assert any(t["adhoc"] for t in pair.dmn.status()["tunnels"])
    shot.signal(signal.SIGINT)
    assert shot.wait_end() == 0
    until(lambda: [t["name"] for t in pair.dmn.status()["tunnels"]] == ["web"], "the tunnel is forgotten")


def test_an_ad_hoc_tcp_tunnel(net):
    raw = net.raw_origin()
    server = net.server(config={"tcp": {"listen": "127.0.0.1", "ports": "25000-25999"}})
    daemon = net.daemon(server, key=server.key("k", "*", "--tcp", "25000-25999"))
    url = daemon.ctl("tcp", str(raw.port), "--detach").stdout.strip()
    visitor = net.visitor(int(url.rstrip("/").rsplit(":", 1)[1]))
    visitor.sendall(b"x")
    assert raw.accept().recv(1) == b"x"


def test_logs_follow_what_happens(pair):
    follow = pair.run("follow", pair.program("tunnelctl"), "--socket", pair.srv.control, "server", "logs", "-f")
    until(lambda: follow.out(), "the recent events")
    pair.curl(pair.url + "a-path-to-find")
    until(lambda: "a-path-to-find" in follow.out(), f"the request in the log; there is {follow.out()}")


def test_the_access_log_has_fields(pair):
    pair.curl(pair.url + "logged?secret=1")
    pair.srv.wait_err("logged")
    line = next(l for l in pair.srv.err().splitlines() if "logged" in l)
    for field in ("tunnel=web", "visitor=", "method=GET", "status=200", "bytes_out=", "duration_ms="):
        assert field in line, line
    assert "secret=1" not in line


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_a_script_its_shell_accepts(net, shell):
    script = net.ctl("completion", shell).stdout
    for verb in ("up", "down", "status", "reload"):
        assert verb in script
    if subprocess.run(["which", shell], capture_output=True).returncode:
        pytest.skip(f"{shell} is not installed")
    assert subprocess.run([shell, "-n"], input=script, text=True, capture_output=True).returncode == 0


def test_help_lists_every_verb_and_version_its_number(net):
    text = net.ctl("help").stdout
    for verb in ("up", "down", "status", "list", "url", "reload", "check", "logs", "http", "tcp", "version"):
        assert verb in text
    assert "0.1.0" in net.ctl("version").stdout
    for program in ("tunneltod", "tunnelto-server", "tunnelto", "tunnelctl"):
        done = subprocess.run([net.program(program), "--version"], capture_output=True, text=True)
        assert done.returncode == 0 and "0.1.0" in done.stdout
        done = subprocess.run([net.program(program), "--help"], capture_output=True, text=True)
        assert done.returncode == 0 and "--" in done.stdout


def varlink(path, method, params=None, **flags):
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(WAIT)
        sock.connect(path)
        sock.sendall(json.dumps({"method": method, "parameters": params or {}, **flags}).encode() + b"\0")
        out = b""
        while not out.endswith(b"\0"):
            piece = sock.recv(65536)
            assert piece, out
            out += piece
        return json.loads(out[:-1])


def test_both_control_sockets_introspect(pair):
    for path, interface in ((pair.dmn.control, "io.tunnelto.Client"), (pair.srv.control, "io.tunnelto.Server")):
        info = varlink(path, "org.varlink.service.GetInfo")["parameters"]
        assert interface in info["interfaces"] and info["version"] == "0.1.0"
        text = varlink(path, "org.varlink.service.GetInterfaceDescription", {"interface": interface})["parameters"]["description"]
        assert f"interface {interface}" in text
        assert varlink(path, "no.such.Method")["error"] == "org.varlink.service.InterfaceNotFound"
        assert varlink(path, interface + ".Nothing")["error"] == "org.varlink.service.MethodNotFound"
    bad = varlink(pair.dmn.control, "io.tunnelto.Client.Tunnel", {"name": 7})
    assert bad == {"error": "org.varlink.service.InvalidParameter", "parameters": {"parameter": "name"}}


def test_listeners_passed_by_name_are_used(net):
    public, control = socket.create_server(("127.0.0.1", 0)), socket.create_server(("127.0.0.1", 0))
    varlink_sock = socket.socket(socket.AF_UNIX)
    path = str(net.dir / "passed")
    varlink_sock.bind(path)
    varlink_sock.listen()
    conf = net.dir / "s.yaml"
    (net.dir / "state").mkdir()
    conf.write_text(dump_yaml({"allowed_hosts": ["localhost"], "state_dir": str(net.dir / "state"), "anonymous": True}))
    socks = [public, control, varlink_sock]
    server = net.add(Program(net, "activated", activated([net.program("tunnelto-server"), "--config", conf], ["public", "control", "varlink"]),
                             pass_fds=(3, 4, 5), limits=passed(*[(s, None) for s in socks])))
    server.notify.wait("READY=1", server.process)
    client_sock = socket.socket(socket.AF_UNIX)
    client_path = str(net.dir / "client")
    client_sock.bind(client_path)
    client_sock.listen()
    origin = net.origin()
    cconf = net.dir / "c.yaml"
    cconf.write_text(dump_yaml({"server": {"url": f"http://127.0.0.1:{control.getsockname()[1]}"},
                                "tunnels": {"web": {"local": origin.port, "subdomain": "web"}}}))
    daemon = net.add(Program(net, "dactivated", activated([net.program("tunneltod"), "--config", cconf], ["control"]),
                             env={"STATE_DIRECTORY": str(net.dir)}, pass_fds=(3,), limits=passed((client_sock, None))))
    daemon.notify.wait("READY=1", daemon.process)
    net.ctl("--socket", client_path, "up", "web", "--wait")
    assert net.curl(f"http://web.localhost:{public.getsockname()[1]}/").stdout == "origin: GET /\n"
    assert net.ctl("--socket", path, "server", "status", "--json").returncode == 0
