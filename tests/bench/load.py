# SPDX-License-Identifier: MIT
"""What is sent through a path: requests by wrk, bulk by curl. Every run is bounded in time, and its errors are told."""
import contextlib
import hashlib
import re
import signal
import subprocess

from world import at_birth, die_with_parent, tool

UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}
BULK_DEADLINE = 20  # seconds for one transfer; what came until then counts


class Broken(Exception):
    """The path served wrongly: an error, a wrong status, other bytes."""


def parse_wrk(text):
    """{rps, count, p50, p99 (ms), errors} of wrk's report."""
    def ms(label):
        m = re.search(rf"^\s*{label}%\s+([\d.]+)(us|ms|s|m)\s*$", text, re.M)
        return float(m[1]) * UNITS[m[2]] if m else None
    rate = re.search(r"Requests/sec:\s+([\d.]+)", text)
    if not rate:
        raise Broken(f"wrk: {text.strip()[-200:]}")
    count = re.search(r"(\d+) requests in", text)
    errors = [int(n) for n in re.findall(r"Non-2xx or 3xx responses: (\d+)", text)]
    errors += [int(n) for m in re.findall(r"Socket errors: (.*)", text) for n in re.findall(r"\d+", m)]
    return {"rps": float(rate[1]), "count": int(count[1]), "p50": ms(50), "p99": ms(99), "errors": sum(errors)}


def start_wrk(target, connections, args, nice=0):
    argv = [tool("wrk"), "-t1", f"-c{connections}", "-d60s", "--latency", "--timeout", "10s",
            "-H", f"Host: {target.host}", *args]
    return subprocess.Popen([*argv, f"{target.url}/1k"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            preexec_fn=lambda: at_birth(nice))


def end_wrk(process):
    """What it says; it counts whole seconds itself, so it is ended with SIGINT, as it allows."""
    process.send_signal(signal.SIGINT)
    return process.communicate(timeout=15)[0]


def wrk(target, connections, seconds, args):
    process = start_wrk(target, connections, args)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    return parse_wrk(end_wrk(process))


def requests(target, connections, seconds, close=False):
    """wrk on the file of 1 KiB for @seconds; once more, and longer, when the machine was too busy for a single request."""
    args = ["-H", "Connection: close"] if close else []
    for longer in (seconds, seconds + 5):
        got = wrk(target, connections, longer, args)
        if got["rps"]:
            return got
    raise Broken(f"no request was served in {longer} s, {got['errors']} errors")


def curl(target, path, *args, deadline=BULK_DEADLINE):
    """A running curl that will say how many bytes went each way, in how many seconds, and with what status."""
    return subprocess.Popen([tool("curl"), "-sS", "--max-time", str(deadline), "-H", f"Host: {target.host}",
                             "-H", "Expect:", "-w", "\n%{size_download} %{size_upload} %{time_total} %{http_code}", *args,
                             f"{target.url}{path}"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            preexec_fn=die_with_parent)


def outcome(process):
    """(bytes down, bytes up, seconds, what was printed before); one that its deadline has ended is good, too."""
    out, err = process.communicate(timeout=BULK_DEADLINE + 10)
    text, _, figures = out.rpartition(b"\n")
    down, up, seconds, status = figures.split()
    if process.returncode not in (0, 28) or status not in (b"000", b"200", b"206"):
        raise Broken(f"curl ended with {process.returncode}, status {status.decode()}: {err.decode().strip()[-200:]}")
    return int(down), int(up), float(seconds), text


def rate(each):
    """Bytes per second of transfers that began together: [(bytes, seconds)]."""
    return sum(n for n, _ in each) / max(s for _, s in each)


def down_args(files, size):
    return ["-r", f"0-{size - 1}"] if size < (files / "bulk").stat().st_size else []


def bulk_down(targets, files, size, streams, deadline=BULK_DEADLINE):
    """Bytes per second of @streams downloads of @size bytes together."""
    args = ["-o", "/dev/null", *down_args(files, size)]
    running = [curl(targets["web"], "/bulk", *args, deadline=deadline) for _ in range(streams)]
    return rate([(down, s) for down, _, s, _ in map(outcome, running)])


def bulk_up(targets, files, size, streams, deadline=BULK_DEADLINE):
    part = str(part_of(files, size))
    running = [curl(targets["sink"], "/sink", "-T", part, deadline=deadline) for _ in range(streams)]
    return rate([(up, s) for _, up, s, _ in map(outcome, running)])


def part_of(files, size):
    """A file of the first @size bytes of the bulk file."""
    whole = files / "bulk"
    if size >= whole.stat().st_size:
        return whole
    part = files / f"bulk-{size}"
    if not part.exists():
        with open(whole, "rb") as f:
            part.write_bytes(f.read(size))
    return part


def digest(path):
    with open(path, "rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


def verify(targets, files, scratch, size, streams):
    """@streams downloads and uploads of @size bytes: what arrived is what was sent, by SHA-256, or Broken."""
    part = part_of(files, size)
    wanted, arrived = digest(part), [scratch / f"arrived-{n}" for n in range(streams)]
    for process in [curl(targets["web"], "/bulk", "-o", str(path), *down_args(files, size)) for path in arrived]:
        outcome(process)
    if any(digest(path) != wanted for path in arrived):
        raise Broken("a download arrived with other bytes")
    for path in arrived:
        path.unlink()
    for process in [curl(targets["sink"], "/hash", "-T", str(part)) for _ in range(streams)]:
        *_, text = outcome(process)
        if text.strip().decode() != wanted:
            raise Broken("an upload arrived with other bytes")
