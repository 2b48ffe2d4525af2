# SPDX-License-Identifier: MIT
"""The ways from a visitor to an origin: none, a chain of two nginx, ssh -R, and ours. peer_paths.py has the others.

A path has two ends. Its server end stands beside the visitors, its client end beside the origin; between them is the
link, over loopback or (wan.py) over an emulated WAN. A path serves two targets: `web`, nginx with files, and `sink`,
the bench's own origin, which takes uploads.
"""
import contextlib
import os
import pathlib
import pwd
import socket
import ssl
import subprocess
import time

from world import HOST, Skip, certificate, tool

KINDS = ("web", "sink")
READY = 20.0  # seconds in which a path must serve


class Target:
    """Where a visitor goes: address, port, the Host that it says, and the context of its TLS, if it speaks that."""

    def __init__(self, address, port, host, tls=None):
        self.address, self.port, self.host, self.tls = address, port, host, tls

    def connect(self, timeout):
        s = socket.create_connection((self.address, self.port), timeout=timeout)
        return self.tls.wrap_socket(s, server_hostname=self.host) if self.tls else s

    def ask(self, path="/1k", timeout=5.0):
        """One request on a connection of its own; the status, or None when there is no answer."""
        try:
            with self.connect(timeout) as s:
                s.sendall(f"GET {path} HTTP/1.1\r\nHost: {self.host}\r\nConnection: close\r\n\r\n".encode())
                head = s.recv(4096).split(b" ", 2)
                return int(head[1]) if len(head) > 1 else None
        except (OSError, ValueError):
            return None

    @property
    def url(self):
        return f"http://{self.address}:{self.port}"


def last_line(process):
    return (process.log().splitlines() or [""])[-1][-160:]


def until_200(target, processes=(), within=READY):
    """Seconds until the target answers 200."""
    began = time.monotonic()
    while target.ask() != 200:
        for p in processes:
            if p.poll() is not None:
                raise Skip(f"{p.label} ended with {p.returncode}: {last_line(p)}")
        if time.monotonic() - began > within:
            raise Skip(f"no answer within {within:.0f} s: {'; '.join(filter(None, map(last_line, processes)))}")
        time.sleep(0.002)
    return time.monotonic() - began


class Scene:
    """Where things stand: addresses of both ends, and how a process is started at the client's end."""

    def __init__(self, world, server=HOST, client=HOST, at_client=contextlib.nullcontext):
        self.world, self.server, self.client, self.at_client = world, server, client, at_client
        self.crt, self.key = certificate(world.folder("tls"))
        self.ports = {}

    def spawn_client(self, name, *argv, **more):
        with self.at_client():
            return self.world.spawn(name, *argv, **more)

    def start_origin(self, bulk):
        """nginx with a file of 1 KiB and one of @bulk bytes, and the sink, at the client's end."""
        files = self.world.folder("files")
        if not (files / "1k").exists():
            files.joinpath("1k").write_bytes(os.urandom(512).hex().encode())
            with open(files / "bulk", "wb") as f:
                for _ in range(0, bulk, 1 << 20):
                    f.write(os.urandom(min(1 << 20, bulk)))
        self.ports = {kind: self.world.port() for kind in KINDS}
        conf = nginx_conf(self.world, "origin", f"server {{ listen {self.ports['web']} backlog=4096; root {files}; }}")
        self.origin = [self.spawn_client("origin-web", tool("nginx"), "-c", conf),
                       self.spawn_client("origin-sink", helper(self.world, "origin"), self.ports["sink"])]
        for kind, process in zip(KINDS, self.origin):
            until_200(Target(self.client, self.ports[kind], "origin"), [process])


def helper(world, name):
    """A C helper of the bench's own, built when it is not there."""
    path = world.build / "tests/bench" / name
    if not path.exists():
        done = subprocess.run(["make", "-s", "-C", str(world.build), f"tests/bench/{name}"], capture_output=True, text=True)
        if done.returncode:
            raise Skip(f"{path} can't be built: {done.stderr.strip()[-300:]}")
    return str(path)


def nginx_conf(world, name, servers):
    """A configuration file for one nginx in the foreground: no logs, long keep-alive, nothing spooled to disk."""
    here = world.folder(f"nginx-{name}")
    me = pwd.getpwuid(os.getuid()).pw_name
    temp = "".join(f"{k}_temp_path {here}/{k};\n" for k in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    path = here / "nginx.conf"
    path.write_text(f"""daemon off; pid {here}/pid; error_log {here}/error.log warn; worker_processes auto;
{'user ' + me + ';' if os.getuid() == 0 else ''}
worker_rlimit_nofile 16384;
events {{ worker_connections 8192; }}
http {{
{temp}access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; default_type application/octet-stream;
keepalive_requests 100000000; client_max_body_size 0; proxy_max_temp_file_size 0; proxy_request_buffering off;
proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;
open_file_cache max=100;
{servers}
}}
""")
    return path


class Path:
    """One way. Subclasses start processes; `encrypted` says whether the link between the ends is."""
    name = title = ""
    encrypted = None
    reconnects = True
    visitor_tls = None  # the context of visitors that speak TLS to it

    def __init__(self, scene):
        self.scene, self.world = scene, scene.world
        self.servers, self.clients, self.targets = [], [], {}
        self.serial = 0

    def label(self, end):
        self.serial += 1
        return f"{self.name}-{end}-{self.serial}"

    def at(self, kind, port, host="localhost"):
        self.targets[kind] = Target(HOST, port, host, self.visitor_tls)

    def start_server(self):
        """Start the server end; sets self.link, the port at scene.server where the client end connects."""
        raise NotImplementedError

    def start_client(self, address, port):
        """Start the client end, which connects to @address:@port; returns its processes."""
        raise NotImplementedError

    def start(self, address=None, port=None):
        """Both ends, until both targets answer; the seconds from the start of the client end to the first 200."""
        self.start_server()
        self.wait_server()
        return self.connect(address or self.scene.server, port)

    def connect(self, address, port=None):
        began = time.monotonic()
        self.clients = self.start_client(address, port or self.link)
        until_200(self.targets["web"], self.servers + self.clients)
        took = time.monotonic() - began
        until_200(self.targets["sink"], self.servers + self.clients)
        return took

    def wait_server(self):
        """Until the server end listens: some clients try only once, and none should be blamed for waiting."""
        deadline = time.monotonic() + READY
        while self.link and time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection((self.scene.server, self.link), 1):
                return
            time.sleep(0.01)

    def stop_client(self):
        self.world.stop(*self.clients)
        self.clients = []

    def stop(self):
        self.stop_client()
        self.world.stop(*self.servers)
        self.servers = []

    def pids(self, end):
        return [p.pid for p in (self.servers if end == "server" else self.clients)]


class Direct(Path):
    name, title, reconnects = "direct", "direct", False

    def start_server(self):
        self.link = None
        for kind in KINDS:
            self.targets[kind] = Target(self.scene.client, self.scene.ports[kind], "origin")

    def start_client(self, address, port):
        return []


class Nginx(Path):
    """Two mature proxies: the visitor's nginx leads to the origin's nginx."""
    name, title, encrypted, reconnects = "nginx", "nginx → nginx → origin", False, False
    scheme = "http"

    def pools(self, ports, address):
        return "".join(f"upstream {kind} {{ server {address}:{ports[kind]}; keepalive 256; }}\n" for kind in KINDS)

    def start_server(self):
        self.link = None
        self.inner = {kind: self.world.port() for kind in KINDS}
        servers = self.pools(self.inner, self.scene.client)
        for kind in KINDS:
            self.at(kind, self.world.port())
            servers += (f"server {{ listen {HOST}:{self.targets[kind].port} backlog=4096; location / {{ "
                        f"proxy_pass {self.scheme}://{kind}; {self.outer_tls()} }} }}\n")
        self.servers = [self.world.spawn(self.label("server"), tool("nginx"), "-c",
                                         nginx_conf(self.world, f"{self.name}-server", servers))]

    def start_client(self, address, port):
        servers = self.pools(self.scene.ports, HOST)
        for kind in KINDS:
            servers += (f"server {{ listen {self.scene.client}:{self.inner[kind]} {self.inner_tls()} "
                        f"location / {{ proxy_pass http://{kind}; }} }}\n")
        return [self.scene.spawn_client(self.label("client"), tool("nginx"), "-c",
                                        nginx_conf(self.world, f"{self.name}-client", servers))]

    def outer_tls(self):
        return ""

    def inner_tls(self):
        return "backlog=4096;"


class NginxTls(Nginx):
    name, title, encrypted, scheme = "nginx-tls", "nginx –TLS→ nginx → origin", True, "https"

    def outer_tls(self):
        return ("proxy_ssl_protocols TLSv1.3; proxy_ssl_verify on; proxy_ssl_name localhost; "
                f"proxy_ssl_trusted_certificate {self.scene.crt};")

    def inner_tls(self):
        return (f"ssl backlog=4096; ssl_protocols TLSv1.3; ssl_certificate {self.scene.crt}; "
                f"ssl_certificate_key {self.scene.key};")


class Ssh(Path):
    """ssh -R with the ciphers it chooses itself, and an sshd of our own with keys of their own."""
    name, title, encrypted, reconnects = "ssh", "ssh -R", True, False

    def start_server(self):
        here = self.world.folder("ssh")
        here.chmod(0o700)
        for key in ("host", "user"):
            if not (here / key).exists():
                subprocess.run([tool("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f", str(here / key)], check=True)
        if os.getuid() == 0:
            pathlib.Path("/run/sshd").mkdir(exist_ok=True)  # sshd refuses to start without
        self.link = self.world.port()
        conf = here / "sshd_config"
        conf.write_text(f"""Port {self.link}
ListenAddress {self.scene.server}
HostKey {here}/host
AuthorizedKeysFile {here}/user.pub
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin yes
AllowTcpForwarding yes
""")
        self.servers = [self.world.spawn(self.label("server"), tool("sshd"), "-D", "-e", "-f", conf)]

    def start_client(self, address, port):
        here, forward = self.world.dir / "ssh", []
        for kind in KINDS:
            self.at(kind, self.world.port())
            forward += ["-R", f"{HOST}:{self.targets[kind].port}:{HOST}:{self.scene.ports[kind]}"]
        return [self.scene.spawn_client(self.label("client"), tool("ssh"), "-F", "none", "-N", "-T", "-i", here / "user",
                                        "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
                                        "-o", "ExitOnForwardFailure=yes", "-o", "BatchMode=yes",
                                        "-p", port, *forward, address)]


class Ours(Path):
    """tunnelto-server and tunneltod, the link in the clear."""
    name, title, encrypted = "ours-plain", "tunnelto, plain link", False
    tls = False
    inspect = "false"  # no peer keeps what passes; capture.py shows what that costs

    def server_config(self):
        """The rows of tunnelto-server.yaml, as text; JSON's scalars and lists are YAML's."""
        tls = f", tls: {{certificate: {self.scene.crt}, key: {self.scene.key}}}"
        return f"""public: [{{listen: "{HOST}:{self.public}"{tls if self.visitor_tls else ''}}}]
control: [{{listen: "{self.scene.server}:{self.link}"{tls if self.tls else ''}}}]
allowed_hosts: [bench.localhost]
control_socket: {self.here}/server.sock
state_dir: {self.here}/state
limits: {{streams: 8192, visitors: 30000}}
timeouts: {{drain: 0s, idle: 5m}}
log: {{level: warning, access: false}}
"""

    def start_server(self):
        self.here = self.world.folder(self.name + f"-{self.world.port()}")
        (self.here / "state").mkdir()
        self.link, self.public = self.world.port(), self.world.port()
        conf = self.here / "server.yaml"
        conf.write_text(self.server_config())
        server = self.world.spawn(self.label("server"), self.world.program("tunnelto-server"), "--config", conf)
        self.servers = [server]
        self.key = self.here / "key"
        secret = self.ask_server(server, "key", "add", "bench", "--allow", "*", "--max-tunnels", "5000")
        self.key.write_text(secret)
        self.key.chmod(0o600)

    def ask_server(self, server, *words):
        """tunnelctl server …, from the moment on when its socket is there."""
        deadline = time.monotonic() + READY
        while True:
            done = subprocess.run([self.world.program("tunnelctl"), "--socket", f"{self.here}/server.sock", "server",
                                   *words], capture_output=True, text=True)
            if done.returncode == 0:
                return done.stdout
            if server.poll() is not None or time.monotonic() > deadline:
                raise Skip(f"{server.label}: {done.stderr.strip()} {last_line(server)}")
            time.sleep(0.02)

    def client_config(self, address, port, tunnels):
        """tunneltod.yaml with tunnels name -> (local, subdomain)."""
        rows = "".join(f"  {name}: {{local: {local}, subdomain: {sub}, max_streams: 8192, inspect: {self.inspect}}}\n"
                       for name, (local, sub) in tunnels.items())
        return f"""server:
  url: {'https' if self.tls else 'http'}://{address}:{port}
  key_file: {self.key}
  {f'ca_file: {self.scene.crt}' if self.tls else ''}
control_socket: {self.here}/client.sock
drain: 0s
log: {{level: warning}}
dashboard: {{enabled: false}}
tunnels:
{rows}"""

    def start_client(self, address, port):
        for kind in KINDS:
            self.at(kind, self.public, f"{kind}.bench.localhost")
        conf = self.here / "tunneltod.yaml"
        conf.write_text(self.client_config(address, port, {k: (self.scene.ports[k], k) for k in KINDS}))
        return [self.scene.spawn_client(self.label("client"), self.world.program("tunneltod"), "--config", conf,
                                        env={"STATE_DIRECTORY": str(self.here)})]


class OursTls(Ours):
    name, title, encrypted, tls = "ours-tls", "tunnelto, TLS link", True, True


class OursVisitorTls(OursTls):
    """For the memory of visitors that speak TLS themselves; not a row of its own."""
    name, title = "ours-visitor-tls", "tunnelto, TLS link, visitors' TLS"

    def __init__(self, scene):
        super().__init__(scene)
        self.visitor_tls = ssl.create_default_context(cafile=str(scene.crt))


PATHS = [Direct, Nginx, NginxTls, Ssh, Ours, OursTls]
