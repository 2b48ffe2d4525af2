# SPDX-License-Identifier: MIT
"""Sessions: reconnecting, keeping names, being taken over, keys and their ends."""
import json
import re
import signal
import socket
import subprocess

import pytest

from actors import WAIT, Timeout, until


def states(daemon):
    return {t["name"]: t["state"] for t in daemon.status()["tunnels"]}


def wait_state(daemon, name, state, within=WAIT):
    until(lambda: states(daemon)[name] == state, f"{name} is {state}; there is {daemon.status()}", within)
    return daemon.tunnel(name)


def test_ready_does_not_wait_for_the_server(net):
    nobody = socket.socket()
    nobody.bind(("127.0.0.1", 0))
    daemon = net.daemon(f"http://127.0.0.1:{nobody.getsockname()[1]}", {"web": {"local": 1, "subdomain": "web"}})
    line = daemon.notify.wait("STATUS=")
    assert "tunnels up" in line
    assert states(daemon)["web"] in ("connecting", "waiting")
    nobody.close()


def test_the_daemon_comes_back_with_the_same_names_when_the_server_restarts(net):
    origin = net.origin()
    server = net.server()
    key = server.key()
    ports = {"public": [{"listen": f"127.0.0.1:{server.public}"}], "control": [{"listen": f"127.0.0.1:{server.port}"}]}
    daemon = net.daemon(server, {"web": {"local": origin.port, "subdomain": "web"}, "free": {"local": origin.port}}, key=key)
    daemon.up()
    urls = daemon.url("web"), daemon.url("free")
    server.kill()
    until(lambda: states(daemon)["web"] != "up", "the loss is noticed")
    again = net.server(name="server", config=ports)
    wait_state(daemon, "web", "up")
    wait_state(daemon, "free", "up")
    assert (daemon.url("web"), daemon.url("free")) == urls
    assert net.curl(urls[1]).stdout == "origin: GET /\n"
    assert again.port == server.port


def test_an_assigned_name_stays_the_same_when_the_daemon_restarts(net):
    origin = net.origin()
    server = net.server()
    key = server.key()
    first = net.daemon(server, {"free": {"local": origin.port}}, key=key)
    url = first.up("free")
    assert re.fullmatch(rf"http://[a-z0-9]+\.localhost:{server.public}/", url)
    assert first.stop() == 0
    second = net.daemon(server, {"free": {"local": origin.port}}, key=key)
    assert second.up("free") == url


def test_a_newer_client_of_the_same_key_takes_the_name_over(net):
    one, two = net.origin("one"), net.origin("two")
    server = net.server()
    key = server.key()
    older = net.daemon(server, {"web": {"local": one.port, "subdomain": "web"}}, key=key, name="older")
    url = older.up("web")
    assert net.curl(url).stdout.startswith("one:")
    newer = net.daemon(server, {"web": {"local": two.port, "subdomain": "web"}}, key=key, name="newer")
    newer.up("web")
    assert net.curl(url).stdout.startswith("two:")
    tunnel = wait_state(older, "web", "refused")
    assert "newer" in tunnel["error"] or "taken" in tunnel["error"]
    assert net.curl(url).stdout.startswith("two:")  # and it stays so: the older one does not fight back


def test_a_name_of_another_key_is_refused_and_says_so(net):
    origin = net.origin()
    server = net.server()
    owner = net.daemon(server, {"web": {"local": origin.port, "subdomain": "web"}}, key=server.key("owner"), name="owner")
    owner.up("web")
    other = net.daemon(server, {"web": {"local": origin.port, "subdomain": "web"}, "mine": {"local": origin.port, "subdomain": "mine"}},
                       key=server.key("other"), name="other")
    tunnel = wait_state(other, "web", "refused")
    assert "another key" in tunnel["error"]
    assert wait_state(other, "mine", "up")
    assert net.curl(owner.url("web")).stdout.startswith("origin:")


@pytest.mark.parametrize("tunnel, says", [
    ({"subdomain": "other"}, "may not claim"),
    ({"subdomain": "admin"}, "reserved"),
    ({"hostname": "web.example.org"}, "not serve"),
    ({"proto": "tcp", "remote_port": 4}, "port"),
])
def test_what_a_key_may_not_have_is_refused_with_words(net, tunnel, says):
    origin = net.origin()
    server = net.server(config={"reserved_subdomains": ["admin"], "tcp": {"listen": "127.0.0.1", "ports": "24000-24010"}})
    key = server.key("limited", "web,admin,web.example.org")
    daemon = net.daemon(server, {"bad": {"local": origin.port, **tunnel}, "web": {"local": origin.port, "subdomain": "web"}}, key=key)
    refused = wait_state(daemon, "bad", "refused")
    assert says in refused["error"], refused["error"]
    wait_state(daemon, "web", "up")
    assert net.curl(daemon.url("web")).stdout.startswith("origin:")


def test_nobody_may_connect_to_a_server_without_keys(net):
    server = net.server()
    daemon = net.daemon(server, {"web": {"local": 1, "subdomain": "web"}})
    tunnel = wait_state(daemon, "web", "refused")
    assert "key" in tunnel["error"]


def test_anonymous_clients_are_welcome_where_that_is_written(net):
    origin = net.origin()
    server = net.server(config={"anonymous": True})
    daemon = net.daemon(server, {"web": {"local": origin.port, "subdomain": "web"}})
    assert net.curl(daemon.up("web")).stdout == "origin: GET /\n"


def test_a_wrong_key_is_refused_and_its_secret_appears_in_no_log(net):
    server = net.server()
    right = server.key()
    wrong = net.dir / "wrong.key"
    secret = right.read_text().strip()
    wrong.write_text(secret[:-4] + ("AAAA" if not secret.endswith("AAAA") else "BBBB"))
    wrong.chmod(0o600)
    daemon = net.daemon(server, {"web": {"local": 1, "subdomain": "web"}}, key=wrong)
    tunnel = wait_state(daemon, "web", "refused")
    assert "key" in tunnel["error"]
    for text in (daemon.err(), server.err(), json.dumps(daemon.status()), json.dumps(server.status())):
        assert secret[16:-4] not in text
    cmdline = open(f"/proc/{daemon.pid}/cmdline").read()
    assert secret[16:-4] not in cmdline


def test_a_revoked_keys_tunnels_end_at_once_and_others_go_on(net):
    origin = net.origin()
    server = net.server()
    bad = net.daemon(server, {"bad": {"local": origin.port, "subdomain": "bad"}}, key=server.key("bad"), name="bad")
    good = net.daemon(server, {"good": {"local": origin.port, "subdomain": "good"}}, key=server.key("good"), name="good")
    bad.up("bad")
    good.up("good")
    server.ctl("key", "revoke", "bad")
    tunnel = wait_state(bad, "bad", "refused", within=5)
    assert "revoked" in tunnel["error"] or "key" in tunnel["error"]
    assert net.curl(f"http://bad.localhost:{server.public}/", "-o", "/dev/null", "-w", "%{http_code}").stdout == "404"
    assert net.curl(good.url("good")).stdout == "origin: GET /\n"
    assert [k["state"] for k in json.loads(server.ctl("key", "list", "--json").stdout)["keys"]].count("revoked") == 1


def test_keys_survive_a_restart_as_hashes_only(net):
    server = net.server()
    secret = server.key().read_text().strip()
    server.stop()
    stored = "".join(p.read_text(errors="replace") for p in (server.dir / "state").iterdir())
    assert "sha256:" in stored and secret not in stored and secret.split("_", 2)[2] not in stored
    again = net.server()
    assert [k["name"] for k in json.loads(again.ctl("key", "list", "--json").stdout)["keys"]] == ["test"]


def test_bulk_moves_to_a_lane_and_status_says_so(pair):
    pair.curl(pair.url + f"bytes/{8 * 1024 * 1024}", "-o", "/dev/null")
    until(lambda: pair.dmn.status()["server"]["link"] == "lane", "a lane")
    pair.curl(pair.url + f"bytes/{8 * 1024 * 1024}", "-o", "/dev/null")


def test_sigterm_ends_both_with_status_0_and_says_stopping(pair):
    pair.dmn.notify.forget()
    assert pair.dmn.stop() == 0
    pair.dmn.notify.wait("STOPPING=1")
    assert pair.srv.stop() == 0
    pair.srv.notify.wait("STOPPING=1")


def test_the_client_follows_a_name_whose_address_changed(net):
    """DNS is asked again at each attempt: 'localhost' answers both families, only one of which listens after the move."""
    origin = net.origin()
    server = net.server(config={"control": [{"listen": "127.0.0.1:0"}]})
    key = server.key()
    daemon = net.daemon(f"http://localhost:{server.port}", {"web": {"local": origin.port, "subdomain": "web"}}, key=key)
    daemon.up("web")
    port = server.port
    server.kill()
    try:
        probe = socket.socket(socket.AF_INET6)
        probe.bind(("::1", 0))
        probe.close()
    except OSError:
        pytest.skip("no IPv6 loopback here")
    net.server(name="server", config={"control": [{"listen": f"[::1]:{port}"}], "public": [{"listen": "127.0.0.1:0"}]}, wait=False)
    until(lambda: states(daemon)["web"] == "up" and True, "up again over the other family")


def test_several_tunnels_of_one_daemon_go_up_and_down_one_by_one(net):
    origin = net.origin()
    server = net.server()
    daemon = net.daemon(server, {n: {"local": origin.port, "subdomain": n, "autostart": False} for n in ("a", "b")}, key=server.key())
    assert set(states(daemon).values()) == {"off"}
    daemon.up("a")
    assert states(daemon) == {"a": "up", "b": "off"}
    daemon.up("b")
    daemon.ctl("down", "a")
    assert states(daemon) == {"a": "off", "b": "up"}
    assert net.curl(f"http://a.localhost:{server.public}/", "-o", "/dev/null", "-w", "%{http_code}").stdout == "404"
    assert net.curl(daemon.url("b")).stdout == "origin: GET /\n"


def test_one_shot_prints_the_url_alone_and_ends_cleanly(net):
    origin = net.origin()
    server = net.server()
    key = server.key()
    for number in (signal.SIGINT, signal.SIGTERM):
        shot = net.run(f"shot{number}", net.program("tunnelto"), "--port", origin.port, "--subdomain", "shot", "--server", server.url,
                       "--key-file", key)
        until(lambda: shot.out().endswith("\n"), "a URL")
        assert shot.out() == f"http://shot.localhost:{server.public}/\n"
        assert net.curl(shot.out().strip()).stdout == "origin: GET /\n"
        shot.signal(number)
        assert shot.wait_end() == 0


def test_one_shot_fails_with_words_and_a_status(net):
    server = net.server()
    bad = net.dir / "bad.key"
    bad.write_text("tt_aaaaaaaaaaaa_" + "A" * 43)
    bad.chmod(0o600)
    done = subprocess.run([net.program("tunnelto"), "--port", "1", "--server", server.url, "--key-file", bad], capture_output=True,
                          text=True, timeout=30)
    assert done.returncode not in (0, 2) and done.stdout == "" and "key" in done.stderr


def test_the_daemon_does_not_spin_when_idle(pair):
    def ticks(p):
        return sum(int(x) for x in open(f"/proc/{p.pid}/stat").read().rsplit(")", 1)[1].split()[11:13])
    before = ticks(pair.dmn), ticks(pair.srv)
    with pytest.raises(Timeout):
        until(lambda: False, "two quiet seconds", within=2)
    assert ticks(pair.dmn) - before[0] <= 4 and ticks(pair.srv) - before[1] <= 4
