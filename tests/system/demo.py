#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""./bootstrap run: a server, a daemon and an origin on this machine, a tunnel, and its requests as they come."""
import argparse
import pathlib
import signal
import subprocess
import sys
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from actors import Net  # noqa: E402


def say(text):
    print(text, file=sys.stderr, flush=True)


def start(net, port):
    say("==> starting the server")
    server = net.server(name="server")
    key = server.key("demo", "demo")
    if port is None:
        say("==> starting the sample origin")
        port = net.origin("the sample origin").port
    say(f"==> starting the daemon: demo -> 127.0.0.1:{port}")
    daemon = net.daemon(server, {"demo": {"local": port, "subdomain": "demo"}}, key=key)
    return daemon, daemon.up("demo"), port


def check(net, url, port):
    """One real request through the tunnel; its body is what the origin itself says."""
    direct = urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=20).read()
    through = net.curl(url, "-f", check=False, text=False)
    if through.returncode != 0 or through.stdout != direct:
        say(f"FAILED: curl said {through.returncode} {through.stderr!r}; the bodies {'differ' if through.stdout != direct else 'agree'}")
        return 1
    say(f"ok: {len(direct)} bytes through {url}, the same as from the origin")
    return 0


def show(daemon, url, net):
    print(url, flush=True)
    say("Requests are shown below; Ctrl-C ends everything.")
    argv = [str(net.program("tunnelctl")), "--socket", net.actors[0].control, "server", "logs", "-f", "-n", "0"]
    follow = subprocess.Popen(argv)
    try:
        follow.wait()
    finally:
        follow.terminate()
        follow.wait()


def main():
    parser = argparse.ArgumentParser(prog="bootstrap run")
    parser.add_argument("--build", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help="your own service on 127.0.0.1:PORT")
    parser.add_argument("--check", action="store_true", help="one request, compared; exit 0 or 1")
    args = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
    net, code = Net(args.build), 0
    try:
        daemon, url, port = start(net, args.port)
        if args.check:
            code = check(net, url, port)
        else:
            show(daemon, url, net)
    except KeyboardInterrupt:
        say("")
    except AssertionError as e:
        say(f"bootstrap run: {e}")
        code = 1
    finally:
        say("==> ending everything")
        net.end()
    return code


if __name__ == "__main__":
    sys.exit(main())
