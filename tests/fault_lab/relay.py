# SPDX-License-Identifier: Apache-2.0
"""A relay of ZeroMQ messages that loses, doubles, delays, reorders and changes what rules tell it to.

It binds a ROUTER for those who connect and opens one DEALER per peer to the place behind it, so ROUTERs on
either side see what they would see without it. ``way`` "up" is towards that place, "down" back.
"""

import heapq
import itertools
import math
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Literal

import zmq

from heraldlink.errors import ProtocolError
from heraldlink.messages.header import decode_header

Way = Literal["up", "down"]
Act = Literal["drop", "duplicate", "delay", "swap", "change", "call"]
Frames = list[bytes]
LOG_LENGTH = 200_000
SILENT_S = 10.0
"""Of a link, on which nodes beat three times a second. ZeroMQ gives up a connection that is silent for 0.6 s,
so whoever comes back has connected anew, and is another peer to the relay."""


@dataclass(frozen=True, slots=True)
class Passed:
    """One message as it arrived at the relay; ``clock_s`` is monotonic."""

    clock_s: float
    way: Way
    kind: str
    peer: bytes
    frames: Frames


@dataclass
class Rule:
    """What happens to which messages; ``struck`` lists those it happened to.

    ``kind``: the message's kind, a tuple of them, or None for all but beats. ``skip``: let that many pass
    first. ``count``: at most so often. ``delay_s`` and ``jitter_s`` (uniform, plus or minus): of "delay" and
    of the copy of "duplicate". "swap" holds a message until the next one that the rule fits has passed, or
    ``delay_s`` (0.2 s without one). ``changed`` makes the frames of "change". "call" calls ``called`` before
    the message passes: something is broken at this very step. ``fits``: which messages of the kind are meant
    and counted. Draws with ``seed``.
    """

    act: Act
    kind: str | tuple[str, ...] | None = None
    way: Way | None = None
    skip: int = 0
    count: int | None = None
    probability: float = 1.0
    delay_s: float = 0.0
    jitter_s: float = 0.0
    changed: Callable[[Frames], Frames] | None = None
    called: Callable[[], None] | None = None
    fits: Callable[[Frames], bool] | None = None
    seed: int = 0
    struck: list[Passed] = field(default_factory=list[Passed])

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self._seen = 0

    def strikes(self, item: Passed) -> bool:
        """Whether it happens to this message; draws and counts."""
        if self.way not in (None, item.way) or not self._is_meant(item.kind):
            return False
        if self.fits is not None and not self.fits(item.frames):
            return False
        self._seen += 1
        if self._seen <= self.skip or (self.count is not None and len(self.struck) >= self.count):
            return False
        if self.probability < 1 and self.random.random() >= self.probability:
            return False
        self.struck.append(item)
        return True

    def late_s(self) -> float:
        """How late the next delayed message comes."""
        return max(0.0, self.delay_s + self.jitter_s * (2 * self.random.random() - 1))

    def _is_meant(self, kind: str) -> bool:
        if self.kind is None:
            return kind not in ("link.beat", "link.hello")
        return kind == self.kind or (isinstance(self.kind, tuple) and kind in self.kind)


class Relay:
    """``endpoint`` leads to ``target``, which may be changed; runs in a thread of its own until ``close``.

    ``silent_s``: whoever says nothing for so long has gone, and its connection to the target is closed.
    """

    def __init__(self, target: str, silent_s: float = math.inf) -> None:
        self._context = zmq.Context()
        self._front = self._context.socket(zmq.ROUTER)
        self._front.setsockopt(zmq.LINGER, 0)
        self.port = self._front.bind_to_random_port("tcp://127.0.0.1")
        self.endpoint = f"tcp://127.0.0.1:{self.port}"
        self.target = target
        self.log: deque[Passed] = deque(maxlen=LOG_LENGTH)
        self._rules: list[Rule] = []
        self._lock = threading.Lock()
        self._backs: dict[bytes, zmq.Socket[bytes]] = {}
        self._silent_s = silent_s
        self._heard: dict[bytes, float] = {}
        self._left: list[zmq.Socket[bytes]] = []
        self._late: list[tuple[float, int, Way, bytes, Frames]] = []
        self._held: dict[int, tuple[float, Passed]] = {}
        self._numbers = itertools.count()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="relay", daemon=True)
        self._thread.start()

    def add(self, rule: Rule) -> Rule:
        """Let a rule hold from now on."""
        with self._lock:
            self._rules.append(rule)
        return rule

    def clear(self) -> None:
        """End all rules; what they delayed still comes."""
        with self._lock:
            self._rules.clear()

    def inject(self, way: Way, frames: Frames, peer: bytes | None = None) -> None:
        """Send frames in the name of the peer that connected last, or of ``peer``."""
        with self._lock:
            sender = peer or next(reversed(self._backs))
            heapq.heappush(self._late, (0.0, next(self._numbers), way, sender, frames))

    def retarget(self, target: str) -> None:
        """Lead to another place from now on, as after its restart on another port."""
        with self._lock:
            self.target = target
            self._left += self._backs.values()  # the relay's own thread closes what it may be polling
            self._backs.clear()
            self._heard.clear()

    def seen(self, kind: str, way: Way | None = None) -> list[Passed]:
        """Messages of a kind that arrived at the relay."""
        return [item for item in list(self.log) if item.kind == kind and way in (None, item.way)]

    def close(self) -> None:
        """End it."""
        self._over.set()
        self._thread.join(5)
        self._context.destroy(linger=0)

    def _run(self) -> None:
        poller = zmq.Poller()
        poller.register(self._front, zmq.POLLIN)
        while not self._over.is_set():
            with self._lock:
                self._forget(time.monotonic() - self._silent_s)
                while self._left:
                    self._left.pop().close()
                sockets = {back: peer for peer, back in self._backs.items()}
            for back in sockets:
                poller.register(back, zmq.POLLIN)
            ready = dict(poller.poll(2 if self._late or self._held else 20))
            for back in sockets:
                poller.unregister(back)
            with self._lock:
                self._turn(ready, sockets)

    def _forget(self, before_s: float) -> None:
        """Close connections in the name of those that were last heard before this."""
        for peer in [peer for peer, heard_s in self._heard.items() if heard_s < before_s]:
            del self._heard[peer]
            if peer in self._backs:
                self._left.append(self._backs.pop(peer))

    def _turn(self, ready: dict[zmq.Socket[bytes], int], sockets: dict[zmq.Socket[bytes], bytes]) -> None:
        now = time.monotonic()
        if self._front in ready:
            for peer, *frames in _all(self._front):
                self._heard[peer] = now
                self._arrived(now, "up", peer, frames)
        for back, peer in sockets.items():
            if back in ready and back not in self._left:
                for frames in _all(back):
                    self._arrived(now, "down", peer, frames)
        while self._late and self._late[0][0] <= now:
            _, _, way, peer, frames = heapq.heappop(self._late)
            self._send(way, peer, frames)
        for number, (due, item) in list(self._held.items()):
            if due <= now:
                del self._held[number]
                self._send(item.way, item.peer, item.frames)

    def _arrived(self, now: float, way: Way, peer: bytes, frames: Frames) -> None:
        item = Passed(now, way, _kind(frames), peer, frames)
        self.log.append(item)
        for rule in self._rules:
            if id(rule) in self._held and rule.way in (None, way) and rule._is_meant(item.kind):
                self._send(way, peer, frames)
                _, held = self._held.pop(id(rule))
                self._send(held.way, held.peer, held.frames)
                return
            if rule.strikes(item):
                self._do(rule, now, item)
                return
        self._send(way, peer, frames)

    def _do(self, rule: Rule, now: float, item: Passed) -> None:
        match rule.act:
            case "drop":
                return
            case "duplicate":
                self._send(item.way, item.peer, item.frames)
                self._later(now + rule.late_s(), item)
            case "delay":
                self._later(now + rule.late_s(), item)
            case "swap":
                self._held[id(rule)] = (now + (rule.delay_s or 0.2), item)
            case "change":
                assert rule.changed is not None, "a rule that changes needs `changed`"
                self._send(item.way, item.peer, rule.changed(list(item.frames)))
            case "call":
                assert rule.called is not None, "a rule that calls needs `called`"
                rule.called()
                self._send(item.way, item.peer, item.frames)

    def _later(self, due: float, item: Passed) -> None:
        heapq.heappush(self._late, (due, next(self._numbers), item.way, item.peer, item.frames))

    def _send(self, way: Way, peer: bytes, frames: Frames) -> None:
        if way == "down":
            self._front.send_multipart([peer, *frames], flags=zmq.NOBLOCK)
            return
        back = self._backs.get(peer)
        if back is None:
            back = self._backs[peer] = self._context.socket(zmq.DEALER)
            back.setsockopt(zmq.LINGER, 0)
            back.connect(self.target)
        back.send_multipart(frames, flags=zmq.NOBLOCK)


def _all(socket: "zmq.Socket[bytes]") -> list[Frames]:
    found: list[Frames] = []
    while True:
        try:
            found.append(socket.recv_multipart(flags=zmq.NOBLOCK))
        except zmq.Again:
            return found


def _kind(frames: Frames) -> str:
    try:
        return decode_header(frames).kind
    except ProtocolError:
        return "?"
