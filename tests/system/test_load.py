# SPDX-License-Identifier: MIT
"""Many at once: idle visitors, tunnels, slow strangers; and that all of it is given back."""
import json
import os
import pathlib
import resource
import select
import subprocess
import sys

import pytest

from actors import MIB, until

HERE = pathlib.Path(__file__).parent
TICKS = os.sysconf("SC_CLK_TCK")


class Crowd:
    """crowd.py as a process of its own."""

    def __init__(self, *argv):
        self.process = subprocess.Popen([sys.executable, HERE / "crowd.py", *map(str, argv)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)

    def line(self):
        return self.process.stdout.readline()

    def do(self, *words):
        self.process.stdin.write(" ".join(json.dumps(w, separators=(",", ":")) if isinstance(w, list) else str(w) for w in words) + "\n")
        self.process.stdin.flush()
        return json.loads(self.line())

    def end(self):
        self.process.stdin.close()
        self.process.wait(30)


def cpu(program):
    """Seconds of processor time it has used."""
    fields = pathlib.Path(f"/proc/{program.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def world(net, tunnels, daemon=None, **server):
    net.origin_process = net.add(Crowd("origin"))
    port = int(net.origin_process.line())
    net.srv = net.server(config=dict({"limits": {"streams": 20000}}, **server))
    net.key = net.srv.key("crowd", "*", "--max-tunnels", tunnels)
    names = [f"t{i}" for i in range(tunnels)]
    # not inspected: what is kept of requests stays when their visitors have left (test_inspect)
    net.dmn = net.daemon(net.srv, {n: {"local": port, "subdomain": n, "max_streams": 20000, "inspect": False} for n in names},
                        key=net.key, **(daemon or {}))
    net.dmn.up()
    net.hosts = [f"{n}.localhost" for n in names]
    net.crowd = net.add(Crowd("visitors", net.srv.public))
    return net


def streams(net):
    return sum(t["streams"] for t in net.dmn.status()["tunnels"])


def crowd_comes_and_goes(net, tunnels, per):
    n = tunnels * per
    world(net, tunnels)
    # a crowd beforehand: what allocators and libraries keep for good is there from here on
    assert net.crowd.do("open", net.hosts[:10], 10) == {"200": min(tunnels, 10) * 10}
    net.crowd.do("close")
    until(lambda: streams(net) == 0, "the first crowd has left")
    before = {p.name: (p.rss(), p.fds()) for p in (net.srv, net.dmn)}
    assert net.crowd.do("open", net.hosts, per) == {"200": n}
    assert streams(net) == n
    assert net.crowd.do("ask", n // 10) == {"200": n // 10}
    spent = cpu(net.srv) + cpu(net.dmn)
    assert net.crowd.do("ask", 1) == {"200": 1}
    with pytest.raises(subprocess.TimeoutExpired):  # three seconds in which nobody says anything
        net.crowd.process.wait(3)
    idle = cpu(net.srv) + cpu(net.dmn) - spent
    figures = {p.name: (p.rss() - before[p.name][0]) // n for p in (net.srv, net.dmn)}
    net.crowd.do("close")
    until(lambda: streams(net) == 0, "the crowd has left")
    print(f"{n} idle connections over {tunnels} tunnels: bytes each {figures}, idle CPU {idle:.2f} s in 3 s")
    for p in (net.srv, net.dmn):
        until(lambda p=p: p.fds() <= before[p.name][1] + 2, f"{p.name}: descriptors are given back")
        if not net.sanitized:
            until(lambda p=p: p.rss() <= before[p.name][0] * 1.1 + MIB, f"{p.name}: memory is given back, {before} then {p.rss()}")
    assert idle < 0.2
    assert net.curl(f"http://{net.hosts[0]}:{net.srv.public}/").stdout


@pytest.mark.heavy
def test_a_crowd_of_idle_visitors_over_many_tunnels_comes_and_goes(net):
    crowd_comes_and_goes(net, 100, 20)


@pytest.mark.long
def test_ten_thousand_idle_visitors_over_a_thousand_tunnels(net):
    crowd_comes_and_goes(net, 1000, 10)


@pytest.mark.heavy
def test_slow_heads_end_with_their_deadline_and_hold_nobody_up(net):
    """Hundreds of visitors whose heads never end: each is told 408, others are served meanwhile."""
    world(net, 1, timeouts={"head": "2s", "drain": "500ms"})
    assert net.crowd.do("open", net.hosts, 300) == {"200": 300}
    net.crowd.process.stdin.write("drip 20\n")
    net.crowd.process.stdin.flush()
    other = net.add(Crowd("visitors", net.srv.public))
    assert other.do("open", net.hosts, 20) == {"200": 20}
    assert json.loads(net.crowd.line()) == {"408": 300}


@pytest.mark.heavy
def test_a_flood_on_one_tunnel_leaves_another_its_turns(net):
    """Counted, not timed (tests/bench times it): while one answer comes through, the flood gets a few rounds at most."""
    world(net, 2)
    other = net.add(Crowd("visitors", net.srv.public))
    assert net.crowd.do("open", net.hosts[:1], 64) == {"200": 64} and other.do("open", net.hosts[1:], 1) == {"200": 1}
    alone = sorted(other.do("times", 200))
    net.crowd.process.stdin.write("flood 4\n")
    net.crowd.process.stdin.flush()
    beside = []
    while not select.select([net.crowd.process.stdout], [], [], 0)[0]:
        beside += other.do("times", 20)
    flood = json.loads(net.crowd.line())
    beside.sort()
    print(f"p99 {alone[-3]:.2f} -> {beside[-1 - len(beside) // 100]:.2f} ms, flood {flood}, beside it {len(beside)}")
    assert flood["others"] == [] and flood["least"] > 0 and beside
    assert flood["requests"] / len(beside) < 2 * 64


def test_more_visitors_than_there_may_be_are_turned_away_and_others_return(net):
    world(net, 1, limits={"visitors": 50, "streams": 20000})
    assert net.crowd.do("open", net.hosts, 50) == {"200": 50}
    other = net.add(Crowd("visitors", net.srv.public))
    refused = other.do("open", net.hosts, 5)
    assert "200" not in refused and sum(refused.values()) == 5
    net.crowd.do("close")
    until(lambda: other.do("open", net.hosts, 1) == {"200": 1}, "there is room again")


def test_a_daemon_out_of_descriptors_says_so_to_visitors_and_recovers(net):
    world(net, 1, daemon={"limits": lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))})
    answers = net.crowd.do("open", net.hosts, 80)
    assert set(answers) <= {"200", "502", "503"} and answers["200"] >= 10 and sum(answers.values()) == 80
    spent = cpu(net.dmn)
    with pytest.raises(subprocess.TimeoutExpired):  # full, it waits without spinning
        net.crowd.process.wait(1)
    assert cpu(net.dmn) - spent < 0.2
    net.crowd.do("close")
    until(lambda: net.crowd.do("open", net.hosts, 1) == {"200": 1}, "there is room again")
    assert net.dmn.process.poll() is None
