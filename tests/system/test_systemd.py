# SPDX-License-Identifier: MIT
"""What both daemons are to a service manager: passed sockets, what they say to it, how they stop and exit."""
import pathlib
import socket
import subprocess

import pytest

from actors import Program, activated, dump_yaml, passed


@pytest.fixture(scope="module")
def certs(tmp_path_factory):
    directory = tmp_path_factory.mktemp("certs")
    subprocess.run(["sh", str(pathlib.Path(__file__).resolve().parents[1] / "data" / "certs.sh"), str(directory)], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return directory


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
