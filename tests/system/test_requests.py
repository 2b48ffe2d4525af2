# SPDX-License-Identifier: MIT
"""Captured requests asked for over the control socket and with tunnelctl: lists, filters, bodies, HAR, expect."""
import base64
import json

import pytest

from actors import WAIT, until
from test_control import Caller

CLIENT = "io.tunnelto.Client."


def requests(daemon, **filter):
    with Caller(daemon.control) as c:
        return c.ask(CLIENT + "Requests", {"filter": filter})["parameters"]["requests"]


def done(daemon, n, **filter):
    """The requests that match, once @n of them have ended."""
    until(lambda: len(requests(daemon, state="done", **filter)) >= n, f"{n} requests that are done")
    return requests(daemon, state="done", **filter)


def test_what_came_in_is_told_over_the_control_socket(pair):
    pair.curl(pair.url + "hello?x=1")
    pair.curl(pair.url + "sink", "-d", "a=1")
    first, second = done(pair.dmn, 2)
    assert (first["method"], first["target"], first["status"], first["tunnel"]) == ("GET", "/hello?x=1", 200, "web")
    assert (second["method"], second["request_bytes"]) == ("POST", 3)
    with Caller(pair.dmn.control) as c:
        one = c.ask(CLIENT + "Request", {"id": second["id"]})["parameters"]
        assert one["request"]["line"] == "POST /sink HTTP/1.1" and one["mismatch"] is None
        body = c.ask(CLIENT + "Body", {"id": second["id"], "side": "request"})["parameters"]
        assert base64.b64decode(body["base64"]) == b"a=1" and body["next"] is None
