# SPDX-License-Identifier: Apache-2.0
"""Wires of a virtual network: what the weather does to a frame, and the two kinds of sockets at them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random

from heraldlink.security.sender import LOCAL
from heraldlink.transport import Received


@dataclass
class Weather:
    """What the wires do to a frame: probabilities, and delays in seconds."""

    loss: float = 0.0
    doubling: float = 0.0
    delay_s: tuple[float, float] = (0.0005, 0.001)

    def arrivals(self, choices: Random) -> list[float]:
        """Delays of the copies that arrive."""
        copies = 2 if choices.random() < self.doubling else 1
        return [choices.uniform(*self.delay_s) for _ in range(copies) if choices.random() >= self.loss]


@dataclass
class VirtualDealer:
    """An end node's connection to the midpoint."""

    transmit: Callable[[str, list[bytes]], None]
    socket: None = None
    arrived: list[list[bytes]] = field(default_factory=list[list[bytes]])

    def send(self, frames: Sequence[bytes], timeout_s: float = 0.0) -> bool:
        self.transmit("midpoint", list(frames))
        return True

    def receive(self, timeout_s: float = 0.0) -> list[bytes] | None:
        return self.arrived.pop(0) if self.arrived else None


@dataclass
class VirtualRouter:
    """The midpoint's connections; a peer is known by its node and life."""

    transmit: Callable[[str, list[bytes]], None]
    socket: None = None
    arrived: list[Received] = field(default_factory=list[Received])

    def send(self, peer: bytes, frames: Sequence[bytes]) -> bool:
        return self.offer(peer, frames) == "sent"

    def offer(self, peer: bytes, frames: Sequence[bytes]) -> str:
        self.transmit(peer.decode(), list(frames))
        return "sent"

    def receive(self) -> Received | None:
        return self.arrived.pop(0) if self.arrived else None


def frames_of(source: str, frames: list[bytes]) -> Received:
    """Frames as they come out of a router; a peer is known by its name."""
    return Received(source.encode(), frames, LOCAL)
