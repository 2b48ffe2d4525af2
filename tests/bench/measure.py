# SPDX-License-Identifier: MIT
"""What processes cost, read from /proc: CPU seconds and memory of process trees. Starts and ends nothing."""
import os
import pathlib


def parents():
    """pid -> parent, of every process that is there."""
    out = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                text = pathlib.Path(f"/proc/{entry}/stat").read_text()
            except OSError:
                continue
            out[int(entry)] = int(text.rpartition(")")[2].split()[1])
    return out


def tree(roots):
    """The processes @roots and all below them."""
    of, found, grew = parents(), set(roots), True
    while grew:
        more = {pid for pid, parent in of.items() if parent in found} - found
        found |= more
        grew = bool(more)
    return sorted(pid for pid in found if pid in of)


def cpu_seconds(roots):
    """On-CPU time of the trees' threads so far, in seconds; of threads that have ended only what /proc/PID/stat has."""
    total = 0.0
    for pid in tree(roots):
        try:
            tasks = os.listdir(f"/proc/{pid}/task")
            total += sum(int(pathlib.Path(f"/proc/{pid}/task/{t}/schedstat").read_text().split()[0]) for t in tasks) / 1e9
        except (OSError, IndexError):
            total += _stat_seconds(pid)
    return total


def _stat_seconds(pid):
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(roots):
    """(RSS, PSS, private) of the trees, in bytes: resident, resident with shared pages divided, and their own alone."""
    rss = pss = private = 0
    for pid in tree(roots):
        try:
            lines = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
        except OSError:
            continue
        rows = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in lines}
        rss, pss = rss + rows["Rss"], pss + rows["Pss"]
        private += rows["Private_Clean"] + rows["Private_Dirty"]
    return rss, pss, private
