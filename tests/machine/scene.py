# SPDX-License-Identifier: MIT
"""What checks begin from: a server behind its sockets, an origin, a key, one tunnel called webhook."""
import contextlib
import json
import re

from machine import until

SERVER = """public: [{listen: "*:80"}]
control: [{listen: "*:5000"}]
allowed_hosts: [example.test]
"""
CLIENT = """server: {url: "http://127.0.0.1:5000", key_file: /etc/tunnelto/access-key}
"""
WEBHOOK = "tunnels: {webhook: {local: 8000, subdomain: webhook}}\n"
HELLO = "hello from the origin"
SOCKETS = ["tunnelto-server.socket", "tunnelto-server-control.socket"]


class Scene:
    def __init__(self, machine, report, debs, higher):
        self.m, self.report, self.debs, self.higher = machine, report, debs, higher
        self.secret, self.origin = None, None

    def start_origin(self):
        if not self.origin:
            self.origin = self.m.beside_python("origin.py", 8000)
            assert self.origin.stdout.readline() == "listening\n"

    def reset(self, client=CLIENT, tunnels=WEBHOOK):
        """The server up with its default configuration, the daemon stopped behind its socket with @client's."""
        self.start_origin()
        self.m.run("systemctl", "stop", "tunneltod.service", check=False)
        for path in [*self.m.path("/etc/tunnelto/tunnels.d").glob("*.yaml"), *self.m.path("/etc/systemd/system").glob("tunnel*.d/*")]:
            path.unlink()
        self.m.run("systemctl", "daemon-reload")
        self.m.run("systemctl", "reset-failed")
        conf = self.m.path("/etc/tunnelto/tunnelto-server.yaml")
        if conf.read_text() != SERVER or self.m.state("tunnelto-server.service") != "active":
            conf.write_text(SERVER)
            self.m.run("systemctl", "stop", "tunnelto-server-tls.socket", "tunnelto-server.service", check=False)
            self.m.run("systemctl", "start", *SOCKETS, "tunnelto-server.service")
        if not self.secret:
            self.secret = self.m.out("tunnelctl", "server", "key", "add", "checks", "--allow", "*", "--tcp", "20000-20100")
        self.m.write("/etc/tunnelto/access-key", self.secret + "\n", 0o640, group="tunnelto")
        self.m.write("/etc/tunnelto/tunneltod.yaml", client)
        self.m.write("/etc/tunnelto/tunnels.d/webhook.yaml", tunnels)
        self.m.run("systemctl", "start", "tunneltod.socket")

    def up(self, name="webhook", *options):
        self.m.run("tunnelctl", *options, "up", name, "--wait", "--timeout", "20s")

    def visit(self, name="webhook", path="/", port=80):
        """What a visitor gets: status and body, in one string."""
        return self.m.run("curl", "-sS", "--max-time", "30", "-w", " %{http_code}", "-H", f"Host: {name}.example.test",
                          f"http://127.0.0.1:{port}{path}", check=False).stdout

    def served(self, name="webhook"):
        answer = self.visit(name)
        assert answer == f"{HELLO}\n 200", f"{name}: {answer}"

    def is_served(self, name="webhook", within=20.0):
        until(lambda: self.visit(name) == f"{HELLO}\n 200", f"{name} served", within)

    def status(self, *options):
        return json.loads(self.m.out("tunnelctl", *options, "status", "--json"))

    def restarts(self, unit):
        return int(self.m.show(unit, "NRestarts"))

    def drop_in(self, unit, text, section="Service"):
        self.m.write(f"/etc/systemd/system/{unit}.d/check.conf", f"[{section}]\n{text}\n")
        self.m.run("systemctl", "daemon-reload")

    @contextlib.contextmanager
    def load(self, what, rate=200):
        """Visitors at a steady rate around what the caller does; none of them may fail."""
        program = self.m.beside_python("load.py", "127.0.0.1", 80, "webhook.example.test", rate)
        assert program.stdout.readline() == "started\n"
        try:
            yield
        finally:
            program.terminate()
            seen = json.loads(program.communicate(timeout=60)[0])
        self.report.note(f"{what}: {seen['failed']} of {seen['sent']} requests failed in {seen['seconds']} s at {rate}/s, "
                         f"slowest {seen['slowest_ms']} ms")
        assert seen["sent"] > 0 and not seen["failed"], f"{what}: {seen}"


def exposure(text):
    """The figure of systemd-analyze security's last line."""
    return float(re.search(r"Overall exposure level for \S+: ([0-9.]+)", text).group(1))
