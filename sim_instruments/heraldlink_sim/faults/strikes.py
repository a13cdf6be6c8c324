# SPDX-License-Identifier: Apache-2.0
"""One injected fault while it lives: when it strikes, how often it did, and when it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from fnmatch import fnmatchcase
from random import Random

from heraldlink_sim.faults.kinds import STATES, FaultConfig

_LONGEST_MATCHED = 4096
"""Bytes of a message that patterns see: a waveform's samples are not searched."""


class Injected:
    """A fault of one instrument; ``number`` is how the list knows it."""

    def __init__(self, number: int, instrument: str, config: FaultConfig) -> None:
        self.number, self.instrument, self.config = number, instrument, config
        self.hits = 0
        self.holds = False
        """Of a state such as a latched detector: whether it was entered."""
        self.lifted = asyncio.Event()
        self.answers: dict[bytes, bytes] = {}
        """What a stuck query answers, by message."""
        self.random = Random(f"{config.seed}/{instrument}/{config.kind}")

    @property
    def spent(self) -> bool:
        """Whether it struck as often as it may."""
        return self.config.count is not None and self.hits >= self.config.count

    def over(self, now_s: float) -> bool:
        """Whether it can never strike again."""
        until_s = self.config.until_s
        return self.lifted.is_set() or self.spent or (until_s is not None and now_s >= until_s)

    def due(self, now_s: float) -> bool:
        """Whether its time has come, and is not over."""
        return now_s >= self.config.from_s and not self.over(now_s)

    def strikes(self, message: bytes, now_s: float) -> bool:
        """Whether it strikes at a message; draws, and counts."""
        if self.config.kind in STATES or not self.due(now_s) or not fits(self.config.match, message):
            return False
        if self.config.probability < 1 and self.random.random() >= self.config.probability:
            return False
        self.hits += 1
        return True


def fits(pattern: str | None, message: bytes) -> bool:
    """Whether a pattern fits a message, or one of the commands in it; without a pattern all fit."""
    if pattern is None:
        return True
    return any(fnmatchcase(text, pattern.upper()) for text in _commands(message))


def _commands(message: bytes) -> Iterator[str]:
    text = message[:_LONGEST_MATCHED].decode("latin-1").strip().upper()
    yield text
    for command in text.split(";"):
        yield command.strip()
