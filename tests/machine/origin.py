#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A local service: / greets, /drip sends a line every 100 ms, fifty times, in chunks. origin.py PORT"""
import asyncio
import contextlib
import sys

HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 22\r\n\r\nhello from the origin\n"


async def drip(writer):
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for n in range(50):
        line = f"drop {n}\n".encode()
        writer.write(b"%x\r\n%s\r\n" % (len(line), line))
        await writer.drain()
        await asyncio.sleep(0.1)
    writer.write(b"0\r\n\r\n")


async def serve(reader, writer):
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            if head.startswith(b"GET /drip "):
                await drip(writer)
            else:
                writer.write(HELLO)
            await writer.drain()
    writer.close()


async def main(port):
    # a long queue: a full one drops connections, and each costs its visitor a second
    server = await asyncio.start_server(serve, "127.0.0.1", port, backlog=4096)
    print("listening", flush=True)
    async with server:
        await server.serve_forever()


asyncio.run(main(int(sys.argv[1])))
