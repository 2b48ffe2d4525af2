# SPDX-License-Identifier: MIT
"""The daemons as systemd's: activation, truth in status, reload, credentials, watchdog, restarts, users, instances."""
import json

from machine import until
from report import check
from scene import CLIENT, HELLO, SERVER, WEBHOOK

WATCHED = "WatchdogSec=2s\nTimeoutAbortSec=1s"


@check("a cold socket: tunnelctl up webhook starts the daemon, a request is served")
def cold_socket(s):
    s.reset()
    assert s.m.state("tunneltod.service") == "inactive"
    s.up()
    s.served()
    assert s.m.state("tunneltod.service") == "active"
    until(lambda: s.m.show("tunneltod.service", "StatusText").startswith("1 of 1 tunnel"), "STATUS of one tunnel that is up")
    s.m.run("tunnelctl", "wait", "webhook")


@check("members of the group tunnelto control the daemon, others do not")
def rights(s):
    s.reset()
    s.m.script("id alice >/dev/null 2>&1 || useradd -m -s /bin/bash alice")
    assert s.m.run("runuser", "-u", "alice", "--", "tunnelctl", "status", check=False).returncode != 0
    s.m.run("runuser", "-u", "alice", "-g", "tunnelto", "--", "tunnelctl", "up", "webhook", "--wait")
    s.served()


@check("a wrong key: the daemon stays, its status says so")
def wrong_key(s):
    s.reset()
    s.m.write("/etc/tunnelto/access-key", s.secret[:-4] + "0000\n", 0o640, group="tunnelto")
    s.m.run("systemctl", "start", "tunneltod.service")
    status = until(lambda: (t := s.m.show("tunneltod.service", "StatusText")) and "key" in t and t, "STATUS about the key")
    s.report.note(f"status with a wrong key: {status}")
    assert "key" in s.m.out("tunnelctl", "status", check=False)
    assert s.m.state("tunneltod.service") == "active" and s.restarts("tunneltod.service") == 0


@check("no server: the daemon starts at once, and connects when there is one")
def no_server(s):
    s.reset()
    s.m.run("systemctl", "stop", "tunnelto-server-control.socket", "tunnelto-server.socket", "tunnelto-server.service")
    s.m.run("systemctl", "start", "tunneltod.service", timeout=15)
    assert s.m.state("tunneltod.service") == "active"
    s.m.run("systemctl", "start", "tunnelto-server-control.socket", "tunnelto-server.socket", "tunnelto-server.service")
    s.m.run("tunnelctl", "up", "webhook", "--wait", "--timeout", "60s")
    s.served()


@check("reload: what changed is applied, an untouched tunnel's visitor notices nothing")
def reload_good(s):
    s.reset()
    s.up()
    drip = s.m.beside("curl", "-sS", "-H", "Host: webhook.example.test", "http://127.0.0.1/drip")
    s.m.write("/etc/tunnelto/tunnels.d/more.yaml", "tunnels: {more: {local: 8000, subdomain: more}}\n")
    would = s.m.out("tunnelctl", "reload", "--dry-run")
    assert "added: more" in would and "kept: webhook" in would, would
    assert [t["name"] for t in s.status()["tunnels"]] == ["webhook"]
    s.m.run("systemctl", "reload", "tunneltod.service")
    s.m.run("tunnelctl", "wait", "more", "--timeout", "20s")
    s.served("more")
    shown = drip.communicate(timeout=30)[0]
    assert shown == "".join(f"drop {n}\n" for n in range(50)), shown[-200:]
    s.m.remove("/etc/tunnelto/tunnels.d/more.yaml")
    s.m.run("systemctl", "reload", "tunneltod.service")
    assert s.visit("more").endswith(" 404")
    s.served()


@check("reload of a broken file: it fails with the place, nothing changes")
def reload_broken(s):
    s.reset()
    s.up()
    s.m.write("/etc/tunnelto/tunnels.d/wrong.yaml", "tunnels:\n  wrong:\n    local: 70000\n    subdomian: x\n")
    done = s.m.run("systemctl", "reload", "tunneltod.service", check=False)
    assert done.returncode != 0, "systemctl reload succeeded"
    said = s.m.journal("-u", "tunneltod.service", "-n", "20", "-o", "cat")
    assert "wrong.yaml:3:" in said and "wrong.yaml:4:" in said, said
    assert s.m.state("tunneltod.service") == "active"
    s.served()
    s.m.remove("/etc/tunnelto/tunnels.d/wrong.yaml")
    s.m.run("systemctl", "reload", "tunneltod.service")


@check("reload of the server: good and broken, its visitors notice nothing")
def reload_server(s):
    s.reset()
    s.up()
    drip = s.m.beside("curl", "-sS", "-H", "Host: webhook.example.test", "http://127.0.0.1/drip")
    conf = s.m.path("/etc/tunnelto/tunnelto-server.yaml")
    conf.write_text(SERVER + "blocked_subdomains: [\n")
    assert s.m.run("systemctl", "reload", "tunnelto-server.service", check=False).returncode != 0
    assert "tunnelto-server.yaml:" in s.m.journal("-u", "tunnelto-server.service", "-n", "20", "-o", "cat")
    conf.write_text(SERVER.replace("[example.test]", "[example.test, other.test]"))
    s.m.run("systemctl", "reload", "tunnelto-server.service")
    s.served()
    shown = drip.communicate(timeout=30)[0]
    assert shown.endswith("drop 49\n"), shown[-200:]


@check("a configuration that is wrong at the start: exit 78, no restart, the place in the journal")
def wrong_at_start(s):
    s.reset(client="server: {url: 5}\nnonsense: 1\n")
    assert s.m.run("systemctl", "start", "tunneltod.service", check=False).returncode != 0
    assert s.m.show("tunneltod.service", "ExecMainStatus") == "78"
    assert s.m.state("tunneltod.service") == "failed" and s.restarts("tunneltod.service") == 0
    said = s.m.journal("-u", "tunneltod.service", "-n", "20", "-o", "cat")
    assert "tunneltod.yaml:2:" in said, said


@check("a key as a credential")
def credential(s):
    s.reset(client='server: {url: "http://127.0.0.1:5000"}\n')
    s.m.remove("/etc/tunnelto/access-key")
    s.m.write("/root/tunnelto.key", s.secret + "\n", 0o600)
    s.drop_in("tunneltod.service", "LoadCredential=access-key:/root/tunnelto.key")
    s.up()
    s.served()


@check("a key as an encrypted credential")
def encrypted_credential(s):
    s.reset(client='server: {url: "http://127.0.0.1:5000"}\n')
    s.m.remove("/etc/tunnelto/access-key")
    s.m.run("systemd-creds", "--with-key=host", "--name=access-key", "encrypt", "-", "/root/access-key.cred", stdin=s.secret)
    assert s.secret not in s.m.path("/root/access-key.cred").read_text()
    s.drop_in("tunneltod.service", "LoadCredentialEncrypted=access-key:/root/access-key.cred")
    s.up()
    s.served()


def hang(s, unit):
    """Stop @unit's process and wait until its manager has put another in its place."""
    before, pid = s.restarts(unit), s.m.show(unit, "MainPID")
    s.m.run("systemctl", "kill", "--kill-whom=main", "-s", "STOP", unit)
    until(lambda: s.restarts(unit) > before and s.m.state(unit) == "active", f"{unit} restarted", 30)
    assert s.m.show(unit, "MainPID") != pid
    assert "watchdog" in s.m.journal("-u", unit, "-n", "30", "-o", "cat").lower()
    s.is_served()


@check("watchdog: a daemon that hangs is restarted")
def watchdog_client(s):
    s.reset()
    s.drop_in("tunneltod.service", WATCHED + "\nRestartSec=100ms")
    s.up()
    s.served()
    hang(s, "tunneltod.service")


@check("watchdog: a server that hangs is restarted")
def watchdog_server(s):
    s.reset()
    s.drop_in("tunnelto-server.service", WATCHED + "\nRestartSec=100ms")
    s.m.run("systemctl", "restart", "tunnelto-server.service")
    s.up()
    s.served()
    hang(s, "tunnelto-server.service")


@check("watchdog: a server that is away is no reason to restart the daemon")
def watchdog_outage(s):
    s.reset()
    s.drop_in("tunneltod.service", WATCHED)
    s.up()
    s.m.run("systemctl", "stop", "tunnelto-server-control.socket", "tunnelto-server.socket", "tunnelto-server.service")
    pid, fed = s.m.show("tunneltod.service", "MainPID"), s.m.show("tunneltod.service", "WatchdogTimestampMonotonic")
    seen = {fed}
    until(lambda: seen.add(s.m.show("tunneltod.service", "WatchdogTimestampMonotonic")) or len(seen) > 8, "the watchdog fed eight times", 30)
    assert s.m.show("tunneltod.service", "MainPID") == pid
    assert s.m.show("tunneltod.service", "StatusText").startswith("0 of 1"), s.m.show("tunneltod.service", "StatusText")


@check("watchdog: a data path that is wedged on a living link is a reason")
def watchdog_wedged(s):
    wedge = s.m.beside("/usr/bin/python3", (s.m.here / "pretender.py"))
    port = int(wedge.stdout.readline())
    s.reset(client=f'server: {{url: "http://127.0.0.1:{port}", key_file: /etc/tunnelto/access-key}}\n')
    s.drop_in("tunneltod.service", WATCHED + "\nRestartSec=100ms")
    s.up()
    until(lambda: s.restarts("tunneltod.service") > 0, "the daemon restarted", 30)
    assert "wedged" in s.m.journal("-u", "tunneltod.service", "-n", "60", "-o", "cat")
    s.m.run("systemctl", "stop", "tunneltod.service")
    wedge.kill()


def restart(s, unit):
    with s.load(f"20 restarts of {unit}"):
        for _ in range(20):
            s.m.run("systemctl", "restart", unit)
            s.m.run("tunnelctl", "wait", "webhook", "--timeout", "20s")


@check("20 restarts of the daemon under 200 requests/s: no request fails")
def restarts_client(s):
    s.reset()
    s.up()
    restart(s, "tunneltod.service")
    s.served()


@check("20 restarts of the server under 200 requests/s: no request fails")
def restarts_server(s):
    s.reset()
    s.up()
    restart(s, "tunnelto-server.service")
    s.served()


@check("journal: journalctl TUNNEL=webhook -o json is the access log")
def access_log(s):
    s.reset()
    s.up()
    s.visit(path="/looked-for")
    rows = until(lambda: [r for r in map(json.loads, s.m.journal("TUNNEL=webhook", "-o", "json", "-n", "50").splitlines())
                          if "/looked-for" in str(r.get("MESSAGE"))], "the request in the journal")
    assert rows[-1]["TUNNEL"] == "webhook", rows[-1]
    assert s.secret not in s.m.journal("-u", "tunnel*")


@check("journal: an event that needs somebody has its catalog text")
def catalog(s):
    s.reset(client="nonsense: 1\n")
    s.m.run("systemctl", "start", "tunneltod.service", check=False)
    ids = {r["MESSAGE_ID"] for r in map(json.loads, s.m.journal("-u", "tunneltod.service", "-o", "json", "_COMM=tunneltod").splitlines())
           if "MESSAGE_ID" in r}
    assert ids, "no message with an id"
    for one in ids:
        assert "tunnelto" in s.m.out("journalctl", "--dump-catalog", one)


@check("a user's own daemon, started by the user's socket")
def user_unit(s):
    s.reset()
    s.m.script("id alice >/dev/null 2>&1 || useradd -m -s /bin/bash alice; loginctl enable-linger alice")
    uid = s.m.uid("alice")
    until(lambda: s.m.state(f"user@{uid}.service") == "active", "alice's manager", 30)
    home = "/home/alice/.config/tunnelto"
    s.m.write(f"{home}/key", s.secret + "\n", 0o600)
    s.m.write(f"{home}/tunneltod.yaml", f'server: {{url: "http://127.0.0.1:5000", key_file: {home}/key}}\n'
              "tunnels: {hers: {local: 8000, subdomain: hers}}\n")
    s.m.run("chown", "-R", "alice:alice", "/home/alice/.config")
    s.m.run("systemctl", "--user", "start", "tunneltod.socket", user="alice")
    assert s.m.run("systemctl", "--user", "is-active", "tunneltod.service", user="alice", check=False).stdout.strip() == "inactive"
    s.m.run("tunnelctl", "--user", "up", "hers", "--wait", "--timeout", "20s", user="alice")
    s.served("hers")
    assert s.m.out("systemctl", "--user", "is-active", "tunneltod.service", user="alice") == "active"
    s.m.run("systemctl", "--user", "stop", "tunneltod.socket", "tunneltod.service", user="alice")
    s.m.run("loginctl", "disable-linger", "alice")


@check("an instance with its own configuration, beside the daemon")
def instance(s):
    s.reset()
    s.up()
    s.m.write("/etc/tunnelto/lab/tunneltod.yaml", CLIENT + "tunnels: {bench: {local: 8000, subdomain: bench}}\n")
    s.m.run("systemctl", "start", "tunneltod@lab.socket")
    s.up("bench", "--instance", "lab")
    s.served("bench")
    s.served()
    assert s.m.state("tunneltod@lab.service") == "active"
    s.m.run("systemctl", "reload", "tunneltod@lab.service")
    s.m.run("systemctl", "stop", "tunneltod@lab.socket", "tunneltod@lab.service")


@check("a unit can wait for a tunnel: tunnelctl wait")
def wait_for(s):
    s.reset()
    s.m.write("/etc/systemd/system/needs.service", "[Unit]\nRequires=tunneltod.socket\nAfter=tunneltod.socket\n[Service]\nType=oneshot\n"
              "ExecStart=tunnelctl wait webhook --timeout 20s\n")
    s.m.run("systemctl", "daemon-reload")
    s.m.run("systemctl", "start", "needs.service", timeout=30)
    s.served()
    s.m.remove("/etc/systemd/system/needs.service")


@check("varlinkctl introspects and calls both control sockets")
def varlink(s):
    if not s.m.path("/usr/bin/varlinkctl").exists():
        return "systemd before 255 has no varlinkctl"
    s.reset()
    s.up()
    for socket, interface in (("/run/tunnelto/control", "io.tunnelto.Client"), ("/run/tunnelto-server/control", "io.tunnelto.Server")):
        assert interface in s.m.out("varlinkctl", "info", f"unix:{socket}")
        assert f"interface {interface}" in s.m.out("varlinkctl", "introspect", f"unix:{socket}", interface)
        answer = json.loads(s.m.out("varlinkctl", "call", "--json=short", f"unix:{socket}", f"{interface}.Status", "{}"))
        assert "webhook" in json.dumps(answer), answer
    assert HELLO in s.visit() and WEBHOOK
    return None
