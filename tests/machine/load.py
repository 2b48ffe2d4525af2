#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Visitors at a steady rate, each on a connection of its own, until SIGTERM; then one JSON object with what became of them.

load.py HOST PORT NAME RATE: requests / for NAME at HOST:PORT, RATE times a second, whatever the answers take.
"""
import asyncio
import json
import signal
import sys
import time

EXPECTED = b"hello from the origin\n"
PATIENCE = 45  # seconds: longer than any drain time here


async def visit(host, port, request):
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(request)
        answer = await reader.read(-1)
    finally:
        writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        told = [line for line in head.splitlines() if line.lower().startswith((b"http/", b"x-tunnelto-error:"))]
        return b", ".join(told or [b"closed without an answer"]).decode(errors="replace")
    return None if body == EXPECTED else f"a body of {len(body)} bytes instead of {len(EXPECTED)}"


async def main(host, port, name, rate):
    over, seen, tasks = asyncio.Event(), {"sent": 0, "failed": 0, "slowest_ms": 0, "why": {}}, set()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, over.set)
    request = f"GET / HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode()

    async def one():
        began = time.monotonic()
        try:
            why = await asyncio.wait_for(visit(host, port, request), PATIENCE)
        except (OSError, asyncio.TimeoutError) as e:
            why = f"{type(e).__name__}: {e}"
        seen["slowest_ms"] = max(seen["slowest_ms"], round((time.monotonic() - began) * 1000))
        if why:
            seen["failed"] += 1
            seen["why"][why] = seen["why"].get(why, 0) + 1

    began = time.monotonic()
    print("started", flush=True)
    while not over.is_set():
        while seen["sent"] < (time.monotonic() - began) * rate:
            seen["sent"] += 1
            task = asyncio.ensure_future(one())
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        await asyncio.sleep(1 / rate)
    seen["seconds"] = round(time.monotonic() - began, 1)
    await asyncio.gather(*tasks)
    print(json.dumps(seen), flush=True)


asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3], float(sys.argv[4])))
