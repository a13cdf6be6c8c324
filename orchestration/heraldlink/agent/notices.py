# SPDX-License-Identifier: Apache-2.0
"""What happens at a node, to those who listen, to the log and to the counters."""

import logging
import time
from typing import Protocol

from heraldlink.agent.bulletin import Bulletin
from heraldlink.agent.event_port import EventPort
from heraldlink.messages.command import Created, Err, Finished, Held, HeraldedPair, NodeStatus, Ok, Progress
from heraldlink.messages.event import FAULT, LEASE, PAIR, REQUEST, SLOT, STATE, Event, Facts, Snapshot
from heraldlink.messages.header import Body
from heraldlink.messages.lease import LeaseStatus
from heraldlink.traces import Spans, exported

BEAT_S = 1.0
LEVELS = {FAULT: logging.ERROR, STATE: logging.INFO, LEASE: logging.INFO, REQUEST: logging.INFO}
"""Of the log's lines; other topics are DEBUG."""

log = logging.getLogger("heraldlink.node")


class Counter(Protocol):
    """Counts events, such as `heraldlink.agent.metrics.Metrics`."""

    def count(self, event: Event) -> None:
        """One more event."""
        ...

    def measure(self) -> None:
        """A second has passed: read what is not counted by events."""
        ...


class Notices:
    """Tells what happens once it is on disk; nothing here waits, and nothing can fail the node."""

    def __init__(self, node: str, boot: int) -> None:
        self._node = node
        self._bulletin = Bulletin(node, boot)
        self._port: EventPort | None = None
        self._counter: Counter | None = None
        self._spans = Spans(node) if exported() else None
        self._next_beat_s = 0.0
        self._open: dict[tuple[str, int], Facts] = {}

    def attach(self, port: EventPort | None = None, counter: Counter | None = None) -> None:
        """Take an event channel, or counters."""
        self._port, self._counter = port or self._port, counter or self._counter

    def told(self, client: str, create_id: int, body: Body, trace: str = "") -> None:
        """What the client of a request was told; ``trace`` came with the request."""
        if self._spans:
            self._spans.told(client, create_id, body, trace)
        key = client, create_id
        match body:
            case Created():
                self._open[key] = {"request": body.request, "client": client, "create_id": create_id}
                self._request(key, "created")
            case Ok(pair=pair) | Held(pair=pair):
                self._tell(PAIR, self._request_of(key) | facts_of(pair))
            case Progress():
                counts: Facts = {
                    "slot": body.slot, "basis": str(body.basis), "estimate": body.estimate,
                    "attempts": body.counts.attempts, "heralds": body.counts.heralds,
                    "delivered": body.delivered, "withheld": body.withheld, "expired": body.expired,
                }  # fmt: skip
                self._tell(SLOT, self._request_of(key) | counts)
            case Finished():
                self._open.setdefault(key, {"client": client, "create_id": create_id})
                self._open[key] |= {"device": body.device, "culprit": body.node, "reason": body.reason}
                self._request(key, body.state)
            case Err():
                self._open.setdefault(key, {"client": client, "create_id": create_id})
                self._open[key] |= {"code": body.code, "reason": body.reason}
                self._request(key, "REFUSED")
            case _:
                pass

    def _state(self, status: NodeStatus) -> None:
        """The node's state, told when it changes."""
        facts: Facts = {"state": status.state, "prepared": status.prepared}
        facts |= {f"hears {node}": heard for node, heard in status.present.items()}
        if self._bulletin.change(STATE, facts):
            self._tell(STATE, facts)

    def _lease(self, status: LeaseStatus) -> None:
        """The node's lease, told when its owner changes."""
        facts: Facts = {"epoch": status.epoch, "held": status.held, "holder": status.holder}
        facts |= {"note": status.note, "taken_over_by": status.taken_over_by}
        if self._bulletin.change(LEASE, facts):
            self._tell(LEASE, facts)

    def broken(self, device: str, reason: str) -> None:
        """The worker or an instrument failed."""
        self._tell(FAULT, {"device": device, "reason": reason})

    def tick(self, now: float, status: NodeStatus, lease: LeaseStatus) -> None:
        """Time has passed: tell what is new, and all counts now and then."""
        self._state(status)
        self._lease(lease)
        if now >= self._next_beat_s:
            self._next_beat_s = now + BEAT_S
            if self._port:
                self._port.publish(self._bulletin.beat(time.time_ns()))
            if self._counter:
                self._counter.measure()

    def snapshot(self) -> Snapshot:
        """The present state."""
        return self._bulletin.snapshot(time.time_ns())

    def _request_of(self, key: tuple[str, int]) -> Facts:
        return {"request": self._open.get(key, {}).get("request", 0)}

    def _request(self, key: tuple[str, int], state: str) -> None:
        facts = self._open[key] | {"state": state}
        name = f"{REQUEST}/{key[0]}/{key[1]}"
        if state == "created":
            self._bulletin.change(name, facts)
        else:
            del self._open[key]
            if self._bulletin.known(name):
                self._bulletin.change(name, None)
        self._tell(REQUEST, facts)

    def _tell(self, topic: str, facts: Facts) -> None:
        event = self._bulletin.event(topic, facts, time.time_ns())
        if self._port:
            self._port.publish(event)
        if self._counter:
            self._counter.count(event)
        log.log(LEVELS.get(topic, logging.DEBUG), "%s", topic, extra={"facts": facts, "node": self._node})


def facts_of(pair: HeraldedPair) -> Facts:
    """A herald, for listeners."""
    return {
        "status": pair.status,
        "sequence_number": pair.sequence_number,
        "mhp_seq": pair.mhp_seq,
        "slot": pair.slot,
        "attempt": pair.attempt,
        "bell_state": pair.bell_state,
        "basis": pair.basis,
        "goodness": pair.goodness,
        "goodness_sigma": pair.goodness_sigma,
        "reason": pair.reason,
        "origin": pair.origin,
    }
