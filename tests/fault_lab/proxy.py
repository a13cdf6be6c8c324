# SPDX-License-Identifier: Apache-2.0
"""A TCP proxy whose line is slow, narrow, silent or torn: latency, slices, bandwidth, black hole, reset."""

import socket
import struct
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from selectors import EVENT_READ, DefaultSelector
from typing import Literal

Way = Literal["up", "down"]
CHUNK = 65_536
MOST_SLICES = 100
RESET = struct.pack("ii", 1, 0)


@dataclass
class Line:
    """How the line is; changes hold at once, also for open connections.

    ``latency_s``, ``jitter_s``: each way. ``slice_bytes``: most bytes sent at once. ``bytes_per_s``:
    bandwidth of each connection and way. ``silent``: ways on which nothing arrives any more, without a word.
    ``refusing``: new connections are reset.
    """

    latency_s: float = 0.0
    jitter_s: float = 0.0
    slice_bytes: int = 0
    bytes_per_s: float = 0.0
    silent: frozenset[Way] = frozenset()
    refusing: bool = False


@dataclass
class _Half:
    """One way of one connection: what waits to be sent, and when it may go."""

    way: Way
    source: socket.socket
    sink: socket.socket
    waiting: deque[tuple[float, bytes]] = field(default_factory=deque[tuple[float, bytes]])
    free_at: float = 0.0

    @property
    def room(self) -> bool:
        """Whether more may be read: a narrow line presses back on its sender."""
        return len(self.waiting) < 64


class Proxy:
    """``port`` leads to ``target`` (host, port). Counts bytes that passed and that a black hole held back."""

    def __init__(self, target: tuple[str, int], seed: int = 0) -> None:
        self.target, self.line = target, Line()
        self.passed = {"up": 0, "down": 0}
        self.held = {"up": 0, "down": 0}
        self.accepted = self.resets = 0
        self._random = Random(seed)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.endpoint = f"tcp://127.0.0.1:{self.port}"
        self._halves: list[_Half] = []
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="proxy", daemon=True)
        self._thread.start()

    def black_hole(self, *ways: Way) -> None:
        """Let nothing through on these ways (both without one), and tell nobody.

        Once healed, what was sent arrives, as TCP's repetitions would.
        """
        self.line.silent = frozenset(ways or ("up", "down"))

    def heal(self) -> None:
        """A good line again; open connections stay open."""
        self.line = Line()

    def reset(self) -> int:
        """Reset all connections (RST); how many there were."""
        with self._lock:
            halves, self._halves = self._halves, []
            for half in halves:
                _reset(half.source)
            self.resets += len(halves) // 2
            return len(halves) // 2

    def close(self) -> None:
        """End it."""
        self._over.set()
        self._thread.join(5)
        self._listener.close()
        self.reset()

    def _run(self) -> None:
        while not self._over.is_set():
            with self._lock:
                halves = list(self._halves)
            waiting = any(half.waiting for half in halves)
            ready = self._ready(halves, 0.001 if waiting else 0.02)
            with self._lock:
                for half in ready:
                    self._accept() if half is None else self._read(half)
                now = time.monotonic()
                for half in list(self._halves):
                    self._write(half, now)

    def _ready(self, halves: list[_Half], seconds: float) -> list[_Half | None]:
        """Halves with bytes to read, None for a new connection."""
        with DefaultSelector() as selector:
            selector.register(self._listener, EVENT_READ)
            for half in halves:
                if half.source.fileno() >= 0 and half.room:
                    selector.register(half.source, EVENT_READ, half)
            return [key.data for key, _ in selector.select(seconds)]

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        if self.line.refusing:
            _reset(client)
            return
        try:
            server = socket.create_connection(self.target, 2)
        except OSError:
            _reset(client)
            return
        self.accepted += 1
        for end in (client, server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            end.settimeout(2)
        self._halves += [_Half("up", client, server), _Half("down", server, client)]

    def _read(self, half: _Half) -> None:
        if half.source.fileno() < 0:
            return
        try:
            data = half.source.recv(CHUNK)
        except OSError:
            data = b""
        if not data:
            self._end(half)
        else:
            if half.way in self.line.silent:
                self.held[half.way] += len(data)
            late_s = self.line.latency_s + self.line.jitter_s * self._random.random()
            due = max(time.monotonic() + late_s, half.waiting[-1][0] if half.waiting else 0.0)
            half.waiting.append((due, data))

    def _write(self, half: _Half, now: float) -> None:
        slices = 0
        while (
            half.waiting and half.way not in self.line.silent and max(half.waiting[0][0], half.free_at) <= now
        ):
            due, data = half.waiting.popleft()
            size = self.line.slice_bytes or len(data)
            if len(data) > size:
                half.waiting.appendleft((due, data[size:]))
            try:
                half.sink.sendall(data[:size])
            except OSError:
                self._end(half)
                return
            self.passed[half.way] += len(data[:size])
            if self.line.bytes_per_s:
                half.free_at = now + size / self.line.bytes_per_s
            slices += 1
            if slices == MOST_SLICES:  # the other ways have their turn
                return

    def _end(self, half: _Half) -> None:
        for end in (half.source, half.sink):
            end.close()
        self._halves = [
            item for item in self._halves if item.source.fileno() >= 0 and item.sink.fileno() >= 0
        ]


def _reset(end: socket.socket) -> None:
    """Close with RST instead of FIN."""
    with suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    end.close()
