# SPDX-License-Identifier: Apache-2.0
"""Permits: what has to be so at an instrument, read again and again, for a node to prepare and to play.

A reading that fails or is too old grants nothing. Without a permit nothing new is taken and no slot is armed:
the node is SUSPENDED. It goes on by itself if the permit is back within `HOLD_S`; else what runs has FAILED,
naming the permit and its instrument, and the node is brought to its safe state.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Protocol

import msgspec

from heraldlink.agent.desk import Desk
from heraldlink.agent.states import State
from heraldlink.agent.warden import Warden
from heraldlink.config.permits import PermitConfig
from heraldlink.link.events import Call
from heraldlink.messages.header import Body, Message
from heraldlink.messages.values import Deviation
from heraldlink.messages.worker import (
    ArmSlot,
    Fault,
    PlaySlot,
    ReadOne,
    SlotCollected,
    SlotPlayed,
    Unload,
    Value,
)

Scalar = bool | int | float | str
HOLD_S = 4.0
"""For a permit to come back; the midpoint voids a slot of which an end is not heard for 6 s."""
READINGS = 3.0
"""Readings of a permit within its ``max_age_s``."""


@dataclass(frozen=True, slots=True)
class Missing:
    """Why a permit is not granted."""

    device: str
    reason: str


class Permit:
    """One condition and what was read of it last. Pure: ``now`` is any monotonic clock, seconds."""

    def __init__(self, node: str, name: str, declared: PermitConfig) -> None:
        self.declared = declared
        self._title = f"permit {name} of node {node}"
        self._read: tuple[Scalar, float] | None = None
        self._good_since = -inf
        self._trouble = ""

    def take(self, value: Scalar, now: float) -> None:
        """It was read."""
        if not self.declared.grants(value) or (self._read and now - self._read[1] > self.declared.max_age_s):
            self._good_since = inf
        if self.declared.grants(value) and self._good_since == inf:
            self._good_since = now
        self._read, self._trouble = (value, now), ""

    def fail(self, reason: str) -> None:
        """It could not be read."""
        self._trouble = reason

    def missing(self, now: float) -> Missing | None:
        """Why it is not granted; None if it is."""
        if why := self._why(now):
            return Missing(self.declared.instrument, f"{self._title} is missing: {why}")
        return None

    def _why(self, now: float) -> str:
        declared, trouble = self.declared, f" ({self._trouble})" if self._trouble else ""
        if self._read is None:
            return f"{declared.place} was never read{trouble}"
        value, read_s = self._read
        if now - read_s > declared.max_age_s:
            return (
                f"{declared.place} was read {now - read_s:.1f} s ago, max_age_s is"
                f" {declared.max_age_s:g}{trouble}"
            )
        if not declared.grants(value):
            return f"{declared.place} is {value}, not {declared.wanted}"
        if now - self._good_since < declared.settle_s:
            return f"{declared.place} is {value} again, but not yet for {declared.settle_s:g} s"
        return ""


class Governed(Protocol):
    """The node, as far as permits govern it."""

    name: str
    warden: Warden

    @property
    def desk(self) -> Desk:
        """The desk in front of the worker."""
        ...

    @property
    def busy(self) -> bool:
        """Whether a request is under way."""
        ...

    def perform(self, action: Call) -> None:
        """Do what was held back."""
        ...

    def broken(self, device: str, reason: str) -> None:
        """What is under way cannot go on."""
        ...


class Permits:
    """All permits of a node: read, judged, and carried out."""

    def __init__(self, node: Governed, declared: Mapping[str, PermitConfig]) -> None:
        self._node = node
        self._permits = {name: Permit(node.name, name, one) for name, one in declared.items()}
        self._next: dict[str, float] = dict.fromkeys(declared, 0.0)
        self._lost_s: float | None = None
        self._held: list[Call] = []
        self.missing: Missing | None = None
        self._judge(0.0)

    def tick(self, now: float) -> None:
        """Ask for readings that are due, and act on a permit that was lost or has come back."""
        for name, permit in self._permits.items():
            if now >= self._next[name]:
                self._ask(name, permit, now)
        self._judge(now)
        if self.missing is None:
            self._lost_s = None
            if self._node.warden.state is State.SUSPENDED:
                self._resume()
            return
        self._lost_s = now if self._lost_s is None else self._lost_s
        self._node.warden.go("permit_lost", self.missing.reason)
        if now - self._lost_s > HOLD_S and self._node.warden.state is State.SUSPENDED:
            self._held.clear()
            self._node.broken(self.missing.device, self.missing.reason)

    def keeps(self, call: Call) -> bool:
        """Hold a call back that would arm or play a slot without a permit; whether it is held.

        The end of a request ends what was held for it.
        """
        if isinstance(call.body, Unload):
            self._held.clear()
        held = self.missing is not None and isinstance(call.body, ArmSlot | PlaySlot)
        if held:
            self._held.append(call)
        return held

    def flagged(self, body: Body) -> Body:
        """A slot's evidence, with the permit that is missing: nothing in it is believed."""
        if self.missing is None or not isinstance(body, SlotPlayed | SlotCollected):
            return body
        found = Deviation(self._node.name, self.missing.device, self.missing.reason)
        return msgspec.structs.replace(body, deviations=(*body.deviations, found))

    def _judge(self, now: float) -> None:
        reasons = (permit.missing(now) for permit in self._permits.values())
        self.missing = next((one for one in reasons if one), None)

    def _resume(self) -> None:
        self._node.warden.go("permit_back", "every permit is granted again")
        if self._node.busy:
            self._node.warden.go("loading", "the request goes on")
        held, self._held = self._held, []
        for call in held:
            self._node.perform(call)

    def _ask(self, name: str, permit: Permit, now: float) -> None:
        """One reading at a time; ``max_age_s`` counts from when it was asked for."""

        def done(message: Message) -> None:
            self._next[name] = now + permit.declared.max_age_s / READINGS
            match message.body:
                case Value() as found:
                    permit.take(found.value, now)
                case Fault() as fault:
                    permit.fail(fault.reason)
                    if fault.process_lost:
                        self._node.broken(fault.device, fault.reason)
                case _:
                    pass

        self._next[name] = inf
        declared = permit.declared
        if not self._node.desk.ask_aside(ReadOne(declared.instrument, declared.parameter), done, now):
            self._next[name] = now + declared.max_age_s / READINGS
