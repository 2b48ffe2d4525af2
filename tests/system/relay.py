# SPDX-License-Identifier: MIT
"""The path between daemon and server, in the test's hands: a relay that cuts it, blackholes it, refuses it, and heals it.

One thread and one selector move the bytes. What a test asks for is done by that thread between two rounds, and has happened when
the call returns.
"""
import collections
import contextlib
import selectors
import socket
import struct
import threading
import time

PIECE = 1 << 16
HELD_MAX = 1 << 20  # bytes under way in one direction of one pair: then its sender is not read
UP, DOWN = "up", "down"  # from the daemon to the server, and back


def reset(sock):
    """Close so that the far side gets a RST."""
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


class Way:
    """One direction of a pair: bytes read from @src that @dst has not taken."""

    def __init__(self, src, dst, name):
        self.src, self.dst, self.name = src, dst, name
        self.held, self.held_n = collections.deque(), 0  # (when it may leave, bytes)
        self.rests_until = 0.0
        self.ended = self.end_sent = False

    def is_over(self):
        return self.ended and self.end_sent


class Pair:
    def __init__(self, near, far):
        self.near, self.far = near, far
        self.ways = {UP: Way(near, far, UP), DOWN: Way(far, near, DOWN)}
        self.silent = set()
        self.moved, self.fuse = 0, None  # cut when so many bytes have passed: (bytes, how)


class Relay:
    """Forwards 127.0.0.1:port to @to."""

    def __init__(self, to, host="127.0.0.1", rcvbuf=None):
        self.to, self.rcvbuf = (host, to), rcvbuf
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(128)
        self.listener.setblocking(False)
        self.port = self.listener.getsockname()[1]
        self.pairs, self.fuses, self.refusing, self.delay, self.rate = [], [], False, 0.0, None
        self.moved = {UP: 0, DOWN: 0}
        self.accepted = self.cuts = 0
        self.marks = []  # (bytes both ways, what to do when so many have passed)
        self.errands, self.news = collections.deque(), threading.Condition()
        self.wake_in, self.wake_out = socket.socketpair()
        self.wake_in.setblocking(False)
        self.over = False
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    # --- what a test asks for ---

    def ask(self, errand):
        """Have the relay's thread do it; its value."""
        box = []
        with self.news:
            self.errands.append((errand, box))
            self.wake_out.send(b"!")
            assert self.news.wait_for(lambda: box or self.over, 20), "the relay's thread is stuck"
        return box[0] if box else None

    def cut(self, how="fin"):
        """End every connection there is: FIN both ways, or RST both ways; bytes under way are lost. How many it were."""
        return self.ask(lambda: self.cut_all(how))

    def cut_newest(self, how="fin"):
        """End the connection that was made last, a lane if there is one."""
        return self.ask(lambda: self.cut_pairs(self.pairs[-1:], how))

    def blackhole(self, *directions):
        """Of the connections there are, nothing arrives any more in these directions, not even their end; new ones pass."""
        self.ask(lambda: [pair.silent.update(directions) for pair in self.pairs])

    def refuse(self):
        """Nobody is let in; what is connected stays."""
        self.ask(self.close_listener)

    def heal(self):
        """Let in again, without delay; connections that lost something in a blackhole are cut."""
        self.ask(self.heal_all)

    def slow(self, seconds):
        """Each byte takes so much longer, each way."""
        self.ask(lambda: setattr(self, "delay", seconds))

    def narrow(self, rate):
        """No more than so many bytes a second are read, of each connection and each way."""
        self.ask(lambda: setattr(self, "rate", rate))

    def at(self, total, errand):
        """When @total bytes have passed, both ways together, do it (in the relay's thread)."""
        self.ask(lambda: (self.marks.append((total, errand)), self.marks.sort(key=lambda m: m[0])))

    def end(self):
        if not self.over:
            self.ask(lambda: setattr(self, "over", True))
            self.thread.join(5)

    # --- the thread ---

    def close_listener(self):
        self.refusing = True
        self.listener.close()

    def heal_all(self):
        self.cut_pairs([pair for pair in self.pairs if pair.silent], "rst")
        self.delay, self.rate = 0.0, None
        if self.refusing:
            self.refusing = False
            self.listener = socket.socket()
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.listener.bind(("127.0.0.1", self.port))
            self.listener.listen(128)
            self.listener.setblocking(False)

    def cut_all(self, how):
        return self.cut_pairs(list(self.pairs), how)

    def cut_born(self, skip, fuse, how):
        """Cut all, and after @skip more connections the next one when it has carried @fuse bytes."""
        self.fuses.append([skip, fuse, how])
        self.cut_all(how)

    def cut_pairs(self, pairs, how):
        for pair in pairs:
            for sock in (pair.near, pair.far):
                reset(sock) if how == "rst" else sock.close()
            self.pairs.remove(pair)
        self.cuts += 1 if pairs else 0
        return len(pairs)

    def accept(self):
        with contextlib.suppress(OSError):
            near, _ = self.listener.accept()
            far = socket.socket()
            if self.rcvbuf:
                far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.rcvbuf)
            try:
                far.connect(self.to)
            except OSError:
                reset(near)
                far.close()
                return
            for sock in (near, far):
                sock.setblocking(False)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.pairs.append(Pair(near, far))
            self.accepted += 1
            for fuse in list(self.fuses):
                fuse[0] -= 1
                if fuse[0] < 0 and not self.pairs[-1].fuse:
                    self.pairs[-1].fuse = fuse[1:]
                    self.fuses.remove(fuse)

    def read(self, pair, way):
        try:
            piece = way.src.recv(min(PIECE, max(1, self.rate // 50)) if self.rate else PIECE)
        except BlockingIOError:
            return
        except OSError:
            self.cut_pairs([pair], "rst")
            self.cuts -= 1
            return
        if self.rate:
            way.rests_until = time.monotonic() + len(piece) / self.rate
        if not piece:
            way.ended = True
        elif way.name not in pair.silent:
            way.held.append((time.monotonic() + self.delay, piece))
            way.held_n += len(piece)

    def write(self, pair, way):
        now = time.monotonic()
        while way.held and way.held[0][0] <= now:
            try:
                n = way.dst.send(way.held[0][1])
            except BlockingIOError:
                return
            except OSError:
                self.cut_pairs([pair], "rst")
                self.cuts -= 1
                return
            self.moved[way.name] += n
            pair.moved += n
            way.held_n -= n
            due, piece = way.held.popleft()
            if n < len(piece):
                way.held.appendleft((due, piece[n:]))
        if way.ended and not way.held and not way.end_sent and way.name not in pair.silent:
            way.end_sent = True
            with contextlib.suppress(OSError):
                way.dst.shutdown(socket.SHUT_WR)

    def interests(self):
        """Descriptors to wait for, and how long at most."""
        wanted, wait, now = {self.wake_in: selectors.EVENT_READ}, 1.0, time.monotonic()
        if not self.refusing:
            wanted[self.listener] = selectors.EVENT_READ
        for pair in self.pairs:
            for way in pair.ways.values():
                if way.rests_until > now:
                    wait = min(wait, way.rests_until - now)
                elif not way.ended and way.held_n < HELD_MAX:
                    wanted[way.src] = wanted.get(way.src, 0) | selectors.EVENT_READ
                if way.held and way.held[0][0] <= now:
                    wanted[way.dst] = wanted.get(way.dst, 0) | selectors.EVENT_WRITE
                elif way.held:
                    wait = min(wait, way.held[0][0] - now)
        return wanted, wait

    def turn(self):
        wanted, wait = self.interests()
        with selectors.DefaultSelector() as selector:
            for sock, events in wanted.items():
                selector.register(sock, events)
            ready = {key.fileobj: events for key, events in selector.select(wait)}
        if self.wake_in in ready:
            self.wake_in.recv(4096)
        if not self.refusing and self.listener in ready:
            self.accept()
        for pair in list(self.pairs):
            for way in pair.ways.values():
                if pair in self.pairs and ready.get(way.src, 0) & selectors.EVENT_READ and not way.ended and way.held_n < HELD_MAX:
                    self.read(pair, way)
                if pair in self.pairs:
                    self.write(pair, way)
            if pair in self.pairs and pair.fuse and pair.moved >= pair.fuse[0]:
                self.cut_pairs([pair], pair.fuse[1])
            if pair in self.pairs and all(way.is_over() for way in pair.ways.values()):
                self.pairs.remove(pair)
                pair.near.close()
                pair.far.close()

    def run(self):
        while not self.over:
            self.turn()
            while self.marks and sum(self.moved.values()) >= self.marks[0][0]:
                self.marks.pop(0)[1]()
            with self.news:
                while self.errands:
                    errand, box = self.errands.popleft()
                    box.append(errand())
                self.news.notify_all()
        self.cut_all("fin")
        for sock in (self.listener, self.wake_in, self.wake_out):
            sock.close()
