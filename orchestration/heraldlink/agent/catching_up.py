# SPDX-License-Identifier: Apache-2.0
"""How decisions of the midpoint reach an end node that missed them: it asks until its journal has them all.

The midpoint's journal is the authority on every pair. An end asks after its start, after a request that
failed, and while it knows of heralds without a decision; asking again is harmless.
"""

import logging
from collections.abc import Callable

import msgspec

from heraldlink.agent.archive import Archive, facts_of, fresh
from heraldlink.agent.outbox import Outbox
from heraldlink.journal import Entry
from heraldlink.link.facts import PAIR
from heraldlink.messages.header import Body
from heraldlink.messages.link import CatchUp, History

AGAIN_S = 2.0
ROUND_S = 1800.0
"""How often an end tells the midpoint how far its decisions are complete, though it lacks nothing."""
MOST_FACTS = 200
MOST_NUMBERS = 1 << 48
"""No midpoint ever hands out so many: 10,000 heralds a second for 900 years."""
LOG = logging.getLogger("heraldlink.journal")
Post = Callable[[str, Body], None]


class Asker:
    """An end node's side."""

    def __init__(self, midpoint: str, archive: Archive, outbox: Outbox, post: Post) -> None:
        self._midpoint, self._archive, self._outbox, self._post = midpoint, archive, outbox, post
        self._learned = self._asked = -1
        self._next = 0.0
        self._next_round: float | None = None

    @property
    def settled(self) -> int:
        """The midpoint has told the decisions on all heralds up to this one."""
        return self._archive.complete

    def tick(self, now: float, *, there: bool, busy: bool) -> None:
        """Ask, if something is missing and no request is under way, and in any case now and then."""
        missing = self._learned < self._archive.troubles or self._archive.undecided
        if self._next_round is None:
            self._next_round = now + ROUND_S
        if there and ((missing and not busy and now >= self._next) or now >= self._next_round):
            self._next, self._next_round = now + AGAIN_S, now + ROUND_S
            self._ask()

    def take(self, source: str, body: Body) -> bool:
        """Take a History of the midpoint; whether the message was one."""
        if not isinstance(body, History):
            return False
        if source == self._midpoint and body.after == self._archive.complete:
            self._learn(body)
        return True

    def _ask(self) -> None:
        archive = self._archive
        self._asked = archive.troubles
        wanted = tuple(sorted(archive.undecided))[:MOST_FACTS]
        question = CatchUp(archive.complete, wanted, archive.last_mhp, archive.last_sequence)
        self._post(self._midpoint, question)

    def _learn(self, body: History) -> None:
        try:
            facts = facts_of(body.pairs)
        except msgspec.MsgspecError as error:
            LOG.warning("a history of %s cannot be read: %s", self._midpoint, error)
            return
        by_number = {fact.decision.mhp_seq: fact for fact in facts}
        told = [Entry(PAIR, fact) for fact in by_number.values()]
        new = fresh(self._archive, self._outbox.coming(PAIR), told)
        if new:
            LOG.warning("%d decisions of %s had not arrived here and were fetched", len(new), self._midpoint)
            self._outbox.append(*new)
        self._outbox.then(lambda: self._archive.skip_to(body.last, body.undecided))
        if body.more:
            self._outbox.then(self._ask)
        else:
            self._learned = self._asked


class Teller:
    """The midpoint's side. ``raise_numbers`` keeps it from using again what an end node has seen."""

    def __init__(
        self, ends: tuple[str, str], archive: Archive, post: Post, raise_numbers: Callable[[int, int], None]
    ) -> None:
        self._ends, self._archive, self._post, self._raise = ends, archive, post, raise_numbers
        self._complete = dict.fromkeys(ends, 0)

    @property
    def settled(self) -> int:
        """Both ends have the decisions on all heralds up to this one."""
        return min(self._complete.values())

    def tick(self, now: float, *, there: bool, busy: bool) -> None:
        """The midpoint only answers."""

    def take(self, source: str, body: Body) -> bool:
        """Answer a CatchUp; whether the message was one."""
        if not isinstance(body, CatchUp):
            return False
        if source not in self._ends:
            return True
        archive = self._archive
        self._note(source, body)
        if body.last > archive.last_mhp or body.sequence > archive.last_sequence:
            self._warn(source, body)
            if max(body.last, body.sequence) < MOST_NUMBERS:
                self._raise(body.last, body.sequence)
        facts, last, more = archive.decisions(body.after, body.wanted[:MOST_FACTS], MOST_FACTS)
        undecided = tuple(number for number in sorted(archive.undecided) if number <= last)
        self._post(source, History(body.after, last, more, tuple(facts), undecided[-MOST_FACTS:]))
        return True

    def _note(self, source: str, body: CatchUp) -> None:
        first, self._complete[source] = self._complete[source] == 0, body.after
        if body.after < self._archive.settled_before and first:
            LOG.error(
                "node %s lacks decisions on heralds from %d on, and those up to %d lie in this node's "
                "archives: stop %s, then heraldlink journal reconcile --write",
                source,
                body.after + 1,
                self._archive.settled_before,
                source,
            )

    def _warn(self, source: str, body: CatchUp) -> None:
        archive = self._archive
        LOG.error(
            "node %s holds herald %d and pair %d, beyond %d and %d here: this journal has lost its end, or "
            "that node has another's. Compare them: heraldlink journal reconcile",
            source,
            body.last,
            body.sequence,
            archive.last_mhp,
            archive.last_sequence,
        )
