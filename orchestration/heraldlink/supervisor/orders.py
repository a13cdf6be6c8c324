# SPDX-License-Identifier: Apache-2.0
"""Orders of the safety channel that were not answered yet, and who waits for each.

However many ask, few orders are under way: those who ask for what is under way already join it, so that a
flood of valid orders neither keeps the agent from its work nor makes it seem to hang. Pure; ``now`` is a
monotonic clock in seconds.
"""

import math
from dataclasses import dataclass, field

from heraldlink.messages.oversight import Order, OrderKind

MOST_ORDERS = 4
"""Aborts that the agent may have before it; who asks beyond them is served by one more, told afterwards."""
MOST_WAITING = 1000
"""Who may wait for one order; more are refused, while the order is carried out all the same."""


@dataclass
class Asked:
    """One order; ``keys`` say to whom its answer goes. ``until`` is infinite until the agent is told."""

    number: int
    kind: OrderKind
    who: str
    reason: str
    keys: list[object]
    until: float = math.inf

    @property
    def told(self) -> bool:
        """Whether the agent knows."""
        return self.until < math.inf

    @property
    def full(self) -> bool:
        """Whether nobody more may wait for it."""
        return len(self.keys) >= MOST_WAITING


@dataclass
class Orders:
    """All of them, by number."""

    _asked: dict[int, Asked] = field(default_factory=dict[int, Asked])
    _number: int = 0

    def joinable(self, kind: OrderKind, *, alive: bool) -> Asked | None:
        """The order that serves somebody else who asks for this too; ``alive``: there is an agent.

        A stop that is under way serves every further stop and abort: it voids what was ordered before, and
        nothing is prepared after it. A prepare may follow upon an abort, so that serves only those who ask
        before the agent is told of it. Without an agent the list that is run serves all.
        """
        for asked in self._asked.values():
            stopping = asked.kind == "stop" and kind in ("stop", "abort")
            same = asked.kind == kind and (kind == "clear" or not alive or not asked.told)
            if stopping or same:
                return asked
        return None

    def add(self, kind: OrderKind, who: str, reason: str, key: object) -> Asked:
        """A new order, which nobody was told of."""
        self._number += 1
        asked = self._asked[self._number] = Asked(self._number, kind, who, reason, [key])
        return asked

    def tell(self, asked: Asked, until: float) -> Order:
        """The agent is told, and is to obey by ``until``."""
        asked.until = until
        return Order(asked.number, asked.kind, asked.who, asked.reason)

    def crowded(self, kind: OrderKind) -> bool:
        """Whether the agent has enough orders of this kind before it."""
        return sum(asked.kind == kind and asked.told for asked in self._asked.values()) >= MOST_ORDERS

    def untold(self, kind: OrderKind) -> Asked | None:
        """The order of this kind that waits for another to end."""
        return next((one for one in self._asked.values() if one.kind == kind and not one.told), None)

    def obeyed(self, number: int) -> Asked | None:
        """Strike an order; None if it is not known."""
        return self._asked.pop(number, None)

    def overdue(self, now: float) -> bool:
        """Whether the agent has not obeyed one in time."""
        return any(asked.until < now for asked in self._asked.values())

    def stop(self) -> Asked | None:
        """A stop that is open."""
        return next((asked for asked in self._asked.values() if asked.kind == "stop"), None)

    def take_keys(self) -> list[object]:
        """Strike all orders: everybody who waits for one."""
        keys = [key for asked in self._asked.values() for key in asked.keys]
        self._asked.clear()
        return keys
