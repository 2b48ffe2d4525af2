# SPDX-License-Identifier: MIT
"""A monotonic clock that a test moves on: what a program does after minutes, without waiting for them."""
import pathlib
import struct
import subprocess

import pytest


class Jump:
    """`env` for a program; jump(seconds) moves its clocks on (again and again). It notices when it next wakes."""

    def __init__(self, net):
        if net.sanitized:
            pytest.skip("a sanitizer's runtime wants to be loaded first")
        library, self.file, self.total = net.dir / "jump.so", net.dir / "jump", 0
        source = pathlib.Path(__file__).with_name("jump.c")
        subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-D_GNU_SOURCE", "-o", library, source], check=True)
        self.file.write_bytes(bytes(8))
        self.env = {"LD_PRELOAD": str(library), "JUMP_FILE": str(self.file)}

    def __call__(self, seconds):
        self.total += seconds
        with open(self.file, "r+b") as f:
            f.write(struct.pack("=q", self.total))
