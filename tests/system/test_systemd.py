# SPDX-License-Identifier: MIT
"""What both daemons are to a service manager: passed sockets, what they say to it, how they stop and exit."""
import json
import pathlib
import signal
import socket
import subprocess

import pytest

from actors import Program, activated, dump_yaml, passed, until


def listening(n):
    return [socket.create_server(("127.0.0.1", 0)) for _ in range(n)]


def port(sock):
    return sock.getsockname()[1]


def activate_server(net, config, **sockets):
    """The server with passed sockets: name with _ for -, and a socket or a list."""
    pairs = [(name.replace("_", "-"), s) for name, given in sockets.items() for s in (given if isinstance(given, list) else [given])]
    conf, state = net.dir / "activated.yaml", net.dir / "state"
    state.mkdir(exist_ok=True)
    conf.write_text(dump_yaml({"allowed_hosts": ["localhost"], "state_dir": str(state), "anonymous": True,
                               "control_socket": str(net.dir / "activated.control"), **config}))
    argv = activated([net.program("tunnelto-server"), "--config", conf], [name for name, _ in pairs])
    return net.add(Program(net, "activated", argv, pass_fds=range(3, 3 + len(pairs)), limits=passed(*[(s, None) for _, s in pairs])))


def test_a_passed_socket_is_served_as_the_row_of_its_port_says(net, certs):
    plain, tls, control = listening(3)
    with_tls = {"certificate": str(certs / "server.crt"), "key": str(certs / "server.key")}
    server = activate_server(net, {"public": [{"listen": f"127.0.0.1:{port(tls)}", "tls": with_tls}, {"listen": f"127.0.0.1:{port(plain)}"}],
                                   "control": [{"listen": f"127.0.0.1:{port(control)}"}]}, public=[plain, tls], control=control)
    server.notify.wait("READY=1", server.process)
    assert net.curl(f"http://no.localhost:{port(plain)}/", "-o", "/dev/null", "-w", "%{http_code}").stdout == "404"
    assert net.curl(f"https://no.localhost:{port(tls)}/", "--cacert", certs / "ca.crt", "-k", "-o", "/dev/null", "-w", "%{http_code}").stdout == "404"


def test_the_tls_socket_takes_the_row_with_a_certificate_whatever_its_port(net, certs):
    plain, tls = listening(2)
    with_tls = {"certificate": str(certs / "server.crt"), "key": str(certs / "server.key")}
    server = activate_server(net, {"public": [{"listen": "127.0.0.1:1"}, {"listen": "127.0.0.1:2", "tls": with_tls}]}, public_tls=tls, public=plain)
    server.notify.wait("READY=1", server.process)
    assert net.curl(f"http://no.localhost:{port(plain)}/", "-o", "/dev/null", "-w", "%{http_code}").stdout == "404"
    assert net.curl(f"https://no.localhost:{port(tls)}/", "-k", "-o", "/dev/null", "-w", "%{http_code}").stdout == "404"


def test_a_tls_socket_without_a_certificate_is_not_served_in_the_clear(net):
    server = activate_server(net, {"public": [{"listen": "127.0.0.1:1"}]}, public_tls=listening(1))
    assert server.wait_end() == 78
    assert "no public listener has a certificate" in server.err()


def test_an_instance_is_called_by_its_name(net):
    done = net.ctl("--instance", "no-such", "status", check=False)
    assert done.returncode == 3 and "/run/tunnelto/no-such/control" in done.stderr
    for name in ("a/b", "..", ""):
        assert net.ctl("--instance", name, "status", check=False).returncode == 2


def test_strangers_do_not_fill_the_log_but_no_request_of_a_tunnel_is_missed(pair):
    with pair.visitor(pair.srv.public) as visitor:
        for i in range(300):
            visitor.sendall(f"GET /scan{i} HTTP/1.1\r\nHost: nobody.localhost\r\n\r\n".encode())
            visitor.recv(65536)
    asked = [f"{pair.url}mine{i}" for i in range(80)]
    subprocess.run(["curl", "-sS", "--parallel", "--resolve", f"web.localhost:{pair.srv.public}:127.0.0.1", *asked], check=True, stdout=subprocess.DEVNULL)
    pair.srv.wait_err("/mine79")
    lines = pair.srv.err().splitlines()
    assert 1 <= sum("/scan" in line for line in lines) <= 100  # 50 in ten seconds, and these may straddle two windows
    assert sum("/mine" in line for line in lines) == 80
    assert "message_id" not in pair.srv.err()


# --- reload ----------------------------------------------------------------------------------------------------------

def test_a_dry_run_tells_the_difference_and_changes_nothing(pair):
    pair.dmn.config["tunnels"] |= {"more": {"local": pair.web.port, "autostart": False}}
    pair.dmn.config["drain"] = "2s"
    pair.dmn.write_config(pair.dmn.config)
    pair.dmn.notify.forget()
    for _ in range(2):
        said = json.loads(pair.dmn.ctl("reload", "--dry-run", "--json").stdout)
        assert said == {"added": ["more"], "changed": [], "removed": [], "kept": ["web"], "settings": ["drain"]}
    assert pair.dmn.ctl("reload", "--dry-run").stdout == "added: more\nkept: web\nsettings: drain\n"
    assert [t["name"] for t in pair.dmn.status()["tunnels"]] == ["web"]
    pair.dmn.write_config("tunels: {}\n")
    done = pair.dmn.ctl("reload", "--dry-run", check=False)
    assert done.returncode == 1 and "did you mean 'tunnels'" in done.stderr
    assert "RELOADING=1" not in pair.dmn.notify.drain() and "mistakes" not in pair.dmn.status()["status"]


@pytest.mark.parametrize("how", ["control", "signal"])
@pytest.mark.parametrize("who", ["dmn", "srv"])
def test_the_manager_is_told_of_a_reload_and_of_mistakes(pair, who, how):
    program = getattr(pair, who)
    again = (lambda: program.ctl("reload", check=False)) if how == "control" else (lambda: program.signal(signal.SIGHUP))
    good = program.config_path.read_text()
    program.write_config(good + "nonsense: {}\n")
    program.notify.forget()
    again()
    until(lambda: any(s.startswith("STATUS=") and "the configuration has mistakes" in s for s in program.notify.drain()), "STATUS= says so")
    seen = program.notify.drain()
    at = seen.index("RELOADING=1")
    assert seen[at + 1].startswith("MONOTONIC_USEC=") and "READY=1" in seen[at:]
    assert "unknown key" in program.err()
    program.write_config(good)
    again()
    until(lambda: "mistakes" not in program.status()["status"], "the mistakes are forgotten")
    assert pair.curl(pair.url).stdout == "origin: GET /\n"


def test_another_key_in_the_same_file_is_taken_by_a_reload(pair):
    session = pair.dmn.status()["server"]["session"]
    pair.dmn.ctl("reload")
    assert pair.dmn.status()["server"]["session"] == session  # the same key: nothing happens
    other = pair.srv.key("other", "*")
    pair.key.write_text(other.read_text())
    assert json.loads(pair.dmn.ctl("reload", "--dry-run", "--json").stdout)["settings"] == ["server.key_file"]
    pair.srv.ctl("key", "revoke", "test")
    pair.dmn.ctl("reload")
    pair.dmn.up("web")
    assert pair.dmn.status()["server"]["session"] != session
    pair.key.write_text("")
    done = pair.dmn.ctl("reload", check=False)
    assert done.returncode == 1 and "key_file" in done.stderr
    assert pair.curl(pair.url).stdout == "origin: GET /\n"


# --- wait ------------------------------------------------------------------------------------------------------------

def switches(pid):
    """How often the process went to sleep."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("voluntary_ctxt_switches:"):
            return int(line.split()[1])
    raise AssertionError("no such line")


def test_wait_is_told_the_moment_that_a_tunnel_is_up(net):
    """It asks once, and is answered once: no looking again and again."""
    away = listening(1)[0]
    number = port(away)
    dmn = net.daemon(f"http://127.0.0.1:{number}", {"web": {"local": net.origin().port}, "off": {"local": 1, "autostart": False}})
    waiting = net.run("wait", net.program("tunnelctl"), "--socket", dmn.control, "wait", "web", "--timeout", "20s")
    assert dmn.ctl("wait", "web", "--timeout", "1ms", check=False).returncode == 1
    assert dmn.ctl("wait", "off", check=False).returncode == 1
    until(lambda: pathlib.Path(f"/proc/{waiting.pid}/wchan").read_text() in ("do_sys_poll", "poll_schedule_timeout.constprop.0", "0"), "it waits")
    before = switches(waiting.pid)
    assert waiting.process.poll() is None
    away.close()
    server = activate_server(net, {"public": [{"listen": "127.0.0.1:0"}], "control": [{"listen": f"127.0.0.1:{number}"}]})
    server.notify.wait("READY=1", server.process)
    assert switches(waiting.pid) == before or waiting.process.poll() is not None
    assert waiting.wait_end() == 0


# --- exit statuses ---------------------------------------------------------------------------------------------------

def test_what_a_restart_can_mend_has_another_status_than_what_it_cannot(net):
    taken = listening(1)[0]
    server = net.server(config={"public": [{"listen": f"127.0.0.1:{port(taken)}"}]}, wait=False)
    assert server.wait_end() == 69 and "cannot listen on" in server.err()
    server = net.server(name="other", config={"state_dir": str(net.dir / "no" / "such")}, wait=False)
    assert server.wait_end() == 78
    server = net.server(name="third", config={"nonsense": 1}, wait=False)
    assert server.wait_end() == 78
    path = net.dir / "control"
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(path))
        sock.listen()
        daemon = net.daemon(config={"control_socket": str(path)}, wait=False)
        assert daemon.wait_end() == 69
    daemon = net.daemon(name="second", config={"server": {"url": "http://127.0.0.1:1", "key_file": str(net.dir / "no-key")}}, wait=False)
    assert daemon.wait_end() == 78
    assert net.run("usage", net.program("tunneltod"), "--nonsense").wait_end() == 64


# --- Landlock --------------------------------------------------------------------------------------------------------

def has_landlock():
    import ctypes
    return ctypes.CDLL(None).syscall(444, None, 0, 1) > 0  # landlock_create_ruleset: its version


@pytest.mark.skipif(not has_landlock(), reason="this kernel has no Landlock")
def test_a_daemon_reads_what_its_configuration_named_and_writes_its_state(pair):
    far = pair.dir / "far"
    far.mkdir()
    (far / "key").write_text(pair.key.read_text())
    (far / "key").chmod(0o600)
    daemon = pair.daemon(pair.srv, {"two": {"local": pair.web.port}}, key=far / "key", name="verbose", config={"log": {"level": "debug"}})
    daemon.wait_err("Landlock: files are read below")
    assert str(far) in daemon.err() and f"Landlock: files are written below: {daemon.dir}" in daemon.err()
    assert "NoNewPrivs:\t1" in pathlib.Path(f"/proc/{daemon.pid}/status").read_text()
    daemon.up("two")
    (far / "new").write_text(pair.key.read_text())
    (far / "new").chmod(0o600)
    (far / "new").rename(far / "key")  # as tools replace files
    daemon.ctl("reload")
    elsewhere = pair.dir / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "key").write_text(pair.key.read_text())
    (elsewhere / "key").chmod(0o600)
    daemon.config["server"]["key_file"] = str(elsewhere / "key")
    daemon.write_config(daemon.config)
    daemon.ctl("reload")  # a directory of which nothing was said at the start
    read = next(line for line in daemon.err().splitlines() if "files are read below" in line).split(": ")[-1].split()
    assert "/etc" in read and not {"/", "/home", "/root"} & set(read)
    assert daemon.tunnel("two")["state"] == "up"


# --- credentials -----------------------------------------------------------------------------------------------------

def test_keys_come_as_credentials_by_their_names(net, certs):
    there = net.dir / "credentials"
    there.mkdir()
    for name, source in (("tls.crt", "server.crt"), ("tls.key", "server.key")):
        (there / name).write_bytes((certs / source).read_bytes())
        (there / name).chmod(0o400)
    env = {"CREDENTIALS_DIRECTORY": str(there)}
    server = net.server(config={"control": [{"listen": "127.0.0.1:0", "tls": {"certificate": "tls.crt", "key": "tls.key"}}]}, env=env)
    (there / "access-key").write_text(server.key().read_text())
    (there / "access-key").chmod(0o400)
    daemon = net.daemon(f"https://localhost:{server.port}", {"web": {"local": net.origin().port, "subdomain": "web"}}, env=env,
                        config={"server": {"ca_file": str(certs / "ca.crt")}})
    daemon.up("web")
    assert server.status()["sessions"][0]["key"] == "test"
    server.ctl("reload")  # confined, it still finds them
    daemon.ctl("reload")
    assert net.curl(daemon.url("web")).stdout == "origin: GET /\n"


# --- starting and stopping -------------------------------------------------------------------------------------------

def test_ready_means_sound_and_open_not_that_there_is_a_network(net):
    daemon = net.daemon("https://server.invalid:5000", {"web": {"local": 1}})  # READY=1 has come
    daemon.notify.wait("STATUS=0 of 1 tunnels up; web: server.invalid: ")
    assert daemon.ctl("wait", "web", "--timeout", "1ms", check=False).returncode == 1
    server = net.server(name="alone")
    server.notify.wait("STATUS=no keys: nobody may connect")


def test_the_manager_is_given_time_while_what_is_open_finishes(net):
    origin = net.raw_origin()
    server = net.server(config={"timeouts": {"drain": "10s"}})
    daemon = net.daemon(server, {"web": {"local": origin.port, "subdomain": "web"}}, key=server.key(), config={"drain": "10s"})
    daemon.up("web")
    for program in (daemon, server):
        visitor = net.visitor(server.public)
        visitor.sendall(b"GET / HTTP/1.1\r\nHost: web.localhost\r\nConnection: close\r\n\r\n")
        conn = origin.accept()
        assert conn.recv(4096)
        program.signal(signal.SIGTERM)
        program.notify.wait("STOPPING=1")
        program.notify.wait("EXTEND_TIMEOUT_USEC=15000000")
        program.notify.wait("STATUS=stopping")
        assert program.process.poll() is None
        conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        conn.close()
        answer = b""
        while piece := visitor.recv(4096):
            answer += piece
        assert answer.startswith(b"HTTP/1.1 200") and answer.endswith(b"ok")
        assert program.wait_end(within=9) == 0
        if program is daemon:
            daemon = net.daemon(server, {"web": {"local": origin.port, "subdomain": "web"}}, key=net.dir / "server-test.key", name="again",
                                config={"drain": "10s"})
            daemon.up("web")


def test_a_daemon_that_is_stopping_reads_no_configuration(net):
    origin = net.raw_origin()
    server = net.server()
    daemon = net.daemon(server, {"web": {"local": origin.port, "subdomain": "web"}}, key=server.key(), config={"drain": "10s"})
    daemon.up("web")
    visitor = net.visitor(server.public)
    visitor.sendall(b"GET / HTTP/1.1\r\nHost: web.localhost\r\n\r\n")
    conn = origin.accept()
    daemon.signal(signal.SIGTERM)
    daemon.notify.wait("STOPPING=1")
    done = daemon.ctl("reload", check=False)
    assert done.returncode == 1 and "the daemon is stopping" in done.stderr
    conn.close()
    assert daemon.wait_end() == 0
