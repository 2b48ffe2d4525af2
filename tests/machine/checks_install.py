# SPDX-License-Identifier: MIT
"""Installing, the README word for word, upgrading, removing, purging. In this order; see run."""
import contextlib
import re
import shutil

import packages
from machine import until
from report import check
from scene import exposure

README = (packages.TOP / "README.md").read_text()
OUR = re.compile(r"tunnel(to|ctl)")


def block(name):
    """The commands that README.md shows behind the mark @name."""
    return re.search(rf"<!-- tests/machine: {name} -->\n+```\n(.*?)```", README, re.S).group(1)


def files(machine):
    """Every file of the machine that packages or daemons may have made, but for what a package manager keeps about all."""
    out = machine.run("find", "/", "-xdev", "-not", "-path", "/var/log/journal/*", "-not", "-path", "/var/cache/*", "-not", "-path", "/root/*", "-not", "-path", "/home/*",
                      "-not", "-path", "/var/lib/apt/*", "-not", "-path", "/tmp/*", "-not", "-path", "/run/systemd/*",
                      "-not", "-path", "/run/log/*", timeout=60).stdout
    run = machine.run("find", "/run", "-xdev", "-name", "*tunnel*").stdout
    return set(out.splitlines()) | set(run.splitlines())


@check("install: what is enabled and active is what README.Debian says", always=True)
def install(s):
    before = files(s.m)
    s.m.path("/root/before").write_text("\n".join(sorted(before)))
    for deb in s.debs:
        shutil.copy(deb, s.m.path("/root"))
    s.m.script("cd /root; " + block("install"), timeout=120)
    states = {unit: (s.m.enabled(unit), s.m.state(unit)) for unit in (
        "tunneltod.socket", "tunneltod.service", "tunnelto-server.service", "tunnelto-server.socket", "tunnelto-server-tls.socket",
        "tunnelto-server-control.socket")}
    off = ("disabled", "inactive")
    assert states == {unit: ("enabled", "active") if unit == "tunneltod.socket" else off for unit in states}, states
    assert s.m.out("stat", "-c", "%a %U:%G", "/etc/tunnelto/tunnelto-server.yaml") == "640 root:tunnelto"
    assert s.m.out("stat", "-c", "%a %U:%G", "/run/tunnelto/control") == "660 root:tunnelto"
    assert s.m.out("id", "-un", "tunnelto-server") == "tunnelto-server"
    assert s.m.run("systemctl", "--user", "--global", "is-enabled", "tunneltod.socket", check=False).stdout.strip() == "disabled"
    assert s.m.out("systemctl", "is-system-running") == "running"


@check("systemd-analyze verify has nothing to say about any unit")
def verify(s):
    units = [u for u in s.m.script("cd /; find lib/systemd/system/ usr/lib/systemd/system/ -name 'tunnel*' -printf '%f\\n' | sort -u").split()]
    assert len(units) >= 8, units
    names = [u.replace("@.", "@lab.") for u in units]
    done = s.m.run("systemd-analyze", "verify", "--man=no", *names, check=False)
    said = [line for line in (done.stdout + done.stderr).splitlines() if OUR.search(line)]
    assert not said, "\n".join(said)
    done = s.m.run("systemd-analyze", "verify", "--user", "--man=no", "tunneltod.service", "tunneltod.socket", check=False)
    said = [line for line in (done.stdout + done.stderr).splitlines() if OUR.search(line)]
    assert not said, "\n".join(said)


@check("systemd-analyze security: no system service above 1.5")
def security(s):
    for unit in ("tunneltod.service", "tunneltod@lab.service", "tunnelto-server.service"):
        text = s.m.out("systemd-analyze", "security", "--no-pager", unit)
        s.report.note(f"exposure of {unit}: {exposure(text)}")
        assert exposure(text) <= 1.5, "\n".join(line for line in text.splitlines() if "✗" in line)


SERVER_UNITS = ["tunnelto-server-tls.socket", "tunnelto-server.socket", "tunnelto-server-control.socket", "tunnelto-server.service"]


@contextlib.contextmanager
def undone(s):
    """The README's server, whatever comes of it, is off afterwards, and its certificates, which are an administrator's, are gone."""
    try:
        yield
    finally:
        s.m.run("systemctl", "disable", "--now", "tunneltod.service", *SERVER_UNITS, check=False)
        for name in ("fullchain.pem", "privkey.pem"):
            s.m.remove(f"/etc/tunnelto/{name}")


@check("README: first tunnel in /etc, word for word")
def first_tunnel(s):
    s.m.script("""cd /root
        openssl ecparam -name prime256v1 -genkey -noout -out privkey.pem
        openssl req -new -x509 -key privkey.pem -days 2 -subj /CN=tunnel.example.com -addext 'subjectAltName=DNS:example.com,DNS:*.example.com' \
            -out fullchain.pem
        cp fullchain.pem /usr/local/share/ca-certificates/example.crt
        update-ca-certificates >/dev/null 2>&1
        printf '127.0.0.1 localhost tunnel.example.com webhook.example.com\\n' >>/etc/hosts""")
    s.start_origin()
    with undone(s):
        s.m.script("cd /root; " + block("server"), timeout=90)
        s.m.script("cd /root; " + block("client"), timeout=90)
        assert s.m.out("tunnelctl", "url", "webhook") == "https://webhook.example.com/"
        shown = s.m.script("cd /root; " + block("visit"))
        assert "hello from the origin" in shown, shown
        for unit in ("tunneltod.service", "tunnelto-server.service", "tunnelto-server.socket", "tunnelto-server-tls.socket"):
            assert (s.m.enabled(unit), s.m.state(unit)) == ("enabled", "active"), unit


@check("the static tunnelto, alone in an empty root with CA certificates, serves a request over TLS")
def static_client(s):
    static = s.m.root.parent / "tunnelto-static"
    if not static.exists():
        return "built on Debian 12 only"
    s.start_origin()
    s.m.script("mkdir -p /root/empty/etc; cd /root/empty; cp /root/fullchain.pem ca.pem; cp /etc/hosts etc; cp /root/laptop.key key")
    shutil.copy(static, s.m.path("/root/empty/tunnelto"))
    with undone(s):
        s.m.script("cd /root; install -m 0644 fullchain.pem /etc/tunnelto/; install -m 0640 -g tunnelto privkey.pem /etc/tunnelto/")
        s.m.run("systemctl", "start", *SERVER_UNITS)
        s.m.run("systemd-run", "--unit=one-shot", "-p", "RootDirectory=/root/empty", "-p", "MountAPIVFS=yes", "/tunnelto", "--port", "8000",
                "--host", "127.0.0.1", "--subdomain", "ci-1", "--server", "https://tunnel.example.com:5000", "--key-file", "/key", "--ca-file", "/ca.pem")
        until(lambda: "https://ci-1.example.com/" in s.m.journal("-u", "one-shot", "-o", "cat"), "the URL on stdout")
        shown = s.m.out("curl", "-sS", "--max-time", "20", "--resolve", "ci-1.example.com:443:127.0.0.1", "https://ci-1.example.com/")
        assert shown == "hello from the origin", shown
        s.m.run("systemctl", "stop", "one-shot")
    return None


@check("the server's container serves a tunnel")
def container(s):
    if not s.report.container or not s.report.container.image:
        return "no image was built"
    s.start_origin()
    conf = s.m.root.parent / "container.yaml"
    conf.write_text("public: [{listen: \"*:8080\"}]\ncontrol: [{listen: \"*:5000\"}]\nallowed_hosts: [example.test]\nanonymous: true\n")
    server = s.report.container.start(s.m, conf)
    s.m.run("systemd-run", "--unit=one-shot", "tunnelto", "--port", "8000", "--subdomain", "boxed", "--server", "http://127.0.0.1:5000")
    until(lambda: s.visit("boxed", port=8080).endswith("hello from the origin\n 200"), "a request through the container")
    s.m.run("systemctl", "stop", "one-shot")
    status = s.report.container.stop(server)
    said = server.stdout.read()
    assert status == 0 and "stopped" in said, said
    return None


@check("autopkgtest: debian/tests/loopback")
def loopback(s):
    shutil.copy(packages.TOP / "debian/tests/loopback", s.m.path("/root"))
    if s.origin:
        s.origin.kill()  # its port is the test's
        s.origin.wait()
        s.origin = None
    s.m.run("/root/loopback", timeout=90)


@check("upgrade to a higher version with a tunnel up, under load")
def upgrade(s):
    s.reset()
    s.up()
    s.m.write("/etc/tunnelto/tunneltod.yaml", s.m.path("/etc/tunnelto/tunneltod.yaml").read_text() + "# mine\n")
    s.m.script("mkdir -p /root/higher /etc/tunnelto/lab")
    for deb in s.higher:
        shutil.copy(deb, s.m.path("/root/higher"))
    s.m.write("/etc/tunnelto/lab/tunneltod.yaml", 'server: {url: "http://127.0.0.1:5000", key_file: /etc/tunnelto/access-key}\n')
    s.m.run("systemctl", "start", "tunneltod@lab.service")
    pids = [s.m.show(unit, "MainPID") for unit in ("tunneltod.service", "tunneltod@lab.service", "tunnelto-server.service")]
    with s.load("upgrade"):
        s.m.run("sh", "-c", "apt-get install -y -o Dpkg::Options::=--force-confold /root/higher/*.deb", timeout=120)
        s.m.run("tunnelctl", "wait", "webhook", "--timeout", "20s")
    after = [s.m.show(unit, "MainPID") for unit in ("tunneltod.service", "tunneltod@lab.service", "tunnelto-server.service")]
    assert "0" not in after and not set(pids) & set(after), f"not restarted: {pids} {after}"
    assert s.m.out("dpkg-query", "-W", "-f", "${Version} ", "tunnelto", "tunnelto-server").split()[0].endswith("+1")
    assert s.m.path("/etc/tunnelto/tunneltod.yaml").read_text().endswith("# mine\n")
    assert s.m.out("stat", "-c", "%a %U:%G", "/etc/tunnelto/tunnelto-server.yaml") == "640 root:tunnelto"
    assert s.m.enabled("tunneltod.socket") == "enabled"
    assert s.m.enabled("tunneltod.service") == "disabled"
    s.served()


@check("remove: nothing runs, configuration and state stay")
def remove(s):
    if s.m.state("tunnelto-server.service") != "active":
        s.reset()
    s.m.run("systemctl", "start", "tunneltod.service")
    s.m.run("apt-get", "remove", "-y", "tunnelto", "tunnelto-server", timeout=90)
    left = s.m.run("systemctl", "list-units", "--plain", "--no-legend", "--all", "tunnel*").stdout
    assert not [line for line in left.splitlines() if " active " in line], left
    assert s.m.run("pgrep", "-f", "bin/tunnelto", check=False).stdout == "" or not s.m.path("/usr/bin/pgrep").exists()
    assert s.m.path("/etc/tunnelto/tunneltod.yaml").exists()
    assert s.m.path("/var/lib/tunnelto-server").exists()


@check("purge: nothing is left but the locked system users")
def purge(s):
    shutil.rmtree(s.m.path("/etc/tunnelto/lab"), ignore_errors=True)  # an instance's directory is the administrator's
    s.m.script("rm -rf /etc/systemd/system/tunnel*.d")
    s.m.run("apt-get", "purge", "-y", "--autoremove", "tunnelto", "tunnelto-server", timeout=90)
    before = set(s.m.path("/root/before").read_text().splitlines())
    left = [name for name in files(s.m) - before if OUR.search(name)]
    assert not left, "\n".join(sorted(left))
    assert not s.m.path("/etc/tunnelto").exists()
    users = s.m.out("getent", "passwd", "tunnelto", "tunnelto-server").splitlines()
    assert all(line.endswith("/nologin") for line in users), users
    until(lambda: s.m.out("systemctl", "is-system-running", check=False) in ("running", "degraded"), "the machine running")
