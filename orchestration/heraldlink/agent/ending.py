# SPDX-License-Identifier: Apache-2.0
"""Coming to an end: what runs ends after its slot, nothing new is taken, everything is made safe."""

import time
from typing import Protocol

from heraldlink.agent.warden import PATIENCE_S, Warden

DRAIN_S = 10.0
"""For what runs to come to its end."""

NOT_MINE_S = 1.0
"""The same for a request of another node: it is told that this node leaves."""


class Leaving(Protocol):
    """The node, as far as its end concerns it."""

    warden: Warden

    @property
    def busy(self) -> bool:
        """Whether a request is under way."""
        ...

    def cancel_all(self, reason: str) -> bool:
        """End what was asked here, after the slot that is playing; False if there is nothing."""
        ...

    def break_off(self, reason: str) -> None:
        """End everything now; the node is not prepared any more."""
        ...


class Ending:
    """Whether and how far a node is on its way out."""

    def __init__(self, node: Leaving) -> None:
        self._node = node
        self._reason = ""
        self._until = 0.0
        self._parking = False
        self._over = False
        self.ok, self.outcomes = False, dict[str, str]()

    @property
    def asked(self) -> bool:
        """Whether the node is on its way out."""
        return bool(self._reason)

    def ask(self, reason: str, *, at_once: bool = False) -> None:
        """Begin to end; ``at_once``: wait for nothing but the safe state."""
        now = time.monotonic()
        if not self._reason:
            self._reason = reason
            self._node.warden.go("draining", reason)
            self._until = now + (DRAIN_S if self._node.cancel_all(reason) else NOT_MINE_S)
        if at_once:
            self._until = now

    def over(self, signals: int) -> bool:
        """Called in every turn of the loop with the number of signals that came; whether it is to end."""
        if signals:
            self.ask("the node is asked to end", at_once=signals > 1)
        if self._reason and not self._parking:
            self._come_to_rest()
        return self._over

    def _come_to_rest(self) -> None:
        now = time.monotonic()
        if self._node.busy and now < self._until:
            return
        self._parking = True
        self._node.break_off(self._reason)
        self._node.warden.park(self._reason, then=self._parked, patience_s=PATIENCE_S)

    def _parked(self, ok: bool, _how: str, outcomes: dict[str, str]) -> None:
        self._over, self.ok, self.outcomes = True, ok, outcomes
