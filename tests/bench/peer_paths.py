# SPDX-License-Identifier: MIT
"""The other tunnels as paths: those that tests/bench/peers has installed, or that are on PATH.

Each runs with the settings its manual starts with: where a peer encrypts its link by default, so it does here, and
`encrypted` says so. Tokens are made up for one run.
"""
import os
import pathlib
import secrets
import shutil
import subprocess

from paths import KINDS, Ours, Path
from world import HOST, Skip

INSTALLED = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")) / "tunnelto-bench/bin"
TOKEN = secrets.token_hex(16)


def peer(name, directory=INSTALLED, on_path=True):
    """The program of a peer: where tests/bench/peers put it, or on PATH."""
    found = shutil.which(name, path=str(directory)) or (shutil.which(name) if on_path else None)
    if not found:
        raise Skip(f"{name} is not installed (tests/bench/peers installs it)")
    return found


class Peer(Path):
    """A path made of a server and a client that read one file of configuration each."""
    suffix = "toml"

    def write(self, end, text):
        path = self.world.folder(self.name) / f"{end}.{self.suffix}"
        path.write_text(text)
        return path

    def forward_ports(self):
        for kind in KINDS:
            self.at(kind, self.world.port())

    def serve(self, *argv):
        self.servers = [self.world.spawn(self.label("server"), *argv)]

    def dial(self, *argv, **more):
        return self.scene.spawn_client(self.label("client"), *argv, **more)


class FrpHttp(Peer):
    name, title, encrypted, kind = "frp-http", "frp, HTTP by name", True, "http"

    def start_server(self):
        self.link, self.public = self.world.port(), self.world.port()
        self.serve(peer("frps"), "-c", self.write("server", f"""bindAddr = "{self.scene.server}"
bindPort = {self.link}
proxyBindAddr = "{HOST}"
auth.token = "{TOKEN}"
log.to = "{self.world.dir}/frps.log"
log.level = "error"
{self.listening()}"""))
        self.addresses()

    def listening(self):
        return f"vhostHTTPPort = {self.public}\n"

    def addresses(self):
        for kind in KINDS:
            self.at(kind, self.public, f"{kind}.bench.localhost")

    def proxy(self, kind):
        return f'customDomains = ["{kind}.bench.localhost"]'

    def start_client(self, address, port):
        rows = "".join(f"""[[proxies]]
name = "{kind}"
type = "{self.kind}"
localIP = "{HOST}"
localPort = {self.scene.ports[kind]}
{self.proxy(kind)}
""" for kind in KINDS)
        return [self.dial(peer("frpc"), "-c", self.write("client", f"""serverAddr = "{address}"
serverPort = {port}
loginFailExit = false
auth.token = "{TOKEN}"
log.to = "{self.world.dir}/frpc.log"
log.level = "error"
{rows}"""))]


class FrpTcp(FrpHttp):
    name, title, kind = "frp-tcp", "frp, TCP", "tcp"

    def listening(self):
        return ""

    def addresses(self):
        self.forward_ports()

    def proxy(self, kind):
        return f"remotePort = {self.targets[kind].port}"


class Rathole(Peer):
    name, title, encrypted = "rathole", "rathole, TCP", False

    def transport(self, end):
        return ""

    def start_server(self):
        self.link = self.world.port()
        self.forward_ports()
        rows = "".join(f'[server.services.{k}]\nbind_addr = "{HOST}:{self.targets[k].port}"\n' for k in KINDS)
        self.serve(peer("rathole"), "--server", self.write("server", f"""[server]
bind_addr = "{self.scene.server}:{self.link}"
default_token = "{TOKEN}"
{self.transport('server')}{rows}"""))

    def start_client(self, address, port):
        rows = "".join(f'[client.services.{k}]\nlocal_addr = "{HOST}:{self.scene.ports[k]}"\n' for k in KINDS)
        return [self.dial(peer("rathole"), "--client", self.write("client", f"""[client]
remote_addr = "{address}:{port}"
default_token = "{TOKEN}"
{self.transport('client')}{rows}"""))]


class RatholeNoise(Rathole):
    name, title, encrypted = "rathole-noise", "rathole, Noise", True

    def start_server(self):
        said = subprocess.run([peer("rathole"), "--genkey"], capture_output=True, text=True, check=True).stdout.split()
        self.private, self.shown = said[said.index("Key:") + 1], said[-1]
        super().start_server()

    def transport(self, end):
        key = f'local_private_key = "{self.private}"' if end == "server" else f'remote_public_key = "{self.shown}"'
        return f'[{end}.transport]\ntype = "noise"\n[{end}.transport.noise]\n{key}\n'


class Bore(Peer):
    """Its control port can't be chosen: 7835, on the server's address."""
    name, title, encrypted, reconnects = "bore", "bore", False, False
    PORT = 7835

    def start_server(self):
        self.link = self.PORT
        self.forward_ports()
        self.serve(peer("bore"), "server", "--bind-addr", self.scene.server, "--bind-tunnels", HOST, "--secret", TOKEN)

    def start_client(self, address, port):
        return [self.dial(peer("bore"), "local", self.scene.ports[kind], "--local-host", HOST, "--to", address, "--port",
                          self.targets[kind].port, "--secret", TOKEN) for kind in KINDS]


class Chisel(Peer):
    """SSH inside a WebSocket."""
    name, title, encrypted = "chisel", "chisel", True

    def start_server(self):
        self.link = self.world.port()
        self.forward_ports()
        self.serve(peer("chisel"), "server", "--host", self.scene.server, "--port", self.link, "--reverse",
                   "--auth", f"bench:{TOKEN}")

    def start_client(self, address, port):
        remotes = [f"R:{HOST}:{self.targets[k].port}:{HOST}:{self.scene.ports[k]}" for k in KINDS]
        return [self.dial(peer("chisel"), "client", "--auth", f"bench:{TOKEN}", f"http://{address}:{port}", *remotes)]


class TunneltoV1(Ours):
    """The Rust tunnelto's client against our server. One process per tunnel; its link is a plain WebSocket here."""
    name, title, encrypted = "tunnelto-v1", "Rust tunnelto, our server", False

    def start_client(self, address, port):
        program = peer("tunnelto", on_path=False)
        for kind in KINDS:
            self.at(kind, self.public, f"{kind}.bench.localhost")
        home = self.here / "home/.tunnelto"
        home.mkdir(parents=True, exist_ok=True)
        (home / "key.token").write_text(self.key.read_text().strip())
        env = {"HOME": str(home.parent), "CTRL_HOST": address, "CTRL_PORT": str(port), "CTRL_TLS_OFF": "1"}
        return [self.scene.spawn_client(self.label("client"), program, "--host", HOST, "--port", self.scene.ports[kind],
                                        "--subdomain", kind, env=env) for kind in KINDS]


PEERS = [FrpHttp, FrpTcp, Rathole, RatholeNoise, Bore, Chisel, TunneltoV1]
