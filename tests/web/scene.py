# SPDX-License-Identifier: MIT
"""The world of these tests: visitors' requests through a real tunnel, and the page as a user has it."""
import contextlib
import hashlib
import hmac
import json
import socket
import time

from actors import WAIT, Origin, until
from origin_site import Site, frame, read_frame

SECRET = "It's a Secret to Everybody"


def signed(body, secret=SECRET):
    """As GitHub does it."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def varlink(path, method, parameters=None):
    """One call on a control socket; its parameters."""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(WAIT)
        s.connect(path)
        s.sendall(json.dumps({"method": f"io.tunnelto.Client.{method}", "parameters": parameters or {}}).encode() + b"\0")
        out = b""
        while not out.endswith(b"\0"):
            piece = s.recv(65536)
            assert piece, f"{method}: the daemon closed the connection"
            out += piece
    reply = json.loads(out[:-1])
    assert "error" not in reply, reply
    return reply["parameters"]


class Scene:
    def __init__(self, net, requests=1000, handler=Site):
        self.net, self.chats = net, []
        self.site = net.add(Origin("site", handler))
        self.server = net.server()
        self.key = self.server.key("test", "*", "--tcp", "20000-20999")
        self.config = {"dashboard": {"enabled": True, "listen": "127.0.0.1:0"}, "inspector": {"requests": requests, "body": "64K", "messages": 20}}
        self.tunnels = {
            "web": {"local": self.site.port, "subdomain": "web"},
            "hook": {"local": self.site.port, "subdomain": "hook", "verify": {"provider": "github", "secret": SECRET, "enforce": True}},
            "spare": {"local": self.site.port, "subdomain": "spare"},
        }
        self.daemon = net.daemon(self.server, self.tunnels, key=self.key, config=self.config)
        self.daemon.up("web", "hook")
        self.daemon.ctl("down", "spare")
        self.url = self.ask("Dashboard")["url"]
        self.base, self.token = self.url.split("#token=")

    def ask(self, method, parameters=None):
        return varlink(self.daemon.control, method, parameters)

    def restart(self):
        """Another run of the daemon, where the first one was."""
        self.daemon.stop()
        port = int(self.base.split(":")[2].strip("/"))
        config = dict(self.config, dashboard={"enabled": True, "listen": f"127.0.0.1:{port}"})
        self.daemon = self.net.daemon(self.server, self.tunnels, key=self.key, config=config)
        self.daemon.up("web", "hook")

    def forget(self):
        for chat in self.chats:
            chat.end()
        self.chats.clear()
        until(lambda: self.ask("ClearRequests") and not self.ask("Requests", {"tail": 1})["requests"], "all have ended")
        self.site.seen.clear()

    def visit(self, path, *args, name="web", **more):
        """A visitor asks with curl; what was answered. The request has been captured when this returns."""
        return self.net.curl(f"http://{name}.localhost:{self.server.public}{path}", "--path-as-is", "--globoff", *args, **more)

    def hook(self, body, secret=SECRET):
        """A webhook as GitHub sends it."""
        return self.visit("/hook", "-H", f"X-Hub-Signature-256: {signed(body.encode(), secret)}", "-H", "Content-Type: application/json", "--data-raw", body, name="hook")

    def chat(self, path="/chat"):
        """A visitor with a WebSocket, greeted."""
        self.chats.append(Chat(self.net.visitor(self.server.public), path))
        return self.chats[-1]


class Chat:
    def __init__(self, sock, path):
        self.sock, self.stream = sock, sock.makefile("rb")
        sock.sendall(f"GET {path} HTTP/1.1\r\nHost: web.localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode())
        while self.stream.readline().strip():
            pass
        assert read_frame(self.stream)[1].startswith(b"welcome")

    def say(self, data, kind=1):
        self.sock.sendall(frame(kind, data, b"mask"))
        return read_frame(self.stream)[1]

    def end(self):
        with contextlib.suppress(OSError):  # ended before
            self.sock.shutdown(socket.SHUT_RDWR)


class Dashboard:
    """The page, in the words of its user."""

    def __init__(self, page):
        self.page = page

    def ready(self):
        self.page.wait_for_selector("#main:not([hidden])")
        self.page.wait_for_selector(".card")
        return self

    def reset(self):
        """As it is when it has been opened; opened again where a test left it elsewhere."""
        self.page.evaluate("""() => {
            document.querySelector("dialog[open]")?.close();
            for (const e of document.querySelectorAll(".tools input, .tools select"))
                e.value = "";
            document.getElementById("search").dispatchEvent(new Event("input"));
            document.activeElement.blur();
        }""")
        self.page.keyboard.press("Escape")
        self.wait(lambda: not self.targets(), "no row is left")

    def row(self, text):
        return self.page.locator(".row", has_text=text).first

    def targets(self):
        """Of the rows that are in the document, from the top."""
        return self.page.evaluate("""() => [...document.querySelectorAll(".row")].sort((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top)
            .map((r) => r.querySelector(".target").textContent)""")

    def expect_targets(self, *wanted):
        self.wait(lambda: self.targets() == list(wanted), lambda: f"not the rows {wanted}, but {self.targets()}")

    def count(self, text):
        self.wait(lambda: self.page.inner_text("#count") == text, lambda: f"not {text!r}, but {self.page.inner_text('#count')!r}")

    def open(self, text):
        self.row(text).click()
        self.page.locator(".detail-title", has_text=text).wait_for()

    def tab(self, name):
        """Its text, once it is there."""
        self.page.click(f"[data-tab={name}][role=tab]")
        self.page.wait_for_selector(f"#panel[data-tab={name}]")
        return self.panel()

    def panel(self):
        return self.page.inner_text("#panel")

    def body_ways(self):
        return self.page.locator(".segments button").all_inner_texts()

    def canary(self):
        """Did anything of what was captured run?"""
        return self.page.evaluate("window.canary !== undefined || document.title !== 'tunnelto'")

    def toast(self, text):
        self.page.wait_for_selector(f"#toast.seen:has-text(\"{text}\")")

    def settle(self):
        """Two frames: what was asked for is drawn."""
        self.page.evaluate("() => new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(r)))")

    def wait(self, check, what, within=WAIT):
        """Until @check is true, while the page goes on."""
        deadline = time.monotonic() + within
        while not check():
            assert time.monotonic() < deadline, what() if callable(what) else what
            self.page.wait_for_timeout(30)
