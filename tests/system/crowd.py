#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Many visitors in one process, and an origin for them: what a test's own process has no descriptors for.

  crowd.py origin                 prints its port, answers every request, ends when stdin does
  crowd.py visitors PORT          reads one command a line, answers each with one line of JSON:
    open HOSTS PER                PER connections for each host of the JSON list, one request on each
    ask N                         one more request on N of them, chosen at random (seeded)
    flood SECONDS                 request after request on each of them
    times N                       N requests on the first of them, one after the other: how long each took, in milliseconds
    drip SECONDS                  on each of them, a head that never ends, a byte at a time, until it is closed or SECONDS are over
    close                         close them all
"""
import asyncio
import json
import random
import resource
import sys

BODY = b"x" * 64
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 64\r\n\r\n" + BODY
AT_ONCE = 200  # connections being made


async def answer(reader, writer):
    try:
        while True:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(ANSWER)
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def origin():
    server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


class Crowd:
    def __init__(self, port):
        self.port, self.links, self.random = port, [], random.Random(1)
        self.gate = asyncio.Semaphore(AT_ONCE)

    async def request(self, host, reader, writer):
        writer.write(f"GET /{len(self.links)} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 60)
        length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
        await reader.readexactly(length)
        return head.split(b" ", 2)[1].decode()

    async def arrive(self, host):
        async with self.gate:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            status = await self.request(host, reader, writer)
            self.links.append((host, reader, writer))
            return status

    async def count(self, jobs):
        """How many ended with which status, or error."""
        out = {}
        for result in await asyncio.gather(*jobs, return_exceptions=True):
            word = result if isinstance(result, str) else repr(result)
            out[word] = out.get(word, 0) + 1
        return out

    async def open(self, hosts, per):
        hosts = json.loads(hosts) * int(per)
        return await self.count(self.arrive(host) for host in hosts)

    async def ask(self, n):
        return await self.count(self.request(*link) for link in self.random.sample(self.links, int(n)))

    async def flood_one(self, link, until):
        n = 0
        while asyncio.get_running_loop().time() < until:
            if (status := await self.request(*link)) != "200":
                return status
            n += 1
        return n

    async def flood(self, seconds):
        until = asyncio.get_running_loop().time() + float(seconds)
        each = await asyncio.gather(*(self.flood_one(link, until) for link in self.links), return_exceptions=True)
        return {"requests": sum(n for n in each if isinstance(n, int)), "least": min(n for n in each if isinstance(n, int)),
                "others": [repr(n) for n in each if not isinstance(n, int)]}

    async def times(self, n):
        now, out = asyncio.get_running_loop().time, []
        for _ in range(int(n)):
            began = now()
            if await self.request(*self.links[0]) != "200":
                return []
            out.append((now() - began) * 1e3)
        return out

    async def drip_one(self, host, reader, writer, seconds):
        writer.write(b"GET / HTTP/1.1\r\nHost: " + host.encode() + b"\r\nX-Slow: ")
        rest = asyncio.ensure_future(reader.read())
        for _ in range(int(seconds * 5)):
            done, _ = await asyncio.wait({rest}, timeout=0.2)
            if done:
                return (rest.result().split(b" ", 2) + [b"", b"closed"])[1].decode() or "closed"
            writer.write(b"a")
        rest.cancel()
        return "still open"

    async def drip(self, seconds):
        return await self.count(self.drip_one(*link, float(seconds)) for link in self.links)

    async def close(self):
        for _, _, writer in self.links:
            writer.close()
        await asyncio.gather(*(w.wait_closed() for _, _, w in self.links), return_exceptions=True)
        self.links = []
        return {}


async def visitors(port):
    crowd, loop = Crowd(port), asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        verb, *words = line.split()
        print(json.dumps(await getattr(crowd, verb)(*words)), flush=True)


if __name__ == "__main__":
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limits[1], limits[1]))
    asyncio.run(origin() if sys.argv[1] == "origin" else visitors(int(sys.argv[2])))
