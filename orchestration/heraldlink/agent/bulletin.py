# SPDX-License-Identifier: Apache-2.0
"""What a node has told of itself: counts by topic and the present state. Pure; time is passed in."""

from heraldlink.messages.event import BEAT, TOPICS, Event, Facts, Snapshot
from heraldlink.messages.header import VERSION


class Bulletin:
    """Makes events, and keeps what a snapshot needs."""

    def __init__(self, node: str, boot: int) -> None:
        self._node, self._boot = node, boot
        self._seqs: dict[str, int] = dict.fromkeys(TOPICS, 0)
        self._state: dict[str, Facts] = {}

    def event(self, topic: str, facts: Facts, utc_ns: int) -> Event:
        """The next event of a topic."""
        self._seqs[topic] += 1
        return Event(VERSION, self._node, self._boot, topic, self._seqs[topic], utc_ns, facts)

    def change(self, name: str, facts: Facts | None) -> bool:
        """Set a part of the present state (None: it is over); whether that is news."""
        if self._state.get(name) == facts:
            return False
        if facts is None:
            del self._state[name]
        else:
            self._state[name] = facts
        return True

    def known(self, name: str) -> Facts | None:
        """A part of the present state."""
        return self._state.get(name)

    def beat(self, utc_ns: int) -> Event:
        """All counts."""
        counts: Facts = {topic: seq for topic, seq in self._seqs.items()}
        return Event(VERSION, self._node, self._boot, BEAT, 0, utc_ns, counts)

    def snapshot(self, utc_ns: int) -> Snapshot:
        """The present state."""
        return Snapshot(self._node, self._boot, utc_ns, dict(self._seqs), dict(self._state))
