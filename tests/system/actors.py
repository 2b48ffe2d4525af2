# SPDX-License-Identifier: MIT
"""The actors of a system test: server, daemon, origin, visitor; real processes on loopback, ports chosen by the kernel.

Nothing here sleeps to wait for readiness: a daemon is ready when it says READY=1 on the NOTIFY_SOCKET that its actor
owns, and every other wait is for an event (a STATUS= line, a line of output, the end of a process) with a deadline.
"""
import contextlib
import http.server
import json
import os
import pathlib
import select
import shutil
import signal
import socket
import socketserver
import subprocess
import tempfile
import threading
import time

MIB = 1024 * 1024
WAIT = 20.0  # seconds: the deadline of every wait that does not say otherwise


class Timeout(AssertionError):
    """What was waited for did not come."""


def until(check, what, within=WAIT):
    """Poll @check (cheap, no side effects) until it is true; its value. For states that announce no event."""
    deadline = time.monotonic() + within
    while True:
        value = check()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Timeout(f"not within {within} s: {what}")
        select.select([], [], [], 0.02)


class Notify:
    """A NOTIFY_SOCKET: collects what a daemon tells its service manager; always read, as a manager would."""

    def __init__(self, directory, name):
        self.path = str(directory / f"{name}.notify")
        pathlib.Path(self.path).unlink(missing_ok=True)  # of an earlier process of this name
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.bind(self.path)
        self.seen, self.news = [], threading.Condition()
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        while True:
            try:
                lines = self.sock.recv(65536).decode().splitlines()
            except OSError:
                return
            with self.news:
                if lines == [""]:
                    return
                self.seen += lines
                self.news.notify_all()

    def wait(self, wanted, process=None, within=WAIT):
        """Until a message has a line that starts with @wanted; the line."""
        deadline = time.monotonic() + within
        with self.news:
            while True:
                for line in self.seen:
                    if line.startswith(wanted):
                        return line
                if process is not None and process.poll() is not None:
                    raise Timeout(f"the process ended with {process.returncode} before {wanted!r}")
                if time.monotonic() > deadline:
                    raise Timeout(f"no {wanted!r} within {within} s; seen {self.seen[-5:]}")
                self.news.wait(0.25)

    def drain(self):
        """Everything said so far."""
        with self.news:
            return list(self.seen)

    def forget(self):
        with self.news:
            self.seen = []

    def close(self):
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.sendto(b"\n", self.path)  # an empty line ends the reader
        self.thread.join(1)
        self.sock.close()


class Program:
    """One process of ours: stdout and stderr kept in files, ended with the test."""

    def __init__(self, net, name, argv, env=None, pass_fds=(), limits=None):
        self.net, self.name = net, name
        self.err_path, self.out_path = net.dir / f"{name}.err", net.dir / f"{name}.out"
        self.notify = Notify(net.dir, name)
        environ = dict(os.environ, NOTIFY_SOCKET=self.notify.path, **(env or {}))
        environ.pop("WATCHDOG_USEC", None) if not env or "WATCHDOG_USEC" not in env else None

        def before():
            signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the tests themselves may have been started to survive it
            if limits:
                limits()

        with open(self.err_path, "ab") as err, open(self.out_path, "ab") as out:
            self.process = subprocess.Popen([str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                            env=environ, cwd=net.dir, pass_fds=pass_fds, preexec_fn=before)

    @property
    def pid(self):
        return self.process.pid

    def err(self):
        return self.err_path.read_text(errors="replace")

    def out(self):
        return self.out_path.read_text(errors="replace")

    def wait_err(self, text, within=WAIT):
        """Until stderr holds @text."""
        until(lambda: text in self.err(), f"{self.name}: {text!r} on stderr; there is:\n{self.err()[-1500:]}", within)

    def wait_end(self, within=WAIT):
        try:
            return self.process.wait(within)
        except subprocess.TimeoutExpired:
            raise Timeout(f"{self.name} did not end within {within} s") from None

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self, within=WAIT):
        """SIGTERM, and its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
        return self.wait_end(within)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def rss(self):
        for line in pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        return 0

    def fds(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def ports(self):
        """The TCP ports that it listens on itself."""
        links = [os.readlink(fd) for fd in pathlib.Path(f"/proc/{self.pid}/fd").iterdir() if fd.is_symlink()]
        rows = [row.split() for kind in ("tcp", "tcp6") for row in
                pathlib.Path(f"/proc/{self.pid}/net/{kind}").read_text().splitlines()[1:]]
        return {int(row[1].rpartition(":")[2], 16) for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in links}

    def end(self):
        """For teardown: end it in any case, and complain about a sanitizer's report."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.notify.close()
        text = self.err()
        for word in ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "runtime error:", "Assertion `"):
            if word in text:
                at = text.index(word)
                raise AssertionError(f"{self.name}: {text[max(0, at - 200):at + 3000]}")


def passed(*pairs):
    """preexec for socket activation: descriptors from 3 on, names, and our own pid."""
    def prepare():
        for n, (sock, _) in enumerate(pairs):
            os.dup2(sock.fileno(), 100 + n)
        for n in range(len(pairs)):
            os.dup2(100 + n, 3 + n)
            os.close(100 + n)
            os.set_inheritable(3 + n, True)
        os.environ["LISTEN_PID"] = str(os.getpid())
    return prepare


def activated(argv, names):
    """A shell sets LISTEN_PID to its own pid, then becomes the program."""
    return ["sh", "-c", f'LISTEN_PID=$$ LISTEN_FDS={len(names)} LISTEN_FDNAMES={":".join(names)} exec "$@"', "sh", *map(str, argv)]


def dump_yaml(value, indent=0):
    """Enough YAML for configuration files: mappings, lists, scalars (JSON scalars are YAML scalars)."""
    pad = "  " * indent
    if isinstance(value, dict):
        return "".join(f"{pad}{k}:" + (f"\n{dump_yaml(v, indent + 1)}" if isinstance(v, (dict, list)) and v
                                       else f" {json.dumps(v)}\n") for k, v in value.items())
    return "".join(f"{pad}- " + (dump_yaml(v, indent + 1).lstrip() if isinstance(v, dict) else f"{json.dumps(v)}\n")
                   for v in value)


def merge(base, more):
    """@more laid over @base, mappings by key; None removes."""
    out = dict(base)
    for k, v in more.items():
        if v is None:
            out.pop(k, None)
        else:
            out[k] = merge(out[k], v) if isinstance(v, dict) and isinstance(out.get(k), dict) else v
    return out


class Server(Program):
    """tunnelto-server. Its ports are known once it is ready (asked over its control socket)."""

    def __init__(self, net, name="server", config=None, wait=True, **more):
        self.dir = net.dir / name
        self.dir.mkdir(exist_ok=True)
        self.config_path = self.dir / "server.yaml"
        self.control = str(self.dir / "control")
        self.config = merge({
            "public": [{"listen": "127.0.0.1:0"}],
            "control": [{"listen": "127.0.0.1:0"}],
            "allowed_hosts": ["localhost"],
            "control_socket": self.control,
            "state_dir": str(self.dir / "state"),
            "timeouts": {"drain": "500ms"},
        }, config or {})
        (self.dir / "state").mkdir(exist_ok=True)
        self.write_config(self.config)
        super().__init__(net, name, self.command([net.program("tunnelto-server"), "--config", self.config_path]), **more)
        self.public = self.port = None
        if wait:
            self.ready()

    def command(self, argv):
        """How it is started: a subclass may do it otherwise."""
        return argv

    def write_config(self, config):
        self.config_path.write_text(config if isinstance(config, str) else dump_yaml(config))

    def ready(self):
        self.notify.wait("READY=1", self.process)
        where = [entry.split(" ", 1) for entry in self.status()["listeners"]]
        self.listeners = where
        ports = lambda role: [int(addr.rsplit(":", 1)[1]) for r, addr in where if r == role and ":" in addr]
        self.public, self.port = (ports("public") or [None])[0], (ports("control") or [None])[0]
        return self

    def ctl(self, *args, **more):
        return self.net.ctl("--socket", self.control, "server", *args, **more)

    def status(self):
        return json.loads(self.ctl("status", "--json").stdout)

    def key(self, name="test", allow="*", *more):
        """Make a key; its secret, in a file of mode 0600."""
        secret = self.ctl("key", "add", name, "--allow", allow, *more).stdout.strip()
        path = self.net.dir / f"{self.name}-{name}.key"
        path.write_text(secret + "\n")
        path.chmod(0o600)
        return path

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"


class Daemon(Program):
    """tunneltod with a configuration of its own."""

    def __init__(self, net, server=None, tunnels=None, key=None, name="daemon", config=None, wait=True, env=None, **more):
        self.dir = net.dir / name
        self.dir.mkdir(exist_ok=True)
        self.config_path = self.dir / "tunneltod.yaml"
        self.control = str(self.dir / "control")
        base = {"control_socket": self.control, "drain": "500ms", "reconnect": {"min": "100ms", "max": "1s"},
                "dashboard": {"enabled": False}}  # a test that wants it says where
        if server is not None:
            base["server"] = {"url": server.url if isinstance(server, Server) else server}
        if key is not None:
            base["server"]["key_file"] = str(key)
        if tunnels:
            base["tunnels"] = tunnels
        self.config = merge(base, config or {})
        self.write_config(self.config)
        env = dict({"STATE_DIRECTORY": str(self.dir)}, **(env or {}))
        super().__init__(net, name, [net.program("tunneltod"), "--config", self.config_path], env=env, **more)
        if wait:
            self.notify.wait("READY=1", self.process)

    def write_config(self, config):
        self.config_path.write_text(config if isinstance(config, str) else dump_yaml(config))

    def ctl(self, *args, **more):
        return self.net.ctl("--socket", self.control, *args, **more)

    def up(self, *names):
        """Until the tunnels are up; the first one's URL."""
        self.ctl("up", *(names or ["--all"]), "--wait", "--timeout", "20s")
        return self.url(names[0]) if names else None

    def url(self, name):
        return self.ctl("url", name).stdout.strip()

    def status(self):
        return json.loads(self.ctl("status", "--json").stdout)

    def tunnel(self, name):
        return next(t for t in self.status()["tunnels"] if t["name"] == name)


class Handler(http.server.BaseHTTPRequestHandler):
    """The sample origin: says what it was asked, echoes bodies, streams on request."""
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, body, status=200, kind="text/plain; charset=utf-8", **fields):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for k, v in fields.items():
            self.send_header(k.replace("_", "-"), v)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def read_body(self):
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            body = b""
            while size := int(self.rfile.readline().split(b";")[0], 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass
            return body
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def do_GET(self):
        self.server.seen.append((self.command, self.path, dict(self.headers)))
        if self.path.startswith("/bytes/"):
            return self.bytes(int(self.path.split("/")[2]))
        if self.path == "/events":
            return self.events()
        if self.path == "/headers":
            return self.answer(json.dumps(dict(self.headers)).encode(), kind="application/json")
        text = f"{self.server.label}: {self.command} {self.path}\n"
        return self.answer(text.encode())

    do_HEAD = do_DELETE = do_OPTIONS = do_GET

    def do_POST(self):
        self.server.seen.append((self.command, self.path, dict(self.headers)))
        self.answer(self.read_body(), kind=self.headers.get("Content-Type", "application/octet-stream"))

    do_PUT = do_PATCH = do_POST

    def bytes(self, n):
        """@n bytes of a fixed pattern, chunked."""
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        block = bytes(range(256)) * 256
        while n > 0:
            piece = block[:n]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            n -= len(piece)
        self.wfile.write(b"0\r\n\r\n")

    def events(self):
        """Server-sent events: one at once, the next when the test says so, then the end."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(b"data: first\n\n")
        self.wfile.flush()
        self.server.go_on.wait(WAIT)
        self.wfile.write(b"data: second\n\n")
        self.close_connection = True


class Origin(socketserver.ThreadingMixIn, http.server.HTTPServer):
    """A real HTTP server in a thread of the test."""
    daemon_threads = True
    request_queue_size = 512

    def __init__(self, label="origin", handler=Handler, address=("127.0.0.1", 0)):
        super().__init__(address, handler)
        self.label, self.seen, self.go_on = label, [], threading.Event()
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()

    def handle_error(self, request, client_address):
        pass  # visitors that vanish are part of the tests

    @property
    def port(self):
        return self.server_address[1]

    def end(self):
        self.go_on.set()
        self.shutdown()
        self.server_close()


class Accepting:
    """Gives each connection of a listening socket to @serve, in a thread of its own.

    The accepting thread is over before the socket is closed: it would go on with whatever gets the descriptor's number next, the
    listener of another test.
    """

    def __init__(self, sock, serve):
        self.sock, self.serve = sock, serve
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                conn, _ = self.sock.accept()
                threading.Thread(target=self.serve, args=(conn,), daemon=True).start()

    def end(self):
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
        self.thread.join(WAIT)
        self.sock.close()


class RawOrigin:
    """A TCP listener whose connections the test drives itself, byte by byte."""

    def __init__(self, rcvbuf=None, family=socket.AF_INET, address=("127.0.0.1", 0)):
        self.sock = socket.socket(family)
        if rcvbuf:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
        self.sock.bind(address)
        self.sock.listen(64)
        self.sock.settimeout(WAIT)
        self.opened = []

    @property
    def port(self):
        return self.sock.getsockname()[1]

    def accept(self, within=WAIT):
        self.sock.settimeout(within)
        conn, _ = self.sock.accept()
        conn.settimeout(WAIT)
        self.opened.append(conn)
        return conn

    def none_waits(self):
        """Is there no connection that was not accepted yet?"""
        return not select.select([self.sock], [], [], 0)[0]

    def end(self):
        for c in self.opened:
            c.close()
        self.sock.close()


class Net:
    """One test's world: a private directory, and everything that is to end with it."""

    def __init__(self, build):
        self.build = pathlib.Path(build).resolve()
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="tunnelto-"))
        self.actors = []

    def program(self, name):
        path = self.build / name
        assert path.exists(), f"{path} is not built"
        return path

    @property
    def sanitized(self):
        """Is this a build whose allocator keeps what was freed, so that RSS says little?"""
        return b"__asan_init" in (self.build / "tunnelto-server").read_bytes()

    def add(self, actor):
        self.actors.append(actor)
        return actor

    def server(self, **more):
        return self.add(Server(self, **more))

    def daemon(self, server=None, tunnels=None, **more):
        return self.add(Daemon(self, server, tunnels, **more))

    def origin(self, *args, **more):
        return self.add(Origin(*args, **more))

    def raw_origin(self, **more):
        return self.add(RawOrigin(**more))

    def run(self, name, *argv, env=None, **more):
        """A program of ours that goes on running (tunnelto, tunnelctl http …)."""
        return self.add(Program(self, name, argv, env=env, **more))

    def ctl(self, *args, check=True, timeout=30, env=None):
        """tunnelctl, to its end."""
        done = subprocess.run([str(self.program("tunnelctl")), *map(str, args)], capture_output=True, text=True,
                              timeout=timeout, env=dict(os.environ, **(env or {})))
        if check and done.returncode != 0:
            raise AssertionError(f"tunnelctl {' '.join(map(str, args))}: {done.returncode}: {done.stderr.strip()}")
        return done

    def curl(self, url, *args, check=True, timeout=30, text=True):
        """A real curl; names below localhost go to loopback without DNS."""
        host = url.split("/")[2]
        name, _, port = host.partition(":")
        done = subprocess.run(["curl", "-sS", "--max-time", str(timeout), "--resolve",
                               f"{name}:{port or 80}:127.0.0.1", *map(str, args), url], capture_output=True, text=text,
                              timeout=timeout + 5)
        if check and done.returncode != 0:
            raise AssertionError(f"curl {url}: {done.returncode}: {done.stderr}")
        return done

    def visitor(self, port, rcvbuf=None, timeout=WAIT):
        """A plain TCP connection to a public port."""
        sock = socket.socket()
        if rcvbuf:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
        sock.settimeout(timeout)
        sock.connect(("127.0.0.1", port))
        self.actors.append(_Closer(sock))
        return sock

    def ask(self, port, request, timeout=WAIT):
        """Send bytes, read until the server closes; what came."""
        with socket.create_connection(("127.0.0.1", port), timeout=timeout) as sock:
            sock.sendall(request)
            out = b""
            with contextlib.suppress(ConnectionResetError):
                while piece := sock.recv(65536):
                    out += piece
            return out

    def end(self, keep=False):
        first = None
        for actor in reversed(self.actors):
            try:
                actor.end()
            except AssertionError as e:  # a sanitizer's report: end the others, then tell
                first = first or e
        if not keep:
            shutil.rmtree(self.dir, ignore_errors=True)
        if first:
            raise first


class _Closer:
    def __init__(self, sock):
        self.sock = sock

    def end(self):
        self.sock.close()
