# SPDX-License-Identifier: MIT
"""tunnelctl top in a real terminal, tmux's: what it shows, what keys do, and that the terminal is given back."""
import os
import shutil
import signal
import subprocess
import tempfile

import pytest

from actors import Daemon, until

pytestmark = pytest.mark.skipif(not shutil.which("tmux"), reason="tmux is not installed")

PROMPT = "the-shell$"


class Terminal:
    """A tmux of its own with one window, and a shell in it."""

    def __init__(self, net, width=80, height=24, locale="C.UTF-8", **env):
        self.socket = tempfile.mktemp(dir=net.dir)  # one that has ended may still be there
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("TMUX", "NO_COLOR"))}
        self.env.update(LC_ALL=locale, **env)
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", width, "-y", height, "sh")
        self.pid = int(self.tmux("display-message", "-p", "#{pid}").strip())
        self.run("""PS1='the-''shell$ '; clear""")  # not yet the prompt itself
        self.wait(PROMPT)

    def tmux(self, *args):
        return subprocess.run(["tmux", "-S", self.socket, *map(str, args)], env=self.env, check=True, capture_output=True, text=True,
                              timeout=20).stdout

    def type(self, *keys):
        self.tmux("send-keys", *keys)

    def run(self, *words):
        """A command line, without an end."""
        self.tmux("send-keys", "-l", " ".join(map(str, words)))
        self.type("Enter")

    def screen(self, *more):
        return self.tmux("capture-pane", "-p", *more)

    def wait(self, *texts, gone=()):
        """Until the screen has them all; the screen."""
        seen = ""

        def look():
            nonlocal seen
            seen = self.screen()
            return all(t in seen for t in texts) and not any(t in seen for t in gone)
        try:
            until(look, texts)
        except AssertionError:
            raise AssertionError(f"{texts} (without {gone}) is not on the screen:\n{seen}") from None
        return seen

    def programs(self):
        """The pids of what runs in the shell."""
        shell = self.tmux("display-message", "-p", "#{pane_pid}").strip()
        return [int(pid) for pid in subprocess.run(["pgrep", "-P", shell], capture_output=True, text=True).stdout.split()]

    def is_given_back(self):
        """The shell's screen again, echo, lines, the cursor."""
        until(lambda: not self.programs(), "the program has ended")
        self.wait(PROMPT, gone=("TUNNEL",))
        assert self.tmux("display-message", "-p", "#{cursor_flag} #{alternate_on} #{keypad_flag}").split() == ["1", "0", "0"]
        self.run("echo is-back")
        screen = self.wait("\nis-back")
        modes = subprocess.run(["stty", "-a", "-F", self.tmux("display-message", "-p", "#{pane_tty}").strip()], capture_output=True, text=True)
        words = modes.stdout.replace(";", " ").split()
        assert {"echo", "icanon", "icrnl", "opost"} <= set(words), screen

    def end(self):
        subprocess.run(["tmux", "-S", self.socket, "kill-server"], env=self.env, capture_output=True, timeout=20)


@pytest.fixture
def term(pair):
    def start(*args, **more):
        pair.term = pair.add(Terminal(pair, **more))
        pair.term.run(pair.program("tunnelctl"), "--socket", pair.dmn.control, "top", *args)
        pair.term.wait("?:help")
        return pair.term
    yield start


def get(pair, path, *args):
    pair.curl(pair.url + path, *args)


def test_what_arrives_is_shown_and_inspected_and_replayed(pair, term):
    get(pair, "before")
    t = term()
    t.wait("1 of 1 tunnels up", "web", "/before")
    get(pair, "hook?x=1", "-H", "Content-Type: application/json", "-d", '{"event":"push","text":"gr\u00fcn \\u001b[2J"}')
    screen = t.wait("/hook?x=1")
    assert "POST" in screen and screen.index("/hook") < screen.index("/before")
    # the newest is marked
    t.type("Enter")
    screen = t.wait("POST /hook?x=1 HTTP/1.1", '  "event": "push"', "gr\u00fcn")
    assert "request 2 of web" in screen
    t.type("r")
    t.wait("request 2 again, as 3: 200 in ")
    assert len(pair.web.seen) == 3
    t.type("q")
    screen = t.wait("/before", "?:help", " 3r ")
    assert [line.split()[1] for line in screen.splitlines() if "/hook" in line or "/before" in line] == ["3r", "2", "1"]
    t.type("/", "b", "e", "f", "Enter")
    t.wait("filter bef", gone=("/hook",))
    t.type("c")
    t.wait("/hook", gone=("filter bef",))
    t.type("q")
    t.is_given_back()


def test_hostile_bytes_and_wide_characters(pair, term):
    with pair.visitor(pair.srv.public) as sock:
        sock.sendall(b"GET /evil HTTP/1.1\r\nHost: web.localhost\r\nX-Evil: \x80\xc2\x9b2J\xe2\x80\xae\xe6\x97\xa5\r\n\r\n")
        sock.recv(1000)
    t = term()
    t.wait("/evil")
    t.type("Enter")
    screen = t.wait("X-Evil")
    assert "\u202e" not in screen and "\u009b" not in screen
    t.end()
    # a locale without them
    t = term(locale="C")
    t.wait("/evil")
    t.type("Enter")
    assert t.wait("X-Evil").isascii()


def test_it_fits_small_and_changed_screens(pair, term):
    for i in range(30):
        get(pair, f"number/{i}")
    t = term(width=40, height=10)
    screen = t.wait("/number/29", "web", "?:help")
    assert "ID" not in screen
    t.tmux("resize-window", "-x", 120, "-y", 40)
    t.wait("/number/0", "SIZE", "ADDRESS", pair.url)
    t.tmux("resize-window", "-x", 80, "-y", 24)
    t.wait("/number/29", gone=("/number/0", "SIZE"))
    t.type("G")
    t.wait("/number/0", gone=("/number/29",))
    for size in ((10, 3), (1, 1), (300, 5)):
        t.tmux("resize-window", "-x", size[0], "-y", size[1])
    t.tmux("resize-window", "-x", 80, "-y", 24)
    t.wait("/number/0", "?:help")
    t.type("q")
    t.is_given_back()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGSEGV, "C-c"], ids=str)
def test_every_end_gives_the_terminal_back(pair, term, number):
    t = term()
    if number == "C-c":
        t.type(number)
    else:
        os.kill(t.programs()[0], number)
    t.is_given_back()


def test_a_daemon_that_goes_is_lost_and_found_again(pair, term):
    get(pair, "old")
    t = term()
    t.wait("/old")
    pair.dmn.kill()
    t.wait("LOST", "/old")
    second = pair.add(Daemon(pair, pair.srv, {"web": {"local": pair.web.port, "subdomain": "web"}}, key=pair.key))
    second.up("web")
    t.wait("1 of 1 tunnels up", gone=("LOST", "/old"))
    get(pair, "new")
    t.wait("/new")
    second.kill()
    t.wait("LOST")
    t.type("q")
    t.is_given_back()


def test_without_colour_and_without_a_terminal(pair, term):
    get(pair, "x")
    t = term()
    t.wait("/x")
    assert "\x1b[32m" in t.screen("-e")
    t.end()
    t = term("--no-color")
    t.wait("/x")
    assert not any(f"\x1b[3{n}" in t.screen("-e") for n in range(1, 8))
    t.end()
    t = term(NO_COLOR="1")
    t.wait("/x")
    assert not any(f"\x1b[3{n}" in t.screen("-e") for n in range(1, 8))
    done = pair.dmn.ctl("top", check=False)
    assert done.returncode == 1 and "needs a terminal" in done.stderr and done.stdout == ""
    assert pair.dmn.ctl("top", "--json", check=False).returncode == 2
    t.end()
    other = pair.add(Terminal(pair))
    other.run("TERM=nothing-known", pair.program("tunnelctl"), "--socket", pair.dmn.control, "top")
    other.wait("cannot be drawn on")
