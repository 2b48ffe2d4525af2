# SPDX-License-Identifier: MIT
"""tunnelctl against real daemons: what the unit tests play, once more in earnest."""
import json
import signal
import subprocess

import pytest

from actors import WAIT, until


def test_down_and_up_again_by_name_and_all(pair):
    pair.dmn.ctl("down", "web")
    assert pair.dmn.tunnel("web")["state"] == "off"
    done = pair.dmn.ctl("url", "web", check=False)
    assert done.returncode == 1 and "off" in done.stderr and done.stdout == ""
    assert pair.url in pair.dmn.ctl("up", "web", "--wait").stdout
    pair.dmn.ctl("down", "--all")
    assert pair.dmn.tunnel("web")["state"] == "off"
    pair.dmn.ctl("down", "--all")  # nothing is left to do


def test_wait_waits_for_a_tunnel_that_comes_up(net):
    server = net.server()
    origin = net.origin()
    daemon = net.daemon(server, {"web": {"local": origin.port, "subdomain": "web"}}, key=server.key())
    daemon.ctl("wait", "web", "--timeout", "20s")
    assert daemon.tunnel("web")["state"] == "up"


def test_wait_gives_up_in_time_and_says_the_state(net):
    daemon = net.daemon("http://127.0.0.1:1", {"web": {"local": 1, "subdomain": "web"}})
    done = daemon.ctl("wait", "web", "--timeout", "300ms", check=False)
    assert done.returncode == 1 and "web" in done.stderr


def test_a_refused_tunnel_is_exit_code_4(net):
    server = net.server()
    daemon = net.daemon(server, {}, key=server.key("k", "other"))
    done = daemon.ctl("http", "80", "--subdomain", "web", check=False)
    assert done.returncode == 4 and done.stdout == "" and "may not claim" in done.stderr
    until(lambda: daemon.status()["tunnels"] == [], "the refused tunnel is forgotten")


def test_a_refused_key_is_told_in_one_line(net):
    server = net.server()
    key = server.key()
    key.write_text(key.read_text().strip()[:-3] + "AAA\n")
    shot = net.run("tunnelto", net.program("tunnelto"), "--server", server.url, "--key-file", key, "-p", "1")
    assert shot.wait_end() == 4 and shot.out() == ""
    line, = shot.err().splitlines()
    assert line.startswith("server refuses this client: the server does not know this key") and "server key add" in line
    daemon = net.daemon(server, {"web": {"local": 1, "subdomain": "web"}, "b": {"local": 1, "subdomain": "b"}}, key=key)
    assert daemon.ctl("up", "web", "b", "--wait", check=False).returncode == 4
    assert daemon.err().count("does not know this key") == 1
    assert "\nweb: " not in daemon.ctl("status").stdout


def test_a_refused_name_is_told_in_one_line(net):
    server = net.server()
    shot = net.run("tunnelto", net.program("tunnelto"), "--server", server.url, "--key-file", server.key("k", "other"), "-p", "1", "-s", "web")
    assert shot.wait_end() == 4
    assert shot.err() == "server reached\ntunnel refused: this key may not claim that name\n"


def test_an_ad_hoc_tunnel_dies_with_its_command_however_that_dies(pair):
    shot = pair.run("killed", pair.program("tunnelctl"), "--socket", pair.dmn.control, "http", str(pair.web.port), "--name", "mine")
    until(lambda: shot.out().endswith("\n"), "a URL")
    assert pair.dmn.tunnel("mine")["adhoc"] is True
    shot.kill()
    until(lambda: [t["name"] for t in pair.dmn.status()["tunnels"]] == ["web"], "the tunnel is forgotten")


def test_a_detached_tunnel_stays_until_it_is_taken_down(pair):
    url = pair.dmn.ctl("http", pair.web.port, "--subdomain", "stays", "--name", "stays", "--detach").stdout.strip()
    assert pair.curl(url).stdout == "origin: GET /\n"
    assert pair.dmn.ctl("url", "stays").stdout.strip() == url
    pair.dmn.ctl("down", "stays")
    assert [t["name"] for t in pair.dmn.status()["tunnels"]] == ["web"]


def test_taking_a_bound_tunnel_down_ends_its_command(pair):
    shot = pair.run("downed", pair.program("tunnelctl"), "--socket", pair.dmn.control, "http", str(pair.web.port), "--name", "mine")
    until(lambda: shot.out().endswith("\n"), "a URL")
    pair.dmn.ctl("down", "mine")
    assert shot.wait_end() == 1
    assert "taken down" in shot.err()


def test_a_name_that_is_taken_is_refused(pair):
    done = pair.dmn.ctl("http", "80", "--name", "web", check=False)
    assert done.returncode == 1 and "there is a tunnel 'web' already" in done.stderr


def test_an_ad_hoc_tunnel_without_a_daemon_is_one_shot(net):
    server, origin = net.server(), net.origin()
    shot = net.run("alone", net.program("tunnelctl"), "--socket", net.dir / "none", "http", origin.port, "--subdomain", "alone",
                   env={"TUNNELTO_SERVER": server.url})
    assert shot.wait_end() not in (0, 2) and "key" in shot.err()  # the server wants one
    open_server = net.server(name="open", config={"anonymous": True})
    shot = net.run("again", net.program("tunnelctl"), "--socket", net.dir / "none", "http", origin.port, "--subdomain", "alone",
                   env={"TUNNELTO_SERVER": open_server.url})
    until(lambda: shot.out().endswith("\n"), "a URL")
    assert net.curl(shot.out().strip()).stdout == "origin: GET /\n"
    shot.signal(signal.SIGINT)
    assert shot.wait_end() == 0


def test_logs_are_of_one_tunnel_when_asked(pair):
    everything = pair.dmn.ctl("logs").stdout
    assert "tunnel=web" in everything
    assert all("tunnel=web" in line for line in pair.dmn.ctl("logs", "web").stdout.splitlines())
    assert len(pair.dmn.ctl("logs", "-n", "1").stdout.splitlines()) == 1
    events = [json.loads(line) for line in pair.dmn.ctl("logs", "--json").stdout.splitlines()]
    assert any(e["fields"].get("TUNNEL") == "web" for e in events)


def test_no_visitor_steers_the_terminal_of_who_reads_the_log(pair):
    pair.ask(pair.srv.public, b"GET /\x1b[2J\xc2\x9b HTTP/1.1\r\nHost: web.localhost\r\nConnection: close\r\n\r\n")
    pair.curl(pair.url + "the-end")
    until(lambda: "the-end" in pair.srv.ctl("logs").stdout, "the requests are logged")
    assert "\x1b" not in pair.srv.ctl("logs").stdout and "\x9b" not in pair.srv.ctl("logs").stdout


def test_keys_are_made_listed_and_revoked(net):
    server = net.server()
    made = server.ctl("key", "add", "ci", "--allow", "ci-*, web", "--tcp", "20000-20010", "--max-tunnels", "3")
    assert made.stdout.startswith("tt_") and len(made.stdout.splitlines()) == 1 and made.stdout.strip() not in made.stderr
    key = json.loads(server.ctl("key", "list", "--json").stdout)["keys"][0]
    assert (key["name"], key["allow"], key["tcp"], key["max_tunnels"]) == ("ci", ["ci-*", "web"], "20000-20010", 3)
    table = server.ctl("key", "list").stdout
    assert "ci-*,web" in table and made.stdout.strip().split("_", 2)[2] not in table
    again = server.ctl("key", "add", "ci", "--allow", "x", check=False)
    assert again.returncode == 1 and "already" in again.stderr
    server.ctl("key", "revoke", key["id"])
    assert server.ctl("key", "revoke", "nobody", check=False).returncode == 1
    assert "revoked" in server.ctl("key", "list").stdout


def test_check_needs_no_daemon(net):
    good, bad = net.dir / "good.yaml", net.dir / "bad.yaml"
    good.write_text("server: {url: 'http://x:1'}\n")
    bad.write_text("servr: 1\n")
    assert net.ctl("check", good).returncode == 0
    done = net.ctl("check", bad, check=False)
    assert done.returncode != 0 and "did you mean 'server'" in done.stderr + done.stdout
    bad.write_text("allowed_host: [x]\n")
    done = net.ctl("server", "check", bad, check=False)
    assert done.returncode != 0 and "did you mean 'allowed_hosts'" in done.stderr + done.stdout


def test_the_server_and_the_daemon_are_not_taken_for_each_other(pair):
    done = net_ctl(pair, pair.srv.control, "status")
    assert done.returncode == 1 and "other daemon" in done.stderr
    done = net_ctl(pair, pair.dmn.control, "server", "status")
    assert done.returncode == 1 and "other daemon" in done.stderr


def net_ctl(pair, path, *args):
    return pair.ctl("--socket", path, *args, check=False)


def test_a_full_disk_is_no_success(pair):
    with open("/dev/full", "w") as full:
        done = subprocess.run([pair.program("tunnelctl"), "--socket", pair.dmn.control, "status"], stdout=full,
                              stderr=subprocess.PIPE, text=True, timeout=WAIT)
    assert done.returncode == 1 and "standard output" in done.stderr


@pytest.mark.parametrize("verb", ["status", "list", "server status", "server key list"])
def test_tables_without_legend_have_no_headings(pair, verb):
    where = pair.srv.control if verb.startswith("server") else pair.dmn.control
    headed = pair.ctl("--socket", where, *verb.split()).stdout
    bare = pair.ctl("--socket", where, "--no-legend", *verb.split()).stdout
    assert "NAME" in headed and "NAME" not in bare and "\x1b" not in headed
