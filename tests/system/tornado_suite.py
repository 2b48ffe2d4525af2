# SPDX-License-Identifier: MIT
"""Tornado's own test suites, client and server of its making, with a tunnel between the two.

    tornado_suite.py ORIGIN_PORT PUBLIC_PORT MODULE... [-MODULE.CLASS.TEST_LEFT_OUT]...

Its servers listen on the port that the tunnel leads to, its clients are told the public one; nothing else is changed, so the
tunnel has to answer to 127.0.0.1. Prints one line of JSON: how many ran, which failed.
"""
import json
import logging
import socket
import sys
import unittest

import tornado.testing


def main(origin, public, *names):
    def bind(*args, **kwargs):
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", int(origin)))
        sock.setblocking(False)
        sock.listen(128)
        return sock, int(origin)

    suites = unittest.defaultTestLoader.loadTestsFromNames([n for n in names if n[0] != "-"])
    tornado.testing.bind_unused_port = bind  # what AsyncHTTPTestCase.setUp() calls; test modules keep the original
    tornado.testing.AsyncHTTPTestCase.get_http_port = lambda self: int(public)
    left_out = {n[1:] for n in names if n[0] == "-"}
    tests = [t for t in flatten(suites) if isinstance(t, tornado.testing.AsyncHTTPTestCase)
             and not isinstance(t, tornado.testing.AsyncHTTPSTestCase) and t.id() not in left_out]
    logging.getLogger().addHandler(logging.NullHandler())
    result = unittest.TextTestRunner(stream=sys.stderr, verbosity=0).run(unittest.TestSuite(tests))
    bad = [t.id() for t, _ in result.failures + result.errors]
    print(json.dumps({"ran": result.testsRun, "skipped": len(result.skipped), "bad": bad}))


def flatten(suite):
    for t in suite:
        if isinstance(t, unittest.TestSuite):
            yield from flatten(t)
        else:
            yield t


if __name__ == "__main__":
    main(*sys.argv[1:])
