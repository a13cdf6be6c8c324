# SPDX-License-Identifier: Apache-2.0
"""The link state machine of either kind of node, as the agent drives it."""

from typing import Literal, Protocol

from msgspec.structs import replace

from heraldlink.config import EndNodeConfig, MidpointConfig
from heraldlink.link import end, midpoint
from heraldlink.link.end_state import EndState
from heraldlink.link.events import Actions, Event
from heraldlink.link.midpoint_state import MidpointState
from heraldlink.link.schedulers import Scheduler


class Machine(Protocol):
    """A state and its step function."""

    @property
    def role(self) -> Literal["end", "midpoint"]:
        """What kind of node this is."""
        ...

    @property
    def others(self) -> tuple[str, ...]:
        """The nodes it needs."""
        ...

    def step(self, event: Event, now: float) -> Actions:
        """Feed one event, get what is to be done."""
        ...

    @property
    def prepared(self) -> bool:
        """Whether the operating point was applied."""
        ...

    @property
    def busy(self) -> bool:
        """Whether a request is under way."""
        ...


class EndMachine:
    """An end node's."""

    role: Literal["end", "midpoint"] = "end"

    def __init__(self, config: EndNodeConfig, boot: int) -> None:
        first, second = config.ends
        peer = second if config.node == first else first
        self.others = (config.midpoint.node, peer)
        self._state = EndState(
            node=config.node,
            peer=peer,
            midpoint=config.midpoint.node,
            ends=config.ends,
            boot=boot,
            tick_rate_Hz=config.sequence.tick_rate_Hz,
            purposes=frozenset(config.purposes),
            scheduler=Scheduler(config.scheduler.kind, config.scheduler.weights),
        )

    def step(self, event: Event, now: float) -> Actions:
        """Feed one event."""
        self._state, actions = end.step(self._state, event, now)
        return actions

    @property
    def prepared(self) -> bool:
        """Whether the operating point was applied."""
        return self._state.prepared

    @property
    def busy(self) -> bool:
        """Whether a request is in line, asked or active."""
        return bool(self._state.active or self._state.asking or self._state.queue)


class MidpointMachine:
    """The midpoint's; its counters go on where the journal ends, once it was told (Recovered)."""

    role: Literal["end", "midpoint"] = "midpoint"

    def __init__(self, config: MidpointConfig) -> None:
        self.others = config.ends
        self._state = MidpointState(config.node, config.ends)

    def raise_numbers(self, mhp_seq: int, sequence: int) -> None:
        """Never use these or lower numbers again: an end node has seen them."""
        state = self._state
        self._state = replace(
            state,
            next_mhp_seq=max(state.next_mhp_seq, mhp_seq + 1),
            next_sequence=max(state.next_sequence, sequence + 1),
        )

    def step(self, event: Event, now: float) -> Actions:
        """Feed one event."""
        self._state, actions = midpoint.step(self._state, event, now)
        return actions

    @property
    def prepared(self) -> bool:
        """Whether the operating point was applied."""
        return self._state.prepared

    @property
    def busy(self) -> bool:
        """Whether a request is active."""
        return self._state.active is not None
