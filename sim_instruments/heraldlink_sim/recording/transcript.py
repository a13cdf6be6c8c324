# SPDX-License-Identifier: Apache-2.0
"""A transcript: what clients asked of one instrument and what it answered, as text.

::

    heraldlink transcript 1
    name: hub_tc
    model: ID Quantique ID900
    recorded: 2026-11-21T11:42:00+00:00
    service: - zmq
    service: .datalink datalink
    ---
    +0.00 - > *IDN?
    +0.00 - < IDQ,ID900,SIM-hub_tc,2.4.0
    +0.25 .datalink > list

Each line below ``---`` has the time since the line before (s, to 10 ms, so that two recordings of a session
can be compared line by line), the service (``-`` is the instrument's main address), the direction (``>`` to
the instrument, ``<`` from it) and the message (see :mod:`heraldlink_sim.recording.text`). Blocks of data are
in the folder beside it, ``FILE.blocks``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast

from heraldlink_sim.errors import TranscriptError
from heraldlink_sim.recording.text import Blocks, read, without_blocks

TITLE = "heraldlink transcript 1"
MAIN = "-"
_PATIENCE_s = 0.1
_BROADCASTS_LATE = 4
"""Requests that may have been sent before the effect of a command is told."""
_STRING = re.compile(rb"\"[^\"]*\"|'[^']*'")
Direction = Literal[">", "<"]


@dataclass(frozen=True, slots=True)
class Service:
    """One address of an instrument: protocol, and what its raw sockets send behind an answer."""

    protocol: str
    terminator: bytes = b"\n"


@dataclass(frozen=True, slots=True)
class Entry:
    """One message. ``after_s``: since the entry before."""

    after_s: float
    service: str
    direction: Direction
    message: bytes
    line: int = 0


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request, what was answered (several messages in some protocols, or none), and after how long."""

    service: str
    request: bytes
    answers: tuple[bytes, ...]
    after_s: float
    line: int


@dataclass(frozen=True, slots=True)
class Transcript:
    """A transcript that was read. ``services``: by suffix, the main one is ``-``."""

    path: Path
    name: str
    model: str
    services: Mapping[str, Service]
    entries: tuple[Entry, ...]

    def below(self, suffix: str) -> dict[str, list[Entry]]:
        """Messages of what was opened below a service: streams and WebSockets, by their name (``/...``)."""
        found: dict[str, list[Entry]] = {}
        for entry in self.entries:
            if entry.service.startswith(f"{suffix}/"):
                found.setdefault(entry.service.removeprefix(suffix), []).append(entry)
        return found

    def exchanges(self) -> list[Exchange]:
        """Requests with their answers, in the order of the requests."""
        return list(_paired(self.entries, self.services))


def blocks_of(path: Path) -> Blocks:
    """The folder beside a transcript."""
    return Blocks(path.with_name(path.name + ".blocks"))


def load_transcript(path: Path) -> Transcript:
    """Read a transcript. Raises TranscriptError naming file and line."""
    try:
        lines = path.read_text(encoding="ascii").split("\n")
    except OSError as error:
        raise TranscriptError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError:
        raise TranscriptError(f"{path}: is no transcript") from None
    if lines[0] != TITLE or "---" not in lines:
        raise TranscriptError(f"{path}: is no transcript (its first line must be {TITLE!r})")
    border = lines.index("---")
    about = _About()
    for number, line in enumerate(lines[1:border], 2):
        _take(about, line, f"{path}:{number}")
    body = enumerate(lines[border + 1 :], border + 2)
    entries = tuple(_entry(path, number, line) for number, line in body if line)
    return Transcript(path, about.name, about.model, about.services, entries)


@dataclass(slots=True)
class _About:
    name: str = ""
    model: str = ""
    services: dict[str, Service] = field(default_factory=dict[str, Service])


def _take(about: _About, line: str, where: str) -> None:
    key, _, value = line.partition(":")
    words = value.split()
    try:
        if key == "service":
            about.services[words[0]] = Service(words[1], *map(bytes.fromhex, words[2:3]))
        elif key in ("name", "model"):
            setattr(about, key, value.strip())
    except (IndexError, ValueError):
        raise TranscriptError(f"{where}: cannot be read: {line!r}") from None


def _entry(path: Path, number: int, line: str) -> Entry:
    head = line.split(" ", 3)
    try:
        after, service, direction, text = head
        if direction not in (">", "<"):
            raise ValueError(direction)
        way: Direction = ">" if direction == ">" else "<"
        return Entry(float(after), service, way, read(text, blocks_of(path)), number)
    except TranscriptError:
        raise  # a block that is missing, by its name
    except ValueError:
        raise TranscriptError(f"{path}:{number}: is no message: {line[:60]!r}") from None


def json_object(message: bytes) -> dict[str, object]:
    """The JSON object that a message is; empty if it is none."""
    try:
        found: object = json.loads(message)
    except ValueError:
        return {}
    return cast("dict[str, object]", found) if isinstance(found, dict) else {}


def asks(message: bytes) -> bool:
    """Whether a SCPI-like message has a query in it: a question mark outside strings and blocks."""
    return b"?" in _STRING.sub(b"", without_blocks(message)[0])


class _Open:
    """A request whose answers are still being collected."""

    def __init__(self, entry: Entry) -> None:
        self.entry, self.answers, self.after_s = entry, list[bytes](), 0.0
        self.given_up = False
        self._query = asks(entry.message)

    @property
    def waits(self) -> bool:
        return self._query and not self.answers and not self.given_up

    def told_by(self, message: bytes) -> bool:
        """Whether this is a WebSQ command whose effect is told to all clients by the message."""
        asked, told = json_object(self.entry.message), json_object(message)
        broadcast = "command" in asked and not isinstance(told.get("value"), dict)
        return broadcast and asked.get("label") == told.get("label") and not self.answers

    def closed(self) -> Exchange:
        entry = self.entry
        return Exchange(entry.service, entry.message, tuple(self.answers), self.after_s, entry.line)


def _paired(entries: Iterable[Entry], services: Mapping[str, Service]) -> list[Exchange]:
    """Give each answer to the oldest query without one, else to the latest request of its service.

    A query that was followed by another request after 0.1 s and more had been given up. Some protocols answer
    with several messages; there an answer belongs to the latest request.
    """
    found: list[_Open] = []
    greetings: set[tuple[str, bytes]] = set()
    for entry in entries:
        for waiting in found[-8:]:
            waiting.after_s += 0.0 if waiting.answers else entry.after_s
        if entry.direction == ">":
            for waiting in found[-8:]:
                waiting.given_up |= waiting.after_s >= _PATIENCE_s
            found.append(_Open(entry))
            continue
        own = [item for item in found[-64:] if item.entry.service == entry.service]
        if not own:
            greetings.add((entry.service, entry.message))  # sent unasked, before the first request
            continue
        if (entry.service, entry.message) in greetings and own[-1].answers:
            continue  # to another client that connected
        protocol = services.get(entry.service, Service("raw")).protocol
        _receiver(own, protocol, entry.message).answers.append(entry.message)
    return [item.closed() for item in found]


def _receiver(own: list[_Open], protocol: str, answer: bytes) -> _Open:
    """The request that an answer belongs to."""
    if protocol == "websq":
        candidates = [item for item in own[-_BROADCASTS_LATE:] if item.told_by(answer)]
    elif protocol in ("decop", "stream", "lines"):
        candidates = []
    else:
        candidates = [item for item in own if item.waits]
    return candidates[0] if candidates else own[-1]
