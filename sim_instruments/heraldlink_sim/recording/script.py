# SPDX-License-Identifier: Apache-2.0
"""Which recorded answer a request gets.

``strict``: requests must come as they were recorded. ``any``: the answers of one request follow each other
as recorded, the last one for ever; other requests do not matter. ``state`` (the default): the same, but a
query is answered as it was after the same last setting of its own node (``POW?`` after ``POW 3``), so that a
replay survives another order. What was never recorded has no answer in any of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Hashable, Iterable, Sequence
from difflib import get_close_matches
from typing import Literal, cast

from heraldlink_sim.errors import SimulationError
from heraldlink_sim.recording.text import without_blocks
from heraldlink_sim.recording.transcript import Exchange

Order = Literal["state", "any", "strict"]
Touched = tuple[list[tuple[str, str]], list[str]]
"""Settings of a request (node, text), and the nodes that its queries read; a node ``*`` is all of them."""

_UNIT = re.compile(r""";(?=(?:[^"']|"[^"]*"|'[^']*')*$)""")
_LIMITS = ("MIN", "MAX", "DEF")
_PARAMETER = re.compile(r"param-(set!|ref|disp)\s+'?([^\s()']+)(.*)", re.IGNORECASE | re.DOTALL)
_RPC = b'"jsonrpc"'
_CALL = re.compile(rb'("id"\s*:\s*)\d+')
_NEAREST = 3
_SHOWN = 80


class NeverRecorded(SimulationError):
    """A request that has no recorded answer; the text names the nearest ones that have."""


class Script:
    """The exchanges of one service, as they are played back."""

    def __init__(self, exchanges: Sequence[Exchange], order: Order, protocol: str) -> None:
        self._exchanges, self._order = exchanges, order
        self._touched = _NODES.get(protocol, scpi_nodes)
        self._next = 0
        self._places: dict[Hashable, int] = {}
        self._state: dict[str, str] = {}
        self._index: dict[Hashable, list[Exchange]] = {}
        for exchange in exchanges:
            self._index.setdefault(self._key(exchange.request), []).append(exchange)
        self._state = {}

    def answer(self, request: bytes) -> Exchange:
        """The recorded exchange for a request. Raises NeverRecorded."""
        if self._order == "strict":
            return self._in_turn(request)
        key = self._key(request)
        if (found := self._index.get(key)) is None:
            raise NeverRecorded(self._sentence(request))
        place = self._places.get(key, 0)
        self._places[key] = place + 1
        return found[min(place, len(found) - 1)]

    def _in_turn(self, request: bytes) -> Exchange:
        if self._next >= len(self._exchanges):
            raise NeverRecorded(f"the transcript ended before {shown(request)!r}")
        expected = self._exchanges[self._next]
        if normal(expected.request) != normal(request):
            told = f"line {expected.line} expects {shown(expected.request)!r}"
            raise NeverRecorded(f"{shown(request)!r} is not what comes next: {told}")
        self._next += 1
        return expected

    def _key(self, request: bytes) -> Hashable:
        """What an answer depends on; settings of the request are remembered."""
        if self._order != "state":
            return normal(request)
        settings, asked = self._touched(request)
        for node, text in settings:
            if node == "*":
                self._state.clear()
            else:
                self._state[node] = text
        if "*" in asked:
            return normal(request), tuple(sorted(self._state.items()))
        return normal(request), tuple(self._state.get(node, "") for node in asked)

    def _sentence(self, request: bytes) -> str:
        known = {shown(item.request): normal(item.request) for item in self._exchanges}
        if normal(request) in known.values():
            return f"{shown(request)!r} was recorded, but never after the last setting of its node"
        near = get_close_matches(shown(request), list(known), _NEAREST, 0.0)
        return f"never recorded: {shown(request)!r}; nearest: {', '.join(map(repr, near)) or 'nothing'}"


def normal(request: bytes) -> str:
    """A request as it is compared: without blanks around it and a leading colon; blocks by their content."""
    text, blocks = without_blocks(
        _CALL.sub(rb"\g<1>0", request.strip()) if _RPC in request else request.strip()
    )
    told = text.decode("latin-1").removeprefix(":")
    return told if not blocks else f"{told} {[hash(block) for block in blocks]}"


def renumbered(request: bytes, answer: bytes) -> bytes:
    """An answer to a JSON-RPC call with the number of this call; any other as it is."""
    number = _CALL.search(request) if _RPC in request else None
    if number is None:
        return answer
    own = number[0].removeprefix(number[1])
    return _CALL.sub(lambda found: found[1] + own, answer)


def shown(request: bytes) -> str:
    """A request for sentences."""
    text = request[:_SHOWN].decode("latin-1").strip()
    return "".join(letter if letter.isprintable() else "." for letter in text)


def scpi_nodes(request: bytes) -> Touched:
    """Nodes of SCPI-like text: what stands before the blank, without colon and question mark."""
    settings: list[tuple[str, str]] = []
    asked: list[str] = []
    text = without_blocks(request)[0].decode("latin-1")
    for unit in _UNIT.split(text) if text.count(";") else [text]:
        header, _, argument = unit.strip().partition(" ")
        node = header.removeprefix(":").upper()
        if "?" in node:  # with a parameter right behind it, as in DLAY?2, it is a node of its own
            limit = argument.strip().upper()[:3] in _LIMITS  # no setting of the node changes those
            asked.append(node if limit else node.removesuffix("?"))
        elif node == "*RST":
            settings.append(("*", ""))
        elif node:
            settings.append((node, argument.strip()))
    return settings, asked


def _json_nodes(request: bytes) -> Touched:
    """Nodes of WebSQ messages: each command is one; every request reads all of them."""
    try:
        found: object = json.loads(request)
    except ValueError:
        return [], []
    if not isinstance(found, dict):
        return [], []
    message = cast("dict[str, object]", found)
    if "command" in message:
        return [(str(message["command"]), json.dumps(message.get("value")))], []
    return [], ["*"]


def _decop_nodes(request: bytes) -> Touched:
    """Nodes of DeCoP expressions: the parameter that is set or read."""
    found = _PARAMETER.search(request.decode("latin-1"))
    if found is None:
        return [], []
    if found[1].lower() == "set!":
        return [(found[2].lower(), found[3].strip(" )"))], []
    return [], [found[2].lower()]


_NODES: dict[str, Callable[[bytes], Touched]] = {"websq": _json_nodes, "decop": _decop_nodes}


def each_service(
    exchanges: Iterable[Exchange], script: Callable[[str, list[Exchange]], Script]
) -> dict[str, Script]:
    """One script for each service."""
    by_service: dict[str, list[Exchange]] = {}
    for exchange in exchanges:
        by_service.setdefault(exchange.service, []).append(exchange)
    return {service: script(service, items) for service, items in by_service.items()}
