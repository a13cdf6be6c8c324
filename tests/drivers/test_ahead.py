# SPDX-License-Identifier: Apache-2.0
"""Queries that are asked ahead in one message, or one by one where that fails; each reply serves once."""

import pytest

from heraldlink_drivers._ahead import MOST_REFUSALS, ReadAhead, joined, parted
from heraldlink_drivers.errors import DriverError


class Asked:
    """An instrument that notes its messages; ``takes``: whether it takes several queries in one."""

    def __init__(self, takes: bool = True) -> None:
        self.takes, self.messages = takes, list[tuple[str, ...]]()
        self.ahead = ReadAhead(self.together)

    def together(self, queries):
        self.messages.append(tuple(queries))
        if not self.takes:
            raise DriverError("laser: 1 replies to 2 queries")
        return [query.lower() for query in queries]

    def ask(self, query: str) -> str:
        known = self.ahead.take(query)
        if known is None:
            self.messages.append((query,))
        return query.lower() if known is None else known

    def look(self, *queries: str) -> list[str]:
        with self.ahead.stretch("settings"):
            return [self.ask(query) for query in queries]


def test_what_was_asked_once_one_by_one_is_asked_in_one_message():
    device = Asked()
    assert device.look("A?", "B?") == device.look("A?", "B?") == ["a?", "b?"]
    assert device.messages == [("A?",), ("B?",), ("A?", "B?")]


def test_a_reply_is_good_for_one_question_and_not_outside():
    device = Asked()
    device.look("A?", "B?")
    assert device.look("A?", "A?") == ["a?", "a?"]
    assert device.ask("B?") == "b?"
    assert device.messages[2:] == [("A?", "B?"), ("A?",), ("B?",)]


def test_an_instrument_that_does_not_take_several_is_asked_one_by_one():
    device = Asked(takes=False)
    for _ in range(MOST_REFUSALS + 3):
        assert device.look("A?", "B?") == ["a?", "b?"]
    assert device.messages.count(("A?", "B?")) == MOST_REFUSALS
    assert device.messages[-2:] == [("A?",), ("B?",)]


def test_joined_replies_are_counted():
    assert joined(["A?", ":B?;:C?", "*IDN?"]) == ":A?;:B?;:C?;*IDN?"
    assert parted("laser", ["A?", "B?;C?"], "1; 2;3") == ["1", "2;3"]
    with pytest.raises(DriverError, match="laser: 1 replies to 2 queries"):
        parted("laser", ["A?", "B?"], "1")
