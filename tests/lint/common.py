# SPDX-License-Identifier: MIT
"""What the lints share: where the tree is, which files it has, how a complaint looks."""
import os
import pathlib
import subprocess
import sys

TOP = pathlib.Path(os.environ.get("TOP_SRCDIR", pathlib.Path(__file__).resolve().parents[2]))
BUILD = pathlib.Path(os.environ.get("TOP_BUILDDIR", TOP / "build"))
SKIP = 77


def tracked(*patterns):
    """Files of the project: what git tracks, or, in an unpacked tarball, what is there."""
    try:
        out = subprocess.run(["git", "-C", str(TOP), "ls-files", "-co", "--exclude-standard", *patterns],
                             capture_output=True, text=True, check=True).stdout
        names = [n for n in out.split("\n") if n]
    except (OSError, subprocess.CalledProcessError):
        names = [str(p.relative_to(TOP)) for pat in patterns for p in TOP.glob("**/" + pat.lstrip("/"))]
    return sorted(p for p in (TOP / n for n in set(names)) if p.is_file())


def finish(complaints, what):
    for c in complaints:
        print(c)
    print(f"{what}: {len(complaints)} complaints")
    sys.exit(1 if complaints else 0)
