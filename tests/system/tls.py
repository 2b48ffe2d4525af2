# SPDX-License-Identifier: MIT
"""What tests of TLS share: a handshake and whom it was with, and requests over it."""
import socket
import ssl
import subprocess

from actors import WAIT


def context(certs, verify=True, version=None):
    ctx = ssl.create_default_context(cafile=str(certs / "ca.crt"))
    ctx.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", 0)
    if not verify:
        ctx.check_hostname = False
        ctx.verify_mode = ssl.CERT_OPTIONAL
    if version:
        ctx.minimum_version = ctx.maximum_version = version
    return ctx


def connect(port, name, certs, ctx=None, before=b""):
    """A verified TLS connection to 127.0.0.1:@port as @name (None: without SNI and verification of the name)."""
    if ctx is None:
        ctx = context(certs, verify=name is not None)
    sock = socket.create_connection(("127.0.0.1", port), timeout=WAIT)
    sock.sendall(before)
    try:
        return ctx.wrap_socket(sock, server_hostname=name)
    except BaseException:
        sock.close()
        raise


def subject(sock):
    """The certificate's name in tests/data/certs.sh."""
    names = dict(pair for rdn in sock.getpeercert()["subject"] for pair in rdn)
    return names["commonName"].removeprefix("tunnelto test ")


def session_of(port, name, ctx, session=None):
    """The TLS session after a request was answered, and whether it was resumed from @session."""
    with socket.create_connection(("127.0.0.1", port), timeout=WAIT) as raw:
        with ctx.wrap_socket(raw, server_hostname=name, session=session) as sock:
            sock.sendall(get(name))
            assert sock.recv(65536)
            return sock.session, sock.session_reused


def certificate(port, name, certs):
    ctx = context(certs)
    ctx.check_hostname = False
    with connect(port, name, certs, ctx) as sock:
        return subject(sock)


def ask(port, name, certs, request, **more):
    """One request over TLS, to the end of the connection."""
    with connect(port, name, certs, **more) as sock:
        sock.sendall(request)
        out = b""
        while piece := sock.recv(65536):
            out += piece
        return out


def get(host, path="/"):
    return f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()


def s_client(port, name, *more):
    """What `openssl s_client` says of one handshake; of TLS 1.3 perhaps without the tickets, which come after it."""
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-servername", name, *map(str, more)],
                          input="Q\n", capture_output=True, text=True, timeout=WAIT)
    return done.stdout + done.stderr
