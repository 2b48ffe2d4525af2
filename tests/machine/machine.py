# SPDX-License-Identifier: MIT
"""A booted Debian: systemd-nspawn around a root, with a network of its own that reaches nobody.

What a check does to it goes through systemctl, journalctl and tunnelctl inside. Origins and visitors are programs of this
machine that run in the booted one's network namespace, so that nothing needs to be installed there for them.
"""
import contextlib
import os
import pathlib
import shlex
import signal
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).parent
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Timeout(AssertionError):
    """What was waited for did not come."""


def until(check, what, within=20.0):
    deadline = time.monotonic() + within
    while True:
        value = check()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Timeout(f"not within {within} s: {what}")
        time.sleep(0.1)


class Machine:
    def __init__(self, suite, root):
        self.suite, self.root, self.here = suite, root, HERE
        self.console = open(root.parent / f"{root.name}.console", "wb")
        env = dict(os.environ, SYSTEMD_NSPAWN_UNIFIED_HIERARCHY="1", SYSTEMD_NSPAWN_LOCK="0")
        if suite == "bookworm":
            del env["SYSTEMD_NSPAWN_UNIFIED_HIERARCHY"]
        self.nspawn = subprocess.Popen(
            ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--private-network", "--resolv-conf=off",
             "--link-journal=no", f"--machine=tt-{suite}", "-D", str(root), "--boot", "--console=pipe"],
            stdin=subprocess.DEVNULL, stdout=self.console, stderr=self.console, env=env)
        self.pid = None
        self.programs = []

    def find_init(self):
        if self.nspawn.poll() is not None:
            raise AssertionError(f"systemd-nspawn ended with {self.nspawn.returncode}\n{self.console_text()}")
        for task in pathlib.Path(f"/proc/{self.nspawn.pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                with contextlib.suppress(OSError):
                    if pathlib.Path(f"/proc/{child}/comm").read_text().strip() == "systemd":
                        return int(child)
        return None

    def boot(self):
        """Until everything that starts at boot has started; how systemd calls the outcome."""
        self.pid = until(self.find_init, "systemd as the machine's first process", 30)
        until(lambda: self.run("systemctl", "is-system-running", check=False).stdout.strip() not in ("", "offline", "unknown"),
              "systemd answering", 60)
        state = self.run("systemctl", "is-system-running", "--wait", check=False, timeout=90).stdout.strip()
        return state

    def console_text(self):
        self.console.flush()
        return (self.root.parent / f"{self.root.name}.console").read_text(errors="replace")[-3000:]

    def run(self, *argv, check=True, timeout=60, user=None, stdin=None):
        """A command inside, as root or @user; the completed process, with stdout and stderr apart."""
        inside = ["nsenter", "-t", str(self.pid), "-a", "env", "-i", f"PATH={PATH}", "LANG=C.UTF-8", "HOME=/root",
                  "DEBIAN_FRONTEND=noninteractive", "SYSTEMD_PAGER=", "SYSTEMD_COLORS=0"]
        if user:
            uid = self.uid(user)
            inside += ["runuser", "-u", user, "--", "env", f"HOME=/home/{user}", f"XDG_RUNTIME_DIR=/run/user/{uid}"]
        done = subprocess.run(inside + [str(a) for a in argv], input=stdin, stdin=None if stdin is not None else subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace", timeout=timeout, check=False)
        if check and done.returncode:
            raise AssertionError(f"{shlex.join(map(str, argv))}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def out(self, *argv, **more):
        return self.run(*argv, **more).stdout.strip()

    def script(self, text, **more):
        """A shell script inside, stopped by its first failure."""
        return self.run("bash", "-euc", text, **more).stdout

    def uid(self, user):
        for line in (self.root / "etc/passwd").read_text().splitlines():
            if line.startswith(user + ":"):
                return int(line.split(":")[2])
        raise AssertionError(f"no user {user} in the machine")

    # --- files -----------------------------------------------------------------------------------

    def path(self, name):
        return self.root / name.lstrip("/")

    def write(self, name, text, mode=0o644, group=None):
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
        if group:
            self.run("chgrp", group, name)

    def remove(self, name):
        self.path(name).unlink(missing_ok=True)

    # --- units -----------------------------------------------------------------------------------

    def show(self, unit, prop, *more, **how):
        return self.out("systemctl", *more, "show", "--value", "-p", prop, unit, **how)

    def state(self, unit):
        return self.run("systemctl", "is-active", unit, check=False).stdout.strip()

    def enabled(self, unit):
        return self.run("systemctl", "is-enabled", unit, check=False).stdout.strip()

    def journal(self, *argv):
        return self.run("journalctl", "--no-pager", *argv, check=False).stdout

    # --- programs in its network -----------------------------------------------------------------

    def beside(self, *argv, **more):
        """A program of this machine, in the booted one's network namespace; ended with it."""
        program = subprocess.Popen(["nsenter", "-t", str(self.pid), "-n", *map(str, argv)], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, text=True, **more)
        self.programs.append(program)
        return program

    def beside_python(self, name, *argv):
        return self.beside(sys.executable, HERE / name, *argv)

    def close(self):
        for program in self.programs:
            if program.poll() is None:
                program.kill()
            program.wait()
            if program.stdout:
                program.stdout.close()
        if self.nspawn.poll() is None and self.pid:
            with contextlib.suppress(Exception):
                self.run("systemctl", "--no-block", "poweroff", timeout=10, check=False)
                self.nspawn.wait(20)
        if self.nspawn.poll() is None:
            if self.pid:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.pid, signal.SIGKILL)
            self.nspawn.terminate()
            try:
                self.nspawn.wait(10)
            except subprocess.TimeoutExpired:
                self.nspawn.kill()
                self.nspawn.wait()
        self.console.close()
