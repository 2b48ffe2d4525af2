#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The system tests' server that greets, grants and answers every PING, and does nothing with streams. Prints its port."""
import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))
from test_watchdog import Pretender  # noqa: E402  (found only there)

print(Pretender().port, flush=True)
signal.pause()
