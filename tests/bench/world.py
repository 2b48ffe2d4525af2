# SPDX-License-Identifier: MIT
"""Everything the bench starts, and its end: a private directory, free ports, processes that end with the bench.

Processes die with their parent (PR_SET_PDEATHSIG), what they leave behind is adopted (PR_SET_CHILD_SUBREAPER) and
ended, too. Nothing here knows what is measured.
"""
import contextlib
import ctypes
import os
import pathlib
import random
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import measure

LIBC = ctypes.CDLL(None, use_errno=True)
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
HOST, WAN_SERVER, WAN_CLIENT = "127.0.0.1", "10.77.0.1", "10.77.0.2"
PACKAGES = {"nginx": "nginx", "wrk": "wrk", "curl": "curl", "ssh": "openssh-client", "sshd": "openssh-server",
            "openssl": "openssl", "ip": "iproute2", "ssh-keygen": "openssh-client"}


class Skip(Exception):
    """What was asked for can't be measured here; the words say why."""


def tool(name):
    """The path of a program, or a Skip that names its Debian package."""
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin:/usr/local/sbin")
    if not path:
        raise Skip(f"{name} is not installed (Debian: {PACKAGES.get(name, name)})")
    return path


def die_with_parent():
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def at_birth(nice):
    die_with_parent()
    os.nice(nice)


class World:
    def __init__(self, build):
        LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.files = hard
        self.build = pathlib.Path(build).resolve()
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="tunnelto-bench-"))
        self.dir.chmod(0o755)  # nginx's workers may be another user
        self.processes, self.taken = [], set()

    def program(self, name):
        path = self.build / name
        if not path.exists():
            raise Skip(f"{path} is not built")
        return str(path)

    def folder(self, name):
        path = self.dir / name
        path.mkdir(exist_ok=True)
        return path

    def port(self):
        """A TCP port that was free just now, each only once; below those that the kernel gives to connections."""
        while True:
            port = random.randrange(15000, 32000)
            with contextlib.suppress(OSError), socket.socket() as s:
                s.bind((HOST, port))
                if port not in self.taken:
                    self.taken.add(port)
                    return port

    def spawn(self, name, *argv, env=None, stdout=None, nice=0):
        """Start a process that ends with the bench; its output goes to NAME.log in the private directory."""
        with open(self.dir / f"{name}.log", "ab") as log:
            process = subprocess.Popen([str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=stdout or log, stderr=log,
                                       cwd=self.dir, env=dict(os.environ, **(env or {})), preexec_fn=lambda: at_birth(nice))
        process.label, process.log = name, lambda: self.log(name)
        self.processes.append(process)
        return process

    def log(self, name):
        with contextlib.suppress(OSError):
            return (self.dir / f"{name}.log").read_text(errors="replace")[-600:].strip()
        return ""

    def stop(self, *processes, within=5.0):
        """SIGTERM, then SIGKILL; with everything below them."""
        below = measure.tree([p.pid for p in processes if p.poll() is None])
        for p in processes:
            if p.poll() is None:
                p.terminate()
        deadline = time.monotonic() + within
        for p in processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                p.wait(max(0.05, deadline - time.monotonic()))
        ours = set(measure.tree([os.getpid()]))
        for pid in below:
            if pid in ours:
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
        for p in processes:
            p.wait()
        self.processes = [p for p in self.processes if p not in processes]

    def end(self):
        """All of it, also what was left by those that have ended."""
        self.stop(*self.processes)
        for _ in range(50):
            left = [pid for pid in measure.tree([os.getpid()]) if pid != os.getpid()]
            if not left:
                break
            for pid in left:
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            time.sleep(0.02)
        shutil.rmtree(self.dir, ignore_errors=True)


def certificate(directory):
    """One self-signed certificate that is its own authority, for the names and addresses the bench uses."""
    directory.mkdir(exist_ok=True)
    crt, key = directory / "bench.crt", directory / "bench.key"
    if not crt.exists():
        names = f"subjectAltName=IP:{HOST},IP:{WAN_SERVER},DNS:localhost,DNS:*.bench.localhost"
        subprocess.run([tool("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                        "-nodes", "-days", "30", "-subj", "/CN=tunnelto bench", "-addext", names, "-keyout", str(key),
                        "-out", str(crt)], check=True, capture_output=True)
    return crt, key
